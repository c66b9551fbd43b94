//! Discovery: a person shows an address first and chooses an organization then, or founds one (B2B).

use super::call::{Endpoint, Error, IntermediateToken, LoginToken, OrgId, Proof, Reply};
use super::errand::ErrandReply;
use super::gate::No;
use super::logins::{invalid, is_nobody};
use super::org_rules::OrgRules;
use super::people::{NewUser, User};
use super::project::{Now, Project, no};
use super::sessions::{Factor, Factors};
use super::tokens::{Bearer, Purpose};
use crate::email::Email;
use crate::time::Span;

/// A call of discovery that no rehearsal makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discovery {
    /// `POST /v1/b2b/otps/email/discovery/send`.
    SendCode {
        /// Who.
        email: Email,
        /// How long the code is good.
        life: Span,
    },
    /// `POST /v1/b2b/otps/email/discovery/authenticate`.
    Code {
        /// The token of the newest code mailed to the address.
        token: LoginToken,
        /// What they typed.
        proof: Proof,
    },
    /// `POST /v1/b2b/passwords/discovery/authenticate`: good if it is right in any organization.
    Password {
        /// Who.
        email: Email,
        /// Whether it is.
        proof: Proof,
    },
    /// `POST /v1/b2b/passwords/discovery/email/reset/start`.
    StartReset {
        /// Whose password.
        email: Email,
        /// How long the mail is good.
        life: Span,
    },
    /// `GET /v1/b2b/public/oauth/{provider}/discovery/start`: the social provider consents at once.
    StartOAuth(Email),
    /// `POST /v1/b2b/discovery/organizations/create`: the person becomes the first member.
    Found {
        /// The intermediate session.
        token: IntermediateToken,
        /// The settings of the organization.
        rules: OrgRules,
        /// How long the session shall last.
        duration: Option<Span>,
    },
}

impl Discovery {
    /// The endpoint that takes it.
    pub const fn endpoint(&self) -> Endpoint {
        match self {
            Self::SendCode { .. } | Self::StartReset { .. } => Endpoint::SendMagicLink,
            Self::Code { .. } => Endpoint::MagicLink,
            Self::Password { .. } => Endpoint::Password,
            Self::StartOAuth(_) => Endpoint::StartOAuth,
            Self::Found { .. } => Endpoint::Other,
        }
    }
}

impl Project {
    pub(super) fn discovery(&mut self, now: Now, asked: Discovery) -> Result<ErrandReply, No> {
        let reply = match asked {
            Discovery::SendCode { email, life } => {
                Ok(self.mail_discovery(now, email, Purpose::DiscoveryCode, life))
            }
            Discovery::Code { token, proof } => self.discover_by_code(now, token, proof),
            Discovery::Password { email, proof } => {
                if proof == Proof::RightPassword {
                    Ok(self.shown(now, email, Factor::Password))
                } else {
                    Err(no(Error::WrongPassword))
                }
            }
            Discovery::StartReset { email, life } => {
                Ok(self.mail_discovery(now, email, Purpose::DiscoveryReset, life))
            }
            Discovery::StartOAuth(email) => {
                let life = self.settings.oauth_token_life;
                Ok(self.mail_discovery(now, email, Purpose::DiscoveryOAuth, life))
            }
            Discovery::Found {
                token,
                rules,
                duration,
            } => return self.found(now, token, rules, duration),
        };
        reply.map(ErrandReply::Reply)
    }

    /// Mails a discovery link; whether anybody has the address is not told.
    pub(super) fn send_discovery(&mut self, now: Now, email: Email, life: Option<Span>) -> Reply {
        let life = life.unwrap_or(self.settings.login_link_life);
        self.mail_discovery(now, email, Purpose::Discovery, life)
    }

    fn mail_discovery(&mut self, now: Now, email: Email, purpose: Purpose, life: Span) -> Reply {
        let bearer = Bearer::new(email, None).under(now.with);
        let token = self
            .login_tokens
            .issue(bearer, purpose, now.clock + life, now.clock);
        Reply::Mailed {
            token,
            created: false,
        }
    }

