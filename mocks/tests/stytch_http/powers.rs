//! What members may do from pages: as far as their roles go, and only once all their factors are proved.

use cutover_mocks::http::totp;
use reqwest::Method;

use crate::browsers::Page;
use crate::stage::*;

const BOB: &str = "bob@home.example";

/// Ada and Bob in an organization.
struct Team {
    stage: Stage,
    org: OrgId,
    ada: UserId,
    bob: UserId,
}

impl Team {
    async fn of(rules: SeedOrg) -> Self {
        let stage = Stage::b2b().await;
        let org = stage.face.project().seed_org(rules);
        let ada = stage.seed(ADA, Some(org));
        let bob = stage.seed(BOB, Some(org));
        Self {
            stage,
            org,
            ada,
            bob,
        }
    }

    fn organization_id(&self) -> String {
        self.stage.face.organization_id(self.org)
    }

    /// What Ada gets for her password.
    async fn password(&self) -> Value {
        let login = json!({
            "organization_id": self.organization_id(), "email_address": ADA,
            "password": password_of(ADA), "session_duration_minutes": 60,
        });
        let page = Page::of(&self.stage);
        page.post("/b2b/passwords/authenticate", login).await
    }

    /// A page that Ada is logged in at.
    async fn page(&self) -> Page<'_> {
        let mut page = Page::of(&self.stage);
        page.keep(&self.password().await);
        page
    }

    /// Gives Ada a role that may do this to members.
    async fn permit(&self, actions: &[&str]) {
        let role = json!({
            "role_id": "clerk",
            "permissions": [{ "resource_id": "stytch.member", "actions": actions }],
        });
        let policy = json!({ "org_policy": { "roles": [role] } });
        let org = self.organization_id();
        self.server(&format!("/v1/b2b/rbac/organizations/{org}"), policy)
            .await;
        let ada = self.stage.face.person_id(self.ada);
        let member = format!("/v1/b2b/organizations/{org}/members/{ada}");
        self.server(&member, json!({ "roles": ["clerk"] })).await;
    }

    /// A change by a server.
    async fn server(&self, path: &str, body: Value) {
        let config = self.stage.face.config();
        let request = self.stage.http.put(format!("{}{path}", self.stage.base));
        let request = request.basic_auth(&config.project_id, Some(&config.secret));
        let answer = request.body(body.to_string()).send().await;
        assert_eq!(answer.expect("an answer").status(), 200, "{path}");
    }
}

fn refusal() -> (u16, String) {
    is(403, "session_authorization_error")
}

#[tokio::test]
async fn without_a_role_no_setting_of_an_organization_can_be_changed() {
    let team = Team::of(SeedOrg::default()).await;
    let page = team.page().await;
    let path = "/b2b/organizations/me";
    let before = page.get(Method::GET, path, json!({})).await;
    for (field, value) in [
        ("organization_name", json!("Taken")),
        ("organization_logo_url", json!("https://eve.example/logo")),
        ("allowed_oauth_tenants", json!({ "github": ["eve"] })),
        ("oauth_tenant_jit_provisioning", json!("RESTRICTED")),
        ("claimed_email_domains", json!(["eve.example"])),
        ("email_allowed_domains", json!(["eve.example"])),
        ("allowed_first_party_connected_apps", json!(["eve"])),
        ("allowed_third_party_connected_apps", json!(["eve"])),
        (
            "first_party_connected_apps_allowed_type",
            json!("ALL_ALLOWED"),
        ),
        (
            "third_party_connected_apps_allowed_type",
            json!("ALL_ALLOWED"),
        ),
        ("email_invites", json!("ALL_ALLOWED")),
    ] {
        let refused = page
            .refused(Method::PUT, path, json!({ field: value }))
            .await;
        assert_eq!(refused, refusal(), "{field}");
    }
    let after = page.get(Method::GET, path, json!({})).await;
    assert_eq!(after["organization"], before["organization"]);
}

#[tokio::test]
async fn without_a_role_no_field_of_another_member_can_be_changed() {
    let team = Team::of(SeedOrg::default()).await;
    let page = team.page().await;
    let bob = team.stage.face.person_id(team.bob);
    let path = format!("/b2b/organizations/members/{bob}");
    for (field, value) in [
        ("name", json!("Taken")),
        ("email_address", json!("eve@home.example")),
        ("unlink_email", json!(true)),
        ("untrusted_metadata", json!({ "a": 1 })),
        ("mfa_phone_number", json!("+14155550101")),
        ("mfa_enrolled", json!(false)),
        ("default_mfa_method", json!("totp")),
        ("roles", json!(["stytch_admin"])),
        ("is_breakglass", json!(true)),
    ] {
        let refused = page
            .refused(Method::PUT, &path, json!({ field: value }))
            .await;
        assert_eq!(refused, refusal(), "{field}");
    }
}

