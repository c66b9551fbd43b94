//! Axes: where they begin and end, and which values are written beside them.

use std::ops::Range;

use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

use crate::outcome::grouped;

/// An axis with the values to write beside it, on a wide drawing and on a narrow one.
#[derive(Clone, Debug)]
pub(in crate::report) struct Axis {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) wide: Vec<Tick>,
    pub(super) narrow: Vec<Tick>,
}

/// A value of an axis, and its text.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::report) struct Tick {
    pub(super) at: f64,
    pub(super) text: String,
}

/// An axis as the chart library takes it: exactly these values are written beside it.
#[derive(Clone, Debug)]
pub(super) struct Coordinate {
    range: Range<f64>,
    ticks: Vec<f64>,
}

impl Coordinate {
    pub(super) fn new(axis: &Axis, ticks: &[Tick]) -> Self {
        Self {
            range: axis.from..axis.to,
            ticks: ticks.iter().map(|tick| tick.at).collect(),
        }
    }
}

impl Ranged for Coordinate {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let share = (value - self.range.start) / (self.range.end - self.range.start);
        from + (share * f64::from(to - from)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        if hint.weight().allow_light_points() {
            Vec::new()
        } else {
            self.ticks.clone()
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

/// Steps between times that people count in, in seconds.
const TIME_STEPS: [(f64, &str); 15] = [
    (1.0, "s"),
    (5.0, "s"),
    (15.0, "s"),
    (60.0, "m"),
    (300.0, "m"),
    (900.0, "m"),
    (3_600.0, "h"),
    (10_800.0, "h"),
    (21_600.0, "h"),
    (43_200.0, "h"),
    (86_400.0, "d"),
    (172_800.0, "d"),
    (604_800.0, "d"),
    (1_209_600.0, "d"),
    (2_592_000.0, "d"),
];

impl Axis {
    /// Scenario time, in seconds since the start.
    pub(in crate::report) fn time(length_s: f64) -> Self {
        Self {
            from: 0.0,
            to: length_s.max(1.0),
            wide: time_ticks(length_s, 15),
            narrow: time_ticks(length_s, 7),
        }
    }

    /// Amounts from 0 up to at least this much.
    pub(in crate::report) fn amounts(most: f64, text: impl Fn(f64) -> String) -> Self {
        let step = round_step(most / 4.0);
        let steps = (most / step).ceil().max(1.0);
        let ticks: Vec<Tick> = (0..=steps as u32)
            .map(|n| f64::from(n) * step)
            .map(|at| Tick { at, text: text(at) })
            .collect();
        Self {
            from: 0.0,
            to: step * steps,
            narrow: ticks.clone(),
            wide: ticks,
        }
    }

    /// Whole numbers of things.
    pub(in crate::report) fn counts(most: f64) -> Self {
        Self::amounts(most.max(4.0), |at| grouped(at.round() as u64))
    }

    /// Shares from 0 to 1.
    pub(in crate::report) fn shares() -> Self {
        Self::amounts(1.0, |at| format!("{:.0}%", at * 100.0))
    }

    /// An axis of these values only.
    pub(in crate::report) fn of(from: f64, to: f64, ticks: &[(f64, String)]) -> Self {
        let ticks: Vec<Tick> = ticks
            .iter()
            .filter(|(at, _)| (from..=to).contains(at))
            .map(|(at, text)| Tick {
                at: *at,
                text: text.clone(),
            })
            .collect();
        Self {
            from,
            to,
            narrow: ticks.clone(),
            wide: ticks,
        }
    }
}

fn time_ticks(length_s: f64, most: usize) -> Vec<Tick> {
    let fits = |&&(step, _): &&(f64, &str)| length_s / step <= most as f64;
    let last = TIME_STEPS[TIME_STEPS.len() - 1];
    let (step, unit) = TIME_STEPS.iter().find(fits).copied().unwrap_or(last);
    let unit_s = match unit {
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3_600.0,
        _ => 86_400.0,
    };
    // A step that no rehearsal is long enough for must not fill the axis either.
    let count = ((length_s / step).floor() as usize).min(most * 4);
    (0..=count)
        .map(|n| n as f64 * step)
        .map(|at| Tick {
            at,
            text: format!("{:.0}{unit}", at / unit_s),
        })
        .collect()
}

/// The next of 1, 2, 5, 10, … in its power of ten.
fn round_step(least: f64) -> f64 {
    if least <= 0.0 || !least.is_finite() {
        return 1.0;
    }
    let power = libm::pow(10.0, libm::floor(libm::log10(least)));
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    steps
        .into_iter()
        .find(|&step| step >= least * 0.999_999)
        .unwrap_or(power * 10.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.text.as_str()).collect()
    }

    #[test]
    fn a_fortnight_counts_in_days_and_an_hour_in_minutes() {
        let fortnight = Axis::time(14.0 * 86_400.0);
        assert_eq!(fortnight.wide.len(), 15);
        assert_eq!(
            texts(&fortnight.narrow),
            ["0d", "2d", "4d", "6d", "8d", "10d", "12d", "14d"]
        );
        let hour = Axis::time(3_600.0);
        assert_eq!(texts(&hour.narrow), ["0m", "15m", "30m", "45m", "60m"]);
    }

    #[test]
    fn amounts_go_in_round_steps_to_a_round_end() {
        let axis = Axis::counts(1_190.0);
        assert_eq!(texts(&axis.wide), ["0", "500", "1,000", "1,500"]);
        assert!((axis.to - 1_500.0).abs() < 1e-9);
        assert_eq!(texts(&Axis::shares().wide), ["0%", "50%", "100%"]);
        assert_eq!(texts(&Axis::counts(0.0).wide), ["0", "1", "2", "3", "4"]);
    }
}
