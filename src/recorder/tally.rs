//! The recorder itself: dense counters that the core writes to while a rehearsal runs.

use std::collections::BTreeMap;

use cutover_mocks::time::{Span, Timestamp};
use cutover_mocks::{auth0, stytch};
use hdrhistogram::Histogram;

use super::course::{self, Holding, Sessions};
use super::meter::LoadMeter;
use super::storm::{Onset, StormMeter};
use super::{
    AppVersion, Cohort, Counts, Course, FlagShare, Incident, IncidentKind, Load, Measure,
    Operation, OrgSize, Peak, People, Phase, Platform, Probes, Record, Recording, Slice, Timeline,
    WrongAdmission,
};

/// Incidents kept one by one; more are counted only. About 64 MB.
const MOST_INCIDENTS: usize = 2_000_000;
/// Latencies are kept with two significant digits, up to an hour.
const LATENCY_DIGITS: u8 = 2;
const LONGEST: u64 = 3_600_000_000;
/// Buckets of the timeline: about this many over a rehearsal.
const BUCKETS: i64 = 672;

/// Where a latency was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// At true speed.
    True,
    /// In time-lapse or virtual time: modelled, not measured.
    Lapse,
}

/// Where counts of a moment and a slice go, found once for several of them.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    counts: usize,
    bucket: usize,
}

/// Latency of each operation, by its place in [`Operation::ALL`].
type LatencyOf = [Option<Histogram<u64>>; Operation::ALL.len()];

/// Writes down what happens.
#[derive(Clone, Debug)]
pub struct Recorder {
    muted: bool,
    phases: Vec<Phase>,
    counts: Vec<Counts>,
    timeline: Timeline,
    incidents: Vec<Incident>,
    causes: BTreeMap<(usize, Slice, IncidentKind), u64>,
    incidents_dropped: u64,
    latency: [LatencyOf; 2],
    auth0_calls: BTreeMap<(auth0::Endpoint, u16), u64>,
    stytch_calls: BTreeMap<(stytch::Endpoint, u16), u64>,
    auth0_load: BTreeMap<auth0::Endpoint, LoadMeter>,
    stytch_load: BTreeMap<stytch::Endpoint, LoadMeter>,
    auth0_all: LoadMeter,
    stytch_all: LoadMeter,
    logins: LoadMeter,
    storm: StormMeter,
    onset: Onset,
    probes: BTreeMap<WrongAdmission, Probes>,
    sessions: Sessions,
    latency_course: [course::Latencies; 2],
}

impl Recorder {
    /// An empty recorder for a rehearsal of these phases, from `start` for `length`.
    pub fn new(phases: Vec<Phase>, start: Timestamp, length: Span) -> Self {
        // Whole minutes, so that buckets begin at times that people can read.
        let share = (length / BUCKETS).as_micros().max(1) as u64;
        let minutes = share.div_ceil(Span::from_mins(1).as_micros() as u64);
        let bucket = Span::from_mins(minutes as i64);
        let rows = (length.as_micros() as u64)
            .div_ceil(bucket.as_micros() as u64)
            .max(1) as usize;
        Self {
            muted: false,
            counts: vec![[0; Measure::COUNT]; phases.len() * Slice::CODES],
            phases,
            timeline: Timeline {
                start,
                bucket,
                rows: vec![[0; Measure::COUNT]; rows],
            },
            incidents: Vec::new(),
            causes: BTreeMap::new(),
            incidents_dropped: 0,
            latency: Default::default(),
            auth0_calls: BTreeMap::new(),
            stytch_calls: BTreeMap::new(),
            auth0_load: BTreeMap::new(),
            stytch_load: BTreeMap::new(),
            auth0_all: LoadMeter::new(rows),
            stytch_all: LoadMeter::new(rows),
            logins: LoadMeter::new(rows),
            storm: StormMeter::default(),
            onset: Onset::default(),
            probes: BTreeMap::new(),
            sessions: Sessions::new(start, length, bucket, rows),
            latency_course: [course::Latencies::new(rows), course::Latencies::new(rows)],
        }
    }

    /// From now on nothing is written down: for rehearsals of which only the fates matter.
    pub fn mute(&mut self) {
        self.muted = true;
    }

    /// Whether nothing is written down.
    pub const fn is_muted(&self) -> bool {
        self.muted
    }

    /// Where counts of a moment and a slice go.
    pub fn cell(&self, at: Timestamp, slice: Slice) -> Cell {
        Cell {
            counts: self.phase(at) * Slice::CODES + slice.code(),
            bucket: self.bucket(at),
        }
    }

