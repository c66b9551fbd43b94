//! Gates and invariants against an outcome made by hand.

use cutover_mocks::stytch;

use super::*;
use crate::outcome::fixture::{Fixture, slice};
use crate::outcome::{Lateness, Moment, Unit};
use crate::recorder::{Measure, Platform};

fn placed(text: &str) -> PlacedGate {
    let written = GateText {
        text: text.to_owned(),
        file: "scenario.toml".to_owned(),
        line: 7,
    };
    PlacedGate::read(written).expect(text)
}

fn judged(fixture: &Fixture, gates: &[&str]) -> Verdict {
    let gates: Vec<PlacedGate> = gates.iter().map(|gate| placed(gate)).collect();
    judge(&fixture.outcome(), &gates)
}

fn one(fixture: &Fixture, gate: &str) -> GateOutcome {
    judged(fixture, &[gate]).gates.remove(0)
}

/// Gate, whether it holds, the value as shown, what it rests on.
const VALUES: &[(&str, GateResult, &str, u64)] = &[
    ("forced_logouts == 3", GateResult::Holds, "3", 640),
    ("forced_logouts <= 0.5%", GateResult::Holds, "0.4688%", 640),
    (
        "forced_logouts{platform=ios} == 0",
        GateResult::Holds,
        "0",
        400,
    ),
    (
        "forced_logouts{phase=\"step 25%\"} < 3",
        GateResult::Fails,
        "3",
        1_900,
    ),
    (
        "migration_success >= 99.5%",
        GateResult::Holds,
        "99.5%",
        600,
    ),
    (
        "migration_success{platform=web} >= 99.5%",
        GateResult::Fails,
        "99.4%",
        500,
    ),
    ("devices_migrated > 99%", GateResult::Holds, "99.3333%", 600),
    ("devices_on_stytch >= 98%", GateResult::Holds, "98.01%", 602),
    ("residue < 1%", GateResult::Fails, "1.99%", 602),
    ("residue <= 12", GateResult::Holds, "12", 602),
    ("still_out == 0", GateResult::Fails, "1", 640),
    ("lockouts == 0", GateResult::Holds, "0", 1_000),
    ("abandonments < 0.1%", GateResult::Fails, "0.1%", 1_000),
    (
        "latency.migrate.p99 < 400ms",
        GateResult::Holds,
        "331.8 ms",
        610,
    ),
    (
        "latency.page.max <= 100ms",
        GateResult::Fails,
        "130 ms",
        900,
    ),
    ("latency.login.p50 < 1s", GateResult::NotExercised, "", 0),
    (
        "calls.auth0.userinfo.peak <= 10/s",
        GateResult::Fails,
        "17/s",
        597,
    ),
    (
        "calls.stytch.migrate <= 610",
        GateResult::Holds,
        "610",
        2_800,
    ),
    (
        "calls.stytch.migrate.429 < 2%",
        GateResult::Fails,
        "2.13%",
        610,
    ),
    (
        "calls.stytch.migrate.4xx == 13",
        GateResult::Holds,
        "13",
        610,
    ),
    (
        "calls.stytch.migrate.timed_out == 0",
        GateResult::Holds,
        "0",
        610,
    ),
    ("calls.stytch.oauth == 0", GateResult::Holds, "0", 2_800),
    (
        "calls.stytch.oauth.429 == 0",
        GateResult::NotExercised,
        "",
        0,
    ),
    ("storm.logins.peak <= 5/s", GateResult::Holds, "2/s", 2),
    (
        "storm.amplification < 1.1",
        GateResult::Holds,
        "1.016x",
        610,
    ),
    (
        "causes.forced_logouts.refresh_race == 0",
        GateResult::Fails,
        "2",
        640,
    ),
    (
        "causes.forced_logouts.refresh_race <= 66%",
        GateResult::Fails,
        "66.67%",
        3,
    ),
    (
        "causes.forced_logouts.old_app == 0",
        GateResult::Holds,
        "0",
        640,
    ),
    ("causes.logins.stytch == 2", GateResult::Holds, "2", 2),
    ("relogins >= 50%", GateResult::Holds, "66.67%", 3),
    ("password_resets != 1", GateResult::Holds, "0", 2_800),
    (
        "lockouts{cohort=waiting} == 0",
        GateResult::NotExercised,
        "",
        0,
    ),
];

