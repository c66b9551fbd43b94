//! `cutover diff`: two runs held against each other.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, print};
use crate::report::Divergence;
use crate::verdict::exit;

/// Which runs.
#[derive(Debug, Args)]
pub(super) struct DiffArgs {
    /// A run's directory, e.g. reports/zero-downtime-consumer-1-20260302T000000Z
    left: PathBuf,
    /// Another one's
    right: PathBuf,
    /// How many of the values that differ are listed
    #[arg(long, default_value_t = 10, value_name = "N")]
    list: usize,
}

pub(super) fn diff(args: &DiffArgs) -> Result<u8, Failure> {
    let divergence = Divergence::between(&args.left, &args.right)
        .map_err(|error| Failure::input(format!("error: {error}")))?;
    print(&divergence.tell(args.list))?;
    Ok(if divergence.is_none() {
        exit::PASSED
    } else if divergence.must_agree {
        exit::INVARIANT_VIOLATED
    } else {
        exit::GATE_FAILED
    })
}
