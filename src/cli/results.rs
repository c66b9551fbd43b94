//! What every rehearsal leaves behind: its directory, its outcome, its summary and its exit code.

use cutover_mocks::time::Timestamp;

use super::input::Input;
use super::{Failure, ResultArgs, github, print, say};
use crate::outcome::{
    Assumption, Completeness, Driver, DriverHealth, Identity, Ledgers, Machine, Moment, Outcome,
    Played, Rehearsed, Run,
};
use crate::recorder::Recording;
use crate::report::{self, RunDirectory};
use crate::scenario::Loaded;
use crate::verdict::{self, Baseline, exit};

/// Where one run's results go; made before the run, so that a disk that cannot be written fails early.
#[derive(Debug)]
pub(super) struct Results {
    directory: RunDirectory,
    started: Moment,
    args: ResultArgs,
}

/// How the rehearsal was run, and what it measured.
#[derive(Debug)]
pub(super) struct Setting<'a> {
    pub(super) driver: Driver,
    pub(super) completeness: Completeness,
    pub(super) played: Played,
    pub(super) recording: &'a Recording,
    pub(super) ledgers: Option<Ledgers<'a>>,
    pub(super) health: DriverHealth,
}

impl Results {
    /// Makes the run's directory.
    pub(super) fn open(args: &ResultArgs, loaded: &Loaded) -> Result<Self, Failure> {
        let started = now();
        let scenario = &loaded.scenario;
        let directory = RunDirectory::create(&args.reports, &scenario.name, scenario.seed, started)
            .map_err(Failure::environment)?;
        Ok(Self {
            directory,
            started,
            args: args.clone(),
        })
    }

    /// Judges, writes and tells the outcome; the exit code says how it went.
    pub(super) fn tell(
        self,
        input: &Input,
        baseline: Option<&Baseline>,
        setting: &Setting<'_>,
    ) -> Result<u8, Failure> {
        self.tell_with(input, baseline, setting, Vec::new())
    }

    /// The same, with notes on how it was run beside the scenario's assumptions.
    pub(super) fn tell_with(
        self,
        input: &Input,
        baseline: Option<&Baseline>,
        setting: &Setting<'_>,
        notes: Vec<Assumption>,
    ) -> Result<u8, Failure> {
        let scenario = &input.loaded.scenario;
        let mut outcome = Outcome::new(Rehearsed {
            identity: Identity::new(&input.loaded, setting.driver, env!("CARGO_PKG_VERSION")),
            run: Run {
                machine: machine(),
                started: self.started,
                ended: now(),
            },
            completeness: setting.completeness,
            time: &scenario.time,
            played: setting.played.clone(),
            providers: &scenario.providers,
            recording: setting.recording,
            ledgers: setting.ledgers,
            driver: setting.health,
            assumptions: input
                .loaded
                .assumptions
                .iter()
                .map(Assumption::from)
                .chain(notes)
                .collect(),
        });
        let judged = verdict::judge_against(&outcome, &input.gates, baseline);
        let status = judged.status;
        outcome.verdict = Some(judged);
        let written = report::write(&self.directory, &outcome, setting.recording);
        let page = report::terminal(&outcome);
        if self.args.json {
            print(&report::json(&outcome))?;
            say(&page);
        } else {
            print(&page)?;
        }
        // What was measured is shown even where it cannot be written.
        written.map_err(Failure::environment)?;
        say(&format!("Written to {}", self.directory.path().display()));
        let annotations = report::annotations(&outcome);
        github::tell(&self.args, &annotations, &report::summary(&outcome))?;
        Ok(match setting.completeness {
            Completeness::Complete => status.exit_code(),
            Completeness::Interrupted { .. } => exit::INTERRUPTED,
        })
    }
}

pub(super) fn machine() -> Machine {
    Machine {
        cores: std::thread::available_parallelism().map_or(0, |cores| cores.get() as u32),
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
    }
}

pub(super) fn now() -> Moment {
    Moment::new(Timestamp::from_micros(
        jiff::Timestamp::now().as_microsecond(),
    ))
}
