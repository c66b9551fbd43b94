//! Rehearses every strategy with every seed: the people and what they live through without a cutover
//! are drawn once for all strategies of a seed.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::ceiling;
use super::fates::{self, Fates};
use super::workers::work_off;
use crate::driver::virtual_time::{self, Simulated};
use crate::outcome::{
    Completeness, Driver, DriverHealth, Elsewhere, Identity, Ledgers, Outcome, Played, Rehearsed,
    Run,
};
use crate::population::Population;
use crate::rehearsal::Baseline;
use crate::scenario::comparison::Yardstick;
use crate::scenario::{Loaded, Scenario, comparison};
use crate::verdict::{self, PlacedGate};

/// One strategy with one seed.
#[derive(Debug)]
pub(super) struct Rehearsal {
    /// What it found, judged by the gates that every strategy must keep to.
    pub(super) outcome: Outcome,
    /// Whom it hit.
    pub(super) fates: Fates,
    /// How close it came to the providers' limits.
    pub(super) limits: Vec<ceiling::Use>,
    /// What it is compared by, in the order of [`Yardstick::ALL`].
    pub(super) values: Vec<Option<f64>>,
}

/// What every rehearsal of a comparison needs.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    pub(super) comparison: &'a comparison::Comparison,
    pub(super) each: &'a [PlacedGate],
    pub(super) threads: NonZeroUsize,
    pub(super) tool_version: &'a str,
}

/// How far a comparison has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Rehearsals that are done.
    pub done: u64,
    /// Rehearsals that are planned so far; cures and ceilings are planned when causes are known.
    pub planned: u64,
}

/// Is told how far a comparison has come, and says whether it shall go on.
pub type Watch<'a> = &'a (dyn Fn(Progress) -> ControlFlow<()> + Sync);

/// Counts rehearsals; whoever watches sees each of them, and can end the comparison there.
pub(super) struct Counter<'a> {
    progress: Mutex<Progress>,
    watch: Watch<'a>,
    stopped: AtomicBool,
}

impl<'a> Counter<'a> {
    pub(super) fn new(watch: Watch<'a>) -> Self {
        Self {
            progress: Mutex::new(Progress::default()),
            watch,
            stopped: AtomicBool::new(false),
        }
    }

    pub(super) fn plan(&self, rehearsals: u64) {
        self.change(|progress| progress.planned += rehearsals);
    }

    pub(super) fn one_more(&self) {
        self.change(|progress| progress.done += 1);
    }

    fn change(&self, change: impl FnOnce(&mut Progress)) {
        // A thread that panicked while counting has already ended the comparison.
        if let Ok(mut progress) = self.progress.lock() {
            change(&mut progress);
            if (self.watch)(*progress).is_break() {
                self.stopped.store(true, Ordering::Relaxed);
            }
        }
    }

    /// Whether whoever watches wants no more.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

/// The people of a seed, and what they live through without a cutover.
#[derive(Debug)]
pub(super) struct People {
    pub(super) population: Population,
    pub(super) baseline: Baseline,
}

impl People {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let population = Population::new(scenario);
        let baseline = virtual_time::baseline(scenario, &population);
        Self {
            population,
            baseline,
        }
    }

    /// The same people with other luck.
    fn with_other_luck(&self, scenario: &Scenario) -> Self {
        let population = self.population.with_other_luck(1);
        let baseline = virtual_time::baseline(scenario, &population);
        Self {
            population,
            baseline,
        }
    }
}

/// A scenario with another seed.
pub(super) fn with_seed(scenario: &Scenario, seed: u64) -> Scenario {
    Scenario {
        seed,
        ..scenario.clone()
    }
}

/// What [`rehearse_all`] found.
#[derive(Debug)]
pub(super) struct Rehearsals {
    /// By strategy, then by seed.
    pub(super) arms: Vec<Vec<Rehearsal>>,
    /// One strategy once more, its people with other luck: by seed.
    pub(super) control: Vec<Rehearsal>,
}

