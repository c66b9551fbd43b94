//! Which counts the tables by phase and by group show.

use std::collections::BTreeMap;

use crate::outcome::Outcome;
use crate::recorder::Measure;

/// The weightiest first. Of counts that are 0 throughout, none but the first two are shown.
const COUNTED: [(Measure, &str); 9] = [
    (Measure::VisitsScheduled, "visits"),
    (Measure::ForcedLogouts, "forced logouts"),
    (Measure::SilentMigrations, "migrated silently"),
    (Measure::Logins, "logins"),
    (Measure::Lockouts, "lockouts"),
    (Measure::Abandonments, "gave up"),
    (Measure::Retries, "retries"),
    (Measure::NaturalLogouts, "natural logouts"),
    (Measure::MigrationAttempts, "migration attempts"),
];

/// The counts that a rehearsal's tables show, and what they are called.
pub(super) fn shown(outcome: &Outcome) -> impl Iterator<Item = (Measure, &'static str)> {
    let always = |measure| matches!(measure, Measure::VisitsScheduled | Measure::ForcedLogouts);
    COUNTED
        .into_iter()
        .filter(move |&(measure, _)| always(measure) || outcome.total(measure) > 0)
}

/// What was counted within a phase.
pub(super) fn within(outcome: &Outcome, phase: &str) -> BTreeMap<Measure, u64> {
    let counts = outcome.counts.iter().filter(|row| row.phase == phase);
    let mut sums = BTreeMap::new();
    for (&measure, count) in counts.flat_map(|row| &row.counts) {
        *sums.entry(measure).or_insert(0) += count;
    }
    sums
}
