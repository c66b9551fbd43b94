//! Exact tests and intervals for rare counts, where resampling sees nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::special::{beta_cdf, beta_quantile, gamma_quantile};

/// Each side's share of what a 95% interval leaves out.
const SIDE: f64 = 0.025;

/// The same people under two strategies: who was hit under both, and under one only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Discordant {
    /// Hit under both.
    pub both: u64,
    /// Hit under the first only.
    pub first_only: u64,
    /// Hit under the second only.
    pub second_only: u64,
}

impl Discordant {
    /// Of two ordered lists of those who were hit.
    pub fn of<T: Ord>(first: &[T], second: &[T]) -> Self {
        let (mut at, mut to) = (first.iter().peekable(), second.iter().peekable());
        let mut counts = Self::default();
        while let (Some(one), Some(other)) = (at.peek(), to.peek()) {
            match one.cmp(other) {
                std::cmp::Ordering::Less => {
                    counts.first_only += 1;
                    at.next();
                }
                std::cmp::Ordering::Greater => {
                    counts.second_only += 1;
                    to.next();
                }
                std::cmp::Ordering::Equal => {
                    counts.both += 1;
                    at.next();
                    to.next();
                }
            }
        }
        counts.first_only += at.count() as u64;
        counts.second_only += to.count() as u64;
        counts
    }

    /// Those of both.
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self {
            both: self.both + other.both,
            first_only: self.first_only + other.first_only,
            second_only: self.second_only + other.second_only,
        }
    }

    /// Those whose fate differs.
    pub const fn differing(&self) -> u64 {
        self.first_only + self.second_only
    }

    /// `McNemar`'s exact test: the probability of so uneven a split, or one more uneven, if either
    /// strategy were as likely to hit those whom only one of them hit.
    pub fn p(&self) -> f64 {
        let (n, fewer) = (self.differing(), self.first_only.min(self.second_only));
        if n == 0 {
            return 1.0;
        }
        // P(X ≤ k) of Binomial(n, ½) is the Beta(n − k, k + 1) distribution function at ½.
        let tail = beta_cdf(0.5, (n - fewer) as f64, fewer as f64 + 1.0);
        (2.0 * tail).min(1.0)
    }
}

/// Clopper and Pearson's 95% interval of a share: `part` of `whole`. From 0 to 1 of nothing.
pub fn binomial_interval(part: u64, whole: u64) -> (f64, f64) {
    if whole == 0 {
        return (0.0, 1.0);
    }
    let (k, n) = (part as f64, whole as f64);
    let low = if part == 0 {
        0.0
    } else {
        beta_quantile(SIDE, k, n - k + 1.0)
    };
    let high = if part == whole {
        1.0
    } else {
        beta_quantile(1.0 - SIDE, k + 1.0, n - k)
    };
    (low, high)
}

/// Garwood's 95% interval of a Poisson mean of which one count was seen.
pub fn poisson_interval(count: u64) -> (f64, f64) {
    let k = count as f64;
    let low = if count == 0 {
        0.0
    } else {
        gamma_quantile(SIDE, k)
    };
    (low, gamma_quantile(1.0 - SIDE, k + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn near(value: f64, known: f64) {
        assert!((value - known).abs() < 5e-4, "{value} is not {known}");
    }

    #[test]
    fn fates_are_told_apart_person_by_person() {
        let counts = Discordant::of(&[1, 3, 4, 7], &[2, 3, 7, 8, 9]);
        let expected = Discordant {
            both: 2,
            first_only: 2,
            second_only: 3,
        };
        assert_eq!(counts, expected);
        near(Discordant::of::<u32>(&[], &[]).p(), 1.0);
    }

    #[test]
    fn mcnemar_agrees_with_the_binomial_by_hand() {
        let p = |first_only, second_only| {
            Discordant {
                both: 99,
                first_only,
                second_only,
            }
            .p()
        };
        // 2 × (1 + 10) / 2^10, 2 / 2^6, and no tail beyond the middle.
        near(p(1, 9), 22.0 / 1024.0);
        near(p(6, 0), 2.0 / 64.0);
        near(p(5, 5), 1.0);
        // Four logouts against none are what a rank test of time buckets does not see; nor can this
        // prove them: 2 / 2^4.
        near(p(0, 4), 0.125);
    }

    #[test]
    fn intervals_are_those_of_tables() {
        let (low, high) = binomial_interval(0, 10);
        near(low, 0.0);
        near(high, 0.3085);
        let (low, high) = binomial_interval(3, 20);
        near(low, 0.0321);
        near(high, 0.3789);
        let (low, high) = poisson_interval(0);
        near(low, 0.0);
        near(high, 3.6889);
        let (low, high) = poisson_interval(10);
        near(low, 4.7954);
        near(high, 18.3904);
    }
}
