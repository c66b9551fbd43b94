//! Addresses on the wire: which text a handle has, and which handle a text has.

use std::sync::{PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::email::Email;

/// Text ↔ [`Email`], shared by all servers of one process.
///
/// Most mailboxes need no entry: mailbox `n` is `customer-n@people.example`, and bit `i` of its
/// spelling says whether letter `i` of `customer` is a capital. So a rehearsal can name millions of
/// people for nothing. Any other address is given a mailbox from [`Directory::FIRST_LEARNED`] on
/// when it is first seen, unless it was [bound](Directory::bind) to one before.
#[derive(Debug, Default)]
pub struct Directory {
    learned: RwLock<Learned>,
}

#[derive(Debug, Default)]
struct Learned {
    /// Lower-case address → mailbox.
    mailboxes: FxHashMap<String, u32>,
    /// Mailbox → its spellings; the first is all lower case.
    spellings: FxHashMap<u32, Vec<String>>,
    count: u32,
}

const NAME: &str = "customer";
const DOMAIN: &str = "@people.example";

impl Directory {
    /// Mailboxes from here on belong to addresses learned from the wire; those below have names by rule.
    pub const FIRST_LEARNED: u32 = 1 << 31;

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

    /// The text of a handle.
    pub fn text(&self, email: Email) -> String {
        let learned = self.learned.read().unwrap_or_else(PoisonError::into_inner);
        match learned.spellings.get(&email.mailbox) {
            Some(spellings) => {
                let place = usize::from(email.spelling).min(spellings.len() - 1);
                spellings[place].clone()
            }
            None => text_by_rule(email),
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
            || learned.spellings.contains_key(&mailbox);
        if !taken {
            learned.mailboxes.insert(lower.clone(), mailbox);
            learned.spellings.insert(mailbox, vec![lower]);
        }
        !taken
    }
}

impl Learned {
    fn find(&self, text: &str) -> Option<Email> {
        let mailbox = *self.mailboxes.get(&text.to_lowercase())?;
        let spelling = self
            .spellings
            .get(&mailbox)?
            .iter()
            .position(|known| known == text)?;
        Some(Email {
            mailbox,
            spelling: spelling as u8,
        })
    }

    fn learn(&mut self, text: &str) -> Email {
        let lower = text.to_lowercase();
        let mailbox = *self.mailboxes.entry(lower.clone()).or_insert_with(|| {
            self.count += 1;
            Directory::FIRST_LEARNED + (self.count - 1)
        });
        let spellings = self.spellings.entry(mailbox).or_insert_with(|| vec![lower]);
        let place = spellings
            .iter()
            .position(|known| known == text)
            .unwrap_or_else(|| {
                // A mailbox with more spellings than a handle can tell apart keeps the last one.
                if u8::try_from(spellings.len()).is_ok() {
                    spellings.push(text.to_owned());
                }
                spellings.len() - 1
            });
        Email {
            mailbox,
            spelling: place as u8,
        }
    }
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
