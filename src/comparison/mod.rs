//! Strategies compared over the very same people: many seeds each, differences with intervals, a
//! ranking by gates, and sentences that say what the data show and what they do not.

mod arms;
mod ceiling;
mod cures;
mod fates;
mod gates;
mod outcome;
mod pairs;
mod ranking;
mod rehearse;
pub(crate) mod sentences;
pub mod statistics;
mod workers;
mod yardstick;

#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;

use cutover_mocks::luck::Luck;

pub use outcome::{
    ArmOutcome, BetweenOutcome, BetweenResult, COMPARISON_VERSION, CauseFound, Ceiling,
    ComparisonIdentity, ComparisonOutcome, ControlOutcome, Cure, Difference, EachGate, Finding,
    Growth, Measured, PairOutcome, Part, Place, Ranking, Test, WorstSeed,
};
pub use ranking::PARETO;
pub use rehearse::{Progress, Watch};

use crate::outcome::{Assumption, Moment, NotAHistogram, Run, Status};
use crate::scenario::Loaded;
use crate::scenario::comparison::{Arm, LoadedComparison};
use crate::verdict::{GateError, PlacedGate};
use pairs::Side;
use rehearse::{Counter, Rehearsal, Rehearsals, Stage};

/// A control that chance would show so seldom says that the comparison itself is at fault.
const ALARM: f64 = 0.001;

/// How a comparison is run.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Threads to use; nothing that is found depends on it.
    pub threads: NonZeroUsize,
    /// Whether settings are tried against causes, and more people against limits.
    pub deep: bool,
    /// Version of this tool.
    pub tool_version: &'a str,
}

/// Why a comparison could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A gate cannot be read.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// Latencies cannot be merged.
    #[error(transparent)]
    Histogram(#[from] NotAHistogram),
    /// It was stopped too early.
    #[error(
        "stopped before every strategy had been through two seeds: there is nothing to compare yet"
    )]
    TooEarly,
}

impl From<gates::BetweenError> for CompareError {
    fn from(error: gates::BetweenError) -> Self {
        match error {
            gates::BetweenError::Gate(error) => Self::Gate(error),
            gates::BetweenError::Histogram(error) => Self::Histogram(error),
        }
    }
}

/// Compares the strategies. `watch` is told how far it has come, and says whether it shall go on; where
/// it shall not, what is finished is compared.
pub fn compare(
    loaded: &LoadedComparison,
    options: Options<'_>,
    watch: Watch<'_>,
) -> Result<ComparisonOutcome, CompareError> {
    let comparison = &loaded.comparison;
    let each = comparison
        .each
        .iter()
        .map(|gate| PlacedGate::read(gate.clone()))
        .collect::<Result<Vec<_>, _>>()?;
    let stage = Stage {
        comparison,
        each: &each,
        threads: options.threads,
        tool_version: options.tool_version,
    };
    let scenarios: Vec<&Loaded> = loaded.arms.iter().map(|arm| &arm.loaded).collect();
    let counter = Counter::new(watch);
    let rehearsals = rehearse::rehearse_all(&stage, &scenarios, control(loaded), &counter);
    if rehearsals.seeds() < 2 {
        return Err(CompareError::TooEarly);
    }
    let mut outcome = conclude(loaded, &rehearsals, options.tool_version)?;
    let compared = rehearsals.seeds() == comparison.seeds;
    if options.deep && compared {
        let done = &rehearsals.arms;
        cures::find(&stage, loaded, done, &mut outcome.arms, &counter);
        ceiling::find(&stage, &loaded.arms, done, &mut outcome.arms, &counter);
    }
    if counter.is_stopped() {
        outcome.cut_short(if compared {
            "stopped while settings were tried against causes, and more people against limits: the \
             comparison itself is complete"
                .to_owned()
        } else {
            format!(
                "stopped after {} of {} seeds: what follows rests on those",
                rehearsals.seeds(),
                comparison.seeds
            )
        });
    }
    Ok(outcome)
}

