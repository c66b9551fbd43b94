//! `cutover check`: scenario and comparison files are read and checked; nothing starts.

use std::path::{Path, PathBuf};

use clap::Args;

use super::{Failure, input, print, say};
use crate::scenario::{self, Overrides, comparison};
use crate::verdict::exit;

/// Which files.
#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// The scenario and comparison files
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Lay a setting over each file, e.g. population.users=50000 (repeatable)
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

pub(super) fn check(args: &CheckArgs) -> Result<u8, Failure> {
    let overrides = Overrides {
        set: args.set.clone(),
        seed: None,
    };
    let mut code = exit::PASSED;
    for file in &args.files {
        match look_at(file, &overrides) {
            Ok(found) => print(&format!("{}: {found}", file.display()))?,
            Err(failure) => {
                say(&failure.message);
                code = failure.code;
            }
        }
    }
    Ok(code)
}

/// What a file is, or what is wrong with it.
fn look_at(file: &Path, overrides: &Overrides) -> Result<String, Failure> {
    let asks = |question: String| match question.as_str() {
        "" => "ok".to_owned(),
        question => format!("ok — {question}"),
    };
    if comparison::is_comparison(file) {
        let loaded = input::read_comparison(file, overrides)?;
        return Ok(asks(loaded.comparison.question));
    }
    match scenario::load(file, overrides) {
        Ok(loaded) => Ok(asks(input::with_gates(loaded)?.loaded.scenario.question)),
        Err(problems) => match problems.only_missing() {
            Some(missing) => Ok(format!(
                "ok as a base that others extend, but no rehearsal by itself: {}",
                missing.join("; ")
            )),
            None => Err(input::told(&problems)),
        },
    }
}
