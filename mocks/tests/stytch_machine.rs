//! The rules of a Stytch project, one test each, against the machine alone.

use cutover_mocks::answer::{Breakage, Outcome};
use cutover_mocks::auth0::{self, AccessToken, Audience, Scopes};
use cutover_mocks::email::Email;
use cutover_mocks::fault::{Fault, FaultKind, FaultPlan};
use cutover_mocks::keys::{KeyId, KeySchedule, Rotation};
use cutover_mocks::latency::Latency;
use cutover_mocks::limit::Rate;
use cutover_mocks::luck::{Luck, mix};
use cutover_mocks::share::Share;
use cutover_mocks::stytch::settings::WindowLimit;
use cutover_mocks::stytch::*;
use cutover_mocks::time::{Span, Timestamp};

const START: Timestamp = Timestamp::from_secs(1_772_409_600);
const ANNA: Email = Email::lower(1);
const BERT: Email = Email::lower(2);
const HOUR: Option<Span> = Some(Span::from_hours(1));

fn at(seconds: i64) -> Timestamp {
    START + Span::from_secs(seconds)
}

fn stamp(now: Timestamp) -> Stamp {
    Stamp {
        at: now,
        luck: Luck(mix(now.as_micros() as u64)),
        address: Address(7),
    }
}

fn project(settings: Settings) -> Project {
    let latency_default = Latency::fixed(Span::from_millis(100));
    Project::new(
        Settings {
            latency_default,
            ..settings
        },
        START,
    )
}

fn consumer() -> Project {
    project(Settings::default())
}

fn b2b() -> Project {
    project(Settings {
        vertical: Vertical::B2b,
        ..Settings::default()
    })
}

fn seed(project: &mut Project, email: Email, org: Option<OrgId>) -> UserId {
    let person = SeedUser {
        email,
        org,
        has_password: true,
        verified: true,
        mfa_enrolled: false,
    };
    project.seed_user(person)
}

fn call(project: &mut Project, now: Timestamp, call: Call) -> Answer {
    match project.handle(stamp(now), &call) {
        Step::Done(answer) => answer,
        Step::AskUserInfo(_) => panic!("asked UserInfo for {call:?}"),
    }
}

fn errand(project: &mut Project, now: Timestamp, errand: Errand) -> ErrandReply {
    served(project.errand(stamp(now), &errand))
}

fn errand_reply(project: &mut Project, now: Timestamp, asked: Errand) -> Reply {
    match errand(project, now, asked) {
        ErrandReply::Reply(reply) => reply,
        other => panic!("no reply: {other:?}"),
    }
}

fn served<R: std::fmt::Debug>(answer: cutover_mocks::answer::Answer<R, Error>) -> R {
    match answer.outcome {
        Outcome::Served(reply) => reply,
        other => panic!("not served: {other:?}"),
    }
}

fn refused<R: std::fmt::Debug>(answer: cutover_mocks::answer::Answer<R, Error>) -> (u16, Error) {
    match answer.outcome {
        Outcome::Refused(refusal) => (refusal.status, refusal.error),
        other => panic!("not refused: {other:?}"),
    }
}

fn session(reply: Reply) -> Opened {
    match reply {
        Reply::Session(opened) => opened,
        other => panic!("no session: {other:?}"),
    }
}

fn mailed(reply: Reply) -> (LoginToken, bool) {
    match reply {
        Reply::Mailed { token, created } => (token, created),
        other => panic!("nothing mailed: {other:?}"),
    }
}

fn intermediate(reply: Reply) -> IntermediateToken {
    match reply {
        Reply::SecondFactorNeeded(token) => token,
        other => panic!("no second factor asked for: {other:?}"),
    }
}

fn password(email: Email, org: Option<OrgId>, proof: Proof, duration: Option<Span>) -> Call {
    Call::Password {
        email,
        org,
        proof,
        duration,
    }
}

fn log_in(project: &mut Project, now: Timestamp, email: Email) -> Opened {
    let right = password(email, None, Proof::RightPassword, HOUR);
    session(served(call(project, now, right)))
}

fn legacy() -> AccessToken {
    AccessToken {
        subject: auth0::UserId(0),
        issued: START,
        expires: at(86_400),
        scopes: Scopes {
            openid: true,
            profile: true,
            email: true,
            offline: true,
        },
        audience: Audience {
            api: true,
            userinfo: true,
        },
        key: KeyId(0),
        handle: 9,
    }
}

