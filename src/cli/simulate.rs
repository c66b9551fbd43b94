//! `cutover simulate`: a rehearsal in virtual time.

use clap::Args;

use super::progress::ProgressLine;
use super::results::{Results, Setting};
use super::{Failure, GateArgs, ResultArgs, ScenarioArgs, baseline, input};
use crate::driver::virtual_time;
use crate::outcome::{Completeness, Driver, DriverHealth, Elsewhere, Ledgers, Played};
use crate::population::Population;

/// What to simulate.
#[derive(Debug, Args)]
pub(super) struct SimulateArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    #[command(flatten)]
    gates: GateArgs,
    #[command(flatten)]
    results: ResultArgs,
}

pub(super) fn simulate(args: &SimulateArgs) -> Result<u8, Failure> {
    let input = input::read(&args.scenario)?;
    let baseline = baseline::read(&args.gates, &input, Driver::Virtual)?;
    let results = Results::open(&args.results, &input.loaded)?;
    let scenario = &input.loaded.scenario;
    let line = ProgressLine::new(&scenario.time);
    let population = Population::new(scenario);
    let unchanged = virtual_time::baseline(scenario, &population);
    let simulated =
        virtual_time::simulate(scenario, &population, Some(&unchanged), |now, progress| {
            line.show(now, progress);
        });
    line.finish();
    let recording = &simulated.ended.recording;
    let calls = recording
        .auth0_calls
        .values()
        .chain(recording.stytch_calls.values())
        .sum();
    results.tell(
        &input,
        baseline.as_ref(),
        &Setting {
            driver: Driver::Virtual,
            completeness: Completeness::Complete,
            played: Played::new(&scenario.time, Elsewhere::VirtualTime),
            recording,
            ledgers: Some(Ledgers {
                auth0: simulated.tenant.ledger(),
                stytch: simulated.project.ledger(),
            }),
            health: DriverHealth::exact(calls),
        },
    )
}
