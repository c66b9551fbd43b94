//! A small rehearsal made by hand, whose sums agree; tests bend it to what they ask.

use std::collections::BTreeMap;

use cutover_mocks::ledger::Ledger;
use cutover_mocks::time::{Span, Timestamp};
use cutover_mocks::{auth0, stytch};
use hdrhistogram::Histogram;

use super::{
    Assumption, Completeness, Driver, DriverHealth, Elsewhere, Identity, Lateness, Ledgers,
    Machine, Moment, Outcome, Played, Rehearsed, Run,
};
use crate::recorder::{
    AppVersion, Cohort, Course, FailureCause, FlagShare, Incident, IncidentKind, LiveSessions,
    Load, LogoutCause, Measure, Onset, Operation, OrgSize, Peak, People, Phase, Platform, Record,
    Recording, Slice, Timeline, Via,
};
use crate::scenario::{Providers, Time};

/// Monday 2026-03-02 00:00 UTC.
pub(crate) const START: Timestamp = Timestamp::from_secs(1_772_409_600);

/// The parts of a rehearsal.
pub(crate) struct Fixture {
    pub(crate) recording: Recording,
    pub(crate) auth0: Ledger<auth0::Endpoint>,
    pub(crate) stytch: Ledger<stytch::Endpoint>,
    pub(crate) driver: DriverHealth,
    pub(crate) carried_by: Driver,
    pub(crate) completeness: Completeness,
    pub(crate) providers: Providers,
}

pub(crate) const fn slice(platform: Platform) -> Slice {
    Slice {
        platform,
        app: AppVersion::Current,
        record: Record::Imported,
        organization: OrgSize::None,
        cohort: Cohort::Moved,
    }
}

impl Fixture {
    /// Nothing happened.
    pub(crate) fn empty() -> Self {
        let phase = |name: &str, day: i64| Phase {
            name: name.to_owned(),
            from: START + Span::from_days(day),
        };
        let recording = Recording {
            phases: vec![phase("before", 0), phase("step 25%", 1), phase("after", 2)],
            counts: BTreeMap::new(),
            causes: BTreeMap::new(),
            timeline: Timeline {
                start: START,
                bucket: Span::from_days(1),
                rows: vec![[0; Measure::COUNT]; 3],
            },
            incidents: Vec::new(),
            incidents_dropped: 0,
            latency: BTreeMap::new(),
            latency_lapse: BTreeMap::new(),
            auth0_calls: BTreeMap::new(),
            stytch_calls: BTreeMap::new(),
            course: course(),
            auth0_peaks: BTreeMap::new(),
            stytch_peaks: BTreeMap::new(),
            login_peak: Peak::default(),
            storm: None,
            onset: Onset::default(),
            probes: BTreeMap::new(),
            people: People::default(),
            flag_shares: Vec::new(),
        };
        Self {
            recording,
            auth0: Ledger::default(),
            stytch: Ledger::default(),
            driver: DriverHealth::default(),
            carried_by: Driver::Http,
            completeness: Completeness::Complete,
            providers: Providers::default(),
        }
    }

    /// A thousand people, mostly moved silently: 3 forced logouts among 640 devices seen.
    pub(crate) fn healthy() -> Self {
        let mut fixture = Self::empty();
        fixture.recording.people = People {
            people: 1_000,
            devices: 1_450,
            sessions_at_start: 1_200,
            devices_seen: 640,
            on_stytch_at_end: 590,
            on_legacy_at_end: 12,
            still_out_at_end: 1,
        };
        fixture.visits();
        fixture.migrations();
        fixture.logouts();
        fixture.calls();
        fixture.latency(Operation::Page, (1..=900).map(|n| 40_000 + n * 100));
        fixture.latency(Operation::Migrate, (1..=610).map(|n| 90_000 + n * 400));
        let at = START + Span::from_days(1);
        fixture.recording.flag_shares = vec![FlagShare {
            at,
            configured: 0.25,
            on: 251,
            keys: 1_000,
        }];
        fixture.driver = DriverHealth {
            calls_made: 622,
            calls_in_virtual_time: 0,
            calls_open_at_end: 0,
            visits_late: 0,
            in_windows: Some(Lateness {
                starts: 900,
                p50_us: 300,
                p99_us: 1_900,
                max_us: 2_600,
            }),
            in_lapse: Some(Lateness {
                starts: 100,
                p50_us: 900,
                p99_us: 8_000,
                max_us: 9_000,
            }),
        };
        fixture
    }

