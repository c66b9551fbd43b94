//! Logins: pages, codes, single sign-on, attack protection.

use super::scene::*;
use cutover_mocks::answer::Outcome;
use cutover_mocks::auth0::*;
use cutover_mocks::email::Email;
use cutover_mocks::luck::Luck;
use cutover_mocks::time::Span;

#[test]
fn a_login_gives_tokens_for_the_api_and_userinfo() {
    let mut scene = Scene::new(|_| ());
    scene.wait(Span::from_micros(1_700_000));
    let Tokens { access, refresh } = scene.log_in();
    assert_eq!(access.subject, scene.ada);
    assert_eq!(access.issued, START + Span::from_secs(1), "whole seconds");
    assert_eq!(access.expires, access.issued + Span::from_hours(24));
    assert_eq!(
        access.audience,
        Audience {
            api: true,
            userinfo: true
        }
    );
    let told = scene.userinfo(access).unwrap();
    assert_eq!(
        told,
        UserInfo {
            subject: Some(scene.ada),
            email: Some(ADA),
            verified: true
        }
    );
    let renewed = scene.refresh(refresh.unwrap()).unwrap();
    assert_ne!(renewed.refresh, refresh);
    let ledger = scene.tenant.ledger();
    assert_eq!(
        (
            ledger.opened,
            ledger.refreshed,
            ledger.revoked,
            ledger.created
        ),
        (1, 1, 0, 0)
    );
    assert_eq!(ledger.calls[&(Endpoint::Token, 200)], 2);
}

#[test]
fn a_code_is_good_once_for_its_life_and_its_verifier() {
    let mut scene = Scene::new(|_| ());
    let page = scene.page(Connection::Database);
    let (code, _) = scene.submit(page, ADA, RIGHT).unwrap();
    assert!(scene.exchange(code).is_ok());
    assert_eq!(scene.exchange(code), Err(Error::InvalidCode), "used");

    let page = scene.page(Connection::Database);
    let (code, _) = scene.submit(page, ADA, RIGHT).unwrap();
    scene.wait(Span::from_mins(10));
    assert_eq!(scene.exchange(code), Err(Error::InvalidCode), "stale");

    let challenge = Some(Challenge([7; 32]));
    for (verifier, expected) in [
        (challenge, None),
        (Some(Challenge([8; 32])), Some(Error::InvalidVerifier)),
        (None, Some(Error::InvalidVerifier)),
    ] {
        let connection = Connection::Google;
        let call = Call::Authorize {
            connection,
            hint: Some(ADA),
            silent: false,
            scopes: ALL,
            api: true,
            challenge,
            sso: None,
        };
        let Ok(Reply::Code { code, .. }) = scene.ask(call) else {
            panic!("a social login answers with a code")
        };
        let got = scene.ask(Call::ExchangeCode { code, verifier });
        assert_eq!(got.err(), expected, "{verifier:?}");
    }
}

#[test]
fn a_login_page_is_good_for_an_hour_and_one_login() {
    let mut scene = Scene::new(|_| ());
    let page = scene.page(Connection::Database);
    assert_eq!(
        scene.submit(page, ADA, Proof::WrongPassword),
        Err(Error::WrongPassword)
    );
    assert!(
        scene.submit(page, ADA, RIGHT).is_ok(),
        "a failure leaves the page open"
    );
    assert_eq!(
        scene.submit(page, ADA, RIGHT),
        Err(Error::InvalidTransaction),
        "used"
    );
    let page = scene.page(Connection::Database);
    scene.wait(Span::from_hours(1));
    assert_eq!(
        scene.submit(page, ADA, RIGHT),
        Err(Error::InvalidTransaction),
        "stale"
    );
    assert_eq!(
        scene.submit(Transaction(99), ADA, RIGHT),
        Err(Error::InvalidTransaction),
        "made up"
    );
}

#[test]
fn an_unknown_person_and_a_wrong_password_are_told_the_same() {
    let mut scene = Scene::new(|_| ());
    let page = scene.page(Connection::Database);
    assert_eq!(
        scene.submit(page, Email::lower(99), RIGHT),
        Err(Error::WrongPassword)
    );
    assert_eq!(
        scene.submit(page, ADA, Proof::RightCode),
        Err(Error::WrongPassword),
        "a code is no password"
    );
    let call = Call::PasswordGrant {
        email: ADA,
        proof: Proof::WrongPassword,
        scopes: ALL,
        api: true,
    };
    let Outcome::Refused(refusal) = scene.call(call).outcome else {
        panic!("a wrong password is refused")
    };
    assert_eq!((refusal.status, refusal.error), (403, Error::WrongPassword));
}

#[test]
fn mailed_codes_and_social_consent_create_people_they_have_not_seen() {
    let mut scene = Scene::new(|_| ());
    let page = scene.page(Connection::Email);
    assert_eq!(
        scene.submit(page, ADA, Proof::WrongCode),
        Err(Error::WrongCode)
    );
    assert!(!scene.tenant.user_exists(ADA, Connection::Email));
    assert!(scene.submit(page, ADA, Proof::RightCode).is_ok());
    assert!(scene.tenant.user_exists(ADA, Connection::Email));
    let spelled = Email {
        mailbox: 1,
        spelling: 9,
    };
    assert!(matches!(
        scene.authorize(Connection::Google, Some(spelled)),
        Ok(Reply::Code { .. })
    ));
    assert!(matches!(
        scene.authorize(Connection::Google, Some(ADA)),
        Ok(Reply::Code { .. })
    ));
    assert_eq!(
        scene.tenant.ledger().created,
        2,
        "the second consent finds the first one's person"
    );
    assert_eq!(
        scene.tenant.users_by_email(ADA).len(),
        2,
        "the match tells letter case apart"
    );
    assert_eq!(scene.tenant.users_by_email(spelled).len(), 1);
}

