//! Back-channel logout: applications hear of sessions that end.

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use cutover_mocks::http::server::{Door, Serving};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::admin::{Admin, escaped};
use super::scene::*;
use cutover_mocks::http::password_of;

/// An application that takes logout tokens, or refuses them.
struct Application {
    url: String,
    tokens: mpsc::UnboundedReceiver<String>,
    _serving: Serving,
}

impl Application {
    async fn new(answer: StatusCode) -> Self {
        let (sender, tokens) = mpsc::unbounded_channel();
        let door = Door::open(([127, 0, 0, 1], 0).into()).await.unwrap();
        let url = format!("{}/out", door.base_url());
        let take = async move |body: String| {
            sender.send(body).unwrap();
            answer
        };
        let serving = door.serve(Router::new().route("/out", post(take)));
        Self {
            url,
            tokens,
            _serving: serving,
        }
    }

    /// The next token's text.
    async fn token(&mut self) -> String {
        let patience = Duration::from_secs(30);
        let form = tokio::time::timeout(patience, self.tokens.recv()).await;
        let form = form.expect("a token arrives").expect("it is served");
        query(&format!("http://form/?{form}"))["logout_token"].clone()
    }
}

/// A tenant whose application wants to be told at this address.
async fn telling(url: &str, initiators: Value) -> Admin {
    let mut admin = Admin::new().await;
    let sent = json!({ "oidc_logout": {
        "backchannel_logout_urls": [url],
        "backchannel_logout_initiators": initiators,
    } });
    let (status, told) = admin.call("PATCH", "/clients/cutover-client", sent).await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["oidc_logout"]["backchannel_logout_urls"], json!([url]));
    admin
}

/// A login in a browser: its cookie, and what its ID token says.
async fn log_in(admin: &mut Admin, jwks: &Value) -> (String, Value) {
    let scene = &mut admin.scene;
    let state = scene.page(&[]).await;
    let password = password_of(ADA);
    let fields = [("username", ADA), ("password", password.as_str())];
    let back = scene.submit(&state, &fields).await;
    let cookie = cookie(&back);
    let code = query(&location(&back))["code"].clone();
    let tokens = body(scene.exchange(&code).await).await;
    (cookie, verified(jwks, text(&tokens, "id_token")))
}

#[tokio::test]
async fn an_application_hears_of_the_logout_of_its_session() {
    let mut application = Application::new(StatusCode::NO_CONTENT).await;
    let mut admin = telling(&application.url, json!({ "mode": "custom" })).await;
    let jwks = body(admin.scene.get("/.well-known/jwks.json", &[]).await).await;
    let (cookie, claims) = log_in(&mut admin, &jwks).await;
    admin.scene.get("/v2/logout", &[("cookie", &cookie)]).await;
    let token = application.token().await;
    let header = jsonwebtoken::decode_header(&token).unwrap();
    assert_eq!(header.typ.as_deref(), Some("logout+jwt"));
    let told = verified(&jwks, &token);
    for name in ["iss", "sub", "aud", "sid"] {
        assert_eq!(told[name], claims[name], "{name}");
    }
    assert_eq!(told["nonce"], Value::Null);
    let event = "http://schemas.openid.net/event/backchannel-logout";
    assert_eq!(told["events"], json!({ event: {} }));
    let life = told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap();
    assert_eq!(life, 120);
    let discovery = body(
        admin
            .scene
            .get("/.well-known/openid-configuration", &[])
            .await,
    )
    .await;
    assert_eq!(discovery["backchannel_logout_supported"], json!(true));
}

#[tokio::test]
async fn only_ends_that_it_asked_for_are_told_to_an_application() {
    let mut application = Application::new(StatusCode::OK).await;
    let initiators = json!({
        "mode": "custom",
        "selected_initiators": ["rp-logout", "idp-logout", "session-revoked"],
    });
    let mut admin = telling(&application.url, initiators).await;
    let jwks = body(admin.scene.get("/.well-known/jwks.json", &[]).await).await;
    let (_, claims) = log_in(&mut admin, &jwks).await;
    let user = format!("/users/{}", escaped(text(&claims, "sub")));
    let changed = json!({ "blocked": true });
    let (status, _) = admin.call("PATCH", &user, changed).await;
    assert_eq!(status, 200);
    let session = format!("/sessions/{}", text(&claims, "sid"));
    admin.call("DELETE", &session, json!({})).await;
    let told = verified(&jwks, &application.token().await);
    assert_eq!(told["sid"], claims["sid"]);
    assert!(
        application.tokens.is_empty(),
        "the block was not its concern"
    );
    for (name, value) in [
        ("backchannel_logout_urls", json!(["ftp://nowhere"])),
        ("backchannel_logout_urls", json!(["http://a", "http://b"])),
        ("backchannel_logout_initiators", json!({ "mode": "most" })),
        (
            "backchannel_logout_initiators",
            json!({ "mode": "custom", "selected_initiators": ["boredom"] }),
        ),
        (
            "backchannel_logout_initiators",
            json!({ "mode": "custom", "selected_initiators": ["profile-changed"] }),
        ),
    ] {
        let sent = json!({ "oidc_logout": { name: value } });
        let (status, _) = admin.call("PATCH", "/clients/cutover-client", sent).await;
        assert_eq!(status, 400, "{name}");
    }
}

