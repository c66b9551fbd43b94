//! Logins by SSO connections (B2B): a person comes back from their organization's identity provider,
//! and the application makes a session of that.

use super::call::{Endpoint, Error, LoginToken, OrgId, Reply, UserId};
use super::gate::No;
use super::logins::is_nobody;
use super::org_rules::{Joining, Method};
use super::people::{NONE, NewUser, Status};
use super::project::{Now, Project, no};
use super::rule::Rule;
use super::sessions::{Factor, Factors, Shown};
use super::tokens::{Bearer, Purpose};
use super::with::Connection;
use crate::email::Email;
use crate::time::Span;

/// One half of a login by an SSO connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sso {
    /// The identity provider vouches for somebody, whose browser goes back to the application.
    Arrive {
        /// The address that the provider says.
        email: Email,
        /// The connection's organization.
        org: OrgId,
        /// The connection.
        connection: Connection,
        /// The member whom the provider's own id belongs to, where it was seen before.
        known_as: Option<UserId>,
        /// Whether the connection is among `sso_jit_provisioning_allowed_connections`.
        listed: bool,
    },
    /// `POST /v1/b2b/sso/authenticate`.
    Finish {
        /// The token that the browser came back with.
        token: LoginToken,
        /// How long the session shall last.
        duration: Option<Span>,
    },
}

impl Sso {
    /// The endpoint that takes it.
    pub const fn endpoint(&self) -> Endpoint {
        match self {
            Self::Arrive { .. } => Endpoint::StartOAuth,
            Self::Finish { .. } => Endpoint::OAuth,
        }
    }
}

impl Project {
    pub(super) fn sso(&mut self, now: Now, sso: Sso) -> Result<Reply, No> {
        match sso {
            Sso::Arrive {
                email,
                org,
                connection,
                known_as,
                listed,
            } => {
                let (user, created) = self.vouched_for(now, email, org, known_as, listed)?;
                let expires = now.clock + self.settings.oauth_token_life;
                let bearer = Bearer::new(email, Some(org)).of(user).under(now.with);
                let bearer = bearer.by(connection, listed);
                let token = self
                    .login_tokens
                    .issue(bearer, Purpose::Sso, expires, now.clock);
                Ok(Reply::Mailed { token, created })
            }
            Sso::Finish { token, duration } => self.finish_sso(now, token, duration),
        }
    }

    /// The member for whom a provider vouches, created where the organization lets them in; says whether
    /// they were.
    fn vouched_for(
        &mut self,
        now: Now,
        email: Email,
        org: OrgId,
        known_as: Option<UserId>,
        listed: bool,
    ) -> Result<(UserId, bool), No> {
        let known_as =
            known_as.filter(|user| self.known(*user).is_ok_and(|row| row.org() == Some(org)));
        let known = match known_as {
            Some(user) => Ok(user),
            None => self.person(email, Some(org)),
        };
        match known {
            Ok(user) => {
                self.may_still_come(user, listed)?;
                Ok((user, false))
            }
            Err(missing) if !is_nobody(missing) => Err(missing),
            Err(_) => {
                self.may_come(org, listed)?;
                let new = NewUser {
                    status: Status::Pending,
                    ..NewUser::plain(email, Some(org))
                };
                Ok((self.add(now, new)?, true))
            }
        }
    }

    /// Whether somebody may become a member by a connection.
    fn may_come(&self, org: OrgId, listed: bool) -> Result<(), No> {
        let Some(org) = self.people.org(org) else {
            return Err(no(Error::OrganizationNotFound));
        };
        if !org.rules.methods.has(Method::Sso) {
            return Err(no(Error::Rule(Rule::MethodRestricted)));
        }
        match org.rules.sso_jit {
            Joining::AsSettings | Joining::All => Ok(()),
            Joining::Restricted if listed => Ok(()),
            Joining::Restricted | Joining::NotAllowed => Err(no(Error::Rule(Rule::JitConnection))),
        }
    }

    fn finish_sso(
        &mut self,
        now: Now,
        token: LoginToken,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let bearer = self.spend(now, token, Purpose::Sso)?;
        let user = self.bearer(bearer)?;
        self.may_still_come(user, bearer.listed())?;
        self.free_for(user, bearer.email)?;
        let shown = Shown {
            factors: Factors::one(Factor::Sso),
            means: None,
            connection: bearer.connection(),
            asserted: Some(bearer.email),
        };
        self.log_in(now, user, duration, shown)
    }

    /// Whether the organization still lets somebody in who came to its door but never logged in.
    fn may_still_come(&self, user: UserId, listed: bool) -> Result<(), No> {
        let row = self.known(user)?;
        match (row.status, row.org()) {
            (Status::Pending, Some(org)) => self.may_come(org, listed),
            _ => Ok(()),
        }
    }

    /// Whether an address is a member's, or could become theirs.
    fn free_for(&self, user: UserId, email: Email) -> Result<(), No> {
        match self.people.find(email, self.known(user)?.org()) {
            Some(owner) if owner != user => Err(no(Error::DuplicateEmail)),
            _ => Ok(()),
        }
    }

    /// Takes a provider's word for a member's address, once they are in.
    pub(super) fn take_word(
        &mut self,
        now: Now,
        user: UserId,
        asserted: Option<Email>,
    ) -> Result<(), No> {
        let Some(email) = asserted else {
            return Ok(());
        };
        self.free_for(user, email)?;
        // A new address from the provider becomes the member's own; the one before is retired
        // (Stytch's member object). What was proved of that one says nothing of this one.
        let changes = self.people.email_id(user, email).is_none();
        if changes {
            self.people.change_email(user, email, true);
            let kept = now.with.session.map_or(NONE, |token| token.session);
            let newest = self.known(user)?.newest_session;
            self.ledger.revoked += self.sessions.revoke_others(newest, kept, now.clock);
        }
        let row = self.known_mut(user)?;
        row.by_sso_only |= changes || !row.verified;
        row.verified = true;
        Ok(())
    }

    /// A mail, or a social provider, has proved an address. Where it is the one that somebody has now,
    /// a password that rested on the word of their organization's provider is void, and so are
    /// sessions by it.
    pub(super) fn prove_by_mail(&mut self, now: Now, user: UserId, email: Email) -> Result<(), No> {
        let row = self.known_mut(user)?;
        if !row.by_sso_only || row.email.mailbox != email.mailbox {
            return Ok(());
        }
        row.by_sso_only = false;
        row.stale_password = row.has_password;
        let newest = row.newest_session;
        let joined = now.with.session.map(|token| token.session);
        self.ledger.revoked += self.sessions.revoke_those(newest, now.clock, |id, row| {
            Some(id) != joined && row.factors.has(Factor::Password)
        });
        Ok(())
    }
}
