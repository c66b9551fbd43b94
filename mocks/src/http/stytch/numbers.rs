//! Numbers as small numbers, so that the machine compares handles: telephone numbers.

use rustc_hash::FxHashMap;

/// A table of texts that only grows.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    texts: Vec<String>,
    numbers: FxHashMap<String, u32>,
}

impl Numbers {
    /// The number of a text, given now if it is new.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        self.texts.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }

    /// The number of a text that has one.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// The text of a number; empty for one that was never given.
    pub(super) fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", String::as_str)
    }
}
