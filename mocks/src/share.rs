//! Shares: numbers from 0 to 1 that cannot be anything else.

use std::fmt;

use crate::luck::Luck;

/// A probability or a share of a whole: from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Share(f64);

/// A number that is no share: below 0, above 1, or not a number.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{0} is not between 0% and 100%")]
pub struct NotAShare(pub f64);

impl Share {
    /// Nothing of it.
    pub const ZERO: Self = Self(0.0);
    /// All of it.
    pub const ONE: Self = Self(1.0);

    /// From a number between 0 and 1.
    pub fn new(share: f64) -> Result<Self, NotAShare> {
        if (0.0..=1.0).contains(&share) {
            Ok(Self(share))
        } else {
            Err(NotAShare(share))
        }
    }

    /// From whole percent; more than 100 is read as 100. For constants in code.
    pub const fn percent(percent: u8) -> Self {
        let percent = if percent > 100 { 100 } else { percent };
        Self(percent as f64 / 100.0)
    }

    /// The number between 0 and 1.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Whether this luck falls within the share.
    pub fn falls(self, luck: Luck) -> bool {
        luck.unit() < self.0
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", (self.0 * 1e8).round() / 1e6)
    }
}
