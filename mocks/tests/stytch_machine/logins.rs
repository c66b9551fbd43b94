//! Logins without a password, second factors, discovery.

use crate::scene::*;

#[test]
fn a_magic_link_is_good_once_and_for_an_hour() {
    let mut project = consumer();
    let anna = seed(&mut project, ANNA, None);
    let send = Call::SendMagicLink {
        email: ANNA,
        org: None,
    };
    let (token, created) = mailed(served(call(&mut project, at(0), send)));
    assert!(!created);
    let follow = Call::MagicLink {
        token,
        duration: HOUR,
    };
    let opened = session(served(call(&mut project, at(60), follow)));
    assert_eq!(opened.jwt.subject, anna);
    assert_eq!(
        refused(call(&mut project, at(61), follow)),
        (401, Error::LoginTokenInvalid)
    );
    let (token, _) = mailed(served(call(&mut project, at(100), send)));
    let late = Call::MagicLink {
        token,
        duration: HOUR,
    };
    assert_eq!(
        refused(call(&mut project, at(3_700), late)),
        (401, Error::LoginTokenInvalid)
    );
    let unknown = Call::MagicLink {
        token: LoginToken(77),
        duration: HOUR,
    };
    assert_eq!(
        refused(call(&mut project, at(1), unknown)),
        (404, Error::LoginTokenInvalid)
    );
}

#[test]
fn a_magic_link_creates_whom_it_finds_missing_where_set() {
    for magic_link_creates in [true, false] {
        let mut project = project(Settings {
            magic_link_creates,
            ..Settings::default()
        });
        let send = Call::SendMagicLink {
            email: BERT,
            org: None,
        };
        let answer = call(&mut project, at(0), send);
        if magic_link_creates {
            let (token, created) = mailed(served(answer));
            assert!(created);
            let follow = Call::MagicLink {
                token,
                duration: HOUR,
            };
            session(served(call(&mut project, at(6 * 86_400), follow)));
        } else {
            assert_eq!(refused(answer), (404, Error::EmailNotFound));
        }
        assert_eq!(project.ledger().created, u64::from(magic_link_creates));
    }
}

#[test]
fn one_person_gets_one_mail_a_second() {
    let mut project = consumer();
    seed(&mut project, ANNA, None);
    seed(&mut project, BERT, None);
    let to = |email| Call::SendMagicLink { email, org: None };
    served(call(&mut project, at(0), to(ANNA)));
    let soon = at(0) + Span::from_millis(900);
    assert_eq!(
        refused(call(&mut project, soon, to(ANNA))),
        (429, Error::RateLimited)
    );
    served(call(&mut project, soon, to(BERT)));
    served(call(&mut project, at(1), to(ANNA)));
}

#[test]
fn a_mailed_code_is_good_once_and_survives_a_wrong_guess() {
    let mut project = consumer();
    let send = Errand::SendCode {
        email: BERT,
        org: None,
        create: true,
        life: Span::from_mins(2),
    };
    let (token, created) = mailed(errand_reply(&mut project, at(0), send));
    assert!(created);
    let typed = |proof| Errand::Code {
        token,
        proof,
        duration: HOUR,
    };
    let wrong = project.errand(stamp(at(1)), &typed(Proof::WrongCode));
    assert_eq!(refused(wrong), (404, Error::WrongCode));
    session(errand_reply(&mut project, at(2), typed(Proof::RightCode)));
    let again = project.errand(stamp(at(3)), &typed(Proof::RightCode));
    assert_eq!(refused(again), (401, Error::LoginTokenInvalid));
    let (token, _) = mailed(errand_reply(&mut project, at(10), send));
    let late = Errand::Code {
        token,
        proof: Proof::RightCode,
        duration: HOUR,
    };
    let late = project.errand(stamp(at(130)), &late);
    assert_eq!(refused(late), (401, Error::LoginTokenInvalid));
}

