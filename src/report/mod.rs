//! Reports: an outcome as text for people, and as files for machines. Nothing is decided here.

mod annotations;
mod chart;
mod columns;
mod comparison;
mod directory;
mod divergence;
mod events;
mod follow;
mod html;
mod json;
mod junit;
mod markdown;
mod metrics;
mod summary;
mod terminal;
mod wording;

#[cfg(test)]
mod tests;

use std::io;

use crate::comparison::ComparisonOutcome;
use crate::outcome::Outcome;
use crate::recorder::Recording;

pub use annotations::{Annotation, annotations, comparison_annotations};
pub use comparison::comparison;
pub use directory::{DirectoryError, RunDirectory};
pub use divergence::{Divergence, DivergenceError, Parted};
pub use events::{Event, event_log};
pub use follow::{FollowError, follow};
pub use html::{comparison_html, html};
pub use json::{comparison_json, json};
pub use junit::{comparison_junit, junit};
pub use metrics::{comparison_metrics, metrics};
pub use summary::{comparison_summary, summary};
pub use terminal::terminal;

/// File names within a run's directory.
pub mod names {
    /// The outcome.
    pub const OUTCOME: &str = "outcome.json";
    /// A run or a comparison as a page for people.
    pub const PAGE: &str = "index.html";
    /// Gates and invariants as test cases.
    pub const JUNIT: &str = "junit.xml";
    /// The outcome of a comparison.
    pub const COMPARISON: &str = "comparison.json";
    /// The verdict as Markdown.
    pub const SUMMARY: &str = "summary.md";
    /// Its numbers as `OpenMetrics` text.
    pub const METRICS: &str = "metrics.txt";
    /// One line for each incident.
    pub const EVENTS: &str = "events.jsonl";
}

/// Writes all reports of a comparison; each file appears whole or not at all.
pub fn write_comparison(
    directory: &RunDirectory,
    outcome: &ComparisonOutcome,
) -> Result<(), DirectoryError> {
    directory.write(names::PAGE, |out| {
        out.write_all(comparison_html(outcome).as_bytes())
    })?;
    directory.write(names::JUNIT, |out| {
        let xml = comparison_junit(outcome).map_err(io::Error::other)?;
        out.write_all(xml.as_bytes())
    })?;
    directory.write(names::SUMMARY, |out| {
        out.write_all(comparison_summary(outcome).as_bytes())
    })?;
    directory.write(names::METRICS, |out| {
        let text = comparison_metrics(outcome).map_err(io::Error::other)?;
        out.write_all(text.as_bytes())
    })?;
    directory.write(names::COMPARISON, |out| {
        out.write_all(comparison_json(outcome).as_bytes())
    })
}

/// Writes all reports; each file appears whole or not at all, the outcome last.
pub fn write(
    directory: &RunDirectory,
    outcome: &Outcome,
    recording: &Recording,
) -> Result<(), DirectoryError> {
    directory.write(names::EVENTS, |out| {
        event_log(recording, outcome.start, out)
    })?;
    directory.write(names::PAGE, |out| out.write_all(html(outcome).as_bytes()))?;
    directory.write(names::JUNIT, |out| {
        let xml = junit(outcome).map_err(io::Error::other)?;
        out.write_all(xml.as_bytes())
    })?;
    directory.write(names::SUMMARY, |out| {
        out.write_all(summary(outcome).as_bytes())
    })?;
    directory.write(names::METRICS, |out| {
        let text = metrics(outcome).map_err(io::Error::other)?;
        out.write_all(text.as_bytes())
    })?;
    directory.write(names::OUTCOME, |out| {
        out.write_all(json(outcome).as_bytes())
    })
}
