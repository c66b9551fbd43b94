//! Scenario time on a page: buckets put together to what a chart or a table can show, and the
//! moments of the cutover.

use cutover_mocks::time::Span;

use crate::outcome::{Completeness, Moment, Outcome, TimelineColumns};
use crate::recorder::Measure;
use crate::report::chart::{Axis, Stretch};

/// Bins that a chart shows at most.
const CHART_BINS: u64 = 168;
/// The same where each bin is a share of something, which few cases make jump.
const SHARE_BINS: u64 = 56;
/// Rows of a table.
const TABLE_BINS: u64 = 28;

/// The timeline, read with a coarseness.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeline<'a> {
    columns: &'a TimelineColumns,
    length_s: f64,
    /// Buckets of a bin.
    per: usize,
    /// Bins in which anything could happen.
    pub(super) bins: usize,
}

impl<'a> Timeline<'a> {
    /// As fine as a chart can show it.
    pub(super) fn chart(outcome: &'a Outcome) -> Self {
        Self::of_run(outcome, CHART_BINS)
    }

    /// As fine as shares can be shown.
    pub(super) fn shares(outcome: &'a Outcome) -> Self {
        Self::of_run(outcome, SHARE_BINS)
    }

    /// As fine as a table can show it.
    pub(super) fn table(outcome: &'a Outcome) -> Self {
        Self::of_run(outcome, TABLE_BINS)
    }

    /// A strategy's of a comparison, as fine as a chart can show it, and as a table can.
    pub(super) fn of_arm(columns: &'a TimelineColumns, length_us: i64) -> [Self; 2] {
        [CHART_BINS, TABLE_BINS].map(|most| Self::new(columns, (length_us, length_us), most))
    }

    fn of_run(outcome: &'a Outcome, most: u64) -> Self {
        let lasted_us = lasted_us(outcome);
        Self::new(&outcome.timeline, (outcome.length_us, lasted_us), most)
    }

    fn new(columns: &'a TimelineColumns, (length_us, lasted_us): (i64, i64), most: u64) -> Self {
        let per = columns.buckets.div_ceil(most).max(1);
        let bin_us = (columns.bucket_us * per as i64).max(1);
        let bins = (lasted_us.max(1) as u64).div_ceil(bin_us as u64);
        Self {
            columns,
            length_s: Span::from_micros(length_us).as_secs_f64(),
            per: per as usize,
            bins: bins.min(columns.buckets.div_ceil(per)) as usize,
        }
    }

    /// How long a bin is, as text.
    pub(super) fn bin(&self) -> String {
        Span::from_micros(self.columns.bucket_us * self.per as i64).to_string()
    }

    /// When a bin begins, in seconds after the start.
    pub(super) fn begins(&self, bin: usize) -> f64 {
        let seconds = self.columns.bucket_us as f64 / 1e6 * (bin * self.per) as f64;
        seconds.min(self.length_s)
    }

    /// When a bin begins, as text.
    pub(super) fn after(&self, bin: usize) -> String {
        let micros = self.columns.bucket_us * (bin * self.per) as i64;
        after(Span::from_micros(micros))
    }

    /// A measure, summed up in each bin.
    pub(super) fn measure(&self, measure: Measure) -> Vec<u64> {
        let column = self.columns.columns.get(&measure);
        self.sums(column.map_or(&[], Vec::as_slice))
    }

    /// Sums in each bin.
    pub(super) fn sums(&self, column: &[u64]) -> Vec<u64> {
        self.binned(column, |bucket| bucket.iter().sum())
    }

    /// The largest in each bin.
    pub(super) fn peaks(&self, column: &[u64]) -> Vec<u64> {
        self.binned(column, |bucket| bucket.iter().copied().max().unwrap_or(0))
    }

    /// The last in each bin.
    pub(super) fn lasts(&self, column: &[u64]) -> Vec<u64> {
        self.binned(column, |bucket| bucket.last().copied().unwrap_or(0))
    }

