//! The outcome as a page for the terminal: the verdict first, then what happened, then the details.
//!
//! The page carries colours as ANSI escapes; print it through `anstream`, which takes them out where
//! `NO_COLOR` or a pipe asks for plain text. Every mark stands beside a word, so that nothing is
//! said by colour alone. No line is longer than 100 columns but for names that are.

mod counts;
mod details;
pub(super) mod page;

use crate::outcome::{
    Amount, Completeness, Driver, GateOutcome, GateResult, InvariantResult, Outcome, Status, Unit,
    Verdict, grouped,
};
use crate::recorder::Measure;
use crate::verdict::exit;
use page::{Page, Tone};

/// The whole page.
pub fn terminal(outcome: &Outcome) -> String {
    let mut page = Page::default();
    headline(&mut page, outcome);
    rehearsed(&mut page, outcome);
    summary(&mut page, outcome);
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
    let Some(verdict) = &outcome.verdict else {
        return page.heading(Tone::Doubt, "? NOT JUDGED");
    };
    let gates = verdict.gates.len();
    let not_holding = verdict
        .gates
        .iter()
        .filter(|gate| gate.result != GateResult::Holds)
        .count();
    let (tone, text) = match verdict.status {
        Status::Passed if gates == 0 => (
            Tone::Good,
            "✓ PASSED: there were no gates to hold".to_owned(),
        ),
        Status::Passed => (
            Tone::Good,
            format!("✓ PASSED: {}", all(gates, "gate holds", "gates hold")),
        ),
        Status::GateFailed => (
            Tone::Bad,
            format!("✗ GATE FAILED: {not_holding} of {gates} do not hold"),
        ),
        Status::InvariantViolated => (Tone::Bad, "✗ INVARIANT VIOLATED".to_owned()),
        Status::Inconclusive => (
            Tone::Doubt,
            "? INCONCLUSIVE: this run proves nothing".to_owned(),
        ),
    };
    let code = match outcome.completeness {
        Completeness::Complete => verdict.status.exit_code(),
        Completeness::Interrupted { .. } => exit::INTERRUPTED,
    };
    page.heading(tone, &format!("{text} (exit {code})"));
    if matches!(
        verdict.status,
        Status::InvariantViolated | Status::Inconclusive
    ) {
        for reason in &verdict.reasons {
            page.paragraph(reason);
        }
    }
}

fn all(count: usize, one: &str, many: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("all {count} {many}")
    }
}

fn rehearsed(page: &mut Page, outcome: &Outcome) {
    page.gap();
    let identity = &outcome.identity;
    let length = cutover_mocks::time::Span::from_micros(outcome.length_us);
    let how = match identity.driver {
        Driver::Http => "over HTTP",
        Driver::Virtual => "in virtual time",
    };
    page.paragraph(&format!("{}: {}", identity.scenario, identity.question));
    page.paragraph(&format!(
        "Strategy {}, {} people with {} devices, {length} of scenario time, seed {}, {how}.",
        identity.strategy,
        grouped(outcome.people.people),
        grouped(outcome.people.devices),
        identity.seed,
    ));
}

/// What somebody in a hurry should read.
fn summary(page: &mut Page, outcome: &Outcome) {
    let total = |measure: Measure| outcome.total(measure);
    let people = outcome.people;
    let logouts = total(Measure::ForcedLogouts);
    let mut sentences = vec![format!(
        "{} of {} devices seen {} logged out that would not have been ({}).",
        grouped(logouts),
        grouped(people.devices_seen),
        if logouts == 1 { "was" } else { "were" },
        share(logouts, people.devices_seen),
    )];
    let attempts = total(Measure::MigrationAttempts);
    if attempts > 0 {
        let silent = total(Measure::SilentMigrations);
        sentences.push(format!(
            "{} of {} migrations went silently ({}).",
            grouped(silent),
            grouped(attempts),
            share(silent, attempts),
        ));
    }
    sentences.push(format!(
        "{} of {} people cannot log in at all, {} met a login page and did not come back.",
        grouped(total(Measure::Lockouts)),
        grouped(people.people),
        grouped(total(Measure::Abandonments)),
    ));
    sentences.push(format!(
        "{} of {} answers were wrongly given.",
        grouped(total(Measure::WronglyAdmitted)),
        grouped(total(Measure::AdmissionChecks)),
    ));
    page.paragraph(&sentences.join(" "));
}

/// A share as text; `-` of nothing.
fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    Amount {
        number: part as f64 * 100.0 / whole as f64,
        unit: Unit::Percent,
    }
    .to_string()
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

fn signed(margin: f64, unit: Unit) -> String {
    let amount = Amount {
        number: margin.abs(),
        unit,
    };
    if margin < 0.0 {
        format!("-{amount}")
    } else {
        amount.to_string()
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
