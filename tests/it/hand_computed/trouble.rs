//! Tiny cases in which something goes wrong: faults, limits, clocks, lost answers.

use cutover::recorder::{FailureCause, IncidentKind, LogoutCause, Measure};
use cutover::scenario::app::{Breaker, Retry};
use cutover::scenario::{Scenario, Strategy};
use cutover_mocks::fault::{Fault, FaultKind, FaultPlan};
use cutover_mocks::keys::Rotation;
use cutover_mocks::share::Share;
use cutover_mocks::stytch::settings::WindowLimit;
use cutover_mocks::time::Span;
use cutover_mocks::{auth0, stytch};

use super::{VISIT, calls, kinds, migrations, ms, run, tiny, with_live_tokens};
use crate::rehearsed::rehearse;

fn stytch_fault(scenario: &mut Scenario, endpoint: stytch::Endpoint, kind: FaultKind) {
    scenario.providers.stytch.faults = FaultPlan::new(vec![Fault {
        from: scenario.time.start,
        until: scenario.time.end(),
        endpoint: Some(endpoint),
        share: Share::ONE,
        kind,
    }]);
}

#[test]
fn retries_wait_as_their_policy_says() {
    let waits = |retry: Retry| {
        let mut scenario = with_live_tokens(tiny(1, "none-consumer", &[VISIT]));
        stytch_fault(
            &mut scenario,
            stytch::Endpoint::Migrate,
            FaultKind::Status(503),
        );
        scenario.app.retry = retry;
        let rehearsed = run(scenario);
        assert_eq!(rehearsed.total(Measure::MigrationAttempts), 1);
        let times: Vec<i64> = migrations(&rehearsed)
            .into_iter()
            .map(|(at, _)| at.as_micros() / 1_000)
            .collect();
        assert_eq!(rehearsed.total(Measure::Retries), times.len() as u64 - 1);
        times
    };
    let second = Span::from_secs(1);
    assert_eq!(waits(Retry::None), [0]);
    assert_eq!(waits(Retry::Immediate { attempts: 3 }), [0, 50, 100]);
    let fixed = Retry::Fixed {
        attempts: 3,
        wait: second,
    };
    assert_eq!(waits(fixed), [0, 1_050, 2_100]);
    let exponential = Retry::Exponential {
        attempts: 4,
        base: second,
        cap: Span::from_secs(3),
    };
    assert_eq!(waits(exponential), [0, 1_050, 3_100, 6_150]);
}

#[test]
fn a_retry_after_is_waited_for_where_it_is_honoured() {
    let times = |honour: bool| {
        // Both come 10 s into a minute in which the project takes one call.
        let visit = VISIT + Span::from_secs(10);
        let mut scenario = with_live_tokens(tiny(2, "none-consumer", &[visit]));
        scenario.providers.stytch.retry_after = true;
        scenario.providers.stytch.project_limit = Some(WindowLimit {
            calls: 1,
            window: Span::from_mins(1),
        });
        scenario.app.honour_retry_after = honour;
        scenario.app.retry = Retry::Fixed {
            attempts: 2,
            wait: Span::from_secs(1),
        };
        migrations(&run(scenario))
    };
    let (first, refused) = ((Span::from_secs(10), 200), (Span::from_secs(10), 429));
    assert_eq!(times(true), [first, refused, (ms(60_050), 200)]);
    assert_eq!(times(false), [first, refused, (ms(11_050), 429)]);
}

#[test]
fn a_breaker_opens_after_two_failures_and_probes_when_its_time_is_over() {
    let visits = [0, 1, 2, 13].map(|second| VISIT + Span::from_secs(second));
    let mut scenario = with_live_tokens(tiny(1, "none-consumer", &visits));
    stytch_fault(
        &mut scenario,
        stytch::Endpoint::Migrate,
        FaultKind::Status(503),
    );
    scenario.app.breaker = Some(Breaker {
        failures: 2,
        open_for: Span::from_secs(10),
    });
    let rehearsed = run(scenario);
    let times: Vec<Span> = migrations(&rehearsed)
        .into_iter()
        .map(|(at, _)| at)
        .collect();
    assert_eq!(times, [0, 1, 13].map(Span::from_secs));
    assert_eq!(rehearsed.total(Measure::BreakerRejections), 1);
    assert_eq!(rehearsed.total(Measure::MigrationAttempts), 4);
    let held_back = IncidentKind::MigrationFailed(FailureCause::BreakerOpen);
    assert!(kinds(&rehearsed).contains(&(Span::from_secs(2), held_back)));
}

