//! `cutover twin`: one scenario through both drivers, and every person whose fates differ.

use std::fmt::Write as _;

use clap::Args;

use super::progress::ProgressLine;
use super::{Failure, ScenarioArgs, input, print, stop_on_signals};
use crate::driver::http::aside::StdoutAside;
use crate::driver::http::conductor::{Bounds, Ending};
use crate::driver::http::{self, Options};
use crate::driver::virtual_time;
use crate::outcome::Moment;
use crate::population::Population;
use crate::recorder::Incident;
use crate::twin::{Parted, Played, Twins};
use crate::verdict::exit;

/// What to hold against itself.
#[derive(Debug, Args)]
pub(super) struct TwinArgs {
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Play the scenario's windows at true speed too; fates may then part where capacity decides
    #[arg(long)]
    windows: bool,
    /// Calls that may be under way at once in time-lapse; 1 keeps the order of all calls exact
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    in_flight: u16,
    /// How many of the people whose fates differ are listed
    #[arg(long, default_value_t = 20, value_name = "N")]
    list: usize,
}

pub(super) fn twin(args: &TwinArgs) -> Result<u8, Failure> {
    let mut input = input::read(&args.scenario)?;
    if !args.windows {
        input.loaded.scenario.time.windows.clear();
    }
    let scenario = &input.loaded.scenario;
    let population = Population::new(scenario);
    let baseline = virtual_time::baseline(scenario, &population);
    let simulated = virtual_time::simulate(scenario, &population, Some(&baseline), |_, _| {});
    let options = Options {
        bounds: Bounds {
            in_lapse: usize::from(args.in_flight),
            ..Bounds::default()
        },
        ..Options::default()
    };
    stop_on_signals(&options.stop)?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::environment)?;
    let line = ProgressLine::new(&scenario.time);
    let aside = StdoutAside::put().map_err(Failure::environment)?;
    let watch = |now, progress| line.show(now, progress);
    let run = runtime.block_on(http::run(
        scenario,
        &population,
        Some(&baseline),
        &options,
        watch,
    ));
    drop(aside);
    line.finish();
    let run = run.map_err(Failure::environment)?;
    if run.ending != Ending::Played {
        super::say("interrupted: fates can only be compared to the end");
        return Ok(exit::INTERRUPTED);
    }
    let played = Played {
        in_flight: usize::from(args.in_flight),
        stuck: run.health.stuck,
    };
    let twins = Twins::compare(
        &simulated.ended.recording,
        &run.ended.recording,
        scenario,
        played,
    );
    print(&tell(&twins, args.list, Moment::new(scenario.time.start)))?;
    Ok(if twins.agree() {
        exit::PASSED
    } else {
        exit::INVARIANT_VIOLATED
    })
}

fn tell(twins: &Twins, most: usize, start: Moment) -> String {
    let Twins {
        people,
        parted,
        calls,
    } = twins;
    let mut text = if parted.is_empty() && !calls.is_empty() {
        format!(
            "✗ DIFFERENT: all {people} people with a fate have the same one, but calls were made another \
             number of times\n"
        )
    } else if parted.is_empty() {
        format!(
            "✓ SAME: all {people} people with a fate have the same one over HTTP and in virtual time\n"
        )
    } else {
        format!(
            "{} DIFFERENT: {} of {people} people with a fate have another one over HTTP, {} unexplained\n",
            if twins.unexplained() > 0 { "✗" } else { "?" },
            parted.len(),
            twins.unexplained()
        )
    };
    for Parted {
        person,
        simulated,
        over_http,
        reason,
    } in parted.iter().take(most)
    {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  person {person}: {reason}");
        let _ = writeln!(text, "    in virtual time  {}", event(*simulated, start));
        let _ = writeln!(text, "    over HTTP        {}", event(*over_http, start));
    }
    if parted.len() > most {
        let _ = writeln!(text, "  and {} more (--list)", parted.len() - most);
    }
    for other in calls {
        let _ = writeln!(text, "  {other}");
    }
    text
}

fn event(incident: Option<Incident>, start: Moment) -> String {
    incident.map_or_else(
        || "nothing more".to_owned(),
        |Incident {
             at, device, kind, ..
         }| {
            let cause = kind
                .cause()
                .map_or(String::new(), |cause| format!(" ({cause})"));
            format!(
                "{}  device {device}  {}{cause}",
                Moment::new(at).offset(start),
                kind.name()
            )
        },
    )
}
