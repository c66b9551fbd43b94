//! A window of a scenario against test tenants: real providers, test people, true speed.
//!
//! Virtual time plays the cast's history up to the window. Then everything that their devices hold is
//! exchanged for the like of it at the real providers, by real logins and migrations, and the very
//! same core and conductor play the window.
//!
//! | module | owns |
//! | --- | --- |
//! | [`cast`] | who plays, and who cannot |
//! | [`hand_over`] | real sessions for those of virtual time |
//! | [`line`], [`auth0`], [`stytch`] | the core's calls to real providers |
//! | [`names`], [`moment`] | what real providers call people and keys; their clocks |
//! | [`verifier`] | verification of real tokens |

mod auth0;
pub mod cast;
mod hand_over;
mod line;
mod moment;
mod names;
mod stytch;
mod verifier;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use cutover_mocks::answer::{Answer, Breakage, Outcome};
use cutover_mocks::share::Share;
use cutover_mocks::time::{Span, Timestamp};

use super::Options;
use super::carriers::{CarrierError, Crew, GooseSummary, Line};
use super::conductor::{Bounds, Conductor, Ending, PlayError, World};
use super::film::{Film, span_to_duration};
use super::health::Health;
use super::soonest_answer;
use crate::driver::virtual_time;
use crate::population::seed;
use crate::population::{PersonId, Population};
use crate::recorder::Record;
use crate::rehearsal::{
    ClaimsVerifier, Dispatch, Ended, Progress, ProviderAnswer, ProviderCall, Rehearsal,
};
use crate::scenario::{Scenario, Window};
use crate::tenant::cleanup::{self, Cleaned, Mode};
use crate::tenant::journal::{Journal, JournalError};
use crate::tenant::provision::{
    AtStytch, Go, Plan, ProvisionError, Provisioned, Wanted, provision,
};
use crate::tenant::refused::ApiError;
use crate::tenant::tenants::Tenants;
use cast::Cast;
pub use line::TenantLine;
use names::Names;
use verifier::TenantVerifier;

/// What is played, against whom.
#[derive(Debug)]
pub struct Trial<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Its people.
    pub population: &'a Population,
    /// The window.
    pub window: &'a Window,
    /// The tenants.
    pub tenants: Arc<Tenants>,
    /// Where journals are kept.
    pub journals: &'a Path,
}

/// What a window against test tenants found.
#[derive(Debug)]
pub struct TenantRun {
    /// What the rehearsal found.
    pub ended: Ended,
    /// Whether the window was played to its end.
    pub ending: Ending,
    /// Whether the load was made on time.
    pub health: Health,
    /// What Goose counted, independently of us.
    pub goose: GooseSummary,
    /// Who played.
    pub cast: Cast,
    /// Calls that a test person cannot make: they failed for that reason alone.
    pub unplayed: u64,
}

