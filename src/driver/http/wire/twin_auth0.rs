//! The same calls to the same tenant, in process and over a real socket: the answers must be the same.

use cutover_mocks::answer::Outcome;
use cutover_mocks::auth0::Audience;
use cutover_mocks::auth0::{
    AccessToken, Address, Answer, Call, Challenge, Change, Code, Connection, Endpoint, Error,
    Manage, Proof, RefreshToken, Reply, Scopes, SeedSession, SeedUser, Settings, SsoSession, Stamp,
    Tenant, Transaction, UserId,
};
use cutover_mocks::email::Email;
use cutover_mocks::fault::{Fault, FaultKind, FaultPlan};
use cutover_mocks::http::stamp::Pace;
use cutover_mocks::limit::Rate;
use cutover_mocks::luck::{Luck, mix};
use cutover_mocks::share::Share;
use cutover_mocks::stytch::{self, Project};
use cutover_mocks::time::{Span, Timestamp};
use proptest::prelude::*;

use crate::driver::http::providers::Providers;
use crate::rehearsal::{CallId, Dispatch, Owner, ProviderAnswer, ProviderCall};

const START: Timestamp = Timestamp::from_secs(1_780_000_000);

/// Things that answers give and later calls present, as both sides know them.
#[derive(Default)]
struct Held {
    transactions: Vec<([Transaction; 2], Connection)>,
    codes: Vec<[Code; 2]>,
    cookies: Vec<[SsoSession; 2]>,
    refresh: Vec<[RefreshToken; 2]>,
    access: Vec<[AccessToken; 2]>,
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
        0u8..16,
        any::<u32>(),
        0u8..8,
        any::<u8>(),
        0u32..900,
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

    fn address(self) -> Email {
        Email {
            mailbox: u32::from(self.email),
            spelling: u8::from(self.flag(7)),
        }
    }

    fn connection(self) -> Connection {
        match self.email % 3 {
            0 => Connection::Database,
            1 => Connection::Email,
            _ => Connection::Google,
        }
    }

    fn of<T: Copy>(self, pool: &[T]) -> Option<T> {
        // Mostly the newest ones: old ones are often spent.
        let back = (self.pick % 3) as usize;
        pool.len()
            .checked_sub(1 + back)
            .and_then(|place| pool.get(place))
            .copied()
    }

