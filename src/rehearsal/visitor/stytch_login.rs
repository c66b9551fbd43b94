//! Logging in at Stytch: password, mailed link or social login, and a second factor where one is asked for.

use cutover_mocks::auth0::Proof;
use cutover_mocks::stytch;

use super::login::{Credential, Step, cause_of};
use crate::population::Method;
use crate::recorder::{IncidentKind, LockoutCause, Measure, Record, Via};
use crate::rehearsal::Rehearsal;
use crate::rehearsal::app::outcome::Failure;
use crate::rehearsal::contract::{ProviderCall, Verifier};
use crate::rehearsal::jar::StytchCookie;

impl<V: Verifier> Rehearsal<'_, V> {
    pub(super) fn open_stytch_login(&mut self, visit: usize) {
        let state = &self.visits[visit];
        let person = self.population.person(state.person);
        let (email, org) = (state.person.legacy_email(person), self.organization(visit));
        let reaction = &self.scenario.population.reaction;
        match person.method {
            Method::Password => {
                let call = self.password_call(visit, !self.forgets(visit));
                self.type_login(visit, reaction.login_time, Step::Password, call);
            }
            Method::Email => {
                let call = ProviderCall::Stytch(stytch::Call::SendMagicLink { email, org });
                self.type_login(visit, reaction.login_time, Step::SendLink, call);
            }
            Method::Social => {
                self.call_login(
                    visit,
                    Step::Consent,
                    ProviderCall::Stytch(stytch::Call::StartOAuth { email, org }),
                );
            }
        }
    }

    fn password_call(&self, visit: usize, right: bool) -> ProviderCall {
        let state = &self.visits[visit];
        ProviderCall::Stytch(stytch::Call::Password {
            email: state
                .person
                .legacy_email(self.population.person(state.person)),
            org: self.organization(visit),
            proof: if right {
                Proof::RightPassword
            } else {
                Proof::WrongPassword
            },
            duration: Some(self.scenario.app.session_duration),
        })
    }

    pub(super) fn stytch_login_served(&mut self, visit: usize, step: Step, reply: stytch::Reply) {
        if step == Step::SignUp {
            self.signed_up(visit, Via::Stytch);
        }
        if step == Step::Reset {
            // The new password holds, whether or not a second factor is still to come.
            self.visits[visit].knows_password = true;
            self.resets.insert(self.visits[visit].person, self.now);
            self.count(Measure::PasswordResets, visit);
        }
        let duration = Some(self.scenario.app.session_duration);
        let reaction = &self.scenario.population.reaction;
        match reply {
            stytch::Reply::Session(opened) => {
                self.logged_in(
                    visit,
                    Via::Stytch,
                    Credential::Stytch(StytchCookie::opened(opened, self.now)),
                );
            }
            stytch::Reply::SecondFactorNeeded(token) => {
                let proof = Proof::RightCode;
                let call = ProviderCall::Stytch(stytch::Call::SecondFactor {
                    token,
                    proof,
                    duration,
                });
                self.type_login(visit, reaction.login_time, Step::SecondFactor, call);
            }
            stytch::Reply::Mailed { token, created } => {
                if created {
                    self.note_created_at_login(visit);
                }
                if step == Step::Consent {
                    let call = ProviderCall::Stytch(stytch::Call::OAuth { token, duration });
                    self.call_login(visit, Step::Social, call);
                } else {
                    let call = ProviderCall::Stytch(stytch::Call::MagicLink { token, duration });
                    self.type_login(visit, reaction.mail_time, Step::Link, call);
                }
            }
            stytch::Reply::NoSession(_)
            | stytch::Reply::Created(_)
            | stytch::Reply::Keys(_)
            | stytch::Reply::Done => self.try_again(visit, LockoutCause::ProviderFailed),
        }
    }

    pub(super) fn stytch_login_failed(
        &mut self,
        visit: usize,
        step: Step,
        failure: Failure,
        error: Option<stytch::Error>,
    ) {
        let person = self.population.person(self.visits[visit].person);
        match error {
            Some(stytch::Error::EmailNotFound | stytch::Error::UserNotFound) => {
                let cause = if person.record == Record::OtherAddress {
                    LockoutCause::AddressDiffers
                } else {
                    LockoutCause::NotImported
                };
                self.locked_out(visit, cause);
            }
            Some(stytch::Error::OrganizationNotFound) => {
                self.locked_out(visit, LockoutCause::OrganizationNotMapped);
            }
            Some(stytch::Error::NoPassword) => self.reset_or_give_up(visit, Via::Stytch),
            Some(stytch::Error::WrongPassword) if self.forgets(visit) => {
                self.reset_or_give_up(visit, Via::Stytch);
            }
            Some(stytch::Error::UserLocked | stytch::Error::RateLimited) => {
                self.try_again(visit, LockoutCause::Throttled);
            }
            Some(stytch::Error::DuplicateEmail) if step == Step::SignUp => {
                self.has_account(visit);
                self.begin_login(visit);
            }
            Some(stytch::Error::NotAllowed) => self.locked_out(visit, LockoutCause::ProviderFailed),
            _ => self.try_again(visit, cause_of(failure)),
        }
    }

    /// A login created a record: a first one, or a second one for a person who had one.
    fn note_created_at_login(&mut self, visit: usize) {
        let person = self.population.person(self.visits[visit].person);
        if person.record.is_imported() {
            self.note_duplicate(visit);
        } else {
            self.count(Measure::CreatedAccounts, visit);
            self.incident(visit, IncidentKind::CreatedAccount);
        }
    }

    /// A second record was made for a person who had one.
    pub(in crate::rehearsal) fn note_duplicate(&mut self, visit: usize) {
        self.count(Measure::DuplicateAccounts, visit);
        self.incident(visit, IncidentKind::DuplicateAccount);
    }
}
