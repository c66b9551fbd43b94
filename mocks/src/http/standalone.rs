//! The mocks as a program of their own: served until interrupted, by the wall clock.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use super::auth0::Application;
use super::introduction::Introduction;
use super::server::{Entrance, Limits, StartError};
use super::servers::{Auth0, Config, Running, Servers, Stytch};
use super::stamp::{TimeSource, wall_now};
use super::tls::{Authority, TlsError};
use crate::auth0::{Connection, SeedUser, Settings, Tenant};
use crate::email::Email;
use crate::stytch::{self, Project, SeedOrg, Vertical};

/// How to serve.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the tenant listens. Default 127.0.0.1:8480.
    pub auth0: SocketAddr,
    /// How the tenant is set up.
    pub auth0_settings: Settings,
    /// Where the project listens. Default 127.0.0.1:8481.
    pub stytch: SocketAddr,
    /// How the project is set up: consumer or B2B, and everything else.
    pub stytch_settings: stytch::Settings,
    /// How the project is reached; it asks the tenant's `UserInfo` unless this says otherwise.
    pub stytch_config: super::stytch::Config,
    /// People who exist at the start, at both providers: `customer-1@people.example` and on. Default 100.
    pub people: u32,
    /// Whether answers are held back for their modelled service time. Default yes.
    pub waits: bool,
    /// `iss` of the tenant's tokens, with a slash at its end. Default: the URL by which each client
    /// reached it.
    pub issuer: Option<String>,
    /// Where the certificate authority is kept; none, the default: no TLS.
    pub tls: Option<PathBuf>,
    /// Names that the servers go by, beside `localhost` and the loopback addresses.
    pub hosts: Vec<String>,
    /// What one caller may cost.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            auth0: (Ipv4Addr::LOCALHOST, 8480).into(),
            auth0_settings: Settings::default(),
            stytch: (Ipv4Addr::LOCALHOST, 8481).into(),
            stytch_settings: stytch::Settings::default(),
            stytch_config: super::stytch::Config::default(),
            people: 100,
            waits: true,
            issuer: None,
            tls: None,
            hosts: Vec::new(),
            limits: Limits::default(),
        }
    }
}

impl Options {
    /// All names for the certificates: an address that is listened on is one, too.
    fn names(&self) -> Vec<String> {
        let listening = [self.auth0, self.stytch];
        let addresses = listening.iter().map(SocketAddr::ip);
        let addresses = addresses.filter(|address| !address.is_unspecified());
        let addresses = addresses.map(|address| address.to_string());
        self.hosts.iter().cloned().chain(addresses).collect()
    }
}

/// Why the mocks ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// They could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There are no certificates for them.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// Nobody could be told where they listen.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

/// The mocks at work.
#[derive(Debug)]
pub struct Standalone {
    /// The servers.
    pub running: Running,
    /// How to use them.
    pub introduction: Introduction,
}

/// Serves until Ctrl-C, and hands on how to use the mocks once they listen.
pub async fn run(
    options: &Options,
    introduce: impl FnOnce(&Introduction) -> io::Result<()>,
) -> Result<(), RunError> {
    let Standalone {
        running,
        introduction,
    } = start(options).await?;
    introduce(&introduction)?;
    tokio::signal::ctrl_c().await?;
    running.stop().await;
    Ok(())
}

/// Starts the mocks with their people in them.
pub async fn start(options: &Options) -> Result<Standalone, RunError> {
    let authority = options.tls.as_deref().map(Authority::at).transpose()?;
    let entrance = Entrance {
        tls: match &authority {
            Some(authority) => Some(authority.serve(&options.names())?),
            None => None,
        },
        limits: options.limits,
    };
    let mut tenant = Tenant::new(options.auth0_settings.clone(), wall_now());
    for mailbox in 1..=options.people {
        tenant.seed_user(SeedUser {
            email: Email::lower(mailbox),
            connection: Connection::Database,
            verified: true,
            has_password: true,
        });
    }
    let mut project = Project::new(options.stytch_settings.clone(), wall_now());
    let b2b = options.stytch_settings.vertical == Vertical::B2b;
    let org = b2b.then(|| project.seed_org(SeedOrg::default()));
    for mailbox in 1..=options.people {
        project.seed_user(stytch::SeedUser {
            email: Email::lower(mailbox),
            org,
            has_password: true,
            verified: true,
            mfa_enrolled: false,
        });
    }
    let config = Config {
        stytch: Some(Stytch {
            address: options.stytch,
            project,
            config: options.stytch_config.clone(),
        }),
        auth0: Some(Auth0 {
            address: options.auth0,
            tenant,
            issuer: options.issuer.clone(),
            application: Application::default(),
        }),
        time: TimeSource::Wall {
            seed: 0,
            waits: options.waits,
        },
    };
    let running = Servers::open(config, &entrance).await?;
    let ca_file = authority.map(|authority| authority.file());
    let introduction = Introduction::of(&running, options.people, ca_file);
    Ok(Standalone {
        running,
        introduction,
    })
}
