//! `cutover check`: scenario and comparison files are read and checked; nothing starts.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, input, print, say};
use crate::scenario::{Overrides, comparison};
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
        let question = if comparison::is_comparison(file) {
            input::read_comparison(file, &overrides).map(|loaded| loaded.comparison.question)
        } else {
            input::read_file(file, &overrides).map(|input| input.loaded.scenario.question)
        };
        match question {
            Ok(question) => print(&format!("{}: ok — {question}", file.display()))?,
            Err(failure) => {
                say(&failure.message);
                code = failure.code;
            }
        }
    }
    Ok(code)
}