#[tokio::test]
async fn whoever_may_create_members_makes_no_admins_by_it() {
    let team = Team::of(SeedOrg::default()).await;
    team.permit(&["create"]).await;
    let page = team.page().await;
    let (create, invite) = (
        "/b2b/organizations/members",
        "/b2b/magic_links/email/invite",
    );
    for (field, value) in [
        ("roles", json!(["stytch_admin"])),
        ("is_breakglass", json!(true)),
        ("mfa_enrolled", json!(false)),
        ("mfa_phone_number", json!("+14155550101")),
    ] {
        let wish = json!({ "email_address": "eve@home.example", field: value });
        for path in [create, invite] {
            let refused = page.refused(Method::POST, path, wish.clone()).await;
            assert_eq!(refused, refusal(), "{path} with {field}");
        }
    }
    let plain = json!({ "email_address": "eve@home.example", "name": "Eve" });
    let made = page.post(create, plain).await;
    assert_eq!(made["member"]["name"], "Eve");

    team.permit(&["create", "update.settings.roles"]).await;
    let wish = json!({ "email_address": "max@home.example", "roles": ["stytch_admin"] });
    let made = page.post(create, wish).await;
    let roles = made["member"]["roles"].as_array().expect("roles");
    assert!(roles.iter().any(|role| role["role_id"] == "stytch_admin"));
}

/// Ada's first factor, and a request that goes on from there.
async fn halfway(team: &Team) -> impl Fn(Value) -> Value {
    let half = team.password().await;
    assert_eq!(half["member_authenticated"], false);
    let organization_id = team.organization_id();
    move |mut more| {
        more["organization_id"] = json!(organization_id);
        more["intermediate_session_token"] = half["intermediate_session_token"].clone();
        more["session_duration_minutes"] = json!(60);
        more
    }
}

/// The code that an app with this key shows now.
fn code(secret: &Value) -> String {
    let key = totp::unbase32(secret.as_str().expect("a key")).expect("base32");
    totp::code(&key, totp::step(Timestamp::from_secs(unix_now())))
}

#[tokio::test]
async fn whoever_has_a_number_does_not_go_round_it_with_a_new_app() {
    let team = Team::of(SeedOrg { mfa_required: true }).await;
    let page = Page::of(&team.stage);
    // An app that was made when there was no factor yet, and never proved.
    let go_on = halfway(&team).await;
    let early = page.post("/b2b/totp", go_on(json!({}))).await;
    let number = json!({ "mfa_phone_number": "+14155550101" });
    page.post("/b2b/otps/sms/send", go_on(number)).await;
    let typed = json!({ "code": team.stage.mailed("sms", "+14155550101") });
    let got = page.post("/b2b/otps/sms/authenticate", go_on(typed)).await;
    assert_eq!(
        got["member_authenticated"], true,
        "a first factor is enrolled so"
    );

    let go_on = halfway(&team).await;
    let typed = json!({ "code": code(&early["secret"]) });
    let recovery = json!({ "recovery_code": early["recovery_codes"][0] });
    for (path, body) in [
        ("/b2b/totp", json!({})),
        ("/b2b/totp/authenticate", typed),
        ("/b2b/recovery_codes/recover", recovery),
    ] {
        let refused = page.refused(Method::POST, path, go_on(body)).await;
        assert_eq!(refused, refusal(), "{path}");
    }
    page.post("/b2b/otps/sms/send", go_on(json!({}))).await;
    let typed = json!({ "code": team.stage.mailed("sms", "+14155550101") });
    let mut page = Page::of(&team.stage);
    let got = page.post("/b2b/otps/sms/authenticate", go_on(typed)).await;
    page.keep(&got);
    let made = page.post("/b2b/totp", json!({})).await;
    let typed = json!({ "code": code(&made["secret"]), "session_duration_minutes": 60 });
    let got = page.post("/b2b/totp/authenticate", typed).await;
    assert_eq!(
        got["member_authenticated"], true,
        "inside, a second one is enrolled"
    );
}

