//! Tiny cases whose every call was computed by hand: who asks what, and when, to the microsecond.

mod trouble;

use std::ops::Range;

use cutover::population::Population;
use cutover::population::seed::World;
use cutover::recorder::{
    FailureCause, IncidentKind, LockoutCause, LogoutCause, Measure, Operation,
};
use cutover::rehearsal::ProviderCall;
use cutover::scenario::app::{OnMigrateFailure, Retry, SingleFlight};
use cutover::scenario::cutover::{FlagKey, Rolling, Step};
use cutover::scenario::population::{Beta, Surge};
use cutover::scenario::{Scenario, Strategy};
use cutover_mocks::auth0;
use cutover_mocks::latency::Latency;
use cutover_mocks::share::Share;
use cutover_mocks::time::Span;

use crate::rehearsed::{Rehearsed, load, rehearse, under};

/// What the tenant takes for any call, `UserInfo` for its own, and the project for any.
const AUTH0: Span = Span::from_millis(40);
const USERINFO: Span = Span::from_millis(30);
const STYTCH: Span = Span::from_millis(50);
/// The cutover begins.
const CUTOVER: Span = Span::from_hours(1);
/// People come.
const VISIT: Span = Span::from_hours(2);

/// People who come at this time, each with one web browser that holds a legacy session.
fn tiny(users: u32, base: &str, visits: &[Span]) -> Scenario {
    let mut scenario = load(base, &["population.users=1"]);
    scenario.cutover.strategy = Strategy::ZeroDowntime {
        from: CUTOVER,
        until: None,
    };
    scenario.time.length = Span::from_days(2);
    let population = &mut scenario.population;
    population.users = users;
    population.signups_per_day = 0.0;
    // They would come every Saturday; the rehearsal is over on Tuesday.
    population.visits.daily = Beta { a: 1e4, b: 1e-3 };
    population.visits.weekdays = [0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0];
    population.visits.zones = vec![(Span::ZERO, Share::ONE)];
    population.visits.pages = 1.0;
    population.visits.parallel_requests = 1;
    population.visits.stagger = Span::from_millis(10);
    for share in [
        &mut population.visits.two_tabs,
        &mut population.visits.private_window,
        &mut population.visits.logout,
        &mut population.reaction.forgets_password,
        &mut population.records.second_identity,
    ] {
        *share = Share::ZERO;
    }
    population.surges = visits
        .iter()
        .map(|&at| Surge {
            at,
            share: Share::ONE,
            within: Span::from_micros(1),
        })
        .collect();
    population.devices.per_user = [1.0, 0.0, 0.0, 0.0];
    population.devices.platforms = [1.0, 0.0, 0.0];
    population.sessions.logged_in = Share::ONE;
    population.sessions.refresh_token = Share::ONE;
    population.sessions.userinfo_audience = Share::ONE;
    population.sessions.email_scope = Share::ONE;
    population.records.imported = Share::ONE;
    population.records.email_form_differs = Share::ZERO;
    population.records.password_imported = Share::ONE;
    population.reaction.now = Share::ONE;
    population.reaction.later = Share::ZERO;
    let auth0 = &mut scenario.providers.auth0;
    auth0.latency_default = Latency::fixed(AUTH0);
    auth0.latency = vec![(auth0::Endpoint::UserInfo, Latency::fixed(USERINFO))];
    auth0.refresh_absolute_life = Span::from_days(60);
    auth0.refresh_idle_life = Span::from_days(60);
    scenario.providers.stytch.latency_default = Latency::fixed(STYTCH);
    let app = &mut scenario.app;
    app.instances = 1;
    app.flag_delay = Span::ZERO;
    app.retry = Retry::None;
    app.breaker = None;
    app.single_flight = SingleFlight::Off;
    app.on_migrate_failure = OnMigrateFailure::HonourLegacy;
    scenario
}

/// The access tokens of all sessions live throughout.
fn with_live_tokens(mut scenario: Scenario) -> Scenario {
    scenario.providers.auth0.access_token_life = Span::from_days(60);
    scenario
}

