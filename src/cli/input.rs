//! Reading scenarios for commands: checked as a whole, gates included, before anything starts.

use std::io::IsTerminal as _;
use std::path::Path;

use super::{Failure, ScenarioArgs};
use crate::scenario::comparison::LoadedComparison;
use crate::scenario::{self, Loaded, Overrides, Problems};
use crate::verdict::PlacedGate;

/// A scenario that may be rehearsed.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) loaded: Loaded,
    pub(super) gates: Vec<PlacedGate>,
}

/// Reads a scenario, or tells all that is wrong with it.
pub(super) fn read(args: &ScenarioArgs) -> Result<Input, Failure> {
    let overrides = Overrides {
        set: args.set.clone(),
        seed: args.seed,
    };
    read_file(&args.scenario, &overrides)
}

/// The same, for a file with these settings on top.
pub(super) fn read_file(path: &Path, overrides: &Overrides) -> Result<Input, Failure> {
    with_gates(scenario::load(path, overrides).map_err(|problems| told(&problems))?)
}

/// A scenario that was read, with its gates.
pub(super) fn with_gates(loaded: Loaded) -> Result<Input, Failure> {
    let gates = loaded
        .scenario
        .gates
        .iter()
        .map(|gate| {
            PlacedGate::read(gate.clone()).map_err(|error| Failure::input(error.to_string()))
        })
        .collect::<Result<_, _>>()?;
    Ok(Input { loaded, gates })
}

/// Reads a comparison with the scenarios of its strategies, or tells what is wrong with them.
pub(super) fn read_comparison(
    path: &Path,
    overrides: &Overrides,
) -> Result<LoadedComparison, Failure> {
    scenario::comparison::load(path, overrides).map_err(|problems| told(&problems))
}

/// What is wrong with a file.
pub(super) fn told(problems: &Problems) -> Failure {
    let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    Failure::input(problems.render(color))
}
