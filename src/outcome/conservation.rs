//! Sums that must agree within a recording: what went in came out, and everything has its cause.

use cutover_mocks::{auth0, stytch};

use super::check::{Check, CheckKind, UNDER_WAY};
use crate::recorder::{IncidentKind, Measure, Recording};

/// Tells the incidents that a measure counts.
type IsOfKind = fn(IncidentKind) -> bool;

/// Measures whose every unit is an incident.
const CAUSED: [(Measure, IsOfKind); 6] = [
    (Measure::ForcedLogouts, |kind| {
        matches!(kind, IncidentKind::ForcedLogout(_))
    }),
    (Measure::Lockouts, |kind| {
        matches!(kind, IncidentKind::Lockout(_))
    }),
    (Measure::Abandonments, |kind| {
        matches!(kind, IncidentKind::Abandonment(_))
    }),
    (Measure::SilentMigrations, |kind| {
        matches!(kind, IncidentKind::Migrated)
    }),
    (Measure::DuplicateAccounts, |kind| {
        matches!(kind, IncidentKind::DuplicateAccount)
    }),
    (Measure::WronglyAdmitted, |kind| {
        matches!(kind, IncidentKind::WronglyAdmitted(_))
    }),
];

/// The recording against itself; `open` calls were under way when the rehearsal ended.
pub(super) fn conservation(recording: &Recording, open: u64) -> Vec<Check> {
    let mut checks = vec![visits(recording)];
    checks.extend(CAUSED.map(|(measure, is)| {
        let name = format!("all of {} have a cause", measure.name());
        let total = (measure.name(), total(recording, measure));
        equal(
            &name,
            total,
            ("incidents of the kind", caused(recording, is)),
        )
    }));
    checks.extend([
        incidents(recording),
        calls(recording, open),
        migrate_calls(recording, open),
        migrations(recording),
        timeline(recording),
    ]);
    checks
}

fn equal(name: &str, left: (&str, u64), right: (&str, u64)) -> Check {
    Check::new(name, CheckKind::Conservation, left, right)
}

fn total(recording: &Recording, measure: Measure) -> u64 {
    recording
        .counts
        .values()
        .map(|counts| counts[measure as usize])
        .sum()
}

fn caused(recording: &Recording, is: IsOfKind) -> u64 {
    let all = recording
        .causes
        .iter()
        .filter(|((_, _, kind), _)| is(*kind));
    all.map(|(_, count)| count).sum()
}

fn visits(recording: &Recording) -> Check {
    let ends = [
        Measure::VisitsDone,
        Measure::VisitsAbandoned,
        Measure::VisitsFailed,
        Measure::VisitsCutOff,
    ];
    let ended = ends
        .into_iter()
        .map(|measure| total(recording, measure))
        .sum();
    equal(
        "every visit has an end",
        (
            "visits scheduled",
            total(recording, Measure::VisitsScheduled),
        ),
        ("visits done, abandoned, failed or cut off", ended),
    )
}

fn incidents(recording: &Recording) -> Check {
    equal(
        "every incident is kept or counted as dropped",
        ("incidents counted", recording.causes.values().sum()),
        (
            "kept and dropped",
            recording.incidents.len() as u64 + recording.incidents_dropped,
        ),
    )
}

fn calls(recording: &Recording, open: u64) -> Check {
    // Key sets are fetched by instances of the application for nobody in particular.
    let auth0 = recording
        .auth0_calls
        .iter()
        .filter(|((to, _), _)| *to != auth0::Endpoint::Jwks);
    let stytch = recording
        .stytch_calls
        .iter()
        .filter(|((to, _), _)| *to != stytch::Endpoint::Jwks);
    let seen: u64 = auth0
        .map(|(_, count)| count)
        .chain(stytch.map(|(_, count)| count))
        .sum();
    let made = total(recording, Measure::LogicalCalls) + total(recording, Measure::Retries);
    let mut check = equal(
        "every call came back",
        ("logical calls and retries", made),
        ("calls as their callers saw them, key sets apart", seen),
    );
    if made > seen {
        let held_back = total(recording, Measure::BreakerRejections);
        check.explain(held_back, "held back by an open circuit breaker");
        check.explain(open, UNDER_WAY);
    }
    check
}

fn migrate_calls(recording: &Recording, open: u64) -> Check {
    let made = total(recording, Measure::MigrateCalls);
    let calls = recording.stytch_calls.iter();
    let seen = calls
        .filter(|((to, _), _)| *to == stytch::Endpoint::Migrate)
        .map(|(_, count)| count)
        .sum();
    let mut check = equal(
        "every call to Migrate Session came back",
        ("calls made", made),
        ("calls as their callers saw them", seen),
    );
    if made > seen {
        check.explain(open, UNDER_WAY);
    }
    check
}

fn migrations(recording: &Recording) -> Check {
    let attempts = total(recording, Measure::MigrationAttempts);
    let failed = caused(recording, |kind| {
        matches!(kind, IncidentKind::MigrationFailed(_))
    });
    let ended = total(recording, Measure::SilentMigrations) + failed;
    let mut check = equal(
        "every migration succeeds or fails",
        ("migration attempts", attempts),
        ("silent migrations and failures", ended),
    );
    // Every request of a visit that is cut off may have been migrating.
    if total(recording, Measure::VisitsCutOff) > 0 && attempts > ended {
        check.explain(attempts, UNDER_WAY);
    }
    check
}

/// The timeline holds the same counts as the phases.
fn timeline(recording: &Recording) -> Check {
    let by_phase = recording.counts.values().flatten().sum();
    let by_time = recording.timeline.rows.iter().flatten().sum();
    equal(
        "the timeline adds up",
        ("all counts by phase", by_phase),
        ("all counts over time", by_time),
    )
}
