//! Passwords: authenticate, lock, create, import, replace and reset.

use super::call::{Call, Error, LoginToken, OrgId, Proof, Reply, Stamp, UserId, Vertical};
use super::errand::{Errand, ErrandAnswer, ErrandReply};
use super::gate::No;
use super::people::NewUser;
use super::project::{Now, Project, no};
use super::rule::Rule;
use super::sessions::{Factor, Factors};
use super::tokens::{Bearer, Intermediate, Purpose};
use super::with::With;
use crate::answer::{Answer, Outcome};
use crate::email::Email;
use crate::time::{Span, Timestamp};

const FACTORS: Factors = Factors::one(Factor::Password);

impl Project {
    pub(super) fn password(
        &mut self,
        now: Now,
        email: Email,
        org: Option<OrgId>,
        proof: Proof,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let user = self.person(email, org)?;
        self.check_password(now, user, proof)?;
        self.log_in(now, user, duration, FACTORS)
    }

    fn check_password(&mut self, now: Now, user: UserId, proof: Proof) -> Result<(), No> {
        self.not_locked(now, user)?;
        if !self.known(user)?.has_password {
            return Err(match self.settings.vertical {
                Vertical::Consumer => no(Error::NoPassword),
                Vertical::B2b => No {
                    status: 404,
                    ..no(Error::NoPassword)
                },
            });
        }
        if proof == Proof::RightPassword {
            self.succeed(user);
            if self.known(user)?.stale_password {
                return Err(no(Error::Rule(Rule::ResetPassword)));
            }
            return Ok(());
        }
        self.fail(now, user);
        Err(no(Error::WrongPassword))
    }

    /// Locked people cannot use factors that can be guessed: passwords and codes.
    pub(super) fn not_locked(&self, now: Now, user: UserId) -> Result<(), No> {
        if self.people.is_locked(user, now.clock) {
            Err(no(Error::UserLocked))
        } else {
            Ok(())
        }
    }

    /// A guess was right: the count of failures in a row starts again.
    pub(super) fn succeed(&mut self, user: UserId) {
        if let Some(user) = self.people.user_mut(user) {
            user.failures = 0;
        }
    }

    /// A guess was wrong: enough of them in a row lock the person.
    pub(super) fn fail(&mut self, now: Now, user: UserId) {
        let Some(user) = self.people.user_mut(user) else {
            return;
        };
        user.failures += 1;
        if user.failures == self.settings.lock_after {
            user.failures = 0;
            user.locked_until = now.clock + self.settings.lock_for;
        }
    }

    pub(super) fn sign_up(
        &mut self,
        now: Now,
        email: Email,
        org: Option<OrgId>,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let new = NewUser {
            has_password: true,
            ..NewUser::plain(email, org)
        };
        let user = self.add(now, new)?;
        self.log_in(now, user, duration, FACTORS)
    }

    pub(super) fn import_password(
        &mut self,
        now: Now,
        email: Email,
        org: Option<OrgId>,
        verified: bool,
    ) -> Result<ErrandReply, No> {
        let verified = verified || self.settings.vertical == Vertical::B2b;
        let scope = self.people.scope(org)?;
        let Some(user) = self.people.find(email, scope) else {
            let new = NewUser {
                has_password: true,
                verified,
                ..NewUser::plain(email, org)
            };
            let user = self.add(now, new)?;
            return Ok(ErrandReply::Imported {
                user,
                created: true,
            });
        };
        let row = self.known_mut(user)?;
        if row.has_password {
            return Err(no(Error::DuplicateEmail));
        }
        row.has_password = true;
        row.stale_password = false;
        row.verified |= verified;
        Ok(ErrandReply::Imported {
            user,
            created: false,
        })
    }

    pub(super) fn replace_password(
        &mut self,
        now: Now,
        email: Email,
        org: Option<OrgId>,
        proof: Proof,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let user = self.person(email, org)?;
        self.check_password(now, user, proof)?;
        self.revoke_all(now, user)?;
        self.log_in(now, user, duration, FACTORS)
    }

