//! What administrators change of a running tenant: protection, secrets, grants, refresh tokens.

use serde_json::json;

use super::admin::{Admin, escaped};
use super::scene::*;

#[tokio::test]
async fn brute_force_protection_counts_as_it_is_told_to() {
    let path = "/attack-protection/brute-force-protection";
    let mut admin = Admin::new().await;
    let (status, told) = admin
        .call("PATCH", path, json!({ "max_attempts": 2 }))
        .await;
    assert_eq!((status.as_u16(), &told["max_attempts"]), (200, &json!(2)));
    for status in [403, 403, 429] {
        assert_eq!(admin.grant(ADA, "wrong", json!({})).await.status(), status);
    }
    let (_, told) = admin.call("PATCH", path, json!({ "enabled": false })).await;
    assert_eq!(told["enabled"], json!(false));
    assert_eq!(admin.get(path).await, told);
    for _ in 0..4 {
        assert_eq!(admin.grant(ADA, "wrong", json!({})).await.status(), 403);
    }
    for bad in [
        json!({ "max_attempts": 0 }),
        json!({ "max_attempts": 101 }),
        json!({ "allowlist": ["203.0.113.1"] }),
        json!({ "mode": "count_per_identifier" }),
    ] {
        let (status, _) = admin.call("PATCH", path, bad.clone()).await;
        assert_eq!(status, 400, "{bad}");
    }
}

#[tokio::test]
async fn suspicious_addresses_are_slowed_down_as_told() {
    let path = "/attack-protection/suspicious-ip-throttling";
    let mut admin = Admin::new().await;
    let stage = json!({ "pre-login": { "max_attempts": 1, "rate": 864_000 } });
    let (status, told) = admin.call("PATCH", path, json!({ "stage": stage })).await;
    assert_eq!(status, 200, "{told}");
    assert_eq!(told["stage"]["pre-login"], stage["pre-login"]);
    assert_eq!(
        told["stage"]["pre-user-registration"]["max_attempts"],
        json!(50)
    );
    for status in [403, 429] {
        let told = admin.grant("nobody@home.example", "wrong", json!({})).await;
        assert_eq!(told.status(), status);
    }
    let (_, told) = admin.call("PATCH", path, json!({ "enabled": false })).await;
    assert_eq!(told["enabled"], json!(false));
    let told = admin.grant("nobody@home.example", "wrong", json!({})).await;
    assert_eq!(told.status(), 403);
}

