//! Gates as the scenario writes them. What they mean is the verdict's business; that they can be
//! read is checked here, where their place in the file is known.

use std::ops::Range;

use super::kind::List;
use super::problem::{Place, Problem, Sources};
use super::reader::Table;
use super::scalar::Text;
use crate::verdict::gate::{self, GateError};

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
    let doc = "What must hold: one expression each, e.g. \"forced_logouts == 0\".";
    read_list(t, sources, "require", doc, |text| {
        gate::parse(text).map(|_| ())
    })
}

/// Reads what each strategy of a comparison must keep to.
pub(super) fn read_each(t: &mut Table<'_>, sources: &Sources) -> Vec<GateText> {
    let doc = "What each strategy must keep to, in every seed, to be recommended: one expression \
               each, e.g. \"lockouts < 1%\".";
    read_list(t, sources, "each", doc, |text| {
        gate::parse_fixed(text).map(|_| ())
    })
}

/// Reads a list of gates, each checked where it stands.
pub(super) fn read_list(
    t: &mut Table<'_>,
    sources: &Sources,
    name: &'static str,
    doc: &'static str,
    check: impl Fn(&str) -> Result<(), GateError>,
) -> Vec<GateText> {
    let list = List {
        of: Text,
        len: None,
    };
    let gates = t
        .key(name, list, doc)
        .or("[]", "none unless the scenario names them");
    let mut texts = Vec::new();
    for (text, place) in gates.value.into_iter().filter(|_| gates.given) {
        if let Err(error) = check(&text) {
            let within = within_string(sources.at(&place), error.span);
            let part = Place {
                source: place.source,
                start: place.start + within.start,
                end: place.start + within.end,
            };
            let problem = Problem::new("this gate cannot be read").at(&part, error.message);
            t.problem(match error.help {
                Some(help) => problem.help(help),
                None => problem,
            });
        }
        let file = sources.get(place.source).name.clone();
        texts.push(GateText {
            text,
            file,
            line: sources.line(&place),
        });
    }
    texts
}

/// Where bytes of a string's value stand in its TOML text, quotes and escapes included.
fn within_string(raw: &str, bytes: Range<usize>) -> Range<usize> {
    raw_offset(raw, bytes.start)..raw_offset(raw, bytes.end)
}

fn raw_offset(raw: &str, byte: usize) -> usize {
    let quotes = ["\"\"\"", "'''", "\"", "'"]
        .into_iter()
        .find(|quotes| raw.starts_with(quotes));
    let quotes = quotes.unwrap_or_default();
    let mut at = quotes.len();
    if quotes.len() == 3 {
        at += raw[at..].len() - raw[at..].trim_start_matches('\r').len();
        at += usize::from(raw[at..].starts_with('\n'));
    }
    let mut decoded = 0;
    while decoded < byte {
        let Some(char) = raw[at..].chars().next() else {
            break;
        };
        let (raw_bytes, bytes) = match char {
            '\\' if quotes.starts_with('"') => escape(&raw[at + 1..]),
            char => (char.len_utf8(), char.len_utf8()),
        };
        at = (at + raw_bytes).min(raw.len());
        decoded += bytes;
    }
    at
}

/// How many bytes an escape takes in the text, backslash included, and in the value.
fn escape(rest: &str) -> (usize, usize) {
    let digits = match rest.as_bytes().first() {
        Some(b'x') => 2,
        Some(b'u') => 4,
        Some(b'U') => 8,
        // A backslash at the end of a line swallows all blanks after it.
        Some(byte) if byte.is_ascii_whitespace() => {
            return (1 + rest.len() - rest.trim_start().len(), 0);
        }
        _ => return (2, 1),
    };
    let code = rest
        .get(1..=digits)
        .and_then(|code| u32::from_str_radix(code, 16).ok());
    let char = code.and_then(char::from_u32).unwrap_or_default();
    (2 + digits, char.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The part of a TOML string's text that holds this part of its value.
    fn part(raw: &str, value: Range<usize>) -> &str {
        &raw[within_string(raw, value)]
    }

    #[test]
    fn places_inside_strings_are_found_past_quotes_and_escapes() {
        assert_eq!(part(r#""lockouts == 0""#, 0..8), "lockouts");
        assert_eq!(part("'lockouts == 0'", 9..11), "==");
        assert_eq!(part("\"\"\"\nlockouts == 0\"\"\"", 0..8), "lockouts");
        assert_eq!(
            part(r#""{phase=\"step 25%\"} == 0""#, 7..17),
            r#"\"step 25%\""#
        );
        assert_eq!(part(r#""\u00e9 \U0001f600x == 0""#, 7..8), "x");
        assert_eq!(part("\"\"\"a \\\n   b\"\"\"", 2..3), "\\\n   b");
    }

    #[test]
    fn a_place_at_the_end_is_the_closing_quote() {
        assert_eq!(within_string("\"lockouts\"", 8..8), 9..9);
        assert_eq!(within_string("lockouts", 8..8), 8..8);
    }
}
