//! The driver's own health: was the load made on time, and was the driver ever the bottleneck.

use std::time::Duration;

use cutover_mocks::time::Span;
use hdrhistogram::Histogram;

use super::wallet::WalletSize;

/// What the driver says of itself.
#[derive(Clone, Debug)]
pub struct Health {
    /// Calls handed to the carriers.
    pub calls: u64,
    /// Calls that were answered inside, in stretches that were skipped.
    pub inside: u64,
    /// Calls among those handed to the carriers, or waiting to be made, that were not answered when the film ended early.
    pub open_at_end: u64,
    /// HTTP requests that the calls took: some calls are two requests.
    pub requests: u64,
    /// Calls that ended without an answer within the caller's patience (true speed).
    pub timed_out: u64,
    /// Calls in time-lapse that ended because no answer came within the guard time: 0 unless a
    /// server hangs.
    pub stuck: u64,
    /// Most calls under way at once.
    pub max_under_way: usize,
    /// Goose users that carried them.
    pub carriers: usize,
    /// Lateness of calls inside each true-speed window: wall start after intended start, in
    /// microseconds; in the order of the windows.
    pub windows: Vec<WindowHealth>,
    /// Lateness of calls in time-lapse, in microseconds of wall time: how far the film fell behind.
    pub lapse: Histogram<u64>,
    /// Wall time of the film, without start and end.
    pub wall: Duration,
    /// The wallet at the end.
    pub wallet: WalletSize,
}

/// A true-speed window as it was played.
#[derive(Clone, Debug)]
pub struct WindowHealth {
    /// Its name.
    pub name: String,
    /// Lateness of its calls, in microseconds.
    pub lateness: Histogram<u64>,
}

/// Lateness beyond this is kept as this: an hour.
const LONGEST: u64 = 3_600_000_000;

/// An empty histogram of lateness: 1 µs to an hour, two digits.
pub(super) fn lateness() -> Histogram<u64> {
    Histogram::new_with_bounds(1, LONGEST, 2).expect("the bounds are valid")
}

/// Records one start.
pub(super) fn record(histogram: &mut Histogram<u64>, late: Duration) {
    histogram.saturating_record(u64::try_from(late.as_micros()).unwrap_or(LONGEST));
}

impl Health {
    pub(super) fn new(carriers: usize) -> Self {
        Self {
            calls: 0,
            inside: 0,
            open_at_end: 0,
            requests: 0,
            timed_out: 0,
            stuck: 0,
            max_under_way: 0,
            carriers,
            windows: Vec::new(),
            lapse: lateness(),
            wall: Duration::ZERO,
            wallet: WalletSize::default(),
        }
    }

    /// Lateness in all true-speed windows together.
    pub fn in_windows(&self) -> Histogram<u64> {
        let mut all = lateness();
        for window in &self.windows {
            all += &window.lateness;
        }
        all
    }

    /// Calls in true-speed windows that started later than this.
    pub fn later_than(&self, limit: Span) -> u64 {
        let limit = u64::try_from(limit.as_micros()).unwrap_or(0);
        self.windows
            .iter()
            .map(|window| window.lateness.count_between(limit + 1, LONGEST))
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_merged_and_late_starts_counted() {
        let mut health = Health::new(1);
        for (name, late) in [("a", [10, 20_000]), ("b", [30, 90_000])] {
            let mut window = WindowHealth {
                name: name.into(),
                lateness: lateness(),
            };
            for micros in late {
                record(&mut window.lateness, Duration::from_micros(micros));
            }
            health.windows.push(window);
        }
        assert_eq!(health.in_windows().len(), 4);
        assert_eq!(health.later_than(Span::from_millis(10)), 2);
        assert_eq!(health.later_than(Span::from_millis(50)), 1);
    }

    #[test]
    fn no_lateness_is_beyond_the_histogram() {
        let mut histogram = lateness();
        record(&mut histogram, Duration::from_secs(100_000));
        assert_eq!(histogram.len(), 1);
    }
}
