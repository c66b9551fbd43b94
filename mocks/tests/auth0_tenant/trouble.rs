//! Limits and faults.

use super::scene::*;
use cutover_mocks::answer::{Breakage, Outcome};
use cutover_mocks::auth0::*;
use cutover_mocks::email::Email;
use cutover_mocks::fault::FaultKind;
use cutover_mocks::limit::Rate;
use cutover_mocks::time::Span;

#[test]
fn userinfo_serves_ten_at_once_and_five_a_minute_for_each_person() {
    let mut scene =
        Scene::new(|settings| settings.userinfo_per_user = Settings::default().userinfo_per_user);
    let bob = scene.tenant.seed_user(SeedUser {
        email: Email::lower(2),
        connection: Connection::Google,
        verified: true,
        has_password: false,
    });
    let Tokens { access, .. } = scene.log_in();
    for _ in 0..10 {
        assert!(scene.userinfo(access).is_ok());
    }
    let answer = scene.call(Call::UserInfo { token: access });
    assert!(
        matches!(answer.outcome, Outcome::Refused(refusal) if refusal.status == 429 && refusal.error == Error::UserRateLimited)
    );
    let seen = scene.tenant.rate_seen().unwrap();
    assert_eq!(
        (seen.limit, seen.remaining, seen.full_in),
        (10, 0, Span::from_secs(120))
    );
    assert!(
        scene
            .userinfo(AccessToken {
                subject: bob,
                ..access
            })
            .is_ok(),
        "another person's bucket"
    );
    scene.wait(Span::from_secs(12));
    assert!(scene.userinfo(access).is_ok(), "one more each 12 s");
    assert_eq!(scene.userinfo(access), Err(Error::UserRateLimited));
    let dead = AccessToken {
        expires: START,
        ..access
    };
    assert_eq!(
        scene.userinfo(dead),
        Err(Error::InvalidToken),
        "a token that is refused costs nobody anything"
    );
}

#[test]
fn the_tenants_limit_is_shared_by_its_endpoints() {
    let mut scene = Scene::new(|settings| {
        settings.tenant_limit = Some(Rate {
            per_second: 1.0,
            burst: 5,
        });
    });
    let Tokens { access, .. } = scene.log_in();
    assert_eq!(
        scene.userinfo(access),
        Err(Error::RateLimited),
        "a login costs five calls"
    );
    assert_eq!(
        scene
            .tenant
            .rate_seen()
            .map(|seen| (seen.limit, seen.remaining)),
        Some((5, 0))
    );
    assert_eq!(
        scene.ask(Call::Manage(Manage::Read(scene.ada))),
        Ok(Reply::Done)
    );
    scene.wait(Span::from_secs(1));
    assert!(scene.userinfo(access).is_ok());
    assert_eq!(scene.tenant.ledger().calls[&(Endpoint::UserInfo, 429)], 1);
}

#[test]
fn a_login_draws_on_the_limit_as_often_as_auth0_counts() {
    let hits = |connection: Connection, hint: Option<Email>| {
        let mut scene = Scene::new(|settings| {
            settings.tenant_limit = Some(Rate {
                per_second: 1e-9,
                burst: 100,
            });
        });
        let code = match scene.authorize(connection, hint) {
            Ok(Reply::Code { code, .. }) => code,
            Ok(Reply::LoginPage(page)) => scene.submit(page, ADA, RIGHT).unwrap().0,
            other => panic!("{other:?}"),
        };
        scene.exchange(code).unwrap();
        100 - scene.tenant.rate_seen().unwrap().remaining
    };
    assert_eq!(hits(Connection::Database, None), 5);
    assert_eq!(hits(Connection::Google, Some(ADA)), 6);
    assert_eq!(hits(Connection::Google, None), 6);
}

#[test]
fn an_outage_and_a_page_have_no_effect() {
    for (kind, breakage) in [
        (FaultKind::Outage, Breakage::Refused),
        (FaultKind::Html(502), Breakage::Html(502)),
    ] {
        let mut scene = Scene::new(fault(kind));
        let token = scene.log_in().refresh.unwrap();
        scene.wait(Span::from_secs(10));
        let answer = scene.call(Call::Refresh { token });
        assert_eq!(answer.outcome, Outcome::Broken(breakage));
        scene.wait(Span::from_secs(10));
        assert!(
            scene.refresh(token).is_ok(),
            "{kind:?}: the token was not used up, and the fault is over"
        );
        assert_eq!(
            scene.tenant.ledger().calls[&(Endpoint::Token, breakage_status(breakage))],
            1
        );
    }
}

