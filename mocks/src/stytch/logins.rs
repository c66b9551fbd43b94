//! Logins without a password: magic links, mailed codes, OAuth, second factors, discovery.

use super::call::{Error, IntermediateToken, LoginToken, OrgId, Proof, Reply, UserId, Vertical};
use super::gate::{No, take};
use super::people::NewUser;
use super::project::{Now, Project, no};
use super::sessions::{Factor, Factors};
use super::tokens::{Bearer, Purpose, Unusable};
use crate::email::Email;
use crate::time::Span;

impl Project {
    pub(super) fn send_magic_link(
        &mut self,
        now: Now,
        email: Email,
        org: Option<OrgId>,
        create: bool,
        life: Option<Span>,
    ) -> Result<Reply, No> {
        let created = self.person_to_mail(now, email, org, create)?;
        let of_signup = created && self.settings.vertical == Vertical::Consumer;
        let default = if of_signup {
            self.settings.signup_link_life
        } else {
            self.settings.login_link_life
        };
        let expires = now.clock + life.unwrap_or(default);
        let bearer = Bearer::new(email, org);
        let token = self.login_tokens.issue(bearer, Purpose::MagicLink, expires);
        Ok(Reply::Mailed { token, created })
    }

    pub(super) fn send_code(
        &mut self,
        now: Now,
        email: Email,
        org: Option<OrgId>,
        create: bool,
        life: Span,
    ) -> Result<Reply, No> {
        let created = self.person_to_mail(now, email, org, create)?;
        let bearer = Bearer::new(email, org);
        let token = self
            .login_tokens
            .issue(bearer, Purpose::Code, now.clock + life);
        Ok(Reply::Mailed { token, created })
    }

    /// Finds the person who gets a mail, or creates them; says whether it did.
    fn person_to_mail(
        &mut self,
        now: Now,
        email: Email,
        org: Option<OrgId>,
        create: bool,
    ) -> Result<bool, No> {
        let (user, created) = match self.person(email, org) {
            Ok(user) => (user, false),
            Err(missing) if missing.error == Error::OrganizationNotFound => return Err(missing),
            Err(_) if create && self.settings.magic_link_creates => {
                let pending = self.settings.vertical == Vertical::B2b;
                let new = NewUser {
                    pending,
                    ..NewUser::plain(email, org)
                };
                (self.add(now, new)?, true)
            }
            Err(missing) => return Err(missing),
        };
        if let Some(limit) = self.settings.mails_per_person {
            let mails = &mut self.known_mut(user)?.mails;
            let room = take(mails, Some(limit), Span::ZERO, now.clock);
            room.map_err(|wait| self.gate.throttled(wait))?;
        }
        Ok(created)
    }

    pub(super) fn magic_link(
        &mut self,
        now: Now,
        token: LoginToken,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        self.follow(now, token, Purpose::MagicLink, duration, Factor::MagicLink)
    }

    pub(super) fn oauth(
        &mut self,
        now: Now,
        token: LoginToken,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let done = self.follow(now, token, Purpose::OAuth, duration, Factor::OAuth);
        // Stytch answers 400 here, where other tokens get 401 or 404 (sandbox values).
        done.map_err(|no| {
            if no.error == Error::LoginTokenInvalid {
                No { status: 400, ..no }
            } else {
                no
            }
        })
    }

    /// Uses up a token that proves an address.
    fn follow(
        &mut self,
        now: Now,
        token: LoginToken,
        purpose: Purpose,
        duration: Option<Span>,
        factor: Factor,
    ) -> Result<Reply, No> {
        let bearer = self.spend(now, token, purpose)?;
        let user = self.person(bearer.email, bearer.org())?;
        self.known_mut(user)?.verified = true;
        self.log_in(now, user, duration, Factors::one(factor))
    }

    pub(super) fn spend(
        &mut self,
        now: Now,
        token: LoginToken,
        purpose: Purpose,
    ) -> Result<Bearer, No> {
        self.login_tokens
            .spend(token, purpose, now.clock)
            .map_err(invalid)
    }

