//! Strategies against each other: who is logged out under each, and who must not be.

use std::collections::BTreeSet;

use cutover::driver::virtual_time;
use cutover::population::VisitShape;
use cutover::recorder::{IncidentKind, LogoutCause, Measure, Record, Via};
use cutover::scenario::Strategy;
use cutover::strategy::Plan;
use cutover::strategy::flag::{Bucket, Evaluator};
use cutover_mocks::share::Share;
use cutover_mocks::time::{Span, Timestamp};

use crate::rehearsed::{Rehearsed, committed, load, rehearse, under};

/// A person and the number of their device.
type DeviceOf = (u32, u8);

/// People who come often, and never at night: a change at four in the morning meets nobody half way.
const LIVELY: [&str; 5] = [
    "population.users=400",
    "population.surges=[]",
    "population.visits.pattern={ beta = { a = 2.0, b = 4.0 } }",
    "population.visits.hours=[0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0]",
    "population.visits.private_window=\"10%\"",
];
/// Nothing stands in the way of a migration.
const HEALTHY: [&str; 5] = [
    "population.devices.updates={ released = \"-90d\", ever = \"100%\", tau = \"1h\" }",
    "population.records={ imported = \"100%\", email_form_differs = \"0%\" }",
    "population.sessions={ refresh_token = \"100%\", userinfo_audience = \"100%\", email_scope = \"100%\" }",
    "app.single_flight=\"shared\"",
    "app.flag_delay=\"0s\"",
];
/// The night of the change.
const NIGHT: Span = Span::from_hours(3 * 24 + 4);

fn lively(more: &[&str]) -> Rehearsed {
    let settings: Vec<&str> = LIVELY.iter().chain(more).copied().collect();
    let mut scenario = load("all-at-once-consumer", &settings);
    scenario.population.visits.zones = vec![(Span::ZERO, Share::ONE)];
    rehearse(scenario)
}

fn devices(rehearsed: &Rehearsed, is: impl Fn(IncidentKind) -> bool) -> BTreeSet<DeviceOf> {
    let incidents = rehearsed.incidents(is).into_iter();
    incidents
        .map(|incident| (incident.person, incident.device))
        .collect()
}

fn forced(kind: IncidentKind) -> bool {
    matches!(kind, IncidentKind::ForcedLogout(_))
}

/// Devices whose first visit from a time on would have met no login page without a cutover, of
/// people who had signed up by then.
fn first_visit_is_logged_in(rehearsed: &Rehearsed, from: Timestamp) -> BTreeSet<DeviceOf> {
    let mut seen = BTreeSet::new();
    let mut found = BTreeSet::new();
    let spec = &rehearsed.scenario.population;
    for visit in rehearsed.planned() {
        let device = rehearsed.population.device_of(visit.person, visit.device);
        let shape = VisitShape::draw(&rehearsed.population, spec, device, visit.ordinal);
        let of = (visit.person.0, visit.device);
        let signs_up = rehearsed.population.person(visit.person).signs_up;
        let has_account = signs_up.is_none_or(|at| at < from);
        if visit.at < from || !has_account || shape.private || !seen.insert(of) {
            continue;
        }
        if !rehearsed.baseline.met_login(visit.person, visit.ordinal) {
            found.insert(of);
        }
    }
    found
}

#[test]
fn without_a_cutover_nobody_is_logged_out_by_one() {
    for name in committed() {
        let scenario = load(&name, &["population.users=1500"]);
        let rehearsed = rehearse(under(&scenario, Strategy::None));
        assert_eq!(rehearsed.total(Measure::ForcedLogouts), 0, "{name}");
        assert_eq!(rehearsed.total(Measure::Abandonments), 0, "{name}");
        assert_eq!(rehearsed.total(Measure::FlipsBack), 0, "{name}");
        assert!(rehearsed.total(Measure::VisitsDone) > 0, "{name}");
    }
}

