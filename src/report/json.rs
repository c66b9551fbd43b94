//! The outcome as JSON.

use serde::Serialize;

use crate::comparison::ComparisonOutcome;
use crate::outcome::Outcome;

/// The outcome as indented JSON with a newline at its end: what `outcome.json` holds and `--json` prints.
pub fn json(outcome: &Outcome) -> String {
    indented(outcome)
}

/// The outcome of a comparison, likewise: what `comparison.json` holds and `--json` prints.
pub fn comparison_json(outcome: &ComparisonOutcome) -> String {
    indented(outcome)
}

fn indented(outcome: &impl Serialize) -> String {
    let mut text = serde_json::to_string_pretty(outcome)
        .expect("an outcome has text keys and finite numbers only");
    text.push('\n');
    text
}
