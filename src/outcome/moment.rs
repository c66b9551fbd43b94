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

    /// For file names, to the second: `20260302T000000Z`.
    pub fn compact(self) -> String {
        self.0.strftime("%Y%m%dT%H%M%SZ").to_string()
    }

    /// How long after a start, exactly: `1d 08:00:00`, with milliseconds where there are any.
    pub fn offset(self, start: Self) -> String {
        let micros = self.since(start).as_micros();
        let sign = if micros < 0 { "-" } else { "" };
        let millis = micros.unsigned_abs() / 1_000;
        let (seconds, millis) = (millis / 1_000, millis % 1_000);
        let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
        let fraction = if millis == 0 {
            String::new()
        } else {
            format!(".{millis:03}")
        };
        format!(
            "{sign}{days}d {hours:02}:{minutes:02}:{:02}{fraction}",
            seconds % 60
        )
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
