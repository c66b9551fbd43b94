//! `cutover run --target test`: a window of a scenario against a real tenant and a real project.

use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::cleanup::told;
use super::doctor::product_of;
use super::input::Input;
use super::progress::ProgressLine;
use super::results::{Results, Setting};
use super::run::{RunArgs, completeness, health, options};
use super::tenant::TenantArgs;
use super::{Failure, baseline, say, stop_on_signals};
use crate::driver::http::aside::StdoutAside;
use crate::driver::http::tenants::cast::Cast;
use crate::driver::http::tenants::{Stage, TenantRun, TenantRunError, Trial, Tried};
use crate::driver::virtual_time;
use crate::outcome::{Assumption, Driver, Lateness, Played};
use crate::population::Population;
use crate::scenario::{Scenario, Target};
use crate::tenant::cleanup::{Cleaned, Mode};
use crate::tenant::guard::DEFAULT_PEOPLE;
use crate::tenant::journal::JournalError;
use crate::tenant::provision::{Plan, ProvisionError};
use crate::verdict::exit;

/// Which test tenants are driven, and with how many people.
#[derive(Debug, Args)]
pub(super) struct TrialArgs {
    /// Whom to drive, instead of what the scenario says
    #[arg(long, value_enum, help_heading = HEADING)]
    target: Option<TargetArg>,
    /// Test people to make at the most; who comes in the window is chosen evenly
    #[arg(long, value_name = "N", default_value_t = DEFAULT_PEOPLE, help_heading = HEADING,
          value_parser = clap::value_parser!(u32).range(1..))]
    people: u32,
    /// Say what would be created and played, and send nothing
    #[arg(long, help_heading = HEADING)]
    dry_run: bool,
    #[command(flatten, next_help_heading = HEADING)]
    tenant: TenantArgs,
}

const HEADING: &str = "Test tenants";

/// Goose users that carry a trial's calls: people are few, and paced.
const CARRIERS: usize = 16;

/// Whom to drive.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum TargetArg {
    /// Mocks on this machine
    Mocks,
    /// Test tenants
    Test,
}

impl TrialArgs {
    /// Whether test tenants are to be driven.
    pub(super) fn is_wanted(&self, scenario: &Scenario) -> bool {
        match self.target {
            Some(TargetArg::Mocks) => false,
            Some(TargetArg::Test) => true,
            None => scenario.target == Target::Test,
        }
    }
}

pub(super) fn run(args: &RunArgs, mut input: Input) -> Result<u8, Failure> {
    let product = product_of(input.loaded.scenario.providers.stytch.vertical);
    let tenants = args.trial.tenant.tenants(args.trial.people, product)?;
    let against = baseline::read(&args.gates, &input, Driver::Tenants)?;
    let population = Population::new(&input.loaded.scenario);
    let unchanged = virtual_time::baseline(&input.loaded.scenario, &population);
    let scenario = &mut input.loaded.scenario;
    let played = args.windows.choose_one(scenario, &population, &unchanged)?;
    let Some(window) = scenario.time.windows.first().cloned() else {
        return Err(Failure::input("error: there is no window to play"));
    };
    let scenario = &input.loaded.scenario;
    let trial = Trial {
        scenario,
        population: &population,
        window: &window,
        tenants: Arc::new(tenants),
        journals: &args.trial.tenant.journal,
    };
    let (cast, plan) = trial.plan().map_err(|error| failed(&error))?;
    say(&announced(args, &cast, &plan));
    if args.trial.dry_run {
        return Ok(exit::PASSED);
    }
    let results = Results::open(&args.results, &input.loaded)?;
    let tried = play(args, &trial, (cast, &plan))?;
    if let Some(removal) = &tried.removal {
        say(&removed(removal));
    }
    let clean = matches!(&tried.removal, Some(Ok(cleaned)) if cleaned.kept.is_empty());
    let run = tried.run.map_err(|error| failed(&error))?;
    let code = tell(results, &mut input, against.as_ref(), played, &run)?;
    Ok(if clean || code != exit::PASSED {
        code
    } else {
        exit::ENVIRONMENT
    })
}