#[test]
fn oauth_consents_at_once_and_its_token_is_good_once() {
    let mut project = consumer();
    let start = Call::StartOAuth {
        email: BERT,
        org: None,
    };
    let (token, created) = mailed(served(call(&mut project, at(0), start)));
    assert!(created);
    let not_a_link = Call::MagicLink {
        token,
        duration: HOUR,
    };
    assert_eq!(
        refused(call(&mut project, at(1), not_a_link)),
        (404, Error::LoginTokenInvalid)
    );
    let finish = Call::OAuth {
        token,
        duration: HOUR,
    };
    session(served(call(&mut project, at(1), finish)));
    assert_eq!(
        refused(call(&mut project, at(2), finish)),
        (400, Error::LoginTokenInvalid)
    );
    let (token, created) = mailed(served(call(&mut project, at(9), start)));
    assert!(!created);
    let stale = Call::OAuth {
        token,
        duration: HOUR,
    };
    assert_eq!(
        refused(call(&mut project, at(309), stale)),
        (400, Error::LoginTokenInvalid)
    );
}

#[test]
fn a_second_factor_is_asked_where_required_and_good_for_ten_minutes() {
    let mut project = b2b();
    let strict = project.seed_org(SeedOrg { mfa_required: true });
    seed(&mut project, ANNA, Some(strict));
    let primary = password(ANNA, Some(strict), Proof::RightPassword, HOUR);
    let token = intermediate(served(call(&mut project, at(0), primary)));
    assert_eq!(project.session_count(), 0);
    let typed = |proof| Call::SecondFactor {
        token,
        proof,
        duration: None,
    };
    let wrong = typed(Proof::WrongCode);
    assert_eq!(
        refused(call(&mut project, at(1), wrong)),
        (404, Error::WrongCode)
    );
    let opened = session(served(call(&mut project, at(2), typed(Proof::RightCode))));
    let view = project.session(opened.token.session).expect("it lives");
    assert_eq!(
        view.factors,
        Factors::one(Factor::Password).and(Factor::Sms)
    );
    let again = typed(Proof::RightCode);
    assert_eq!(
        refused(call(&mut project, at(3), again)),
        (404, Error::SessionNotFound)
    );
    let token = intermediate(served(call(&mut project, at(10), primary)));
    let late = Call::SecondFactor {
        token,
        proof: Proof::RightCode,
        duration: None,
    };
    assert_eq!(
        refused(call(&mut project, at(610), late)),
        (404, Error::SessionNotFound)
    );
}

#[test]
fn an_enrolled_member_needs_a_second_factor_anywhere() {
    let mut project = b2b();
    let org = project.seed_org(SeedOrg::default());
    let anna = seed(&mut project, ANNA, Some(org));
    errand(
        &mut project,
        at(0),
        Errand::UpdateUser {
            user: anna,
            mfa_enrolled: Some(true),
        },
    );
    let primary = password(ANNA, Some(org), Proof::RightPassword, HOUR);
    intermediate(served(call(&mut project, at(0), primary)));
}

#[test]
fn discovery_proves_an_address_and_then_enters_an_organization() {
    let mut project = b2b();
    let (one, two) = (
        project.seed_org(SeedOrg::default()),
        project.seed_org(SeedOrg::default()),
    );
    let anna = seed(&mut project, ANNA, Some(one));
    let (token, _) = mailed(errand_reply(
        &mut project,
        at(0),
        Errand::SendDiscovery {
            email: ANNA,
            life: None,
        },
    ));
    let token = intermediate(errand_reply(&mut project, at(1), Errand::Discover(token)));
    assert_eq!(project.intermediate(token, at(1)), Some((ANNA, None)));
    let enter = |org| Errand::ExchangeIntermediate {
        token,
        org,
        duration: None,
    };
    let stranger = project.errand(stamp(at(2)), &enter(two));
    assert_eq!(refused(stranger), (404, Error::UserNotFound));
    let opened = session(errand_reply(&mut project, at(3), enter(one)));
    assert_eq!(opened.jwt.subject, anna);
    let there = Errand::Exchange {
        token: opened.token,
        org: two,
        duration: None,
    };
    assert_eq!(
        refused(project.errand(stamp(at(4)), &there)),
        (404, Error::UserNotFound)
    );
    let moved = seed(&mut project, ANNA, Some(two));
    let exchanged = session(errand_reply(&mut project, at(5), there));
    assert_eq!(exchanged.jwt.subject, moved);
    assert!(project.session_is_live(opened.token, at(5)));
}
