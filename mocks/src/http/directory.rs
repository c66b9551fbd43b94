//! Addresses on the wire: which text a handle has, and which handle a text has.

mod learned;
mod rule;

use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use sha2::{Digest, Sha256};

use crate::email::{Email, Move};
use learned::{Learned, Name, Series};
use rule::{by_rule, text_by_rule};

/// Text ↔ [`Email`], shared by all servers of one process.
///
/// Most mailboxes need no entry: mailbox `n` is `customer-n@people.example`, and bit `i` of its
/// spelling says whether letter `i` of `customer` is a capital. So a rehearsal can name millions of
/// people for nothing. Any other address is given a mailbox from [`Directory::FIRST_LEARNED`] on
/// when it is first seen, unless it was [bound](Directory::bind) to one before. Addresses that nobody
/// has are strangers': of those the newest [`Directory::STRANGERS`] are known, and no more.
#[derive(Debug, Default)]
pub struct Directory {
    learned: RwLock<Learned>,
}

/// Series at most: each is looked at for every address that is in none.
const SERIES: usize = 100;

/// The longest an address can be, in bytes (RFC 5321, section 4.5.3.1).
const LONGEST: usize = 64 + 1 + 255;

impl Directory {
    /// Mailboxes from here on belong to addresses learned from the wire; those below have names by rule.
    pub const FIRST_LEARNED: u32 = 1 << 31;

    /// Addresses that are known though nobody has them, at most.
    pub const STRANGERS: usize = 100_000;

    /// The handle of an address, learned if it is new. Letter case in the domain has no meaning.
    pub fn intern(&self, text: &str) -> Email {
        let text = folded(text);
        if let Some(email) = by_rule(&text) {
            return email;
        }
        if let Some(email) = self
            .learned
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .find(&text)
        {
            return email;
        }
        self.learned
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .learn(&text)
    }

    /// The handle of an address, if it is known: looking it up teaches nothing.
    pub fn known(&self, text: &str) -> Option<Email> {
        let text = folded(text);
        by_rule(&text).or_else(|| {
            let learned = self.learned.read().unwrap_or_else(PoisonError::into_inner);
            learned.find(&text)
        })
    }

    /// The mailbox of an address in any letter case, if it is known.
    pub fn known_mailbox(&self, text: &str) -> Option<u32> {
        let text = folded(text);
        by_rule(&text).map(|email| email.mailbox).or_else(|| {
            let learned = self.learned.read().unwrap_or_else(PoisonError::into_inner);
            learned.mailboxes.get(&text.to_lowercase()).copied()
        })
    }

    /// The text of a handle.
    pub fn text(&self, email: Email) -> String {
        let learned = self.learned.read().unwrap_or_else(PoisonError::into_inner);
        match learned.names.get(&email.mailbox) {
            Some(Name { spellings, .. }) => {
                let place = usize::from(email.spelling).min(spellings.len() - 1);
                spellings[place].clone()
            }
            None => learned
                .series
                .iter()
                .find_map(|series| series.text(email.mailbox))
                .unwrap_or_else(|| text_by_rule(email)),
        }
    }

