//! Users and their sessions.

use crate::stage::*;

#[tokio::test]
async fn a_user_lives_through_the_official_client() {
    let stage = Stage::consumer().await;
    let users = stage.users().users;
    let created = users
        .create(consumer::users::CreateRequest {
            email: Some(ADA.to_owned()),
            external_id: Some("auth0|5f7c8ec7c33c6c004bbafe82".to_owned()),
            trusted_metadata: Some(json!({ "plan": "pro", "old": 1 })),
            ..Default::default()
        })
        .await
        .expect("it is created");
    assert!(created.user_id.starts_with("user-test-"));
    assert_eq!(created.user.emails[0].email, ADA);

    let by_name = consumer::users::GetRequest {
        user_id: "auth0|5f7c8ec7c33c6c004bbafe82".to_owned(),
    };
    assert_eq!(
        users.get(by_name).await.expect("found").user_id,
        created.user_id
    );

    let updated = users
        .update(consumer::users::UpdateRequest {
            user_id: created.user_id.clone(),
            trusted_metadata: Some(json!({ "old": null, "new": true })),
            ..Default::default()
        })
        .await
        .expect("it is changed");
    assert_eq!(
        updated.user.trusted_metadata,
        Some(json!({ "plan": "pro", "new": true }))
    );

    let search = |name: &str, value: Value| consumer::users::SearchRequest {
        query: Some(consumer::users::SearchUsersQuery {
            operator: consumer::users::SearchUsersQueryOperator::AND,
            operands: vec![json!({ "filter_name": name, "filter_value": value })],
        }),
        ..Default::default()
    };
    stage.seed("bob@home.example", None);
    let found = users
        .search(search("email_address", json!([ADA])))
        .await
        .expect("searched");
    assert_eq!(found.results_metadata.total, 1);
    assert_eq!(found.results[0].user_id, created.user_id);
    let page = consumer::users::SearchRequest {
        limit: Some(1),
        ..Default::default()
    };
    let first = users.search(page).await.expect("searched");
    assert_eq!((first.results.len(), first.results_metadata.total), (1, 2));
    let cursor = first.results_metadata.next_cursor;
    assert!(cursor.is_some());
    let rest = consumer::users::SearchRequest {
        cursor,
        ..Default::default()
    };
    let rest = users.search(rest).await.expect("searched");
    assert_eq!(
        (rest.results.len(), rest.results_metadata.next_cursor),
        (1, None)
    );

    let twice = consumer::users::CreateRequest {
        email: Some(ADA.to_owned()),
        ..Default::default()
    };
    assert_eq!(told(users.create(twice).await), is(400, "duplicate_email"));
    let gone = || consumer::users::DeleteRequest {
        user_id: created.user_id.clone(),
    };
    users.delete(gone()).await.expect("it is deleted");
    assert_eq!(told(users.delete(gone()).await), is(404, "user_not_found"));
}

#[tokio::test]
async fn an_imported_hash_opens_a_session_whose_jwt_verifies() {
    let stage = Stage::consumer().await;
    let client = stage.users();
    let hash = bcrypt::hash("correct horse", 4).expect("a cost of 4 is allowed");
    let import = |hash: &str| consumer::passwords::MigrateRequest {
        email: ADA.to_owned(),
        hash: hash.to_owned(),
        hash_type: consumer::passwords::MigrateRequestHashType::Bcrypt,
        set_email_verified: Some(true),
        ..Default::default()
    };
    let imported = client
        .passwords
        .migrate(import(&hash))
        .await
        .expect("imported");
    assert!(imported.user_created && imported.user.password.is_some());
    let again = client.passwords.migrate(import(&hash)).await;
    assert_eq!(told(again), is(400, "password_already_exists"));

    let log_in = |password: &str, minutes| consumer::passwords::AuthenticateRequest {
        email: "Ada@home.example".to_owned(),
        password: password.to_owned(),
        session_duration_minutes: minutes,
        session_custom_claims: Some(json!({ "tier": 2, "iss": "forged" })),
        ..Default::default()
    };
    let wrong = client
        .passwords
        .authenticate(log_in("wrong", Some(60)))
        .await;
    assert_eq!(told(wrong), is(401, "unauthorized_credentials"));
    let without = client
        .passwords
        .authenticate(log_in("correct horse", None))
        .await
        .expect("in");
    assert_eq!(
        (without.session_token.as_str(), without.session.is_none()),
        ("", true)
    );
    let opened = client
        .passwords
        .authenticate(log_in("correct horse", Some(60)))
        .await
        .expect("in");
    assert_eq!(opened.session_token.len(), 44);

    let id = stage.face.config().project_id.clone();
    let jwks = stage
        .http
        .get(format!("{}/v1/sessions/jwks/{id}", stage.base))
        .send()
        .await;
    let jwks = jwks.expect("nobody is asked who they are");
    assert_eq!(jwks.headers()[header::CACHE_CONTROL], "max-age=900");
    let jwks: Value = serde_json::from_str(&jwks.text().await.expect("a body")).expect("JSON");
    let claims = verify(&opened.session_jwt, &jwks["keys"], &id);
    assert_eq!(claims["sub"], json!(opened.user_id));
    assert_eq!(claims["tier"], json!(2));
    assert_eq!(
        claims["exp"]
            .as_i64()
            .zip(claims["iat"].as_i64())
            .map(|(e, i)| e - i),
        Some(300)
    );
    let session = &claims["https://stytch.com/session"];
    let shown = opened.session.expect("a session");
    assert_eq!(session["id"], json!(shown.session_id));
    assert_eq!(session["authentication_factors"][0]["type"], "password");
    assert_eq!(shown.custom_claims, Some(json!({ "tier": 2 })));
    let listed = consumer::sessions::GetJWKSRequest { project_id: id };
    let listed = client
        .sessions
        .get_jwks(listed)
        .await
        .expect("the SDK reads them as well");
    assert_eq!(listed.keys.len(), 1);
}

