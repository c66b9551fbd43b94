//! What tests of whole rehearsals share: a scenario in virtual time, with every call that was made.

use std::path::Path;

use cutover::driver::virtual_time::{self, Simulated};
use cutover::population::arrival::PlannedVisit;
use cutover::population::{PersonId, Population};
use cutover::recorder::{Incident, IncidentKind, Measure, Recording};
use cutover::rehearsal::{Baseline, Dispatch, ProviderAnswer};
use cutover::scenario::{self, Cutover, Overrides, Scenario, Strategy};

/// A call with its answer as the provider gave it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Exchange {
    pub(crate) dispatch: Dispatch,
    pub(crate) answer: ProviderAnswer,
}

/// A scenario, rehearsed.
pub(crate) struct Rehearsed {
    pub(crate) scenario: Scenario,
    pub(crate) population: Population,
    pub(crate) baseline: Baseline,
    pub(crate) simulated: Simulated,
    pub(crate) exchanges: Vec<Exchange>,
}

/// A committed scenario with settings laid over it.
pub(crate) fn load(name: &str, set: &[&str]) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios")
        .join(format!("{name}.toml"));
    let overrides = Overrides {
        set: set.iter().map(ToString::to_string).collect(),
        seed: None,
    };
    scenario::load(&path, &overrides)
        .unwrap_or_else(|problems| panic!("{problems}"))
        .scenario
}

/// Names of the committed scenarios that are rehearsals by themselves.
pub(crate) fn committed() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("the scenarios")
        .map(|entry| entry.expect("an entry").file_name())
        .filter_map(|name| name.to_str()?.strip_suffix(".toml").map(str::to_owned))
        .filter(|name| !name.starts_with("base-") && !name.starts_with("compare-"))
        .collect();
    names.sort();
    names
}

/// The same scenario under another strategy.
pub(crate) fn under(scenario: &Scenario, strategy: Strategy) -> Scenario {
    Scenario {
        cutover: Cutover {
            strategy,
            rollback: None,
        },
        ..scenario.clone()
    }
}

/// Rehearses.
pub(crate) fn rehearse(scenario: Scenario) -> Rehearsed {
    let population = Population::new(&scenario);
    let baseline = virtual_time::baseline(&scenario, &population);
    let mut exchanges = Vec::new();
    let simulated = virtual_time::observe(
        &scenario,
        &population,
        Some(&baseline),
        |dispatch, answer| {
            exchanges.push(Exchange {
                dispatch: *dispatch,
                answer: *answer,
            });
        },
    );
    Rehearsed {
        scenario,
        population,
        baseline,
        simulated,
        exchanges,
    }
}

impl Exchange {
    /// Whether the answer came after its caller had given up.
    pub(crate) fn timed_out(&self) -> bool {
        let took = match self.answer {
            ProviderAnswer::Auth0(answer) => answer.took,
            ProviderAnswer::Stytch(answer) => answer.took,
        };
        took > self.dispatch.patience
    }

    /// The status that the provider answered with.
    pub(crate) fn status(&self) -> u16 {
        match self.answer {
            ProviderAnswer::Auth0(answer) => answer.outcome.status(),
            ProviderAnswer::Stytch(answer) => answer.outcome.status(),
        }
    }
}

impl Rehearsed {
    /// What was measured.
    pub(crate) fn recording(&self) -> &Recording {
        &self.simulated.ended.recording
    }

    /// A measure over everybody and all time.
    pub(crate) fn total(&self, measure: Measure) -> u64 {
        let counts = self.recording().counts.values();
        counts.map(|counts| counts[measure as usize]).sum()
    }

    /// The incidents of a kind.
    pub(crate) fn incidents(&self, is: impl Fn(IncidentKind) -> bool) -> Vec<Incident> {
        let all = self.recording().incidents.iter().copied();
        all.filter(|incident| is(incident.kind)).collect()
    }

    /// Every visit that was planned, sign-ups apart, in order of time.
    pub(crate) fn planned(&self) -> Vec<PlannedVisit> {
        planned(&self.scenario, &self.population)
    }

    /// People who sign up in the course of the rehearsal.
    pub(crate) fn sign_ups(&self) -> impl Iterator<Item = PersonId> {
        (self.population.at_start()..self.population.people().len() as u32).map(PersonId)
    }
}

/// Every visit that a population plans, sign-ups apart, in order of time.
pub(crate) fn planned(scenario: &Scenario, population: &Population) -> Vec<PlannedVisit> {
    let days = 0..population.days(scenario);
    let mut visits: Vec<PlannedVisit> = days
        .flat_map(|day| population.visits_on(scenario, day))
        .collect();
    visits.sort();
    visits
}
