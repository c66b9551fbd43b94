//! `cutover run`: a rehearsal over real HTTP, against mocks of both providers on this machine, or against
//! test tenants.

use std::path::{Path, PathBuf};

use clap::Args;

use super::progress::ProgressLine;
use super::results::{Results, Setting};
use super::trial::{self, TrialArgs};
use super::windows::WindowArgs;
use super::{Failure, GateArgs, ResultArgs, ScenarioArgs, baseline, input, say, stop_on_signals};
use crate::driver::http::aside::StdoutAside;
use crate::driver::http::conductor::Ending;
use crate::driver::http::film::{self, Film};
use crate::driver::http::health::Health;
use crate::driver::http::{self, Options};
use crate::driver::virtual_time;
use crate::outcome::{Completeness, Driver, DriverHealth, Elsewhere, Lateness, Ledgers, Moment};
use crate::population::Population;
use crate::scenario::Scenario;

/// What to run.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) scenario: ScenarioArgs,
    #[command(flatten)]
    pub(super) gates: GateArgs,
    #[command(flatten)]
    pub(super) results: ResultArgs,
    #[command(flatten)]
    pub(super) windows: WindowArgs,
    #[command(flatten)]
    pub(super) trial: TrialArgs,
    /// Goose users that carry the calls; people are rows of data, however many there are
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(super) carriers: Option<u16>,
    /// Write Goose's own report (.html, .json or .md)
    #[arg(long, value_name = "FILE")]
    goose_report: Option<PathBuf>,
    /// Serve Goose's live dashboard on this loopback port
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) goose_dashboard: Option<u16>,
}

pub(super) fn run(args: &RunArgs) -> Result<u8, Failure> {
    let mut input = input::read(&args.scenario)?;
    args.windows.check(&input.loaded.scenario)?;
    check_goose_report(args.goose_report.as_deref())?;
    if args.trial.is_wanted(&input.loaded.scenario) {
        return trial::run(args, input);
    }
    let baseline = baseline::read(&args.gates, &input, Driver::Http)?;
    let population = Population::new(&input.loaded.scenario);
    let unchanged = virtual_time::baseline(&input.loaded.scenario, &population);
    let scenario = &mut input.loaded.scenario;
    let mut played = args.windows.choose(scenario, &population, &unchanged)?;
    baseline::check_windows(&args.gates, baseline.as_ref(), &played)?;
    let results = Results::open(&args.results, &input.loaded)?;
    let scenario = &input.loaded.scenario;
    let film = Film::new(&scenario.time, film_elsewhere(played.elsewhere));
    let options = options(args);
    stop_on_signals(&options.stop)?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::environment)?;
    if let Some(port) = args.goose_dashboard {
        say(&format!("Goose's dashboard: http://127.0.0.1:{port}"));
    }
    let line = ProgressLine::new(&scenario.time);
    let aside = StdoutAside::put().map_err(Failure::environment)?;
    let run = runtime.block_on(http::play(
        scenario,
        (&population, Some(&unchanged)),
        &film,
        &options,
        |now, progress| {
            line.show(now, progress);
        },
    ));
    drop(aside);
    line.finish();
    let run = run.map_err(Failure::environment)?;
    for (window, health) in played.windows.iter_mut().zip(&run.health.windows) {
        window.lateness = Lateness::of(&health.lateness);
    }
    results.tell(
        &input,
        baseline.as_ref(),
        &Setting {
            driver: Driver::Http,
            completeness: completeness(run.ending),
            played,
            recording: &run.ended.recording,
            ledgers: Some(Ledgers {
                auth0: &run.auth0_ledger,
                stytch: &run.stytch_ledger,
            }),
            health: health(scenario, &run.health),
        },
    )
}

/// Goose finds out only at the end that it cannot write its report.
fn check_goose_report(report: Option<&Path>) -> Result<(), Failure> {
    let Some(path) = report else {
        return Ok(());
    };
    let extension = path.extension().and_then(|extension| extension.to_str());
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    let problem = if !matches!(extension, Some("html" | "md" | "json")) {
        "its name must end in .html, .md or .json"
    } else if folder.is_some_and(|folder| !folder.is_dir()) {
        "its directory does not exist"
    } else {
        return Ok(());
    };
    let path = path.display();
    Err(Failure::input(format!(
        "error: --goose-report {path}: {problem}"
    )))
}

pub(super) fn options(args: &RunArgs) -> Options {
    let mut options = Options::default();
    if let Some(count) = args.carriers {
        options.carriers.count = usize::from(count);
    }
    options.carriers.report.clone_from(&args.goose_report);
    options.carriers.dashboard = args.goose_dashboard;
    options
}

const fn film_elsewhere(elsewhere: Elsewhere) -> film::Elsewhere {
    match elsewhere {
        Elsewhere::TimeLapse => film::Elsewhere::Lapse,
        Elsewhere::VirtualTime => film::Elsewhere::Skipped,
    }
}

pub(super) fn completeness(ending: Ending) -> Completeness {
    match ending {
        Ending::Played => Completeness::Complete,
        Ending::Stopped(at) | Ending::OutOfTime(at) => Completeness::Interrupted {
            at: Moment::new(at),
        },
    }
}

pub(super) fn health(scenario: &Scenario, health: &Health) -> DriverHealth {
    DriverHealth {
        calls_made: health.calls,
        calls_in_virtual_time: health.inside,
        calls_open_at_end: health.open_at_end,
        visits_late: health.later_than(scenario.time.lateness_limit),
        in_windows: Lateness::of(&health.in_windows()),
        in_lapse: Lateness::of(&health.lapse),
    }
}
