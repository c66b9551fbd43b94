//! Sessions: when they begin, are extended, end and are revoked. Dense rows; ids are never reused.

use super::call::UserId;
use super::people::NONE;
use crate::time::{Span, Timestamp};

/// How someone proved to be who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Factor {
    /// A migrated legacy session.
    Imported = 1,
    /// A password.
    Password = 2,
    /// A mailed link.
    MagicLink = 4,
    /// A mailed code.
    EmailCode = 8,
    /// A social login.
    OAuth = 16,
    /// A code sent by SMS.
    Sms = 32,
}

impl Factor {
    /// All factors, in order.
    pub const ALL: [Self; 6] = [
        Self::Imported,
        Self::Password,
        Self::MagicLink,
        Self::EmailCode,
        Self::OAuth,
        Self::Sms,
    ];
}

/// The factors behind a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Factors(u8);

impl Factors {
    /// One factor.
    pub const fn one(factor: Factor) -> Self {
        Self(factor as u8)
    }

    /// These and one more.
    #[must_use]
    pub const fn and(self, factor: Factor) -> Self {
        Self(self.0 | factor as u8)
    }

    /// The factors, in order.
    pub fn iter(self) -> impl Iterator<Item = Factor> {
        Factor::ALL
            .into_iter()
            .filter(move |factor| self.0 & *factor as u8 != 0)
    }
}

/// A session as its project keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) user: UserId,
    /// The user's session before this one.
    older: u32,
    pub(super) started: Timestamp,
    pub(super) last_accessed: Timestamp,
    pub(super) expires: Timestamp,
    /// When the newest of its JWTs expires.
    pub(super) jwt_expires: Timestamp,
    pub(super) factors: Factors,
    revoked: bool,
}

const _: () = assert!(size_of::<Session>() <= 48, "millions of sessions must fit");

impl Session {
    pub(super) fn is_live(&self, now: Timestamp) -> bool {
        !self.revoked && now < self.expires
    }
}

/// All sessions that ever were.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    rows: Vec<Session>,
}

impl Sessions {
    /// Begins a session; `newest` is the head of its user's list.
    pub(super) fn open(
        &mut self,
        user: UserId,
        newest: &mut u32,
        now: Timestamp,
        length: Span,
        factors: Factors,
    ) -> u32 {
        let id = self.rows.len() as u32;
        self.rows.push(Session {
            user,
            older: *newest,
            started: now,
            last_accessed: now,
            expires: now + length,
            jwt_expires: now,
            factors,
            revoked: false,
        });
        *newest = id;
        id
    }

    pub(super) fn get(&self, id: u32) -> Option<&Session> {
        self.rows.get(id as usize)
    }

    /// The session, if it lives.
    pub(super) fn live_mut(&mut self, id: u32, now: Timestamp) -> Option<&mut Session> {
        self.rows
            .get_mut(id as usize)
            .filter(|session| session.is_live(now))
    }

    /// Ends a session; says whether it had been live.
    pub(super) fn revoke(&mut self, id: u32, now: Timestamp) -> bool {
        let Some(session) = self.live_mut(id, now) else {
            return false;
        };
        session.revoked = true;
        true
    }

    /// A user's sessions, newest first, dead ones included.
    pub(super) fn of(&self, newest: u32) -> impl Iterator<Item = (u32, &Session)> {
        let mut next = newest;
        std::iter::from_fn(move || {
            let id = next;
            let session = self.rows.get(id as usize)?;
            next = session.older;
            Some((id, session))
        })
    }

    /// Ends all sessions of a user; says how many had been live.
    pub(super) fn revoke_all(&mut self, newest: u32, now: Timestamp) -> u64 {
        let (mut next, mut ended) = (newest, 0);
        while next != NONE {
            ended += u64::from(self.revoke(next, now));
            next = self.rows[next as usize].older;
        }
        ended
    }

    pub(super) fn reserve(&mut self, more: usize) {
        self.rows.reserve(more);
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn count_live(&self, now: Timestamp) -> usize {
        self.rows
            .iter()
            .filter(|session| session.is_live(now))
            .count()
    }
}
