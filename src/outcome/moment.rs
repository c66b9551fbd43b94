//! A point in scenario time as outcomes write it: RFC 3339 in UTC, to the microsecond.

use std::fmt;

use cutover_mocks::time::{Span, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A point in time that has a calendar date: from the year -9999 to 9999. Anything beyond, such as
/// [`Timestamp::NEVER`], stops at the last one.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
pub struct Moment(#[schemars(with = "String")] jiff::Timestamp);

impl Moment {
    /// From scenario time.
    pub fn new(at: Timestamp) -> Self {
        let edge = if at < Timestamp::default() {
            jiff::Timestamp::MIN
        } else {
            jiff::Timestamp::MAX
        };
        Self(jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or(edge))
    }

    /// As scenario time.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_micros(self.0.as_microsecond())
    }

    /// How long after an earlier moment.
    pub fn since(self, earlier: Self) -> Span {
        self.timestamp() - earlier.timestamp()
    }
}

impl From<jiff::Timestamp> for Moment {
    fn from(at: jiff::Timestamp) -> Self {
        Self(at)
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
