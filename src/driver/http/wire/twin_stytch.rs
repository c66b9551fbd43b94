//! The same calls to the same project, in process and over real sockets: the answers must be the same.

use std::collections::BTreeMap;

use cutover_mocks::answer::Outcome;
use cutover_mocks::auth0::{
    self, AccessToken, Address, Audience, Connection, Scopes, SeedSession, Stamp, Tenant,
};
use cutover_mocks::email::Email;
use cutover_mocks::fault::{Fault, FaultKind, FaultPlan};
use cutover_mocks::http::stamp::Pace;
use cutover_mocks::luck::{Luck, mix};
use cutover_mocks::share::Share;
use cutover_mocks::stytch::settings::WindowLimit;
use cutover_mocks::stytch::{
    Answer, Call, Error, IntermediateToken, LoginToken, Opened, OrgId, Project, Proof, Reply,
    SeedOrg, SeedUser, SessionJwt, SessionToken, Settings, UserId, Vertical,
};
use cutover_mocks::time::{Span, Timestamp};
use proptest::prelude::*;

use crate::driver::http::providers::Providers;
use crate::driver::virtual_time::perform;
use crate::rehearsal::{CallId, Dispatch, Owner, ProviderAnswer, ProviderCall};

const START: Timestamp = Timestamp::from_secs(1_780_000_000);

/// Things that answers give and later calls present, as both sides know them.
#[derive(Default)]
struct Held {
    sessions: Vec<[SessionToken; 2]>,
    jwts: Vec<[SessionJwt; 2]>,
    links: Vec<[LoginToken; 2]>,
    consents: Vec<[LoginToken; 2]>,
    intermediates: Vec<[IntermediateToken; 2]>,
    legacy: Vec<AccessToken>,
    orgs: Vec<OrgId>,
    /// The numbers that the other side has for a session, a person.
    numbers: BTreeMap<u32, u32>,
}

/// One step of a random life.
#[derive(Clone, Copy, Debug)]
struct Act {
    kind: u8,
    pick: u32,
    email: u8,
    flags: u8,
    after: u32,
    luck: u64,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = (
        0u8..15,
        any::<u32>(),
        0u8..8,
        any::<u8>(),
        1u32..400,
        any::<u64>(),
    );
    let act = act.prop_map(|(kind, pick, email, flags, after, luck)| Act {
        kind,
        pick,
        email,
        flags,
        after,
        luck,
    });
    prop::collection::vec(act, 20..60)
}

impl Act {
    fn flag(self, place: u8) -> bool {
        self.flags >> place & 1 == 1
    }

    fn of<T: Copy>(self, pool: &[T]) -> Option<T> {
        let back = (self.pick % 3) as usize;
        pool.len()
            .checked_sub(1 + back)
            .and_then(|place| pool.get(place))
            .copied()
    }

    fn calls(self, held: &Held) -> Option<[Call; 2]> {
        let email = Email {
            mailbox: u32::from(self.email),
            spelling: u8::from(self.flag(7)),
        };
        let org = held.orgs.get(usize::from(self.flags >> 4 & 3)).copied();
        let duration = self
            .flag(0)
            .then(|| Span::from_mins(5 + i64::from(self.email) * 60));
        let wrong = self.pick.is_multiple_of(5);
        let password = if wrong {
            Proof::WrongPassword
        } else {
            Proof::RightPassword
        };
        Some(match self.kind {
            0 | 1 => {
                let token = self.of(&held.legacy)?;
                [Call::Migrate {
                    token,
                    org,
                    duration,
                }; 2]
            }
            2 | 3 => {
                let token = self.of(&held.sessions)?;
                token.map(|token| Call::Authenticate { token, duration })
            }
            4 => {
                let jwt = self.of(&held.jwts)?;
                jwt.map(|jwt| Call::AuthenticateJwt { jwt, duration })
            }
            5 => {
                let token = self.of(&held.sessions)?;
                token.map(|token| Call::Revoke { token })
            }
            6 => [Call::Jwks; 2],
            7 => {
                [Call::Password {
                    email,
                    org,
                    proof: password,
                    duration,
                }; 2]
            }
            8 => [Call::SendMagicLink { email, org }; 2],
            9 => {
                let token = self.of(&held.links)?;
                token.map(|token| Call::MagicLink { token, duration })
            }
            10 => [Call::StartOAuth { email, org }; 2],
            11 => {
                let token = self.of(&held.consents)?;
                token.map(|token| Call::OAuth { token, duration })
            }
            12 => {
                let token = self.of(&held.intermediates)?;
                let proof = if wrong {
                    Proof::WrongCode
                } else {
                    Proof::RightCode
                };
                token.map(|token| Call::SecondFactor {
                    token,
                    proof,
                    duration,
                })
            }
            13 if self.flag(1) => {
                [Call::SignUp {
                    email,
                    org,
                    duration,
                }; 2]
            }
            13 => [Call::CreateUser { email, org }; 2],
            _ => {
                [Call::ResetPassword {
                    email,
                    org,
                    duration,
                }; 2]
            }
        })
    }
}

