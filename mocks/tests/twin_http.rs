//! The twin: migrations over real HTTP, with both servers, end as they do between the bare machines.
#![cfg(feature = "http")]

use cutover_mocks::answer::Outcome;
use cutover_mocks::auth0::{self, AccessToken, Audience, Connection, Scopes, SeedSession, Tenant};
use cutover_mocks::email::Email;
use cutover_mocks::fault::{Fault, FaultKind, FaultPlan};
use cutover_mocks::http::servers::{Auth0, Config, Running, Servers, Stytch};
use cutover_mocks::http::stamp::{Pace, STAMP, StampHeader, TOOK};
use cutover_mocks::http::{TimeSource, auth0::Application, stytch as face};
use cutover_mocks::luck::{Luck, mix};
use cutover_mocks::share::Share;
use cutover_mocks::stytch::settings::WindowLimit;
use cutover_mocks::stytch::{
    self, Address, Call, Endpoint, Project, Stamp, Step, UserInfoOutcome, UserInfoSeen,
};
use cutover_mocks::time::{Span, Timestamp};
use serde_json::Value;

const PEOPLE: u32 = 4;
const START: Timestamp = Timestamp::from_secs(1_772_409_600);
const HOUR: Option<Span> = Some(Span::from_hours(1));

/// Both machines with the same people; every other person's tokens are odd in a way of their own.
fn machines() -> (Tenant, Project, Vec<AccessToken>) {
    let fault = |from: i64, kind| Fault {
        from: START + Span::from_secs(from),
        until: START + Span::from_secs(from + 5),
        endpoint: Some(Endpoint::Migrate),
        share: Share::percent(50),
        kind,
    };
    let settings = stytch::Settings {
        endpoint_limits: vec![(
            Endpoint::Migrate,
            WindowLimit {
                calls: 7,
                window: Span::from_secs(2),
            },
        )],
        faults: FaultPlan::new(vec![
            fault(10, FaultKind::Status(503)),
            fault(16, FaultKind::Slow(Span::from_secs(2))),
            fault(22, FaultKind::Malformed),
            fault(28, FaultKind::Html(502)),
        ]),
        ..stytch::Settings::default()
    };
    let mut tenant = Tenant::new(auth0::Settings::default(), START);
    let mut project = Project::new(settings, START);
    let all = Scopes {
        openid: true,
        profile: true,
        email: true,
        offline: false,
    };
    let tokens = (0..PEOPLE).map(|person| {
        let email = Email::lower(person);
        let user = tenant.seed_user(auth0::SeedUser {
            email,
            connection: Connection::Database,
            verified: true,
            has_password: true,
        });
        // The last person is missing in Stytch, and the one before has another letter case there.
        if person + 1 < PEOPLE {
            let spelling = u8::from(person + 2 == PEOPLE);
            project.seed_user(stytch::SeedUser {
                email: Email { spelling, ..email },
                org: None,
                has_password: true,
                verified: true,
                mfa_enrolled: false,
            });
        }
        let session = SeedSession {
            user,
            login_at: START - Span::from_days(1),
            last_used: START - Span::from_mins(5),
            scopes: Scopes {
                email: person != 1,
                ..all
            },
            audience: Audience {
                api: true,
                userinfo: true,
            },
            with_refresh: false,
        };
        tenant.seed_family(session).0
    });
    let tokens = tokens.collect();
    (tenant, project, tokens)
}

/// One migration: when, whose, with which luck.
fn plan() -> Vec<(Stamp, usize)> {
    (0..160_u64)
        .map(|call| {
            let luck = Luck(mix(call + 1));
            let at = START + Span::from_millis(250 * call as i64);
            let stamp = Stamp {
                at,
                luck,
                address: Address(1),
            };
            (stamp, luck.split(99).below(u64::from(PEOPLE)) as usize)
        })
        .collect()
}

/// What a caller can tell of an answer.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    status: u16,
    error: Option<&'static str>,
    took: Span,
    session_ends: Option<Timestamp>,
}

/// The error types that this plan can meet.
const ERRORS: [(&str, stytch::Error); 5] = [
    (
        "migrate_from_external_unexpected_response",
        stytch::Error::MigrateUnexpectedResponse,
    ),
    (
        "migrate_from_external_email_does_not_exist",
        stytch::Error::MigrateEmailUnknown,
    ),
    ("too_many_requests", stytch::Error::RateLimited),
    ("internal_server_error", stytch::Error::Injected(503)),
    ("broken", stytch::Error::Other),
];

