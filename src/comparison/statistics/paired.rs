//! Differences seed by seed: how large, how sure, and how many seeds would tell.

use cutover_mocks::luck::Luck;

use super::bootstrap::{Interval, mean, mean_interval};

/// Up to so many seeds all ways of flipping signs are tried; beyond, as many by chance.
const ALL_FLIPS: usize = 16;
/// Squared sum of the normal quantiles of 97.5% and 80%: a difference as large as seen is then found
/// in four comparisons of five.
const POWER: f64 = 7.849;

/// Two strategies over the same seeds.
#[derive(Clone, Debug, PartialEq)]
pub struct Paired {
    differences: Vec<f64>,
}

impl Paired {
    /// The second minus the first, seed by seed. None unless both have the same seeds, at least two.
    pub fn new(first: &[f64], second: &[f64]) -> Option<Self> {
        if first.len() != second.len() || first.len() < 2 {
            return None;
        }
        let differences = first.iter().zip(second).map(|(one, other)| other - one);
        Some(Self {
            differences: differences.collect(),
        })
    }

    /// The differences.
    pub fn differences(&self) -> &[f64] {
        &self.differences
    }

    /// Whether no seed shows any difference.
    pub fn is_nothing(&self) -> bool {
        self.differences.iter().all(|&difference| difference == 0.0)
    }

    /// The mean difference with its 95% interval.
    pub fn interval(&self, luck: Luck) -> Option<Interval> {
        mean_interval(&self.differences, luck)
    }

    /// Fisher's exact sign-flip test: the probability of a mean as far from 0 or farther, if for each
    /// seed either strategy might as well have had the other's result. It cannot fall below 2 / 2^n.
    pub fn p(&self, luck: Luck) -> f64 {
        if self.is_nothing() {
            return 1.0;
        }
        let seen = self.differences.iter().sum::<f64>().abs();
        // Sums of the same numbers in another order differ in their last bits.
        let reaches = |sum: f64| sum.abs() >= seen * (1.0 - 1e-12);
        let flipped = |flips: u64| -> f64 {
            let signed = |(place, difference): (usize, &f64)| {
                if flips >> place & 1 == 1 {
                    -difference
                } else {
                    *difference
                }
            };
            self.differences.iter().enumerate().map(signed).sum()
        };
        let n = self.differences.len();
        if n <= ALL_FLIPS {
            let all = 1_u64 << n;
            let as_far = (0..all).filter(|&flips| reaches(flipped(flips))).count();
            return as_far as f64 / all as f64;
        }
        let tries = 1_u64 << ALL_FLIPS;
        let by_chance = |luck: Luck| -> f64 {
            let signed = |(place, difference): (usize, &f64)| {
                let flips = luck.split(place as u64 / 64).0;
                if flips >> (place % 64) & 1 == 1 {
                    -difference
                } else {
                    *difference
                }
            };
            self.differences.iter().enumerate().map(signed).sum()
        };
        let as_far = (0..tries)
            .filter(|&number| reaches(by_chance(luck.split(number))))
            .count();
        // What was seen is one of the ways.
        (as_far + 1) as f64 / (tries + 1) as f64
    }

    /// Seeds that would tell the difference from none in four cases of five, if it is as large as it
    /// seems; none when there is nothing to see. At least 1, of which [`seeds_at_least`] knows better.
    pub fn seeds_needed(&self) -> Option<u64> {
        let n = self.differences.len() as f64;
        let mean = mean(&self.differences);
        let squares = self.differences.iter().map(|d| (d - mean) * (d - mean));
        let variance = squares.sum::<f64>() / (n - 1.0);
        let needed = libm::ceil(POWER * variance / (mean * mean));
        (mean != 0.0 && needed < 1e9).then_some((needed as u64).max(1))
    }
}

/// Seeds without which the sign-flip test cannot find anything at a level, whatever they show, when it
/// is one of so many tests: 2 / 2^n times their number must not exceed it.
pub fn seeds_at_least(level: f64, tests: usize) -> u64 {
    libm::ceil(libm::log2(2.0 * tests.max(1) as f64 / level)) as u64
}

