//! The two providers as the scenario sets them up.

use cutover_mocks::keys::{KeySchedule, Rotation};
use cutover_mocks::latency::Latency;
use cutover_mocks::limit::Rate;
use cutover_mocks::stytch::settings::WindowLimit;
use cutover_mocks::time::Timestamp;
use cutover_mocks::{auth0, stytch};

use super::faults;
use super::kind::{CallRate, Flag, LENGTH, List, OneOf, Or, SIGNED_LENGTH, SOME_LENGTH, count};
use super::problem::Problem;
use super::reader::{Read, Table};
use super::time::Frame;

/// The tenant and the project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Providers {
    /// The legacy provider.
    pub auth0: auth0::Settings,
    /// The new provider.
    pub stytch: stytch::Settings,
}

/// The tenant's endpoints, by the name that scenarios use.
const AUTH0_ENDPOINTS: &[(&str, auth0::Endpoint)] = &[
    ("authorize", auth0::Endpoint::Authorize),
    ("login", auth0::Endpoint::Login),
    ("token", auth0::Endpoint::Token),
    ("userinfo", auth0::Endpoint::UserInfo),
    ("jwks", auth0::Endpoint::Jwks),
    ("revoke", auth0::Endpoint::Revoke),
    ("logout", auth0::Endpoint::Logout),
    ("signup", auth0::Endpoint::SignUp),
    ("change_password", auth0::Endpoint::ChangePassword),
    ("management", auth0::Endpoint::Management),
    ("other", auth0::Endpoint::Other),
];

/// The project's endpoints, by the name that scenarios use.
const STYTCH_ENDPOINTS: &[(&str, stytch::Endpoint)] = &[
    ("migrate", stytch::Endpoint::Migrate),
    ("authenticate", stytch::Endpoint::Authenticate),
    ("revoke", stytch::Endpoint::Revoke),
    ("jwks", stytch::Endpoint::Jwks),
    ("password", stytch::Endpoint::Password),
    ("password_change", stytch::Endpoint::PasswordChange),
    ("send_magic_link", stytch::Endpoint::SendMagicLink),
    ("magic_link", stytch::Endpoint::MagicLink),
    ("start_oauth", stytch::Endpoint::StartOAuth),
    ("oauth", stytch::Endpoint::OAuth),
    ("second_factor", stytch::Endpoint::SecondFactor),
    ("records", stytch::Endpoint::Records),
    ("other", stytch::Endpoint::Other),
];

/// An Auth0 plan: what its limits are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plan {
    Free,
    Essentials,
    Professional,
    Enterprise,
}

const PLAN: OneOf<Plan> = OneOf(&[
    ("free", Plan::Free),
    ("essentials", Plan::Essentials),
    ("professional", Plan::Professional),
    ("enterprise", Plan::Enterprise),
]);

const PLAN_SOURCE: &str = "the plan (Auth0 docs, rate limit configurations)";

impl Plan {
    /// The limit over all Authentication API endpoints.
    const fn tenant(self) -> &'static str {
        match self {
            Self::Free => "300/min",
            Self::Essentials | Self::Professional => "25/s",
            Self::Enterprise => "100/s",
        }
    }

    /// The limit of one endpoint on top of it.
    const fn endpoint(self, endpoint: auth0::Endpoint) -> &'static str {
        use auth0::Endpoint as E;
        match (self, endpoint) {
            (Self::Free, E::Token) => "30/s",
            (Self::Free, E::Login) => "5/s",
            (Self::Free, E::Jwks) => "20/s",
            (Self::Free, E::Management) => "2/s",
            (Self::Essentials | Self::Professional, E::Management) => "200/min burst 20",
            (Self::Enterprise, E::Management) => "16/s burst 50",
            _ => "none",
        }
    }
}

/// Reads `[providers]`.
pub(super) fn read(t: &mut Table<'_>, frame: &Frame) -> Providers {
    Providers {
        auth0: t.table("auth0", "The legacy provider: an Auth0 tenant.", |t| {
            read_auth0(t, frame)
        }),
        stytch: t.table("stytch", "The new provider: a Stytch project.", |t| {
            read_stytch(t, frame)
        }),
    }
}

