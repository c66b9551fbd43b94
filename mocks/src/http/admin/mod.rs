//! The admin interface: tests in any language set the mocks up, bend them while they run, and ask
//! what they were asked. JSON over HTTP, on a port of its own, described at `/openapi.json`.
//!
//! | module | owns |
//! | --- | --- |
//! | [`api`] | operations as data: routes, reading, description |
//! | [`guard`] | who may come in |
//! | [`problem`], [`words`], [`addresses`] | what operations have in common |
//! | [`state`] | health, reset, counts, mail |
//! | [`people`], [`lines`], [`sessions`], [`impersonation`] | seeding |
//! | [`faults`], [`limits`], [`clock`] | bending |
//! | [`calls`] | the journal and expectations |

#![expect(
    clippy::needless_pass_by_value,
    clippy::unnecessary_wraps,
    reason = "operations all have one form: they take their input, and may fail"
)]

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, Weak};

use axum::Router;
use serde_json::Value;

use super::blueprint::Blueprint;
use super::directory::Directory;
use super::journal::Journal;
use super::mail::Mailbox;
use super::servers::Running;
use super::shown::Shown;
use super::stamp::{Clock, wall_now};
use super::{auth0, stytch};
use crate::auth0::Tenant;
use crate::email::Email;
use crate::stytch::Project;
use crate::time::Timestamp;
use addresses::Pattern;
use api::{Api, Operation, State, Verb};
use faults::Faults;
use problem::Problem;

mod addresses;
mod api;
mod calls;
mod clock;
mod faults;
mod guard;
mod impersonation;
mod limits;
mod lines;
mod people;
mod problem;
mod sessions;
mod state;
mod words;

pub use guard::Callers;

/// The interface to both mocks, whichever are shown.
#[derive(Debug)]
pub struct Office {
    now: RwLock<Arc<Admin>>,
}

impl Office {
    /// Of servers at work; none unless both providers are. They take in `most` people, and as many
    /// sessions, at most.
    pub fn of(
        running: &Running,
        blueprint: Blueprint,
        journal: Journal,
        most: usize,
    ) -> Option<Arc<Self>> {
        let shown = (
            running.shown_auth0()?.clone(),
            running.shown_stytch()?.clone(),
        );
        let urls = (
            running.auth0_url()?.to_owned(),
            running.stytch_url()?.to_owned(),
        );
        Some(Arc::new_cyclic(|office| Self {
            now: RwLock::new(Arc::new(Admin {
                office: Weak::clone(office),
                auth0: shown.0.get(),
                stytch: shown.1.get(),
                shown,
                urls,
                directory: Arc::clone(running.directory()),
                mailbox: running.mailbox().clone(),
                clock: running.clock().clone(),
                journal,
                blueprint,
                faults: Mutex::default(),
                most,
            })),
        }))
    }

    /// The routes of the interface, for these callers.
    pub fn router(self: Arc<Self>, callers: Callers) -> Router {
        let (router, _) = operations(Arc::new(move || self.now()));
        guard::guarded(router, callers)
    }

    fn now(&self) -> Arc<Admin> {
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Both mocks, from behind. An operation works on those that were shown when it began, to its end.
struct Admin {
    office: Weak<Office>,
    shown: (Shown<Arc<auth0::Face>>, Shown<stytch::Face>),
    auth0: Arc<auth0::Face>,
    stytch: stytch::Face,
    urls: (String, String),
    directory: Arc<Directory>,
    mailbox: Mailbox,
    clock: Clock,
    journal: Journal,
    blueprint: Blueprint,
    faults: Mutex<Faults>,
    most: usize,
}

impl Admin {
    /// Shows another tenant and another project from now on.
    fn begin_anew(&self, tenant: Tenant, project: Project) {
        let Some(office) = self.office.upgrade() else {
            return;
        };
        let mut now = office.now.write().unwrap_or_else(PoisonError::into_inner);
        // Of two resets at once, each begins a generation of its own.
        let directory = Arc::<Directory>::default();
        let auth0 = Arc::new(now.auth0.renewed(tenant, Arc::clone(&directory)));
        let stytch = now.stytch.renewed(project, Arc::clone(&directory));
        self.shown.0.put(Arc::clone(&auth0));
        self.shown.1.put(stytch.clone());
        *now = Arc::new(Self {
            office: Weak::clone(&self.office),
            shown: self.shown.clone(),
            auth0,
            stytch,
            urls: self.urls.clone(),
            directory,
            mailbox: self.mailbox.clone(),
            clock: self.clock.clone(),
            journal: self.journal.clone(),
            blueprint: self.blueprint.clone(),
            faults: Mutex::default(),
            most: self.most,
        });
    }

    fn now(&self) -> Timestamp {
        self.clock.hands().tell(wall_now())
    }

    fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether so many more people may come.
    fn has_room(&self, people: usize) -> Result<(), Problem> {
        let there = self.stytch.project().user_count();
        if there + people <= self.most {
            return Ok(());
        }
        let most = self.most;
        Err(Problem::conflict(format!(
            "{there} people are there, and {most} is the most: POST /reset starts over"
        )))
    }

    /// Whether so many more sessions may come.
    fn has_room_for_sessions(&self, sessions: usize) -> Result<(), Problem> {
        let there = self.stytch.project().live_session_count(self.now());
        if there + sessions <= self.most {
            return Ok(());
        }
        let most = self.most;
        Err(Problem::conflict(format!(
            "{there} sessions are there, and {most} is the most: POST /reset starts over"
        )))
    }

    /// The handles of a series of addresses.
    fn emails(
        &self,
        pattern: &Pattern,
        numbers: Range<u64>,
    ) -> Result<impl Iterator<Item = Email> + use<'_>, Problem> {
        self.directory.series(&pattern.0, numbers).ok_or_else(|| {
            Problem::conflict("there are too many series of addresses: POST /reset starts over")
        })
    }
}

impl std::fmt::Debug for Admin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Admin")
            .field("urls", &self.urls)
            .finish_non_exhaustive()
    }
}

