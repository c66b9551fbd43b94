//! `cutover baseline`: a run becomes the measure for later ones, and only when somebody says so.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Deserialize;

use super::input::Input;
use super::{Failure, GateArgs, say};
use crate::outcome::{Driver, OUTCOME_VERSION, Outcome, Played};
use crate::report::names;
use crate::verdict::{Baseline, Status, baseline, exit};

/// What to do with baselines.
#[derive(Debug, Args)]
pub(super) struct BaselineArgs {
    #[command(subcommand)]
    command: BaselineCommand,
}

#[derive(Debug, Subcommand)]
enum BaselineCommand {
    /// Make a baseline of a run, to commit beside its scenario
    Write(WriteArgs),
}

/// Of which run, and where to.
#[derive(Debug, Args)]
struct WriteArgs {
    /// The run's directory, or its outcome.json
    run: PathBuf,
    /// The file; one that is there is replaced
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

pub(super) fn baseline(args: &BaselineArgs) -> Result<u8, Failure> {
    match &args.command {
        BaselineCommand::Write(args) => write(args),
    }
}

fn write(args: &WriteArgs) -> Result<u8, Failure> {
    let path = if args.run.is_dir() {
        args.run.join(names::OUTCOME)
    } else {
        args.run.clone()
    };
    let refused =
        |why: &dyn std::fmt::Display| Failure::input(format!("error: {}: {why}", path.display()));
    let text = fs::read_to_string(&path).map_err(|error| refused(&error))?;
    let outcome = outcome(&text).map_err(|why| refused(&why))?;
    let made = Baseline::of(&outcome).map_err(|why| refused(&why))?;
    replace(&args.output, &made.text()).map_err(|error| {
        Failure::environment(format!("cannot write {}: {error}", args.output.display()))
    })?;
    if outcome
        .verdict
        .is_some_and(|verdict| verdict.status == Status::GateFailed)
    {
        say("warning: gates failed in this run; as a baseline, it makes what it shows acceptable");
    }
    say(&format!(
        "{}: {} values of {}, seed {}",
        args.output.display(),
        made.values.len(),
        made.scenario,
        made.seed
    ));
    Ok(exit::PASSED)
}

/// Why a text is no outcome.
#[derive(Debug, thiserror::Error)]
enum NoOutcome {
    #[error(
        "its outcome_version is {0} where this tool reads {OUTCOME_VERSION}: run the scenario again"
    )]
    Version(u32),
    #[error("it is no outcome: {0}")]
    Shape(#[from] serde_json::Error),
}

fn outcome(text: &str) -> Result<Outcome, NoOutcome> {
    #[derive(Deserialize)]
    struct Version {
        outcome_version: u32,
    }
    let Version { outcome_version } = serde_json::from_str(text)?;
    if outcome_version != OUTCOME_VERSION {
        return Err(NoOutcome::Version(outcome_version));
    }
    Ok(serde_json::from_str(text)?)
}

/// Writes a file beside its place and moves it there, so that nobody reads half of it.
fn replace(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}

/// Checks that its latencies come from the windows that a run over HTTP is about to play.
pub(super) fn check_windows(
    args: &GateArgs,
    baseline: Option<&Baseline>,
    played: &Played,
) -> Result<(), Failure> {
    let (Some(path), Some(baseline)) = (&args.baseline, baseline) else {
        return Ok(());
    };
    baseline
        .fits_windows(&played.windows)
        .map_err(|why| refused(path, &why))
}

fn refused(path: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::input(format!(
        "error: the baseline {} cannot be used: {why}",
        path.display()
    ))
}

/// Reads the baseline that the command line names and checks that it is one of this rehearsal; this
/// is done before anything runs.
pub(super) fn read(
    args: &GateArgs,
    input: &Input,
    driver: Driver,
) -> Result<Option<Baseline>, Failure> {
    let Some(path) = &args.baseline else {
        return Ok(None);
    };
    let refused = |why: &dyn std::fmt::Display| refused(path, why);
    let text = fs::read_to_string(path).map_err(|error| refused(&error))?;
    let read = Baseline::read(&text).map_err(|why| refused(&why))?;
    read.fits(&input.loaded, driver)
        .map_err(|why| refused(&why))?;
    if !input
        .gates
        .iter()
        .any(|placed| baseline::is_relative(placed.gate()))
    {
        say(&format!(
            "warning: no gate of {} asks for the baseline; write one such as \"forced_logouts <= baseline + 10%\"",
            input.loaded.scenario.name
        ));
    }
    Ok(Some(read))
}
