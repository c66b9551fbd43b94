//! An interval for a mean from few values: the bootstrap, corrected for bias, skew and small samples.

use cutover_mocks::luck::Luck;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::special::{normal_cdf, normal_quantile, t_quantile};

/// Resamples of one interval.
const RESAMPLES: usize = 2_000;
/// The share of such intervals that miss the mean.
const ALPHA: f64 = 0.05;

/// A mean with its 95% interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The mean.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Whether 0 lies outside of it.
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }

    /// Half of its width.
    pub fn half_width(&self) -> f64 {
        (self.high - self.low) / 2.0
    }
}

/// The mean of values and its 95% interval: bias-corrected and accelerated (Efron 1987), at levels
/// that are expanded for small samples (Hesterberg 2015, section 4.4), since plain bootstrap
/// intervals of ten values miss nearly twice as often as they say. None without two values.
pub fn mean_interval(values: &[f64], luck: Luck) -> Option<Interval> {
    let n = values.len();
    if n < 2 {
        return None;
    }
    let mean = mean(values);
    let all_equal = values
        .iter()
        .all(|value| value.total_cmp(&values[0]).is_eq());
    if all_equal {
        let value = values[0];
        return Some(Interval {
            mean: value,
            low: value,
            high: value,
        });
    }
    let mut means = resampled_means(values, luck);
    means.sort_by(f64::total_cmp);
    let below = means.partition_point(|&resampled| resampled < mean);
    let equal = means.partition_point(|&resampled| resampled <= mean) - below;
    let share = (below as f64 + equal as f64 / 2.0) / means.len() as f64;
    let edge = 0.5 / means.len() as f64;
    let bias = normal_quantile(share.clamp(edge, 1.0 - edge));
    let acceleration = acceleration(values, mean);
    let df = (n - 1) as f64;
    let z = libm::sqrt(n as f64 / df) * t_quantile(1.0 - ALPHA / 2.0, df);
    let at = |z: f64| {
        let corrected = bias + (bias + z) / (1.0 - acceleration * (bias + z));
        quantile(&means, normal_cdf(corrected))
    };
    Some(Interval {
        mean,
        low: at(-z).min(mean),
        high: at(z).max(mean),
    })
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn resampled_means(values: &[f64], luck: Luck) -> Vec<f64> {
    let n = values.len();
    let resampled = |sample: usize| {
        let luck = luck.split(sample as u64);
        let sum: f64 = (0..n)
            .map(|place| values[luck.split(place as u64).below(n as u64) as usize])
            .sum();
        sum / n as f64
    };
    (0..RESAMPLES).map(resampled).collect()
}

/// How the spread changes with the mean, from leaving out one value at a time.
fn acceleration(values: &[f64], mean: f64) -> f64 {
    // Leaving out x moves the mean by (mean − x) / (n − 1): the factor cancels.
    let (mut squares, mut cubes) = (0.0, 0.0);
    for value in values {
        let off = value - mean;
        squares += off * off;
        cubes += off * off * off;
    }
    cubes / (6.0 * libm::pow(squares, 1.5))
}

/// The value at a share of sorted values.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let low = libm::floor(place);
    let index = (low as usize).min(sorted.len() - 1);
    let next = (index + 1).min(sorted.len() - 1);
    sorted[index] + (sorted[next] - sorted[index]) * (place - low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::{Dice, Rolls, Stream};

    #[test]
    fn values_that_are_all_the_same_leave_no_room() {
        let interval = mean_interval(&[3.0; 10], Luck(1)).expect("ten values");
        assert_eq!((interval.low, interval.high), (3.0, 3.0));
        assert_eq!(mean_interval(&[3.0], Luck(1)), None);
    }

    #[test]
    fn an_interval_holds_its_mean_and_is_the_same_for_the_same_luck() {
        let values = [1.0, 4.0, 2.0, 8.0, 5.0, 7.0, 1.0, 3.0, 9.0, 2.0];
        let interval = mean_interval(&values, Luck(1)).expect("ten values");
        assert!(interval.low < 4.2 && 4.2 < interval.high, "{interval:?}");
        assert_eq!(mean_interval(&values, Luck(1)), Some(interval));
        // Student's interval is 4.2 ± 2.05: the expanded levels come close to it.
        assert!((interval.half_width() - 2.05).abs() < 0.4, "{interval:?}");
    }

    /// How often intervals of `n` values hold the true mean.
    fn coverage(n: usize, truth: f64, mut draw: impl FnMut(&mut Rolls) -> f64) -> f64 {
        let trials = 600;
        let dice = Dice::new(11);
        let held = (0..trials)
            .filter(|&trial| {
                let mut rolls = dice.rolls(Stream::Person, trial, 0);
                let values: Vec<f64> = (0..n).map(|_| draw(&mut rolls)).collect();
                let interval = mean_interval(&values, Luck(u64::from(trial)));
                interval.is_some_and(|it| it.low <= truth && truth <= it.high)
            })
            .count();
        held as f64 / f64::from(trials)
    }

    #[test]
    fn intervals_hold_the_truth_about_as_often_as_they_say() {
        // 600 trials: three standard errors are 2.7 points.
        let normal = coverage(10, 0.0, Rolls::normal);
        assert!((0.92..=0.98).contains(&normal), "normal: {normal}");
        let skewed = coverage(10, 1.0, Rolls::exponential);
        assert!((0.88..=0.98).contains(&skewed), "exponential: {skewed}");
        let counts = coverage(10, 4.0, |rolls| f64::from(rolls.poisson(4.0)));
        assert!((0.92..=0.98).contains(&counts), "counts: {counts}");
    }
}
