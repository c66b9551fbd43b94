//! Whether the flag's real share is what chance allows around the configured one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Moment;
use crate::recorder::FlagShare;

/// The normal quantile of a two-sided 99.9% interval: a check that runs at every step of every
/// rehearsal must not cry wolf.
const Z: f64 = 3.290_526_731_491_926;

/// The flag's configured share at a moment, against the keys it was on for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FlagCheck {
    /// When.
    pub at: Moment,
    /// The configured share, from 0 to 1.
    pub configured: f64,
    /// Keys for which it was on.
    pub on: u64,
    /// All keys.
    pub keys: u64,
    /// Lower end of the 99.9% interval (Wilson) around the real share; 0 without keys.
    pub low: f64,
    /// Its upper end; 1 without keys.
    pub high: f64,
}

impl FlagCheck {
    pub(super) fn new(share: FlagShare) -> Self {
        let (low, high) = wilson(share.on, share.keys);
        Self {
            at: Moment::new(share.at),
            configured: share.configured,
            on: share.on,
            keys: share.keys,
            low,
            high,
        }
    }

    /// Whether chance alone explains the difference.
    pub fn is_plausible(&self) -> bool {
        (self.low..=self.high).contains(&self.configured)
    }
}

/// Wilson's score interval: right also for shares near 0 and 1.
fn wilson(on: u64, keys: u64) -> (f64, f64) {
    if keys == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (keys as f64, on as f64 / keys as f64);
    let spread = Z * libm::sqrt(share * (1.0 - share) / n + Z * Z / (4.0 * n * n));
    let (centre, scale) = (share + Z * Z / (2.0 * n), 1.0 + Z * Z / n);
    // At the ends the formula's two terms are equal in theory and differ in their last bits.
    let low = if on == 0 {
        0.0
    } else {
        (centre - spread) / scale
    };
    let high = if on == keys {
        1.0
    } else {
        (centre + spread) / scale
    };
    (low, high)
}

#[cfg(test)]
mod tests {
    use cutover_mocks::time::Timestamp;

    use super::*;

    fn check(configured: f64, on: u64, keys: u64) -> FlagCheck {
        FlagCheck::new(FlagShare {
            at: Timestamp::default(),
            configured,
            on,
            keys,
        })
    }

    #[test]
    fn a_share_within_chance_is_plausible_and_one_beyond_is_not() {
        assert!(check(0.25, 2_540, 10_000).is_plausible());
        assert!(!check(0.25, 2_700, 10_000).is_plausible());
    }

    #[test]
    fn nothing_and_everything_leave_no_room() {
        assert!(check(0.0, 0, 10_000).is_plausible());
        assert!(!check(0.0, 1, 10_000).is_plausible());
        assert!(check(1.0, 10_000, 10_000).is_plausible());
        assert!(!check(1.0, 9_999, 10_000).is_plausible());
    }

    #[test]
    fn few_keys_prove_little() {
        assert!(check(0.25, 0, 5).is_plausible());
        assert!(check(0.25, 0, 0).is_plausible());
    }
}
