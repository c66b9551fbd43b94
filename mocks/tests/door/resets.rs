//! After a reset nothing that was issued before it opens anything, though numbers begin anew.

use cutover_mocks::http::stamp::wall_now;
use cutover_mocks::stytch::Vertical;
use reqwest::Response;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use serde_json::{Value, json};

use super::admin::Test;

/// Where a login leads back to.
const BACK: &str = "http://localhost/back";

/// Everything that can be issued to one person, none of it used.
struct Issued {
    opaque: String,
    jwt: String,
    refresh: String,
    transaction: String,
    code: String,
    cookie: String,
    ticket: String,
    session: String,
    session_jwt: String,
    link: String,
    method: String,
    digits: String,
    impersonation: String,
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value}"))
        .to_owned()
}

/// A parameter of the address that an answer leads to.
fn led_to(answer: &Response, name: &str) -> Option<String> {
    let to = answer.headers().get(LOCATION)?.to_str().unwrap();
    let query = to.split_once('?')?.1;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

impl Test {
    fn tenant(&self, path: &str) -> String {
        format!("http://{}{path}", self.scene.auth0())
    }

    async fn form(&self, path: &str, form: &[(&str, &str)]) -> Response {
        let pairs = form.iter().map(|(key, value)| format!("{key}={value}"));
        let body = pairs.collect::<Vec<_>>().join("&");
        let call = self.client.post(self.tenant(path));
        let call = call.header("content-type", "application/x-www-form-urlencoded");
        call.body(body).send().await.unwrap()
    }

    async fn token(&self, form: &[(&str, &str)]) -> Option<Value> {
        let application = [
            ("client_id", "cutover-client"),
            ("client_secret", "cutover-client-secret"),
        ];
        let answer = self
            .form("/oauth/token", &[&application, form].concat())
            .await;
        let served = answer.status() == 200;
        let body = answer.text().await.unwrap();
        served.then(|| serde_json::from_str(&body).unwrap())
    }

    async fn authorize(&self, more: &str, cookie: &str) -> Response {
        let query = format!(
            "client_id=cutover-client&response_type=code&redirect_uri={BACK}&scope=openid{more}"
        );
        let call = self.client.get(self.tenant(&format!("/authorize?{query}")));
        call.header(COOKIE, cookie).send().await.unwrap()
    }

    async fn newest_mail(&self, to: &str) -> String {
        let mail = self.get(&format!("/mail?to={to}")).await;
        text(&mail["messages"][0]["token"])
    }

    async fn served(&self, path: &str, body: Value) -> Option<Value> {
        let (status, body) = self.stytch(path, body).await;
        (status == 200).then_some(body)
    }

    /// Seeds somebody and issues everything to them.
    async fn issue(&self, email: &str) -> Issued {
        let password = format!("password-for-{email}");
        self.put("/limits", json!({"auth0": {}, "stytch": {}}))
            .await;
        self.post("/people", json!({"people": [{"email": email}]}))
            .await;
        let at_auth0 = json!({"provider": "auth0", "emails": [email]});
        let at_auth0 = &self.post("/sessions", at_auth0).await["sessions"][0];
        let at_stytch = json!({"provider": "stytch", "emails": [email]});
        let at_stytch = &self.post("/sessions", at_stytch).await["sessions"][0];
        let grant = [
            ("grant_type", "password"),
            ("scope", "openid"),
            ("username", email),
            ("password", &password),
        ];
        let opaque = self.token(&grant).await.unwrap();
        let open = self.authorize("", "").await;
        let begun = self.authorize("", "").await;
        let state = led_to(&begun, "state").unwrap();
        let login = [
            ("state", state.as_str()),
            ("username", email),
            ("password", &password),
        ];
        let back = self.form("/u/login", &login).await;
        let cookie = back.headers()[SET_COOKIE].to_str().unwrap();
        let forgotten = json!({"client_id": "cutover-client", "email": email, "connection": "Username-Password-Authentication"});
        let call = self
            .client
            .post(self.tenant("/dbconnections/change_password"));
        let call = call.header("content-type", "application/json");
        let sent = call.body(forgotten.to_string()).send().await.unwrap();
        assert_eq!(sent.status(), 200);
        let ticket = self.newest_mail(email).await;
        let sent = self
            .served("/v1/magic_links/email/send", json!({"email": email}))
            .await;
        let link = self.newest_mail(email).await;
        let user = text(&sent.unwrap()["user_id"]);
        let sent = self
            .served("/v1/otps/email/send", json!({"email": email}))
            .await;
        let impersonation = self.post("/impersonations", json!({"person": user})).await;
        Issued {
            opaque: text(&opaque["access_token"]),
            jwt: text(&at_auth0["access_token"]),
            refresh: text(&at_auth0["refresh_token"]),
            transaction: led_to(&open, "state").unwrap(),
            code: led_to(&back, "code").unwrap(),
            cookie: cookie.split(';').next().unwrap().to_owned(),
            ticket,
            session: text(&at_stytch["session_token"]),
            session_jwt: text(&at_stytch["session_jwt"]),
            link,
            method: text(&sent.unwrap()["email_id"]),
            digits: self.newest_mail(email).await,
            impersonation: text(&impersonation["impersonation_token"]),
        }
    }

    /// What of it opens something.
    async fn open(&self, issued: &Issued) -> Vec<&'static str> {
        let page = async |path: String| {
            let answer = self.client.get(self.tenant(&path)).send().await.unwrap();
            answer.status() == 200
        };
        let silent = self.authorize("&prompt=none", &issued.cookie).await;
        let tries = [
            ("opaque", self.userinfo(&issued.opaque).await.0 == 200),
            ("jwt", self.userinfo(&issued.jwt).await.0 == 200),
            (
                "transaction",
                page(format!("/u/login?state={}", issued.transaction)).await,
            ),
            (
                "ticket",
                page(format!("/u/reset-verify?ticket={}", issued.ticket)).await,
            ),
            ("cookie", led_to(&silent, "code").is_some()),
            (
                "refresh",
                self.token(&[
                    ("grant_type", "refresh_token"),
                    ("refresh_token", &issued.refresh),
                ])
                .await
                .is_some(),
            ),
            (
                "code",
                self.token(&[
                    ("grant_type", "authorization_code"),
                    ("code", &issued.code),
                    ("redirect_uri", BACK),
                ])
                .await
                .is_some(),
            ),
        ];
        let asked = [
            (
                "session",
                "/v1/sessions/authenticate",
                json!({"session_token": issued.session}),
            ),
            (
                "session_jwt",
                "/v1/sessions/authenticate",
                json!({"session_jwt": issued.session_jwt}),
            ),
            (
                "link",
                "/v1/magic_links/authenticate",
                json!({"token": issued.link}),
            ),
            (
                "digits",
                "/v1/otps/authenticate",
                json!({"method_id": issued.method, "code": issued.digits}),
            ),
            (
                "impersonation",
                "/v1/impersonation/authenticate",
                json!({"impersonation_token": issued.impersonation}),
            ),
        ];
        let mut open: Vec<&str> = tries
            .into_iter()
            .filter_map(|(name, opens)| opens.then_some(name))
            .collect();
        for (name, path, body) in asked {
            if self.served(path, body).await.is_some() {
                open.push(name);
            }
        }
        open
    }
}

