//! Both providers at work: starting them, looking into them, stopping them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use super::auth0::{self, Application, Issuer};
use super::directory::Directory;
use super::journal::{Pen, Provider};
use super::mail::Mailbox;
use super::server::{Door, Entrance, Serving, StartError};
use super::shown::Shown;
use super::signing::KeyRing;
use super::stamp::{Clock, TimeSource};
use super::stytch::{self, TrustedProfile};
use crate::auth0::Tenant;
use crate::keys::KeySet;
use crate::stytch::Project;

/// What to serve, and where.
#[derive(Debug)]
pub struct Config {
    /// The tenant; none: not served.
    pub auth0: Option<Auth0>,
    /// The project; none: not served.
    pub stytch: Option<Stytch>,
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
    /// `iss`, with a slash at its end; the server's URL as each client reached it when absent.
    pub issuer: Option<String>,
    /// The application that is registered.
    pub application: Application,
}

/// A project to serve.
#[derive(Debug)]
pub struct Stytch {
    /// Where; port 0 takes any free port.
    pub address: SocketAddr,
    /// The machine, seeded or not.
    pub project: Project,
    /// How it is reached. Without an address for `UserInfo` it asks the tenant that is served beside
    /// it, if one is.
    pub config: stytch::Config,
}

/// Starts servers.
#[derive(Clone, Copy, Debug)]
pub struct Servers;

impl Servers {
    /// Starts what the configuration names, in clear and for callers of this process. Needs a tokio
    /// runtime; returns when all listen.
    pub async fn start(config: Config) -> Result<Running, StartError> {
        // On the heap: both machines are in it.
        Box::pin(Self::open(config, &Entrance::AMONG_FRIENDS)).await
    }

    /// As [`Self::start`], for whoever comes by this entrance.
    pub async fn open(config: Config, entrance: &Entrance) -> Result<Running, StartError> {
        let clock = Clock::new(config.time);
        let (directory, mailbox) = (Arc::<Directory>::default(), Mailbox::default());
        let world = World {
            clock: &clock,
            directory: &directory,
            mailbox: &mailbox,
            entrance,
        };
        let issuer = config.auth0.as_ref().and_then(|it| it.issuer.clone());
        let auth0 = match config.auth0 {
            None => None,
            Some(served) => Some(serve_auth0(served, world).await?),
        };
        let userinfo = auth0
            .as_ref()
            .map(|served| format!("{}/userinfo", served.url));
        let trusted = auth0.as_ref().map(|served| trusted(issuer, served));
        let stytch = match config.stytch {
            None => None,
            Some(served) => Some(serve_stytch(served, userinfo, trusted, world).await?),
        };
        Ok(Running {
            auth0,
            stytch,
            directory,
            mailbox,
            clock,
        })
    }
}

/// What the servers of one process share.
#[derive(Clone, Copy)]
struct World<'a> {
    clock: &'a Clock,
    directory: &'a Arc<Directory>,
    mailbox: &'a Mailbox,
    entrance: &'a Entrance,
}

impl World<'_> {
    /// What writes down a provider's calls, if a journal is kept.
    fn pen(self, provider: Provider) -> Option<Pen> {
        let journal = self.entrance.journal.as_ref();
        journal.map(|journal| journal.pen(provider, self.clock.clone()))
    }
}

async fn serve_auth0(
    served: Auth0,
    world: World<'_>,
) -> Result<Served<Arc<auth0::Face>>, StartError> {
    let door = Door::open(served.address).await?;
    prepare(
        auth0::Face::keys(),
        served.tenant.keys(served.tenant.start()),
    )
    .await;
    let url = door.base_url();
    let issuer = match served.issuer {
        Some(issuer) => Issuer::Fixed(issuer),
        None => Issuer::AsReached(format!("{url}/")),
    };
    let shown = Shown::new(Arc::new(auth0::Face::new(
        served.tenant,
        issuer,
        served.application,
        world.clock.clone(),
        Arc::clone(world.directory),
        world.mailbox.clone(),
    )));
    let site = auth0::site(&shown)
        .merge(world.mailbox.router())
        .written_down(world.pen(Provider::Auth0));
    let serving = door.serve_by(site, world.entrance);
    Ok(Served {
        url,
        shown,
        serving,
    })
}

