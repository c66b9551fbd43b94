//! Conformance: Stytch's official Rust crate drives the mock over real sockets, and decodes every answer.
#![cfg(feature = "http")]

use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::get;
use cutover_mocks::email::Email;
use cutover_mocks::fault::{Fault, FaultKind, FaultPlan};
use cutover_mocks::http::server::{Door, Serving};
use cutover_mocks::http::stamp::{STAMP, TOOK};
use cutover_mocks::http::stytch::{Config, Face};
use cutover_mocks::http::{Clock, Directory, Mailbox, TimeSource, password_of};
use cutover_mocks::latency::Latency;
use cutover_mocks::share::Share;
use cutover_mocks::stytch::{
    Endpoint, OrgId, Project, SeedOrg, SeedUser, Settings, UserId, Vertical,
};
use cutover_mocks::time::{Span, Timestamp};
use serde_json::{Value, json};
use stytch::{b2b, consumer};

const ADA: &str = "ada@home.example";

/// A mock project, a stub of the legacy provider's `UserInfo`, and clients of the project.
struct Stage {
    face: Face,
    directory: Arc<Directory>,
    mailbox: Mailbox,
    base: String,
    http: reqwest::Client,
    _servers: [Serving; 2],
}

/// What the stub answers to each bearer token.
async fn userinfo(headers: HeaderMap) -> (StatusCode, HeaderMap, String) {
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

async fn open() -> Door {
    Door::open(([127, 0, 0, 1], 0).into())
        .await
        .expect("a free port")
}

impl Stage {
    async fn set(settings: Settings, time: TimeSource) -> Self {
        let door = open().await;
        let userinfo_url = Some(format!("{}/userinfo", door.base_url()));
        let legacy = door.serve(Router::new().route("/userinfo", get(userinfo)));
        let settings = Settings {
            latency_default: Latency::fixed(Span::from_millis(20)),
            ..settings
        };
        let project = Arc::new(Mutex::new(Project::new(settings, Timestamp::from_secs(0))));
        let directory = Arc::new(Directory::default());
        let mailbox = Mailbox::default();
        let config = Config {
            userinfo_url,
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
        let server = door.serve(face.router().merge(mailbox.router()));
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

    async fn consumer() -> Self {
        Self::set(Settings::default(), WALL).await
    }

    async fn b2b() -> Self {
        Self::set(
            Settings {
                vertical: Vertical::B2b,
                ..Settings::default()
            },
            WALL,
        )
        .await
    }

    fn seed(&self, address: &str, org: Option<OrgId>) -> UserId {
        let email = self.directory.intern(address);
        self.face.project().seed_user(SeedUser {
            email,
            org,
            has_password: true,
            verified: true,
            mfa_enrolled: false,
        })
    }

    fn transport(
        &self,
        secret: &str,
        vertical: stytch::client::Vertical,
    ) -> stytch::client::Client {
        let url = reqwest::Url::parse(&self.base).expect("a URL");
        let id = &self.face.config().project_id;
        stytch::client::Client::new_with_base_url(id, secret, url, vertical).expect("a client")
    }

    fn users(&self) -> consumer::client::Client {
        let transport = self.transport(
            &self.face.config().secret,
            stytch::client::Vertical::Consumer,
        );
        consumer::client::Client::new_with_http_client(transport.clone(), transport)
    }

    fn members(&self) -> b2b::client::Client {
        let transport = self.transport(&self.face.config().secret, stytch::client::Vertical::B2B);
        b2b::client::Client::new_with_http_client(transport.clone(), transport)
    }

    /// A raw request with the project's credentials.
    async fn raw(&self, path: &str, body: &Value) -> (StatusCode, Value) {
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

    fn mailed(&self, subject: &str, to: &str) -> String {
        let mails = self.mailbox.of(to);
        let mail = mails.iter().find(|mail| mail.subject == subject);
        mail.unwrap_or_else(|| panic!("no {subject} for {to}: {mails:?}"))
            .token
            .clone()
    }

    fn session_calls(&self) -> u64 {
        self.face.project().ledger().calls_to(Endpoint::Migrate)
    }
}

const WALL: TimeSource = TimeSource::Wall {
    seed: 7,
    waits: false,
};

/// Stytch's error type of a call that has to fail.
fn told<T: std::fmt::Debug>(result: stytch::Result<T>) -> (u16, String) {
    match result {
        Err(stytch::Error::Response(error)) => (error.status_code.as_u16(), error.error_type),
        other => panic!("not an error of the API: {other:?}"),
    }
}

fn is(status: u16, error_type: &str) -> (u16, String) {
    (status, error_type.to_owned())
}

fn unix_now() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("after 1970");
    i64::try_from(since.as_secs()).expect("in range")
}

/// Verifies a session JWT with nothing but the published keys.
fn verify(jwt: &str, keys: &Value, project_id: &str) -> Value {
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

#[tokio::test]
async fn a_user_lives_through_the_official_client() {
    let stage = Stage::consumer().await;
    let users = stage.users().users;
    let created = users
        .create(consumer::users::CreateRequest {
            email: Some(ADA.to_owned()),
            external_id: Some("auth0|5f7c8ec7c33c6c004bbafe82".to_owned()),
            trusted_metadata: Some(json!({ "plan": "pro", "old": 1 })),
            ..Default::default()
        })
        .await
        .expect("it is created");
    assert!(created.user_id.starts_with("user-test-"));
    assert_eq!(created.user.emails[0].email, ADA);

    let by_name = consumer::users::GetRequest {
        user_id: "auth0|5f7c8ec7c33c6c004bbafe82".to_owned(),
    };
    assert_eq!(
        users.get(by_name).await.expect("found").user_id,
        created.user_id
    );

    let updated = users
        .update(consumer::users::UpdateRequest {
            user_id: created.user_id.clone(),
            trusted_metadata: Some(json!({ "old": null, "new": true })),
            ..Default::default()
        })
        .await
        .expect("it is changed");
    assert_eq!(
        updated.user.trusted_metadata,
        Some(json!({ "plan": "pro", "new": true }))
    );

    let search = |name: &str, value: Value| consumer::users::SearchRequest {
        query: Some(consumer::users::SearchUsersQuery {
            operator: consumer::users::SearchUsersQueryOperator::AND,
            operands: vec![json!({ "filter_name": name, "filter_value": value })],
        }),
        ..Default::default()
    };
    stage.seed("bob@home.example", None);
    let found = users
        .search(search("email_address", json!([ADA])))
        .await
        .expect("searched");
    assert_eq!(found.results_metadata.total, 1);
    assert_eq!(found.results[0].user_id, created.user_id);
    let page = consumer::users::SearchRequest {
        limit: Some(1),
        ..Default::default()
    };
    let first = users.search(page).await.expect("searched");
    assert_eq!((first.results.len(), first.results_metadata.total), (1, 2));
    let cursor = first.results_metadata.next_cursor;
    assert!(cursor.is_some());
    let rest = consumer::users::SearchRequest {
        cursor,
        ..Default::default()
    };
    let rest = users.search(rest).await.expect("searched");
    assert_eq!(
        (rest.results.len(), rest.results_metadata.next_cursor),
        (1, None)
    );

    let twice = consumer::users::CreateRequest {
        email: Some(ADA.to_owned()),
        ..Default::default()
    };
    assert_eq!(told(users.create(twice).await), is(400, "duplicate_email"));
    let gone = || consumer::users::DeleteRequest {
        user_id: created.user_id.clone(),
    };
    users.delete(gone()).await.expect("it is deleted");
    assert_eq!(told(users.delete(gone()).await), is(404, "user_not_found"));
}

#[tokio::test]
async fn an_imported_hash_opens_a_session_whose_jwt_verifies() {
    let stage = Stage::consumer().await;
    let client = stage.users();
    let hash = bcrypt::hash("correct horse", 4).expect("a cost of 4 is allowed");
    let import = |hash: &str| consumer::passwords::MigrateRequest {
        email: ADA.to_owned(),
        hash: hash.to_owned(),
        hash_type: consumer::passwords::MigrateRequestHashType::Bcrypt,
        set_email_verified: Some(true),
        ..Default::default()
    };
    let imported = client
        .passwords
        .migrate(import(&hash))
        .await
        .expect("imported");
    assert!(imported.user_created && imported.user.password.is_some());
    let again = client.passwords.migrate(import(&hash)).await;
    assert_eq!(told(again), is(400, "password_already_exists"));

    let log_in = |password: &str, minutes| consumer::passwords::AuthenticateRequest {
        email: "Ada@home.example".to_owned(),
        password: password.to_owned(),
        session_duration_minutes: minutes,
        session_custom_claims: Some(json!({ "tier": 2, "iss": "forged" })),
        ..Default::default()
    };
    let wrong = client
        .passwords
        .authenticate(log_in("wrong", Some(60)))
        .await;
    assert_eq!(told(wrong), is(401, "unauthorized_credentials"));
    let without = client
        .passwords
        .authenticate(log_in("correct horse", None))
        .await
        .expect("in");
    assert_eq!(
        (without.session_token.as_str(), without.session.is_none()),
        ("", true)
    );
    let opened = client
        .passwords
        .authenticate(log_in("correct horse", Some(60)))
        .await
        .expect("in");
    assert_eq!(opened.session_token.len(), 44);

    let id = stage.face.config().project_id.clone();
    let jwks = stage
        .http
        .get(format!("{}/v1/sessions/jwks/{id}", stage.base))
        .send()
        .await;
    let jwks = jwks.expect("nobody is asked who they are");
    assert_eq!(jwks.headers()[header::CACHE_CONTROL], "max-age=900");
    let jwks: Value = serde_json::from_str(&jwks.text().await.expect("a body")).expect("JSON");
    let claims = verify(&opened.session_jwt, &jwks["keys"], &id);
    assert_eq!(claims["sub"], json!(opened.user_id));
    assert_eq!(claims["tier"], json!(2));
    assert_eq!(
        claims["exp"]
            .as_i64()
            .zip(claims["iat"].as_i64())
            .map(|(e, i)| e - i),
        Some(300)
    );
    let session = &claims["https://stytch.com/session"];
    let shown = opened.session.expect("a session");
    assert_eq!(session["id"], json!(shown.session_id));
    assert_eq!(session["authentication_factors"][0]["type"], "password");
    assert_eq!(shown.custom_claims, Some(json!({ "tier": 2 })));
    let listed = consumer::sessions::GetJWKSRequest { project_id: id };
    let listed = client
        .sessions
        .get_jwks(listed)
        .await
        .expect("the SDK reads them as well");
    assert_eq!(listed.keys.len(), 1);
}

#[tokio::test]
async fn sessions_are_authenticated_extended_listed_and_revoked() {
    let stage = Stage::consumer().await;
    stage.seed(ADA, None);
    let client = stage.users();
    let opened = client
        .passwords
        .authenticate(consumer::passwords::AuthenticateRequest {
            email: ADA.to_owned(),
            password: password_of(ADA),
            session_duration_minutes: Some(5),
            ..Default::default()
        })
        .await
        .expect("the seeded password opens");
    let by = |token: Option<&str>, jwt: Option<&str>, minutes| {
        client
            .sessions
            .authenticate(consumer::sessions::AuthenticateRequest {
                session_token: token.map(str::to_owned),
                session_jwt: jwt.map(str::to_owned),
                session_duration_minutes: minutes,
                ..Default::default()
            })
    };
    let (token, jwt) = (opened.session_token.as_str(), opened.session_jwt.as_str());
    let first = opened.session.expect("a session");
    let same = by(Some(token), None, None).await.expect("it lives");
    assert_eq!(same.session.expires_at, first.expires_at);
    assert_eq!(same.session_token, token);
    let longer = by(None, Some(jwt), Some(60)).await.expect("it lives");
    assert!(longer.session.expires_at > first.expires_at);
    assert_eq!(
        told(by(Some(token), Some(jwt), None).await),
        is(400, "too_many_session_arguments")
    );
    assert_eq!(
        told(by(None, None, None).await),
        is(400, "no_session_arguments")
    );
    assert_eq!(
        told(by(Some("short"), None, None).await),
        is(400, "invalid_session_token")
    );
    let made_up = "WJtR5BCy38Szd5AfoDpf0iqFKEt4EE5JhjlWUY7l3FtY";
    assert_eq!(
        told(by(Some(made_up), None, None).await),
        is(404, "session_not_found")
    );
    let forged = format!("{}x", &jwt[..jwt.len() - 1]);
    assert_eq!(
        told(by(None, Some(&forged), None).await),
        is(401, "unable_to_parse_session_jwt")
    );
    let short = by(Some(token), None, Some(4)).await;
    assert_eq!(told(short), is(400, "invalid_session_duration_minutes"));

    let whose = || consumer::sessions::GetRequest {
        user_id: opened.user_id.clone(),
    };
    assert_eq!(
        client
            .sessions
            .get(whose())
            .await
            .expect("listed")
            .sessions
            .len(),
        1
    );
    client
        .sessions
        .revoke(consumer::sessions::RevokeRequest {
            session_id: Some(first.session_id),
            ..Default::default()
        })
        .await
        .expect("it is revoked");
    assert_eq!(
        told(by(Some(token), None, None).await),
        is(404, "session_not_found")
    );
    assert_eq!(
        told(by(None, Some(jwt), None).await),
        is(404, "session_not_found")
    );
    assert!(
        client
            .sessions
            .get(whose())
            .await
            .expect("listed")
            .sessions
            .is_empty()
    );
    let calls = stage.face.project().ledger().calls.clone();
    assert_eq!(
        calls[&(Endpoint::Authenticate, 400)],
        4,
        "refusals by form are counted too"
    );
}

#[tokio::test]
async fn migrating_asks_userinfo_for_real() {
    let stage = Stage::consumer().await;
    let ada = stage.seed(ADA, None);
    let client = stage.users();
    let migrate = |token: &str| {
        client.sessions.migrate(consumer::sessions::MigrateRequest {
            session_token: token.to_owned(),
            session_duration_minutes: Some(60),
            ..Default::default()
        })
    };
    let migrated = migrate("ada").await.expect("it is migrated");
    assert_eq!(migrated.user_id, stage.face.person_id(ada));
    let factors = migrated.session.expect("a session").authentication_factors;
    assert!(matches!(
        factors[0].type_,
        consumer::sessions::AuthenticationFactorType::Imported
    ));
    let unknown = "migrate_from_external_email_does_not_exist";
    let unexpected = "migrate_from_external_unexpected_response";
    for (token, error_type) in [
        ("eve", unknown),
        ("silent", unknown),
        ("mangled", unexpected),
        ("moved", unexpected),
        ("expired", unexpected),
    ] {
        assert_eq!(told(migrate(token).await), is(400, error_type), "{token}");
    }
    assert_eq!(stage.session_calls(), 6);
    assert_eq!(stage.face.project().ledger().migrated, 1);
}

#[tokio::test]
async fn a_harness_tells_the_time_and_userinfo_is_told_it_too() {
    let stage = Stage::set(Settings::default(), TimeSource::Harness).await;
    stage.seed(ADA, None);
    let at = Timestamp::from_secs(1_772_409_600);
    let config = stage.face.config();
    let send = |stamp: Option<String>| {
        let request = stage
            .http
            .post(format!("{}/v1/sessions/migrate", stage.base))
            .basic_auth(&config.project_id, Some(&config.secret))
            .body(r#"{"session_token": "ada", "session_duration_minutes": 60}"#);
        match stamp {
            Some(stamp) => request.header(STAMP, stamp),
            None => request,
        }
    };
    let stamp = format!("at={}; luck=5; address=1; pace=lapse", at.as_micros());
    let answer = send(Some(stamp)).send().await.expect("an answer");
    assert_eq!(
        answer.headers()[TOOK],
        "90000",
        "its own 20 ms and the 70 ms of UserInfo"
    );
    let body: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    assert_eq!(body["session"]["started_at"], "2026-03-02T00:00:00.08Z");
    assert_eq!(body["session"]["expires_at"], "2026-03-02T01:00:00.08Z");
    let answer = send(None).send().await.expect("an answer");
    assert_eq!(
        answer.status(),
        StatusCode::BAD_REQUEST,
        "no stamp, no call"
    );
}

#[tokio::test]
async fn links_codes_and_resets_go_through_the_mailbox() {
    let stage = Stage::consumer().await;
    let client = stage.users();
    let sent = client
        .magic_links
        .email
        .login_or_create(consumer::magic_links_email::LoginOrCreateRequest {
            email: ADA.to_owned(),
            signup_magic_link_url: Some("https://app.example/in".to_owned()),
            ..Default::default()
        })
        .await
        .expect("it is mailed");
    assert!(sent.user_created);
    let mail = stage
        .http
        .get(format!("{}/_cutover/mail?to={ADA}", stage.base))
        .send()
        .await;
    let mail: Value = serde_json::from_str(&mail.expect("an answer").text().await.expect("a body"))
        .expect("JSON");
    let token = stage.mailed("magic_link", ADA);
    assert_eq!(
        mail["messages"][0]["link"],
        json!(format!(
            "https://app.example/in?stytch_token_type=magic_links&token={token}"
        ))
    );
    let follow = |token: &str| {
        client
            .magic_links
            .authenticate(consumer::magic_links::AuthenticateRequest {
                token: token.to_owned(),
                session_duration_minutes: Some(60),
                ..Default::default()
            })
    };
    let entered = follow(&token).await.expect("the link opens");
    assert_eq!(entered.method_id, sent.email_id);
    assert!(entered.user.emails[0].verified);
    assert_eq!(
        told(follow(&token).await),
        is(401, "unable_to_auth_magic_link")
    );
    assert_eq!(
        told(follow("nonsense").await),
        is(404, "magic_link_not_found")
    );

    let start = || consumer::passwords_email::ResetStartRequest {
        email: ADA.to_owned(),
        ..Default::default()
    };
    client
        .passwords
        .email
        .reset_start(start())
        .await
        .expect("it is mailed");
    let reset = client
        .passwords
        .email
        .reset(consumer::passwords_email::ResetRequest {
            token: stage.mailed("reset", ADA),
            password: "a new one".to_owned(),
            session_duration_minutes: Some(60),
            ..Default::default()
        })
        .await
        .expect("the password is set");
    assert!(reset.session.is_some());
    let old = stage.face.project().ledger().revoked;
    assert_eq!(old, 1, "the session of the link has ended");
    let log_in = consumer::passwords::AuthenticateRequest {
        email: ADA.to_owned(),
        password: "a new one".to_owned(),
        ..Default::default()
    };
    client
        .passwords
        .authenticate(log_in)
        .await
        .expect("the new password opens");
    let nobody = consumer::passwords_email::ResetStartRequest {
        email: "eve@home.example".to_owned(),
        ..Default::default()
    };
    let nobody = client.passwords.email.reset_start(nobody).await;
    assert_eq!(told(nobody), is(404, "email_not_found"));
}

#[tokio::test]
async fn a_mailed_code_logs_in_once() {
    let stage = Stage::consumer().await;
    let client = stage.users();
    let sent = client
        .otps
        .email
        .login_or_create(consumer::otp_email::LoginOrCreateRequest {
            email: ADA.to_owned(),
            ..Default::default()
        })
        .await
        .expect("it is mailed");
    let code = stage.mailed("code", ADA);
    assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()));
    let type_in = |code: String| {
        client
            .otps
            .authenticate(consumer::otp::AuthenticateRequest {
                method_id: sent.email_id.clone(),
                code,
                session_duration_minutes: Some(60),
                ..Default::default()
            })
    };
    let other = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(
        told(type_in(other.to_owned()).await),
        is(404, "otp_code_not_found")
    );
    let entered = type_in(code.clone()).await.expect("the code opens");
    assert!(entered.session.is_some());
    assert_eq!(
        told(type_in(code).await),
        is(401, "unable_to_auth_otp_code")
    );
}

#[tokio::test]
async fn oauth_goes_by_way_of_the_browser() {
    let stage = Stage::consumer().await;
    let public = &stage.face.config().public_token;
    let start = |token: &str| {
        let query = format!(
            "public_token={token}&login_redirect_url=https://app.example/in&login_hint={ADA}"
        );
        stage
            .http
            .get(format!(
                "{}/v1/public/oauth/google/start?{query}",
                stage.base
            ))
            .send()
    };
    let refused = start("public-token-test-wrong").await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let redirect = start(public).await.expect("an answer");
    assert_eq!(redirect.status(), StatusCode::FOUND);
    assert_eq!(redirect.headers()["cutover-created"], "true");
    let location = redirect.headers()[header::LOCATION]
        .to_str()
        .expect("text")
        .to_owned();
    let token = location
        .strip_prefix("https://app.example/in?stytch_token_type=oauth&token=")
        .expect("back at the application");
    let finish = |token: &str| {
        let client = stage.users();
        let request = consumer::oauth::AuthenticateRequest {
            token: token.to_owned(),
            session_duration_minutes: Some(60),
            ..Default::default()
        };
        async move { client.oauth.authenticate(request).await }
    };
    let entered = finish(token).await.expect("the token opens");
    assert_eq!(entered.provider_type, "Google");
    assert_eq!(entered.user.providers.len(), 1);
    assert!(entered.user_session.is_some());
    assert_eq!(told(finish(token).await), is(400, "oauth_token_not_found"));
}

#[tokio::test]
async fn strangers_lost_routes_and_bad_bodies_are_told_so() {
    let stage = Stage::consumer().await;
    let transport = stage.transport("wrong", stytch::client::Vertical::Consumer);
    let stranger = consumer::client::Client::new_with_http_client(transport.clone(), transport);
    let refused = stranger
        .users
        .search(consumer::users::SearchRequest::default())
        .await;
    assert_eq!(told(refused), is(401, "unauthorized_credentials"));
    let (status, body) = stage.raw("/v1/nowhere", &json!({})).await;
    assert_eq!(
        (status.as_u16(), &body["error_type"]),
        (404, &json!("route_not_found"))
    );
    let (status, body) = stage.raw("/v1/b2b/sessions/migrate", &json!({})).await;
    assert_eq!(
        (status.as_u16(), &body["error_type"]),
        (400, &json!("invalid_b2b_endpoint"))
    );
    for (body, error_type) in [
        (json!([]), "bad_request"),
        (json!({ "email": 5, "password": "x" }), "bad_request"),
        (json!({ "email": "ada", "password": "x" }), "invalid_email"),
        (json!({ "email": ADA }), "bad_request"),
        (
            json!({ "email": ADA, "password": "x", "session_token": "y" }),
            "bad_request",
        ),
    ] {
        let (status, told) = stage.raw("/v1/passwords/authenticate", &body).await;
        assert_eq!(
            (status.as_u16(), &told["error_type"]),
            (400, &json!(error_type)),
            "{body}"
        );
        for field in ["status_code", "request_id", "error_message", "error_url"] {
            assert!(!told[field].is_null(), "{field}");
        }
    }
}

#[tokio::test]
async fn faults_reach_the_wire() {
    let always = |endpoint, kind| Fault {
        from: Timestamp::from_secs(0),
        until: Timestamp::NEVER,
        endpoint: Some(endpoint),
        share: Share::ONE,
        kind,
    };
    let faults = FaultPlan::new(vec![
        always(Endpoint::Authenticate, FaultKind::Status(503)),
        always(Endpoint::Revoke, FaultKind::Dropped),
        always(Endpoint::Password, FaultKind::Html(502)),
        always(Endpoint::Records, FaultKind::Malformed),
        always(Endpoint::Jwks, FaultKind::Truncated),
    ]);
    let stage = Stage::set(
        Settings {
            faults,
            ..Settings::default()
        },
        WALL,
    )
    .await;
    stage.seed(ADA, None);
    let (status, body) = stage.raw("/v1/sessions/authenticate", &json!({})).await;
    assert_eq!(
        (status.as_u16(), &body["error_type"]),
        (503, &json!("internal_server_error"))
    );
    let config = stage.face.config();
    let post = |path: &str, body: &'static str| {
        stage
            .http
            .post(format!("{}{path}", stage.base))
            .basic_auth(&config.project_id, Some(&config.secret))
            .body(body)
            .send()
    };
    assert!(
        post("/v1/sessions/revoke", "{}").await.is_err(),
        "the connection closes"
    );
    let page = post("/v1/passwords/authenticate", "{}")
        .await
        .expect("a page");
    assert_eq!(page.status(), StatusCode::BAD_GATEWAY);
    assert!(page.text().await.expect("a body").starts_with("<html>"));
    let mangled = post("/v1/users/search", "{}").await.expect("an answer");
    assert!(serde_json::from_str::<Value>(&mangled.text().await.expect("a body")).is_err());
    let keys = format!("{}/v1/sessions/jwks/{}", stage.base, config.project_id);
    let cut = stage.http.get(keys).send().await.expect("a head");
    assert!(cut.text().await.is_err(), "the body ends too early");
}

#[tokio::test]
async fn organizations_and_members_live_through_the_official_client() {
    let stage = Stage::b2b().await;
    let client = stage.members();
    let organizations = &client.organizations;
    let created = organizations
        .create(b2b::organizations::CreateRequest {
            organization_name: "Acme".to_owned(),
            organization_slug: Some("acme".to_owned()),
            organization_external_id: Some("org_legacy_1".to_owned()),
            ..Default::default()
        })
        .await
        .expect("it is created");
    let id = created.organization.organization_id.clone();
    for name in [id.as_str(), "acme", "org_legacy_1"] {
        let request = b2b::organizations::GetRequest {
            organization_id: name.to_owned(),
        };
        let found = organizations.get(request).await.expect("found");
        assert_eq!(found.organization.organization_id, id, "{name}");
    }
    let again = b2b::organizations::CreateRequest {
        organization_name: "Acme 2".to_owned(),
        organization_slug: Some("acme".to_owned()),
        ..Default::default()
    };
    let again = organizations.create(again).await;
    assert_eq!(told(again), is(400, "organization_slug_already_used"));

    let member = organizations
        .members
        .create(b2b::organizations_members::CreateRequest {
            organization_id: "acme".to_owned(),
            email_address: ADA.to_owned(),
            name: Some("Ada".to_owned()),
            external_id: Some("auth0|1".to_owned()),
            ..Default::default()
        })
        .await
        .expect("it is created");
    assert_eq!(
        (
            member.member.name.as_str(),
            member.organization.organization_slug.as_str()
        ),
        ("Ada", "acme")
    );
    let by_address = b2b::organizations_members::GetRequest {
        organization_id: id.clone(),
        email_address: Some("ADA@home.example".to_owned()),
        ..Default::default()
    };
    let found = organizations.members.get(by_address).await.expect("found");
    assert_eq!(found.member_id, member.member_id);
    let changed = b2b::organizations_members::UpdateRequest {
        organization_id: id.clone(),
        member_id: "auth0|1".to_owned(),
        mfa_enrolled: Some(true),
        ..Default::default()
    };
    assert!(
        organizations
            .members
            .update(changed)
            .await
            .expect("changed")
            .member
            .mfa_enrolled
    );
    let search = b2b::organizations_members::SearchRequest {
        organization_ids: vec!["acme".to_owned()],
        ..Default::default()
    };
    let found = organizations
        .members
        .search(search)
        .await
        .expect("searched");
    assert_eq!(found.members.len(), 1);
    assert!(found.organizations.contains_key(&id));
    let all = organizations
        .search(b2b::organizations::SearchRequest::default())
        .await
        .expect("searched");
    assert_eq!(all.results_metadata.total, 1);

    let delete = b2b::organizations::DeleteRequest {
        organization_id: id.clone(),
    };
    organizations.delete(delete).await.expect("it is deleted");
    let gone = b2b::organizations::GetRequest {
        organization_id: "acme".to_owned(),
    };
    assert_eq!(
        told(organizations.get(gone).await),
        is(404, "organization_not_found")
    );
    assert_eq!(stage.face.project().user_count(), 0);
}

#[tokio::test]
async fn a_member_session_migrates_exchanges_and_ends() {
    let stage = Stage::b2b().await;
    let (one, two) = {
        let mut project = stage.face.project();
        (
            project.seed_org(SeedOrg::default()),
            project.seed_org(SeedOrg::default()),
        )
    };
    let ada = stage.seed(ADA, Some(one));
    stage.seed(ADA, Some(two));
    let client = stage.members();
    let migrate = |org: &str| {
        client.sessions.migrate(b2b::sessions::MigrateRequest {
            session_token: "ada".to_owned(),
            organization_id: org.to_owned(),
            ..Default::default()
        })
    };
    let migrated = migrate("org-0").await.expect("it is migrated");
    assert_eq!(migrated.member_id, stage.face.person_id(ada));
    let session = migrated.member_session.expect("sixty minutes by default");
    assert_eq!((session.expires_at - session.started_at).num_minutes(), 60);
    assert_eq!(session.organization_slug, "org-0");
    assert_eq!(
        told(migrate("nowhere").await),
        is(404, "organization_not_found")
    );

    let id = stage.face.config().project_id.clone();
    let keys = b2b::sessions::GetJWKSRequest {
        project_id: id.clone(),
    };
    let keys = client
        .sessions
        .get_jwks(keys)
        .await
        .expect("published")
        .keys;
    let keys = serde_json::to_value(keys).expect("JSON");
    let claims = verify(&migrated.session_jwt, &keys, &id);
    assert_eq!(claims["https://stytch.com/organization"]["slug"], "org-0");
    assert_eq!(claims["sub"], json!(migrated.member_id));
    assert!(claims["exp"].as_i64().expect("a number") > unix_now());

    let exchanged = client
        .sessions
        .exchange(b2b::sessions::ExchangeRequest {
            organization_id: stage.face.organization_id(two),
            session_token: Some(migrated.session_token.clone()),
            ..Default::default()
        })
        .await
        .expect("a member there as well");
    assert!(exchanged.member_authenticated);
    assert_eq!(exchanged.organization.organization_slug, "org-1");
    let everything = b2b::sessions::RevokeRequest {
        member_id: Some(migrated.member_id.clone()),
        ..Default::default()
    };
    client.sessions.revoke(everything).await.expect("they end");
    let check = b2b::sessions::AuthenticateRequest {
        session_token: Some(migrated.session_token),
        ..Default::default()
    };
    let check = client.sessions.authenticate(check).await;
    assert_eq!(told(check), is(404, "session_not_found"));
    let other = b2b::sessions::AuthenticateRequest {
        session_jwt: Some(exchanged.session_jwt),
        ..Default::default()
    };
    client
        .sessions
        .authenticate(other)
        .await
        .expect("the other one lives");
}

#[tokio::test]
async fn a_second_factor_is_texted_and_typed() {
    let stage = Stage::b2b().await;
    let strict = stage
        .face
        .project()
        .seed_org(SeedOrg { mfa_required: true });
    stage.seed(ADA, Some(strict));
    let client = stage.members();
    let organization_id = stage.face.organization_id(strict);
    let halfway = client
        .passwords
        .authenticate(b2b::passwords::AuthenticateRequest {
            organization_id: organization_id.clone(),
            email_address: ADA.to_owned(),
            password: password_of(ADA),
            ..Default::default()
        })
        .await
        .expect("the first factor is right");
    assert!(!halfway.member_authenticated && halfway.mfa_required.is_some());
    assert_eq!(halfway.session_token, "");
    let send = b2b::otp_sms::SendRequest {
        organization_id: organization_id.clone(),
        member_id: halfway.member_id.clone(),
        mfa_phone_number: Some("+12025550123".to_owned()),
        intermediate_session_token: Some(halfway.intermediate_session_token.clone()),
        ..Default::default()
    };
    client.otps.sms.send(send).await.expect("it is texted");
    let type_in = |code: String| {
        client
            .otps
            .sms
            .authenticate(b2b::otp_sms::AuthenticateRequest {
                organization_id: organization_id.clone(),
                member_id: halfway.member_id.clone(),
                code,
                intermediate_session_token: Some(halfway.intermediate_session_token.clone()),
                ..Default::default()
            })
    };
    let code = stage.mailed("sms", ADA);
    let entered = type_in(code.clone()).await.expect("the code opens");
    assert_eq!(
        entered
            .member_session
            .expect("a session")
            .authentication_factors
            .len(),
        2
    );
    assert_eq!(
        told(type_in(code).await),
        is(404, "intermediate_session_not_found")
    );
    let counted = stage
        .face
        .project()
        .ledger()
        .calls_to(Endpoint::SecondFactor);
    assert_eq!(counted, 2, "the text alone is no call");
}

#[tokio::test]
async fn members_log_in_by_link_password_and_discovery() {
    let stage = Stage::b2b().await;
    let org = stage.face.project().seed_org(SeedOrg::default());
    let organization_id = stage.face.organization_id(org);
    let client = stage.members();
    let sent = client
        .magic_links
        .email
        .login_or_signup(b2b::magic_links_email::LoginOrSignupRequest {
            organization_id: organization_id.clone(),
            email_address: ADA.to_owned(),
            ..Default::default()
        })
        .await
        .expect("it is mailed");
    assert!(sent.member_created);
    assert_eq!(sent.member.status, "pending");
    let entered = client
        .magic_links
        .authenticate(b2b::magic_links::AuthenticateRequest {
            magic_links_token: stage.mailed("magic_link", ADA),
            ..Default::default()
        })
        .await
        .expect("the link opens");
    assert_eq!(entered.member.status, "active");

    client
        .passwords
        .migrate(b2b::passwords::MigrateRequest {
            email_address: ADA.to_owned(),
            organization_id: organization_id.clone(),
            hash: "5f4dcc3b5aa765d61d8327deb882cf99".to_owned(),
            hash_type: b2b::passwords::MigrateRequestHashType::Md5,
            ..Default::default()
        })
        .await
        .expect("imported");
    let log_in = b2b::passwords::AuthenticateRequest {
        organization_id: organization_id.clone(),
        email_address: ADA.to_owned(),
        password: "password".to_owned(),
        ..Default::default()
    };
    client
        .passwords
        .authenticate(log_in)
        .await
        .expect("the imported password opens");

    let send = b2b::magic_links_email_discovery::SendRequest {
        email_address: ADA.to_owned(),
        ..Default::default()
    };
    client
        .magic_links
        .email
        .discovery
        .send(send)
        .await
        .expect("it is mailed");
    let shown = client
        .magic_links
        .discovery
        .authenticate(b2b::magic_links_discovery::AuthenticateRequest {
            discovery_magic_links_token: stage.mailed("discovery", ADA),
            ..Default::default()
        })
        .await
        .expect("the address is shown");
    assert_eq!(shown.discovered_organizations.len(), 1);
    let chosen = client
        .discovery
        .intermediate_sessions
        .exchange(b2b::discovery_intermediate_sessions::ExchangeRequest {
            intermediate_session_token: shown.intermediate_session_token,
            organization_id,
            ..Default::default()
        })
        .await
        .expect("the organization is entered");
    assert!(chosen.member_authenticated && chosen.member_session.is_some());
}

#[tokio::test]
async fn a_member_signs_up_in_one_request() {
    let stage = Stage::b2b().await;
    let org = stage.face.project().seed_org(SeedOrg::default());
    let body = json!({
        "organization_id": stage.face.organization_id(org),
        "email_address": ADA, "password": "mine",
    });
    let (status, entered) = stage.raw("/v1/b2b/passwords", &body).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        entered["session_token"]
            .as_str()
            .is_some_and(|token| token.len() == 44)
    );
    let (status, twice) = stage.raw("/v1/b2b/passwords", &body).await;
    assert_eq!(
        (status.as_u16(), &twice["error_type"]),
        (400, &json!("duplicate_member_email"))
    );
    let (_, again) = stage.raw("/v1/b2b/passwords/authenticate", &body).await;
    assert_eq!(again["member_authenticated"], json!(true));
    let (_, lost) = stage.raw("/v1/users", &json!({})).await;
    assert_eq!(lost["error_type"], json!("invalid_consumer_endpoint"));
    let (_, lost) = stage.raw("/v1/b2b/nowhere", &json!({})).await;
    assert_eq!(lost["error_type"], json!("route_not_found"));
    assert_eq!(
        stage.face.project().find_user(Email::lower(0), Some(org)),
        None
    );
}

#[tokio::test]
async fn members_come_by_oauth_and_change_their_passwords() {
    let stage = Stage::b2b().await;
    let org = stage.face.project().seed_org(SeedOrg::default());
    stage.seed(ADA, Some(org));
    let organization_id = stage.face.organization_id(org);
    let client = stage.members();
    let config = stage.face.config();
    let query = format!(
        "public_token={}&slug=org-0&login_hint={ADA}",
        config.public_token
    );
    let start = format!("{}/v1/b2b/public/oauth/github/start?{query}", stage.base);
    let redirect = stage.http.get(start).send().await.expect("an answer");
    assert_eq!(redirect.headers()["cutover-created"], "false");
    let location = redirect.headers()[header::LOCATION].to_str().expect("text");
    let token = location.rsplit_once("token=").expect("a token").1;
    let entered = client
        .oauth
        .authenticate(b2b::oauth::AuthenticateRequest {
            oauth_token: token.to_owned(),
            ..Default::default()
        })
        .await
        .expect("the token opens");
    assert_eq!(entered.provider_type, "Github");
    assert_eq!(entered.member.oauth_registrations.len(), 1);

    let replace = b2b::passwords_existing_password::ResetRequest {
        email_address: ADA.to_owned(),
        existing_password: password_of(ADA),
        new_password: "second".to_owned(),
        organization_id: organization_id.clone(),
        ..Default::default()
    };
    client
        .passwords
        .existing_password
        .reset(replace)
        .await
        .expect("it is replaced");
    let gone = b2b::sessions::AuthenticateRequest {
        session_token: Some(entered.session_token),
        ..Default::default()
    };
    assert_eq!(
        told(client.sessions.authenticate(gone).await),
        is(404, "session_not_found")
    );
    let start = b2b::passwords_email::ResetStartRequest {
        organization_id: organization_id.clone(),
        email_address: ADA.to_owned(),
        ..Default::default()
    };
    client
        .passwords
        .email
        .reset_start(start)
        .await
        .expect("it is mailed");
    let reset = |token: String| {
        client
            .passwords
            .email
            .reset(b2b::passwords_email::ResetRequest {
                password_reset_token: token,
                password: "third".to_owned(),
                ..Default::default()
            })
    };
    let token = stage.mailed("reset", ADA);
    assert!(
        reset(token.clone())
            .await
            .expect("it is set")
            .member_session
            .is_some()
    );
    assert_eq!(
        told(reset(token).await),
        is(401, "unable_to_auth_password_reset_token")
    );
    let log_in = |password: &str| {
        client
            .passwords
            .authenticate(b2b::passwords::AuthenticateRequest {
                organization_id: organization_id.clone(),
                email_address: ADA.to_owned(),
                password: password.to_owned(),
                ..Default::default()
            })
    };
    for old in [password_of(ADA).as_str(), "second"] {
        assert_eq!(told(log_in(old).await), is(401, "unauthorized_credentials"));
    }
    log_in("third").await.expect("the newest one opens");
}
