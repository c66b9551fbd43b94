//! Users' logins by mail and by OAuth.

use crate::stage::*;

#[tokio::test]
async fn links_codes_and_resets_go_through_the_mailbox() {
    let stage = Stage::consumer().await;
    let client = stage.users();
    let sent = client
        .magic_links
        .email
        .login_or_create(consumer::magic_links_email::LoginOrCreateRequest {
            email: ADA.to_owned(),
            signup_magic_link_url: Some("https://app.example/in".to_owned()),
            ..Default::default()
        })
        .await
        .expect("it is mailed");
    assert!(sent.user_created);
    let mail = stage
        .http
        .get(format!("{}/_cutover/mail?to={ADA}", stage.base))
        .send()
        .await;
    let mail: Value = serde_json::from_str(&mail.expect("an answer").text().await.expect("a body"))
        .expect("JSON");
    let token = stage.mailed("magic_link", ADA);
    assert_eq!(
        mail["messages"][0]["link"],
        json!(format!(
            "https://app.example/in?stytch_token_type=magic_links&token={token}"
        ))
    );
    let follow = |token: &str| {
        client
            .magic_links
            .authenticate(consumer::magic_links::AuthenticateRequest {
                token: token.to_owned(),
                session_duration_minutes: Some(60),
                ..Default::default()
            })
    };
    let entered = follow(&token).await.expect("the link opens");
    assert_eq!(entered.method_id, sent.email_id);
    assert!(entered.user.emails[0].verified);
    assert_eq!(
        told(follow(&token).await),
        is(401, "unable_to_auth_magic_link")
    );
    assert_eq!(
        told(follow("nonsense").await),
        is(404, "magic_link_not_found")
    );

    let start = || consumer::passwords_email::ResetStartRequest {
        email: ADA.to_owned(),
        ..Default::default()
    };
    client
        .passwords
        .email
        .reset_start(start())
        .await
        .expect("it is mailed");
    let reset = client
        .passwords
        .email
        .reset(consumer::passwords_email::ResetRequest {
            token: stage.mailed("reset", ADA),
            password: "a new one".to_owned(),
            session_duration_minutes: Some(60),
            ..Default::default()
        })
        .await
        .expect("the password is set");
    assert!(reset.session.is_some());
    let old = stage.face.project().ledger().revoked;
    assert_eq!(old, 1, "the session of the link has ended");
    let log_in = consumer::passwords::AuthenticateRequest {
        email: ADA.to_owned(),
        password: "a new one".to_owned(),
        ..Default::default()
    };
    client
        .passwords
        .authenticate(log_in)
        .await
        .expect("the new password opens");
    let nobody = consumer::passwords_email::ResetStartRequest {
        email: "eve@home.example".to_owned(),
        ..Default::default()
    };
    let nobody = client.passwords.email.reset_start(nobody).await;
    assert_eq!(told(nobody), is(404, "email_not_found"));
}

#[tokio::test]
async fn a_mailed_code_logs_in_once() {
    let stage = Stage::consumer().await;
    let client = stage.users();
    let sent = client
        .otps
        .email
        .login_or_create(consumer::otp_email::LoginOrCreateRequest {
            email: ADA.to_owned(),
            ..Default::default()
        })
        .await
        .expect("it is mailed");
    let code = stage.mailed("code", ADA);
    assert!(code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit()));
    let type_in = |code: String| {
        client
            .otps
            .authenticate(consumer::otp::AuthenticateRequest {
                method_id: sent.email_id.clone(),
                code,
                session_duration_minutes: Some(60),
                ..Default::default()
            })
    };
    let other = if code == "000000" { "000001" } else { "000000" };
    assert_eq!(
        told(type_in(other.to_owned()).await),
        is(404, "otp_code_not_found")
    );
    let entered = type_in(code.clone()).await.expect("the code opens");
    assert!(entered.session.is_some());
    assert_eq!(
        told(type_in(code).await),
        is(401, "unable_to_auth_otp_code")
    );
}

#[tokio::test]
async fn oauth_goes_by_way_of_the_browser() {
    let stage = Stage::consumer().await;
    let public = &stage.face.config().public_token;
    let start = |token: &str| {
        let query = format!(
            "public_token={token}&login_redirect_url=https://app.example/in&login_hint={ADA}"
        );
        stage
            .http
            .get(format!(
                "{}/v1/public/oauth/google/start?{query}",
                stage.base
            ))
            .send()
    };
    let refused = start("public-token-test-wrong").await.expect("an answer");
    assert_eq!(refused.status(), StatusCode::UNAUTHORIZED);
    let redirect = start(public).await.expect("an answer");
    assert_eq!(redirect.status(), StatusCode::FOUND);
    assert_eq!(redirect.headers()["cutover-created"], "true");
    let location = redirect.headers()[header::LOCATION]
        .to_str()
        .expect("text")
        .to_owned();
    let token = location
        .strip_prefix("https://app.example/in?stytch_token_type=oauth&token=")
        .expect("back at the application");
    let finish = |token: &str| {
        let client = stage.users();
        let request = consumer::oauth::AuthenticateRequest {
            token: token.to_owned(),
            session_duration_minutes: Some(60),
            ..Default::default()
        };
        async move { client.oauth.authenticate(request).await }
    };
    let entered = finish(token).await.expect("the token opens");
    assert_eq!(entered.provider_type, "Google");
    assert_eq!(entered.user.providers.len(), 1);
    assert!(entered.user_session.is_some());
    assert_eq!(told(finish(token).await), is(400, "oauth_token_not_found"));
}