/// All strategies with all seeds, and the control; fewer seeds where whoever watches wants no more.
pub(super) fn rehearse_all(
    stage: &Stage<'_>,
    arms: &[&Loaded],
    control: usize,
    counter: &Counter<'_>,
) -> Rehearsals {
    let seeds: Vec<u64> = (0..u64::from(stage.comparison.seeds))
        .map(|number| stage.comparison.first_seed + number)
        .collect();
    // Strategies may differ in the application, and then without a cutover as well.
    let mut kinds: Vec<usize> = Vec::new();
    let kind_of: Vec<usize> = arms
        .iter()
        .enumerate()
        .map(|(place, arm)| {
            let app = &arm.scenario.app;
            let known = kinds
                .iter()
                .position(|&kind| arms[kind].scenario.app == *app);
            known.unwrap_or_else(|| {
                kinds.push(place);
                kinds.len() - 1
            })
        })
        .collect();
    // One column more than there are arms: the control.
    let columns = arms.len() + 1;
    counter.plan((seeds.len() * columns) as u64);
    let mut by_arm: Vec<Vec<Rehearsal>> = (0..columns).map(|_| Vec::new()).collect();
    // The people of all seeds at once might not fit into memory.
    for seeds in seeds.chunks(stage.threads.get().saturating_mul(2)) {
        let jobs = pairs(seeds.len(), kinds.len());
        let stopped = || counter.is_stopped();
        let people = work_off(stage.threads, &jobs, stopped, |&(seed, kind)| {
            People::new(&with_seed(&arms[kinds[kind]].scenario, seeds[seed]))
        });
        let of = |seed: usize, arm: usize| &people[seed * kinds.len() + kind_of[arm]];
        let jobs = pairs(people.len() / kinds.len(), columns);
        let rehearsals = work_off(stage.threads, &jobs, stopped, |&(seed, column)| {
            let arm = if column == arms.len() {
                control
            } else {
                column
            };
            let scenario = with_seed(&arms[arm].scenario, seeds[seed]);
            let done = if column == arms.len() {
                let other = of(seed, arm).with_other_luck(&scenario);
                stage.rehearse(arms[arm], &scenario, &other)
            } else {
                stage.rehearse(arms[arm], &scenario, of(seed, arm))
            };
            counter.one_more();
            done
        });
        // Only seeds that every strategy has been through can be compared.
        let whole = rehearsals.len() / columns * columns;
        for (rehearsal, (_, column)) in rehearsals.into_iter().zip(&jobs).take(whole) {
            by_arm[*column].push(rehearsal);
        }
        if counter.is_stopped() {
            break;
        }
    }
    let control = by_arm.pop().unwrap_or_default();
    Rehearsals {
        arms: by_arm,
        control,
    }
}

impl Rehearsals {
    /// Seeds that every strategy has been through.
    pub(super) fn seeds(&self) -> u32 {
        self.control.len() as u32
    }
}

fn pairs(rows: usize, columns: usize) -> Vec<(usize, usize)> {
    (0..rows)
        .flat_map(|row| (0..columns).map(move |column| (row, column)))
        .collect()
}

impl Stage<'_> {
    /// One rehearsal.
    fn rehearse(&self, loaded: &Loaded, scenario: &Scenario, people: &People) -> Rehearsal {
        let simulated = simulate(scenario, people);
        let recording = &simulated.ended.recording;
        let calls = recording
            .auth0_calls
            .values()
            .chain(recording.stytch_calls.values())
            .sum();
        let mut identity = Identity::new(loaded, Driver::Virtual, self.tool_version);
        identity.seed = scenario.seed;
        let mut outcome = Outcome::new(Rehearsed {
            identity,
            run: Run::default(),
            completeness: Completeness::Complete,
            time: &scenario.time,
            played: Played::new(&scenario.time, Elsewhere::VirtualTime),
            providers: &scenario.providers,
            recording,
            ledgers: Some(Ledgers {
                auth0: simulated.tenant.ledger(),
                stytch: simulated.project.ledger(),
            }),
            driver: DriverHealth::exact(calls),
            assumptions: Vec::new(),
        });
        outcome.verdict = Some(verdict::judge(&outcome, self.each));
        let duration = fates::duration(recording, self.comparison.moved);
        let values = Yardstick::ALL
            .into_iter()
            .map(|yardstick| {
                super::yardstick::value(yardstick, &outcome, duration, self.comparison)
            })
            .collect();
        Rehearsal {
            fates: Fates::of(recording),
            limits: ceiling::limits(&simulated),
            outcome,
            values,
        }
    }
}

/// A scenario with its people, in virtual time.
pub(super) fn simulate(scenario: &Scenario, people: &People) -> Simulated {
    virtual_time::simulate(
        scenario,
        &people.population,
        Some(&people.baseline),
        |_, _| {},
    )
}
