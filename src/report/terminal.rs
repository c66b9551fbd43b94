//! The outcome as a page for the terminal: the verdict first, then what happened, then the details.
//!
//! The page carries colours as ANSI escapes; print it through `anstream`, which takes them out where
//! `NO_COLOR` or a pipe asks for plain text. Every mark stands beside a word, so that nothing is
//! said by colour alone. No line is longer than 100 columns but for names that are.

mod counts;
mod details;
pub(super) mod page;

use super::wording::{self, Tone, signed};
use crate::outcome::{GateOutcome, GateResult, InvariantResult, Outcome, Verdict, grouped};
use page::Page;

/// The whole page.
pub fn terminal(outcome: &Outcome) -> String {
    let mut page = Page::default();
    headline(&mut page, outcome);
    rehearsed(&mut page, outcome);
    page.paragraph(&wording::summary(outcome).join(" "));
    if let Some(verdict) = &outcome.verdict {
        gates(&mut page, verdict);
        failures(&mut page, verdict);
        invariants(&mut page, verdict);
    }
    counts::counts(&mut page, outcome);
    details::phases(&mut page, outcome);
    details::latency(&mut page, outcome);
    details::calls(&mut page, outcome);
    details::flag(&mut page, outcome);
    details::instruments(&mut page, outcome);
    details::assumptions(&mut page, outcome);
    page.finish()
}

fn headline(page: &mut Page, outcome: &Outcome) {
    let (tone, text) = wording::headline(outcome);
    page.heading(tone, &text);
    for reason in wording::reasons(outcome) {
        page.paragraph(reason);
    }
}

fn rehearsed(page: &mut Page, outcome: &Outcome) {
    page.gap();
    let identity = &outcome.identity;
    page.paragraph(&format!("{}: {}", identity.scenario, identity.question));
    page.paragraph(&wording::rehearsed(outcome));
}

fn gates(page: &mut Page, verdict: &Verdict) {
    if verdict.gates.is_empty() {
        return;
    }
    let rows = verdict.gates.iter().map(|gate| {
        let value = gate
            .value
            .map_or_else(|| "-".to_owned(), |value| value.to_string());
        let room = match (gate.margin, gate.value) {
            (Some(margin), Some(value)) => signed(margin, value.unit),
            _ => "-".to_owned(),
        };
        let of = format!("{} {}", grouped(gate.samples.n), gate.samples.of);
        vec![
            mark(gate.result).to_owned(),
            gate.gate.clone(),
            value,
            room,
            of,
        ]
    });
    page.table(
        "Gates",
        &["", "gate", "value", "room", "of"],
        &[2, 3],
        rows.collect(),
    );
    for gate in &verdict.gates {
        if let Some(note) = &gate.note {
            page.paragraph(&format!("{}: {note}.", gate.gate));
        }
    }
}

const fn mark(result: GateResult) -> &'static str {
    match result {
        GateResult::Holds => "✓ holds",
        GateResult::Fails => "✗ FAILS",
        GateResult::NotExercised => "✗ NOT EXERCISED",
    }
}

fn failures(page: &mut Page, verdict: &Verdict) {
    let failed = verdict
        .gates
        .iter()
        .filter(|gate| gate.result != GateResult::Holds);
    for GateOutcome {
        gate,
        file,
        line,
        reason,
        look,
        ..
    } in failed
    {
        page.gap();
        // A gate of the command line stands in no file.
        let place = if file.is_empty() {
            String::new()
        } else {
            format!("  ({file}:{line})")
        };
        page.line(Tone::Bad, &format!("✗ {gate}{place}"));
        for (what, text) in [("why", reason), ("look", look)] {
            if let Some(text) = text {
                page.item(what, text);
            }
        }
    }
}

fn invariants(page: &mut Page, verdict: &Verdict) {
    page.title("Invariants");
    for invariant in &verdict.invariants {
        let (tone, mark) = match invariant.result {
            InvariantResult::Holds => (Tone::Plain, "✓ holds"),
            InvariantResult::Violated => (Tone::Bad, "✗ VIOLATED"),
            InvariantResult::NotExercised => (Tone::Doubt, "? NOT EXERCISED"),
        };
        page.line(tone, &format!("{mark}  {}", invariant.name));
        page.item("found", &invariant.finding);
    }
}
