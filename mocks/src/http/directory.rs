//! Addresses on the wire: which text a handle has, and which handle a text has.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::email::{Email, Move};

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

#[derive(Debug, Default)]
struct Learned {
    /// Lower-case address → mailbox.
    mailboxes: FxHashMap<String, u32>,
    names: FxHashMap<u32, Name>,
    series: Vec<Series>,
    /// Mailboxes that were given to addresses, ever.
    count: u32,
    /// Mailboxes that nobody has, in the order in which that began, each with its turn: whoever is
    /// held meanwhile has that turn no more.
    strangers: VecDeque<(u64, u32)>,
    /// How many of those there are.
    strange: usize,
    turn: u64,
}

/// The text of a mailbox.
#[derive(Debug)]
struct Name {
    /// Its spellings; the first is all lower case.
    spellings: Vec<String>,
    /// How many people, at both providers, have it.
    holders: u32,
    /// Since when nobody has.
    turn: u64,
}

/// Addresses that differ in a number alone: they need no entry each.
#[derive(Debug)]
struct Series {
    before: String,
    after: String,
    numbers: Range<u64>,
    first_mailbox: u32,
}

impl Series {
    fn find(&self, lower: &str) -> Option<u32> {
        let number = lower
            .strip_prefix(self.before.as_str())?
            .strip_suffix(self.after.as_str())?;
        let read: u64 = number.parse().ok()?;
        let here = self.numbers.contains(&read) && read.to_string() == number;
        here.then(|| self.first_mailbox + (read - self.numbers.start) as u32)
    }

    fn text(&self, mailbox: u32) -> Option<String> {
        let place = u64::from(mailbox.checked_sub(self.first_mailbox)?);
        let number = self.numbers.start + place;
        let here = self.numbers.contains(&number);
        here.then(|| format!("{}{number}{}", self.before, self.after))
    }
}

/// Series at most: each is looked at for every address that is in none.
const SERIES: usize = 100;

const NAME: &str = "customer";
const DOMAIN: &str = "@people.example";

impl Directory {
    /// Mailboxes from here on belong to addresses learned from the wire; those below have names by rule.
    pub const FIRST_LEARNED: u32 = 1 << 31;

    /// Addresses that are known though nobody has them, at most.
    pub const STRANGERS: usize = 100_000;

    /// The handle of an address, learned if it is new. Letter case in the domain has no meaning.
    pub fn intern(&self, text: &str) -> Email {
        let text = domain_folded(text);
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
        let text = domain_folded(text);
        by_rule(&text).or_else(|| {
            let learned = self.learned.read().unwrap_or_else(PoisonError::into_inner);
            learned.find(&text)
        })
    }

