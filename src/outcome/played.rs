//! How scenario time was played: which stretches at true speed, and how the rest.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Lateness, Moment};
use crate::scenario::Time;

/// How scenario time was played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Stretches that were played at true speed.
    pub windows: Vec<WindowPlayed>,
    /// How the rest was played.
    pub elsewhere: Elsewhere,
}

/// A stretch of scenario time that was played at true speed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowPlayed {
    /// Its name.
    pub name: String,
    /// When it begins.
    pub from: Moment,
    /// How long it lasts, in microseconds.
    pub length_us: i64,
    /// What made it worth it, in numbers; absent for the scenario's own windows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How late things started in it; absent when nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lateness: Option<Lateness>,
}

/// How the time outside the windows was played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Elsewhere {
    /// Over HTTP, in time-lapse.
    #[default]
    TimeLapse,
    /// In virtual time: no call outside the windows was on the wire.
    VirtualTime,
}

impl Played {
    /// The scenario's own windows.
    pub fn new(time: &Time, elsewhere: Elsewhere) -> Self {
        let windows = time.windows.iter().map(|window| WindowPlayed {
            name: window.name.clone(),
            from: Moment::new(time.start + window.from),
            length_us: window.length.as_micros(),
            why: None,
            lateness: None,
        });
        Self {
            windows: windows.collect(),
            elsewhere,
        }
    }
}
