//! `cutover windows`, and `cutover run --window`: the stretches of a scenario that are worth living
//! through at true speed.

use std::fmt::Write as _;

use clap::Args;
use cutover_mocks::time::Span;

use super::{Failure, ScenarioArgs, input, print, say};
use crate::driver::virtual_time;
use crate::outcome::{Elsewhere, Moment, Played};
use crate::population::Population;
use crate::rehearsal::Baseline;
use crate::scenario::{Scenario, Window, read_span};
use crate::verdict::exit;
use crate::windows::choose::{Choice, Chosen, NoSuchWindow, Wish, choose};
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

/// Which windows a run plays.
#[derive(Debug, Args)]
pub(super) struct WindowArgs {
    /// Play these windows at true speed instead of the scenario's: peak, logins, migrations, calls,
    /// first-contact, fault, all, or the name of one of the scenario's own (repeatable)
    #[arg(long = "window", value_name = "WHICH", value_delimiter = ',')]
    wishes: Vec<Wish>,
    #[command(flatten)]
    length: LengthArg,
    /// Wall time that all windows may take; the weightiest are played
    #[arg(long, value_name = "TIME", default_value = "2m", value_parser = length)]
    window_total: Span,
    /// What becomes of the time between them: played in virtual time, or over HTTP in time-lapse
    #[arg(long, value_enum, default_value_t = Between::Virtual, requires = "wishes")]
    between: Between,
}

/// What becomes of the time between windows that were asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Between {
    Virtual,
    Lapse,
}

impl WindowArgs {
    /// Whether each wish can be granted at all, before anything is searched.
    pub(super) fn check(&self, scenario: &Scenario) -> Result<(), Failure> {
        let own = &scenario.time.windows;
        self.wishes
            .iter()
            .try_for_each(|wish| wish.check(own).map_err(|no| refused(&no)))
    }

    /// Puts the one window that weighs most into the scenario: of those that were asked for, or else of
    /// the peaks.
    pub(super) fn choose_one(
        &self,
        scenario: &mut Scenario,
        population: &Population,
        baseline: &Baseline,
    ) -> Result<Played, Failure> {
        let own = scenario.time.windows.iter().map(|window| window.length);
        let longest = own.max().unwrap_or(Span::ZERO);
        let one = Self {
            wishes: if self.wishes.is_empty() {
                vec![Wish::Peak]
            } else {
                self.wishes.clone()
            },
            length: self.length,
            window_total: self.length.window_length.max(longest),
            between: Between::Virtual,
        };
        let mut played = one.choose(scenario, population, baseline)?;
        played.windows.truncate(1);
        scenario.time.windows.truncate(1);
        Ok(played)
    }

    /// Puts the windows that were asked for into the scenario, and answers how the film plays.
    pub(super) fn choose(
        &self,
        scenario: &mut Scenario,
        population: &Population,
        baseline: &Baseline,
    ) -> Result<Played, Failure> {
        if self.wishes.is_empty() {
            return Ok(Played::new(&scenario.time, Elsewhere::TimeLapse));
        }
        let found = if self.wishes.iter().all(Wish::is_own) {
            Vec::new()
        } else {
            windows::find(
                scenario,
                population,
                Some(baseline),
                self.length.window_length,
            )
        };
        let own = &scenario.time.windows;
        let choice =
            choose(&self.wishes, &found, own, self.window_total).map_err(|no| refused(&no))?;
        say(&told(scenario, &choice, self.window_total));
        let whys = choice.chosen.iter().map(|chosen| chosen.why.clone());
        let whys: Vec<Option<String>> = whys.collect();
        let chosen = choice.chosen.into_iter().map(|chosen| chosen.window);
        scenario.time.windows = chosen.collect();
        let elsewhere = match self.between {
            Between::Virtual => Elsewhere::VirtualTime,
            Between::Lapse => Elsewhere::TimeLapse,
        };
        let mut played = Played::new(&scenario.time, elsewhere);
        for (window, why) in played.windows.iter_mut().zip(whys) {
            window.why = why;
        }
        Ok(played)
    }
}

fn refused(no: &NoSuchWindow) -> Failure {
    Failure::input(format!("error: --window: {no}"))
}

/// What will be played, and what will not.
fn told(scenario: &Scenario, choice: &Choice, total: Span) -> String {
    let line = |chosen: &Chosen| {
        let why = chosen.why.as_deref().unwrap_or(OWN);
        format!("  {}", row(scenario, &chosen.window, why))
    };
    let mut lines = vec!["Played at true speed:".to_owned()];
    lines.extend(choice.chosen.iter().map(line));
    if !choice.left_out.is_empty() {
        let bound = format!("Left out, for all windows may take {total} (--window-total):");
        lines.push(bound);
        lines.extend(choice.left_out.iter().map(line));
    }
    lines.join("\n")
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
    let own = scenario.time.windows.iter();
    let own = own.map(|window| ("its name", window, OWN));
    let found = found
        .iter()
        .map(|found| (found.kind.name(), &found.window, found.why.as_str()));
    let mut text = String::new();
    for (wish, window, why) in found.chain(own) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{wish:<13}  {}", row(scenario, window, why));
    }
    if text.is_empty() {
        "nobody calls a provider in this scenario: there is nothing to live through".to_owned()
    } else {
        text
    }
}

const OWN: &str = "the scenario's own";

/// When, how long, which and why.
fn row(scenario: &Scenario, window: &Window, why: &str) -> String {
    let start = Moment::new(scenario.time.start);
    let from = Moment::new(scenario.time.start + window.from).offset(start);
    let length = window.length.to_string();
    format!("{from:>12}  {length:>6}  {}: {why}", window.name)
}
