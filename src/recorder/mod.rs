//! What happened, counted: the only writer of measurements, fed by the protocol core.

mod course;
pub mod incident;
pub mod measure;
mod meter;
mod storm;
mod tally;

use std::collections::BTreeMap;

use cutover_mocks::time::{Span, Timestamp};
use cutover_mocks::{auth0, stytch};
use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use course::{Holding, LatencyCourse};
pub use incident::{
    FailureCause, Incident, IncidentKind, LockoutCause, LogoutCause, Via, WrongAdmission,
};
pub use measure::{Base, Measure, Operation};
pub use storm::{Onset, Storm};
pub use tally::{Cell, Pace, Recorder};

/// The status of a call to which no answer came, where calls are counted by status.
pub const NO_ANSWER: u16 = 0;
/// The status of a call whose caller gave up waiting, where calls are counted by status.
pub const TIMED_OUT: u16 = 599;

/// Properties by which counts are kept apart; a gate or a table can ask for any of them.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(deny_unknown_fields)]
pub struct Slice {
    /// Platform of the device.
    pub platform: Platform,
    /// Whether the device's app can hold a Stytch session (web: always).
    pub app: AppVersion,
    /// What Stytch knew of the person when the rehearsal began.
    pub record: Record,
    /// Size of the person's organization; `None` in a consumer scenario.
    pub organization: OrgSize,
    /// Whether the cutover has reached the person's device at that time: flag on, or after the
    /// cutover's time for strategies without a flag.
    pub cohort: Cohort,
}

/// Platform of a device.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Platform {
    /// A web browser.
    Web,
    /// An iOS app.
    Ios,
    /// An Android app.
    Android,
}

/// Version of an app.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum AppVersion {
    /// Knows both providers.
    Current,
    /// Knows the legacy provider only.
    Old,
}

/// What Stytch knew of a person when the rehearsal began.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// Imported under the same address (letter case aside).
    Imported,
    /// Imported under an address of another form.
    OtherAddress,
    /// Not imported.
    Missing,
    /// Signed up during the rehearsal.
    New,
}

/// Size of an organization.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum OrgSize {
    /// No organization: a consumer scenario.
    None,
    /// Up to 10 members.
    Small,
    /// 11 to 100 members.
    Medium,
    /// More than 100 members.
    Large,
}

/// Whether the cutover has reached a device.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Cohort {
    /// Not yet.
    Waiting,
    /// It has.
    Moved,
}

/// A phase of the cutover: from one change of the strategy to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phase {
    /// Its name: `before`, `coexistence`, `step 25%`, `after`, `rolled back`, …
    pub name: String,
    /// When it begins.
    pub from: Timestamp,
}

/// Counts of one phase and slice, one number for each [`Measure`].
pub type Counts = [u64; Measure::COUNT];

/// Everything that one rehearsal measured. The reports are made from this and from nothing else.
#[derive(Clone, Debug)]
pub struct Recording {
    /// Phases, in order.
    pub phases: Vec<Phase>,
    /// Counts by phase (index into `phases`) and slice.
    pub counts: BTreeMap<(usize, Slice), Counts>,
    /// Incidents by phase (index into `phases`), slice, kind and cause: all of them, also those
    /// that `incidents` does not keep.
    pub causes: BTreeMap<(usize, Slice, IncidentKind), u64>,
    /// Counts by time bucket.
    pub timeline: Timeline,
    /// How things stood over time, in the timeline's buckets.
    pub course: Course,
    /// Every incident, in order of time.
    pub incidents: Vec<Incident>,
    /// Incidents beyond the limit of what is kept: counted all the same.
    pub incidents_dropped: u64,
    /// Latency of operations from their intended start, in microseconds, true-speed windows only
    /// over HTTP; modelled in virtual time.
    pub latency: BTreeMap<Operation, Histogram<u64>>,
    /// The same outside the windows: modelled service times, labelled as such, gating nothing.
    pub latency_lapse: BTreeMap<Operation, Histogram<u64>>,
    /// Calls as their callers saw them, by endpoint and status ([`NO_ANSWER`], [`TIMED_OUT`]).
    pub auth0_calls: BTreeMap<(auth0::Endpoint, u16), u64>,
    /// The same for the project.
    pub stytch_calls: BTreeMap<(stytch::Endpoint, u16), u64>,
    /// Peak calls in one second of scenario time, and when.
    pub auth0_peaks: BTreeMap<auth0::Endpoint, Peak>,
    /// The same for the project.
    pub stytch_peaks: BTreeMap<stytch::Endpoint, Peak>,
    /// Peak logins begun in one second, and when.
    pub login_peak: Peak,
    /// The storm that turned most calls away, if any was.
    pub storm: Option<Storm>,
    /// When capacity first decided something.
    pub onset: Onset,
    /// Credentials that must open nothing, shown to the application beside visits.
    pub probes: BTreeMap<WrongAdmission, Probes>,
    /// People and devices.
    pub people: People,
    /// How the flag's real share compares with the configured one, at each step.
    pub flag_shares: Vec<FlagShare>,
}

