//! Sessions and their JWTs.

use crate::scene::*;

#[test]
fn only_a_duration_moves_the_end_of_a_session() {
    let mut project = consumer();
    seed(&mut project, ANNA, None);
    let opened = log_in(&mut project, at(0), ANNA);
    let plain = Call::Authenticate {
        token: opened.token,
        duration: None,
    };
    let again = session(served(call(&mut project, at(1_800), plain)));
    assert_eq!(again.token, opened.token);
    assert_eq!(
        (again.jwt.session_expires, again.jwt.expires),
        (at(3_600), at(2_100))
    );
    let view = project.session(opened.token.session).expect("it lives");
    assert_eq!((view.last_accessed, view.started), (at(1_800), at(0)));

    let extend = Call::Authenticate {
        token: opened.token,
        duration: HOUR,
    };
    let longer = session(served(call(&mut project, at(2_000), extend)));
    assert_eq!(longer.jwt.session_expires, at(5_600));
    assert_eq!(
        refused(call(&mut project, at(5_600), plain)),
        (404, Error::SessionNotFound)
    );
}

#[test]
fn a_jwt_past_its_life_renews_while_its_session_lives() {
    let mut project = consumer();
    seed(&mut project, ANNA, None);
    let opened = log_in(&mut project, at(0), ANNA);
    let renew = Call::AuthenticateJwt {
        jwt: opened.jwt,
        duration: None,
    };
    let renewed = session(served(call(&mut project, at(3_000), renew)));
    assert_eq!(renewed.jwt.issued, at(3_000));
    assert_eq!(project.ledger().refreshed, 1);
    served(call(&mut project, at(3_100), renew));
    assert_eq!(
        project.ledger().refreshed,
        1,
        "its newest JWT was still good"
    );
    let stolen = SessionJwt {
        subject: UserId(77),
        ..opened.jwt
    };
    let forged = Call::AuthenticateJwt {
        jwt: stolen,
        duration: None,
    };
    assert_eq!(
        refused(call(&mut project, at(3_100), forged)),
        (404, Error::SessionNotFound)
    );
    assert_eq!(
        refused(call(&mut project, at(3_600), renew)),
        (404, Error::SessionNotFound)
    );
}

#[test]
fn revoking_ends_a_session_at_once_and_a_dead_one_quietly() {
    let mut project = consumer();
    seed(&mut project, ANNA, None);
    let opened = log_in(&mut project, at(0), ANNA);
    let revoke = Call::Revoke {
        token: opened.token,
    };
    assert_eq!(served(call(&mut project, at(1), revoke)), Reply::Done);
    assert_eq!(served(call(&mut project, at(2), revoke)), Reply::Done);
    assert_eq!(project.ledger().revoked, 1);
    let use_it = Call::Authenticate {
        token: opened.token,
        duration: HOUR,
    };
    assert_eq!(
        refused(call(&mut project, at(2), use_it)),
        (404, Error::SessionNotFound)
    );
    let unknown = Call::Revoke {
        token: SessionToken {
            session: 99,
            handle: 0,
        },
    };
    assert_eq!(
        refused(call(&mut project, at(2), unknown)),
        (404, Error::SessionNotFound)
    );
}

#[test]
fn consumer_logins_without_a_duration_open_nothing() {
    let mut project = consumer();
    let anna = seed(&mut project, ANNA, None);
    let right = password(ANNA, None, Proof::RightPassword, None);
    assert_eq!(
        served(call(&mut project, at(1), right)),
        Reply::NoSession(anna)
    );
    assert_eq!((project.session_count(), project.ledger().opened), (0, 0));
}

#[test]
fn b2b_logins_without_a_duration_last_an_hour() {
    let mut project = b2b();
    let org = project.seed_org(SeedOrg::default());
    seed(&mut project, ANNA, Some(org));
    let right = password(ANNA, Some(org), Proof::RightPassword, None);
    let opened = session(served(call(&mut project, at(1), right)));
    assert_eq!(opened.jwt.session_expires, at(3_601));
    assert_eq!(opened.jwt.org, Some(org));
}

#[test]
fn a_project_whose_clock_is_ahead_lives_by_its_own_clock() {
    let mut project = project(Settings {
        clock_skew: Span::from_secs(120),
        ..Settings::default()
    });
    seed(&mut project, ANNA, None);
    let opened = log_in(&mut project, at(0), ANNA);
    assert_eq!(opened.jwt.issued, at(120));
    assert_eq!(opened.jwt.session_expires, at(3_720));
    assert!(project.session_is_live(opened.token, at(3_599)));
    assert!(!project.session_is_live(opened.token, at(3_600)));
}

#[test]
fn keys_rotate_on_schedule() {
    let rotation = Rotation {
        at: at(100),
        previous_until: at(200),
    };
    let keys = KeySchedule {
        rotations: vec![rotation],
        announces_next: false,
    };
    let mut project = project(Settings {
        keys,
        ..Settings::default()
    });
    seed(&mut project, ANNA, None);
    assert_eq!(log_in(&mut project, at(99), ANNA).jwt.key, KeyId(0));
    assert_eq!(log_in(&mut project, at(100), ANNA).jwt.key, KeyId(1));
    for (second, old_is_there) in [(150, true), (200, false)] {
        let reply = served(call(&mut project, at(second), Call::Jwks));
        let Reply::Keys(set) = reply else {
            panic!("no keys: {reply:?}")
        };
        assert!(set.holds(KeyId(1)));
        assert_eq!(set.holds(KeyId(0)), old_is_there);
    }
}
