//! The ways to log in and to get tokens that standard clients know.

use super::scene::*;
use cutover_mocks::auth0::*;
use cutover_mocks::http::password_of;
use cutover_mocks::http::totp;
use cutover_mocks::time::Span;
use reqwest::Url;
use serde_json::{Value, json};

fn fragment(url: &str) -> std::collections::BTreeMap<String, String> {
    query(&url.replacen('#', "?", 1))
}

/// Logs Ada in on the page that `/authorize` leads to.
async fn log_in_on_page(scene: &mut Scene, extra: &[(&str, &str)]) -> reqwest::Response {
    let state = scene.page(extra).await;
    let password = password_of(ADA);
    scene
        .submit(&state, &[("username", ADA), ("password", &password)])
        .await
}

#[tokio::test]
async fn tokens_come_straight_from_authorize_in_the_fragment() {
    let mut scene = Scene::new(|_| ()).await;
    let answer = log_in_on_page(&mut scene, &[("response_type", "code id_token token")]).await;
    let back = fragment(&location(&answer));
    let jwks = body(scene.get("/.well-known/jwks.json", &[]).await).await;
    let id = verified(&jwks, &back["id_token"]);
    assert_eq!((&id["nonce"], &id["email"]), (&json!("n-1"), &json!(ADA)));
    assert!(id["at_hash"].is_string() && id["c_hash"].is_string());
    assert_eq!(back["expires_in"], "7200");
    assert_eq!(scene.userinfo(&back["access_token"]).await.status(), 200);
    assert_eq!(scene.exchange(&back["code"]).await.status(), 200);
}

