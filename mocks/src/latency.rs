//! How long a provider takes to answer when nothing is wrong: a log-normal time told by two percentiles.

use crate::luck::Luck;
use crate::time::Span;

/// A log-normal latency, told as its median and its 99th percentile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Latency {
    /// Half of all calls take at most this long.
    pub p50: Span,
    /// 99 of 100 calls take at most this long; not below `p50`.
    pub p99: Span,
}

/// The standard normal distribution's 99th percentile.
const Z99: f64 = 2.326_347_874_040_841;

impl Latency {
    /// A latency that is always the same.
    pub const fn fixed(span: Span) -> Self {
        Self {
            p50: span,
            p99: span,
        }
    }

    /// This call's time.
    pub fn draw(self, luck: Luck) -> Span {
        if self.p99 <= self.p50 {
            return self.p50;
        }
        let sigma = libm::log(self.p99.as_secs_f64() / self.p50.as_secs_f64()) / Z99;
        Span::from_secs_f64(self.p50.as_secs_f64() * libm::exp(sigma * standard_normal(luck)))
    }
}

/// A standard normal number (Box and Muller), with `libm` so that all platforms agree.
pub fn standard_normal(luck: Luck) -> f64 {
    let radius = libm::sqrt(-2.0 * libm::log(1.0 - luck.split(0).unit()));
    radius * libm::cos(std::f64::consts::TAU * luck.split(1).unit())
}
