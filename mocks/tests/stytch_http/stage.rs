//! A mock project, a stub of the legacy provider's `UserInfo`, and clients of the project.

pub(crate) use std::sync::{Arc, Mutex};
pub(crate) use std::time::SystemTime;

pub(crate) use axum::Router;
pub(crate) use axum::http::{HeaderMap, StatusCode, header};
pub(crate) use axum::routing::get;
pub(crate) use cutover_mocks::email::Email;
pub(crate) use cutover_mocks::fault::{Fault, FaultKind, FaultPlan};
pub(crate) use cutover_mocks::http::server::{Door, Serving};
pub(crate) use cutover_mocks::http::stamp::{STAMP, TOOK};
pub(crate) use cutover_mocks::http::stytch::{Config, Face, Frontend, TrustedProfile};
pub(crate) use cutover_mocks::http::{
    Clock, Directory, KeyRing, Mailbox, Owner, TimeSource, password_of,
};
pub(crate) use cutover_mocks::keys::{KeyId, KeySet};
pub(crate) use cutover_mocks::latency::Latency;
pub(crate) use cutover_mocks::share::Share;
pub(crate) use cutover_mocks::stytch::{
    Endpoint, OrgId, Project, SeedOrg, SeedUser, Settings, UserId, Vertical,
};
pub(crate) use cutover_mocks::time::{Span, Timestamp};
pub(crate) use serde_json::{Value, json};
pub(crate) use stytch::{b2b, consumer};

pub(crate) const ADA: &str = "ada@home.example";

/// A mock project, a stub of the legacy provider's `UserInfo`, and clients of the project.
pub(crate) struct Stage {
    pub(crate) face: Face,
    pub(crate) directory: Arc<Directory>,
    pub(crate) mailbox: Mailbox,
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    pub(crate) _servers: [Serving; 2],
}

/// What the stub answers to each bearer token.
pub(crate) async fn userinfo(headers: HeaderMap) -> (StatusCode, HeaderMap, String) {
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok());
    let (status, body) = match bearer {
        Some("Bearer ada") => (
            StatusCode::OK,
            json!({ "email": "ADA@home.example" }).to_string(),
        ),
        Some("Bearer eve") => (
            StatusCode::OK,
            json!({ "email": "eve@home.example" }).to_string(),
        ),
        Some("Bearer silent") => (StatusCode::OK, "{}".to_owned()),
        Some("Bearer mangled") => (StatusCode::OK, "<html>".to_owned()),
        Some("Bearer moved") => (StatusCode::FOUND, String::new()),
        _ => (StatusCode::UNAUTHORIZED, "Unauthorized".to_owned()),
    };
    let mut answer = HeaderMap::new();
    if let Some(stamp) = headers.get(STAMP) {
        answer.insert("seen-stamp", stamp.clone());
        answer.insert(TOOK, header::HeaderValue::from_static("70000"));
    }
    if status == StatusCode::FOUND {
        answer.insert(
            header::LOCATION,
            header::HeaderValue::from_static("/elsewhere"),
        );
    }
    (status, answer, body)
}

/// The legacy provider's name in its tokens.
pub(crate) const ISSUER: &str = "https://legacy.example/";

/// The legacy provider's keys.
pub(crate) const LEGACY: KeyRing = KeyRing::new(Owner::Auth0);

async fn jwks() -> String {
    LEGACY.jwks(KeySet::default()).to_string()
}

pub(crate) async fn open() -> Door {
    Door::open(([127, 0, 0, 1], 0).into())
        .await
        .expect("a free port")
}

impl Stage {
    pub(crate) async fn set(settings: Settings, time: TimeSource) -> Self {
        Self::set_for(settings, time, Frontend::default()).await
    }

    /// A consumer project that browsers meet so.
    pub(crate) async fn in_front(frontend: Frontend) -> Self {
        Self::set_for(Settings::default(), WALL, frontend).await
    }