/// The tenant beside a project, as an issuer that the project trusts by whatever name this machine
/// reaches it.
fn trusted(fixed: Option<String>, tenant: &Served<Arc<auth0::Face>>) -> TrustedProfile {
    let port = tenant.serving.address().port();
    let issuers = match fixed {
        Some(issuer) => vec![issuer],
        None => ["http", "https"]
            .iter()
            .flat_map(|scheme| {
                let hosts = ["127.0.0.1", "localhost", "[::1]"];
                hosts.map(|host| format!("{scheme}://{host}:{port}/"))
            })
            .collect(),
    };
    let face = tenant.shown.get();
    let application = face.application();
    let audiences = vec![application.client_id.clone(), application.api.clone()];
    let keys = format!("{}/.well-known/jwks.json", tenant.url);
    TrustedProfile::of_auth0(issuers, keys, audiences)
}

async fn serve_stytch(
    served: Stytch,
    userinfo: Option<String>,
    trusted: Option<TrustedProfile>,
    world: World<'_>,
) -> Result<Served<stytch::Face>, StartError> {
    let door = Door::open(served.address).await?;
    prepare(
        stytch::Face::keys(),
        served.project.keys(served.project.start()),
    )
    .await;
    let mut config = served.config;
    config.userinfo_url = config.userinfo_url.or(userinfo);
    if config.trusted.is_empty() {
        config.trusted.extend(trusted);
    }
    let face = stytch::Face::new(
        config,
        Arc::new(Mutex::new(served.project)),
        Arc::clone(world.directory),
        world.mailbox.clone(),
        world.clock.clone(),
    )?;
    let url = door.base_url();
    let shown = Shown::new(face);
    let site = stytch::Face::site_of(&shown)
        .merge(world.mailbox.router())
        .written_down(world.pen(Provider::Stytch));
    let serving = door.serve_by(site, world.entrance);
    Ok(Served {
        url,
        shown,
        serving,
    })
}

/// Makes keys ahead of their first use, which takes a while; a panic in there would show at that use.
async fn prepare(ring: KeyRing, set: KeySet) {
    drop(tokio::task::spawn_blocking(move || ring.prepare(set)).await);
}

/// One provider at work.
#[derive(Debug)]
struct Served<F> {
    url: String,
    shown: Shown<F>,
    serving: Serving,
}

/// Servers at work. Dropping it stops them without waiting for calls under way.
#[derive(Debug)]
pub struct Running {
    auth0: Option<Served<Arc<auth0::Face>>>,
    stytch: Option<Served<stytch::Face>>,
    directory: Arc<Directory>,
    mailbox: Mailbox,
    clock: Clock,
}

impl Running {
    /// The tenant's URL, without a slash at its end.
    pub fn auth0_url(&self) -> Option<&str> {
        self.auth0.as_ref().map(|served| served.url.as_str())
    }

    /// The tenant behind its face: to seed it, to mint texts of seeded tokens, to read its ledger.
    pub fn auth0(&self) -> Option<Arc<auth0::Face>> {
        self.shown_auth0().map(Shown::get)
    }

    /// What the tenant shows, and may show another one day.
    pub(super) fn shown_auth0(&self) -> Option<&Shown<Arc<auth0::Face>>> {
        self.auth0.as_ref().map(|served| &served.shown)
    }

    /// The project's URL, without a slash at its end.
    pub fn stytch_url(&self) -> Option<&str> {
        self.stytch.as_ref().map(|served| served.url.as_str())
    }

    /// The project behind its face: to seed it, and to read its ledger and views.
    pub fn stytch(&self) -> Option<stytch::Face> {
        self.shown_stytch().map(Shown::get)
    }

    /// What the project shows, and may show another one day.
    pub(super) fn shown_stytch(&self) -> Option<&Shown<stytch::Face>> {
        self.stytch.as_ref().map(|served| &served.shown)
    }

    /// The addresses that the wire knows.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// The clock that the servers share.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// What was mailed.
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// Answers the calls under way, and ends.
    pub async fn stop(self) {
        // The project first: its calls under way may still ask the tenant.
        if let Some(served) = self.stytch {
            served.serving.stop().await;
        }
        if let Some(served) = self.auth0 {
            served.serving.stop().await;
        }
    }
}
