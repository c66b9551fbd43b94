//! `[providers.auth0]`: the legacy provider, with its plans' limits.

use cutover_mocks::auth0::{Endpoint, Settings};

use super::super::kind::{OneOf, Or};
use super::super::quantity::Calls;
use super::super::reader::Table;
use super::super::scalar::{CallRate, Flag, LENGTH, SOME_LENGTH, count};
use super::super::time::Frame;
use super::{faults, read_capacity, read_clock_skew, read_keys, read_latency};

/// The tenant's endpoints, by the name that scenarios use.
const ENDPOINTS: &[(&str, Endpoint)] = &[
    ("authorize", Endpoint::Authorize),
    ("login", Endpoint::Login),
    ("token", Endpoint::Token),
    ("userinfo", Endpoint::UserInfo),
    ("jwks", Endpoint::Jwks),
    ("revoke", Endpoint::Revoke),
    ("logout", Endpoint::Logout),
    ("signup", Endpoint::SignUp),
    ("change_password", Endpoint::ChangePassword),
    ("management", Endpoint::Management),
    ("other", Endpoint::Other),
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
    const fn endpoint(self, endpoint: Endpoint) -> &'static str {
        use Endpoint as E;
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

/// Reads `[providers.auth0]`.
pub(super) fn read(t: &mut Table<'_>, frame: &Frame) -> Settings {
    let mut settings = Settings::default();
    let doc = "The plan; it sets the limits that the scenario does not set itself.";
    let plan = t
        .key("plan", PLAN, doc)
        .or("enterprise", "an assumption")
        .value;
    let doc = "How much the tenant lets through; the plan's where not set, \"none\" \
     for no limit.";
    t.table("limits", doc, |t| read_limits(t, plan, &mut settings));
    read_tokens(t, &mut settings);
    read_login(t, &mut settings);
    (settings.latency_default, settings.latency) = read_latency(t, ("40ms", "250ms"), ENDPOINTS);
    settings.capacity = read_capacity(t);
    settings.keys = read_keys(t, frame, true);
    settings.faults = faults::read(t, frame, ENDPOINTS);
    settings.clock_skew = read_clock_skew(t);
    settings
}

fn read_tokens(t: &mut Table<'_>, settings: &mut Settings) {
    let mut life =
        |name, doc, default, source| t.key(name, SOME_LENGTH, doc).or(default, source).value;
    let doc = "Life of an access token for an API.";
    settings.access_token_life = life("access_token_life", doc, "24h", "Auth0 docs, access tokens");
    let doc = "Refresh tokens end this long after the login, whatever happens.";
    let source = "Auth0 docs, refresh token expiration";
    settings.refresh_absolute_life = life("refresh_absolute_life", doc, "30d", source);
    let doc = "Refresh tokens end when unused this long.";
    let source = "published tenant exports; current docs say 30 d: UNCONFIRMED";
    settings.refresh_idle_life = life("refresh_idle_life", doc, "15d", source);
    let doc = "How long the previous refresh token of a family may still be used.";
    let source = "Auth0 Management API schema";
    settings.rotation_leeway = t.key("rotation_leeway", LENGTH, doc).or("0s", source).value;
    let doc = "Whether refresh tokens rotate.";
    let source = "Auth0 docs, refresh token rotation: the default of single-page apps";
    settings.rotation = t.key("rotation", Flag, doc).or("true", source).value;
    let doc = "Whether UserInfo refuses the live access token of a blocked or deleted \
     user.";
    let source = "an assumption: UNCONFIRMED";
    settings.userinfo_refuses_blocked = t
        .key("userinfo_refuses_blocked", Flag, doc)
        .or("true", source)
        .value;
}

fn read_login(t: &mut Table<'_>, settings: &mut Settings) {
    let mut life =
        |name, doc, default, source| t.key(name, SOME_LENGTH, doc).or(default, source).value;
    let source = "Auth0 Management API schema";
    let doc = "Single-sign-on sessions end this long after the login.";
    settings.session_absolute_life = life("session_absolute_life", doc, "168h", source);
    let doc = "Single-sign-on sessions end when Auth0 does not see them this long.";
    settings.session_idle_life = life("session_idle_life", doc, "72h", source);
    let doc = "Life of an authorization code.";
    let source = "RFC 6749's maximum; Auth0 publishes none: UNCONFIRMED";
    settings.code_life = life("code_life", doc, "10m", source);
    let doc = "A login page may stay open this long.";
    let source = "Auth0 community announcement of 2023-10-17";
    settings.transaction_life = life("transaction_life", doc, "1h", source);
    let doc = "Failed logins from one address for one user until it is blocked; \
     \"off\" for no such protection.";
    let attempts = t
        .key("brute_force_attempts", Or("off", count(1, 100)), doc)
        .or("10", "Auth0 docs, brute-force protection");
    settings.brute_force_attempts = attempts.value.map(|attempts| attempts as u32);
}

fn read_limits(t: &mut Table<'_>, plan: Plan, settings: &mut Settings) {
    let mut limit = |name, doc, default: &str, source| {
        let kind = Or("none", CallRate { burst: true });
        t.key(name, kind, doc)
            .or(default, source)
            .value
            .map(Calls::rate)
    };
    let doc = "Over all endpoints of the Authentication API.";
    settings.tenant_limit = limit("tenant", doc, plan.tenant(), PLAN_SOURCE);
    let source = "Auth0 docs, rate limit configurations: every plan";
    settings.userinfo_per_user = limit(
        "userinfo_per_user",
        "UserInfo, for each user.",
        "5/min burst 10",
        source,
    );
    let doc = "Failed logins that one network address may make.";
    let source = "Auth0 docs, suspicious IP throttling";
    settings.suspicious_ip = limit("suspicious_ip", doc, "1/864s burst 100", source);
    let doc = "Sign-ups that one network address may make. A rehearsal's sign-ups come from the \
     application's address; Auth0's own limit is 1/1728s burst 50.";
    let source = "an assumption: the application passes on the visitor's address";
    settings.suspicious_signups = limit("suspicious_signups", doc, "none", source);
    let doc = "Logins of one user from one network address.";
    let source = "Auth0 docs, rate limits on database connections";
    settings.logins_per_user_and_address = limit(
        "logins_per_user_and_address",
        doc,
        "10/min burst 20",
        source,
    );
    for &(name, endpoint) in ENDPOINTS {
        let doc = "On top of the tenant's limit.";
        if let Some(limit) = limit(name, doc, plan.endpoint(endpoint), PLAN_SOURCE) {
            settings.endpoint_limits.push((endpoint, limit));
        }
    }
}
