//! Statistics of few seeds and rare counts: exact where it is cheap, resampled where it is not.
//!
//! Every function is pure; resampling takes its luck from its arguments. Mathematics that decides a
//! printed digit goes through `libm`, so that platforms agree.

mod bootstrap;
mod exact;
mod family;
mod paired;
mod special;

pub use bootstrap::{Interval, mean_interval};
pub use exact::{Discordant, binomial_interval, poisson_interval};
pub use family::holm;
pub use paired::{Paired, correlation, seeds_at_least};
