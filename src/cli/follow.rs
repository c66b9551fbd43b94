//! `cutover follow`: one person's way through a rehearsal.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, print};
use crate::report;
use crate::verdict::exit;

/// Whom, and where.
#[derive(Debug, Args)]
pub(super) struct FollowArgs {
    /// The run's directory, e.g. reports/zero-downtime-consumer-1-20260302T000000Z
    run: PathBuf,
    /// The person's number, as the event log gives it
    person: u32,
}

pub(super) fn follow(args: &FollowArgs) -> Result<u8, Failure> {
    let told = report::follow(&args.run, args.person)
        .map_err(|error| Failure::input(format!("error: {error}")))?;
    print(&told)?;
    Ok(exit::PASSED)
}