fn begin(
    project: &mut Project,
    now: Timestamp,
    org: Option<OrgId>,
    duration: Option<Span>,
) -> Pending {
    match project.handle(
        stamp(now),
        &Call::Migrate {
            token: legacy(),
            org,
            duration,
        },
    ) {
        Step::AskUserInfo(pending) => pending,
        Step::Done(answer) => panic!("did not ask UserInfo: {answer:?}"),
    }
}

fn found(email: Option<Email>, verified: bool) -> UserInfoSeen {
    let outcome = UserInfoOutcome::Ok { email, verified };
    UserInfoSeen {
        outcome,
        took: Span::from_millis(40),
    }
}

fn migrate(
    project: &mut Project,
    now: Timestamp,
    org: Option<OrgId>,
    duration: Option<Span>,
    seen: UserInfoSeen,
) -> Answer {
    let pending = begin(project, now, org, duration);
    project.resume(pending, seen)
}

#[test]
fn migrate_asks_userinfo_midway_and_counts_its_time() {
    let mut project = consumer();
    let anna = seed(&mut project, ANNA, None);
    let pending = begin(&mut project, at(10), None, HOUR);
    assert_eq!(pending.token, legacy());
    assert_eq!(pending.stamp.at, at(10) + Span::from_millis(50));
    assert_eq!(pending.stamp.address, EGRESS);
    assert_ne!(pending.stamp.luck, stamp(at(10)).luck);

    let answer = project.resume(pending, found(Some(ANNA), false));
    assert_eq!(answer.took, Span::from_millis(140));
    let opened = session(served(answer));
    assert_eq!((opened.jwt.subject, opened.email), (anna, ANNA));
    let opened_at = at(10) + Span::from_millis(90);
    assert_eq!(opened.jwt.session_expires, opened_at + Span::from_hours(1));
    assert_eq!((opened.jwt.issued, opened.jwt.expires), (at(10), at(310)));
    assert_eq!((project.ledger().migrated, project.ledger().opened), (1, 0));
    let factors = project
        .session(opened.token.session)
        .expect("it was opened")
        .factors;
    assert_eq!(factors, Factors::one(Factor::Imported));
}

#[test]
fn migrating_twice_opens_two_independent_sessions() {
    let mut project = consumer();
    seed(&mut project, ANNA, None);
    let one = session(served(migrate(
        &mut project,
        at(1),
        None,
        HOUR,
        found(Some(ANNA), true),
    )));
    let two = session(served(migrate(
        &mut project,
        at(1),
        None,
        HOUR,
        found(Some(ANNA), true),
    )));
    assert_ne!(one.token, two.token);
    served(call(&mut project, at(2), Call::Revoke { token: one.token }));
    assert!(!project.session_is_live(one.token, at(2)));
    assert!(project.session_is_live(two.token, at(2)));
}

#[test]
fn slow_userinfo_times_out_after_the_projects_patience() {
    let mut project = consumer();
    seed(&mut project, ANNA, None);
    let outcome = UserInfoOutcome::Ok {
        email: Some(ANNA),
        verified: true,
    };
    let seen = UserInfoSeen {
        outcome,
        took: Span::from_secs(30),
    };
    let answer = migrate(&mut project, at(1), None, HOUR, seen);
    assert_eq!(answer.took, Span::from_millis(5_100));
    assert_eq!(refused(answer), (400, Error::MigrateUnexpectedResponse));
    assert_eq!(project.session_count(), 0);
}

#[test]
fn unusable_userinfo_answers_are_unexpected_responses() {
    for outcome in [
        UserInfoOutcome::NotOk(429),
        UserInfoOutcome::Broken,
        UserInfoOutcome::TimedOut,
    ] {
        let mut project = project(Settings {
            migrate_error_status: 422,
            ..Settings::default()
        });
        seed(&mut project, ANNA, None);
        let seen = UserInfoSeen {
            outcome,
            took: Span::from_millis(1),
        };
        let answer = migrate(&mut project, at(1), None, HOUR, seen);
        assert_eq!(refused(answer), (422, Error::MigrateUnexpectedResponse));
        assert_eq!(project.ledger().calls[&(Endpoint::Migrate, 422)], 1);
    }
}

#[test]
fn migrate_needs_an_address_that_somebody_has() {
    let mut project = consumer();
    seed(&mut project, ANNA, None);
    for email in [None, Some(BERT)] {
        let answer = migrate(&mut project, at(1), None, HOUR, found(email, true));
        assert_eq!(refused(answer), (400, Error::MigrateEmailUnknown));
    }
}

