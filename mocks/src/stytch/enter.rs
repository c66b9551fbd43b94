//! Ways in that no rehearsal takes: authenticator apps, recovery codes, trusted tokens, impersonation,
//! and second factors that are added to a session.

use super::call::{Endpoint, Error, LoginToken, OrgId, Proof, Reply, SessionToken, UserId};
use super::gate::No;
use super::means::{MeansId, Thing};
use super::people::NewUser;
use super::project::{Now, Project, no};
use super::rule::Rule;
use super::sessions::{Factor, Factors, Shown};
use super::tokens::{Bearer, Purpose};
use crate::email::Email;
use crate::time::{Span, Timestamp};

/// What a codec has found out about a token of a trusted issuer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrustedSeen {
    /// It is signed by the issuer, for the audience, and has not expired.
    Valid {
        /// The address in it.
        email: Option<Email>,
        /// The person whose external id is in it.
        known_as: Option<UserId>,
    },
    /// It is not.
    Invalid,
}

/// A way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enter {
    /// `POST …/totps/authenticate`, `POST /v1/b2b/totp/authenticate`.
    Totp {
        /// Who.
        user: UserId,
        /// The app whose code was typed, and the code's time step; none: no app has that code.
        code: Option<(MeansId, i64)>,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST /v1/totps/recover`, `POST /v1/b2b/recovery_codes/recover`.
    Recover {
        /// Who.
        user: UserId,
        /// The app whose recovery code was typed, and its place; none: no app has that code.
        code: Option<(MeansId, u16)>,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST /v1/b2b/otps/sms/authenticate` for a session.
    Sms {
        /// The member.
        member: UserId,
        /// What they typed.
        proof: Proof,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST …/passwords/session/reset`.
    ResetBySession {
        /// The session.
        token: SessionToken,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST …/sessions/attest`.
    Attest {
        /// What the token is worth.
        seen: TrustedSeen,
        /// Whether its profile creates unknown people.
        creates: bool,
        /// The organization.
        org: Option<OrgId>,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST /v1/webauthn/register`: a passkey that has answered its challenge becomes the person's.
    AddPasskey {
        /// Who.
        user: UserId,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST /v1/webauthn/authenticate`.
    Passkey {
        /// The passkey that signed the challenge; none: no passkey did.
        id: Option<MeansId>,
        /// How long the session shall last.
        duration: Option<Span>,
    },
    /// `POST …/impersonation/authenticate`.
    Impersonate(LoginToken),
    /// `POST /v1/b2b/passwords/email/require_reset`.
    RequireReset(UserId),
}

impl Enter {
    /// The endpoint that takes it.
    pub const fn endpoint(&self) -> Endpoint {
        match self {
            Self::Totp { .. } | Self::Recover { .. } | Self::Sms { .. } => Endpoint::SecondFactor,
            Self::ResetBySession { .. } | Self::RequireReset(_) => Endpoint::PasswordChange,
            Self::Attest { .. }
            | Self::AddPasskey { .. }
            | Self::Passkey { .. }
            | Self::Impersonate(_) => Endpoint::Other,
        }
    }
}

impl Project {
    pub(super) fn enter(&mut self, now: Now, enter: Enter) -> Result<Reply, No> {
        match enter {
            Enter::Totp {
                user,
                code,
                duration,
            } => self.totp(now, user, code, duration),
            Enter::Recover {
                user,
                code,
                duration,
            } => self.recover(now, user, code, duration),
            Enter::Sms {
                member,
                proof,
                duration,
            } => self.sms_for_session(now, member, proof, duration),
            Enter::ResetBySession { token, duration } => {
                self.reset_by_session(now, token.session, duration)
            }
            Enter::Attest {
                seen,
                creates,
                org,
                duration,
            } => self.attest(now, seen, creates, org, duration),
            Enter::AddPasskey { user, duration } => self.add_passkey(now, user, duration),
            Enter::Passkey { id, duration } => self.passkey(now, id, duration),
            Enter::Impersonate(token) => self.impersonate(now, token),
            Enter::RequireReset(user) => self.require_reset(user),
        }
    }

    fn totp(
        &mut self,
        now: Now,
        user: UserId,
        code: Option<(MeansId, i64)>,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        self.known(user)?;
        self.second_of(now, user, Factor::Totp)?;
        let means = self.people.means(user);
        if means.is_none_or(|means| means.totps.is_empty()) {
            return Err(no(Error::Rule(Rule::NoTotps)));
        }
        self.not_locked(now, user)?;
        let totps = &mut self.people.means_mut(user).totps;
        let typed = code.and_then(|(id, step)| {
            let totp = totps.iter_mut().find(|totp| totp.id == id)?;
            (totp.verified || now.clock < totp.expires).then_some((totp, step))
        });
        let Some((totp, step)) = typed else {
            self.fail(now, user);
            return Err(no(Error::Rule(Rule::TotpWrong)));
        };
        if step <= totp.used {
            return Err(no(Error::Rule(Rule::TotpUsed)));
        }
        (totp.used, totp.verified) = (step, true);
        let means = Some(totp.id);
        self.succeed(user);
        self.log_in(now, user, duration, Shown::by(Factor::Totp, means))
    }

    fn recover(
        &mut self,
        now: Now,
        user: UserId,
        code: Option<(MeansId, u16)>,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        self.known(user)?;
        self.second_of(now, user, Factor::RecoveryCode)?;
        let means = self.people.means(user);
        if !means.is_some_and(|means| means.totps.iter().any(|totp| totp.verified)) {
            return Err(no(Error::Rule(Rule::NoRecoveryCodes)));
        }
        self.not_locked(now, user)?;
        let totps = &mut self.people.means_mut(user).totps;
        let typed = code.and_then(|(id, place)| {
            let totp = totps.iter_mut().find(|totp| totp.id == id)?;
            (totp.recovery & (1 << place) != 0).then_some((totp, place))
        });
        let Some((totp, place)) = typed else {
            self.fail(now, user);
            return Err(no(Error::Rule(Rule::RecoveryWrong)));
        };
        totp.recovery &= !(1 << place);
        let means = Some(totp.id);
        self.succeed(user);
        self.log_in(now, user, duration, Shown::by(Factor::RecoveryCode, means))
    }

    /// Checks a member's second factor against what the organization allows and the intermediate
    /// session still lacks. Users have no such rules.
    fn second_of(&self, now: Now, user: UserId, factor: Factor) -> Result<(), No> {
        let row = now.with.intermediate;
        let row = row.and_then(|token| self.intermediates.live(token, now.clock));
        self.may_prove_second(user, factor, row.is_some_and(|row| row.primary_missing))
    }

    pub(super) fn may_prove_second(
        &self,
        member: UserId,
        factor: Factor,
        primary_missing: bool,
    ) -> Result<(), No> {
        if primary_missing {
            return Err(no(Error::Rule(Rule::PrimaryFirst)));
        }
        let row = self.known(member)?;
        let org = row.org().and_then(|org| self.people.org(org));
        let rules = org.filter(|_| !row.breakglass).map(|org| org.rules);
        if rules.is_none_or(|rules| rules.allow_second(factor)) {
            Ok(())
        } else {
            Err(no(Error::Rule(Rule::MfaMethodRestricted)))
        }
    }

    fn sms_for_session(
        &mut self,
        now: Now,
        member: UserId,
        proof: Proof,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        self.known(member)?;
        self.may_prove_second(member, Factor::Sms, false)?;
        self.not_locked(now, member)?;
        if proof != Proof::RightCode {
            self.fail(now, member);
            return Err(no(Error::WrongCode));
        }
        self.succeed(member);
        self.prove_member_phone(member);
        self.log_in(now, member, duration, Factors::one(Factor::Sms))
    }

    /// A token of a trusted issuer stands for whoever its claims name.
    fn attest(
        &mut self,
        now: Now,
        seen: TrustedSeen,
        creates: bool,
        org: Option<OrgId>,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let org = self.people.scope(org)?;
        let TrustedSeen::Valid { email, known_as } = seen else {
            return Err(no(Error::Rule(Rule::TrustedToken)));
        };
        let known_as = known_as.filter(|user| self.known(*user).is_ok_and(|row| row.org() == org));
        let found = known_as.or_else(|| self.people.find(email?, org));
        let user = match (found, email) {
            (Some(user), _) => user,
            (None, Some(email)) if creates => {
                let new = NewUser {
                    verified: true,
                    ..NewUser::plain(email, org)
                };
                self.add(now, new)?
            }
            (None, _) => return Err(no(Error::UserNotFound)),
        };
        self.log_in(now, user, duration, Factors::one(Factor::Trusted))
    }

    fn add_passkey(&mut self, now: Now, user: UserId, duration: Option<Span>) -> Result<Reply, No> {
        self.known(user)?;
        // A session of somebody else is refused before anything is kept.
        self.session_to_join(now, user)?;
        let means = Some(self.people.add_passkey(user));
        self.log_in(now, user, duration, Shown::by(Factor::Passkey, means))
    }

    fn passkey(
        &mut self,
        now: Now,
        id: Option<MeansId>,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let owner = id.and_then(|id| self.people.owner(Thing::Passkey, id));
        let user = owner.ok_or(no(Error::Rule(Rule::PasskeyWrong)))?;
        self.log_in(now, user, duration, Shown::by(Factor::Passkey, id))
    }

    fn impersonate(&mut self, now: Now, token: LoginToken) -> Result<Reply, No> {
        let invalid = no(Error::Rule(Rule::ImpersonationToken));
        let bearer = self
            .spend(now, token, Purpose::Impersonation)
            .map_err(|_| invalid)?;
        let user = bearer.user().ok_or(invalid)?;
        let length = self.settings.impersonation;
        let opened = self.open(now, user, length, Factors::one(Factor::Impersonated))?;
        self.ledger.opened += 1;
        Ok(Reply::Session(opened))
    }

    /// Issues a token as the dashboard does for somebody of support: good for five minutes, once.
    pub fn seed_impersonation(&mut self, user: UserId, at: Timestamp) -> LoginToken {
        let now = self.now(at).clock;
        let expires = now + Span::from_mins(5);
        let bearer = Bearer::new(super::people::NO_EMAIL, None).of(user);
        self.login_tokens
            .issue(bearer, Purpose::Impersonation, expires, now)
    }

    /// Issues a token as a mail to this person would carry it.
    pub fn seed_magic_link(&mut self, user: UserId, at: Timestamp) -> Option<LoginToken> {
        let row = self.people.user(user)?;
        let bearer = Bearer::new(row.email, row.org()).of(user);
        let now = self.now(at).clock;
        let expires = now + self.settings.login_link_life;
        Some(
            self.login_tokens
                .issue(bearer, Purpose::MagicLink, expires, now),
        )
    }

    /// Issues a token as a discovery mail to this person would carry it (B2B).
    pub fn seed_discovery(&mut self, user: UserId, at: Timestamp) -> Option<LoginToken> {
        let bearer = Bearer::new(self.people.user(user)?.email, None);
        let now = self.now(at).clock;
        let expires = now + self.settings.login_link_life;
        Some(
            self.login_tokens
                .issue(bearer, Purpose::Discovery, expires, now),
        )
    }

    /// Issues a token as a social provider's consent for this person would bring it.
    pub fn seed_oauth(&mut self, user: UserId, at: Timestamp) -> Option<LoginToken> {
        let row = self.people.user(user)?;
        let bearer = Bearer::new(row.email, row.org()).of(user);
        let now = self.now(at).clock;
        let expires = now + self.settings.oauth_token_life;
        Some(
            self.login_tokens
                .issue(bearer, Purpose::OAuth, expires, now),
        )
    }
}
