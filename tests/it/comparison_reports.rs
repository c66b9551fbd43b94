//! What a comparison tells CI systems: what some strategy breaks is no failure as long as one keeps
//! to all its gates.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

use cutover::comparison::{self, BetweenResult, ComparisonOutcome, Options};
use cutover::outcome::{GateResult, Status};
use cutover::report;
use cutover::scenario::{self, Overrides};

fn compared(threads: NonZeroUsize) -> ComparisonOutcome {
    let overrides = Overrides {
        set: vec!["population.users=300".to_owned()],
        seed: None,
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/compare-consumer.toml");
    let loaded = scenario::comparison::load(&path, &overrides);
    let mut loaded = loaded.unwrap_or_else(|problems| panic!("{problems}"));
    loaded.comparison.seeds = 2;
    let options = Options {
        threads,
        tool_version: "0.0.0",
        deep: false,
    };
    comparison::compare(&loaded, options, &|_| ControlFlow::Continue(()))
        .expect("a committed comparison")
}

#[test]
fn only_what_keeps_a_comparison_from_passing_is_a_failure() {
    let mut outcome = compared(NonZeroUsize::MIN);
    assert_eq!(outcome.status, Status::Passed, "{:?}", outcome.reasons);
    let broken = outcome.arms.iter().flat_map(|arm| &arm.gates);
    let broken = broken.filter(|gate| gate.result == GateResult::Fails);
    let broken = broken.count();
    assert!(broken > 0, "all-at-once logs out more than gates allow");

    assert_eq!(report::comparison_annotations(&outcome), Vec::new());
    let junit = report::comparison_junit(&outcome).expect("plain text");
    assert!(!junit.contains("<failure"), "{junit}");
    assert_eq!(junit.matches("<skipped").count(), broken, "{junit}");
    let gates: usize = outcome.arms.iter().map(|arm| arm.gates.len()).sum();
    let invariants: usize = outcome.arms.iter().map(|arm| arm.invariants.len()).sum();
    let cases = gates + invariants + outcome.between.len() + 1;
    assert_eq!(junit.matches("<testcase ").count(), cases, "{junit}");
    let summary = report::comparison_summary(&outcome);
    assert!(summary.starts_with("### compare-consumer: ✓ "), "{summary}");
    assert!(
        summary.contains("| none |"),
        "the best breaks no gate: {summary}"
    );
    let metrics = report::comparison_metrics(&outcome).expect("plain text");
    let best = outcome.ranking.recommended.take().expect("it passed");
    let line =
        format!("cutover_recommended{{comparison=\"compare-consumer\",strategy=\"{best}\"}} 1\n");
    assert!(metrics.contains(&line), "{metrics}");

    // Now that none is recommended, everything that is broken counts.
    outcome.status = Status::GateFailed;
    outcome.between[0].result = BetweenResult::Fails;
    outcome.between[0].finding = "it is not so".to_owned();
    let annotations = report::comparison_annotations(&outcome);
    assert_eq!(annotations.len(), 1 + broken, "{annotations:#?}");
    assert_eq!(annotations[0].line, outcome.between[0].line);
    assert_eq!(annotations[0].message, "it is not so");
    let text = std::fs::read_to_string(&annotations[0].file).expect("the comparison's file");
    let line = text.lines().nth(annotations[0].line - 1).expect("a line");
    assert!(line.contains(&annotations[0].title), "{line}");
    let junit = report::comparison_junit(&outcome).expect("plain text");
    assert_eq!(junit.matches("<failure").count(), 1 + broken, "{junit}");
}

#[test]
fn a_comparison_is_the_same_on_any_number_of_threads() {
    let text = |threads: usize| {
        let threads = NonZeroUsize::new(threads).expect("some");
        let mut outcome = compared(threads);
        // When it ran, and on how many threads, is all that may differ.
        outcome.run = cutover::outcome::Run::default();
        serde_json::to_string(&outcome).expect("an outcome is JSON")
    };
    let alone = text(1);
    for threads in [2, 5] {
        assert_eq!(alone, text(threads), "{threads} threads");
    }
}
