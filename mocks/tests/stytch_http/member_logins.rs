//! Members' logins.

use crate::stage::*;

#[tokio::test]
async fn a_second_factor_is_texted_and_typed() {
    let stage = Stage::b2b().await;
    let strict = stage
        .face
        .project()
        .seed_org(SeedOrg { mfa_required: true });
    stage.seed(ADA, Some(strict));
    let client = stage.members();
    let organization_id = stage.face.organization_id(strict);
    let halfway = client
        .passwords
        .authenticate(b2b::passwords::AuthenticateRequest {
            organization_id: organization_id.clone(),
            email_address: ADA.to_owned(),
            password: password_of(ADA),
            ..Default::default()
        })
        .await
        .expect("the first factor is right");
    assert!(!halfway.member_authenticated && halfway.mfa_required.is_some());
    assert_eq!(halfway.session_token, "");
    let send = b2b::otp_sms::SendRequest {
        organization_id: organization_id.clone(),
        member_id: halfway.member_id.clone(),
        mfa_phone_number: Some("+12025550123".to_owned()),
        intermediate_session_token: Some(halfway.intermediate_session_token.clone()),
        ..Default::default()
    };
    client.otps.sms.send(send).await.expect("it is texted");
    let type_in = |code: String| {
        client
            .otps
            .sms
            .authenticate(b2b::otp_sms::AuthenticateRequest {
                organization_id: organization_id.clone(),
                member_id: halfway.member_id.clone(),
                code,
                intermediate_session_token: Some(halfway.intermediate_session_token.clone()),
                ..Default::default()
            })
    };
    let code = stage.mailed("sms", ADA);
    let entered = type_in(code.clone()).await.expect("the code opens");
    assert_eq!(
        entered
            .member_session
            .expect("a session")
            .authentication_factors
            .len(),
        2
    );
    assert_eq!(
        told(type_in(code).await),
        is(404, "intermediate_session_not_found")
    );
    let counted = stage
        .face
        .project()
        .ledger()
        .calls_to(Endpoint::SecondFactor);
    assert_eq!(counted, 2, "the text alone is no call");
}

#[tokio::test]
async fn members_log_in_by_link_password_and_discovery() {
    let stage = Stage::b2b().await;
    let org = stage.face.project().seed_org(SeedOrg::default());
    let organization_id = stage.face.organization_id(org);
    let client = stage.members();
    let sent = client
        .magic_links
        .email
        .login_or_signup(b2b::magic_links_email::LoginOrSignupRequest {
            organization_id: organization_id.clone(),
            email_address: ADA.to_owned(),
            ..Default::default()
        })
        .await
        .expect("it is mailed");
    assert!(sent.member_created);
    assert_eq!(sent.member.status, "pending");
    let entered = client
        .magic_links
        .authenticate(b2b::magic_links::AuthenticateRequest {
            magic_links_token: stage.mailed("magic_link", ADA),
            ..Default::default()
        })
        .await
        .expect("the link opens");
    assert_eq!(entered.member.status, "active");

    client
        .passwords
        .migrate(b2b::passwords::MigrateRequest {
            email_address: ADA.to_owned(),
            organization_id: organization_id.clone(),
            hash: "5f4dcc3b5aa765d61d8327deb882cf99".to_owned(),
            hash_type: b2b::passwords::MigrateRequestHashType::Md5,
            ..Default::default()
        })
        .await
        .expect("imported");
    let log_in = b2b::passwords::AuthenticateRequest {
        organization_id: organization_id.clone(),
        email_address: ADA.to_owned(),
        password: "password".to_owned(),
        ..Default::default()
    };
    client
        .passwords
        .authenticate(log_in)
        .await
        .expect("the imported password opens");

    let send = b2b::magic_links_email_discovery::SendRequest {
        email_address: ADA.to_owned(),
        ..Default::default()
    };
    client
        .magic_links
        .email
        .discovery
        .send(send)
        .await
        .expect("it is mailed");
    let shown = client
        .magic_links
        .discovery
        .authenticate(b2b::magic_links_discovery::AuthenticateRequest {
            discovery_magic_links_token: stage.mailed("discovery", ADA),
            ..Default::default()
        })
        .await
        .expect("the address is shown");
    assert_eq!(shown.discovered_organizations.len(), 1);
    let chosen = client
        .discovery
        .intermediate_sessions
        .exchange(b2b::discovery_intermediate_sessions::ExchangeRequest {
            intermediate_session_token: shown.intermediate_session_token,
            organization_id,
            ..Default::default()
        })
        .await
        .expect("the organization is entered");
    assert!(chosen.member_authenticated && chosen.member_session.is_some());
}

