//! What must not open: redirects to elsewhere, second factors passed by, proofs of what was linked since.

use super::scene::*;
use cutover_mocks::http::password_of;
use cutover_mocks::http::totp;
use reqwest::{StatusCode, Url};
use serde_json::{Value, json};

const ADA_AT_WORK: &str = "ada@work.example";
/// The secret of an authenticator app, and the same in base32.
const SECRET: (&[u8], &str) = (b"Hello!\xDE\xAD\xBE\xEF", "JBSWY3DPEHPK3PXP");

async fn manage(scene: &mut Scene, method: &str, path: &str, sent: Value) -> Value {
    let answer = scene.manage(method, path, sent).await;
    assert!(answer.status().is_success(), "{method} {path}");
    body(answer).await
}

/// Gives a person an authenticator app.
async fn enrol(scene: &mut Scene, user: &str) {
    let path = format!("/users/{user}/authentication-methods");
    let app = json!({"type": "totp", "totp_secret": SECRET.1});
    manage(scene, "POST", &path, app).await;
}

fn otp(scene: &Scene) -> String {
    totp::code(SECRET.0, totp::step(scene.now))
}

/// Makes a user, whose identity is linked to another one if that is named.
async fn made(scene: &mut Scene, connection: &str, address: &str) -> String {
    let mut user = json!({"connection": connection, "email": address, "email_verified": true});
    if connection == "Username-Password-Authentication" {
        user["password"] = password_of(address).into();
    }
    let user = manage(scene, "POST", "/users", user).await;
    text(&user, "user_id").to_owned()
}

async fn link(scene: &mut Scene, user: &str, other: &str) {
    let (provider, id) = other.split_once('|').unwrap();
    let path = format!("/users/{user}/identities");
    let named = json!({"provider": provider, "user_id": id});
    manage(scene, "POST", &path, named).await;
}

/// Who logs in with Google; none if a page is shown.
async fn by_google(scene: &mut Scene, address: &str) -> Result<String, String> {
    let asked = [("connection", "google-oauth2"), ("login_hint", address)];
    let to = location(&scene.authorize(&asked, "").await);
    if to.starts_with("/u/") {
        return Err(to);
    }
    let code = query(&to)["code"].clone();
    Ok(subject_of(scene, &code).await)
}

async fn subject_of(scene: &mut Scene, code: &str) -> String {
    let tokens = body(scene.exchange(code).await).await;
    let told = body(scene.userinfo(text(&tokens, "access_token")).await).await;
    text(&told, "sub").to_owned()
}

#[tokio::test]
async fn no_spelling_of_a_foreign_url_is_followed() {
    let mut scene = Scene::new(|_| ()).await;
    let session = {
        let state = scene.page(&[]).await;
        let password = password_of(ADA);
        let typed = [("username", ADA), ("password", password.as_str())];
        cookie(&scene.submit(&state, &typed).await)
    };
    let cookie = [("cookie", session.as_str())];
    for foreign in [
        "https:/evil.com/cb",
        "https:evil.com/cb",
        "https:\\\\evil.com/cb",
        "https:///evil.com/cb",
        "http://evil.com\\@localhost/",
        "http://localhost@evil.com/",
        "https://app.example.evil.com/",
        "//evil.com",
        "javascript:/alert(1)",
    ] {
        let mut url = Url::parse(&scene.url("/")).unwrap();
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", "cutover-client"),
            ("prompt", "none"),
            ("redirect_uri", foreign),
            ("returnTo", foreign),
            ("post_logout_redirect_uri", foreign),
        ]);
        let asked = url.query().unwrap();
        for place in ["/authorize", "/v2/logout", "/oidc/logout"] {
            let answer = scene.get(&format!("{place}?{asked}"), &cookie).await;
            assert!(answer.status().is_client_error(), "{place} {foreign}");
            assert!(answer.headers().get("location").is_none(), "{foreign}");
        }
    }
    let told = format!("{CALLBACK}#here");
    let fragment = [("redirect_uri", told.as_str()), ("prompt", "none")];
    assert_eq!(scene.authorize(&fragment, &session).await.status(), 400);
    let native = [("redirect_uri", "com.my.app:/back"), ("prompt", "none")];
    let back = location(&scene.authorize(&native, &session).await);
    assert!(back.starts_with("com.my.app:/back?code="), "{back}");
}

