//! The tenant's log: what became of logins, exchanges, logouts and changes, the newest events only.
//!
//! `UserInfo` and keys write none. An event takes at most about [`Log::MOST`] times a few texts of
//! [`LONGEST_TEXT`]; what makes room is counted.

use std::collections::VecDeque;
use std::sync::Arc;

use super::behind::Behind;
use super::face::Face;
use crate::auth0::registry::GrantType;
use crate::auth0::{Address, Connection, Error, Stamp, UserId};
use crate::time::Timestamp;

/// Texts of events are cut after so many bytes: clients can make them as long as a body.
const LONGEST_TEXT: usize = 256;

/// One event.
#[derive(Clone, Debug)]
pub(super) struct Event {
    /// Its place in order, from 1.
    pub(super) number: u64,
    /// When, by the tenant's clock.
    pub(super) at: Timestamp,
    /// Auth0's code of what happened, e.g. `s` (Auth0 docs, log event type codes).
    pub(super) kind: &'static str,
    /// What went wrong, or which operation it was.
    pub(super) description: Box<str>,
    /// The application that asked.
    pub(super) client: Box<str>,
    /// What it was called then.
    pub(super) client_name: Box<str>,
    /// Whom it was about, by their own id.
    pub(super) user_id: Box<str>,
    /// By which name they are known, or tried to come in.
    pub(super) user_name: Box<str>,
    /// The connection that was used.
    pub(super) connection: Option<Connection>,
    /// Where it was asked from.
    pub(super) address: Address,
    /// The API that tokens were asked for.
    pub(super) audience: Box<str>,
    /// The scopes that were granted.
    pub(super) scope: Box<str>,
}

/// Whom an event is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum About<'a> {
    /// No person.
    Nobody,
    /// Somebody who is there.
    User(UserId),
    /// Whoever typed this name.
    Typed(&'a str, Option<UserId>),
}

/// An event that is to be logged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Happening<'a> {
    pub(super) kind: &'static str,
    pub(super) client: &'a str,
    pub(super) about: About<'a>,
    pub(super) connection: Option<Connection>,
    pub(super) description: &'a str,
    pub(super) audience: &'a str,
    pub(super) scope: &'a str,
}

impl<'a> Happening<'a> {
    pub(super) const fn new(kind: &'static str, client: &'a str, about: About<'a>) -> Self {
        Self {
            kind,
            client,
            about,
            connection: None,
            description: "",
            audience: "",
            scope: "",
        }
    }

    pub(super) const fn saying(self, description: &'a str) -> Self {
        Self {
            description,
            ..self
        }
    }

    pub(super) const fn by(self, connection: Connection) -> Self {
        Self {
            connection: Some(connection),
            ..self
        }
    }
}

/// The newest events.
#[derive(Clone, Debug, Default)]
pub(super) struct Log {
    /// Shared with those who look through them, for whom nobody waits.
    events: VecDeque<Arc<Event>>,
    /// The number of the newest one.
    newest: u64,
    dropped: u64,
}

impl Log {
    /// So many events are kept at most, where Auth0 keeps those of some days.
    pub(super) const MOST: usize = 10_000;

    fn write(&mut self, event: Event) {
        if self.events.len() == Self::MOST {
            self.events.pop_front();
            self.dropped += 1;
        }
        self.newest += 1;
        self.events.push_back(Arc::new(Event {
            number: self.newest,
            ..event
        }));
    }

    /// An empty one whose numbers go on, so that whoever reads on from an event of this one misses none
    /// there; a few are left for what is still written here meanwhile.
    pub(super) fn renewed(&self) -> Self {
        Self {
            newest: self.newest + Self::MOST as u64,
            ..Self::default()
        }
    }

    /// All that are kept, oldest first.
    pub(super) fn events(&self) -> impl DoubleEndedIterator<Item = &Arc<Event>> + Clone {
        self.events.iter()
    }

    /// How many were made room of.
    pub(super) const fn dropped(&self) -> u64 {
        self.dropped
    }
}

fn cut(text: &str) -> Box<str> {
    text[..text.floor_char_boundary(LONGEST_TEXT)].into()
}

impl Face {
    /// How many events of the tenant's log are kept, and how many are not any more.
    pub(in crate::http) fn log_size(&self) -> (usize, u64) {
        let behind = self.behind();
        (behind.log.events.len(), behind.log.dropped())
    }

