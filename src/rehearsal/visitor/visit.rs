//! A visit: page loads whose requests run in parallel, until the person has what they came for.

use cutover_mocks::time::{Span, Timestamp};
use cutover_mocks::{auth0, stytch};

use super::cookies::Admitted;
use super::login::Login;
use crate::population::{DeviceId, PersonId, VisitShape};
use crate::recorder::{
    Cohort, Incident, IncidentKind, LogoutCause, Measure, Operation, Slice, Via,
};
use crate::rehearsal::Rehearsal;
use crate::rehearsal::agenda::Event;
use crate::rehearsal::app::assent::Assent;
use crate::rehearsal::app::ruling::{Past, Ruling};
use crate::rehearsal::contract::{ProviderCall, Verifier};
use crate::rehearsal::flags::Buckets;
use crate::rehearsal::jar::{Jar, Out, Pocket, Standing};

/// A person reloads a page that shows an error this often before they leave.
const RELOADS: u8 = 2;
/// Kinds of calls that are numbered within a visit.
const CALL_KINDS: usize = 6;

/// A visit under way.
#[derive(Clone, Debug)]
pub(in crate::rehearsal) struct Visit {
    pub(in crate::rehearsal) person: PersonId,
    pub(in crate::rehearsal) device: DeviceId,
    pub(in crate::rehearsal) ordinal: u32,
    pub(in crate::rehearsal) shape: VisitShape,
    pub(in crate::rehearsal) buckets: Option<Buckets>,
    pub(in crate::rehearsal) calls: [u16; CALL_KINDS],
    /// What a private window holds.
    pub(in crate::rehearsal) private: Pocket,
    pub(in crate::rehearsal) login: Option<Login>,
    /// Logins tried in this visit.
    pub(in crate::rehearsal) attempts: u8,
    /// The worst logout that was noted in it.
    pub(in crate::rehearsal) logged_out: LoggedOut,
    /// When it started.
    pub(in crate::rehearsal) started: Timestamp,
    /// Whether the flag was seen on in its private window.
    pub(in crate::rehearsal) private_moved: bool,
    /// Whether the person has reset their password in it.
    pub(in crate::rehearsal) knows_password: bool,
    /// What does not change of the slice that it counts in.
    pub(in crate::rehearsal) slice: Slice,
    /// When the device's app learns to speak to Stytch.
    pub(in crate::rehearsal) updated: Timestamp,
    /// Login pages that it has met.
    pub(in crate::rehearsal) login_pages: u8,
    pages_done: u16,
    reloads: u8,
    page: Page,
}

/// A page load under way.
#[derive(Clone, Copy, Debug, Default)]
struct Page {
    started: Timestamp,
    waiting: u8,
    refused: bool,
    cause: Option<LogoutCause>,
    failed: bool,
    migrated: bool,
}

/// Whether a session was ended in a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::rehearsal) enum LoggedOut {
    No,
    Naturally,
    ByForce,
}

/// How a visit ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rehearsal) enum Ending {
    Done,
    Abandoned,
    Failed,
}

/// How the application answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rehearsal) enum Answered {
    /// With data, on the strength of this provider's session.
    Data(Via),
    /// With a login page; the cause is missing where no credential was presented.
    LoginPage(Option<LogoutCause>),
    /// With an error.
    Error,
}

impl Visit {
    /// The number of the page under way, reloads counted.
    pub(in crate::rehearsal) fn page_number(&self) -> u16 {
        self.pages_done + u16::from(self.reloads) + u16::from(self.attempts) * 4
    }

    /// The page under way has brought a migration.
    pub(in crate::rehearsal) const fn page_migrated(&mut self) {
        self.page.migrated = true;
    }
}

