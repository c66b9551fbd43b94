//! Numbers as small numbers, so that the machine compares handles: telephone numbers.

use rustc_hash::FxHashMap;

use super::Face;
use super::ask::{Ask, Got, got};
use crate::answer::Outcome;
use crate::lasting::Lasting;
use crate::stytch::{Errand, ErrandReply, Phone, With};

/// The newest numbers are kept even if nobody has them: somebody may be about to.
const NEWEST: u32 = 10_000;

/// A table of the texts that were taken in.
#[derive(Clone, Debug, Default)]
pub(super) struct Numbers {
    texts: Lasting<String>,
    numbers: FxHashMap<String, u32>,
}

impl Numbers {
    /// The number of a text, given now if it is new.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = self.texts.put(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }

    /// The number of a text, or the one that it would be given now.
    fn foreseen(&self, text: &str) -> u32 {
        self.find(text).unwrap_or(self.texts.issued())
    }

    /// The number of a text that has one.
    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.numbers.get(text).copied()
    }

    /// The text of a number; empty for one that was never given, or is forgotten.
    pub(super) fn text(&self, number: u32) -> &str {
        self.texts.get(number).map_or("", String::as_str)
    }

    /// Forgets the texts that nobody has, but for the newest.
    fn sweep(&mut self, had: impl Fn(u32) -> bool) {
        let newest = self.texts.issued().saturating_sub(NEWEST);
        self.texts
            .sweep_numbered(|number, _| number < newest && !had(number));
        let texts = &self.texts;
        self.numbers
            .retain(|_, number| texts.get(*number).is_some());
    }
}

impl Face {
    /// The handle of a telephone number.
    pub(super) fn phone(&self, number: &str) -> Phone {
        self.forget_phones();
        Phone(self.book().phones.number(number))
    }

    /// Forgets telephone numbers that nobody has any more, now and then.
    fn forget_phones(&self) {
        if !self.book().phones.texts.is_due() {
            return;
        }
        let project = self.project();
        let had = project.phones();
        self.book()
            .phones
            .sweep(|number| had.contains(&Phone(number)));
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
        self.face.forget_phones();
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
    fn what_nobody_has_is_forgotten() {
        let mut numbers = Numbers::default();
        let text = |n: u32| format!("+1415{n:07}");
        for n in 0..100_000 {
            numbers.number(&text(n));
        }
        assert!(numbers.texts.is_due());
        numbers.sweep(|number| number < 5);
        assert_eq!(numbers.numbers.len(), 5 + NEWEST as usize);
        assert_eq!(numbers.find(&text(3)), Some(3));
        assert_eq!(numbers.find(&text(50_000)), None);
        assert_eq!((numbers.text(3), numbers.text(50_000)), (&*text(3), ""));
        assert_eq!(numbers.number(&text(50_000)), 100_000, "a new handle");
    }

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
