//! What calls bring along: sessions to join, verifiers, and what must hold whatever they bring.

use proptest::prelude::*;

use crate::scene::*;

fn with_session(opened: Opened) -> With {
    With {
        session: Some(opened.token),
        ..With::default()
    }
}

fn done(step: Step) -> Answer {
    match step {
        Step::Done(answer) => answer,
        Step::AskUserInfo(_) => panic!("asked UserInfo"),
    }
}

#[test]
fn a_login_joins_the_session_of_its_own_person_only() {
    let mut project = consumer();
    let anna = seed(&mut project, ANNA, None);
    seed(&mut project, BERT, None);
    let opened = log_in(&mut project, at(0), ANNA);
    let link = project.seed_magic_link(anna, at(1)).expect("she exists");
    let follow = Call::MagicLink {
        token: link,
        duration: None,
    };
    let joined = done(project.handle_with(stamp(at(2)), with_session(opened), &follow));
    assert_eq!(session(served(joined)).token, opened.token);
    let factors = project.factors(opened.token.session);
    let kinds: Vec<Factor> = factors.iter().map(|proved| proved.factor).collect();
    assert_eq!(kinds, [Factor::Password, Factor::MagicLink]);
    assert_eq!(project.session_count(), 1);

    let bert = password(BERT, None, Proof::RightPassword, HOUR);
    let other = done(project.handle_with(stamp(at(3)), with_session(opened), &bert));
    assert_eq!(refused(other), (400, Error::Rule(Rule::UserIdMismatch)));
    let late = done(project.handle_with(stamp(at(7_200)), with_session(opened), &bert));
    assert_eq!(refused(late), (404, Error::SessionNotFound));
}

#[test]
fn a_passkey_is_added_to_its_own_persons_session_only() {
    let mut project = consumer();
    let anna = seed(&mut project, ANNA, None);
    let bert = seed(&mut project, BERT, None);
    let opened = log_in(&mut project, at(0), ANNA);
    let duration = None;
    let add = |user| Errand::Enter(Enter::AddPasskey { user, duration });
    let other = project.errand_with(stamp(at(1)), with_session(opened), &add(bert));
    assert_eq!(refused(other), (400, Error::Rule(Rule::UserIdMismatch)));
    assert!(project.means(bert).passkeys.is_empty());
    served(project.errand_with(stamp(at(2)), with_session(opened), &add(anna)));
    let id = project.means(anna).passkeys[0];
    let factors = project.factors(opened.token.session);
    let newest = factors.last().expect("two of them");
    assert_eq!((newest.factor, newest.means), (Factor::Passkey, Some(id)));

    let enter = |id| Errand::Enter(Enter::Passkey { id, duration: HOUR });
    served(project.errand(stamp(at(3)), &enter(Some(id))));
    assert_eq!(project.session_count(), 2);
    for unknown in [None, Some(MeansId(id.0 + 1)), Some(MeansId(bert.0))] {
        let refusal = refused(project.errand(stamp(at(4)), &enter(unknown)));
        assert_eq!(refusal, (401, Error::Rule(Rule::PasskeyWrong)));
    }
}

#[test]
fn nobody_loses_their_last_address_and_a_freed_one_can_be_taken() {
    let mut project = consumer();
    let anna = seed(&mut project, ANNA, None);
    let delete = |id| {
        Errand::Keep(Keep::Delete {
            thing: Thing::Email,
            id,
        })
    };
    let last = project.errand(stamp(at(0)), &delete(MeansId(anna.0)));
    assert_eq!(refused(last), (400, Error::Rule(Rule::LastPrimaryFactor)));
    let with = With {
        user: Some(anna),
        ..With::default()
    };
    let send = Errand::SendMagicLink {
        email: BERT,
        org: None,
        create: false,
        life: None,
    };
    served(project.errand_with(stamp(at(1)), with, &send));
    assert_eq!(project.find_user(BERT, None), Some(anna));
    served(project.errand(stamp(at(2)), &delete(MeansId(anna.0))));
    assert_eq!(project.find_user(ANNA, None), None);
    let again = Call::CreateUser {
        email: ANNA,
        org: None,
    };
    served(call(&mut project, at(3), again));
}

#[test]
fn a_deleted_member_comes_back_unless_their_address_is_taken() {
    let mut project = b2b();
    let org = project.seed_org(SeedOrg::default());
    let anna = seed(&mut project, ANNA, Some(org));
    let reactivate = Errand::Membership(Membership::Reactivate(anna));
    let there = project.errand(stamp(at(0)), &reactivate);
    assert_eq!(refused(there), (404, Error::Rule(Rule::NotDeleted)));
    errand(&mut project, at(1), Errand::DeleteUser(anna));
    assert_eq!(project.user_count(), 0);
    errand(&mut project, at(2), reactivate);
    assert_eq!(project.find_user(ANNA, Some(org)), Some(anna));
    errand(&mut project, at(3), Errand::DeleteUser(anna));
    seed(&mut project, ANNA, Some(org));
    let taken = project.errand(stamp(at(4)), &reactivate);
    assert_eq!(refused(taken), (400, Error::Rule(Rule::AddressTaken)));
}

proptest! {
    /// Whatever is asked of a session, in whatever order: its JWTs live five minutes and never
    /// longer, it never outlives its own end, and once it is revoked it is gone.
    #[test]
    fn sessions_end_when_they_say(
        steps in prop::collection::vec((0..4_u8, 1..4_000_i64, 5..60_i64), 1..40),
    ) {
        let mut project = consumer();
        let anna = seed(&mut project, ANNA, None);
        let opened = log_in(&mut project, at(0), ANNA);
        let (mut now, mut ends, mut revoked) = (0, at(3_600), false);
        for (what, pause, minutes) in steps {
            now += pause;
            let live = !revoked && at(now) < ends;
            let duration = (what == 1).then(|| Span::from_mins(minutes));
            let answer = match what {
                0 | 1 => call(&mut project, at(now), Call::Authenticate { token: opened.token, duration }),
                2 => {
                    let token = project.seed_magic_link(anna, at(now)).expect("she exists");
                    let follow = Call::MagicLink { token, duration: None };
                    done(project.handle_with(stamp(at(now)), with_session(opened), &follow))
                }
                _ => {
                    served(call(&mut project, at(now), Call::Revoke { token: opened.token }));
                    revoked = true;
                    continue;
                }
            };
            if !live {
                prop_assert_eq!(refused(answer), (404, Error::SessionNotFound));
                continue;
            }
            if let Some(duration) = duration {
                ends = at(now) + duration;
            }
            let jwt = session(served(answer)).jwt;
            prop_assert_eq!(jwt.expires - jwt.issued, Span::from_mins(5));
            prop_assert!(jwt.issued <= at(now));
            prop_assert_eq!(jwt.session_expires, ends);
        }
    }
}