/// What follows from the rehearsals.
fn conclude(
    loaded: &LoadedComparison,
    rehearsals: &Rehearsals,
    tool_version: &str,
) -> Result<ComparisonOutcome, CompareError> {
    let comparison = &loaded.comparison;
    let luck = Luck(comparison.first_seed).split(u64::from(comparison.seeds));
    let mut arms = Vec::new();
    for (place, (arm, done)) in loaded.arms.iter().zip(&rehearsals.arms).enumerate() {
        arms.push(arms::pooled(arm, done, luck.split(place as u64))?);
    }
    ranking::mark_pareto(&mut arms);
    let sides: Vec<Side<'_>> = loaded
        .arms
        .iter()
        .zip(&rehearsals.arms)
        .map(|(arm, done)| side(arm, done))
        .collect();
    let pairs = all_pairs(&sides, luck.split(1_000));
    let named: Vec<gates::Named<'_>> = sides.iter().map(|it| (it.name, it.rehearsals)).collect();
    let mut between = Vec::new();
    for (place, gate) in comparison.between.iter().enumerate() {
        let luck = luck.split(2_000).split(place as u64);
        between.push(gates::between(gate, &named, luck)?);
    }
    let control = held_against_itself(&sides[control(loaded)], rehearsals, luck.split(3_000));
    let ranking = ranking::rank(&arms, &pairs, &comparison.rank, comparison.moved);
    let (status, reasons) = status(rehearsals, &arms, &between, &control, &ranking);
    Ok(ComparisonOutcome {
        comparison_version: COMPARISON_VERSION,
        identity: identity(loaded, rehearsals.seeds(), tool_version),
        run: Run::default(),
        stopped: None,
        start: Moment::new(loaded.arms[0].loaded.scenario.time.start),
        length_us: loaded.arms[0].loaded.scenario.time.length.as_micros(),
        arms,
        pairs,
        control,
        between,
        ranking,
        status,
        reasons,
        assumptions: loaded.assumptions.iter().map(Assumption::from).collect(),
        shared_assumptions: shared(loaded),
    })
}

fn side<'a>(arm: &'a Arm, rehearsals: &'a [Rehearsal]) -> Side<'a> {
    Side {
        name: &arm.name,
        moves: arms::moves(arm),
        rehearsals,
    }
}

/// The place of the strategy that is held against itself.
fn control(loaded: &LoadedComparison) -> usize {
    let named = loaded.comparison.control.as_ref();
    let place = match named {
        Some(name) => loaded.arms.iter().position(|arm| arm.name == *name),
        None => loaded.arms.iter().position(arms::moves),
    };
    place.unwrap_or(0)
}

