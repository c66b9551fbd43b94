//! A place in a gate's text, moving forward.

use std::ops::Range;

/// A place in a text.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// A piece of a text, with its place.
#[derive(Clone, Debug)]
pub(super) struct Piece<'a> {
    pub(super) text: &'a str,
    pub(super) span: Range<usize>,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Skips blanks, then takes characters as long as they fit: perhaps none.
    pub(super) fn take_while(&mut self, fits: impl Fn(char) -> bool) -> Piece<'a> {
        self.skip_blanks();
        let rest = &self.text[self.at..];
        let length = rest
            .find(|character| !fits(character))
            .unwrap_or(rest.len());
        self.take(length)
    }

    /// Skips blanks, then takes this text if it stands there.
    pub(super) fn take_text(&mut self, text: &str) -> bool {
        self.skip_blanks();
        let stands = self.text[self.at..].starts_with(text);
        if stands {
            self.at += text.len();
        }
        stands
    }

    /// Takes what stands up to the next `end` and the end itself; nothing if there is none.
    pub(super) fn take_until(&mut self, end: char) -> Option<Piece<'a>> {
        let length = self.text[self.at..].find(end)?;
        let piece = self.take(length);
        self.at += end.len_utf8();
        Some(piece)
    }

    /// The next character after blanks, with its place; at the end, an empty piece.
    pub(super) fn next(&mut self) -> Piece<'a> {
        self.skip_blanks();
        let length = self.text[self.at..]
            .chars()
            .next()
            .map_or(0, char::len_utf8);
        Piece {
            text: &self.text[self.at..self.at + length],
            span: self.at..self.at + length,
        }
    }

    /// Everything that is left, but for blanks at its ends.
    pub(super) fn rest(&mut self) -> Piece<'a> {
        self.skip_blanks();
        let text = self.text[self.at..].trim_end();
        Piece {
            text,
            span: self.at..self.at + text.len(),
        }
    }

    fn take(&mut self, length: usize) -> Piece<'a> {
        let span = self.at..self.at + length;
        self.at = span.end;
        Piece {
            text: &self.text[span.clone()],
            span,
        }
    }

    fn skip_blanks(&mut self) {
        self.at = self.text.len() - self.text[self.at..].trim_start().len();
    }
}

/// The name among `names` that is most like `written`, if one is like it at all.
pub(super) fn nearest<'a>(
    written: &str,
    names: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(written, name), name))
        .min_by_key(|&(distance, _)| distance)
        .filter(|&(distance, name)| distance <= name.len().max(3) / 3)
        .map(|(_, name)| name)
}

/// Help for a name that is not among `names`: the nearest one, or all when they are few.
pub(super) fn suggestion(written: &str, names: &[&str]) -> String {
    match nearest(written, names.iter().copied()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("one of {}", names.join(", ")),
    }
}