    async fn set_for(settings: Settings, time: TimeSource, frontend: Frontend) -> Self {
        let door = open().await;
        let userinfo_url = Some(format!("{}/userinfo", door.base_url()));
        let trusted = TrustedProfile::of_auth0(
            vec![ISSUER.to_owned()],
            format!("{}/jwks", door.base_url()),
            vec!["app".to_owned()],
        );
        let routes = Router::new()
            .route("/userinfo", get(userinfo))
            .route("/jwks", get(jwks));
        let legacy = door.serve(routes);
        let settings = Settings {
            latency_default: Latency::fixed(Span::from_millis(20)),
            ..settings
        };
        let project = Arc::new(Mutex::new(Project::new(settings, Timestamp::from_secs(0))));
        let directory = Arc::new(Directory::default());
        let mailbox = Mailbox::default();
        let config = Config {
            userinfo_url,
            trusted: vec![trusted],
            frontend,
            ..Config::default()
        };
        let clock = Clock::new(time);
        let face = Face::new(
            config,
            project,
            Arc::clone(&directory),
            mailbox.clone(),
            clock,
        )
        .expect("a client can be made");
        let door = open().await;
        let base = door.base_url();
        let server = door.serve(face.site().merge(mailbox.router()));
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client can be made");
        Self {
            face,
            directory,
            mailbox,
            base,
            http,
            _servers: [legacy, server],
        }
    }

    pub(crate) async fn consumer() -> Self {
        Self::set(Settings::default(), WALL).await
    }

    pub(crate) async fn b2b() -> Self {
        Self::set(
            Settings {
                vertical: Vertical::B2b,
                ..Settings::default()
            },
            WALL,
        )
        .await
    }

    pub(crate) fn seed(&self, address: &str, org: Option<OrgId>) -> UserId {
        let email = self.directory.intern(address);
        self.face.project().seed_user(SeedUser {
            email,
            org,
            has_password: true,
            verified: true,
            mfa_enrolled: false,
        })
    }

    pub(crate) fn transport(
        &self,
        secret: &str,
        vertical: stytch::client::Vertical,
    ) -> stytch::client::Client {
        let url = reqwest::Url::parse(&self.base).expect("a URL");
        let id = &self.face.config().project_id;
        stytch::client::Client::new_with_base_url(id, secret, url, vertical).expect("a client")
    }

    pub(crate) fn users(&self) -> consumer::client::Client {
        let transport = self.transport(
            &self.face.config().secret,
            stytch::client::Vertical::Consumer,
        );
        consumer::client::Client::new_with_http_client(transport.clone(), transport)
    }

    pub(crate) fn members(&self) -> b2b::client::Client {
        let transport = self.transport(&self.face.config().secret, stytch::client::Vertical::B2B);
        b2b::client::Client::new_with_http_client(transport.clone(), transport)
    }

    /// A raw request with the project's credentials.
    pub(crate) async fn raw(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let config = self.face.config();
        let request = self
            .http
            .post(format!("{}{path}", self.base))
            .basic_auth(&config.project_id, Some(&config.secret))
            .body(body.to_string());
        let response = request.send().await.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("a body");
        (
            status,
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("no JSON: {text}")),
        )
    }

    pub(crate) fn mailed(&self, subject: &str, to: &str) -> String {
        let mails = self.mailbox.of(to);
        let mail = mails.iter().find(|mail| mail.subject == subject);
        mail.unwrap_or_else(|| panic!("no {subject} for {to}: {mails:?}"))
            .token
            .clone()
    }

    pub(crate) fn session_calls(&self) -> u64 {
        self.face.project().ledger().calls_to(Endpoint::Migrate)
    }
}

pub(crate) const WALL: TimeSource = TimeSource::Wall {
    seed: 7,
    waits: false,
};

/// Stytch's error type of a call that has to fail.
pub(crate) fn told<T: std::fmt::Debug>(result: stytch::Result<T>) -> (u16, String) {
    match result {
        Err(stytch::Error::Response(error)) => (error.status_code.as_u16(), error.error_type),
        other => panic!("not an error of the API: {other:?}"),
    }
}

pub(crate) fn is(status: u16, error_type: &str) -> (u16, String) {
    (status, error_type.to_owned())
}

pub(crate) fn unix_now() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("after 1970");
    i64::try_from(since.as_secs()).expect("in range")
}

/// Verifies a session JWT with nothing but the published keys.
pub(crate) fn verify(jwt: &str, keys: &Value, project_id: &str) -> Value {
    let set: jsonwebtoken::jwk::JwkSet =
        serde_json::from_value(json!({ "keys": keys })).expect("a key set");
    let header = jsonwebtoken::decode_header(jwt).expect("a JWT");
    assert_eq!(header.typ.as_deref(), Some("JWT"));
    let key = set
        .find(&header.kid.expect("a key id"))
        .expect("the key is published");
    let key = jsonwebtoken::DecodingKey::from_jwk(key).expect("an RSA key");
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_audience(&[project_id]);
    validation.set_issuer(&[format!("stytch.com/{project_id}")]);
    validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
    validation.validate_nbf = true;
    jsonwebtoken::decode::<Value>(jwt, &key, &validation)
        .expect("it verifies")
        .claims
}
