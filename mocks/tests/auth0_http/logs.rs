//! The tenant's log: what became of what people and applications did.

use super::admin::{Admin, escaped};
use super::scene::*;
use cutover_mocks::http::password_of;
use cutover_mocks::time::Span;
use serde_json::{Value, json};

/// The codes of all events, oldest first.
async fn kinds(admin: &mut Admin) -> Vec<String> {
    let found = admin.get("/logs?take=100").await;
    let found = found.as_array().unwrap();
    found.iter().map(|it| text(it, "type").to_owned()).collect()
}

#[tokio::test]
async fn a_login_and_what_follows_are_in_the_log() {
    let mut admin = Admin::new().await;
    let state = admin.scene.page(&[]).await;
    for (name, password) in [(ADA, "wrong"), ("nobody@home.example", "wrong")] {
        let fields = [("username", name), ("password", password)];
        admin.scene.submit(&state, &fields).await;
    }
    let password = password_of(ADA);
    let fields = [("username", ADA), ("password", password.as_str())];
    let back = admin.scene.submit(&state, &fields).await;
    let cookie = cookie(&back);
    let code = query(&location(&back))["code"].clone();
    let tokens = body(admin.scene.exchange(&code).await).await;
    let silent = [("prompt", "none")];
    admin.scene.authorize(&silent, &cookie).await;
    admin.scene.authorize(&silent, "").await;
    admin.scene.exchange("no code").await;
    let refresh = text(&tokens, "refresh_token").to_owned();
    admin.scene.refresh(&refresh).await.unwrap();
    admin.scene.now += Span::from_mins(10);
    admin.scene.refresh(&refresh).await.unwrap();
    admin.scene.refresh(&refresh).await.unwrap();
    let access = text(&tokens, "access_token").to_owned();
    admin.scene.userinfo(&access).await;
    admin.scene.get("/v2/logout", &[("cookie", &cookie)]).await;
    let all = [
        "fp", "fu", "s", "seacft", "ssa", "fsa", "feacft", "sertft", "ferrt", "fertft", "slo",
    ];
    assert_eq!(kinds(&mut admin).await, all);

    let found = admin.get("/logs?q=type:seacft").await;
    assert_eq!(found[0]["client_id"], "cutover-client");
    assert_eq!(found[0]["audience"], "https://api.example");
    assert_eq!(found[0]["user_name"], ADA);
    assert_eq!(found[0]["ip"], "0.0.0.1");
    let user = escaped(text(&found[0], "user_id"));
    let own = admin.get(&format!("/users/{user}/logs?sort=date:1")).await;
    let own: Vec<&str> = own
        .as_array()
        .unwrap()
        .iter()
        .map(|it| text(it, "type"))
        .collect();
    assert_eq!(own, ["fp", "s", "seacft", "ssa", "sertft", "ferrt", "slo"]);
}

#[tokio::test]
async fn the_log_is_read_on_from_an_event_and_by_pages() {
    let mut admin = Admin::new().await;
    for number in 0..5 {
        let sent = json!({ "name": format!("role {number}") });
        admin.make("/roles", sent).await;
    }
    let first = admin.get("/logs?take=2").await;
    let last = text(&first[1], "log_id").to_owned();
    let rest = admin.get(&format!("/logs?from={last}&take=100")).await;
    let ids: Vec<&str> = [&first, &rest]
        .into_iter()
        .flat_map(|page| page.as_array().unwrap())
        .map(|event| text(event, "log_id"))
        .collect();
    assert_eq!(ids.len(), 5);
    assert!(ids.is_sorted());
    let again = admin.get(&format!("/logs?from={}", ids[4])).await;
    assert_eq!(again, json!([]), "after the newest there is none");
    let one = admin.get(&format!("/logs/{last}")).await;
    assert_eq!(
        (&one["type"], &one["log_id"]),
        (&json!("sapi"), &json!(last))
    );
    assert_eq!(one["details"]["request"]["path"], "/api/v2/roles");

    let page = admin
        .get("/logs?page=1&per_page=2&include_totals=true&fields=log_id&q=type:sapi")
        .await;
    assert_eq!((&page["total"], &page["start"]), (&json!(5), &json!(2)));
    let newest_first = [ids[2], ids[1]].map(|id| json!({ "log_id": id }));
    assert_eq!(page["logs"], Value::from(newest_first.to_vec()));
    for (path, status) in [
        ("/logs/90020200101000000000000", 404),
        ("/logs?from=made-up", 400),
        ("/logs?take=101", 400),
        ("/logs?q=type:(", 400),
        ("/logs?sort=date:2", 400),
        ("/logs?page=20&per_page=100", 400),
    ] {
        let (told, _) = admin.call("GET", path, json!({})).await;
        assert_eq!(told, status, "{path}");
    }
}

#[tokio::test]
async fn refused_password_grants_tell_which_protection_it_was_and_whose_they_are() {
    let mut admin = Admin::new().await;
    let brute = "/attack-protection/brute-force-protection";
    let suspicious = "/attack-protection/suspicious-ip-throttling";
    admin
        .call("PATCH", brute, json!({ "max_attempts": 1 }))
        .await;
    for _ in 0..2 {
        admin.grant(ADA, "wrong", json!({})).await;
    }
    admin
        .call("PATCH", brute, json!({ "enabled": false }))
        .await;
    let stage = json!({ "pre-login": { "max_attempts": 1, "rate": 864_000 } });
    admin
        .call("PATCH", suspicious, json!({ "stage": stage }))
        .await;
    for _ in 0..2 {
        admin.grant(ADA, "wrong", json!({})).await;
    }
    let all = ["fepft", "limit_wc", "fepft", "limit_mu"];
    let mut told = kinds(&mut admin).await;
    told.retain(|kind| kind != "sapi");
    assert_eq!(told, all);
    let newest = admin.get("/logs?q=type:limit_mu").await;
    let user = escaped(text(&newest[0], "user_id"));
    let own = admin.get(&format!("/users/{user}/logs")).await;
    assert_eq!(own.as_array().unwrap().len(), 4);
}
