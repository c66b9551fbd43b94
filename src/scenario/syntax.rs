//! Syntax errors of TOML, in words of this project where the parser's own would mislead.

use super::problem::{Place, Problem};

/// Turns syntax errors into problems, one for each line. Returns the values that lack their quotes.
pub(super) fn problems(
    text: &str,
    source: usize,
    errors: &[toml::de::Error],
    problems: &mut Vec<Problem>,
) -> Vec<Place> {
    let (mut unquoted, mut lines) = (Vec::new(), Vec::new());
    for error in errors {
        let span = error.span().unwrap_or(0..0);
        let (start, line) = line_around(text, span.start);
        if lines.contains(&start) {
            continue;
        }
        lines.push(start);
        let word = lacks_quotes(error.message())
            .then(|| word_around(line, span.start - start))
            .flatten();
        let problem = match word {
            Some(word) => {
                let place = Place {
                    source,
                    start: start + word.start,
                    end: start + word.end,
                };
                unquoted.push(place.clone());
                Problem::new("text needs quotes")
                    .at(&place, "this is no number, and neither true nor false")
                    .help(format!("write \"{}\"", &line[word]))
                    .yielding()
            }
            None => other(text, source, error),
        };
        problems.push(problem);
    }
    unquoted
}

/// Whether this is what the parser says of a value that begins like none, or like another kind.
fn lacks_quotes(message: &str) -> bool {
    ["string values must be quoted", "invalid ", "unexpected "]
        .iter()
        .any(|begin| message.starts_with(begin))
}

/// A problem that the parser tells well, or nearly so.
fn other(text: &str, source: usize, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let (_, line) = line_around(text, span.start);
    // Nothing can be underlined after the end of the text.
    let start = text.floor_char_boundary(span.start.min(text.len().saturating_sub(1)));
    let place = Place {
        source,
        start,
        end: span.end.max(start),
    };
    let (title, expected) = error
        .message()
        .split_once(", ")
        .unwrap_or((error.message(), ""));
    if title == "duplicate key" {
        return Problem::new("this key is given twice")
            .at(&place, "the second time")
            .help("keep one of them; a table may have only one header");
    }
    if line.trim_end().ends_with('=') {
        return Problem::new("a value is missing").at(&place, "after the equals sign");
    }
    let problem = Problem::new(title).at(&place, expected);
    if title.contains("array") && line.trim_start().starts_with('[') {
        return problem.help("perhaps a list above is not closed: add `]`");
    }
    problem
}

/// The line around a byte, and where it begins.
fn line_around(text: &str, byte: usize) -> (usize, &str) {
    let byte = byte.min(text.len());
    let start = text[..byte].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[byte..]
        .find('\n')
        .map_or(text.len(), |newline| byte + newline);
    (start, &text[start..end])
}

/// The bare word or words around a column of a line: a value up to the end of the line, or up to
/// the next comma or bracket inside a list or an inline table.
fn word_around(line: &str, column: usize) -> Option<std::ops::Range<usize>> {
    let (before, _) = line.split_at_checked(column)?;
    let first_equals = before.find('=');
    let nested = first_equals.is_none() || before.contains(['{', '[']);
    let begin = match first_equals {
        Some(equals) if !nested => equals + 1,
        _ => before
            .rfind(['=', ',', '[', '{'])
            .map_or(0, |delimiter| delimiter + 1),
    };
    let ends: &[char] = if nested {
        &['#', ',', ']', '}']
    } else {
        &['#']
    };
    let word = line[begin..].split(ends).next().unwrap_or_default();
    let begin = begin + word.len() - word.trim_start().len();
    let word = word.trim();
    let header = before.trim_start().starts_with('[') && first_equals.is_none();
    let bare = !word.is_empty() && !header && !word.contains(['"', '\'', '=', '[', ']', '{', '}']);
    bare.then_some(begin..begin + word.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unquoted(text: &str) -> Vec<&str> {
        let (_, errors) = toml::de::DeTable::parse_recoverable(text);
        let places = problems(text, 0, &errors, &mut Vec::new());
        places
            .iter()
            .map(|place| &text[place.start..place.end])
            .collect()
    }

    #[test]
    fn values_without_quotes_are_found_whole() {
        assert_eq!(unquoted("length = 14d # long"), ["14d"]);
        assert_eq!(unquoted("length = 3d 9h"), ["3d 9h"]);
        assert_eq!(unquoted("users = 20,000"), ["20,000"]);
        assert_eq!(unquoted("share = 99.5%"), ["99.5%"]);
        assert_eq!(unquoted("steps = [{ at = 3d, share = \"1%\" }]"), ["3d"]);
        assert_eq!(unquoted("list = [\n  3d,\n  \"4d\",\n]"), ["3d"]);
    }

    #[test]
    fn other_errors_are_left_to_the_parser() {
        for text in [
            "a = 'x' y",
            "[pop",
            "a = ",
            "a = 'x\nb = 3",
            "a = [1\n",
            "a = 1\na = 2",
            "é",
        ] {
            assert_eq!(unquoted(text), [""; 0], "{text}");
        }
    }
}
