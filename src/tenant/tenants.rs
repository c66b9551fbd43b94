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

/// Requests that may go at once after a pause: what one page of one person asks for, refresh,
/// migration and `UserInfo`, and a second person's beginning. Auth0's Authentication API lets at
/// least 25 through at once on any plan (Auth0 docs, rate limit configurations); Stytch publishes
/// no burst.
pub const BURST: u32 = 5;

/// The same for Auth0's Management API: what the Free plan lets through at once (same place).
const MANAGEMENT_BURST: u32 = 2;

/// Requests a second to Auth0's Management API at the most, whatever the rest of the tenant is sent:
/// what it sustains on the Free plan, and for development tenants on any (Auth0 docs, rate limit
/// configurations).
pub const MANAGEMENT_PER_SECOND: f64 = 2.0;

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
        let mut legacy = client(Provider::Auth0, &auth0.base, amount.auth0_per_second);
        if !auth0.base.is_loopback() {
            let per_second = amount.auth0_per_second.min(MANAGEMENT_PER_SECOND);
            legacy = legacy.with_narrow("/api/v2/", Pace::new(per_second, MANAGEMENT_BURST, now));
        }
        Ok(Self {
            auth0: Auth0::new(legacy, auth0.clone()),
            stytch: Stytch::new(
                client(Provider::Stytch, &stytch.base, amount.stytch_per_second),
                stytch.clone(),
                product,
            ),
            admitted,
        })
    }

    /// Waits until no request that may change something is on the wire.
    pub async fn quiet(&self) {
        // Whoever makes one after the other may have begun here meanwhile.
        self.auth0.client().quiet().await;
        self.stytch.client().quiet().await;
        self.auth0.client().quiet().await;
    }

    /// From when on a request that was lost on the wire is carried out no more; none if none was lost.
    pub fn settled(&self) -> Option<Instant> {
        self.auth0
            .client()
            .settled()
            .max(self.stytch.client().settled())
    }

    /// What the guard let through.
    pub fn admitted(&self) -> &Admitted {
        &self.admitted
    }
}
