//! Codes that were mailed or texted for a login without a page (`/passwordless/start`).

use std::collections::BTreeMap;

use super::call::Connection;
use crate::email::Email;
use crate::luck::Luck;
use crate::time::{Span, Timestamp};

/// Life of a code: 180 s, the default of passwordless connections (Auth0 docs, passwordless).
pub const CODE_LIFE: Span = Span::from_secs(180);
/// Wrong guesses until a code is worth nothing: 3 (Auth0 docs, passwordless).
pub const GUESSES: u8 = 3;

/// A code that is on its way.
#[derive(Clone, Copy, Debug)]
struct Mailed {
    code: u32,
    until: Timestamp,
    guesses: u8,
}

/// The last code of each address.
#[derive(Clone, Debug, Default)]
pub struct MailedCodes(BTreeMap<(Connection, u32), Mailed>);

/// Codes kept at most: beyond that the dead ones are swept out, and then the first.
const KEPT: usize = 100_000;

impl MailedCodes {
    /// A new code for an address; an earlier one is worth nothing from now on.
    pub fn mail(
        &mut self,
        connection: Connection,
        email: Email,
        now: Timestamp,
        luck: Luck,
    ) -> String {
        if self.0.len() >= KEPT {
            self.0.retain(|_, mailed| now < mailed.until);
        }
        if self.0.len() >= KEPT {
            self.0.pop_first();
        }
        let code = luck.below(1_000_000) as u32;
        let mailed = Mailed {
            code,
            until: now + CODE_LIFE,
            guesses: 0,
        };
        self.0.insert((connection, email.mailbox), mailed);
        format!("{code:06}")
    }

    /// Whether this is the code of an address; it is good once, and so are a few guesses.
    pub fn take(
        &mut self,
        connection: Connection,
        email: Email,
        code: &str,
        now: Timestamp,
    ) -> bool {
        let right = self.check(connection, email, code, now);
        if right {
            self.0.remove(&(connection, email.mailbox));
        }
        right
    }

    /// Whether this is the code of an address, which stays good; a wrong one is a guess.
    pub fn check(
        &mut self,
        connection: Connection,
        email: Email,
        code: &str,
        now: Timestamp,
    ) -> bool {
        let key = (connection, email.mailbox);
        let Some(mailed) = self.0.get_mut(&key) else {
            return false;
        };
        let right = now < mailed.until && format!("{:06}", mailed.code) == code;
        if !right {
            mailed.guesses += 1;
            if mailed.guesses >= GUESSES {
                self.0.remove(&key);
            }
        }
        right
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Email = Email::lower(1);

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn a_code_is_good_once_for_a_while_and_for_few_guesses() {
        let mut codes = MailedCodes::default();
        let mut mail = |luck| {
            let code = codes.mail(Connection::Email, ADA, at(0), Luck(luck).split(0));
            (codes.clone(), code)
        };
        let (mut codes, code) = mail(1);
        assert!(!codes.take(Connection::Sms, ADA, &code, at(1)));
        assert!(codes.check(Connection::Email, ADA, &code, at(1)));
        assert!(codes.take(Connection::Email, ADA, &code, at(179)));
        assert!(!codes.take(Connection::Email, ADA, &code, at(179)), "used");
        let (mut codes, code) = mail(2);
        assert!(!codes.take(Connection::Email, ADA, &code, at(180)), "late");
        let (mut codes, code) = mail(3);
        for _ in 0..GUESSES {
            assert!(!codes.take(Connection::Email, ADA, "guess", at(1)));
        }
        assert!(
            !codes.take(Connection::Email, ADA, &code, at(1)),
            "guessed at too often"
        );
    }
}
