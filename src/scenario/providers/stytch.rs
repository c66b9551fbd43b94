//! `[providers.stytch]`: the new provider.

use cutover_mocks::stytch::settings::WindowLimit;
use cutover_mocks::stytch::{Endpoint, Settings, Vertical};

use super::super::kind::Or;
use super::super::reader::Table;
use super::super::scalar::{CallRate, Flag, SOME_LENGTH, count};
use super::super::time::Frame;
use super::{faults, read_capacity, read_clock_skew, read_keys, read_latency};

/// The project's endpoints, by the name that scenarios use.
const ENDPOINTS: &[(&str, Endpoint)] = &[
    ("migrate", Endpoint::Migrate),
    ("authenticate", Endpoint::Authenticate),
    ("revoke", Endpoint::Revoke),
    ("jwks", Endpoint::Jwks),
    ("password", Endpoint::Password),
    ("password_change", Endpoint::PasswordChange),
    ("send_magic_link", Endpoint::SendMagicLink),
    ("magic_link", Endpoint::MagicLink),
    ("start_oauth", Endpoint::StartOAuth),
    ("oauth", Endpoint::OAuth),
    ("second_factor", Endpoint::SecondFactor),
    ("records", Endpoint::Records),
    ("other", Endpoint::Other),
];

/// Reads `[providers.stytch]`.
pub(super) fn read(t: &mut Table<'_>, frame: &Frame) -> Settings {
    let mut settings = Settings {
        vertical: frame.vertical.value,
        ..Settings::default()
    };
    read_sessions(t, &mut settings);
    read_migrate(t, &mut settings);
    read_login(t, &mut settings);
    let doc = "How much the project lets through, in fixed windows; \"none\" for no \
     limit.";
    t.table("limits", doc, |t| read_limits(t, &mut settings));
    (settings.latency_default, settings.latency) = read_latency(t, ("50ms", "300ms"), ENDPOINTS);
    settings.capacity = read_capacity(t);
    settings.keys = read_keys(t, frame, false);
    settings.faults = faults::read(t, frame, ENDPOINTS);
    settings.clock_skew = read_clock_skew(t);
    settings
}

fn read_sessions(t: &mut Table<'_>, settings: &mut Settings) {
    let mut life =
        |name, doc, default, source| t.key(name, SOME_LENGTH, doc).or(default, source).value;
    let doc = "Life of a session JWT.";
    settings.jwt_life = life(
        "jwt_life",
        doc,
        "5m",
        "Stytch docs, session tokens and JWTs",
    );
    let doc = "Sessions that a call opens without a duration last this long.";
    settings.default_session = life("default_session", doc, "60m", "Stytch OpenAPI");
    let doc = "How long a login link is good.";
    settings.login_link_life = life("login_link_life", doc, "60m", "Stytch OpenAPI");
    let doc = "How long a link is good that went to a person it created; consumer only.";
    settings.signup_link_life = life("signup_link_life", doc, "7d", "Stytch OpenAPI");
    let doc = "How long an OAuth token is good after the social provider consented.";
    settings.oauth_token_life = life("oauth_token_life", doc, "5m", "an assumption: UNCONFIRMED");
    let doc = "How long a mailed password reset is good.";
    settings.reset_life = life("reset_life", doc, "30m", "Stytch SDK documentation");
    let doc = "How long an intermediate session waits for its second factor.";
    settings.intermediate_life = life("intermediate_life", doc, "10m", "Stytch OpenAPI");
    read_lives_of_clients(t, settings);
}

/// Lives that no visit of a rehearsal meets; clients of the mocks do.
fn read_lives_of_clients(t: &mut Table<'_>, settings: &mut Settings) {
    let mut life = |name, doc, default| {
        let life = t.key(name, SOME_LENGTH, doc);
        life.or(default, "Stytch OpenAPI").value
    };
    let doc = "How fresh a factor has to be for a password reset by session.";
    settings.fresh_factor = life("fresh_factor", doc, "5m");
    let doc = "How long an invitation is good.";
    settings.invite_life = life("invite_life", doc, "7d");
    let doc = "How long an authenticator app waits for its first code.";
    settings.totp_life = life("totp_life", doc, "24h");
    let doc = "How long an impersonated session lasts.";
    settings.impersonation = life("impersonation_life", doc, "60m");
}

