//! How things stood over scenario time: live sessions, and latency.

use std::collections::BTreeMap;

use cutover_mocks::time::{Span, Timestamp};
use hdrhistogram::Histogram;

use super::{LiveSessions, Operation};

/// Buckets of the timeline that share one latency histogram.
pub(super) const LATENCY_EVERY: usize = 12;
/// Latencies over time are kept with two significant digits, up to an hour.
const DIGITS: u8 = 2;
const LONGEST_US: u64 = 3_600_000_000;

/// Until when a device holds live sessions, as its cookies say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// The first moment at which its legacy session is over; none without one.
    pub legacy_until: Option<Timestamp>,
    /// The same for its Stytch session.
    pub stytch_until: Option<Timestamp>,
}

/// Devices with live sessions, kept as changes: what nobody touches ends by itself, without an event.
#[derive(Clone, Debug)]
pub(super) struct Sessions {
    start: Timestamp,
    length: Span,
    bucket: Span,
    /// By how much the numbers at the end of each bucket differ from those before it.
    legacy: Vec<i64>,
    stytch: Vec<i64>,
}

impl Sessions {
    pub(super) fn new(start: Timestamp, length: Span, bucket: Span, buckets: usize) -> Self {
        Self {
            start,
            length,
            bucket,
            legacy: vec![0; buckets],
            stytch: vec![0; buckets],
        }
    }

    /// A device's sessions change.
    pub(super) fn change(&mut self, at: Timestamp, before: Holding, after: Holding) {
        if before != after {
            self.holds(at, before, -1);
            self.holds(at, after, 1);
        }
    }

    /// From a moment on a device holds these sessions; with both, Stytch's is the one that counts.
    fn holds(&mut self, from: Timestamp, holding: Holding, sign: i64) {
        let until = |until: Option<Timestamp>, from: Timestamp| until.unwrap_or(from).max(from);
        let stytch_until = until(holding.stytch_until, from);
        let legacy_until = until(holding.legacy_until, stytch_until);
        for (at, sign) in [(from, sign), (stytch_until, -sign)] {
            if let Some(bucket) = self.seen_in(at) {
                self.stytch[bucket] += sign;
            }
        }
        for (at, sign) in [(stytch_until, sign), (legacy_until, -sign)] {
            if let Some(bucket) = self.seen_in(at) {
                self.legacy[bucket] += sign;
            }
        }
    }

    /// The first bucket whose end sees what changes at a moment; none after the last.
    fn seen_in(&self, at: Timestamp) -> Option<usize> {
        let after = at - self.start;
        if after > self.length {
            return None;
        }
        let end = after.as_micros().max(1) as u64;
        let bucket = end.div_ceil(self.bucket.as_micros() as u64) - 1;
        Some((bucket as usize).min(self.legacy.len() - 1))
    }

    /// Live sessions at the end of each bucket.
    pub(super) fn finish(self) -> Vec<LiveSessions> {
        let mut now = (0_i64, 0_i64);
        self.legacy
            .iter()
            .zip(&self.stytch)
            .map(|(legacy, stytch)| {
                now = (now.0 + legacy, now.1 + stytch);
                LiveSessions {
                    legacy: now.0.max(0) as u64,
                    stytch: now.1.max(0) as u64,
                }
            })
            .collect()
    }
}

/// Latency of each operation by stretches of the timeline; nothing is kept where nothing happened.
pub type LatencyCourse = BTreeMap<Operation, BTreeMap<usize, Histogram<u32>>>;

/// A course in the making: by operation, then by stretch.
#[derive(Clone, Debug)]
pub(super) struct Latencies {
    of: [Vec<Option<Histogram<u32>>>; Operation::ALL.len()],
}

impl Latencies {
    /// Nothing yet, for a timeline of so many buckets.
    pub(super) fn new(buckets: usize) -> Self {
        let stretches = buckets.div_ceil(LATENCY_EVERY);
        Self {
            of: Operation::ALL.map(|_| vec![None; stretches]),
        }
    }

    /// Adds one latency; `bucket` is one of the timeline.
    pub(super) fn took(&mut self, operation: Operation, bucket: usize, span: Span) {
        let histogram =
            self.of[operation as usize][bucket / LATENCY_EVERY].get_or_insert_with(|| {
                Histogram::new(DIGITS).expect("a constant number of digits is valid")
            });
        let micros = (span.as_micros().max(1) as u64).min(LONGEST_US);
        histogram
            .record(micros)
            .expect("a histogram that grows takes an hour");
    }

