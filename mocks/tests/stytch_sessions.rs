//! Property: whatever is done to sessions, they live and die as a small reference model says.

use std::collections::BTreeMap;

use cutover_mocks::answer::Outcome;
use cutover_mocks::email::Email;
use cutover_mocks::luck::Luck;
use cutover_mocks::stytch::{
    Address, Call, Errand, Opened, Project, Proof, Reply, SeedUser, Settings, Stamp, Step, UserId,
};
use cutover_mocks::time::{Span, Timestamp};
use proptest::prelude::*;

const PEOPLE: u32 = 3;

#[derive(Clone, Debug)]
enum Action {
    LogIn {
        person: u32,
        minutes: i64,
    },
    Authenticate {
        session: usize,
        minutes: Option<i64>,
    },
    AuthenticateJwt {
        session: usize,
        minutes: Option<i64>,
    },
    Revoke {
        session: usize,
    },
    Reset {
        person: u32,
        minutes: Option<i64>,
    },
    RevokeAll {
        person: u32,
    },
}

fn action() -> impl Strategy<Value = Action> {
    let person = 0..PEOPLE;
    let session = 0..12_usize;
    let minutes = 5..40_i64;
    let maybe = prop::option::of(minutes.clone());
    prop_oneof![
        (person.clone(), minutes).prop_map(|(person, minutes)| Action::LogIn { person, minutes }),
        (session.clone(), maybe.clone())
            .prop_map(|(session, minutes)| Action::Authenticate { session, minutes }),
        (session.clone(), maybe.clone())
            .prop_map(|(session, minutes)| Action::AuthenticateJwt { session, minutes }),
        session.prop_map(|session| Action::Revoke { session }),
        (person.clone(), maybe).prop_map(|(person, minutes)| Action::Reset { person, minutes }),
        person.prop_map(|person| Action::RevokeAll { person }),
    ]
}

/// A session in the model: whose it is, and when it ends; revoked ones are gone.
#[derive(Clone, Copy, Debug)]
struct Row {
    person: u32,
    ends: Timestamp,
}

/// The project and the model, driven side by side.
struct Pair {
    project: Project,
    model: BTreeMap<u32, Row>,
    opened: Vec<Opened>,
    revoked: u64,
}

impl Pair {
    fn new() -> Self {
        let mut project = Project::new(Settings::default(), Timestamp::from_secs(0));
        for person in 0..PEOPLE {
            project.seed_user(SeedUser {
                email: Email::lower(person),
                org: None,
                has_password: true,
                verified: true,
                mfa_enrolled: false,
            });
        }
        Self {
            project,
            model: BTreeMap::new(),
            opened: Vec::new(),
            revoked: 0,
        }
    }

    fn call(&mut self, now: Timestamp, call: Call) -> Option<Reply> {
        match self.project.handle(stamp(now), &call) {
            Step::Done(answer) => match answer.outcome {
                Outcome::Served(reply) => Some(reply),
                Outcome::Refused(_) => None,
                Outcome::Broken(breakage) => panic!("broken without a fault: {breakage:?}"),
            },
            Step::AskUserInfo(_) => panic!("no call migrates"),
        }
    }

    fn opens(&mut self, now: Timestamp, person: u32, minutes: i64, reply: Option<Reply>) {
        let Some(Reply::Session(opened)) = reply else {
            panic!("no session: {reply:?}")
        };
        assert_eq!(opened.jwt.subject.0, person);
        assert!(
            !self.model.contains_key(&opened.token.session),
            "a session id was used again"
        );
        let ends = now + Span::from_mins(minutes);
        self.model
            .insert(opened.token.session, Row { person, ends });
        self.opened.push(opened);
    }

    fn checks(&mut self, now: Timestamp, session: u32, minutes: Option<i64>, reply: Option<Reply>) {
        let Some(row) = self.model.get_mut(&session).filter(|row| now < row.ends) else {
            assert_eq!(reply, None, "a dead session was admitted");
            return;
        };
        if let Some(minutes) = minutes {
            row.ends = now + Span::from_mins(minutes);
        }
        let Some(Reply::Session(opened)) = reply else {
            panic!("a live session was refused")
        };
        assert_eq!(opened.token.session, session);
        assert_eq!(opened.jwt.subject.0, row.person);
        assert_eq!(opened.jwt.session_expires, row.ends);
        assert_eq!(opened.jwt.expires - opened.jwt.issued, Span::from_secs(300));
    }

