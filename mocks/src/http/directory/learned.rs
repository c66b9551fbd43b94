//! Addresses that were learned: their mailboxes and spellings, and which of them nobody has.

use std::collections::VecDeque;
use std::ops::Range;

use rustc_hash::FxHashMap;

use super::Directory;
use crate::email::{Email, Move};

#[derive(Debug, Default)]
pub(super) struct Learned {
    /// Lower-case address → mailbox.
    pub(super) mailboxes: FxHashMap<String, u32>,
    pub(super) names: FxHashMap<u32, Name>,
    pub(super) series: Vec<Series>,
    /// Mailboxes that were given to addresses, ever.
    pub(super) count: u32,
    /// Mailboxes that nobody has, in the order in which that began, each with its turn: whoever is
    /// held meanwhile has that turn no more.
    pub(super) strangers: VecDeque<(u64, u32)>,
    /// How many of those there are.
    pub(super) strange: usize,
    pub(super) turn: u64,
}

/// The text of a mailbox.
#[derive(Debug)]
pub(super) struct Name {
    /// Its spellings; the first is all lower case.
    pub(super) spellings: Vec<String>,
    /// How many people, at both providers, have it.
    pub(super) holders: u32,
    /// Since when nobody has.
    pub(super) turn: u64,
}

/// Addresses that differ in a number alone: they need no entry each.
#[derive(Debug)]
pub(super) struct Series {
    pub(super) before: String,
    pub(super) after: String,
    pub(super) numbers: Range<u64>,
    pub(super) first_mailbox: u32,
}

impl Series {
    pub(super) fn find(&self, lower: &str) -> Option<u32> {
        let number = lower
            .strip_prefix(self.before.as_str())?
            .strip_suffix(self.after.as_str())?;
        let read: u64 = number.parse().ok()?;
        let here = self.numbers.contains(&read) && read.to_string() == number;
        here.then(|| self.first_mailbox + (read - self.numbers.start) as u32)
    }

    pub(super) fn text(&self, mailbox: u32) -> Option<String> {
        let place = u64::from(mailbox.checked_sub(self.first_mailbox)?);
        let number = self.numbers.start + place;
        let here = self.numbers.contains(&number);
        here.then(|| format!("{}{number}{}", self.before, self.after))
    }
}

/// Spellings of an address that nobody has, at most.
pub(super) const STRANGE_SPELLINGS: usize = 4;

impl Learned {
    /// The first series that an address belongs to is its own.
    fn in_series(&self, lower: &str) -> Option<u32> {
        self.series.iter().find_map(|series| series.find(lower))
    }

    pub(super) fn find(&self, text: &str) -> Option<Email> {
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

    pub(super) fn learn(&mut self, text: &str) -> Email {
        let lower = text.to_lowercase();
        let mailbox = match self.mailboxes.get(&lower) {
            Some(mailbox) => *mailbox,
            None => self.name(lower),
        };
        let spelling = self.names.get_mut(&mailbox).map_or(0, |name| {
            let known = name.spellings.iter().position(|known| known == text);
            known.unwrap_or_else(|| {
                // A mailbox with more spellings than a handle can tell apart keeps the last one.
                let most = if name.holders == 0 {
                    STRANGE_SPELLINGS
                } else {
                    1 << u8::BITS
                };
                if name.spellings.len() < most {
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

    pub(super) fn follow(&mut self, change: Move) {
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
