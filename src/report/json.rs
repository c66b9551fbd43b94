//! The outcome as JSON.

use crate::outcome::Outcome;

/// The outcome as indented JSON with a newline at its end: what `outcome.json` holds and `--json` prints.
pub fn json(outcome: &Outcome) -> String {
    let mut text = serde_json::to_string_pretty(outcome)
        .expect("an outcome has text keys and finite numbers only");
    text.push('\n');
    text
}
