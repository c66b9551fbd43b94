//! Pace: when the next request may go, so that published limits are never met by our own doing.

use std::time::Duration;

use tokio::time::Instant;

/// A token bucket (GCRA): so many requests a second, and a few at once.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    every: Duration,
    tolerance: Duration,
    /// When the bucket would be full if nothing more came.
    full: Instant,
    /// Nothing goes before this: a provider asked for a pause.
    paused: Instant,
}

impl Pace {
    /// A pace of so many requests a second, of which `burst` may go at once. At least one a minute.
    pub fn new(per_second: f64, burst: u32, now: Instant) -> Self {
        let every = Duration::from_secs_f64(1.0 / per_second.max(1.0 / 60.0));
        Self {
            every,
            tolerance: every * burst.saturating_sub(1),
            full: now,
            paused: now,
        }
    }

    /// Takes the next turn: when its request may go.
    pub fn turn(&mut self, now: Instant) -> Instant {
        let full = self.full.max(now);
        let at = full.checked_sub(self.tolerance).unwrap_or(now).max(now);
        self.full = full + self.every;
        at
    }

    /// When as many may go at once as ever, if nothing goes before.
    pub fn rested(&self) -> Instant {
        self.full
    }

    /// Whether a pause is on.
    pub fn is_paused(&self, now: Instant) -> bool {
        now < self.paused
    }

    /// Nothing goes before this, and then one by one: who asked for a pause has an empty bucket.
    pub fn pause_until(&mut self, at: Instant) {
        self.paused = self.paused.max(at);
        self.full = self.full.max(at + self.tolerance);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_burst_goes_at_once_and_then_one_by_one() {
        let now = Instant::now();
        let mut pace = Pace::new(2.0, 3, now);
        let waits: Vec<u128> = (0..5).map(|_| (pace.turn(now) - now).as_millis()).collect();
        assert_eq!(waits, [0, 0, 0, 500, 1000]);
        let rested = pace.rested();
        let again: Vec<u128> = (0..4)
            .map(|_| (pace.turn(rested) - rested).as_millis())
            .collect();
        assert_eq!(again, [0, 0, 0, 500]);
        let later = now + Duration::from_mins(1);
        assert_eq!(pace.turn(later), later);
    }

    #[test]
    fn a_pause_holds_everybody_up() {
        let now = Instant::now();
        let mut pace = Pace::new(100.0, 100, now);
        let until = now + Duration::from_secs(7);
        pace.pause_until(until);
        pace.pause_until(now);
        assert_eq!(pace.turn(now), until);
    }

    #[test]
    fn whoever_waited_for_a_pause_to_end_goes_one_by_one() {
        let now = Instant::now();
        let mut pace = Pace::new(2.0, 5, now);
        let until = now + Duration::from_secs(7);
        pace.pause_until(until);
        for waiter in 0..20 {
            let turn = pace.turn(now + Duration::from_millis(u64::from(waiter)));
            assert_eq!(turn, until + Duration::from_millis(500) * waiter);
        }
    }

    proptest! {
        /// However turns are asked for, no second holds more than the burst and the rate.
        #[test]
        fn no_second_holds_more_than_it_may(gaps in prop::collection::vec(0u64..400, 1..200), rate in 1u32..20, burst in 1u32..5) {
            let start = Instant::now();
            let mut pace = Pace::new(f64::from(rate), burst, start);
            let mut now = start;
            let mut turns = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                turns.push(pace.turn(now));
            }
            for (place, from) in turns.iter().enumerate() {
                let within = turns[place..].iter().filter(|at| **at < *from + Duration::from_secs(1)).count();
                prop_assert!(within as u32 <= rate + burst, "{within} in a second");
            }
        }
    }
}