#[test]
fn every_quantity_has_its_value_and_what_it_rests_on() {
    let fixture = Fixture::healthy();
    for &(text, result, value, n) in VALUES {
        let gate = one(&fixture, text);
        let shown = gate
            .value
            .map(|value| value.to_string())
            .unwrap_or_default();
        assert_eq!(
            (gate.result, shown.as_str(), gate.samples.n),
            (result, value, n),
            "{text}"
        );
        assert_eq!(gate.reason.is_some(), result != GateResult::Holds, "{text}");
        assert_eq!(gate.look.is_some(), result != GateResult::Holds, "{text}");
    }
}

#[test]
fn no_data_never_holds() {
    let gates: Vec<&str> = VALUES.iter().map(|&(text, ..)| text).collect();
    for gate in judged(&Fixture::empty(), &gates).gates {
        assert_eq!(
            (gate.result, gate.value),
            (GateResult::NotExercised, None),
            "{}",
            gate.gate
        );
    }
}

#[test]
fn a_failure_says_why_and_where_to_look() {
    let fixture = Fixture::healthy();
    let gate = one(&fixture, "forced_logouts == 0");
    assert_eq!(
        gate.reason.as_deref(),
        Some(
            "3 where exactly 0 is wanted, of 640 devices seen: 2 refresh_race, 1 migrate_429; most in phase \"step 25%\""
        )
    );
    assert_eq!(
        gate.look.as_deref(),
        Some(
            "events.jsonl, kind `forced_logout`; first: person 17 on device 0 at 2026-03-03T00:01:00Z"
        )
    );
    assert_eq!(
        (gate.margin, gate.limit.map(|limit| limit.unit), gate.line),
        (Some(-3.0), Some(Unit::Count), 7)
    );

    let peak = one(&fixture, "calls.auth0.userinfo.peak <= 10/s");
    assert_eq!(
        peak.reason.as_deref(),
        Some(
            "17/s where at most 10/s is wanted, of 597 calls to the endpoint: at 2026-03-03T08:00:00Z, with 100/s (burst 100) let through"
        )
    );
}

#[test]
fn a_phase_that_does_not_exist_is_told_with_those_that_do() {
    let gate = one(
        &Fixture::healthy(),
        "forced_logouts{phase=\"step 50%\"} == 0",
    );
    assert_eq!(gate.result, GateResult::NotExercised);
    assert_eq!(
        gate.reason.as_deref(),
        Some(
            "there is no phase \"step 50%\"; this rehearsal has \"before\", \"step 25%\", \"after\""
        )
    );
}

#[test]
fn a_zero_says_how_little_it_proves() {
    let gate = one(&Fixture::healthy(), "lockouts == 0");
    assert_eq!(
        gate.note.as_deref(),
        Some("the true rate is below 0.30% at 95% confidence")
    );
    let few = one(&Fixture::healthy(), "latency.migrate.p999 < 1s");
    assert_eq!(
        few.note.as_deref(),
        Some("p999 of 610 samples is their maximum")
    );
}

#[test]
fn the_status_follows_the_gates() {
    let fixture = Fixture::healthy();
    let passed = judged(&fixture, &["forced_logouts <= 3"]);
    assert_eq!((passed.status, passed.reasons.len()), (Status::Passed, 0));
    let failed = judged(&fixture, &["forced_logouts == 0", "lockouts == 0"]);
    assert_eq!(failed.status, Status::GateFailed);
    assert_eq!(failed.reasons, ["gate `forced_logouts == 0`"]);
    let idle = judged(&fixture, &["latency.login.p50 < 1s"]);
    assert_eq!(idle.status, Status::GateFailed);
}

