//! Limits and faults as they look on the wire.

use super::scene::*;
use cutover_mocks::auth0::*;
use cutover_mocks::fault::FaultKind;
use cutover_mocks::limit::Rate;
use cutover_mocks::time::Span;
use reqwest::Response;
use serde_json::{Value, json};

#[tokio::test]
async fn the_users_own_limit_is_told_in_headers_and_text() {
    let mut scene =
        Scene::new(|settings| settings.userinfo_per_user = Settings::default().userinfo_per_user)
            .await;
    let tokens = scene.log_in().await;
    let token = text(&tokens, "access_token");
    let answer = scene.userinfo(token).await;
    let header = |answer: &Response, name: &str| {
        answer.headers()[name]
            .to_str()
            .unwrap()
            .parse::<i64>()
            .unwrap()
    };
    assert_eq!(
        (
            header(&answer, "x-ratelimit-limit"),
            header(&answer, "x-ratelimit-remaining")
        ),
        (10, 9)
    );
    assert_eq!(
        header(&answer, "x-ratelimit-reset"),
        START.as_secs() + 12,
        "when the bucket is full again"
    );
    for _ in 0..9 {
        assert_eq!(scene.userinfo(token).await.status(), 200);
    }
    let answer = scene.userinfo(token).await;
    assert_eq!(answer.status(), 429);
    assert_eq!(answer.text().await.unwrap(), "Rate limit exceed");
}

#[tokio::test]
async fn the_tenants_limit_speaks_each_endpoints_language() {
    let mut scene = Scene::new(|settings| {
        settings.tenant_limit = Some(Rate {
            per_second: 1e-6,
            burst: 0,
        });
    })
    .await;
    let token = scene.refresh("v1.x").await.unwrap();
    assert_eq!(token.status(), 429);
    let refused = body(token).await;
    assert_eq!(
        (&refused["error"], &refused["error_description"]),
        (
            &json!("access_denied"),
            &json!("Global limit has been reached")
        )
    );
    let page = scene.authorize(&[], "").await;
    assert_eq!(
        (
            page.status().as_u16(),
            page.headers()["content-type"].to_str().unwrap()
        ),
        (429, "text/html; charset=utf-8")
    );
    let jwks = scene.get("/.well-known/jwks.json", &[]).await;
    assert_eq!(
        (jwks.status().as_u16(), jwks.text().await.unwrap().as_str()),
        (429, "Rate limit exceed")
    );
    let fields = [
        ("email", ADA),
        ("password", "x"),
        ("connection", "Username-Password-Authentication"),
    ];
    let sign_up = scene.post("/dbconnections/signup", &fields).await.unwrap();
    assert_eq!(body(sign_up).await["error"], "too_many_requests");
}

#[tokio::test]
async fn each_fault_is_real_on_the_wire() {
    for kind in [
        FaultKind::Outage,
        FaultKind::Dropped,
        FaultKind::Truncated,
        FaultKind::Malformed,
    ] {
        let mut scene = Scene::new(fault(kind)).await;
        let tokens = scene.log_in().await;
        scene.now += Span::from_secs(10);
        let answer = scene.refresh(text(&tokens, "refresh_token")).await;
        match kind {
            FaultKind::Outage | FaultKind::Dropped => {
                assert!(answer.unwrap_err().is_request());
                assert_eq!(scene.calls(Endpoint::Token, 0), 1);
            }
            FaultKind::Truncated => {
                let answer = answer.unwrap();
                assert_eq!(answer.status(), 200);
                assert!(answer.bytes().await.is_err());
            }
            _ => {
                let answer = answer.unwrap();
                assert_eq!(answer.headers()["content-type"], "application/json");
                assert!(serde_json::from_str::<Value>(&answer.text().await.unwrap()).is_err());
            }
        }
        scene.running.stop().await;
    }
    for (kind, status, with) in [
        (FaultKind::Html(502), 502, "<h1>502 Bad Gateway</h1>"),
        (FaultKind::Status(503), 503, "server_error"),
        (
            FaultKind::ThrottledAs500,
            500,
            "Global limit has been reached",
        ),
    ] {
        let mut scene = Scene::new(fault(kind)).await;
        scene.now += Span::from_secs(10);
        let answer = scene.refresh("v1.x").await.unwrap();
        assert_eq!(answer.status(), status);
        assert!(answer.text().await.unwrap().contains(with));
        scene.running.stop().await;
    }
}
