//! Logging in, at either provider: what a person types, what is called, and what comes of it.

use cutover_mocks::auth0::{self, Challenge, Connection, Proof, Scopes};
use cutover_mocks::luck::{Luck, mix};
use cutover_mocks::stytch;
use cutover_mocks::time::Span;

use super::visit::Ending;
use crate::dice::Stream;
use crate::population::Method;
use crate::recorder::{FailureCause, IncidentKind, LockoutCause, Measure, Record, Via};
use crate::rehearsal::Rehearsal;
use crate::rehearsal::agenda::Event;
use crate::rehearsal::app::outcome::{self, Failure};
use crate::rehearsal::calls::{CallKind, Purpose};
use crate::rehearsal::contract::{ProviderCall, Seen, Verifier};
use crate::rehearsal::jar::{LegacyCookie, Standing, StytchCookie};

/// A login under way.
#[derive(Clone, Copy, Debug)]
pub(in crate::rehearsal) struct Login {
    pub(super) via: Via,
    pub(super) stage: Stage,
    /// Time that the providers took.
    spent: Span,
    challenge: Option<Challenge>,
}

/// What a login waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rehearsal) enum Stage {
    /// The provider.
    Provider(Step),
    /// The person, or their mail; then the call goes out.
    Person(Step, ProviderCall),
    /// A pause before another attempt.
    Again,
}

/// Which call of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rehearsal) enum Step {
    SignUp,
    Open,
    Submit,
    Exchange,
    ChangePassword,
    Password,
    SendLink,
    Link,
    Consent,
    Social,
    SecondFactor,
    Reset,
}

/// A session that a login hands out.
#[derive(Clone, Copy, Debug)]
pub(super) enum Credential {
    Legacy(LegacyCookie),
    Stytch(StytchCookie),
}

impl Login {
    pub(super) const fn new(via: Via) -> Self {
        Self {
            via,
            stage: Stage::Again,
            spent: Span::ZERO,
            challenge: None,
        }
    }
}

impl super::visit::Visit {
    /// A provider took this long for a step of the login.
    pub(in crate::rehearsal) fn login_spent(&mut self, took: Span) {
        if let Some(login) = &mut self.login {
            login.spent += took;
        }
    }

    /// Whether the sign-up of this visit is done, and a login follows.
    pub(super) fn signed_up(&self) -> bool {
        !self.signs_up
    }
}

