//! Logging in at the legacy provider: its login page, the code, the tokens.

use cutover_mocks::auth0::{self, Challenge, Connection, Proof, Scopes};
use cutover_mocks::luck::{Luck, mix};

use super::login::{Credential, Stage, Step, cause_of};
use crate::dice::Stream;
use crate::population::Method;
use crate::recorder::{LockoutCause, Measure, Via};
use crate::rehearsal::Rehearsal;
use crate::rehearsal::agenda::Event;
use crate::rehearsal::app::outcome::Failure;
use crate::rehearsal::contract::{ProviderCall, Verifier};
use crate::rehearsal::jar::LegacyCookie;

impl<V: Verifier> Rehearsal<'_, V> {
    pub(super) fn open_legacy_login(&mut self, visit: usize) {
        let state = &self.visits[visit];
        let person = self.population.person(state.person);
        let place = u64::from(state.ordinal) << 8 | u64::from(state.attempts);
        let challenge = challenge(
            self.dice
                .luck(Stream::Reaction, state.person.0, place << 1 | 1),
        );
        let connection = match person.method {
            Method::Password => Connection::Database,
            Method::Email => Connection::Email,
            Method::Social => Connection::Google,
        };
        let call = auth0::Call::Authorize {
            connection,
            hint: Some(state.person.legacy_email(person)),
            silent: false,
            scopes: Scopes {
                openid: true,
                profile: true,
                email: true,
                offline: true,
            },
            api: true,
            challenge: Some(challenge),
            sso: None,
        };
        if let Some(login) = &mut self.visits[visit].login {
            login.challenge = Some(challenge);
        }
        self.call_login(visit, Step::Open, ProviderCall::Auth0(call));
    }

    pub(super) fn legacy_login_served(&mut self, visit: usize, reply: auth0::Reply) {
        let state = &self.visits[visit];
        let person = self.population.person(state.person);
        let email = state.person.legacy_email(person);
        let reaction = &self.scenario.population.reaction;
        match reply {
            auth0::Reply::LoginPage(transaction) => {
                let (proof, wait) = match person.method {
                    Method::Email => (Proof::RightCode, reaction.mail_time),
                    Method::Password | Method::Social if self.forgets(visit) => {
                        (Proof::WrongPassword, reaction.login_time)
                    }
                    Method::Password | Method::Social => {
                        (Proof::RightPassword, reaction.login_time)
                    }
                };
                let call = ProviderCall::Auth0(auth0::Call::SubmitLogin {
                    transaction,
                    email,
                    proof,
                });
                self.type_login(visit, wait, Step::Submit, call);
            }
            auth0::Reply::Code { code, .. } => {
                let verifier = state.login.and_then(|login| login.challenge);
                let call = ProviderCall::Auth0(auth0::Call::ExchangeCode { code, verifier });
                self.call_login(visit, Step::Exchange, call);
            }
            auth0::Reply::Tokens(tokens) => {
                self.logged_in(
                    visit,
                    Via::Auth0,
                    Credential::Legacy(LegacyCookie::opened(tokens, self.now)),
                );
            }
            auth0::Reply::Created(_) => {
                self.signed_up(visit, Via::Auth0);
                self.open_legacy_login(visit);
            }
            // The mail with the reset link has gone out: the person sets a new password and logs in.
            auth0::Reply::Done => {
                self.count(Measure::PasswordResets, visit);
                self.visits[visit].knows_password = true;
                self.pause_then_open(visit);
            }
            auth0::Reply::UserInfo(_) | auth0::Reply::Keys(_) => {
                self.try_again(visit, LockoutCause::ProviderFailed);
            }
        }
    }

    /// Mail takes its time; then the login is opened anew.
    fn pause_then_open(&mut self, visit: usize) {
        if let Some(login) = &mut self.visits[visit].login {
            login.stage = Stage::Again;
        }
        let median = self.scenario.population.reaction.mail_time;
        let at = self.now + self.visits[visit].shape.think_time(median);
        self.agenda
            .add(at, self.whose(visit), Event::Login(visit as u32));
    }

    pub(super) fn legacy_login_failed(
        &mut self,
        visit: usize,
        step: Step,
        failure: Failure,
        error: Option<auth0::Error>,
    ) {
        match error {
            Some(auth0::Error::WrongPassword | auth0::Error::WrongCode) if step == Step::Submit => {
                if self.forgets(visit) {
                    return self.reset_or_give_up(visit, Via::Auth0);
                }
                self.locked_out(visit, LockoutCause::NoLegacyRecord);
            }
            Some(auth0::Error::UserExists) => {
                self.has_account(visit);
                self.begin_login(visit);
            }
            Some(
                auth0::Error::TooManyAttempts
                | auth0::Error::SuspiciousAddress
                | auth0::Error::RateLimited,
            ) => self.try_again(visit, LockoutCause::Throttled),
            Some(auth0::Error::Blocked) => self.locked_out(visit, LockoutCause::Throttled),
            _ => self.try_again(visit, cause_of(failure)),
        }
    }
}

/// A PKCE challenge from luck: opaque to the core, text on the wire.
fn challenge(luck: Luck) -> Challenge {
    let mut bytes = [0; 32];
    for (number, chunk) in bytes.chunks_exact_mut(8).enumerate() {
        chunk.copy_from_slice(&mix(luck.0.wrapping_add(number as u64)).to_le_bytes());
    }
    Challenge(bytes)
}
