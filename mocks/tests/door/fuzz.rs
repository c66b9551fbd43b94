//! Requests made of valid ones by chance: every answer is well formed, and nothing panics.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, header};
use cutover_mocks::auth0::Tenant;
use cutover_mocks::http::auth0::{self, Application, Issuer};
use cutover_mocks::http::connection::Stream;
use cutover_mocks::http::shown::Shown;
use cutover_mocks::http::site::Site;
use cutover_mocks::http::stamp::wall_now;
use cutover_mocks::http::{Clock, Directory, Mailbox, TimeSource, stytch};
use cutover_mocks::stytch::{Project, Settings, Vertical};
use cutover_mocks::time::Timestamp;
use proptest::prelude::*;
use serde_json::Value;

const START: Timestamp = Timestamp::from_secs(1_780_000_000);

/// The sites of a tenant, a consumer project and a B2B project, and a token for the Management API.
fn sites() -> ([Arc<Site>; 3], String) {
    let clock = Clock::new(TimeSource::Wall {
        seed: 1,
        waits: false,
    });
    let (directory, mailbox) = (Arc::<Directory>::default(), Mailbox::default());
    // Limits would answer most of it.
    let unlimited = cutover_mocks::auth0::Settings {
        tenant_limit: None,
        userinfo_per_user: None,
        brute_force_attempts: None,
        suspicious_ip: None,
        ..cutover_mocks::auth0::Settings::default()
    };
    let tenant = auth0::Face::new(
        Tenant::new(unlimited, START),
        Issuer::AsReached("http://127.0.0.1:8480/".to_owned()),
        Application::default(),
        clock.clone(),
        Arc::clone(&directory),
        mailbox.clone(),
    );
    let project = |vertical| {
        let settings = Settings {
            vertical,
            ..Settings::default()
        };
        let project = Arc::new(Mutex::new(Project::new(settings, START)));
        let config = stytch::Config::default();
        stytch::Face::new(
            config,
            project,
            Arc::clone(&directory),
            mailbox.clone(),
            clock.clone(),
        )
        .unwrap()
        .site()
    };
    let management = tenant.mint_management_token(wall_now());
    let sites = [
        auth0::site(&Shown::new(Arc::new(tenant))),
        project(Vertical::Consumer),
        project(Vertical::B2b),
    ];
    (sites.map(Arc::new), management)
}

/// Every route that the sources declare, with the number of the router that has it: a route that is
/// new is asked, too.
fn routes() -> Vec<(usize, String)> {
    let http = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    let mut routes = Vec::new();
    for (router, folder, prefix) in [
        (0, "auth0", ""),
        (0, "auth0/management", "/api/v2"),
        (1, "stytch/consumer", "/v1"),
        (1, "stytch/consumer", "/sdk/v1"),
        (2, "stytch/b2b", "/v1/b2b"),
        (2, "stytch/b2b", "/sdk/v1/b2b"),
        (2, "stytch/b2b/frontend", "/sdk/v1/b2b"),
        (2, "stytch/sso", "/v1/b2b"),
        (2, "stytch/sso", "/v1"),
        (2, "stytch/sso", ""),
    ] {
        for file in std::fs::read_dir(http.join(folder)).unwrap() {
            let path = file.unwrap().path();
            if path.is_dir() {
                continue;
            }
            let text = std::fs::read_to_string(path).unwrap();
            for declared in text.split(".route(").skip(1) {
                let route = declared.split('"').nth(1).unwrap_or_default();
                let route = route.strip_prefix("/v1").unwrap_or(route);
                let route = route.strip_prefix("/b2b").unwrap_or(route);
                if route.starts_with('/') {
                    routes.push((router, format!("{prefix}{route}")));
                }
            }
        }
    }
    routes.sort();
    routes.dedup();
    assert!(routes.len() > 250, "{} routes are found", routes.len());
    routes
}

/// What answers have told so far, by the field that told it: tokens and ids lead further in.
#[derive(Debug, Default)]
struct Heard(BTreeMap<String, VecDeque<String>>);

/// What stands in requests for something that was heard.
const HEARD: &str = "@heard@";

