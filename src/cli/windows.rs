//! `cutover windows`: the stretches of a scenario that are worth living through at true speed.

use std::fmt::Write as _;

use clap::Args;
use cutover_mocks::time::Span;

use super::{Failure, ScenarioArgs, input, print};
use crate::driver::virtual_time;
use crate::outcome::Moment;
use crate::population::Population;
use crate::scenario::{Scenario, read_span};
use crate::verdict::exit;
use crate::windows::{self, Found};

/// Where to look.
#[derive(Debug, Args)]
pub(super) struct WindowsArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    #[command(flatten)]
    length: LengthArg,
}

/// How long the windows are that are found.
#[derive(Clone, Copy, Debug, Args)]
pub(super) struct LengthArg {
    /// How long each window is that is found; the scenario's own keep their length
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = length)]
    pub(super) window_length: Span,
}

/// A length of time as scenarios write it, at least a second.
pub(super) fn length(text: &str) -> Result<Span, String> {
    let span = read_span(text)?;
    if span < Span::from_secs(1) {
        return Err("this is shorter than 1s; try 30s or 2m".to_owned());
    }
    Ok(span)
}

pub(super) fn windows(args: &WindowsArgs) -> Result<u8, Failure> {
    let input = input::read(&args.scenario)?;
    let scenario = &input.loaded.scenario;
    let population = Population::new(scenario);
    let baseline = virtual_time::baseline(scenario, &population);
    let found = windows::find(
        scenario,
        &population,
        Some(&baseline),
        args.length.window_length,
    );
    print(&table(scenario, &found))?;
    Ok(exit::PASSED)
}

/// A row for each window: what it is chosen by, when, how long, its name, and why.
fn table(scenario: &Scenario, found: &[Found]) -> String {
    let start = Moment::new(scenario.time.start);
    let own = scenario.time.windows.iter().map(|window| {
        let wish = "its name";
        (wish, window, "the scenario's own")
    });
    let found = found
        .iter()
        .map(|found| (found.kind.name(), &found.window, found.why.as_str()));
    let mut text = String::new();
    for (wish, window, why) in found.chain(own) {
        let from = Moment::new(scenario.time.start + window.from).offset(start);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{wish:<13}  {from:>12}  {:>6}  {}: {why}",
            window.length.to_string(),
            window.name,
        );
    }
    if text.is_empty() {
        "nobody calls a provider in this scenario: there is nothing to live through".to_owned()
    } else {
        text
    }
}
