//! The Management API: search, jobs, organizations, sessions, keys, scopes.

use super::scene::*;
use cutover_mocks::http::password_of;
use cutover_mocks::http::stamp::STAMP;
use cutover_mocks::time::Span;
use reqwest::StatusCode;
use serde_json::{Value, json};

const DATABASE: &str = "Username-Password-Authentication";

/// Somebody who administers the tenant.
struct Admin {
    scene: Scene,
    token: String,
}

impl Admin {
    async fn new() -> Self {
        let scene = Scene::new(|_| ()).await;
        let token = scene.running.auth0().unwrap().mint_management_token(START);
        Self { scene, token }
    }

    async fn call(&mut self, method: &str, path: &str, sent: Value) -> (StatusCode, Value) {
        let path = format!("/api/v2{path}");
        let answer = self.scene.json(method, &path, &self.token, sent).await;
        let status = answer.status();
        let told = answer.text().await.unwrap();
        (status, serde_json::from_str(&told).unwrap_or(Value::Null))
    }

    async fn get(&mut self, path: &str) -> Value {
        let (status, told) = self.call("GET", path, Value::Null).await;
        assert_eq!(status, 200, "{path}: {told}");
        told
    }

    async fn make(&mut self, path: &str, sent: Value) -> Value {
        let (status, told) = self.call("POST", path, sent).await;
        assert!(status.is_success(), "{path}: {told}");
        told
    }

    async fn user(&mut self, address: &str, more: Value) -> String {
        let mut sent = json!({"connection": DATABASE, "email": address, "password": "s3cret"});
        sent.as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        text(&self.make("/users", sent).await, "user_id").to_owned()
    }

    async fn connection(&mut self) -> String {
        let all = self.get("/connections").await;
        let known = all.as_array().unwrap().iter();
        let database = known.into_iter().find(|one| one["name"] == DATABASE);
        text(database.unwrap(), "id").to_owned()
    }

    /// Uploads a file of users.
    async fn import(&mut self, file: &str, upsert: bool) -> (StatusCode, Value) {
        let connection = self.connection().await;
        let body = [
            ("connection_id", connection.as_str()),
            ("upsert", if upsert { "true" } else { "false" }),
            ("users", file),
        ]
        .map(|(name, content)| {
            format!("--b\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
        })
        .concat();
        let url = self.scene.url("/api/v2/jobs/users-imports");
        let call = self
            .scene
            .client
            .post(url)
            .header(STAMP, self.scene.stamp());
        let answer = call
            .bearer_auth(&self.token)
            .header("content-type", "multipart/form-data; boundary=b")
            .body(format!("{body}--b--\r\n"))
            .send()
            .await
            .unwrap();
        (answer.status(), body_or_null(answer).await)
    }
}

async fn body_or_null(answer: reqwest::Response) -> Value {
    serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null)
}

fn escaped(id: &str) -> String {
    id.replace('|', "%7C")
}

#[tokio::test]
async fn users_are_found_sorted_and_paged() {
    let mut admin = Admin::new().await;
    for (place, name) in ["Bob", "Cleo", "Dan"].iter().enumerate() {
        let address = format!("{name}@home.example").to_lowercase();
        let more = json!({"name": name, "app_metadata": {"plan": if place == 0 { "free" } else { "paid" }}});
        admin.user(&address, more).await;
    }
    let names = |found: &Value| -> Vec<String> {
        let users = found["users"].as_array().or(found.as_array()).unwrap();
        users
            .iter()
            .map(|user| text(user, "name").to_owned())
            .collect()
    };
    let found = admin
        .get("/users?q=app_metadata.plan:paid&sort=name:-1")
        .await;
    assert_eq!(names(&found), ["Dan", "Cleo"]);
    let found = admin
        .get("/users?q=email:*home.example&per_page=2&page=1&include_totals=true&sort=email:1")
        .await;
    assert_eq!(names(&found), ["Dan"]);
    assert_eq!((&found["total"], &found["start"]), (&json!(3), &json!(2)));
    let found = admin
        .get("/users?q=email:%22BOB@home.example%22&fields=email")
        .await;
    assert_eq!(found, json!([{"email": "bob@home.example"}]));
    for (query, code) in [
        ("q=email:(", "invalid_query_string"),
        ("page=100&per_page=100", "invalid_paging"),
        ("per_page=x", "invalid_query_string"),
    ] {
        let (status, told) = admin
            .call("GET", &format!("/users?{query}"), Value::Null)
            .await;
        assert_eq!(
            (status.as_u16(), told["errorCode"].as_str()),
            (400, Some(code)),
            "{query}"
        );
    }
}

