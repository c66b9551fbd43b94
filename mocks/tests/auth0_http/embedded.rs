//! Logins from an application's own page, and requests that are pushed before the browser comes.

use super::scene::*;
use cutover_mocks::http::password_of;
use cutover_mocks::time::Span;
use reqwest::Response;
use serde_json::{Value, json};

const ORIGIN: &str = "https://app.example";

async fn co_authenticate(scene: &mut Scene, origin: Option<&str>, more: Value) -> Response {
    let mut told = json!({
        "client_id": "cutover-client", "username": ADA, "password": password_of(ADA),
        "realm": "Username-Password-Authentication",
        "credential_type": "http://auth0.com/oauth/grant-type/password-realm",
    });
    for (name, value) in more.as_object().unwrap() {
        told[name] = value.clone();
    }
    let mut call = scene.client.post(scene.url("/co/authenticate"));
    if let Some(origin) = origin {
        call = call.header("origin", origin);
    }
    let stamp = scene.stamp();
    call.header(cutover_mocks::http::stamp::STAMP, stamp)
        .header("content-type", "application/json")
        .body(told.to_string())
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn a_ticket_takes_the_place_of_the_login_page_once() {
    let mut scene = Scene::new(|_| ()).await;
    let given = co_authenticate(&mut scene, Some(ORIGIN), json!({})).await;
    assert_eq!(given.headers()["access-control-allow-origin"], ORIGIN);
    let given = body(given).await;
    let ticket = text(&given, "login_ticket").to_owned();
    assert!(given["co_verifier"].is_string() && given["co_id"].is_string());
    let with = [("login_ticket", ticket.as_str())];
    let answer = scene.authorize(&with, "").await;
    let session = cookie(&answer);
    let code = query(&location(&answer))["code"].clone();
    assert_eq!(scene.exchange(&code).await.status(), 200);
    let silent = scene.authorize(&[("prompt", "none")], &session).await;
    assert!(query(&location(&silent)).contains_key("code"), "a session");
    // Another ticket is given meanwhile: the used one must not open it.
    co_authenticate(&mut scene, Some(ORIGIN), json!({})).await;
    let again = query(&location(&scene.authorize(&with, "").await));
    assert_eq!(again["error"], "access_denied");

    let given = body(co_authenticate(&mut scene, Some(ORIGIN), json!({})).await).await;
    let with = [
        ("login_ticket", text(&given, "login_ticket")),
        ("client_id", "cutover-spa"),
    ];
    let stolen = query(&location(&scene.authorize(&with, "").await));
    assert_eq!(stolen["error"], "access_denied", "another application's");
    let with = [with[0]];
    let ours = query(&location(&scene.authorize(&with, "").await));
    assert!(ours.contains_key("code"), "nothing was taken from us");
}

#[tokio::test]
async fn only_pages_of_the_application_are_given_tickets() {
    let mut scene = Scene::new(|_| ()).await;
    for (origin, more, status, error) in [
        (
            Some("https://evil.com"),
            json!({}),
            401,
            "unauthorized_client",
        ),
        (None, json!({}), 401, "unauthorized_client"),
        (
            Some(ORIGIN),
            json!({"password": "guess"}),
            403,
            "access_denied",
        ),
        (Some(ORIGIN), json!({"realm": "no"}), 400, "invalid_request"),
        (
            Some(ORIGIN),
            json!({"credential_type": "x"}),
            400,
            "unsupported_credential_type",
        ),
    ] {
        let answer = co_authenticate(&mut scene, origin, more.clone()).await;
        assert_eq!(answer.status(), status, "{origin:?} {more}");
        assert_eq!(body(answer).await["error"], error, "{origin:?} {more}");
    }
    for _ in 0..10 {
        co_authenticate(&mut scene, Some(ORIGIN), json!({"password": "guess"})).await;
    }
    let blocked = co_authenticate(&mut scene, Some(ORIGIN), json!({})).await;
    assert_eq!(
        blocked.status(),
        429,
        "guessing is no easier than elsewhere"
    );
}

#[tokio::test]
async fn widgets_are_told_the_connections_of_an_application() {
    let mut scene = Scene::new(|_| ()).await;
    let script = scene.get("/client/cutover-client.js", &[]).await;
    assert!(
        script.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("application/javascript")
    );
    let script = script.text().await.unwrap();
    let told = script
        .strip_prefix("Auth0.setClient(")
        .and_then(|rest| rest.strip_suffix(");"))
        .unwrap();
    let told: Value = serde_json::from_str(told).unwrap();
    assert_eq!(told["id"], "cutover-client");
    assert_eq!(told["strategies"][0]["name"], "auth0");
    assert_eq!(scene.get("/client/nobody.js", &[]).await.status(), 404);
}

#[tokio::test]
async fn a_mailed_code_may_be_looked_at_before_it_is_used() {
    let mut scene = Scene::new(|_| ()).await;
    let start = json!({"client_id": "cutover-client", "connection": "email", "email": "bob@home.example", "send": "code"});
    scene.json("POST", "/passwordless/start", "", start).await;
    let code = scene.running.mailbox().of("bob@home.example")[0]
        .token
        .clone();
    let verify = |code: &str| json!({"connection": "email", "email": "bob@home.example", "verification_code": code});
    let wrong = scene
        .json("POST", "/passwordless/verify", "", verify("nope"))
        .await;
    assert_eq!(wrong.status(), 403);
    let right = scene
        .json("POST", "/passwordless/verify", "", verify(&code))
        .await;
    assert_eq!(right.status(), 200);
    let otp = json!({
        "username": "bob@home.example", "password": null, "otp": code, "realm": "email",
        "credential_type": "http://auth0.com/oauth/grant-type/passwordless/otp",
    });
    let ticket = co_authenticate(&mut scene, Some(ORIGIN), otp.clone()).await;
    assert_eq!(ticket.status(), 200);
    let used = co_authenticate(&mut scene, Some(ORIGIN), otp).await;
    assert_eq!(used.status(), 403);
}

#[tokio::test]
async fn a_pushed_request_is_good_once_for_half_a_minute() {
    let mut scene = Scene::new(|_| ()).await;
    let fields = [
        ("client_id", "cutover-web"),
        ("client_secret", "cutover-web-secret"),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid email"),
        ("state", "pushed"),
    ];
    let push = async |scene: &mut Scene| {
        let pushed = scene.post("/oauth/par", &fields).await.unwrap();
        assert_eq!(pushed.status(), 201);
        let pushed = body(pushed).await;
        assert_eq!(pushed["expires_in"], 30);
        format!(
            "/authorize?client_id=cutover-web&request_uri={}",
            text(&pushed, "request_uri")
        )
    };
    let to = push(&mut scene).await;
    let page = location(&scene.get(&to, &[]).await);
    let state = page.strip_prefix("/u/login?state=").unwrap();
    let password = password_of(ADA);
    let answer = scene
        .submit(state, &[("username", ADA), ("password", &password)])
        .await;
    let back = location(&answer);
    assert!(back.starts_with(CALLBACK), "{back}");
    assert_eq!(query(&back)["state"], "pushed");
    assert_eq!(scene.get(&to, &[]).await.status(), 400, "used");
    let to = push(&mut scene).await;
    let stolen = to.replace("cutover-web", "cutover-spa");
    assert_eq!(scene.get(&stolen, &[]).await.status(), 400);
    assert_eq!(scene.get(&to, &[]).await.status(), 302, "it was left to us");
    let to = push(&mut scene).await;
    scene.now += Span::from_secs(30);
    assert_eq!(scene.get(&to, &[]).await.status(), 400, "late");

    let mut wrong = fields;
    wrong[1].1 = "guess";
    assert_eq!(
        scene.post("/oauth/par", &wrong).await.unwrap().status(),
        401
    );
    let mut wrong = fields;
    wrong[2].1 = "";
    let refused = scene.post("/oauth/par", &wrong).await.unwrap();
    assert_eq!(body(refused).await["error"], "invalid_request");
    let mut wrong = fields;
    wrong[3].1 = "https://evil.com/";
    assert_eq!(
        scene.post("/oauth/par", &wrong).await.unwrap().status(),
        400
    );
}
