//! Baselines made, written, read, refused, and held against.

use std::path::Path;

use super::*;
use crate::outcome::fixture::{Fixture, START, slice};
use crate::outcome::{GateOutcome, GateResult, Moment};
use crate::recorder::{Measure, Platform};
use crate::scenario::{GateText, Loaded, Overrides};
use crate::verdict::{PlacedGate, judge, judge_against};

fn placed(texts: &[&str]) -> Vec<PlacedGate> {
    let place = |text: &&str| {
        let written = GateText {
            text: (*text).to_owned(),
            file: "scenario.toml".to_owned(),
            line: 7,
        };
        PlacedGate::read(written).expect(text)
    };
    texts.iter().map(place).collect()
}

fn judged(fixture: &Fixture, gates: &[&str]) -> Outcome {
    let mut outcome = fixture.outcome();
    outcome.verdict = Some(judge(&outcome, &placed(gates)));
    outcome
}

fn baseline(fixture: &Fixture, gates: &[&str]) -> Baseline {
    Baseline::of(&judged(fixture, gates)).expect("a sound run")
}

fn against(now: &Fixture, gate: &str, baseline: Option<&Baseline>) -> GateOutcome {
    judge_against(&now.outcome(), &placed(&[gate]), baseline)
        .gates
        .remove(0)
}

#[test]
fn a_baseline_is_read_back_as_written() {
    let made = baseline(
        &Fixture::healthy(),
        &["forced_logouts{platform=web, phase=\"step 25%\"} <= baseline"],
    );
    let text = made.text();
    let read = Baseline::read(&text).expect("its own text");
    assert_eq!(read, made);
    assert_eq!(read.text(), text);
}

#[test]
fn a_baseline_keeps_values_with_what_they_rest_on_a_line_each() {
    let text = baseline(
        &Fixture::healthy(),
        &["forced_logouts{platform=web, phase=\"step 25%\"} <= baseline"],
    )
    .text();
    for line in [
        r#"    "forced_logouts": {"value":3,"unit":"count","n":640,"of":"devices seen"},"#,
        r#"    "forced_logouts{platform=web, phase=\"step 25%\"}": {"value":3,"unit":"count","n":1500,"of":"page loads"},"#,
        r#"    "migration_success": {"value":99.5,"unit":"percent","n":600,"of":"migration attempts"},"#,
        r#"    "latency.migrate.p99": {"value":331775,"unit":"microseconds","n":610,"of":"measured"},"#,
        r#"    "calls.stytch.migrate.429": {"value":13,"unit":"count","n":610,"of":"calls to the endpoint"},"#,
        r#"    "calls.stytch.migrate.peak": {"value":17,"unit":"per_second","n":610,"of":"calls to the endpoint"},"#,
        r#"    "causes.forced_logouts.refresh_race": {"value":2,"unit":"count","n":640,"of":"devices seen"},"#,
        r#"    "causes.forced_logouts.old_app": {"value":0,"unit":"count","n":640,"of":"devices seen"},"#,
    ] {
        assert!(text.lines().any(|own| own == line), "{line}\n{text}");
    }
    assert!(!text.contains("latency.login"), "nobody measured that");
}

/// Gate, whether it holds against a baseline of 3 forced logouts and so on, limit, margin.
const JUDGED: &[(&str, GateResult, &str, Option<f64>)] = &[
    (
        "forced_logouts <= baseline",
        GateResult::Fails,
        "3",
        Some(-1.0),
    ),
    (
        "forced_logouts <= baseline + 10%",
        GateResult::Fails,
        "3.3",
        Some(-0.7),
    ),
    (
        "forced_logouts <= baseline * 1.5",
        GateResult::Holds,
        "4.5",
        Some(0.5),
    ),
    (
        "forced_logouts <= baseline + 1",
        GateResult::Holds,
        "4",
        Some(0.0),
    ),
    (
        "forced_logouts{platform=web} == baseline",
        GateResult::Fails,
        "3",
        Some(-1.0),
    ),
    (
        "migration_success >= baseline - 0.5 points",
        GateResult::Holds,
        "99%",
        Some(0.5),
    ),
    (
        "latency.migrate.p99 <= baseline * 1.1",
        GateResult::Holds,
        "365 ms",
        None,
    ),
    (
        "lockouts <= baseline + 10%",
        GateResult::Holds,
        "0",
        Some(0.0),
    ),
];

