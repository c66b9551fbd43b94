//! Incidents by kind and cause: how many, of whom, and the first of them to look at.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Moment;
use super::counts::phase_name;
use crate::recorder::{IncidentKind, Recording, Slice};

/// Incidents of one kind and cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// The kind: `forced_logout`, `lockout`, …
    pub kind: String,
    /// The cause; absent for a kind that has none.
    pub cause: Option<String>,
    /// How many there were.
    pub count: u64,
    /// The first one in the event log; absent when the log was full before.
    pub first: Option<Example>,
    /// The same count by phase and slice.
    pub parts: Vec<Part>,
}

/// Incidents of one kind and cause in one phase and slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Name of the phase.
    pub phase: String,
    /// The slice.
    pub slice: Slice,
    /// How many.
    pub count: u64,
}

/// One incident to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// When.
    pub at: Moment,
    /// Who.
    pub person: u32,
    /// On which of their devices, from 0.
    pub device: u8,
}

impl Cause {
    /// Whether it counts these incidents.
    pub fn is(&self, incident: IncidentKind) -> bool {
        self.kind == incident.name() && self.cause.as_deref() == incident.cause()
    }
}

pub(super) fn causes(recording: &Recording) -> Vec<Cause> {
    let mut firsts: BTreeMap<IncidentKind, Example> = BTreeMap::new();
    for incident in &recording.incidents {
        let example = Example {
            at: Moment::new(incident.at),
            person: incident.person,
            device: incident.device,
        };
        firsts.entry(incident.kind).or_insert(example);
    }
    let mut parts: BTreeMap<IncidentKind, Vec<Part>> = BTreeMap::new();
    for (&(phase, slice, kind), &count) in &recording.causes {
        parts.entry(kind).or_default().push(Part {
            phase: phase_name(recording, phase),
            slice,
            count,
        });
    }
    let cause = |(kind, parts): (IncidentKind, Vec<Part>)| Cause {
        kind: kind.name().to_owned(),
        cause: kind.cause().map(str::to_owned),
        count: parts.iter().map(|part| part.count).sum(),
        first: firsts.get(&kind).copied(),
        parts,
    };
    parts.into_iter().map(cause).collect()
}
