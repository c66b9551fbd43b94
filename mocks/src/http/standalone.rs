//! The mocks as a program of their own: served until interrupted, by the wall clock.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};

use super::auth0::Application;
use super::directory::password_of;
use super::server::StartError;
use super::servers::{Auth0, Config, Running, Servers, Stytch};
use super::stamp::{TimeSource, wall_now};
use crate::auth0::{Connection, SeedUser, Settings, Tenant};
use crate::email::Email;
use crate::stytch::{self, OrgId, Project, SeedOrg, Vertical};

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
        }
    }
}

/// Why the mocks ended.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// They could not be started.
    #[error(transparent)]
    Start(#[from] StartError),
    /// Nobody could be told where they listen.
    #[error("cannot write: {0}")]
    Write(#[from] io::Error),
}

/// Serves until Ctrl-C, and tells where and for whom.
pub async fn run(options: Options, out: &mut (impl Write + Send)) -> Result<(), RunError> {
    let running = start(&options).await?;
    introduce(&running, options.people, out)?;
    tokio::signal::ctrl_c().await?;
    running.stop().await;
    Ok(())
}

/// Starts the mocks with their people in them.
pub async fn start(options: &Options) -> Result<Running, StartError> {
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
    Servers::start(Config {
        stytch: Some(Stytch {
            address: options.stytch,
            project,
            config: options.stytch_config.clone(),
        }),
        auth0: Some(Auth0 {
            address: options.auth0,
            tenant,
            issuer: None,
            application: Application::default(),
        }),
        time: TimeSource::Wall {
            seed: 0,
            waits: options.waits,
        },
    })
    .await
}

fn introduce(running: &Running, people: u32, out: &mut impl Write) -> io::Result<()> {
    if let (Some(url), Some(face)) = (running.auth0_url(), running.auth0()) {
        let Application {
            client_id,
            client_secret,
            api,
            ..
        } = face.application();
        writeln!(out, "Auth0 tenant    {url}")?;
        writeln!(out, "  client_id     {client_id}")?;
        writeln!(out, "  client_secret {client_secret}")?;
        writeln!(out, "  audience      {api}")?;
        writeln!(
            out,
            "  discovery     {url}/.well-known/openid-configuration"
        )?;
    }
    if let (Some(url), Some(face)) = (running.stytch_url(), running.stytch()) {
        let config = face.config();
        let organization = face.project().orgs_from(OrgId(0)).next();
        writeln!(out, "Stytch project  {url}")?;
        writeln!(out, "  project_id    {}", config.project_id)?;
        writeln!(out, "  secret        {}", config.secret)?;
        writeln!(out, "  public_token  {}", config.public_token)?;
        if let Some(organization) = organization {
            let id = face.organization_id(organization.id);
            writeln!(out, "  organization  {id}")?;
        }
    }
    if people > 0 {
        let first = running.directory().text(Email::lower(1));
        writeln!(out, "People          {people}, the first is {first}")?;
        writeln!(out, "  password      {}", password_of(&first))?;
    }
    writeln!(out, "Mail            GET /_cutover/mail?to=<address>")?;
    writeln!(out, "Stop with Ctrl-C.")?;
    out.flush()
}
