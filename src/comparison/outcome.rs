//! The outcome of a comparison: everything it found, in a versioned shape that machines read back.
//!
//! All maps and lists are ordered, so that two outcomes are equal exactly when their JSON is equal
//! byte for byte; only [`ComparisonOutcome::run`] tells where and when.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::statistics::{Discordant, Interval};
use crate::outcome::{
    Amount, Assumption, EndpointCalls, GateResult, InvariantOutcome, LatencyRow, Moment, Phase,
    Run, Status, TimelineColumns, Unit,
};
use crate::recorder::{Measure, People};
use crate::verdict::exit;

/// The version of the shape. It grows when a field changes its meaning or goes away.
pub const COMPARISON_VERSION: u32 = 1;

/// Everything that a comparison found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComparisonOutcome {
    /// The version of this shape: [`COMPARISON_VERSION`].
    pub comparison_version: u32,
    /// What was compared.
    pub identity: ComparisonIdentity,
    /// Where and when: the only part that differs between two runs of the same comparison.
    pub run: Run,
    /// Where it was stopped before its end: how far it had come.
    #[serde(default)]
    pub stopped: Option<String>,
    /// When scenario time begins.
    pub start: Moment,
    /// How long each rehearsal lasts in scenario time, in microseconds.
    pub length_us: i64,
    /// The strategies, in the order of the file.
    pub arms: Vec<ArmOutcome>,
    /// Each two strategies against each other, the second after the first in the order of the file.
    pub pairs: Vec<PairOutcome>,
    /// One strategy against itself, with other luck.
    pub control: ControlOutcome,
    /// Gates between strategies.
    pub between: Vec<BetweenOutcome>,
    /// Which strategy is best, and by what.
    pub ranking: Ranking,
    /// What follows.
    pub status: Status,
    /// Why it is no pass, one sentence each.
    pub reasons: Vec<String>,
    /// The comparison's own settings.
    pub assumptions: Vec<Assumption>,
    /// What all strategies share: settings of their scenarios, from the first one.
    pub shared_assumptions: Vec<Assumption>,
}

/// What was compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComparisonIdentity {
    /// The comparison's name.
    pub comparison: String,
    /// The question it answers.
    pub question: String,
    /// The comparison's text, and what it extends, merged to one.
    pub text: String,
    /// SHA-256 of it and of the texts of all scenarios, in hexadecimal.
    pub sha256: String,
    /// Its files.
    pub files: Vec<String>,
    /// Settings laid over every strategy, as written.
    pub settings: Vec<String>,
    /// The first seed.
    pub first_seed: u64,
    /// How many seeds every strategy has been through.
    pub seeds: u32,
    /// Version of this tool.
    pub tool_version: String,
}

/// What one strategy came to, over all seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ArmOutcome {
    /// Its name in the comparison.
    pub name: String,
    /// Its scenario's name.
    pub scenario: String,
    /// Its scenario's file.
    pub file: String,
    /// SHA-256 of its scenario's text, in hexadecimal.
    pub sha256: String,
    /// Name of the strategy.
    pub strategy: String,
    /// Whether it moves anybody; the strategy `none` does not, and is ranked nowhere.
    pub moves: bool,
    /// Phases of the cutover.
    pub phases: Vec<Phase>,
    /// People and devices, summed over all seeds.
    pub people: People,
    /// Counts, summed over all seeds.
    pub totals: BTreeMap<Measure, u64>,
    /// Counts over scenario time, summed over all seeds.
    pub timeline: TimelineColumns,
    /// Latency, from the histograms of all seeds merged.
    pub latency: Vec<LatencyRow>,
    /// Calls summed over all seeds; the peak is the highest of any seed.
    pub calls: Vec<EndpointCalls>,
    /// What it is compared by.
    pub measures: Vec<Measured>,
    /// What it must keep to, in every seed.
    pub gates: Vec<EachGate>,
    /// The invariants over all seeds: one violation is one too many.
    pub invariants: Vec<InvariantOutcome>,
    /// Causes of forced logouts and of lockouts, the most frequent first.
    pub causes: Vec<CauseFound>,
    /// Whether no other strategy is at least as good by all of [`PARETO`](super::PARETO) and better by one.
    pub pareto: bool,
    /// Which limit it comes closest to.
    pub ceiling: Option<Ceiling>,
}

