//! What commands that reach test tenants have in common: their options, and the way past the guard.

use std::path::PathBuf;

use clap::Args;

use super::{Failure, say};
use crate::tenant::client::Patience;
use crate::tenant::credentials::Credentials;
use crate::tenant::guard::{self, AUTH0_TRICKLE, Amount, Consent};
use crate::tenant::journal;
use crate::tenant::stytch::Product;
use crate::tenant::tenants::Tenants;

/// Which tenants, how gently, and with whose consent.
#[derive(Clone, Debug, Args)]
pub(super) struct TenantArgs {
    /// Read credentials that the environment does not have from this file [default: .env-test, if it is there]
    #[arg(long, value_name = "FILE")]
    env_file: Option<PathBuf>,
    /// Directory of the journals of what was created
    #[arg(long, value_name = "DIR", default_value = journal::DEFAULT_DIRECTORY)]
    pub(super) journal: PathBuf,
    /// Requests a second to Auth0, sustained
    #[arg(long, value_name = "N", default_value_t = AUTH0_TRICKLE.1, value_parser = rate)]
    auth0_rate: f64,
    /// Requests a second to Stytch, sustained
    #[arg(long, value_name = "N", default_value_t = 5.0, value_parser = rate)]
    stytch_rate: f64,
    /// Consent to credentials, ids and hosts that may be those of a production system
    #[arg(long)]
    i_consent_to_live: bool,
    /// Consent to more than a trickle at *.auth0.com, whose load testing policy wants written approval first
    #[arg(long)]
    i_consent_to_auth0_load: bool,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "is not a number".to_owned())?;
    if (0.05..=10_000.0).contains(&rate) {
        Ok(rate)
    } else {
        Err("is not between 0.05 and 10000".to_owned())
    }
}

impl TenantArgs {
    /// How much is asked for.
    pub(super) fn amount(&self, people: u32) -> Amount {
        Amount {
            people,
            auth0_per_second: self.auth0_rate,
            stytch_per_second: self.stytch_rate,
        }
    }

    /// Reads the credentials and asks the guard. Sends nothing.
    pub(super) fn tenants(&self, people: u32, product: Product) -> Result<Tenants, Failure> {
        let read = |name: &str| {
            let value = std::env::var_os(name)?;
            Some(value.to_string_lossy().into_owned())
        };
        let credentials = Credentials::read(read, self.env_file.as_deref())
            .map_err(|error| Failure::input(format!("error: {error}")))?;
        for note in &credentials.notes {
            say(&format!("note: {note}"));
        }
        let consent = Consent {
            live: self.i_consent_to_live,
            auth0_load: self.i_consent_to_auth0_load,
        };
        let admitted = guard::admit(credentials, self.amount(people), consent)
            .map_err(|refused| Failure::input(format!("refused: {refused}")))?;
        Tenants::new(admitted, product, Patience::default()).map_err(Failure::environment)
    }
}
