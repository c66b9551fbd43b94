//! Authenticate, revoke and exchange sessions.

use super::call::{Error, OrgId, Reply, SessionJwt, SessionToken, UserId, Vertical};
use super::gate::No;
use super::project::{Now, Project, no};
use super::rule::Rule;
use super::sessions::{Factor, Factors, Shown};
use super::tokens::Intermediate;
use crate::email::Email;
use crate::time::Span;

impl Project {
    /// Authenticate by token: the session's end moves only when a duration is sent.
    pub(super) fn authenticate(
        &mut self,
        now: Now,
        session: u32,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let live = self.sessions.live_mut(session, now.clock);
        let row = live.ok_or(no(Error::SessionNotFound))?;
        if duration.is_some() && row.factors.has(Factor::Impersonated) {
            return Err(no(Error::Rule(Rule::Impersonated)));
        }
        row.last_accessed = now.clock;
        if let Some(duration) = duration {
            row.expires = now.clock + duration;
        }
        let renews = duration.is_some() || row.jwt_expires <= now.clock;
        let opened = self
            .tokens_of(now, session)
            .ok_or(no(Error::SessionNotFound))?;
        self.ledger.refreshed += u64::from(renews);
        Ok(Reply::Session(opened))
    }

    /// Authenticate by JWT: its own expiry does not matter while the session lives.
    pub(super) fn authenticate_jwt(
        &mut self,
        now: Now,
        jwt: SessionJwt,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let owner = self.sessions.get(jwt.session).map(|session| session.user);
        if owner != Some(jwt.subject) {
            return Err(no(Error::SessionNotFound));
        }
        self.authenticate(now, jwt.session, duration)
    }

    /// Revoking a session that is known but dead succeeds.
    pub(super) fn revoke(&mut self, now: Now, session: u32) -> Result<Reply, No> {
        if !self.sessions.was(session) {
            return Err(no(Error::SessionNotFound));
        }
        self.ledger.revoked += u64::from(self.sessions.revoke(session, now.clock));
        Ok(Reply::Done)
    }

    pub(super) fn revoke_all(&mut self, now: Now, user: UserId) -> Result<Reply, No> {
        let newest = self.known(user)?.newest_session;
        self.ledger.revoked += self.sessions.revoke_all(newest, now.clock);
        Ok(Reply::Done)
    }

    /// A session in another organization of the same address; the old one lives on.
    pub(super) fn exchange(
        &mut self,
        now: Now,
        token: SessionToken,
        org: OrgId,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let live = self.sessions.live_mut(token.session, now.clock);
        let (user, factors) = live
            .map(|row| (row.user, row.factors))
            .ok_or(no(Error::SessionNotFound))?;
        let email = self.known(user)?.email;
        let member = self.person(email, Some(org))?;
        if member == user {
            let connection = self.sessions.connection(token.session);
            let shown = Shown {
                connection,
                ..factors.into()
            };
            return self.log_in_or_ask(now, member, duration, shown);
        }
        let factors = self.elsewhere(user, email, factors);
        self.log_in_or_ask(now, member, duration, factors)
    }

    /// What somebody's factors are worth to another organization where a member has this address. What
    /// their own organization's provider vouches for is nothing to it, and so is all that rests on that.
    pub(super) fn elsewhere(&self, user: UserId, email: Email, factors: Factors) -> Factors {
        let row = self.people.user(user);
        match row.filter(|row| row.email.mailbox == email.mailbox) {
            Some(row) if !row.by_sso_only => factors.without(Factor::Sso),
            _ => Factors::NONE,
        }
    }

    /// As a login, but a first factor that the organization does not allow is asked for again
    /// instead of refused.
    pub(super) fn log_in_or_ask(
        &mut self,
        now: Now,
        member: UserId,
        duration: Option<Span>,
        shown: impl Into<Shown>,
    ) -> Result<Reply, No> {
        let shown: Shown = shown.into();
        if !shown.factors.is_empty() && self.allows(member, shown)? {
            return self.log_in(now, member, duration, shown);
        }
        let asked = self.ask_second_factor(now, member, shown)?;
        if let Reply::SecondFactorNeeded(token) = asked {
            self.intermediates.ask_primary(token);
        }
        Ok(asked)
    }

    /// The session that a login joins, which must live and be the same person's.
    pub(super) fn session_to_join(&mut self, now: Now, user: UserId) -> Result<Option<u32>, No> {
        let Some(token) = now.with.session else {
            return Ok(None);
        };
        let live = self.sessions.live_mut(token.session, now.clock);
        let row = live.ok_or(no(Error::SessionNotFound))?;
        if row.user == user {
            return Ok(Some(token.session));
        }
        Err(no(Error::Rule(match self.settings.vertical {
            Vertical::Consumer => Rule::UserIdMismatch,
            Vertical::B2b => Rule::SessionElsewhere,
        })))
    }

    /// Adds a factor to a live session; its end moves only when a duration is sent.
    pub(super) fn join(
        &mut self,
        now: Now,
        session: u32,
        duration: Option<Span>,
        shown: Shown,
    ) -> Result<Reply, No> {
        let reply = self.authenticate(now, session, duration)?;
        self.sessions.add(session, shown, now.clock);
        Ok(reply)
    }

    /// The intermediate session that a login brings along: the same member's, or one that has no
    /// organization yet and the same address.
    pub(super) fn carried(&self, now: Now, user: UserId) -> Result<Option<Intermediate>, No> {
        let Some(token) = now.with.intermediate else {
            return Ok(None);
        };
        let live = self.intermediates.live(token, now.clock).copied();
        let row = live.ok_or(no(Error::SessionNotFound))?;
        let same = match row.member() {
            Some(member) => member == user,
            None => self.people.email_id(user, row.email).is_some(),
        };
        same.then_some(Some(row))
            .ok_or(no(Error::Rule(Rule::IntermediateElsewhere)))
    }
}
