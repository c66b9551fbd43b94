//! One seed, one population: strategies meet the same people, and shift nobody's luck but of those they touch.

use std::collections::{BTreeMap, BTreeSet};

use cutover::population::Population;
use cutover::rehearsal::{Owner, ProviderCall};
use cutover::scenario::{Scenario, Strategy};
use cutover::strategy::Plan;
use cutover::strategy::flag::{Bucket, Evaluator};
use cutover_mocks::time::Timestamp;
use proptest::prelude::*;

use crate::random_scenario;
use crate::rehearsed::{Exchange, Rehearsed, load, planned, rehearse, under};

const STRATEGIES: [&str; 4] = [
    "cutover.none={}",
    "cutover.all-at-once.at=\"3d\"",
    "cutover.zero-downtime.from=\"3d\"",
    "cutover.rolling={ key = \"user\", steps = [{ at = \"3d\", share = \"20%\" }] }",
];

/// Instances keep their keys: else a fetch that others spare a person, or not, shifts their times.
fn scenario(strategy: &str) -> Scenario {
    load(
        "all-at-once-consumer",
        &[
            "population.users=3000",
            "app.mirror_signups=false",
            "population.visits.private_window=\"0%\"",
            "app.jwks_cache=\"30d\"",
            strategy,
        ],
    )
}

/// What a person's calls were: where to, when, with which luck, and with which status.
fn calls(rehearsed: &Rehearsed) -> BTreeMap<u32, Vec<(String, Timestamp, u64, u16)>> {
    let mut calls = BTreeMap::new();
    for exchange in &rehearsed.exchanges {
        let Owner::Person(person) = exchange.dispatch.owner else {
            continue;
        };
        let endpoint = match exchange.dispatch.call {
            ProviderCall::Auth0(call) => call.endpoint().name(),
            ProviderCall::Stytch(call) => call.endpoint().name(),
        };
        let of: &mut Vec<_> = calls.entry(person.0).or_default();
        let stamp = exchange.dispatch.stamp;
        let call = (
            endpoint.to_owned(),
            stamp.at,
            stamp.luck.0,
            exchange.status(),
        );
        of.push(call);
    }
    calls
}

#[test]
fn every_strategy_meets_the_same_people_and_the_same_visits() {
    let first = scenario(STRATEGIES[0]);
    let people = Population::new(&first);
    for strategy in &STRATEGIES[1..] {
        let other = scenario(strategy);
        let others = Population::new(&other);
        assert_eq!(people.people(), others.people(), "{strategy}");
        assert_eq!(people.devices(), others.devices(), "{strategy}");
        assert_eq!(
            planned(&first, &people),
            planned(&other, &others),
            "{strategy}"
        );
    }
}

#[test]
fn a_strategy_shifts_nobodys_luck_whom_it_does_not_touch() {
    let none = rehearse(scenario(STRATEGIES[0]));
    let rolling = rehearse(scenario(STRATEGIES[3]));
    let share = Plan::new(&rolling.scenario).share(rolling.scenario.time.end());
    // Reached by the flag as themselves or, while unknown, by a device's cookie.
    let touched: BTreeSet<u32> = (0..rolling.population.devices().len())
        .filter_map(|number| {
            let device = rolling.population.devices()[number];
            let keys = [
                format!("user-{}", device.person.0),
                format!("cookie-{number}"),
            ];
            let on = |key: &String| Bucket::of(Evaluator::Agreed, key).is_on(share);
            keys.iter().any(on).then_some(device.person.0)
        })
        .collect();
    let (before, after) = (calls(&none), calls(&rolling));
    let untouched: Vec<&u32> = before.keys().filter(|&id| !touched.contains(id)).collect();
    assert!(
        untouched.len() > 100,
        "only {} are untouched",
        untouched.len()
    );
    for person in untouched {
        assert_eq!(before.get(person), after.get(person), "person {person}");
    }
}

#[test]
fn extra_calls_of_one_kind_leave_the_luck_of_others_alone() {
    let none = rehearse(scenario(STRATEGIES[0]));
    let migrating = rehearse(scenario(STRATEGIES[2]));
    let lucks = |exchanges: &[Exchange], endpoint: &str| -> BTreeSet<u64> {
        let of_endpoint = exchanges
            .iter()
            .filter(|exchange| match exchange.dispatch.call {
                ProviderCall::Auth0(call) => call.endpoint().name() == endpoint,
                ProviderCall::Stytch(_) => false,
            });
        of_endpoint
            .map(|exchange| exchange.dispatch.stamp.luck.0)
            .collect()
    };
    let (before, after) = (
        lucks(&none.exchanges, "auth0.authorize"),
        lucks(&migrating.exchanges, "auth0.authorize"),
    );
    assert!(after.len() > 20 && after.len() < before.len());
    assert!(
        after.is_subset(&before),
        "logins at Auth0 have the luck they had without a cutover"
    );
}

fn fingerprint(rehearsed: &Rehearsed) -> String {
    let recording = rehearsed.recording();
    format!("{recording:?} {:?}", rehearsed.exchanges)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn the_same_scenario_has_the_same_history(scenario in random_scenario::any()) {
        let (first, second) = (rehearse(scenario.clone()), rehearse(scenario));
        prop_assert_eq!(fingerprint(&first), fingerprint(&second));
    }

    #[test]
    fn no_random_scenario_logs_anyone_out_without_a_cutover(scenario in random_scenario::any()) {
        let rehearsed = rehearse(under(&scenario, Strategy::None));
        let forced = rehearsed.total(cutover::recorder::Measure::ForcedLogouts);
        prop_assert_eq!(forced, 0);
    }
}
