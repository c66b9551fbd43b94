//! Requests made of valid ones by chance: every answer is well formed, and nothing panics.

use std::sync::{Arc, Mutex};

use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Method, Request, header};
use cutover_mocks::auth0::Tenant;
use cutover_mocks::http::auth0::{self, Application, Issuer};
use cutover_mocks::http::connection::Stream;
use cutover_mocks::http::site::Site;
use cutover_mocks::http::{Clock, Directory, Mailbox, TimeSource, stytch};
use cutover_mocks::stytch::{Project, Settings, Vertical};
use cutover_mocks::time::Timestamp;
use proptest::prelude::*;

const START: Timestamp = Timestamp::from_secs(1_780_000_000);

/// The sites of a tenant, a consumer project and a B2B project.
fn sites() -> [Arc<Site>; 3] {
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
        .router()
        .into()
    };
    [
        auth0::site(&Arc::new(tenant)),
        project(Vertical::Consumer),
        project(Vertical::B2b),
    ]
    .map(Arc::new)
}

const PATHS: &[&str] = &[
    "/authorize",
    "/u/login",
    "/oauth/token",
    "/oauth/revoke",
    "/userinfo",
    "/v2/logout",
    "/oidc/logout",
    "/dbconnections/signup",
    "/dbconnections/change_password",
    "/api/v2/users",
    "/api/v2/users/auth0|1",
    "/api/v2/users-by-email",
    "/passwordless/start",
    "/oauth/device/code",
    "/v1/sessions/migrate",
    "/v1/sessions/authenticate",
    "/v1/sessions/revoke",
    "/v1/sessions",
    "/v1/users",
    "/v1/users/search",
    "/v1/users/x",
    "/v1/passwords",
    "/v1/passwords/authenticate",
    "/v1/passwords/migrate",
    "/v1/passwords/email/reset",
    "/v1/magic_links/authenticate",
    "/v1/magic_links/email/login_or_create",
    "/v1/oauth/authenticate",
    "/v1/otps/authenticate",
    "/v1/b2b/sessions/migrate",
    "/v1/b2b/sessions/authenticate",
    "/v1/b2b/organizations",
    "/v1/b2b/organizations/x/members",
    "/v1/b2b/organizations/search",
    "/v1/b2b/passwords/authenticate",
    "/v1/b2b/passwords/migrate",
    "/v1/b2b/discovery/intermediate_sessions/exchange",
    "/v1/b2b/magic_links/authenticate",
    "/v1/public/oauth/google/start",
    "/sdk/v1/events",
    "/sdk/v1/passwords",
    "/sdk/v1/passwords/session/reset",
    "/sdk/v1/sessions/authenticate",
    "/sdk/v1/users/me",
    "/sdk/v1/users/emails/x",
    "/sdk/v1/otps/sms/send/secondary",
    "/sdk/v1/otps/authenticate",
    "/sdk/v1/totps/authenticate",
    "/sdk/v1/b2b/otps/sms/send",
    "/sdk/v1/b2b/organizations/me",
    "/sdk/v1/b2b/organizations/search",
    "/sdk/v1/b2b/organizations/members/x",
    "/sdk/v1/b2b/discovery/organizations",
];

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
fn values() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        4 => prop::sample::select(TEXTS).prop_map(Value::from),
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
            serde_json::Value::Object(body).to_string().into_bytes(),
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
fn credentials() -> impl Strategy<Value = String> {
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
    let sites = sites();
    let line = runtime.block_on(line());
    let methods = [
        Method::GET,
        Method::POST,
        Method::PUT,
        Method::DELETE,
        Method::PATCH,
    ];
    let requests = (
        0..3_usize,
        prop::sample::select(methods.to_vec()),
        prop::sample::select(PATHS),
        prop::option::of((names(), prop::sample::select(TEXTS))),
        bodies(),
        credentials(),
    );
    // More than the suite has time for: FUZZ_CASES=100000.
    let cases = std::env::var("FUZZ_CASES").map_or(2000, |cases| cases.parse().unwrap());
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |((site, method, path, query, (kind, body), credential) in requests)| {
        let mut url = reqwest::Url::parse("http://127.0.0.1:8480").unwrap();
        url.set_path(path);
        if let Some((name, value)) = query {
            url.query_pairs_mut().append_pair(&name, value);
        }
        let request = Request::builder()
            .method(method)
            .uri(url.as_str().strip_prefix("http://127.0.0.1:8480").unwrap())
            .header(header::HOST, "127.0.0.1:8480")
            .header(header::CONTENT_TYPE, kind)
            .header(header::AUTHORIZATION, credential)
            .extension(ConnectInfo(line.clone()))
            .body(Body::from(body))
            .unwrap();
        let (status, kind, text) = runtime.block_on(async {
            let answer = sites[site].answer(request).await.unwrap();
            let kind = answer.headers().get(header::CONTENT_TYPE).cloned();
            (answer.status(), kind, to_bytes(answer.into_body(), 1 << 22).await.unwrap())
        });
        let kind = kind.map(|kind| kind.to_str().unwrap().to_owned()).unwrap_or_default();
        prop_assert!(status.as_u16() != 500, "{status}: {}", String::from_utf8_lossy(&text));
        if kind.starts_with("application/json") && !text.is_empty() {
            let body: Result<serde_json::Value, _> = serde_json::from_slice(&text);
            prop_assert!(body.is_ok(), "not JSON: {}", String::from_utf8_lossy(&text));
            if site > 0 {
                let mut body = body.unwrap();
                if path.starts_with("/sdk/") && status.is_success() {
                    body = body["data"].take();
                }
                prop_assert_eq!(&body["status_code"], status.as_u16(), "{}", body);
                prop_assert!(status.is_success() || status.is_redirection() || body["error_url"].is_string() || body["error_uri"].is_string(), "{}", body);
            }
        }
    });
}