    /// Counts `n` of a measure.
    pub fn add_to(&mut self, cell: Cell, measure: Measure, n: u64) {
        if self.muted {
            return;
        }
        self.counts[cell.counts][measure as usize] += n;
        self.timeline.rows[cell.bucket][measure as usize] += n;
    }

    /// Counts `n` of a measure at a time.
    pub fn add(&mut self, measure: Measure, at: Timestamp, slice: Slice, n: u64) {
        if !self.muted {
            self.add_to(self.cell(at, slice), measure, n);
        }
    }

    /// The timeline's bucket of a moment; what happens after the end is counted in the last.
    fn bucket(&self, at: Timestamp) -> usize {
        let bucket =
            (at - self.timeline.start).as_micros().max(0) / self.timeline.bucket.as_micros();
        (bucket as usize).min(self.timeline.rows.len() - 1)
    }

    /// Notes that the sessions which a device holds have changed.
    pub fn sessions_changed(&mut self, at: Timestamp, before: Holding, after: Holding) {
        if !self.muted {
            self.sessions.change(at, before, after);
        }
    }

    /// Writes down an incident of someone in a slice.
    pub fn incident(&mut self, incident: Incident, slice: Slice) {
        if self.muted {
            return;
        }
        *self
            .causes
            .entry((self.phase(incident.at), slice, incident.kind))
            .or_insert(0) += 1;
        if self.incidents.len() < MOST_INCIDENTS {
            self.incidents.push(incident);
        } else {
            self.incidents_dropped += 1;
        }
    }

    /// Writes down how long an operation that ended at a time took from its intended start.
    pub fn took(&mut self, operation: Operation, at: Timestamp, span: Span, pace: Pace) {
        if self.muted {
            return;
        }
        let bucket = self.bucket(at);
        self.latency_course[pace as usize].took(operation, bucket, span);
        let histogram = self.latency[pace as usize][operation as usize].get_or_insert_with(|| {
            Histogram::new_with_bounds(1, LONGEST, LATENCY_DIGITS)
                .expect("constant bounds are valid")
        });
        histogram.saturating_record(span.as_micros().max(1) as u64);
    }

    /// Counts a call to the legacy provider as its caller saw it.
    pub fn auth0_call(&mut self, endpoint: auth0::Endpoint, status: u16) {
        if !self.muted {
            *self.auth0_calls.entry((endpoint, status)).or_insert(0) += 1;
        }
    }

    /// Counts a call to the new provider as its caller saw it.
    pub fn stytch_call(&mut self, endpoint: stytch::Endpoint, status: u16) {
        if !self.muted {
            *self.stytch_calls.entry((endpoint, status)).or_insert(0) += 1;
        }
    }

    /// Notes that a call to the legacy provider sets out.
    pub fn auth0_sent(&mut self, endpoint: auth0::Endpoint, at: Timestamp) {
        if self.muted {
            return;
        }
        let bucket = self.bucket(at);
        let load = self.auth0_load.entry(endpoint);
        load.or_insert_with(|| LoadMeter::new(self.timeline.rows.len()))
            .tick(at, bucket);
        // The Management API has limits of its own only.
        if endpoint != auth0::Endpoint::Management {
            self.auth0_all.tick(at, bucket);
        }
    }

    /// Notes that a call to the new provider sets out.
    pub fn stytch_sent(&mut self, endpoint: stytch::Endpoint, at: Timestamp) {
        if self.muted {
            return;
        }
        let bucket = self.bucket(at);
        let load = self.stytch_load.entry(endpoint);
        load.or_insert_with(|| LoadMeter::new(self.timeline.rows.len()))
            .tick(at, bucket);
        self.stytch_all.tick(at, bucket);
        // Stytch asks the tenant for `UserInfo`, once for each.
        if endpoint == stytch::Endpoint::Migrate {
            self.auth0_all.tick(at, bucket);
        }
    }

    /// Notes that a provider turned a call away: throttled it, failed, or did not answer.
    pub fn turned_away(&mut self, at: Timestamp, status: u16) {
        if !self.muted {
            self.storm.turned_away(at);
            self.onset.note(at, status);
        }
    }

    /// Notes that an instance held a call back: by an open breaker, or beyond its budget of retries.
    pub fn held_back(&mut self, at: Timestamp) {
        if !self.muted {
            self.onset.note_held_back(at);
        }
    }

    /// Counts a credential that must open nothing, and whether it was let in.
    pub fn probed(&mut self, kind: WrongAdmission, admitted: bool) {
        let probes = self.probes.entry(kind).or_default();
        probes.shown += 1;
        probes.admitted += u64::from(admitted);
    }