#[test]
fn relative_gates_hold_or_fail_by_the_limit_that_follows_from_the_baseline() {
    let gates: Vec<&str> = JUDGED.iter().map(|(gate, ..)| *gate).collect();
    let was = baseline(&Fixture::healthy(), &gates);
    let mut now = Fixture::healthy();
    now.count(1, slice(Platform::Web), Measure::ForcedLogouts, 1);
    for &(gate, result, limit, margin) in JUDGED {
        let outcome = against(&now, gate, Some(&was));
        assert_eq!(outcome.result, result, "{gate}");
        let told = outcome.limit.map(|limit| limit.to_string());
        assert_eq!(told.as_deref(), Some(limit), "{gate}");
        assert!(outcome.baseline.is_some(), "{gate}");
        if let Some(expected) = margin {
            let margin = outcome.margin.expect("a value and a limit");
            assert!((margin - expected).abs() < 1e-9, "{gate}: {margin}");
        }
    }
}

#[test]
fn a_relative_gate_tells_baseline_and_limit_whether_it_holds_or_not() {
    let was = baseline(&Fixture::healthy(), &[]);
    let mut now = Fixture::healthy();
    now.count(1, slice(Platform::Web), Measure::ForcedLogouts, 1);
    let failed = against(&now, "forced_logouts <= baseline + 10%", Some(&was));
    assert_eq!(
        failed.reason.as_deref(),
        Some(
            "4 where at most 3.3 (baseline 3) is wanted, of 640 devices seen: 2 refresh_race, 1 migrate_429; most in phase \"step 25%\""
        )
    );
    let held = against(&now, "lockouts <= baseline + 10%", Some(&was));
    assert_eq!(
        held.note.as_deref(),
        Some("limit 0 from a baseline of 0; the true rate is below 0.30% at 95% confidence")
    );
}

#[test]
fn without_a_baseline_or_a_value_in_it_a_relative_gate_is_not_exercised() {
    let fixture = Fixture::healthy();
    let none = against(&fixture, "forced_logouts <= baseline + 10%", None);
    assert_eq!(
        (none.result, none.limit, none.margin, none.reason.as_deref()),
        (
            GateResult::NotExercised,
            None,
            None,
            Some("no baseline given")
        )
    );
    assert!(none.value.is_some(), "what it is now is known all the same");

    let was = baseline(&fixture, &[]);
    let newer = against(
        &fixture,
        "forced_logouts{platform=ios} <= baseline",
        Some(&was),
    );
    assert_eq!(newer.result, GateResult::NotExercised);
    assert_eq!(
        newer.reason.as_deref(),
        Some("the baseline has no value of `forced_logouts{platform=ios}`")
    );

    let idle = against(&Fixture::empty(), "lockouts <= baseline", Some(&was));
    assert_eq!(idle.result, GateResult::NotExercised);
    assert_eq!(
        idle.reason.as_deref(),
        Some("nothing to judge by: 0 people")
    );
}

#[test]
fn a_run_that_proves_nothing_makes_no_baseline() {
    let mut cut = Fixture::healthy();
    cut.completeness = Completeness::Interrupted {
        at: Moment::new(START),
    };
    let refused = |fixture: &Fixture| Baseline::of(&judged(fixture, &[])).expect_err("unsound");
    assert_eq!(refused(&cut), NoBaseline::Interrupted);
    assert!(matches!(refused(&Fixture::empty()), NoBaseline::Unsound(_)));
    let mut wrong = Fixture::healthy();
    wrong.count(1, slice(Platform::Web), Measure::WronglyAdmitted, 1);
    assert!(matches!(refused(&wrong), NoBaseline::Unsound(_)));
    assert_eq!(
        Baseline::of(&Fixture::healthy().outcome()),
        Err(NoBaseline::NotJudged)
    );
    // A gate that fails for want of a baseline must not keep the first one from being made.
    baseline(&Fixture::healthy(), &["forced_logouts <= baseline"]);
}

