//! Whole comparisons: small real ones that must not depend on threads, and one made by hand whose page
//! is known.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

use super::fates::Fates;
use super::*;
use crate::outcome::Status;
use crate::outcome::fixture::{Fixture, slice};
use crate::recorder::{IncidentKind, LockoutCause, LogoutCause, Measure, Platform};
use crate::scenario::Overrides;
use crate::scenario::comparison::{self, LoadedComparison, Yardstick};
use crate::verdict::exit;

fn load(set: &[&str], seeds: u32) -> LoadedComparison {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/compare-consumer.toml");
    let overrides = Overrides {
        // Few sign-ups, or small rehearsals would be all about them.
        set: std::iter::once("population.signups_per_day=3")
            .chain(set.iter().copied())
            .map(str::to_owned)
            .collect(),
        seed: None,
    };
    let mut loaded = comparison::load(&path, &overrides).expect("a committed comparison");
    loaded.comparison.seeds = seeds;
    loaded
}

fn options(threads: usize, deep: bool) -> Options<'static> {
    Options {
        threads: NonZeroUsize::new(threads).expect("not 0"),
        deep,
        tool_version: "1.2.3",
    }
}

fn compared(loaded: &LoadedComparison, threads: usize, deep: bool) -> ComparisonOutcome {
    compare(loaded, options(threads, deep), &|_| {
        ControlFlow::Continue(())
    })
    .expect("committed gates and own histograms")
}

#[test]
fn the_outcome_is_the_same_on_any_number_of_threads() {
    let mut loaded = load(&["population.users=300"], 3);
    loaded
        .arms
        .retain(|arm| ["none", "rolling", "all-at-once"].contains(&arm.name.as_str()));
    loaded
        .comparison
        .between
        .retain(|gate| gate.text.contains("rolling"));
    loaded.comparison.control = None;
    let json = |threads: usize| {
        serde_json::to_string(&compared(&loaded, threads, true)).expect("text keys only")
    };
    let one = json(1);
    assert_eq!(one, json(2));
    assert_eq!(one, json(4));
}

#[test]
fn an_outcome_is_read_back_byte_by_byte_and_fits_its_schema() {
    let outcome = compared(&load(&["population.users=200"], 2), 2, false);
    let written = crate::report::comparison_json(&outcome);
    let read: ComparisonOutcome = serde_json::from_str(&written).expect("its own JSON");
    assert_eq!(crate::report::comparison_json(&read), written);
    let schema = serde_json::to_value(schemars::schema_for!(ComparisonOutcome)).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let json = serde_json::from_str(&written).expect("its own JSON");
    assert!(validator.is_valid(&json));
}

/// The committed schema is the one of these types. `UPDATE_GENERATED=1` rewrites it.
#[test]
fn the_committed_schema_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/comparison.schema.json");
    let schema = schemars::schema_for!(ComparisonOutcome);
    let generated = serde_json::to_string_pretty(&schema).expect("a schema is JSON") + "\n";
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(&path, &generated).expect("writable");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "reports/comparison.schema.json is stale: run with UPDATE_GENERATED=1"
    );
}

#[test]
fn watchers_see_every_rehearsal() {
    let loaded = load(&["population.users=100"], 2);
    let seen = std::sync::Mutex::new(Vec::new());
    let watch = |progress: Progress| {
        seen.lock().expect("nobody panics").push(progress);
        ControlFlow::Continue(())
    };
    compare(&loaded, options(2, false), &watch).expect("committed gates");
    let seen = seen.into_inner().expect("nobody panics");
    let last = *seen.last().expect("there were some");
    // Five strategies and the control, with two seeds.
    assert_eq!((last.done, last.planned), (12, 12));
    assert!(seen.windows(2).all(|pair| pair[0].done <= pair[1].done));
}

