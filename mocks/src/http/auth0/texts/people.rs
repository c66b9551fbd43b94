//! User ids: the provider of an identity, and digits that look drawn by lot.

use std::fmt::Write as _;

use crate::auth0::{Connection, UserId};
use crate::http::hexadecimal;
use crate::luck::mix;

/// The provider of an identity: the part of a user id before the bar.
pub const fn provider(connection: Connection) -> &'static str {
    match connection {
        Connection::Database => "auth0",
        Connection::Email => "email",
        Connection::Google => "google-oauth2",
        Connection::Sms => "sms",
    }
}

/// The part of a user id after the bar: 24 hexadecimal digits, or Google's 21 decimal ones.
pub fn identity(id: UserId, from: Connection) -> String {
    let mut text = String::with_capacity(LONGEST_USER_ID);
    push_identity(&mut text, id, from);
    text
}

/// `google-oauth2|` and 21 digits.
const LONGEST_USER_ID: usize = 35;

fn push_identity(text: &mut String, id: UserId, from: Connection) {
    let tag = mix(0x00a7_0001 ^ u64::from(id.0));
    let written = match from {
        Connection::Google => {
            write!(
                text,
                "1{:010}{:010}",
                id.0 ^ GOOGLE_MASK,
                tag % 10_000_000_000
            )
        }
        Connection::Database | Connection::Email | Connection::Sms => {
            hexadecimal::push::<16>(text, tag.into());
            hexadecimal::push::<8>(text, (id.0 ^ tag as u32).into());
            Ok(())
        }
    };
    written.expect("a string takes all text");
}

/// So that Google's ids do not look counted.
const GOOGLE_MASK: u32 = 0x5bd1_e995;

/// A user id, as in `sub`: `auth0|…`, `email|…` or `google-oauth2|…`.
pub fn user_id(id: UserId, from: Connection) -> String {
    let mut text = String::with_capacity(LONGEST_USER_ID);
    text.push_str(provider(from));
    text.push('|');
    push_identity(&mut text, id, from);
    text
}

/// The user behind a user id.
pub fn read_user_id(text: &str) -> Option<UserId> {
    let (named, digits) = text.split_once('|')?;
    let from = match named {
        "auth0" => Connection::Database,
        "email" => Connection::Email,
        "google-oauth2" => Connection::Google,
        "sms" => Connection::Sms,
        _ => return None,
    };
    let id = match from {
        Connection::Google => digits.get(1..11)?.parse::<u32>().ok()? ^ GOOGLE_MASK,
        Connection::Database | Connection::Email | Connection::Sms => {
            let tag = u64::from_str_radix(digits.get(..16)?, 16).ok()?;
            u32::from_str_radix(digits.get(16..24)?, 16).ok()? ^ tag as u32
        }
    };
    (identity(UserId(id), from) == digits).then_some(UserId(id))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn ids_read_back(id: u32) {
            for from in Connection::ALL {
                let text = user_id(UserId(id), from);
                prop_assert_eq!(read_user_id(&text), Some(UserId(id)), "{}", text);
            }
            prop_assert_eq!(identity(UserId(id), Connection::Google).len(), 21);
        }
    }

    #[test]
    fn made_up_ids_are_nobodys() {
        for text in [
            "auth0|1",
            "auth0|000000000000000000000000",
            "google-oauth2|103547991597142817347",
            "x",
            "sms|1",
            "github|1",
        ] {
            assert_eq!(read_user_id(text), None, "{text}");
        }
    }
}
