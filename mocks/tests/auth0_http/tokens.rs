//! Codes, tokens and keys.

use super::scene::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cutover_mocks::auth0::*;
use cutover_mocks::http::password_of;
use cutover_mocks::http::stamp::STAMP;
use cutover_mocks::http::stamp::TOOK;
use cutover_mocks::time::Span;
use reqwest::StatusCode;
use serde_json::{Value, json};

#[tokio::test]
async fn a_login_with_pkce_gives_tokens_that_verify() {
    let mut scene = Scene::new(|_| ()).await;
    let state = scene.page(&[]).await;
    let page = scene.get(&format!("/u/login?state={state}"), &[]).await;
    assert!(page.text().await.unwrap().contains(r#"name="password""#));
    let back = scene
        .submit(
            &state,
            &[("username", ADA), ("password", &password_of(ADA))],
        )
        .await;
    let back = query(&location(&back));
    assert_eq!(back["state"], "the application's own");
    let answer = scene.exchange(&back["code"]).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    assert_eq!(answer.headers()[TOOK], "40000");
    let tokens = body(answer).await;
    assert_eq!(
        (&tokens["token_type"], &tokens["expires_in"]),
        (&json!("Bearer"), &json!(86_400))
    );

    let jwks = body(scene.get("/.well-known/jwks.json", &[]).await).await;
    let issuer = scene.url("/");
    let access = verified(&jwks, text(&tokens, "access_token"));
    assert_eq!(access["iss"], issuer);
    assert_eq!(
        access["aud"],
        json!(["https://api.example", format!("{issuer}userinfo")])
    );
    assert_eq!(
        (&access["iat"], &access["azp"]),
        (&json!(START.as_secs()), &json!("cutover-client"))
    );
    let id = verified(&jwks, text(&tokens, "id_token"));
    assert_eq!(
        (&id["aud"], &id["nonce"], &id["email"]),
        (&json!("cutover-client"), &json!("n-1"), &json!(ADA))
    );
    assert_eq!(id["sub"], access["sub"]);
    assert!(text(&access, "sub").starts_with("auth0|"));

    let told = body(scene.userinfo(text(&tokens, "access_token")).await).await;
    assert_eq!(
        (&told["sub"], &told["email"], &told["email_verified"]),
        (&access["sub"], &json!(ADA), &json!(true))
    );
    assert!(told["updated_at"].is_string());
    scene.running.stop().await;
}

#[tokio::test]
async fn discovery_names_the_endpoints_of_this_server() {
    let mut scene = Scene::new(|_| ()).await;
    let document = body(scene.get("/.well-known/openid-configuration", &[]).await).await;
    assert_eq!(document["issuer"], scene.url("/"));
    assert_eq!(document["token_endpoint"], scene.url("/oauth/token"));
    let answer = scene.get("/nowhere", &[]).await;
    assert_eq!(answer.status(), 404);
    assert_eq!(scene.calls(Endpoint::Other, 404), 1);
}

#[tokio::test]
async fn codes_are_refused_when_used_or_when_anything_differs() {
    let mut scene = Scene::new(|_| ()).await;
    let code = scene.code().await;
    assert_eq!(scene.exchange(&code).await.status(), 200);
    let answer = scene.exchange(&code).await;
    assert_eq!(answer.status(), 403);
    let refused =
        json!({"error": "invalid_grant", "error_description": "Invalid authorization code"});
    assert_eq!(body(answer).await, refused);
    assert_eq!(body(scene.exchange("made-up").await).await, refused);

    let code = scene.code().await;
    let with = |verifier, uri, client| {
        [
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code.as_str()),
            ("redirect_uri", uri),
            ("code_verifier", verifier),
        ]
    };
    let answer = scene
        .post(
            "/oauth/token",
            &with(VERIFIER, "https://evil.example/", "cutover-client"),
        )
        .await
        .unwrap();
    assert_eq!(answer.status(), 403, "another site's redirect");
    let wrong = json!({
        "error": "unauthorized_client",
        "error_description": "The redirect URI is wrong. You sent https://evil.example, and we expected https://app.example",
    });
    assert_eq!(body(answer).await, wrong);
    let answer = scene
        .post("/oauth/token", &with(VERIFIER, CALLBACK, "somebody"))
        .await
        .unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(body(answer).await["error"], "access_denied");
    let answer = scene
        .post("/oauth/token", &with("another", CALLBACK, "cutover-client"))
        .await
        .unwrap();
    assert_eq!(
        body(answer).await["error_description"],
        "Failed to verify code verifier"
    );
    assert_eq!(
        scene.calls(Endpoint::Token, 401),
        1,
        "what never reaches the logic is counted too"
    );
}

#[tokio::test]
async fn refresh_tokens_rotate_and_reuse_ends_the_family() {
    let mut scene = Scene::new(|_| ()).await;
    let first = scene.log_in().await;
    scene.now += Span::from_hours(25);
    assert_eq!(
        scene.userinfo(text(&first, "access_token")).await.status(),
        401,
        "expired"
    );
    let second = body(scene.refresh(text(&first, "refresh_token")).await.unwrap()).await;
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    assert_eq!(
        scene.userinfo(text(&second, "access_token")).await.status(),
        200
    );
    for token in [&first, &second] {
        let answer = scene.refresh(text(token, "refresh_token")).await.unwrap();
        assert_eq!(answer.status(), 403);
        assert_eq!(
            body(answer).await,
            json!({"error": "invalid_grant", "error_description": "Unknown or invalid refresh token."})
        );
    }
    assert_eq!(scene.running.auth0().unwrap().ledger().revoked, 1);
}

#[tokio::test]
async fn revoking_is_silent_and_final() {
    let mut scene = Scene::new(|_| ()).await;
    let tokens = scene.log_in().await;
    let token = text(&tokens, "refresh_token");
    for token in [token, "v1.made-up"] {
        let fields = [("client_id", "cutover-client"), ("token", token)];
        let answer = scene.post("/oauth/revoke", &fields).await.unwrap();
        // Clients that want JSON are satisfied, though there is none.
        assert_eq!(answer.headers()["content-type"], "application/json");
        assert_eq!(
            (answer.status(), answer.text().await.unwrap().as_str()),
            (StatusCode::OK, "")
        );
    }
    assert_eq!(scene.refresh(token).await.unwrap().status(), 403);
}

#[tokio::test]
async fn a_token_for_no_api_is_opaque() {
    let mut scene = Scene::new(|_| ()).await;
    let password = password_of(ADA);
    let call = json!({"grant_type": "password", "client_id": "cutover-client", "username": ADA, "password": password, "scope": "openid email"});
    let tokens = body(scene.json("POST", "/oauth/token", "", call).await).await;
    let token = text(&tokens, "access_token");
    assert_eq!((token.len(), token.contains('.')), (32, false));
    assert_eq!(body(scene.userinfo(token).await).await["email"], ADA);
    assert!(
        tokens["refresh_token"].is_null(),
        "nobody asked for offline_access"
    );
}

#[tokio::test]
async fn seeded_sessions_are_usable_as_text() {
    let mut scene = Scene::new(|_| ()).await;
    let tenant = scene.running.auth0().unwrap().clone();
    let (access, refresh) = tenant.with_tenant(|tenant| {
        tenant.seed_family(SeedSession {
            user: UserId(0),
            login_at: START - Span::from_days(3),
            last_used: START - Span::from_hours(1),
            scopes: Scopes {
                openid: true,
                profile: false,
                email: true,
                offline: true,
            },
            audience: Audience {
                api: true,
                userinfo: true,
            },
            with_refresh: true,
        })
    });
    let text_of = tenant.mint_access_token(&access);
    assert_eq!(
        text_of,
        tenant.mint_access_token(&access),
        "the same claims give the same text"
    );
    let read = tenant
        .parties()
        .read_access_token(cutover_mocks::http::auth0::Face::keys(), &text_of);
    assert_eq!(read, Some(access));
    assert_eq!(body(scene.userinfo(&text_of).await).await["email"], ADA);
    let renewed = scene
        .refresh(&tenant.refresh_token_text(refresh.unwrap()))
        .await
        .unwrap();
    assert_eq!(renewed.status(), 200);
}

#[tokio::test]
async fn a_forged_token_opens_nothing() {
    let mut scene = Scene::new(|_| ()).await;
    let tokens = scene.log_in().await;
    let mut parts: Vec<&str> = text(&tokens, "access_token").split('.').collect();
    let mut claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    claims["exp"] = json!(4_000_000_000u32);
    let forged = URL_SAFE_NO_PAD.encode(claims.to_string());
    parts[1] = &forged;
    assert_eq!(scene.userinfo(&parts.join(".")).await.status(), 401);
}

#[tokio::test]
async fn an_audience_that_is_no_api_of_the_tenant_is_refused() {
    let mut scene = Scene::new(|_| ()).await;
    let password = password_of(ADA);
    let fields = [
        ("grant_type", "password"),
        ("client_id", "cutover-client"),
        ("username", ADA),
        ("password", &password),
        ("audience", "https://elsewhere.example"),
    ];
    let answer = scene.post("/oauth/token", &fields).await.unwrap();
    assert_eq!(answer.status(), 400);
    let path = "/authorize?response_type=code&client_id=cutover-client&audience=x&redirect_uri=https%3A%2F%2Fapp.example";
    let back = query(&location(&scene.get(path, &[]).await));
    assert_eq!(back["error_description"], "Service not found: x");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_tabs_that_refresh_at_once_one_wins_and_all_are_logged_out() {
    let mut scene = Scene::new(|_| ()).await;
    let tokens = scene.log_in().await;
    let url = scene.url("/oauth/token");
    let body = format!(
        "grant_type=refresh_token&client_id=cutover-client&refresh_token={}",
        text(&tokens, "refresh_token")
    );
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let call = scene
                .client
                .post(&url)
                .header(STAMP, scene.stamp())
                .body(body.clone());
            tokio::spawn(call.send())
        })
        .collect();
    let mut won = Vec::new();
    for call in calls {
        let answer = call.await.unwrap().unwrap();
        if answer.status() == 200 {
            won.push(serde_json::from_str::<Value>(&answer.text().await.unwrap()).unwrap());
        } else {
            assert_eq!(answer.status(), 403);
        }
    }
    assert_eq!(won.len(), 1);
    let newest = text(&won[0], "refresh_token").to_owned();
    assert_eq!(scene.refresh(&newest).await.unwrap().status(), 403);
    assert_eq!(scene.running.auth0().unwrap().ledger().revoked, 1);
}
