//! A request on its way through the middleware: rulings, flights shared with other requests, retries.

use std::collections::VecDeque;

use cutover_mocks::auth0;
use cutover_mocks::stytch;
use cutover_mocks::time::{Span, Timestamp};
use rustc_hash::FxHashMap;

use super::outcome::{self, Failure};
use super::ruling::{Case, Errand, Past, Ruling};
use crate::dice::Stream;
use crate::population::DeviceId;
use crate::recorder::{FailureCause, IncidentKind, LogoutCause, Measure, Record, Via};
use crate::rehearsal::Rehearsal;
use crate::rehearsal::agenda::Event;
use crate::rehearsal::calls::{CallKind, Purpose};
use crate::rehearsal::contract::{ProviderCall, Seen, Verifier};
use crate::rehearsal::jar::{Jar, StytchCookie};
use crate::rehearsal::visitor::cookies::Admitted;
use crate::rehearsal::visitor::visit::Answered;
use crate::scenario::app::SingleFlight;

/// A request under way.
#[derive(Clone, Copy, Debug)]
pub(in crate::rehearsal) struct Flow {
    pub(in crate::rehearsal) visit: usize,
    instance: u16,
    jar: Jar,
    past: Past,
    errand: Option<Errand>,
    /// Times that the errand was tried, and calls that went out for it: a breaker may hold some back.
    attempts: u8,
    sent: u8,
    /// Not earlier than this may anything happen to it.
    since: Timestamp,
}

/// Which requests may share a provider call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::rehearsal) struct FlightKey {
    device: DeviceId,
    kind: Kind,
    instance: Option<u16>,
    jar: CredentialKey,
}

/// The kind of a shared call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Refresh,
    Migrate,
    Renew,
    Create,
}

/// Tells presented credentials apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct CredentialKey(
    Option<auth0::RefreshToken>,
    Option<auth0::AccessToken>,
    Option<stytch::SessionJwt>,
);

/// Provider calls that several requests share.
#[derive(Debug, Default)]
pub(in crate::rehearsal) struct Flights {
    /// Under way: the requests that wait.
    flying: FxHashMap<FlightKey, Vec<usize>>,
    /// Landed a moment ago, for requests that set out before it did and ask only now.
    landed: FxHashMap<FlightKey, Landing>,
    /// The same, in order of time.
    forget: VecDeque<(Timestamp, FlightKey)>,
}

/// The result of a shared call can be read for this long, as from the store that holds its lock.
const FLIGHT_MEMORY: Span = Span::from_secs(10);

impl Flights {
    fn land(&mut self, key: FlightKey, landing: Landing, now: Timestamp) -> Vec<usize> {
        while let Some((_, old)) = self
            .forget
            .pop_front_if(|(at, _)| *at + FLIGHT_MEMORY < now)
        {
            self.landed.remove(&old);
        }
        if !matches!(landing, Landing::Failed(_)) {
            self.landed.insert(key, landing);
            self.forget.push_back((now, key));
        }
        self.flying.remove(&key).unwrap_or_default()
    }
}

/// How an errand ended.
#[derive(Clone, Copy, Debug)]
enum Landing {
    Refreshed(auth0::Tokens),
    Session(stytch::Opened),
    Created,
    Failed(Failure),
}

