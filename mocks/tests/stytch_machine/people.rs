//! People, their passwords and their organizations.

use crate::scene::*;

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
        life: None,
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
        life: None,
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
fn a_project_is_seeded_in_bulk_changed_at_work_and_started_over() {
    let mut project = consumer();
    let seeded = project.seed_addresses([ANNA, BERT, ANNA], None);
    assert_eq!(seeded[0], seeded[2], "an address has one owner");
    let opened = project
        .seed_session(seeded[1], at(0), Span::from_hours(1), Factor::Password)
        .expect("they exist");
    let authenticate = Call::Authenticate {
        token: opened.token,
        duration: None,
    };
    served(call(&mut project, at(1), authenticate));
    let one = WindowLimit {
        calls: 1,
        window: Span::from_hours(1),
    };
    project.set_limits(None, vec![(Endpoint::Authenticate, one)]);
    served(call(&mut project, at(2), authenticate));
    let limited = call(&mut project, at(3), authenticate);
    assert_eq!(refused(limited), (429, Error::RateLimited));
    project.set_limits(None, Vec::new());
    served(call(&mut project, at(4), authenticate));
    project.reset(at(5));
    assert_eq!((project.user_count(), project.session_count()), (0, 0));
    let gone = call(&mut project, at(6), authenticate);
    assert_eq!(refused(gone), (404, Error::SessionNotFound));
}
