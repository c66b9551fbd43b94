//! What pages ask below `/sdk/v1`: the public token instead of the secret, a session as authority.

use reqwest::Method;

use crate::stage::*;

pub(crate) const PAGE: &str = "https://app.example";

/// A page of an application, as the SDK asks from it.
pub(crate) struct Page<'a> {
    stage: &'a Stage,
    pub(crate) session: Option<String>,
}

impl<'a> Page<'a> {
    pub(crate) const fn of(stage: &'a Stage) -> Self {
        Self {
            stage,
            session: None,
        }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let public = &self.stage.face.config().public_token;
        let shown = self.session.as_ref().unwrap_or(public);
        let url = format!("{}/sdk/v1{path}", self.stage.base);
        let request = self.stage.http.request(method, url);
        request
            .basic_auth(public, Some(shown))
            .header("origin", PAGE)
            .header("x-sdk-parent-host", PAGE)
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        let request = self.request(method, path).body(body.to_string());
        let answer = request.send().await.expect("an answer");
        let open = &answer.headers()["access-control-allow-origin"];
        assert_eq!(open, PAGE, "every answer can be read, whatever it is");
        let status = answer.status().as_u16();
        let body = answer.text().await.expect("a body");
        (status, serde_json::from_str(&body).expect("JSON"))
    }

    /// The data of an answer that serves.
    pub(crate) async fn get(&self, method: Method, path: &str, body: Value) -> Value {
        let (status, body) = self.ask(method, path, body).await;
        assert_eq!(status, 200, "{path}: {body}");
        body["data"].clone()
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Value {
        self.get(Method::POST, path, body).await
    }

    /// How a request is refused.
    pub(crate) async fn refused(&self, method: Method, path: &str, body: Value) -> (u16, String) {
        let (status, body) = self.ask(method, path, body).await;
        let error_type = body["error_type"].as_str();
        (status, error_type.expect("an error").to_owned())
    }

    /// Keeps the session of an answer, as the SDK does in cookies.
    pub(crate) fn keep(&mut self, data: &Value) {
        let token = data["session_token"].as_str();
        self.session = token.filter(|token| !token.is_empty()).map(str::to_owned);
    }
}

fn sign_up(email: &str) -> Value {
    json!({ "email": email, "password": "Correct-Horse-1", "session_duration_minutes": 60 })
}

#[tokio::test]
async fn a_preflight_lets_the_sdk_send_its_headers() {
    let stage = Stage::consumer().await;
    let url = format!("{}/sdk/v1/sessions/authenticate", stage.base);
    let request = stage
        .http
        .request(Method::OPTIONS, url)
        .header("origin", PAGE)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,x-sdk-client",
        );
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 204);
    let told = |name: &str| answer.headers()[name].to_str().expect("text").to_owned();
    assert_eq!(told("access-control-allow-origin"), PAGE);
    assert_eq!(told("access-control-allow-credentials"), "true");
    assert!(told("access-control-allow-methods").contains("POST"));
    assert_eq!(
        told("access-control-allow-headers"),
        "authorization,x-sdk-client"
    );
    assert_eq!(
        stage
            .face
            .project()
            .ledger()
            .calls_to(Endpoint::Authenticate),
        0
    );
}

#[tokio::test]
async fn pages_of_other_origins_are_told_why_they_are_refused() {
    let origins = Some(vec!["https://other.example".to_owned()]);
    let stage = Stage::in_front(Frontend {
        origins,
        requires_pkce: true,
    })
    .await;
    let path = format!("/projects/bootstrap/{}", stage.face.config().public_token);
    let refused = Page::of(&stage)
        .refused(Method::GET, &path, json!({}))
        .await;
    assert_eq!(refused, is(400, "bad_domain_for_stytch_sdk"));
    // A page can say of itself what it likes; what the browser says of it counts.
    let url = format!("{}/sdk/v1{path}", stage.base);
    let public = &stage.face.config().public_token;
    let lying = |origin: Option<&str>| {
        let request = stage.http.get(&url).basic_auth(public, Some(public));
        let request = request.header("x-sdk-parent-host", "https://other.example");
        let request = match origin {
            Some(origin) => request.header("origin", origin),
            None => request,
        };
        async { request.send().await.expect("an answer") }
    };
    let refused = lying(Some(PAGE)).await;
    assert_eq!(refused.status(), 400);
    let told = refused.headers();
    assert_eq!(told["access-control-allow-origin"], PAGE, "it may read why");
    assert!(!told.contains_key("access-control-allow-credentials"));
    let known = lying(Some("https://other.example")).await;
    assert_eq!(known.headers()["access-control-allow-credentials"], "true");
    assert_eq!(lying(None).await.status(), 200, "no browser, no origin");

    let origins = Some(vec![PAGE.to_owned()]);
    let stage = Stage::in_front(Frontend {
        origins,
        requires_pkce: true,
    })
    .await;
    let told = Page::of(&stage).get(Method::GET, &path, json!({})).await;
    assert_eq!(told["vertical"], "CONSUMER");
    assert_eq!(told["captcha_settings"]["enabled"], false);
    assert_eq!(told["pkce_required_for_email_magic_links"], true);
}

