//! What a request asks of a provider: the call, shared with others, repeated, or held back by a breaker.

use cutover_mocks::auth0;
use cutover_mocks::stytch;
use cutover_mocks::time::Timestamp;

use super::flight::{FlightKey, Joined, Landing};
use super::flow::Flow;
use super::outcome::{self, Failure};
use super::ruling::Errand;
use crate::dice::Stream;
use crate::recorder::{FailureCause, Measure, Via};
use crate::rehearsal::Rehearsal;
use crate::rehearsal::agenda::Event;
use crate::rehearsal::calls::{CallKind, Purpose};
use crate::rehearsal::contract::{ProviderCall, Seen, Verifier};
use crate::rehearsal::jar::Jar;
use crate::scenario::app::SingleFlight;

impl<V: Verifier> Rehearsal<'_, V> {
    /// Asks a provider, or joins a request that is already asking the same.
    pub(super) fn ask(&mut self, flow: usize, errand: Errand) {
        self.flows[flow].errand = Some(errand);
        self.flows[flow].attempts = 0;
        self.flows[flow].sent = 0;
        let visit = self.flows[flow].visit;
        if let Some(key) = self.flight_key(flow) {
            match self.flights.join(key, flow, self.now) {
                Joined::Leads => {}
                Joined::Waits => return self.count(Measure::FlightsJoined, visit),
                Joined::Landed(landing) => {
                    self.count(Measure::FlightsJoined, visit);
                    return self.apply(flow, landing);
                }
            }
        }
        match errand {
            Errand::Refresh(_) => self.count(Measure::Refreshes, visit),
            Errand::Migrate => self.count(Measure::MigrationAttempts, visit),
            Errand::Renew => self.count(Measure::Renewals, visit),
            Errand::Create => {}
        }
        self.attempt(flow);
    }

    /// Whom a request's errand may be shared with; `None` if with nobody.
    pub(super) fn flight_key(&self, flow: usize) -> Option<FlightKey> {
        let Flow {
            visit,
            instance,
            jar,
            errand,
            ..
        } = self.flows[flow];
        let instance = match self.scenario.app.single_flight {
            SingleFlight::Off => return None,
            SingleFlight::PerInstance => Some(instance),
            SingleFlight::Shared => None,
        };
        let device = self.visits[visit].device;
        Some(FlightKey::new(device, errand?, instance, &jar))
    }

    /// One call of an errand goes out, unless a circuit breaker holds it back.
    fn attempt(&mut self, flow: usize) {
        let Flow {
            visit,
            instance,
            jar,
            errand,
            sent,
            ..
        } = self.flows[flow];
        let Some(errand) = errand else {
            return;
        };
        self.flows[flow].attempts += 1;
        let Some((kind, call)) = self.call_for(visit, errand, &jar) else {
            return self.land(flow, Landing::Failed(Failure::BREAKER));
        };
        let via = match call {
            ProviderCall::Auth0(_) => Via::Auth0,
            ProviderCall::Stytch(_) => Via::Stytch,
        };
        let resilience = &mut self.instances[usize::from(instance)].resilience;
        if !resilience.admits(&self.scenario.app, via, self.now) {
            self.count(Measure::BreakerRejections, visit);
            self.recorder.held_back(self.now);
            return self.failed(flow, Failure::BREAKER);
        }
        let again = sent > 0;
        resilience.sent(again);
        self.flows[flow].sent += 1;
        let measure = if again {
            Measure::Retries
        } else {
            Measure::LogicalCalls
        };
        self.count(measure, visit);
        if kind == CallKind::Migrate {
            self.count(Measure::MigrateCalls, visit);
        }
        let place = self.nth(visit, kind);
        self.send_for_visit(visit, place, Purpose::Flow(flow), call);
    }

    fn call_for(
        &self,
        visit: usize,
        errand: Errand,
        jar: &Jar,
    ) -> Option<(CallKind, ProviderCall)> {
        let app = &self.scenario.app;
        let state = &self.visits[visit];
        let org = self.organization(visit);
        let duration = Some(app.session_duration);
        Some(match errand {
            Errand::Refresh(token) => (
                CallKind::Refresh,
                ProviderCall::Auth0(auth0::Call::Refresh { token }),
            ),
            Errand::Migrate => {
                let token = jar.legacy?.access;
                (
                    CallKind::Migrate,
                    ProviderCall::Stytch(stytch::Call::Migrate {
                        token,
                        org,
                        duration,
                    }),
                )
            }
            Errand::Renew => {
                let token = jar.stytch?.token;
                let duration = app.extend_on_renewal.then_some(app.session_duration);
                (
                    CallKind::Renew,
                    ProviderCall::Stytch(stytch::Call::Authenticate { token, duration }),
                )
            }
            Errand::Create => {
                let email = state
                    .person
                    .legacy_email(self.population.person(state.person));
                (
                    CallKind::Create,
                    ProviderCall::Stytch(stytch::Call::CreateUser { email, org }),
                )
            }
        })
    }

    /// A provider has answered a request's errand.
    pub(in crate::rehearsal) fn flow_answered(
        &mut self,
        flow: usize,
        call: ProviderCall,
        seen: Seen,
    ) {
        let (via, answer) = match call {
            ProviderCall::Auth0(_) => (Via::Auth0, refreshed(seen)),
            ProviderCall::Stytch(call) => (Via::Stytch, done(&call, seen)),
        };
        let instance = usize::from(self.flows[flow].instance);
        let failed = answer.as_ref().is_err_and(|failure| failure.transient);
        self.instances[instance]
            .resilience
            .ended(&self.scenario.app, via, failed, self.now);
        match answer {
            Ok(landing) => self.land(flow, landing),
            Err(failure) => self.failed(flow, failure),
        }
    }

    /// A call of an errand has failed: again later, or no more.
    fn failed(&mut self, flow: usize, failure: Failure) {
        let Flow {
            visit,
            instance,
            attempts,
            ..
        } = self.flows[flow];
        match self.again_at(visit, usize::from(instance), attempts, failure) {
            Some(at) => self
                .agenda
                .add(at, self.whose(visit), Event::Retry(flow as u32)),
            None => self.land(flow, Landing::Failed(failure)),
        }
    }

    /// When an instance makes a failed call again, if its policy lets it.
    pub(in crate::rehearsal) fn again_at(
        &mut self,
        visit: usize,
        instance: usize,
        attempts: u8,
        failure: Failure,
    ) -> Option<Timestamp> {
        let state = &self.visits[visit];
        let place = u64::from(state.ordinal) << 24 | u64::from(state.calls.iter().sum::<u16>());
        let luck = self.dice.luck(Stream::Backoff, state.person.0, place);
        let app = &self.scenario.app;
        let resilience = &self.instances[instance].resilience;
        if !failure.transient {
            return None;
        }
        if resilience.has_spent(app) {
            self.recorder.held_back(self.now);
        }
        let wait = resilience.retry_after(app, attempts, luck)?;
        let asked = failure.retry_after.filter(|_| app.honour_retry_after);
        Some(self.now + asked.map_or(wait, |asked| asked.max(wait)))
    }

    /// A request's errand is tried again.
    pub(in crate::rehearsal) fn retry(&mut self, flow: usize) {
        self.attempt(flow);
    }
}

