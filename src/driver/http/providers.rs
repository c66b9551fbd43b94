//! Both mock servers at work, and the wire to them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use cutover_mocks::auth0::{self, Tenant};
use cutover_mocks::http::auth0::Application;
use cutover_mocks::http::server::{Door, Serving, StartError};
use cutover_mocks::http::{Clock, Directory, Mailbox, TimeSource};
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
    auth0: Arc<cutover_mocks::http::auth0::Face>,
    stytch: cutover_mocks::http::stytch::Face,
    serving: [Serving; 2],
}

/// Why the providers are not at work.
#[derive(Debug, thiserror::Error)]
pub enum ProvidersError {
    /// A server could not be started.
    #[error("a mock server could not be started: {0}")]
    Start(#[from] StartError),
    /// The project's own client could not be made.
    #[error("{0}")]
    Client(String),
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
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let (auth0_door, stytch_door) = (Door::open(here).await?, Door::open(here).await?);
        let targets = [
            Target::new(&auth0_door.base_url())?,
            Target::new(&stytch_door.base_url())?,
        ];
        let (directory, mailbox) = (Arc::<Directory>::default(), Mailbox::default());
        let clock = Clock::new(TimeSource::Harness);

        let auth0 = Arc::new(cutover_mocks::http::auth0::Face::new(
            tenant,
            format!("{}/", targets[0].as_str()),
            Application::default(),
            clock.clone(),
            Arc::clone(&directory),
            mailbox.clone(),
        ));
        let vertical = project.settings().vertical;
        let config = cutover_mocks::http::stytch::Config {
            userinfo_url: Some(format!("{}/userinfo", targets[0].as_str())),
            ..cutover_mocks::http::stytch::Config::default()
        };
        let project = Arc::new(Mutex::new(project));
        let stytch = cutover_mocks::http::stytch::Face::new(
            config,
            project,
            Arc::clone(&directory),
            mailbox.clone(),
            clock.clone(),
        )
        .map_err(|error| ProvidersError::Client(error.to_string()))?;
        let serving = [
            auth0_door.serve(cutover_mocks::http::auth0::router(Arc::clone(&auth0))),
            stytch_door.serve(stytch.router()),
        ];

        let wallet = Arc::new(Wallet::new(wallet));
        let published = Arc::new(Published::default());
        let [auth0_target, stytch_target] = targets;
        let wire = Wire::new(
            Auth0::new(
                auth0_target,
                Arc::clone(&auth0),
                Arc::clone(&wallet),
                Arc::clone(&published),
            ),
            Stytch::new(
                stytch_target,
                stytch.clone(),
                vertical,
                (directory, mailbox),
                Arc::clone(&wallet),
                Arc::clone(&published),
            ),
            clock,
        );
        Ok(Self {
            wire: Arc::new(wire),
            wallet,
            published,
            auth0,
            stytch,
            serving,
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
        for serving in self.serving {
            serving.stop().await;
        }
    }
}
