//! Where two runs part: the first event that differs, and the numbers that do.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::events::Event;
use super::names;

/// Why two runs cannot be compared.
#[derive(Debug, thiserror::Error)]
pub enum DivergenceError {
    /// A file of a run is missing, or cannot be read.
    #[error("cannot read {}: {source}\nhelp: name two directories of runs, each with {} and {}", path.display(), names::EVENTS, names::OUTCOME)]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An outcome is no JSON.
    #[error("{} is no outcome: {source}", path.display())]
    NoOutcome {
        /// The file.
        path: PathBuf,
        /// Why.
        source: serde_json::Error,
    },
}

/// How two runs compare.
#[derive(Clone, Debug, PartialEq)]
pub struct Divergence {
    /// Whether both are the same scenario with the same seed, of the same version, in virtual time:
    /// then everything must be the same.
    pub must_agree: bool,
    /// Events that both logs begin with.
    pub events_alike: u64,
    /// The first lines that differ.
    pub events: Option<Parted>,
    /// Values of the outcomes that differ: where, and both.
    pub values: Vec<(String, Parted)>,
}

/// What each side says; none where it says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parted {
    /// The first run.
    pub left: Option<String>,
    /// The second run.
    pub right: Option<String>,
}

/// What an outcome says of the computer's clock and not of the rehearsal.
const WALL_TIME: &str = "run";

impl Divergence {
    /// Reads two directories of runs.
    pub fn between(left: &Path, right: &Path) -> Result<Self, DivergenceError> {
        let (events_alike, events) = first_event(left, right)?;
        let (mut one, mut other) = (outcome(left)?, outcome(right)?);
        let must_agree =
            one["identity"] == other["identity"] && one["identity"]["driver"] == "virtual";
        for outcome in [&mut one, &mut other] {
            if let Some(fields) = outcome.as_object_mut() {
                fields.remove(WALL_TIME);
            }
        }
        let mut values = Vec::new();
        differences("", Some(&one), Some(&other), &mut values);
        Ok(Self {
            must_agree,
            events_alike,
            events,
            values,
        })
    }

    /// Whether nothing differs.
    pub fn is_none(&self) -> bool {
        self.events.is_none() && self.values.is_empty()
    }

    /// As text, with so many of the values at most.
    pub fn tell(&self, most: usize) -> String {
        let Self {
            events_alike: alike,
            events,
            values,
            must_agree,
        } = self;
        if self.is_none() {
            return format!("✓ SAME: {alike} events and both outcomes, value by value\n");
        }
        let mut text = "✗ DIFFERENT".to_owned();
        if *must_agree {
            text += ", and should not be: the same scenario, seed and version in virtual time";
        }
        text += "\n";
        // Writing to a String cannot fail.
        if let Some(parted) = events {
            let _ = writeln!(text, "  event {} is the first that differs:", alike + 1);
            let _ = write!(text, "{parted}");
        } else {
            let _ = writeln!(text, "  all {alike} events are the same");
        }
        for (place, parted) in values.iter().take(most) {
            let _ = write!(text, "  {place}\n{parted}");
        }
        if values.len() > most {
            let more = values.len() - most;
            let _ = writeln!(text, "  and {more} more values of the outcomes (--list)");
        }
        text
    }
}

impl std::fmt::Display for Parted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let said = |side: &Option<String>| side.clone().unwrap_or_else(|| "nothing".to_owned());
        writeln!(f, "    left   {}", said(&self.left))?;
        writeln!(f, "    right  {}", said(&self.right))
    }
}

/// How many lines are the same, and the first that are not.
fn first_event(left: &Path, right: &Path) -> Result<(u64, Option<Parted>), DivergenceError> {
    let [mut left, mut right] = [lines(left)?, lines(right)?];
    let mut alike = 0;
    loop {
        match (left()?, right()?) {
            (None, None) => return Ok((alike, None)),
            (one, other) if one == other => alike += 1,
            (one, other) => {
                let parted = Parted {
                    left: one.as_deref().map(readable),
                    right: other.as_deref().map(readable),
                };
                return Ok((alike, Some(parted)));
            }
        }
    }
}

type NextLine = Box<dyn FnMut() -> Result<Option<String>, DivergenceError>>;

fn lines(directory: &Path) -> Result<NextLine, DivergenceError> {
    let path = directory.join(names::EVENTS);
    let mut lines = BufReader::new(open(&path)?).lines();
    Ok(Box::new(move || {
        let line = lines.next().transpose();
        line.map_err(|source| DivergenceError::Unreadable {
            path: path.clone(),
            source,
        })
    }))
}

fn open(path: &Path) -> Result<File, DivergenceError> {
    File::open(path).map_err(|source| DivergenceError::Unreadable {
        path: path.to_owned(),
        source,
    })
}

/// An event as a person reads it; any other line as it is.
fn readable(line: &str) -> String {
    let Ok(event) = serde_json::from_str::<Event>(line) else {
        return line.to_owned();
    };
    let Event {
        offset,
        person,
        device,
        kind,
        cause,
        phase,
        ..
    } = event;
    let cause = cause.map_or(String::new(), |cause| format!(" ({cause})"));
    let what = kind.replace('_', " ");
    format!("{offset}  person {person}  device {device}  {what}{cause}, {phase}")
}

fn outcome(directory: &Path) -> Result<Value, DivergenceError> {
    let path = directory.join(names::OUTCOME);
    let reader = BufReader::new(open(&path)?);
    serde_json::from_reader(reader).map_err(|source| DivergenceError::NoOutcome { path, source })
}

/// Adds the values that differ, in order of the document.
fn differences(
    place: &str,
    left: Option<&Value>,
    right: Option<&Value>,
    found: &mut Vec<(String, Parted)>,
) {
    match (left, right) {
        (Some(one), Some(other)) if one == other => {}
        (Some(Value::Object(one)), Some(Value::Object(other))) => {
            let only_right = other.keys().filter(|key| !one.contains_key(*key));
            for key in one.keys().chain(only_right) {
                let dot = if place.is_empty() { "" } else { "." };
                let place = format!("{place}{dot}{key}");
                differences(&place, one.get(key), other.get(key), found);
            }
        }
        (Some(Value::Array(one)), Some(Value::Array(other))) => {
            for index in 0..one.len().max(other.len()) {
                let place = format!("{place}[{index}]");
                differences(&place, one.get(index), other.get(index), found);
            }
        }
        (left, right) => found.push((
            place.to_owned(),
            Parted {
                left: left.map(Value::to_string),
                right: right.map(Value::to_string),
            },
        )),
    }
}