#[tokio::test]
async fn whoever_has_an_app_does_not_go_round_it_with_a_new_number() {
    let team = Team::of(SeedOrg { mfa_required: true }).await;
    let page = Page::of(&team.stage);
    let go_on = halfway(&team).await;
    let made = page.post("/b2b/totp", go_on(json!({}))).await;
    let typed = json!({ "code": code(&made["secret"]) });
    let got = page.post("/b2b/totp/authenticate", go_on(typed)).await;
    assert_eq!(got["member_authenticated"], true);

    let go_on = halfway(&team).await;
    let number = json!({ "mfa_phone_number": "+14155550101" });
    let refused = page
        .refused(Method::POST, "/b2b/otps/sms/send", go_on(number))
        .await;
    assert_eq!(refused, refusal());
    let refused = page
        .refused(Method::POST, "/b2b/totp", go_on(json!({})))
        .await;
    assert_eq!(refused, refusal(), "nor with another app");
    assert!(team.stage.mailbox.of("+14155550101").is_empty());
    let recovery = json!({ "recovery_code": made["recovery_codes"][0] });
    let got = page
        .post("/b2b/recovery_codes/recover", go_on(recovery))
        .await;
    assert_eq!(got["member_authenticated"], true, "what is proved goes on");
}

/// What a server asks for whoever holds these sessions.
struct Asked<'a> {
    team: &'a Team,
    headers: Vec<(&'static str, String)>,
}

impl Asked<'_> {
    async fn told(&self, method: Method, path: &str, body: Value) -> (u16, String) {
        let stage = &self.team.stage;
        let config = stage.face.config();
        let request = stage
            .http
            .request(method, format!("{}{path}", stage.base))
            .basic_auth(&config.project_id, Some(&config.secret))
            .body(body.to_string());
        let headers = self.headers.iter();
        let request = headers.fold(request, |request, (name, value)| {
            request.header(*name, value)
        });
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let body: Value =
            serde_json::from_str(&answer.text().await.expect("a body")).expect("JSON");
        let error = body["error_type"].as_str().unwrap_or_default();
        (status, error.to_owned())
    }
}

const HEADER: &str = "X-Stytch-Member-Session";

#[tokio::test]
async fn a_server_that_names_a_session_may_what_its_member_may() {
    let team = Team::of(SeedOrg::default()).await;
    let session = team.password().await;
    let token = session["session_token"].as_str().expect("a token");
    let jwt = session["session_jwt"].as_str().expect("a JWT");
    let org = format!("/v1/b2b/organizations/{}", team.organization_id());
    let [ada, bob] = [team.ada, team.bob].map(|id| team.stage.face.person_id(id));
    let [ada, bob] = [ada, bob].map(|id| format!("{org}/members/{id}"));
    let sso = format!("/v1/b2b/sso/{}", team.organization_id());
    let search = json!({ "organization_ids": [team.organization_id()] });
    let newcomer = json!({ "email_address": "eve@home.example" });
    let own = json!({ "name": "Ada" });
    for (header, value) in [(HEADER, token), ("X-Stytch-Member-SessionJWT", jwt)] {
        let asked = Asked {
            team: &team,
            headers: vec![(header, value.to_owned())],
        };
        for (method, path, body) in [
            (
                Method::PUT,
                org.clone(),
                json!({ "organization_name": "X" }),
            ),
            (Method::DELETE, org.clone(), json!({})),
            (Method::PUT, bob.clone(), own.clone()),
            (
                Method::PUT,
                ada.clone(),
                json!({ "roles": ["stytch_admin"] }),
            ),
            (Method::DELETE, bob.clone(), json!({})),
            (Method::DELETE, format!("{bob}/external_id"), json!({})),
            (Method::POST, format!("{org}/members"), newcomer.clone()),
            (
                Method::POST,
                "/v1/b2b/organizations/members/search".to_owned(),
                search.clone(),
            ),
            (Method::GET, sso.clone(), json!({})),
        ] {
            let told = asked.told(method, &path, body).await;
            assert_eq!(told, refusal(), "{path} by {header}");
        }
        let trusted = json!({ "trusted_metadata": { "plan": "enterprise" } });
        for path in [&ada, &bob, &org] {
            let told = asked.told(Method::PUT, path, trusted.clone()).await;
            assert_eq!(told, is(401, "cannot_update_trusted_metadata"), "{path}");
        }
        for (path, field) in [
            (&ada, "external_id"),
            (&bob, "external_id"),
            (&org, "organization_external_id"),
        ] {
            let told = asked
                .told(Method::PUT, path, json!({ field: "taken" }))
                .await;
            assert_eq!(told, refusal(), "{path}");
        }
        let told = asked.told(Method::PUT, &ada, own.clone()).await;
        assert_eq!(told, (200, String::new()), "to themselves by {header}");
    }
    team.permit(&["update.info.name"]).await;
    let asked = Asked {
        team: &team,
        headers: vec![(HEADER, token.to_owned())],
    };
    let told = asked.told(Method::PUT, &bob, own.clone()).await;
    assert_eq!(told, (200, String::new()), "by a role");
    let asked = Asked {
        team: &team,
        headers: Vec::new(),
    };
    let told = asked.told(Method::DELETE, &bob, json!({})).await;
    assert_eq!(told, (200, String::new()), "for nobody in particular");
}