fn read_auth0(t: &mut Table<'_>, frame: &Frame) -> auth0::Settings {
    let plan = t
        .key(
            "plan",
            PLAN,
            "The plan; it sets the limits that the scenario does not set itself.",
        )
        .or("enterprise", "an assumption")
        .value;
    let limits = t.table(
        "limits",
        "How much the tenant lets through; the plan's where not set, \"none\" for no limit.",
        |t| read_auth0_limits(t, plan),
    );
    let (latency_default, latency) = read_latency(t, ("40ms", "250ms"), AUTH0_ENDPOINTS);
    let mut span =
        |name, doc, default, source| t.key(name, SOME_LENGTH, doc).or(default, source).value;
    let settings = auth0::Settings {
        access_token_life: span("access_token_life", "Life of an access token for an API.", "24h", "Auth0 docs, access tokens"),
        refresh_absolute_life: span("refresh_absolute_life", "Refresh tokens end this long after the login, whatever happens.", "30d", "Auth0 docs, refresh token expiration"),
        refresh_idle_life: span("refresh_idle_life", "Refresh tokens end when unused this long.", "15d", "published tenant exports; current docs say 30 d: UNCONFIRMED"),
        session_absolute_life: span("session_absolute_life", "Single-sign-on sessions end this long after the login.", "168h", "Auth0 Management API schema"),
        session_idle_life: span("session_idle_life", "Single-sign-on sessions end when Auth0 does not see them this long.", "72h", "Auth0 Management API schema"),
        code_life: span("code_life", "Life of an authorization code.", "10m", "RFC 6749's maximum; Auth0 publishes none: UNCONFIRMED"),
        transaction_life: span("transaction_life", "A login page may stay open this long.", "1h", "Auth0 community announcement of 2023-10-17"),
        rotation_leeway: t.key("rotation_leeway", LENGTH, "How long the previous refresh token of a family may still be used.").or("0s", "Auth0 Management API schema").value,
        rotation: t.key("rotation", Flag, "Whether refresh tokens rotate.").or("true", "Auth0 docs, refresh token rotation: the default of single-page apps").value,
        userinfo_refuses_blocked: t.key("userinfo_refuses_blocked", Flag, "Whether UserInfo refuses the live access token of a blocked or deleted user.").or("true", "an assumption: UNCONFIRMED").value,
        tenant_limit: limits.tenant,
        endpoint_limits: limits.endpoints,
        userinfo_per_user: limits.userinfo_per_user,
        suspicious_ip: limits.suspicious_ip,
        brute_force_attempts: t.key("brute_force_attempts", Or("off", count(1, 100)), "Failed logins from one address for one user until it is blocked; \"off\" for no such protection.").or("10", "Auth0 docs, brute-force protection").value.map(|attempts| attempts as u32),
        latency,
        latency_default,
        keys: read_keys(t, frame, true),
        faults: faults::read(t, frame, AUTH0_ENDPOINTS),
        clock_skew: read_clock_skew(t),
    };
    settings
}

struct Auth0Limits {
    tenant: Option<Rate>,
    userinfo_per_user: Option<Rate>,
    suspicious_ip: Option<Rate>,
    endpoints: Vec<(auth0::Endpoint, Rate)>,
}

const LIMIT: Or<CallRate> = Or("none", CallRate { burst: true });

fn read_auth0_limits(t: &mut Table<'_>, plan: Plan) -> Auth0Limits {
    let mut limit = |name, doc, default: &str, source| {
        t.key(name, LIMIT, doc)
            .or(default, source)
            .value
            .map(super::quantity::Calls::rate)
    };
    let doc = "On top of the tenant's limit.";
    Auth0Limits {
        tenant: limit(
            "tenant",
            "Over all endpoints of the Authentication API.",
            plan.tenant(),
            PLAN_SOURCE,
        ),
        userinfo_per_user: limit(
            "userinfo_per_user",
            "UserInfo, for each user.",
            "5/min burst 10",
            "Auth0 docs, rate limit configurations: every plan",
        ),
        suspicious_ip: limit(
            "suspicious_ip",
            "Failed logins that one network address may make.",
            "1/864s burst 100",
            "Auth0 docs, suspicious IP throttling",
        ),
        endpoints: AUTH0_ENDPOINTS
            .iter()
            .filter_map(|&(name, endpoint)| {
                Some((
                    endpoint,
                    limit(name, doc, plan.endpoint(endpoint), PLAN_SOURCE)?,
                ))
            })
            .collect(),
    }
}

