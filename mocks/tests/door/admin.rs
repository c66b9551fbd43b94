//! The admin interface as a test in any language uses it: over HTTP.

use cutover_mocks::http::server::Limits;
use cutover_mocks::stytch::Vertical;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::scene::Scene;

/// The interface, and the providers beside it.
pub(super) struct Test {
    pub(super) scene: Scene,
    pub(super) client: Client,
}

impl Test {
    pub(super) async fn new() -> Self {
        Self::of(Vertical::Consumer).await
    }

    pub(super) async fn of(vertical: Vertical) -> Self {
        let scene = Scene::of(vertical, Limits::default()).await;
        let client = scene.client();
        Self { scene, client }
    }

    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let mut call = self
            .client
            .request(method, format!("{}{path}", self.scene.admin_url));
        if let Some(body) = body {
            call = call
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = call.send().await.unwrap();
        let status = answer.status().as_u16();
        (
            status,
            serde_json::from_str(&answer.text().await.unwrap()).unwrap(),
        )
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        let (status, body) = self.send(Method::GET, path, None).await;
        assert_eq!(status, 200, "{body}");
        body
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.send(Method::POST, path, Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub(super) async fn put(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.send(Method::PUT, path, Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    async fn delete(&self, path: &str) -> Value {
        let (status, answer) = self.send(Method::DELETE, path, None).await;
        assert_eq!(status, 200, "{answer}");
        answer
    }

    pub(super) async fn userinfo(&self, token: &str) -> (u16, Value) {
        let url = format!("http://{}/userinfo", self.scene.auth0());
        let answer = self
            .client
            .get(url)
            .bearer_auth(token)
            .send()
            .await
            .unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (
            status,
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        )
    }

    pub(super) async fn stytch(&self, path: &str, body: Value) -> (u16, Value) {
        let config = self.scene.running.stytch().unwrap().config().clone();
        let call = self
            .client
            .post(format!("http://{}{path}", self.scene.stytch()));
        let call = call.basic_auth(config.project_id, Some(config.secret));
        let call = call
            .header("content-type", "application/json")
            .body(body.to_string());
        let answer = call.send().await.unwrap();
        let status = answer.status().as_u16();
        (
            status,
            serde_json::from_str(&answer.text().await.unwrap()).unwrap(),
        )
    }

    /// The text of an answer, however it looks.
    async fn stytch_text(&self, path: &str, body: String) -> String {
        let config = self.scene.running.stytch().unwrap().config().clone();
        let url = format!("http://{}{path}", self.scene.stytch());
        let call = self.client.post(url).body(body);
        let call = call.basic_auth(config.project_id, Some(config.secret));
        let call = call.header("content-type", "application/json");
        call.send().await.unwrap().text().await.unwrap()
    }

    async fn login(&self, email: &str, password: &str) -> u16 {
        let body = json!({"email": email, "password": password, "session_duration_minutes": 60});
        self.stytch("/v1/passwords/authenticate", body).await.0
    }
}

#[tokio::test]
async fn seeded_people_log_in_and_their_sessions_migrate_with_one_userinfo_each() {
    let test = Test::new().await;
    let seeded = test
        .post(
            "/people",
            json!({"people": [
                {"email": "ada@home.example", "password": "a secret of Ada's"},
                {"email": "bob@home.example", "verified": false, "providers": ["auth0"]},
            ]}),
        )
        .await;
    assert_eq!(seeded, json!({"auth0": 2, "stytch": 1, "known": 0}));
    assert_eq!(
        test.login("ada@home.example", "a secret of Ada's").await,
        200
    );
    assert_eq!(
        test.login("bob@home.example", "password-for-bob@home.example")
            .await,
        404
    );
    let opened = test.post("/sessions", json!({"provider": "auth0", "emails": ["ada@home.example", "customer-1@people.example"]})).await;
    test.delete("/journal").await;
    for session in opened["sessions"].as_array().unwrap() {
        let body =
            json!({"session_token": session["access_token"], "session_duration_minutes": 60});
        let (status, answer) = test.stytch("/v1/sessions/migrate", body).await;
        assert_eq!(status, 200, "{answer}");
    }
    let once = json!({
        "calls": {"endpoint": "auth0.userinfo"}, "exactly": 1, "per": "credential",
        "for_each": {"endpoint": "stytch.migrate", "status": 200},
    });
    let verified = test.post("/expectations", once.clone()).await;
    assert_eq!(
        (&verified["holds"], &verified["groups"]),
        (&json!(true), &json!(2)),
        "{verified}"
    );
    test.userinfo(opened["sessions"][0]["access_token"].as_str().unwrap())
        .await;
    let verified = test.post("/expectations", once).await;
    assert_eq!(
        (&verified["holds"], &verified["counted"]),
        (&json!(false), &json!(3))
    );
    assert_eq!(
        verified["unmet"].as_object().unwrap().len(),
        1,
        "{verified}"
    );
    let text = test.get("/journal").await.to_string();
    let token = opened["sessions"][0]["access_token"].as_str().unwrap();
    assert!(!text.contains(token), "tokens are not in the journal");
}

#[tokio::test]
async fn the_journal_tells_calls_apart_by_what_they_were_about() {
    let test = Test::new().await;
    let opened = test
        .post(
            "/sessions",
            json!({"provider": "stytch", "emails": ["customer-2@people.example"]}),
        )
        .await;
    let session = &opened["sessions"][0];
    let body = json!({"session_token": session["session_token"]});
    let (status, answer) = test.stytch("/v1/sessions/authenticate", body).await;
    assert_eq!(status, 200, "{answer}");
    let id = answer["session"]["session_id"].as_str().unwrap();
    test.userinfo("nothing").await;
    let found = test.get(&format!("/journal?session={id}")).await;
    assert_eq!(found["matched"], 1);
    let call = &found["calls"][0];
    assert_eq!(call["endpoint"], "stytch.authenticate");
    assert_eq!(call["person"], answer["session"]["user_id"]);
    assert_eq!(call["path"], "/v1/sessions/authenticate");
    let refused = test
        .get("/journal?endpoint=auth0.userinfo&status=401")
        .await;
    assert_eq!(refused["matched"], 1);
    let after = test
        .get(&format!("/journal?after={}&limit=1", call["number"]))
        .await;
    assert_eq!(after["calls"][0]["endpoint"], "auth0.userinfo");
}

#[tokio::test]
async fn a_million_people_come_in_seconds_and_all_can_log_in() {
    let test = Test::new().await;
    let seeded = test
        .post(
            "/people/series",
            json!({"count": 1_000_000, "each": {"email": "user{n}@big.example"}}),
        )
        .await;
    assert_eq!(
        seeded,
        json!({"auth0": 1_000_000, "stytch": 1_000_000, "known": 0})
    );
    assert_eq!(
        test.login(
            "User777777@big.example",
            "password-for-user777777@big.example"
        )
        .await,
        200
    );
    let again = test
        .post(
            "/people/series",
            json!({"count": 3, "first": 999_999, "each": {"email": "user{n}@big.example"}}),
        )
        .await;
    assert_eq!(again, json!({"auth0": 1, "stytch": 1, "known": 4}));
    let sessions = test.post("/sessions/series", json!({"provider": "stytch", "emails": "user{n}@big.example", "count": 1000, "first": 999_002})).await;
    assert_eq!(sessions, json!({"opened": 1000, "unknown": 0}));
    test.post("/reset", json!({})).await;
    assert_eq!(test.get("/health").await["stytch_people"], 10);
    assert_eq!(
        test.login("user1@big.example", "password-for-user1@big.example")
            .await,
        404
    );
    assert_eq!(
        test.login(
            "customer-1@people.example",
            "password-for-customer-1@people.example"
        )
        .await,
        200
    );
}

#[tokio::test]
async fn people_come_by_the_line_too() {
    let test = Test::new().await;
    let lines: Vec<String> = (0..25_000)
        .map(|n| format!("{{\"email\": \"line-{n}@home.example\"}}"))
        .collect();
    let lines = lines.join("\n");
    let send = async |body: String| {
        let url = format!("{}/people.ndjson", test.scene.admin_url);
        let answer = test.client.post(url).body(body).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    };
    assert_eq!(
        send(lines).await,
        (
            200,
            r#"{"auth0":25000,"stytch":25000,"known":0}"#.to_owned()
        )
    );
    let (status, text) = send("{\"email\": \"x@home.example\"}\n{\"email\": 7}".to_owned()).await;
    assert_eq!(status, 400);
    assert!(text.contains("person 2"), "{text}");
}

#[tokio::test]
async fn faults_are_injected_and_lifted() {
    let test = Test::new().await;
    let opened = test
        .post(
            "/sessions",
            json!({"provider": "auth0", "emails": ["customer-1@people.example"]}),
        )
        .await;
    let token = opened["sessions"][0]["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    let fault = test
        .post(
            "/faults",
            json!({"target": "auth0.userinfo", "kind": {"status": 503}}),
        )
        .await;
    assert_eq!(test.userinfo(&token).await.0, 503);
    test.delete(&format!("/faults?id={}", fault["id"])).await;
    assert_eq!(test.userinfo(&token).await.0, 200);
    test.post(
        "/faults",
        json!({"target": "stytch", "kind": "outage", "for_s": 60}),
    )
    .await;
    let url = format!("http://{}/v1/sessions/jwks/x", test.scene.stytch());
    assert!(
        test.client.get(&url).send().await.is_err(),
        "nothing listens"
    );
    let cut = test.get("/journal?provider=stytch&status=0").await;
    assert_eq!(cut["matched"], 1, "a cut call is in the journal");
    test.put("/clock", json!({"advance_s": 61})).await;
    assert!(
        test.client.get(&url).send().await.is_ok(),
        "the fault is over"
    );
    let (status, body) = test.send(Method::DELETE, "/faults?id=99", None).await;
    assert_eq!(status, 404, "{body}");
}

#[tokio::test]
async fn an_answer_may_be_nested_as_deeply_as_its_request() {
    let test = Test::new().await;
    // The deepest claims that a request can bring: its JSON may have 127 levels.
    let deep = format!("{}1{}", r#"{"a":"#.repeat(125), "}".repeat(125));
    let body = format!(
        r#"{{"email": "customer-1@people.example", "password": "password-for-customer-1@people.example",
            "session_duration_minutes": 60, "session_custom_claims": {{"deep": {deep}}}}}"#
    );
    let answer = test.stytch_text("/v1/passwords/authenticate", body).await;
    assert!(answer.contains(r#""status_code":200"#), "{answer}");
    assert!(answer.contains(&deep), "{answer}");
}

#[tokio::test]
async fn limits_latency_and_the_clock_are_set() {
    let test = Test::new().await;
    let limits = test
        .put(
            "/limits",
            json!({"auth0": {"tenant": {"per_second": 0.1, "burst": 2}}}),
        )
        .await;
    assert_eq!(limits["auth0"]["userinfo_per_user"], Value::Null);
    assert_eq!(
        limits["auth0"]["tenant"],
        json!({"per_second": 0.1, "burst": 2})
    );
    assert_eq!(
        limits["stytch"]["mails_per_person"]["calls"], 1,
        "what is absent stays"
    );
    let mut seen = Vec::new();
    for _ in 0..3 {
        seen.push(test.userinfo("x").await.0);
    }
    assert_eq!(seen, [401, 401, 429]);
    let times = test
        .put(
            "/latency",
            json!({"stytch": {"default": {"p50_ms": 5, "p99_ms": 5}}}),
        )
        .await;
    assert_eq!(times["stytch"]["default"]["p99_ms"], 5.0);
    let held = test
        .put("/clock", json!({"set_to_s": 1_900_000_000, "held": true}))
        .await;
    assert_eq!(
        (&held["now_s"], &held["held"]),
        (&json!(1_900_000_000), &json!(true))
    );
    test.put("/limits", json!({"auth0": {}})).await;
    let opened = test
        .post(
            "/sessions",
            json!({"provider": "auth0", "emails": ["customer-1@people.example"]}),
        )
        .await;
    let token = opened["sessions"][0]["access_token"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(test.userinfo(&token).await.0, 200);
    test.put("/clock", json!({"advance_s": 86_401})).await;
    assert_eq!(
        test.userinfo(&token).await.0,
        401,
        "a day later the token has expired"
    );
    test.delete("/clock").await;
    assert_eq!(test.get("/clock").await["held"], false);
}

#[tokio::test]
async fn the_clock_goes_to_2100_and_no_further() {
    let test = Test::new().await;
    let last = 4_102_444_800_i64;
    test.put("/clock", json!({"set_to_s": last, "held": true}))
        .await;
    assert_eq!(
        test.login(
            "customer-1@people.example",
            "password-for-customer-1@people.example"
        )
        .await,
        200
    );
    let further = Some(json!({"advance_s": 1}));
    let (status, told) = test.send(Method::PUT, "/clock", further).await;
    assert_eq!(status, 400, "{told}");
    assert!(
        told["error"].as_str().unwrap().contains("DELETE /clock"),
        "{told}"
    );
    assert_eq!(test.get("/clock").await["now_s"], last);
    test.delete("/clock").await;
    test.put("/clock", json!({"advance_s": 1})).await;
}

#[tokio::test]
async fn a_b2b_project_has_organizations() {
    let test = Test::of(Vertical::B2b).await;
    let made = test.post("/organizations", json!({"count": 2})).await;
    let id = made["organization_ids"][1].as_str().unwrap();
    test.post(
        "/people",
        json!({"people": [{"email": "ada@home.example", "organization_id": id}]}),
    )
    .await;
    let found = test.get("/people?email=ada@home.example").await;
    assert_eq!(found["stytch"][0]["organization_id"], id);
    assert!(
        found["auth0"][0]["user_id"]
            .as_str()
            .unwrap()
            .starts_with("auth0|")
    );
    assert_eq!(
        test.get("/organizations").await["organization_ids"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn what_is_wrong_is_told_with_its_place() {
    let test = Test::new().await;
    for (path, body, said) in [
        (
            "/people",
            json!({"people": [{"email": "ada"}]}),
            "`ada` is no address",
        ),
        ("/people", json!({"people": 7}), "expected a sequence"),
        (
            "/faults",
            json!({"target": "auth0.nothing", "kind": "outage"}),
            "stytch.migrate",
        ),
        (
            "/faults",
            json!({"target": "auth0", "kind": {"status": 200}}),
            "expected 400 to 599",
        ),
        (
            "/people/series",
            json!({"count": 0, "each": {"email": "{n}@c.example"}}),
            "`count` is 0",
        ),
        (
            "/expectations",
            json!({"calls": {"endpiont": "x"}}),
            "unknown field `endpiont`",
        ),
    ] {
        let (status, answer) = test.send(Method::POST, path, Some(body)).await;
        assert_eq!(status, 400, "{answer}");
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains(said), "{error}");
    }
    let (status, _) = test.send(Method::GET, "/nothing", None).await;
    assert_eq!(status, 404);
}

#[tokio::test]
async fn web_pages_and_foreign_names_are_kept_out() {
    let test = Test::new().await;
    let url = format!("{}/reset", test.scene.admin_url);
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("host", "evil.example:8482"),
    ] {
        let answer = test
            .client
            .post(&url)
            .header(name, value)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 403, "{name}");
    }
}

#[tokio::test]
async fn the_published_description_is_the_committed_one() {
    let test = Test::new().await;
    let mut text = serde_json::to_string_pretty(&test.get("/openapi.json").await).unwrap();
    text.push('\n');
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/mock-admin.openapi.json"
    );
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        text == committed,
        "{path} is stale: UPDATE_GENERATED=1 cargo test --test door writes it anew"
    );
}

#[tokio::test]
async fn an_expectation_that_nothing_could_meet_or_break_is_refused() {
    let test = Test::new().await;
    for (body, told) in [
        (
            json!({"calls": {"endpoint": "auth0.user_info"}, "exactly": 0}),
            "`endpoint` is `auth0.user_info`, which is none; expected one of auth0.authorize",
        ),
        (
            json!({"calls": {"endpoint": "auth0"}, "exactly": 0}),
            "`endpoint` is `auth0`",
        ),
        (
            json!({"calls": {"credential": "a whole token"}, "exactly": 0}),
            "`credential` is no fingerprint",
        ),
        (
            json!({"calls": {}, "at_least": 2, "at_most": 1}),
            "no number is both",
        ),
    ] {
        let (status, answer) = test.send(Method::POST, "/expectations", Some(body)).await;
        assert_eq!(status, 400, "{answer}");
        assert!(answer["error"].as_str().unwrap().contains(told), "{answer}");
    }
}
