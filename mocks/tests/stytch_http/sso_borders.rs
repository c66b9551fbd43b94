//! What one organization's provider says is worth nothing in another organization.

use reqwest::Method;

use crate::sso_scene::{Scene, email};
use crate::stage::*;

const EVE: &str = "eve@evil.example";
const PASSWORD: &str = "a long and odd password 71";

/// A scene whose organization has a connection, and another organization where Ada is a member.
async fn two_organizations() -> (Scene, String, String) {
    let scene = Scene::set().await;
    let connection = scene.saml(&scene.org, json!({})).await;
    let other = scene.stage.face.project().seed_org(SeedOrg::default());
    scene.stage.seed(ADA, Some(other));
    let other = scene.stage.face.organization_id(other);
    (scene, connection, other)
}

impl Scene {
    async fn exchange(&self, session: &Value, org: &str) -> Value {
        let sent = json!({ "session_token": session["session_token"], "organization_id": org });
        self.served(Method::POST, "/v1/b2b/sessions/exchange", sent)
            .await
    }

    async fn set_password(&self, session: &Value) {
        let sent = json!({
            "organization_id": self.org, "password": PASSWORD,
            "session_token": session["session_token"],
        });
        self.served(Method::POST, "/v1/b2b/passwords/session/reset", sent)
            .await;
    }

    fn by_password(&self, address: &str) -> Value {
        json!({ "organization_id": self.org, "email_address": address, "password": PASSWORD })
    }

    async fn member(&self, address: &str) -> Value {
        let path = format!(
            "/v1/b2b/organizations/{}/member?email_address={address}",
            self.org
        );
        self.served(Method::GET, &path, json!({})).await["member"].clone()
    }

    async fn by_link(&self, address: &str) -> Value {
        let sent = json!({ "organization_id": self.org, "email_address": address });
        let path = "/v1/b2b/magic_links/email/login_or_signup";
        self.served(Method::POST, path, sent).await;
        let link = json!({ "magic_links_token": self.stage.mailed("magic_link", address) });
        let path = "/v1/b2b/magic_links/authenticate";
        self.served(Method::POST, path, link).await
    }
}

const BY_PASSWORD: &str = "/v1/b2b/passwords/authenticate";

#[tokio::test]
async fn half_a_login_opens_no_other_organization_once_its_member_is_gone() {
    let (scene, connection, other) = two_organizations().await;
    scene
        .set_org(json!({ "mfa_policy": "REQUIRED_FOR_ALL" }))
        .await;
    let halfway = scene.log_in(&connection, &email(ADA)).await;
    let path = "/v1/b2b/discovery/intermediate_sessions/exchange";
    let exchange = json!({
        "intermediate_session_token": halfway["intermediate_session_token"],
        "organization_id": other,
    });
    let (status, _) = scene.call(Method::POST, path, exchange.clone()).await;
    assert_ne!(status, 200);
    let member = halfway["member_id"].as_str().expect("an id");
    let gone = format!("/v1/b2b/organizations/{}/members/{member}", scene.org);
    scene.served(Method::DELETE, &gone, json!({})).await;
    let (status, body) = scene.call(Method::POST, path, exchange.clone()).await;
    assert_ne!(status, 200, "{body}");
    // Nor does it come back with the member.
    let back = format!("{gone}/reactivate");
    scene.served(Method::PUT, &back, json!({})).await;
    let mut home = exchange;
    home["organization_id"] = json!(scene.org);
    let (status, body) = scene.call(Method::POST, path, home).await;
    assert_ne!(status, 200, "{body}");
}

#[tokio::test]
async fn a_password_that_was_reset_by_mail_counts_everywhere() {
    let (scene, connection, other) = two_organizations().await;
    let by_sso = scene.log_in(&connection, &email(ADA)).await;
    scene.set_password(&by_sso).await;
    let path = "/v1/b2b/passwords/discovery/email/reset/start";
    let start =
        json!({ "email_address": ADA, "reset_password_redirect_url": "https://app.example/" });
    scene.served(Method::POST, path, start).await;
    let path = "/v1/b2b/passwords/discovery/email/reset";
    let reset = json!({
        "password_reset_token": scene.stage.mailed("reset", ADA), "password": PASSWORD,
    });
    scene.served(Method::POST, path, reset).await;
    let entered = scene
        .served(Method::POST, BY_PASSWORD, scene.by_password(ADA))
        .await;
    let moved = scene.exchange(&entered, &other).await;
    assert_eq!(moved["member_authenticated"], true, "{moved}");
}