#[test]
fn migrate_folds_letter_case_unless_set_otherwise() {
    let shouted = Email {
        mailbox: ANNA.mailbox,
        spelling: 1,
    };
    for (migrate_case_sensitive, matches) in [(false, true), (true, false)] {
        let mut project = project(Settings {
            migrate_case_sensitive,
            ..Settings::default()
        });
        seed(&mut project, ANNA, None);
        let answer = migrate(&mut project, at(1), None, HOUR, found(Some(shouted), true));
        assert_eq!(matches!(answer.outcome, Outcome::Served(_)), matches);
    }
}

#[test]
fn migrate_may_insist_on_a_verified_address() {
    for (migrate_requires_verified_email, matches) in [(false, true), (true, false)] {
        let mut project = project(Settings {
            migrate_requires_verified_email,
            ..Settings::default()
        });
        seed(&mut project, ANNA, None);
        let answer = migrate(&mut project, at(1), None, HOUR, found(Some(ANNA), false));
        assert_eq!(matches!(answer.outcome, Outcome::Served(_)), matches);
    }
}

#[test]
fn migrate_without_a_duration_follows_the_setting() {
    for opens in [true, false] {
        let settings = Settings {
            migrate_opens_session_by_default: opens,
            ..Settings::default()
        };
        let mut project = project(settings);
        let anna = seed(&mut project, ANNA, None);
        let reply = served(migrate(
            &mut project,
            at(1),
            None,
            None,
            found(Some(ANNA), true),
        ));
        if opens {
            let end = session(reply).jwt.session_expires;
            assert_eq!(end, at(1) + Span::from_millis(90) + Span::from_mins(60));
        } else {
            assert_eq!(reply, Reply::NoSession(anna));
        }
    }
}

#[test]
fn migrate_without_a_userinfo_address_asks_nobody() {
    let mut project = project(Settings {
        userinfo_configured: false,
        ..Settings::default()
    });
    seed(&mut project, ANNA, None);
    let migrate = Call::Migrate {
        token: legacy(),
        org: None,
        duration: HOUR,
    };
    assert_eq!(
        refused(call(&mut project, at(1), migrate)),
        (400, Error::MigrateNotConfigured)
    );
}

#[test]
fn b2b_migrate_matches_inside_the_organization_and_asks_no_second_factor() {
    let mut project = b2b();
    let strict = project.seed_org(SeedOrg { mfa_required: true });
    let other = project.seed_org(SeedOrg::default());
    let anna = seed(&mut project, ANNA, Some(strict));
    let nowhere = Call::Migrate {
        token: legacy(),
        org: Some(OrgId(9)),
        duration: None,
    };
    assert_eq!(
        refused(call(&mut project, at(1), nowhere)),
        (404, Error::OrganizationNotFound)
    );
    let answer = migrate(
        &mut project,
        at(1),
        Some(other),
        None,
        found(Some(ANNA), true),
    );
    assert_eq!(refused(answer), (400, Error::MigrateEmailUnknown));
    let answer = migrate(
        &mut project,
        at(1),
        Some(strict),
        None,
        found(Some(ANNA), true),
    );
    let opened = session(served(answer));
    assert_eq!((opened.jwt.subject, opened.jwt.org), (anna, Some(strict)));
}

#[test]
fn b2b_migrate_asks_for_a_second_factor_where_set() {
    let vertical = Vertical::B2b;
    let settings = Settings {
        vertical,
        migrate_asks_second_factor: true,
        ..Settings::default()
    };
    let mut project = project(settings);
    let strict = project.seed_org(SeedOrg { mfa_required: true });
    seed(&mut project, ANNA, Some(strict));
    let answer = migrate(
        &mut project,
        at(1),
        Some(strict),
        None,
        found(Some(ANNA), true),
    );
    let token = intermediate(served(answer));
    let second = Call::SecondFactor {
        token,
        proof: Proof::RightCode,
        duration: None,
    };
    session(served(call(&mut project, at(2), second)));
}

