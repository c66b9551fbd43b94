//! A baseline: what a rehearsal was like when somebody last said so, as a small file to commit.
//!
//! It is made by an explicit command and never by a run, and it holds the value of every quantity
//! that gates can ask for. It fits one rehearsal only: the same scenario but for its gates, the same
//! seed and the same driver, so that what differs is what was changed in between.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize, Serializer};

use super::gate::{Bound, Gate};
use super::{Status, evaluate, gate, survey};
use crate::outcome::{
    Amount, Completeness, Driver, Moment, OUTCOME_VERSION, Outcome, Unit, WindowPlayed,
};
use crate::scenario;

/// The version of the file's shape.
pub const BASELINE_VERSION: u32 = 1;

/// What a rehearsal was like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// The version of this shape: [`BASELINE_VERSION`].
    pub baseline_version: u32,
    /// The version of the outcome that it was made from.
    pub outcome_version: u32,
    /// The version of the tool that made that outcome.
    pub tool_version: String,
    /// The scenario's name.
    pub scenario: String,
    /// SHA-256 of the scenario without its gates, in hexadecimal: what was rehearsed, whatever was
    /// asked of it.
    pub scenario_sha256: String,
    /// The seed.
    pub seed: u64,
    /// Who carried the calls.
    pub driver: Driver,
    /// Over HTTP, the stretches that were played at true speed, where latencies come from; absent in
    /// virtual time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<Vec<Stretch>>,
    /// Values by quantity and selector, as gates write them.
    pub values: BTreeMap<String, Value>,
}

/// A stretch of scenario time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stretch {
    /// When it begins.
    pub from: Moment,
    /// How long it lasts, in microseconds.
    pub length_us: i64,
}

impl From<&WindowPlayed> for Stretch {
    fn from(window: &WindowPlayed) -> Self {
        Self {
            from: window.from,
            length_us: window.length_us,
        }
    }
}

/// A quantity's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// The number.
    #[serde(serialize_with = "plainly")]
    pub value: f64,
    /// Its unit.
    pub unit: Unit,
    /// How many samples it rests on.
    pub n: u64,
    /// Of what.
    pub of: String,
}

/// A whole number without a decimal point.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands fields over by reference"
)]
fn plainly<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    /// Above this, not every whole number is one of f64.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        serializer.serialize_i64(*number as i64)
    } else {
        serializer.serialize_f64(*number)
    }
}

/// Why an outcome makes no baseline.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoBaseline {
    /// It was cut short.
    #[error("the run was interrupted: what it counted is not the whole rehearsal")]
    Interrupted,
    /// Nobody has judged it.
    #[error("nobody has judged the run: whether it proves anything is not known")]
    NotJudged,
    /// It proves nothing, or something is very wrong.
    #[error("the run is no measure for others: {0}")]
    Unsound(String),
}

/// Why a text is no baseline.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Another shape.
    #[error(
        "its baseline_version is {0} where this tool reads {BASELINE_VERSION}: make it again from a run"
    )]
    Version(u32),
    /// Another outcome.
    #[error(
        "it was made from an outcome of version {0} where this tool writes version {OUTCOME_VERSION}: numbers may not mean the same; make it again from a run"
    )]
    OutcomeVersion(u32),
    /// No baseline at all.
    #[error("it is no baseline: {0}")]
    Shape(#[from] serde_json::Error),
}

/// Why a baseline is none for a rehearsal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Another scenario by name.
    #[error("it is of scenario `{theirs}`, and this is `{ours}`")]
    Name {
        /// The baseline's.
        theirs: String,
        /// The rehearsal's.
        ours: String,
    },
    /// Another seed.
    #[error("it was made with seed {theirs}, and this is seed {ours}: other people, other visits")]
    Seed {
        /// The baseline's.
        theirs: u64,
        /// The rehearsal's.
        ours: u64,
    },
    /// Another driver.
    #[error("it was made {}, and this runs {}: latencies do not compare", driven(*.theirs), driven(*.ours))]
    Driver {
        /// The baseline's.
        theirs: Driver,
        /// The rehearsal's.
        ours: Driver,
    },
    /// Other windows.
    #[error(
        "it was made with other windows at true speed: latencies do not compare; choose the same \
         ones (--window), or make it again"
    )]
    Windows,
    /// Other settings.
    #[error("the scenario has changed since: its hash is {} and was {}", short(.ours), short(.theirs))]
    Scenario {
        /// The baseline's.
        theirs: String,
        /// The rehearsal's.
        ours: String,
    },
}

const fn driven(driver: Driver) -> &'static str {
    match driver {
        Driver::Http => "over HTTP",
        Driver::Tenants => "against test tenants",
        Driver::Virtual => "in virtual time",
    }
}

/// As much of a hash as people compare.
fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