const EVERYTHING: [&str; 12] = [
    "opaque",
    "jwt",
    "transaction",
    "ticket",
    "cookie",
    "refresh",
    "code",
    "session",
    "session_jwt",
    "link",
    "digits",
    "impersonation",
];

#[tokio::test]
async fn what_was_issued_before_a_reset_opens_nothing_after_it() {
    let test = Test::new().await;
    let mut before = Vec::new();
    // Whoever is seeded first after a reset has the same numbers each time.
    for who in ["ada", "bob", "cyd"] {
        let issued = test.issue(&format!("{who}@home.example")).await;
        for earlier in &before {
            assert_eq!(test.open(earlier).await, [""; 0], "shown to {who}'s mocks");
        }
        before.push(issued);
        test.post("/reset", json!({})).await;
    }
    let last = test.issue("dan@home.example").await;
    for earlier in &before {
        assert_eq!(test.open(earlier).await, [""; 0]);
    }
    assert_eq!(test.open(&last).await, EVERYTHING);
}

#[tokio::test]
async fn the_same_seeds_get_the_same_ids_after_a_reset() {
    let test = Test::new().await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        let people = json!({"people": [{"email": "ada@home.example"}]});
        test.post("/people", people).await;
        seen.push(test.get("/people?email=ada@home.example").await);
        test.post("/reset", json!({})).await;
    }
    assert_eq!(seen[0], seen[1]);
}

