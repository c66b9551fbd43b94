//! Migrate Session over two sockets, time, faults, and refusals by form.

use crate::stage::*;

#[tokio::test]
async fn migrating_asks_userinfo_for_real() {
    let stage = Stage::consumer().await;
    let ada = stage.seed(ADA, None);
    let client = stage.users();
    let migrate = |token: &str| {
        client.sessions.migrate(consumer::sessions::MigrateRequest {
            session_token: token.to_owned(),
            session_duration_minutes: Some(60),
            ..Default::default()
        })
    };
    let migrated = migrate("ada").await.expect("it is migrated");
    assert_eq!(migrated.user_id, stage.face.person_id(ada));
    let factors = migrated.session.expect("a session").authentication_factors;
    assert!(matches!(
        factors[0].type_,
        consumer::sessions::AuthenticationFactorType::Imported
    ));
    let unknown = "migrate_from_external_email_does_not_exist";
    let unexpected = "migrate_from_external_unexpected_response";
    for (token, error_type) in [
        ("eve", unknown),
        ("silent", unknown),
        ("mangled", unexpected),
        ("moved", unexpected),
        ("expired", unexpected),
    ] {
        assert_eq!(told(migrate(token).await), is(400, error_type), "{token}");
    }
    assert_eq!(stage.session_calls(), 6);
    assert_eq!(stage.face.project().ledger().migrated, 1);
}

#[tokio::test]
async fn a_harness_tells_the_time_and_userinfo_is_told_it_too() {
    let stage = Stage::set(Settings::default(), TimeSource::Harness).await;
    stage.seed(ADA, None);
    let at = Timestamp::from_secs(1_772_409_600);
    let config = stage.face.config();
    let send = |stamp: Option<String>| {
        let request = stage
            .http
            .post(format!("{}/v1/sessions/migrate", stage.base))
            .basic_auth(&config.project_id, Some(&config.secret))
            .body(r#"{"session_token": "ada", "session_duration_minutes": 60}"#);
        match stamp {
            Some(stamp) => request.header(STAMP, stamp),
            None => request,
        }
    };
    let stamp = format!("at={}; luck=5; address=1; pace=lapse", at.as_micros());
    let answer = send(Some(stamp)).send().await.expect("an answer");
    assert_eq!(
        answer.headers()[TOOK],
        "90000",
        "its own 20 ms and the 70 ms of UserInfo"
    );
    let body: Value = serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
    assert_eq!(body["session"]["started_at"], "2026-03-02T00:00:00.08Z");
    assert_eq!(body["session"]["expires_at"], "2026-03-02T01:00:00.08Z");
    let answer = send(None).send().await.expect("an answer");
    assert_eq!(
        answer.status(),
        StatusCode::BAD_REQUEST,
        "no stamp, no call"
    );
}

#[tokio::test]
async fn strangers_lost_routes_and_bad_bodies_are_told_so() {
    let stage = Stage::consumer().await;
    let transport = stage.transport("wrong", stytch::client::Vertical::Consumer);
    let stranger = consumer::client::Client::new_with_http_client(transport.clone(), transport);
    let refused = stranger
        .users
        .search(consumer::users::SearchRequest::default())
        .await;
    assert_eq!(told(refused), is(401, "unauthorized_credentials"));
    let (status, body) = stage.raw("/v1/nowhere", &json!({})).await;
    assert_eq!(
        (status.as_u16(), &body["error_type"]),
        (404, &json!("route_not_found"))
    );
    let (status, body) = stage.raw("/v1/b2b/sessions/migrate", &json!({})).await;
    assert_eq!(
        (status.as_u16(), &body["error_type"]),
        (400, &json!("invalid_b2b_endpoint"))
    );
    for (body, error_type) in [
        (json!([]), "bad_request"),
        (json!({ "email": 5, "password": "x" }), "bad_request"),
        (json!({ "email": "ada", "password": "x" }), "invalid_email"),
        (json!({ "email": ADA }), "bad_request"),
        (
            json!({ "email": ADA, "password": "x", "session_token": "y" }),
            "invalid_session_token",
        ),
    ] {
        let (status, told) = stage.raw("/v1/passwords/authenticate", &body).await;
        assert_eq!(
            (status.as_u16(), &told["error_type"]),
            (400, &json!(error_type)),
            "{body}"
        );
        for field in ["status_code", "request_id", "error_message", "error_url"] {
            assert!(!told[field].is_null(), "{field}");
        }
    }
}

#[tokio::test]
async fn faults_reach_the_wire() {
    let always = |endpoint, kind| Fault {
        from: Timestamp::from_secs(0),
        until: Timestamp::NEVER,
        endpoint: Some(endpoint),
        share: Share::ONE,
        kind,
    };
    let faults = FaultPlan::new(vec![
        always(Endpoint::Authenticate, FaultKind::Status(503)),
        always(Endpoint::Revoke, FaultKind::Dropped),
        always(Endpoint::Password, FaultKind::Html(502)),
        always(Endpoint::Records, FaultKind::Malformed),
        always(Endpoint::Jwks, FaultKind::Truncated),
    ]);
    let stage = Stage::set(
        Settings {
            faults,
            ..Settings::default()
        },
        WALL,
    )
    .await;
    stage.seed(ADA, None);
    let (status, body) = stage.raw("/v1/sessions/authenticate", &json!({})).await;
    assert_eq!(
        (status.as_u16(), &body["error_type"]),
        (503, &json!("internal_server_error"))
    );
    let config = stage.face.config();
    let post = |path: &str, body: &'static str| {
        stage
            .http
            .post(format!("{}{path}", stage.base))
            .basic_auth(&config.project_id, Some(&config.secret))
            .body(body)
            .send()
    };
    assert!(
        post("/v1/sessions/revoke", "{}").await.is_err(),
        "the connection closes"
    );
    let page = post("/v1/passwords/authenticate", "{}")
        .await
        .expect("a page");
    assert_eq!(page.status(), StatusCode::BAD_GATEWAY);
    assert!(page.text().await.expect("a body").starts_with("<html>"));
    let mangled = post("/v1/users/search", "{}").await.expect("an answer");
    assert!(serde_json::from_str::<Value>(&mangled.text().await.expect("a body")).is_err());
    let keys = format!("{}/v1/sessions/jwks/{}", stage.base, config.project_id);
    let cut = stage.http.get(keys).send().await.expect("a head");
    assert!(cut.text().await.is_err(), "the body ends too early");
}