    /// Notes that a login begins.
    pub fn login_begun(&mut self, at: Timestamp) {
        if !self.muted {
            let bucket = self.bucket(at);
            self.logins.tick(at, bucket);
        }
    }

    fn phase(&self, at: Timestamp) -> usize {
        self.phases
            .partition_point(|phase| phase.from <= at)
            .saturating_sub(1)
    }

    /// A measure's total so far.
    pub fn total(&self, measure: Measure) -> u64 {
        self.counts
            .iter()
            .map(|counts| counts[measure as usize])
            .sum()
    }

    /// Everything that was written down.
    pub fn finish(mut self, people: People, flag_shares: Vec<FlagShare>) -> Recording {
        self.incidents
            .sort_by_key(|incident| (incident.at, incident.person, incident.device, incident.kind));
        let counts = self
            .counts
            .iter()
            .enumerate()
            .filter(|(_, counts)| counts.iter().any(|&count| count > 0))
            .map(|(index, counts)| {
                (
                    (index / Slice::CODES, Slice::from_code(index % Slice::CODES)),
                    *counts,
                )
            })
            .collect();
        let [latency, latency_lapse] = self.latency.map(by_operation);
        let [latency_course, lapse_course] = self.latency_course.map(course::Latencies::finish);
        Recording {
            phases: self.phases,
            counts,
            causes: self.causes,
            timeline: self.timeline,
            incidents: self.incidents,
            incidents_dropped: self.incidents_dropped,
            latency,
            latency_lapse,
            auth0_calls: self.auth0_calls,
            stytch_calls: self.stytch_calls,
            auth0_peaks: peaks(&self.auth0_load),
            stytch_peaks: peaks(&self.stytch_load),
            login_peak: self.logins.peak(),
            storm: self.storm.worst(),
            onset: self.onset,
            probes: self.probes,
            course: Course {
                sessions: self.sessions.finish(),
                auth0_calls: loads(self.auth0_load),
                stytch_calls: loads(self.stytch_load),
                auth0_all: self.auth0_all.loads(),
                stytch_all: self.stytch_all.loads(),
                logins: self.logins.loads(),
                latency: latency_course,
                latency_lapse: lapse_course,
            },
            people,
            flag_shares,
        }
    }
}

fn by_operation(latency: LatencyOf) -> BTreeMap<Operation, Histogram<u64>> {
    let all = Operation::ALL.into_iter().zip(latency);
    all.filter_map(|(operation, histogram)| Some((operation, histogram?)))
        .collect()
}

fn peaks<Endpoint: Copy + Ord>(load: &BTreeMap<Endpoint, LoadMeter>) -> BTreeMap<Endpoint, Peak> {
    let peak = |(&endpoint, meter): (&Endpoint, &LoadMeter)| (endpoint, meter.peak());
    load.iter().map(peak).collect()
}

fn loads<Endpoint: Ord>(load: BTreeMap<Endpoint, LoadMeter>) -> BTreeMap<Endpoint, Vec<Load>> {
    load.into_iter()
        .map(|(endpoint, meter)| (endpoint, meter.loads()))
        .collect()
}

impl Slice {
    /// How many different slices there are.
    const CODES: usize = 3 * 2 * 4 * 4 * 2;

    const fn code(self) -> usize {
        let code = self.platform as usize;
        let code = code * 2 + self.app as usize;
        let code = code * 4 + self.record as usize;
        let code = code * 4 + self.organization as usize;
        code * 2 + self.cohort as usize
    }

    const fn from_code(code: usize) -> Self {
        let platform = match code / 64 {
            0 => Platform::Web,
            1 => Platform::Ios,
            _ => Platform::Android,
        };
        let app = if (code / 32).is_multiple_of(2) {
            AppVersion::Current
        } else {
            AppVersion::Old
        };
        let record = match code / 8 % 4 {
            0 => Record::Imported,
            1 => Record::OtherAddress,
            2 => Record::Missing,
            _ => Record::New,
        };
        let organization = match code / 2 % 4 {
            0 => OrgSize::None,
            1 => OrgSize::Small,
            2 => OrgSize::Medium,
            _ => OrgSize::Large,
        };
        let cohort = if code.is_multiple_of(2) {
            Cohort::Waiting
        } else {
            Cohort::Moved
        };
        Self {
            platform,
            app,
            record,
            organization,
            cohort,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_survive_their_codes() {
        for code in 0..Slice::CODES {
            assert_eq!(Slice::from_code(code).code(), code);
        }
    }
}
