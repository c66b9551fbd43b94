//! Two numbers that must agree, with what explains their difference.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Two numbers that must agree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// What is checked.
    pub name: String,
    /// Against whom.
    pub kind: CheckKind,
    /// One side.
    pub left: Side,
    /// The other.
    pub right: Side,
    /// Differences that are as they should be.
    pub explained: Vec<Explanation>,
    /// What no explanation covers; the check holds when this is 0.
    pub unexplained: u64,
}

/// Against whom a check holds the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// The recording against itself.
    Conservation,
    /// The recording against the providers' ledgers.
    Reconciliation,
}

/// A number, and what it counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// What.
    pub what: String,
    /// How many.
    pub count: u64,
}

/// A part of a difference that is as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// How many.
    pub count: u64,
    /// Why.
    pub why: String,
}

impl Check {
    /// Whether the numbers agree.
    pub const fn holds(&self) -> bool {
        self.unexplained == 0
    }

    pub(super) fn new(name: &str, kind: CheckKind, left: (&str, u64), right: (&str, u64)) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            left: Side {
                what: left.0.to_owned(),
                count: left.1,
            },
            right: Side {
                what: right.0.to_owned(),
                count: right.1,
            },
            explained: Vec::new(),
            unexplained: left.1.abs_diff(right.1),
        }
    }

    /// Explains up to `count` of what is still unexplained; returns how much it took.
    pub(super) fn explain(&mut self, count: u64, why: &str) -> u64 {
        let count = count.min(self.unexplained);
        if count > 0 {
            self.unexplained -= count;
            self.explained.push(Explanation {
                count,
                why: why.to_owned(),
            });
        }
        count
    }
}

/// Why a call that was sent has no answer yet.
pub(super) const UNDER_WAY: &str = "under way when the rehearsal ended";