/// Credentials of one kind that must open nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Probes {
    /// How many were shown to the application.
    pub shown: u64,
    /// How many it let in.
    pub admitted: u64,
}

/// The busiest second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Peak {
    /// Calls in it.
    pub per_second: u64,
    /// When it was.
    pub at: Timestamp,
}

/// How many people and devices there were, and what became of their sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct People {
    /// People, new ones included.
    pub people: u64,
    /// Devices.
    pub devices: u64,
    /// Devices that held a live legacy session at the start.
    pub sessions_at_start: u64,
    /// Devices that presented a credential at least once.
    pub devices_seen: u64,
    /// Devices that hold a live Stytch session at the end.
    pub on_stytch_at_end: u64,
    /// Devices that hold a live legacy session at the end: the residue.
    pub on_legacy_at_end: u64,
    /// Devices that were logged out against their will and are still logged out at the end.
    pub still_out_at_end: u64,
}

/// The flag's configured share at a moment against the share of keys it was on for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FlagShare {
    /// When.
    pub at: Timestamp,
    /// The configured share.
    pub configured: f64,
    /// Keys for which the flag was on.
    pub on: u64,
    /// All keys.
    pub keys: u64,
}

/// Counts over scenario time, in buckets of equal length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// Start of the first bucket.
    pub start: Timestamp,
    /// Length of a bucket.
    pub bucket: Span,
    /// One row of counts for each bucket.
    pub rows: Vec<Counts>,
}

/// How things stood over scenario time: one number for each bucket of the timeline.
#[derive(Clone, Debug, Default)]
pub struct Course {
    /// Live sessions at the end of each bucket; the last at the end of the rehearsal.
    pub sessions: Vec<LiveSessions>,
    /// Calls to the legacy provider that set out.
    pub auth0_calls: BTreeMap<auth0::Endpoint, Vec<Load>>,
    /// The same for the project.
    pub stytch_calls: BTreeMap<stytch::Endpoint, Vec<Load>>,
    /// Calls that share the tenant's limit, `UserInfo` within Migrate Session included.
    pub auth0_all: Vec<Load>,
    /// All calls to the project.
    pub stytch_all: Vec<Load>,
    /// Logins that began.
    pub logins: Vec<Load>,
    /// Latency in true-speed windows, by the first of the buckets that share a histogram.
    pub latency: LatencyCourse,
    /// The same outside the windows, and in virtual time: modelled.
    pub latency_lapse: LatencyCourse,
}

/// Devices that hold a live session, as their cookies say; with both, Stytch's counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LiveSessions {
    /// Of the legacy provider.
    pub legacy: u64,
    /// Of Stytch.
    pub stytch: u64,
}

/// How often something happened in a bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// In all.
    pub total: u32,
    /// In the busiest second.
    pub peak: u32,
}
