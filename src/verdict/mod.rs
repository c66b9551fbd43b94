//! Whether a rehearsal passed: gates, invariants, and the exit code that tells.
//!
//! Where several things are wrong at once, the gravest speaks: a violated invariant (3) over an
//! inconclusive run (4) over a failed gate (1). A wrong admission stays one however late the driver
//! was; but a gate's failure in a run that proves nothing proves nothing.

pub mod baseline;
mod evaluate;
pub mod exit;
pub mod gate;
mod invariants;
mod reason;
mod survey;

#[cfg(test)]
mod tests;

use crate::outcome::{Amount, CheckKind, Completeness, Outcome};
use crate::scenario::GateText;

pub use crate::outcome::{
    GateOutcome, GateResult, InvariantOutcome, InvariantResult, Status, Verdict,
};
pub use baseline::Baseline;
pub use gate::between::{Between, Term};
pub use gate::{Gate, GateError, parse};
pub use survey::{Surveyed, survey};

/// A gate with the place where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedGate {
    written: GateText,
    gate: Gate,
}

impl PlacedGate {
    /// Reads a gate that a scenario or a command line gives.
    pub fn read(written: GateText) -> Result<Self, GateError> {
        let gate = parse(&written.text)?;
        Ok(Self { written, gate })
    }

    /// Where it stands, and how it is written there.
    pub const fn written(&self) -> &GateText {
        &self.written
    }

    /// What it says.
    pub const fn gate(&self) -> &Gate {
        &self.gate
    }
}

/// A quantity's value in an outcome, in its own unit; none where it is not defined.
pub fn value(outcome: &Outcome, term: &Term) -> Option<Amount> {
    evaluate::value(outcome, term.quantity(), term.selector())
}

/// Judges an outcome; a gate that is relative to a baseline is not exercised.
pub fn judge(outcome: &Outcome, gates: &[PlacedGate]) -> Verdict {
    judge_against(outcome, gates, None)
}

/// Judges an outcome, and holds relative gates against a baseline. The baseline must be one of the
/// same rehearsal: [`Baseline::fits`] tells, before the rehearsal.
pub fn judge_against(
    outcome: &Outcome,
    gates: &[PlacedGate],
    baseline: Option<&Baseline>,
) -> Verdict {
    let gates: Vec<GateOutcome> = gates
        .iter()
        .map(|gate| evaluate::evaluate(outcome, gate, baseline))
        .collect();
    let invariants = invariants::invariants(outcome);
    let (status, reasons) = status(outcome, &gates, &invariants);
    Verdict {
        gates,
        invariants,
        status,
        reasons,
    }
}

impl Status {
    /// The exit code that tells it.
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Passed => exit::PASSED,
            Self::GateFailed => exit::GATE_FAILED,
            Self::InvariantViolated => exit::INVARIANT_VIOLATED,
            Self::Inconclusive => exit::INCONCLUSIVE,
        }
    }
}

fn status(
    outcome: &Outcome,
    gates: &[GateOutcome],
    invariants: &[InvariantOutcome],
) -> (Status, Vec<String>) {
    let found = |result: InvariantResult| -> Vec<String> {
        let these = invariants
            .iter()
            .filter(|invariant| invariant.result == result);
        these
            .map(|invariant| format!("{}: {}", invariant.name, invariant.finding))
            .collect()
    };
    let violated = found(InvariantResult::Violated);
    if !violated.is_empty() {
        return (Status::InvariantViolated, violated);
    }
    let mut doubts = doubts(outcome);
    doubts.extend(found(InvariantResult::NotExercised));
    if !doubts.is_empty() {
        return (Status::Inconclusive, doubts);
    }
    let failed: Vec<String> = gates
        .iter()
        .filter(|gate| gate.result != GateResult::Holds)
        .map(|gate| gate.gate.clone())
        .collect();
    if !failed.is_empty() {
        return (
            Status::GateFailed,
            failed
                .into_iter()
                .map(|gate| format!("gate `{gate}`"))
                .collect(),
        );
    }
    (Status::Passed, Vec::new())
}

/// Why a run proves nothing.
fn doubts(outcome: &Outcome) -> Vec<String> {
    let mut doubts = Vec::new();
    if let Completeness::Interrupted { at } = outcome.completeness {
        doubts.push(format!(
            "interrupted {} into the rehearsal: it says nothing about the rest",
            at.since(outcome.start)
        ));
    }
    if let Some(late) = outcome.driver.in_windows
        && late.p99_us > outcome.lateness_limit_us.max(0) as u64
    {
        doubts.push(format!(
            "the driver was late: {:.1} ms at p99 in true-speed windows, where {:.1} ms are allowed",
            late.p99_us as f64 / 1e3,
            outcome.lateness_limit_us as f64 / 1e3
        ));
    }
    let unexplained = outcome
        .checks
        .iter()
        .filter(|check| check.kind == CheckKind::Reconciliation && !check.holds());
    doubts.extend(unexplained.map(|check| {
        format!(
            "{} do not agree: {} {}, {} {}, {} unexplained",
            check.name,
            check.left.what,
            check.left.count,
            check.right.what,
            check.right.count,
            check.unexplained
        )
    }));
    doubts
}