#[tokio::test]
async fn what_is_not_delivered_is_in_the_log() {
    let mut application = Application::new(StatusCode::BAD_REQUEST).await;
    let mut admin = telling(&application.url, json!({ "mode": "all" })).await;
    let jwks = body(admin.scene.get("/.well-known/jwks.json", &[]).await).await;
    for elsewhere in [false, true] {
        if elsewhere {
            let sent = json!({ "oidc_logout": {
                "backchannel_logout_urls": ["https://app.example/out"],
            } });
            admin.call("PATCH", "/clients/cutover-client", sent).await;
        }
        let (cookie, _) = log_in(&mut admin, &jwks).await;
        admin.scene.get("/v2/logout", &[("cookie", &cookie)]).await;
    }
    application.token().await;
    let failed = "/logs?q=type:oidc_backchannel_logout_failed&sort=log_id:1";
    let both = async {
        loop {
            let page = admin.get(failed).await;
            let told = page.as_array().unwrap();
            if told.len() == 2 {
                return told.clone();
            }
            tokio::task::yield_now().await;
        }
    };
    let told = tokio::time::timeout(Duration::from_secs(30), both).await;
    let told = told.expect("both are in the log");
    let mut why: Vec<&str> = told.iter().map(|it| text(it, "description")).collect();
    why.sort_unstable();
    assert_eq!(
        why[0],
        "the URL is not on this machine: say --backchannel-anywhere to call it"
    );
    assert_eq!(why[1], "the application answered 400 Bad Request");
}

#[tokio::test]
async fn changes_are_told_once_and_what_stays_as_it_was_is_none() {
    let mut application = Application::new(StatusCode::OK).await;
    // A name of this machine, whatever a name server says of it.
    let url = application.url.replace("127.0.0.1", "app.localhost");
    let mut admin = telling(&url, json!({ "mode": "all" })).await;
    let jwks = body(admin.scene.get("/.well-known/jwks.json", &[]).await).await;
    let (cookie, claims) = log_in(&mut admin, &jwks).await;
    let user = format!("/users/{}", escaped(text(&claims, "sub")));
    let both = json!({ "blocked": true, "email": "ada@new.example" });
    for (sent, tells) in [
        (json!({ "email": ADA }), false),
        (json!({ "blocked": false }), false),
        (json!({ "blocked": true }), true),
        (json!({ "blocked": true }), false),
        (json!({ "blocked": false }), false),
        (both, true),
    ] {
        let (status, _) = admin.call("PATCH", &user, sent.clone()).await;
        assert_eq!(status, 200, "{sent}");
        // Whatever was told of it is told before what is told of this.
        if tells {
            let told = verified(&jwks, &application.token().await);
            assert_eq!(told["sid"], claims["sid"], "{sent}");
        }
    }
    admin.scene.get("/v2/logout", &[("cookie", &cookie)]).await;
    let patience = Duration::from_secs(30);
    let settled = async {
        while admin.get("/logs?q=type:oidc_backchannel*").await[1].is_null() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(patience, settled).await.unwrap();
    assert!(application.tokens.is_empty(), "two changes were to be told");
}

#[tokio::test]
async fn another_password_ends_sessions_and_every_token_has_its_own_id() {
    let mut application = Application::new(StatusCode::OK).await;
    let mut admin = telling(&application.url, json!({ "mode": "all" })).await;
    let jwks = body(admin.scene.get("/.well-known/jwks.json", &[]).await).await;
    let (first, claims) = log_in(&mut admin, &jwks).await;
    let (second, _) = log_in(&mut admin, &jwks).await;
    let user = format!("/users/{}", escaped(text(&claims, "sub")));
    let sent = json!({ "password": "another-Pass-1" });
    let (status, _) = admin.call("PATCH", &user, sent).await;
    assert_eq!(status, 200);
    let told = [application.token().await, application.token().await];
    let [one, other] = told.map(|token| verified(&jwks, &token));
    assert_ne!(one["sid"], other["sid"]);
    assert_ne!(one["jti"], other["jti"]);
    for cookie in [first, second] {
        let back = admin.scene.authorize(&[("prompt", "none")], &cookie).await;
        assert_eq!(query(&location(&back))["error"], "login_required");
    }
}

#[tokio::test]
async fn initiators_are_read_back_as_they_were_written() {
    let url = "http://localhost/out";
    let custom = |selected: &Value| json!({ "mode": "custom", "selected_initiators": selected });
    for (written, read) in [
        (
            json!(["session-revoked", "rp-logout"]),
            json!(["session-revoked", "rp-logout"]),
        ),
        (json!(["password-changed"]), json!(["password-changed"])),
        // Of logouts by applications they are told in any case.
        (json!([]), json!(["rp-logout"])),
    ] {
        let mut admin = telling(url, custom(&written)).await;
        let told = admin.get("/clients/cutover-client").await;
        let told = &told["oidc_logout"]["backchannel_logout_initiators"];
        assert_eq!(*told, custom(&read));
    }
    let mut admin = telling(url, json!({ "mode": "all" })).await;
    let (status, told) = admin
        .call(
            "PATCH",
            "/clients/cutover-client",
            json!({ "oidc_logout": null }),
        )
        .await;
    assert_eq!((status.as_u16(), &told["oidc_logout"]), (200, &Value::Null));
}
