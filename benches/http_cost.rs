//! What a request costs: CPU of the driver and of the mock server, each in a process of its own.
//!
//! ```text
//! cargo bench --bench http_cost [-- --requests 50000 --carriers 64]
//! ```
//!
//! Four drivers ask one tenant for `UserInfo`: this project's carriers, Goose used plainly with one
//! shared client, and reqwest in a loop; and reqwest asks a bare axum server for the same bytes. The
//! ratios are what counts; absolute numbers depend on the machine and on what else runs there. For
//! a peer outside, point `oha -c 64 -z 10s` or `wrk -c 64` at the URL that `--serve bare` prints.
//! Reads CPU times from `/proc`, so Linux only.

#![expect(clippy::print_stdout, reason = "it is a program that prints a table")]

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use cutover::driver::http::carriers::{Carriers, carry_all};
use cutover::driver::http::job::Job;
use cutover::driver::http::published::Published;
use cutover::driver::http::target::Target;
use cutover::driver::http::wallet::Wallet;
use cutover::driver::http::wire::{Auth0, Stytch, Wire};
use cutover::rehearsal::{CallId, Dispatch, Owner, ProviderCall};
use cutover_mocks::auth0::{
    self, AccessToken, Address, Audience, Connection, Scopes, SeedUser, Stamp, Tenant, UserId,
};
use cutover_mocks::email::Email;
use cutover_mocks::http::auth0::Application;
use cutover_mocks::http::stamp::{Pace, STAMP, StampHeader};
use cutover_mocks::http::{Config, Running, Servers, TimeSource, servers};
use cutover_mocks::keys::KeyId;
use cutover_mocks::luck::Luck;
use cutover_mocks::stytch::{self, Project};
use cutover_mocks::time::{Span, Timestamp};
use goose::config::GooseConfiguration;
use goose::goose::{GooseRequest, Scenario, Transaction};
use goose::prelude::*;

type Failure = Box<dyn std::error::Error + Send + Sync>;

const START: Timestamp = Timestamp::from_secs(1_780_000_000);

/// An opaque token: its text is no signature, so that every process knows it.
const TOKEN: AccessToken = AccessToken {
    subject: UserId(0),
    issued: START,
    expires: Timestamp::from_secs(1_780_080_000),
    scopes: Scopes {
        openid: true,
        profile: true,
        email: true,
        offline: false,
    },
    audience: Audience {
        api: false,
        userinfo: true,
    },
    key: KeyId(0),
    handle: 0,
};

const CALLED: Stamp = Stamp {
    at: START,
    luck: Luck(7),
    address: Address(1),
};

struct Arguments {
    requests: usize,
    carriers: usize,
    serve: Option<String>,
}

fn main() -> Result<(), Failure> {
    let arguments = arguments()?;
    let runtime = tokio::runtime::Runtime::new()?;
    match arguments.serve.as_deref() {
        Some("mock") => runtime.block_on(serve_mock()),
        Some("bare") => runtime.block_on(serve_bare()),
        Some(other) => Err(format!("--serve mock or --serve bare, not {other}").into()),
        None => runtime.block_on(compare(&arguments)),
    }
}

fn arguments() -> Result<Arguments, Failure> {
    let mut arguments = Arguments {
        requests: 20_000,
        carriers: 64,
        serve: None,
    };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let mut value = || given.next().ok_or_else(|| format!("{name} needs a value"));
        match name.as_str() {
            "--requests" => arguments.requests = value()?.parse()?,
            "--carriers" => arguments.carriers = value()?.parse()?,
            "--serve" => arguments.serve = Some(value()?),
            // Cargo says so to every benchmark.
            "--bench" => {}
            other => return Err(format!("{other} is not known").into()),
        }
    }
    Ok(arguments)
}

/// A tenant with one person and no limits, and a project that nobody asks.
async fn servers() -> Result<Running, Failure> {
    let settings = auth0::Settings {
        tenant_limit: None,
        userinfo_per_user: None,
        ..auth0::Settings::default()
    };
    let mut tenant = Tenant::new(settings, START);
    tenant.seed_user(SeedUser {
        email: Email::lower(0),
        connection: Connection::Database,
        verified: true,
        has_password: true,
    });
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let application = Application::default();
    let project = Project::new(stytch::Settings::default(), START);
    let config = cutover_mocks::http::stytch::Config::default();
    Ok(Servers::start(Config {
        auth0: Some(servers::Auth0 {
            address,
            tenant,
            issuer: None,
            application,
        }),
        stytch: Some(servers::Stytch {
            address,
            project,
            config,
        }),
        time: TimeSource::Harness,
    })
    .await?)
}

