//! Both mock servers at work, and the wire to them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use cutover_mocks::auth0::{self, Tenant};
use cutover_mocks::http::auth0::{Application, Face as Auth0Face};
use cutover_mocks::http::server::StartError;
use cutover_mocks::http::stytch::{Config as Credentials, Face as StytchFace};
use cutover_mocks::http::{Config, Running, Servers, TimeSource, servers};
use cutover_mocks::ledger::Ledger;
use cutover_mocks::stytch::{self, Project};

use super::published::Published;
use super::target::{RefusedTarget, Target};
use super::wallet::Wallet;
use super::wire::{Auth0, Stytch, Wire};

/// A tenant and a project behind real sockets on this machine, at the harness's time.
#[derive(Debug)]
pub struct Providers {
    wire: Arc<Wire>,
    wallet: Arc<Wallet>,
    published: Arc<Published>,
    auth0: Arc<Auth0Face>,
    stytch: StytchFace,
    running: Running,
}

/// Why the providers are not at work.
#[derive(Debug, thiserror::Error)]
pub enum ProvidersError {
    /// A server could not be started.
    #[error("the mock servers could not be started: {0}")]
    Start(#[from] StartError),
    /// The target guard refused.
    #[error(transparent)]
    Target(#[from] RefusedTarget),
}

impl Providers {
    /// Starts both on free ports, with a wallet for at most this many bytes.
    pub async fn start(
        tenant: Tenant,
        project: Project,
        wallet: usize,
    ) -> Result<Self, ProvidersError> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let vertical = project.settings().vertical;
        let running = Servers::start(Config {
            auth0: Some(servers::Auth0 {
                address,
                tenant,
                issuer: None,
                application: Application::default(),
            }),
            stytch: Some(servers::Stytch {
                address,
                project,
                config: Credentials::default(),
            }),
            time: TimeSource::Harness,
        })
        .await?;
        let auth0 = running.auth0().expect("the tenant was asked for");
        let stytch = running.stytch().expect("the project was asked for");
        let wallet = Arc::new(Wallet::new(wallet));
        let published = Arc::new(Published::default());
        let wire = Wire::new(
            Auth0::new(
                Target::new(running.auth0_url().unwrap_or_default())?,
                Arc::clone(&auth0),
                Arc::clone(&wallet),
                Arc::clone(&published),
            ),
            Stytch::new(
                Target::new(running.stytch_url().unwrap_or_default())?,
                stytch.clone(),
                vertical,
                (Arc::clone(running.directory()), running.mailbox().clone()),
                Arc::clone(&wallet),
                Arc::clone(&published),
            ),
            running.clock().clone(),
        );
        Ok(Self {
            wire: Arc::new(wire),
            wallet,
            published,
            auth0,
            stytch,
            running,
        })
    }

    /// The wire to them.
    pub fn wire(&self) -> &Arc<Wire> {
        &self.wire
    }

    /// The texts of the tokens that crossed it.
    pub fn wallet(&self) -> &Arc<Wallet> {
        &self.wallet
    }

    /// The keys that crossed it.
    pub fn published(&self) -> &Arc<Published> {
        &self.published
    }

    /// What the tenant says it did.
    pub fn auth0_ledger(&self) -> Ledger<auth0::Endpoint> {
        self.auth0.ledger()
    }

    /// What the project says it did.
    pub fn stytch_ledger(&self) -> Ledger<stytch::Endpoint> {
        self.stytch.project().ledger().clone()
    }

    /// Answers the calls under way, and ends.
    pub async fn stop(self) {
        self.running.stop().await;
    }
}
