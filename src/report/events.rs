//! The event log: what happened to whom, one JSON line for each incident, in order of time.

use std::io;

use serde::{Deserialize, Serialize};

use crate::outcome::Moment;
use crate::recorder::{Incident, Recording};

/// One line of the event log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// When, in scenario time.
    pub at: Moment,
    /// The same after the start of the rehearsal: `1d 08:00:00.250`.
    pub offset: String,
    /// Who.
    pub person: u32,
    /// On which of their devices, from 0.
    pub device: u8,
    /// What: `forced_logout`, `migrated`, …
    pub kind: String,
    /// Its cause; for a login, the provider.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<String>,
    /// Name of the phase.
    pub phase: String,
}

/// The last line of a log that does not hold everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NotKept {
    /// Incidents that happened and are not in the log.
    pub(super) incidents_not_kept: u64,
}

/// Writes the event log.
pub fn event_log(recording: &Recording, start: Moment, out: &mut dyn io::Write) -> io::Result<()> {
    for incident in &recording.incidents {
        line(&event(recording, start, incident), out)?;
    }
    match recording.incidents_dropped {
        0 => Ok(()),
        incidents_not_kept => line(&NotKept { incidents_not_kept }, out),
    }
}

fn line(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

fn event(recording: &Recording, start: Moment, incident: &Incident) -> Event {
    let phases = &recording.phases;
    let current = phases
        .partition_point(|phase| phase.from <= incident.at)
        .saturating_sub(1);
    let at = Moment::new(incident.at);
    Event {
        at,
        offset: at.offset(start),
        person: incident.person,
        device: incident.device,
        kind: incident.kind.name().to_owned(),
        cause: incident.kind.cause().map(str::to_owned),
        phase: phases
            .get(current)
            .map(|phase| phase.name.clone())
            .unwrap_or_default(),
    }
}
