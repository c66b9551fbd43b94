//! What applications and tools do to a tenant beside logins: identities linked, applications that
//! register themselves, tokens for another API, a whole tenant read.

use super::scene::*;
use cutover_mocks::http::password_of;
use reqwest::StatusCode;
use serde_json::{Value, json};

async fn manage(scene: &mut Scene, method: &str, path: &str, sent: Value) -> (StatusCode, Value) {
    let answer = scene.manage(method, path, sent).await;
    let status = answer.status();
    let told = answer.text().await.unwrap();
    (status, serde_json::from_str(&told).unwrap_or(Value::Null))
}

async fn password(scene: &mut Scene, name: &str, password: &str, more: &[(&str, &str)]) -> Value {
    let mut fields = vec![
        ("grant_type", "password"),
        ("client_id", "cutover-client"),
        ("username", name),
        ("password", password),
        ("scope", "openid email offline_access"),
    ];
    fields.extend(more);
    body(scene.post("/oauth/token", &fields).await.unwrap()).await
}

async fn subject(scene: &mut Scene, tokens: &Value) -> String {
    let told = body(scene.userinfo(text(tokens, "access_token")).await).await;
    text(&told, "sub").to_owned()
}

#[tokio::test]
async fn linked_identities_are_one_user_and_come_apart_again() {
    let mut scene = Scene::new(|_| ()).await;
    let tokens = password(&mut scene, ADA, &password_of(ADA), &[]).await;
    let ada = subject(&mut scene, &tokens).await;
    let made = json!({
        "connection": "Username-Password-Authentication", "email": "ada@work.example",
        "password": "another", "user_metadata": {"lost": true},
    });
    let (_, other) = manage(&mut scene, "POST", "/users", made).await;
    let other = text(&other, "user_id").to_owned();
    let (provider, id) = other.split_once('|').unwrap();
    let named = json!({"provider": provider, "user_id": id});
    let path = format!("/users/{ada}/identities");
    let (status, linked) = manage(&mut scene, "POST", &path, named.clone()).await;
    assert_eq!(status, 201);
    assert_eq!(linked[1]["profileData"]["email"], "ada@work.example");
    let (_, again) = manage(&mut scene, "POST", &path, named).await;
    assert_eq!(again["errorCode"], "inexistent_user", "it is no user now");
    let (status, _) = manage(&mut scene, "GET", &format!("/users/{other}"), Value::Null).await;
    assert_eq!(status, 404);
    let (_, all) = manage(&mut scene, "GET", "/users", Value::Null).await;
    assert_eq!(all.as_array().unwrap().len(), 1);
    assert_eq!(all[0]["identities"].as_array().unwrap().len(), 2);
    let by = "/users-by-email?email=ada%40work.example";
    assert_eq!(
        manage(&mut scene, "GET", by, Value::Null).await.1,
        json!([])
    );

    let tokens = password(&mut scene, "ada@work.example", "another", &[]).await;
    assert_eq!(subject(&mut scene, &tokens).await, ada, "either way in");
    let path = format!("{path}/{provider}/{id}");
    let (status, left) = manage(&mut scene, "DELETE", &path, Value::Null).await;
    assert_eq!((status.as_u16(), left.as_array().unwrap().len()), (200, 1));
    let tokens = password(&mut scene, "ada@work.example", "another", &[]).await;
    assert_eq!(subject(&mut scene, &tokens).await, other);
    let (_, apart) = manage(&mut scene, "GET", &format!("/users/{other}"), Value::Null).await;
    assert!(apart["user_metadata"].is_null(), "it was not kept");
}

#[tokio::test]
async fn people_link_only_themselves_and_what_they_prove() {
    let mut scene = Scene::new(|_| ()).await;
    let made = json!({
        "connection": "Username-Password-Authentication", "email": "bob@home.example", "password": "his",
    });
    let (_, bob) = manage(&mut scene, "POST", "/users", made).await;
    let bob = text(&bob, "user_id").to_owned();
    let audience = format!("{}/api/v2/", scene.running.auth0_url().unwrap());
    let own = [
        ("audience", audience.as_str()),
        (
            "scope",
            "openid update:current_user_identities read:current_user",
        ),
    ];
    let mut fields = vec![
        ("grant_type", "password"),
        ("client_id", "cutover-client"),
        ("username", ADA),
    ];
    let secret = password_of(ADA);
    fields.push(("password", &secret));
    fields.extend(own);
    let tokens = body(scene.post("/oauth/token", &fields).await.unwrap()).await;
    let (access, id_token) = (text(&tokens, "access_token"), text(&tokens, "id_token"));
    let jwks = body(scene.get("/.well-known/jwks.json", &[]).await).await;
    let ada = text(&verified(&jwks, access), "sub").to_owned();
    let read = async |scene: &mut Scene, whom: &str| {
        let path = format!("/api/v2/users/{whom}");
        scene.json("GET", &path, access, Value::Null).await.status()
    };
    assert_eq!(read(&mut scene, &ada).await, 200);
    assert_eq!(read(&mut scene, &bob).await, 403, "somebody else");

    let path = format!("/api/v2/users/{ada}/identities");
    let (provider, id) = bob.split_once('|').unwrap();
    let named = json!({"provider": provider, "user_id": id});
    let taken = scene.json("POST", &path, access, named).await;
    assert_eq!(taken.status(), 403, "nobody takes another's identity");
    let same = scene
        .json("POST", &path, access, json!({"link_with": id_token}))
        .await;
    assert_eq!(same.status(), 400);
    let api = ("audience", "https://api.example");
    let his = password(&mut scene, "bob@home.example", "his", &[api]).await;
    let elsewhere = ("client_id", "cutover-native");
    let theirs = password(&mut scene, "bob@home.example", "his", &[elsewhere]).await;
    for no_proof in [text(&his, "access_token"), text(&theirs, "id_token"), "x"] {
        let wrong = json!({"link_with": no_proof});
        let refused = scene.json("POST", &path, access, wrong).await;
        assert_eq!(refused.status(), 400, "{no_proof}");
    }
    let proven = json!({"link_with": text(&his, "id_token")});
    let linked = scene.json("POST", &path, access, proven).await;
    assert_eq!(linked.status(), 201);
}