#[test]
fn healthy_zero_downtime_logs_nobody_out() {
    let from = "cutover.zero-downtime.from=\"3d 4h\"";
    let settings: Vec<&str> = HEALTHY.into_iter().chain([from]).collect();
    let b2b = rehearse(load("zero-downtime-b2b", &settings));
    for (base, rehearsed) in [("consumer", lively(&settings)), ("b2b", b2b)] {
        assert_eq!(rehearsed.incidents(forced), [], "{base}");
        let lockouts = rehearsed.incidents(|kind| matches!(kind, IncidentKind::Lockout(_)));
        assert_eq!(lockouts, [], "{base}");
        let failed = rehearsed.incidents(|kind| matches!(kind, IncidentKind::MigrationFailed(_)));
        assert_eq!(failed, [], "{base}");
        let migrated = rehearsed.total(Measure::DevicesMigrated);
        assert_eq!(
            migrated,
            rehearsed.total(Measure::MigrationsEligible),
            "{base}"
        );
        assert!(migrated > 100, "{base}: only {migrated} migrated");
    }
}

#[test]
fn all_at_once_logs_out_every_live_session_that_returns_and_no_other() {
    let rehearsed = lively(&["cutover.all-at-once.at=\"3d 4h\"", "app.flag_delay=\"0s\""]);
    let expected = first_visit_is_logged_in(&rehearsed, rehearsed.scenario.time.start + NIGHT);
    let found = devices(&rehearsed, forced);
    assert!(expected.len() > 100, "only {} return", expected.len());
    let differ: Vec<&DeviceOf> = found.symmetric_difference(&expected).collect();
    assert_eq!(differ, Vec::<&DeviceOf>::new());
    assert_eq!(rehearsed.incidents(forced).len(), found.len(), "each once");
}

#[test]
fn rolling_logs_out_only_whom_the_flag_has_reached() {
    let rehearsed = lively(&[
        "cutover.rolling={ key = \"user\", steps = [{ at = \"3d 4h\", share = \"20%\" }, { at = \"7d 4h\", share = \"60%\" }] }",
        "app.flag_delay=\"0s\"",
    ]);
    let plan = Plan::new(&rehearsed.scenario);
    let reached = |person: u32, at: Timestamp| {
        Bucket::of(Evaluator::Agreed, &format!("user-{person}")).is_on(plan.share(at))
    };
    let logouts = rehearsed.incidents(forced);
    assert!(logouts.len() > 50, "only {} are logged out", logouts.len());
    for incident in &logouts {
        assert!(reached(incident.person, incident.at), "{incident:?}");
    }
    // Whoever was reached by the first step and came with a live session was logged out.
    let night = rehearsed.scenario.time.start + NIGHT;
    let missing: Vec<DeviceOf> = first_visit_is_logged_in(&rehearsed, night)
        .into_iter()
        .filter(|(person, _)| reached(*person, night))
        .filter(|device| !devices(&rehearsed, forced).contains(device))
        .collect();
    assert_eq!(missing, []);
    assert_eq!(rehearsed.total(Measure::FlipsBack), 0);
}

#[test]
fn the_flag_moves_its_share_of_keys() {
    for key in ["user", "cookie"] {
        let rolling = format!(
            "cutover.rolling={{ key = \"{key}\", steps = [{{ at = \"1d\", share = \"5%\" }}, {{ at = \"2d\", share = \"30%\" }}, {{ at = \"3d\", share = \"100%\" }}] }}"
        );
        let rehearsed = lively(&[&rolling, "population.users=4000"]);
        let shares = &rehearsed.recording().flag_shares;
        assert_eq!(shares.len(), 3);
        for share in shares {
            let expected = share.configured * share.keys as f64;
            let sigma = (expected * (1.0 - share.configured)).sqrt();
            let off = (share.on as f64 - expected).abs();
            assert!(off <= 4.0 * sigma, "{key}: {share:?}");
        }
    }
}

