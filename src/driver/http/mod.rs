//! The HTTP driver: Goose carries the core's calls to the mock servers over real HTTP.
//!
//! | module | owns |
//! | --- | --- |
//! | [`film`] | scenario time ↔ wall time: time-lapse, windows at true speed, what is skipped |
//! | [`conductor`] | when calls go out and when their answers count |
//! | [`carriers`] | Goose: who makes the calls |
//! | [`wire`] | calls as HTTP requests, HTTP responses as answers |
//! | [`providers`] | the mock servers at work |
//! | [`wallet`], [`published`] | token texts behind handles; keys as they came over HTTP |
//! | [`verifier`], `altered` | real verification of those texts, and of altered ones |
//! | [`health`] | whether the load was made on time |
//! | [`tenants`] | a window against real test tenants instead of mock servers |
//! | [`target`], [`stop`], [`aside`] | where the load may go, how it ends early, a clean output |

mod altered;
pub mod aside;
pub mod carriers;
pub mod conductor;
pub mod film;
pub mod health;
pub mod job;
pub mod providers;
pub mod published;
pub mod stop;
pub mod target;
pub mod tenants;
pub mod verifier;
pub mod wallet;
pub mod wire;

use std::sync::Arc;

use cutover_mocks::ledger::Ledger;
use cutover_mocks::time::{Span, Timestamp};
use cutover_mocks::{auth0, stytch};

use crate::population::Population;
use crate::population::seed;
use crate::rehearsal::{Baseline, Dispatch, Ended, Progress, ProviderCall, Rehearsal};
use crate::scenario::Scenario;
use carriers::{CarrierError, Carriers, Crew, GooseSummary};
use conductor::{Bounds, Conductor, Ending, PlayError, World};
use film::{Elsewhere, Film};
use health::Health;
use providers::{Providers, ProvidersError};
use stop::Stop;
use verifier::JwtVerifier;

/// How a rehearsal over HTTP is run; what is rehearsed is the scenario's business.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Goose.
    pub carriers: Carriers,
    /// Bounds that a healthy run never meets.
    pub bounds: Bounds,
    /// The wish to stop.
    pub stop: Stop,
}

/// What a rehearsal over HTTP found.
#[derive(Debug)]
pub struct HttpRun {
    /// What the rehearsal found.
    pub ended: Ended,
    /// Whether it was played to its end.
    pub ending: Ending,
    /// Whether the load was made on time.
    pub health: Health,
    /// What the tenant says it did.
    pub auth0_ledger: Ledger<auth0::Endpoint>,
    /// What the project says it did.
    pub stytch_ledger: Ledger<stytch::Endpoint>,
    /// What Goose counted, independently of us.
    pub goose: GooseSummary,
}

/// Why a rehearsal over HTTP came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The mock servers are not at work.
    #[error(transparent)]
    Providers(#[from] ProvidersError),
    /// The carriers failed.
    #[error(transparent)]
    Carriers(#[from] CarrierError),
    /// The film could not be played.
    #[error(transparent)]
    Play(#[from] PlayError),
}

/// Rehearses a scenario over HTTP, on this machine: its windows at true speed, the rest in time-lapse.
/// `watch` is told how far it has come, after every answer. Needs a multi-threaded tokio runtime:
/// servers and carriers run beside the core.
pub async fn run(
    scenario: &Scenario,
    population: &Population,
    baseline: Option<&Baseline>,
    options: &Options,
    watch: impl FnMut(Timestamp, Progress),
) -> Result<HttpRun, HttpError> {
    let film = Film::new(&scenario.time, Elsewhere::Lapse);
    play(scenario, (population, baseline), &film, options, watch).await
}

/// The same with a film of one's own.
pub async fn play(
    scenario: &Scenario,
    (population, baseline): (&Population, Option<&Baseline>),
    film: &Film,
    options: &Options,
    mut watch: impl FnMut(Timestamp, Progress),
) -> Result<HttpRun, HttpError> {
    let seed::World {
        tenant,
        project,
        starting,
    } = seed::World::new(scenario, population);
    let start = Providers::start(tenant, project, options.bounds.wallet);
    let providers = Box::pin(start).await?;
    let wire = providers.wire();
    let verifier = JwtVerifier::new(Arc::clone(wire), Arc::clone(providers.published()));
    let mut rehearsal = Rehearsal::new(scenario, population, starting, baseline, verifier);

    let mut crew = Crew::start(&options.carriers, Arc::clone(wire)).await?;
    let mut look = |rehearsal: &Rehearsal<'_, JwtVerifier>| {
        watch(rehearsal.now(), rehearsal.progress());
        providers.wallet().check()
    };
    let world = World {
        watch: &mut look,
        soonest: &|dispatch| soonest_answer(scenario, dispatch),
        inside: &|dispatch| wire.answer_inside(dispatch),
    };
    let played = Conductor::new(
        &mut rehearsal,
        &crew.jobs,
        &mut crew.done,
        &options.stop,
        world,
        options.bounds,
        options.carriers.count,
    )
    .play(film)
    .await;
    let goose = crew.finish(&options.stop).await?;
    let (ending, mut health) = played?;
    health.wallet = providers.wallet().size();
    let (auth0_ledger, stytch_ledger) = (providers.auth0_ledger(), providers.stytch_ledger());
    providers.stop().await;
    Ok(HttpRun {
        ended: rehearsal.finish(),
        ending,
        health,
        auth0_ledger,
        stytch_ledger,
        goose,
    })
}

/// How long a call takes at the least, by the model of its provider.
fn soonest_answer(scenario: &Scenario, dispatch: &Dispatch) -> Span {
    let (at, luck) = (dispatch.stamp.at, dispatch.stamp.luck);
    match dispatch.call {
        ProviderCall::Auth0(call) => {
            let settings = &scenario.providers.auth0;
            settings.soonest_answer(call.endpoint(), at, luck)
        }
        ProviderCall::Stytch(call) => {
            let settings = &scenario.providers.stytch;
            settings.soonest_answer(call.endpoint(), at, luck)
        }
    }
}
