//! What callers saw, against what the providers say they did.
//!
//! A caller that stops waiting, or whose connection closes, does not know what the provider did.
//! Such differences are explained and named. Whatever is left is unexplained: then the harness, a
//! driver or a mock is wrong, and the numbers prove nothing.

use std::collections::{BTreeMap, BTreeSet};

use cutover_mocks::fault::FaultKind;
use cutover_mocks::{auth0, stytch};

use super::calls::by_status;
use super::check::{Check, CheckKind, Explanation, UNDER_WAY};
use super::{Ledgers, Rehearsed};
use crate::recorder::{Measure, NO_ANSWER, Recording, TIMED_OUT};

/// What callers saw against what the providers say.
pub(super) fn reconciliation(rehearsed: &Rehearsed<'_>, ledgers: Ledgers<'_>) -> Vec<Check> {
    let mut checks = Vec::new();
    let recording = rehearsed.recording;
    // Calls under way at the end may belong to any endpoint; each explains one call once.
    let mut open = rehearsed.driver.calls_open_at_end;
    for endpoint in auth0::Endpoint::ALL {
        if endpoint != auth0::Endpoint::UserInfo {
            let seen = by_status(&recording.auth0_calls, endpoint);
            let told = by_status(&ledgers.auth0.calls, endpoint);
            checks.extend(calls(endpoint.name(), &seen, &told, &mut open));
        }
    }
    checks.extend(userinfo(recording, ledgers));
    for endpoint in stytch::Endpoint::ALL {
        let seen = by_status(&recording.stytch_calls, endpoint);
        let told = by_status(&ledgers.stytch.calls, endpoint);
        checks.extend(calls(endpoint.name(), &seen, &told, &mut open));
    }
    checks.extend(migrations(rehearsed, ledgers));
    checks
}

/// Calls to one endpoint; none when there were none.
fn calls(
    endpoint: &str,
    seen: &BTreeMap<u16, u64>,
    told: &BTreeMap<u16, u64>,
    open: &mut u64,
) -> Option<Check> {
    if seen.is_empty() && told.is_empty() {
        return None;
    }
    let of = |calls: &BTreeMap<u16, u64>, status: u16| calls.get(&status).copied().unwrap_or(0);
    let sides = (
        ("callers saw", seen.values().sum()),
        ("the provider counts", told.values().sum()),
    );
    let mut check = Check::new(endpoint, CheckKind::Reconciliation, sides.0, sides.1);
    let statuses: BTreeSet<u16> = seen
        .keys()
        .chain(told.keys())
        .copied()
        .filter(|status| !matches!(*status, NO_ANSWER | TIMED_OUT))
        .collect();
    // An answer that a caller saw and the provider never gave can have no good reason.
    let invented: u64 = statuses
        .iter()
        .map(|&status| of(seen, status).saturating_sub(of(told, status)))
        .sum();
    let unseen: BTreeMap<u16, u64> = statuses
        .iter()
        .map(|&status| (status, of(told, status).saturating_sub(of(seen, status))))
        .filter(|&(_, count)| count > 0)
        .collect();
    let lost_answers: u64 = unseen.values().sum();
    let (mut closed, mut timed_out) = (of(seen, NO_ANSWER), of(seen, TIMED_OUT));

    // Connections that the provider closed itself are what callers saw as closed, or were waiting on.
    let mut unmatched = of(told, 0);
    let closed_by_provider = unmatched.min(closed);
    (unmatched, closed) = (unmatched - closed_by_provider, closed - closed_by_provider);
    check.unexplained = lost_answers + unmatched;
    let statuses = list(&unseen);
    timed_out -= check.explain(
        timed_out,
        &format!("timed out at the caller, answered later{statuses}"),
    );
    closed -= check.explain(
        closed,
        &format!("closed before the answer arrived{statuses}"),
    );
    *open -= check.explain(*open, UNDER_WAY);
    check.unexplained += invented;
    if closed + timed_out > 0 {
        let why = "never arrived: refused, or given up before they were sent".to_owned();
        check.explained.push(Explanation {
            count: closed + timed_out,
            why,
        });
    }
    Some(check)
}

/// Statuses in brackets: ` (200, 429)`.
fn list(statuses: &BTreeMap<u16, u64>) -> String {
    let names: Vec<String> = statuses.keys().map(u16::to_string).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(" ({})", names.join(", "))
    }
}

/// `UserInfo` is called by Stytch, once in each Migrate Session that gets so far.
fn userinfo(recording: &Recording, ledgers: Ledgers<'_>) -> Option<Check> {
    let own: u64 = by_status(&recording.auth0_calls, auth0::Endpoint::UserInfo)
        .values()
        .sum();
    let asked = ledgers.auth0.calls_to(auth0::Endpoint::UserInfo);
    let migrate = by_status(&ledgers.stytch.calls, stytch::Endpoint::Migrate);
    let migrations: u64 = migrate.values().sum();
    if asked == 0 && migrations == 0 && own == 0 {
        return None;
    }
    let mut check = Check::new(
        "auth0.userinfo",
        CheckKind::Reconciliation,
        (
            "Migrate Session calls that Stytch counts, and callers' own",
            migrations + own,
        ),
        ("UserInfo calls that the tenant counts", asked),
    );
    // A migration that succeeded must have asked; one that was refused may have been before that.
    let refused = migrations - migrate.get(&200).copied().unwrap_or(0);
    if asked <= migrations + own {
        check.explain(
            refused,
            "Migrate Session refused them before it asked, or nothing came back",
        );
    }
    Some(check)
}

/// Silent migrations against sessions that Stytch opened by migrating.
fn migrations(rehearsed: &Rehearsed<'_>, ledgers: Ledgers<'_>) -> Option<Check> {
    let recording = rehearsed.recording;
    let silent: u64 = recording
        .counts
        .values()
        .map(|counts| counts[Measure::SilentMigrations as usize])
        .sum();
    let opened = ledgers.stytch.migrated;
    if silent == 0 && opened == 0 {
        return None;
    }
    let mut check = Check::new(
        "sessions opened by migration",
        CheckKind::Reconciliation,
        ("silent migrations", silent),
        ("sessions that Stytch counts as migrated", opened),
    );
    // Stytch may know more sessions than the application; never the other way round.
    if opened > silent {
        let seen = by_status(&recording.stytch_calls, stytch::Endpoint::Migrate);
        let of = |status: u16| seen.get(&status).copied().unwrap_or(0);
        check.explain(of(TIMED_OUT), "the application had stopped waiting");
        check.explain(of(0), "the connection had closed before the answer");
        let unreadable = rehearsed
            .providers
            .stytch
            .faults
            .faults()
            .iter()
            .any(|fault| {
                fault
                    .endpoint
                    .is_none_or(|endpoint| endpoint == stytch::Endpoint::Migrate)
                    && matches!(fault.kind, FaultKind::Truncated | FaultKind::Malformed)
            });
        if unreadable {
            check.explain(
                of(200).saturating_sub(silent),
                "the answer was unreadable (injected)",
            );
        }
        check.explain(rehearsed.driver.calls_open_at_end, UNDER_WAY);
    }
    Some(check)
}

#[cfg(test)]
mod tests;
