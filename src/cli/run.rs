//! `cutover run`: a rehearsal over real HTTP.

use clap::Args;

use super::{Failure, ResultArgs, ScenarioArgs, input};

/// What to run.
#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    #[command(flatten)]
    results: ResultArgs,
}

pub(super) fn run(args: &RunArgs) -> Result<u8, Failure> {
    let _ = (&args.results, input::read(&args.scenario)?);
    Err(Failure::environment("not yet"))
}
