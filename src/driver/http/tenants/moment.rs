//! Moments: a provider's wall time as scenario time, which runs beside it in a window.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cutover_mocks::time::{Span, Timestamp};
use tokio::time::Instant;

/// Scenario time and wall time at one moment; both run at the same speed from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moments {
    scenario: Timestamp,
    /// Microseconds since 1970.
    wall: i64,
}

impl Moments {
    /// The clocks when this scenario time is due.
    pub(super) fn at(scenario: Timestamp, due: Instant) -> Self {
        let (now, here) = (Instant::now(), SystemTime::now());
        let wall = if due >= now {
            here + (due - now)
        } else {
            here - (now - due)
        };
        let since = wall.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Self {
            scenario,
            wall: i64::try_from(since.as_micros()).unwrap_or(i64::MAX),
        }
    }

    /// The scenario time of a wall time in microseconds since 1970.
    pub(super) fn of_micros(self, micros: i64) -> Timestamp {
        self.scenario + Span::from_micros(micros.saturating_sub(self.wall))
    }

    /// The scenario time of a wall time in seconds since 1970.
    pub(super) fn of_secs(self, secs: i64) -> Timestamp {
        self.of_micros(secs.saturating_mul(1_000_000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_clocks_run_side_by_side() {
        let scenario = Timestamp::from_secs(1_000);
        let later = Duration::from_secs(30);
        let moments = Moments::at(scenario, Instant::now() + later);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let due = i64::try_from((now + later).as_micros()).unwrap();
        let off = (moments.of_micros(due) - scenario).as_micros().abs();
        assert!(off < 5_000_000, "{off} µs");
        let (one, two) = (moments.of_secs(1_000), moments.of_secs(1_060));
        assert_eq!(two - one, Span::from_secs(60));
    }
}
