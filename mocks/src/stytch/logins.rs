//! Logins without a password: magic links, codes by mail and text, OAuth, second factors.

use super::call::{Error, IntermediateToken, LoginToken, OrgId, Proof, Reply, UserId, Vertical};
use super::gate::{No, take};
use super::means::MeansId;
use super::org_rules::Joining;
use super::people::{NO_EMAIL, NewUser, Status};
use super::project::{Now, Project, no};
use super::rule::Rule;
use super::sessions::{Factor, Shown};
use super::tokens::{Bearer, Purpose, Unusable};
use super::with::{Phone, Verifier};
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
        let (user, created) = self.person_to_mail(now, email, org, create)?;
        let of_signup = created && self.settings.vertical == Vertical::Consumer;
        let default = if of_signup {
            self.settings.signup_link_life
        } else {
            self.settings.login_link_life
        };
        let expires = now.clock + life.unwrap_or(default);
        let bearer = Bearer::new(email, org).of(user).under(now.with);
        let token = self
            .login_tokens
            .issue(bearer, Purpose::MagicLink, expires, now.clock);
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
        let (user, created) = self.person_to_mail(now, email, org, create)?;
        let bearer = Bearer::new(email, org).of(user);
        let token = self
            .login_tokens
            .issue(bearer, Purpose::Code, now.clock + life, now.clock);
        Ok(Reply::Mailed { token, created })
    }

    /// Finds the person who gets a mail, or creates them; says whether it did. A call that says whom
    /// the address is for gives it to them.
    fn person_to_mail(
        &mut self,
        now: Now,
        email: Email,
        org: Option<OrgId>,
        create: bool,
    ) -> Result<(UserId, bool), No> {
        let known = self.person(email, org);
        let (user, created) = match (self.named(now)?, known) {
            (Some(user), Ok(owner)) if user != owner => return Err(no(Error::DuplicateEmail)),
            (Some(user), Err(_)) => {
                self.people.add_email(user, email);
                (user, false)
            }
            (_, Ok(user)) => (user, false),
            (None, Err(missing)) if !create || !is_nobody(missing) => return Err(missing),
            (None, Err(missing)) => {
                self.may_join(now, org, missing)?;
                let b2b = self.settings.vertical == Vertical::B2b;
                let status = if b2b || now.with.pending {
                    Status::Pending
                } else {
                    Status::Active
                };
                let new = NewUser {
                    status,
                    ..NewUser::plain(email, org)
                };
                (self.add(now, new)?, true)
            }
        };
        let id = self.people.email_id(user, email);
        self.count_message(now, user, id.unwrap_or(MeansId(user.0)))?;
        Ok((user, created))
    }

    /// Counts a message against the limit of the address or number that it goes to.
    pub(super) fn count_message(&mut self, now: Now, user: UserId, to: MeansId) -> Result<(), No> {
        if let Some(limit) = self.settings.mails_per_person
            && let Some(messages) = self.people.messages_mut(user, to)
        {
            let room = take(messages, Some(limit), Span::ZERO, now.clock);
            room.map_err(|wait| self.gate.throttled(wait))?;
        }
        Ok(())
    }

    /// The person that a call is for, where it says so: by their id or by their session.
    fn named(&mut self, now: Now) -> Result<Option<UserId>, No> {
        if let Some(user) = now.with.user {
            return self.known(user).map(|_| Some(user));
        }
        let Some(token) = now.with.session else {
            return Ok(None);
        };
        let live = self.sessions.live_mut(token.session, now.clock);
        Ok(Some(live.ok_or(no(Error::SessionNotFound))?.user))
    }

    /// Whether somebody may become a user or member by their address alone.
    pub(super) fn may_join(&self, now: Now, org: Option<OrgId>, missing: No) -> Result<(), No> {
        let joining = org.and_then(|org| self.people.org(org));
        let joining = joining.map_or(Joining::AsSettings, |org| org.rules.email_jit);
        match joining {
            Joining::All => Ok(()),
            Joining::AsSettings if self.settings.magic_link_creates => Ok(()),
            Joining::AsSettings => Err(missing),
            Joining::Restricted if now.with.listed_domain => Ok(()),
            Joining::Restricted => Err(no(Error::Rule(Rule::JitDomain))),
            Joining::NotAllowed => Err(no(Error::Rule(Rule::JitNotAllowed))),
        }
    }

    /// Texts a code to a number (consumer).
    pub(super) fn send_text(
        &mut self,
        now: Now,
        phone: Phone,
        whatsapp: bool,
        create: bool,
        life: Span,
    ) -> Result<Reply, No> {
        let known = self.people.with_phone(phone);
        let (user, created) = match (self.named(now)?, known) {
            (Some(user), Some(owner)) if user != owner => {
                return Err(no(Error::Rule(Rule::DuplicatePhone)));
            }
            (Some(user), None) => {
                self.people.add_phone(user, phone, false);
                (user, false)
            }
            (_, Some(user)) => (user, false),
            (None, None) if !create => return Err(no(Error::Rule(Rule::PhoneNotFound))),
            (None, None) => {
                let status = if now.with.pending {
                    Status::Pending
                } else {
                    Status::Active
                };
                let new = NewUser {
                    status,
                    ..NewUser::plain(NO_EMAIL, None)
                };
                let user = self.add(now, new)?;
                self.people.add_phone(user, phone, false);
                (user, true)
            }
        };
        let id = self.people.phone_id(user, phone);
        self.count_message(now, user, id.unwrap_or(MeansId(user.0)))?;
        let purpose = if whatsapp {
            Purpose::WhatsApp
        } else {
            Purpose::Text
        };
        let bearer = Bearer::at(phone).of(user);
        let token = self
            .login_tokens
            .issue(bearer, purpose, now.clock + life, now.clock);
        Ok(Reply::Mailed { token, created })
    }

    /// A mailed link, or one that the application delivered itself.
    pub(super) fn magic_link(
        &mut self,
        now: Now,
        token: LoginToken,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let purpose = self.login_tokens.purpose(token);
        let linked = [Purpose::Embedded, Purpose::EmailChange];
        let purpose = purpose.filter(|it| linked.contains(it));
        self.follow(now, token, purpose.unwrap_or(Purpose::MagicLink), duration)
    }

    pub(super) fn oauth(
        &mut self,
        now: Now,
        token: LoginToken,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let done = self.follow(now, token, Purpose::OAuth, duration);
        // Stytch answers 400 here, where other tokens get 401 or 404 (sandbox values).
        done.map_err(|no| {
            if no.error == Error::LoginTokenInvalid {
                No { status: 400, ..no }
            } else {
                no
            }
        })
    }

    /// Uses up a token that proves an address or a number.
    fn follow(
        &mut self,
        now: Now,
        token: LoginToken,
        purpose: Purpose,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let bearer = self.spend(now, token, purpose)?;
        let user = self.bearer(bearer)?;
        self.may_use(user, bearer)?;
        let means = self.prove(now, user, bearer, purpose)?;
        self.log_in(now, user, duration, Shown::by(purpose.factor(), means))
    }

    /// Whether a member's organization allows the social provider of their token.
    fn may_use(&self, user: UserId, bearer: Bearer) -> Result<(), No> {
        let row = self.known(user)?;
        let org = row.org().and_then(|org| self.people.org(org));
        let rules = org.filter(|_| !row.breakglass).map(|org| org.rules);
        let method = bearer.provider().and_then(super::Provider::method);
        match (rules, method) {
            (Some(rules), Some(method)) if !rules.methods.has(method) => {
                Err(no(Error::Rule(Rule::MethodRestricted)))
            }
            _ => Ok(()),
        }
    }

    /// Who bears a token.
    pub(super) fn bearer(&self, bearer: Bearer) -> Result<UserId, No> {
        match bearer.user() {
            Some(user) => self.known(user).map(|_| user),
            None => self.person(bearer.email, bearer.org()),
        }
    }

    /// Notes what a token has proved; says which address, number or tie that is, where it is not the
    /// first address.
    fn prove(
        &mut self,
        now: Now,
        user: UserId,
        bearer: Bearer,
        purpose: Purpose,
    ) -> Result<Option<MeansId>, No> {
        if let Some(phone) = bearer.phone() {
            let id = self.people.phone_id(user, phone);
            let id = id.ok_or(no(Error::Rule(Rule::PhoneNotFound)))?;
            self.people.verify(user, id);
            return Ok(Some(id));
        }
        if purpose == Purpose::Embedded {
            return Ok(None);
        }
        if purpose == Purpose::EmailChange {
            let owner = self.people.find(bearer.email, self.known(user)?.org());
            if owner.is_some_and(|owner| owner != user) {
                return Err(no(Error::DuplicateEmail));
            }
            self.people.change_email(user, bearer.email, true);
            self.known_mut(user)?.by_sso_only = false;
            return Ok(None);
        }
        let id = match self.people.email_id(user, bearer.email) {
            Some(id) => id,
            // An address that was another's login until now: only a social login can bring one.
            None if purpose == Purpose::OAuth && self.settings.vertical == Vertical::Consumer => {
                if self.people.find(bearer.email, None).is_some() {
                    return Err(no(Error::DuplicateEmail));
                }
                self.people.add_email(user, bearer.email)
            }
            None => return Err(no(Error::Rule(Rule::EmailNotFound))),
        };
        let voids = self.settings.passwordless_voids_unproved_password;
        let row = self.known_mut(user)?;
        if voids && id.0 == user.0 && row.has_password && !row.verified {
            row.stale_password = true;
        }
        self.prove_by_mail(now, user, bearer.email)?;
        self.people.verify(user, id);
        if let Some(provider) = bearer.provider() {
            return Ok(Some(self.people.tie(user, provider)));
        }
        Ok((id.0 != user.0).then_some(id))
    }

    pub(super) fn spend(
        &mut self,
        now: Now,
        token: LoginToken,
        purpose: Purpose,
    ) -> Result<Bearer, No> {
        let bearer = self
            .login_tokens
            .look(token, purpose, now.clock)
            .map_err(invalid)?;
        let broken = match (bearer.challenged(), now.with.verifier) {
            (true, Verifier::Right) | (false, Verifier::Absent) => None,
            (true, Verifier::Absent) => Some(Rule::PkceExpected),
            (true, Verifier::Wrong) => Some(Rule::PkceMismatch),
            (false, Verifier::Right | Verifier::Wrong) => Some(Rule::PkceUnexpected),
        };
        if let Some(rule) = broken {
            return Err(no(Error::Rule(rule)));
        }
        self.login_tokens.void(token);
        Ok(bearer)
    }

    /// A code by mail or text: a wrong one counts towards the lock and does not use the right one up.
    pub(super) fn code(
        &mut self,
        now: Now,
        token: LoginToken,
        proof: Proof,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let purpose = self.login_tokens.purpose(token);
        let texts = [Purpose::Text, Purpose::WhatsApp];
        let purpose = purpose.filter(|it| texts.contains(it));
        let purpose = purpose.unwrap_or(Purpose::Code);
        let bearer = self
            .login_tokens
            .look(token, purpose, now.clock)
            .map_err(invalid)?;
        let user = self.bearer(bearer)?;
        self.not_locked(now, user)?;
        if proof != Proof::RightCode {
            self.fail(now, user);
            return Err(no(Error::WrongCode));
        }
        self.succeed(user);
        self.follow(now, token, purpose, duration)
    }

    /// The social provider consents at once. A consumer project then knows the person; a B2B project
    /// knows them if it creates people on the way.
    pub(super) fn start_oauth(
        &mut self,
        now: Now,
        email: Email,
        org: Option<OrgId>,
    ) -> Result<Reply, No> {
        let known = match self.named(now)? {
            Some(user) => Ok(user),
            None => self.person(email, org),
        };
        let (user, created) = match known {
            Ok(user) => (user, false),
            Err(missing) if !is_nobody(missing) => return Err(missing),
            Err(missing) => {
                if self.settings.vertical == Vertical::B2b {
                    self.may_join(now, org, missing)?;
                }
                let new = NewUser {
                    verified: true,
                    ..NewUser::plain(email, org)
                };
                (self.add(now, new)?, true)
            }
        };
        let expires = now.clock + self.settings.oauth_token_life;
        let bearer = Bearer::new(email, org).of(user).under(now.with);
        let token = self
            .login_tokens
            .issue(bearer, Purpose::OAuth, expires, now.clock);
        Ok(Reply::Mailed { token, created })
    }

    pub(super) fn ask_second_factor(
        &mut self,
        now: Now,
        user: UserId,
        shown: Shown,
    ) -> Result<Reply, No> {
        let email = self.known(user)?.email;
        let expires = now.clock + self.settings.intermediate_life;
        let token = self
            .intermediates
            .issue(email, Some(user), expires, shown, now.clock);
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
        let found = live.and_then(|row| row.member().map(|member| (member, row)));
        let (member, row) = found.ok_or(no(Error::SessionNotFound))?;
        let mut shown = row.shown();
        self.may_prove_second(member, Factor::Sms, row.primary_missing)?;
        self.not_locked(now, member)?;
        if proof != Proof::RightCode {
            self.fail(now, member);
            return Err(no(Error::WrongCode));
        }
        self.succeed(member);
        self.intermediates.spend(token);
        self.prove_member_phone(member);
        shown.factors = shown.factors.and(Factor::Sms);
        self.log_in(now, member, duration, shown)
    }
}

/// Whether a refusal says no more than that nobody has the address.
pub(super) fn is_nobody(no: No) -> bool {
    matches!(no.error, Error::EmailNotFound | Error::UserNotFound)
}

/// A token nobody issued is not found; one that was used or is stale cannot be used.
pub(super) fn invalid(why: Unusable) -> No {
    match why {
        Unusable::Unknown => No {
            status: 404,
            ..no(Error::LoginTokenInvalid)
        },
        Unusable::Spent => no(Error::LoginTokenInvalid),
    }
}