fn read_stytch(t: &mut Table<'_>, frame: &Frame) -> stytch::Settings {
    let limits = t.table(
        "limits",
        "How much the project lets through, in fixed windows; \"none\" for no limit.",
        read_stytch_limits,
    );
    let (latency_default, latency) = read_latency(t, ("50ms", "300ms"), STYTCH_ENDPOINTS);
    let mut span =
        |name, doc, default, source| t.key(name, SOME_LENGTH, doc).or(default, source).value;
    let jwt_life = span(
        "jwt_life",
        "Life of a session JWT.",
        "5m",
        "Stytch docs, session tokens and JWTs",
    );
    let default_session = span(
        "default_session",
        "Sessions that a call opens without a duration last this long.",
        "60m",
        "Stytch OpenAPI",
    );
    let userinfo_timeout = span(
        "userinfo_timeout",
        "How long Migrate Session waits for UserInfo.",
        "5s",
        "an assumption: UNCONFIRMED",
    );
    let lock_for = span(
        "lock_for",
        "How long a lock lasts.",
        "1h",
        "Stytch docs, user locks",
    );
    let mut flag = |name, doc, default, source| t.key(name, Flag, doc).or(default, source).value;
    let migrate_opens_session_by_default = flag(
        "migrate_opens_session_by_default",
        "Whether a consumer migrate without a duration opens a session of `default_session`, or none.",
        "true",
        "Stytch's zero-downtime guide; its parameter text says none: UNCONFIRMED",
    );
    let migrate_requires_verified_email = flag(
        "migrate_requires_verified_email",
        "Whether migrate insists on `email_verified`.",
        "false",
        "an assumption: UNCONFIRMED",
    );
    let migrate_case_sensitive = flag(
        "migrate_case_sensitive",
        "Whether migrate tells letter case of an address apart.",
        "false",
        "an assumption: UNCONFIRMED",
    );
    let migrate_asks_second_factor = flag(
        "migrate_asks_second_factor",
        "Whether migrating into an organization that requires a second factor asks for one.",
        "false",
        "Stytch OpenAPI: the answer has no room for it: UNCONFIRMED",
    );
    let (creates, creates_source) = match frame.vertical.value {
        stytch::Vertical::Consumer => ("true", "Stytch docs: login_or_create"),
        stytch::Vertical::B2b => (
            "false",
            "Stytch docs: email_jit_provisioning NOT_ALLOWED by default",
        ),
    };
    let magic_link_creates = flag(
        "magic_link_creates",
        "Whether sending a magic link creates an unknown person.",
        creates,
        creates_source,
    );
    let retry_after = flag(
        "retry_after",
        "Whether a 429 carries Retry-After.",
        "false",
        "Stytch documents none",
    );
    stytch::Settings {
        vertical: frame.vertical.value,
        jwt_life,
        default_session,
        migrate_opens_session_by_default,
        migrate_error_status: t
            .key(
                "migrate_error_status",
                count(400, 599),
                "HTTP status of the three `migrate_from_external_…` errors.",
            )
            .or("400", "an assumption: UNCONFIRMED")
            .value as u16,
        migrate_requires_verified_email,
        migrate_case_sensitive,
        userinfo_timeout,
        migrate_asks_second_factor,
        magic_link_creates,
        lock_after: t
            .key(
                "lock_after",
                count(1, 100),
                "Consecutive failures until a person is locked.",
            )
            .or("10", "Stytch docs, user locks")
            .value as u32,
        lock_for,
        project_limit: limits.0,
        endpoint_limits: limits.1,
        retry_after,
        latency,
        latency_default,
        keys: read_keys(t, frame, false),
        faults: faults::read(t, frame, STYTCH_ENDPOINTS),
        clock_skew: read_clock_skew(t),
        ..stytch::Settings::default()
    }
}