    /// A mailed code: a wrong one counts towards the lock and does not use the right one up.
    pub(super) fn code(
        &mut self,
        now: Now,
        token: LoginToken,
        proof: Proof,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let bearer = self
            .login_tokens
            .look(token, Purpose::Code, now.clock)
            .map_err(invalid)?;
        let user = self.person(bearer.email, bearer.org())?;
        self.not_locked(now, user)?;
        if proof != Proof::RightCode {
            self.fail(now, user);
            return Err(no(Error::WrongCode));
        }
        self.succeed(user);
        self.follow(now, token, Purpose::Code, duration, Factor::EmailCode)
    }

    /// The social provider consents at once. A consumer project then knows the person; a B2B project
    /// knows them if it creates people on the way.
    pub(super) fn start_oauth(
        &mut self,
        now: Now,
        email: Email,
        org: Option<OrgId>,
    ) -> Result<Reply, No> {
        let creates =
            self.settings.vertical == Vertical::Consumer || self.settings.magic_link_creates;
        let created = match self.person(email, org) {
            Ok(_) => false,
            Err(missing) if !creates || missing.error == Error::OrganizationNotFound => {
                return Err(missing);
            }
            Err(_) => {
                let new = NewUser {
                    verified: true,
                    ..NewUser::plain(email, org)
                };
                self.add(now, new)?;
                true
            }
        };
        let expires = now.clock + self.settings.oauth_token_life;
        let token = self
            .login_tokens
            .issue(Bearer::new(email, org), Purpose::OAuth, expires);
        Ok(Reply::Mailed { token, created })
    }

    pub(super) fn ask_second_factor(
        &mut self,
        now: Now,
        user: UserId,
        factors: Factors,
    ) -> Result<Reply, No> {
        let email = self.known(user)?.email;
        let expires = now.clock + self.settings.intermediate_life;
        let token = self
            .intermediates
            .issue(email, Some(user), expires, factors);
        Ok(Reply::SecondFactorNeeded(token))
    }

    pub(super) fn second_factor(
        &mut self,
        now: Now,
        token: IntermediateToken,
        proof: Proof,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let live = self.intermediates.live(token, now.clock).copied();
        let found = live.and_then(|row| row.member().map(|member| (member, row.factors)));
        let (member, factors) = found.ok_or(no(Error::SessionNotFound))?;
        self.not_locked(now, member)?;
        if proof != Proof::RightCode {
            self.fail(now, member);
            return Err(no(Error::WrongCode));
        }
        self.succeed(member);
        self.intermediates.spend(token);
        self.log_in(now, member, duration, factors.and(Factor::Sms))
    }

    /// Mails a discovery link; whether anybody has the address is not told.
    pub(super) fn send_discovery(&mut self, now: Now, email: Email) -> Reply {
        let expires = now.clock + self.settings.login_link_life;
        let bearer = Bearer::new(email, None);
        let token = self.login_tokens.issue(bearer, Purpose::Discovery, expires);
        Reply::Mailed {
            token,
            created: false,
        }
    }

    /// A discovery link proves an address; which organization is still to be chosen.
    pub(super) fn discover(&mut self, now: Now, token: LoginToken) -> Result<Reply, No> {
        let bearer = self.spend(now, token, Purpose::Discovery)?;
        let expires = now.clock + self.settings.intermediate_life;
        let factors = Factors::one(Factor::MagicLink);
        let token = self
            .intermediates
            .issue(bearer.email, None, expires, factors);
        Ok(Reply::SecondFactorNeeded(token))
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
        let member = self.person(row.email, Some(org))?;
        self.intermediates.spend(token);
        self.known_mut(member)?.verified = true;
        self.log_in(now, member, duration, row.factors)
    }
}

/// A token nobody issued is not found; one that was used or is stale cannot be used.
fn invalid(why: Unusable) -> No {
    match why {
        Unusable::Unknown => No {
            status: 404,
            ..no(Error::LoginTokenInvalid)
        },
        Unusable::Spent => no(Error::LoginTokenInvalid),
    }
}
