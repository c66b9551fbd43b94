//! Migrate Session.

use crate::scene::*;

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
