//! Both providers at work: starting them, looking into them, stopping them.

use std::net::SocketAddr;
use std::sync::Arc;

use super::auth0::{self, Application};
use super::directory::Directory;
use super::mail::Mailbox;
use super::server::{Door, Serving, StartError};
use super::stamp::{Clock, TimeSource};
use crate::auth0::Tenant;

/// What to serve, and where.
#[derive(Debug)]
pub struct Config {
    /// The tenant; none: not served.
    pub auth0: Option<Auth0>,
    /// Where calls take their time from.
    pub time: TimeSource,
}

/// A tenant to serve.
#[derive(Debug)]
pub struct Auth0 {
    /// Where; port 0 takes any free port.
    pub address: SocketAddr,
    /// The machine, seeded or not.
    pub tenant: Tenant,
    /// `iss`, with a slash at its end; the server's own URL when absent.
    pub issuer: Option<String>,
    /// The application that is registered.
    pub application: Application,
}

/// Starts servers.
#[derive(Clone, Copy, Debug)]
pub struct Servers;

impl Servers {
    /// Starts what the configuration names. Needs a tokio runtime; returns when all listen.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        let clock = Clock::new(config.time);
        let (directory, mailbox) = (Arc::<Directory>::default(), Mailbox::default());
        let auth0 = match config.auth0 {
            None => None,
            Some(served) => {
                let door = Door::open(served.address).await?;
                let keys = served.tenant.keys(served.tenant.start());
                // Two keys take a while to be made; a panic in there would show at their first use.
                let made = tokio::task::spawn_blocking(move || auth0::Face::keys().prepare(keys));
                drop(made.await);
                let url = door.base_url();
                let issuer = served.issuer.unwrap_or_else(|| format!("{url}/"));
                let face = auth0::Face::new(
                    served.tenant,
                    issuer,
                    served.application,
                    clock.clone(),
                    Arc::clone(&directory),
                    mailbox.clone(),
                );
                let face = Arc::new(face);
                let router = auth0::router(Arc::clone(&face)).merge(mailbox.router());
                Some(Served {
                    url,
                    face,
                    serving: door.serve(router),
                })
            }
        };
        Ok(Running {
            auth0,
            directory,
            mailbox,
        })
    }
}

/// One provider at work.
#[derive(Debug)]
struct Served<F> {
    url: String,
    face: Arc<F>,
    serving: Serving,
}

/// Servers at work. Dropping it stops them without waiting for calls under way.
#[derive(Debug)]
pub struct Running {
    auth0: Option<Served<auth0::Face>>,
    directory: Arc<Directory>,
    mailbox: Mailbox,
}

impl Running {
    /// The tenant's URL, without a slash at its end.
    pub fn auth0_url(&self) -> Option<&str> {
        self.auth0.as_ref().map(|served| served.url.as_str())
    }

    /// The tenant behind its face: to seed it, to mint texts of seeded tokens, to read its ledger.
    pub fn auth0(&self) -> Option<&Arc<auth0::Face>> {
        self.auth0.as_ref().map(|served| &served.face)
    }

    /// The addresses that the wire knows.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// What was mailed.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Answers the calls under way, and ends.
    pub async fn stop(self) {
        if let Some(served) = self.auth0 {
            served.serving.stop().await;
        }
    }
}