fn all_pairs(sides: &[Side<'_>], luck: Luck) -> Vec<PairOutcome> {
    let mut all = Vec::new();
    for (place, &first) in sides.iter().enumerate() {
        for &second in &sides[place + 1..] {
            let luck = luck.split(all.len() as u64);
            all.push(pairs::pair(first, second, luck));
        }
    }
    all
}

/// A strategy against itself with other luck: what differs there, chance alone has made.
fn held_against_itself(side: &Side<'_>, rehearsals: &Rehearsals, luck: Luck) -> ControlOutcome {
    let again = format!("{} with other luck", side.name);
    let other = Side {
        name: &again,
        moves: side.moves,
        rehearsals: &rehearsals.control,
    };
    let measures = pairs::differences(*side, other, luck);
    let shows = |below: f64| -> Vec<&Difference> {
        let found = |it: &&Difference| it.p_corrected.is_some_and(|p| p <= below);
        measures.iter().filter(found).collect()
    };
    let (alarm, noted) = (shows(ALARM), shows(pairs::LEVEL));
    let names = |found: &[&Difference]| -> String {
        let names: Vec<&str> = found.iter().map(|it| it.yardstick.as_str()).collect();
        names.join(", ")
    };
    let tested = measures.iter().filter(|it| it.p.is_some()).count();
    let sentence = if !alarm.is_empty() {
        format!(
            "{} differs from itself by {}, which chance explains in less than one case of a thousand: \
             the comparison itself is at fault",
            side.name,
            names(&alarm)
        )
    } else if !noted.is_empty() {
        format!(
            "{} seems to differ from itself by {}: as chance makes it in one comparison of twenty",
            side.name,
            names(&noted)
        )
    } else if tested == 0 {
        format!(
            "{} against itself with other luck is the same in every seed, by all yardsticks",
            side.name
        )
    } else {
        format!(
            "{} against itself with other luck shows nothing, as it must, by the yardsticks that differ \
             at all in some seed ({tested})",
            side.name
        )
    };
    let shows_nothing = alarm.is_empty();
    ControlOutcome {
        arm: side.name.to_owned(),
        shows_nothing,
        sentence,
        measures,
    }
}

/// The gravest speaks: a violated invariant, then what proves nothing, then a gate that fails.
fn status(
    rehearsals: &Rehearsals,
    arms: &[ArmOutcome],
    between: &[BetweenOutcome],
    control: &ControlOutcome,
    ranking: &Ranking,
) -> (Status, Vec<String>) {
    let of = |status: Status| -> Vec<String> {
        let mut reasons = Vec::new();
        for (arm, done) in arms.iter().zip(&rehearsals.arms) {
            for rehearsal in done {
                let outcome = &rehearsal.outcome;
                let Some(verdict) = outcome.verdict.as_ref().filter(|it| it.status == status)
                else {
                    continue;
                };
                let seed = outcome.identity.seed;
                let told = verdict.reasons.iter();
                reasons.extend(told.map(|it| format!("{}, seed {seed}: {it}", arm.name)));
            }
        }
        reasons
    };
    let violated = of(Status::InvariantViolated);
    if !violated.is_empty() {
        return (Status::InvariantViolated, violated);
    }
    let gates = |result: BetweenResult| -> Vec<String> {
        let these = between.iter().filter(|gate| gate.result == result);
        these
            .map(|gate| format!("gate `{}`: {}", gate.gate, gate.finding))
            .collect()
    };
    let mut doubts = of(Status::Inconclusive);
    if !control.shows_nothing {
        doubts.push(control.sentence.clone());
    }
    if !doubts.is_empty() {
        return (Status::Inconclusive, doubts);
    }
    let mut failed = gates(BetweenResult::Fails);
    failed.extend(gates(BetweenResult::NotExercised));
    if ranking.recommended.is_none() {
        failed.extend(ranking.advice.first().cloned());
    }
    if !failed.is_empty() {
        return (Status::GateFailed, failed);
    }
    let open = gates(BetweenResult::Inconclusive);
    if !open.is_empty() {
        return (Status::Inconclusive, open);
    }
    (Status::Passed, Vec::new())
}

fn identity(loaded: &LoadedComparison, seeds: u32, tool_version: &str) -> ComparisonIdentity {
    let comparison = &loaded.comparison;
    ComparisonIdentity {
        comparison: comparison.name.clone(),
        question: comparison.question.clone(),
        text: loaded.text.clone(),
        sha256: loaded.hash.clone(),
        files: loaded
            .files
            .iter()
            .map(|file| file.display().to_string())
            .collect(),
        settings: loaded.settings.clone(),
        first_seed: comparison.first_seed,
        seeds,
        tool_version: tool_version.to_owned(),
    }
}

/// Settings that all strategies have alike.
fn shared(loaded: &LoadedComparison) -> Vec<Assumption> {
    let Some((first, others)) = loaded.arms.split_first() else {
        return Vec::new();
    };
    let alike = |setting: &&crate::scenario::Assumption| {
        let same = |other: &Arm| other.loaded.assumptions.contains(setting);
        others.iter().all(same)
    };
    let settings = first.loaded.assumptions.iter().filter(alike);
    settings.map(Assumption::from).collect()
}
