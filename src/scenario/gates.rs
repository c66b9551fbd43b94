//! Gates as the scenario writes them; what they mean is the verdict's business.

use super::kind::List;
use super::problem::{Place, Sources};
use super::reader::Table;
use super::scalar::Text;

/// A gate as the scenario writes it, with its place for messages and annotations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateText {
    /// The expression, e.g. `forced_logouts == 0`.
    pub text: String,
    /// The file it stands in.
    pub file: String,
    /// The line it stands on, from 1.
    pub line: usize,
}

/// Reads `[gates]`.
pub(super) fn read(t: &mut Table<'_>, sources: &Sources) -> Vec<GateText> {
    let gates = t
        .key(
            "require",
            List {
                of: Text,
                len: None,
            },
            "What must hold: one expression each, e.g. \"forced_logouts == 0\".",
        )
        .or("[]", "none unless the scenario names them");
    let gate = |(text, place): (String, Place)| {
        let known = gates.given && sources.has(&place);
        let (file, line) = if known {
            (sources.get(place.source).name.clone(), sources.line(&place))
        } else {
            (String::new(), 0)
        };
        GateText { text, file, line }
    };
    gates.value.into_iter().map(gate).collect()
}
