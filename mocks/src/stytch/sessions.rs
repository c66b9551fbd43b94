//! Sessions: when they begin, are extended, end and are revoked. Dense rows; ids are never reused.

use rustc_hash::FxHashMap;

use super::call::UserId;
use super::means::MeansId;
use super::people::NONE;
use crate::time::{Span, Timestamp};

/// How someone proved to be who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u16)]
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
    /// A code sent by `WhatsApp`.
    WhatsApp = 64,
    /// A code of an authenticator app.
    Totp = 128,
    /// A recovery code.
    RecoveryCode = 256,
    /// A token of a trusted issuer.
    Trusted = 512,
    /// A login as somebody else, by the dashboard.
    Impersonated = 1024,
    /// A link that the application delivered itself.
    Embedded = 2048,
}

impl Factor {
    /// All factors, in order.
    pub const ALL: [Self; 12] = [
        Self::Imported,
        Self::Password,
        Self::MagicLink,
        Self::EmailCode,
        Self::OAuth,
        Self::Sms,
        Self::WhatsApp,
        Self::Totp,
        Self::RecoveryCode,
        Self::Trusted,
        Self::Impersonated,
        Self::Embedded,
    ];

    /// Whether it can be a second factor of a member.
    pub const fn is_second(self) -> bool {
        matches!(self, Self::Sms | Self::Totp | Self::RecoveryCode)
    }
}

/// The factors behind a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Factors(u16);

impl Factors {
    /// One factor.
    pub const fn one(factor: Factor) -> Self {
        Self(factor as u16)
    }

    /// These and one more.
    #[must_use]
    pub const fn and(self, factor: Factor) -> Self {
        Self(self.0 | factor as u16)
    }

    /// These and those.
    #[must_use]
    pub const fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether a factor is among them.
    pub const fn has(self, factor: Factor) -> bool {
        self.0 & factor as u16 != 0
    }

    /// The factors, in order.
    pub fn iter(self) -> impl Iterator<Item = Factor> {
        Factor::ALL
            .into_iter()
            .filter(move |factor| self.0 & *factor as u16 != 0)
    }
}

/// The factors of a login, and which address, number, app or tie was used where not the first address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) factors: Factors,
    pub(super) means: Option<MeansId>,
}

impl From<Factors> for Shown {
    fn from(factors: Factors) -> Self {
        Self {
            factors,
            means: None,
        }
    }
}

/// A factor of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Which.
    pub factor: Factor,
    /// The address, number, app or tie that was used; none: the first address, or no such thing.
    pub means: Option<MeansId>,
    /// When it was proved first.
    pub first: Timestamp,
    /// When it was proved last.
    pub last: Timestamp,
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
    /// Factors of sessions where more is to be told of them than their row does. Never iterated.
    details: FxHashMap<u32, Vec<Proved>>,
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

    /// Adds factors that were proved now.
    pub(super) fn add(&mut self, id: u32, shown: Shown, now: Timestamp) {
        let mut details = self.factors(id);
        for factor in shown.factors.iter() {
            let known = details
                .iter_mut()
                .find(|it| it.factor == factor && it.means == shown.means);
            match known {
                Some(known) => known.last = now,
                None => details.push(Proved {
                    factor,
                    means: shown.means,
                    first: now,
                    last: now,
                }),
            }
        }
        if let Some(row) = self.rows.get_mut(id as usize) {
            row.factors = row.factors.with(shown.factors);
        }
        self.details.insert(id, details);
    }

    /// Says which address, number, app or tie opened a session.
    pub(super) fn detail(&mut self, id: u32, shown: Shown, now: Timestamp) {
        if shown.means.is_some() {
            let proved = shown.factors.iter().map(|factor| Proved {
                factor,
                means: shown.means,
                first: now,
                last: now,
            });
            self.details.insert(id, proved.collect());
        }
    }

    /// The factors of a session.
    pub(super) fn factors(&self, id: u32) -> Vec<Proved> {
        if let Some(details) = self.details.get(&id) {
            return details.clone();
        }
        let Some(row) = self.get(id) else {
            return Vec::new();
        };
        let plain = |factor| Proved {
            factor,
            means: None,
            first: row.started,
            last: row.started,
        };
        row.factors.iter().map(plain).collect()
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

    /// Ends all sessions of a user but one; says how many had been live.
    pub(super) fn revoke_others(&mut self, newest: u32, kept: u32, now: Timestamp) -> u64 {
        let (mut next, mut ended) = (newest, 0);
        while next != NONE {
            ended += u64::from(next != kept && self.revoke(next, now));
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
