//! One person's way through a rehearsal, read from its event log.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use super::events::{Event, NotKept};
use super::names;

/// Why nobody can be followed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// There is no event log, or it cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The event log.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A line of it is no event.
    #[error("{}:{line} is no event: {source}", path.display())]
    NoEvent {
        /// The event log.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        source: serde_json::Error,
    },
    /// Nobody has this number.
    #[error("there is no person {person}: the rehearsal had {people}, numbered from 0")]
    Nobody {
        /// The number.
        person: u32,
        /// How many people there were.
        people: u64,
    },
}

/// What happened to one person, as text.
pub fn follow(directory: &Path, person: u32) -> Result<String, FollowError> {
    let path = directory.join(names::EVENTS);
    let unreadable = |source: io::Error| FollowError::Unreadable {
        path: path.clone(),
        source,
    };
    let file = File::open(&path).map_err(unreadable)?;
    // Logs can be long: only lines that name the person are parsed.
    let mark = format!("\"person\":{person},");
    let mut events: Vec<Event> = Vec::new();
    let mut not_kept = 0;
    for (index, line) in BufReader::new(file).lines().enumerate() {
        let line = line.map_err(unreadable)?;
        let no_event = |source: serde_json::Error| FollowError::NoEvent {
            path: path.clone(),
            line: index + 1,
            source,
        };
        if line.contains(&mark) {
            events.push(serde_json::from_str(&line).map_err(no_event)?);
        } else if line.contains("incidents_not_kept") {
            let last: NotKept = serde_json::from_str(&line).map_err(no_event)?;
            not_kept = last.incidents_not_kept;
        }
    }
    if events.is_empty()
        && let Some(people) = people(directory)
        && u64::from(person) >= people
    {
        return Err(FollowError::Nobody { person, people });
    }
    Ok(tell(person, &events, not_kept))
}

/// How many people a rehearsal had, where its outcome can be read.
fn people(directory: &Path) -> Option<u64> {
    let file = File::open(directory.join(names::OUTCOME)).ok()?;
    let outcome: serde_json::Value = serde_json::from_reader(BufReader::new(file)).ok()?;
    outcome["people"]["people"].as_u64()
}

fn tell(person: u32, events: &[Event], not_kept: u64) -> String {
    let mut text = match events.len() {
        0 => format!("person {person}: the event log says nothing of them\n"),
        1 => format!("person {person}: 1 event\n"),
        many => format!("person {person}: {many} events\n"),
    };
    for event in events {
        let Event {
            at,
            offset,
            device,
            kind,
            cause,
            phase,
            ..
        } = event;
        let what = kind.replace('_', " ");
        let what = match cause {
            Some(cause) => format!("{what} ({cause})"),
            None => what,
        };
        let line = format!("  {offset:>16}  device {device}  {what:<44}  {phase:<16}  {at}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    if not_kept > 0 {
        let told = "later incidents, of anybody, are counted but not in it";
        let line = format!("the log was full: {not_kept} {told}\n");
        text.push_str(&line);
    }
    text
}