/// Pearson's correlation; none where either side never varies.
pub fn correlation(first: &[f64], second: &[f64]) -> Option<f64> {
    let (a, b) = (mean(first), mean(second));
    let (mut both, mut one, mut other) = (0.0, 0.0, 0.0);
    for (x, y) in first.iter().zip(second) {
        both += (x - a) * (y - b);
        one += (x - a) * (x - a);
        other += (y - b) * (y - b);
    }
    let scale = libm::sqrt(one * other);
    (scale > 0.0).then(|| both / scale)
}

#[cfg(test)]
#[expect(
    clippy::float_cmp,
    reason = "counted shares and same luck give the same bits"
)]
mod tests {
    use super::super::special::normal_cdf;
    use super::*;
    use crate::dice::{Dice, Stream};

    fn paired(first: &[f64], second: &[f64]) -> Paired {
        Paired::new(first, second).expect("the same seeds")
    }

    #[test]
    fn the_sign_flip_test_agrees_with_counting_by_hand() {
        // Of eight ways to sign 1, 2 and 3, two reach a sum of 6.
        assert_eq!(paired(&[0.0; 3], &[1.0, 2.0, 3.0]).p(Luck(1)), 0.25);
        // 1 + 2 − 3 = 0: every way is as far.
        assert_eq!(paired(&[0.0; 3], &[1.0, 2.0, -3.0]).p(Luck(1)), 1.0);
        assert_eq!(paired(&[5.0; 3], &[5.0; 3]).p(Luck(1)), 1.0);
        let ten: Vec<f64> = (1..=10).map(f64::from).collect();
        assert_eq!(paired(&[0.0; 10], &ten).p(Luck(1)), 2.0 / 1024.0);
    }

    #[test]
    fn many_seeds_are_flipped_by_chance_and_agree_with_the_normal_law() {
        let rolls = |person: u32| Dice::new(3).rolls(Stream::Person, person, 0);
        let values: Vec<f64> = (0..80).map(|seed| rolls(seed).normal() + 0.25).collect();
        let p = paired(&[0.0; 80], &values).p(Luck(1));
        // With signs flipped, the sum has mean 0 and the squares' sum as its variance.
        let (sum, squares) = values
            .iter()
            .fold((0.0, 0.0), |(sum, squares): (f64, f64), value| {
                (sum + value, squares + value * value)
            });
        let known = 2.0 * normal_cdf(-sum.abs() / libm::sqrt(squares));
        assert!((p - known).abs() < 0.01, "{p} is not {known}");
        assert_eq!(p, paired(&[0.0; 80], &values).p(Luck(1)));
    }

    #[test]
    fn a_null_difference_is_seldom_found() {
        let dice = Dice::new(5);
        let found = (0..400)
            .filter(|&trial| {
                let mut rolls = dice.rolls(Stream::Person, trial, 0);
                let mut draw = || -> Vec<f64> { (0..10).map(|_| rolls.normal()).collect() };
                let (first, second) = (draw(), draw());
                paired(&first, &second).p(Luck(u64::from(trial))) <= 0.05
            })
            .count();
        // 20 are expected; 35 are more than three standard deviations away.
        assert!((6..=35).contains(&found), "{found} of 400");
    }

    #[test]
    fn seeds_that_would_tell_grow_with_the_noise() {
        let noisy = paired(&[0.0; 4], &[10.0, -8.0, 12.0, -10.0]);
        let clear = paired(&[0.0; 4], &[10.0, 9.0, 11.0, 10.0]);
        assert!(
            noisy.seeds_needed() > Some(500),
            "{:?}",
            noisy.seeds_needed()
        );
        assert_eq!(clear.seeds_needed(), Some(1));
        assert_eq!(paired(&[1.0; 4], &[1.0; 4]).seeds_needed(), None);
    }

    #[test]
    fn few_seeds_cannot_find_anything() {
        // 2 / 2^6 = 3.1%; with ten tests at once 2 / 2^9 = 0.4%.
        assert_eq!(seeds_at_least(0.05, 1), 6);
        assert_eq!(seeds_at_least(0.05, 10), 9);
    }

    #[test]
    fn correlation_is_known_at_its_ends() {
        assert_eq!(correlation(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]), Some(1.0));
        assert_eq!(correlation(&[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0]), Some(-1.0));
        assert_eq!(correlation(&[1.0, 1.0], &[3.0, 2.0]), None);
    }
}
