//! `cutover doctor`: whether everything is as a run against test tenants needs it.

use std::fmt::Write as _;
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use clap::Args;
use cutover_mocks::stytch::Vertical;

use super::tenant::TenantArgs;
use super::{Failure, input, print, stop_on_signals};
use crate::driver::http::stop::Stop;
use crate::scenario::Overrides;
use crate::tenant::doctor::{Check, Examination, Verdict, Wishes, examine};
use crate::tenant::stytch::Product;
use crate::verdict::exit;

/// What to look at.
#[derive(Debug, Args)]
pub(super) struct DoctorArgs {
    /// The scenario that will be run: it says which product the project is of, and how long sessions are
    scenario: Option<PathBuf>,
    #[command(flatten)]
    tenant: TenantArgs,
    /// The product of the Stytch project, where no scenario says it
    #[arg(long, default_value = "consumer", conflicts_with = "scenario")]
    product: Product,
    /// Create nothing: look only at what can be read
    #[arg(long)]
    read_only: bool,
    /// Print the checks as JSON
    #[arg(long)]
    json: bool,
}

/// Session length that is tried where no scenario says one: an hour, Stytch's own default for members.
const MINUTES: u32 = 60;

pub(super) fn doctor(args: &DoctorArgs) -> Result<u8, Failure> {
    let (product, session_minutes) = match &args.scenario {
        None => (args.product, MINUTES),
        Some(path) => {
            let scenario = input::read_file(path, &Overrides::default())?
                .loaded
                .scenario;
            let minutes = scenario.app.session_duration.as_secs() / 60;
            (
                product_of(scenario.providers.stytch.vertical),
                u32::try_from(minutes).unwrap_or(MINUTES),
            )
        }
    };
    let tenants = args.tenant.tenants(1, product)?;
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::environment)?;
    let wishes = Wishes {
        test_person: !args.read_only,
        journals: &args.tenant.journal,
        session_minutes,
    };
    let stop = Stop::default();
    stop_on_signals(&stop)?;
    let examined = runtime.block_on(async {
        tokio::select! {
            biased;
            () = stop.wished() => None,
            examination = examine(&tenants, wishes) => Some(examination),
        }
    });
    let Some(examination) = examined else {
        return Err(Failure {
            code: exit::INTERRUPTED,
            message: "stopped; cutover cleanup removes the test person, if one was made".to_owned(),
        });
    };
    if args.json {
        let json = serde_json::to_string_pretty(&examination).map_err(Failure::environment)?;
        print(&json)?;
    } else {
        print(&drawn(&examination))?;
    }
    Ok(match examination.verdict() {
        Verdict::Ok | Verdict::Warn => exit::PASSED,
        Verdict::Unknown => exit::INCONCLUSIVE,
        Verdict::Fail => exit::ENVIRONMENT,
    })
}

/// The product that a scenario's project is of.
pub(super) fn product_of(vertical: Vertical) -> Product {
    match vertical {
        Vertical::Consumer => Product::Consumer,
        Vertical::B2b => Product::B2b,
    }
}

fn drawn(examination: &Examination) -> String {
    let mut text = String::new();
    for check in &examination.checks {
        text.push_str(&line(check));
    }
    let count = |verdict| {
        let of = |check: &&Check| check.verdict == verdict;
        examination.checks.iter().filter(of).count()
    };
    let _ = writeln!(
        text,
        "\n{} ok, {} to look at, {} unknown, {} to fix",
        count(Verdict::Ok),
        count(Verdict::Warn),
        count(Verdict::Unknown),
        count(Verdict::Fail),
    );
    text
}

fn line(check: &Check) -> String {
    let (word, color) = match check.verdict {
        Verdict::Ok => ("ok", AnsiColor::Green),
        Verdict::Warn => ("warn", AnsiColor::Yellow),
        Verdict::Unknown => ("unknown", AnsiColor::Cyan),
        Verdict::Fail => ("FAIL", AnsiColor::Red),
    };
    let style = Style::new().fg_color(Some(color.into()));
    let Check {
        name,
        evidence,
        fix,
        ..
    } = check;
    let mut text = format!("{style}{word:<8}{style:#}{name:<24}{evidence}\n");
    if let Some(fix) = fix {
        let _ = writeln!(
            text,
            "{:32}fix: {}\n{:32}at:  {}",
            "", fix.what, "", fix.place
        );
    }
    text
}
