//! Members' logins by SSO connections of their organizations.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::{Method, Url};
use sha2::Digest;

use crate::browsers::Page;
use crate::sso_scene::{Scene, email, token};
use crate::stage::*;

#[tokio::test]
async fn a_login_goes_through_the_providers_page() {
    let scene = Scene::set().await;
    let connection = scene.saml(&scene.org, json!({})).await;
    let there = [
        ("connection_id", connection.as_str()),
        ("login_redirect_url", "https://app.example/in?a=1&b=2"),
        ("signup_redirect_url", "https://app.example/new"),
    ];
    let page = scene.start(&there).await.expect("it starts");
    let said = [("email", ADA), ("name", "Ada King"), ("groups", "a, b")];
    let back = scene
        .show(page.clone(), &said)
        .await
        .expect("it leads back");
    assert!(
        back.as_str().starts_with("https://app.example/new?"),
        "{back}"
    );
    let client = scene.stage.members();
    let request = |sso_token: String| b2b::sso::AuthenticateRequest {
        sso_token,
        ..Default::default()
    };
    let entered = client.sso.authenticate(request(token(&back))).await;
    let entered = entered.expect("the SDK reads it");
    assert!(entered.member_authenticated && !entered.reset_session);
    assert_eq!(
        (entered.member.name.as_str(), entered.member.status.as_str()),
        ("Ada King", "active")
    );
    let registration = &entered.member.sso_registrations[0];
    assert_eq!(
        (
            &registration.connection_id,
            registration.external_id.as_str()
        ),
        (&connection, ADA)
    );
    let attributes = registration.sso_attributes.clone().expect("attributes");
    assert_eq!(attributes["groups"], json!(["a", "b"]));
    let session = entered.member_session.expect("a session");
    let factor = &session.authentication_factors[0];
    let saml = factor.saml_sso_factor.clone().expect("it is SAML");
    assert_eq!(
        (saml.provider_id, saml.id),
        (connection.clone(), registration.registration_id.clone())
    );
    assert_eq!(json!(factor.delivery_method), "sso_saml");
    // The same person a second time is no newcomer, and no token is good twice.
    let back = scene.show(page, &email(ADA)).await.expect("it leads back");
    assert!(
        back.as_str().starts_with("https://app.example/in?a=1&b=2&"),
        "{back}"
    );
    let again = client.sso.authenticate(request(token(&back))).await;
    assert_eq!(again.expect("it opens").member_id, entered.member_id);
    let gone = client.sso.authenticate(request(token(&back))).await;
    assert_eq!(told(gone), is(404, "sso_token_not_found"));
    let nobodys = client.sso.authenticate(request("nobodys".to_owned())).await;
    assert_eq!(told(nobodys), is(404, "sso_token_not_found"));
}

#[tokio::test]
async fn a_start_that_leads_nowhere_is_told_why() {
    let scene = Scene::set().await;
    let path = format!("/v1/b2b/sso/oidc/{}", scene.org);
    let made = scene.served(Method::POST, &path, json!({})).await;
    let pending = made["connection"]["connection_id"].as_str().expect("an id");
    let org = scene.org.as_str();
    let locator = scene.start(&[("organization_id", org)]).await;
    assert_eq!(
        locator,
        Err("no_sso_connection_exists_for_organization".to_owned())
    );
    let one = scene.oidc(org).await;
    let page = scene
        .start(&[("organization_id", org)])
        .await
        .expect("the only one");
    assert!(page.path().ends_with(&one), "{page}");
    let other = scene.oidc(org).await;
    for (query, error) in [
        (vec![], "missing_sso_connection_locator"),
        (
            vec![("connection_id", one.as_str()), ("organization_id", org)],
            "too_many_sso_connection_locators",
        ),
        (
            vec![("connection_id", "oidc-connection-test-1")],
            "sso_connection_not_found",
        ),
        (
            vec![("connection_id", pending)],
            "oidc_connection_client_id_required",
        ),
        (
            vec![("organization_id", org)],
            "indeterminate_sso_connection_for_organization",
        ),
        (
            vec![("organization_id", "nowhere")],
            "organization_not_found",
        ),
        (
            vec![
                ("connection_id", one.as_str()),
                ("login_redirect_url", "here"),
            ],
            "invalid_login_redirect_url",
        ),
        (
            vec![
                ("connection_id", one.as_str()),
                ("pkce_code_challenge", "short"),
            ],
            "invalid_pkce_code_challenge",
        ),
        (
            vec![
                ("connection_id", one.as_str()),
                ("public_token", "anothers"),
            ],
            "invalid_public_token_id",
        ),
    ] {
        assert_eq!(
            scene.start(&query).await,
            Err(error.to_owned()),
            "{query:?}"
        );
    }
    scene
        .set_org(json!({ "sso_default_connection_id": other }))
        .await;
    let page = scene
        .start(&[("organization_id", org)])
        .await
        .expect("the default one");
    assert!(page.path().ends_with(&other), "{page}");
    let gone = format!("/v1/b2b/sso/{org}/connections/{other}");
    assert_eq!(
        scene.refused(Method::DELETE, &gone, json!({})).await,
        is(400, "cannot_delete_default_sso_connection")
    );
}

