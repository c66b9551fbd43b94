//! The protocol core: people, the application and their calls, as one machine without IO.
//!
//! A driver performs [`Rehearsal`]'s calls and tells the time; everything else is decided here:
//! parallel requests, retries, single-flight, refresh races, flag reads and give-ups are events with
//! times. See the driving contract in `ARCHITECTURE.md`.

mod agenda;
mod ahead;
mod app;
mod baseline;
mod calls;
mod census;
pub mod contract;
mod flags;
pub mod hand_over;
mod jar;
#[cfg(test)]
mod tests;
mod visitor;

use cutover_mocks::auth0::Address;
use cutover_mocks::time::{Span, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};
use slab::Slab;

use crate::dice::Dice;
use crate::population::{DeviceId, PersonId, Population, seed::Starting};
use crate::recorder::{Holding, Measure, Pace, Recorder, Recording};
use crate::scenario::Scenario;
use crate::strategy::Plan;
use agenda::{Agenda, Event, Whose};
use app::Instance;
use app::assent::KeysEverywhere;
use app::flight::Flights;
use app::flow::Flow;
use calls::PendingCall;
use jar::{DeviceState, Jar, Jars, Lock};
use visitor::visit::Visit;

pub use ahead::Coming;
pub use baseline::Baseline;
pub use contract::{
    Attack, CallId, ClaimsVerifier, Dispatch, Owner, ProviderAnswer, ProviderCall, Seen, Verified,
    Verifier,
};
pub use jar::LegacyCookie;

/// The network address of the application's own calls; the one above it is Stytch's.
const APP_ADDRESS: Address = Address(u32::MAX - 1);
/// Visits of a day may start this much before its midnight in UTC: the zone furthest ahead.
const FURTHEST_ZONE: Span = Span::from_hours(14);

/// One rehearsal under way.
#[derive(Debug)]
pub struct Rehearsal<'a, V> {
    scenario: &'a Scenario,
    population: &'a Population,
    /// What existed at the start, but for the sessions: devices hold them.
    starting: Starting,
    plan: Plan,
    dice: Dice,
    baseline: Option<&'a Baseline>,
    verifier: V,
    agenda: Agenda,
    next_day: u32,
    /// Before this all visits are planned.
    unplanned: Timestamp,
    /// Planned visits still to come whose people have been looked at.
    looked_ahead: u32,
    coming: Vec<Coming>,
    devices: Vec<DeviceState>,
    jars: Jars,
    /// Why people could not log in on a device when they last tried, and since when.
    locks: FxHashMap<DeviceId, Lock>,
    visits: Slab<Visit>,
    flows: Slab<Flow>,
    flights: Flights,
    /// New people who have not signed up yet.
    strangers: FxHashSet<PersonId>,
    /// When people last reset their password at Stytch.
    resets: FxHashMap<PersonId, Timestamp>,
    instances: Vec<Instance>,
    keys_everywhere: KeysEverywhere,
    pending: Slab<PendingCall>,
    out: Vec<Dispatch>,
    recorder: Recorder,
    met_login: Baseline,
    pace: Pace,
    now: Timestamp,
    progress: Progress,
}

/// How far a rehearsal has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Visits that have started.
    pub visits: u64,
    /// Provider calls that have gone out.
    pub calls: u64,
    /// Forced logouts so far.
    pub forced_logouts: u64,
    /// Sessions moved silently so far.
    pub migrated: u64,
    /// Logins so far.
    pub logins: u64,
}

/// How a rehearsal ended, and what it found.
#[derive(Debug)]
pub struct Ended {
    /// What was measured.
    pub recording: Recording,
    /// Which visits met a login page: what another strategy is measured against, if this one was `none`.
    pub baseline: Baseline,
}

impl<'a, V: Verifier> Rehearsal<'a, V> {
    /// A rehearsal of a scenario with its people, who start with these sessions. Logouts are told
    /// forced from natural by a baseline; without one all of them count as natural.
    pub fn new(
        scenario: &'a Scenario,
        population: &'a Population,
        mut starting: Starting,
        baseline: Option<&'a Baseline>,
        verifier: V,
    ) -> Self {
        let plan = Plan::new(scenario);
        let start = scenario.time.start;
        let mut devices = vec![DeviceState::new(start); population.devices().len()];
        let mut jars = Jars::default();
        let skewed = plan
            .rolling()
            .map_or(0.0, |rolling| rolling.skewed_evaluators.get());
        let mut recorder = Recorder::new(plan.phases(), start, scenario.time.length);
        for (DeviceId(number), session) in starting.take_sessions() {
            let device = &mut devices[number as usize];
            device.last_visit = session.last_visit;
            let jar = Jar {
                legacy: Some(session.cookie),
                stytch: None,
            };
            jars.put(&mut device.pocket, jar);
            recorder.sessions_changed(start, Holding::default(), jar.holding(scenario));
        }
        Self {
            scenario,
            population,
            starting,
            dice: population.dice(),
            baseline,
            verifier,
            agenda: Agenda::default(),
            next_day: 0,
            unplanned: population.midnight(scenario, 0) - FURTHEST_ZONE,
            looked_ahead: 0,
            coming: Vec::new(),
            devices,
            jars,
            locks: FxHashMap::default(),
            visits: Slab::new(),
            flows: Slab::new(),
            flights: Flights::default(),
            strangers: (population.at_start()..population.people().len() as u32)
                .map(PersonId)
                .collect(),
            resets: FxHashMap::default(),
            instances: Instance::all(&scenario.app, skewed),
            keys_everywhere: KeysEverywhere::default(),
            pending: Slab::new(),
            out: Vec::new(),
            recorder,
            plan,
            met_login: Baseline::default(),
            pace: Pace::Lapse,
            now: start,
            progress: Progress::default(),
        }
        .with_sign_ups()
    }