impl<V: Verifier> Rehearsal<'_, V> {
    fn call_login(&mut self, visit: usize, step: Step, call: ProviderCall) {
        if let Some(login) = &mut self.visits[visit].login {
            login.stage = Stage::Provider(step);
        }
        self.count(Measure::LogicalCalls, visit);
        let place = self.nth(visit, CallKind::Login);
        self.send_for_visit(visit, place, Purpose::Login(visit), call);
    }

    /// A person types, or waits for mail; then a call goes out.
    fn type_login(&mut self, visit: usize, median: Span, step: Step, call: ProviderCall) {
        if let Some(login) = &mut self.visits[visit].login {
            login.stage = Stage::Person(step, call);
        }
        let at = self.now + self.visits[visit].shape.think_time(median);
        self.agenda.add(at, self.whose(visit), Event::Login(visit));
    }

    /// A person has typed, their mail has come, or a pause is over.
    pub(in crate::rehearsal) fn continue_login(&mut self, visit: usize) {
        match self.visits[visit].login.map(|login| login.stage) {
            Some(Stage::Person(step, call)) => self.call_login(visit, step, call),
            Some(Stage::Again) => self.again(visit),
            Some(Stage::Provider(_)) | None => {}
        }
    }

    pub(super) fn begin_sign_up(&mut self, visit: usize, via: Via) {
        let state = &self.visits[visit];
        let email = state
            .person
            .legacy_email(self.population.person(state.person));
        let (org, duration) = (
            self.organization(visit),
            Some(self.scenario.app.session_duration),
        );
        let call = match via {
            Via::Auth0 => ProviderCall::Auth0(auth0::Call::SignUp { email }),
            Via::Stytch => ProviderCall::Stytch(stytch::Call::SignUp {
                email,
                org,
                duration,
            }),
        };
        self.type_login(
            visit,
            self.scenario.population.reaction.login_time,
            Step::SignUp,
            call,
        );
    }

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

    /// Whether the person of this visit has forgotten their password, and not yet reset it.
    fn forgets(&self, visit: usize) -> bool {
        let state = &self.visits[visit];
        let luck = self
            .dice
            .luck(Stream::Reaction, state.person.0, u64::from(state.ordinal))
            .split(3);
        self.scenario
            .population
            .reaction
            .forgets_password
            .falls(luck)
            && !state.knows_password
    }

    /// The provider has answered a step of a login.
    pub(in crate::rehearsal) fn login_answered(&mut self, visit: usize, seen: Seen) {
        let Some(Stage::Provider(step)) = self.visits[visit].login.map(|login| login.stage) else {
            return;
        };
        match self.visits[visit].login.map(|login| login.via) {
            Some(Via::Auth0) => match outcome::auth0(seen) {
                Ok(reply) => self.legacy_login_served(visit, reply),
                Err((failure, error)) => self.legacy_login_failed(visit, step, failure, error),
            },
            Some(Via::Stytch) => match outcome::stytch(seen) {
                Ok(reply) => self.stytch_login_served(visit, step, reply),
                Err((failure, error)) => self.stytch_login_failed(visit, step, failure, error),
            },
            None => {}
        }
    }

    fn legacy_login_served(&mut self, visit: usize, reply: auth0::Reply) {
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
                self.count(Measure::SignUps, visit);
                self.visits[visit].signs_up = false;
                self.mirror_sign_up(visit, Via::Auth0);
                self.open_legacy_login(visit);
            }
            // The mail with the reset link has gone out: the person sets a new password and logs in.
            auth0::Reply::Done => {
                self.count(Measure::PasswordResets, visit);
                self.visits[visit].knows_password = true;
                self.pause_then_open(visit);
            }
            auth0::Reply::UserInfo(_) | auth0::Reply::Keys(_) => {
                self.try_again(visit, LockoutCause::ProviderFailed)
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
        self.agenda.add(at, self.whose(visit), Event::Login(visit));
    }

    fn legacy_login_failed(
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
            Some(auth0::Error::UserExists) => self.locked_out(visit, LockoutCause::AddressDiffers),
            Some(
                auth0::Error::TooManyAttempts
                | auth0::Error::SuspiciousAddress
                | auth0::Error::RateLimited,
            ) => self.try_again(visit, LockoutCause::Throttled),
            Some(auth0::Error::Blocked) => self.locked_out(visit, LockoutCause::Throttled),
            _ => self.try_again(visit, cause_of(failure)),
        }
    }

    fn stytch_login_served(&mut self, visit: usize, step: Step, reply: stytch::Reply) {
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
                if step == Step::SignUp {
                    self.count(Measure::SignUps, visit);
                    self.visits[visit].signs_up = false;
                    self.mirror_sign_up(visit, Via::Stytch);
                }
                self.logged_in(visit, Via::Stytch, Credential::Stytch(opened.into()));
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

    fn stytch_login_failed(
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
                self.reset_or_give_up(visit, Via::Stytch)
            }
            Some(stytch::Error::UserLocked | stytch::Error::RateLimited) => {
                self.try_again(visit, LockoutCause::Throttled);
            }
            // They have an account: at the next attempt they log in.
            Some(stytch::Error::DuplicateEmail) if step == Step::SignUp => {
                self.visits[visit].signs_up = false;
                self.try_again(visit, LockoutCause::ProviderFailed);
            }
            Some(stytch::Error::NotAllowed) => self.locked_out(visit, LockoutCause::ProviderFailed),
            _ => self.try_again(visit, cause_of(failure)),
        }
    }

    /// A person without a password that works resets it, or gives up.
    fn reset_or_give_up(&mut self, visit: usize, via: Via) {
        let state = &self.visits[visit];
        let email = state
            .person
            .legacy_email(self.population.person(state.person));
        let (org, duration) = (
            self.organization(visit),
            Some(self.scenario.app.session_duration),
        );
        let luck = self
            .dice
            .luck(Stream::Reaction, state.person.0, u64::from(state.ordinal))
            .split(4);
        let reaction = &self.scenario.population.reaction;
        if reaction.gives_up_reset.falls(luck) {
            let device = &mut self.devices[state.device.0 as usize];
            if let Standing::Out(out) = &mut device.standing {
                out.returns = true;
            }
            return self.end_visit(visit, Ending::Abandoned);
        }
        match via {
            Via::Auth0 => {
                let call = ProviderCall::Auth0(auth0::Call::ChangePassword { email });
                self.call_login(visit, Step::ChangePassword, call);
            }
            Via::Stytch => {
                let call = ProviderCall::Stytch(stytch::Call::ResetPassword {
                    email,
                    org,
                    duration,
                });
                self.type_login(visit, reaction.mail_time, Step::Reset, call);
            }
        }
    }

    /// A session is open.
    fn logged_in(&mut self, visit: usize, via: Via, credential: Credential) {
        self.progress.logins += 1;
        self.count(Measure::Logins, visit);
        self.incident(visit, IncidentKind::LoggedIn(via));
        let spent = self.visits[visit]
            .login
            .take()
            .map_or(Span::ZERO, |login| login.spent);
        self.note_login_time(spent);
        self.set_credential(visit, credential);
        let state = &self.visits[visit];
        if !state.shape.private {
            let device = &mut self.devices[state.device.0 as usize];
            device.lock = None;
            let was_forced = matches!(device.standing, Standing::Out(out) if out.forced);
            device.standing = Standing::Expected;
            if was_forced {
                self.count(Measure::Relogins, visit);
            }
        }
        self.agenda
            .add(self.now, self.whose(visit), Event::Page(visit));
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

    /// An application that keeps both sides in step creates each new person on the other side too.
    fn mirror_sign_up(&mut self, visit: usize, signed_up_at: Via) {
        if !self.scenario.app.mirror_signups || self.plan.is_none() {
            return;
        }
        let state = &self.visits[visit];
        let email = state
            .person
            .legacy_email(self.population.person(state.person));
        let call = match signed_up_at {
            Via::Stytch => ProviderCall::Auth0(auth0::Call::CreateUser {
                email,
                connection: Connection::Database,
                verified: true,
            }),
            Via::Auth0 => ProviderCall::Stytch(stytch::Call::CreateUser {
                email,
                org: self.organization(visit),
            }),
        };
        self.send_errand(visit, call);
    }

    /// A person clicks on "log out": both sides end what they can end.
    pub(in crate::rehearsal) fn log_out(&mut self, visit: usize) {
        let jar = self.jar(visit);
        self.count(Measure::VoluntaryLogouts, visit);
        self.devices[self.visits[visit].device.0 as usize].left_at = Some(self.now);
        if let Some(cookie) = jar.stytch {
            self.send_errand(
                visit,
                ProviderCall::Stytch(stytch::Call::Revoke {
                    token: cookie.token,
                }),
            );
        }
        if let Some(token) = jar.legacy.and_then(|cookie| cookie.refresh) {
            self.send_errand(visit, ProviderCall::Auth0(auth0::Call::Revoke { token }));
        }
        self.clear_cookies(visit);
        self.end_visit(visit, Ending::Done);
    }
}

/// Why a person cannot log in after failures that might have passed.
const fn cause_of(failure: Failure) -> LockoutCause {
    match failure.cause {
        FailureCause::RateLimited => LockoutCause::Throttled,
        _ => LockoutCause::ProviderFailed,
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
