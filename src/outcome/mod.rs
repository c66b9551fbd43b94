//! The outcome: everything one rehearsal found, in a versioned shape that machines read back.
//!
//! An [`Outcome`] is made from a [`Recording`] and from nothing that is measured later; reports,
//! gates and comparisons read it and never the recording. All its maps and lists are ordered, so
//! that two outcomes are equal exactly when their JSON is equal byte for byte.

mod affected;
mod calls;
mod causes;
mod check;
mod conservation;
mod counts;
mod course;
mod faults;
mod flag;
mod health;
mod identity;
mod judgement;
mod latency;
mod moment;
mod played;
mod reconcile;
mod storm;

#[cfg(test)]
pub(crate) mod fixture;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use cutover_mocks::ledger::Ledger;
use cutover_mocks::{auth0, stytch};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::recorder::{Measure, People, Recording};
use crate::scenario::{Providers, Time};

pub use affected::{Affected, AffectedPerson};
pub use calls::{Allowance, CallLimit, During, EndpointCalls, PeakCalls, Scope};
pub use causes::{Cause, Example, Part};
pub use check::{Check, CheckKind, Explanation, Side};
pub use counts::{CountRow, Phase, TimelineColumns};
pub use course::{CourseColumns, LatencyOverTime, LatencyPoint, LoadColumns};
pub use faults::PlannedFault;
pub use flag::FlagCheck;
pub use health::{DriverHealth, Lateness};
pub use identity::{Assumption, Driver, Identity, Machine, Run};
pub(crate) use judgement::grouped;
pub use judgement::{
    Amount, GateOutcome, GateResult, InvariantOutcome, InvariantResult, Samples, Status, Unit,
    Verdict,
};
pub use latency::{LatencyRow, NotAHistogram};
pub use moment::Moment;
pub use played::{Elsewhere, Played, WindowPlayed};
pub use storm::StormSeen;

/// The version of the shape. It grows when a field changes its meaning or goes away.
pub const OUTCOME_VERSION: u32 = 1;

/// Everything that one rehearsal found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// The version of this shape: [`OUTCOME_VERSION`].
    pub outcome_version: u32,
    /// What was rehearsed.
    pub identity: Identity,
    /// Where and when: the only part that differs between two runs of the same rehearsal in virtual time.
    pub run: Run,
    /// Whether the rehearsal reached its end.
    pub completeness: Completeness,
    /// When scenario time begins.
    pub start: Moment,
    /// How long the rehearsal lasts in scenario time, in microseconds.
    pub length_us: i64,
    /// Stretches of scenario time that were played at true speed.
    pub windows: Vec<WindowPlayed>,
    /// How the rest was played.
    #[serde(default)]
    pub elsewhere: Elsewhere,
    /// People, devices, and what became of their sessions.
    pub people: People,
    /// Phases of the cutover, in order.
    pub phases: Vec<Phase>,
    /// Counts over everything; a measure that is absent is 0.
    pub totals: BTreeMap<Measure, u64>,
    /// Counts by phase and slice.
    pub counts: Vec<CountRow>,
    /// Faults that the scenario plans, in order of time.
    pub faults: Vec<PlannedFault>,
    /// Counts over scenario time.
    pub timeline: TimelineColumns,
    /// How things stood in the timeline's buckets.
    pub course: CourseColumns,
    /// Latency over scenario time.
    pub latency_over_time: Vec<LatencyOverTime>,
    /// Incidents by kind and cause, the kinds in the order of the vocabulary.
    pub causes: Vec<Cause>,
    /// Who was hurt.
    pub affected: Affected,
    /// Incidents that the event log does not hold; `causes` counts them all the same.
    pub incidents_dropped: u64,
    /// Latency from the intended start: over HTTP measured in true-speed windows only, in virtual
    /// time modelled.
    pub latency: Vec<LatencyRow>,
    /// Latency in time-lapse: modelled, not measured; gates nothing. Empty in virtual time.
    pub latency_lapse: Vec<LatencyRow>,
    /// Calls to the providers by endpoint.
    pub calls: Vec<EndpointCalls>,
    /// The second in which most logins began; absent when none did.
    pub login_peak: Option<PeakCalls>,
    /// The storm that turned most calls away; absent when none was.
    pub storm: Option<StormSeen>,
    /// How well the driver kept its times.
    pub driver: DriverHealth,
    /// Starts later than this in windows, at the 99th percentile, make the run inconclusive; microseconds.
    pub lateness_limit_us: i64,
    /// Credentials that must open nothing, shown to the application beside visits, by kind.
    #[serde(default)]
    pub probes: Vec<ProbeCount>,
    /// The flag's real shares against the configured ones.
    pub flag_shares: Vec<FlagCheck>,
    /// Sums that must agree: within the recording, and with what the providers say.
    pub checks: Vec<Check>,
    /// Every setting with its value; those that nobody set with their source.
    pub assumptions: Vec<Assumption>,
    /// Whether it passed; absent until [`crate::verdict::judge`] has spoken.
    pub verdict: Option<Verdict>,
}

