//! The mocks' clock: read, held, set and moved.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::problem::Problem;
use super::words::{Nothing, moment, within};
use crate::http::stamp::wall_now;
use crate::time::{Span, Timestamp};

/// What the clock shows.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Shown {
    /// The time, RFC 3339.
    now: String,
    /// The time, in seconds since 1970.
    now_s: i64,
    /// Whether it is held.
    held: bool,
}

/// What to do with the clock, in this order: set, advance, hold or release.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Turn {
    /// Sets it to this moment, in seconds since 1970: from 2000 to 2100.
    #[schemars(range(min = 946_684_800, max = 4_102_444_800_i64))]
    set_to_s: Option<i64>,
    /// Moves it forward by this many seconds, to 2100 at most.
    #[schemars(range(min = 0, max = 315_360_000))]
    advance_s: Option<i64>,
    /// Holds it where it is, or lets it go on from there.
    held: Option<bool>,
}

/// The last second that the clock may be set to: the year 2100.
const LAST: i64 = 4_102_444_800;

pub(super) fn read(admin: &Admin, _: Nothing) -> Result<Shown, Problem> {
    Ok(show(admin))
}

pub(super) fn turn(admin: &Admin, turn: Turn) -> Result<Shown, Problem> {
    if let Some(to) = turn.set_to_s {
        within("set_to_s", to, 946_684_800, LAST)?;
    }
    let (hands, wall) = (admin.clock.hands(), wall_now());
    if let Some(by) = turn.advance_s {
        within("advance_s", by, 0, 315_360_000)?;
        let from = turn
            .set_to_s
            .map_or_else(|| hands.tell(wall), Timestamp::from_secs);
        let to = (from + Span::from_secs(by)).as_secs();
        if to > LAST {
            return Err(Problem::bad(format!(
                "`advance_s` leads to {to}; expected no later than {LAST}: DELETE /clock goes back to the wall's time"
            )));
        }
    }
    if let Some(to) = turn.set_to_s {
        hands.set(wall, Timestamp::from_secs(to));
    }
    if let Some(by) = turn.advance_s {
        hands.set(wall, hands.tell(wall) + Span::from_secs(by));
    }
    match turn.held {
        Some(true) => hands.hold(wall),
        Some(false) => hands.release(wall),
        None => {}
    }
    Ok(show(admin))
}

pub(super) fn reset(admin: &Admin, _: Nothing) -> Result<Shown, Problem> {
    admin.clock.hands().reset();
    Ok(show(admin))
}

fn show(admin: &Admin) -> Shown {
    let now = admin.now();
    Shown {
        now: moment(now),
        now_s: now.as_secs(),
        held: admin.clock.hands().are_held(),
    }
}