impl Held {
    fn keep(&mut self, call: Call, replies: [Reply; 2]) {
        match replies {
            [Reply::Session(a), Reply::Session(b)] => {
                self.sessions.push([a.token, b.token]);
                self.jwts.push([a.jwt, b.jwt]);
            }
            [Reply::SecondFactorNeeded(a), Reply::SecondFactorNeeded(b)] => {
                self.intermediates.push([a, b]);
            }
            [
                Reply::Mailed { token: a, .. },
                Reply::Mailed { token: b, .. },
            ] => match call {
                Call::StartOAuth { .. } => self.consents.push([a, b]),
                _ => self.links.push([a, b]),
            },
            _ => {}
        }
    }

    /// The machine's number as the client would have it; one that is new is learned.
    fn number(&mut self, machine: u32, client: u32) -> u32 {
        *self.numbers.entry(machine).or_insert(client)
    }

    /// The machine's answer in the client's numbers.
    fn translated(&mut self, expected: Answer, seen: Answer) -> Answer {
        let (Outcome::Served(a), Outcome::Served(b)) = (expected.outcome, seen.outcome) else {
            return expected;
        };
        let reply = match (a, b) {
            (Reply::Session(mut a), Reply::Session(b)) => {
                // Sessions and people are numbered apart on one side and together on the other.
                let session = self.number(a.jwt.session * 2, b.jwt.session);
                a.jwt.subject = UserId(self.number(a.jwt.subject.0 * 2 + 1, b.jwt.subject.0));
                (a.jwt.session, a.token.session) = (session, session);
                (a.jwt.handle, a.token.handle) = (b.jwt.handle, b.token.handle);
                Reply::Session(a)
            }
            (Reply::NoSession(a), Reply::NoSession(b)) => {
                Reply::NoSession(UserId(self.number(a.0 * 2 + 1, b.0)))
            }
            (Reply::Created(a), Reply::Created(b)) => {
                Reply::Created(UserId(self.number(a.0 * 2 + 1, b.0)))
            }
            (Reply::SecondFactorNeeded(_), Reply::SecondFactorNeeded(_)) => b,
            (Reply::Mailed { created, .. }, Reply::Mailed { token, .. }) => {
                Reply::Mailed { token, created }
            }
            (a, _) => a,
        };
        Answer {
            outcome: Outcome::Served(reply),
            took: expected.took,
        }
    }
}

/// What a client cannot tell apart.
fn plain(mut answer: Answer) -> Answer {
    if let Outcome::Refused(refusal) = &mut answer.outcome
        && let Error::Injected(status) = refusal.error
    {
        refusal.error = match status {
            401 => Error::WrongPassword,
            429 => Error::RateLimited,
            _ => refusal.error,
        };
    }
    answer
}

fn faults<E>() -> Vec<Fault<E>> {
    let fault = |kind| Fault {
        from: START,
        until: Timestamp::NEVER,
        endpoint: None,
        share: Share::percent(2),
        kind,
    };
    [
        FaultKind::Status(503),
        FaultKind::Status(429),
        FaultKind::ThrottledAs500,
        FaultKind::Slow(Span::from_secs(7)),
        FaultKind::Truncated,
        FaultKind::Malformed,
        FaultKind::Html(502),
        FaultKind::Dropped,
        FaultKind::Outage,
    ]
    .map(fault)
    .into()
}

fn world(vertical: Vertical) -> (Tenant, Project, Held) {
    let mut held = Held::default();
    let mut tenant = Tenant::new(
        auth0::Settings {
            tenant_limit: None,
            faults: FaultPlan::new(faults()),
            ..auth0::Settings::default()
        },
        START,
    );
    let mut project = Project::new(
        Settings {
            vertical,
            lock_after: 3,
            project_limit: Some(WindowLimit {
                calls: 40,
                window: Span::from_hours(1),
            }),
            faults: FaultPlan::new(faults()),
            ..Settings::default()
        },
        START,
    );
    if vertical == Vertical::B2b {
        for mfa_required in [false, true] {
            held.orgs.push(project.seed_org(SeedOrg { mfa_required }));
        }
    }
    for number in 0..6u32 {
        let email = Email {
            mailbox: number,
            spelling: u8::from(number == 5),
        };
        let user = tenant.seed_user(auth0::SeedUser {
            email,
            connection: if number == 5 {
                Connection::Google
            } else {
                Connection::Database
            },
            verified: true,
            has_password: true,
        });
        let scopes = Scopes {
            openid: number != 1,
            profile: true,
            email: number != 2,
            offline: false,
        };
        let (access, _) = tenant.seed_family(SeedSession {
            user,
            login_at: START - Span::from_days(1),
            last_used: START - Span::from_hours(2),
            scopes,
            audience: Audience::issued(scopes, true),
            with_refresh: false,
        });
        held.legacy.push(access);
        let mut seed = |org| {
            project.seed_user(SeedUser {
                email: Email::lower(number),
                org,
                has_password: number != 3,
                verified: true,
                mfa_enrolled: false,
            })
        };
        if number != 4 {
            match held.orgs.as_slice() {
                [] => {
                    seed(None);
                }
                orgs => orgs.iter().for_each(|org| {
                    seed(Some(*org));
                }),
            }
        }
    }
    (tenant, project, held)
}