impl Baseline {
    /// What an outcome was like. Its gates may have failed: those that are relative to a baseline
    /// cannot hold before there is one.
    pub fn of(outcome: &Outcome) -> Result<Self, NoBaseline> {
        if let Completeness::Interrupted { .. } = outcome.completeness {
            return Err(NoBaseline::Interrupted);
        }
        let verdict = outcome.verdict.as_ref().ok_or(NoBaseline::NotJudged)?;
        if matches!(
            verdict.status,
            Status::Inconclusive | Status::InvariantViolated
        ) {
            return Err(NoBaseline::Unsound(verdict.reasons.join("; ")));
        }
        let surveyed = survey(outcome).into_iter().map(|surveyed| {
            let value = Value::new(surveyed.value, surveyed.samples);
            (surveyed.quantity.to_string(), value)
        });
        // Parts of the people are too many to keep all: those that gates ask for are kept.
        let asked = verdict.gates.iter().filter_map(|judged| {
            let gate = gate::parse(&judged.gate).ok()?;
            let asking = Gate::asking(gate.quantity(), gate.selector().clone());
            let (value, samples) = evaluate::amount(outcome, &asking)?;
            Some((Self::key(&gate), Value::new(value, samples)))
        });
        let identity = &outcome.identity;
        Ok(Self {
            baseline_version: BASELINE_VERSION,
            outcome_version: outcome.outcome_version,
            tool_version: identity.tool_version.clone(),
            scenario: identity.scenario.clone(),
            scenario_sha256: scenario::hash_without_gates(&identity.text),
            seed: identity.seed,
            driver: identity.driver,
            windows: match identity.driver {
                Driver::Http | Driver::Tenants => {
                    Some(outcome.windows.iter().map(Stretch::from).collect())
                }
                Driver::Virtual => None,
            },
            values: surveyed.chain(asked).collect(),
        })
    }

    /// Reads what [`text`](Self::text) wrote.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        /// What tells whether the rest can be read.
        #[derive(Deserialize)]
        struct Versions {
            baseline_version: u32,
            outcome_version: u32,
        }
        let versions: Versions = serde_json::from_str(text)?;
        if versions.baseline_version != BASELINE_VERSION {
            return Err(Unreadable::Version(versions.baseline_version));
        }
        if versions.outcome_version != OUTCOME_VERSION {
            return Err(Unreadable::OutcomeVersion(versions.outcome_version));
        }
        Ok(serde_json::from_str(text)?)
    }

    /// The file: JSON with one line for each value, so that a change is a line of a diff.
    pub fn text(&self) -> String {
        fn json<T: Serialize>(part: &T) -> String {
            serde_json::to_string(part).expect("text keys and finite numbers only")
        }
        let head = [
            ("baseline_version", json(&self.baseline_version)),
            ("outcome_version", json(&self.outcome_version)),
            ("tool_version", json(&self.tool_version)),
            ("scenario", json(&self.scenario)),
            ("scenario_sha256", json(&self.scenario_sha256)),
            ("seed", json(&self.seed)),
            ("driver", json(&self.driver)),
        ];
        let windows = self.windows.as_ref();
        let windows = windows.map(|windows| ("windows", json(windows)));
        let mut text = String::from("{\n");
        for (key, value) in head.into_iter().chain(windows) {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  \"{key}\": {value},");
        }
        text.push_str("  \"values\": {\n");
        let lines = self.values.iter();
        let lines = lines.map(|(key, value)| format!("    {}: {}", json(key), json(value)));
        text.push_str(&lines.collect::<Vec<_>>().join(",\n"));
        text.push_str("\n  }\n}\n");
        text
    }

    /// Whether it is one for this rehearsal, by its scenario's name, text and seed and its driver.
    pub fn fits(&self, scenario: &scenario::Loaded, driver: Driver) -> Result<(), Unfit> {
        let name = &scenario.scenario.name;
        let seed = scenario.scenario.seed;
        let hash = scenario::hash_without_gates(&scenario.text);
        if self.scenario != *name {
            return Err(Unfit::Name {
                theirs: self.scenario.clone(),
                ours: name.clone(),
            });
        }
        if self.seed != seed {
            return Err(Unfit::Seed {
                theirs: self.seed,
                ours: seed,
            });
        }
        if self.driver != driver {
            return Err(Unfit::Driver {
                theirs: self.driver,
                ours: driver,
            });
        }
        if self.scenario_sha256 != hash {
            return Err(Unfit::Scenario {
                theirs: self.scenario_sha256.clone(),
                ours: hash,
            });
        }
        Ok(())
    }

    /// Whether its latencies come from the same stretches as those of a run with these windows. One
    /// from before windows were told is taken at its word.
    pub fn fits_windows(&self, windows: &[WindowPlayed]) -> Result<(), Unfit> {
        let theirs = self.windows.iter().flatten().copied();
        if self.windows.is_none() || theirs.eq(windows.iter().map(Stretch::from)) {
            Ok(())
        } else {
            Err(Unfit::Windows)
        }
    }

    /// What it has for a gate's quantity and selector.
    pub fn value(&self, gate: &Gate) -> Option<Amount> {
        let value = self.values.get(&Self::key(gate))?;
        (value.unit == gate.unit()).then_some(Amount {
            number: value.value,
            unit: value.unit,
        })
    }

    /// Under which name it keeps what a gate asks for.
    pub(super) fn key(gate: &Gate) -> String {
        format!("{}{}", gate.quantity(), gate.selector())
    }
}

impl Value {
    fn new(value: Amount, samples: crate::outcome::Samples) -> Self {
        Self {
            value: value.number,
            unit: value.unit,
            n: samples.n,
            of: samples.of,
        }
    }
}

/// Whether a gate is relative to a baseline.
pub const fn is_relative(gate: &Gate) -> bool {
    matches!(gate.bound(), Bound::Baseline(_))
}

#[cfg(test)]
mod tests;
