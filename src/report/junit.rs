//! Gates and invariants as `JUnit` test cases, for the test view of a CI system.

use quick_junit::{
    NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite,
};

use super::wording::{look, signed};
use crate::comparison::{BetweenOutcome, BetweenResult, ComparisonOutcome, EachGate};
use crate::outcome::{
    Amount, GateOutcome, GateResult, InvariantOutcome, InvariantResult, Outcome, Status,
};

/// The verdict as `JUnit` XML: a case for each gate and invariant, and one for whether the rehearsal
/// proves anything.
pub fn junit(outcome: &Outcome) -> Result<String, SerializeError> {
    let scenario = &outcome.identity.scenario;
    let mut report = Report::new(format!("cutover {scenario}"));
    let class = format!("{scenario}.{}", outcome.identity.strategy);
    let suite = |name: &str, cases: Vec<TestCase>| {
        let mut suite = TestSuite::new(name);
        suite.add_property(Property::new("seed", outcome.identity.seed.to_string()));
        suite.add_property(Property::new(
            "scenario_sha256",
            outcome.identity.sha256.clone(),
        ));
        suite.add_property(Property::new(
            "tool_version",
            outcome.identity.tool_version.clone(),
        ));
        suite.add_test_cases(cases.into_iter().map(|mut case| {
            case.set_classname(class.clone());
            case
        }));
        suite
    };
    if let Some(verdict) = &outcome.verdict {
        report.add_test_suites([
            suite("gates", verdict.gates.iter().map(gate).collect()),
            suite(
                "invariants",
                verdict.invariants.iter().map(invariant).collect(),
            ),
            suite(
                "rehearsal",
                vec![conclusive(
                    "the rehearsal is conclusive",
                    verdict.status,
                    &verdict.reasons,
                )],
            ),
        ]);
    }
    report.to_string()
}

/// A comparison as `JUnit` XML: a case for each gate of each strategy, for each gate between them and
/// each invariant, and one for whether the comparison proves anything.
///
/// Strategies are compared because some of them fail: what one of them does not keep to is a failure
/// only where no strategy keeps to all.
pub fn comparison_junit(outcome: &ComparisonOutcome) -> Result<String, SerializeError> {
    let name = &outcome.identity.comparison;
    let mut report = Report::new(format!("cutover {name}"));
    let suite = |title: &str, class: &str, cases: Vec<TestCase>| {
        let mut suite = TestSuite::new(title);
        suite.add_test_cases(cases.into_iter().map(|mut case| {
            case.set_classname(format!("{name}.{class}"));
            case
        }));
        suite
    };
    let none_keeps = outcome.ranking.recommended.is_none();
    for arm in &outcome.arms {
        let gates = arm
            .gates
            .iter()
            .map(|gate| each(gate, none_keeps && arm.moves));
        let cases = gates.chain(arm.invariants.iter().map(invariant)).collect();
        report.add_test_suite(suite(&arm.name, &arm.name, cases));
    }
    let cases = outcome.between.iter().map(between).collect();
    report.add_test_suite(suite("between strategies", "between", cases));
    let conclusive = conclusive(
        "the comparison is conclusive",
        outcome.status,
        &outcome.reasons,
    );
    report.add_test_suite(suite("comparison", "comparison", vec![conclusive]));
    report.to_string()
}

/// A gate of one strategy over all seeds.
fn each(gate: &EachGate, counts: bool) -> TestCase {
    let told = format!("held in {} of {} seeds", gate.held, gate.seeds);
    let status = match gate.result {
        GateResult::Holds => TestCaseStatus::success(),
        GateResult::Fails | GateResult::NotExercised if !counts => {
            let mut skipped = TestCaseStatus::skipped();
            skipped.set_message(format!("{told}; another strategy keeps to all gates"));
            skipped
        }
        GateResult::Fails => failed(NonSuccessKind::Failure, "gate", told),
        GateResult::NotExercised => failed(NonSuccessKind::Failure, "not_exercised", told),
    };
    let mut case = TestCase::new(gate.gate.clone(), status);
    let worst = gate
        .worst
        .map_or_else(|| "none".to_owned(), |worst| worst.value.to_string());
    case.add_property(Property::new("worst_seed", worst));
    case.add_property(Property::new("limit", gate.limit.to_string()));
    place(&mut case, &gate.file, gate.line);
    case
}

fn between(gate: &BetweenOutcome) -> TestCase {
    let finding = gate.finding.clone();
    let status = match gate.result {
        BetweenResult::Holds => TestCaseStatus::success(),
        BetweenResult::Fails => failed(NonSuccessKind::Failure, "gate", finding),
        BetweenResult::Inconclusive => failed(NonSuccessKind::Error, "inconclusive", finding),
        BetweenResult::NotExercised => failed(NonSuccessKind::Failure, "not_exercised", finding),
    };
    let mut case = TestCase::new(gate.gate.clone(), status);
    place(&mut case, &gate.file, gate.line);
    case
}

/// Where a case stands; a gate of the command line stands in no file.
fn place(case: &mut TestCase, file: &str, line: usize) {
    if !file.is_empty() {
        case.extra.insert("file".into(), file.into());
        case.extra.insert("line".into(), line.to_string().into());
    }
}

fn gate(gate: &GateOutcome) -> TestCase {
    let reason = gate.reason.clone().unwrap_or_default();
    let status = match gate.result {
        GateResult::Holds => TestCaseStatus::success(),
        GateResult::Fails => failed(NonSuccessKind::Failure, "gate", reason),
        GateResult::NotExercised => failed(NonSuccessKind::Failure, "not_exercised", reason),
    };
    let mut case = TestCase::new(gate.gate.clone(), status);
    let value = gate
        .value
        .map_or_else(|| "none".to_owned(), |value: Amount| value.to_string());
    case.add_property(Property::new("value", value));
    case.add_property(Property::new(
        "samples",
        format!("{} {}", gate.samples.n, gate.samples.of),
    ));
    for (name, amount) in [("limit", gate.limit), ("baseline", gate.baseline)] {
        if let Some(amount) = amount {
            case.add_property(Property::new(name, amount.to_string()));
        }
    }
    if let Some((margin, value)) = gate.margin.zip(gate.value) {
        case.add_property(Property::new("margin", signed(margin, value.unit)));
    }
    place(&mut case, &gate.file, gate.line);
    if let Some(look) = look(gate) {
        case.set_system_out(look);
    }
    case
}

fn invariant(invariant: &InvariantOutcome) -> TestCase {
    let finding = invariant.finding.clone();
    let status = match invariant.result {
        InvariantResult::Holds => TestCaseStatus::success(),
        InvariantResult::Violated => failed(NonSuccessKind::Failure, "invariant", finding),
        InvariantResult::NotExercised => failed(NonSuccessKind::Error, "not_exercised", finding),
    };
    let mut case = TestCase::new(invariant.name.clone(), status);
    case.add_property(Property::new("checked", invariant.checked.to_string()));
    case
}

fn conclusive(name: &str, status: Status, reasons: &[String]) -> TestCase {
    let status = match status {
        Status::Inconclusive => failed(NonSuccessKind::Error, "inconclusive", reasons.join("; ")),
        Status::Passed | Status::GateFailed | Status::InvariantViolated => {
            TestCaseStatus::success()
        }
    };
    TestCase::new(name, status)
}

fn failed(kind: NonSuccessKind, of: &str, message: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(of).set_message(message);
    status
}
