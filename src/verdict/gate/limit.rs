//! What a quantity is held against, and how.

use std::fmt;

use cutover_mocks::time::Span;

use crate::outcome::Unit;

/// How a value is held against its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<=`
    AtMost,
    /// `<`
    Below,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

impl Comparison {
    /// All comparisons; a longer sign comes before the sign that it begins with.
    pub const ALL: [Self; 6] = [
        Self::Equal,
        Self::NotEqual,
        Self::AtMost,
        Self::Below,
        Self::AtLeast,
        Self::Above,
    ];

    /// The sign.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::AtMost => "<=",
            Self::Below => "<",
            Self::AtLeast => ">=",
            Self::Above => ">",
        }
    }

    /// Whether the value holds.
    #[expect(
        clippy::float_cmp,
        reason = "counts are exact in f64; who asks for == means it"
    )]
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Equal => value == limit,
            Self::NotEqual => value != limit,
            Self::AtMost => value <= limit,
            Self::Below => value < limit,
            Self::AtLeast => value >= limit,
            Self::Above => value > limit,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign())
    }
}

/// A limit; never negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// A whole number of things.
    Count(u64),
    /// A share in percent, as written.
    Percent(f64),
    /// A length of time.
    Time(Span),
    /// Things per second.
    PerSecond(f64),
    /// How many times as much.
    Ratio(f64),
}

impl Limit {
    /// The unit of its number.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Count(_) => Unit::Count,
            Self::Percent(_) => Unit::Percent,
            Self::Time(_) => Unit::Microseconds,
            Self::PerSecond(_) => Unit::PerSecond,
            Self::Ratio(_) => Unit::Ratio,
        }
    }

    /// The number that values are compared with: percent for shares, microseconds for times.
    pub const fn number(self) -> f64 {
        match self {
            Self::Count(count) => count as f64,
            Self::Percent(number) | Self::PerSecond(number) | Self::Ratio(number) => number,
            Self::Time(span) => span.as_micros() as f64,
        }
    }
}

/// Units of time, the longest first.
pub(super) const TIME_UNITS: [(&str, i64); 6] = [
    ("d", 86_400_000_000),
    ("h", 3_600_000_000),
    ("m", 60_000_000),
    ("s", 1_000_000),
    ("ms", 1_000),
    ("us", 1),
];

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
            Self::PerSecond(rate) => write!(f, "{rate}/s"),
            Self::Ratio(ratio) => write!(f, "{ratio}"),
            Self::Time(span) => {
                let micros = span.as_micros();
                let fits = TIME_UNITS
                    .iter()
                    .find(|(_, unit)| micros > 0 && micros % unit == 0);
                match fits {
                    Some((name, unit)) => write!(f, "{}{name}", micros / unit),
                    None => write!(f, "{micros}us"),
                }
            }
        }
    }
}
