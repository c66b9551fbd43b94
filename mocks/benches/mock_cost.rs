//! What an answer costs: CPU of the mocks' process per request, beside other servers.
//!
//! ```text
//! cargo bench --bench mock_cost [-- --requests 100000 --connections 64]
//! cargo bench --bench mock_cost -- --other NAME PID URL      # a server that runs already
//! ```
//!
//! Each server is a process of its own, asked by the same plain driver, in many short turns. What
//! counts is the median over turns, of the cost and of its ratio to `bare` in the same turn: whatever
//! else the machine does then bears on both. `bare` is hyper answering the very bytes of the mock's
//! `UserInfo`, `wiremock` the crate of that name doing so. What signs is held against a bare server that
//! signs. Reads CPU times from `/proc`, so Linux only.

#![expect(clippy::print_stdout, reason = "it is a program that prints a table")]

use std::convert::Infallible;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Response};
use base64::Engine;
use cutover_mocks::auth0::{self, AccessToken, Audience, Scopes};
use cutover_mocks::http::blueprint::Blueprint;
use cutover_mocks::http::standalone::{self, AdminOptions, Options, Standalone};
use cutover_mocks::http::stytch::Config;
use cutover_mocks::http::{KeyRing, Owner};
use cutover_mocks::keys::KeyId;
use cutover_mocks::latency::Latency;
use cutover_mocks::stytch::{self, Factor, UserId};
use cutover_mocks::time::{Span, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Turns of each server, after one that warms up.
const TURNS: usize = 25;
/// What an unsigned answer may cost, in bare ones.
const TARGET: f64 = 1.25;
/// What a signed answer may cost, in bare ones that sign.
const TARGET_SIGNED: f64 = 1.10;
/// The place of the bare server that signs.
const SIGNED: usize = 4;

struct Arguments {
    requests: usize,
    connections: usize,
    serve: Option<(String, String)>,
    other: Option<(String, u32, String)>,
}

impl Arguments {
    /// Requests of one connection in one turn.
    fn each(&self) -> usize {
        (self.requests / TURNS / self.connections).max(1)
    }

    fn each_turn(&self) -> usize {
        self.each() * self.connections
    }
}

fn arguments() -> Result<Arguments, Failure> {
    let mut arguments = Arguments {
        requests: 100_000,
        connections: 64,
        serve: None,
        other: None,
    };
    let mut given = std::env::args().skip(1);
    while let Some(name) = given.next() {
        let mut value = || given.next().ok_or_else(|| format!("{name} needs a value"));
        match name.as_str() {
            "--requests" => arguments.requests = value()?.parse()?,
            "--connections" => arguments.connections = value()?.parse()?,
            "--serve" => arguments.serve = Some((value()?, value()?)),
            "--other" => arguments.other = Some((value()?, value()?.parse()?, value()?)),
            // Cargo says so to every benchmark.
            "--bench" => {}
            other => return Err(format!("{other} is not known").into()),
        }
    }
    Ok(arguments)
}

fn main() -> Result<(), Failure> {
    let arguments = arguments()?;
    let runtime = tokio::runtime::Runtime::new()?;
    match &arguments.serve {
        Some((kind, bytes)) => runtime.block_on(serve(kind, bytes)),
        None => runtime.block_on(compare(&arguments)),
    }
}

/// What is asked of a server.
#[derive(Clone, Debug)]
struct Question {
    address: String,
    request: Vec<u8>,
}

/// A server in a process of its own.
struct Server {
    name: String,
    pid: u32,
    child: Option<Child>,
    question: Question,
    seconds: Vec<f64>,
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Server {
    /// Starts this program again, as a server; it prints its address and the request to make.
    fn start(name: &str, kind: &str, bytes: &str) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--serve", kind, bytes])
            .stdout(Stdio::piped())
            .spawn()?;
        let mut out = BufReader::new(child.stdout.take().ok_or("no output")?);
        let (mut address, mut request) = (String::new(), String::new());
        out.read_line(&mut address)?;
        out.read_line(&mut request)?;
        Ok(Self {
            name: name.to_owned(),
            pid: child.id(),
            child: Some(child),
            question: Question {
                address: address.trim().to_owned(),
                request: decoded(request.trim())?,
            },
            seconds: Vec::new(),
        })
    }

    async fn turn(&mut self, arguments: &Arguments) -> Result<(), Failure> {
        let before = cpu_seconds(self.pid)?;
        ask(&self.question, arguments).await?;
        self.seconds.push(cpu_seconds(self.pid)? - before);
        Ok(())
    }

    /// Microseconds of CPU per request.
    fn cost(&self, arguments: &Arguments) -> f64 {
        median(self.seconds.iter().copied()) / arguments.each_turn() as f64 * 1e6
    }

    /// What it takes beside another in the same turns.
    fn beside(&self, other: &Self) -> f64 {
        let pairs = self.seconds.iter().zip(&other.seconds);
        median(pairs.map(|(own, other)| own / other))
    }
}

fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

fn decoded(text: &str) -> Result<Vec<u8>, Failure> {
    Ok(base64::engine::general_purpose::STANDARD.decode(text)?)
}

fn encoded(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

/// User and system time of a process's threads, as the scheduler counts it: to the nanosecond, where
/// `/proc/PID/stat` tells hundredths of a second. Threads that have ended are not in it; of these
/// servers', none does between two readings.
fn cpu_seconds(pid: u32) -> Result<f64, Failure> {
    let mut nanoseconds = 0;
    for task in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let text = std::fs::read_to_string(task?.path().join("schedstat"))?;
        let on_cpu = text
            .split_whitespace()
            .next()
            .ok_or("an unreadable /proc")?;
        nanoseconds += on_cpu.parse::<u64>()?;
    }
    Ok(nanoseconds as f64 / 1e9)
}

/// Asks a server over and over, by as many connections as there should be.
async fn ask(question: &Question, arguments: &Arguments) -> Result<(), Failure> {
    let each = arguments.each();
    let tasks =
        (0..arguments.connections).map(|_| tokio::spawn(ask_by_one(question.clone(), each)));
    for task in tasks.collect::<Vec<_>>() {
        task.await??;
    }
    Ok(())
}

async fn ask_by_one(question: Question, times: usize) -> Result<(), Failure> {
    let mut stream = TcpStream::connect(&question.address).await?;
    stream.set_nodelay(true)?;
    let mut answer = Vec::new();
    for _ in 0..times {
        stream.write_all(&question.request).await?;
        read_answer(&mut stream, &mut answer).await?;
        if !answer.starts_with(b"HTTP/1.1 200") {
            return Err(String::from_utf8_lossy(&answer).into_owned().into());
        }
    }
    Ok(())
}

async fn read_answer(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<(), Failure> {
    answer.clear();
    loop {
        if stream.read_buf(answer).await? == 0 {
            return Err("the server hung up".into());
        }
        let Some(head) = answer.windows(4).position(|end| end == b"\r\n\r\n") else {
            continue;
        };
        let text = String::from_utf8_lossy(&answer[..head]).to_lowercase();
        let length = text
            .lines()
            .find_map(|line| line.strip_prefix("content-length:"));
        let length: usize = length.ok_or("no length")?.trim().parse()?;
        if answer.len() >= head + 4 + length {
            return Ok(());
        }
    }
}

async fn compare(arguments: &Arguments) -> Result<(), Failure> {
    let userinfo = Server::start("mock: UserInfo", "userinfo", "-")?;
    let mut answer = Vec::new();
    let mut stream = TcpStream::connect(&userinfo.question.address).await?;
    stream.write_all(&userinfo.question.request).await?;
    read_answer(&mut stream, &mut answer).await?;
    drop(stream);
    let bytes = encoded(&answer);
    let mut servers = vec![
        Server::start("bare hyper, the same bytes", "bare", &bytes)?,
        userinfo,
        Server::start("mock: UserInfo, with a journal", "journal", "-")?,
        Server::start("wiremock (crate), the same bytes", "wiremock", &bytes)?,
        Server::start("bare hyper, and one RS256 signature", "bare-signed", &bytes)?,
        Server::start("mock: Authenticate Session, one signature", "signed", "-")?,
    ];
    if let Some((name, pid, url)) = &arguments.other {
        servers.push(other(name, *pid, url)?);
    }
    for turn in 0..=TURNS {
        for server in &mut servers {
            server.turn(arguments).await?;
            if turn == 0 {
                // The first one warms up.
                server.seconds.clear();
            }
        }
    }
    println!(
        "\nCPU of the server per request, {} requests by {} connections, median of {TURNS} turns\n",
        arguments.each_turn() * TURNS,
        arguments.connections
    );
    println!("| server | µs | beside | target |\n| --- | ---: | ---: | ---: |");
    for server in &servers {
        // What signs is held against what signs.
        let (limit, target) = match server.name.as_str() {
            name if name.starts_with("mock: UserInfo") => (0, format!("≤ {TARGET}")),
            name if name.starts_with("mock: Authenticate") => {
                (SIGNED, format!("≤ {TARGET_SIGNED}"))
            }
            _ => (0, String::new()),
        };
        println!(
            "| {} | {:.1} | {:.2} {} | {target} |",
            server.name,
            server.cost(arguments),
            server.beside(&servers[limit]),
            if limit == 0 { "bare" } else { "bare signed" }
        );
    }
    println!(
        "\nA signature alone, on an idle machine: {:.0} µs.",
        signature()
    );
    Ok(())
}

/// A server that somebody else has started.
fn other(name: &str, pid: u32, url: &str) -> Result<Server, Failure> {
    let url = reqwest::Url::parse(url)?;
    let host = url.host_str().ok_or("the URL names no host")?;
    let address = format!("{host}:{}", url.port_or_known_default().unwrap_or(80));
    let request = format!(
        "GET {} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer x\r\n\r\n",
        url.path()
    );
    Ok(Server {
        name: name.to_owned(),
        pid,
        child: None,
        question: Question {
            address,
            request: request.into_bytes(),
        },
        seconds: Vec::new(),
    })
}

/// Microseconds of an RS256 signature over claims of the usual size, by the mocks' own signer.
fn signature() -> f64 {
    let ring = KeyRing::new(Owner::Stytch);
    let claims = usual_claims();
    let mut micros = Vec::new();
    ring.sign_here(KeyId(0), &claims);
    for _ in 0..500 {
        let begun = Instant::now();
        std::hint::black_box(ring.sign_here(KeyId(0), &claims));
        micros.push(begun.elapsed().as_secs_f64() * 1e6);
    }
    micros.sort_by(f64::total_cmp);
    micros[micros.len() / 2]
}

/// Claims of the size that a session JWT's have.
fn usual_claims() -> serde_json::Value {
    serde_json::json!({"claims": "x".repeat(780)})
}

async fn serve(kind: &str, bytes: &str) -> Result<(), Failure> {
    let kept = match kind {
        "userinfo" | "journal" | "signed" => Some(serve_mock(kind).await?),
        "bare" => return serve_bare(&decoded(bytes)?, false).await,
        "bare-signed" => return serve_bare(&decoded(bytes)?, true).await,
        "wiremock" => return serve_wiremock(&decoded(bytes)?).await,
        other => return Err(format!("{other} is not known").into()),
    };
    std::future::pending::<()>().await;
    drop(kept);
    Ok(())
}

/// The mocks as `cutover mock --at-once` serves them, without limits.
async fn serve_mock(kind: &str) -> Result<Standalone, Failure> {
    let at_once = Latency::fixed(Span::ZERO);
    let options = Options {
        auth0: ([127, 0, 0, 1], 0).into(),
        stytch: ([127, 0, 0, 1], 0).into(),
        blueprint: Blueprint {
            auth0: auth0::Settings {
                tenant_limit: None,
                userinfo_per_user: None,
                latency_default: at_once,
                ..auth0::Settings::default()
            },
            stytch: stytch::Settings {
                latency_default: at_once,
                ..stytch::Settings::default()
            },
            people: 1000,
        },
        waits: false,
        admin: (kind == "journal").then(|| AdminOptions {
            address: ([127, 0, 0, 1], 0).into(),
            ..AdminOptions::default()
        }),
        ..Options::default()
    };
    let standalone = standalone::start(&options).await?;
    let running = &standalone.running;
    let now = cutover_mocks::http::stamp::wall_now();
    let (url, request) = if kind == "signed" {
        let face = running.stytch().ok_or("no project")?;
        let opened =
            face.project()
                .seed_session(UserId(0), now, Span::from_hours(24), Factor::Password);
        let token = face.session_token_text(opened.ok_or("nobody is there")?.token);
        let Config {
            project_id, secret, ..
        } = face.config();
        let body = format!(r#"{{"session_token": "{token}"}}"#);
        let request = format!(
            "POST /v1/sessions/authenticate HTTP/1.1\r\nhost: {{}}\r\nauthorization: Basic {}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            encoded(format!("{project_id}:{secret}").as_bytes()),
            body.len(),
        );
        (running.stytch_url(), request)
    } else {
        let token = running
            .auth0()
            .ok_or("no tenant")?
            .mint_access_token(&opaque(now));
        let request = format!(
            "GET /userinfo HTTP/1.1\r\nhost: {{}}\r\nauthorization: Bearer {token}\r\n\r\n"
        );
        (running.auth0_url(), request)
    };
    let address = url
        .ok_or("no address")?
        .trim_start_matches("http://")
        .to_owned();
    tell(&address, request.replace("{}", &address).as_bytes());
    Ok(standalone)
}

/// A token that takes no signature to read.
fn opaque(now: Timestamp) -> AccessToken {
    AccessToken {
        subject: auth0::UserId(0),
        issued: now,
        expires: now + Span::from_hours(24),
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
    }
}

fn tell(address: &str, request: &[u8]) {
    println!("{address}\n{}", encoded(request));
}

/// Headers and body of an answer's bytes; hyper writes `date` and the length itself.
fn parted(answer: &[u8]) -> Result<(HeaderMap, Bytes), Failure> {
    let end = answer
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .ok_or("no head")?;
    let head = std::str::from_utf8(&answer[..end])?;
    let pairs = head
        .lines()
        .skip(1)
        .filter_map(|line| line.split_once(": "));
    let mut headers = HeaderMap::new();
    for (name, value) in pairs.filter(|(name, _)| !["date", "content-length"].contains(name)) {
        headers.insert(axum::http::HeaderName::try_from(name)?, value.parse()?);
    }
    Ok((headers, Bytes::copy_from_slice(&answer[end + 4..])))
}

/// Hyper alone; `signs`: and a signature for every answer, by the mocks' own signer, right where the
/// answer is made.
async fn serve_bare(answer: &[u8], signs: bool) -> Result<(), Failure> {
    let (headers, body) = parted(answer)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    tell(&address, format!("GET /userinfo HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer 01234567890123456789012345678901\r\n\r\n").as_bytes());
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let (headers, body) = (headers.clone(), body.clone());
        let service = hyper::service::service_fn(move |_| {
            if signs {
                std::hint::black_box(
                    KeyRing::new(Owner::Stytch).sign_here(KeyId(0), &usual_claims()),
                );
            }
            let mut response = Response::new(Body::from(body.clone()));
            *response.headers_mut() = headers.clone();
            std::future::ready(Ok::<_, Infallible>(response))
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .serve_connection(hyper_util::rt::TokioIo::new(stream), service);
        tokio::spawn(connection);
    }
}

async fn serve_wiremock(answer: &[u8]) -> Result<(), Failure> {
    let (headers, body) = parted(answer)?;
    let server = wiremock::MockServer::builder()
        .disable_request_recording()
        .start()
        .await;
    let mut template = wiremock::ResponseTemplate::new(200).set_body_bytes(body.to_vec());
    for (name, value) in &headers {
        template = template.insert_header(name.as_str(), value.to_str()?);
    }
    wiremock::Mock::given(wiremock::matchers::path("/userinfo"))
        .respond_with(template)
        .mount(&server)
        .await;
    let address = server.address().to_string();
    tell(
        &address,
        format!("GET /userinfo HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer x\r\n\r\n")
            .as_bytes(),
    );
    tokio::time::sleep(Duration::MAX).await;
    Ok(())
}