    /// The call, as both sides make it.
    #[expect(clippy::too_many_lines, reason = "one arm for each kind of call")]
    fn calls(self, held: &Held) -> Option<[Call; 2]> {
        let scopes = Scopes {
            openid: self.flag(0),
            profile: true,
            email: self.flag(1),
            offline: self.flag(2),
        };
        let seed = Challenge([self.email; 32]);
        let wrong = self.pick.is_multiple_of(5);
        Some(match self.kind {
            0..=2 => {
                let sso = self.of(&held.cookies).filter(|_| self.flag(3));
                [0, 1].map(|side| Call::Authorize {
                    connection: self.connection(),
                    hint: self.flag(6).then(|| self.address()),
                    silent: self.flag(4) && self.flag(3),
                    scopes,
                    api: !self.flag(5),
                    challenge: self.flag(6).then_some(seed),
                    sso: sso.map(|sso| sso[side]),
                })
            }
            3..=5 => {
                let (transaction, connection) = self.of(&held.transactions)?;
                let proof = match (connection, wrong) {
                    (Connection::Email | Connection::Sms, false) => Proof::RightCode,
                    (Connection::Email | Connection::Sms, true) => Proof::WrongCode,
                    (Connection::Database, true) => Proof::WrongPassword,
                    (Connection::Database | Connection::Google, _) => Proof::RightPassword,
                };
                [0, 1].map(|side| Call::SubmitLogin {
                    transaction: transaction[side],
                    email: self.address(),
                    proof,
                })
            }
            6 | 7 => {
                let code = self.of(&held.codes)?;
                let verifier = if wrong { Challenge([99; 32]) } else { seed };
                let verifier = self.flag(1).then_some(verifier);
                [0, 1].map(|side| Call::ExchangeCode {
                    code: code[side],
                    verifier,
                })
            }
            8 | 9 => {
                let token = self.of(&held.refresh)?;
                [0, 1].map(|side| Call::Refresh { token: token[side] })
            }
            10 => {
                let token = self.of(&held.access)?;
                [0, 1].map(|side| Call::UserInfo { token: token[side] })
            }
            11 => {
                let token = self.of(&held.refresh)?;
                [0, 1].map(|side| Call::Revoke { token: token[side] })
            }
            12 => {
                let sso = self.of(&held.cookies);
                [0, 1].map(|side| Call::Logout {
                    sso: sso.map(|sso| sso[side]),
                })
            }
            13 => {
                [match self.pick % 3 {
                    0 => Call::SignUp {
                        email: self.address(),
                    },
                    1 => Call::ChangePassword {
                        email: self.address(),
                    },
                    _ => Call::CreateUser {
                        email: self.address(),
                        connection: self.connection(),
                        verified: self.flag(0),
                    },
                }; 2]
            }
            14 => {
                [match self.pick % 4 {
                    0 => Call::Jwks,
                    1 => Call::Other,
                    2 => Call::ClientCredentials,
                    _ => Call::PasswordGrant {
                        email: self.address(),
                        proof: if wrong {
                            Proof::WrongPassword
                        } else {
                            Proof::RightPassword
                        },
                        scopes,
                        api: !self.flag(5),
                    },
                }; 2]
            }
            _ => {
                let id = UserId(u32::from(self.email));
                [Call::Manage(match self.pick % 4 {
                    0 => Manage::Read(id),
                    1 => Manage::Find(self.address()),
                    2 => Manage::Update(
                        id,
                        Change {
                            blocked: Some(self.flag(0) && self.flag(1)),
                            ..Change::default()
                        },
                    ),
                    _ => Manage::Update(
                        id,
                        Change {
                            verified: Some(self.flag(0)),
                            ..Change::default()
                        },
                    ),
                }); 2]
            }
        })
    }
}

impl Held {
    fn keep(&mut self, call: Call, replies: [Reply; 2]) {
        match replies {
            [Reply::LoginPage(a), Reply::LoginPage(b)] => {
                if let Call::Authorize { connection, .. } = call {
                    self.transactions.push(([a, b], connection));
                }
            }
            [
                Reply::Code { code: a, sso: c },
                Reply::Code { code: b, sso: d },
            ] => {
                self.codes.push([a, b]);
                self.cookies.push([c, d]);
            }
            [Reply::Tokens(a), Reply::Tokens(b)] => {
                self.access.push([a.access, b.access]);
                if let (Some(a), Some(b)) = (a.refresh, b.refresh) {
                    self.refresh.push([a, b]);
                }
            }
            _ => {}
        }
    }
}

/// An answer without what only one side knows.
fn plain(answer: Answer) -> Answer {
    let outcome = match answer.outcome {
        Outcome::Served(reply) => Outcome::Served(match reply {
            Reply::LoginPage(_) => Reply::LoginPage(Transaction(0)),
            Reply::Code { .. } => Reply::Code {
                code: Code(0),
                sso: SsoSession(0),
            },
            Reply::Tokens(mut tokens) => {
                tokens.access.handle = 0;
                tokens.refresh = tokens.refresh.map(|_| RefreshToken {
                    family: 0,
                    generation: 0,
                });
                // An opaque token has no key, whatever key would have signed it.
                if !tokens.access.audience.api {
                    tokens.access.key = cutover_mocks::keys::KeyId(0);
                }
                Reply::Tokens(tokens)
            }
            other => other,
        }),
        Outcome::Refused(mut refusal) => {
            // The client is told the same.
            if refusal.error == Error::UserRateLimited {
                refusal.error = Error::RateLimited;
            }
            Outcome::Refused(refusal)
        }
        Outcome::Broken(breakage) => Outcome::Broken(breakage),
    };
    Answer {
        outcome,
        took: answer.took,
    }
}