    /// The mailbox of an address in any letter case, if it is known.
    pub fn known_mailbox(&self, text: &str) -> Option<u32> {
        let text = domain_folded(text);
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

    /// Forgets all that was learned. Handles from before mean nothing from now on, as numbers go on.
    pub fn clear(&self) {
        let mut learned = self.learned.write().unwrap_or_else(PoisonError::into_inner);
        *learned = Learned {
            count: learned.count,
            ..Learned::default()
        };
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
        let text = domain_folded(text);
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

impl Learned {
    /// The first series that an address belongs to is its own.
    fn in_series(&self, lower: &str) -> Option<u32> {
        self.series.iter().find_map(|series| series.find(lower))
    }

    fn find(&self, text: &str) -> Option<Email> {
        let lower = text.to_lowercase();
        let Some(mailbox) = self.mailboxes.get(&lower).copied() else {
            let mailbox = self.in_series(&lower)?;
            // Other spellings than the lower one have an entry.
            return (lower == text).then(|| Email::lower(mailbox));
        };
        let spelling = self
            .names
            .get(&mailbox)?
            .spellings
            .iter()
            .position(|known| known == text)?;
        Some(Email {
            mailbox,
            spelling: spelling as u8,
        })
    }

    fn learn(&mut self, text: &str) -> Email {
        let lower = text.to_lowercase();
        let mailbox = match self.mailboxes.get(&lower) {
            Some(mailbox) => *mailbox,
            None => self.name(lower),
        };
        let spelling = self.names.get_mut(&mailbox).map_or(0, |name| {
            let known = name.spellings.iter().position(|known| known == text);
            known.unwrap_or_else(|| {
                // A mailbox with more spellings than a handle can tell apart keeps the last one.
                if u8::try_from(name.spellings.len()).is_ok() {
                    name.spellings.push(text.to_owned());
                }
                name.spellings.len() - 1
            })
        });
        Email {
            mailbox,
            spelling: spelling as u8,
        }
    }

    /// Gives an address a mailbox. It is a stranger's until somebody has it.
    fn name(&mut self, lower: String) -> u32 {
        let mailbox = self
            .in_series(&lower)
            .unwrap_or_else(|| self.next_mailbox());
        self.mailboxes.insert(lower.clone(), mailbox);
        let name = Name {
            spellings: vec![lower],
            holders: 0,
            turn: 0,
        };
        self.names.insert(mailbox, name);
        self.estrange(mailbox);
        mailbox
    }

    /// A mailbox that no address has. After two thousand million of them the first come again.
    fn next_mailbox(&mut self) -> u32 {
        loop {
            let mailbox = Directory::FIRST_LEARNED | self.count;
            self.count = (self.count + 1) % Directory::FIRST_LEARNED;
            let in_series = |series: &Series| series.text(mailbox).is_some();
            if !self.names.contains_key(&mailbox) && !self.series.iter().any(in_series) {
                return mailbox;
            }
        }
    }

    fn follow(&mut self, change: Move) {
        match change {
            Move::Gained(mailbox) => {
                if let Some(name) = self.names.get_mut(&mailbox) {
                    self.strange -= usize::from(name.holders == 0);
                    name.holders += 1;
                }
            }
            Move::Lost(mailbox) => {
                if let Some(name) = self.names.get_mut(&mailbox)
                    && name.holders > 0
                {
                    name.holders -= 1;
                    if name.holders == 0 {
                        self.estrange(mailbox);
                    }
                }
            }
        }
    }

    /// Nobody has a mailbox: it is the newest of the strangers, and the oldest of them make room.
    fn estrange(&mut self, mailbox: u32) {
        self.turn += 1;
        let turn = self.turn;
        if let Some(name) = self.names.get_mut(&mailbox) {
            name.turn = turn;
        }
        self.strangers.push_back((turn, mailbox));
        self.strange += 1;
        if self.strangers.len() > 2 * Directory::STRANGERS {
            let names = &self.names;
            self.strangers.retain(|entry| is_strange(names, *entry));
        }
        while self.strange > Directory::STRANGERS
            && let Some(oldest) = self.strangers.pop_front()
        {
            if is_strange(&self.names, oldest) {
                self.forget(oldest.1);
            }
        }
    }

    fn forget(&mut self, mailbox: u32) {
        if let Some(name) = self.names.remove(&mailbox) {
            self.mailboxes.remove(&name.spellings[0]);
            self.strange -= 1;
        }
    }
}

fn is_strange(names: &FxHashMap<u32, Name>, (turn, mailbox): (u64, u32)) -> bool {
    let name = names.get(&mailbox);
    name.is_some_and(|name| name.holders == 0 && name.turn == turn)
}

/// The password of a seeded person, at both providers: `password-for-` and the address in lower case.
pub fn password_of(address: &str) -> String {
    format!("password-for-{}", address.trim().to_lowercase())
}

fn domain_folded(text: &str) -> String {
    let text = text.trim();
    match text.rsplit_once('@') {
        Some((local, domain)) => format!("{local}@{}", domain.to_lowercase()),
        None => text.to_owned(),
    }
}

fn text_by_rule(email: Email) -> String {
    if email.spelling == 0 {
        let mut text = String::with_capacity(NAME.len() + DOMAIN.len() + 11);
        write!(text, "{NAME}-{}{DOMAIN}", email.mailbox).expect("a string takes all text");
        return text;
    }
    let name: String = NAME
        .chars()
        .enumerate()
        .map(|(place, letter)| {
            if email.spelling >> place & 1 == 1 {
                letter.to_ascii_uppercase()
            } else {
                letter
            }
        })
        .collect();
    format!("{name}-{}{DOMAIN}", email.mailbox)
}

fn by_rule(text: &str) -> Option<Email> {
    let (name, number) = text.strip_suffix(DOMAIN)?.split_once('-')?;
    if !name.eq_ignore_ascii_case(NAME) {
        return None;
    }
    let mailbox: u32 = number.parse().ok()?;
    // "007" and "+7" are other mailboxes than "7".
    if mailbox >= Directory::FIRST_LEARNED || mailbox.to_string() != number {
        return None;
    }
    let capitals = name
        .bytes()
        .enumerate()
        .filter(|(_, letter)| letter.is_ascii_uppercase());
    Some(Email {
        mailbox,
        spelling: capitals.fold(0, |bits, (place, _)| bits | 1 << place),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn names_by_rule_read_back(mailbox in 0..Directory::FIRST_LEARNED, spelling: u8) {
            let email = Email { mailbox, spelling };
            prop_assert_eq!(Directory::default().intern(&text_by_rule(email)), email);
        }

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
