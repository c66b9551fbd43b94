//! The outcome as Markdown for the summary page of a CI system: the verdict, and why.

use super::comparison::headline;
use super::markdown::{Markdown, code, plain};
use super::wording::{self, signed};
use crate::comparison::sentences::number;
use crate::comparison::{ArmOutcome, BetweenResult, ComparisonOutcome};
use crate::outcome::{GateOutcome, GateResult, InvariantResult, Outcome, Status, Verdict, grouped};

/// A rehearsal.
pub fn summary(outcome: &Outcome) -> String {
    let mut page = Markdown::default();
    let identity = &outcome.identity;
    let (_, verdict) = wording::headline(outcome);
    page.heading(3, &format!("{}: {verdict}", identity.scenario));
    page.list(wording::reasons(outcome).iter().map(|reason| plain(reason)));
    page.paragraph(&identity.question);
    page.paragraph(&wording::rehearsed(outcome));
    page.paragraph(&wording::summary(outcome).join(" "));
    if let Some(verdict) = &outcome.verdict {
        gates(&mut page, verdict);
        invariants(&mut page, verdict);
    }
    page.finish()
}

fn gates(page: &mut Markdown, verdict: &Verdict) {
    let dash = || "-".to_owned();
    let rows = verdict.gates.iter().map(|gate| {
        let room = gate.margin.zip(gate.value);
        vec![
            mark(gate.result).to_owned(),
            code(&gate.gate),
            gate.value.map_or_else(dash, |value| value.to_string()),
            gate.limit.map_or_else(dash, |limit| limit.to_string()),
            room.map_or_else(dash, |(margin, value)| signed(margin, value.unit)),
            gate.baseline.map_or_else(dash, |value| value.to_string()),
            plain(&format!("{} {}", grouped(gate.samples.n), gate.samples.of)),
        ]
    });
    let header = ["", "gate", "value", "limit", "room", "baseline", "of"];
    page.table(&header, &[2, 3, 4, 5], rows.collect());
    let failed = verdict
        .gates
        .iter()
        .filter(|gate| gate.result != GateResult::Holds);
    page.list(failed.map(failure));
}

const fn mark(result: GateResult) -> &'static str {
    match result {
        GateResult::Holds => "✓ holds",
        GateResult::Fails => "✗ fails",
        GateResult::NotExercised => "✗ not exercised",
    }
}

fn failure(gate: &GateOutcome) -> String {
    // A gate of the command line stands in no file.
    let place = if gate.file.is_empty() {
        String::new()
    } else {
        format!(" ({}:{})", plain(&gate.file), gate.line)
    };
    let why = [gate.reason.clone(), wording::look(gate)];
    let why: Vec<String> = why.into_iter().flatten().map(|text| plain(&text)).collect();
    format!("{}{place}: {}", code(&gate.gate), why.join("; "))
}

fn invariants(page: &mut Markdown, verdict: &Verdict) {
    let rows = verdict.invariants.iter().map(|invariant| {
        let mark = match invariant.result {
            InvariantResult::Holds => "✓ holds",
            InvariantResult::Violated => "✗ violated",
            InvariantResult::NotExercised => "? not exercised",
        };
        vec![
            mark.to_owned(),
            plain(&invariant.name),
            plain(&invariant.finding),
        ]
    });
    page.table(&["", "invariant", "found"], &[], rows.collect());
}

/// A comparison.
pub fn comparison_summary(outcome: &ComparisonOutcome) -> String {
    let mut page = Markdown::default();
    let identity = &outcome.identity;
    let (_, verdict) = headline(outcome);
    page.heading(3, &format!("{}: {verdict}", identity.comparison));
    if outcome.status != Status::Passed {
        page.list(outcome.reasons.iter().map(|reason| plain(reason)));
    }
    page.paragraph(&identity.question);
    page.list(
        outcome
            .ranking
            .advice
            .iter()
            .map(|sentence| plain(sentence)),
    );
    let places = outcome.ranking.places.iter().map(|place| {
        let broken: Vec<String> = place.gates_broken.iter().map(|gate| code(gate)).collect();
        vec![
            place.place.to_string(),
            plain(&place.arm),
            if broken.is_empty() {
                "none".to_owned()
            } else {
                broken.join(", ")
            },
            plain(&place.why),
        ]
    });
    let header = ["place", "strategy", "gates broken", "why here"];
    page.table(&header, &[0], places.collect());
    measures(&mut page, outcome);
    let between = outcome.between.iter().map(|gate| {
        let mark = match gate.result {
            BetweenResult::Holds => "✓ holds",
            BetweenResult::Fails => "✗ fails",
            BetweenResult::Inconclusive => "? inconclusive",
            BetweenResult::NotExercised => "✗ not exercised",
        };
        vec![mark.to_owned(), code(&gate.gate), plain(&gate.finding)]
    });
    let header = ["", "gate between strategies", "found"];
    page.table(&header, &[], between.collect());
    page.paragraph(&format!("Control: {}.", outcome.control.sentence));
    page.finish()
}

/// Means over seeds, with their 95% intervals.
fn measures(page: &mut Markdown, outcome: &ComparisonOutcome) {
    let Some(first) = outcome.arms.first() else {
        return;
    };
    let mut header = vec!["mean over seeds (95% interval)"];
    header.extend(outcome.arms.iter().map(|arm| arm.name.as_str()));
    let cell = |arm: &ArmOutcome, yardstick: &str| {
        let measured = arm.measured(yardstick)?;
        let mean = measured.mean?;
        let told = |value: f64| number(value, measured.unit);
        let text = format!(
            "{} ({} to {})",
            told(mean.mean),
            told(mean.low),
            told(mean.high)
        );
        Some(plain(&text))
    };
    let rows = first.measures.iter().map(|measured| {
        let name = &measured.yardstick;
        let mut row = vec![plain(&name.replace('_', " "))];
        let cells = outcome.arms.iter().map(|arm| cell(arm, name));
        row.extend(cells.map(|cell| cell.unwrap_or_else(|| "-".to_owned())));
        row
    });
    let right: Vec<usize> = (1..header.len()).collect();
    page.table(&header, &right, rows.collect());
}