    /// A link, a social login or a new password proves an address; which organization is still to be
    /// chosen.
    pub(super) fn discover(&mut self, now: Now, token: LoginToken) -> Result<Reply, No> {
        let others = [Purpose::DiscoveryReset, Purpose::DiscoveryOAuth];
        let purpose = self.login_tokens.purpose(token);
        let purpose = purpose.filter(|it| others.contains(it));
        let purpose = purpose.unwrap_or(Purpose::Discovery);
        let bearer = self.spend(now, token, purpose)?;
        if purpose == Purpose::DiscoveryReset {
            self.reset_everywhere(now, bearer.email)?;
        }
        Ok(self.shown(now, bearer.email, purpose.factor()))
    }

    /// The new password is good in every organization, and proved by mail.
    fn reset_everywhere(&mut self, now: Now, email: Email) -> Result<(), No> {
        let orgs = self.people.orgs_from(OrgId(0));
        let members = orgs.filter_map(|org| self.people.find(email, Some(org)));
        let members: Vec<_> = members.collect();
        for member in members {
            let stale = self.known(member)?.stale_password;
            self.prove_by_mail(now, member, email)?;
            self.known_mut(member)?.stale_password = stale;
        }
        Ok(())
    }

    fn discover_by_code(&mut self, now: Now, token: LoginToken, proof: Proof) -> Result<Reply, No> {
        let purpose = Purpose::DiscoveryCode;
        let live = self.login_tokens.look(token, purpose, now.clock);
        let bearer = live.map_err(invalid)?;
        if proof != Proof::RightCode {
            return Err(no(Error::WrongCode));
        }
        self.login_tokens.void(token);
        Ok(self.shown(now, bearer.email, purpose.factor()))
    }

    /// An intermediate session for whoever has shown an address.
    fn shown(&mut self, now: Now, email: Email, factor: Factor) -> Reply {
        let expires = now.clock + self.settings.intermediate_life;
        let factors = Factors::one(factor);
        let token = self
            .intermediates
            .issue(email, None, expires, factors, now.clock);
        Reply::SecondFactorNeeded(token)
    }

    pub(super) fn exchange_intermediate(
        &mut self,
        now: Now,
        token: IntermediateToken,
        org: OrgId,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let live = self.intermediates.live(token, now.clock).copied();
        let row = live.ok_or(no(Error::SessionNotFound))?;
        let mut shown = row.shown();
        if let Some(owner) = row.member()
            // One who is gone belongs nowhere.
            && self.people.user(owner).and_then(User::org) != Some(org)
        {
            shown = self.elsewhere(owner, row.email, row.factors).into();
            if shown.factors.is_empty() {
                return Err(no(Error::Rule(super::Rule::IntermediateElsewhere)));
            }
        }
        let member = match self.person(row.email, Some(org)) {
            Ok(member) => member,
            Err(missing) if !is_nobody(missing) => return Err(missing),
            // Only a listed domain lets somebody in who was never invited.
            Err(missing) if !now.with.listed_domain => return Err(missing),
            Err(missing) => {
                self.may_join(now, Some(org), missing)?;
                self.add(now, NewUser::plain(row.email, Some(org)))?
            }
        };
        self.intermediates.spend(token);
        if row.member().is_none() {
            self.prove_by_mail(now, member, row.email)?;
        }
        self.known_mut(member)?.verified = true;
        self.log_in_or_ask(now, member, duration, shown)
    }

    fn found(
        &mut self,
        now: Now,
        token: IntermediateToken,
        rules: OrgRules,
        duration: Option<Span>,
    ) -> Result<ErrandReply, No> {
        let live = self.intermediates.live(token, now.clock).copied();
        let row = live.ok_or(no(Error::SessionNotFound))?;
        if row.member().is_some() {
            return Err(no(Error::Rule(super::Rule::IntermediateElsewhere)));
        }
        let org = self.add_org(now, rules)?;
        self.intermediates.spend(token);
        let new = NewUser {
            verified: true,
            ..NewUser::plain(row.email, Some(org))
        };
        let member = self.add(now, new)?;
        let login = self.log_in_or_ask(now, member, duration, row.factors)?;
        Ok(ErrandReply::Founded { org, login })
    }
}
