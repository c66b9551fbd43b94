//! `cutover mock`: both providers, served on this machine until stopped.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use cutover_mocks::fault::{Fault, FaultPlan};
use cutover_mocks::http::admin::Callers;
use cutover_mocks::http::blueprint::Blueprint;
use cutover_mocks::http::introduction::Introduction;
use cutover_mocks::http::stamp::wall_now;
use cutover_mocks::http::standalone::{self, AdminOptions, Options, RunError};
use cutover_mocks::http::stytch::{Config as StytchConfig, Frontend};
use cutover_mocks::keys::KeySchedule;
use cutover_mocks::latency::Latency;
use cutover_mocks::stytch::{Settings, Vertical};
use cutover_mocks::time::Span;

use super::Failure;
use super::input::read_file;
use crate::scenario::Overrides;
use crate::verdict::exit;

/// Where they listen, and for whom.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(super) struct MockArgs {
    /// Address of the Auth0 tenant
    #[arg(long, default_value = "127.0.0.1:8480", value_name = "ADDRESS")]
    auth0: SocketAddr,
    /// Address of the Stytch project
    #[arg(long, default_value = "127.0.0.1:8481", value_name = "ADDRESS")]
    stytch: SocketAddr,
    /// The Stytch project's product [default: consumer]
    #[arg(long, value_enum, conflicts_with = "scenario")]
    kind: Option<Kind>,
    /// Take lifetimes, limits, latency, faults and key rotations from a scenario, as if it began now
    #[arg(long, value_name = "SCENARIO")]
    scenario: Option<PathBuf>,
    /// People who exist at both providers at the start
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    people: u32,
    /// Answer at once, without the latency that a real provider has
    #[arg(long)]
    at_once: bool,
    /// `iss` of the tenant's tokens; without it, the URL by which each client reached the tenant
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Where the mocks' certificate authority is kept
    #[arg(long, default_value = "cutover-mock-ca", value_name = "DIR")]
    tls_dir: PathBuf,
    /// Serve plain http only
    #[arg(long)]
    no_tls: bool,
    /// A further host name for the certificates (repeatable)
    #[arg(long, value_name = "NAME")]
    host: Vec<String>,
    /// An origin whose pages may use Stytch's SDK for browsers (repeatable) [default: all]
    #[arg(long, value_name = "ORIGIN", value_parser = origin)]
    frontend_origin: Vec<String>,
    /// Have Stytch's SDK for browsers bind links and logins to the browser by a code challenge (PKCE)
    #[arg(long)]
    frontend_pkce: bool,
    /// Address of the admin interface, by which tests set the mocks up and ask what they were asked
    #[arg(long, default_value = "127.0.0.1:8482", value_name = "ADDRESS")]
    admin: SocketAddr,
    /// Let other machines use the admin interface
    #[arg(long)]
    admin_anywhere: bool,
    /// Tell applications on other machines, too, of Auth0 sessions that ended (back-channel logout)
    #[arg(long)]
    backchannel_anywhere: bool,
    /// Calls that the journal holds; the oldest make room
    #[arg(long, default_value_t = 100_000, value_name = "CALLS")]
    journal: usize,
    /// People, and sessions, that can be seeded at most
    #[arg(long, default_value_t = 5_000_000, value_name = "COUNT")]
    people_limit: usize,
    /// Tell addresses and credentials as JSON, on one line
    #[arg(long)]
    json: bool,
}

/// What the project serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Users
    Consumer,
    /// Organizations with members
    B2b,
}

pub(super) fn mock(args: &MockArgs) -> Result<u8, Failure> {
    let runtime = tokio::runtime::Runtime::new().map_err(Failure::environment)?;
    let introduce = |introduction: &Introduction| {
        let text = if args.json {
            format!("{}\n", serde_json::to_string(introduction)?)
        } else {
            introduction.to_string()
        };
        let mut out = std::io::stdout();
        out.write_all(text.as_bytes()).and_then(|()| out.flush())
    };
    let options = options(args)?;
    let ended = runtime.block_on(standalone::run(&options, introduce));
    // Nobody waits for a hash that is being computed.
    runtime.shutdown_background();
    ended.map_err(|error| match error {
        RunError::Tls(_) | RunError::AdminAnywhere(_) => Failure::input(format!("error: {error}")),
        RunError::Start(_) | RunError::Signals(_) | RunError::Write(_) => {
            Failure::environment(error)
        }
    })?;
    Ok(exit::PASSED)
}