    /// Writes an event into the tenant's log.
    pub(super) fn log(&self, behind: &mut Behind, stamp: Stamp, entry: Happening<'_>) {
        let (user, typed) = match entry.about {
            About::Nobody => (None, None),
            About::User(user) => (Some(user), None),
            About::Typed(name, user) => (user, Some(name)),
        };
        let row = user.and_then(|user| behind.tenant.user(user).copied());
        let user_name = match (typed, row) {
            (Some(name), _) => cut(name),
            (None, Some(row)) => cut(&self.directory().text(row.email)),
            (None, None) => Box::default(),
        };
        let client = behind.tenant.registry().client(entry.client);
        let client_name = client.map(|client| cut(&client.name));
        let user_id = user.map(|user| cut(&behind.user_text(user)));
        let event = Event {
            number: 0,
            at: behind.tenant.now(stamp.at),
            kind: entry.kind,
            description: cut(entry.description),
            client: cut(entry.client),
            client_name: client_name.unwrap_or_default(),
            user_id: user_id.unwrap_or_default(),
            user_name,
            connection: entry.connection.or(row.map(|row| row.connection)),
            address: stamp.address,
            audience: cut(entry.audience),
            scope: cut(entry.scope),
        };
        behind.log.write(event);
    }

    /// The same of somebody whom no proof let in.
    pub(super) fn log_failure(
        &self,
        behind: &mut Behind,
        stamp: Stamp,
        (client, connection): (&str, Connection),
        typed: &str,
        error: Error,
    ) {
        let user = behind.known_by(self.directory(), typed, connection);
        let protected = of_protection(error).unwrap_or_default();
        let (kind, description) = match (error, user) {
            (Error::TooManyAttempts, _) => (protected, super::TOO_MANY_ATTEMPTS),
            (Error::SuspiciousAddress, _) => (protected, super::SUSPICIOUS_ADDRESS),
            (Error::WrongPassword, Some(_)) => ("fp", super::WRONG_PASSWORD),
            (Error::WrongPassword, None) => ("fu", super::WRONG_PASSWORD),
            (Error::WrongCode, _) => ("f", super::WRONG_CODE),
            (Error::Blocked, _) => ("f", super::BLOCKED),
            _ => return,
        };
        let entry = Happening::new(kind, client, About::Typed(typed, user));
        self.log(behind, stamp, entry.saying(description).by(connection));
    }
}

/// The event of what protection refused.
pub(super) const fn of_protection(error: Error) -> Option<&'static str> {
    match error {
        Error::TooManyAttempts => Some("limit_wc"),
        Error::SuspiciousAddress => Some("limit_mu"),
        _ => None,
    }
}

/// The events of an exchange that came to something, and of one that did not.
pub(super) fn of_exchange(grant: GrantType, name: &str) -> (&'static str, &'static str) {
    match grant {
        GrantType::Code | GrantType::Implicit => ("seacft", "feacft"),
        GrantType::Refresh => ("sertft", "fertft"),
        GrantType::ClientCredentials => ("seccft", "feccft"),
        GrantType::Password => ("sepft", "fepft"),
        GrantType::Device => ("sede", "fede"),
        // There is no code of its own for a success.
        GrantType::Passwordless => ("s", "fepotpft"),
        GrantType::Mfa if name.ends_with("recovery-code") => ("sercft", "fercft"),
        GrantType::Mfa if name.ends_with("oob") => ("seoobft", "feoobft"),
        GrantType::Mfa => ("seotpft", "feotpft"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event {
            number: 0,
            at: Timestamp::from_secs(0),
            kind: "s",
            description: Box::default(),
            client: Box::default(),
            client_name: Box::default(),
            user_id: Box::default(),
            user_name: Box::default(),
            connection: None,
            address: Address(0),
            audience: Box::default(),
            scope: Box::default(),
        }
    }

    #[test]
    fn the_oldest_make_room_and_are_counted() {
        let mut log = Log::default();
        for _ in 0..Log::MOST + 3 {
            log.write(event());
        }
        assert_eq!((log.events().count(), log.dropped()), (Log::MOST, 3));
        assert_eq!(log.events().next().map(|event| event.number), Some(4));
    }

    #[test]
    fn numbers_go_on_in_the_log_of_another_tenant() {
        let mut log = Log::default();
        log.write(event());
        let mut next = log.renewed();
        assert_eq!((next.events().count(), next.dropped()), (0, 0));
        log.write(event());
        next.write(event());
        let newest = |log: &Log| log.events().last().map(|event| event.number);
        assert!(newest(&log) < newest(&next));
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        let text = format!("{}é", "x".repeat(LONGEST_TEXT - 1));
        assert_eq!(cut(&text).len(), LONGEST_TEXT - 1);
        assert_eq!(&*cut("short"), "short");
    }
}