    fn binned(&self, column: &[u64], of: impl Fn(&[u64]) -> u64) -> Vec<u64> {
        let mut bins: Vec<u64> = column.chunks(self.per).map(of).collect();
        bins.resize(self.bins, 0);
        bins
    }

    /// Columns for a chart: from, to, height.
    pub(super) fn columns(&self, bins: &[u64]) -> Vec<(f64, f64, f64)> {
        let column =
            |(bin, &height): (usize, &u64)| (self.begins(bin), self.begins(bin + 1), height as f64);
        bins.iter().enumerate().map(column).collect()
    }

    /// Lines for a chart, level within each bin, where there is anything.
    pub(super) fn steps(&self, bins: &[u64]) -> Vec<Vec<(f64, f64)>> {
        let mut lines: Vec<Vec<(f64, f64)>> = Vec::new();
        let mut height_before = 0.0;
        for (from, to, height) in self.columns(bins) {
            if height > 0.0 {
                if height_before <= 0.0 {
                    lines.push(vec![(from, 0.0)]);
                }
                if let Some(line) = lines.last_mut() {
                    line.extend([(from, height), (to, height)]);
                }
            } else if let Some(line) = lines.last_mut().filter(|_| height_before > 0.0) {
                line.push((from, 0.0));
            }
            height_before = height;
        }
        lines
    }
}

/// How long a rehearsal lasts, in seconds.
pub(super) fn length_s(outcome: &Outcome) -> f64 {
    Span::from_micros(outcome.length_us).as_secs_f64()
}

/// How long it lasted until it ended or was stopped.
fn lasted_us(outcome: &Outcome) -> i64 {
    match outcome.completeness {
        Completeness::Complete => outcome.length_us,
        Completeness::Interrupted { at } => {
            outcome.length_us.min(at.since(outcome.start).as_micros())
        }
    }
}

/// The axis of scenario time.
pub(super) fn axis(outcome: &Outcome) -> Axis {
    Axis::time(length_s(outcome))
}

/// A length of time after the start, on one line.
pub(super) fn after(span: Span) -> String {
    format!("+{span}").replace(' ', "\u{a0}")
}

/// When something was, in seconds after the start.
pub(super) fn seconds(outcome: &Outcome, at: Moment) -> f64 {
    at.since(outcome.start).as_secs_f64()
}

/// A sign of a chart, and what it stands for.
#[derive(Clone, Debug)]
pub(super) struct Sign {
    pub(super) letter: String,
    pub(super) when: String,
    pub(super) what: String,
}

/// Changes of the cutover: numbered lines.
pub(super) fn marks(outcome: &Outcome) -> Vec<(f64, Sign)> {
    let changes = outcome.phases.iter().skip(1).enumerate();
    changes
        .map(|(number, phase)| {
            let sign = Sign {
                letter: (number + 1).to_string(),
                when: after(phase.from.since(outcome.start)),
                what: phase.name.clone(),
            };
            (seconds(outcome, phase.from), sign)
        })
        .collect()
}

/// Faults: lettered stretches.
pub(super) fn faults(outcome: &Outcome) -> Vec<(Stretch, Sign)> {
    // A stretch of a few minutes in a fortnight would not be seen.
    let least = length_s(outcome) * 0.003;
    let letters = ('A'..='Z').cycle();
    let fault = |(letter, fault): (char, &crate::outcome::PlannedFault)| {
        let (from, until) = (fault.during.from, fault.during.until);
        let begins = seconds(outcome, from);
        let share = if fault.share < 1.0 {
            format!(" ({:.0}% of calls)", fault.share * 100.0)
        } else {
            String::new()
        };
        let after = |at: Moment| after(at.since(outcome.start));
        let sign = Sign {
            letter: letter.to_string(),
            when: format!("{} to {}", after(from), after(until)),
            what: format!("{} {}{share}", fault.hits, fault.what),
        };
        let stretch = Stretch {
            from: begins,
            to: seconds(outcome, until).max(begins + least),
            sign: letter.to_string(),
        };
        (stretch, sign)
    };
    letters.zip(&outcome.faults).map(fault).collect()
}
