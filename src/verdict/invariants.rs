//! Invariants: what must hold in every rehearsal, whatever its gates say.

use crate::outcome::{
    Check, CheckKind, InvariantOutcome, InvariantResult, Outcome, ProbeCount, grouped,
};
use crate::recorder::Measure;

/// All invariants.
pub(super) fn invariants(outcome: &Outcome) -> Vec<InvariantOutcome> {
    vec![
        nobody_is_wrongly_admitted(outcome),
        counts_are_conserved(outcome),
    ]
}

fn nobody_is_wrongly_admitted(outcome: &Outcome) -> InvariantOutcome {
    let (wrong, checked) = (
        outcome.total(Measure::WronglyAdmitted),
        outcome.total(Measure::AdmissionChecks),
    );
    let (result, finding) = match (wrong, checked) {
        (0, 0) => (
            InvariantResult::NotExercised,
            "no answer was checked".to_owned(),
        ),
        (0, n) => {
            let finding = format!(
                "0 of {} answers; {}{}",
                grouped(n),
                rule_of_three(n),
                probes(outcome)
            );
            (InvariantResult::Holds, finding)
        }
        (wrong, n) => {
            let ways = outcome
                .causes
                .iter()
                .filter(|cause| cause.kind == "wrongly_admitted");
            let ways: Vec<String> = ways
                .map(|cause| {
                    format!(
                        "{} {}",
                        cause.cause.as_deref().unwrap_or("unknown"),
                        grouped(cause.count)
                    )
                })
                .collect();
            let finding = format!(
                "{} of {} answers: {}",
                grouped(wrong),
                grouped(n),
                ways.join(", ")
            );
            (InvariantResult::Violated, finding)
        }
    };
    InvariantOutcome {
        name: "nobody is wrongly admitted".to_owned(),
        result,
        checked,
        finding,
    }
}

/// What was shown to the application to no avail.
fn probes(outcome: &Outcome) -> String {
    let shown = |probe: &ProbeCount| {
        let kind = probe.kind.replace('_', " ");
        format!("{} {kind}", grouped(probe.shown))
    };
    let shown: Vec<String> = outcome.probes.iter().map(shown).collect();
    if shown.is_empty() {
        return String::new();
    }
    format!("; no probe was let in ({})", shown.join(", "))
}

fn counts_are_conserved(outcome: &Outcome) -> InvariantOutcome {
    let checks: Vec<&Check> = outcome
        .checks
        .iter()
        .filter(|check| check.kind == CheckKind::Conservation)
        .collect();
    let broken: Vec<String> = checks
        .iter()
        .filter(|check| !check.holds())
        .map(|check| {
            format!(
                "{} ({} against {})",
                check.name, check.left.count, check.right.count
            )
        })
        .collect();
    let (result, finding) = match (checks.len(), broken.len()) {
        (0, _) => (
            InvariantResult::NotExercised,
            "no sum was checked".to_owned(),
        ),
        (all, 0) => (InvariantResult::Holds, format!("all {all} sums agree")),
        (all, wrong) => {
            let finding = format!("{wrong} of {all} sums do not agree: {}", broken.join("; "));
            (InvariantResult::Violated, finding)
        }
    };
    InvariantOutcome {
        name: "counts are conserved".to_owned(),
        result,
        checked: checks.len() as u64,
        finding,
    }
}

/// How little a zero proves: 0 of n bounds the true rate below 3/n, at 95% confidence.
pub(super) fn rule_of_three(n: u64) -> String {
    let bound = 300.0 / n as f64;
    if bound >= 100.0 {
        return format!("{n} are too few to bound the true rate");
    }
    // Two digits that count, however small the bound.
    let decimals = (1.0 - libm::floor(libm::log10(bound))).max(0.0) as usize;
    format!("the true rate is below {bound:.decimals$}% at 95% confidence")
}

#[cfg(test)]
mod tests {
    use super::rule_of_three;

    #[test]
    fn zero_of_n_bounds_the_rate_below_three_nths() {
        assert_eq!(
            rule_of_three(300_000),
            "the true rate is below 0.0010% at 95% confidence"
        );
        assert_eq!(
            rule_of_three(1_000),
            "the true rate is below 0.30% at 95% confidence"
        );
        assert_eq!(
            rule_of_three(20),
            "the true rate is below 15% at 95% confidence"
        );
        assert_eq!(rule_of_three(2), "2 are too few to bound the true rate");
    }
}
