//! The event log: what happened to whom, one JSON line for each incident, in order of time.

use std::io;

use cutover_mocks::time::Timestamp;
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
    let mut lines = Lines::new(recording, start)?;
    for incident in &recording.incidents {
        out.write_all(lines.line(incident))?;
    }
    match recording.incidents_dropped {
        0 => Ok(()),
        incidents_not_kept => {
            serde_json::to_writer(&mut *out, &NotKept { incidents_not_kept })?;
            out.write_all(b"\n")
        }
    }
}

/// Lines as `serde_json` would write [`Event`]s. There are millions of them, and most of a line is
/// the same as in the one before: it is put together by hand.
struct Lines {
    start: Moment,
    /// Where each phase begins, and the end of a line within it.
    phases: Vec<(Timestamp, Vec<u8>)>,
    /// The day of the last line, and the beginning of a line on that day.
    day: (i64, Vec<u8>),
    line: Vec<u8>,
}

impl Lines {
    fn new(recording: &Recording, start: Moment) -> io::Result<Self> {
        let end = |name: &str| -> io::Result<Vec<u8>> {
            let name = serde_json::to_string(name)?;
            Ok(format!(",\"phase\":{name}}}\n").into_bytes())
        };
        let mut phases = Vec::new();
        for phase in &recording.phases {
            phases.push((phase.from, end(&phase.name)?));
        }
        if phases.is_empty() {
            phases.push((start.timestamp(), end("")?));
        }
        Ok(Self {
            start,
            phases,
            day: (i64::MIN, Vec::new()),
            line: Vec::new(),
        })
    }

    fn line(&mut self, incident: &Incident) -> &[u8] {
        let at = Moment::new(incident.at).timestamp();
        let day = at.as_micros().div_euclid(DAY);
        if day != self.day.0 {
            let midnight = Moment::new(Timestamp::from_micros(day * DAY)).to_string();
            let date = midnight.split('T').next().unwrap_or_default();
            self.day = (day, format!("{{\"at\":\"{date}T").into_bytes());
        }
        self.line.clear();
        let line = &mut self.line;
        line.extend_from_slice(&self.day.1);
        let micros = at.as_micros().rem_euclid(DAY).unsigned_abs();
        clock(line, micros / SECOND);
        match micros % SECOND {
            0 => {}
            fraction => {
                line.push(b'.');
                digits(line, fraction, 6);
                while line.last() == Some(&b'0') {
                    line.pop();
                }
            }
        }
        line.extend_from_slice(b"Z\",\"offset\":\"");
        offset(line, (at - self.start.timestamp()).as_micros());
        line.extend_from_slice(b"\",\"person\":");
        number(line, u64::from(incident.person));
        line.extend_from_slice(b",\"device\":");
        number(line, u64::from(incident.device));
        line.extend_from_slice(b",\"kind\":\"");
        line.extend_from_slice(incident.kind.name().as_bytes());
        if let Some(cause) = incident.kind.cause() {
            line.extend_from_slice(b"\",\"cause\":\"");
            line.extend_from_slice(cause.as_bytes());
        }
        line.push(b'"');
        let phase = self
            .phases
            .partition_point(|(from, _)| *from <= incident.at)
            .saturating_sub(1);
        line.extend_from_slice(&self.phases[phase].1);
        line
    }
}

/// Microseconds of a day, and of a second.
const DAY: i64 = 86_400_000_000;
const SECOND: u64 = 1_000_000;

/// Time after the start, as [`Moment::offset`] writes it.
fn offset(line: &mut Vec<u8>, micros: i64) {
    if micros < 0 {
        line.push(b'-');
    }
    let millis = micros.unsigned_abs() / 1_000;
    number(line, millis / 86_400_000);
    line.extend_from_slice(b"d ");
    clock(line, millis / 1_000);
    if !millis.is_multiple_of(1_000) {
        line.push(b'.');
        digits(line, millis % 1_000, 3);
    }
}

/// The time of day: `07:05:00`.
fn clock(line: &mut Vec<u8>, seconds: u64) {
    digits(line, seconds / 3_600 % 24, 2);
    line.push(b':');
    digits(line, seconds / 60 % 60, 2);
    line.push(b':');
    digits(line, seconds % 60, 2);
}

fn number(line: &mut Vec<u8>, value: u64) {
    digits(
        line,
        value,
        value.checked_ilog10().unwrap_or(0) as usize + 1,
    );
}

/// The last digits of a number, so many of them.
fn digits(line: &mut Vec<u8>, mut value: u64, count: usize) {
    let from = line.len();
    line.resize(from + count, b'0');
    for digit in line[from..].iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use cutover_mocks::time::Span;
    use proptest::prelude::*;

    use super::*;
    use crate::recorder::{IncidentKind, LogoutCause, Phase, Recorder, Via};

    const START: Timestamp = Timestamp::from_secs(1_772_409_600);

    fn recording(incident: Incident) -> Recording {
        let phases = vec![
            Phase {
                name: "before".to_owned(),
                from: START,
            },
            Phase {
                name: "a \"quoted\" step".to_owned(),
                from: START + Span::from_hours(30),
            },
        ];
        let recorder = Recorder::new(phases, START, Span::from_days(14));
        let mut recording = recorder.finish(crate::recorder::People::default(), Vec::new());
        recording.incidents.push(incident);
        recording
    }

    /// The same line as the serializer writes it.
    fn by_serde(recording: &Recording, incident: &Incident) -> String {
        let phases = &recording.phases;
        let current = phases
            .partition_point(|phase| phase.from <= incident.at)
            .saturating_sub(1);
        let at = Moment::new(incident.at);
        let event = Event {
            at,
            offset: at.offset(Moment::new(START)),
            person: incident.person,
            device: incident.device,
            kind: incident.kind.name().to_owned(),
            cause: incident.kind.cause().map(str::to_owned),
            phase: phases[current].name.clone(),
        };
        serde_json::to_string(&event).unwrap() + "\n"
    }

    proptest! {
        #[test]
        fn a_line_is_what_the_serializer_writes(
            micros in prop_oneof![
                -200_000_000_000_i64..2_000_000_000_000,
                (-100_000_i64..2_000_000).prop_map(|second| second * 1_000_000),
                (-100_000_i64..2_000_000).prop_map(|milli| milli * 1_000),
            ],
            person: u32,
            device in 0_u8..12,
            kind in prop::sample::select(vec![
                IncidentKind::Migrated,
                IncidentKind::LoggedIn(Via::Stytch),
                IncidentKind::ForcedLogout(LogoutCause::RefreshRace),
            ]),
        ) {
            let incident = Incident { at: START + Span::from_micros(micros), person, device, kind };
            let recording = recording(incident);
            let mut written = Vec::new();
            event_log(&recording, Moment::new(START), &mut written).unwrap();
            prop_assert_eq!(String::from_utf8(written).unwrap(), by_serde(&recording, &incident));
        }
    }
}
