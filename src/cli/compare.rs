//! `cutover compare`: strategies over the same people, in virtual time.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::results::{machine, now};
use super::{Failure, ResultArgs, github, input, print, say, stop_on_signals};
use crate::comparison::{self, CompareError, Options};
use crate::driver::http::stop::Stop;
use crate::outcome::Run;
use crate::report::{self, RunDirectory};
use crate::scenario::Overrides;
use crate::verdict::exit;

/// What to compare.
#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// The comparison file
    comparison: PathBuf,
    /// Lay a setting over the scenario of every strategy, e.g. population.users=50000 (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
    /// How many seeds, instead of the file's
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(2..=1000))]
    seeds: Option<u32>,
    /// The first seed, instead of the file's
    #[arg(long, value_name = "SEED")]
    first_seed: Option<u64>,
    /// Threads to use; all cores, if absent. The results do not depend on it
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Only compare: try no settings against causes, and no more people against limits
    #[arg(long)]
    quick: bool,
    #[command(flatten)]
    results: ResultArgs,
}

pub(super) fn compare(args: &CompareArgs) -> Result<u8, Failure> {
    let overrides = Overrides {
        set: args.set.clone(),
        seed: args.first_seed,
    };
    let mut loaded = input::read_comparison(&args.comparison, &overrides)?;
    if let Some(seeds) = args.seeds {
        loaded.comparison.seeds = seeds;
    }
    let stop = Stop::default();
    stop_on_signals(&stop)?;
    let started = now();
    let directory = RunDirectory::create(
        &args.results.reports,
        &loaded.comparison.name,
        loaded.comparison.first_seed,
        started,
    )
    .map_err(Failure::environment)?;
    let bar = progress();
    let options = Options {
        threads: args
            .threads
            .unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN)),
        deep: !args.quick,
        tool_version: env!("CARGO_PKG_VERSION"),
    };
    let compared = comparison::compare(&loaded, options, &|progress| {
        bar.set_length(progress.planned);
        bar.set_position(progress.done);
        if stop.is_wished() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    bar.finish_and_clear();
    let mut outcome = match compared {
        Ok(outcome) => outcome,
        Err(CompareError::TooEarly) => {
            directory.discard();
            say(&CompareError::TooEarly.to_string());
            return Ok(exit::INTERRUPTED);
        }
        Err(error) => return Err(Failure::input(error.to_string())),
    };
    outcome.run = Run {
        machine: machine(),
        started,
        ended: now(),
    };
    let written = report::write_comparison(&directory, &outcome);
    let page = report::comparison(&outcome);
    if args.results.json {
        print(&report::comparison_json(&outcome))?;
        say(&page);
    } else {
        print(&page)?;
    }
    // What was found is shown even where it cannot be written.
    written.map_err(Failure::environment)?;
    say(&format!("Written to {}", directory.path().display()));
    let annotations = report::comparison_annotations(&outcome);
    let summary = report::comparison_summary(&outcome);
    github::tell(&args.results, &annotations, &summary)?;
    Ok(outcome.exit_code())
}

/// A line that shows how many rehearsals are done; hidden when standard error is no terminal.
fn progress() -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr_with_hz(8));
    let style = ProgressStyle::with_template(
        "{elapsed:>4} {wide_bar:.cyan/dim} {pos} of {len} rehearsals, {eta} left",
    )
    .unwrap_or_else(|_| ProgressStyle::default_bar());
    bar.set_style(style);
    bar
}
