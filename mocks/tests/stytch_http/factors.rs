//! Factors beside the first: codes by text, authenticator apps, links under a challenge, roles.

use crate::stage::*;

#[tokio::test]
async fn a_session_gathers_factors() {
    let stage = Stage::consumer().await;
    stage.seed(ADA, None);
    let opened = stage
        .raw(
            "/v1/passwords/authenticate",
            &json!({ "email": ADA, "password": password_of(ADA), "session_duration_minutes": 60 }),
        )
        .await
        .1;
    let session = &opened["session_token"];
    let number = "+14155550100";
    let sent = json!({ "phone_number": number, "session_token": session });
    let (status, sent) = stage.raw("/v1/otps/sms/send", &sent).await;
    assert_eq!(status, StatusCode::OK, "{sent}");
    let typed = json!({
        "method_id": sent["phone_id"], "code": stage.mailed("sms", number), "session_token": session,
    });
    let (_, joined) = stage.raw("/v1/otps/authenticate", &typed).await;
    assert_eq!(&joined["session_token"], session);
    let factors = joined["session"]["authentication_factors"].as_array();
    let kinds: Vec<_> = factors
        .into_iter()
        .flatten()
        .map(|it| &it["type"])
        .collect();
    assert_eq!(kinds, ["password", "otp"]);
    assert_eq!(joined["user"]["phone_numbers"][0]["verified"], true);

    let other = json!({ "email": "bob@home.example", "password": "Sup3r-secret" });
    stage.raw("/v1/passwords", &other).await;
    let mut stranger = other.clone();
    stranger["session_token"] = session.clone();
    let (status, told) = stage.raw("/v1/passwords/authenticate", &stranger).await;
    assert_eq!(
        (status.as_u16(), &told["error_type"]),
        (400, &json!("user_id_mismatch"))
    );
}

#[tokio::test]
async fn an_authenticator_app_shows_each_code_once() {
    let stage = Stage::consumer().await;
    let ada = stage.seed(ADA, None);
    let client = stage.users();
    let user_id = stage.face.person_id(ada);
    let made = client
        .totps
        .create(consumer::totps::CreateRequest {
            user_id: user_id.clone(),
            ..Default::default()
        })
        .await
        .expect("an app");
    assert_eq!(made.recovery_codes.len(), 10);
    let recover = |recovery_code: String| {
        client.totps.recover(consumer::totps::RecoverRequest {
            user_id: user_id.clone(),
            recovery_code,
            session_duration_minutes: Some(60),
            ..Default::default()
        })
    };
    let early = recover(made.recovery_codes[0].clone()).await;
    assert_eq!(
        told(early),
        is(400, "no_active_recovery_code_backed_factor")
    );
    let wrong = client
        .totps
        .authenticate(consumer::totps::AuthenticateRequest {
            user_id: user_id.clone(),
            totp_code: "12345".to_owned(),
            ..Default::default()
        })
        .await;
    assert_eq!(told(wrong), is(400, "invalid_totp_code"));
}

#[tokio::test]
async fn a_link_under_a_challenge_needs_its_verifier() {
    let stage = Stage::consumer().await;
    stage.seed(ADA, None);
    // RFC 7636, appendix B.
    let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    let send = json!({ "email": ADA, "code_challenge": challenge });
    stage
        .raw("/v1/magic_links/email/login_or_create", &send)
        .await;
    let token = stage.mailed("magic_link", ADA);
    for (code_verifier, status, error_type) in [
        (Value::Null, 400, "pkce_expected_code_verifier"),
        (json!("x".repeat(43)), 401, "pkce_mismatch"),
        (json!("short"), 400, "invalid_pkce_code_verifier"),
    ] {
        let follow = json!({ "token": token, "code_verifier": code_verifier });
        let (got, told) = stage.raw("/v1/magic_links/authenticate", &follow).await;
        assert_eq!(
            (got.as_u16(), &told["error_type"]),
            (status, &json!(error_type))
        );
    }
    let follow = json!({ "token": token, "code_verifier": verifier });
    let (status, _) = stage.raw("/v1/magic_links/authenticate", &follow).await;
    assert_eq!(status, StatusCode::OK);
}

#[tokio::test]
async fn a_connection_is_good_after_any_refusal() {
    let stage = Stage::consumer().await;
    let body = json!({ "padding": "x".repeat(100_000) });
    for (path, status) in [
        ("/v1/nowhere", 404),
        ("/v1/crypto_wallets/authenticate", 403),
        ("/v1/b2b/organizations", 400),
        ("/v1/sessions/jwks/x", 405),
    ] {
        let (got, told) = stage.raw(path, &body).await;
        assert_eq!(got.as_u16(), status, "{path}");
        for field in ["request_id", "error_type", "error_message", "error_url"] {
            assert!(told[field].is_string(), "{path}: {field}");
        }
        // The next call goes by the same connection: one that was cut would fail here.
        let (got, _) = stage
            .raw("/v1/passwords/strength_check", &json!({ "password": "x" }))
            .await;
        assert_eq!(got, StatusCode::OK, "after {path}");
    }
}

#[tokio::test]
async fn roles_decide_and_organizations_restrict() {
    let stage = Stage::b2b().await;
    let client = stage.members();
    let created = client
        .organizations
        .create(b2b::organizations::CreateRequest {
            organization_name: "Acme".to_owned(),
            auth_methods: Some("RESTRICTED".to_owned()),
            allowed_auth_methods: Some(vec!["password".to_owned()]),
            ..Default::default()
        })
        .await
        .expect("an organization");
    let id = created.organization.organization_id;
    let sign_up =
        json!({ "organization_id": id, "email_address": ADA, "password": "Sup3r-secret" });
    let (_, opened) = stage.raw("/v1/b2b/passwords", &sign_up).await;
    let check = |resource: &str| {
        json!({
            "session_token": opened["session_token"],
            "authorization_check": { "organization_id": id, "resource_id": resource, "action": "x" },
        })
    };
    let (_, told) = stage
        .raw("/v1/b2b/sessions/authenticate", &check("stytch.self"))
        .await;
    assert_eq!(told["verdict"]["granting_roles"], json!(["stytch_member"]));
    let (status, told) = stage
        .raw("/v1/b2b/sessions/authenticate", &check("stytch.member"))
        .await;
    let expected = json!("session_authorization_error");
    assert_eq!((status.as_u16(), &told["error_type"]), (403, &expected));

    let send = json!({ "organization_id": id, "email_address": ADA });
    stage
        .raw("/v1/b2b/magic_links/email/login_or_signup", &send)
        .await;
    let follow = json!({ "magic_links_token": stage.mailed("magic_link", ADA) });
    let (status, told) = stage.raw("/v1/b2b/magic_links/authenticate", &follow).await;
    let expected = json!("operation_restricted_by_organization_auth_methods");
    assert_eq!((status.as_u16(), &told["error_type"]), (403, &expected));
}
