//! The minutes that matter: found in virtual time, to be lived through at true speed.
//!
//! A rehearsal in virtual time shows every call that people and the application make. From that
//! follow the busiest stretches (logins, migrations, all calls), the first contact after each change
//! of the strategy, and the first contact with each fault. [`choose`] picks among them and the
//! scenario's own windows.

pub mod choose;
mod scout;

use std::cmp::Reverse;

use cutover_mocks::time::{Span, Timestamp};

use crate::driver::virtual_time;
use crate::population::Population;
use crate::rehearsal::Baseline;
use crate::scenario::{Scenario, Window};
use scout::{Contact, Scout, Second};

/// What makes a stretch one that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Most logins begin.
    Logins,
    /// Most sessions ask to be migrated.
    Migrations,
    /// Most calls go to the providers.
    Calls,
    /// The strategy has just changed: a step, the end of the legacy sessions, a rollback.
    FirstContact,
    /// A fault has just begun.
    Fault,
}

impl Kind {
    /// All kinds, the weightiest first.
    pub const ALL: [Self; 5] = [
        Self::Logins,
        Self::Migrations,
        Self::Calls,
        Self::FirstContact,
        Self::Fault,
    ];

    /// The name that commands use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Logins => "logins",
            Self::Migrations => "migrations",
            Self::Calls => "calls",
            Self::FirstContact => "first-contact",
            Self::Fault => "fault",
        }
    }

    /// How much of it there was in a second; of changes, all calls.
    fn count(self, second: &Second) -> u32 {
        match self {
            Self::Logins => second.logins,
            Self::Migrations => second.migrations,
            Self::Calls | Self::FirstContact | Self::Fault => second.calls,
        }
    }
}

/// A window that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// What makes it one.
    pub kind: Kind,
    /// The window; its name says what it is about.
    pub window: Window,
    /// How much of its kind happens in it; of changes, all calls.
    pub count: u64,
    /// Why it was chosen, in numbers.
    pub why: String,
}

/// Finds windows of this length in a scenario, the weightiest first: kinds in the order of
/// [`Kind::ALL`], and the busiest first within a kind. Plays the scenario once in virtual time.
pub fn find(
    scenario: &Scenario,
    population: &Population,
    baseline: Option<&Baseline>,
    length: Span,
) -> Vec<Found> {
    let mut scout = Scout::new(scenario);
    virtual_time::observe(scenario, population, baseline, |dispatch, answer| {
        scout.see(dispatch, answer);
    });
    let frame = Frame {
        start: scenario.time.start,
        end: scenario.time.end(),
        length,
    };
    let (seconds, contacts) = scout.finish();
    let busiest = [Kind::Logins, Kind::Migrations, Kind::Calls]
        .into_iter()
        .filter_map(|kind| frame.busiest(&seconds, kind));
    let contacts = contacts
        .into_iter()
        .filter_map(|contact| frame.contact(&seconds, contact));
    let mut found: Vec<Found> = busiest.chain(contacts).collect();
    found.sort_by_key(|found| (found.kind, Reverse(found.count), found.window.from));
    found
}

/// So many of something, in words.
fn so_many(count: u64, what: &str) -> String {
    if count == 1 {
        format!("1 {}", what.trim_end_matches('s'))
    } else {
        format!("{count} {what}")
    }
}

/// What a window has to fit into.
struct Frame {
    start: Timestamp,
    end: Timestamp,
    length: Span,
}

impl Frame {
    /// The stretch in which most of something happens, the earliest of equals; none if nothing does.
    fn busiest(&self, seconds: &[Second], kind: Kind) -> Option<Found> {
        let what = kind.name();
        let count = |second: &Second| kind.count(second);
        let mut best: Option<(u64, Timestamp)> = None;
        let (mut first, mut sum) = (0, 0u64);
        for second in seconds {
            sum += u64::from(count(second));
            while seconds[first].at + self.length <= second.at {
                sum -= u64::from(count(&seconds[first]));
                first += 1;
            }
            // A window begins with something of its kind, so that none is longer than it need be.
            while first + 1 < seconds.len()
                && count(&seconds[first]) == 0
                && seconds[first].at < second.at
            {
                first += 1;
            }
            if sum > best.map_or(0, |(most, _)| most) {
                best = Some((sum, seconds[first].at));
            }
        }
        let (sum, at) = best?;
        let window = self.window(format!("peak {what}"), at);
        let busiest = within(seconds, at, at + self.length)
            .iter()
            .map(count)
            .max();
        let why = format!(
            "{} in {}, {} in the busiest second",
            so_many(sum, what),
            self.length,
            busiest.unwrap_or(0)
        );
        Some(Found {
            kind,
            window,
            count: sum,
            why,
        })
    }

    /// The stretch from a change on; where nobody comes for a while, from the first who does.
    fn contact(&self, seconds: &[Second], contact: Contact) -> Option<Found> {
        let Contact {
            kind,
            name,
            from,
            first,
        } = contact;
        let first = first.filter(|first| *first < self.end)?;
        let waited = first - from;
        let at = if waited * 2 < self.length {
            from
        } else {
            first.whole_second().max(from)
        };
        let calls: u64 = within(seconds, at, at + self.length)
            .iter()
            .map(|second| u64::from(second.calls))
            .sum();
        let first = if waited < Span::from_secs(1) {
            "the first at once".to_owned()
        } else {
            format!("the first {waited} after it began")
        };
        let why = format!("{} in {}, {first}", so_many(calls, "calls"), self.length);
        let window = self.window(name, at);
        Some(Found {
            kind,
            window,
            count: calls,
            why,
        })
    }

    /// A window of the whole length, moved forward where it would outlast the rehearsal.
    fn window(&self, name: String, at: Timestamp) -> Window {
        let latest = (self.end - self.length).max(self.start);
        let from = at.min(latest);
        Window {
            name,
            from: from - self.start,
            length: self.length.min(self.end - from),
        }
    }
}

/// The seconds in which anything happened from one moment until another.
fn within(seconds: &[Second], from: Timestamp, until: Timestamp) -> &[Second] {
    let place = |at: Timestamp| seconds.partition_point(|second| second.at < at);
    &seconds[place(from.whole_second())..place(until)]
}

#[cfg(test)]
mod tests;
