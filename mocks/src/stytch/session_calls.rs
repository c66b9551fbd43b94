//! Authenticate, revoke and exchange sessions.

use super::call::{Error, OrgId, Reply, SessionJwt, SessionToken, UserId};
use super::gate::No;
use super::project::{Now, Project, no};
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
        self.sessions
            .get(session)
            .ok_or(no(Error::SessionNotFound))?;
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
        self.log_in(now, member, duration, factors)
    }
}
