//! Sessions: when they begin, are extended, end and are revoked. Ids are never reused.

use rustc_hash::FxHashMap;

use super::call::UserId;
use super::means::MeansId;
use super::people::{NONE, People};
use super::with::Connection;
use crate::email::Email;
use crate::lasting::{Lasting, SLACK};
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
    /// A passkey.
    Passkey = 4096,
    /// An SSO connection.
    Sso = 8192,
}

impl Factor {
    /// All factors, in order.
    pub const ALL: [Self; 14] = [
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
        Self::Passkey,
        Self::Sso,
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
    /// No factor.
    pub const NONE: Self = Self(0);

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

    /// These without one.
    #[must_use]
    pub const fn without(self, factor: Factor) -> Self {
        Self(self.0 & !(factor as u16))
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
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
    /// The connection behind a factor of SSO.
    pub(super) connection: Option<Connection>,
    /// The address that the connection's provider says; it counts once the login is whole.
    pub(super) asserted: Option<Email>,
}

impl Shown {
    /// One factor, and what was used.
    pub(super) const fn by(factor: Factor, means: Option<MeansId>) -> Self {
        Self {
            factors: Factors::one(factor),
            means,
            connection: None,
            asserted: None,
        }
    }

    /// What was used for one of the factors.
    fn used(self, factor: Factor) -> Option<MeansId> {
        match factor {
            Factor::Sso => self.connection.map(|connection| MeansId(connection.0)),
            _ => self.means,
        }
    }
}

impl From<Factors> for Shown {
    fn from(factors: Factors) -> Self {
        Self {
            factors,
            means: None,
            connection: None,
            asserted: None,
        }
    }
}

/// A factor of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proved {
    /// Which.
    pub factor: Factor,
    /// The address, number, app or tie that was used, or the number of the SSO connection; none: the
    /// first address, or no such thing.
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

/// Sessions. Those that are over are forgotten now and then: what is left of them is that they were.
#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    rows: Lasting<Session>,
    /// Factors of sessions where more is to be told of them than their row does. Never iterated.
    details: FxHashMap<u32, Vec<Proved>>,
    most_of_one: Option<u32>,
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
        let id = self.rows.put(Session {
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
            let means = shown.used(factor);
            let known = details
                .iter_mut()
                .find(|it| it.factor == factor && it.means == means);
            match known {
                Some(known) => known.last = now,
                None => details.push(Proved {
                    factor,
                    means,
                    first: now,
                    last: now,
                }),
            }
        }
        if let Some(row) = self.rows.get_mut(id) {
            row.factors = row.factors.with(shown.factors);
        }
        self.details.insert(id, details);
    }

    /// Says which address, number, app, tie or connection opened a session.
    pub(super) fn detail(&mut self, id: u32, shown: Shown, now: Timestamp) {
        if shown.means.is_some() || shown.connection.is_some() {
            let proved = shown.factors.iter().map(|factor| Proved {
                factor,
                means: shown.used(factor),
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

    /// The SSO connection by which somebody came into a session, or joined it last.
    pub(super) fn connection(&self, id: u32) -> Option<Connection> {
        let details = self.details.get(&id)?.iter();
        let mut by_sso = details.filter(|it| it.factor == Factor::Sso);
        Some(Connection(by_sso.next_back()?.means?.0))
    }

    pub(super) fn get(&self, id: u32) -> Option<&Session> {
        self.rows.get(id)
    }

    /// Whether there ever was such a session.
    pub(super) fn was(&self, id: u32) -> bool {
        self.rows.get(id).is_some() || self.rows.is_forgotten(id)
    }

    /// The session, if it lives.
    pub(super) fn live_mut(&mut self, id: u32, now: Timestamp) -> Option<&mut Session> {
        self.rows.get_mut(id).filter(|session| session.is_live(now))
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
            let session = self.rows.get(id)?;
            next = session.older;
            Some((id, session))
        })
    }

    /// Ends all sessions of a user; says how many had been live.
    pub(super) fn revoke_all(&mut self, newest: u32, now: Timestamp) -> u64 {
        self.revoke_those(newest, now, |_, _| true)
    }

    /// Ends all sessions of a user but one; says how many had been live.
    pub(super) fn revoke_others(&mut self, newest: u32, kept: u32, now: Timestamp) -> u64 {
        self.revoke_those(newest, now, |id, _| id != kept)
    }

    /// Ends those sessions of a user; says how many had been live.
    pub(super) fn revoke_those(
        &mut self,
        newest: u32,
        now: Timestamp,
        those: impl Fn(u32, &Session) -> bool,
    ) -> u64 {
        let (mut next, mut ended) = (newest, 0);
        while let Some(session) = self.get(next) {
            let (older, ends) = (session.older, those(next, session));
            ended += u64::from(ends && self.revoke(next, now));
            next = older;
        }
        ended
    }

    pub(super) fn reserve(&mut self, more: usize) {
        self.rows.reserve(more);
    }

    /// How many there ever were.
    pub(super) fn count(&self) -> usize {
        self.rows.issued() as usize
    }

    pub(super) fn count_live(&self, now: Timestamp) -> usize {
        self.rows
            .iter()
            .filter(|(_, session)| session.is_live(now))
            .count()
    }

    /// Sets how many of one person live at least before the oldest end; any number if nobody does.
    pub(super) fn keep_at_most(&mut self, most_of_one: u32) {
        self.most_of_one = Some(most_of_one);
    }

    /// Before another session begins: forgets those that are over, if it is time to.
    pub(super) fn make_room(&mut self, people: &mut People, now: Timestamp) {
        if !self.rows.is_due() {
            return;
        }
        if let Some(most) = self.most_of_one {
            self.end_oldest(most, now);
        }
        for (_, session) in self.rows.iter() {
            people.set_newest_session(session.user, NONE);
        }
        let past = now - SLACK;
        self.rows.sweep(|session| !session.is_live(past));
        // Oldest first, each behind the one before it.
        for (id, session) in self.rows.iter_mut() {
            session.older = people.set_newest_session(session.user, id);
        }
        let rows = &self.rows;
        self.details.retain(|id, _| rows.get(*id).is_some());
    }

    /// Ends the oldest sessions of everybody who has more than this many.
    fn end_oldest(&mut self, most: u32, now: Timestamp) {
        let mut of_each: FxHashMap<UserId, u32> = FxHashMap::default();
        let mut over = Vec::new();
        for (id, session) in self.rows.iter().rev() {
            if session.is_live(now) {
                let count = of_each.entry(session.user).or_default();
                *count += 1;
                if *count > most {
                    over.push(id);
                }
            }
        }
        for id in over {
            self.revoke(id, now);
        }
    }
}
