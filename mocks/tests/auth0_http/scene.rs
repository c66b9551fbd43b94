//! A tenant on a socket, and a scripted browser and application in front of it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cutover_mocks::auth0::*;
use cutover_mocks::email::Email;
use cutover_mocks::fault::{Fault, FaultKind, FaultPlan};
use cutover_mocks::http::auth0::Application;
use cutover_mocks::http::servers::Auth0;
use cutover_mocks::http::stamp::{Pace, STAMP, StampHeader};
use cutover_mocks::http::{Config, Running, Servers, TimeSource, password_of};
use cutover_mocks::latency::Latency;
use cutover_mocks::luck::Luck;
use cutover_mocks::share::Share;
use cutover_mocks::time::{Span, Timestamp};
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::time::Duration;

pub(super) const START: Timestamp = Timestamp::from_secs(1_772_409_600);
pub(super) const ADA: &str = "customer-1@people.example";
pub(super) const CALLBACK: &str = "https://app.example/callback";
pub(super) const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-x";

/// A tenant with Ada in it, driven by stamps.
pub(super) struct Scene {
    pub(super) running: Running,
    pub(super) client: Client,
    pub(super) now: Timestamp,
    pub(super) luck: u64,
}

impl Scene {
    pub(super) async fn new(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            tenant_limit: None,
            userinfo_per_user: None,
            latency_default: Latency::fixed(Span::from_millis(40)),
            ..Settings::default()
        };
        change(&mut settings);
        let mut tenant = Tenant::new(settings, START);
        tenant.seed_user(SeedUser {
            email: Email::lower(1),
            connection: Connection::Database,
            verified: true,
            has_password: true,
        });
        let auth0 = Auth0 {
            address: ([127, 0, 0, 1], 0).into(),
            tenant,
            issuer: None,
            application: Application::default(),
        };
        let config = Config {
            auth0: Some(auth0),
            stytch: None,
            time: TimeSource::Harness,
        };
        let running = Servers::start(config).await.unwrap();
        let client = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Self {
            running,
            client,
            now: START,
            luck: 0,
        }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.auth0_url().unwrap())
    }

    pub(super) fn stamp(&mut self) -> String {
        self.luck += 1;
        let stamp = Stamp {
            at: self.now,
            luck: Luck(self.luck).split(0),
            address: Address(1),
        };
        StampHeader {
            stamp,
            pace: Pace::Lapse,
        }
        .to_string()
    }

    pub(super) async fn get(&mut self, path: &str, headers: &[(&str, &str)]) -> Response {
        let mut call = self.client.get(self.url(path)).header(STAMP, self.stamp());
        for (name, value) in headers {
            call = call.header(*name, *value);
        }
        call.send().await.unwrap()
    }

    pub(super) async fn post(
        &mut self,
        path: &str,
        form: &[(&str, &str)],
    ) -> Result<Response, reqwest::Error> {
        let mut body = Url::parse("http://form.invalid").unwrap();
        body.query_pairs_mut().extend_pairs(form);
        let call = self.client.post(self.url(path)).header(STAMP, self.stamp());
        call.header("content-type", "application/x-www-form-urlencoded")
            .body(body.query().unwrap_or_default().to_owned())
            .send()
            .await
    }

    pub(super) async fn json(
        &mut self,
        method: &str,
        path: &str,
        bearer: &str,
        body: Value,
    ) -> Response {
        let method = method.parse().unwrap();
        let call = self
            .client
            .request(method, self.url(path))
            .header(STAMP, self.stamp())
            .bearer_auth(bearer);
        call.header("content-type", "application/json")
            .body(body.to_string())
            .send()
            .await
            .unwrap()
    }

    /// A token for the Management API that may do everything.
    pub(super) fn management_token(&self) -> String {
        let tenant = self.running.auth0().unwrap();
        tenant.mint_management_token(self.now)
    }

    /// Asks the Management API.
    pub(super) async fn manage(&mut self, method: &str, path: &str, sent: Value) -> Response {
        let token = self.management_token();
        let path = format!("/api/v2{path}");
        self.json(method, &path, &token, sent).await
    }

    pub(super) async fn authorize(&mut self, extra: &[(&str, &str)], cookie: &str) -> Response {
        let mut url = Url::parse(&self.url("/authorize")).unwrap();
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", "cutover-client"),
            ("redirect_uri", CALLBACK),
            ("scope", "openid profile email offline_access"),
            ("audience", "https://api.example"),
            ("state", "the application's own"),
            ("nonce", "n-1"),
            (
                "code_challenge",
                &URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER)),
            ),
            ("code_challenge_method", "S256"),
        ]);
        url.query_pairs_mut().extend_pairs(extra);
        let path = format!("{}?{}", url.path(), url.query().unwrap());
        self.get(&path, &[("cookie", cookie)]).await
    }

    /// To the login page, and the `state` in its URL.
    pub(super) async fn page(&mut self, extra: &[(&str, &str)]) -> String {
        let to = location(&self.authorize(extra, "").await);
        to.strip_prefix("/u/login?state=").unwrap().to_owned()
    }

    /// A whole login with a password; the code.
    pub(super) async fn code(&mut self) -> String {
        let state = self.page(&[]).await;
        let answer = self
            .submit(
                &state,
                &[("username", ADA), ("password", &password_of(ADA))],
            )
            .await;
        query(&location(&answer))["code"].clone()
    }

    pub(super) async fn submit(&mut self, state: &str, fields: &[(&str, &str)]) -> Response {
        let fields: Vec<_> = [("state", state)]
            .into_iter()
            .chain(fields.iter().copied())
            .collect();
        self.post("/u/login", &fields).await.unwrap()
    }

    pub(super) async fn exchange(&mut self, code: &str) -> Response {
        let fields = [
            ("grant_type", "authorization_code"),
            ("client_id", "cutover-client"),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        self.post("/oauth/token", &fields).await.unwrap()
    }

    pub(super) async fn log_in(&mut self) -> Value {
        let code = self.code().await;
        body(self.exchange(&code).await).await
    }

    pub(super) async fn refresh(&mut self, token: &str) -> Result<Response, reqwest::Error> {
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", "cutover-client"),
            ("refresh_token", token),
        ];
        self.post("/oauth/token", &fields).await
    }

    pub(super) async fn userinfo(&mut self, token: &str) -> Response {
        self.get(
            "/userinfo",
            &[("authorization", &format!("Bearer {token}"))],
        )
        .await
    }

    pub(super) fn calls(&self, endpoint: Endpoint, status: u16) -> u64 {
        self.running
            .auth0()
            .unwrap()
            .ledger()
            .calls
            .get(&(endpoint, status))
            .copied()
            .unwrap_or(0)
    }
}