/// What the legacy provider's answer to a refresh means.
fn refreshed(seen: Seen) -> Result<Landing, Failure> {
    match outcome::auth0(seen) {
        Ok(auth0::Reply::Tokens(tokens)) => Ok(Landing::Refreshed(tokens)),
        Ok(_) => Err(Failure::UNEXPECTED),
        Err((failure, _)) => Err(failure),
    }
}

/// What Stytch's answer to an errand means.
fn done(call: &stytch::Call, seen: Seen) -> Result<Landing, Failure> {
    match outcome::stytch(seen) {
        Ok(stytch::Reply::Session(opened)) => Ok(Landing::Session(opened)),
        Ok(stytch::Reply::Created(_)) => Ok(Landing::Recorded { new: true }),
        // No person is there to type a code: for a migration this is a "no" for good.
        Ok(stytch::Reply::SecondFactorNeeded(_)) => Err(Failure::NEEDS_PERSON),
        Ok(_) => Err(Failure::UNEXPECTED),
        // Another request was faster, or an answer was lost: what was wanted is there.
        Err((_, Some(stytch::Error::DuplicateEmail)))
            if matches!(call, stytch::Call::CreateUser { .. }) =>
        {
            Ok(Landing::Recorded { new: false })
        }
        Err((failure, _)) => Err(failure),
    }
}

impl Failure {
    /// A second factor is asked for where no person is there to give it.
    const NEEDS_PERSON: Self = Self {
        cause: FailureCause::Refused,
        transient: false,
        ended: false,
        retry_after: None,
    };

    /// An answer of a kind that the call cannot have.
    const UNEXPECTED: Self = Self {
        cause: FailureCause::ServerError,
        transient: true,
        ended: false,
        retry_after: None,
    };
}