/// One yardstick of one strategy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The yardstick's name.
    pub yardstick: String,
    /// The unit of its values.
    pub unit: Unit,
    /// One value for each seed; absent where there is none, as for the length of a cutover that did
    /// not end.
    pub by_seed: Vec<Option<f64>>,
    /// The mean with its 95% interval; absent unless every seed has a value.
    pub mean: Option<Interval>,
    /// What part of all people or devices it is, over all seeds; absent where it is no part of them.
    pub share: Option<Part>,
}

/// A part of a whole, with its exact 95% interval (Clopper and Pearson).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// How many.
    pub part: u64,
    /// Of how many.
    pub whole: u64,
    /// Of what.
    pub of: String,
    /// Lower end of the interval, from 0 to 1.
    pub low: f64,
    /// Upper end of the interval, from 0 to 1; of a part of 0 about 3.7 / whole.
    pub high: f64,
}

/// A gate that every strategy must keep to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EachGate {
    /// The gate, as written.
    pub gate: String,
    /// The file it stands in.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// Seeds in which it held.
    pub held: u32,
    /// All seeds.
    pub seeds: u32,
    /// Its result over all seeds: it holds if it held in each.
    pub result: GateResult,
    /// The value with the least room, and its seed; absent when no seed had one.
    pub worst: Option<WorstSeed>,
    /// The limit.
    pub limit: Amount,
}

/// The seed in which a gate had the least room.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WorstSeed {
    /// The seed.
    pub seed: u64,
    /// The value.
    pub value: Amount,
}

/// Two strategies against each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PairOutcome {
    /// The first strategy.
    pub first: String,
    /// The second one.
    pub second: String,
    /// By each yardstick.
    pub measures: Vec<Difference>,
}

/// Two strategies by one yardstick.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The yardstick's name.
    pub yardstick: String,
    /// The unit of the difference.
    pub unit: Unit,
    /// The second minus the first: the mean over seeds with its 95% interval. Absent where a seed has
    /// no value.
    pub difference: Option<Interval>,
    /// How likely chance alone makes such a difference, from 0 to 1; absent where nothing was tested.
    pub p: Option<f64>,
    /// The same, corrected for testing all yardsticks of this pair (Holm).
    pub p_corrected: Option<f64>,
    /// By which test.
    pub test: Option<Test>,
    /// Correlation of both over seeds, from -1 to 1. Above 0, comparing the same people made the
    /// comparison sharper; absent where one of them never varies.
    pub correlation: Option<f64>,
    /// The same people person by person (devices for forced logouts), over all seeds.
    pub fates: Option<Discordant>,
    /// What the data show.
    pub finding: Finding,
    /// The same in a sentence, and what they do not show.
    pub sentence: String,
}

/// Where a p-value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Test {
    /// Fisher's exact sign-flip test over the differences of seeds.
    SignFlip,
    /// `McNemar`'s exact test over people, for rare counts.
    Mcnemar,
    /// The exact sign test over seeds, where some have no value.
    Sign,
}

/// What the data show of two strategies by one yardstick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// The first has less.
    FirstLess,
    /// The second has less.
    SecondLess,
    /// Both have the same in every seed.
    Same,
    /// The data cannot tell.
    Undecided {
        /// Seeds that would, if the difference is as large as it seems; absent if nothing is seen at all.
        seeds_needed: Option<u64>,
    },
    /// There is nothing to compare: one of them has no such value.
    NotComparable,
}

/// One strategy against itself: the same people, other luck.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ControlOutcome {
    /// The strategy.
    pub arm: String,
    /// By each yardstick.
    pub measures: Vec<Difference>,
    /// Whether it shows nothing, as it must.
    pub shows_nothing: bool,
    /// The same in a sentence.
    pub sentence: String,
}

/// A gate between strategies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BetweenOutcome {
    /// The gate, as written.
    pub gate: String,
    /// The file it stands in.
    pub file: String,
    /// Its line, from 1.
    pub line: usize,
    /// Whether it holds.
    pub result: BetweenResult,
    /// Left minus right, the factor included: the mean over seeds with its 95% interval. Absent for a
    /// gate of one strategy, and for latencies, whose percentiles come from all seeds merged.
    pub difference: Option<Interval>,
    /// The unit of the difference.
    pub unit: Unit,
    /// What was found, in a sentence.
    pub finding: String,
}

/// Whether a gate between strategies holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BetweenResult {
    /// It does, and chance does not explain it.
    Holds,
    /// It does not, and chance does not explain it.
    Fails,
    /// The data cannot tell.
    Inconclusive,
    /// Its quantities were never measured.
    NotExercised,
}