async fn serve_mock() -> Result<(), Failure> {
    let running = servers().await?;
    println!("{}", running.auth0_url().unwrap_or_default());
    std::future::pending().await
}

async fn serve_bare() -> Result<(), Failure> {
    const BODY: &str = r#"{"email":"customer-0@people.example","email_verified":true,"name":"customer-0@people.example","nickname":"customer-0","picture":"https://pictures.example/avatar.png","sub":"auth0|000000000000000000000000","updated_at":"2026-01-01T00:00:00.000Z"}"#;
    let answer = || async { ([(CONTENT_TYPE, "application/json; charset=utf-8")], BODY) };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    println!("http://{}", listener.local_addr()?);
    Ok(axum::serve(listener, Router::new().route("/userinfo", get(answer))).await?)
}

/// A server in a process of its own, ended when dropped.
struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(kind: &str) -> Result<Self, Failure> {
        let mut process = Command::new(std::env::current_exe()?)
            .args(["--serve", kind])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut url = String::new();
        let output = process.stdout.take().ok_or("the server has no output")?;
        BufReader::new(output).read_line(&mut url)?;
        Ok(Self {
            process,
            url: url.trim().to_owned(),
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// CPU time of a process so far.
fn cpu(process: &str) -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name, in parentheses, may contain anything; user and system time are fields 14 and 15.
    let fields = stat.rsplit_once(") ").ok_or("an unknown form of /proc")?.1;
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u64>);
    let ticks = ticks.sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

/// CPU time of driver and server for 100,000 requests, in seconds.
#[derive(Clone, Copy)]
struct Cost {
    driver: f64,
    server: f64,
}

async fn measured<T>(
    server: &Server,
    requests: usize,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<Cost, Failure> {
    let pid = server.process.id().to_string();
    let (driver, serving) = (cpu("self")?, cpu(&pid)?);
    work.await?;
    let scale = 100_000.0 / requests as f64;
    Ok(Cost {
        driver: cpu("self")?.saturating_sub(driver).as_secs_f64() * scale,
        server: cpu(&pid)?.saturating_sub(serving).as_secs_f64() * scale,
    })
}

async fn compare(arguments: &Arguments) -> Result<(), Failure> {
    let &Arguments {
        requests, carriers, ..
    } = arguments;
    let (mock, bare) = (Server::start("mock")?, Server::start("bare")?);
    let own = servers().await?;
    let bearer = own.auth0().ok_or("no tenant")?.mint_access_token(&TOKEN);
    let wire = wire(&own, &mock.url)?;

    let ours = measured(&mock, requests, carry(wire, requests, carriers)).await?;
    let goose = measured(
        &mock,
        requests,
        Box::pin(plain_goose(&mock.url, &bearer, requests, carriers)),
    )
    .await?;
    let looped = measured(
        &mock,
        requests,
        reqwest_loop(&mock.url, &bearer, requests, carriers),
    )
    .await?;
    let to_bare = measured(
        &bare,
        requests,
        reqwest_loop(&bare.url, &bearer, requests, carriers),
    )
    .await?;

    println!("{requests} requests, {carriers} at once; CPU seconds for 100,000 requests");
    for (name, cost) in [
        ("carriers -> mock", ours),
        ("plain Goose -> mock", goose),
        ("reqwest -> mock", looped),
        ("reqwest -> bare axum", to_bare),
    ] {
        println!(
            "  {name:<22} driver {:>6.2}   server {:>6.2}",
            cost.driver, cost.server
        );
    }
    println!(
        "carriers / plain Goose  {:>5.2}   (target: at most 1.25)",
        ours.driver / goose.driver
    );
    println!(
        "carriers / reqwest      {:>5.2}",
        ours.driver / looped.driver
    );
    println!(
        "mock / bare axum        {:>5.2}   (target: at most 1.25 for unsigned answers)",
        looped.server / to_bare.server
    );
    own.stop().await;
    Ok(())
}

/// The wire to a tenant in another process.
fn wire(own: &Running, url: &str) -> Result<Arc<Wire>, Failure> {
    let (wallet, published) = (
        Arc::new(Wallet::new(usize::MAX)),
        Arc::new(Published::default()),
    );
    let auth0 = own.auth0().ok_or("no tenant")?;
    let stytch = own.stytch().ok_or("no project")?;
    let people = (Arc::clone(own.directory()), own.mailbox().clone());
    let vertical = stytch::Vertical::Consumer;
    Ok(Arc::new(Wire::new(
        Auth0::new(
            Target::new(url)?,
            auth0,
            Arc::clone(&wallet),
            Arc::clone(&published),
        ),
        Stytch::new(
            Target::new(url)?,
            stytch,
            vertical,
            people,
            wallet,
            published,
        ),
        own.clock().clone(),
    )))
}

async fn carry(wire: Arc<Wire>, requests: usize, carriers: usize) -> Result<(), Failure> {
    let now = tokio::time::Instant::now();
    let jobs = (0..requests).map(|number| Job {
        dispatch: Dispatch {
            id: CallId(number as u32),
            owner: Owner::Instance(0),
            stamp: CALLED,
            patience: Span::MAX,
            call: ProviderCall::Auth0(auth0::Call::UserInfo { token: TOKEN }),
        },
        pace: Pace::Lapse,
        due: now,
        patience: Duration::from_mins(1),
    });
    let carriers = Carriers {
        count: carriers,
        ..Carriers::default()
    };
    let (done, counted) = carry_all(&carriers, wire, jobs).await?;
    let succeeded: u64 = counted.values().map(|count| count.succeeded).sum();
    if done.len() != requests || succeeded != requests as u64 {
        return Err(format!(
            "{} of {requests} carried, {succeeded} succeeded",
            done.len()
        )
        .into());
    }
    Ok(())
}

fn stamp_text() -> String {
    StampHeader {
        stamp: CALLED,
        pace: Pace::Lapse,
    }
    .to_string()
}

async fn plain_goose(
    url: &str,
    bearer: &str,
    requests: usize,
    users: usize,
) -> Result<(), Failure> {
    let configuration = GooseConfiguration::parse_args_default(&[
        format!("--host={url}"),
        format!("--users={users}"),
        format!("--increase-rate={}", users * 20),
        format!("--iterations={}", requests / users),
        "--no-telnet".to_owned(),
        "--no-print-metrics".to_owned(),
        "--quiet".to_owned(),
    ])?;
    let (bearer, stamp): (Arc<str>, Arc<str>) = (bearer.into(), stamp_text().into());
    let ask = Transaction::new(Arc::new(move |user: &mut GooseUser| {
        let (bearer, stamp) = (Arc::clone(&bearer), Arc::clone(&stamp));
        Box::pin(async move {
            let builder = user
                .get_request_builder(&GooseMethod::Get, "/userinfo")?
                .bearer_auth(bearer)
                .header(STAMP, &*stamp);
            let request = GooseRequest::builder()
                .set_request_builder(builder)
                .name("userinfo")
                .build();
            let answer = user.request(request).await?;
            answer.response?.bytes().await?;
            Ok(())
        })
    }));
    let client = goose::client::GooseClientBuilder::new().without_cookies();
    let attack = GooseAttack::initialize_with_config(configuration)?
        .set_client_builder_without_cookies(client)?
        .register_scenario(Scenario::new("plain").register_transaction(ask));
    let metrics = Box::pin(attack.execute()).await?;
    match metrics.errors.len() {
        0 => Ok(()),
        errors => Err(format!("{errors} kinds of errors in plain Goose").into()),
    }
}

async fn reqwest_loop(
    url: &str,
    bearer: &str,
    requests: usize,
    tasks: usize,
) -> Result<(), Failure> {
    let client = reqwest::Client::builder()
        .no_proxy()
        .tcp_nodelay(true)
        .build()?;
    let url = format!("{url}/userinfo");
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        let (client, url, bearer, stamp) =
            (client.clone(), url.clone(), bearer.to_owned(), stamp_text());
        running.spawn(async move {
            for _ in 0..requests / tasks {
                let request = client.get(&url).bearer_auth(&bearer).header(STAMP, &stamp);
                request.send().await?.error_for_status()?.bytes().await?;
            }
            Ok::<(), reqwest::Error>(())
        });
    }
    while let Some(ended) = running.join_next().await {
        ended??;
    }
    Ok(())
}
