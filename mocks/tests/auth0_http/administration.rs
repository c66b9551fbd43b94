//! The Management API: organizations, sessions, keys, scopes, blocks.

use super::admin::{Admin, escaped};
use super::scene::*;
use cutover_mocks::http::password_of;
use serde_json::{Value, json};

#[tokio::test]
async fn members_log_in_to_their_organization_and_others_do_not() {
    let mut admin = Admin::new().await;
    let org = admin
        .make(
            "/organizations",
            json!({"name": "acme", "display_name": "Acme"}),
        )
        .await;
    let org = text(&org, "id").to_owned();
    let (status, _) = admin
        .call("POST", "/organizations", json!({"name": "acme"}))
        .await;
    assert_eq!(status, 409);
    let login = async |admin: &mut Admin, extra: &[(&str, &str)]| {
        let state = admin.scene.page(extra).await;
        let password = password_of(ADA);
        let fields = [("username", ADA), ("password", password.as_str())];
        query(&location(&admin.scene.submit(&state, &fields).await))
    };
    let refused = login(&mut admin, &[("organization", &org)]).await;
    assert_eq!(refused["error"], "access_denied");
    assert!(
        refused["error_description"].contains("is not part of the"),
        "{refused:?}"
    );

    let invite = json!({"inviter": {"name": "Boss"}, "invitee": {"email": ADA}, "client_id": "cutover-client"});
    let invited = admin
        .make(&format!("/organizations/{org}/invitations"), invite)
        .await;
    let ticket = text(&invited, "ticket_id").to_owned();
    assert_eq!(admin.scene.running.mailbox().of(ADA).len(), 1);
    let back = login(
        &mut admin,
        &[("organization", &org), ("invitation", &ticket)],
    )
    .await;
    let tokens = body(admin.scene.exchange(&back["code"]).await).await;
    let jwks = body(admin.scene.get("/.well-known/jwks.json", &[]).await).await;
    for token in ["id_token", "access_token"] {
        assert_eq!(verified(&jwks, text(&tokens, token))["org_id"], json!(org));
    }
    let members = admin.get(&format!("/organizations/{org}/members")).await;
    assert_eq!(members[0]["email"], ADA);
    assert_eq!(
        admin
            .get(&format!("/organizations/{org}/invitations"))
            .await,
        json!([])
    );
    assert!(
        login(&mut admin, &[("organization", "acme")])
            .await
            .contains_key("code")
    );
}

#[tokio::test]
async fn sessions_and_refresh_tokens_are_seen_and_ended() {
    let mut admin = Admin::new().await;
    let tokens = admin.scene.log_in().await;
    let jwks = body(admin.scene.get("/.well-known/jwks.json", &[]).await).await;
    let claims = verified(&jwks, text(&tokens, "id_token"));
    let user = format!("/users/{}", escaped(text(&claims, "sub")));
    let sessions = admin.get(&format!("{user}/sessions")).await;
    assert_eq!(sessions["sessions"][0]["id"], claims["sid"]);
    let held = admin.get(&format!("{user}/refresh-tokens")).await;
    assert_eq!(
        (
            &held["tokens"][0]["client_id"],
            &held["tokens"][0]["session_id"]
        ),
        (&json!("cutover-client"), &claims["sid"])
    );
    let path = format!("/sessions/{}/revoke", text(&claims, "sid"));
    assert_eq!(admin.call("POST", &path, Value::Null).await.0, 202);
    let refused = admin
        .scene
        .refresh(text(&tokens, "refresh_token"))
        .await
        .unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(
        admin.get(&format!("{user}/sessions")).await["sessions"],
        json!([])
    );
    assert_eq!(admin.userinfo(&tokens).await, 200, "a JWT lives on");
}

#[tokio::test]
async fn keys_rotate_and_only_the_previous_one_is_revoked() {
    let mut admin = Admin::new().await;
    let old = admin.scene.log_in().await;
    let rotated = admin.make("/keys/signing/rotate", json!({})).await;
    let jwks = body(admin.scene.get("/.well-known/jwks.json", &[]).await).await;
    assert_eq!(
        jwks["keys"].as_array().unwrap().len(),
        3,
        "previous, current, next"
    );
    let new = admin.scene.log_in().await;
    verified(&jwks, text(&new, "access_token"));
    assert_eq!(admin.userinfo(&old).await, 200);
    let keys = admin.get("/keys/signing").await;
    let kid = |which: &str| {
        let all = keys.as_array().unwrap().iter();
        text(
            all.into_iter().find(|key| key[which] == true).unwrap(),
            "kid",
        )
        .to_owned()
    };
    assert_eq!(rotated["kid"], json!(kid("current")));
    let revoke = |kid: String| format!("/keys/signing/{kid}/revoke");
    assert_eq!(
        admin
            .call("PUT", &revoke(kid("current")), json!({}))
            .await
            .0,
        400
    );
    let previous = revoke(kid("previous"));
    // The administrator's own token was signed with it, too.
    admin.token = admin
        .scene
        .running
        .auth0()
        .unwrap()
        .mint_management_token(START);
    assert_eq!(admin.call("PUT", &previous, json!({})).await.0, 200);
    assert_eq!(admin.userinfo(&old).await, 401);
    assert_eq!(admin.userinfo(&new).await, 200);
}