impl Heard {
    fn note(&mut self, name: &str, value: &Value) {
        match value {
            Value::Object(fields) => fields
                .iter()
                .for_each(|(name, value)| self.note(name, value)),
            Value::Array(values) => values.iter().for_each(|value| self.note(name, value)),
            Value::String(text) => {
                let heard = self.0.entry(name.to_owned()).or_default();
                heard.push_back(text.clone());
                if heard.len() > 20 {
                    heard.pop_front();
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// What was told under a name, or under another that means the same.
    fn tell(&self, name: &str, pick: usize) -> Option<&str> {
        let same = match name {
            "token" => "session_token",
            "email_address" | "username" => "email",
            "id" => "user_id",
            other => other,
        };
        let texts = self.0.get(name).or(self.0.get(same))?;
        texts.get(pick % texts.len()).map(String::as_str)
    }

    /// A body with what was heard in the places for it.
    fn fill(&self, body: Vec<u8>, pick: usize) -> Vec<u8> {
        let mut text = match String::from_utf8(body) {
            Ok(text) => text,
            Err(no_text) => return no_text.into_bytes(),
        };
        for name in NAMES {
            if let Some(told) = self.tell(name, pick) {
                let (place, told) = (Value::from(HEARD), Value::from(told));
                text = text.replace(
                    &format!("\"{name}\":{place}"),
                    &format!("\"{name}\":{told}"),
                );
            }
        }
        text.into_bytes()
    }

    /// A path with what was heard in the places of its parameters.
    fn path(&self, route: &str, pick: usize) -> String {
        let parts = route.split('/').map(|part| {
            let name = part
                .strip_prefix('{')
                .and_then(|part| part.strip_suffix('}'));
            name.map_or(part, |name| self.tell(name, pick).unwrap_or("x"))
        });
        let parts: Vec<String> = parts.map(|part| part.replace('/', "%2F")).collect();
        parts.join("/")
    }
}

const NAMES: &[&str] = &[
    "grant_type",
    "client_id",
    "client_secret",
    "code",
    "code_verifier",
    "refresh_token",
    "scope",
    "audience",
    "redirect_uri",
    "response_type",
    "state",
    "username",
    "password",
    "connection",
    "email",
    "token",
    "session_token",
    "session_jwt",
    "session_duration_minutes",
    "session_custom_claims",
    "organization_id",
    "email_address",
    "hash",
    "hash_type",
    "name",
    "trusted_metadata",
    "user_id",
    "member_id",
    "query",
    "cursor",
    "limit",
    "code_challenge",
    "code_challenge_method",
    "pbkdf_2_config",
    "argon_2_config",
    "scrypt_config",
    "external_id",
    "intermediate_session_token",
    "method_id",
    "nonce",
    "max_age",
    "prompt",
    "login_hint",
    "q",
];

const TEXTS: &[&str] = &[
    "authorization_code",
    "password",
    "refresh_token",
    "client_credentials",
    "cutover-client",
    "cutover-client-secret",
    "https://api.example",
    "http://127.0.0.1:8480/api/v2/",
    "code",
    "none",
    "openid email offline_access",
    "customer-1@people.example",
    "bcrypt",
    "scrypt",
    "argon_2id",
    "pbkdf_2",
    "md_5",
    "$2a$10$abcdefghijklmnopqrstuv",
    "$argon2id$v=19$m=1,t=1,p=1$AAAA$AAAA",
    "eyJhbGciOiJub25lIn0.e30.",
    "eyJhbGciOiJSUzI1NiIsImtpZCI6IngifQ.e30.AAAA",
    "Basic",
    "-1",
    "http://localhost/callback",
    "S256",
    "\u{0}",
    "é",
    "a@b",
    "@",
    "999999999999999999999",
];

/// A value of any kind.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        4 => prop::sample::select(TEXTS).prop_map(Value::from),
        6 => Just(Value::from(HEARD)),
        1 => any::<String>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(names(), inner, 0..4)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        9 => prop::sample::select(NAMES).prop_map(str::to_owned),
        1 => any::<String>(),
    ]
}

/// JSON, a form, or anything; sometimes with a byte changed.
fn bodies() -> impl Strategy<Value = (&'static str, Vec<u8>)> {
    let json = prop::collection::btree_map(names(), values(), 0..8).prop_map(|fields| {
        let body: serde_json::Map<_, _> = fields.into_iter().collect();
        (
            "application/json",
            Value::Object(body).to_string().into_bytes(),
        )
    });
    let form =
        prop::collection::vec((names(), prop::sample::select(TEXTS)), 0..8).prop_map(|pairs| {
            let mut url = reqwest::Url::parse("http://form.invalid").unwrap();
            url.query_pairs_mut().extend_pairs(pairs);
            (
                "application/x-www-form-urlencoded",
                url.query().unwrap_or_default().as_bytes().to_vec(),
            )
        });
    let any_bytes =
        prop::collection::vec(any::<u8>(), 0..200).prop_map(|bytes| ("application/json", bytes));
    let whole = prop_oneof![6 => json, 4 => form, 1 => any_bytes];
    (
        whole,
        prop::option::weighted(0.2, (any::<prop::sample::Index>(), any::<u8>())),
    )
        .prop_map(|((kind, mut body), changed)| {
            if let (Some((at, byte)), false) = (changed, body.is_empty()) {
                let at = at.index(body.len());
                body[at] = byte;
            }
            (kind, body)
        })
}

/// Who asks: with the project's credentials, a page's, a bearer token, or something else.
fn credentials(management: &str) -> impl Strategy<Value = String> {
    let basic = |user: &str, password: &str| {
        use base64::Engine;
        let pair = format!("{user}:{password}");
        let pair = base64::engine::general_purpose::STANDARD.encode(pair);
        format!("Basic {pair}")
    };
    let config = stytch::Config::default();
    let project = basic(&config.project_id, &config.secret);
    let public = &config.public_token;
    let pages = vec![
        basic(public, public),
        basic(public, "WJtR5BCy38Szd5AfoDpf0iqFKEt4EE5JhjlWUY7l3FtY"),
    ];
    prop_oneof![
        5 => Just(project),
        3 => prop::sample::select(pages),
        4 => Just(format!("Bearer {management}")),
        2 => prop::sample::select(TEXTS).prop_map(|text| format!("Bearer {}", text.replace('\0', "~"))),
        1 => "[ -~]{0,60}",
    ]
}

async fn line() -> cutover_mocks::http::connection::Line {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let stream = tokio::net::TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let peer = stream.peer_addr().unwrap();
    Stream::new(stream, peer, None, std::time::Duration::from_secs(1)).1
}

#[test]
fn whatever_is_asked_the_answer_is_well_formed() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (sites, management) = sites();
    let line = runtime.block_on(line());
    let methods = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
    ];
    let requests = (
        prop::sample::select(routes()),
        (prop::sample::select(methods.to_vec()), any::<usize>()),
        prop::option::of((names(), prop::sample::select(TEXTS))),
        bodies(),
        credentials(&management),
    );
    let heard = Mutex::new(Heard::default());
    // More than the suite has time for: FUZZ_CASES=100000.
    let cases = std::env::var("FUZZ_CASES").map_or(2000, |cases| cases.parse().unwrap());
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |(((site, route), (method, pick), query, (kind, body), credential) in requests)| {
        let (path, body) = {
            let heard = heard.lock().unwrap();
            (heard.path(&route, pick), heard.fill(body, pick))
        };
        let mut url = reqwest::Url::parse("http://127.0.0.1:8480").unwrap();
        url.set_path(&path);
        if let Some((name, value)) = query {
            url.query_pairs_mut().append_pair(&name, value);
        }
        let request = Request::builder()
            .method(method)
            .uri(url.as_str().strip_prefix("http://127.0.0.1:8480").unwrap())
            .header(header::HOST, "127.0.0.1:8480")
            .header(header::CONTENT_TYPE, kind)
            .header(header::AUTHORIZATION, credential)
            .body(Body::from(body))
            .unwrap();
        let (status, kind, text) = runtime.block_on(async {
            let answer = sites[site].answer(&line, request).await.unwrap();
            let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
            (answer.status(), kind, to_bytes(answer.into_body(), 1 << 22).await.unwrap())
        });
        let kind = kind.map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
        prop_assert!(status.as_u16() != 500, "{status}: {}", String::from_utf8_lossy(&text));
        if kind.starts_with("application/json") && !text.is_empty() {
            let body: Result<Value, _> = serde_json::from_slice(&text);
            prop_assert!(body.is_ok(), "not JSON: {}", String::from_utf8_lossy(&text));
            let mut body = body.unwrap();
            heard.lock().unwrap().note("", &body);
            if site > 0 {
                if path.starts_with("/sdk/") && status.is_success() {
                    body = body["data"].take();
                }
                prop_assert_eq!(&body["status_code"], status.as_u16(), "{}", body);
                prop_assert!(status.is_success() || status.is_redirection() || body["error_url"].is_string() || body["error_uri"].is_string(), "{}", body);
            }
        }
    });
}