fn in_process(
    tenant: &mut Tenant,
    project: &mut Project,
    token: AccessToken,
    stamp: Stamp,
) -> Seen {
    let call = Call::Migrate {
        token,
        org: None,
        duration: HOUR,
    };
    let answer = match project.handle(stamp, &call) {
        Step::Done(answer) => answer,
        Step::AskUserInfo(pending) => {
            let answer = tenant.handle(pending.stamp, &auth0::Call::UserInfo { token });
            let outcome = match answer.outcome {
                Outcome::Served(auth0::Reply::UserInfo(info)) => UserInfoOutcome::Ok {
                    email: info.email,
                    verified: info.verified,
                },
                Outcome::Refused(refusal) => UserInfoOutcome::NotOk(refusal.status),
                other => panic!("{other:?}"),
            };
            project.resume(
                pending,
                UserInfoSeen {
                    outcome,
                    took: answer.took,
                },
            )
        }
    };
    let (error, session_ends) = match answer.outcome {
        Outcome::Served(stytch::Reply::Session(opened)) => (None, Some(opened.jwt.session_expires)),
        Outcome::Refused(refusal) => {
            let known = ERRORS.iter().find(|(_, error)| *error == refusal.error);
            (Some(known.expect("one of the plan's").0), None)
        }
        Outcome::Broken(_) => (Some("broken"), None),
        Outcome::Served(other) => panic!("{other:?}"),
    };
    Seen {
        status: answer.outcome.status(),
        error,
        took: answer.took,
        session_ends,
    }
}

async fn over_http(running: &Running, client: &reqwest::Client, text: &str, stamp: Stamp) -> Seen {
    let project = running.stytch().expect("it is served");
    let config = project.config();
    let url = running.stytch_url().expect("it is served");
    let answer = client
        .post(format!("{url}/v1/sessions/migrate"))
        .basic_auth(&config.project_id, Some(&config.secret))
        .header(
            STAMP,
            StampHeader {
                stamp,
                pace: Pace::Lapse,
            }
            .to_string(),
        )
        .body(format!(
            r#"{{"session_token": "{text}", "session_duration_minutes": 60}}"#
        ))
        .send()
        .await
        .expect("an answer");
    let status = answer.status().as_u16();
    let took = answer.headers()[TOOK]
        .to_str()
        .expect("text")
        .parse()
        .expect("a number");
    let body = answer.text().await.expect("a body");
    let body: Option<Value> = serde_json::from_str(&body).ok();
    let error = match &body {
        None => Some("broken"),
        Some(body) => body["error_type"].as_str().map(|told| {
            let known = ERRORS.iter().find(|(name, _)| *name == told);
            known.unwrap_or_else(|| panic!("not in the plan: {told}")).0
        }),
    };
    let ends = body
        .as_ref()
        .and_then(|body| body["session"]["expires_at"].as_str());
    let ends = ends.map(|text| text.parse::<jiff::Timestamp>().expect("a time"));
    let session_ends = ends.map(|time| Timestamp::from_micros(time.as_microsecond()));
    Seen {
        status,
        error,
        took: Span::from_micros(took),
        session_ends,
    }
}

#[tokio::test]
async fn migrations_over_http_end_as_they_do_in_process() {
    let (mut tenant, mut project, tokens) = machines();
    let bare: Vec<Seen> = plan()
        .into_iter()
        .map(|(stamp, person)| in_process(&mut tenant, &mut project, tokens[person], stamp))
        .collect();

    let (served_tenant, served_project, same_tokens) = machines();
    assert_eq!(tokens, same_tokens);
    let anywhere = ([127, 0, 0, 1], 0).into();
    let running = Servers::start(Config {
        auth0: Some(Auth0 {
            address: anywhere,
            tenant: served_tenant,
            issuer: None,
            application: Application::default(),
        }),
        stytch: Some(Stytch {
            address: anywhere,
            project: served_project,
            config: face::Config::default(),
        }),
        time: TimeSource::Harness,
    })
    .await
    .expect("free ports");
    let legacy = running.auth0().expect("it is served");
    let texts: Vec<String> = tokens
        .iter()
        .map(|token| legacy.mint_access_token(token))
        .collect();
    let client = reqwest::Client::new();
    for ((stamp, person), expected) in plan().into_iter().zip(&bare) {
        let seen = over_http(&running, &client, &texts[person], stamp).await;
        assert_eq!(&seen, expected, "person {person} at {stamp:?}");
    }
    let face = running.stytch().expect("it is served");
    assert_eq!(face.project().ledger(), project.ledger());
    assert_eq!(&legacy.ledger(), tenant.ledger());
    assert_eq!(face.project().session_count(), project.session_count());
    for (name, _) in ERRORS {
        let met = bare.iter().any(|seen| seen.error == Some(name));
        assert!(
            met,
            "the plan never meets {name}, and so proves nothing about it"
        );
    }
    assert!(bare.iter().any(|seen| seen.session_ends.is_some()));
    running.stop().await;
}
