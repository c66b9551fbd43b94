//! What was rehearsed, with what, where and when; all of it is told to the outcome, nothing looked up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Moment;

/// What was rehearsed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The scenario's name.
    pub scenario: String,
    /// The question it answers.
    pub question: String,
    /// The scenario's text as it was read, the main file only.
    pub text: String,
    /// SHA-256 of the scenario's text and of every file it includes, in hexadecimal.
    pub sha256: String,
    /// The seed of everything random.
    pub seed: u64,
    /// Settings changed on the command line, in order.
    pub overrides: Vec<Override>,
    /// Name of the strategy.
    pub strategy: String,
    /// Who carried the calls.
    pub driver: Driver,
    /// Version of this tool.
    pub tool_version: String,
}

/// A setting changed on the command line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The setting's path: `population.users`.
    pub key: String,
    /// Its value, as written.
    pub value: String,
}

/// Who carried the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Driver {
    /// Real HTTP.
    Http,
    /// The machines in process, in virtual time.
    Virtual,
}

/// Where and when it ran.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The machine.
    pub machine: Machine,
    /// Wall time of the start.
    pub started: Moment,
    /// Wall time of the end.
    pub ended: Moment,
}

/// A machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// Cores that the process may use.
    pub cores: u32,
    /// Operating system.
    pub os: String,
    /// Processor architecture.
    pub arch: String,
}

/// An assumption that the result rests on: a setting that no source confirms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assumption {
    /// The setting's path.
    pub key: String,
    /// Its value in this rehearsal.
    pub value: String,
    /// Its default.
    pub default: String,
    /// Where the default comes from.
    pub source: String,
}
