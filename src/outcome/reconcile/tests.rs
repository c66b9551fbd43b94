//! Differences between callers and providers: which are explained, and which are not.

use cutover_mocks::fault::{Fault, FaultPlan};
use cutover_mocks::share::Share;
use cutover_mocks::time::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::outcome::fixture::{Fixture, slice};
use crate::recorder::{FailureCause, IncidentKind, LogoutCause, Platform};

fn find<'a>(checks: &'a [Check], name: &str) -> &'a Check {
    checks.iter().find(|check| check.name == name).expect(name)
}

fn checks_of(fixture: &Fixture) -> Vec<Check> {
    fixture.outcome().checks
}

fn broken(checks: &[Check]) -> Vec<&str> {
    checks
        .iter()
        .filter(|check| !check.holds())
        .map(|check| check.name.as_str())
        .collect()
}

#[test]
fn a_healthy_rehearsal_agrees_with_itself_and_with_the_providers() {
    let checks = checks_of(&Fixture::healthy());
    assert_eq!(broken(&checks), Vec::<&str>::new());
    assert!(
        checks
            .iter()
            .any(|check| check.kind == CheckKind::Reconciliation)
    );
    assert!(
        checks
            .iter()
            .all(|check| check.name == "auth0.userinfo" || check.explained.is_empty())
    );
}

#[test]
fn an_empty_rehearsal_has_nothing_to_reconcile() {
    let checks = checks_of(&Fixture::empty());
    assert_eq!(broken(&checks), Vec::<&str>::new());
    assert!(
        checks
            .iter()
            .all(|check| check.kind == CheckKind::Conservation)
    );
}

#[test]
fn a_call_that_timed_out_at_the_caller_explains_an_answer_nobody_saw() {
    let mut fixture = Fixture::empty();
    fixture.auth0_seen(auth0::Endpoint::Token, 200, 7);
    fixture.auth0_seen(auth0::Endpoint::Token, 599, 2);
    fixture.auth0_seen(auth0::Endpoint::Token, 0, 1);
    fixture.auth0_answered(auth0::Endpoint::Token, 200, 9);
    let checks = checks_of(&fixture);
    let token = find(&checks, "auth0.token");
    assert!(token.holds());
    assert_eq!(token.explained[0].count, 2);
    assert_eq!(
        token.explained[0].why,
        "timed out at the caller, answered later (200)"
    );
    assert!(token.explained[1].why.starts_with("never arrived"));
}

#[test]
fn an_answer_that_nobody_lost_is_unexplained() {
    let mut fixture = Fixture::empty();
    fixture.auth0_seen(auth0::Endpoint::Token, 200, 7);
    fixture.auth0_seen(auth0::Endpoint::Token, 599, 1);
    fixture.auth0_answered(auth0::Endpoint::Token, 200, 9);
    assert_eq!(find(&checks_of(&fixture), "auth0.token").unexplained, 1);
}

#[test]
fn an_answer_that_no_provider_gave_is_unexplained_even_among_timeouts() {
    let mut fixture = Fixture::empty();
    fixture.auth0_seen(auth0::Endpoint::Token, 200, 3);
    fixture.auth0_seen(auth0::Endpoint::Token, 599, 5);
    fixture.auth0_answered(auth0::Endpoint::Token, 200, 2);
    fixture.auth0_answered(auth0::Endpoint::Token, 429, 5);
    let checks = checks_of(&fixture);
    let token = find(&checks, "auth0.token");
    assert_eq!((token.unexplained, token.explained[0].count), (1, 5));
}

#[test]
fn a_status_that_changed_on_the_way_is_unexplained() {
    let mut fixture = Fixture::empty();
    fixture.stytch_seen(stytch::Endpoint::Password, 200, 5);
    fixture.stytch_answered(stytch::Endpoint::Password, 200, 4);
    fixture.stytch_answered(stytch::Endpoint::Password, 401, 1);
    assert!(!find(&checks_of(&fixture), "stytch.password").holds());
}

#[test]
fn connections_that_the_provider_closed_agree() {
    let mut fixture = Fixture::empty();
    fixture.stytch_call(stytch::Endpoint::Password, 0, 4);
    let checks = checks_of(&fixture);
    let password = find(&checks, "stytch.password");
    assert!(password.holds() && password.explained.is_empty());
}

#[test]
fn calls_under_way_at_the_end_explain_each_difference_once() {
    let mut fixture = Fixture::empty();
    fixture.driver.calls_open_at_end = 1;
    fixture.auth0_answered(auth0::Endpoint::Token, 200, 1);
    fixture.stytch_answered(stytch::Endpoint::Password, 200, 1);
    let checks = checks_of(&fixture);
    assert!(find(&checks, "auth0.token").holds());
    assert!(!find(&checks, "stytch.password").holds());
}

#[test]
fn user_info_calls_follow_from_migrate_session() {
    let mut fixture = Fixture::healthy();
    assert_eq!(
        find(&checks_of(&fixture), "auth0.userinfo").explained[0].count,
        13
    );
    // More than one call for each migration has no explanation.
    let user_info = (auth0::Endpoint::UserInfo, 200);
    fixture.auth0.calls.insert(user_info, 611);
    assert_eq!(find(&checks_of(&fixture), "auth0.userinfo").unexplained, 1);
    // A migration that succeeded without a call has none either.
    fixture.auth0.calls.insert(user_info, 596);
    assert_eq!(find(&checks_of(&fixture), "auth0.userinfo").unexplained, 1);
}

