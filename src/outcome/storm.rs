//! The worst storm: when providers turned calls away, and how long it took until they had caught up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Moment;
use crate::recorder::Storm;

/// A stretch in which calls were throttled, failed or not answered, without a calm minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StormSeen {
    /// When the first call was turned away.
    pub from: Moment,
    /// When the last one was: from then on the backlog was gone.
    pub until: Moment,
    /// How many were.
    pub turned_away: u64,
}

impl StormSeen {
    pub(super) fn new(storm: Storm) -> Self {
        Self {
            from: Moment::new(storm.from),
            until: Moment::new(storm.until),
            turned_away: storm.turned_away,
        }
    }

    /// How long it lasted, in microseconds.
    pub fn length_us(&self) -> i64 {
        self.until.since(self.from).as_micros()
    }
}