#[test]
fn a_file_of_another_version_is_refused_by_name() {
    let text = baseline(&Fixture::healthy(), &[]).text();
    let told = |text: &str| Baseline::read(text).expect_err("refused").to_string();
    assert_eq!(
        told(&text.replace("\"baseline_version\": 1", "\"baseline_version\": 9")),
        "its baseline_version is 9 where this tool reads 1: make it again from a run"
    );
    let other = format!("\"outcome_version\": {OUTCOME_VERSION}");
    assert_eq!(
        told(&text.replace(&other, "\"outcome_version\": 77, \"later\": true")),
        format!(
            "it was made from an outcome of version 77 where this tool writes version {OUTCOME_VERSION}: numbers may not mean the same; make it again from a run"
        )
    );
    assert!(told("[]").starts_with("it is no baseline: "));
    assert!(told(&text[..text.len() / 2]).starts_with("it is no baseline: "));
}

fn loaded(set: &[&str], seed: Option<u64>) -> Loaded {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/rolling-consumer.toml");
    let overrides = Overrides {
        set: set.iter().map(ToString::to_string).collect(),
        seed,
    };
    scenario::load(&path, &overrides).expect("a committed scenario")
}

/// A baseline of this scenario in virtual time; its values do not matter.
fn of(loaded: &Loaded) -> Baseline {
    Baseline {
        scenario: loaded.scenario.name.clone(),
        scenario_sha256: scenario::hash_without_gates(&loaded.text),
        seed: loaded.scenario.seed,
        driver: Driver::Virtual,
        ..baseline(&Fixture::healthy(), &[])
    }
}

#[test]
fn a_baseline_fits_its_own_rehearsal_and_no_other() {
    let own = loaded(&[], None);
    let was = of(&own);
    assert_eq!(was.fits(&own, Driver::Virtual), Ok(()));
    let unfit = |loaded: &Loaded, driver: Driver| {
        was.fits(loaded, driver).expect_err("another").to_string()
    };
    assert_eq!(
        unfit(&own, Driver::Http),
        "it was made in virtual time, and this runs over HTTP: latencies do not compare"
    );
    assert_eq!(
        unfit(&loaded(&[], Some(7)), Driver::Virtual),
        "it was made with seed 1, and this is seed 7: other people, other visits"
    );
    assert_eq!(
        unfit(&loaded(&["name=\"other\""], None), Driver::Virtual),
        "it is of scenario `rolling-consumer`, and this is `other`"
    );
    let changed = unfit(&loaded(&["population.users=7"], None), Driver::Virtual);
    assert!(
        changed.starts_with("the scenario has changed since: its hash is "),
        "{changed}"
    );
}

#[test]
fn latencies_of_other_windows_do_not_compare() {
    let fixture = Fixture::healthy();
    let (was, mut now) = (baseline(&fixture, &[]), fixture.outcome());
    let read = Baseline::read(&was.text()).expect("its own text");
    assert_eq!(read.fits_windows(&now.windows), Ok(()));
    now.windows[0].why = Some("a reason is no part of it".to_owned());
    assert_eq!(read.fits_windows(&now.windows), Ok(()));
    now.windows[0].length_us += 1;
    assert_eq!(read.fits_windows(&now.windows), Err(Unfit::Windows));
    let earlier = Baseline {
        windows: None,
        ..was
    };
    assert_eq!(earlier.fits_windows(&now.windows), Ok(()));
}

#[test]
fn gates_are_no_part_of_what_a_baseline_fits() {
    let was = of(&loaded(&[], None));
    let other_gates = loaded(
        &["gates.require=[\"forced_logouts <= baseline + 10%\"]"],
        None,
    );
    assert_ne!(other_gates.hash, loaded(&[], None).hash);
    assert_eq!(was.fits(&other_gates, Driver::Virtual), Ok(()));
}
