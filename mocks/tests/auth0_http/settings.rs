//! The Management API: what of a tenant's settings can be changed, and what that changes; and writes
//! that change nothing.

use super::admin::Admin;
use super::scene::*;
use cutover_mocks::http::password_of;
use serde_json::{Value, json};

const API: &str = "https://mcp.example/tools";

/// A tenant with an API that knows `read:items`.
async fn with_api(dialect: &str) -> Admin {
    let mut admin = Admin::new().await;
    let api = json!({"identifier": API, "name": "Tools", "scopes": [{"value": "read:items"}], "token_dialect": dialect});
    let made = admin.make("/resource-servers", api).await;
    assert_eq!(made["token_dialect"], dialect);
    admin
}

async fn set(admin: &mut Admin, settings: Value) -> Value {
    let (status, told) = admin.call("PATCH", "/tenants/settings", settings).await;
    assert_eq!(status, 200, "{told}");
    told
}

/// A login on the page, and where the browser is sent then.
async fn log_in(
    admin: &mut Admin,
    extra: &[(&str, &str)],
) -> std::collections::BTreeMap<String, String> {
    let state = admin.scene.page(extra).await;
    let password = password_of(ADA);
    let fields = [("username", ADA), ("password", password.as_str())];
    query(&location(&admin.scene.submit(&state, &fields).await))
}

async fn claims(admin: &mut Admin, token: &str) -> Value {
    let jwks = body(admin.scene.get("/.well-known/jwks.json", &[]).await).await;
    verified(&jwks, token)
}

#[tokio::test]
async fn a_resource_names_the_api_where_the_tenant_reads_it() {
    let mut admin = with_api("access_token").await;
    let asked = [
        ("audience", ""),
        ("resource", API),
        ("scope", "openid read:items offline_access"),
    ];
    let back = log_in(&mut admin, &asked).await;
    let tokens = body(admin.scene.exchange(&back["code"]).await).await;
    assert!(
        !text(&tokens, "access_token").contains('.'),
        "opaque: {tokens}"
    );

    let told = set(
        &mut admin,
        json!({"resource_parameter_profile": "compatibility"}),
    )
    .await;
    assert_eq!(told["resource_parameter_profile"], "compatibility");
    let back = log_in(&mut admin, &asked).await;
    let tokens = body(admin.scene.exchange(&back["code"]).await).await;
    let access = claims(&mut admin, text(&tokens, "access_token")).await;
    assert_eq!(access["aud"][0], API);
    assert_eq!(access["scope"], "openid read:items");
    // An audience goes before it.
    let both = [("resource", API), ("audience", "https://api.example")];
    let back = log_in(&mut admin, &both).await;
    let tokens = body(admin.scene.exchange(&back["code"]).await).await;
    let access = claims(&mut admin, text(&tokens, "access_token")).await;
    assert_eq!(access["aud"][0], "https://api.example");
    // A refresh asks for another API in the same way.
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "cutover-client"),
        ("refresh_token", text(&tokens, "refresh_token")),
        ("resource", API),
    ];
    let tokens = body(admin.scene.post("/oauth/token", &fields).await.unwrap()).await;
    let access = claims(&mut admin, text(&tokens, "access_token")).await;
    assert_eq!(access["aud"][0], API);
    let unknown = admin
        .scene
        .authorize(&[("audience", ""), ("resource", "https://no.example")], "")
        .await;
    assert_eq!(query(&location(&unknown))["error"], "access_denied");
}

#[tokio::test]
async fn a_default_audience_is_meant_where_none_is_named() {
    let mut admin = with_api("access_token").await;
    set(&mut admin, json!({"default_audience": API})).await;
    let back = log_in(&mut admin, &[("audience", "")]).await;
    let tokens = body(admin.scene.exchange(&back["code"]).await).await;
    let access = claims(&mut admin, text(&tokens, "access_token")).await;
    assert_eq!(access["aud"][0], API);
    let told = set(&mut admin, json!({"default_audience": ""})).await;
    assert!(told.get("default_audience").is_none());
    let back = log_in(&mut admin, &[("audience", "")]).await;
    let tokens = body(admin.scene.exchange(&back["code"]).await).await;
    assert!(!text(&tokens, "access_token").contains('.'));
}

#[tokio::test]
async fn the_way_back_names_the_issuer_where_the_tenant_tells_it() {
    let mut admin = Admin::new().await;
    let named = "authorization_response_iss_parameter_supported";
    let discovery = "/.well-known/openid-configuration";
    let document = body(admin.scene.get(discovery, &[]).await).await;
    assert!(document.get(named).is_none());
    assert!(!log_in(&mut admin, &[]).await.contains_key("iss"));
    set(&mut admin, json!({named: true})).await;
    let document = body(admin.scene.get(discovery, &[]).await).await;
    assert_eq!(document[named], true);
    assert_eq!(log_in(&mut admin, &[]).await["iss"], document["issuer"]);
    // Refusals as well (RFC 9207, section 2).
    let refused = admin.scene.authorize(&[("prompt", "none")], "").await;
    let refused = query(&location(&refused));
    assert_eq!(refused["error"], "login_required");
    assert_eq!(refused["iss"], document["issuer"]);
}