/// Stops after so many rehearsals; a seed takes six.
fn stopped_after(rehearsals: u64, deep: bool) -> Result<ComparisonOutcome, CompareError> {
    let loaded = load(&["population.users=100"], 4);
    let watch = |progress: Progress| {
        if progress.done >= rehearsals {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    compare(&loaded, options(1, deep), &watch)
}

#[test]
fn what_is_finished_is_compared_when_it_is_stopped() {
    let outcome = stopped_after(15, true).expect("two seeds are through");
    let told = "stopped after 2 of 4 seeds: what follows rests on those";
    assert_eq!(outcome.stopped.as_deref(), Some(told));
    assert_eq!(outcome.exit_code(), exit::INTERRUPTED);
    assert_ne!(outcome.status, Status::Passed);
    let two = compared(&load(&["population.users=100"], 2), 1, false);
    assert_eq!(outcome.arms[1].totals, two.arms[1].totals);
    assert_eq!(outcome.identity.seeds, 2);
    assert!(crate::report::comparison(&outcome).contains(told));
}

#[test]
fn one_seed_is_too_early_to_say_anything() {
    let error = stopped_after(11, true).expect_err("one seed is through");
    assert!(matches!(error, CompareError::TooEarly));
}

#[test]
fn a_comparison_stopped_at_its_cures_is_whole() {
    let outcome = stopped_after(25, true).expect("all seeds are through");
    assert_eq!(outcome.identity.seeds, 4);
    let told = outcome.stopped.as_deref().expect("it was stopped");
    assert!(
        told.ends_with("the comparison itself is complete"),
        "{told}"
    );
    assert!(
        outcome
            .arms
            .iter()
            .all(|arm| arm.causes.iter().all(|it| it.cures.is_empty()))
    );
}

#[test]
fn the_same_people_live_through_every_strategy() {
    let outcome = compared(&load(&["population.users=400"], 2), 2, false);
    let first = &outcome.arms[0];
    for arm in &outcome.arms {
        assert_eq!(arm.people.people, first.people.people, "{}", arm.name);
        assert_eq!(
            arm.totals.get(&Measure::VisitsScheduled),
            first.totals.get(&Measure::VisitsScheduled),
            "{}",
            arm.name
        );
    }
    let none = outcome.arm("none").expect("it is there");
    assert!(!none.moves && !none.pareto);
    assert_eq!(none.totals.get(&Measure::ForcedLogouts), None);
    assert!(
        outcome
            .ranking
            .places
            .iter()
            .all(|place| place.arm != "none")
    );
}

#[test]
fn a_strategy_against_itself_shows_nothing_over_many_seeds() {
    for control in ["all-at-once", "rolling", "zero-downtime"] {
        let mut loaded = load(&["population.users=250"], 12);
        loaded.comparison.control = Some(control.to_owned());
        loaded
            .arms
            .retain(|arm| arm.name == control || arm.name == "none");
        loaded.comparison.between.clear();
        let outcome = compared(&loaded, 2, false);
        assert!(
            outcome.control.shows_nothing,
            "{}",
            outcome.control.sentence
        );
        assert_eq!(outcome.control.arm, control);
    }
}

#[test]
fn what_would_have_avoided_a_cause_is_found_by_trying() {
    let mut loaded = load(&["population.users=400"], 2);
    loaded
        .arms
        .retain(|arm| arm.name == "rolling" || arm.name == "all-at-once");
    loaded.comparison.between.clear();
    loaded.comparison.control = None;
    let outcome = compared(&loaded, 2, true);
    let best = |arm: &str, cause: &str| -> Cure {
        let arm = outcome.arm(arm).expect("it is there");
        let found = arm.causes.iter().find(|it| it.cause == cause);
        let found = found.unwrap_or_else(|| panic!("{}: no {cause}", arm.name));
        found.cures.first().expect("something was tried").clone()
    };
    let migrate = best("rolling", "flag_flip");
    assert_eq!(migrate.setting, "cutover.rolling.migrate=true");
    assert_eq!(migrate.instead_of, "false");
    assert!(
        migrate.of > 0 && migrate.avoided * 2 > migrate.of,
        "{}",
        migrate.sentence
    );
    let another = best("all-at-once", "middleware_reject");
    assert!(another.setting.starts_with("cutover.zero-downtime.from="));
    for arm in &outcome.arms {
        let ceiling = arm
            .ceiling
            .as_ref()
            .expect("there is a limit over all calls");
        assert!(
            ceiling.refused == 0 && ceiling.used < 1.0,
            "{}",
            ceiling.sentence
        );
        let growth = ceiling.reached_at.expect("it was looked for");
        assert!(growth.fails_at.is_none_or(|fails| fails > growth.holds_at));
    }
}

/// A rehearsal made by hand: so many forced logouts and lockouts of people with these numbers.
fn rehearsal(
    strategy: &str,
    seed: u64,
    logouts: u64,
    lockouts: u64,
    days: Option<u64>,
) -> Rehearsal {
    let mut fixture = Fixture::healthy();
    let web = slice(Platform::Web);
    fixture.carried_by = crate::outcome::Driver::Virtual;
    fixture.driver = crate::outcome::DriverHealth::exact(622);
    let flip = IncidentKind::ForcedLogout(LogoutCause::FlagFlip);
    fixture.count(1, web, Measure::ForcedLogouts, logouts);
    fixture.incidents(1, web, flip, logouts);
    let old = IncidentKind::Lockout(LockoutCause::OldApp);
    fixture.count(1, web, Measure::Lockouts, lockouts);
    fixture.incidents(1, web, old, lockouts);
    let mut outcome = fixture.outcome();
    outcome.identity.strategy = strategy.to_owned();
    outcome.identity.seed = seed;
    let gate = crate::scenario::GateText {
        text: "lockouts < 20%".to_owned(),
        file: "compare-consumer.toml".to_owned(),
        line: 25,
    };
    let gate = PlacedGate::read(gate).expect("a gate");
    outcome.verdict = Some(crate::verdict::judge(&outcome, &[gate]));
    let duration = days.map(|days| cutover_mocks::time::Span::from_days(days as i64));
    let comparison = load(&[], 2).comparison;
    let values = Yardstick::ALL
        .into_iter()
        .map(|it| yardstick::value(it, &outcome, duration, &comparison))
        .collect();
    let numbers = |count: u64| 0..count as u32;
    Rehearsal {
        outcome,
        fates: Fates {
            logged_out: numbers(logouts).map(|person| (person, 0)).collect(),
            locked_out: numbers(lockouts).collect(),
            gone: Vec::new(),
            hits: Vec::new(),
            complete: true,
        },
        limits: Vec::new(),
        values,
    }
}

/// Eight seeds of every strategy: zero-downtime logs out nobody, all-at-once most.
fn by_hand(loaded: &LoadedComparison) -> Rehearsals {
    let seeds =
        |strategy: &str, logouts: u64, lockouts: u64, days: Option<u64>| -> Vec<Rehearsal> {
            (0..8)
                .map(|seed| {
                    let days = days.map(|days| days + seed % 2);
                    rehearsal(
                        strategy,
                        seed + 1,
                        logouts * (9 + seed) / 10,
                        lockouts + seed % 2,
                        days,
                    )
                })
                .collect()
        };
    let of = |name: &str| match name {
        "none" => seeds("none", 0, 0, None),
        "all-at-once" => seeds("all-at-once", 50, 12, Some(1)),
        "rolling" => seeds("rolling", 50, 4, Some(7)),
        "rolling-migrate" => seeds("rolling", 2, 4, Some(7)),
        _ => seeds("zero-downtime", 0, 4, Some(3)),
    };
    Rehearsals {
        arms: loaded.arms.iter().map(|arm| of(&arm.name)).collect(),
        control: of("zero-downtime"),
    }
}

#[test]
fn page_of_a_comparison() {
    let mut loaded = load(&[], 8);
    loaded
        .comparison
        .between
        .retain(|gate| !gate.text.contains("peak"));
    let mut outcome = conclude(&loaded, &by_hand(&loaded), "1.2.3").expect("sound");
    outcome.arms[2].ceiling = Some(Ceiling {
        limit: "25/s (burst 25) over all calls to auth0".to_owned(),
        used: 1.0,
        at: outcome.start,
        seed: 3,
        flag_share: 0.5,
        refused: 12,
        reached_at: None,
        sentence: "25/s (burst 25) over all calls to auth0 is reached first".to_owned(),
    });
    // The path of the repository is no part of the page.
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/");
    let page = crate::report::comparison(&outcome).replace(root, "");
    let page = anstream::adapter::strip_str(&page).to_string();
    for line in page.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    insta::assert_snapshot!(page);
}

#[test]
fn conclusions_follow_from_the_numbers() {
    let loaded = load(&[], 8);
    let outcome = conclude(&loaded, &by_hand(&loaded), "1.2.3").expect("sound");
    assert_eq!(outcome.status, Status::Passed, "{:?}", outcome.reasons);
    assert_eq!(
        outcome.ranking.recommended.as_deref(),
        Some("zero-downtime")
    );
    let finding = |one: &str, other: &str, yardstick: Yardstick| {
        let (pair, _) = outcome.pair(one, other).expect("all pairs");
        let found = pair
            .measures
            .iter()
            .find(|it| it.yardstick == yardstick.name());
        found.expect("all yardsticks").finding
    };
    let logouts = Yardstick::ForcedLogouts;
    assert_eq!(
        finding("all-at-once", "zero-downtime", logouts),
        Finding::SecondLess
    );
    assert_eq!(finding("all-at-once", "rolling", logouts), Finding::Same);
    assert_eq!(
        finding("rolling", "zero-downtime", Yardstick::Lockouts),
        Finding::Same
    );
    assert_eq!(
        finding("none", "rolling", Yardstick::Duration),
        Finding::NotComparable
    );
    assert!(outcome.control.shows_nothing);
}

#[test]
fn a_violated_invariant_is_not_averaged_away() {
    let loaded = load(&[], 8);
    let mut rehearsals = by_hand(&loaded);
    let mut fixture = Fixture::healthy();
    fixture.count(1, slice(Platform::Web), Measure::WronglyAdmitted, 1);
    let mut outcome = fixture.outcome();
    outcome.identity.seed = 4;
    outcome.verdict = Some(crate::verdict::judge(&outcome, &[]));
    rehearsals.arms[4][3].outcome = outcome;
    let outcome = conclude(&loaded, &rehearsals, "1.2.3").expect("sound");
    assert_eq!(outcome.status, Status::InvariantViolated);
    assert!(
        outcome.reasons[0].starts_with("zero-downtime, seed 4: "),
        "{:?}",
        outcome.reasons
    );
}

#[test]
fn a_control_that_shows_something_voids_the_comparison() {
    let mut loaded = load(&[], 16);
    loaded.comparison.control = Some("zero-downtime".to_owned());
    let mut rehearsals = by_hand(&loaded);
    let many = |strategy: &str, logouts: u64| -> Vec<Rehearsal> {
        (0..16)
            .map(|seed| rehearsal(strategy, seed + 1, logouts + seed, 4, Some(3)))
            .collect()
    };
    rehearsals.arms[4] = many("zero-downtime", 20);
    rehearsals.control = many("zero-downtime", 60);
    let outcome = conclude(&loaded, &rehearsals, "1.2.3").expect("sound");
    assert!(!outcome.control.shows_nothing);
    assert_eq!(
        outcome.status,
        Status::Inconclusive,
        "{:?}",
        outcome.reasons
    );
}

#[test]
fn what_cannot_be_told_says_how_many_seeds_would() {
    let loaded = load(&[], 8);
    let mut rehearsals = by_hand(&loaded);
    // Now more, now less: a small difference in much noise, too frequent for an exact test.
    rehearsals.arms[2] = (0..8)
        .map(|seed| rehearsal("rolling", seed + 1, 40 + seed % 2 * 60, 4, Some(7)))
        .collect();
    rehearsals.arms[1] = (0..8)
        .map(|seed| rehearsal("all-at-once", seed + 1, 90 - seed % 2 * 30, 12, Some(1)))
        .collect();
    let outcome = conclude(&loaded, &rehearsals, "1.2.3").expect("sound");
    let (pair, _) = outcome.pair("all-at-once", "rolling").expect("all pairs");
    let logouts = &pair.measures[0];
    let Finding::Undecided {
        seeds_needed: Some(needed),
    } = logouts.finding
    else {
        panic!("{logouts:?}");
    };
    assert!(
        needed > 8 && logouts.sentence.contains("cannot tell"),
        "{}",
        logouts.sentence
    );
    assert!(
        logouts
            .sentence
            .contains(&format!("{needed} seeds would tell"))
    );
}

#[test]
fn a_gate_that_the_seeds_cannot_decide_makes_the_comparison_inconclusive() {
    let mut loaded = load(&[], 8);
    loaded.comparison.between.truncate(1);
    loaded.comparison.between[0].text =
        "rolling.forced_logouts < all-at-once.forced_logouts".to_owned();
    let mut rehearsals = by_hand(&loaded);
    rehearsals.arms[2] = (0..8)
        .map(|seed| rehearsal("rolling", seed + 1, 40 + seed % 2 * 60, 4, Some(7)))
        .collect();
    let outcome = conclude(&loaded, &rehearsals, "1.2.3").expect("sound");
    assert_eq!(outcome.between[0].result, BetweenResult::Inconclusive);
    assert_eq!(outcome.status, Status::Inconclusive);
}
