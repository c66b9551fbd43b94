//! What was judged, as data: results of gates and invariants, with their numbers and reasons.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a rehearsal passed, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// The gates, in the scenario's order.
    pub gates: Vec<GateOutcome>,
    /// The invariants.
    pub invariants: Vec<InvariantOutcome>,
    /// What follows from them.
    pub status: Status,
    /// Why it is no pass, one sentence each; empty for a pass.
    pub reasons: Vec<String>,
}

/// The one word of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Every gate and every invariant holds.
    Passed,
    /// At least one gate does not hold.
    GateFailed,
    /// At least one invariant is violated.
    InvariantViolated,
    /// The rehearsal says nothing: it was cut short, its driver was late, or its sums do not agree.
    Inconclusive,
}

/// A gate's result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GateOutcome {
    /// The gate, as the scenario writes it.
    pub gate: String,
    /// The file it stands in; empty for a gate of the command line.
    pub file: String,
    /// Its line, from 1; 0 without a file.
    pub line: usize,
    /// Whether it holds.
    pub result: GateResult,
    /// The value that was held against the limit; absent when there is none.
    pub value: Option<Amount>,
    /// What the baseline has for it; absent for a gate that names its limit, and without a baseline.
    pub baseline: Option<Amount>,
    /// The limit; absent where it would follow from a baseline that is not there.
    pub limit: Option<Amount>,
    /// Room left until the limit, in its unit: negative when the gate fails, 0 at the limit. Absent
    /// without a value, and for `!=`.
    pub margin: Option<f64>,
    /// What the value rests on.
    pub samples: Samples,
    /// What a reader should know of a value that holds, such as how little a zero of few proves.
    pub note: Option<String>,
    /// Why it does not hold.
    pub reason: Option<String>,
    /// Where to look when it does not hold.
    pub look: Option<String>,
}

/// Whether a gate holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateResult {
    /// It does.
    Holds,
    /// It does not.
    Fails,
    /// Its quantity was never measured; this never counts as holding.
    NotExercised,
}

/// A number with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// The number.
    pub number: f64,
    /// Its unit.
    pub unit: Unit,
}

/// A unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Things.
    Count,
    /// Hundredths of a whole.
    Percent,
    /// Microseconds.
    Microseconds,
    /// Things per second.
    PerSecond,
    /// Times as much.
    Ratio,
}

/// What a value rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Samples {
    /// How many.
    pub n: u64,
    /// Of what.
    pub of: String,
}

/// An invariant's result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvariantOutcome {
    /// The invariant.
    pub name: String,
    /// Whether it holds.
    pub result: InvariantResult,
    /// How often it was checked.
    pub checked: u64,
    /// What was found, in one sentence.
    pub finding: String,
}

/// Whether an invariant holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InvariantResult {
    /// It does.
    Holds,
    /// It does not.
    Violated,
    /// Nothing was checked; this never counts as holding.
    NotExercised,
}

/// As people read it: `31,204`, `99.93%`, `412 ms`, `17/s`, `1.5x`.
impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            // A limit that follows from a baseline may fall between counts, or below them.
            Unit::Count if self.number.fract() != 0.0 || self.number < 0.0 => {
                write!(f, "{}", rounded(self.number, 2))
            }
            Unit::Count => f.write_str(&grouped(self.number as u64)),
            // Near nothing and near everything the small digits are what matters.
            Unit::Percent if (1.0..=99.0).contains(&self.number) => {
                write!(f, "{}%", rounded(self.number, 2))
            }
            Unit::Percent => write!(f, "{}%", rounded(self.number, 4)),
            Unit::PerSecond => write!(f, "{}/s", rounded(self.number, 2)),
            Unit::Ratio => write!(f, "{}x", rounded(self.number, 3)),
            Unit::Microseconds => match self.number {
                micros if micros < 1_000.0 => write!(f, "{micros} us"),
                micros if micros < 10_000_000.0 => write!(f, "{} ms", rounded(micros / 1e3, 1)),
                micros => write!(f, "{} s", rounded(micros / 1e6, 1)),
            },
        }
    }
}

/// At most this many decimals, none of them a trailing zero.
fn rounded(number: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (number * scale).round() / scale
}

/// Digits in groups of three: `31,204`.
pub(crate) fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_read_as_people_write_them() {
        let shown = |number: f64, unit: Unit| Amount { number, unit }.to_string();
        assert_eq!(shown(0.0, Unit::Count), "0");
        assert_eq!(shown(999.0, Unit::Count), "999");
        assert_eq!(shown(31_204.0, Unit::Count), "31,204");
        assert_eq!(shown(1_234_567.0, Unit::Count), "1,234,567");
        assert_eq!(shown(3.3, Unit::Count), "3.3");
        assert_eq!(shown(-2.0, Unit::Count), "-2");
        assert_eq!(shown(99.930_000_1, Unit::Percent), "99.93%");
        assert_eq!(shown(0.000_51, Unit::Percent), "0.0005%");
        assert_eq!(shown(66.666_67, Unit::Percent), "66.67%");
        assert_eq!(shown(412.0, Unit::Microseconds), "412 us");
        assert_eq!(shown(412_345.0, Unit::Microseconds), "412.3 ms");
        assert_eq!(shown(61_000_000.0, Unit::Microseconds), "61 s");
        assert_eq!(shown(17.0, Unit::PerSecond), "17/s");
        assert_eq!(shown(1.5, Unit::Ratio), "1.5x");
    }
}
