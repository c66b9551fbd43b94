//! Gates and invariants as `JUnit` test cases, for the test view of a CI system.

use quick_junit::{
    NonSuccessKind, Property, Report, SerializeError, TestCase, TestCaseStatus, TestSuite,
};

use crate::outcome::{
    Amount, GateOutcome, GateResult, InvariantOutcome, InvariantResult, Outcome, Status, Verdict,
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
            suite("rehearsal", vec![conclusive(verdict)]),
        ]);
    }
    report.to_string()
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
    // A gate of the command line stands in no file.
    if !gate.file.is_empty() {
        case.extra.insert("file".into(), gate.file.clone().into());
        case.extra
            .insert("line".into(), gate.line.to_string().into());
    }
    if let Some(look) = &gate.look {
        case.set_system_out(format!("look at {look}"));
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

fn conclusive(verdict: &Verdict) -> TestCase {
    let status = match verdict.status {
        Status::Inconclusive => failed(
            NonSuccessKind::Error,
            "inconclusive",
            verdict.reasons.join("; "),
        ),
        Status::Passed | Status::GateFailed | Status::InvariantViolated => {
            TestCaseStatus::success()
        }
    };
    TestCase::new("the rehearsal is conclusive", status)
}

fn failed(kind: NonSuccessKind, of: &str, message: String) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(of).set_message(message);
    status
}