#[test]
fn a_truncated_or_malformed_answer_has_taken_effect() {
    for kind in [FaultKind::Truncated, FaultKind::Malformed] {
        let mut scene = Scene::new(fault(kind));
        let token = scene.log_in().refresh.unwrap();
        scene.wait(Span::from_secs(10));
        assert!(matches!(
            scene.call(Call::Refresh { token }).outcome,
            Outcome::Broken(_)
        ));
        assert_eq!(scene.tenant.ledger().refreshed, 1);
        scene.wait(Span::from_secs(10));
        assert_eq!(
            scene.refresh(token),
            Err(Error::InvalidRefreshToken),
            "{kind:?}: the retry is a reuse"
        );
    }
}

#[test]
fn a_dropped_answer_has_taken_effect_about_half_of_the_time() {
    let mut scene = Scene::new(fault(FaultKind::Dropped));
    let tokens: Vec<RefreshToken> = (0..200).map(|_| scene.log_in().refresh.unwrap()).collect();
    scene.wait(Span::from_secs(10));
    for token in tokens {
        let answer = scene.call(Call::Refresh { token });
        assert_eq!(
            (answer.outcome, answer.took),
            (Outcome::Broken(Breakage::Dropped), Span::from_millis(40))
        );
    }
    let effects = scene.tenant.ledger().refreshed;
    assert!((60..140).contains(&effects), "{effects} of 200");
}

#[test]
fn faults_that_refuse_say_so_in_their_way() {
    let refused = |kind| {
        let mut scene = Scene::new(fault(kind));
        let token = scene.log_in().refresh.unwrap();
        scene.wait(Span::from_secs(10));
        let Outcome::Refused(refusal) = scene.call(Call::Refresh { token }).outcome else {
            panic!("{kind:?} refuses")
        };
        assert!(
            scene.tenant.refresh_is_live(token, scene.now),
            "without effect"
        );
        (refusal.status, refusal.error)
    };
    assert_eq!(refused(FaultKind::Status(503)), (503, Error::Injected(503)));
    assert_eq!(
        refused(FaultKind::ThrottledAs500),
        (500, Error::RateLimitedAs500)
    );
    assert_eq!(refused(FaultKind::Limit(NEVER)), (429, Error::RateLimited));
}

#[test]
fn a_lowered_limit_lets_through_what_it_says() {
    let mut scene = Scene::new(fault(FaultKind::Limit(Rate {
        per_second: 1.0,
        burst: 2,
    })));
    scene.wait(Span::from_secs(10));
    let mut passed = || scene.ask(Call::ClientCredentials).is_ok();
    assert_eq!([passed(), passed(), passed()], [true, true, false]);
    scene.wait(Span::from_secs(1));
    assert!(scene.ask(Call::ClientCredentials).is_ok());
}

#[test]
fn a_slow_endpoint_answers_late_and_the_others_in_time() {
    let mut scene = Scene::new(fault(FaultKind::Slow(Span::from_secs(3))));
    scene.wait(Span::from_secs(10));
    assert_eq!(
        scene.call(Call::ClientCredentials).took,
        Span::from_millis(3040)
    );
    assert_eq!(scene.call(Call::Jwks).took, Span::from_millis(40));
}

#[test]
fn a_request_that_cannot_be_read_is_counted_and_limited() {
    let mut scene = Scene::new(|settings| {
        settings.tenant_limit = Some(Rate {
            per_second: 1.0,
            burst: 1,
        });
    });
    let call = Call::Unreadable {
        endpoint: Endpoint::Token,
        status: 401,
    };
    assert_eq!(scene.call(call).outcome.status(), 401);
    assert_eq!(scene.call(call).outcome.status(), 429);
    assert_eq!(scene.tenant.ledger().calls_to(Endpoint::Token), 2);
}