impl<V: Verifier> Rehearsal<'_, V> {
    /// A planned visit starts.
    pub(in crate::rehearsal) fn begin_visit(&mut self, person: PersonId, device: u8, ordinal: u32) {
        let device = self.population.device_of(person, device);
        let shape = VisitShape::draw(self.population, &self.scenario.population, device, ordinal);
        let buckets = self
            .plan
            .rolling()
            .map(|rolling| Buckets::of(rolling, person, device, &shape, ordinal));
        self.forget_cookies(device);
        let visit = self.visits.insert(Visit {
            person,
            device,
            ordinal,
            shape,
            buckets,
            calls: [0; CALL_KINDS],
            private: Pocket::default(),
            login: None,
            attempts: 0,
            logged_out: LoggedOut::No,
            started: self.now,
            private_moved: false,
            knows_password: false,
            slice: self.slice_of(person, device, self.now, Cohort::Waiting),
            updated: self.population.device(device).updated,
            login_pages: 0,
            pages_done: 0,
            reloads: 0,
            page: Page::default(),
        });
        self.progress.visits += 1;
        let state = &mut self.devices[device.0 as usize];
        state.visits += 1;
        state.last_visit = self.now;
        self.count(Measure::VisitsScheduled, visit);
        if let Standing::Out(Out { returns: false, .. }) = self.devices[device.0 as usize].standing
            && !self.visits[visit].shape.private
        {
            // They have left for good: the visit that was planned does not take place.
            self.meet_login_page(visit);
            self.end_visit(visit, Ending::Abandoned);
            return;
        }
        self.probe(visit);
        self.load_page(visit);
    }

    /// The next page of a visit loads. Pages for which nobody needs to be asked are gone through at
    /// once, each at its own time; the first that needs a provider waits for its turn.
    pub(in crate::rehearsal) fn load_page(&mut self, visit: usize) {
        let turn = self.now;
        let mut assent = None;
        while self.load_locally(visit, &mut assent) {
            let Some(at) = self.next_page(visit) else {
                return;
            };
            // Another visit of the device may change its jar in between.
            if self.devices[self.visits[visit].device.0 as usize].visits > 1 {
                self.agenda
                    .add(at, self.whose(visit), Event::Page(visit as u32));
                return;
            }
            self.now = at;
        }
        if self.now > turn {
            self.agenda
                .add(self.now, self.whose(visit), Event::Page(visit as u32));
            return;
        }
        self.send_requests(visit);
    }

    /// All requests of a page load set out, a little after each other.
    fn send_requests(&mut self, visit: usize) {
        let spec = &self.scenario.population.visits;
        let requests = requests(spec.parallel_requests, self.visits[visit].shape.two_tabs);
        let whose = self.whose(visit);
        let started = self.now;
        self.visits[visit].page = Page {
            started,
            waiting: requests,
            ..Page::default()
        };
        for number in 1..requests {
            let after = spec.stagger * i64::from(number);
            self.agenda
                .add(started + after, whose, Event::Request(visit as u32, number));
        }
        self.send_request(visit, 0);
    }

    /// Loads a page whose every request can be admitted by what the instances know; otherwise
    /// changes nothing. Where every further page would be admitted alike, it says so.
    fn load_locally(&mut self, visit: usize, assent: &mut Option<Assent>) -> bool {
        let spec = &self.scenario.population.visits;
        let requests = requests(spec.parallel_requests, self.visits[visit].shape.two_tabs);
        let takes = spec.stagger * i64::from(requests - 1);
        let known = assent.filter(|assent| assent.holds(self.now + takes));
        if let Some(assent) = known
            && self.stays_as_noted(visit, assent.mode)
        {
            self.page_admitted(assent.slice, u64::from(requests), takes);
            return true;
        }
        let jar = self.jar(visit);
        if !jar.presents() {
            return false;
        }
        let Some(via) = self.admits(visit, &jar, 0, self.now) else {
            return false;
        };
        *assent = self.assent(visit, &jar, via);
        let mut last = via;
        if !assent.is_some_and(|assent| assent.holds(self.now + takes)) {
            for number in 1..requests {
                let at = self.now + spec.stagger * i64::from(number);
                match self.admits(visit, &jar, number, at) {
                    Some(via) => last = via,
                    None => return false,
                }
            }
        }
        self.note_presented(visit, self.balance(visit, 0));
        let admitted = Admitted {
            via: last,
            jar,
            confirmed: false,
        };
        self.page_admitted(self.slice(visit), u64::from(requests), takes);
        if let Some(wrong) = self.wrong(visit, &admitted) {
            self.count_many(Measure::WronglyAdmitted, visit, u64::from(requests));
            self.incident(visit, IncidentKind::WronglyAdmitted(wrong));
        }
        true
    }

    /// Whose session a request of a page is admitted with at once, if it is.
    fn admits(&mut self, visit: usize, jar: &Jar, number: u8, at: Timestamp) -> Option<Via> {
        let instance = self.balance(visit, number);
        match self.rule(visit, instance, jar, Past::default(), at) {
            Ruling::Admit(via) => Some(via),
            Ruling::Refuse(_) | Ruling::NeedKeys(_) | Ruling::Ask(_) => None,
        }
    }

    /// Writes down a page whose requests were all admitted at once.
    fn page_admitted(&mut self, slice: Slice, requests: u64, takes: Span) {
        let recorder = &mut self.recorder;
        let cell = recorder.cell(self.now, slice);
        recorder.add_to(cell, Measure::PageLoads, 1);
        recorder.add_to(cell, Measure::RequestsAdmitted, requests);
        recorder.add_to(cell, Measure::AdmissionChecks, requests);
        recorder.took(Operation::Page, self.now, takes, self.pace);
    }

    /// The application has answered a request of a page load.
    pub(in crate::rehearsal) fn request_answered(&mut self, visit: usize, answered: Answered) {
        let page = &mut self.visits[visit].page;
        page.waiting -= 1;
        let measure = match answered {
            Answered::Data(_) => Measure::RequestsAdmitted,
            Answered::LoginPage(cause) => {
                page.refused = true;
                page.cause = page.cause.or(cause);
                Measure::RequestsRefused
            }
            Answered::Error => {
                page.failed = true;
                Measure::RequestsFailed
            }
        };
        self.count(measure, visit);
        if let Answered::LoginPage(Some(_)) = answered {
            self.clear_cookies(visit);
        }
        if self.visits[visit].page.waiting == 0 {
            self.page_loaded(visit);
        }
    }

    fn page_loaded(&mut self, visit: usize) {
        let page = self.visits[visit].page;
        self.count(Measure::PageLoads, visit);
        let operation = if page.migrated {
            Operation::PageWithMigration
        } else {
            Operation::Page
        };
        self.recorder
            .took(operation, self.now, self.now - page.started, self.pace);
        if page.refused {
            self.refused(visit, page.cause);
        } else if page.failed {
            self.reload(visit);
        } else if let Some(at) = self.next_page(visit) {
            self.agenda
                .add(at, self.whose(visit), Event::Page(visit as u32));
        }
    }

    /// A page showed an error: the person tries again a little later, or leaves.
    fn reload(&mut self, visit: usize) {
        let state = &mut self.visits[visit];
        if state.reloads >= RELOADS {
            return self.end_visit(visit, Ending::Failed);
        }
        state.reloads += 1;
        let at = self.now + self.think(visit);
        self.agenda
            .add(at, self.whose(visit), Event::Page(visit as u32));
    }

    /// A page was seen; tells when the next one loads, or ends the visit.
    fn next_page(&mut self, visit: usize) -> Option<Timestamp> {
        let state = &mut self.visits[visit];
        state.pages_done += 1;
        state.reloads = 0;
        if state.pages_done < state.shape.pages {
            return Some(self.now + self.think(visit));
        }
        if state.shape.logs_out {
            self.agenda
                .add(self.now, self.whose(visit), Event::LogOut(visit as u32));
        } else {
            self.end_visit(visit, Ending::Done);
        }
        None
    }

    pub(in crate::rehearsal) fn think(&mut self, visit: usize) -> Span {
        let median = self.scenario.population.visits.think_time;
        self.visits[visit].shape.think_time(median)
    }

    /// A person clicks on "log out": both sides end what they can end.
    pub(in crate::rehearsal) fn log_out(&mut self, visit: usize) {
        let jar = self.jar(visit);
        self.count(Measure::VoluntaryLogouts, visit);
        self.devices[self.visits[visit].device.0 as usize].left_at = self.now;
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

    /// A visit ends.
    pub(in crate::rehearsal) fn end_visit(&mut self, visit: usize, ending: Ending) {
        let measure = match ending {
            Ending::Done => Measure::VisitsDone,
            Ending::Abandoned => Measure::VisitsAbandoned,
            Ending::Failed => Measure::VisitsFailed,
        };
        self.count(measure, visit);
        let state = self.visits.remove(visit);
        self.met_login
            .note(state.person, state.ordinal, state.login_pages);
        self.jars.forget(state.private);
        self.devices[state.device.0 as usize].visits -= 1;
    }

    /// Writes down an incident of a visit.
    pub(in crate::rehearsal) fn incident(&mut self, visit: usize, kind: IncidentKind) {
        if self.recorder.is_muted() {
            return;
        }
        let state = &self.visits[visit];
        let (person, device) = (state.person.0, self.population.number_of(state.device));
        let slice = self.slice(visit);
        self.recorder.incident(
            Incident {
                at: self.now,
                person,
                device,
                kind,
            },
            slice,
        );
    }
}

/// Requests of one page load, both tabs together.
const fn requests(parallel: u8, two_tabs: bool) -> u8 {
    let parallel = if parallel == 0 { 1 } else { parallel };
    if two_tabs {
        parallel.saturating_mul(2)
    } else {
        parallel
    }
}