#[tokio::test]
async fn another_projects_public_token_is_refused() {
    let stage = Stage::consumer().await;
    let path = "/projects/bootstrap/public-token-test-00000000-0000-4000-8000-000000000000";
    let refused = Page::of(&stage).refused(Method::GET, path, json!({})).await;
    assert_eq!(refused, is(401, "invalid_public_token_id"));
    let config = stage.face.config();
    let request = stage
        .http
        .post(format!("{}/sdk/v1/passwords", stage.base))
        .basic_auth(&config.project_id, Some(&config.secret));
    let answer = request.send().await.expect("an answer");
    assert_eq!(answer.status(), 401, "a secret has no business in a page");
}

#[tokio::test]
async fn a_page_says_only_what_its_person_may_say() {
    let stage = Stage::consumer().await;
    let mut page = Page::of(&stage);
    let mut wish = sign_up(ADA);
    wish["roles"] = json!(["admin"]);
    wish["external_id"] = json!("chosen");
    wish["session_custom_claims"] = json!({ "admin": true });
    let made = page.post("/passwords", wish).await;
    assert_eq!(made["user"]["external_id"], Value::Null);
    assert_eq!(made["user"]["roles"], json!(["stytch_user"]));
    assert_eq!(made["session"]["custom_claims"], json!({}));
    assert_eq!(
        made["__user"], made["user"],
        "the SDK keeps the user by this name"
    );

    page.keep(&made);
    let update = json!({ "trusted_metadata": { "plan": "pro" } });
    let refused = page.refused(Method::PUT, "/users/me", update).await;
    assert_eq!(refused, is(401, "cannot_update_trusted_metadata"));
    let someone = json!({ "user_id": stage.face.person_id(UserId(7)) });
    let told = page.get(Method::GET, "/users/me", someone).await;
    assert_eq!(
        told["user_id"], made["user_id"],
        "me is whoever holds the session"
    );
}