#[test]
fn sessions_that_the_application_never_heard_of_need_a_reason() {
    let mut fixture = Fixture::healthy();
    fixture.stytch.migrated += 2;
    let name = "sessions opened by migration";
    assert_eq!(find(&checks_of(&fixture), name).unexplained, 2);
    fixture.stytch_seen(stytch::Endpoint::Migrate, 599, 2);
    assert!(find(&checks_of(&fixture), name).holds());
    // Fewer sessions than silent migrations: the application made one up.
    fixture.stytch.migrated = 596;
    assert_eq!(find(&checks_of(&fixture), name).unexplained, 1);
}

#[test]
fn unreadable_answers_explain_sessions_only_where_they_were_injected() {
    let mut fixture = Fixture::healthy();
    fixture.stytch.migrated += 1;
    fixture.stytch_call(stytch::Endpoint::Migrate, 200, 1);
    let name = "sessions opened by migration";
    assert!(!find(&checks_of(&fixture), name).holds());
    fixture.providers.stytch.faults = FaultPlan::new(vec![Fault {
        from: Timestamp::default(),
        until: Timestamp::NEVER,
        endpoint: Some(stytch::Endpoint::Migrate),
        share: Share::percent(1),
        kind: FaultKind::Truncated,
    }]);
    assert!(find(&checks_of(&fixture), name).holds());
}

#[test]
fn each_broken_sum_is_named() {
    let web = slice(Platform::Web);
    let mut visits = Fixture::healthy();
    visits.count(1, web, Measure::VisitsDone, 1);
    assert_eq!(broken(&checks_of(&visits)), ["every visit has an end"]);

    let mut causes = Fixture::healthy();
    causes.incidents(1, web, IncidentKind::ForcedLogout(LogoutCause::OldApp), 1);
    assert_eq!(
        broken(&checks_of(&causes)),
        ["all of forced_logouts have a cause"]
    );

    let mut dropped = Fixture::healthy();
    dropped.recording.incidents.pop();
    assert_eq!(
        broken(&checks_of(&dropped)),
        ["every incident is kept or counted as dropped"]
    );
    dropped.recording.incidents_dropped = 1;
    assert_eq!(broken(&checks_of(&dropped)), Vec::<&str>::new());

    let mut calls = Fixture::healthy();
    calls.count(1, web, Measure::Retries, 1);
    assert_eq!(broken(&checks_of(&calls)), ["every call came back"]);
    calls.driver.calls_open_at_end = 1;
    assert_eq!(broken(&checks_of(&calls)), Vec::<&str>::new());

    let mut held_back = Fixture::healthy();
    held_back.count(1, web, Measure::LogicalCalls, 1);
    assert_eq!(broken(&checks_of(&held_back)), ["every call came back"]);
    held_back.count(1, web, Measure::BreakerRejections, 1);
    assert_eq!(broken(&checks_of(&held_back)), Vec::<&str>::new());

    let mut attempts = Fixture::healthy();
    attempts.incidents(
        1,
        web,
        IncidentKind::MigrationFailed(FailureCause::Timeout),
        1,
    );
    assert_eq!(
        broken(&checks_of(&attempts)),
        ["every migration succeeds or fails"]
    );

    let mut timeline = Fixture::healthy();
    timeline.recording.timeline.rows[0][0] += 1;
    assert_eq!(broken(&checks_of(&timeline)), ["the timeline adds up"]);
}

/// Answers by status, and how many of each their callers lost: to a timeout, to a closed connection.
fn answers() -> impl Strategy<Value = BTreeMap<u16, (u64, u64, u64)>> {
    let statuses = proptest::sample::select(vec![200_u16, 400, 429, 500, 503]);
    proptest::collection::btree_map(statuses, (0..50_u64, 0..5_u64, 0..5_u64), 1..5)
}

proptest! {
    #[test]
    fn lost_answers_are_explained_and_one_that_nobody_lost_is_not(
        answers in answers(),
        closed_by_provider in 0..5_u64,
        never_arrived in 0..5_u64,
        extra in 1..5_u64,
    ) {
        let mut fixture = Fixture::empty();
        let at = auth0::Endpoint::Token;
        let (mut timed_out, mut closed) = (never_arrived, closed_by_provider);
        for (&status, &(seen, late, cut)) in &answers {
            fixture.recording.auth0_calls.insert((at, status), seen);
            fixture.auth0.calls.insert((at, status), seen + late + cut);
            timed_out += late;
            closed += cut;
        }
        fixture.auth0.calls.insert((at, 0), closed_by_provider);
        fixture.recording.auth0_calls.insert((at, 599), timed_out);
        fixture.recording.auth0_calls.insert((at, 0), closed);
        if let Some(check) = checks_of(&fixture).iter().find(|check| check.name == "auth0.token") {
            prop_assert!(check.holds(), "{check:?}");
        }
        // More calls than callers lost, and an answer that the provider never gave.
        *fixture.auth0.calls.entry((at, 201)).or_insert(0) += extra + never_arrived;
        prop_assert_eq!(find(&checks_of(&fixture), "auth0.token").unexplained, extra);
        fixture.auth0.calls.remove(&(at, 201));
        fixture.recording.auth0_calls.insert((at, 418), extra);
        prop_assert_eq!(find(&checks_of(&fixture), "auth0.token").unexplained, extra);
    }
}