fn play(args: &RunArgs, trial: &Trial<'_>, (cast, plan): (Cast, &Plan)) -> Result<Tried, Failure> {
    let mut options = options(args);
    if args.carriers.is_none() {
        options.carriers.count = CARRIERS;
    }
    stop_on_signals(&options.stop)?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::environment)?;
    let line = ProgressLine::new(&trial.scenario.time);
    let mut stage = 0;
    let aside = StdoutAside::put().map_err(Failure::environment)?;
    let tried = runtime.block_on(trial.play((cast, plan), &options, |at| match at {
        Stage::Plays(now, progress) => line.show(now, progress),
        Stage::Made(..) if stage < 1 => {
            stage = 1;
            say("Making test people…");
        }
        Stage::Opened(..) if stage < 2 => {
            stage = 2;
            say("Opening their sessions…");
        }
        Stage::Removes => {
            line.finish();
            say("Removing test people…");
        }
        Stage::Made(..) | Stage::Opened(..) => {}
    }));
    drop(aside);
    line.finish();
    Ok(tried)
}

fn tell(
    results: Results,
    input: &mut Input,
    against: Option<&crate::verdict::Baseline>,
    mut played: Played,
    run: &TenantRun,
) -> Result<u8, Failure> {
    for (window, health) in played.windows.iter_mut().zip(&run.health.windows) {
        window.lateness = Lateness::of(&health.lateness);
    }
    let health = health(&input.loaded.scenario, &run.health);
    results.tell_with(
        input,
        against,
        &Setting {
            driver: Driver::Tenants,
            completeness: completeness(run.ending),
            played,
            recording: &run.ended.recording,
            ledgers: None,
            health,
        },
        notes(run),
    )
}

/// What a reader must know of a trial beside its numbers.
fn notes(run: &TenantRun) -> Vec<Assumption> {
    let note = |key: &str, value: String, source: &str| Assumption {
        key: key.to_owned(),
        value,
        default: false,
        source: source.to_owned(),
    };
    let cast = &run.cast;
    let mut notes = vec![
        note(
            "trial.people",
            cast.people.len().to_string(),
            "all numbers are of these test people alone: in virtual time until the window, then \
             against real providers",
        ),
        note(
            "trial.forgets_password",
            "0%".to_owned(),
            "nobody reads the mail of test people",
        ),
    ];
    for (why, count) in &cast.left_out {
        notes.push(note("trial.left_out", count.to_string(), why.why()));
    }
    if run.unplayed > 0 {
        notes.push(note(
            "trial.unplayed_calls",
            run.unplayed.to_string(),
            "calls that need somebody's mailbox or phone, which failed for that reason alone",
        ));
    }
    notes
}

fn announced(args: &RunArgs, cast: &Cast, plan: &Plan) -> String {
    let amount = args.trial.tenant.amount(args.trial.people);
    let mut text = format!("This {}.\n", plan.told(amount));
    for (why, count) in &cast.left_out {
        use std::fmt::Write as _;
        let _ = writeln!(text, "  left out: {count} people who {}", why.why());
    }
    text
}

fn removed(removal: &Result<Cleaned, JournalError>) -> String {
    match removal {
        Ok(cleaned) if cleaned.kept.is_empty() => {
            let count = cleaned.removed.len();
            format!("All {count} records of the test people were removed.")
        }
        Ok(cleaned) => format!(
            "{}Run cutover cleanup to remove the rest.",
            told("test people", cleaned, Mode::Remove)
        ),
        Err(error) => format!("error: {error}\nRun cutover cleanup to remove the rest."),
    }
}

fn failed(error: &TenantRunError) -> Failure {
    match error {
        TenantRunError::Nobody(_) => Failure::input(format!("error: {error}")),
        TenantRunError::Provision(ProvisionError::Stopped) | TenantRunError::Stopped => Failure {
            code: exit::INTERRUPTED,
            message: format!("{error}"),
        },
        _ => Failure::environment(error),
    }
}
