//! `cutover schema`: the JSON Schemas of scenario and comparison files.

use clap::{Args, ValueEnum};

use super::{Failure, print};
use crate::scenario;
use crate::verdict::exit;

/// Which schema.
#[derive(Debug, Args)]
pub(super) struct SchemaArgs {
    /// Of which files
    #[arg(value_enum, default_value = "scenario")]
    of: Of,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Of {
    /// Scenario files
    Scenario,
    /// Comparison files
    Comparison,
}

pub(super) fn schema(args: &SchemaArgs) -> Result<u8, Failure> {
    let schema = match args.of {
        Of::Scenario => scenario::schema(),
        Of::Comparison => scenario::comparison::schema(),
    };
    print(&format!("{schema:#}"))?;
    Ok(exit::PASSED)
}