#[tokio::test]
async fn sessions_are_authenticated_extended_listed_and_revoked() {
    let stage = Stage::consumer().await;
    stage.seed(ADA, None);
    let client = stage.users();
    let opened = client
        .passwords
        .authenticate(consumer::passwords::AuthenticateRequest {
            email: ADA.to_owned(),
            password: password_of(ADA),
            session_duration_minutes: Some(5),
            ..Default::default()
        })
        .await
        .expect("the seeded password opens");
    let by = |token: Option<&str>, jwt: Option<&str>, minutes| {
        client
            .sessions
            .authenticate(consumer::sessions::AuthenticateRequest {
                session_token: token.map(str::to_owned),
                session_jwt: jwt.map(str::to_owned),
                session_duration_minutes: minutes,
                ..Default::default()
            })
    };
    let (token, jwt) = (opened.session_token.as_str(), opened.session_jwt.as_str());
    let first = opened.session.expect("a session");
    let same = by(Some(token), None, None).await.expect("it lives");
    assert_eq!(same.session.expires_at, first.expires_at);
    assert_eq!(same.session_token, token);
    let longer = by(None, Some(jwt), Some(60)).await.expect("it lives");
    assert!(longer.session.expires_at > first.expires_at);
    assert_eq!(
        told(by(Some(token), Some(jwt), None).await),
        is(400, "too_many_session_arguments")
    );
    assert_eq!(
        told(by(None, None, None).await),
        is(400, "no_session_arguments")
    );
    assert_eq!(
        told(by(Some("short"), None, None).await),
        is(400, "invalid_session_token")
    );
    let made_up = "59cnLELtq5cFVS6uYK9f-pAWzBkhqZl8AvLhbhOvKNWw";
    assert_eq!(
        told(by(Some(made_up), None, None).await),
        is(404, "session_not_found")
    );
    let forged = format!("{}x", &jwt[..jwt.len() - 1]);
    assert_eq!(
        told(by(None, Some(&forged), None).await),
        is(401, "unable_to_parse_session_jwt")
    );
    let short = by(Some(token), None, Some(4)).await;
    assert_eq!(told(short), is(400, "invalid_session_duration_minutes"));

    let whose = || consumer::sessions::GetRequest {
        user_id: opened.user_id.clone(),
    };
    assert_eq!(
        client
            .sessions
            .get(whose())
            .await
            .expect("listed")
            .sessions
            .len(),
        1
    );
    client
        .sessions
        .revoke(consumer::sessions::RevokeRequest {
            session_id: Some(first.session_id),
            ..Default::default()
        })
        .await
        .expect("it is revoked");
    assert_eq!(
        told(by(Some(token), None, None).await),
        is(404, "session_not_found")
    );
    assert_eq!(
        told(by(None, Some(jwt), None).await),
        is(404, "session_not_found")
    );
    assert!(
        client
            .sessions
            .get(whose())
            .await
            .expect("listed")
            .sessions
            .is_empty()
    );
    let calls = stage.face.project().ledger().calls.clone();
    assert_eq!(
        calls[&(Endpoint::Authenticate, 400)],
        4,
        "refusals by form are counted too"
    );
}