    /// Names a series of addresses by a pattern with `{n}` in it, for these numbers; the mailboxes
    /// of those that are new follow each other, so that none needs an entry. Answers the handle of
    /// each, in order; none if the pattern has no `{n}`, or if there are too many series or handles.
    pub fn series(
        &self,
        pattern: &str,
        numbers: Range<u64>,
    ) -> Option<impl Iterator<Item = Email> + use<'_>> {
        let (before, after) = domain_folded(pattern)
            .split_once("{n}")
            .map(|(before, after)| (before.to_lowercase(), after.to_lowercase()))?;
        let length = u32::try_from(numbers.end.checked_sub(numbers.start)?).ok()?;
        let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
        let end = Self::FIRST_LEARNED
            .checked_add(learned.count)?
            .checked_add(length)?;
        let named = |series: &&Series| {
            series.before == before && series.after == after && series.numbers == numbers
        };
        let known = learned.series.iter().any(|series| named(&series));
        if !known && learned.series.len() >= SERIES {
            return None;
        }
        if !known {
            learned.series.push(Series {
                before: before.clone(),
                after: after.clone(),
                numbers: numbers.clone(),
                first_mailbox: end - length,
            });
            learned.count += length;
        }
        drop(learned);
        Some(numbers.map(move |number| self.intern(&format!("{before}{number}{after}"))))
    }

    /// Learns which mailboxes people have come to have, and have no longer.
    pub fn follow(&self, moves: Vec<Move>) {
        // Names by rule are known whoever has them.
        let learnt = |change: &Move| match change {
            Move::Gained(mailbox) | Move::Lost(mailbox) => *mailbox >= Self::FIRST_LEARNED,
        };
        let mut moves = moves.into_iter().filter(learnt).peekable();
        if moves.peek().is_some() {
            let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
            moves.for_each(|change| learned.follow(change));
        }
    }

    /// Gives a mailbox that has no name yet this address, instead of the name by rule. Answers
    /// whether it did: an address or a mailbox that is already taken stays as it is.
    pub fn bind(&self, mailbox: u32, text: &str) -> bool {
        let text = folded(text);
        let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
        let lower = text.to_lowercase();
        let taken = by_rule(&text).is_some()
            || learned.mailboxes.contains_key(&lower)
            || learned.names.contains_key(&mailbox);
        if !taken {
            learned.mailboxes.insert(lower.clone(), mailbox);
            // Whoever binds it has it.
            let name = Name {
                spellings: vec![lower],
                holders: 1,
                turn: 0,
            };
            learned.names.insert(mailbox, name);
        }
        !taken
    }
}

/// The password of a seeded person, at both providers: `password-for-` and the address in lower case.
pub fn password_of(address: &str) -> String {
    format!("password-for-{}", address.trim().to_lowercase())
}

/// An address as it is kept. What is too long to be one is told from others by its hash, so that it
/// takes no more room than an address does.
fn folded(text: &str) -> String {
    if text.trim().len() <= LONGEST {
        return domain_folded(text);
    }
    format!("{:x}@too-long.invalid", Sha256::digest(text.trim()))
}