/// The answer without the numbers and texts that each side has for itself.
fn numberless(mut answer: Answer) -> Answer {
    if let Outcome::Served(reply) = &mut answer.outcome {
        match reply {
            Reply::Session(Opened { token, jwt, .. }) => {
                (token.session, token.handle) = (0, 0);
                (jwt.session, jwt.subject, jwt.handle) = (0, UserId(0), 0);
            }
            Reply::NoSession(user) | Reply::Created(user) => *user = UserId(0),
            Reply::SecondFactorNeeded(token) => *token = IntermediateToken(0),
            Reply::Mailed { token, .. } => *token = LoginToken(0),
            Reply::Keys(_) | Reply::Done => {}
        }
    }
    answer
}

/// `changes_sides`: some of the calls are answered inside, without the wire.
async fn same_life(
    vertical: Vertical,
    acts: Vec<Act>,
    changes_sides: bool,
) -> Result<(), TestCaseError> {
    let (mut tenant, mut project, mut held) = world(vertical);
    let served = Providers::start(tenant.clone(), project.clone(), usize::MAX)
        .await
        .unwrap();
    let http = crate::driver::http::carriers::client().unwrap();
    let mut at = START;
    for act in acts {
        at += Span::from_secs(i64::from(act.after));
        let Some([here, there]) = act.calls(&held) else {
            continue;
        };
        let stamp = Stamp {
            at,
            luck: Luck(mix(act.luck)),
            address: Address(u32::from(act.email)),
        };
        let dispatch = Dispatch {
            id: CallId(0),
            owner: Owner::Instance(0),
            stamp,
            patience: Span::MAX,
            call: ProviderCall::Stytch(here),
        };
        let ProviderAnswer::Stytch(expected) = perform(&mut tenant, &mut project, &dispatch) else {
            unreachable!("a Stytch call has a Stytch answer")
        };
        let wire = served.wire();
        let seen = if changes_sides && act.luck & 1 == 1 {
            let call = ProviderCall::Stytch(there);
            let dispatch = Dispatch { call, ..dispatch };
            let ProviderAnswer::Stytch(seen) = wire.answer_inside(&dispatch) else {
                unreachable!("a Stytch call has a Stytch answer")
            };
            seen
        } else {
            let mut exchange = wire.exchange(&http, stamp, Pace::Lapse, "test");
            let outcome = wire
                .stytch()
                .call(&mut exchange, wire.auth0(), &there)
                .await;
            Answer {
                outcome,
                took: exchange.took(),
            }
        };
        if let (Outcome::Served(a), Outcome::Served(b)) = (expected.outcome, seen.outcome) {
            held.keep(here, [a, b]);
        }
        if changes_sides {
            let (seen, expected) = (numberless(seen), numberless(expected));
            prop_assert_eq!(plain(seen), plain(expected), "{:?}", here);
        } else {
            let expected = held.translated(expected, seen);
            prop_assert_eq!(seen, plain(expected), "{:?}", here);
        }
    }
    prop_assert_eq!(&served.stytch_ledger(), project.ledger());
    prop_assert_eq!(&served.auth0_ledger(), tenant.ledger());
    served.stop().await;
    Ok(())
}

fn live(vertical: Vertical, acts: Vec<Act>, changes_sides: bool) -> Result<(), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(same_life(vertical, acts, changes_sides))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn a_consumer_project_over_http_is_the_project_in_process(acts in acts()) {
        live(Vertical::Consumer, acts, false)?;
    }

    #[test]
    fn a_b2b_project_over_http_is_the_project_in_process(acts in acts()) {
        live(Vertical::B2b, acts, false)?;
    }

    #[test]
    fn a_consumer_project_that_changes_sides_is_the_project_in_process(acts in acts()) {
        live(Vertical::Consumer, acts, true)?;
    }

    #[test]
    fn a_b2b_project_that_changes_sides_is_the_project_in_process(acts in acts()) {
        live(Vertical::B2b, acts, true)?;
    }
}