/// The same scenario with the first seed that gives everybody a session.
fn everybody_has_a_session(mut scenario: Scenario) -> Scenario {
    let seeds: Range<u64> = 1..10_000;
    for seed in seeds {
        scenario.seed = seed;
        let population = Population::new(&scenario);
        let starting = World::new(&scenario, &population).starting;
        if starting.live_sessions() == u64::from(scenario.population.users) {
            return scenario;
        }
    }
    panic!("no seed gives everybody a session");
}

fn run(scenario: Scenario) -> Rehearsed {
    rehearse(everybody_has_a_session(scenario))
}

/// A call: since the visit, where to, and what came of it.
type Told = (Span, &'static str, u16);

/// Every call since a moment after the start, key sets apart where they are not the point.
fn calls(rehearsed: &Rehearsed, since: Span) -> Vec<Told> {
    let since = rehearsed.scenario.time.start + since;
    let exchanges = rehearsed.exchanges.iter();
    exchanges
        .map(|exchange| {
            let endpoint = match exchange.dispatch.call {
                ProviderCall::Auth0(call) => call.endpoint().name(),
                ProviderCall::Stytch(call) => call.endpoint().name(),
            };
            (
                exchange.dispatch.stamp.at - since,
                endpoint,
                exchange.status(),
            )
        })
        .collect()
}

fn ms(millis: i64) -> Span {
    Span::from_millis(millis)
}

/// Calls to Migrate Session since a visit.
fn migrations(rehearsed: &Rehearsed) -> Vec<(Span, u16)> {
    let all = calls(rehearsed, VISIT).into_iter();
    all.filter(|(_, endpoint, _)| *endpoint == "stytch.migrate")
        .map(|(at, _, status)| (at, status))
        .collect()
}

fn kinds(rehearsed: &Rehearsed) -> Vec<(Span, IncidentKind)> {
    let start = rehearsed.scenario.time.start + VISIT;
    let incidents = rehearsed.recording().incidents.iter();
    incidents
        .map(|incident| (incident.at - start, incident.kind))
        .collect()
}

#[test]
fn an_ended_token_is_refreshed_and_then_migrated() {
    let mut scenario = tiny(1, "none-consumer", &[VISIT]);
    scenario.providers.auth0.access_token_life = Span::from_mins(1);
    let rehearsed = run(scenario);
    // Refreshed in 40 ms; then half of Stytch's 50 ms, UserInfo's 30 ms, and the other half.
    assert_eq!(
        calls(&rehearsed, VISIT),
        [(ms(0), "auth0.token", 200), (ms(40), "stytch.migrate", 200)]
    );
    assert_eq!(kinds(&rehearsed), [(ms(120), IncidentKind::Migrated)]);
    let pages = &rehearsed.recording().latency_lapse[&Operation::PageWithMigration];
    assert_eq!((pages.len(), pages.max() / 1_000), (1, 120));
    assert_eq!(rehearsed.total(Measure::VisitsDone), 1);
    let userinfo = rehearsed.simulated.tenant.ledger();
    assert_eq!(userinfo.calls_to(auth0::Endpoint::UserInfo), 1);
}

#[test]
fn two_requests_that_refresh_at_once_lose_the_family() {
    let mut scenario = tiny(1, "none-consumer", &[VISIT]);
    scenario.population.visits.parallel_requests = 2;
    scenario.providers.auth0.access_token_life = Span::from_mins(1);
    scenario.providers.auth0.rotation_leeway = Span::ZERO;
    let rehearsed = run(scenario);
    // The second comes 10 ms later with the token that the first has used up.
    let expected = [
        (ms(0), "auth0.token", 200),
        (ms(10), "auth0.token", 403),
        (ms(40), "stytch.migrate", 200),
    ];
    assert_eq!(calls(&rehearsed, VISIT)[..3], expected);
    assert_eq!(rehearsed.simulated.tenant.ledger().revoked, 1);
    // Without a cutover the same race is lost: it is nobody's fault but the application's.
    let race = IncidentKind::NaturalLogout(LogoutCause::RefreshRace);
    assert!(
        kinds(&rehearsed).contains(&(ms(120), race)),
        "{:?}",
        kinds(&rehearsed)
    );
}

#[test]
fn with_single_flight_the_second_request_waits_for_the_first() {
    let mut scenario = tiny(1, "none-consumer", &[VISIT]);
    scenario.population.visits.parallel_requests = 3;
    scenario.providers.auth0.access_token_life = Span::from_mins(1);
    scenario.app.single_flight = SingleFlight::PerInstance;
    let rehearsed = run(scenario);
    assert_eq!(
        calls(&rehearsed, VISIT),
        [(ms(0), "auth0.token", 200), (ms(40), "stytch.migrate", 200)]
    );
    assert_eq!(rehearsed.total(Measure::FlightsJoined), 4);
    assert_eq!(rehearsed.total(Measure::SilentMigrations), 1);
    assert_eq!(rehearsed.total(Measure::RequestsAdmitted), 3);
}

#[test]
fn one_persons_requests_empty_their_userinfo_bucket() {
    let second = VISIT + Span::from_secs(60);
    let mut scenario = with_live_tokens(tiny(1, "none-consumer", &[VISIT, second]));
    scenario.population.visits.parallel_requests = 12;
    scenario.population.visits.stagger = Span::ZERO;
    // No cookie stays: the next visit migrates again.
    scenario.app.lost_cookie = Share::ONE;
    let rehearsed = run(scenario);
    let of = |at: Span, status: u16| {
        let all = migrations(&rehearsed).into_iter();
        all.filter(|told| *told == (at, status)).count()
    };
    // Ten at once, and five more a minute later.
    assert_eq!((of(ms(0), 200), of(ms(0), 400)), (10, 2));
    let later = Span::from_secs(60);
    assert_eq!((of(later, 200), of(later, 400)), (5, 7));
    let failed = IncidentKind::MigrationFailed(FailureCause::UserInfo);
    let failures = kinds(&rehearsed)
        .into_iter()
        .filter(|(_, kind)| *kind == failed);
    assert_eq!(failures.count(), 9);
    // All of them go on with their legacy session.
    assert_eq!(rehearsed.total(Measure::RequestsAdmitted), 24);
}

#[test]
fn a_flag_reaches_instances_one_after_the_other() {
    let refused = |after: i64| {
        let visit = CUTOVER + Span::from_secs(after);
        let mut scenario = with_live_tokens(tiny(8, "none-consumer", &[visit]));
        scenario.cutover.strategy = Strategy::Rolling(Rolling {
            steps: vec![Step {
                at: CUTOVER,
                share: Share::ONE,
            }],
            ramp: false,
            key: FlagKey::User,
            sticky: true,
            migrate: false,
            legacy_until: None,
            skewed_evaluators: Share::ZERO,
        });
        scenario.app.instances = 2;
        scenario.app.flag_delay = Span::from_secs(30);
        // Whoever is logged out leaves.
        scenario.population.reaction.now = Share::ZERO;
        let rehearsed = run(scenario);
        let refused = rehearsed.total(Measure::RequestsRefused);
        assert_eq!(refused + rehearsed.total(Measure::RequestsAdmitted), 8);
        refused
    };
    assert_eq!(refused(-1), 0, "before the step");
    let between = refused(15);
    assert!((1..8).contains(&between), "one of two instances: {between}");
    assert_eq!(refused(31), 8, "both have heard of it");
}

#[test]
fn an_organization_asks_for_a_second_factor() {
    let mut scenario = with_live_tokens(tiny(1, "none-b2b", &[VISIT]));
    let organizations = scenario.population.organizations.as_mut().expect("B2B");
    organizations.require_mfa = Share::ONE;
    scenario.cutover.strategy = Strategy::AllAtOnce { at: CUTOVER };
    scenario.population.methods.password = 1.0;
    scenario.population.methods.email = 0.0;
    scenario.population.methods.social = 0.0;
    let rehearsed = run(scenario);
    let told = calls(&rehearsed, VISIT);
    let endpoints: Vec<_> = told
        .iter()
        .map(|(_, name, status)| (*name, *status))
        .collect();
    let expected = [
        ("stytch.password", 200),
        ("stytch.second_factor", 200),
        ("stytch.jwks", 200),
    ];
    assert_eq!(endpoints, expected);
    // The person's own time between the calls is not the providers'.
    let logins = &rehearsed.recording().latency_lapse[&Operation::Login];
    assert_eq!((logins.len(), logins.max() / 1_000), (1, 100));
    let logout = (
        ms(0),
        IncidentKind::ForcedLogout(LogoutCause::MiddlewareReject),
    );
    assert_eq!(kinds(&rehearsed)[0], logout);
    assert_eq!(rehearsed.total(Measure::Relogins), 1);
}

#[test]
fn an_organization_that_nobody_created_can_neither_migrate_nor_log_in() {
    let until = VISIT + Span::from_hours(1);
    let mut scenario = with_live_tokens(tiny(1, "none-b2b", &[VISIT, until + Span::from_hours(1)]));
    let organizations = scenario.population.organizations.as_mut().expect("B2B");
    organizations.unmapped = Share::ONE;
    scenario.cutover.strategy = Strategy::ZeroDowntime {
        from: CUTOVER,
        until: Some(until),
    };
    let rehearsed = run(scenario);
    assert_eq!(migrations(&rehearsed), []);
    let failed = IncidentKind::MigrationFailed(FailureCause::OrganizationNotMapped);
    let logout = IncidentKind::ForcedLogout(LogoutCause::MiddlewareReject);
    let lockout = IncidentKind::Lockout(LockoutCause::OrganizationNotMapped);
    let later = Span::from_hours(2);
    assert_eq!(
        kinds(&rehearsed),
        [(ms(0), failed), (later, logout), (later, lockout)]
    );
}

#[test]
fn an_app_that_never_updates_is_locked_out_and_its_session_spared_until_then() {
    let mut scenario = with_live_tokens(tiny(1, "none-consumer", &[VISIT]));
    scenario.population.devices.platforms = [0.0, 1.0, 0.0];
    scenario.population.devices.updates.ever = Share::ZERO;
    let migrating = run(scenario.clone());
    assert_eq!(migrating.total(Measure::MigrationsEligible), 0);
    assert_eq!(migrating.total(Measure::RequestsAdmitted), 1);
    let all_at_once = run(under(&scenario, Strategy::AllAtOnce { at: CUTOVER }));
    let logout = IncidentKind::ForcedLogout(LogoutCause::OldApp);
    let lockout = IncidentKind::Lockout(LockoutCause::OldApp);
    assert_eq!(kinds(&all_at_once), [(ms(0), logout), (ms(0), lockout)]);
}

#[test]
fn a_person_whose_session_the_flag_refuses_right_after_login_is_logged_out_by_it() {
    let mut scenario = with_live_tokens(tiny(1, "none-consumer", &[VISIT]));
    // Unknown, they are sent to the legacy login; known, they need a Stytch session.
    scenario.cutover.strategy = Strategy::Rolling(Rolling {
        steps: vec![Step {
            at: CUTOVER,
            share: Share::percent(50),
        }],
        ramp: false,
        key: FlagKey::User,
        sticky: true,
        migrate: false,
        legacy_until: None,
        skewed_evaluators: Share::ZERO,
    });
    scenario.population.users = 40;
    scenario.population.sessions.logged_in = Share::ZERO;
    let rehearsed = rehearse(scenario);
    let flipped =
        rehearsed.incidents(|kind| kind == IncidentKind::ForcedLogout(LogoutCause::FlagFlip));
    assert!(
        (4..20).contains(&flipped.len()),
        "about one in four: {}",
        flipped.len()
    );
    // They log in twice, and that is that.
    assert_eq!(rehearsed.total(Measure::Logins), 40 + flipped.len() as u64);
    assert_eq!(rehearsed.total(Measure::Relogins), flipped.len() as u64);
    assert_eq!(rehearsed.total(Measure::Lockouts), 0);
}