fn domain_folded(text: &str) -> String {
    let text = text.trim();
    match text.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn learned_names_read_back(texts in prop::collection::vec("[a-zA-Z]{1,3}@[a-z]{1,2}\\.org", 1..30)) {
            let directory = Directory::default();
            let emails: Vec<Email> = texts.iter().map(|text| directory.intern(text)).collect();
            for (text, email) in texts.iter().zip(emails) {
                prop_assert_eq!(&directory.text(email), text);
                prop_assert_eq!(directory.intern(text), email);
                prop_assert_eq!(directory.intern(&text.to_lowercase()), Email::lower(email.mailbox));
            }
        }
    }

    #[test]
    fn letter_case_is_a_spelling_and_anything_else_another_mailbox() {
        let directory = Directory::default();
        let ada = directory.intern("ada@home.example");
        let capital = directory.intern("Ada@HOME.example");
        assert_eq!((ada.mailbox, ada.spelling), (capital.mailbox, 0));
        assert_eq!(capital.spelling, 1);
        assert_ne!(
            directory.intern("ada+news@home.example").mailbox,
            ada.mailbox
        );
        assert_ne!(directory.intern("customer-007@people.example").mailbox, 7);
    }

    #[test]
    fn strangers_are_forgotten_and_people_are_not() {
        let directory = Directory::default();
        let name = |n: usize| format!("stranger-{n}@home.example");
        let (ada, bob) = ("ada@home.example", "bob@home.example");
        let [ada_is, bob_is] = [ada, bob].map(|text| directory.intern(text));
        let gained = Move::Gained(ada_is.mailbox);
        // Ada is there at both providers, Bob was at one.
        directory.follow(vec![gained, Move::Gained(bob_is.mailbox), gained]);
        directory.follow(vec![Move::Lost(ada_is.mailbox), Move::Lost(bob_is.mailbox)]);
        let first = directory.intern(&name(0));
        for n in 1..Directory::STRANGERS + 100 {
            directory.intern(&name(n));
        }
        assert_eq!(directory.known(ada), Some(ada_is));
        assert_eq!(directory.known(bob), None);
        assert_eq!(directory.known(&name(0)), None);
        let learned = directory.learned.read().unwrap();
        assert_eq!(learned.names.len(), Directory::STRANGERS + 1);
        assert_eq!(learned.mailboxes.len(), Directory::STRANGERS + 1);
        assert!(learned.strangers.len() <= 2 * Directory::STRANGERS);
        drop(learned);
        assert_ne!(directory.intern(&name(0)), first, "numbers are given once");
    }

    #[test]
    fn who_comes_and_goes_leaves_nothing_behind() {
        let directory = Directory::default();
        for n in 0..Directory::STRANGERS + 100 {
            let mailbox = directory.intern(&format!("guest-{n}@home.example")).mailbox;
            directory.follow(vec![Move::Gained(mailbox), Move::Lost(mailbox)]);
        }
        let learned = directory.learned.read().unwrap();
        assert_eq!(learned.names.len(), Directory::STRANGERS);
        assert!(learned.strangers.len() <= 2 * Directory::STRANGERS);
    }

    #[test]
    fn a_series_names_many_for_nothing_and_respects_who_was_there() {
        let directory = Directory::default();
        let early = directory.intern("user2@big.example");
        let emails: Vec<Email> = directory
            .series("User{n}@Big.example", 1..1_000_001)
            .unwrap()
            .collect();
        assert_eq!(emails[1], early, "whoever was there keeps their handle");
        for (place, text) in [
            (0, "user1@big.example"),
            (999_999, "user1000000@big.example"),
        ] {
            assert_eq!(directory.text(emails[place]), text);
            assert_eq!(directory.intern(text), emails[place]);
        }
        let capital = directory.intern("USER7@big.example");
        assert_eq!(capital.mailbox, emails[6].mailbox);
        assert_eq!(directory.text(capital), "USER7@big.example");
        assert_eq!(directory.intern("user7@big.example"), emails[6]);
        let again = directory.series("user{n}@big.example", 5..8).unwrap();
        assert_eq!(again.collect::<Vec<_>>(), &emails[4..7]);
        assert_ne!(directory.intern("user01@big.example"), emails[0]);
    }

    #[test]
    fn what_is_too_long_for_an_address_is_nobody_and_takes_no_room() {
        let directory = Directory::default();
        let long = |letter: &str| format!("{}@home.example", letter.repeat(1 << 20));
        let (a, b) = (directory.intern(&long("a")), directory.intern(&long("b")));
        assert_ne!(a.mailbox, b.mailbox, "they are told apart");
        assert_eq!(directory.intern(&long("a")), a);
        assert!(directory.text(a).len() <= LONGEST);
        let longest = format!("{}@{}.example", "a".repeat(64), "b".repeat(247));
        let longest = directory.intern(&longest);
        assert_eq!(directory.text(longest).len(), LONGEST);
    }

    #[test]
    fn an_address_that_nobody_has_keeps_few_spellings() {
        let directory = Directory::default();
        let spelt = |at: usize| {
            let mut text = "stranger@home.example".to_owned();
            text[at..=at].make_ascii_uppercase();
            directory.intern(&text)
        };
        let spellings: Vec<u8> = (0..8).map(|at| spelt(at).spelling).collect();
        assert!(
            spellings
                .iter()
                .all(|spelling| usize::from(*spelling) < learned::STRANGE_SPELLINGS)
        );
    }

    #[test]
    fn a_bound_name_takes_the_place_of_the_rule() {
        let directory = Directory::default();
        assert!(directory.bind(3, "ada@home.example"));
        assert!(
            !directory.bind(4, "Ada@home.example"),
            "the address is taken"
        );
        assert!(
            !directory.bind(3, "bob@home.example"),
            "the mailbox is taken"
        );
        assert_eq!(directory.intern("ada@home.example"), Email::lower(3));
        assert_eq!(directory.text(Email::lower(3)), "ada@home.example");
    }
}
