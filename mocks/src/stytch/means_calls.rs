//! Calls that change what people have: addresses, numbers, authenticator apps, ties, passwords.

use super::call::{Error, OrgId, Reply, UserId, Vertical};
use super::errand::ErrandReply;
use super::gate::No;
use super::means::{ALL_CODES, MeansId, Thing};
use super::people::{NO_EMAIL, NewUser, Status};
use super::project::{Now, Project, no};
use super::rule::Rule;
use super::tokens::{Bearer, Purpose};
use super::with::Phone;
use crate::email::Email;
use crate::time::Span;

/// A change to what people have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// `POST /v1/users`, `POST …/members`: a person with an address, a number, or both.
    Create {
        /// Their address.
        email: Option<Email>,
        /// Their number.
        phone: Option<Phone>,
        /// The organization.
        org: Option<OrgId>,
    },
    /// `DELETE /v1/users/{emails|phone_numbers|totps|oauth|webauthn_registrations|passwords}/{id}` and their B2B siblings.
    Delete {
        /// What.
        thing: Thing,
        /// Which.
        id: MeansId,
    },
    /// `PUT /v1/users/{user_id}/exchange_primary_factor`.
    Exchange {
        /// Who.
        user: UserId,
        /// The address that takes the place of theirs.
        email: Option<Email>,
        /// The number that takes the place of theirs.
        phone: Option<Phone>,
    },
    /// A number beside what the person has: an import, or a member's for their second factor.
    SetPhone {
        /// Who.
        user: UserId,
        /// The number.
        phone: Phone,
        /// Whether it counts as proved.
        verified: bool,
    },
    /// `POST /v1/totps`, `POST /v1/b2b/totp`.
    Totp {
        /// Who.
        user: UserId,
        /// How long it waits for its first code.
        life: Option<Span>,
        /// Whether it is an import that needs no first code.
        verified: bool,
    },
    /// `POST /v1/b2b/recovery_codes/rotate`.
    RenewRecovery(UserId),
    /// `POST /v1/oauth/attach`.
    Attach(UserId),
    /// `POST /v1/magic_links`: a link that the application delivers itself.
    Link {
        /// Who.
        user: UserId,
        /// How long it is good.
        life: Option<Span>,
    },
}

impl Project {
    pub(super) fn keep(&mut self, now: Now, keep: Keep) -> Result<ErrandReply, No> {
        match keep {
            Keep::Create { email, phone, org } => self.create(now, email, phone, org),
            Keep::Delete { thing, id } => self.delete_thing(now, thing, id),
            Keep::Exchange { user, email, phone } => {
                self.exchange_primary(user, email, phone)?;
                Ok(ErrandReply::Reply(Reply::Done))
            }
            Keep::SetPhone {
                user,
                phone,
                verified,
            } => self.set_phone(user, phone, verified),
            Keep::Totp {
                user,
                life,
                verified,
            } => self.create_totp(now, user, life, verified),
            Keep::RenewRecovery(user) => {
                self.known(user)?;
                let totp = self.people.means_mut(user).totps.iter_mut();
                let totp = totp.rev().find(|totp| totp.verified);
                let totp = totp.ok_or(no(Error::Rule(Rule::NoRecoveryCodes)))?;
                (totp.recovery, totp.generation) = (ALL_CODES, totp.generation.wrapping_add(1));
                Ok(ErrandReply::Has { user, id: totp.id })
            }
            Keep::Attach(user) => {
                let bearer = Bearer::new(NO_EMAIL, None);
                self.token_for(now, user, bearer, Purpose::Attach, None)
            }
            Keep::Link { user, life } => {
                let bearer = Bearer::new(NO_EMAIL, None);
                self.token_for(now, user, bearer, Purpose::Embedded, life)
            }
        }
    }

    fn create(
        &mut self,
        now: Now,
        email: Option<Email>,
        phone: Option<Phone>,
        org: Option<OrgId>,
    ) -> Result<ErrandReply, No> {
        let taken = phone.and_then(|phone| self.people.with_phone(phone));
        if taken.is_some() && self.settings.vertical == Vertical::Consumer {
            return Err(no(Error::Rule(Rule::DuplicatePhone)));
        }
        let status = if now.with.pending {
            Status::Pending
        } else {
            Status::Active
        };
        let new = NewUser {
            status,
            ..NewUser::plain(email.unwrap_or(NO_EMAIL), org)
        };
        let user = self.add(now, new)?;
        let id = phone.map(|phone| self.people.add_phone(user, phone, false));
        let id = id.unwrap_or(MeansId(user.0));
        Ok(ErrandReply::Has { user, id })
    }

    /// Somebody keeps at least one way to log in.
    fn delete_thing(&mut self, now: Now, thing: Thing, id: MeansId) -> Result<ErrandReply, No> {
        let missing = match thing {
            Thing::Email => Rule::EmailNotFound,
            Thing::Phone => Rule::PhoneNotFound,
            Thing::Totp => Rule::TotpNotFound,
            Thing::Tie => Rule::TieNotFound,
            Thing::Passkey => Rule::PasskeyNotFound,
            Thing::Password => Rule::PasswordNotFound,
        };
        let owner = self.people.owner(thing, id);
        let user = owner.ok_or(no(Error::Rule(missing)))?;
        let consumer = self.settings.vertical == Vertical::Consumer;
        if consumer && matches!(thing, Thing::Email | Thing::Phone | Thing::Tie) {
            let means = self.people.means(user);
            let others = means.map_or(0, |it| it.emails.len() + it.phones.len() + it.ties.len());
            if others + usize::from(self.known(user)?.has_email()) <= 1 {
                return Err(no(Error::Rule(Rule::LastPrimaryFactor)));
            }
        }
        match thing {
            Thing::Email => self.people.drop_email(user, id),
            Thing::Phone => self.people.drop_phone(user, id),
            Thing::Totp => self.people.means_mut(user).totps.retain(|it| it.id != id),
            Thing::Tie => self.people.means_mut(user).ties.retain(|it| it.id != id),
            Thing::Passkey => self.people.means_mut(user).passkeys.retain(|it| *it != id),
            Thing::Password => {
                let row = self.known_mut(user)?;
                (row.has_password, row.stale_password) = (false, false);
            }
        }
        // Sessions that rest on nothing but what is gone end with it.
        if thing == Thing::Password {
            self.end_sessions_of_password(now, user)?;
        }
        Ok(ErrandReply::Has { user, id })
    }