fn read_stytch_limits(
    t: &mut Table<'_>,
) -> (Option<WindowLimit>, Vec<(stytch::Endpoint, WindowLimit)>) {
    let mut limit = |name, doc, source| {
        let calls = t
            .key(name, Or("none", CallRate { burst: false }), doc)
            .or("none", source)
            .value?;
        Some(WindowLimit {
            calls: calls.calls,
            window: calls.per,
        })
    };
    let source = "Stytch publishes no number: UNCONFIRMED";
    let project = limit("project", "Over all calls of the project.", source);
    let endpoint = |&(name, endpoint)| {
        Some((
            endpoint,
            limit(name, "On top of the project's limit.", source)?,
        ))
    };
    (
        project,
        STYTCH_ENDPOINTS.iter().filter_map(endpoint).collect(),
    )
}

/// Reads `latency`: the default, and single endpoints.
fn read_latency<E: Copy>(
    t: &mut Table<'_>,
    (p50, p99): (&str, &str),
    endpoints: &'static [(&'static str, E)],
) -> (Latency, Vec<(E, Latency)>) {
    t.table(
        "latency",
        "Service times: log-normal, told by two percentiles.",
        |t| {
            let default = t.table("default", "Endpoints that are not listed.", |t| {
                read_percentiles(t, p50, p99)
            });
            let one = |&(name, endpoint): &(&'static str, E)| {
                let doc = "This endpoint; \"default\" for the one above.";
                let own = t.maybe(
                    name,
                    "default",
                    doc,
                    "as the provider's other endpoints",
                    |t| read_percentiles(t, p50, p99),
                );
                own.map(|own| (endpoint, own.value))
            };
            (default, endpoints.iter().filter_map(one).collect())
        },
    )
}

fn read_percentiles(t: &mut Table<'_>, p50: &str, p99: &str) -> Latency {
    let source = "an assumption; measure your own";
    let p50 = t
        .key(
            "p50",
            SOME_LENGTH,
            "Half of all calls take at most this long.",
        )
        .or(p50, source);
    let p99 = t
        .key(
            "p99",
            SOME_LENGTH,
            "99 of 100 calls take at most this long.",
        )
        .or(p99, source);
    if p50.sound && p99.sound && p99.value < p50.value {
        let problem = Problem::new("the 99th percentile is below the median")
            .at(&p99.place, p99.label(format!("p99 is {}", p99.value)))
            .at(&p50.place, p50.label(format!("p50 is {}", p50.value)))
            .help(format!("set p99 to {} or more", p50.value));
        t.problem(problem);
    }
    Latency {
        p50: p50.value,
        p99: p99.value,
    }
}

/// Reads `key_rotations` and `previous_key_life`.
fn read_keys(t: &mut Table<'_>, frame: &Frame, announces_next: bool) -> KeySchedule {
    let moments = t
        .key(
            "key_rotations",
            List {
                of: LENGTH,
                len: None,
            },
            "Moments after the start at which the next signing key starts to sign; ascending.",
        )
        .or("[]", "none unless the scenario names them");
    let life = t
        .key(
            "previous_key_life",
            Or("forever", LENGTH),
            "How long after a rotation the previous key stays published.",
        )
        .or(
            "forever",
            "Auth0 docs, signing keys: until somebody revokes it",
        );
    let mut rotations = Vec::new();
    let mut before: Option<Read<_>> = None;
    for (moment, place) in moments.value {
        let moment = Read {
            value: moment,
            place,
            given: moments.given,
            sound: moments.sound,
        };
        frame.within(t, "key_rotations", &moment);
        if let Some(before) = before.filter(|before| before.value >= moment.value) {
            let problem = Problem::new("key rotations go backwards")
                .at(&moment.place, format!("this one is at {}", moment.value))
                .at(
                    &before.place,
                    format!("the one before it is at {}", before.value),
                )
                .help("order them by time");
            t.problem(problem);
        }
        let at = frame.start + moment.value;
        rotations.push(Rotation {
            at,
            previous_until: life.value.map_or(Timestamp::NEVER, |life| at + life),
        });
        before = Some(moment);
    }
    KeySchedule {
        rotations,
        announces_next,
    }
}

fn read_clock_skew(t: &mut Table<'_>) -> cutover_mocks::time::Span {
    t.key(
        "clock_skew",
        SIGNED_LENGTH,
        "How far the provider's clock is ahead of true time; negative: behind.",
    )
    .or("0s", "an assumption")
    .value
}
