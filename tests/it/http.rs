//! Scenarios over real HTTP: the same people, the same fates as in virtual time.

use std::path::Path;

use cutover::driver::http::carriers::Carriers;
use cutover::driver::http::conductor::{Bounds, Ending};
use cutover::driver::http::film::{Elsewhere, Film};
use cutover::driver::http::{HttpRun, Options, play, run};
use cutover::driver::virtual_time::{self, Simulated};
use cutover::population::Population;
use cutover::recorder::WrongAdmission;
use cutover::recorder::{Incident, Operation, Recording};
use cutover::scenario::population::Surge;
use cutover::scenario::{self, Overrides, Scenario, Window};
use cutover_mocks::share::Share;
use cutover_mocks::stytch;
use cutover_mocks::time::Span;

/// A committed scenario with settings of its own, all of it in time-lapse.
pub(crate) fn scenario(file: &str, set: &[&str]) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios")
        .join(file);
    let set = set.iter().map(|setting| (*setting).to_owned()).collect();
    let loaded = scenario::load(&path, &Overrides { set, seed: None });
    let mut scenario = loaded.expect("a committed scenario").scenario;
    scenario.time.windows.clear();
    scenario
}

/// The same rehearsal twice: in virtual time, and over HTTP with one call at a time.
pub(crate) async fn twice(scenario: &Scenario) -> (Simulated, HttpRun) {
    let population = Population::new(scenario);
    let baseline = virtual_time::baseline(scenario, &population);
    let simulated = virtual_time::simulate(scenario, &population, Some(&baseline), |_, _| {});
    let options = Options {
        carriers: Carriers {
            count: 4,
            ..Carriers::default()
        },
        bounds: Bounds {
            in_lapse: 1,
            ..Bounds::default()
        },
        ..Options::default()
    };
    let over_http = Box::pin(run(
        scenario,
        &population,
        Some(&baseline),
        &options,
        |_, _| {},
    ))
    .await
    .expect("the providers serve and the carriers carry");
    (simulated, over_http)
}

pub(crate) fn assert_same(simulated: &Simulated, over_http: &HttpRun) {
    let (here, there) = (&simulated.ended.recording, &over_http.ended.recording);
    assert_eq!(there.auth0_calls, here.auth0_calls);
    assert_eq!(there.stytch_calls, here.stytch_calls);
    // Incidents before counts: the first that differs says most.
    for (there, here) in there.incidents.iter().zip(&here.incidents) {
        assert_eq!(there, here);
    }
    assert_eq!(there.counts, here.counts);
    assert_eq!(there.timeline, here.timeline);
    assert_eq!(there.people, here.people);
    assert_eq!(there.probes, here.probes);
    assert_eq!(&over_http.auth0_ledger, simulated.tenant.ledger());
    assert_eq!(&over_http.stytch_ledger, simulated.project.ledger());
}