#[tokio::test]
async fn a_page_can_post_or_tell_the_answer() {
    let mut scene = Scene::new(|_| ()).await;
    let posted = log_in_on_page(&mut scene, &[("response_mode", "form_post")]).await;
    assert_eq!(posted.status(), 200);
    let cookie = cookie(&posted);
    let policy = posted.headers()["content-security-policy"]
        .to_str()
        .unwrap()
        .to_owned();
    assert!(policy.contains("script-src 'sha256-"), "{policy}");
    let page = posted.text().await.unwrap();
    assert!(page.contains(&format!(r#"action="{CALLBACK}""#)), "{page}");
    assert!(page.contains(r#"name="code""#) && page.contains(r#"name="state""#));

    let silent = [("response_mode", "web_message"), ("prompt", "none")];
    let told = scene.authorize(&silent, &cookie).await;
    let page = told.text().await.unwrap();
    assert!(
        page.contains(r#""type":"authorization_response""#),
        "{page}"
    );
    assert!(page.contains(r#""https://app.example""#), "to nobody else");
    let refused = scene.authorize(&silent, "").await.text().await.unwrap();
    assert!(refused.contains(r#""error":"login_required""#), "{refused}");
}

#[tokio::test]
async fn an_old_session_is_not_fresh_enough() {
    let mut scene = Scene::new(|_| ()).await;
    let answer = log_in_on_page(&mut scene, &[("max_age", "3600")]).await;
    let cookie = cookie(&answer);
    let tokens = body(scene.exchange(&query(&location(&answer))["code"]).await).await;
    let jwks = body(scene.get("/.well-known/jwks.json", &[]).await).await;
    let id = verified(&jwks, text(&tokens, "id_token"));
    assert_eq!(id["auth_time"], json!(START.as_secs()));
    scene.now += Span::from_mins(59);
    let silent = [("prompt", "none"), ("max_age", "3600")];
    assert!(query(&location(&scene.authorize(&silent, &cookie).await)).contains_key("code"));
    scene.now += Span::from_mins(1);
    assert_eq!(
        query(&location(&scene.authorize(&silent, &cookie).await))["error"],
        "login_required"
    );
}

#[tokio::test]
async fn strangers_sign_up_on_the_page_and_are_logged_in() {
    let mut scene = Scene::new(|_| ()).await;
    let to = location(&scene.authorize(&[("screen_hint", "signup")], "").await);
    let state = to.strip_prefix("/u/signup?state=").unwrap().to_owned();
    let fields = [
        ("state", state.as_str()),
        ("email", "eve@home.example"),
        ("password", "hers"),
    ];
    let answer = scene.post("/u/signup", &fields).await.unwrap();
    let tokens = body(scene.exchange(&query(&location(&answer))["code"]).await).await;
    let told = body(scene.userinfo(text(&tokens, "access_token")).await).await;
    assert_eq!(told["email"], "eve@home.example");
    let state = scene.page(&[]).await;
    let fields = [("state", state.as_str()), ("email", ADA), ("password", "x")];
    let taken = scene.post("/u/signup", &fields).await.unwrap();
    assert_eq!(taken.status(), 400);
    assert!(taken.text().await.unwrap().contains("use another email"));
}

#[tokio::test]
async fn a_spa_needs_no_secret_and_a_server_does() {
    let mut scene = Scene::new(|_| ()).await;
    let login = async |scene: &mut Scene, client: &str, secret: &[(&str, &str)]| {
        let answer = log_in_on_page(scene, &[("client_id", client)]).await;
        let code = query(&location(&answer))["code"].clone();
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", &code),
            ("code_verifier", VERIFIER),
        ];
        fields.extend(secret);
        scene.post("/oauth/token", &fields).await.unwrap()
    };
    let spa = body(login(&mut scene, "cutover-spa", &[]).await).await;
    let jwks = body(scene.get("/.well-known/jwks.json", &[]).await).await;
    let access = verified(&jwks, text(&spa, "access_token"));
    assert_eq!(access["azp"], "cutover-spa");
    assert_eq!(login(&mut scene, "cutover-web", &[]).await.status(), 401);
    let secret = [("client_secret", "cutover-web-secret")];
    assert_eq!(
        login(&mut scene, "cutover-web", &secret).await.status(),
        200
    );

    let another = [
        ("grant_type", "refresh_token"),
        ("client_id", "cutover-client"),
        ("refresh_token", text(&spa, "refresh_token")),
    ];
    let stolen = scene.post("/oauth/token", &another).await.unwrap();
    assert_eq!(stolen.status(), 403, "another application's refresh token");
}

#[tokio::test]
async fn a_refresh_narrows_scopes_and_never_widens_them() {
    let mut scene = Scene::new(|_| ()).await;
    let tokens = scene.log_in().await;
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "cutover-client"),
        ("refresh_token", text(&tokens, "refresh_token")),
        ("scope", "openid read:everything"),
    ];
    let narrowed = body(scene.post("/oauth/token", &fields).await.unwrap()).await;
    assert_eq!(narrowed["scope"], "openid");
    let told = body(scene.userinfo(text(&narrowed, "access_token")).await).await;
    assert!(told["email"].is_null() && told["sub"].is_string());
    let again = body(
        scene
            .refresh(text(&narrowed, "refresh_token"))
            .await
            .unwrap(),
    )
    .await;
    assert_eq!(again["scope"], tokens["scope"], "the login's scopes stay");
}

#[tokio::test]
async fn a_device_is_let_in_elsewhere() {
    let mut scene = Scene::new(|_| ()).await;
    let fields = [
        ("client_id", "cutover-native"),
        ("scope", "openid email offline_access"),
    ];
    let begun = body(scene.post("/oauth/device/code", &fields).await.unwrap()).await;
    let poll = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "cutover-native"),
        ("device_code", text(&begun, "device_code")),
    ];
    let waiting = scene.post("/oauth/token", &poll).await.unwrap();
    assert_eq!(waiting.status(), 403);
    assert_eq!(body(waiting).await["error"], "authorization_pending");
    let hasty = scene.post("/oauth/token", &poll).await.unwrap();
    assert_eq!(
        (hasty.status().as_u16(), body(hasty).await["error"].clone()),
        (429, json!("slow_down"))
    );
    let password = password_of(ADA);
    let typed = [
        ("user_code", text(&begun, "user_code")),
        ("username", ADA),
        ("password", &password),
    ];
    assert_eq!(scene.post("/activate", &typed).await.unwrap().status(), 200);
    scene.now += Span::from_secs(5);
    let tokens = body(scene.post("/oauth/token", &poll).await.unwrap()).await;
    let told = body(scene.userinfo(text(&tokens, "access_token")).await).await;
    assert_eq!(told["email"], ADA);
}

#[tokio::test]
async fn mailed_codes_and_links_log_in() {
    let mut scene = Scene::new(|_| ()).await;
    let start = json!({"client_id": "cutover-client", "connection": "email", "email": "bob@home.example", "send": "code"});
    let answer = scene.json("POST", "/passwordless/start", "", start).await;
    assert_eq!(answer.status(), 200);
    let mails = scene.running.mailbox().of("bob@home.example");
    let grant = |otp: &str| {
        json!({
            "grant_type": "http://auth0.com/oauth/grant-type/passwordless/otp",
            "client_id": "cutover-client", "username": "bob@home.example", "realm": "email",
            "otp": otp, "scope": "openid email",
        })
    };
    let wrong = scene.json("POST", "/oauth/token", "", grant("nope")).await;
    assert_eq!(
        body(wrong).await["error_description"],
        "Wrong email or verification code."
    );
    let right = scene
        .json("POST", "/oauth/token", "", grant(&mails[0].token))
        .await;
    assert!(text(&body(right).await, "access_token").len() == 32);

    let start = json!({
        "client_id": "cutover-client", "connection": "email", "email": "bob@home.example",
        "send": "link", "authParams": {"redirect_uri": CALLBACK, "response_type": "code", "state": "s"},
    });
    scene.json("POST", "/passwordless/start", "", start).await;
    let link = scene.running.mailbox().of("bob@home.example")[0]
        .link
        .clone()
        .unwrap();
    let link = Url::parse(&link).unwrap();
    let path = format!("{}?{}", link.path(), link.query().unwrap());
    let back = query(&location(&scene.get(&path, &[]).await));
    assert_eq!(back["state"], "s");
    assert_eq!(
        scene.get(&path, &[]).await.status(),
        400,
        "a link is good once"
    );
}

#[tokio::test]
async fn a_second_factor_is_enrolled_and_asked_for() {
    let mut scene = Scene::new(|settings| settings.mfa = factors::MfaPolicy::Always).await;
    let password = password_of(ADA);
    let grant = json!({"grant_type": "password", "client_id": "cutover-client", "username": ADA, "password": password, "scope": "openid"});
    let owed = scene.json("POST", "/oauth/token", "", grant.clone()).await;
    assert_eq!(owed.status(), 403);
    let owed = body(owed).await;
    assert_eq!(owed["error"], "mfa_required");
    let token = text(&owed, "mfa_token").to_owned();
    let enrolled = scene
        .json(
            "POST",
            "/mfa/associate",
            &token,
            json!({"authenticator_types": ["otp"]}),
        )
        .await;
    let enrolled = body(enrolled).await;
    let user = UserId(0);
    let tenant = scene.running.auth0().unwrap().clone();
    let secret = tenant.with_tenant(|tenant| tenant.authenticator_secret(user).unwrap());
    let complete = |token: &str, field: &str, value: &str| {
        let name = if field == "otp" {
            "mfa-otp"
        } else {
            "mfa-recovery-code"
        };
        json!({
            "grant_type": format!("http://auth0.com/oauth/grant-type/{name}"),
            "client_id": "cutover-client", "mfa_token": token, field: value,
        })
    };
    let code = totp::code(&secret, totp::step(scene.now));
    let wrong = scene
        .json(
            "POST",
            "/oauth/token",
            "",
            complete(&token, "otp", "000000x"),
        )
        .await;
    assert_eq!(wrong.status(), 403);
    let right = scene
        .json("POST", "/oauth/token", "", complete(&token, "otp", &code))
        .await;
    assert!(body(right).await["id_token"].is_string());
    let spent = scene
        .json("POST", "/oauth/token", "", complete(&token, "otp", &code))
        .await;
    assert_eq!(spent.status(), 401, "the mfa_token is spent");

    // The login page asks, too, and takes the recovery code.
    let answer = log_in_on_page(&mut scene, &[]).await;
    let to = location(&answer);
    let state = to
        .strip_prefix("/u/mfa-otp-challenge?state=")
        .unwrap()
        .to_owned();
    let reused = [("state", state.as_str()), ("code", code.as_str())];
    let answer = scene.post("/u/mfa-otp-challenge", &reused).await.unwrap();
    assert_eq!(answer.status(), 400, "no code is good twice");
    let recovery = enrolled["recovery_codes"][0].as_str().unwrap();
    let fields = [("state", state.as_str()), ("code", recovery)];
    let answer = scene
        .post("/u/mfa-recovery-code-challenge", &fields)
        .await
        .unwrap();
    let tokens = body(scene.exchange(&query(&location(&answer))["code"]).await).await;
    let jwks = body(scene.get("/.well-known/jwks.json", &[]).await).await;
    assert_eq!(
        verified(&jwks, text(&tokens, "id_token"))["amr"],
        json!(["mfa"])
    );
}

#[tokio::test]
async fn only_registered_origins_may_read_answers() {
    let mut scene = Scene::new(|_| ()).await;
    let preflight = async |scene: &mut Scene, path: &str, origin: &'static str| {
        scene
            .client
            .request(reqwest::Method::OPTIONS, scene.url(path))
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "auth0-client,content-type",
            )
            .send()
            .await
            .unwrap()
    };
    let local = preflight(&mut scene, "/oauth/token", "http://localhost:3000").await;
    assert_eq!(local.status(), 204);
    assert_eq!(
        local.headers()["access-control-allow-origin"],
        "http://localhost:3000"
    );
    assert_eq!(
        local.headers()["access-control-allow-headers"],
        "auth0-client,content-type"
    );
    let open = preflight(&mut scene, "/userinfo", "https://evil.com").await;
    assert_eq!(open.headers()["access-control-allow-origin"], "*");
    let headers = &open.headers()["access-control-allow-headers"];
    assert_eq!(headers, "auth0-client,content-type");
    let foreign = preflight(&mut scene, "/oauth/token", "https://evil.com").await;
    assert!(
        foreign
            .headers()
            .get("access-control-allow-origin")
            .is_none()
    );
    let answer = scene
        .get(
            "/.well-known/openid-configuration",
            &[("origin", "http://localhost:3000")],
        )
        .await;
    assert_eq!(
        answer.headers()["access-control-allow-origin"],
        "http://localhost:3000"
    );
}

#[tokio::test]
async fn logging_out_goes_where_the_application_may_go() {
    let mut scene = Scene::new(|_| ()).await;
    let answer = log_in_on_page(&mut scene, &[]).await;
    let cookie = cookie(&answer);
    let tokens = body(scene.exchange(&query(&location(&answer))["code"]).await).await;
    let away = "/v2/logout?client_id=cutover-client&returnTo=https%3A%2F%2Fevil.com";
    assert_eq!(scene.get(away, &[("cookie", &cookie)]).await.status(), 400);
    let path = format!(
        "/oidc/logout?id_token_hint={}&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2Fbye&state=s",
        text(&tokens, "id_token")
    );
    // Without the cookie: the hint names the session.
    assert_eq!(
        location(&scene.get(&path, &[]).await),
        "https://app.example/bye?state=s"
    );
    let silent = scene.authorize(&[("prompt", "none")], &cookie).await;
    assert_eq!(query(&location(&silent))["error"], "login_required");
    let forged = "/oidc/logout?id_token_hint=a.b.c";
    assert_eq!(scene.get(forged, &[]).await.status(), 400);
    let told: Value = body(scene.userinfo(text(&tokens, "access_token")).await).await;
    assert_eq!(told["email"], ADA, "tokens live on");
}

#[tokio::test]
async fn an_application_may_sign_instead_of_telling_a_secret() {
    let mut scene = Scene::new(|_| ()).await;
    let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .unwrap();
    let other = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .unwrap();
    let tenant = scene.running.auth0().unwrap().clone();
    let management = tenant.mint_management_token(START);
    let made = json!({
        "name": "signer", "app_type": "non_interactive",
        "client_authentication_methods": {"private_key_jwt": {"credentials": [{"credential_type": "public_key", "pem": pair.public_key_pem()}]}},
    });
    let made = body(
        scene
            .json("POST", "/api/v2/clients", &management, made)
            .await,
    )
    .await;
    assert_eq!(made["token_endpoint_auth_method"], "private_key_jwt");
    let id = text(&made, "client_id").to_owned();
    let grant = json!({"client_id": id, "audience": "https://api.example", "scope": ["read:x"]});
    scene
        .json("POST", "/api/v2/client-grants", &management, grant)
        .await;
    let assertion = |pair: &rcgen::KeyPair, audience: &str, life: i64| {
        let key = jsonwebtoken::EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap();
        let claims = json!({"iss": id, "sub": id, "aud": audience, "exp": START.as_secs() + life, "jti": "1"});
        let header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::RS256);
        jsonwebtoken::encode(&header, &claims, &key).unwrap()
    };
    let issuer = scene.url("/");
    for (assertion, status) in [
        (assertion(&pair, &issuer, 60), 200),
        (assertion(&pair, &issuer, 0), 401),
        (assertion(&pair, "https://elsewhere.example/", 60), 401),
        (assertion(&other, &issuer, 60), 401),
    ] {
        let fields = [
            ("grant_type", "client_credentials"),
            ("audience", "https://api.example"),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
            ("client_assertion", assertion.as_str()),
        ];
        let answer = scene.post("/oauth/token", &fields).await.unwrap();
        assert_eq!(answer.status(), status);
    }
}
