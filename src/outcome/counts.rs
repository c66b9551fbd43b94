//! Counts as the outcome keeps them: in all, by phase and slice, and over scenario time.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Moment;
use crate::recorder::{Counts, Measure, Recording, Slice, Timeline};

/// A phase of the cutover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// Its name.
    pub name: String,
    /// When it begins.
    pub from: Moment,
}

/// Counts of one phase and slice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CountRow {
    /// Name of the phase.
    pub phase: String,
    /// The slice.
    pub slice: Slice,
    /// What was counted; a measure that is absent is 0.
    pub counts: BTreeMap<Measure, u64>,
}

/// Counts over scenario time: one column for each measure that is not 0 throughout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimelineColumns {
    /// Start of the first bucket.
    pub start: Moment,
    /// Length of a bucket, in microseconds.
    pub bucket_us: i64,
    /// How many buckets there are.
    pub buckets: u64,
    /// One number for each bucket.
    pub columns: BTreeMap<Measure, Vec<u64>>,
}

pub(super) fn phases(recording: &Recording) -> Vec<Phase> {
    let phase = |phase: &crate::recorder::Phase| Phase {
        name: phase.name.clone(),
        from: Moment::new(phase.from),
    };
    recording.phases.iter().map(phase).collect()
}

/// The name of a phase of the recording.
pub(super) fn phase_name(recording: &Recording, phase: usize) -> String {
    recording
        .phases
        .get(phase)
        .map(|phase| phase.name.clone())
        .unwrap_or_default()
}

pub(super) fn totals(recording: &Recording) -> BTreeMap<Measure, u64> {
    let mut totals: Counts = [0; Measure::COUNT];
    for counts in recording.counts.values() {
        for (total, count) in totals.iter_mut().zip(counts) {
            *total += count;
        }
    }
    named(&totals)
}

pub(super) fn rows(recording: &Recording) -> Vec<CountRow> {
    let row = |(&(phase, slice), counts): (&(usize, Slice), &Counts)| CountRow {
        phase: phase_name(recording, phase),
        slice,
        counts: named(counts),
    };
    recording.counts.iter().map(row).collect()
}

pub(super) fn timeline(timeline: &Timeline) -> TimelineColumns {
    let column = |measure: Measure| -> Vec<u64> {
        timeline
            .rows
            .iter()
            .map(|row| row[measure as usize])
            .collect()
    };
    TimelineColumns {
        start: Moment::new(timeline.start),
        bucket_us: timeline.bucket.as_micros(),
        buckets: timeline.rows.len() as u64,
        columns: Measure::ALL
            .into_iter()
            .map(|measure| (measure, column(measure)))
            .filter(|(_, column)| column.iter().any(|&count| count > 0))
            .collect(),
    }
}

fn named(counts: &Counts) -> BTreeMap<Measure, u64> {
    let named = Measure::ALL
        .into_iter()
        .map(|measure| (measure, counts[measure as usize]));
    named.filter(|&(_, count)| count > 0).collect()
}