    pub(super) fn finish(self) -> LatencyCourse {
        let by_bucket = |stretches: Vec<Option<Histogram<u32>>>| -> BTreeMap<_, _> {
            let stretches = stretches.into_iter().enumerate();
            stretches
                .filter_map(|(stretch, histogram)| Some((stretch * LATENCY_EVERY, histogram?)))
                .collect()
        };
        let all = Operation::ALL.into_iter().zip(self.of);
        all.map(|(operation, stretches)| (operation, by_bucket(stretches)))
            .filter(|(_, stretches)| !stretches.is_empty())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Timestamp = Timestamp::from_secs(1_000_000);

    fn at(secs: i64) -> Timestamp {
        START + Span::from_secs(secs)
    }

    /// Four buckets of 10 s, the last one cut to 5.
    fn sessions() -> Sessions {
        Sessions::new(START, Span::from_secs(35), Span::from_secs(10), 4)
    }

    fn holding(legacy: Option<i64>, stytch: Option<i64>) -> Holding {
        Holding {
            legacy_until: legacy.map(at),
            stytch_until: stytch.map(at),
        }
    }

    fn counted(sessions: Sessions) -> Vec<(u64, u64)> {
        let pair = |live: LiveSessions| (live.legacy, live.stytch);
        sessions.finish().into_iter().map(pair).collect()
    }

    const NOTHING: Holding = Holding {
        legacy_until: None,
        stytch_until: None,
    };

    #[test]
    fn a_session_that_nobody_touches_ends_by_itself() {
        let mut sessions = sessions();
        sessions.change(at(0), NOTHING, holding(Some(15), None));
        assert_eq!(counted(sessions), [(1, 0), (0, 0), (0, 0), (0, 0)]);
    }

    #[test]
    fn a_bucket_counts_what_is_live_at_its_end_and_the_last_at_the_end_of_the_rehearsal() {
        let mut sessions = sessions();
        // Ends exactly at the end of a bucket: no longer live there. The other outlives the rehearsal.
        sessions.change(at(0), NOTHING, holding(Some(20), None));
        sessions.change(at(10), NOTHING, holding(None, Some(36)));
        assert_eq!(counted(sessions), [(1, 1), (0, 1), (0, 1), (0, 1)]);
    }

    #[test]
    fn a_migration_moves_a_device_and_a_logout_takes_it_away() {
        let mut sessions = sessions();
        let legacy = holding(Some(1_000), None);
        let stytch = holding(None, Some(2_000));
        sessions.change(at(0), NOTHING, legacy);
        sessions.change(at(12), legacy, stytch);
        sessions.change(at(31), stytch, NOTHING);
        assert_eq!(counted(sessions), [(1, 0), (0, 1), (0, 1), (0, 0)]);
    }

    #[test]
    fn of_both_sessions_the_new_one_counts_while_it_lives() {
        let mut sessions = sessions();
        sessions.change(at(0), NOTHING, holding(Some(30), Some(15)));
        assert_eq!(counted(sessions), [(0, 1), (1, 0), (0, 0), (0, 0)]);
    }

    #[test]
    fn what_had_already_ended_is_not_taken_away_twice() {
        let mut sessions = sessions();
        let ended = holding(Some(5), None);
        sessions.change(at(0), NOTHING, ended);
        sessions.change(at(12), ended, NOTHING);
        sessions.change(at(13), NOTHING, holding(None, Some(99)));
        assert_eq!(counted(sessions), [(0, 0), (0, 1), (0, 1), (0, 1)]);
    }

    #[test]
    fn latencies_of_neighbouring_buckets_share_a_histogram() {
        let mut course = Latencies::new(LATENCY_EVERY + 1);
        for bucket in [0, LATENCY_EVERY - 1, LATENCY_EVERY] {
            course.took(Operation::Page, bucket, Span::from_millis(20));
        }
        let course = course.finish();
        let counts: Vec<(usize, u64)> = course[&Operation::Page]
            .iter()
            .map(|(&bucket, histogram)| (bucket, histogram.len()))
            .collect();
        assert_eq!(counts, [(0, 2), (LATENCY_EVERY, 1)]);
    }
}
