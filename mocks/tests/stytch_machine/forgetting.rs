//! What is over is forgotten, and nobody can tell but by the memory that it takes no longer.

use cutover_mocks::bounds::Bounds;

use crate::scene::*;

/// More than are kept before any is forgotten.
const MANY: i64 = 200_000;
const YEAR: Option<Span> = Some(Span::from_days(365));

/// No limits, and people who may log in.
fn crowd(people: u32) -> Project {
    let mut project = project(Settings {
        project_limit: None,
        endpoint_limits: Vec::new(),
        mails_per_person: None,
        ..Settings::default()
    });
    for mailbox in 1..=people {
        seed(&mut project, Email::lower(mailbox), None);
    }
    project
}

fn enter(project: &mut Project, now: Timestamp, email: Email, length: Option<Span>) -> Opened {
    let right = password(email, None, Proof::RightPassword, length);
    session(served(call(project, now, right)))
}

fn check(project: &mut Project, now: Timestamp, opened: &Opened) -> Answer {
    let check = Call::Authenticate {
        token: opened.token,
        duration: None,
    };
    call(project, now, check)
}

fn revoke(project: &mut Project, now: Timestamp, session: u32) -> Answer {
    let token = SessionToken { session, handle: 0 };
    call(project, now, Call::Revoke { token })
}

#[test]
fn sessions_that_are_over_leave_the_others_as_they_are() {
    let mut project = crowd(3);
    let long = enter(&mut project, at(0), ANNA, YEAR);
    let first = enter(&mut project, at(0), BERT, HOUR);
    let second = enter(&mut project, at(1), ANNA, YEAR);
    // One a minute, for months: at any time sixty of them live.
    for minute in 0..MANY {
        let who = Email::lower(1 + (minute % 3) as u32);
        enter(&mut project, at(minute * 60), who, HOUR);
    }
    let end = at(MANY * 60);
    assert_eq!(project.session_count() as i64, MANY + 3);
    assert_eq!(project.live_session_count(end), 59 + 2);
    let anna = project.find_user(ANNA, None).unwrap();
    let hers: Vec<u32> = project.sessions_of(anna, end).map(|it| it.id).collect();
    assert_eq!(
        hers.len(),
        20 + 2,
        "those of the last hour and the old ones"
    );
    assert!(hers.is_sorted_by(|newer, older| newer > older));
    assert!(hers.ends_with(&[second.token.session, long.token.session]));
    assert!(project.session(first.token.session).is_none(), "forgotten");

    let gone = (404, Error::SessionNotFound);
    assert_eq!(refused(check(&mut project, end, &first)), gone);
    assert_eq!(
        served(revoke(&mut project, end, first.token.session)),
        Reply::Done
    );
    assert_eq!(refused(revoke(&mut project, end, MANY as u32 + 3)), gone);
    served(check(&mut project, end, &long));
    assert_eq!(
        served(revoke(&mut project, end, long.token.session)),
        Reply::Done
    );
    assert_eq!(refused(check(&mut project, end, &long)), gone);
    errand(&mut project, end, Errand::RevokeAll(anna));
    assert_eq!(project.sessions_of(anna, end).count(), 0);
    assert_eq!(project.ledger().revoked, 1 + 21);
}

#[test]
fn one_person_keeps_so_many_sessions_and_another_keeps_theirs() {
    let mut project = crowd(2);
    project.keep_within(Bounds {
        passing: 1000,
        ..Bounds::default()
    });
    let theirs = enter(&mut project, at(0), BERT, YEAR);
    let oldest = enter(&mut project, at(0), ANNA, YEAR);
    for second in 0..MANY {
        enter(&mut project, at(second), ANNA, YEAR);
    }
    let end = at(MANY);
    let live = project.live_session_count(end);
    assert!((5001..1 << 17).contains(&live), "{live} live");
    served(check(&mut project, end, &theirs));
    let gone = (404, Error::SessionNotFound);
    assert_eq!(refused(check(&mut project, end, &oldest)), gone);
}

#[test]
fn links_that_were_used_or_are_stale_stay_so() {
    let mut project = crowd(1);
    let send = Call::SendMagicLink {
        email: ANNA,
        org: None,
    };
    let follow = |token| Call::MagicLink {
        token,
        duration: HOUR,
    };
    let mut used = None;
    for minute in 0..MANY {
        let now = at(minute * 60);
        let (token, _) = mailed(served(call(&mut project, now, send)));
        if minute % 2 == 0 {
            served(call(&mut project, now, follow(token)));
            used.get_or_insert(token);
        }
    }
    let end = at(MANY * 60);
    let refusal = |status| (status, Error::LoginTokenInvalid);
    let used = used.unwrap();
    let stale = LoginToken(used.0 + 1);
    let never = LoginToken(MANY as u32);
    for (token, status) in [(used, 401), (stale, 401), (never, 404)] {
        let answer = call(&mut project, end, follow(token));
        assert_eq!(refused(answer), refusal(status));
    }
    let newest = LoginToken(MANY as u32 - 1);
    served(call(&mut project, end, follow(newest)));
}

#[test]
fn links_that_nobody_follows_are_kept_up_to_a_number() {
    let mut project = crowd(1);
    project.keep_within(Bounds {
        passing: 1000,
        ..Bounds::default()
    });
    let send = Call::SendMagicLink {
        email: ANNA,
        org: None,
    };
    let tokens: Vec<LoginToken> = (0..MANY)
        .map(|_| mailed(served(call(&mut project, at(0), send))).0)
        .collect();
    let mut follow = |token| {
        let duration = HOUR;
        call(&mut project, at(1), Call::MagicLink { token, duration })
    };
    let newest = *tokens.last().unwrap();
    assert_eq!(refused(follow(tokens[0])), (401, Error::LoginTokenInvalid));
    served(follow(newest));
}

#[test]
fn a_full_project_says_so_and_serves_who_is_there() {
    let bounds = Bounds {
        people: 3,
        organizations: 1,
        ..Bounds::default()
    };
    let mut project = crowd(3);
    project.keep_within(bounds);
    let sign_up = |email| Call::SignUp {
        email,
        org: None,
        duration: HOUR,
    };
    let full = (403, Error::Rule(Rule::TooManyPeople));
    assert_eq!(
        refused(call(&mut project, at(0), sign_up(Email::lower(9)))),
        full
    );
    let taken = refused(call(&mut project, at(0), sign_up(ANNA)));
    assert_eq!(taken, (400, Error::DuplicateEmail));
    enter(&mut project, at(0), ANNA, HOUR);

    let mut project = b2b();
    project.keep_within(bounds);
    let found = |project: &mut Project| {
        project.errand(stamp(at(0)), &Errand::CreateOrg(OrgRules::open(false)))
    };
    served(found(&mut project));
    let full = (403, Error::Rule(Rule::TooManyOrganizations));
    assert_eq!(refused(found(&mut project)), full);
}