#[tokio::test]
async fn newcomers_are_let_in_as_the_organization_says() {
    let scene = Scene::set().await;
    let connection = scene.oidc(&scene.org).await;
    scene
        .set_org(json!({ "sso_jit_provisioning": "NOT_ALLOWED" }))
        .await;
    let refused = Err("invalid_connection_for_jit_provisioning".to_owned());
    assert_eq!(scene.come(&connection, &email(ADA)).await, refused);
    let path = format!("/v1/b2b/organizations/{}", scene.org);
    let restricted = json!({ "sso_jit_provisioning": "RESTRICTED" });
    assert_eq!(
        scene.refused(Method::PUT, &path, restricted).await,
        is(400, "invalid_restricted_sso_setting")
    );
    let other = scene.oidc(&scene.org).await;
    scene
        .set_org(json!({
            "sso_jit_provisioning": "RESTRICTED",
            "sso_jit_provisioning_allowed_connections": [other],
        }))
        .await;
    assert_eq!(scene.come(&connection, &email(ADA)).await, refused);
    let entered = scene.log_in(&other, &email(ADA)).await;
    assert_eq!(
        entered["organization"]["sso_jit_provisioning"],
        "RESTRICTED"
    );
    // Whoever is a member comes in by either.
    let known = scene.log_in(&connection, &email(ADA)).await;
    assert_eq!(known["member_id"], entered["member_id"]);
    let registrations = known["member"]["sso_registrations"].as_array();
    assert_eq!(registrations.map(Vec::len), Some(2));
    let factor = &known["member_session"]["authentication_factors"][0];
    assert_eq!(factor["oidc_sso_factor"]["provider_id"], json!(connection));
    let member = known["member_id"].as_str().expect("an id");
    let tokens = format!("{path}/members/{member}/oidc_providers?include_refresh_token=true");
    let tokens = scene.served(Method::GET, &tokens, json!({})).await;
    assert_eq!(tokens["registrations"].as_array().map(Vec::len), Some(2));
    assert_ne!(tokens["registrations"][0]["refresh_token"], "");
    // With the connection goes what it knew.
    let gone = format!("/v1/b2b/sso/{}/connections/{other}", scene.org);
    scene.served(Method::DELETE, &gone, json!({})).await;
    let org = scene.served(Method::GET, &path, json!({})).await;
    let listed = &org["organization"]["sso_jit_provisioning_allowed_connections"];
    assert_eq!(listed, &json!([]));
    let asked = format!("{path}/member?member_id={member}");
    let left = scene.served(Method::GET, &asked, json!({})).await;
    let left = left["member"]["sso_registrations"].as_array();
    assert_eq!(left.map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_method_that_is_not_allowed_lets_nobody_in() {
    let scene = Scene::set().await;
    let connection = scene.oidc(&scene.org).await;
    let before = scene.come(&connection, &email(ADA)).await.expect("a token");
    let only = json!({ "auth_methods": "RESTRICTED", "allowed_auth_methods": ["password"] });
    scene.set_org(only).await;
    let (status, body) = scene.authenticate(&before).await;
    let restricted = "operation_restricted_by_organization_auth_methods";
    assert_eq!((status, &body["error_type"]), (403, &json!(restricted)));
    let stranger = scene.come(&connection, &email("eve@home.example")).await;
    assert_eq!(stranger, Err(restricted.to_owned()));
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_the_connection_remembered() {
    let scene = Scene::set().await;
    let connection = scene.saml(&scene.org, json!({})).await;
    scene
        .set_org(json!({ "mfa_policy": "REQUIRED_FOR_ALL" }))
        .await;
    let halfway = scene.log_in(&connection, &email(ADA)).await;
    assert_eq!(halfway["member_authenticated"], false);
    let whom = json!({
        "organization_id": scene.org, "member_id": halfway["member_id"],
        "intermediate_session_token": halfway["intermediate_session_token"],
        "mfa_phone_number": "+12025550123",
    });
    scene
        .served(Method::POST, "/v1/b2b/otps/sms/send", whom.clone())
        .await;
    let mut typed = whom;
    typed["code"] = json!(scene.stage.mailed("sms", ADA));
    let path = "/v1/b2b/otps/sms/authenticate";
    let entered = scene.served(Method::POST, path, typed).await;
    let factors = entered["member_session"]["authentication_factors"].as_array();
    let factors = factors.expect("factors");
    assert_eq!(factors.len(), 2);
    let mut by_sso = factors.iter().filter(|it| it["type"] == "sso");
    let by_sso = by_sso.next().expect("one by SSO");
    assert_eq!(by_sso["saml_sso_factor"]["provider_id"], json!(connection));
    assert_eq!(by_sso["saml_sso_factor"]["external_id"], ADA);
}

#[tokio::test]
async fn a_factor_of_sso_stays_in_its_organization() {
    let scene = Scene::set().await;
    let connection = scene.saml(&scene.org, json!({})).await;
    let other = scene.stage.face.project().seed_org(SeedOrg::default());
    scene.stage.seed(ADA, Some(other));
    let other = scene.stage.face.organization_id(other);
    let entered = scene.log_in(&connection, &email(ADA)).await;
    let exchange = json!({ "session_token": entered["session_token"], "organization_id": other });
    let path = "/v1/b2b/sessions/exchange";
    let asked = scene.served(Method::POST, path, exchange).await;
    assert_eq!(asked["member_authenticated"], false);
    assert!(asked["primary_required"].is_object(), "{asked}");
    let home = json!({ "session_token": entered["session_token"], "organization_id": scene.org });
    let kept = scene.served(Method::POST, path, home).await;
    let factor = &kept["member_session"]["authentication_factors"][0];
    assert_eq!(factor["saml_sso_factor"]["provider_id"], json!(connection));
}

#[tokio::test]
async fn a_login_is_bound_to_the_browser_that_began_it() {
    let scene = Scene::set().await;
    let connection = scene.oidc(&scene.org).await;
    let verifier = "v".repeat(43);
    let challenge = URL_SAFE_NO_PAD.encode(sha2::Sha256::digest(&verifier));
    let query = [
        ("connection_id", connection.as_str()),
        ("pkce_code_challenge", &challenge),
    ];
    let page = scene.start(&query).await.expect("it starts");
    let back = scene.show(page, &email(ADA)).await.expect("it leads back");
    let path = "/v1/b2b/sso/authenticate";
    let with = |verifier: Option<&str>| json!({ "sso_token": token(&back), "pkce_code_verifier": verifier });
    assert_eq!(
        scene.refused(Method::POST, path, with(None)).await.1,
        "pkce_expected_code_verifier"
    );
    let wrong = "w".repeat(43);
    assert_eq!(
        scene
            .refused(Method::POST, path, with(Some(&wrong)))
            .await
            .1,
        "pkce_mismatch"
    );
    scene
        .served(Method::POST, path, with(Some(&verifier)))
        .await;
}

#[tokio::test]
async fn roles_come_with_the_connection_and_its_groups() {
    let scene = Scene::set().await;
    let roles = json!({
        "saml_connection_implicit_role_assignments": [{ "role_id": "reader" }],
        "saml_group_implicit_role_assignments": [{ "role_id": "stytch_admin", "group": "bosses" }],
    });
    let connection = scene.saml(&scene.org, roles).await;
    let email_roles = json!([{ "domain": "home.example", "role_id": "homely" }]);
    scene
        .set_org(json!({ "rbac_email_implicit_role_assignments": email_roles }))
        .await;
    let plain = scene.log_in(&connection, &email(ADA)).await;
    let in_session = &plain["member_session"]["roles"];
    assert_eq!(in_session, &json!(["stytch_member", "homely", "reader"]));
    let said = [("email", ADA), ("groups", "bosses")];
    let boss = scene.log_in(&connection, &said).await;
    assert_eq!(boss["member"]["is_admin"], true);
    let given = boss["member"]["roles"].as_array().expect("roles");
    let mut admin = given.iter().filter(|it| it["role_id"] == "stytch_admin");
    let source = &admin.next().expect("the role")["sources"][0];
    assert_eq!(source["type"], "sso_connection_group");
    assert_eq!(
        source["details"],
        json!({ "connection_id": connection, "group": "bosses" })
    );
    // A session that came another way does not have them.
    let sent = json!({ "organization_id": scene.org, "email_address": ADA });
    let path = "/v1/b2b/magic_links/email/login_or_signup";
    scene.served(Method::POST, path, sent).await;
    let link = json!({ "magic_links_token": scene.stage.mailed("magic_link", ADA) });
    let path = "/v1/b2b/magic_links/authenticate";
    let by_link = scene.served(Method::POST, path, link).await;
    assert_eq!(
        by_link["member_session"]["roles"],
        json!(["stytch_member", "homely"])
    );
    assert_eq!(by_link["member"]["is_admin"], true);
    let check = |session: &Value| {
        json!({
            "session_token": session["session_token"],
            "authorization_check": {
                "organization_id": scene.org, "resource_id": "stytch.sso", "action": "create",
            },
        })
    };
    let path = "/v1/b2b/sessions/authenticate";
    let granted = scene.served(Method::POST, path, check(&boss)).await;
    assert_eq!(
        granted["verdict"]["granting_roles"],
        json!(["stytch_admin"])
    );
    assert_eq!(
        scene.refused(Method::POST, path, check(&by_link)).await,
        is(403, "session_authorization_error")
    );
    let mut page = Page::of(&scene.stage);
    page.keep(&boss);
    let made = page
        .post("/b2b/sso/saml", json!({ "display_name": "Okta" }))
        .await;
    assert_eq!(made["connection"]["status"], "pending");
    page.keep(&by_link);
    let made = page.refused(Method::POST, "/b2b/sso/saml", json!({})).await;
    assert_eq!(made, is(403, "session_authorization_error"));
}

#[tokio::test]
async fn a_provider_knows_its_people_by_its_own_id() {
    let scene = Scene::set().await;
    let connection = scene.oidc(&scene.org).await;
    let first = [("email", ADA), ("external_id", "00u1")];
    let first = scene.log_in(&connection, &first).await;
    let renamed = [("email", "ada.king@home.example"), ("external_id", "00u1")];
    let then = scene.log_in(&connection, &renamed).await;
    assert_eq!(then["member_id"], first["member_id"]);
    assert_eq!(then["member"]["email_address"], "ada.king@home.example");
    let retired = &then["member"]["retired_email_addresses"][0];
    assert_eq!(retired["email_address"], ADA);
    let external_id = &then["member"]["sso_registrations"][0]["external_id"];
    assert_eq!(external_id, "00u1");
}

#[tokio::test]
async fn logins_that_begin_at_the_provider_are_for_saml() {
    let scene = Scene::set().await;
    let saml = scene.saml(&scene.org, json!({})).await;
    let oidc = scene.oidc(&scene.org).await;
    let page =
        |id: &str| Url::parse(&format!("{}/_cutover/idp/{id}", scene.stage.base)).expect("a URL");
    let back = scene
        .show(page(&saml), &email(ADA))
        .await
        .expect("it leads back");
    let (status, _) = scene.authenticate(&token(&back)).await;
    assert_eq!(status, 200);
    let unsolicited = scene.show(page(&oidc), &email(ADA)).await;
    assert_eq!(unsolicited, Err("unsolicited_oidc_response".to_owned()));
    let path = format!("/v1/b2b/sso/saml/{}/connections/{saml}", scene.org);
    let off = json!({ "idp_initiated_auth_disabled": true });
    scene.served(Method::PUT, &path, off).await;
    let refused = scene.show(page(&saml), &email(ADA)).await;
    assert_eq!(refused, Err("saml_idp_initiated_auth_disabled".to_owned()));
}
