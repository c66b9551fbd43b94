//! Tokens and `UserInfo`: scopes, audiences, keys, clocks, families.

use super::scene::*;
use cutover_mocks::auth0::*;
use cutover_mocks::fault::FaultKind;
use cutover_mocks::keys::{KeyId, KeySchedule, KeySet, Rotation};
use cutover_mocks::time::Span;

#[test]
fn userinfo_tells_what_the_scopes_and_the_audience_allow() {
    let mut scene = Scene::new(|_| ());
    let Tokens { access, .. } = scene.log_in();
    let with = |scopes: Scopes| AccessToken { scopes, ..access };
    let nothing = UserInfo {
        subject: None,
        email: None,
        verified: false,
    };
    assert_eq!(
        scene.userinfo(with(Scopes {
            openid: false,
            ..ALL
        })),
        Ok(nothing)
    );
    let told = scene
        .userinfo(with(Scopes {
            email: false,
            ..ALL
        }))
        .unwrap();
    assert_eq!((told.subject, told.email), (Some(scene.ada), None));
    let audience = Audience::issued(
        Scopes {
            openid: false,
            ..ALL
        },
        true,
    );
    assert_eq!(
        scene.userinfo(AccessToken { audience, ..access }),
        Err(Error::InvalidToken),
        "an API's token without openid"
    );
    let audience = Audience::issued(Scopes::default(), false);
    assert!(
        scene.userinfo(AccessToken { audience, ..access }).is_ok(),
        "an opaque token"
    );
    scene.wait(Span::from_hours(24));
    assert_eq!(scene.userinfo(access), Err(Error::InvalidToken), "expired");
}

#[test]
fn reuse_revokes_and_is_counted_once() {
    let mut scene = Scene::new(|_| ());
    let first = scene.log_in().refresh.unwrap();
    let second = scene.refresh(first).unwrap().refresh.unwrap();
    assert!(scene.tenant.refresh_is_live(second, scene.now));
    assert!(!scene.tenant.refresh_is_live(first, scene.now));
    for _ in 0..3 {
        assert_eq!(scene.refresh(first), Err(Error::InvalidRefreshToken));
    }
    assert_eq!(scene.refresh(second), Err(Error::InvalidRefreshToken));
    assert_eq!(
        scene.ask(Call::Revoke { token: second }),
        Ok(Reply::Done),
        "an unknown token is no error"
    );
    assert_eq!(scene.tenant.ledger().revoked, 1);
}

#[test]
fn tokens_that_do_not_rotate_stay_the_same() {
    let mut scene = Scene::new(|settings| settings.rotation = false);
    let token = scene.log_in().refresh.unwrap();
    for _ in 0..3 {
        assert_eq!(scene.refresh(token).unwrap().refresh, None);
    }
    assert_eq!(scene.ask(Call::Revoke { token }), Ok(Reply::Done));
    assert_eq!(scene.refresh(token), Err(Error::InvalidRefreshToken));
}

#[test]
fn seeded_sessions_look_as_if_they_had_been_lived() {
    let mut scene = Scene::new(|_| ());
    let (login_at, last_used) = (
        START - Span::from_days(29),
        START - Span::from_micros(1_500_000),
    );
    let (access, refresh) = scene.tenant.seed_family(SeedSession {
        user: scene.ada,
        login_at,
        last_used,
        scopes: ALL,
        audience: Audience {
            api: true,
            userinfo: true,
        },
        with_refresh: true,
    });
    assert_eq!(access.issued, START - Span::from_secs(2));
    assert!(scene.userinfo(access).is_ok());
    let refresh = refresh.unwrap();
    assert!(scene.tenant.refresh_is_live(
        refresh,
        login_at + Span::from_days(30) - Span::from_micros(1)
    ));
    assert!(
        !scene
            .tenant
            .refresh_is_live(refresh, login_at + Span::from_days(30))
    );
    assert!(scene.refresh(refresh).is_ok());
}

#[test]
fn a_revoked_signing_key_ends_its_tokens_at_userinfo() {
    let rotation = Rotation {
        at: START + Span::from_secs(100),
        previous_until: START + Span::from_secs(200),
    };
    let mut scene = Scene::new(|settings| {
        settings.keys = KeySchedule {
            rotations: vec![rotation],
            announces_next: true,
        };
    });
    let keys = |previous, current, next| {
        Ok(Reply::Keys(KeySet {
            previous,
            current: KeyId(current),
            next: Some(KeyId(next)),
        }))
    };
    assert_eq!(scene.ask(Call::Jwks), keys(None, 0, 1));
    let Tokens { access: old, .. } = scene.log_in();
    scene.wait(Span::from_secs(100));
    assert_eq!(scene.ask(Call::Jwks), keys(Some(KeyId(0)), 1, 2));
    assert!(scene.userinfo(old).is_ok());
    assert_eq!(scene.log_in().access.key, KeyId(1));
    scene.wait(Span::from_secs(100));
    assert_eq!(scene.userinfo(old), Err(Error::InvalidToken));
}

#[test]
fn a_clock_ahead_issues_tokens_from_the_future() {
    let mut scene = Scene::new(|settings| settings.clock_skew = Span::from_secs(30));
    assert_eq!(scene.log_in().access.issued, START + Span::from_secs(30));
}

#[test]
fn the_same_calls_give_the_same_answers() {
    let run = || {
        let mut scene = Scene::new(|settings| {
            settings.latency_default = Settings::default().latency_default;
            fault(FaultKind::Dropped)(settings);
        });
        let mut seen = Vec::new();
        for _ in 0..20 {
            scene.wait(Span::from_secs(1));
            let page = scene.page(Connection::Database);
            let (code, _) = scene.submit(page, ADA, RIGHT).unwrap();
            seen.push(scene.call(Call::ExchangeCode {
                code,
                verifier: None,
            }));
        }
        (seen, scene.tenant.ledger().clone())
    };
    assert_eq!(run(), run());
}
