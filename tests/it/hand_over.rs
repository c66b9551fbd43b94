//! Rehearsals that leave virtual time in the middle and come back: the same fates as without.

use std::path::Path;

use cutover::driver::http::carriers::Carriers;
use cutover::driver::http::conductor::{Bounds, Ending};
use cutover::driver::http::film::{Elsewhere, Film};
use cutover::driver::http::{HttpRun, Options, play};
use cutover::driver::virtual_time::{self, Simulated};
use cutover::population::Population;
use cutover::scenario::{self, Overrides, Scenario, Window};
use cutover_mocks::time::Span;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::random_scenario;

fn scenario(file: &str, set: &[String]) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios")
        .join(file);
    let set = set.to_vec();
    let loaded = scenario::load(&path, &Overrides { set, seed: None });
    loaded.expect("a committed scenario").scenario
}

fn options() -> Options {
    Options {
        carriers: Carriers {
            count: 4,
            ..Carriers::default()
        },
        // One call at a time: which of two calls that overlap comes first is not decided otherwise.
        bounds: Bounds {
            in_lapse: 1,
            ..Bounds::default()
        },
        ..Options::default()
    }
}

/// The same rehearsal in virtual time alone, and with the wire in these windows.
async fn twice(scenario: &mut Scenario, windows: Vec<(Span, Span)>) -> (Simulated, HttpRun) {
    let population = Population::new(scenario);
    let baseline = virtual_time::baseline(scenario, &population);
    let simulated = virtual_time::simulate(scenario, &population, Some(&baseline), |_, _| {});
    scenario.time.windows = windows
        .into_iter()
        .map(|(from, length)| Window {
            name: format!("at {from}"),
            from,
            length,
        })
        .collect();
    let film = Film::new(&scenario.time, Elsewhere::Skipped).hurried();
    let run = Box::pin(play(
        scenario,
        (&population, Some(&baseline)),
        &film,
        &options(),
        |_, _| {},
    ))
    .await
    .expect("the providers serve and the carriers carry");
    (simulated, run)
}

fn check_same(simulated: &Simulated, run: &HttpRun) -> Result<(), TestCaseError> {
    prop_assert_eq!(run.ending, Ending::Played);
    let (here, there) = (&simulated.ended.recording, &run.ended.recording);
    for (there, here) in there.incidents.iter().zip(&here.incidents) {
        prop_assert_eq!(there, here);
    }
    prop_assert_eq!(&there.auth0_calls, &here.auth0_calls);
    prop_assert_eq!(&there.stytch_calls, &here.stytch_calls);
    prop_assert_eq!(&there.incidents, &here.incidents);
    prop_assert_eq!(&there.counts, &here.counts);
    prop_assert_eq!(&there.timeline, &here.timeline);
    prop_assert_eq!(&there.people, &here.people);
    prop_assert_eq!(&run.auth0_ledger, simulated.tenant.ledger());
    prop_assert_eq!(&run.stytch_ledger, simulated.project.ledger());
    let all: u64 = here
        .auth0_calls
        .values()
        .chain(here.stytch_calls.values())
        .sum();
    prop_assert_eq!(run.health.calls + run.health.inside, all);
    Ok(())
}

/// Scenarios that differ in what is under way: flags, migrations, faults, keys, second factors.
const FILES: [&str; 12] = [
    "all-at-once-consumer.toml",
    "all-at-once-b2b.toml",
    "key-rotation-consumer.toml",
    "mobile-slow-updates-consumer.toml",
    "racing-tabs-consumer.toml",
    "rollback-half-way-consumer.toml",
    "rollback-zero-downtime-consumer.toml",
    "rolling-with-migration-b2b.toml",
    "sign-up-edge-mirrored-consumer.toml",
    "stytch-outage-b2b.toml",
    "userinfo-limited-consumer.toml",
    "zero-downtime-b2b.toml",
];

/// The same cases each time, for they are few; more of them, and others, are a matter of patience.
fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        max_shrink_iters: 8,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(11),
        ..ProptestConfig::default()
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
}

proptest! {
    #![proptest_config(cases(6))]
    #[test]
    fn the_wire_can_take_over_at_any_moment_and_give_back(
        file in prop::sample::select(&FILES[..]),
        seed in 0u64..1_000,
        // Gaps and windows by turns, in seconds: down to a second, so that logins are cut in two.
        cuts in prop::collection::vec((1i64..300_000, 1i64..40_000), 1..6),
    ) {
        let mut set = vec!["population.users=120".to_owned()];
        if file.ends_with("-b2b.toml") {
            set.push("population.organizations.count=10".to_owned());
        }
        let mut scenario = scenario(file, &set);
        scenario.seed = seed;
        let mut at = 0;
        let windows = cuts
            .into_iter()
            .map(|(gap, length)| {
                let from = at + gap;
                at = from + length;
                (Span::from_secs(from), Span::from_secs(length))
            })
            .collect();
        let (simulated, run) = runtime().block_on(Box::pin(twice(&mut scenario, windows)));
        check_same(&simulated, &run)?;
    }
}

proptest! {
    #![proptest_config(cases(4))]
    #[test]
    fn a_scenario_that_nobody_wrote_can_be_cut_too(
        mut scenario in random_scenario::any().prop_map(Box::new).boxed(),
        mut cuts in prop::collection::btree_set(1i64..1_000, 2..12),
    ) {
        if cuts.len() % 2 == 1 {
            cuts.pop_last();
        }
        let at = |cut: &i64| Span::from_micros(scenario.time.length.as_micros() / 1_000 * cut);
        let cuts: Vec<Span> = cuts.iter().map(at).collect();
        let windows = cuts.chunks_exact(2).map(|cut| (cut[0], cut[1] - cut[0]));
        let windows = windows.collect();
        let (simulated, run) = runtime().block_on(Box::pin(twice(&mut scenario, windows)));
        check_same(&simulated, &run)?;
    }
}

/// Windows of some seconds all over a storm: most logins begin on one side and end on the other.
#[test]
fn logins_that_are_cut_in_two_go_on() {
    let storms = [
        ("all-at-once-consumer.toml", Span::from_hours(66)),
        ("none-consumer.toml", Span::from_hours(66)),
        ("zero-downtime-b2b.toml", Span::from_hours(81)),
    ];
    for (file, storm) in storms {
        let mut set = vec![
            "population.users=400".to_owned(),
            "time.length=4d".to_owned(),
        ];
        if file.ends_with("-b2b.toml") {
            set.push("population.organizations.count=10".to_owned());
        }
        let mut scenario = scenario(file, &set);
        let windows = (0..200)
            .map(|nth| (storm + Span::from_secs(nth * 14), Span::from_secs(7)))
            .collect();
        let (simulated, run) = runtime().block_on(Box::pin(twice(&mut scenario, windows)));
        assert!(run.health.calls > 20, "{file}: {} calls", run.health.calls);
        check_same(&simulated, &run).expect(file);
    }
}
