//! The Management API: users, found, described, imported and exported.

use super::admin::{Admin, escaped};
use super::scene::*;
use cutover_mocks::http::password_of;
use cutover_mocks::time::Span;
use serde_json::{Value, json};

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
    let more = json!({"scope": "openid profile email", "audience": "https://api.example"});
    let tokens = body(admin.grant("bob@home.example", "s3cret", more).await).await;
    let told = body(admin.scene.userinfo(text(&tokens, "access_token")).await).await;
    assert_eq!(
        (&told["sub"], &told["nickname"]),
        (&json!(id), &json!("Bobby"))
    );
    assert_eq!(admin.get(&path).await["logins_count"], 1);
    assert_eq!(admin.call("DELETE", &path, Value::Null).await.0, 204);
    assert_eq!(admin.call("GET", &path, Value::Null).await.0, 404);
    assert_eq!(admin.userinfo(&tokens).await, 401);
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

    for (address, password, status) in [
        ("old@home.example", "wrong", 403),
        ("old@home.example", "correctbatteryhorsestapler", 200),
        ("old@home.example", "correctbatteryhorsestapler", 200),
        ("none@home.example", &*password_of("none@home.example"), 403),
    ] {
        let answer = admin.grant(address, password, json!({})).await;
        assert_eq!(answer.status(), status, "{address} {password}");
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