fn read_migrate(t: &mut Table<'_>, settings: &mut Settings) {
    let unconfirmed = "an assumption: UNCONFIRMED";
    let doc = "How long Migrate Session waits for UserInfo.";
    settings.userinfo_timeout = t
        .key("userinfo_timeout", SOME_LENGTH, doc)
        .or("5s", unconfirmed)
        .value;
    let doc = "HTTP status of the three `migrate_from_external_…` errors.";
    let status = t
        .key("migrate_error_status", count(400, 599), doc)
        .or("400", unconfirmed);
    settings.migrate_error_status = status.value as u16;
    let mut flag = |name, doc, default, source| t.key(name, Flag, doc).or(default, source).value;
    let doc = "Whether the project has a UserInfo address to migrate with.";
    let source = "Stytch's zero-downtime guide, first step";
    settings.userinfo_configured = flag("userinfo_configured", doc, "true", source);
    let doc = "Whether a consumer migrate without a duration opens a session of \
     `default_session`, or none.";
    let source = "Stytch's zero-downtime guide; its parameter text says none: UNCONFIRMED";
    settings.migrate_opens_session_by_default =
        flag("migrate_opens_session_by_default", doc, "true", source);
    let doc = "Whether migrate insists on `email_verified`.";
    settings.migrate_requires_verified_email =
        flag("migrate_requires_verified_email", doc, "false", unconfirmed);
    let doc = "Whether migrate tells letter case of an address apart.";
    settings.migrate_case_sensitive = flag("migrate_case_sensitive", doc, "false", unconfirmed);
    let doc = "Whether migrating into an organization that requires a second factor \
     asks for one.";
    let source = "Stytch OpenAPI: the answer has no room for it: UNCONFIRMED";
    settings.migrate_asks_second_factor = flag("migrate_asks_second_factor", doc, "false", source);
}

fn read_login(t: &mut Table<'_>, settings: &mut Settings) {
    let (creates, source) = match settings.vertical {
        Vertical::Consumer => ("true", "Stytch docs: login_or_create"),
        Vertical::B2b => (
            "false",
            "Stytch docs: email_jit_provisioning NOT_ALLOWED by default",
        ),
    };
    let doc = "Whether a first login without password at an unverified address makes a password \
     stale until it is reset.";
    settings.passwordless_voids_unproved_password = t
        .key("passwordless_voids_unproved_password", Flag, doc)
        .or("true", "Stytch OpenAPI")
        .value;
    let doc = "Whether sending a magic link creates an unknown person.";
    settings.magic_link_creates = t
        .key("magic_link_creates", Flag, doc)
        .or(creates, source)
        .value;
    let source = "Stytch docs, user locks";
    let doc = "Consecutive failures until a person is locked.";
    settings.lock_after = t
        .key("lock_after", count(1, 100), doc)
        .or("10", source)
        .value as u32;
    settings.lock_for = t
        .key("lock_for", SOME_LENGTH, "How long a lock lasts.")
        .or("1h", source)
        .value;
}

fn read_limits(t: &mut Table<'_>, settings: &mut Settings) {
    let mut limit = |name, doc, default, source| {
        let kind = Or("none", CallRate { burst: false });
        let calls = t.key(name, kind, doc).or(default, source).value?;
        Some(WindowLimit {
            calls: calls.count,
            window: calls.per,
        })
    };
    let source = "Stytch publishes no number: UNCONFIRMED";
    settings.project_limit = limit("project", "Over all calls of the project.", "none", source);
    settings.mails_per_person = limit(
        "mails_per_person",
        "Mails to one person.",
        "1/s",
        "Stytch docs, rate limits",
    );
    for &(name, endpoint) in ENDPOINTS {
        if let Some(limit) = limit(name, "On top of the project's limit.", "none", source) {
            settings.endpoint_limits.push((endpoint, limit));
        }
    }
    let doc = "Whether a 429 carries Retry-After.";
    settings.retry_after = t
        .key("retry_after", Flag, doc)
        .or("false", "Stytch documents none")
        .value;
}
