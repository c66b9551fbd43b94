//! The tables of a comparison's page.

use crate::comparison::sentences::number;
use crate::comparison::{ArmOutcome, BetweenResult, ComparisonOutcome, Measured};
use crate::outcome::{GateResult, Unit};
use crate::report::terminal::page::{Page, Tone};

/// Causes of a kind that a page names for each strategy.
const NAMED: usize = 3;

pub(super) fn ranking(page: &mut Page, outcome: &ComparisonOutcome) {
    let row = |place: &crate::comparison::Place| {
        let arm = outcome.arm(&place.arm);
        let kept = arm.map_or(0, |arm| arm.gates.len()) - place.gates_broken.len();
        let gates = arm.map_or(0, |arm| arm.gates.len());
        let pareto = arm.is_some_and(|arm| arm.pareto);
        vec![
            place.place.to_string(),
            place.arm.clone(),
            format!("{kept} of {gates}"),
            (if pareto { "yes" } else { "no" }).to_owned(),
            place.why.clone(),
        ]
    };
    let rows = outcome.ranking.places.iter().map(row).collect();
    let title = format!(
        "Ranking, by the gates, then by {}",
        outcome.ranking.by.join(", ")
    );
    let header = ["", "strategy", "gates kept", "Pareto front", "why here"];
    page.table(&title, &header, &[], rows);
}

pub(super) fn between(page: &mut Page, outcome: &ComparisonOutcome) {
    if outcome.between.is_empty() {
        return;
    }
    page.title("Gates between strategies");
    for gate in &outcome.between {
        let (tone, mark) = match gate.result {
            BetweenResult::Holds => (Tone::Plain, "✓ holds"),
            BetweenResult::Fails => (Tone::Bad, "✗ FAILS"),
            BetweenResult::Inconclusive => (Tone::Doubt, "? INCONCLUSIVE"),
            BetweenResult::NotExercised => (Tone::Bad, "✗ NOT EXERCISED"),
        };
        let place = match gate.result {
            BetweenResult::Holds => String::new(),
            _ => format!("  ({}:{})", gate.file, gate.line),
        };
        page.line(tone, &format!("{mark}  {}{place}", gate.gate));
        page.item("found", &gate.finding);
    }
}

pub(super) fn gates(page: &mut Page, outcome: &ComparisonOutcome) {
    let Some(first) = outcome.arms.first().filter(|arm| !arm.gates.is_empty()) else {
        return;
    };
    let mut header = vec!["each strategy"];
    let arms: Vec<&ArmOutcome> = outcome.arms.iter().filter(|arm| arm.moves).collect();
    header.extend(arms.iter().map(|arm| arm.name.as_str()));
    let rows = first.gates.iter().enumerate().map(|(place, gate)| {
        let mut row = vec![gate.gate.clone()];
        row.extend(arms.iter().map(|arm| {
            let gate = &arm.gates[place];
            let worst = gate
                .worst
                .map_or_else(|| "-".to_owned(), |worst| worst.value.to_string());
            match gate.result {
                GateResult::Holds => format!("✓ {worst}"),
                GateResult::Fails => format!("✗ {worst}, {} of {} held", gate.held, gate.seeds),
                GateResult::NotExercised => "✗ not exercised".to_owned(),
            }
        }));
        row
    });
    let title = "Gates of each strategy: the worst seed";
    page.table(title, &header, &[], rows.collect());
}