#[test]
fn one_address_may_be_a_member_of_several_organizations() {
    let mut project = b2b();
    let (one, two) = (
        project.seed_org(SeedOrg::default()),
        project.seed_org(SeedOrg::default()),
    );
    let first = seed(&mut project, ANNA, Some(one));
    let second = seed(&mut project, ANNA, Some(two));
    assert_ne!(first, second);
    assert_eq!(seed(&mut project, ANNA, Some(two)), second);
    assert_eq!(project.user_count(), 2);
    let create = Call::CreateUser {
        email: ANNA,
        org: Some(one),
    };
    assert_eq!(
        refused(call(&mut project, at(1), create)),
        (400, Error::DuplicateEmail)
    );
}

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
fn unknown_people_are_told_apart_by_vertical() {
    let mut consumer = consumer();
    let lost = |org| password(BERT, org, Proof::RightPassword, HOUR);
    assert_eq!(
        refused(call(&mut consumer, at(1), lost(None))),
        (404, Error::EmailNotFound)
    );

    let mut b2b = b2b();
    let org = b2b.seed_org(SeedOrg::default());
    assert_eq!(
        refused(call(&mut b2b, at(1), lost(Some(org)))),
        (404, Error::UserNotFound)
    );
    for nowhere in [None, Some(OrgId(5))] {
        let answer = call(&mut b2b, at(1), lost(nowhere));
        assert_eq!(refused(answer), (404, Error::OrganizationNotFound));
    }
}

#[test]
fn ten_failures_in_a_row_lock_for_an_hour() {
    let mut project = consumer();
    seed(&mut project, ANNA, None);
    let wrong = password(ANNA, None, Proof::WrongPassword, HOUR);
    let right = password(ANNA, None, Proof::RightPassword, HOUR);
    for second in 0..9 {
        assert_eq!(
            refused(call(&mut project, at(second), wrong)),
            (401, Error::WrongPassword)
        );
    }
    served(call(&mut project, at(9), right));
    for second in 10..20 {
        assert_eq!(
            refused(call(&mut project, at(second), wrong)),
            (401, Error::WrongPassword)
        );
    }
    assert_eq!(
        refused(call(&mut project, at(20), right)),
        (429, Error::UserLocked)
    );
    assert_eq!(
        refused(call(&mut project, at(19 + 3_599), right)),
        (429, Error::UserLocked)
    );
    served(call(&mut project, at(19 + 3_600), right));
}

#[test]
fn nobody_logs_in_with_a_password_that_was_never_set() {
    let mut project = consumer();
    served(call(
        &mut project,
        at(0),
        Call::CreateUser {
            email: ANNA,
            org: None,
        },
    ));
    let right = password(ANNA, None, Proof::RightPassword, HOUR);
    assert_eq!(
        refused(call(&mut project, at(1), right)),
        (400, Error::NoPassword)
    );
    assert_eq!(project.ledger().created, 1);
    let import = Errand::ImportPassword {
        email: ANNA,
        org: None,
        verified: false,
    };
    let imported = errand(&mut project, at(2), import);
    assert_eq!(
        imported,
        ErrandReply::Imported {
            user: UserId(0),
            created: false
        }
    );
    session(served(call(&mut project, at(3), right)));
}

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
fn sign_up_creates_one_person_and_opens_a_session() {
    let mut project = consumer();
    let sign_up = |email| Call::SignUp {
        email,
        org: None,
        duration: HOUR,
    };
    session(served(call(&mut project, at(0), sign_up(ANNA))));
    assert_eq!((project.ledger().created, project.ledger().opened), (1, 1));
    let shouted = Email {
        spelling: 3,
        ..ANNA
    };
    for taken in [ANNA, shouted] {
        let answer = call(&mut project, at(1), sign_up(taken));
        assert_eq!(refused(answer), (400, Error::DuplicateEmail));
    }
    log_in(&mut project, at(2), ANNA);
}

#[test]
fn resetting_a_password_ends_all_of_the_persons_sessions() {
    let mut project = consumer();
    seed(&mut project, ANNA, None);
    seed(&mut project, BERT, None);
    let (one, two) = (
        log_in(&mut project, at(0), ANNA),
        log_in(&mut project, at(1), ANNA),
    );
    let other = log_in(&mut project, at(1), BERT);
    let reset = Call::ResetPassword {
        email: ANNA,
        org: None,
        duration: HOUR,
    };
    let fresh = session(served(call(&mut project, at(2), reset)));
    let live = [one, two, other, fresh].map(|it| project.session_is_live(it.token, at(3)));
    assert_eq!(live, [false, false, true, true]);
    assert_eq!(project.ledger().revoked, 2);
}