const fn operation(
    method: Verb,
    path: &'static str,
    name: &'static str,
    summary: &'static str,
    others: &'static [(u16, &'static str)],
) -> Operation {
    Operation {
        method,
        path,
        name,
        summary,
        others,
    }
}

const FULL: (u16, &str) = (409, "There is no room for so many");

fn operations(admin: State<Admin>) -> (Router, Value) {
    use Verb::{Delete, Get, Post, Put};
    let lines = lines::route(Arc::clone(&admin));
    let mut api = Api::new(admin)
        .add(operation(Get, "/health", "health", "Tells that the mocks are at work", &[]), state::health)
        .add(operation(Post, "/reset", "reset", "Puts everything back to the start: people, sessions, limits, latency, faults, clock, mail, journal", &[]), state::reset)
        .add(operation(Get, "/counts", "counts", "Tells what both providers say they did", &[]), state::counts)
        .add(operation(Get, "/mail", "mail", "Lists what was mailed to somebody", &[]), state::mail)
        .add(operation(Delete, "/mail", "clearMail", "Throws all mail away", &[]), state::clear_mail)
        .add(operation(Post, "/people", "seedPeople", "Seeds people", &[FULL]), people::seed)
        .add(operation(Get, "/people", "findPerson", "Tells what the providers have of a person", &[]), people::find)
        .add(operation(Post, "/people/series", "seedSeries", "Seeds people whose addresses differ in a number alone, up to millions", &[FULL]), people::seed_series)
        .add(operation(Post, "/organizations", "makeOrganizations", "Makes organizations, in a B2B project", &[(409, "A consumer project has none")]), people::make_organizations)
        .add(operation(Get, "/organizations", "listOrganizations", "Lists organizations", &[]), people::list_organizations)
        .add(operation(Post, "/sessions", "openSessions", "Opens sessions of people and tells their tokens", &[(404, "Nobody has such an address there")]), sessions::open)
        .add(operation(Post, "/sessions/series", "openSessionsOfSeries", "Opens sessions in bulk, without telling tokens", &[FULL]), sessions::open_series)
        .add(operation(Post, "/impersonations", "impersonate", "Gives a token to log in at Stytch as somebody else, as the dashboard does", &[(404, "Nobody has such an id there")]), impersonation::issue)
        .add(operation(Get, "/faults", "listFaults", "Lists the faults at work", &[]), faults::list)
        .add(operation(Post, "/faults", "injectFault", "Injects a fault", &[(409, "Too many faults are at work")]), faults::inject)
        .add(operation(Delete, "/faults", "liftFaults", "Lifts a fault, or all", &[(404, "There is no such fault")]), faults::lift)
        .add(operation(Get, "/limits", "limits", "Tells the rate limits", &[]), limits::limits)
        .add(operation(Put, "/limits", "setLimits", "Replaces rate limits", &[]), limits::set_limits)
        .add(operation(Get, "/latency", "latency", "Tells the service times", &[]), limits::times)
        .add(operation(Put, "/latency", "setLatency", "Replaces service times", &[]), limits::set_times)
        .add(operation(Get, "/clock", "clock", "Tells the mocks' time", &[]), clock::read)
        .add(operation(Put, "/clock", "setClock", "Sets, advances, holds or releases the clock", &[]), clock::turn)
        .add(operation(Delete, "/clock", "resetClock", "Puts the clock back to the wall's time", &[]), clock::reset)
        .add(operation(Get, "/journal", "journal", "Lists received calls, oldest first", &[]), calls::list)
        .add(operation(Delete, "/journal", "clearJournal", "Begins the journal anew", &[]), calls::clear)
        .add(operation(Post, "/expectations", "verify", "Verifies what was expected of the calls in the journal", &[]), calls::verify);
    let seeded = api.schema::<people::Seeded>();
    let problem = api.schema::<Problem>();
    let described = lines::description(&seeded, &problem);
    let by_line = operation(
        Post,
        "/people.ndjson",
        "seedLines",
        "Seeds people from newline-delimited JSON, any number of them",
        &[],
    );
    api.add_raw(by_line, described, lines).build()
}
