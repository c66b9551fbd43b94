//! Gates and invariants on a page: the result, how much room is left, and why.

use std::fmt::Write as _;

use crate::outcome::{GateOutcome, GateResult, InvariantResult, Outcome, grouped};
use crate::report::wording::signed;

/// A gate as a page shows it.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    pub(super) class: &'static str,
    pub(super) mark: &'static str,
    pub(super) text: String,
    pub(super) place: String,
    pub(super) value: String,
    /// The value itself, in its unit.
    pub(super) number: Option<f64>,
    /// Which of the verdict's gates it is, from 0.
    pub(super) place_in_outcome: usize,
    pub(super) limit: String,
    pub(super) room: String,
    pub(super) of: String,
    /// A bar of the value against its limit, as SVG; empty where there is nothing to draw.
    pub(super) bar: String,
    pub(super) note: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) look: Option<String>,
}

/// An invariant as a page shows it.
#[derive(Clone, Debug)]
pub(super) struct Invariant {
    pub(super) class: &'static str,
    pub(super) mark: &'static str,
    pub(super) name: String,
    pub(super) finding: String,
}

/// The gates, those that do not hold first.
pub(super) fn gates(outcome: &Outcome) -> Vec<Gate> {
    let Some(verdict) = &outcome.verdict else {
        return Vec::new();
    };
    let mut gates: Vec<(usize, &GateOutcome)> = verdict.gates.iter().enumerate().collect();
    gates.sort_by_key(|(_, gate)| gate.result == GateResult::Holds);
    gates
        .into_iter()
        .map(|(place, one)| gate(place, one))
        .collect()
}

fn gate(place_in_outcome: usize, gate: &GateOutcome) -> Gate {
    let (class, mark) = match gate.result {
        GateResult::Holds => ("good", "✓ holds"),
        GateResult::Fails => ("bad", "✗ fails"),
        GateResult::NotExercised => ("bad", "✗ not exercised"),
    };
    let room = match (gate.margin, gate.value) {
        (Some(margin), Some(value)) => signed(margin, value.unit),
        _ => "-".to_owned(),
    };
    // A gate of the command line stands in no file.
    let place = if gate.file.is_empty() {
        String::new()
    } else {
        format!("{}:{}", gate.file, gate.line)
    };
    Gate {
        class,
        mark,
        text: gate.gate.clone(),
        place,
        value: gate
            .value
            .map_or_else(|| "-".to_owned(), |value| value.to_string()),
        number: gate.value.map(|value| value.number),
        place_in_outcome,
        limit: gate
            .limit
            .map_or_else(|| "-".to_owned(), |limit| limit.to_string()),
        room,
        of: format!("{} {}", grouped(gate.samples.n), gate.samples.of),
        bar: bar(gate),
        note: gate.note.clone(),
        reason: gate.reason.clone(),
        look: gate.look.clone(),
    }
}

/// The value as a bar, with a tick at the limit. The words beside it say the same.
fn bar(gate: &GateOutcome) -> String {
    const WIDTH: f64 = 120.0;
    let both = gate.value.zip(gate.limit);
    let Some((value, limit)) = both.filter(|(value, limit)| value.unit == limit.unit) else {
        return String::new();
    };
    let (value, limit) = (value.number, limit.number);
    let whole = value.max(limit) * 1.1;
    if whole <= 0.0 || !whole.is_finite() {
        return String::new();
    }
    let class = match gate.result {
        GateResult::Holds => "good",
        GateResult::Fails | GateResult::NotExercised => "bad",
    };
    let at = |number: f64| (number.max(0.0) / whole * WIDTH * 10.0).round() / 10.0;
    let mut svg = format!("<svg class=\"bar\" viewBox=\"0 0 {WIDTH} 12\" aria-hidden=\"true\">");
    write!(
        svg,
        "<rect class=\"ink-grid\" y=\"3\" width=\"{WIDTH}\" height=\"6\" rx=\"3\"/>\
         <rect class=\"ink-{class}\" y=\"3\" width=\"{}\" height=\"6\" rx=\"3\"/>\
         <rect class=\"ink-text\" x=\"{}\" width=\"2\" height=\"12\"/></svg>",
        at(value).max(1.0),
        (at(limit) - 1.0).clamp(0.0, WIDTH - 2.0),
    )
    .expect("a String takes all text");
    svg
}

/// The invariants.
pub(super) fn invariants(outcome: &Outcome) -> Vec<Invariant> {
    let Some(verdict) = &outcome.verdict else {
        return Vec::new();
    };
    verdict
        .invariants
        .iter()
        .map(|invariant| {
            let (class, mark) = match invariant.result {
                InvariantResult::Holds => ("good", "✓ holds"),
                InvariantResult::Violated => ("bad", "✗ violated"),
                InvariantResult::NotExercised => ("doubt", "? not exercised"),
            };
            Invariant {
                class,
                mark,
                name: invariant.name.clone(),
                finding: invariant.finding.clone(),
            }
        })
        .collect()
}
