//! What was rehearsed, with what, where and when; all of it is told to the outcome, nothing looked up.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Moment;
use crate::scenario::{self, Cutover, Loaded, Strategy};

/// What was rehearsed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The scenario's name.
    pub scenario: String,
    /// The question it answers.
    pub question: String,
    /// The scenario's text: its file, the files it extends and the settings of the command line,
    /// merged to one.
    pub text: String,
    /// SHA-256 of the text, in hexadecimal.
    pub sha256: String,
    /// The scenario's file and those it extends, in this order.
    pub files: Vec<String>,
    /// The seed of everything random.
    pub seed: u64,
    /// Settings of the command line, as written: `population.users=500`.
    pub overrides: Vec<String>,
    /// Name of the strategy.
    pub strategy: String,
    /// Who carried the calls.
    pub driver: Driver,
    /// Version of this tool.
    pub tool_version: String,
}

impl Identity {
    /// Of a loaded scenario.
    pub fn new(loaded: &Loaded, driver: Driver, tool_version: &str) -> Self {
        let scenario = &loaded.scenario;
        Self {
            scenario: scenario.name.clone(),
            question: scenario.question.clone(),
            text: loaded.text.clone(),
            sha256: loaded.hash.clone(),
            files: loaded
                .files
                .iter()
                .map(|file| file.display().to_string())
                .collect(),
            seed: scenario.seed,
            overrides: loaded.overrides.clone(),
            strategy: strategy(&scenario.cutover).to_owned(),
            driver,
            tool_version: tool_version.to_owned(),
        }
    }
}

/// A strategy as scenarios write it.
const fn strategy(cutover: &Cutover) -> &'static str {
    match (&cutover.strategy, cutover.rollback.is_some()) {
        (Strategy::None, _) => "none",
        (Strategy::AllAtOnce { .. }, false) => "all-at-once",
        (Strategy::AllAtOnce { .. }, true) => "all-at-once with rollback",
        (Strategy::Rolling(_), false) => "rolling",
        (Strategy::Rolling(_), true) => "rolling with rollback",
        (Strategy::ZeroDowntime { .. }, false) => "zero-downtime",
        (Strategy::ZeroDowntime { .. }, true) => "zero-downtime with rollback",
    }
}

/// Who carried the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Driver {
    /// Real HTTP, to mock servers on this machine.
    Http,
    /// Real HTTP, to test tenants, in a window at true speed.
    Tenants,
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

/// A setting with its value, and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assumption {
    /// The setting's path.
    pub key: String,
    /// Its value in this rehearsal, as TOML.
    pub value: String,
    /// Whether nobody set it.
    pub default: bool,
    /// Where a default comes from; `UNCONFIRMED` stands in it where no source tells.
    pub source: String,
}

impl Assumption {
    /// Whether it is a default that no source confirms.
    pub fn is_unconfirmed(&self) -> bool {
        self.default && self.source.contains("UNCONFIRMED")
    }
}

impl From<&scenario::Assumption> for Assumption {
    fn from(setting: &scenario::Assumption) -> Self {
        Self {
            key: setting.key.clone(),
            value: setting.value.clone(),
            default: setting.default,
            source: setting.source.to_owned(),
        }
    }
}