#[test]
fn a_late_answer_is_none_and_its_effect_remains() {
    let mut scenario = with_live_tokens(tiny(1, "none-consumer", &[VISIT]));
    let slow = FaultKind::Slow(Span::from_secs(20));
    stytch_fault(&mut scenario, stytch::Endpoint::Migrate, slow);
    scenario.app.timeout = Span::from_secs(5);
    let rehearsed = run(scenario);
    let timeout = IncidentKind::MigrationFailed(FailureCause::Timeout);
    assert_eq!(kinds(&rehearsed), [(Span::from_secs(5), timeout)]);
    assert_eq!(rehearsed.simulated.project.ledger().migrated, 1);
    assert_eq!(rehearsed.total(Measure::SilentMigrations), 0);
    assert_eq!(rehearsed.total(Measure::RequestsAdmitted), 1);
}

#[test]
fn a_refusal_that_is_not_the_tokens_is_the_providers() {
    let mut scenario = tiny(1, "none-consumer", &[VISIT]);
    scenario.providers.auth0.access_token_life = Span::from_mins(1);
    let start = scenario.time.start;
    scenario.providers.auth0.faults = FaultPlan::new(vec![Fault {
        from: start,
        until: scenario.time.end(),
        endpoint: Some(auth0::Endpoint::Token),
        share: Share::ONE,
        kind: FaultKind::Status(403),
    }]);
    let rehearsed = run(scenario);
    let logout = IncidentKind::NaturalLogout(LogoutCause::ProviderFailed);
    assert_eq!(kinds(&rehearsed)[0], (ms(40), logout));
}

#[test]
fn a_token_that_has_ended_is_refreshed_though_its_key_is_gone() {
    let mut scenario = tiny(1, "none-consumer", &[VISIT]);
    scenario.cutover.strategy = Strategy::None;
    scenario.providers.auth0.access_token_life = Span::from_mins(1);
    scenario.providers.auth0.keys.rotations = vec![Rotation {
        at: scenario.time.start,
        previous_until: scenario.time.start,
    }];
    let rehearsed = run(scenario);
    let expected = [(ms(0), "auth0.jwks", 200), (ms(40), "auth0.token", 200)];
    assert_eq!(calls(&rehearsed, VISIT), expected);
    assert_eq!(kinds(&rehearsed), []);
    assert_eq!(rehearsed.total(Measure::RequestsAdmitted), 1);
}

#[test]
fn a_clock_far_behind_leads_to_one_refresh_and_a_reason() {
    let mut scenario = tiny(1, "none-consumer", &[VISIT]);
    scenario.cutover.strategy = Strategy::None;
    scenario.providers.auth0.access_token_life = Span::from_mins(1);
    scenario.providers.auth0.clock_skew = Span::from_mins(-10);
    let rehearsed = run(scenario);
    let expected = [(ms(0), "auth0.jwks", 200), (ms(40), "auth0.token", 200)];
    assert_eq!(calls(&rehearsed, VISIT)[..2], expected);
    let logout = IncidentKind::NaturalLogout(LogoutCause::Unverifiable);
    assert_eq!(kinds(&rehearsed)[0], (ms(80), logout));
}

#[test]
fn a_sign_up_whose_answer_was_lost_ends_in_an_account() {
    for broken in [auth0::Endpoint::SignUp, auth0::Endpoint::Authorize] {
        let mut scenario = tiny(1, "none-consumer", &[]);
        scenario.population.signups_per_day = 10.0;
        scenario.cutover.strategy = Strategy::None;
        scenario.population.visits.weekdays = [1.0; 7];
        scenario.population.reaction.attempts = 1;
        let first_day = scenario.time.start + Span::from_days(1);
        scenario.providers.auth0.faults = FaultPlan::new(vec![Fault {
            from: scenario.time.start,
            until: first_day,
            endpoint: Some(broken),
            share: Share::ONE,
            kind: FaultKind::Truncated,
        }]);
        let rehearsed = rehearse(scenario);
        let created = rehearsed.simulated.tenant.ledger().created;
        assert_eq!(created, rehearsed.sign_ups().count() as u64, "{broken:?}");
        let lockouts = rehearsed.incidents(|kind| matches!(kind, IncidentKind::Lockout(_)));
        assert_eq!(lockouts, [], "{broken:?}");
    }
}