#[tokio::test]
async fn tokens_of_rfc_9068_open_what_auth0s_own_do() {
    let mut admin = with_api("rfc9068_profile").await;
    let asked = [("audience", API), ("scope", "openid read:items")];
    let back = log_in(&mut admin, &asked).await;
    let tokens = body(admin.scene.exchange(&back["code"]).await).await;
    let token = text(&tokens, "access_token");
    assert_eq!(
        jsonwebtoken::decode_header(token).unwrap().typ.unwrap(),
        "at+jwt"
    );
    let access = claims(&mut admin, token).await;
    assert_eq!(access["client_id"], "cutover-client");
    assert!(
        access["jti"].is_string() && access.get("azp").is_none(),
        "{access}"
    );
    assert_eq!(admin.scene.userinfo(token).await.status(), 200);
    let machine = [
        ("grant_type", "client_credentials"),
        ("client_id", "cutover-client"),
        ("client_secret", "cutover-client-secret"),
        ("audience", API),
    ];
    let mut ids = Vec::new();
    for _ in 0..2 {
        let tokens = body(admin.scene.post("/oauth/token", &machine).await.unwrap()).await;
        let access = claims(&mut admin, text(&tokens, "access_token")).await;
        assert_eq!(access["client_id"], "cutover-client");
        assert!(access.get("gty").is_none(), "{access}");
        ids.push(access["jti"].clone());
    }
    assert_ne!(ids[0], ids[1], "each token has an id of its own");
    let bad = json!({"token_dialect": "esperanto"});
    let all = admin.get("/resource-servers").await;
    let path = format!("/resource-servers/{}", text(&all[1], "id"));
    assert_eq!(admin.call("PATCH", &path, bad).await.0, 400);
}

#[tokio::test]
async fn what_is_there_may_be_written_and_nothing_else() {
    let mut admin = Admin::new().await;
    let connections = admin.get("/connections").await;
    let connection = format!("/connections/{}", text(&connections[0], "id"));
    let options = connections[0]["options"].clone();
    let clients = format!("{connection}/clients");
    let mine = |status: bool| json!([{"client_id": "cutover-web", "status": status}]);
    let writes = [
        (
            "PATCH",
            "/tenants/settings",
            json!({"session_lifetime": 168}),
            json!({"session_lifetime": 1}),
        ),
        (
            "PUT",
            "/guardian/factors/otp",
            json!({"enabled": true}),
            json!({"enabled": false}),
        ),
        (
            "PUT",
            "/guardian/factors/phone/selected-provider",
            json!({"provider": "auth0"}),
            json!({"provider": "twilio"}),
        ),
        (
            "PATCH",
            "/prompts",
            json!({"identifier_first": false}),
            json!({"identifier_first": true}),
        ),
        (
            "PUT",
            "/prompts/login/custom-text/en",
            json!({}),
            json!({"login": {"title": "Hi"}}),
        ),
        (
            "PATCH",
            &connection,
            json!({"options": options}),
            json!({"options": {"requires_username": true}}),
        ),
        ("PATCH", &clients, mine(true), mine(false)),
    ];
    for (method, path, same, other) in writes {
        let (status, told) = admin.call(method, path, same).await;
        assert!(status.is_success(), "{path}: {told}");
        let (status, told) = admin.call(method, path, other).await;
        assert_eq!(status, 400, "{path}: {told}");
        assert!(
            text(&told, "message").contains("takes no other value"),
            "{told}"
        );
    }
    let nobody = json!([{"client_id": "nobody", "status": true}]);
    assert_eq!(admin.call("PATCH", &clients, nobody).await.0, 404);
}

#[tokio::test]
async fn an_application_written_back_as_it_was_read_goes_on_as_before() {
    let mut admin = Admin::new().await;
    let web = admin.get("/clients/cutover-web").await;
    let same = json!({"callbacks": web["callbacks"], "allowed_logout_urls": web["allowed_logout_urls"], "web_origins": web["web_origins"]});
    let (status, _) = admin.call("PATCH", "/clients/cutover-web", same).await;
    assert_eq!(status, 200);
    assert!(
        log_in(&mut admin, &[("client_id", "cutover-web")])
            .await
            .contains_key("code")
    );
    let listed = json!({"callbacks": ["https://app.example/other"]});
    assert_eq!(
        admin.call("PATCH", "/clients/cutover-web", listed).await.0,
        200
    );
    let refused = admin
        .scene
        .authorize(&[("client_id", "cutover-web")], "")
        .await;
    assert_eq!(refused.status(), 403, "no longer any URL of this machine");
}