    /// Time-lapse holds a person's events while a call of theirs is under way; at true speed nobody
    /// is held, and latencies count as measured.
    pub fn set_holding(&mut self, on: bool) {
        self.agenda.set_holding(on);
        self.pace = if on { Pace::Lapse } else { Pace::True };
    }

    /// Whoever verifies tokens.
    pub fn verifier_mut(&mut self) -> &mut V {
        &mut self.verifier
    }

    /// The time of the earliest event that can be handled now.
    pub fn next_event(&mut self) -> Option<Timestamp> {
        loop {
            let next = self.agenda.next_at();
            if next.is_some_and(|at| at < self.unplanned) {
                return next;
            }
            if self.next_day >= self.population.days(self.scenario) {
                self.unplanned = Timestamp::NEVER;
                return next;
            }
            let (population, scenario, day) = (self.population, self.scenario, self.next_day);
            self.agenda
                .plan(|planned| population.plan_day(scenario, day, planned));
            self.next_day += 1;
            let midnight = self.population.midnight(self.scenario, self.next_day);
            self.unplanned = midnight - FURTHEST_ZONE;
        }
    }

    /// Handles exactly the earliest event; says whether there was one.
    pub fn step(&mut self) -> bool {
        if self.next_event().is_none() {
            return false;
        }
        let Some((at, whose, event)) = self.agenda.next() else {
            return false;
        };
        self.now = at;
        match event {
            Event::Visit { ordinal, device } => {
                self.look_ahead();
                self.begin_visit(PersonId(whose.0), device, ordinal);
            }
            Event::Page(visit) => self.load_page(visit as usize),
            Event::Request(visit, number) => self.send_request(visit as usize, number),
            Event::Resume(flow) => self.resume(flow as usize),
            Event::Retry(flow) => self.retry(flow as usize),
            Event::Login(visit) => self.continue_login(visit as usize),
            Event::LogOut(visit) => self.log_out(visit as usize),
            Event::Answer(id) => self.take_answer(id),
        }
        true
    }

    /// The calls that the last steps asked for.
    pub fn take_calls(&mut self) -> std::vec::Drain<'_, Dispatch> {
        self.out.drain(..)
    }

    /// A call has ended: at `at` its answer reached its caller.
    pub fn answer(&mut self, id: CallId, at: Timestamp, seen: Seen) {
        let Some(call) = self.pending.get_mut(id.0 as usize) else {
            return;
        };
        let gives_up = call.sent + call.patience;
        let (at, seen) = if at > gives_up {
            (gives_up, Seen::TimedOut)
        } else {
            (at, seen)
        };
        call.seen = Some(seen);
        let whose = call.whose;
        self.agenda.add(at, whose, Event::Answer(id));
        self.agenda.release(whose);
    }

    /// How far it has come.
    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// The time of the event handled last.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Of this rehearsal only the login pages matter: nothing else is written down.
    #[must_use]
    pub fn unrecorded(mut self) -> Self {
        self.recorder.mute();
        self
    }

    /// Which visits have met login pages so far.
    pub fn into_baseline(mut self) -> Baseline {
        self.cut_off_visits();
        self.met_login.settled()
    }

    /// Ends the rehearsal, as it stands: visits under way are cut off.
    pub fn finish(mut self) -> Ended {
        let (people, flag_shares) = self.take_census();
        Ended {
            recording: self.recorder.finish(people, flag_shares),
            baseline: self.met_login.settled(),
        }
    }

    fn count(&mut self, measure: Measure, visit: usize) {
        self.count_many(measure, visit, 1);
    }

    fn count_many(&mut self, measure: Measure, visit: usize, n: u64) {
        if !self.recorder.is_muted() {
            let slice = self.slice(visit);
            self.recorder.add(measure, self.now, slice, n);
        }
    }

    fn whose(&self, visit: usize) -> Whose {
        Whose(self.visits[visit].person.0)
    }
}