pub(super) fn measures(page: &mut Page, outcome: &ComparisonOutcome) {
    let Some(first) = outcome.arms.first() else {
        return;
    };
    let mut header = vec![""];
    header.extend(outcome.arms.iter().map(|arm| arm.name.as_str()));
    let nothing = |place: usize| {
        let zero = |it: &Option<f64>| *it == Some(0.0);
        outcome
            .arms
            .iter()
            .all(|arm| arm.measures[place].by_seed.iter().all(zero))
    };
    let places = (0..first.measures.len()).partition::<Vec<usize>, _>(|&place| nothing(place));
    let rows = places.1.into_iter().map(|place| {
        let measured = &first.measures[place];
        let mut row = vec![measured.yardstick.replace('_', " ")];
        let cell = |arm: &ArmOutcome| cell(arm, &arm.measures[place]);
        row.extend(outcome.arms.iter().map(cell));
        row
    });
    let mut rows: Vec<Vec<String>> = rows.collect();
    let mut front = vec!["Pareto front".to_owned()];
    front.extend(
        outcome
            .arms
            .iter()
            .map(|arm| match (arm.moves, arm.pareto) {
                (false, _) => "-".to_owned(),
                (true, true) => "yes".to_owned(),
                (true, false) => "no".to_owned(),
            }),
    );
    rows.push(front);
    let right: Vec<usize> = (1..header.len()).collect();
    let title = "Strategies and measures: means of a rehearsal, with 95% intervals";
    page.table(title, &header, &right, rows);
    let none: Vec<String> = places
        .0
        .into_iter()
        .map(|place| first.measures[place].yardstick.replace('_', " "))
        .collect();
    if !none.is_empty() {
        page.paragraph(&format!(
            "None at all, with any strategy: {}.",
            none.join(", ")
        ));
    }
}

fn cell(arm: &ArmOutcome, measured: &Measured) -> String {
    if let Some(mean) = measured.mean {
        let unit = measured.unit;
        let (low, high) = (number(mean.low, unit), number(mean.high, unit));
        let mean = number(mean.mean, unit);
        return if low == high {
            mean
        } else {
            let bare = |text: String| {
                // The unit stands behind the mean already.
                let end = text.find([' ', '/']).unwrap_or(text.len());
                text[..end].to_owned()
            };
            let (low, high) = (bare(low), bare(high));
            format!("{mean}\n{low}–{high}")
        };
    }
    let reached = measured.by_seed.iter().flatten().count();
    if arm.moves {
        format!("reached in {reached} of {} seeds", measured.by_seed.len())
    } else {
        "-".to_owned()
    }
}

pub(super) fn causes(page: &mut Page, outcome: &ComparisonOutcome) {
    let rows: Vec<Vec<String>> = outcome
        .arms
        .iter()
        .filter(|arm| arm.moves)
        .flat_map(|arm| ["forced_logout", "lockout"].map(|kind| causes_of(arm, kind)))
        .flatten()
        .collect();
    if rows.is_empty() {
        return;
    }
    let header = [
        "strategy",
        "what",
        "cause",
        "a rehearsal",
        "cure (re-run, same people)",
    ];
    page.table("Causes and cures", &header, &[3], rows);
}

fn causes_of(arm: &ArmOutcome, kind: &str) -> Vec<Vec<String>> {
    let causes = arm
        .causes
        .iter()
        .filter(|cause| cause.kind == kind)
        .take(NAMED);
    causes
        .map(|cause| {
            let cure = cause.cures.iter().find(|cure| cure.avoided > 0);
            vec![
                arm.name.clone(),
                kind.replace('_', " "),
                cause.cause.clone(),
                number(cause.per_seed.mean, Unit::Count),
                match cure {
                    Some(cure) => cure.sentence.clone(),
                    None if cause.cures.is_empty() => "none tried".to_owned(),
                    None => format!("none of {} settings tried", cause.cures.len()),
                },
            ]
        })
        .collect()
}

pub(super) fn ceilings(page: &mut Page, outcome: &ComparisonOutcome) {
    let found: Vec<(&str, &str)> = outcome
        .arms
        .iter()
        .filter_map(|arm| Some((arm.name.as_str(), arm.ceiling.as_ref()?.sentence.as_str())))
        .collect();
    if found.is_empty() {
        return;
    }
    page.title("Where the ceiling is");
    for (name, sentence) in found {
        page.hanging("•", &format!("{name}: {sentence}."));
    }
}