const SMALL: [&str; 3] = ["population.users=150", "time.length=4d", "time.lapse=1s"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_zero_downtime_cutover_over_http_has_the_fates_of_virtual_time() {
    let scenario = Scenario {
        ..scenario("zero-downtime-consumer.toml", &SMALL)
    };
    let (simulated, over_http) = Box::pin(twice(&scenario)).await;
    assert_eq!(over_http.ending, Ending::Played);
    assert!(over_http.health.calls > 100, "{:?}", over_http.health);
    assert_same(&simulated, &over_http);
}

/// Texts that were really altered, really verified: none opens anything, and each kind was tried.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn altered_tokens_open_nothing() {
    let often = ["app.probes=100%", "population.visits.pattern=habit"];
    let set = [&SMALL[..], &often].concat();
    let scenario = scenario("zero-downtime-consumer.toml", &set);
    let (simulated, over_http) = Box::pin(twice(&scenario)).await;
    assert_same(&simulated, &over_http);
    let probes = &over_http.ended.recording.probes;
    let kinds: Vec<_> = probes.keys().copied().collect();
    assert_eq!(
        kinds,
        [
            WrongAdmission::Expired,
            WrongAdmission::Forged,
            WrongAdmission::AnotherTenant
        ]
    );
    for (kind, probes) in probes {
        assert!(probes.shown > 20, "{kind:?}: {probes:?}");
        assert_eq!(probes.admitted, 0, "{kind:?}");
    }
    // Nobody has felt them.
    let mut unprobed = scenario;
    unprobed.app.probes = Share::ZERO;
    let population = Population::new(&unprobed);
    let baseline = virtual_time::baseline(&unprobed, &population);
    let quiet = virtual_time::simulate(&unprobed, &population, Some(&baseline), |_, _| {});
    let (quiet, probed) = (&quiet.ended.recording, &simulated.ended.recording);
    assert!(quiet.probes.is_empty());
    assert_eq!(quiet.counts, probed.counts);
    assert_eq!(quiet.incidents, probed.incidents);
    assert_eq!(quiet.stytch_calls, probed.stytch_calls);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_over_http_has_the_fates_of_virtual_time() {
    let (simulated, over_http) =
        Box::pin(twice(&scenario("stytch-outage-consumer.toml", &SMALL))).await;
    assert_same(&simulated, &over_http);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_b2b_cutover_over_http_has_the_fates_of_virtual_time() {
    let set = [&SMALL[..], &["population.organizations.count=12"]].concat();
    let (simulated, over_http) = Box::pin(twice(&scenario("zero-downtime-b2b.toml", &set))).await;
    assert!(over_http.health.calls > 100, "{:?}", over_http.health);
    assert_same(&simulated, &over_http);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rotated_key_over_http_has_the_fates_of_virtual_time() {
    let set = ["population.users=60", "time.length=8d", "time.lapse=1s"];
    let (simulated, over_http) =
        Box::pin(twice(&scenario("key-rotation-consumer.toml", &set))).await;
    assert_same(&simulated, &over_http);
}

/// At true speed nothing is exact but the sums.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_true_speed_window_agrees_with_the_ledgers_and_with_goose() {
    let mut scenario = scenario("zero-downtime-consumer.toml", &SMALL);
    scenario.time.windows = vec![Window {
        name: "a busy second".into(),
        from: Span::from_hours(24 + 19),
        length: Span::from_secs(2),
    }];
    scenario.population.surges = vec![Surge {
        at: Span::from_hours(24 + 19),
        share: Share::ONE,
        within: Span::from_secs(2),
    }];
    let population = Population::new(&scenario);
    let options = Options::default();
    let over_http = Box::pin(run(&scenario, &population, None, &options, |_, _| {}))
        .await
        .expect("the providers serve and the carriers carry");
    let health = &over_http.health;
    assert_eq!(health.windows.len(), 1);
    assert!(health.windows[0].lateness.len() > 20, "{health:?}");
    assert_eq!(health.stuck, 0);

    let recording = &over_http.ended.recording;
    let recorded: u64 = recording
        .auth0_calls
        .values()
        .chain(recording.stytch_calls.values())
        .sum();
    assert_eq!(recorded, health.calls);
    let counted: u64 = over_http
        .goose
        .values()
        .map(|count| count.succeeded + count.failed)
        .sum();
    assert_eq!(counted, health.requests, "Goose counts for itself");
    let seen: u64 = recording.auth0_calls.values().sum();
    let told: u64 = over_http.auth0_ledger.calls.values().sum();
    let migrations = over_http.stytch_ledger.calls_to(stytch::Endpoint::Migrate);
    assert!(
        seen <= told && told <= seen + migrations,
        "each migration asks the tenant once at most: {seen} calls, {told} in the ledger"
    );
}

/// What comes before the window is virtual time itself; the wire carries the window and nothing else.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_window_between_virtual_times_has_all_of_the_rehearsal_in_its_sums() {
    let mut scenario = scenario("zero-downtime-consumer.toml", &SMALL);
    let storm = Span::from_hours(48 + 19);
    scenario.time.windows = vec![Window {
        name: "a busy second".into(),
        from: storm,
        length: Span::from_secs(2),
    }];
    scenario.population.surges = vec![Surge {
        at: storm,
        share: Share::ONE,
        within: Span::from_secs(2),
    }];
    let population = Population::new(&scenario);
    let baseline = virtual_time::baseline(&scenario, &population);
    let simulated = virtual_time::simulate(&scenario, &population, Some(&baseline), |_, _| {});
    let film = Film::new(&scenario.time, Elsewhere::Skipped);
    let over_http = Box::pin(play(
        &scenario,
        (&population, Some(&baseline)),
        &film,
        &Options::default(),
        |_, _| {},
    ))
    .await
    .expect("the providers serve and the carriers carry");
    assert_eq!(over_http.ending, Ending::Played);
    let health = &over_http.health;
    assert_eq!(health.windows[0].lateness.len(), health.calls);
    assert!(
        health.calls > 20 && health.inside > health.calls,
        "{health:?}"
    );
    assert_eq!((health.stuck, health.open_at_end), (0, 0));

    let recording = &over_http.ended.recording;
    let recorded: u64 = recording
        .auth0_calls
        .values()
        .chain(recording.stytch_calls.values())
        .sum();
    assert_eq!(recorded, health.calls + health.inside);
    let counted: u64 = over_http
        .goose
        .values()
        .map(|count| count.succeeded + count.failed)
        .sum();
    assert_eq!(counted, health.requests, "Goose saw the window alone");
    let migrations = over_http.stytch_ledger.calls_to(stytch::Endpoint::Migrate);
    assert!(
        migrations > 0,
        "sessions that virtual time left are migrated"
    );

    let begins = scenario.time.start + storm;
    let before = |recording: &Recording| -> Vec<Incident> {
        let incidents = recording.incidents.iter();
        incidents.take_while(|it| it.at < begins).copied().collect()
    };
    let (there, here) = (before(recording), before(&simulated.ended.recording));
    assert!(!here.is_empty());
    assert_eq!(there, here);
    // Latency is measured where it is real.
    let measured = &recording.latency[&Operation::Page];
    assert!(!measured.is_empty());
    assert!(measured.len() < recording.latency_lapse[&Operation::Page].len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wish_to_stop_keeps_what_was_measured() {
    let scenario = scenario("zero-downtime-consumer.toml", &SMALL);
    let population = Population::new(&scenario);
    let options = Options::default();
    let stop = options.stop.clone();
    let mut answers = 0;
    let watch = |_, _| {
        answers += 1;
        if answers == 50 {
            stop.wish();
        }
    };
    let over_http = Box::pin(run(&scenario, &population, None, &options, watch))
        .await
        .expect("stopping is no failure");
    let Ending::Stopped(at) = over_http.ending else {
        panic!("{:?}", over_http.ending)
    };
    assert!(at < scenario.time.end());
    assert!(over_http.health.calls >= 50);
    assert!(over_http.health.open_at_end <= 8);
    assert!(!over_http.ended.recording.counts.is_empty());
}
