//! The command line: one file a command; exit codes are the same for all of them.

mod baseline;
mod check;
mod cleanup;
mod compare;
mod diff;
mod doctor;
mod follow;
mod github;
mod input;
mod mock;
mod progress;
mod results;
mod run;
mod schema;
mod simulate;
mod tenant;
mod trial;
mod twin;
mod windows;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::driver::http::stop::Stop;
use crate::verdict::exit;

/// Rehearse the move of an application's logins from Auth0 to Stytch before your users live through it.
#[derive(Debug, Parser)]
#[command(name = "cutover", version, about, after_help = EXIT_CODES, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes:
  0    every gate holds
  1    a gate failed
  2    wrong usage, or a scenario with problems
  3    an invariant was violated: somebody was wrongly admitted, or counts contradict each other
  4    inconclusive: the run cannot tell (the driver was late, or sums disagree with the providers')
  5    the environment failed: a port in use, a disk that cannot be written, test tenants that are
       not ready or not clean
  130  interrupted; what was measured is kept, marked incomplete";

#[derive(Debug, Subcommand)]
enum Command {
    /// Rehearse a scenario over real HTTP, against mocks of both providers on this machine, or a window
    /// of it against test tenants
    Run(run::RunArgs),
    /// Rehearse a scenario in virtual time: the same decisions, no sockets, a fortnight in seconds
    Simulate(simulate::SimulateArgs),
    /// Rehearse a scenario both ways, and list each person whose fate differs
    Twin(twin::TwinArgs),
    /// List the stretches of a scenario that are worth living through at true speed
    Windows(windows::WindowsArgs),
    /// Compare strategies over the same people, many seeds each, in virtual time
    Compare(compare::CompareArgs),
    /// Check scenario files, without any traffic
    Check(check::CheckArgs),
    /// Print the JSON Schema of scenario or comparison files, for editors
    Schema(schema::SchemaArgs),
    /// Serve the mocks of both providers until stopped
    Mock(mock::MockArgs),
    /// Make a baseline of a run, for gates such as `forced_logouts <= baseline + 10%`
    Baseline(baseline::BaselineArgs),
    /// Tell what happened to one person in a rehearsal
    Follow(follow::FollowArgs),
    /// Show where two runs part: the first event that differs, and the numbers that do
    Diff(diff::DiffArgs),
    /// Look whether test tenants are as a run needs them, and say what to fix where
    Doctor(doctor::DoctorArgs),
    /// Remove test people from test tenants that a run could not remove itself
    Cleanup(cleanup::CleanupArgs),
}

/// Which scenario, with which settings on top.
#[derive(Debug, Args)]
struct ScenarioArgs {
    /// The scenario file
    scenario: PathBuf,
    /// Lay a setting over the file, e.g. population.users=50000 (recorded in the outcome; repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// Use this seed instead of the file's
    #[arg(long)]
    seed: Option<u64>,
}

/// What gates are held against.
#[derive(Debug, Args)]
struct GateArgs {
    /// The baseline for gates that are relative to one; `cutover baseline write` makes it
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
}

/// Where results go.
#[derive(Clone, Debug, Args)]
struct ResultArgs {
    /// Print the outcome as JSON on standard output, and the summary on standard error
    #[arg(long)]
    json: bool,
    /// Append the summary to the file that `GITHUB_STEP_SUMMARY` names, as GitHub Actions sets it
    #[arg(long)]
    summary: bool,
    /// Directory in which the run's own directory is made
    #[arg(long, default_value = "reports", value_name = "DIR")]
    reports: PathBuf,
}

/// Runs the program.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are no errors, and go to standard output.
            let code = if error.use_stderr() {
                exit::BAD_INPUT
            } else {
                exit::PASSED
            };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let result = match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Simulate(args) => simulate::simulate(&args),
        Command::Twin(args) => twin::twin(&args),
        Command::Windows(args) => windows::windows(&args),
        Command::Compare(args) => compare::compare(&args),
        Command::Check(args) => check::check(&args),
        Command::Schema(args) => schema::schema(&args),
        Command::Mock(args) => mock::mock(&args),
        Command::Baseline(args) => baseline::baseline(&args),
        Command::Follow(args) => follow::follow(&args),
        Command::Diff(args) => diff::diff(&args),
        Command::Doctor(args) => doctor::doctor(&args),
        Command::Cleanup(args) => cleanup::cleanup(&args),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            say(&failure.message);
            ExitCode::from(failure.code)
        }
    }
}

/// Why a command could not do its work.
#[derive(Debug)]
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    /// The user's input is wrong.
    fn input(message: impl Into<String>) -> Self {
        Self {
            code: exit::BAD_INPUT,
            message: message.into(),
        }
    }

    /// The world around is not as it must be.
    fn environment(error: impl std::fmt::Display) -> Self {
        Self {
            code: exit::ENVIRONMENT,
            message: format!("error: {error}"),
        }
    }
}

/// From the first Ctrl-C on, a rehearsal over HTTP comes to its end and keeps what was measured; at
/// a second one the program ends at once.
fn stop_on_signals(stop: &Stop) -> Result<(), Failure> {
    #[expect(clippy::exit, reason = "a second Ctrl-C wants out, not an orderly end")]
    let at_once = || std::process::exit(i32::from(exit::INTERRUPTED));
    stop.on_signals(at_once).map_err(Failure::environment)
}

/// Talk: to standard error, which may be gone.
fn say(text: &str) {
    use std::io::Write as _;
    let _ = writeln!(anstream::stderr(), "{}", text.trim_end());
}

/// Results: to standard output. A reader who has seen enough closes the pipe, which is no failure.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::Write as _;
    let mut out = anstream::stdout();
    match writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::environment(
            format!("cannot write to standard output: {error}"),
        )),
        Ok(()) | Err(_) => Ok(()),
    }
}