    fn visits(&mut self) {
        let (web, ios) = (slice(Platform::Web), slice(Platform::Ios));
        self.count(0, web, Measure::VisitsScheduled, 300);
        self.count(0, web, Measure::VisitsDone, 300);
        self.count(0, web, Measure::PageLoads, 900);
        self.count(1, web, Measure::VisitsScheduled, 500);
        self.count(1, web, Measure::VisitsDone, 498);
        self.count(1, web, Measure::VisitsAbandoned, 1);
        self.count(1, web, Measure::VisitsFailed, 1);
        self.count(1, web, Measure::PageLoads, 1_500);
        self.count(1, web, Measure::RequestsAdmitted, 4_480);
        self.count(1, web, Measure::RequestsRefused, 5);
        self.count(1, web, Measure::RequestsFailed, 3);
        self.count(1, web, Measure::AdmissionChecks, 4_480);
        self.count(1, ios, Measure::VisitsScheduled, 200);
        self.count(1, ios, Measure::VisitsDone, 199);
        self.count(1, ios, Measure::VisitsCutOff, 1);
        self.count(1, ios, Measure::PageLoads, 400);
        self.count(1, ios, Measure::RequestsAdmitted, 800);
        self.count(1, ios, Measure::AdmissionChecks, 800);
    }

    fn migrations(&mut self) {
        let (web, ios) = (slice(Platform::Web), slice(Platform::Ios));
        self.count(1, web, Measure::MigrationsEligible, 500);
        self.count(1, web, Measure::MigrationAttempts, 500);
        self.count(1, web, Measure::MigrateCalls, 510);
        self.count(1, web, Measure::SilentMigrations, 497);
        self.count(1, web, Measure::Refreshes, 8);
        self.count(1, web, Measure::Retries, 10);
        self.count(1, web, Measure::LogicalCalls, 608);
        self.count(1, web, Measure::DevicesMigrated, 496);
        self.count(1, ios, Measure::DevicesMigrated, 100);
        self.count(1, ios, Measure::MigrationsEligible, 100);
        self.count(1, ios, Measure::MigrationAttempts, 100);
        self.count(1, ios, Measure::MigrateCalls, 100);
        self.count(1, ios, Measure::SilentMigrations, 100);
        self.incidents(1, web, IncidentKind::Migrated, 497);
        self.incidents(1, ios, IncidentKind::Migrated, 100);
        self.incidents(
            1,
            web,
            IncidentKind::MigrationFailed(FailureCause::RateLimited),
            1,
        );
        self.incidents(
            1,
            web,
            IncidentKind::MigrationFailed(FailureCause::LegacyEnded),
            2,
        );
    }

    fn logouts(&mut self) {
        let web = slice(Platform::Web);
        self.count(1, web, Measure::ForcedLogouts, 3);
        self.count(2, web, Measure::NaturalLogouts, 2);
        self.count(2, web, Measure::LoginAttempts, 2);
        self.count(2, web, Measure::Logins, 2);
        self.count(2, web, Measure::Relogins, 2);
        self.count(2, web, Measure::Abandonments, 1);
        self.count(2, web, Measure::LogicalCalls, 2);
        self.incidents(
            1,
            web,
            IncidentKind::ForcedLogout(LogoutCause::RefreshRace),
            2,
        );
        self.incidents(
            1,
            web,
            IncidentKind::ForcedLogout(LogoutCause::Migrate429),
            1,
        );
        self.incidents(
            2,
            web,
            IncidentKind::Abandonment(LogoutCause::RefreshRace),
            1,
        );
        self.incidents(
            2,
            web,
            IncidentKind::NaturalLogout(LogoutCause::LegacySessionEnded),
            2,
        );
        self.incidents(2, web, IncidentKind::LoggedIn(Via::Stytch), 2);
    }

    fn calls(&mut self) {
        self.auth0_call(auth0::Endpoint::Token, 200, 8);
        self.auth0_call(auth0::Endpoint::Jwks, 200, 2);
        self.stytch_call(stytch::Endpoint::Migrate, 200, 597);
        self.stytch_call(stytch::Endpoint::Migrate, 429, 13);
        self.stytch_call(stytch::Endpoint::Password, 200, 2);
        self.auth0
            .calls
            .insert((auth0::Endpoint::UserInfo, 200), 597);
        self.stytch.migrated = 597;
        let peak = |per_second: u64| Peak {
            per_second,
            at: START + Span::from_hours(32),
        };
        self.recording
            .auth0_peaks
            .insert(auth0::Endpoint::Token, peak(1));
        self.recording
            .stytch_peaks
            .insert(stytch::Endpoint::Migrate, peak(17));
        self.recording
            .stytch_peaks
            .insert(stytch::Endpoint::Password, peak(1));
        self.recording.login_peak = peak(2);
    }

    /// Counts in a phase; the phases are a day apart, as the timeline's buckets are.
    pub(crate) fn count(&mut self, phase: usize, slice: Slice, measure: Measure, count: u64) {
        let row = self
            .recording
            .counts
            .entry((phase, slice))
            .or_insert([0; Measure::COUNT]);
        row[measure as usize] += count;
        self.recording.timeline.rows[phase][measure as usize] += count;
    }

    pub(crate) fn incidents(&mut self, phase: usize, slice: Slice, kind: IncidentKind, count: u64) {
        *self
            .recording
            .causes
            .entry((phase, slice, kind))
            .or_insert(0) += count;
        let from = self.recording.phases[phase].from;
        let one = |n: u64| {
            let at = from + Span::from_mins(1 + n as i64);
            Incident {
                at,
                person: 17 + n as u32,
                device: 0,
                kind,
            }
        };
        self.recording.incidents.extend((0..count).map(one));
        self.recording
            .incidents
            .sort_by_key(|incident| (incident.at, incident.person, incident.kind));
    }