#[tokio::test]
async fn an_application_may_do_what_its_grant_says_and_no_more() {
    let mut admin = Admin::new().await;
    let made = admin
        .make(
            "/clients",
            json!({"name": "backend", "app_type": "non_interactive"}),
        )
        .await;
    let (id, secret) = (text(&made, "client_id"), text(&made, "client_secret"));
    let audience = admin.scene.url("/api/v2/");
    let ask = json!({"grant_type": "client_credentials", "client_id": id, "client_secret": secret, "audience": audience});
    let refused = admin
        .scene
        .json("POST", "/oauth/token", "", ask.clone())
        .await;
    assert_eq!(refused.status(), 403);
    assert!(
        text(&body(refused).await, "error_description").starts_with("Client is not authorized")
    );
    let grant = json!({"client_id": id, "audience": audience, "scope": ["read:users"]});
    admin.make("/client-grants", grant).await;
    let token = body(admin.scene.json("POST", "/oauth/token", "", ask).await).await;
    assert_eq!(token["scope"], "read:users");
    admin.token = text(&token, "access_token").to_owned();
    admin.get("/users").await;
    let (status, told) = admin.call("DELETE", "/users/auth0%7C1", Value::Null).await;
    assert_eq!(
        (status.as_u16(), &told["errorCode"]),
        (403, &json!("insufficient_scope"))
    );
    admin.token = "made-up".to_owned();
    let (status, told) = admin.call("GET", "/users", Value::Null).await;
    assert_eq!(
        (status.as_u16(), &told["message"]),
        (401, &json!("Invalid token"))
    );
}

#[tokio::test]
async fn permissions_of_roles_reach_the_token() {
    let mut admin = Admin::new().await;
    let api = json!({"identifier": "https://items.example", "name": "Items", "scopes": [{"value": "read:items"}, {"value": "write:items"}], "enforce_policies": true, "token_dialect": "access_token_authz"});
    let api = admin.make("/resource-servers", api).await;
    let role = admin.make("/roles", json!({"name": "reader"})).await;
    let role = text(&role, "id").to_owned();
    let permission = json!({"permissions": [{"resource_server_identifier": "https://items.example", "permission_name": "read:items"}]});
    admin
        .make(&format!("/roles/{role}/permissions"), permission)
        .await;
    let id = admin.user("bob@home.example", json!({})).await;
    let given = json!({"roles": [role]});
    let (status, _) = admin
        .call("POST", &format!("/users/{}/roles", escaped(&id)), given)
        .await;
    assert_eq!(status, 204);
    let more = json!({"audience": "https://items.example", "scope": "read:items write:items"});
    let tokens = body(admin.grant("bob@home.example", "s3cret", more).await).await;
    let jwks = body(admin.scene.get("/.well-known/jwks.json", &[]).await).await;
    let claims = verified(&jwks, text(&tokens, "access_token"));
    assert_eq!(claims["permissions"], json!(["read:items"]));
    assert_eq!(
        claims["scope"], "read:items",
        "scopes are cut to what roles allow"
    );
    // Scopes are cut all the same where the token does not tell permissions.
    let quiet = json!({"token_dialect": "access_token"});
    let path = format!("/resource-servers/{}", text(&api, "id"));
    assert_eq!(admin.call("PATCH", &path, quiet).await.0, 200);
    let more = json!({"audience": "https://items.example", "scope": "read:items write:items"});
    let tokens = body(admin.grant("bob@home.example", "s3cret", more).await).await;
    let claims = verified(&jwks, text(&tokens, "access_token"));
    assert_eq!(claims["scope"], "read:items");
    assert!(claims.get("permissions").is_none());
}

#[tokio::test]
async fn blocks_are_listed_and_lifted() {
    let mut admin = Admin::new().await;
    let state = admin.scene.page(&[]).await;
    for _ in 0..10 {
        admin
            .scene
            .submit(&state, &[("username", ADA), ("password", "guess")])
            .await;
    }
    let path = format!("/user-blocks?identifier={}", ADA.replace('@', "%40"));
    let blocked = admin.get(&path).await;
    assert_eq!(blocked["blocked_for"][0]["ip"], "0.0.0.1");
    assert_eq!(admin.call("DELETE", &path, Value::Null).await.0, 204);
    let password = password_of(ADA);
    let answer = admin
        .scene
        .submit(&state, &[("username", ADA), ("password", &password)])
        .await;
    location(&answer);
}