#[tokio::test]
async fn a_member_signs_up_in_one_request() {
    let stage = Stage::b2b().await;
    let org = stage.face.project().seed_org(SeedOrg::default());
    let body = json!({
        "organization_id": stage.face.organization_id(org),
        "email_address": ADA, "password": "mine",
    });
    let (status, entered) = stage.raw("/v1/b2b/passwords", &body).await;
    assert_eq!(status, StatusCode::OK);
    assert!(
        entered["session_token"]
            .as_str()
            .is_some_and(|token| token.len() == 44)
    );
    let (status, twice) = stage.raw("/v1/b2b/passwords", &body).await;
    assert_eq!(
        (status.as_u16(), &twice["error_type"]),
        (400, &json!("duplicate_member_email"))
    );
    let (_, again) = stage.raw("/v1/b2b/passwords/authenticate", &body).await;
    assert_eq!(again["member_authenticated"], json!(true));
    let (_, lost) = stage.raw("/v1/users", &json!({})).await;
    assert_eq!(lost["error_type"], json!("invalid_consumer_endpoint"));
    let (_, lost) = stage.raw("/v1/b2b/nowhere", &json!({})).await;
    assert_eq!(lost["error_type"], json!("route_not_found"));
    assert_eq!(
        stage.face.project().find_user(Email::lower(0), Some(org)),
        None
    );
}

#[tokio::test]
async fn members_come_by_oauth_and_change_their_passwords() {
    let stage = Stage::b2b().await;
    let org = stage.face.project().seed_org(SeedOrg::default());
    stage.seed(ADA, Some(org));
    let organization_id = stage.face.organization_id(org);
    let client = stage.members();
    let config = stage.face.config();
    let query = format!(
        "public_token={}&slug=org-0&login_hint={ADA}",
        config.public_token
    );
    let start = format!("{}/v1/b2b/public/oauth/github/start?{query}", stage.base);
    let redirect = stage.http.get(start).send().await.expect("an answer");
    assert_eq!(redirect.headers()["cutover-created"], "false");
    let location = redirect.headers()[header::LOCATION].to_str().expect("text");
    let token = location.rsplit_once("token=").expect("a token").1;
    let entered = client
        .oauth
        .authenticate(b2b::oauth::AuthenticateRequest {
            oauth_token: token.to_owned(),
            ..Default::default()
        })
        .await
        .expect("the token opens");
    assert_eq!(entered.provider_type, "Github");
    assert_eq!(entered.member.oauth_registrations.len(), 1);

    let replace = b2b::passwords_existing_password::ResetRequest {
        email_address: ADA.to_owned(),
        existing_password: password_of(ADA),
        new_password: "second".to_owned(),
        organization_id: organization_id.clone(),
        ..Default::default()
    };
    client
        .passwords
        .existing_password
        .reset(replace)
        .await
        .expect("it is replaced");
    let gone = b2b::sessions::AuthenticateRequest {
        session_token: Some(entered.session_token),
        ..Default::default()
    };
    assert_eq!(
        told(client.sessions.authenticate(gone).await),
        is(404, "session_not_found")
    );
    let start = b2b::passwords_email::ResetStartRequest {
        organization_id: organization_id.clone(),
        email_address: ADA.to_owned(),
        ..Default::default()
    };
    client
        .passwords
        .email
        .reset_start(start)
        .await
        .expect("it is mailed");
    let reset = |token: String| {
        client
            .passwords
            .email
            .reset(b2b::passwords_email::ResetRequest {
                password_reset_token: token,
                password: "third".to_owned(),
                ..Default::default()
            })
    };
    let token = stage.mailed("reset", ADA);
    assert!(
        reset(token.clone())
            .await
            .expect("it is set")
            .member_session
            .is_some()
    );
    assert_eq!(
        told(reset(token).await),
        is(401, "unable_to_auth_password_reset_token")
    );
    let log_in = |password: &str| {
        client
            .passwords
            .authenticate(b2b::passwords::AuthenticateRequest {
                organization_id: organization_id.clone(),
                email_address: ADA.to_owned(),
                password: password.to_owned(),
                ..Default::default()
            })
    };
    for old in [password_of(ADA).as_str(), "second"] {
        assert_eq!(told(log_in(old).await), is(401, "unauthorized_credentials"));
    }
    log_in("third").await.expect("the newest one opens");
}
