//! Storms: stretches of time in which providers turn calls away, until they have caught up.

use cutover_mocks::time::{Span, Timestamp};

use super::TIMED_OUT;

/// A stretch in which calls were turned away: throttled, failed, or not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Storm {
    /// When the first call was turned away.
    pub from: Timestamp,
    /// When the last one was.
    pub until: Timestamp,
    /// How many were.
    pub turned_away: u64,
}

impl Storm {
    /// How long it lasted: the time until the backlog was gone.
    pub fn length(&self) -> Span {
        self.until - self.from
    }
}

/// When capacity first decided something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Onset {
    /// When a limit first turned a call away.
    pub limited: Option<Timestamp>,
    /// When a caller first gave up waiting.
    pub timed_out: Option<Timestamp>,
    /// When an instance of the application first held a call back: by an open circuit breaker, or
    /// because its budget of retries was spent.
    pub held_back: Option<Timestamp>,
}

impl Onset {
    /// A call ended with this status.
    pub(super) fn note(&mut self, at: Timestamp, status: u16) {
        let first = match status {
            429 => &mut self.limited,
            TIMED_OUT => &mut self.timed_out,
            _ => return,
        };
        note_first(first, at);
    }

    pub(super) fn note_held_back(&mut self, at: Timestamp) {
        note_first(&mut self.held_back, at);
    }
}

/// Answers come in any order.
fn note_first(first: &mut Option<Timestamp>, at: Timestamp) {
    *first = Some(first.map_or(at, |first| first.min(at)));
}

/// A storm is over when nothing was turned away for this long.
const CALM: Span = Span::from_mins(1);

/// Finds the storm that turned most calls away; of equals the first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct StormMeter {
    now: Option<Storm>,
    worst: Option<Storm>,
}

impl StormMeter {
    /// A call was turned away.
    pub(super) fn turned_away(&mut self, at: Timestamp) {
        match &mut self.now {
            Some(storm) if at - storm.until <= CALM => {
                storm.until = storm.until.max(at);
                storm.turned_away += 1;
            }
            _ => {
                self.worst = self.worst();
                self.now = Some(Storm {
                    from: at,
                    until: at,
                    turned_away: 1,
                });
            }
        }
    }

    /// The worst storm so far.
    pub(super) fn worst(&self) -> Option<Storm> {
        match (self.worst, self.now) {
            (Some(worst), Some(now)) if now.turned_away <= worst.turned_away => Some(worst),
            (worst, now) => now.or(worst),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_storm_is_the_one_that_turned_most_away() {
        let mut meter = StormMeter::default();
        assert_eq!(meter.worst(), None);
        for second in [10, 30, 95, 400, 401, 900, 901, 905, 906, 2_000] {
            meter.turned_away(Timestamp::from_secs(second));
        }
        let worst = Storm {
            from: Timestamp::from_secs(900),
            until: Timestamp::from_secs(906),
            turned_away: 4,
        };
        assert_eq!(meter.worst(), Some(worst));
        assert_eq!(worst.length(), Span::from_secs(6));
    }

    #[test]
    fn gaps_of_up_to_a_minute_belong_to_a_storm() {
        let mut meter = StormMeter::default();
        for second in [0, 60, 120, 181] {
            meter.turned_away(Timestamp::from_secs(second));
        }
        assert_eq!(meter.worst().map(|storm| storm.turned_away), Some(3));
    }
}