#[test]
fn single_sign_on_ends_idle_absolute_or_by_logout() {
    let mut scene = Scene::new(|_| ());
    assert_eq!(scene.silent(None), Err(Error::LoginRequired));
    let page = scene.page(Connection::Database);
    let (_, sso) = scene.submit(page, ADA, RIGHT).unwrap();
    scene.wait(Span::from_hours(71));
    assert!(
        scene.silent(Some(sso)).is_ok(),
        "and the idle life begins again"
    );
    scene.wait(Span::from_hours(71));
    assert!(scene.silent(Some(sso)).is_ok());
    scene.wait(Span::from_hours(26));
    assert_eq!(
        scene.silent(Some(sso)),
        Err(Error::LoginRequired),
        "168 h after the login"
    );

    let page = scene.page(Connection::Database);
    let (_, sso) = scene.submit(page, ADA, RIGHT).unwrap();
    scene.wait(Span::from_hours(72));
    assert_eq!(scene.silent(Some(sso)), Err(Error::LoginRequired), "idle");

    let Tokens { refresh, .. } = scene.log_in();
    let page = scene.page(Connection::Database);
    let (_, sso) = scene.submit(page, ADA, RIGHT).unwrap();
    assert_eq!(scene.ask(Call::Logout { sso: Some(sso) }), Ok(Reply::Done));
    assert_eq!(
        scene.silent(Some(sso)),
        Err(Error::LoginRequired),
        "logged out"
    );
    assert!(
        scene.refresh(refresh.unwrap()).is_ok(),
        "which leaves the tokens alone"
    );
}

#[test]
fn a_blocked_person_gets_nothing_more() {
    let mut scene = Scene::new(|_| ());
    let Tokens { access, refresh } = scene.log_in();
    let refresh = refresh.unwrap();
    let page = scene.page(Connection::Database);
    let (code, sso) = scene.submit(page, ADA, RIGHT).unwrap();
    scene.block();
    assert!(!scene.tenant.refresh_is_live(refresh, scene.now));
    assert_eq!(scene.refresh(refresh), Err(Error::Blocked));
    assert_eq!(scene.exchange(code), Err(Error::Blocked));
    assert_eq!(scene.silent(Some(sso)), Err(Error::Blocked));
    let page = scene.page(Connection::Database);
    assert_eq!(scene.submit(page, ADA, RIGHT), Err(Error::Blocked));
    assert_eq!(scene.userinfo(access), Err(Error::InvalidToken));
    scene.update(Change {
        blocked: Some(false),
        ..Change::default()
    });
    assert!(
        scene.refresh(refresh).is_ok(),
        "a refused exchange used nothing up"
    );

    let mut lenient = Scene::new(|settings| settings.userinfo_refuses_blocked = false);
    let Tokens { access, .. } = lenient.log_in();
    lenient.block();
    assert!(lenient.userinfo(access).is_ok());
}

#[test]
fn a_deleted_person_is_gone() {
    let mut scene = Scene::new(|_| ());
    let Tokens { access, refresh } = scene.log_in();
    let page = scene.page(Connection::Database);
    let (_, sso) = scene.submit(page, ADA, RIGHT).unwrap();
    assert_eq!(
        scene.ask(Call::Manage(Manage::Delete(scene.ada))),
        Ok(Reply::Done)
    );
    assert_eq!(
        scene.ask(Call::Manage(Manage::Delete(scene.ada))),
        Err(Error::UserNotFound)
    );
    assert_eq!(scene.userinfo(access), Err(Error::InvalidToken));
    assert_eq!(
        scene.refresh(refresh.unwrap()),
        Err(Error::InvalidRefreshToken)
    );
    assert_eq!(scene.silent(Some(sso)), Err(Error::LoginRequired));
    assert_eq!(
        scene.ask(Call::SignUp { email: ADA }).err(),
        None,
        "the address is free again"
    );
}

#[test]
fn ten_wrong_passwords_from_one_address_block_the_person_there() {
    let mut scene = Scene::new(|_| ());
    let page = scene.page(Connection::Database);
    for _ in 0..10 {
        assert_eq!(
            scene.submit(page, ADA, Proof::WrongPassword),
            Err(Error::WrongPassword)
        );
    }
    assert_eq!(scene.submit(page, ADA, RIGHT), Err(Error::TooManyAttempts));
    let elsewhere = Stamp {
        at: scene.now,
        luck: Luck(1),
        address: Address(2),
    };
    let call = Call::SubmitLogin {
        transaction: page,
        email: ADA,
        proof: RIGHT,
    };
    assert!(matches!(
        scene.tenant.handle(elsewhere, &call).outcome,
        Outcome::Served(_)
    ));
    assert_eq!(
        scene.ask(Call::ChangePassword { email: ADA }),
        Ok(Reply::Done)
    );
    let page = scene.page(Connection::Database);
    assert!(
        scene.submit(page, ADA, RIGHT).is_ok(),
        "a changed password lifts the block"
    );
}

#[test]
fn a_hundred_failures_make_an_address_suspicious() {
    let mut scene = Scene::new(|_| ());
    let page = scene.page(Connection::Database);
    for mailbox in 100..200 {
        assert_eq!(
            scene.submit(page, Email::lower(mailbox), RIGHT),
            Err(Error::WrongPassword)
        );
    }
    assert_eq!(
        scene.submit(page, ADA, RIGHT),
        Err(Error::SuspiciousAddress)
    );
    scene.wait(Span::from_secs(865));
    assert!(scene.submit(page, ADA, RIGHT).is_ok());
}