#[test]
fn the_two_requests_of_a_reset_count_as_its_one_call() {
    let (mut whole, mut halves) = (consumer(), consumer());
    for project in [&mut whole, &mut halves] {
        seed(project, ANNA, None);
        log_in(project, at(0), ANNA);
    }
    let reset = Call::ResetPassword {
        email: ANNA,
        org: None,
        duration: HOUR,
    };
    let in_one = call(&mut whole, at(5), reset);
    let start = Errand::StartReset {
        email: ANNA,
        org: None,
    };
    let (token, _) = mailed(errand_reply(&mut halves, at(5), start));
    let in_two = halves.errand(
        stamp(at(5)),
        &Errand::FinishReset {
            token,
            duration: HOUR,
        },
    );
    assert_eq!(served(in_two), ErrandReply::Reply(served(in_one)));
    assert_eq!(in_two.took, in_one.took);
    assert_eq!(halves.ledger(), whole.ledger());

    let lost = Call::ResetPassword {
        email: BERT,
        org: None,
        duration: HOUR,
    };
    let in_one = refused(call(&mut whole, at(6), lost));
    let start = Errand::StartReset {
        email: BERT,
        org: None,
    };
    assert_eq!(refused(halves.errand(stamp(at(6)), &start)), in_one);
    assert_eq!(halves.ledger(), whole.ledger());
}

#[test]
fn a_deleted_person_is_gone_with_their_sessions_and_their_address_is_free() {
    let mut project = consumer();
    let anna = seed(&mut project, ANNA, None);
    let opened = log_in(&mut project, at(0), ANNA);
    errand(&mut project, at(1), Errand::DeleteUser(anna));
    assert!(!project.session_is_live(opened.token, at(1)));
    assert_eq!(project.user(anna), None);
    let reply = served(call(
        &mut project,
        at(2),
        Call::CreateUser {
            email: ANNA,
            org: None,
        },
    ));
    assert_ne!(reply, Reply::Created(anna));
}