#[tokio::test]
async fn a_providers_page_from_before_a_reset_leads_nowhere_after_it() {
    let test = Test::of(Vertical::B2b).await;
    let connection = async || {
        let org = test
            .stytch(
                "/v1/b2b/organizations",
                json!({"organization_name": "Home"}),
            )
            .await;
        let org = text(&org.1["organization"]["organization_id"]);
        let path = format!("/v1/b2b/sso/oidc/{org}");
        let made = test.stytch(&path, json!({})).await;
        let id = text(&made.1["connection"]["connection_id"]);
        let rest = json!({"client_id": "a", "client_secret": "b", "issuer": "https://idp.example"});
        let config = test.scene.running.stytch().unwrap().config().clone();
        let url = format!("http://{}{path}/connections/{id}", test.scene.stytch());
        let call = test.client.put(url).body(rest.to_string());
        let call = call.basic_auth(config.project_id, Some(config.secret));
        assert_eq!(call.send().await.unwrap().status(), 200);
        id
    };
    let come = async |id: &str| {
        let token = test
            .scene
            .running
            .stytch()
            .unwrap()
            .config()
            .public_token
            .clone();
        let url = format!(
            "http://{}/v1/b2b/sso/callback/{id}?public_token={token}&email=ada@home.example\
             &login_redirect_url={BACK}",
            test.scene.stytch()
        );
        let answer = test.client.get(url).send().await.unwrap();
        (answer.status().as_u16(), led_to(&answer, "token").is_some())
    };
    let before = connection().await;
    assert_eq!(come(&before).await, (302, true));
    test.post("/reset", json!({})).await;
    let after = connection().await;
    assert_eq!(come(&before).await, (404, false));
    assert_eq!(come(&after).await, (302, true));
}

#[tokio::test]
async fn whoever_reads_the_log_on_after_a_reset_misses_nothing() {
    let test = Test::new().await;
    let read = async |query: &str| {
        let face = test.scene.running.auth0().unwrap();
        let token = face.mint_management_token(wall_now());
        let call = test
            .client
            .get(test.tenant(&format!("/api/v2/logs?{query}")));
        let answer = call.bearer_auth(token).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let events: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        let events = events.as_array().unwrap().iter();
        let ids: Vec<String> = events.map(|event| text(&event["log_id"])).collect();
        ids
    };
    let fail = async || {
        let grant = [
            ("grant_type", "password"),
            ("username", "a"),
            ("password", "b"),
        ];
        assert!(test.token(&grant).await.is_none());
    };
    for _ in 0..3 {
        fail().await;
    }
    let before = read("take=100").await;
    assert_eq!(before.len(), 3);
    test.post("/reset", json!({})).await;
    fail().await;
    let after = read(&format!("from={}&take=100", before[2])).await;
    assert_eq!((after.len(), read("take=100").await), (1, after));
}
