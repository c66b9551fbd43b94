//! Addresses by rule: mailbox `n` is `customer-n@people.example`, and needs no entry.

use std::fmt::Write as _;

use super::Directory;
use crate::email::Email;

const NAME: &str = "customer";
const DOMAIN: &str = "@people.example";

pub(super) fn text_by_rule(email: Email) -> String {
    if email.spelling == 0 {
        let mut text = String::with_capacity(NAME.len() + DOMAIN.len() + 11);
        text.push_str(NAME);
        text.push('-');
        write!(text, "{}", email.mailbox).expect("a string takes all text");
        text.push_str(DOMAIN);
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

pub(super) fn by_rule(text: &str) -> Option<Email> {
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
            prop_assert_eq!(by_rule(&text_by_rule(email)), Some(email));
        }
    }
}