#[tokio::test]
async fn consent_at_once_leads_to_the_linked_user_and_to_their_factor() {
    let mut scene = Scene::new(|_| ()).await;
    let address = "bob@home.example";
    let google = by_google(&mut scene, address).await.unwrap();
    let bob = made(&mut scene, "Username-Password-Authentication", address).await;
    link(&mut scene, &bob, &google).await;
    assert_eq!(by_google(&mut scene, address).await.unwrap(), bob);

    enrol(&mut scene, &bob).await;
    let page = by_google(&mut scene, address).await.unwrap_err();
    let state = page.strip_prefix("/u/login?state=").unwrap();
    let asked = location(&scene.submit(state, &[("username", address)]).await);
    assert!(asked.starts_with("/u/mfa-otp-challenge?"), "{asked}");
    let code = otp(&scene);
    let typed = [("state", state), ("code", code.as_str())];
    let answer = scene.post("/u/mfa-otp-challenge", &typed).await.unwrap();
    let code = query(&location(&answer))["code"].clone();
    assert_eq!(subject_of(&mut scene, &code).await, bob);
}

#[tokio::test]
async fn a_mailed_code_or_link_is_only_the_first_of_two_factors() {
    let mut scene = Scene::new(|_| ()).await;
    let address = "bob@home.example";
    let bob = made(&mut scene, "email", address).await;
    enrol(&mut scene, &bob).await;
    let start = json!({"client_id": "cutover-client", "connection": "email", "email": address, "send": "code"});
    scene.json("POST", "/passwordless/start", "", start).await;
    let mailed = scene.running.mailbox().of(address)[0].token.clone();
    let grant = json!({
        "grant_type": "http://auth0.com/oauth/grant-type/passwordless/otp",
        "client_id": "cutover-client", "username": address, "realm": "email", "otp": mailed,
    });
    let owed = scene.json("POST", "/oauth/token", "", grant).await;
    assert_eq!(owed.status(), 403);
    let owed = body(owed).await;
    assert_eq!(owed["error"], "mfa_required");
    let second = json!({
        "grant_type": "http://auth0.com/oauth/grant-type/mfa-otp", "client_id": "cutover-client",
        "mfa_token": text(&owed, "mfa_token"), "otp": otp(&scene),
    });
    let given = scene.json("POST", "/oauth/token", "", second).await;
    assert_eq!(given.status(), 200);

    let start = json!({
        "client_id": "cutover-client", "connection": "email", "email": address, "send": "link",
        "authParams": {"redirect_uri": CALLBACK, "response_type": "code", "state": "s"},
    });
    scene.json("POST", "/passwordless/start", "", start).await;
    let link = scene.running.mailbox().of(address)[0].link.clone().unwrap();
    let link = Url::parse(&link).unwrap();
    let path = format!("{}?{}", link.path(), link.query().unwrap());
    let asked = location(&scene.get(&path, &[]).await);
    let state = asked.strip_prefix("/u/mfa-otp-challenge?state=").unwrap();
    scene.now += cutover_mocks::time::Span::from_secs(30);
    let code = otp(&scene);
    let typed = [("state", state), ("code", code.as_str())];
    let answer = scene.post("/u/mfa-otp-challenge", &typed).await.unwrap();
    let back = location(&answer);
    assert!(back.starts_with(CALLBACK), "{back}");
    assert_eq!(query(&back)["state"], "s");
}