/// Why a window came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum TenantRunError {
    /// Nobody can play.
    #[error("nobody can play in this window: {0}; choose another window, or another scenario")]
    Nobody(String),
    /// The journal cannot be written.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Test people could not be made.
    #[error("test people could not be made: {0}")]
    Provision(#[from] ProvisionError),
    /// The devices' sessions could not be opened.
    #[error("a session of a test person could not be opened: {0}")]
    HandOver(#[from] ApiError),
    /// Someone wished it to stop before the window began.
    #[error("stopped before the window began")]
    Stopped,
    /// The carriers failed.
    #[error(transparent)]
    Carriers(#[from] CarrierError),
    /// The window could not be played.
    #[error(transparent)]
    Play(#[from] PlayError),
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// So many test people are made, of so many.
    Made(usize, usize),
    /// So many devices have their sessions, of so many.
    Opened(usize, usize),
    /// The window plays.
    Plays(Timestamp, Progress),
    /// Test people are being removed.
    Removes,
}

/// A trial's outcome, and what was removed after it. Removal is tried however the trial ended.
#[derive(Debug)]
pub struct Tried {
    /// What the window found, or why it came to nothing.
    pub run: Result<TenantRun, TenantRunError>,
    /// What was removed, and what is left; none if nothing was created.
    pub removal: Option<Result<Cleaned, JournalError>>,
}

/// Visits that began in the window have so long to end; then they are cut off, and counted so.
const TAIL: Duration = Duration::from_mins(1);

impl Trial<'_> {
    /// Who plays, and what that takes. Sends nothing.
    pub fn plan(&self) -> Result<(Cast, Plan), TenantRunError> {
        let amount = self.tenants.admitted().amount();
        let mut cast = Cast::choose(self.scenario, self.population, self.window, amount);
        let scenario = self.shortened();
        let population = self.population.only(cast.people.clone());
        let entered = Entered::at(
            &scenario,
            &population,
            cast::bounds(self.scenario, self.window).0,
        );
        cast.without(&entered.visiting);
        if cast.people.is_empty() {
            let why: Vec<String> = cast
                .left_out
                .iter()
                .map(|(why, count)| format!("{count} {}", why.why()))
                .collect();
            let why = if why.is_empty() {
                "nobody comes".to_owned()
            } else {
                why.join(", ")
            };
            return Err(TenantRunError::Nobody(why));
        }
        let wanted = cast
            .people
            .iter()
            .map(|id| entered.wanted(&population, *id));
        let plan = Plan::new(wanted.collect());
        Ok((cast, plan))
    }

    /// Makes the people, plays the window, and removes the people again.
    pub async fn play(
        &self,
        (cast, plan): (Cast, &Plan),
        options: &Options,
        mut watch: impl FnMut(Stage),
    ) -> Tried {
        let credentials = self.tenants.admitted().credentials();
        let product = self.tenants.stytch.product();
        let mut journal = match Journal::begin(self.journals, credentials, product) {
            Ok(journal) => journal,
            Err(error) => {
                return Tried {
                    run: Err(error.into()),
                    removal: None,
                };
            }
        };
        let run = self
            .make_and_play(&mut journal, (cast, plan), options, &mut watch)
            .await;
        watch(Stage::Removes);
        let cleaned =
            cleanup::clean(&self.tenants, &mut journal, Mode::Remove, cleanup::SETTLE).await;
        let removal = match cleaned {
            Ok(cleaned) if cleaned.kept.is_empty() => journal.done().map(|()| cleaned),
            cleaned => cleaned,
        };
        Tried {
            run,
            removal: Some(removal),
        }
    }

    async fn make_and_play(
        &self,
        journal: &mut Journal,
        (cast, plan): (Cast, &Plan),
        options: &Options,
        watch: &mut impl FnMut(Stage),
    ) -> Result<TenantRun, TenantRunError> {
        let provisioned = self.make(journal, plan, options, watch).await?;
        let (scenario, from) = (self.shortened(), self.bounds().0);
        let population = self.population.only(cast.people.clone());
        let baseline = virtual_time::baseline(&scenario, &population);
        let seed::World {
            mut tenant,
            mut project,
            starting,
        } = seed::World::new(&scenario, &population);
        let verifier = TenantVerifier::new(&self.tenants);
        let mut rehearsal = Rehearsal::new(
            &scenario,
            &population,
            starting.clone(),
            Some(&baseline),
            verifier,
        );
        let inside = virtual_time::enter(&mut rehearsal, &mut tenant, &mut project, from);

        let wallet = options.bounds.wallet;
        let names = Arc::new(Names::new(&population, &starting, provisioned, wallet));
        let handed_over = async {
            hand_over::hand_over(
                &mut rehearsal,
                (&tenant, &project),
                (&self.tenants, &names),
                from,
                |opened, all| watch(Stage::Opened(opened, all)),
            )
            .await?;
            // The cast was chosen for a pace that nobody has used up.
            self.tenants.auth0.client().rest().await;
            self.tenants.stytch.client().rest().await;
            Ok::<(), TenantRunError>(())
        };
        tokio::select! {
            biased;
            () = options.stop.wished() => return Err(TenantRunError::Stopped),
            handed_over = handed_over => handed_over?,
        }

        let line = Arc::new(TenantLine::new(Arc::clone(&self.tenants), &names));
        let carried = Line::Tenants(Arc::clone(&line));
        let mut crew = Crew::start(&options.carriers, carried).await?;
        let mut look = |rehearsal: &Rehearsal<'_, TenantVerifier>| {
            watch(Stage::Plays(rehearsal.now(), rehearsal.progress()));
            names.wallet.check()
        };
        let world = World {
            watch: &mut look,
            soonest: &|dispatch| soonest_answer(&scenario, dispatch),
            inside: &never_inside,
        };
        let film = Film::only(&self.window.name, from);
        let played = Conductor::new(
            &mut rehearsal,
            &crew.jobs,
            &mut crew.done,
            &options.stop,
            world,
            Bounds {
                wall: self.wall(),
                ..options.bounds
            },
            options.carriers.count,
        )
        .play(&film)
        .await;
        let goose = crew.finish(&options.stop).await?;
        let (ending, mut health) = played?;
        health.inside = inside;
        health.wallet = names.wallet.size();
        Ok(TenantRun {
            ended: rehearsal.finish(),
            ending: match ending {
                // Visits that take longer are cut off, as at the end of any rehearsal.
                Ending::OutOfTime(_) => Ending::Played,
                Ending::Played | Ending::Stopped(_) => ending,
            },
            health,
            goose,
            cast,
            unplayed: line.unplayed(),
        })
    }

    /// Makes the people. Whoever wants to stop waits for the answer that is under way, as it says what
    /// was made, but for no turn and no pause that a provider asks for: that may be long.
    async fn make(
        &self,
        journal: &mut Journal,
        plan: &Plan,
        options: &Options,
        watch: &mut impl FnMut(Stage),
    ) -> Result<Provisioned, ProvisionError> {
        if options.stop.is_wished() {
            return Err(ProvisionError::Stopped);
        }
        let people = plan.people().len();
        let made = provision(&self.tenants, journal, plan, |made| {
            watch(Stage::Made(made, people));
            if options.stop.is_wished() {
                Go::Stop
            } else {
                Go::On
            }
        });
        let stopped = async {
            options.stop.wished().await;
            self.tenants.quiet().await;
        };
        tokio::select! {
            biased;
            made = made => made,
            () = stopped => Err(ProvisionError::Stopped),
        }
    }

    /// Wall time that the window takes at the most: its length, and a while for visits that have begun.
    fn wall(&self) -> Duration {
        let (from, until) = self.bounds();
        span_to_duration(until - from) + TAIL
    }

    fn bounds(&self) -> (Timestamp, Timestamp) {
        cast::bounds(self.scenario, self.window)
    }

    /// The scenario as it is played: it ends with the window, and nobody forgets a password, as
    /// nobody reads their mail.
    pub fn shortened(&self) -> Scenario {
        let mut scenario = self.scenario.clone();
        scenario.time.length = self.bounds().1 - scenario.time.start;
        scenario.population.reaction.forgets_password = Share::ZERO;
        scenario
    }
}

/// The cast as virtual time leaves them at the window's beginning.
struct Entered {
    visiting: BTreeSet<PersonId>,
    /// People whom Stytch knows by then though they were not imported.
    created: BTreeSet<PersonId>,
    /// Whether the application creates people whom Stytch lacks.
    creates: bool,
}

impl Entered {
    fn at(scenario: &Scenario, population: &Population, from: Timestamp) -> Self {
        let seed::World {
            mut tenant,
            mut project,
            starting,
        } = seed::World::new(scenario, population);
        let mut rehearsal =
            Rehearsal::new(scenario, population, starting.clone(), None, ClaimsVerifier);
        virtual_time::enter(&mut rehearsal, &mut tenant, &mut project, from);
        let people = (0..population.at_start()).map(PersonId);
        let created = people.filter(|id| {
            let person = population.person(*id);
            let org = person.organizations[0].and_then(|number| starting.organization(number));
            person.record == Record::Missing
                && project.find_user(id.legacy_email(person), org).is_some()
        });
        Self {
            visiting: rehearsal.visiting(),
            created: created.collect(),
            creates: scenario.app.create_missing,
        }
    }

    /// What a person needs at both providers.
    fn wanted(&self, population: &Population, id: PersonId) -> Wanted {
        let person = population.person(id);
        let number = person.organizations[0].filter(|number| {
            let organization = population.organizations().get(usize::from(*number));
            organization.is_some_and(|organization| organization.mapped)
        });
        let nowhere = person.organizations[0].is_some() && number.is_none();
        let at_stytch = match person.record {
            _ if nowhere => AtStytch::Nothing,
            Record::OtherAddress => AtStytch::OtherAddress,
            Record::Missing if self.created.contains(&id) => AtStytch::Record,
            Record::Missing | Record::New if self.creates => AtStytch::PerhapsLater,
            Record::Missing | Record::New => AtStytch::Nothing,
            Record::Imported if person.password_imported => AtStytch::Password,
            Record::Imported => AtStytch::Record,
        };
        Wanted {
            person: id.0,
            at_stytch,
            organization: number,
        }
    }
}

/// The film has no skipped stretch, so nobody asks inside; whoever did would get no answer.
fn never_inside(dispatch: &Dispatch) -> ProviderAnswer {
    let took = Span::ZERO;
    match dispatch.call {
        ProviderCall::Auth0(_) => ProviderAnswer::Auth0(Answer {
            outcome: Outcome::Broken(Breakage::Refused),
            took,
        }),
        ProviderCall::Stytch(_) => ProviderAnswer::Stytch(Answer {
            outcome: Outcome::Broken(Breakage::Refused),
            took,
        }),
    }
}