#[tokio::test]
async fn a_session_is_for_its_own_organization_and_must_live() {
    let team = Team::of(SeedOrg::default()).await;
    let other = team.stage.face.project().seed_org(SeedOrg::default());
    let eve = team.stage.seed("eve@away.example", Some(other));
    let eve = team.stage.face.person_id(eve);
    let session = team.password().await;
    let [token, jwt] = ["session_token", "session_jwt"].map(|name| {
        let text = session[name].as_str().expect("a text");
        text.to_owned()
    });
    let revoke = "/v1/b2b/sessions/revoke";
    let elsewhere = format!(
        "/v1/b2b/organizations/{}",
        team.stage.face.organization_id(other)
    );
    let by = |headers| Asked {
        team: &team,
        headers,
    };
    let own = by(vec![(HEADER, token.clone())]);
    let foreign = is(403, "session_authorization_tenancy_error");
    let told = own.told(Method::DELETE, &elsewhere, json!({})).await;
    assert_eq!(told, foreign);
    let theirs = json!({ "member_id": eve });
    assert_eq!(own.told(Method::POST, revoke, theirs).await, foreign);
    let bob = json!({ "member_id": team.stage.face.person_id(team.bob) });
    assert_eq!(own.told(Method::POST, revoke, bob).await, refusal());

    let mine = format!("/v1/b2b/organizations/{}", team.organization_id());
    for (headers, error) in [
        (
            vec![(HEADER, "nonsense".to_owned())],
            is(400, "invalid_session_token"),
        ),
        (
            vec![
                (HEADER, token.clone()),
                ("X-Stytch-Member-SessionJWT", jwt.clone()),
            ],
            is(400, "too_many_session_arguments"),
        ),
    ] {
        let told = by(headers).told(Method::PUT, &mine, json!({})).await;
        assert_eq!(told, error);
    }
    let own_session = json!({ "session_token": token });
    let told = own.told(Method::POST, revoke, own_session).await;
    assert_eq!(told, (200, String::new()), "their own");
    for headers in [
        vec![(HEADER, token)],
        vec![("X-Stytch-Member-SessionJWT", jwt)],
    ] {
        let told = by(headers).told(Method::PUT, &mine, json!({})).await;
        assert_eq!(told, is(404, "session_not_found"));
    }
}

#[tokio::test]
async fn whoever_may_ask_for_new_passwords_may_so_in_their_organization_alone() {
    let team = Team::of(SeedOrg::default()).await;
    let other = team.stage.face.project().seed_org(SeedOrg::default());
    team.stage.seed(BOB, Some(other));
    team.permit(&["update.info.delete.password"]).await;
    let token = &team.password().await["session_token"];
    let asked = Asked {
        team: &team,
        headers: vec![(HEADER, token.as_str().expect("a token").to_owned())],
    };
    let reset = json!({ "email_address": BOB });
    let path = "/v1/b2b/passwords/email/require_reset";
    let told = asked.told(Method::POST, path, reset).await;
    assert_eq!(told, (200, String::new()));
    let server = Asked {
        team: &team,
        headers: Vec::new(),
    };
    for (org, expected) in [
        (team.org, is(400, "member_reset_password")),
        (other, (200, String::new())),
    ] {
        let login = json!({
            "organization_id": team.stage.face.organization_id(org),
            "email_address": BOB, "password": password_of(BOB),
        });
        let path = "/v1/b2b/passwords/authenticate";
        assert_eq!(server.told(Method::POST, path, login).await, expected);
    }
}
