//! `UserInfo`, sign-up and the Management API.

use super::scene::*;
use cutover_mocks::auth0::*;
use cutover_mocks::http::password_of;
use cutover_mocks::time::Span;
use reqwest::StatusCode;
use serde_json::json;

#[tokio::test]
async fn userinfo_tells_nothing_without_openid_and_refuses_what_is_not_its_own() {
    let mut scene = Scene::new(|_| ()).await;
    let tenant = scene.running.auth0().unwrap().clone();
    let opaque = AccessToken {
        subject: UserId(0),
        issued: START,
        expires: START + Span::from_hours(24),
        scopes: Scopes::default(),
        audience: Audience {
            api: false,
            userinfo: true,
        },
        key: cutover_mocks::keys::KeyId(0),
        handle: 0,
    };
    let answer = scene.userinfo(&tenant.mint_access_token(&opaque)).await;
    assert_eq!(
        (answer.status(), answer.text().await.unwrap().as_str()),
        (StatusCode::OK, "{}")
    );

    let api_only = AccessToken {
        audience: Audience {
            api: true,
            userinfo: false,
        },
        ..opaque
    };
    let api_only = tenant.mint_access_token(&api_only);
    let management = tenant.mint_management_token(START);
    for token in [api_only.as_str(), management.as_str(), "made-up", ""] {
        let answer = scene.userinfo(token).await;
        assert_eq!(answer.status(), 401);
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
        assert!(
            challenge.starts_with(r#"Bearer realm="Users", error="invalid_token""#),
            "{challenge}"
        );
        assert!(answer.headers().get("content-type").is_none());
        assert_eq!(answer.text().await.unwrap(), "Unauthorized");
    }
}

#[tokio::test]
async fn people_sign_up_with_a_password_of_their_own_and_change_it() {
    let mut scene = Scene::new(|_| ()).await;
    let eve = "eve@home.example";
    let fields = [
        ("email", eve),
        ("password", "her own"),
        ("connection", "Username-Password-Authentication"),
        ("client_id", "cutover-client"),
    ];
    let created = body(scene.post("/dbconnections/signup", &fields).await.unwrap()).await;
    assert_eq!(
        (&created["email"], &created["email_verified"]),
        (&json!(eve), &json!(false))
    );
    assert_eq!(text(&created, "_id").len(), 24);
    let again = scene.post("/dbconnections/signup", &fields).await.unwrap();
    assert_eq!(
        (again.status().as_u16(), body(again).await["code"].as_str()),
        (400, Some("invalid_signup"))
    );

    let grant = async |scene: &mut Scene, password: &str| {
        let fields = [
            ("grant_type", "password"),
            ("client_id", "cutover-client"),
            ("username", eve),
            ("password", password),
        ];
        scene.post("/oauth/token", &fields).await.unwrap()
    };
    assert_eq!(grant(&mut scene, "her own").await.status(), 200);
    let refused = grant(&mut scene, &password_of(eve)).await;
    assert_eq!(refused.status(), 403);
    assert_eq!(
        body(refused).await,
        json!({"error": "invalid_grant", "error_description": "Wrong email or password."})
    );

    let fields = [
        ("email", eve),
        ("connection", "Username-Password-Authentication"),
    ];
    let mailed = scene
        .post("/dbconnections/change_password", &fields)
        .await
        .unwrap();
    assert_eq!(
        mailed.text().await.unwrap(),
        "We've just sent you an email to reset your password."
    );
    assert_eq!(grant(&mut scene, &password_of(eve)).await.status(), 200);
    assert_eq!(grant(&mut scene, "her own").await.status(), 403);
}

#[tokio::test]
async fn the_management_api_keeps_records() {
    let mut scene = Scene::new(|_| ()).await;
    let fields = [
        ("grant_type", "client_credentials"),
        ("client_id", "cutover-client"),
        ("client_secret", "cutover-client-secret"),
        ("audience", &scene.url("/api/v2/")),
    ];
    let answer = scene.post("/oauth/token", &fields).await.unwrap();
    let token = text(&body(answer).await, "access_token").to_owned();
    let user = json!({"connection": "Username-Password-Authentication", "email": "Eve@home.example", "password": "s", "email_verified": true});
    let refused = scene
        .json("POST", "/api/v2/users", "made-up", user.clone())
        .await;
    assert_eq!(
        (
            refused.status().as_u16(),
            body(refused).await["statusCode"].clone()
        ),
        (401, json!(401))
    );
    let created = scene
        .json("POST", "/api/v2/users", &token, user.clone())
        .await;
    assert_eq!(created.status(), 201);
    let created = body(created).await;
    assert_eq!(
        (&created["email"], &created["email_verified"]),
        (&json!("eve@home.example"), &json!(true))
    );
    assert_eq!(
        scene
            .json("POST", "/api/v2/users", &token, user)
            .await
            .status(),
        409
    );

    let bearer = format!("Bearer {token}");
    let found = body(
        scene
            .get(
                "/api/v2/users-by-email?email=eve%40home.example",
                &[("authorization", &bearer)],
            )
            .await,
    )
    .await;
    assert_eq!(found, json!([created]));
    let found = body(
        scene
            .get(
                "/api/v2/users-by-email?email=EVE%40home.example",
                &[("authorization", &bearer)],
            )
            .await,
    )
    .await;
    assert_eq!(found, json!([]), "the match tells letter case apart");

    let path = format!(
        "/api/v2/users/{}",
        text(&created, "user_id").replace('|', "%7C")
    );
    let changed = body(
        scene
            .json("PATCH", &path, &token, json!({"blocked": true}))
            .await,
    )
    .await;
    assert_eq!(changed["blocked"], true);
    assert_eq!(
        body(scene.get(&path, &[("authorization", &bearer)]).await).await,
        changed
    );
    assert_eq!(
        scene
            .json("DELETE", &path, &token, json!({}))
            .await
            .status(),
        204
    );
    let gone = scene.get(&path, &[("authorization", &bearer)]).await;
    assert_eq!(
        (
            gone.status().as_u16(),
            body(gone).await["errorCode"].clone()
        ),
        (404, json!("inexistent_user"))
    );
}