#[tokio::test]
async fn a_password_that_rests_on_a_provider_opens_no_other_organization() {
    let (scene, connection, other) = two_organizations().await;
    let by_sso = scene.log_in(&connection, &email(ADA)).await;
    scene.set_password(&by_sso).await;
    let path = BY_PASSWORD;
    let entered = scene
        .served(Method::POST, path, scene.by_password(ADA))
        .await;
    let asked = scene.exchange(&entered, &other).await;
    assert_eq!(asked["member_authenticated"], false, "{asked}");
    let found = json!({ "email_address": ADA, "password": PASSWORD });
    let path = "/v1/b2b/passwords/discovery/authenticate";
    assert_eq!(scene.call(Method::POST, path, found).await.0, 401);
    let path = "/v1/b2b/discovery/organizations";
    for proof in [
        json!({ "session_token": entered["session_token"] }),
        json!({ "session_token": by_sso["session_token"] }),
        json!({ "intermediate_session_token": asked["intermediate_session_token"] }),
    ] {
        let listed = scene.served(Method::POST, path, proof).await;
        let listed = listed["discovered_organizations"].as_array();
        assert_eq!(listed.map(Vec::len), Some(1), "{listed:?}");
    }
    // A mail proves the address, and voids what rested on less.
    let by_link = scene.by_link(ADA).await;
    let moved = scene.exchange(&by_link, &other).await;
    assert_eq!(moved["member_authenticated"], true, "{moved}");
    let path = "/v1/b2b/sessions/authenticate";
    let old = json!({ "session_token": entered["session_token"] });
    assert_eq!(scene.call(Method::POST, path, old).await.0, 404);
    let again = scene.by_password(ADA);
    assert_ne!(scene.call(Method::POST, BY_PASSWORD, again).await.0, 200);
}

#[tokio::test]
async fn an_address_that_a_provider_changes_opens_no_other_organization() {
    let (scene, connection, other) = two_organizations().await;
    let first = [("email", EVE), ("external_id", "00u1")];
    scene.log_in(&connection, &first).await;
    let by_link = scene.by_link(EVE).await;
    scene.set_password(&by_link).await;
    let path = BY_PASSWORD;
    let before = scene
        .served(Method::POST, path, scene.by_password(EVE))
        .await;
    let renamed = [("email", ADA), ("external_id", "00u1")];
    scene.log_in(&connection, &renamed).await;
    let old = json!({ "session_token": before["session_token"], "organization_id": other });
    let path = "/v1/b2b/sessions/exchange";
    let (status, body) = scene.call(Method::POST, path, old).await;
    assert_eq!(status, 404, "{body}");
    let after = scene
        .served(Method::POST, BY_PASSWORD, scene.by_password(ADA))
        .await;
    let asked = scene.exchange(&after, &other).await;
    assert_eq!(asked["member_authenticated"], false, "{asked}");
}

#[tokio::test]
async fn a_login_that_is_refused_or_halfway_changes_no_address() {
    let scene = Scene::set().await;
    let connection = scene.saml(&scene.org, json!({})).await;
    let first = [("email", ADA), ("external_id", "00u1")];
    scene.log_in(&connection, &first).await;
    let renamed = [("email", EVE), ("external_id", "00u1")];
    let token = scene.come(&connection, &renamed).await.expect("a token");
    let only =
        |methods: &[&str]| json!({ "auth_methods": "RESTRICTED", "allowed_auth_methods": methods });
    scene.set_org(only(&["password"])).await;
    assert_eq!(scene.authenticate(&token).await.0, 403);
    assert_eq!(scene.member(ADA).await["email_address"], ADA);
    scene.set_org(only(&["sso"])).await;
    scene
        .set_org(json!({ "mfa_policy": "REQUIRED_FOR_ALL" }))
        .await;
    let halfway = scene.log_in(&connection, &renamed).await;
    assert_eq!(halfway["member"]["email_address"], ADA);
    let whom = json!({
        "organization_id": scene.org, "member_id": halfway["member_id"],
        "intermediate_session_token": halfway["intermediate_session_token"],
        "mfa_phone_number": "+12025550123",
    });
    let path = "/v1/b2b/otps/sms/send";
    scene.served(Method::POST, path, whom.clone()).await;
    let mut typed = whom;
    typed["code"] = json!(scene.stage.mailed("sms", ADA));
    let path = "/v1/b2b/otps/sms/authenticate";
    let entered = scene.served(Method::POST, path, typed).await;
    assert_eq!(entered["member"]["email_address"], EVE);
}

#[tokio::test]
async fn who_only_came_to_the_door_is_asked_again() {
    let scene = Scene::set().await;
    let connection = scene.saml(&scene.org, json!({})).await;
    let token = scene.come(&connection, &email(ADA)).await.expect("a token");
    let pending = scene.member(ADA).await;
    assert_eq!(pending["status"], "pending");
    assert_eq!(pending["email_address_verified"], false);
    let closed = json!({ "sso_jit_provisioning": "NOT_ALLOWED" });
    scene.set_org(closed).await;
    let (status, body) = scene.authenticate(&token).await;
    assert_ne!(status, 200, "{body}");
    assert_eq!(scene.member(ADA).await["status"], "pending");
    let open = json!({ "sso_jit_provisioning": "ALL_ALLOWED" });
    scene.set_org(open).await;
    let entered = scene.log_in(&connection, &email(ADA)).await;
    assert_eq!(entered["member"]["email_address_verified"], true);
}
