//! A request on its way through the middleware: an instance rules on it until it is answered.

use cutover_mocks::auth0;
use cutover_mocks::stytch;
use cutover_mocks::time::Timestamp;

use super::outcome;
use super::ruling::{Case, Errand, Past, Ruling};
use crate::dice::Stream;
use crate::recorder::Via;
use crate::rehearsal::Rehearsal;
use crate::rehearsal::agenda::Event;
use crate::rehearsal::contract::{Seen, Verifier};
use crate::rehearsal::jar::Jar;
use crate::rehearsal::visitor::cookies::Admitted;
use crate::rehearsal::visitor::visit::Answered;

/// A request under way.
#[derive(Clone, Copy, Debug)]
pub(in crate::rehearsal) struct Flow {
    pub(in crate::rehearsal) visit: usize,
    pub(super) instance: u16,
    pub(super) jar: Jar,
    pub(super) past: Past,
    pub(super) errand: Option<Errand>,
    /// Times that the errand was tried, and calls that went out for it: a breaker may hold some back.
    pub(super) attempts: u8,
    pub(super) sent: u8,
    /// Not earlier than this may anything happen to it.
    pub(super) since: Timestamp,
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
        let case = self.case(visit, instance, jar, past, now);
        case.rule(&mut self.verifier)
    }

    /// All that the decision about a request depends on.
    pub(super) fn case<'j>(
        &self,
        visit: usize,
        instance: u16,
        jar: &'j Jar,
        past: Past,
        now: Timestamp,
    ) -> Case<'j> {
        let mode = self.mode(visit, instance, jar.presents(), now);
        let app = &self.scenario.app;
        let [auth0, stytch] = &self.instances[usize::from(instance)].keys;
        let (auth0, stytch) = (auth0.at(app, now), stytch.at(app, now));
        let state = &self.visits[visit];
        Case {
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
        }
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
        self.keys_everywhere
            .look(&self.instances, &self.scenario.app, via);
        for &flow in &waited {
            let Flow { visit, since, .. } = self.flows[flow];
            let whose = self.whose(visit);
            self.agenda
                .add(self.now.max(since), whose, Event::Resume(flow as u32));
            self.agenda.release(whose);
        }
        self.instances[usize::from(instance)].keys[via as usize].told(waited);
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
                self.finish_flow(flow, Answered::Error);
            }
            _ => self.consider(flow),
        }
    }

    pub(super) fn finish_flow(&mut self, flow: usize, answered: Answered) {
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
