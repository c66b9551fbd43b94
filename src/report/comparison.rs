//! A comparison as a page for the terminal: who is best and why, then the numbers, then the causes.
//!
//! The page follows the rules of the page of one rehearsal: colours only repeat what words say, and no
//! line is longer than 100 columns but for names that are.

mod tables;

use crate::comparison::{BetweenResult, ComparisonOutcome, Finding};
use crate::outcome::{InvariantResult, Status, grouped};
use crate::report::terminal::page::{Page, Tone};

/// The whole page.
pub fn comparison(outcome: &ComparisonOutcome) -> String {
    let mut page = Page::default();
    verdict(&mut page, outcome);
    compared(&mut page, outcome);
    advice(&mut page, outcome);
    tables::ranking(&mut page, outcome);
    tables::between(&mut page, outcome);
    tables::gates(&mut page, outcome);
    tables::measures(&mut page, outcome);
    findings(&mut page, outcome);
    tables::causes(&mut page, outcome);
    tables::ceilings(&mut page, outcome);
    trust(&mut page, outcome);
    page.finish()
}

/// What came of it, in one line.
pub(super) fn headline(outcome: &ComparisonOutcome) -> (Tone, String) {
    if outcome.stopped.is_some() {
        let text = match outcome.status {
            Status::InvariantViolated => "✗ INVARIANT VIOLATED, and stopped before its end",
            _ => "? INCOMPLETE: stopped before its end",
        };
        return (
            Tone::Doubt,
            format!("{text} (exit {})", outcome.exit_code()),
        );
    }
    let (tone, text) = match (outcome.status, &outcome.ranking.recommended) {
        (Status::Passed, Some(arm)) => (Tone::Good, format!("✓ {arm}: every gate holds")),
        (Status::Passed, None) => (Tone::Good, "✓ PASSED".to_owned()),
        (Status::GateFailed, Some(arm)) => (Tone::Bad, format!("✗ GATE FAILED; the best is {arm}")),
        (Status::GateFailed, None) => (
            Tone::Bad,
            "✗ GATE FAILED: no strategy can be recommended".to_owned(),
        ),
        (Status::InvariantViolated, _) => (Tone::Bad, "✗ INVARIANT VIOLATED".to_owned()),
        (Status::Inconclusive, _) => (Tone::Doubt, "? INCONCLUSIVE".to_owned()),
    };
    let code = outcome.status.exit_code();
    (tone, format!("{text} (exit {code})"))
}

fn verdict(page: &mut Page, outcome: &ComparisonOutcome) {
    let (tone, text) = headline(outcome);
    page.heading(tone, &text);
    for reason in &outcome.reasons {
        page.paragraph(reason);
    }
}

fn compared(page: &mut Page, outcome: &ComparisonOutcome) {
    page.gap();
    let identity = &outcome.identity;
    page.paragraph(&format!("{}: {}", identity.comparison, identity.question));
    page.paragraph(&what(outcome));
}

/// What was compared, in one sentence.
pub(super) fn what(outcome: &ComparisonOutcome) -> String {
    let identity = &outcome.identity;
    let length = cutover_mocks::time::Span::from_micros(outcome.length_us);
    let people = outcome.arms.first().map_or(0, |arm| arm.people.people);
    let seeds = u64::from(identity.seeds);
    format!(
        "{} strategies over the same people: about {} of them, {length} of scenario time, seeds {} to {}, \
         in virtual time.",
        outcome.arms.len(),
        grouped(people / seeds.max(1)),
        identity.first_seed,
        identity.first_seed + seeds - 1,
    )
}

fn advice(page: &mut Page, outcome: &ComparisonOutcome) {
    page.gap();
    for sentence in &outcome.ranking.advice {
        page.paragraph(sentence);
    }
}

/// What the recommended strategy is against each other one, by what decides; or the two best.
fn findings(page: &mut Page, outcome: &ComparisonOutcome) {
    let Some(first) = outcome.ranking.places.first() else {
        return;
    };
    page.title(&format!("{} against the others", first.arm));
    for other in outcome.ranking.places.iter().skip(1) {
        let Some((pair, _)) = outcome.pair(&first.arm, &other.arm) else {
            continue;
        };
        let other_is_first = pair.first == other.arm;
        let open = other.gates_broken.is_empty();
        for difference in &pair.measures {
            let decides = outcome.ranking.by.contains(&difference.yardstick);
            let speaks = match difference.finding {
                Finding::NotComparable | Finding::Same => false,
                Finding::Undecided { .. } => decides,
                // What does not decide is told where it speaks for another one that comes into question.
                Finding::FirstLess => decides || (open && other_is_first),
                Finding::SecondLess => decides || (open && !other_is_first),
            };
            if !speaks {
                continue;
            }
            let mark = match difference.finding {
                Finding::Undecided { .. } => "?",
                _ => "•",
            };
            page.hanging(mark, &format!("{}.", difference.sentence));
        }
    }
}

/// Why the numbers can be trusted, and how far.
fn trust(page: &mut Page, outcome: &ComparisonOutcome) {
    page.title("How far to trust this");
    let (mark, tone) = if outcome.control.shows_nothing {
        ("✓", Tone::Plain)
    } else {
        ("✗", Tone::Bad)
    };
    page.toned(
        tone,
        mark,
        &format!("Control: {}.", outcome.control.sentence),
    );
    let (positive, of) = moving_together(outcome);
    page.hanging(
        "•",
        &format!(
            "Same people: the correlation over seeds is positive in {positive} of {of} comparisons that have \
             one; where it is, comparing the same people made the answer sharper."
        ),
    );
    for arm in &outcome.arms {
        for invariant in &arm.invariants {
            let (tone, mark) = match invariant.result {
                InvariantResult::Holds => continue,
                InvariantResult::Violated => (Tone::Bad, "✗"),
                InvariantResult::NotExercised => (Tone::Doubt, "?"),
            };
            let text = format!("{}: {}: {}", arm.name, invariant.name, invariant.finding);
            page.toned(tone, mark, &text);
        }
    }
    let checks: u64 = outcome
        .arms
        .iter()
        .flat_map(|arm| &arm.invariants)
        .filter(|it| it.result == InvariantResult::Holds)
        .map(|it| it.checked)
        .sum();
    page.hanging(
        "✓",
        &format!(
            "Invariants: {} checks hold, in every seed of every strategy.",
            grouped(checks)
        ),
    );
    page.hanging(
        "•",
        "Intervals are 95%, over seeds; p-values are exact and corrected for the yardsticks of a pair \
         (Holm). Latencies and providers are modelled: this orders strategies, it does not measure yours.",
    );
    let open = outcome
        .between
        .iter()
        .filter(|gate| gate.result == BetweenResult::Inconclusive)
        .count();
    if open > 0 {
        page.toned(
            Tone::Doubt,
            "?",
            &format!("{open} gates between strategies cannot be told with these seeds."),
        );
    }
}

/// In how many comparisons both strategies go up and down together over the seeds, of those that vary.
pub(super) fn moving_together(outcome: &ComparisonOutcome) -> (usize, usize) {
    let measures = outcome.pairs.iter().flat_map(|pair| &pair.measures);
    let correlations: Vec<f64> = measures
        .filter_map(|difference| difference.correlation)
        .collect();
    let positive = correlations.iter().filter(|&&it| it > 0.0).count();
    (positive, correlations.len())
}
