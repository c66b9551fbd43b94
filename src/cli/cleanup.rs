//! `cutover cleanup`: removes test people that are still there, after a crash above all.

use std::fmt::Write as _;

use clap::Args;

use super::tenant::TenantArgs;
use super::{Failure, print, say};
use crate::tenant::cleanup::{self, Cleaned, Mode, SETTLE};
use crate::tenant::client::LATE;
use crate::tenant::journal::{Journal, JournalError};
use crate::verdict::exit;

/// What to remove.
#[derive(Debug, Args)]
pub(super) struct CleanupArgs {
    #[command(flatten)]
    tenant: TenantArgs,
    /// Remove nothing: say what would be removed
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn cleanup(args: &CleanupArgs) -> Result<u8, Failure> {
    let journals = Journal::all_in(&args.tenant.journal).map_err(Failure::environment)?;
    if journals.is_empty() {
        let directory = args.tenant.journal.display();
        print(&format!(
            "nothing to remove: no journal is open in {directory}"
        ))?;
        return Ok(exit::PASSED);
    }
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::environment)?;
    let mode = if args.dry_run {
        Mode::DryRun
    } else {
        Mode::Remove
    };
    let mut all_done = true;
    for file in journals {
        all_done &= match Journal::open(&file) {
            Ok(journal) => one(args, &runtime, journal, mode)?,
            // Nothing was created before its first line was whole.
            Err(error @ JournalError::Empty(_)) => {
                say(&format!("note: {error}"));
                mode == Mode::DryRun || said(&Journal::done_empty(&file))
            }
            Err(error) => said(&Err(error)),
        };
    }
    Ok(if all_done {
        exit::PASSED
    } else {
        exit::ENVIRONMENT
    })
}

/// Cleans up after one run. Says whether nothing of it is left.
fn one(
    args: &CleanupArgs,
    runtime: &tokio::runtime::Runtime,
    mut journal: Journal,
    mode: Mode,
) -> Result<bool, Failure> {
    let header = journal.header().clone();
    let tenants = args.tenant.tenants(0, header.product())?;
    let file = journal.file().display().to_string();
    if !header.is_of(tenants.admitted().credentials()) {
        say(&format!(
            "error: the journal {file} is about {} at {} and {}; the credentials at hand are for others, so \
             nothing of it is removed",
            header.project_id, header.stytch, header.auth0
        ));
        return Ok(false);
    }
    // What its command was about to make when it was killed may still be made.
    let settle = match mode {
        Mode::Remove => SETTLE.max(LATE.saturating_sub(journal.untouched())),
        Mode::DryRun => SETTLE,
    };
    if settle > SETTLE {
        say(&format!(
            "note: {file} was written a moment ago; who is not there yet is looked for again after {} s",
            settle.as_secs() + 1
        ));
    }
    let cleaned = match runtime.block_on(cleanup::clean(&tenants, &mut journal, mode, settle)) {
        Ok(cleaned) => cleaned,
        // Other journals are not worse for it.
        Err(error) => return Ok(said(&Err(error))),
    };
    print(&told(&file, &cleaned, mode))?;
    let done = cleaned.kept.is_empty();
    Ok(done && (mode == Mode::DryRun || said(&journal.done())))
}

/// Tells what is wrong with a journal. Says whether nothing is.
fn said(done: &Result<(), JournalError>) -> bool {
    if let Err(error) = done {
        say(&format!("error: {error}"));
    }
    done.is_ok()
}

pub(super) fn told(file: &str, cleaned: &Cleaned, mode: Mode) -> String {
    let verb = match mode {
        Mode::Remove => "removed",
        Mode::DryRun => "would remove",
    };
    let (removed, gone, kept) = (cleaned.removed.len(), cleaned.gone, cleaned.kept.len());
    let mut text =
        format!("{file}: {verb} {removed} records; {gone} were not there; {kept} are kept\n");
    if mode == Mode::DryRun {
        for record in &cleaned.removed {
            let _ = writeln!(text, "  {record}");
        }
    }
    for (record, why) in &cleaned.kept {
        let _ = writeln!(text, "  kept: {record}: {why}");
    }
    text
}