#[tokio::test]
async fn nobody_takes_away_what_is_anothers() {
    let stage = Stage::consumer().await;
    let bob = Page::of(&stage)
        .post("/passwords", sign_up("bob@home.example"))
        .await;
    let mut page = Page::of(&stage);
    let made = page.post("/passwords", sign_up(ADA)).await;
    page.keep(&made);
    let path = |of: &Value| {
        let id = of["emails"][0]["email_id"].as_str().expect("an id");
        format!("/users/emails/{id}")
    };
    let refused = page
        .refused(Method::DELETE, &path(&bob["user"]), json!({}))
        .await;
    assert_eq!(refused, is(404, "email_not_found"));
    let refused = Page::of(&stage)
        .refused(Method::DELETE, &path(&bob["user"]), json!({}))
        .await;
    assert_eq!(refused, is(401, "user_unauthenticated"));
    page.keep(&bob);
    let bob = page.get(Method::GET, "/users/me", json!({})).await;
    assert_eq!(bob["emails"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_login_joins_a_live_session_and_passes_over_a_dead_one() {
    let stage = Stage::consumer().await;
    let mut page = Page::of(&stage);
    let made = page.post("/passwords", sign_up(ADA)).await;
    page.keep(&made);
    let again = page.post("/passwords/authenticate", sign_up(ADA)).await;
    assert_eq!(
        again["session"]["session_id"],
        made["session"]["session_id"]
    );
    page.post("/sessions/revoke", json!({})).await;
    let refused = page
        .refused(Method::POST, "/sessions/authenticate", json!({}))
        .await;
    assert_eq!(refused, is(404, "session_not_found"));
    let anew = page.post("/passwords/authenticate", sign_up(ADA)).await;
    assert_ne!(anew["session"]["session_id"], made["session"]["session_id"]);
    let project = stage.face.project();
    let calls = |endpoint| project.ledger().calls_to(endpoint);
    assert_eq!(
        calls(Endpoint::Password),
        2,
        "a page's calls count as a server's do"
    );
    assert_eq!(calls(Endpoint::Authenticate), 1);
}

#[tokio::test]
async fn sandbox_values_are_for_servers() {
    let stage = Stage::consumer().await;
    let mut page = Page::of(&stage);
    page.session = Some("WJtR5BCy38Szd5AfoDpf0iqFKEt4EE5JhjlWUY7l3FtY".to_owned());
    let refused = page
        .refused(Method::POST, "/sessions/authenticate", json!({}))
        .await;
    assert_eq!(refused, is(404, "session_not_found"));

    page.session = None;
    let login = || json!({ "email": "sandbox@stytch.com", "password": "whatever it is" });
    let path = "/passwords/authenticate";
    let nobody = page.refused(Method::POST, path, login()).await;
    let (status, _) = stage.raw("/v1/passwords/authenticate", &login()).await;
    assert_eq!(status, 200);
    let somebody = page.refused(Method::POST, path, login()).await;
    assert_eq!((nobody.0, somebody.0), (404, 401));

    let number = || json!({ "phone_number": "+10000000000" });
    let sent = page.post("/otps/sms/login_or_create", number()).await;
    let typed = json!({ "token": "000000", "method_id": sent["method_id"] });
    let refused = page
        .refused(Method::POST, "/otps/authenticate", typed)
        .await;
    assert_eq!(refused, is(404, "otp_code_not_found"));
    // Another project: the number's first message.
    let stage = Stage::consumer().await;
    let (_, sent) = stage.raw("/v1/otps/sms/send", &number()).await;
    let typed = json!({ "code": "000000", "method_id": sent["phone_id"] });
    let (status, _) = stage.raw("/v1/otps/authenticate", &typed).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn an_origin_is_told_nothing_of_the_servers_api() {
    let stage = Stage::consumer().await;
    let url = format!("{}/v1/users/search", stage.base);
    let request = stage.http.post(url).header("origin", PAGE);
    let answer = request.send().await.expect("an answer");
    assert!(!answer.headers().contains_key("access-control-allow-origin"));
}

#[tokio::test]
async fn of_an_address_strangers_learn_no_ids() {
    let stage = Stage::consumer().await;
    let page = Page::of(&stage);
    let told = page
        .post(
            "/magic_links/email/login_or_create",
            json!({ "email": ADA }),
        )
        .await;
    let names: Vec<&String> = told.as_object().expect("an object").keys().collect();
    assert_eq!(names, ["request_id", "status_code"]);
    let told = page
        .post(
            "/otps/email/login_or_create",
            json!({ "email": "bob@home.example" }),
        )
        .await;
    let code = stage.mailed("code", "bob@home.example");
    let typed = json!({
        "token": code, "method_id": told["method_id"], "session_duration_minutes": 60,
    });
    let got = page.post("/otps/authenticate", typed).await;
    assert_eq!(got["user"]["emails"][0]["verified"], true);
    assert_eq!(told["user_id"], Value::Null);
}

#[tokio::test]
async fn halfway_in_a_member_proves_their_own_factor_only() {
    let stage = Stage::b2b().await;
    let org = stage
        .face
        .project()
        .seed_org(SeedOrg { mfa_required: true });
    let ada = stage.seed(ADA, Some(org));
    let bob = stage.seed("bob@home.example", Some(org));
    let organization_id = stage.face.organization_id(org);
    let page = Page::of(&stage);
    let login = json!({
        "organization_id": organization_id, "email_address": ADA, "password": password_of(ADA),
        "session_duration_minutes": 60,
    });
    let half = page.post("/b2b/passwords/authenticate", login).await;
    assert_eq!(half["member_authenticated"], false);
    let send = |number: &str| {
        json!({
            "intermediate_session_token": half["intermediate_session_token"],
            "organization_id": organization_id,
            "member_id": stage.face.person_id(bob),
            "mfa_phone_number": number,
        })
    };
    page.post("/b2b/otps/sms/send", send("+14155550101")).await;
    page.post("/b2b/otps/sms/send", send("+14155550102")).await;
    let phones = |member| stage.face.project().means(member).phones.len();
    assert_eq!(
        (phones(ada), phones(bob)),
        (1, 0),
        "the number is the member's own"
    );
    assert!(
        stage.mailbox.of("+14155550102").is_empty(),
        "whoever has a number gets codes there and nowhere else"
    );
    let mut typed = send("");
    typed["code"] = json!(stage.mailed("sms", "+14155550101"));
    typed["session_duration_minutes"] = json!(60);
    let got = page.post("/b2b/otps/sms/authenticate", typed).await;
    assert_eq!(got["member_id"], stage.face.person_id(ada));
    let nobody =
        json!({ "organization_id": organization_id, "member_id": stage.face.person_id(bob) });
    let refused = page.refused(Method::POST, "/b2b/totp", nobody).await;
    assert_eq!(refused, is(401, "user_unauthenticated"));
}

#[tokio::test]
async fn members_do_to_others_what_their_roles_permit() {
    let stage = Stage::b2b().await;
    let org = stage.face.project().seed_org(SeedOrg::default());
    stage.seed(ADA, Some(org));
    let bob = stage.seed("bob@home.example", Some(org));
    let mut page = Page::of(&stage);
    let login = json!({
        "organization_id": stage.face.organization_id(org), "email_address": ADA,
        "password": password_of(ADA), "session_duration_minutes": 60,
    });
    let got = page.post("/b2b/passwords/authenticate", login).await;
    page.keep(&got);
    let bob = stage.face.person_id(bob);
    let of_bob = format!("/b2b/organizations/members/{bob}");
    let own = format!(
        "/b2b/organizations/members/{}",
        got["member_id"].as_str().expect("an id")
    );
    let named = json!({ "name": "New" });
    let admin = json!({ "roles": ["stytch_admin"] });
    let not_permitted = is(403, "session_authorization_error");
    for (method, path, body) in [
        (Method::PUT, of_bob.as_str(), named.clone()),
        (Method::PUT, &own, admin),
        (
            Method::PUT,
            &own,
            json!({ "email_address": "eve@home.example" }),
        ),
        (Method::DELETE, &of_bob, json!({})),
        (
            Method::PUT,
            "/b2b/organizations/me",
            json!({ "mfa_policy": "OPTIONAL" }),
        ),
        (Method::DELETE, "/b2b/organizations/me", json!({})),
        (
            Method::POST,
            "/b2b/organizations/members",
            json!({ "email_address": "eve@home.example" }),
        ),
        (
            Method::POST,
            "/b2b/magic_links/email/invite",
            json!({ "email_address": "eve@home.example" }),
        ),
        (
            Method::POST,
            &format!("/b2b/sessions/revoke/{bob}"),
            json!({}),
        ),
        (Method::GET, "/b2b/sso", json!({})),
    ] {
        let refused = page.refused(method, path, body).await;
        assert_eq!(refused, not_permitted, "{path}");
    }
    let changed = page.get(Method::PUT, &own, named).await;
    assert_eq!(changed["member"]["name"], "New");
}

#[tokio::test]
async fn a_social_login_asks_a_person_who_they_are() {
    let stage = Stage::consumer().await;
    let public = &stage.face.config().public_token;
    let start = |accept: &'static str| {
        let query = [
            ("public_token", public.as_str()),
            ("\"><script>", "\"><script>"),
        ];
        let url = format!("{}/v1/public/oauth/google/start", stage.base);
        let url = reqwest::Url::parse_with_params(&url, query).expect("a URL");
        let request = stage.http.get(url).header("accept", accept);
        async { request.send().await.expect("an answer") }
    };
    assert_eq!(start("application/json").await.status(), 400);
    let answer = start("text/html,*/*").await;
    assert_eq!(answer.status(), 200);
    let page = answer.text().await.expect("a page");
    assert!(
        page.contains("name=\"login_hint\"") && page.contains(public),
        "{page}"
    );
    assert!(
        !page.contains("<script"),
        "what a link says stays text: {page}"
    );
    assert_eq!(
        stage.face.project().user_count(),
        0,
        "nothing has happened yet"
    );
}

#[tokio::test]
async fn a_social_login_goes_back_to_a_url_only() {
    let stage = Stage::consumer().await;
    let public = &stage.face.config().public_token;
    let start = |back: &'static str| {
        let query = [
            ("public_token", public.as_str()),
            ("login_hint", ADA),
            ("login_redirect_url", back),
        ];
        let url = format!("{}/v1/public/oauth/google/start", stage.base);
        let url = reqwest::Url::parse_with_params(&url, query).expect("a URL");
        let request = stage.http.get(url);
        async { request.send().await.expect("an answer") }
    };
    assert_eq!(start("/elsewhere\n").await.status(), 400);
    assert_eq!(stage.face.project().user_count(), 0, "nothing was done");
    for (given, before, after) in [
        (
            "https://app.example/in?a=b#top",
            "https://app.example/in?a=b&stytch",
            "#top",
        ),
        (
            "https://app.example/in\n",
            "https://app.example/in?stytch",
            "",
        ),
    ] {
        let answer = start(given).await;
        assert_eq!(answer.status(), 302);
        let back = answer.headers()["location"].to_str().expect("text");
        assert!(back.starts_with(before) && back.ends_with(after), "{back}");
    }
}
