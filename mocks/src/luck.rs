//! Luck: the random bits that accompany an input, so that no machine throws dice of its own.

/// 64 random bits that belong to one input. Whoever drives a machine draws them; the machine only
/// reads them, and splits them where one input needs several independent draws.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Luck(pub u64);

/// Odd constant of the golden ratio, as in `SplitMix64` (Steele, Lea, Flood 2014).
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// The finaliser of `SplitMix64`: a bijection whose output bits all depend on all input bits.
pub const fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

impl Luck {
    /// Luck for one of several purposes of the same input; different numbers give independent luck.
    #[must_use]
    pub const fn split(self, purpose: u64) -> Self {
        Self(mix(
            self.0 ^ mix(purpose.wrapping_add(1).wrapping_mul(GOLDEN))
        ))
    }

    /// A number in `[0, 1)` with 53 random bits.
    pub fn unit(self) -> f64 {
        (self.0 >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A number in `0..n`; 0 when `n` is 0.
    pub fn below(self, n: u64) -> u64 {
        ((u128::from(self.0) * u128::from(n)) >> 64) as u64
    }
}