/// Credentials of one kind that must open nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProbeCount {
    /// Which kind: `expired`, `forged`, `another_tenant`.
    pub kind: String,
    /// How many were shown to the application.
    pub shown: u64,
    /// How many it let in.
    pub admitted: u64,
}

/// Whether a rehearsal reached its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Completeness {
    /// It did.
    Complete,
    /// It was stopped; everything in the outcome is about the time before.
    Interrupted {
        /// At this scenario time.
        at: Moment,
    },
}

/// What the providers say they did.
#[derive(Clone, Copy, Debug)]
pub struct Ledgers<'a> {
    /// The tenant.
    pub auth0: &'a Ledger<auth0::Endpoint>,
    /// The project.
    pub stytch: &'a Ledger<stytch::Endpoint>,
}

/// What an outcome is made of.
#[derive(Clone, Debug)]
pub struct Rehearsed<'a> {
    /// What was rehearsed.
    pub identity: Identity,
    /// Where and when.
    pub run: Run,
    /// Whether it reached its end.
    pub completeness: Completeness,
    /// The scenario's time.
    pub time: &'a Time,
    /// How it was played.
    pub played: Played,
    /// The scenario's providers: their limits, and faults that explain differences.
    pub providers: &'a Providers,
    /// What was measured.
    pub recording: &'a Recording,
    /// What the providers say; none when they are not ours to ask.
    pub ledgers: Option<Ledgers<'a>>,
    /// How well the driver kept its times.
    pub driver: DriverHealth,
    /// Every setting.
    pub assumptions: Vec<Assumption>,
}

impl Outcome {
    /// Makes the outcome of a rehearsal; nobody has judged it yet.
    pub fn new(rehearsed: Rehearsed<'_>) -> Self {
        let Rehearsed {
            time, recording, ..
        } = rehearsed;
        let (latency, latency_lapse) = latency::tables(recording, rehearsed.identity.driver);
        Self {
            outcome_version: OUTCOME_VERSION,
            completeness: rehearsed.completeness,
            start: Moment::new(time.start),
            length_us: time.length.as_micros(),
            windows: rehearsed.played.windows.clone(),
            elsewhere: rehearsed.played.elsewhere,
            people: recording.people,
            phases: counts::phases(recording),
            totals: counts::totals(recording),
            counts: counts::rows(recording),
            faults: faults::faults(rehearsed.providers),
            timeline: counts::timeline(&recording.timeline),
            course: course::columns(&recording.course),
            latency_over_time: course::latency(recording, rehearsed.identity.driver),
            causes: causes::causes(recording),
            affected: affected::affected(recording),
            incidents_dropped: recording.incidents_dropped,
            latency,
            latency_lapse,
            calls: calls::calls(recording, rehearsed.ledgers, rehearsed.providers),
            login_peak: PeakCalls::of(recording.login_peak),
            storm: recording.storm.map(StormSeen::new),
            driver: rehearsed.driver,
            lateness_limit_us: time.lateness_limit.as_micros(),
            probes: recording
                .probes
                .iter()
                .map(|(kind, probes)| ProbeCount {
                    kind: kind.name().to_owned(),
                    shown: probes.shown,
                    admitted: probes.admitted,
                })
                .collect(),
            flag_shares: recording
                .flag_shares
                .iter()
                .copied()
                .map(FlagCheck::new)
                .collect(),
            checks: checks(&rehearsed),
            assumptions: rehearsed.assumptions,
            identity: rehearsed.identity,
            run: rehearsed.run,
            verdict: None,
        }
    }

    /// A measure's total.
    pub fn total(&self, measure: Measure) -> u64 {
        self.totals.get(&measure).copied().unwrap_or(0)
    }

    /// The SHA-256 of everything but where and when it ran, in hexadecimal: equal for the same
    /// scenario, seed and version in virtual time, whatever the machine.
    pub fn fingerprint(&self) -> String {
        let anywhere = Self {
            run: Run::default(),
            ..self.clone()
        };
        let json = serde_json::to_vec(&anywhere).expect("an outcome has text keys only");
        Sha256::digest(json)
            .iter()
            .fold(String::new(), |mut text, byte| {
                use std::fmt::Write as _;
                write!(text, "{byte:02x}").expect("a String takes all text");
                text
            })
    }
}

/// Everything that must agree.
fn checks(rehearsed: &Rehearsed<'_>) -> Vec<Check> {
    let mut checks =
        conservation::conservation(rehearsed.recording, rehearsed.driver.calls_open_at_end);
    if let Some(ledgers) = rehearsed.ledgers {
        checks.extend(reconcile::reconciliation(rehearsed, ledgers));
    }
    checks
}