#[test]
fn a_wrong_admission_outweighs_everything() {
    let mut fixture = Fixture::healthy();
    let web = slice(Platform::Web);
    fixture.count(1, web, Measure::WronglyAdmitted, 1);
    let kind =
        crate::recorder::IncidentKind::WronglyAdmitted(crate::recorder::WrongAdmission::Revoked);
    fixture.incidents(1, web, kind, 1);
    fixture.driver.in_windows = Some(Lateness {
        starts: 9,
        p50_us: 1,
        p99_us: 900_000,
        max_us: 900_000,
    });
    let verdict = judged(&fixture, &["forced_logouts == 0"]);
    assert_eq!(verdict.status, Status::InvariantViolated);
    assert_eq!(
        verdict.reasons,
        ["nobody is wrongly admitted: 1 of 5,280 answers: revoked 1"]
    );
}

#[test]
fn sums_that_contradict_themselves_violate_an_invariant() {
    let mut fixture = Fixture::healthy();
    fixture.count(1, slice(Platform::Web), Measure::VisitsDone, 1);
    let verdict = judged(&fixture, &[]);
    assert_eq!(verdict.status, Status::InvariantViolated);
    assert_eq!(
        verdict.reasons,
        [
            "counts are conserved: 1 of 12 sums do not agree: every visit has an end (1000 against 1001)"
        ]
    );
}

#[test]
fn what_proves_nothing_is_inconclusive() {
    let late = Lateness {
        starts: 900,
        p50_us: 300,
        p99_us: 10_001,
        max_us: 20_000,
    };
    let mut slow = Fixture::healthy();
    slow.driver.in_windows = Some(late);
    let verdict = judged(&slow, &["forced_logouts == 0"]);
    assert_eq!(verdict.status, Status::Inconclusive);
    assert_eq!(
        verdict.reasons,
        ["the driver was late: 10.0 ms at p99 in true-speed windows, where 10.0 ms are allowed"]
    );

    let mut at_limit = Fixture::healthy();
    at_limit.driver.in_windows = Some(Lateness {
        p99_us: 10_000,
        ..late
    });
    at_limit.driver.in_lapse = Some(late);
    assert_eq!(judged(&at_limit, &[]).status, Status::Passed);

    let mut apart = Fixture::healthy();
    apart
        .stytch
        .calls
        .insert((stytch::Endpoint::Password, 200), 3);
    let verdict = judged(&apart, &[]);
    assert_eq!(verdict.status, Status::Inconclusive);
    assert_eq!(
        verdict.reasons,
        ["stytch.password do not agree: callers saw 2, the provider counts 3, 1 unexplained"]
    );

    let mut cut = Fixture::healthy();
    let at = crate::outcome::fixture::START + cutover_mocks::time::Span::from_hours(40);
    cut.completeness = Completeness::Interrupted {
        at: Moment::new(at),
    };
    let verdict = judged(&cut, &[]);
    assert_eq!(verdict.status, Status::Inconclusive);
    assert_eq!(
        verdict.reasons,
        ["interrupted 1d 16h into the rehearsal: it says nothing about the rest"]
    );

    let idle = judged(&Fixture::empty(), &[]);
    assert_eq!(idle.status, Status::Inconclusive);
    assert_eq!(
        idle.reasons,
        ["nobody is wrongly admitted: no answer was checked"]
    );
}

#[test]
fn every_status_has_its_exit_code() {
    let codes = [
        Status::Passed,
        Status::GateFailed,
        Status::InvariantViolated,
        Status::Inconclusive,
    ];
    assert_eq!(codes.map(Status::exit_code), [0, 1, 3, 4]);
}
