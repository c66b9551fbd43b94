//! The twin check: every shipped scenario, and scenarios that nobody wrote, through both drivers.

use std::collections::BTreeSet;

use cutover::driver::http::conductor::Ending;
use cutover::driver::virtual_time;
use cutover::population::Population;
use cutover::recorder::{Incident, Recording};
use cutover::scenario::{Scenario, Time};
use cutover::twin::{Played, Twins};
use cutover_mocks::stytch;
use cutover_mocks::time::Span;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::http::{assert_same, scenario, twice};
use crate::random_scenario;
use crate::rehearsed::committed;

/// One scenario through both drivers, one call at a time: nothing may differ, whatever limits do.
async fn same(name: &str, scenario: &Scenario) -> Recording {
    let (simulated, over_http) = Box::pin(twice(scenario)).await;
    assert_eq!(over_http.ending, Ending::Played, "{name}");
    let (here, there) = (&simulated.ended.recording, &over_http.ended.recording);
    let played = Played {
        in_flight: 1,
        stuck: over_http.health.stuck,
    };
    let twins = Twins::compare(here, there, scenario, played);
    assert!(twins.agree(), "{name}: {twins:#?}");
    assert_same(&simulated, &over_http);
    simulated.ended.recording
}

/// What a scenario is about, and what must therefore have happened in it at its small size too.
fn subject(name: &str) -> &'static [&'static str] {
    match name.rsplit_once('-').map_or(name, |(name, _)| name) {
        "none" => &["logged_in auth0", "natural_logout refresh_expired"],
        "all-at-once" | "login-storm" => &["forced_logout middleware_reject", "logged_in stytch"],
        "rolling" | "rolling-by-cookie" => &["forced_logout flag_flip", "logged_in stytch"],
        "rolling-with-migration" | "zero-downtime" | "key-rotation" => &["migrated"],
        "mobile-slow-updates" => &["forced_logout old_app", "lockout old_app"],
        "rollback-half-way" => &["forced_logout flag_flip", "forced_logout rollback"],
        "rollback-zero-downtime" => &["migrated", "forced_logout rollback"],
        "racing-tabs" => &["migrated", "forced_logout refresh_race"],
        "sign-up-edge" => &["lockout no_legacy_record"],
        "sign-up-edge-mirrored" => &["logged_in auth0", "logged_in stytch"],
        "stytch-outage" => &["migrated", "migration_failed server_error"],
        "userinfo-limited" => &["migrated", "migration_failed userinfo"],
        "unmapped-organizations" => &["migrated", "forced_logout middleware_reject"],
        other => panic!("say what {other} is about"),
    }
}

/// Its small size: as many calls as show what it is about, and no more.
fn small(name: &str) -> Scenario {
    let people: &[&str] = if name.ends_with("-b2b") {
        &["population.users=60", "population.organizations.count=9"]
    } else {
        &["population.users=130", "population.visits.pattern=habit"]
    };
    // Few people meet a limit only if they come at once, and few are new.
    let special: &[&str] = match name {
        "sign-up-edge-consumer" => &["population.signups_per_day=15"],
        "userinfo-limited-consumer" => {
            &[r#"population.surges=[{ at = "2d 18h", share = "50%", within = "1m" }]"#]
        }
        _ => &[],
    };
    let few = ["population.signups_per_day=3", "time.lapse=1ms"];
    scenario(&format!("{name}.toml"), &[people, &few, special].concat())
}

/// Every so manieth of the shipped scenarios: each test has its own, so that they share the cores.
async fn shipped(part: usize) {
    for name in committed().into_iter().skip(part).step_by(PARTS) {
        let recording = same(&name, &small(&name)).await;
        let happened: BTreeSet<String> = recording.incidents.iter().map(told).collect();
        for subject in subject(&name) {
            assert!(
                happened.contains(*subject),
                "{name}: no {subject}, but {happened:?}"
            );
        }
    }
}

fn told(incident: &Incident) -> String {
    let cause = incident.kind.cause().map(|cause| format!(" {cause}"));
    format!("{}{}", incident.kind.name(), cause.unwrap_or_default())
}

const PARTS: usize = 4;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shipped_scenarios_have_one_fate_1() {
    shipped(0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shipped_scenarios_have_one_fate_2() {
    shipped(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shipped_scenarios_have_one_fate_3() {
    shipped(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shipped_scenarios_have_one_fate_4() {
    shipped(3).await;
}

/// Scenarios that nobody wrote, always the same ones.
async fn random(seed: u64, count: u32) {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed as u8; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for number in 0..count {
        let scenario = random_scenario::any()
            .new_tree(&mut runner)
            .expect("a scenario")
            .current();
        let lapse = Span::from_millis(1);
        let time = Time {
            lapse,
            ..scenario.time
        };
        let scenario = Scenario { time, ..scenario };
        same(
            &format!("{number} of seed {seed}: {scenario:#?}"),
            &scenario,
        )
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_scenarios_have_one_fate_1() {
    random(1, 12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_scenarios_have_one_fate_2() {
    random(2, 12).await;
}

/// All people of an instance share its budget of retries: once it holds calls back, whose they are
/// depends on their order, which the twin check must know of where calls overlap.
#[test]
fn what_instances_hold_back_is_noted_from_the_first_on() {
    let begun = |name: &str| {
        let scenario = small(name);
        let population = Population::new(&scenario);
        let simulated = virtual_time::simulate(&scenario, &population, None, |_, _| {});
        simulated.ended.recording.onset.held_back
    };
    assert!(begun("stytch-outage-b2b").is_some());
    assert_eq!(begun("none-b2b"), None);
}

/// Renewals that change nothing bring texts that differ and say the same: they are one credential.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn renewals_within_a_second_are_one_credential_in_both_drivers() {
    let set = [
        "population.users=40",
        "population.organizations.count=2",
        "population.signups_per_day=0",
        "time.length=4d",
        "time.lapse=1ms",
        "app.verify=by-call",
        "app.extend_on_renewal=false",
    ];
    let scenario = scenario("all-at-once-b2b.toml", &set);
    let recording = same("renewals", &scenario).await;
    let renewals = recording.stytch_calls[&(stytch::Endpoint::Authenticate, 200)];
    assert!(renewals > 50, "{renewals} renewals");
}
