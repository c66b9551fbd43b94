//! The mocks as a program of their own: served until interrupted, by the wall clock.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::admin::{Callers, Office};
use super::auth0::Application;
use super::blueprint::Blueprint;
use super::introduction::Introduction;
use super::journal::Journal;
use super::server::{Door, Entrance, Limits, Serving, StartError};
use super::servers::{Auth0, Config, Running, Servers, Stytch};
use super::stamp::{TimeSource, wall_now};
use super::tls::{Authority, TlsError};

/// How to serve.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where the tenant listens. Default 127.0.0.1:8480.
    pub auth0: SocketAddr,
    /// Where the project listens. Default 127.0.0.1:8481.
    pub stytch: SocketAddr,
    /// How both are set up, and who exists: 100 people by default.
    pub blueprint: Blueprint,
    /// How the project is reached; it asks the tenant's `UserInfo` unless this says otherwise.
    pub stytch_config: super::stytch::Config,
    /// Whether answers are held back for their modelled service time. Default yes.
    pub waits: bool,
    /// `iss` of the tenant's tokens, with a slash at its end. Default: the URL by which each client
    /// reached it.
    pub issuer: Option<String>,
    /// Where the certificate authority is kept; none, the default: no TLS.
    pub tls: Option<PathBuf>,
    /// Whether applications on other machines are told, too, of sessions that ended. Default no.
    pub backchannel_anywhere: bool,
    /// Names that the servers go by, beside `localhost` and the loopback addresses.
    pub hosts: Vec<String>,
    /// What one caller may cost.
    pub limits: Limits,
    /// The admin interface; none: there is none, and no journal is kept.
    pub admin: Option<AdminOptions>,
}

/// The admin interface.
#[derive(Clone, Copy, Debug)]
pub struct AdminOptions {
    /// Where it listens. Default 127.0.0.1:8482.
    pub address: SocketAddr,
    /// Who may use it. Default: programs on this machine.
    pub callers: Callers,
    /// Calls that the journal holds, at most. Default 100,000: at most 100 MB, mostly a fifth of that.
    pub journal: usize,
    /// People, and sessions, that can be seeded at most. Default 5,000,000.
    pub people: usize,
}

impl Default for AdminOptions {
    fn default() -> Self {
        Self {
            address: (Ipv4Addr::LOCALHOST, 8482).into(),
            callers: Callers::Local,
            journal: 100_000,
            people: 5_000_000,
        }
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            auth0: (Ipv4Addr::LOCALHOST, 8480).into(),
            stytch: (Ipv4Addr::LOCALHOST, 8481).into(),
            blueprint: Blueprint {
                people: 100,
                ..Blueprint::default()
            },
            stytch_config: super::stytch::Config::default(),
            waits: true,
            issuer: None,
            tls: None,
            backchannel_anywhere: false,
            hosts: Vec::new(),
            limits: Limits::default(),
            admin: Some(AdminOptions::default()),
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
    /// Whoever reaches the admin interface rules the mocks: that takes a word.
    #[error(
        "the admin interface at {0} could be reached from other machines: listen on a loopback address, or say --admin-anywhere"
    )]
    AdminAnywhere(SocketAddr),
    /// The system does not tell this process when it shall end.
    #[error("cannot listen for signals: {0}")]
    Signals(io::Error),
    /// Nobody could be told where they listen.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

/// The mocks at work.
#[derive(Debug)]
pub struct Standalone {
    /// The servers.
    pub running: Running,
    /// The admin interface.
    pub admin: Option<Serving>,
    /// How to use them.
    pub introduction: Introduction,
}

impl Standalone {
    /// Answers the calls under way, and ends.
    pub async fn stop(self) {
        if let Some(admin) = self.admin {
            admin.stop().await;
        }
        self.running.stop().await;
    }
}

/// Serves until Ctrl-C or a request to end (SIGTERM), and hands on how to use the mocks once they
/// listen. Whoever asks twice does not wait for calls under way.
pub async fn run(
    options: &Options,
    introduce: impl FnOnce(&Introduction) -> io::Result<()>,
) -> Result<(), RunError> {
    let mut asked = EndAsked::listen().map_err(RunError::Signals)?;
    let standalone = start(options).await?;
    introduce(&standalone.introduction)?;
    asked.once().await;
    tokio::select! {
        () = standalone.stop() => {}
        () = asked.once() => {}
    }
    Ok(())
}

/// Whoever asks this process to end.
struct EndAsked {
    interrupt: Signal,
    terminate: Signal,
}

impl EndAsked {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn once(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Takes as many open files, and so connections, as the system lets this process have: shells often
/// start programs with 1,024.
fn open_many_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    // Where the system refuses, fewer connections are taken in; that is all.
    let _ = setrlimit(Resource::Nofile, raised);
}

/// Starts the mocks with their people in them.
pub async fn start(options: &Options) -> Result<Standalone, RunError> {
    open_many_files();
    if let Some(admin) = options.admin {
        let exposed = !admin.address.ip().is_loopback() && admin.callers == Callers::Local;
        if exposed {
            return Err(RunError::AdminAnywhere(admin.address));
        }
    }
    let authority = options.tls.as_deref().map(Authority::at).transpose()?;
    let entrance = Entrance {
        tls: match &authority {
            Some(authority) => Some(authority.serve(&options.names())?),
            None => None,
        },
        limits: options.limits,
        journal: options.admin.map(|admin| Journal::new(admin.journal)),
    };
    let now = wall_now();
    let config = Config {
        stytch: Some(Stytch {
            address: options.stytch,
            project: options.blueprint.project(now),
            config: options.stytch_config.clone(),
        }),
        auth0: Some(Auth0 {
            address: options.auth0,
            tenant: options.blueprint.tenant(now),
            issuer: options.issuer.clone(),
            application: Application {
                calls_anywhere: options.backchannel_anywhere,
                ..Application::default()
            },
        }),
        time: TimeSource::Wall {
            seed: 0,
            waits: options.waits,
        },
    };
    let running = Servers::open(config, &entrance).await?;
    let (admin, admin_url) = match open_admin(options, &running, &entrance).await? {
        Some((serving, url)) => (Some(serving), Some(url)),
        None => (None, None),
    };
    let ca_file = authority.map(|authority| authority.file());
    let introduction = Introduction::of(&running, options.blueprint.people, ca_file, admin_url);
    Ok(Standalone {
        running,
        admin,
        introduction,
    })
}

/// Seeding a million people from a file takes longer than any call to a provider.
const UPLOAD: Duration = Duration::from_mins(10);

async fn open_admin(
    options: &Options,
    running: &Running,
    entrance: &Entrance,
) -> Result<Option<(Serving, String)>, StartError> {
    let (Some(chosen), Some(journal)) = (options.admin, &entrance.journal) else {
        return Ok(None);
    };
    let Some(admin) = Office::of(
        running,
        options.blueprint.clone(),
        journal.clone(),
        chosen.people,
    ) else {
        return Ok(None);
    };
    let door = Door::open(chosen.address).await?;
    let url = door.base_url();
    let entrance = Entrance {
        limits: Limits {
            body: UPLOAD,
            ..entrance.limits
        },
        ..entrance.clone()
    };
    let serving = door.serve_by(admin.router(chosen.callers), &entrance);
    Ok(Some((serving, url)))
}
