//! Both providers behind the guard: the one way to a client.

use tokio::time::Instant;

use super::auth0::Auth0;
use super::client::{Client, NoClient, Patience, Provider, http};
use super::guard::Admitted;
use super::pace::Pace;
use super::stytch::{Product, Stytch};

/// A tenant and a project that the guard let through.
#[derive(Debug)]
pub struct Tenants {
    /// The legacy provider.
    pub auth0: Auth0,
    /// The new one.
    pub stytch: Stytch,
    admitted: Admitted,
}

/// Requests that may go at once after a pause.
const BURST: u32 = 2;

impl Tenants {
    /// Clients of both, at the pace that was admitted. Sends nothing.
    pub fn new(admitted: Admitted, product: Product, patience: Patience) -> Result<Self, NoClient> {
        let credentials = admitted.credentials();
        let http = http(credentials)?;
        let amount = admitted.amount();
        let now = Instant::now();
        let client = |provider, base: &super::base::Base, per_second| {
            let pace = Pace::new(per_second, BURST, now);
            Client::new(http.clone(), provider, base.clone(), pace, patience)
        };
        let (auth0, stytch) = (&credentials.auth0, &credentials.stytch);
        Ok(Self {
            auth0: Auth0::new(
                client(Provider::Auth0, &auth0.base, amount.auth0_per_second),
                auth0.clone(),
            ),
            stytch: Stytch::new(
                client(Provider::Stytch, &stytch.base, amount.stytch_per_second),
                stytch.clone(),
                product,
            ),
            admitted,
        })
    }

    /// What the guard let through.
    pub fn admitted(&self) -> &Admitted {
        &self.admitted
    }
}