/// Which strategy is best.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ranking {
    /// The yardsticks that decide, the weightiest first.
    pub by: Vec<String>,
    /// The strategies that move anybody, the best first.
    pub places: Vec<Place>,
    /// The strategy to choose; absent when none keeps to its gates.
    pub recommended: Option<String>,
    /// What it costs, what it risks, and what would change the answer, one sentence each.
    pub advice: Vec<String>,
}

/// A strategy's place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The place, from 1; strategies that the data cannot tell apart share one.
    pub place: u32,
    /// The strategy.
    pub arm: String,
    /// Gates that it does not keep to.
    pub gates_broken: Vec<String>,
    /// Why it is not before the one before it.
    pub why: String,
}

/// A cause of forced logouts or of lockouts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CauseFound {
    /// The kind: `forced_logout`, `lockout`.
    pub kind: String,
    /// The cause.
    pub cause: String,
    /// How many, over all seeds.
    pub count: u64,
    /// A 95% interval of its mean in one seed (Poisson, of the sum).
    pub per_seed: Interval,
    /// Settings that would have avoided some of them, the best first.
    pub cures: Vec<Cure>,
}

/// A setting that was tried against a cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cure {
    /// The setting, as written on a command line.
    pub setting: String,
    /// Its value in the scenario.
    pub instead_of: String,
    /// Hits of this cause in the seeds that were rehearsed again.
    pub of: u64,
    /// Those of them who are not hit any more, by whatever cause.
    pub avoided: u64,
    /// Others who are hit instead, though they were not before.
    pub newly_hit: u64,
    /// How many seeds were rehearsed again.
    pub seeds: u32,
    /// The same in a sentence.
    pub sentence: String,
}

/// How close a strategy comes to the limit that it reaches first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ceiling {
    /// The limit: `auth0: 100/s over all calls`.
    pub limit: String,
    /// How much of it is used at the worst moment of all seeds, from 0; 1 and more: it was reached.
    pub used: f64,
    /// When that was.
    pub at: Moment,
    /// The seed in which it was.
    pub seed: u64,
    /// The share of the flag at that moment, from 0 to 1.
    pub flag_share: f64,
    /// Calls that were refused by any limit, over all seeds.
    pub refused: u64,
    /// How many times the people would reach it: it holds at the first and not at the second. Absent
    /// where it is reached as it is, or where it was not looked for.
    pub reached_at: Option<Growth>,
    /// The same in a sentence.
    pub sentence: String,
}

/// Between which sizes a limit is reached, as times the people.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// It was not reached with so many times the people.
    pub holds_at: f64,
    /// It was with so many; absent when nothing that was tried reached it.
    pub fails_at: Option<f64>,
}

impl ComparisonOutcome {
    /// Notes that it was stopped before its end. Fewer seeds than were asked for pass nothing; what is
    /// violated stays so.
    pub(super) fn cut_short(&mut self, how_far: String) {
        if self.status == Status::Passed {
            self.status = Status::Inconclusive;
        }
        self.reasons.insert(0, how_far.clone());
        self.stopped = Some(how_far);
    }

    /// What a script is told.
    pub fn exit_code(&self) -> u8 {
        match self.stopped {
            Some(_) => exit::INTERRUPTED,
            None => self.status.exit_code(),
        }
    }

    /// A strategy by its name.
    pub fn arm(&self, name: &str) -> Option<&ArmOutcome> {
        self.arms.iter().find(|arm| arm.name == name)
    }

    /// Two strategies against each other, in either order; true when they are swapped.
    pub fn pair(&self, one: &str, other: &str) -> Option<(&PairOutcome, bool)> {
        self.pairs.iter().find_map(|pair| {
            if pair.first == one && pair.second == other {
                Some((pair, false))
            } else if pair.first == other && pair.second == one {
                Some((pair, true))
            } else {
                None
            }
        })
    }
}

impl ArmOutcome {
    /// A yardstick of it.
    pub fn measured(&self, yardstick: &str) -> Option<&Measured> {
        self.measures.iter().find(|it| it.yardstick == yardstick)
    }

    /// Whether it kept to all gates in every seed.
    pub fn keeps_to_gates(&self) -> bool {
        self.gates
            .iter()
            .all(|gate| gate.result == GateResult::Holds)
    }
}