#[tokio::test]
async fn proofs_of_an_identity_that_was_linked_since_lead_to_its_user() {
    let mut scene = Scene::new(|_| ()).await;
    let kind = "Username-Password-Authentication";
    let bob = made(&mut scene, kind, "bob@home.example").await;
    let other = made(&mut scene, kind, ADA_AT_WORK).await;
    let password = password_of(ADA_AT_WORK);
    let typed = [("username", ADA_AT_WORK), ("password", password.as_str())];
    let state = scene.page(&[]).await;
    let code = query(&location(&scene.submit(&state, &typed).await))["code"].clone();
    // A first proof of two, whose second one is worth nothing to the user that it leads to.
    enrol(&mut scene, &other).await;
    let state = scene.page(&[]).await;
    let asked = location(&scene.submit(&state, &typed).await);
    assert!(asked.starts_with("/u/mfa-otp-challenge?"), "{asked}");
    let grant = json!({
        "grant_type": "password", "client_id": "cutover-client", "username": ADA_AT_WORK,
        "password": password,
    });
    let owed = body(scene.json("POST", "/oauth/token", "", grant).await).await;

    link(&mut scene, &bob, &other).await;
    assert_eq!(subject_of(&mut scene, &code).await, bob);
    let right = otp(&scene);
    let typed = [("state", state.as_str()), ("code", right.as_str())];
    let answer = scene.post("/u/mfa-otp-challenge", &typed).await.unwrap();
    assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
    let second = json!({
        "grant_type": "http://auth0.com/oauth/grant-type/mfa-otp", "client_id": "cutover-client",
        "mfa_token": text(&owed, "mfa_token"), "otp": right,
    });
    let answer = scene.json("POST", "/oauth/token", "", second).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn methods_are_replaced_by_what_can_be_read_or_not_at_all() {
    let mut scene = Scene::new(|_| ()).await;
    let bob = made(&mut scene, "email", "bob@home.example").await;
    enrol(&mut scene, &bob).await;
    let path = format!("/users/{bob}/authentication-methods");
    let before = manage(&mut scene, "GET", &path, Value::Null).await;
    let app = json!({"type": "totp", "totp_secret": SECRET.1, "name": "another"});
    for wrong in [
        json!([{"type": "totp", "totp_secret": "1"}]),
        json!([app, {"type": "phone"}]),
        json!([app, app]),
    ] {
        let refused = scene.manage("PUT", &path, wrong.clone()).await;
        assert_eq!(refused.status(), 400, "{wrong}");
    }
    assert_eq!(manage(&mut scene, "GET", &path, Value::Null).await, before);
    let replaced = manage(&mut scene, "PUT", &path, json!([app])).await;
    assert_eq!(replaced[0]["name"], "another");
}

#[tokio::test]
async fn a_device_is_let_in_with_both_factors_or_not_at_all() {
    let mut scene = Scene::new(|_| ()).await;
    let kind = "Username-Password-Authentication";
    let bob = made(&mut scene, kind, "bob@home.example").await;
    enrol(&mut scene, &bob).await;
    let fields = [("client_id", "cutover-native"), ("scope", "openid")];
    let begun = body(scene.post("/oauth/device/code", &fields).await.unwrap()).await;
    let poll = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "cutover-native"),
        ("device_code", text(&begun, "device_code")),
    ];
    let password = password_of("bob@home.example");
    let typed = [
        ("user_code", text(&begun, "user_code")),
        ("username", "bob@home.example"),
        ("password", password.as_str()),
    ];
    assert_eq!(scene.post("/activate", &typed).await.unwrap().status(), 400);
    let waiting = body(scene.post("/oauth/token", &poll).await.unwrap()).await;
    assert_eq!(waiting["error"], "authorization_pending");
}

#[tokio::test]
async fn whoever_may_only_read_themselves_ends_nobodys_sessions() {
    let mut scene = Scene::new(|_| ()).await;
    let path = "/oauth/global-token-revocation/connection/Username-Password-Authentication";
    let ended = json!({"subject": {"format": "iss_sub", "iss": "x", "sub": "auth0|0"}});
    let audience = scene.url("/api/v2/");
    let password = password_of(ADA);
    let fields = [
        ("grant_type", "password"),
        ("client_id", "cutover-client"),
        ("username", ADA),
        ("password", password.as_str()),
        ("audience", audience.as_str()),
        ("scope", "read:current_user"),
    ];
    let own = body(scene.post("/oauth/token", &fields).await.unwrap()).await;
    let own = text(&own, "access_token");
    let refused = scene.json("POST", path, own, ended.clone()).await;
    assert_eq!(refused.status(), 401);
    let token = scene.management_token();
    let done = scene.json("POST", path, &token, ended).await;
    assert_eq!(done.status(), 204);
}