impl<V: Verifier> Rehearsal<'_, V> {
    /// A request of a page load reaches the application.
    pub(in crate::rehearsal) fn send_request(&mut self, visit: usize, number: u8) {
        let instance = self.balance(visit, number);
        let flow = self.flows.insert(Flow {
            visit,
            instance,
            jar: self.jar(visit),
            past: Past::default(),
            errand: None,
            attempts: 0,
            sent: 0,
            since: self.now,
        });
        self.note_presented(visit, instance);
        self.consider(flow);
    }

    /// Which instance a request meets.
    pub(in crate::rehearsal) fn balance(&self, visit: usize, number: u8) -> u16 {
        let state = &self.visits[visit];
        let place = u64::from(state.ordinal) << 24
            | u64::from(state.page_number()) << 8
            | u64::from(number);
        self.dice
            .luck(Stream::Balance, state.person.0, place)
            .below(self.instances.len() as u64) as u16
    }

    /// What an instance decides about a request of a visit, from what it knows at a time.
    pub(in crate::rehearsal) fn rule(
        &mut self,
        visit: usize,
        instance: u16,
        jar: &Jar,
        past: Past,
        now: Timestamp,
    ) -> Ruling {
        let mode = self.mode(visit, instance, jar.presents(), now);
        let app = &self.scenario.app;
        let [auth0, stytch] = &self.instances[usize::from(instance)].keys;
        let (auth0, stytch) = (auth0.at(app, now), stytch.at(app, now));
        let state = &self.visits[visit];
        let case = Case {
            mode,
            verify: app.verify,
            on_migrate_failure: app.on_migrate_failure,
            create_missing: app.create_missing,
            jar,
            auth0,
            stytch,
            old_app: now < self.population.device(state.device).updated,
            organization_mapped: state
                .shape
                .organization
                .map(|org| self.starting.organization(org).is_some()),
            by_flag: self.plan.rolling().is_some(),
            rolled_back: self.plan.rolled_back_at().is_some_and(|at| now >= at),
            past,
            now,
        };
        case.rule(&mut self.verifier)
    }

    /// Decides about a request, and does what was decided.
    pub(in crate::rehearsal) fn consider(&mut self, flow: usize) {
        let Flow {
            visit,
            instance,
            jar,
            past,
            ..
        } = self.flows[flow];
        match self.rule(visit, instance, &jar, past, self.now) {
            Ruling::Admit(via) => self.finish_flow(flow, Answered::Data(via)),
            Ruling::Refuse(cause) => self.finish_flow(flow, Answered::LoginPage(cause)),
            Ruling::NeedKeys(via) => {
                self.flows[flow].past.waited_for_keys[via as usize] = true;
                self.agenda.hold(self.whose(visit));
                if self.instances[usize::from(instance)].keys[via as usize].wait(flow, self.now) {
                    self.send_for_keys(instance, via);
                }
            }
            Ruling::Ask(errand) => self.ask(flow, errand),
        }
    }

    /// An instance's keys have come, or not: those who waited go on.
    pub(in crate::rehearsal) fn keys_answered(&mut self, instance: u16, via: Via, seen: Seen) {
        let keys = match via {
            Via::Auth0 => match outcome::auth0(seen) {
                Ok(auth0::Reply::Keys(keys)) => Some(keys),
                Ok(_) | Err(_) => None,
            },
            Via::Stytch => match outcome::stytch(seen) {
                Ok(stytch::Reply::Keys(keys)) => Some(keys),
                Ok(_) | Err(_) => None,
            },
        };
        let waited =
            self.instances[usize::from(instance)].keys[via as usize].fetched(keys, self.now);
        for flow in waited {
            let Flow { visit, since, .. } = self.flows[flow];
            let whose = self.whose(visit);
            self.agenda
                .add(self.now.max(since), whose, Event::Resume(flow));
            self.agenda.release(whose);
        }
    }

    /// A request that waited for keys goes on; without any it cannot be answered.
    pub(in crate::rehearsal) fn resume(&mut self, flow: usize) {
        let Flow {
            visit,
            instance,
            jar,
            past,
            ..
        } = self.flows[flow];
        match self.rule(visit, instance, &jar, past, self.now) {
            Ruling::NeedKeys(via) if past.waited_for_keys[via as usize] => {
                self.finish_flow(flow, Answered::Error)
            }
            _ => self.consider(flow),
        }
    }

    /// Asks a provider, or joins a request that is already asking the same.
    fn ask(&mut self, flow: usize, errand: Errand) {
        self.flows[flow].errand = Some(errand);
        self.flows[flow].attempts = 0;
        self.flows[flow].sent = 0;
        if let Some(key) = self.flight_key(flow) {
            let visit = self.flows[flow].visit;
            if let Some(landing) = self.flights.landed.get(&key).copied() {
                self.count(Measure::FlightsJoined, visit);
                return self.apply(flow, landing);
            }
            if let Some(waiting) = self.flights.flying.get_mut(&key) {
                waiting.push(flow);
                self.count(Measure::FlightsJoined, visit);
                return;
            }
            self.flights.flying.insert(key, Vec::new());
        }
        let visit = self.flows[flow].visit;
        match errand {
            Errand::Refresh(_) => self.count(Measure::Refreshes, visit),
            Errand::Migrate => self.count(Measure::MigrationAttempts, visit),
            Errand::Renew => self.count(Measure::Renewals, visit),
            Errand::Create => {}
        }
        self.attempt(flow);
    }

    fn flight_key(&self, flow: usize) -> Option<FlightKey> {
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
        let kind = match errand? {
            Errand::Refresh(_) => Kind::Refresh,
            Errand::Migrate => Kind::Migrate,
            Errand::Renew => Kind::Renew,
            Errand::Create => Kind::Create,
        };
        let credential = CredentialKey(
            jar.legacy.and_then(|cookie| cookie.refresh),
            jar.legacy.map(|cookie| cookie.access),
            jar.stytch.map(|cookie| cookie.jwt),
        );
        Some(FlightKey {
            device: self.visits[visit].device,
            kind,
            instance,
            jar: credential,
        })
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
            ProviderCall::Auth0(_) => (
                Via::Auth0,
                match outcome::auth0(seen) {
                    Ok(auth0::Reply::Tokens(tokens)) => Ok(Landing::Refreshed(tokens)),
                    Ok(_) => Err(Failure::UNEXPECTED),
                    Err((failure, _)) => Err(failure),
                },
            ),
            ProviderCall::Stytch(_) => (
                Via::Stytch,
                match outcome::stytch(seen) {
                    Ok(stytch::Reply::Session(opened)) => Ok(Landing::Session(opened)),
                    Ok(stytch::Reply::Created(_)) => Ok(Landing::Created),
                    Ok(_) => Err(Failure::UNEXPECTED),
                    Err((failure, _)) => Err(failure),
                },
            ),
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
        let state = &self.visits[visit];
        let place = u64::from(state.ordinal) << 24 | u64::from(state.calls.iter().sum::<u16>());
        let luck = self.dice.luck(Stream::Backoff, state.person.0, place);
        let resilience = &self.instances[usize::from(instance)].resilience;
        let wait = failure
            .transient
            .then(|| resilience.retry_after(&self.scenario.app, attempts, luck))
            .flatten();
        match wait {
            Some(wait) => {
                let asked = failure
                    .retry_after
                    .filter(|_| self.scenario.app.honour_retry_after);
                let at = self.now + asked.map_or(wait, |asked| asked.max(wait));
                self.agenda.add(at, self.whose(visit), Event::Retry(flow));
            }
            None => self.land(flow, Landing::Failed(failure)),
        }
    }

    /// A request's errand is tried again.
    pub(in crate::rehearsal) fn retry(&mut self, flow: usize) {
        self.attempt(flow);
    }

    /// An errand has ended: it goes on for the request that asked and for all that joined it.
    fn land(&mut self, flow: usize, landing: Landing) {
        let now = self.now;
        let joined = self
            .flight_key(flow)
            .map(|key| self.flights.land(key, landing, now))
            .unwrap_or_default();
        self.note_landing(flow, &landing);
        self.apply(flow, landing);
        for flow in joined {
            self.apply(flow, landing);
        }
    }

    /// Writes down what an errand led to, once for all requests that share it.
    fn note_landing(&mut self, flow: usize, landing: &Landing) {
        let Flow { visit, errand, .. } = self.flows[flow];
        match (errand, landing) {
            (Some(Errand::Migrate), Landing::Session(_)) => self.note_migrated(visit),
            (Some(Errand::Migrate), Landing::Failed(failure)) => {
                self.incident(visit, IncidentKind::MigrationFailed(failure.cause));
            }
            (Some(Errand::Create), Landing::Created) => {
                let person = self.population.person(self.visits[visit].person);
                if person.record == Record::OtherAddress {
                    self.note_duplicate(visit);
                } else {
                    self.count(Measure::CreatedAccounts, visit);
                    self.incident(visit, IncidentKind::CreatedAccount);
                }
            }
            _ => {}
        }
    }

    /// What an errand's end means for one request.
    fn apply(&mut self, flow: usize, landing: Landing) {
        let Flow {
            visit, errand, jar, ..
        } = self.flows[flow];
        match (errand, landing) {
            (Some(Errand::Migrate | Errand::Renew), Landing::Session(opened)) => {
                let cookie = StytchCookie::from(opened);
                self.flows[flow].past.renewed = true;
                self.flows[flow].jar = Jar {
                    legacy: None,
                    stytch: Some(cookie),
                };
                self.set_stytch_cookie(visit, cookie, errand == Some(Errand::Migrate));
                self.consider(flow);
            }
            (Some(Errand::Refresh(_)), Landing::Refreshed(tokens)) => {
                let legacy = jar.legacy.map(|cookie| cookie.refreshed(tokens));
                self.flows[flow].jar.legacy = legacy;
                self.flows[flow].past.refreshed = true;
                if let Some(cookie) = legacy {
                    self.set_legacy_cookie(visit, cookie);
                }
                self.consider(flow);
            }
            (Some(Errand::Create), landing) => {
                let past = &mut self.flows[flow].past;
                past.created = true;
                if let Landing::Created = landing {
                    past.migrate_failed = None;
                }
                self.consider(flow);
            }
            (Some(Errand::Migrate), Landing::Failed(failure)) => {
                self.flows[flow].past.migrate_failed = Some(failure.cause);
                self.consider(flow);
            }
            (Some(Errand::Refresh(_)), Landing::Failed(failure)) if !failure.transient => {
                let cause = self.why_refresh_refused(&jar);
                self.finish_flow(flow, Answered::LoginPage(Some(cause)));
            }
            (Some(Errand::Renew), Landing::Failed(failure)) if !failure.transient => {
                let cause = self.why_session_ended(visit, &jar);
                self.finish_flow(flow, Answered::LoginPage(Some(cause)));
            }
            _ => self.finish_flow(flow, Answered::Error),
        }
    }

    /// The tenant does not say why it refuses a refresh token; the rehearsal knows.
    fn why_refresh_refused(&self, jar: &Jar) -> LogoutCause {
        let Some(cookie) = jar.legacy else {
            return LogoutCause::LegacySessionEnded;
        };
        if cookie.stale {
            LogoutCause::LostCookie
        } else if cookie.is_live(self.scenario, self.now) {
            LogoutCause::RefreshRace
        } else {
            LogoutCause::RefreshExpired
        }
    }

    /// A password reset ends all of a person's sessions at Stytch, on their other devices too.
    fn why_session_ended(&self, visit: usize, jar: &Jar) -> LogoutCause {
        let reset = self.resets.get(&self.visits[visit].person);
        let was_reset =
            reset.is_some_and(|at| jar.stytch.is_some_and(|cookie| cookie.jwt.issued <= *at));
        if was_reset {
            LogoutCause::PasswordReset
        } else {
            LogoutCause::StytchSessionEnded
        }
    }

    fn finish_flow(&mut self, flow: usize, answered: Answered) {
        let Flow {
            visit, jar, past, ..
        } = self.flows.remove(flow);
        if let Answered::Data(via) = answered {
            let confirmed = past.renewed;
            self.check_admissions(
                visit,
                &Admitted {
                    via,
                    jar,
                    confirmed,
                },
                1,
            );
        }
        self.request_answered(visit, answered);
    }
}

impl Failure {
    /// An answer of a kind that the call cannot have.
    const UNEXPECTED: Self = Self {
        cause: FailureCause::ServerError,
        transient: true,
        retry_after: None,
    };
}