    /// Calls to the tenant that ended so for their callers and for it.
    pub(crate) fn auth0_call(&mut self, endpoint: auth0::Endpoint, status: u16, count: u64) {
        self.auth0_seen(endpoint, status, count);
        self.auth0_answered(endpoint, status, count);
    }

    /// Calls to the tenant that ended so for their callers.
    pub(crate) fn auth0_seen(&mut self, endpoint: auth0::Endpoint, status: u16, count: u64) {
        let seen = self.recording.auth0_calls.entry((endpoint, status));
        *seen.or_insert(0) += count;
    }

    /// Calls that the tenant answered so.
    pub(crate) fn auth0_answered(&mut self, endpoint: auth0::Endpoint, status: u16, count: u64) {
        *self.auth0.calls.entry((endpoint, status)).or_insert(0) += count;
    }

    /// Calls to the project that ended so for their callers and for it.
    pub(crate) fn stytch_call(&mut self, endpoint: stytch::Endpoint, status: u16, count: u64) {
        self.stytch_seen(endpoint, status, count);
        self.stytch_answered(endpoint, status, count);
    }

    /// Calls to the project that ended so for their callers.
    pub(crate) fn stytch_seen(&mut self, endpoint: stytch::Endpoint, status: u16, count: u64) {
        let seen = self.recording.stytch_calls.entry((endpoint, status));
        *seen.or_insert(0) += count;
    }

    /// Calls that the project answered so.
    pub(crate) fn stytch_answered(&mut self, endpoint: stytch::Endpoint, status: u16, count: u64) {
        *self.stytch.calls.entry((endpoint, status)).or_insert(0) += count;
    }

    fn latency(&mut self, operation: Operation, micros: impl Iterator<Item = u64>) {
        let mut histogram =
            Histogram::new_with_bounds(1, 3_600_000_000, 2).expect("the bounds are valid");
        for value in micros {
            histogram.record(value).expect("within the bounds");
        }
        self.recording.latency.insert(operation, histogram);
    }

    /// Its outcome, not yet judged.
    pub(crate) fn outcome(&self) -> Outcome {
        let time = Time {
            start: START,
            length: Span::from_days(3),
            lapse: Span::from_secs(60),
            windows: vec![crate::scenario::Window {
                name: "first step".to_owned(),
                from: Span::from_days(1),
                length: Span::from_mins(5),
            }],
            lateness_limit: Span::from_millis(10),
        };
        Outcome::new(Rehearsed {
            identity: identity(self.carried_by),
            run: run(),
            completeness: self.completeness,
            time: &time,
            played: Played::new(&time, Elsewhere::TimeLapse),
            providers: &self.providers,
            recording: &self.recording,
            ledgers: Some(Ledgers {
                auth0: &self.auth0,
                stytch: &self.stytch,
            }),
            driver: self.driver,
            assumptions: assumptions(),
        })
    }
}

/// Sessions of three days, and the load of the second.
fn course() -> Course {
    let live = |legacy: u64, stytch: u64| LiveSessions { legacy, stytch };
    let load = |total: u32, peak: u32| Load { total, peak };
    Course {
        sessions: vec![live(1_190, 0), live(310, 420), live(12, 590)],
        auth0_all: vec![load(0, 0), load(620, 18), load(2, 1)],
        stytch_all: vec![load(0, 0), load(610, 17), load(2, 1)],
        logins: vec![load(0, 0), load(0, 0), load(2, 2)],
        ..Course::default()
    }
}

fn identity(driver: Driver) -> Identity {
    Identity {
        scenario: "rolling-b2c".to_owned(),
        question: "Who is logged out when a quarter of the people is moved?".to_owned(),
        text: "question = \"Who is logged out when a quarter of the people is moved?\"\n"
            .to_owned(),
        sha256: "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9".to_owned(),
        files: vec!["rolling.toml".to_owned(), "base-consumer.toml".to_owned()],
        seed: 18_446_744_073_709_551_615,
        overrides: Vec::new(),
        strategy: "rolling".to_owned(),
        driver,
        tool_version: "0.1.0".to_owned(),
    }
}

fn run() -> Run {
    Run {
        machine: Machine {
            cores: 2,
            os: "linux".to_owned(),
            arch: "x86_64".to_owned(),
        },
        started: Moment::new(Timestamp::from_secs(1_795_500_000)),
        ended: Moment::new(Timestamp::from_secs(1_795_500_061)),
    }
}

fn assumptions() -> Vec<Assumption> {
    let setting = |key: &str, value: &str, default: bool, source: &str| Assumption {
        key: key.to_owned(),
        value: value.to_owned(),
        default,
        source: source.to_owned(),
    };
    vec![
        setting("population.users", "1000", false, "the scenario"),
        setting(
            "providers.stytch.userinfo_timeout",
            "\"5s\"",
            true,
            "an assumption: UNCONFIRMED",
        ),
        setting(
            "providers.stytch.migrate_error_status",
            "422",
            false,
            "the scenario",
        ),
    ]
}
