//! Rate limits as pure data structures: a token bucket (Auth0) and a fixed clock window (Stytch).

use crate::time::{Span, Timestamp};

/// How much a limit lets through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Calls per second in the long run.
    pub per_second: f64,
    /// Calls that may come at once when the bucket is full.
    pub burst: u32,
}

/// What a limit says to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the call may pass.
    pub allowed: bool,
    /// Calls left right now.
    pub remaining: u32,
    /// How long until one more call would pass; zero when some are left.
    pub next_in: Span,
    /// How long until the limit is wholly free again (Auth0's `x-ratelimit-reset`).
    pub full_in: Span,
}

/// How close calls have come to a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pressure {
    /// The largest share of it that was ever used at once, from 0 to 1.
    pub used: f64,
    /// When that was, for the first time.
    pub at: Timestamp,
    /// Calls that it refused.
    pub refused: u64,
}

impl Pressure {
    /// Notes what a limit that lets `most` calls through at once said to a call.
    pub fn note(&mut self, verdict: Verdict, most: u32, now: Timestamp) {
        let left = if verdict.allowed {
            verdict.remaining
        } else {
            self.refused += 1;
            0
        };
        let used = f64::from(most.saturating_sub(left)) / f64::from(most.max(1));
        if used > self.used {
            (self.used, self.at) = (used, now);
        }
    }
}

/// A limit, and how close calls have come to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LimitUse<Endpoint> {
    /// Which calls it counts together.
    pub limited: Limited<Endpoint>,
    /// How much it lets through.
    pub allows: Allows,
    /// How close calls have come.
    pub pressure: Pressure,
}

/// Which calls a limit counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limited<Endpoint> {
    /// All of a provider.
    All,
    /// Those to one endpoint.
    Endpoint(Endpoint),
    /// Those to one endpoint for one person.
    Person(Endpoint),
    /// Those that a fault hits.
    Fault,
}

/// How much a limit lets through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Allows {
    /// A token bucket.
    Bucket(Rate),
    /// A window aligned to the clock.
    Window {
        /// Calls in a window.
        calls: u32,
        /// Its length.
        length: Span,
    },
}

/// A token bucket: `burst` tokens, refilled steadily. Auth0's algorithm (docs, rate-limit policy).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TokenBucket {
    tokens: f64,
    at: Timestamp,
}

impl TokenBucket {
    /// A full bucket.
    pub fn full(rate: Rate, now: Timestamp) -> Self {
        Self {
            tokens: f64::from(rate.burst),
            at: now,
        }
    }

    /// Takes one token if there is one. A `now` before the last call's refills nothing.
    pub fn take(&mut self, rate: Rate, now: Timestamp) -> Verdict {
        let burst = f64::from(rate.burst);
        if now > self.at {
            let refill = (now - self.at).as_secs_f64() * rate.per_second;
            self.tokens = (self.tokens + refill).min(burst);
            self.at = now;
        }
        self.tokens = self.tokens.min(burst);
        let allowed = self.tokens >= 1.0;
        if allowed {
            self.tokens -= 1.0;
        }
        let seconds = |tokens: f64| Span::from_secs_f64((tokens / rate.per_second).max(0.0));
        Verdict {
            allowed,
            remaining: self.tokens as u32,
            next_in: seconds(1.0 - self.tokens),
            full_in: seconds(burst - self.tokens),
        }
    }

    /// When a token was last asked for.
    pub const fn last_used(&self) -> Timestamp {
        self.at
    }

    /// Whether the bucket would be full at this moment, so that it need not be remembered.
    pub fn is_full(&self, rate: Rate, now: Timestamp) -> bool {
        self.tokens + (now - self.at).as_secs_f64() * rate.per_second >= f64::from(rate.burst)
    }
}

/// A window aligned to the clock, not rolling: at each multiple of its length the count starts at
/// zero again. Stytch's algorithm (docs, rate limits).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FixedWindow {
    window: i64,
    count: u32,
}

impl FixedWindow {
    /// Counts one call against `limit` calls per `length`.
    pub fn take(&mut self, limit: u32, length: Span, now: Timestamp) -> Verdict {
        let window = now.as_micros().div_euclid(length.as_micros());
        if window > self.window {
            (self.window, self.count) = (window, 0);
        }
        let end = (window + 1).saturating_mul(length.as_micros());
        let ends_in = Timestamp::from_micros(end) - now;
        let allowed = self.count < limit;
        if allowed {
            self.count += 1;
        }
        let next_in = if self.count < limit {
            Span::ZERO
        } else {
            ends_in
        };
        Verdict {
            allowed,
            remaining: limit - self.count.min(limit),
            next_in,
            full_in: ends_in,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_at_the_end_of_time_ends_with_it() {
        let mut window = FixedWindow::default();
        let hour = Span::from_hours(1);
        let verdict = window.take(1, hour, Timestamp::NEVER);
        assert!(verdict.allowed && verdict.full_in >= Span::ZERO);
        assert!(!window.take(1, hour, Timestamp::NEVER).allowed);
    }

    #[test]
    fn pressure_is_the_largest_share_in_use_and_what_was_refused() {
        let rate = Rate {
            per_second: 1.0,
            burst: 4,
        };
        let at = Timestamp::from_secs;
        let mut bucket = TokenBucket::full(rate, at(0));
        let mut pressure = Pressure::default();
        let mut call = |now: Timestamp, pressure: &mut Pressure| {
            pressure.note(bucket.take(rate, now), rate.burst, now);
        };
        for second in [10, 10, 10] {
            call(at(second), &mut pressure);
        }
        assert_eq!((pressure.used, pressure.at), (0.75, at(10)));
        call(at(100), &mut pressure);
        assert_eq!(
            (pressure.used, pressure.at),
            (0.75, at(10)),
            "less than before"
        );
        for _ in 0..4 {
            call(at(200), &mut pressure);
        }
        assert_eq!(
            (pressure.used, pressure.refused),
            (1.0, 0),
            "full, nobody refused"
        );
        call(at(200), &mut pressure);
        assert_eq!((pressure.used, pressure.refused), (1.0, 1));
    }
}