    /// Start and end of a reset in one: whoever reads the mail sets a new password, is unlocked,
    /// loses all sessions and gets a new one.
    pub(super) fn reset_password(
        &mut self,
        now: Now,
        email: Email,
        org: Option<OrgId>,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let user = self.person(email, org)?;
        self.set_password(user, email)?;
        self.revoke_all(now, user)?;
        self.log_in(now, user, duration, FACTORS)
    }

    /// Whoever reads the mail has proved the address, and is unlocked.
    fn set_password(&mut self, user: UserId, email: Email) -> Result<(), No> {
        let row = self.known_mut(user)?;
        row.by_sso_only &= row.email.mailbox != email.mailbox;
        row.has_password = true;
        row.stale_password = false;
        row.verified = true;
        row.failures = 0;
        row.locked_until = Timestamp::from_micros(i64::MIN);
        Ok(())
    }

    /// A new password on the strength of a session; the session itself lives on.
    pub(super) fn reset_by_session(
        &mut self,
        now: Now,
        session: u32,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        let live = self.sessions.live_mut(session, now.clock);
        let user = live.ok_or(no(Error::SessionNotFound))?.user;
        let newest = self
            .sessions
            .factors(session)
            .iter()
            .map(|it| it.last)
            .max();
        if newest.is_none_or(|newest| now.clock - newest > self.settings.fresh_factor) {
            return Err(no(Error::Rule(Rule::SessionTooOld)));
        }
        let by_sso = self.sessions.get(session);
        let by_sso = by_sso.is_some_and(|row| row.factors.without(Factor::Sso).is_empty());
        let row = self.known_mut(user)?;
        // Such a password rests on the word of the organization's provider alone.
        row.by_sso_only |= by_sso;
        row.has_password = true;
        row.stale_password = false;
        let newest = row.newest_session;
        self.ledger.revoked += self.sessions.revoke_others(newest, session, now.clock);
        self.authenticate(now, session, duration)
    }

    /// The password is good no longer until it is reset by mail (B2B `require_reset`).
    pub(super) fn require_reset(&mut self, user: UserId) -> Result<Reply, No> {
        let row = self.known_mut(user)?;
        row.stale_password = row.has_password;
        Ok(Reply::Done)
    }

    pub(super) fn finish_reset(
        &mut self,
        now: Now,
        token: LoginToken,
        duration: Option<Span>,
    ) -> Result<Reply, No> {
        // Whether somebody issued it or not is not told.
        let bearer = self.spend(now, token, Purpose::Reset).map_err(|refused| {
            if refused.error == Error::LoginTokenInvalid {
                no(Error::LoginTokenInvalid)
            } else {
                refused
            }
        })?;
        self.reset_password(now, bearer.email, bearer.org(), duration)
    }

    /// The first half of a flow: free if the second half has a chance, the whole call if not.
    pub(super) fn first_half(&mut self, stamp: Stamp, with: With, errand: &Errand) -> ErrandAnswer {
        let now = self.now(stamp.at);
        let (whole, token) = match *errand {
            Errand::StartReset { email, org, life } => {
                let expires = now.clock + life.unwrap_or(self.settings.reset_life);
                let bearer = Bearer::new(email, org).under(with);
                let token = self.person(email, org).map(|_| {
                    self.login_tokens
                        .issue(bearer, Purpose::Reset, expires, now.clock)
                });
                (
                    Call::ResetPassword {
                        email,
                        org,
                        duration: None,
                    },
                    token.ok(),
                )
            }
            Errand::SendSms(token) => {
                let live = self.intermediates.live(token, now.clock);
                let sent = live
                    .and_then(Intermediate::member)
                    .map(|_| LoginToken(token.0));
                (
                    Call::SecondFactor {
                        token,
                        proof: Proof::WrongCode,
                        duration: None,
                    },
                    sent,
                )
            }
            _ => return self.errand_with(stamp, with, errand),
        };
        match token {
            Some(token) => {
                let reply = ErrandReply::Reply(Reply::Mailed {
                    token,
                    created: false,
                });
                Answer {
                    outcome: Outcome::Served(reply),
                    took: Span::ZERO,
                }
            }
            None => self.run(stamp, whole.endpoint(), |project, now| {
                project.serve(now, &whole).map(ErrandReply::Reply)
            }),
        }
    }
}