#[test]
fn an_organization_goes_with_its_members() {
    let mut project = b2b();
    let (one, two) = (
        project.seed_org(SeedOrg::default()),
        project.seed_org(SeedOrg::default()),
    );
    seed(&mut project, ANNA, Some(one));
    let kept = seed(&mut project, ANNA, Some(two));
    errand(&mut project, at(1), Errand::DeleteOrg(one));
    assert_eq!(
        project
            .users_from(UserId(0))
            .map(|user| user.id)
            .collect::<Vec<_>>(),
        [kept]
    );
    let right = password(ANNA, Some(one), Proof::RightPassword, HOUR);
    assert_eq!(
        refused(call(&mut project, at(2), right)),
        (404, Error::OrganizationNotFound)
    );
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
        Errand::SendDiscovery(ANNA),
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

#[test]
fn limits_are_fixed_windows_of_endpoint_and_project() {
    let limit = |calls| WindowLimit {
        calls,
        window: Span::from_secs(10),
    };
    let mut project = project(Settings {
        endpoint_limits: vec![(Endpoint::Authenticate, limit(2))],
        project_limit: Some(limit(4)),
        retry_after: true,
        ..Settings::default()
    });
    seed(&mut project, ANNA, None);
    let opened = log_in(&mut project, at(3), ANNA);
    let check = Call::Authenticate {
        token: opened.token,
        duration: None,
    };
    served(call(&mut project, at(4), check));
    served(call(&mut project, at(9), check));
    let third = call(&mut project, at(9), check);
    let Outcome::Refused(refusal) = third.outcome else {
        panic!("not refused")
    };
    assert_eq!((refusal.status, refusal.error), (429, Error::RateLimited));
    assert_eq!(refusal.retry_after, Some(Span::from_secs(1)));
    served(call(&mut project, at(9), Call::Jwks));
    assert_eq!(
        refused(call(&mut project, at(9), Call::Jwks)),
        (429, Error::RateLimited)
    );
    served(call(&mut project, at(10), check));
    assert_eq!(project.ledger().calls[&(Endpoint::Authenticate, 429)], 1);
}

fn faulty(kind: FaultKind) -> Project {
    let endpoint = Some(Endpoint::Password);
    let fault = Fault {
        from: at(10),
        until: at(20),
        endpoint,
        share: Share::ONE,
        kind,
    };
    let faults = FaultPlan::new(vec![fault]);
    let mut project = project(Settings {
        faults,
        ..Settings::default()
    });
    seed(&mut project, ANNA, None);
    project
}

#[test]
fn faults_act_in_their_time_and_on_their_endpoint_only() {
    let right = password(ANNA, None, Proof::RightPassword, HOUR);
    let mut project = faulty(FaultKind::Status(503));
    served(call(&mut project, at(9), right));
    let answer = call(&mut project, at(10), right);
    assert_eq!(refused(answer), (503, Error::Injected(503)));
    served(call(&mut project, at(19), Call::Jwks));
    served(call(&mut project, at(20), right));
    assert_eq!(project.ledger().opened, 2);
}

#[test]
fn faults_break_answers_before_or_after_the_call_took_effect() {
    let right = password(ANNA, None, Proof::RightPassword, HOUR);
    let cases = [
        (FaultKind::Outage, Breakage::Refused, 0, 0),
        (FaultKind::Html(502), Breakage::Html(502), 0, 502),
        (FaultKind::Truncated, Breakage::Truncated, 1, 200),
        (FaultKind::Malformed, Breakage::Malformed, 1, 200),
    ];
    for (kind, breakage, opened, status) in cases {
        let mut project = faulty(kind);
        let answer = call(&mut project, at(10), right);
        assert_eq!(answer.outcome, Outcome::Broken(breakage));
        assert_eq!(project.session_count(), opened, "{kind:?}");
        assert_eq!(project.ledger().calls[&(Endpoint::Password, status)], 1);
    }
}

#[test]
fn a_dropped_call_takes_effect_as_often_as_not() {
    let mut project = faulty(FaultKind::Dropped);
    let right = password(ANNA, None, Proof::RightPassword, HOUR);
    for micros in 0..1_000 {
        let answer = call(&mut project, at(10) + Span::from_micros(micros), right);
        assert_eq!(answer.outcome, Outcome::Broken(Breakage::Dropped));
    }
    let effects = project.session_count();
    assert!(
        (400..600).contains(&effects),
        "{effects} of 1000 took effect"
    );
    assert_eq!(project.ledger().calls[&(Endpoint::Password, 0)], 1_000);
}

#[test]
fn faults_slow_throttle_and_lower_limits() {
    let right = password(ANNA, None, Proof::RightPassword, HOUR);
    let mut slow = faulty(FaultKind::Slow(Span::from_secs(3)));
    assert_eq!(
        call(&mut slow, at(10), right).took,
        Span::from_millis(3_100)
    );
    let mut throttled = faulty(FaultKind::ThrottledAs500);
    assert_eq!(
        refused(call(&mut throttled, at(10), right)),
        (500, Error::RateLimited)
    );
    let mut low = faulty(FaultKind::Limit(Rate {
        per_second: 1.0,
        burst: 2,
    }));
    served(call(&mut low, at(10), right));
    served(call(&mut low, at(10), right));
    assert_eq!(
        refused(call(&mut low, at(11), right)),
        (429, Error::RateLimited)
    );
    served(call(&mut low, at(12), right));
}

#[test]
fn a_fault_on_migrate_hits_before_userinfo_or_after_the_session() {
    for (kind, asks) in [
        (FaultKind::Status(500), false),
        (FaultKind::Truncated, true),
    ] {
        let fault = Fault {
            from: START,
            until: Timestamp::NEVER,
            endpoint: None,
            share: Share::ONE,
            kind,
        };
        let faults = FaultPlan::new(vec![fault]);
        let mut project = project(Settings {
            faults,
            ..Settings::default()
        });
        seed(&mut project, ANNA, None);
        let migrate = Call::Migrate {
            token: legacy(),
            org: None,
            duration: HOUR,
        };
        match project.handle(stamp(at(1)), &migrate) {
            Step::Done(answer) => {
                assert!(!asks);
                assert_eq!(refused(answer), (500, Error::Injected(500)));
            }
            Step::AskUserInfo(pending) => {
                assert!(asks);
                let answer = project.resume(pending, found(Some(ANNA), true));
                assert_eq!(answer.outcome, Outcome::Broken(Breakage::Truncated));
                assert_eq!(project.ledger().migrated, 1);
            }
        }
        assert_eq!(project.ledger().calls_to(Endpoint::Migrate), 1);
    }
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

#[test]
fn the_same_calls_with_the_same_luck_get_the_same_answers() {
    let run = || {
        let mut project = Project::new(Settings::default(), START);
        seed(&mut project, ANNA, None);
        let first = log_in(&mut project, at(0), ANNA);
        let answer = migrate(&mut project, at(5), None, HOUR, found(Some(ANNA), true));
        (first, answer, project.ledger().clone())
    };
    assert_eq!(run(), run());
}
