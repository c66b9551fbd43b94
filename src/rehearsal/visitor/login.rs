//! Logging in, at either provider: what a person types, what is called, and what comes of it.

use cutover_mocks::auth0::{self, Challenge};
use cutover_mocks::stytch;
use cutover_mocks::time::Span;

use super::visit::Ending;
use crate::dice::Stream;
use crate::recorder::{FailureCause, IncidentKind, LockoutCause, Measure, Via};
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
    /// The call under way, and how often it has been tried.
    call: Option<ProviderCall>,
    tries: u8,
    pub(super) challenge: Option<Challenge>,
}

/// What a login waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rehearsal) enum Stage {
    /// The provider.
    Provider(Step),
    /// The person, or their mail; then the call goes out.
    Person(Step, ProviderCall),
    /// The application's back-off; then the same call goes out once more.
    Backoff(Step, ProviderCall),
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
            call: None,
            tries: 0,
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
}

impl<V: Verifier> Rehearsal<'_, V> {
    /// A step's call goes out.
    pub(super) fn call_login(&mut self, visit: usize, step: Step, call: ProviderCall) {
        if let Some(login) = &mut self.visits[visit].login {
            login.tries = 0;
        }
        self.send_login(visit, step, call);
    }

    /// A step's call goes out, for the first time or once more, unless a circuit breaker of the
    /// application holds it back.
    fn send_login(&mut self, visit: usize, step: Step, call: ProviderCall) {
        let mut again = false;
        if let Some(login) = &mut self.visits[visit].login {
            again = login.tries > 0;
            login.stage = Stage::Provider(step);
            login.call = Some(call);
            login.tries = login.tries.saturating_add(1);
        }
        if !call.is_from_browser() {
            let instance = usize::from(self.balance(visit, 0));
            let resilience = &mut self.instances[instance].resilience;
            if !resilience.admits(&self.scenario.app, call.provider(), self.now) {
                self.count(Measure::BreakerRejections, visit);
                self.recorder.held_back(self.now);
                return self.try_again(visit, LockoutCause::ProviderFailed);
            }
            resilience.sent(again);
        }
        let measure = if again {
            Measure::Retries
        } else {
            Measure::LogicalCalls
        };
        self.count(measure, visit);
        let place = self.nth(visit, CallKind::Login);
        self.send_for_visit(visit, place, Purpose::Login(visit), call);
    }

    /// The application tries its own calls again where its policy says so; what a browser asked for
    /// is the person's to try again. Says whether it does.
    fn backs_off(&mut self, visit: usize, step: Step, failure: Option<Failure>) -> bool {
        let Some((call, tries)) = self.visits[visit]
            .login
            .and_then(|login| Some((login.call?, login.tries)))
            .filter(|(call, _)| !call.is_from_browser())
        else {
            return false;
        };
        let instance = usize::from(self.balance(visit, 0));
        let failed = failure.is_some_and(|failure| failure.transient);
        let app = &self.scenario.app;
        let resilience = &mut self.instances[instance].resilience;
        resilience.ended(app, call.provider(), failed, self.now);
        let Some(failure) = failure.filter(|failure| failure.transient) else {
            return false;
        };
        let Some(at) = self.again_at(visit, instance, tries, failure) else {
            return false;
        };
        if let Some(login) = &mut self.visits[visit].login {
            login.stage = Stage::Backoff(step, call);
        }
        self.agenda
            .add(at, self.whose(visit), Event::Login(visit as u32));
        true
    }

    /// A person types, or waits for mail; then a call goes out.
    pub(super) fn type_login(
        &mut self,
        visit: usize,
        median: Span,
        step: Step,
        call: ProviderCall,
    ) {
        if let Some(login) = &mut self.visits[visit].login {
            login.stage = Stage::Person(step, call);
        }
        let at = self.now + self.visits[visit].shape.think_time(median);
        self.agenda
            .add(at, self.whose(visit), Event::Login(visit as u32));
    }

    /// A person has typed, their mail has come, or a pause is over.
    pub(in crate::rehearsal) fn continue_login(&mut self, visit: usize) {
        match self.visits[visit].login.map(|login| login.stage) {
            Some(Stage::Person(step, call)) => self.call_login(visit, step, call),
            Some(Stage::Backoff(step, call)) => self.send_login(visit, step, call),
            Some(Stage::Again) => self.again(visit),
            Some(Stage::Provider(_)) | None => {}
        }
    }

    /// Whether the person of this visit has forgotten their password, and not yet reset it.
    pub(super) fn forgets(&self, visit: usize) -> bool {
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
            Some(Via::Auth0) => {
                let answer = outcome::auth0(seen);
                let failure = answer.as_ref().err().map(|(failure, _)| *failure);
                if self.backs_off(visit, step, failure) {
                    return;
                }
                match answer {
                    Ok(reply) => self.legacy_login_served(visit, reply),
                    Err((failure, error)) => self.legacy_login_failed(visit, step, failure, error),
                }
            }
            Some(Via::Stytch) => {
                let answer = outcome::stytch(seen);
                let failure = answer.as_ref().err().map(|(failure, _)| *failure);
                if self.backs_off(visit, step, failure) {
                    return;
                }
                match answer {
                    Ok(reply) => self.stytch_login_served(visit, step, reply),
                    Err((failure, error)) => self.stytch_login_failed(visit, step, failure, error),
                }
            }
            None => {}
        }
    }

    /// A person without a password that works resets it, or gives up.
    pub(super) fn reset_or_give_up(&mut self, visit: usize, via: Via) {
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
    pub(super) fn logged_in(&mut self, visit: usize, via: Via, credential: Credential) {
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
            device.last_login = self.now;
            let was_forced = matches!(device.standing, Standing::Out(out) if out.forced);
            device.standing = Standing::Expected;
            self.locks.remove(&state.device);
            if was_forced {
                self.count(Measure::Relogins, visit);
            }
        }
        self.agenda
            .add(self.now, self.whose(visit), Event::Page(visit as u32));
    }
}

/// Why a person cannot log in after failures that might have passed.
pub(super) const fn cause_of(failure: Failure) -> LockoutCause {
    match failure.cause {
        FailureCause::RateLimited => LockoutCause::Throttled,
        _ => LockoutCause::ProviderFailed,
    }
}
