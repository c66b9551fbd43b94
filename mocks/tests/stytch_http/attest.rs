//! The second door to a session: tokens of a trusted issuer.

use crate::stage::*;

fn token(claims: &Value) -> String {
    LEGACY.sign_here(KeyId(0), claims)
}

fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "iss": ISSUER, "aud": ["app"], "sub": "auth0|1", "jti": "token-1",
        "iat": unix_now(), "exp": unix_now() + 60,
    });
    for (name, value) in changes.as_object().expect("an object") {
        claims[name] = value.clone();
    }
    claims
}

#[tokio::test]
async fn a_trusted_token_opens_a_session_or_joins_one() {
    let stage = Stage::consumer().await;
    let ada = stage.seed(ADA, None);
    let client = stage.users();
    let attest = |token: String, session_token: Option<String>| {
        client.sessions.attest(consumer::sessions::AttestRequest {
            profile_id: TrustedProfile::AUTH0.to_owned(),
            token,
            session_token,
            session_duration_minutes: Some(60),
            ..Default::default()
        })
    };
    let by_email = token(&claims(&json!({ "email": ADA })));
    let opened = attest(by_email.clone(), None).await.expect("a session");
    assert_eq!(opened.user_id, stage.face.person_id(ada));
    let session = opened.session.expect("a session");
    let factor = &session.authentication_factors[0];
    let detail = factor.trusted_auth_token_factor.as_ref();
    assert_eq!(detail.expect("its factor").token_id, "token-1");

    let update = consumer::users::UpdateRequest {
        user_id: opened.user_id.clone(),
        external_id: Some("auth0|1".to_owned()),
        ..Default::default()
    };
    client.users.update(update).await.expect("it is known");
    let by_sub = token(&claims(&json!({})));
    let joined = attest(by_sub, Some(opened.session_token.clone())).await;
    let joined = joined.expect("the same session");
    assert_eq!(joined.session_token, opened.session_token);

    for (what, changes) in [
        ("another issuer", json!({ "iss": "https://evil.example/" })),
        ("another audience", json!({ "aud": ["other"] })),
        ("expired", json!({ "exp": unix_now() - 1 })),
        ("not yet", json!({ "nbf": unix_now() + 60 })),
    ] {
        let refused = attest(token(&claims(&changes)), None).await;
        assert_eq!(
            told(refused),
            is(401, "invalid_trusted_auth_token"),
            "{what}"
        );
    }
    let forged = KeyRing::new(Owner::Stytch).sign_here(KeyId(0), &claims(&json!({})));
    for forged in [forged, "opaque".to_owned(), format!("{by_email}x")] {
        let refused = attest(forged, None).await;
        assert_eq!(told(refused), is(401, "invalid_trusted_auth_token"));
    }
    let nobody = attest(
        token(&claims(
            &json!({ "sub": "auth0|2", "email": "x@y.example" }),
        )),
        None,
    );
    assert_eq!(told(nobody.await), is(404, "user_not_found"));
}

#[tokio::test]
async fn a_member_is_attested_in_an_organization() {
    let stage = Stage::b2b().await;
    let org = stage.face.project().seed_org(SeedOrg::default());
    let ada = stage.seed(ADA, Some(org));
    let client = stage.members();
    let attest = |organization_id: Option<String>| {
        client.sessions.attest(b2b::sessions::AttestRequest {
            profile_id: TrustedProfile::AUTH0.to_owned(),
            token: token(&claims(&json!({ "email": ADA }))),
            organization_id,
            ..Default::default()
        })
    };
    let opened = attest(Some(stage.face.organization_id(org))).await;
    let opened = opened.expect("a session");
    assert_eq!(opened.member_id, stage.face.person_id(ada));
    assert_eq!(told(attest(None).await), is(404, "organization_not_found"));
}
