//! The table of what happened: the vocabulary's counts, what they are shares of, and their causes.

use std::cmp::Reverse;

use super::page::Page;
use crate::outcome::{Outcome, grouped};
use crate::recorder::Measure;
use crate::report::wording::{share, when};

/// Causes that a row names; the others are summed up.
const NAMED: usize = 4;

/// The table.
pub(super) fn counts(page: &mut Page, outcome: &Outcome) {
    let mut rows = sessions(outcome);
    rows.extend(people(outcome));
    rows.extend(systems(outcome));
    page.table(
        "What happened",
        &["", "count", "share", "causes"],
        &[1],
        rows,
    );
    if outcome.incidents_dropped > 0 {
        page.paragraph(&format!(
            "The event log is full: {} incidents are counted here and not in it.",
            grouped(outcome.incidents_dropped)
        ));
    }
}

/// A count, what it is a share of, and what there is to say of it.
fn row(name: &str, part: u64, (whole, of): (u64, &str), why: String) -> Vec<String> {
    let of = format!("{} of {} {of}", share(part, whole), grouped(whole));
    vec![name.to_owned(), grouped(part), of, why]
}

/// What became of sessions.
fn sessions(outcome: &Outcome) -> Vec<Vec<String>> {
    let total = |measure: Measure| outcome.total(measure);
    let seen = (outcome.people.devices_seen, "devices seen");
    let attempts = (total(Measure::MigrationAttempts), "attempts");
    let live = outcome.people.on_legacy_at_end + outcome.people.on_stytch_at_end;
    let live = (live, "live sessions at the end");
    let forced = causes(outcome, "forced_logout");
    let natural = causes(outcome, "natural_logout");
    let failed = match causes(outcome, "migration_failed") {
        none if none.is_empty() => none,
        failed => format!("failed: {failed}"),
    };
    vec![
        row(
            "forced logouts",
            total(Measure::ForcedLogouts),
            seen,
            forced,
        ),
        row(
            "still logged out at the end",
            outcome.people.still_out_at_end,
            seen,
            String::new(),
        ),
        row(
            "natural logouts",
            total(Measure::NaturalLogouts),
            seen,
            natural,
        ),
        row(
            "silent migrations",
            total(Measure::SilentMigrations),
            attempts,
            failed,
        ),
        row(
            "residue on the legacy provider",
            outcome.people.on_legacy_at_end,
            live,
            String::new(),
        ),
    ]
}

/// What people went through.
fn people(outcome: &Outcome) -> Vec<Vec<String>> {
    let total = |measure: Measure| outcome.total(measure);
    let everyone = (outcome.people.people, "people");
    let begun = (total(Measure::LoginAttempts), "begun");
    let out = (total(Measure::ForcedLogouts), "forced logouts");
    let storm = outcome
        .login_peak
        .map(|peak| format!("peak {}/s {}", peak.per_second, when(outcome, peak.at)))
        .unwrap_or_default();
    let (locked, gone) = (causes(outcome, "lockout"), causes(outcome, "abandonment"));
    vec![
        row("lockouts", total(Measure::Lockouts), everyone, locked),
        row("abandonments", total(Measure::Abandonments), everyone, gone),
        row(
            "duplicate accounts",
            total(Measure::DuplicateAccounts),
            everyone,
            String::new(),
        ),
        row("logins", total(Measure::Logins), begun, storm),
        vec![
            "calls turned away in a storm".to_owned(),
            outcome
                .storm
                .map_or_else(|| "0".to_owned(), |storm| grouped(storm.turned_away)),
            String::new(),
            outcome.storm.map_or_else(String::new, |storm| {
                format!(
                    "lasted {} {}",
                    storm.until.since(storm.from),
                    when(outcome, storm.from)
                )
            }),
        ],
        row(
            "logins after a forced logout",
            total(Measure::Relogins),
            out,
            String::new(),
        ),
    ]
}

/// What the application did.
fn systems(outcome: &Outcome) -> Vec<Vec<String>> {
    let total = |measure: Measure| outcome.total(measure);
    let calls = (total(Measure::LogicalCalls), "calls");
    let checks = (total(Measure::AdmissionChecks), "answers checked");
    let wrong = causes(outcome, "wrongly_admitted");
    vec![
        row(
            "calls made by retrying",
            total(Measure::Retries),
            calls,
            String::new(),
        ),
        row(
            "wrongly admitted",
            total(Measure::WronglyAdmitted),
            checks,
            wrong,
        ),
    ]
}

/// The commonest causes of a kind of incident: `refresh_race 2, migrate_429 1`.
fn causes(outcome: &Outcome, kind: &str) -> String {
    let mut causes: Vec<(u64, &str)> = outcome
        .causes
        .iter()
        .filter(|cause| cause.kind == kind)
        .filter_map(|cause| Some((cause.count, cause.cause.as_deref()?)))
        .collect();
    causes.sort_by_key(|&(count, name)| (Reverse(count), name));
    let others: u64 = causes.iter().skip(NAMED).map(|(count, _)| count).sum();
    let mut parts: Vec<String> = causes
        .iter()
        .take(NAMED)
        .map(|(count, name)| format!("{name} {}", grouped(*count)))
        .collect();
    if others > 0 {
        parts.push(format!("others {}", grouped(others)));
    }
    parts.join(", ")
}