    fn end_sessions_of_password(&mut self, now: Now, user: UserId) -> Result<(), No> {
        let newest = self.known(user)?.newest_session;
        let only = super::Factors::one(super::Factor::Password);
        let rest: Vec<u32> = self
            .sessions
            .of(newest)
            .filter(|(_, session)| session.factors == only)
            .map(|(id, _)| id)
            .collect();
        for session in rest {
            self.ledger.revoked += u64::from(self.sessions.revoke(session, now.clock));
        }
        Ok(())
    }

    /// The one address or number that somebody has is exchanged for another.
    fn exchange_primary(
        &mut self,
        user: UserId,
        email: Option<Email>,
        phone: Option<Phone>,
    ) -> Result<(), No> {
        let has_email = self.known(user)?.has_email();
        let means = self.people.means(user).cloned().unwrap_or_default();
        let emails = means.emails.len() + usize::from(has_email);
        if emails > 1 || means.phones.len() > 1 {
            return Err(no(Error::Rule(Rule::ExchangeUser)));
        }
        if let Some(email) = email {
            if self.people.find(email, None).is_some() {
                return Err(no(Error::DuplicateEmail));
            }
            let old = if has_email {
                Some(MeansId(user.0))
            } else {
                means.emails.first().map(|owned| owned.id)
            };
            if let Some(old) = old {
                self.people.drop_email(user, old);
            }
            self.people.add_email(user, email);
        }
        if let Some(phone) = phone {
            if self.people.with_phone(phone).is_some() {
                return Err(no(Error::Rule(Rule::DuplicatePhone)));
            }
            if let Some(old) = means.phones.first() {
                self.people.drop_phone(user, old.id);
            }
            self.people.add_phone(user, phone, false);
        }
        Ok(())
    }

    fn set_phone(&mut self, user: UserId, phone: Phone, verified: bool) -> Result<ErrandReply, No> {
        self.known(user)?;
        if self.settings.vertical == Vertical::B2b {
            let same = self.people.means(user).and_then(|it| it.phones.first());
            if let Some(owned) = same.filter(|owned| owned.what == phone).copied() {
                if verified {
                    self.people.verify(user, owned.id);
                }
                return Ok(ErrandReply::Has { user, id: owned.id });
            }
            self.people.means_mut(user).phones.clear();
        }
        match self.people.with_phone(phone) {
            Some(owner) if owner != user => return Err(no(Error::Rule(Rule::DuplicatePhone))),
            Some(_) => return Err(no(Error::Rule(Rule::DuplicatePhoneForUser))),
            None => {}
        }
        let id = self.people.add_phone(user, phone, verified);
        Ok(ErrandReply::Has { user, id })
    }

    /// The number of a member that a code has come back from.
    pub(super) fn prove_member_phone(&mut self, member: UserId) {
        let phone = self.people.means(member).and_then(|it| it.phones.first());
        if let Some(id) = phone.map(|owned| owned.id) {
            self.people.verify(member, id);
        }
    }

    fn create_totp(
        &mut self,
        now: Now,
        user: UserId,
        life: Option<Span>,
        verified: bool,
    ) -> Result<ErrandReply, No> {
        self.known(user)?;
        let means = self.people.means(user);
        if means.is_some_and(|means| means.totps.iter().any(|totp| totp.verified)) {
            return Err(no(Error::Rule(Rule::ActiveTotp)));
        }
        let expires = now.clock + life.unwrap_or(self.settings.totp_life);
        let id = self.people.add_totp(user, expires);
        if verified {
            let totps = &mut self.people.means_mut(user).totps;
            for totp in totps.iter_mut().filter(|totp| totp.id == id) {
                totp.verified = true;
            }
        }
        Ok(ErrandReply::Has { user, id })
    }

    pub(super) fn token_for(
        &mut self,
        now: Now,
        user: UserId,
        bearer: Bearer,
        purpose: Purpose,
        life: Option<Span>,
    ) -> Result<ErrandReply, No> {
        let org = self.known(user)?.org();
        let expires = now.clock + life.unwrap_or(self.settings.login_link_life);
        let bearer = if bearer.email == NO_EMAIL {
            bearer
        } else {
            Bearer::new(bearer.email, org)
        };
        let token = self
            .login_tokens
            .issue(bearer.of(user), purpose, expires, now.clock);
        Ok(ErrandReply::Reply(Reply::Mailed {
            token,
            created: false,
        }))
    }

    /// Who an attach token speaks for; it is used up.
    pub fn spend_attach(
        &mut self,
        token: super::LoginToken,
        at: crate::time::Timestamp,
    ) -> Option<UserId> {
        let now = self.now(at);
        self.spend(now, token, Purpose::Attach).ok()?.user()
    }
}