#[tokio::test]
async fn a_rotated_secret_takes_the_place_of_the_old_one() {
    let mut admin = Admin::new().await;
    let made = admin
        .make(
            "/clients",
            json!({ "name": "m", "app_type": "non_interactive" }),
        )
        .await;
    let (id, old) = (text(&made, "client_id"), text(&made, "client_secret"));
    let sent = json!({ "client_id": id, "audience": "https://api.example", "scope": ["a"] });
    let grant = admin.make("/client-grants", sent).await;
    let path = format!("/client-grants/{}", text(&grant, "id"));
    let (_, told) = admin
        .call("PATCH", &path, json!({ "scope": ["a", "b"] }))
        .await;
    assert_eq!(told["scope"], json!(["a", "b"]));
    assert_eq!(admin.get(&path).await, told);
    let rotated = admin
        .make(&format!("/clients/{id}/rotate-secret"), json!({}))
        .await;
    let new = text(&rotated, "client_secret");
    for (secret, status) in [(old, 401), (new, 200)] {
        let fields = [
            ("grant_type", "client_credentials"),
            ("client_id", id),
            ("client_secret", secret),
            ("audience", "https://api.example"),
        ];
        let answer = admin.scene.post("/oauth/token", &fields).await.unwrap();
        assert_eq!(answer.status(), status);
    }
    let (status, _) = admin
        .call("GET", "/client-grants/cgr_none", json!({}))
        .await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn refresh_tokens_of_a_person_are_listed_and_revoked() {
    let mut admin = Admin::new().await;
    let tokens = admin.scene.log_in().await;
    let jwks = body(admin.scene.get("/.well-known/jwks.json", &[]).await).await;
    let claims = verified(&jwks, text(&tokens, "id_token"));
    let user = text(&claims, "sub");
    let path = format!("/refresh-tokens?user_id={}", escaped(user));
    let listed = admin.get(&path).await;
    assert_eq!(listed["refresh_tokens"][0]["user_id"], claims["sub"]);
    let none = admin.get(&format!("{path}&client_id=cutover-spa")).await;
    assert_eq!(none["refresh_tokens"], json!([]));
    for bad in [
        json!({}),
        json!({ "ids": ["a"], "user_id": user }),
        json!({ "user_id": user, "audience": "https://api.example" }),
    ] {
        let (status, _) = admin
            .call("POST", "/refresh-tokens/revoke", bad.clone())
            .await;
        assert_eq!(status, 400, "{bad}");
    }
    for (sent, left) in [
        (json!({ "user_id": user, "client_id": "cutover-spa" }), 1),
        (json!({ "ids": [listed["refresh_tokens"][0]["id"]] }), 0),
    ] {
        let (status, _) = admin.call("POST", "/refresh-tokens/revoke", sent).await;
        assert_eq!(status, 202);
        let there = admin.get(&path).await;
        assert_eq!(there["refresh_tokens"].as_array().unwrap().len(), left);
    }
    let refused = admin.scene.refresh(text(&tokens, "refresh_token")).await;
    assert_eq!(refused.unwrap().status(), 403);
}

#[tokio::test]
async fn effective_permissions_tell_where_they_come_from() {
    let mut admin = Admin::new().await;
    let user = admin.user("eve@home.example", json!({})).await;
    let api = "https://api.example";
    let permission =
        |name: &str| json!({ "resource_server_identifier": api, "permission_name": name });
    let role = admin.make("/roles", json!({ "name": "reader" })).await;
    let role = text(&role, "id");
    let read = json!({ "permissions": [permission("read")] });
    admin
        .make(&format!("/roles/{role}/permissions"), read)
        .await;
    let user = format!("/users/{}", escaped(&user));
    let (status, _) = admin
        .call("POST", &format!("{user}/roles"), json!({ "roles": [role] }))
        .await;
    assert!(status.is_success());
    let both = json!({ "permissions": [permission("read"), permission("write")] });
    admin.make(&format!("{user}/permissions"), both).await;
    let path = format!("{user}/effective-permissions");
    let (status, _) = admin.call("GET", &path, json!({})).await;
    assert_eq!(status, 400, "it takes an API");
    let told = admin
        .get(&format!("{path}?resource_server_identifier={api}"))
        .await;
    let told: Vec<_> = told["permissions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| (text(it, "permission_name"), it["sources"].clone()))
        .collect();
    let expected = [
        ("read", json!(["direct", "roles"])),
        ("write", json!(["direct"])),
    ];
    assert_eq!(told, expected);
    let roles = admin.get(&format!("{user}/effective-roles")).await;
    assert_eq!(roles["roles"][0]["sources"], json!(["direct"]));
}

#[tokio::test]
async fn what_is_switched_off_keeps_its_settings() {
    let mut admin = Admin::new().await;
    let stage = json!({
        "pre-login": { "max_attempts": 7, "rate": 1000 },
        "pre-user-registration": { "max_attempts": 9, "rate": 2000 },
    });
    for (path, numbers) in [
        ("brute-force-protection", json!({ "max_attempts": 5 })),
        ("suspicious-ip-throttling", json!({ "stage": stage })),
    ] {
        let path = format!("/attack-protection/{path}");
        let (_, told) = admin.call("PATCH", &path, numbers).await;
        admin
            .call("PATCH", &path, json!({ "enabled": false }))
            .await;
        let (_, again) = admin.call("PATCH", &path, json!({ "enabled": true })).await;
        assert_eq!(again, told, "{path}");
    }
    let path = "/attack-protection/brute-force-protection";
    let (_, told) = admin
        .call("PATCH", path, json!({ "shields": ["user_notification"] }))
        .await;
    assert_eq!(told["enabled"], json!(true));
    assert_eq!(told["shields"], json!(["user_notification"]));
    for _ in 0..6 {
        assert_eq!(admin.grant(ADA, "wrong", json!({})).await.status(), 403);
    }
    let (status, _) = admin
        .call("PATCH", path, json!({ "shields": ["umbrella"] }))
        .await;
    assert_eq!(status, 400);
}
