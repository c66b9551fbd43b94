//! A project, people in it, and short ways to call it.

pub(crate) use cutover_mocks::answer::{Breakage, Outcome};
pub(crate) use cutover_mocks::auth0::{self, AccessToken, Audience, Scopes};
pub(crate) use cutover_mocks::email::Email;
pub(crate) use cutover_mocks::fault::{Fault, FaultKind, FaultPlan};
pub(crate) use cutover_mocks::keys::{KeyId, KeySchedule, Rotation};
pub(crate) use cutover_mocks::latency::Latency;
pub(crate) use cutover_mocks::limit::Rate;
pub(crate) use cutover_mocks::luck::{Luck, mix};
pub(crate) use cutover_mocks::share::Share;
pub(crate) use cutover_mocks::stytch::settings::WindowLimit;
pub(crate) use cutover_mocks::stytch::*;
pub(crate) use cutover_mocks::time::{Span, Timestamp};

pub(crate) const START: Timestamp = Timestamp::from_secs(1_772_409_600);
pub(crate) const ANNA: Email = Email::lower(1);
pub(crate) const BERT: Email = Email::lower(2);
pub(crate) const HOUR: Option<Span> = Some(Span::from_hours(1));

pub(crate) fn at(seconds: i64) -> Timestamp {
    START + Span::from_secs(seconds)
}

pub(crate) fn stamp(now: Timestamp) -> Stamp {
    Stamp {
        at: now,
        luck: Luck(mix(now.as_micros() as u64)),
        address: Address(7),
    }
}

pub(crate) fn project(settings: Settings) -> Project {
    let latency_default = Latency::fixed(Span::from_millis(100));
    Project::new(
        Settings {
            latency_default,
            ..settings
        },
        START,
    )
}

pub(crate) fn consumer() -> Project {
    project(Settings::default())
}

pub(crate) fn b2b() -> Project {
    project(Settings {
        vertical: Vertical::B2b,
        ..Settings::default()
    })
}

pub(crate) fn seed(project: &mut Project, email: Email, org: Option<OrgId>) -> UserId {
    let person = SeedUser {
        email,
        org,
        has_password: true,
        verified: true,
        mfa_enrolled: false,
    };
    project.seed_user(person)
}

pub(crate) fn call(project: &mut Project, now: Timestamp, call: Call) -> Answer {
    match project.handle(stamp(now), &call) {
        Step::Done(answer) => answer,
        Step::AskUserInfo(_) => panic!("asked UserInfo for {call:?}"),
    }
}

pub(crate) fn errand(project: &mut Project, now: Timestamp, errand: Errand) -> ErrandReply {
    served(project.errand(stamp(now), &errand))
}

pub(crate) fn errand_reply(project: &mut Project, now: Timestamp, asked: Errand) -> Reply {
    match errand(project, now, asked) {
        ErrandReply::Reply(reply) => reply,
        other => panic!("no reply: {other:?}"),
    }
}

pub(crate) fn served<R: std::fmt::Debug>(answer: cutover_mocks::answer::Answer<R, Error>) -> R {
    match answer.outcome {
        Outcome::Served(reply) => reply,
        other => panic!("not served: {other:?}"),
    }
}

pub(crate) fn refused<R: std::fmt::Debug>(
    answer: cutover_mocks::answer::Answer<R, Error>,
) -> (u16, Error) {
    match answer.outcome {
        Outcome::Refused(refusal) => (refusal.status, refusal.error),
        other => panic!("not refused: {other:?}"),
    }
}

pub(crate) fn session(reply: Reply) -> Opened {
    match reply {
        Reply::Session(opened) => opened,
        other => panic!("no session: {other:?}"),
    }
}

pub(crate) fn mailed(reply: Reply) -> (LoginToken, bool) {
    match reply {
        Reply::Mailed { token, created } => (token, created),
        other => panic!("nothing mailed: {other:?}"),
    }
}

pub(crate) fn intermediate(reply: Reply) -> IntermediateToken {
    match reply {
        Reply::SecondFactorNeeded(token) => token,
        other => panic!("no second factor asked for: {other:?}"),
    }
}

pub(crate) fn password(
    email: Email,
    org: Option<OrgId>,
    proof: Proof,
    duration: Option<Span>,
) -> Call {
    Call::Password {
        email,
        org,
        proof,
        duration,
    }
}

pub(crate) fn log_in(project: &mut Project, now: Timestamp, email: Email) -> Opened {
    let right = password(email, None, Proof::RightPassword, HOUR);
    session(served(call(project, now, right)))
}

pub(crate) fn legacy() -> AccessToken {
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

pub(crate) fn begin(
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

pub(crate) fn found(email: Option<Email>, verified: bool) -> UserInfoSeen {
    let outcome = UserInfoOutcome::Ok { email, verified };
    UserInfoSeen {
        outcome,
        took: Span::from_millis(40),
    }
}

pub(crate) fn migrate(
    project: &mut Project,
    now: Timestamp,
    org: Option<OrgId>,
    duration: Option<Span>,
    seen: UserInfoSeen,
) -> Answer {
    let pending = begin(project, now, org, duration);
    project.resume(pending, seen)
}
