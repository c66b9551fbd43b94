//! The doctor against stand-ins, sound and spoiled: each illness is told by its own check.

use cutover::tenant::doctor::{Examination, Verdict, Wishes, examine};
use cutover::tenant::stytch::Product;
use cutover_mocks::auth0::Endpoint;
use cutover_mocks::fault::{FaultKind, FaultPlan};
use cutover_mocks::limit::Rate;
use cutover_mocks::stytch::{self, Vertical};
use cutover_mocks::time::Span;
use serde_json::json;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::standin::{Setup, StandIn, fault};

async fn examined(
    stand_in: &StandIn,
    product: Product,
    changed: &[(&'static str, &str)],
) -> Examination {
    let before = stand_in.holdings();
    let folder = tempfile::tempdir().expect("a directory");
    let tenants = stand_in.tenants_of(product, changed);
    let wishes = Wishes {
        test_person: true,
        journals: folder.path(),
        session_minutes: 60,
    };
    let examination = examine(&tenants, wishes).await;
    assert_eq!(stand_in.holdings(), before, "the test person is gone");
    examination
}

async fn of(setup: Setup, changed: &[(&'static str, &str)]) -> Examination {
    let stand_in = StandIn::start(setup).await;
    examined(&stand_in, Product::Consumer, changed).await
}

/// This check failed, says so with these words, and says what to do about it here.
fn assert_fails(examination: &Examination, name: &str, evidence: &str, place: &str) {
    let check = examination.check(name).expect("the check was made");
    assert_eq!(check.verdict, Verdict::Fail, "{check:?}");
    assert!(check.evidence.contains(evidence), "{check:?}");
    let fix = check.fix.as_ref().expect("what to do about it");
    assert!(fix.place.contains(place), "{check:?}");
    assert_eq!(examination.verdict(), Verdict::Fail);
}

#[tokio::test]
async fn a_sound_pair_is_sound() {
    let callback = [("AUTH0_CALLBACK_URL", "https://app.example/callback")];
    let examination = of(Setup::default(), &callback).await;
    let wrong: Vec<_> = examination
        .checks
        .iter()
        .filter(|check| check.verdict != Verdict::Ok)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(examination.checks.len(), 16);
}

#[tokio::test]
async fn a_sound_b2b_pair_is_sound() {
    let mut setup = Setup::default();
    setup.stytch.vertical = Vertical::B2b;
    let stand_in = StandIn::start(setup).await;
    let examination = examined(&stand_in, Product::B2b, &[]).await;
    let bad = examination
        .checks
        .iter()
        .filter(|check| check.verdict > Verdict::Unknown);
    assert_eq!(bad.count(), 0, "{examination:#?}");
}

#[tokio::test]
async fn wrong_secrets_are_told_apart() {
    let stand_in = StandIn::start(Setup::default()).await;
    let id = stand_in.environment()[1].1.clone();
    let wrong = [
        ("AUTH0_MGMT_CLIENT_ID", id.as_str()),
        ("AUTH0_MGMT_CLIENT_SECRET", "wrong"),
    ];
    let examination = examined(&stand_in, Product::Consumer, &wrong).await;
    assert_fails(
        &examination,
        "auth0 management",
        "401",
        "AUTH0_MGMT_CLIENT_SECRET",
    );
    let secret = stand_in.environment()[2].1.clone();
    let wrong = [
        ("AUTH0_CLIENT_SECRET", "wrong"),
        ("AUTH0_MGMT_CLIENT_ID", id.as_str()),
        ("AUTH0_MGMT_CLIENT_SECRET", secret.as_str()),
    ];
    let examination = examined(&stand_in, Product::Consumer, &wrong).await;
    assert_fails(&examination, "auth0 login", "401", "AUTH0_CLIENT_SECRET");
    let wrong = [("STYTCH_SECRET", "secret-test-wrong")];
    let examination = examined(&stand_in, Product::Consumer, &wrong).await;
    assert_fails(&examination, "stytch project", "401", "STYTCH_SECRET");
}

#[tokio::test]
async fn a_project_of_the_other_product_is_told() {
    let stand_in = StandIn::start(Setup::default()).await;
    let examination = examined(&stand_in, Product::B2b, &[]).await;
    assert_fails(
        &examination,
        "stytch project",
        "no B2B project",
        "STYTCH_PROJECT_ID",
    );
}

#[tokio::test]
async fn scopes_that_userinfo_and_migrate_need_are_missed() {
    let stand_in = StandIn::start(Setup::default()).await;
    let no_openid = [("AUTH0_SCOPE", "profile email offline_access")];
    let examination = examined(&stand_in, Product::Consumer, &no_openid).await;
    assert_fails(&examination, "auth0 token", "/userinfo", "AUTH0_SCOPE");
    let no_email = [("AUTH0_SCOPE", "openid profile")];
    let examination = examined(&stand_in, Product::Consumer, &no_email).await;
    assert_fails(&examination, "auth0 userinfo", "no e-mail", "AUTH0_SCOPE");
    let login = examination.check("auth0 login").unwrap();
    assert_eq!(login.verdict, Verdict::Warn, "{login:?}");
    assert_fails(
        &examination,
        "stytch migrate session",
        "email_does_not_exist",
        "Migrations",
    );
}

#[tokio::test]
async fn a_wrong_audience_is_told() {
    let examination = of(
        Setup::default(),
        &[("AUTH0_AUDIENCE", "https://other.example")],
    )
    .await;
    assert_fails(&examination, "auth0 login", "audience", "AUTH0_AUDIENCE");
}

#[tokio::test]
async fn a_skewed_clock_is_told() {
    let mut setup = Setup::default();
    setup.auth0.clock_skew = Span::from_secs(45);
    let examination = of(setup, &[]).await;
    assert_fails(&examination, "auth0 clock", "+4", "NTP");
}

#[tokio::test]
async fn keys_that_cannot_be_reached_are_told() {
    let mut setup = Setup::default();
    let outage = fault(Some(Endpoint::Jwks), 1.0, FaultKind::Status(503));
    setup.auth0.faults = FaultPlan::new(vec![outage]);
    let examination = of(setup, &[]).await;
    assert_fails(&examination, "auth0 keys", "503", "jwks.json");
}

#[tokio::test]
async fn a_callback_that_is_not_allowed_is_told() {
    let mut setup = Setup::default();
    setup.application.urls = vec!["https://app.example/callback".to_owned()];
    let other = [("AUTH0_CALLBACK_URL", "https://other.example/callback")];
    let examination = of(setup, &other).await;
    assert_fails(
        &examination,
        "auth0 callback",
        "403",
        "Allowed Callback URLs",
    );
}

#[tokio::test]
async fn migration_settings_that_are_missing_are_told() {
    let mut setup = Setup::default();
    setup.stytch.userinfo_configured = false;
    let examination = of(setup, &[]).await;
    assert_fails(
        &examination,
        "stytch migrate session",
        "missing_userinfo",
        "Migrations",
    );
}

#[tokio::test]
async fn a_tenant_that_is_not_there_is_told() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let examination = of(Setup::default(), &[("AUTH0_DOMAIN", &address)]).await;
    assert_fails(
        &examination,
        "auth0 discovery",
        "did not answer",
        "AUTH0_DOMAIN",
    );
}

#[tokio::test]
async fn an_issuer_of_another_name_is_told() {
    let setup = Setup {
        issuer: Some("https://login.shop.example/".to_owned()),
        ..Setup::default()
    };
    let examination = of(setup, &[]).await;
    let issuer = "login.shop.example";
    assert_fails(&examination, "auth0 discovery", issuer, "AUTH0_DOMAIN");
}

#[tokio::test]
async fn limits_that_are_too_low_are_told() {
    let mut setup = Setup::default();
    setup.auth0.tenant_limit = Some(Rate {
        per_second: 50.0,
        burst: 3,
    });
    let examination = of(setup, &[]).await;
    assert_fails(&examination, "auth0 limits", "of 3", "plan");
    let mut setup = Setup::default();
    setup.auth0.tenant_limit = Some(Rate {
        per_second: 0.001,
        burst: 20,
    });
    let stand_in = StandIn::start(setup).await;
    let tenants = stand_in.tenants(&[]);
    for _ in 0..18 {
        tenants.auth0.keys().await.expect("an answer");
    }
    let folder = tempfile::tempdir().expect("a directory");
    let wishes = Wishes {
        test_person: false,
        journals: folder.path(),
        session_minutes: 60,
    };
    let examination = examine(&tenants, wishes).await;
    let limits = examination.check("auth0 limits").expect("it was made");
    assert_eq!(limits.verdict, Verdict::Warn, "{limits:?}");
}

/// A tenant that answers every request so.
async fn told_by(answer: ResponseTemplate) -> Examination {
    let server = MockServer::start().await;
    let every = Mock::given(any()).respond_with(answer);
    every.mount(&server).await;
    of(Setup::default(), &[("AUTH0_DOMAIN", &server.uri())]).await
}

#[tokio::test]
async fn scopes_that_the_management_token_lacks_are_told() {
    let answer = json!({ "access_token": "a.b.c", "scope": "read:users", "expires_in": 60 });
    let examination = told_by(ResponseTemplate::new(200).set_body_json(answer)).await;
    let lacks = "lacks create:users, delete:users";
    assert_fails(
        &examination,
        "auth0 management",
        lacks,
        "Machine to Machine",
    );
    let refused = ResponseTemplate::new(403).set_body_json(json!({ "error": "access_denied" }));
    let examination = told_by(refused).await;
    assert_fails(
        &examination,
        "auth0 management",
        "403",
        "Machine to Machine",
    );
}

#[tokio::test]
async fn a_tenant_that_leads_elsewhere_is_told() {
    let elsewhere = ResponseTemplate::new(302).insert_header("location", "https://api.stytch.com/");
    let examination = told_by(elsewhere).await;
    assert_fails(&examination, "auth0 discovery", "302", "AUTH0_DOMAIN");
    let check = examination.check("auth0 discovery").expect("it was made");
    let fix = check.fix.as_ref().expect("what to do about it");
    assert!(fix.what.contains("no redirect is followed"), "{fix:?}");
}

#[tokio::test]
async fn a_projects_keys_that_cannot_be_reached_are_told() {
    let mut setup = Setup::default();
    let outage = fault(Some(stytch::Endpoint::Jwks), 1.0, FaultKind::Status(503));
    setup.stytch.faults = FaultPlan::new(vec![outage]);
    let examination = of(setup, &[]).await;
    assert_fails(&examination, "stytch keys", "503", "STYTCH_PROJECT_ID");
}

#[tokio::test]
async fn a_projects_skewed_clock_is_told() {
    let mut setup = Setup::default();
    setup.stytch.clock_skew = Span::from_secs(45);
    let examination = of(setup, &[]).await;
    let told = ["stytch clock", "stytch session clock"].map(|name| {
        let check = examination.check(name).expect("it was made");
        (name, check.verdict)
    });
    // The header goes by the machine, tokens by the project.
    assert!(
        told.iter().any(|(_, verdict)| *verdict == Verdict::Fail),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_connection_that_is_not_there_is_told() {
    let examination = of(Setup::default(), &[("AUTH0_CONNECTION", "none-such")]).await;
    let name = "test person";
    assert_fails(&examination, name, "new user", "AUTH0_CONNECTION");
}

#[tokio::test]
async fn an_application_without_the_password_grant_is_told() {
    let stand_in = StandIn::start(Setup::default()).await;
    let environment = stand_in.environment();
    let (id, secret) = (environment[1].1.as_str(), environment[2].1.as_str());
    let changed = [
        ("AUTH0_CLIENT_ID", "cutover-machine"),
        ("AUTH0_CLIENT_SECRET", "cutover-machine-secret"),
        ("AUTH0_MGMT_CLIENT_ID", id),
        ("AUTH0_MGMT_CLIENT_SECRET", secret),
    ];
    let examination = examined(&stand_in, Product::Consumer, &changed).await;
    assert_fails(
        &examination,
        "auth0 login",
        "unauthorized_client",
        "Grant Types",
    );
}

#[tokio::test]
async fn a_session_longer_than_the_project_allows_is_told() {
    let stand_in = StandIn::start(Setup::default()).await;
    let folder = tempfile::tempdir().expect("a directory");
    let wishes = Wishes {
        test_person: true,
        journals: folder.path(),
        session_minutes: u32::MAX,
    };
    let examination = examine(&stand_in.tenants(&[]), wishes).await;
    let place = "Session management";
    let name = "stytch migrate session";
    assert_fails(&examination, name, "session_duration", place);
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_is_told_and_nobody_is_made() {
    let stand_in = StandIn::start(Setup::default()).await;
    let before = stand_in.holdings();
    let file = tempfile::NamedTempFile::new().expect("a file");
    let wishes = Wishes {
        test_person: true,
        journals: file.path(),
        session_minutes: 60,
    };
    let examination = examine(&stand_in.tenants(&[]), wishes).await;
    assert_fails(&examination, "test person", "the journal", "--journal");
    assert_eq!(stand_in.holdings(), before);
}

#[tokio::test]
async fn nothing_is_made_where_only_reading_is_allowed() {
    let stand_in = StandIn::start(Setup::default()).await;
    let folder = tempfile::tempdir().unwrap();
    let journals = folder.path().join("none");
    let wishes = Wishes {
        test_person: false,
        journals: &journals,
        session_minutes: 60,
    };
    let examination = examine(&stand_in.tenants(&[]), wishes).await;
    assert_eq!(examination.verdict(), Verdict::Unknown, "{examination:#?}");
    assert!(!journals.exists());
}
