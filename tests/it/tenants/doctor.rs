//! The doctor against stand-ins, sound and spoiled: each illness is told by its own check.

use cutover::tenant::doctor::{Examination, Verdict, Wishes, examine};
use cutover::tenant::stytch::Product;
use cutover_mocks::auth0::Endpoint;
use cutover_mocks::fault::{FaultKind, FaultPlan};
use cutover_mocks::stytch::Vertical;
use cutover_mocks::time::Span;

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