pub(super) fn location(answer: &Response) -> String {
    assert_eq!(answer.status(), StatusCode::FOUND);
    answer.headers()["location"].to_str().unwrap().to_owned()
}

pub(super) fn query(url: &str) -> BTreeMap<String, String> {
    Url::parse(url)
        .unwrap()
        .query_pairs()
        .into_owned()
        .collect()
}

pub(super) async fn body(answer: Response) -> Value {
    serde_json::from_str(&answer.text().await.unwrap()).unwrap()
}

pub(super) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field} in {value}"))
}

pub(super) fn cookie(answer: &Response) -> String {
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// Verifies a token as an application does: with the published keys.
pub(super) fn verified(jwks: &Value, token: &str) -> Value {
    let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(jwks.clone()).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(set.find(&kid).unwrap()).unwrap();
    let mut validation = jsonwebtoken::Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    jsonwebtoken::decode::<Value>(token, &key, &validation)
        .unwrap()
        .claims
}

pub(super) fn fault(kind: FaultKind) -> impl FnOnce(&mut Settings) {
    move |settings| {
        let (from, until) = (START + Span::from_secs(10), START + Span::from_secs(20));
        let fault = Fault {
            from,
            until,
            endpoint: Some(Endpoint::Token),
            share: Share::ONE,
            kind,
        };
        settings.faults = FaultPlan::new(vec![fault]);
    }
}