#[tokio::test]
async fn an_application_registers_itself_and_logs_people_in() {
    let mut scene = Scene::new(|_| ()).await;
    let told = json!({"client_name": "Itself", "redirect_uris": [CALLBACK]});
    let answer = scene.json("POST", "/oidc/register", "", told).await;
    assert_eq!(answer.status(), 201);
    let made = body(answer).await;
    let id = text(&made, "client_id");
    let secret = text(&made, "client_secret").to_owned();
    let state = scene.page(&[("client_id", id)]).await;
    let typed = password_of(ADA);
    let answer = scene
        .submit(&state, &[("username", ADA), ("password", &typed)])
        .await;
    let code = query(&location(&answer))["code"].clone();
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("client_secret", &secret),
        ("code", &code),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(
        scene.post("/oauth/token", &fields).await.unwrap().status(),
        200
    );
    let told = json!({"redirect_uris": ["com.my.app:/back"], "token_endpoint_auth_method": "client_secret_basic"});
    let made = body(scene.json("POST", "/oidc/register", "", told).await).await;
    assert_eq!(made["token_endpoint_auth_method"], "client_secret_basic");
    for wrong in [
        json!([]),
        json!(["javascript:alert(1)"]),
        json!([CALLBACK, "not a url"]),
        json!(["http://a/#frag"]),
        json!(["//evil.com/cb"]),
    ] {
        let told = json!({"redirect_uris": wrong});
        let answer = scene.json("POST", "/oidc/register", "", told).await;
        assert_eq!(
            body(answer).await["error"],
            "invalid_redirect_uri",
            "{wrong}"
        );
    }
    for wrong in [
        json!({}),
        json!([]),
        json!({"redirect_uris": [CALLBACK], "client_name": "x".repeat(16 << 10)}),
        json!({"redirect_uris": [CALLBACK], "post_logout_redirect_uris": ["data:/x"]}),
        json!({"redirect_uris": [CALLBACK], "token_endpoint_auth_method": "magic"}),
        json!({"redirect_uris": [CALLBACK], "client_name": "x".repeat(20_000)}),
    ] {
        let answer = scene.json("POST", "/oidc/register", "", wrong).await;
        assert_eq!(body(answer).await["error"], "invalid_client_metadata");
    }
}

#[tokio::test]
async fn a_refresh_token_gets_tokens_for_another_api() {
    let mut scene = Scene::new(|_| ()).await;
    let made = json!({"identifier": "https://second.example", "scopes": [{"value": "read:it"}]});
    let (status, _) = manage(&mut scene, "POST", "/resource-servers", made).await;
    assert_eq!(status, 201);
    let tokens = scene.log_in().await;
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "cutover-client"),
        ("refresh_token", text(&tokens, "refresh_token")),
        ("audience", "https://second.example"),
        ("scope", "openid read:it write:it"),
    ];
    let other = body(scene.post("/oauth/token", &fields).await.unwrap()).await;
    assert!(text(&other, "scope").ends_with("read:it"), "{other}");
    let jwks = body(scene.get("/.well-known/jwks.json", &[]).await).await;
    let claims = verified(&jwks, text(&other, "access_token"));
    assert!(claims["aud"].to_string().contains("https://second.example"));
    let newest = text(&other, "refresh_token");
    let first = body(scene.refresh(newest).await.unwrap()).await;
    let claims = verified(&jwks, text(&first, "access_token"));
    assert!(
        claims["aud"].to_string().contains("https://api.example"),
        "the login's own"
    );
}

#[tokio::test]
async fn tools_read_a_whole_tenant() {
    let mut scene = Scene::new(|_| ()).await;
    for (path, shown) in [
        ("/rules", json!([])),
        (
            "/rules?include_totals=true",
            json!({"start": 0, "limit": 50, "length": 0, "total": 0, "rules": []}),
        ),
        ("/forms?take=10", json!({"forms": []})),
        ("/actions/actions", json!({"actions": []})),
        (
            "/attack-protection/captcha",
            json!({"active_provider_id": "auth_challenge"}),
        ),
    ] {
        let (status, told) = manage(&mut scene, "GET", path, Value::Null).await;
        assert_eq!((status.as_u16(), told), (200, shown), "{path}");
    }
    let path = "/attack-protection/brute-force-protection";
    assert_eq!(
        manage(&mut scene, "GET", path, Value::Null).await.1["max_attempts"],
        10
    );
    let (status, _) = manage(&mut scene, "GET", "/emails/provider", Value::Null).await;
    assert_eq!(status, 404);
    let answer = scene
        .json("GET", "/api/v2/rules", "no token", Value::Null)
        .await;
    assert_eq!(answer.status(), 401);
}
