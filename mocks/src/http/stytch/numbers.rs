//! Numbers as small numbers, so that the machine compares handles: telephone numbers.

use rustc_hash::FxHashMap;

use super::ask::{Ask, Got, got};
use crate::answer::Outcome;
use crate::stytch::{Errand, ErrandReply, Phone, With};

/// A table of the texts that were taken in.
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

    /// The number of a text, or the one that it would be given now.
    fn foreseen(&self, text: &str) -> u32 {
        self.find(text).unwrap_or(self.texts.len() as u32)
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

impl Ask {
    /// Runs an errand about a telephone number. A new one is learnt only if somebody has it then or the
    /// errand was not refused: strangers could fill the table otherwise.
    pub(super) fn errand_about(
        &self,
        number: &str,
        with: With,
        errand: impl FnOnce(Phone) -> Errand,
    ) -> (Phone, Got<ErrandReply>) {
        // Both are held, so that nobody else is given the number meanwhile.
        let mut project = self.face.project();
        let mut book = self.face.book();
        let phone = Phone(book.phones.foreseen(number));
        let answer = project.errand_with(self.exchange.stamp(), with, &errand(phone));
        let refused = matches!(answer.outcome, Outcome::Refused(_));
        if !refused || project.find_phone(phone).is_some() {
            book.phones.number(number);
        }
        (phone, got(answer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_foreseen_is_given_and_not_before() {
        let mut numbers = Numbers::default();
        numbers.number("+14155550101");
        let foreseen = numbers.foreseen("+14155550102");
        assert_eq!(numbers.find("+14155550102"), None);
        assert_eq!(numbers.number("+14155550102"), foreseen);
        assert_eq!(numbers.foreseen("+14155550101"), 0);
    }
}