    fn ends_all(&mut self, now: Timestamp, person: u32) {
        let live = |row: &&Row| row.person == person && now < row.ends;
        self.revoked += self.model.values().filter(live).count() as u64;
        self.model.retain(|_, row| row.person != person);
    }

    fn apply(&mut self, now: Timestamp, action: &Action) {
        let span = |minutes: Option<i64>| minutes.map(Span::from_mins);
        match *action {
            Action::LogIn { person, minutes } => {
                let reply = self.call(
                    now,
                    Call::Password {
                        email: Email::lower(person),
                        org: None,
                        proof: Proof::RightPassword,
                        duration: Some(Span::from_mins(minutes)),
                    },
                );
                self.opens(now, person, minutes, reply);
            }
            Action::Authenticate { session, minutes } => {
                let Some(opened) = self.opened.get(session).copied() else {
                    return;
                };
                let duration = span(minutes);
                let reply = self.call(
                    now,
                    Call::Authenticate {
                        token: opened.token,
                        duration,
                    },
                );
                self.checks(now, opened.token.session, minutes, reply);
            }
            Action::AuthenticateJwt { session, minutes } => {
                let Some(opened) = self.opened.get(session).copied() else {
                    return;
                };
                let duration = span(minutes);
                let reply = self.call(
                    now,
                    Call::AuthenticateJwt {
                        jwt: opened.jwt,
                        duration,
                    },
                );
                self.checks(now, opened.token.session, minutes, reply);
            }
            Action::Revoke { session } => {
                let Some(opened) = self.opened.get(session).copied() else {
                    return;
                };
                assert!(
                    self.call(
                        now,
                        Call::Revoke {
                            token: opened.token
                        }
                    )
                    .is_some()
                );
                let gone = self.model.remove(&opened.token.session);
                self.revoked += u64::from(gone.is_some_and(|row| now < row.ends));
            }
            Action::Reset { person, minutes } => {
                let email = Email::lower(person);
                let duration = span(minutes);
                let reply = self.call(
                    now,
                    Call::ResetPassword {
                        email,
                        org: None,
                        duration,
                    },
                );
                self.ends_all(now, person);
                match minutes {
                    Some(minutes) => self.opens(now, person, minutes, reply),
                    None => assert_eq!(reply, Some(Reply::NoSession(UserId(person)))),
                }
            }
            Action::RevokeAll { person } => {
                self.project
                    .errand(stamp(now), &Errand::RevokeAll(UserId(person)));
                self.ends_all(now, person);
            }
        }
    }

    fn agree(&self, now: Timestamp) {
        for opened in &self.opened {
            let expected = self
                .model
                .get(&opened.token.session)
                .is_some_and(|row| now < row.ends);
            assert_eq!(self.project.session_is_live(opened.token, now), expected);
        }
        let live = self.model.values().filter(|row| now < row.ends).count();
        assert_eq!(self.project.live_session_count(now), live);
        for person in 0..PEOPLE {
            let listed = self
                .project
                .sessions_of(UserId(person), now)
                .map(|session| session.id);
            let mut listed: Vec<u32> = listed.collect();
            listed.reverse();
            let theirs = self
                .model
                .iter()
                .filter(|(_, row)| row.person == person && now < row.ends);
            assert_eq!(listed, theirs.map(|(id, _)| *id).collect::<Vec<_>>());
        }
        assert_eq!(self.project.ledger().revoked, self.revoked);
        assert_eq!(self.project.ledger().opened, self.opened.len() as u64);
    }
}

fn stamp(now: Timestamp) -> Stamp {
    Stamp {
        at: now,
        luck: Luck(1),
        address: Address(0),
    }
}

proptest! {
    #[test]
    fn sessions_live_and_die_as_the_model_says(
        actions in prop::collection::vec((action(), 0..900_i64), 1..60)
    ) {
        let mut pair = Pair::new();
        let mut now = Timestamp::from_secs(1_000_000);
        for (action, wait) in actions {
            now += Span::from_secs(wait);
            pair.apply(now, &action);
            pair.agree(now);
        }
    }
}