#[test]
fn people_who_were_not_imported_are_locked_out_or_created() {
    let half = "population.records.imported=\"50%\"";
    let by_password = lively(&[
        half,
        "population.methods={ password = \"100%\", email = \"0%\", social = \"0%\" }",
        "cutover.all-at-once.at=\"3d 4h\"",
    ]);
    let lockouts = by_password.incidents(|kind| matches!(kind, IncidentKind::Lockout(_)));
    let missing = lockouts
        .iter()
        .filter(|incident| {
            by_password.population.people()[incident.person as usize].record == Record::Missing
        })
        .count();
    assert!(missing > 50, "only {missing} of {}", lockouts.len());
    let by_mail = lively(&[
        half,
        "population.methods={ password = \"0%\", email = \"100%\", social = \"0%\" }",
        "cutover.all-at-once.at=\"3d 4h\"",
    ]);
    let created = by_mail.incidents(|kind| kind == IncidentKind::CreatedAccount);
    assert!(created.len() > 50, "only {} are created", created.len());
    for incident in created {
        let record = by_mail.population.people()[incident.person as usize].record;
        assert_eq!(record, Record::Missing, "{incident:?}");
    }
}

#[test]
fn a_rollback_that_refuses_logs_out_who_holds_a_stytch_session() {
    let rolled_back = |sessions: &str| {
        let rollback =
            format!("cutover.rollback={{ at = \"7d 4h\", stytch_sessions = \"{sessions}\" }}");
        let zero_downtime = "cutover.zero-downtime.from=\"3d 4h\"";
        let settings: Vec<&str> = HEALTHY
            .into_iter()
            .chain([zero_downtime, &rollback])
            .collect();
        lively(&settings)
    };
    let honoured = rolled_back("honour");
    assert_eq!(honoured.incidents(forced), []);
    let refused = rolled_back("refuse");
    let at = refused.scenario.time.start + Span::from_hours(7 * 24 + 4);
    let logouts = refused.incidents(forced);
    assert!(logouts.len() > 100, "only {} are logged out", logouts.len());
    for incident in &logouts {
        assert!(incident.at >= at, "{incident:?}");
        let rollback = IncidentKind::ForcedLogout(LogoutCause::Rollback);
        assert_eq!(incident.kind, rollback, "{incident:?}");
    }
    let held = devices(&refused, |kind| {
        matches!(
            kind,
            IncidentKind::Migrated | IncidentKind::LoggedIn(Via::Stytch)
        )
    });
    let out = devices(&refused, forced);
    assert!(out.is_subset(&held), "{:?}", out.difference(&held));
    let migrated: BTreeSet<DeviceOf> = refused
        .incidents(|kind| kind == IncidentKind::Migrated)
        .into_iter()
        .map(|incident| (incident.person, incident.device))
        .collect();
    let ended = devices(&refused, |kind| {
        matches!(kind, IncidentKind::NaturalLogout(_))
    });
    let returned = first_visit_is_logged_in(&refused, at);
    let spared: Vec<&DeviceOf> = migrated
        .intersection(&returned)
        .filter(|device| !ended.contains(device) && !out.contains(device))
        .collect();
    assert_eq!(spared, Vec::<&DeviceOf>::new());
}

#[test]
fn migrating_spares_the_people_whom_a_rolling_deployment_moves() {
    let rolling = |migrate: bool| {
        let rolling = format!(
            "cutover.rolling={{ key = \"user\", migrate = {migrate}, steps = [{{ at = \"3d 4h\", share = \"100%\" }}] }}"
        );
        let settings: Vec<&str> = HEALTHY.into_iter().chain([rolling.as_str()]).collect();
        lively(&settings)
    };
    let (refusing, migrating) = (rolling(false), rolling(true));
    assert!(refusing.total(Measure::ForcedLogouts) > 100);
    assert_eq!(migrating.incidents(forced), []);
    assert!(migrating.total(Measure::DevicesMigrated) > 100);
}

#[test]
fn a_baseline_is_what_none_lives_through() {
    let rehearsed = lively(&["cutover.none={}"]);
    let again = virtual_time::simulate(&rehearsed.scenario, &rehearsed.population, None, |_, _| {});
    for visit in rehearsed.planned() {
        let (person, ordinal) = (visit.person, visit.ordinal);
        assert_eq!(
            again.ended.baseline.met_login(person, ordinal),
            rehearsed.baseline.met_login(person, ordinal)
        );
    }
}