fn options(args: &MockArgs) -> Result<Options, Failure> {
    let mut blueprint = blueprint(args)?;
    if args.at_once {
        // A token is issued at the end of its call's service time: one that nobody waited for would
        // come from the future, which verifiers refuse.
        blueprint.auth0.latency_default = Latency::fixed(Span::ZERO);
        blueprint.auth0.latency.clear();
        blueprint.stytch.latency_default = Latency::fixed(Span::ZERO);
        blueprint.stytch.latency.clear();
    }
    Ok(Options {
        auth0: args.auth0,
        stytch: args.stytch,
        blueprint,
        admin: Some(AdminOptions {
            address: args.admin,
            callers: if args.admin_anywhere {
                Callers::Anyone
            } else {
                Callers::Local
            },
            journal: args.journal,
            people: args.people_limit,
        }),
        waits: !args.at_once,
        issuer: args.issuer.as_deref().map(with_slash),
        tls: (!args.no_tls).then(|| args.tls_dir.clone()),
        hosts: args.host.clone(),
        backchannel_anywhere: args.backchannel_anywhere,
        stytch_config: StytchConfig {
            frontend: Frontend {
                origins: Some(args.frontend_origin.clone()).filter(|named| !named.is_empty()),
                requires_pkce: args.frontend_pkce,
            },
            ..StytchConfig::default()
        },
        ..Options::default()
    })
}

/// How both providers are set up: as the scenario says, or as they are by default.
fn blueprint(args: &MockArgs) -> Result<Blueprint, Failure> {
    let people = args.people;
    let Some(path) = &args.scenario else {
        let vertical = match args.kind {
            None | Some(Kind::Consumer) => Vertical::Consumer,
            Some(Kind::B2b) => Vertical::B2b,
        };
        let stytch = Settings {
            vertical,
            ..Settings::default()
        };
        return Ok(Blueprint {
            stytch,
            people,
            ..Blueprint::default()
        });
    };
    let scenario = read_file(path, &Overrides::default())?.loaded.scenario;
    let later = wall_now() - scenario.time.start;
    let (mut auth0, mut stytch) = (scenario.providers.auth0, scenario.providers.stytch);
    auth0.faults = moved_faults(&auth0.faults, later);
    stytch.faults = moved_faults(&stytch.faults, later);
    move_rotations(&mut auth0.keys, later);
    move_rotations(&mut stytch.keys, later);
    Ok(Blueprint {
        auth0,
        stytch,
        people,
    })
}

fn moved_faults<E: Copy + PartialEq>(plan: &FaultPlan<E>, by: Span) -> FaultPlan<E> {
    let faults = plan.faults().iter();
    let moved = faults.map(|fault| Fault {
        from: fault.from.saturating_add(by),
        until: fault.until.saturating_add(by),
        ..*fault
    });
    FaultPlan::new(moved.collect())
}

fn move_rotations(keys: &mut KeySchedule, by: Span) {
    for rotation in &mut keys.rotations {
        rotation.at = rotation.at.saturating_add(by);
        rotation.previous_until = rotation.previous_until.saturating_add(by);
    }
}

/// A page's origin, as browsers send it.
fn origin(text: &str) -> Result<String, String> {
    let host = text
        .strip_prefix("https://")
        .or(text.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains('/') => Ok(text.to_owned()),
        _ => Err(
            "expected scheme, host and perhaps a port, such as http://localhost:3000".to_owned(),
        ),
    }
}

/// Auth0's `iss` ends with a slash.
fn with_slash(url: &str) -> String {
    format!("{}/", url.trim_end_matches('/'))
}