fn faults() -> FaultPlan<Endpoint> {
    let fault = |kind| Fault {
        from: START,
        until: Timestamp::NEVER,
        endpoint: None,
        share: Share::percent(3),
        kind,
    };
    FaultPlan::new(
        [
            FaultKind::Status(503),
            FaultKind::Status(400),
            FaultKind::ThrottledAs500,
            FaultKind::Slow(Span::from_secs(7)),
            FaultKind::Dropped,
            FaultKind::Outage,
            FaultKind::Truncated,
            FaultKind::Malformed,
            FaultKind::Html(502),
        ]
        .map(fault)
        .into(),
    )
}

fn tenant() -> (Tenant, Vec<(AccessToken, Option<RefreshToken>)>) {
    let settings = Settings {
        tenant_limit: Some(Rate {
            per_second: 0.01,
            burst: 15,
        }),
        userinfo_per_user: Some(Rate {
            per_second: 0.001,
            burst: 2,
        }),
        brute_force_attempts: Some(3),
        faults: faults(),
        ..Settings::default()
    };
    let mut tenant = Tenant::new(settings, START);
    let mut sessions = Vec::new();
    for number in 0..6u8 {
        let connection =
            [Connection::Database, Connection::Email, Connection::Google][usize::from(number % 3)];
        let user = tenant.seed_user(SeedUser {
            email: Email {
                mailbox: u32::from(number),
                spelling: u8::from(number == 5),
            },
            connection,
            verified: number < 4,
            has_password: number == 0,
        });
        let scopes = Scopes {
            openid: number != 1,
            profile: true,
            email: number != 2,
            offline: true,
        };
        sessions.push(tenant.seed_family(SeedSession {
            user,
            login_at: START - Span::from_days(3),
            last_used: START - Span::from_hours(2),
            scopes,
            audience: Audience::issued(scopes, true),
            with_refresh: number != 3,
        }));
    }
    (tenant, sessions)
}

/// `changes_sides`: some of the calls are answered inside, without the wire.
async fn same_life(acts: Vec<Act>, changes_sides: bool) -> Result<(), TestCaseError> {
    let (mut inside, sessions) = tenant();
    let project = Project::new(stytch::Settings::default(), START);
    let served = Providers::start(inside.clone(), project, usize::MAX)
        .await
        .unwrap();
    let wire = served.wire();
    let http = crate::driver::http::carriers::client().unwrap();
    let mut held = Held::default();
    for (access, refresh) in sessions {
        held.access.push([access, access]);
        held.refresh.extend(refresh.map(|token| [token, token]));
    }
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
        let expected = inside.handle(stamp, &here);
        let answer = if changes_sides && act.luck & 1 == 1 {
            let dispatch = Dispatch {
                id: CallId(0),
                owner: Owner::Instance(0),
                stamp,
                patience: Span::MAX,
                call: ProviderCall::Auth0(there),
            };
            let ProviderAnswer::Auth0(answer) = wire.answer_inside(&dispatch) else {
                unreachable!("a call to Auth0 has an answer of Auth0")
            };
            answer
        } else {
            let mut exchange = wire.exchange(&http, stamp, Pace::Lapse, "test");
            let outcome = wire.auth0().call(&mut exchange, stamp.luck, &there).await;
            Answer {
                outcome,
                took: exchange.took(),
            }
        };
        if let (Outcome::Served(a), Outcome::Served(b)) = (expected.outcome, answer.outcome) {
            held.keep(here, [a, b]);
        }
        prop_assert_eq!(plain(answer), plain(expected), "{:?}", here);
    }
    prop_assert_eq!(&served.auth0_ledger(), inside.ledger());
    served.stop().await;
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_tenant_over_http_is_the_tenant_in_process(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(same_life(acts, false))?;
    }

    #[test]
    fn a_tenant_that_changes_sides_is_the_tenant_in_process(acts in acts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(same_life(acts, true))?;
    }
}