#[tokio::test]
async fn a_user_is_described_merged_and_gone() {
    let mut admin = Admin::new().await;
    let id = admin
        .user(
            "bob@home.example",
            json!({"user_id": "legacy-7", "user_metadata": {"a": 1, "b": {"c": 2}}}),
        )
        .await;
    assert_eq!(id, "auth0|legacy-7", "an id may be chosen");
    let path = format!("/users/{}", escaped(&id));
    let sent = json!({"user_metadata": {"a": null, "b": {"d": 3}}, "nickname": "Bobby"});
    let (_, changed) = admin.call("PATCH", &path, sent).await;
    assert_eq!(
        changed["user_metadata"],
        json!({"b": {"d": 3}}),
        "merged one level deep"
    );
    assert_eq!(changed["nickname"], "Bobby");
    let (status, _) = admin
        .call(
            "PATCH",
            &path,
            json!({"email": "b@home.example", "password": "x"}),
        )
        .await;
    assert_eq!(status, 400, "not both at once");
    let (status, told) = admin.call("PATCH", &path, json!({"emial": "typo"})).await;
    assert_eq!(
        (status.as_u16(), &told["errorCode"]),
        (400, &json!("invalid_body"))
    );

    // The chosen id is the subject of the person's tokens, and UserInfo knows it.
    let grant = json!({"grant_type": "password", "client_id": "cutover-client", "username": "bob@home.example", "password": "s3cret", "scope": "openid profile email", "audience": "https://api.example"});
    let tokens = body(admin.scene.json("POST", "/oauth/token", "", grant).await).await;
    let told = body(admin.scene.userinfo(text(&tokens, "access_token")).await).await;
    assert_eq!(
        (&told["sub"], &told["nickname"]),
        (&json!(id), &json!("Bobby"))
    );
    assert_eq!(admin.get(&path).await["logins_count"], 1);
    assert_eq!(admin.call("DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(admin.call("GET", &path, Value::Null).await.0, 404);
    assert_eq!(
        admin
            .scene
            .userinfo(text(&tokens, "access_token"))
            .await
            .status(),
        401
    );
}

#[tokio::test]
async fn an_import_brings_people_their_hashes_and_its_errors() {
    let mut admin = Admin::new().await;
    let file = json!([
        {"email": "Old@home.example", "user_id": "1", "password_hash": "$2b$04$EGdrhbKUv8Oc9vGiXX0HQOxSg445d458Muh7DAHskb6QbtCvdxcie"},
        {"email": "none@home.example", "email_verified": true},
        {"email": ADA},
        {"email": "bad@home.example", "password_hash": "plain text"},
        {"name": "nobody"},
        {"email": "x@home.example", "unknown": 1},
    ]);
    let (status, begun) = admin.import(&file.to_string(), false).await;
    assert_eq!(
        (status.as_u16(), &begun["status"]),
        (202, &json!("pending"))
    );
    let path = format!("/jobs/{}", text(&begun, "id"));
    let done = admin.get(&path).await;
    assert_eq!(
        done["summary"],
        json!({"failed": 4, "updated": 0, "inserted": 2, "total": 6})
    );
    let errors = admin.get(&format!("{path}/errors")).await;
    let codes: Vec<&str> = errors
        .as_array()
        .unwrap()
        .iter()
        .map(|error| text(&error["errors"][0], "code"))
        .collect();
    assert_eq!(
        codes,
        [
            "DUPLICATED_USER",
            "INVALID_FORMAT",
            "OBJECT_REQUIRED",
            "OBJECT_ADDITIONAL_PROPERTIES"
        ]
    );
    assert!(
        !errors.to_string().contains("plain text"),
        "no hash is shown"
    );

    let grant = async |admin: &mut Admin, address: &str, password: &str| {
        let call = json!({"grant_type": "password", "client_id": "cutover-client", "username": address, "password": password});
        admin
            .scene
            .json("POST", "/oauth/token", "", call)
            .await
            .status()
            .as_u16()
    };
    for (address, password, status) in [
        ("old@home.example", "wrong", 403),
        ("old@home.example", "correctbatteryhorsestapler", 200),
        ("old@home.example", "correctbatteryhorsestapler", 200),
        ("none@home.example", &*password_of("none@home.example"), 403),
    ] {
        assert_eq!(
            grant(&mut admin, address, password).await,
            status,
            "{address} {password}"
        );
    }
    let (_, again) = admin
        .import(
            &json!([{"email": ADA, "email_verified": true}]).to_string(),
            true,
        )
        .await;
    let done = admin.get(&format!("/jobs/{}", text(&again, "id"))).await;
    assert_eq!(done["summary"]["updated"], 1);
    let huge = format!("[{}]", " ".repeat(512_001));
    assert_eq!(admin.import(&huge, false).await.0, 413);
    assert_eq!(admin.import("{", false).await.0, 400);
}

#[tokio::test]
async fn an_export_is_a_file_behind_a_link_that_ends() {
    let mut admin = Admin::new().await;
    admin
        .user("bob@home.example", json!({"name": "B \"ob\""}))
        .await;
    let ask = json!({"format": "csv", "fields": [{"name": "email"}, {"name": "name", "export_as": "who"}]});
    let job = admin.make("/jobs/users-exports", ask).await;
    let done = admin.get(&format!("/jobs/{}", text(&job, "id"))).await;
    let link = reqwest::Url::parse(text(&done, "location")).unwrap();
    let file = admin
        .scene
        .get(link.path(), &[])
        .await
        .bytes()
        .await
        .unwrap();
    assert_eq!(&file[..2], [0x1f, 0x8b], "gzip");
    let text = String::from_utf8_lossy(&file);
    assert!(text.contains("\"email\",\"who\"\n"), "{text}");
    assert!(
        text.contains("\"bob@home.example\",\"B \"\"ob\"\"\"\n"),
        "{text}"
    );
    admin.scene.now += Span::from_secs(60);
    assert_eq!(admin.scene.get(link.path(), &[]).await.status(), 403);
}

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
    assert_eq!(
        admin
            .scene
            .userinfo(text(&tokens, "access_token"))
            .await
            .status(),
        200,
        "a JWT lives on"
    );
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
    assert_eq!(
        admin
            .scene
            .userinfo(text(&old, "access_token"))
            .await
            .status(),
        200
    );
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
    assert_eq!(
        admin
            .scene
            .userinfo(text(&old, "access_token"))
            .await
            .status(),
        401
    );
    assert_eq!(
        admin
            .scene
            .userinfo(text(&new, "access_token"))
            .await
            .status(),
        200
    );
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
    let api = json!({"identifier": "https://items.example", "name": "Items", "scopes": [{"value": "read:items"}, {"value": "write:items"}], "enforce_policies": true});
    admin.make("/resource-servers", api).await;
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
    let grant = json!({"grant_type": "password", "client_id": "cutover-client", "username": "bob@home.example", "password": "s3cret", "audience": "https://items.example", "scope": "read:items write:items"});
    let tokens = body(admin.scene.json("POST", "/oauth/token", "", grant).await).await;
    let jwks = body(admin.scene.get("/.well-known/jwks.json", &[]).await).await;
    let claims = verified(&jwks, text(&tokens, "access_token"));
    assert_eq!(claims["permissions"], json!(["read:items"]));
    assert_eq!(
        claims["scope"], "read:items",
        "scopes are cut to what roles allow"
    );
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
