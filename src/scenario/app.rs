//! The application's session middleware: how it verifies, calls, retries and gives up.

use cutover_mocks::share::Share;
use cutover_mocks::time::Span;

use super::kind::OneOf;
use super::problem::Problem;
use super::reader::{Setting, Table, Variants, setting};
use super::scalar::{Count, Flag, LENGTH, Length, Percent, SOME_LENGTH, count, length};

/// The application.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own that the scenario names"
)]
pub struct App {
    /// Instances behind the load balancer; each has its own caches.
    pub instances: u16,
    /// How session JWTs and access tokens are verified.
    pub verify: Verify,
    /// How long an instance keeps a provider's keys. 10 min (jose's default).
    pub jwks_cache: Span,
    /// Keys are fetched again for an unknown key id, but not more often than this. 30 s (jose's default).
    pub jwks_cooldown: Span,
    /// Who shares one refresh or migration of the same credential.
    pub single_flight: SingleFlight,
    /// How failed provider calls are retried.
    pub retry: Retry,
    /// Whether a `Retry-After` is honoured.
    pub honour_retry_after: bool,
    /// Circuit breaker for each provider and instance; none: off.
    pub breaker: Option<Breaker>,
    /// The application waits this long for a provider.
    pub timeout: Span,
    /// `session_duration_minutes` asked of Stytch, at migration, login and renewal.
    pub session_duration: Span,
    /// Whether renewing a session JWT also extends the session.
    pub extend_on_renewal: bool,
    /// What happens when a session cannot be migrated now.
    pub on_migrate_failure: OnMigrateFailure,
    /// Whether a person who is missing in Stytch is created on the way to a migration.
    pub create_missing: bool,
    /// Whether a sign-up at Stytch also creates a record in the legacy provider.
    pub mirror_signups: bool,
    /// A flag change reaches each instance within this time, evenly spread.
    pub flag_delay: Span,
    /// Share of responses that fail to keep a new cookie on the device.
    pub lost_cookie: Share,
    /// Share of visits beside which the application is shown credentials that must open nothing.
    pub probes: Share,
}

/// How credentials are verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// By signature and claims, with cached keys.
    Locally,
    /// Stytch sessions by a call for each request (one for each page load with single-flight);
    /// legacy access tokens locally, as they cannot be looked up.
    ByCall,
}

/// Who shares one flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SingleFlight {
    /// Every request flies alone.
    Off,
    /// Requests of one credential at one instance.
    PerInstance,
    /// Requests of one credential at all instances (a lock in a shared store).
    Shared,
}

/// Retry policy for provider calls that may succeed later: 429, 5xx, timeout, broken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Retry {
    /// Never.
    None,
    /// At once.
    Immediate {
        /// Calls in all.
        attempts: u8,
    },
    /// After the same wait each time.
    Fixed {
        /// Calls in all.
        attempts: u8,
        /// The wait.
        wait: Span,
    },
    /// After waits that double, without jitter.
    Exponential {
        /// Calls in all.
        attempts: u8,
        /// The first wait.
        base: Span,
        /// The longest wait.
        cap: Span,
    },
    /// After a wait drawn evenly from zero to the doubling bound (AWS: full jitter), as long as
    /// retries stay within a share of all calls (Google SRE book, chapter 21).
    FullJitter {
        /// Calls in all.
        attempts: u8,
        /// The first bound.
        base: Span,
        /// The longest bound.
        cap: Span,
        /// Retries may be at most this share of an instance's calls.
        budget: Share,
    },
}

/// A circuit breaker: opens after failures in a row, lets one call probe after a while.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Breaker {
    /// Failures in a row that open it.
    pub failures: u16,
    /// How long it stays open before a probe.
    pub open_for: Span,
}

/// What happens when a legacy session cannot be migrated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnMigrateFailure {
    /// The legacy session goes on being honoured; the next request tries again.
    HonourLegacy,
    /// The person is logged out.
    LogOut,
}

const VERIFICATIONS: OneOf<Verify> =
    OneOf(&[("locally", Verify::Locally), ("by-call", Verify::ByCall)]);

const FLIGHTS: OneOf<SingleFlight> = OneOf(&[
    ("off", SingleFlight::Off),
    ("per-instance", SingleFlight::PerInstance),
    ("shared", SingleFlight::Shared),
]);

const FAILURES_TO_MIGRATE: OneOf<OnMigrateFailure> = OneOf(&[
    ("honour-legacy", OnMigrateFailure::HonourLegacy),
    ("log-out", OnMigrateFailure::LogOut),
]);

/// Retry policies; also the keys of `[app.retry]`.
pub(super) const RETRIES: Variants = Variants {
    what: "retry policy",
    names: &[
        ("none", "Never."),
        ("immediate", "At once."),
        ("fixed", "After the same wait each time."),
        ("exponential", "After waits that double, without jitter."),
        (
            "full-jitter",
            "After a wait drawn evenly from zero to the doubling bound, within a budget.",
        ),
    ],
};

const INSTANCES: Setting<Count> = setting(
    "instances",
    count(1, 10_000),
    "Instances behind the load balancer; each has its own caches.",
    "4",
    "an assumption",
);

const VERIFY: Setting<OneOf<Verify>> = setting(
    "verify",
    VERIFICATIONS,
    "How Stytch sessions are verified: by signature with cached keys, or by \
     a call for each page load. Legacy access tokens are always verified \
     locally.",
    "locally",
    "what Stytch's SDKs and jose do for session JWTs",
);

const JWKS_CACHE: Setting<Length> = setting(
    "jwks_cache",
    LENGTH,
    "How long an instance keeps a provider's keys.",
    "10m",
    "jose 6, remote key sets",
);

const JWKS_COOLDOWN: Setting<Length> = setting(
    "jwks_cooldown",
    LENGTH,
    "Keys are fetched again for an unknown key id, but not more often than \
     this.",
    "30s",
    "jose 6, remote key sets",
);

const SINGLE_FLIGHT: Setting<OneOf<SingleFlight>> = setting(
    "single_flight",
    FLIGHTS,
    "Who shares one refresh or migration of the same credential: nobody, \
     the requests at one instance, or all (a lock in a shared store).",
    "per-instance",
    "an assumption",
);

const HONOUR_RETRY_AFTER: Setting<Flag> = setting(
    "honour_retry_after",
    Flag,
    "Whether a Retry-After is honoured.",
    "true",
    "RFC 9110, section 10.2.3",
);

const TIMEOUT: Setting<Length> = setting(
    "timeout",
    SOME_LENGTH,
    "The application waits this long for a provider.",
    "10s",
    "the Stytch and Auth0 SDKs' order of magnitude; an assumption",
);

const EXTEND_ON_RENEWAL: Setting<Flag> = setting(
    "extend_on_renewal",
    Flag,
    "Whether renewing a session JWT also extends the session.",
    "true",
    "an assumption: legacy refresh tokens end by idleness as well",
);

const ON_MIGRATE_FAILURE: Setting<OneOf<OnMigrateFailure>> = setting(
    "on_migrate_failure",
    FAILURES_TO_MIGRATE,
    "What happens when a session cannot be migrated now: the legacy session \
     goes on being honoured, or the person is logged out.",
    "honour-legacy",
    "an assumption: both sessions are honoured meanwhile anyway",
);

const CREATE_MISSING: Setting<Flag> = setting(
    "create_missing",
    Flag,
    "Whether a person who is missing in Stytch is created on the way to a \
     migration.",
    "false",
    "Migrate Session creates nobody (Stytch docs); the application would \
     have to",
);

const MIRROR_SIGNUPS: Setting<Flag> = setting(
    "mirror_signups",
    Flag,
    "Whether a sign-up at Stytch also creates a record in the legacy provider.",
    "true",
    "Stytch's zero-downtime guide, rolling deployment",
);

const FLAG_DELAY: Setting<Length> = setting(
    "flag_delay",
    LENGTH,
    "A flag change reaches each instance within this time, evenly spread.",
    "5s",
    "an assumption: streaming or polling flag clients",
);

const LOST_COOKIE: Setting<Percent> = setting(
    "lost_cookie",
    Percent,
    "Share of responses that fail to keep a new cookie on the device.",
    "0%",
    "an assumption",
);

const PROBES: Setting<Percent> = setting(
    "probes",
    Percent,
    "Share of visits beside which the application is shown credentials that must open nothing: \
     expired, forged, another tenant's. They ask no provider.",
    "10%",
    "enough to bound what slips through, at little cost",
);

const SESSION_DURATION: Setting<Length> = setting(
    "session_duration",
    length(Span::from_mins(5), Span::from_mins(527_040)),
    "`session_duration_minutes` asked of Stytch, at migration, login and \
     renewal: 5 minutes to 366 days, in whole minutes.",
    "30d",
    "an assumption: as long as legacy refresh tokens live",
);

const FAILURES: Setting<Count> = setting(
    "failures",
    count(1, 10_000),
    "Failures in a row that open it.",
    "5",
    "an assumption",
);

const OPEN_FOR: Setting<Length> = setting(
    "open_for",
    SOME_LENGTH,
    "How long it stays open before a probe.",
    "10s",
    "an assumption",
);

const WAIT: Setting<Length> = setting("wait", LENGTH, "The wait.", "1s", "an assumption");

const BUDGET: Setting<Percent> = setting(
    "budget",
    Percent,
    "Retries may be at most this share of an instance's calls; the first ten are free.",
    "10%",
    "Google SRE book, chapter 21",
);

const BASE: Setting<Length> = setting(
    "base",
    SOME_LENGTH,
    "The first wait, or its bound.",
    "100ms",
    "an assumption",
);

const CAP: Setting<Length> = setting(
    "cap",
    SOME_LENGTH,
    "The longest wait, or its bound.",
    "5s",
    "an assumption",
);

/// Reads `[app]`.
pub(super) fn read(t: &mut Table<'_>) -> App {
    App {
        instances: t.get(&INSTANCES).value as u16,
        verify: t.get(&VERIFY).value,
        jwks_cache: t.get(&JWKS_CACHE).value,
        jwks_cooldown: t.get(&JWKS_COOLDOWN).value,
        single_flight: t.get(&SINGLE_FLIGHT).value,
        retry: read_retry(t),
        honour_retry_after: t.get(&HONOUR_RETRY_AFTER).value,
        breaker: t
            .maybe(
                "breaker",
                "off",
                "Circuit breaker for each provider and instance; \"off\" for none.",
                "an assumption",
                read_breaker,
            )
            .map(|breaker| breaker.value),
        timeout: t.get(&TIMEOUT).value,
        session_duration: read_session_duration(t),
        extend_on_renewal: t.get(&EXTEND_ON_RENEWAL).value,
        on_migrate_failure: t.get(&ON_MIGRATE_FAILURE).value,
        create_missing: t.get(&CREATE_MISSING).value,
        mirror_signups: t.get(&MIRROR_SIGNUPS).value,
        flag_delay: t.get(&FLAG_DELAY).value,
        lost_cookie: t.get(&LOST_COOKIE).value,
        probes: t.get(&PROBES).value,
    }
}

/// Reads `session_duration`: whole minutes, as Stytch's parameter counts.
fn read_session_duration(t: &mut Table<'_>) -> Span {
    let duration = t.get(&SESSION_DURATION);
    if duration.sound && duration.value.as_micros() % 60_000_000 != 0 {
        let problem = Problem::new(format!(
            "`{}` is not a whole number of minutes",
            t.path("session_duration")
        ))
        .at(&duration.place, "Stytch counts it in minutes")
        .help("leave the seconds out");
        t.problem(problem);
    }
    duration.value
}

fn read_breaker(t: &mut Table<'_>) -> Breaker {
    Breaker {
        failures: t.get(&FAILURES).value as u16,
        open_for: t.get(&OPEN_FOR).value,
    }
}

fn read_retry(t: &mut Table<'_>) -> Retry {
    let doc = "How provider calls that may succeed later (429, 5xx, timeout, broken) \
     are retried: a policy's name, or a table of it with its settings.";
    let default = (
        "full-jitter",
        "AWS SDK, full jitter, with the budget of Google's SRE book, chapter 21",
    );
    t.named("retry", doc, &RETRIES, default, |t, name| match name {
        "none" => Retry::None,
        "immediate" => Retry::Immediate {
            attempts: attempts(t, "5"),
        },
        "fixed" => {
            let attempts = attempts(t, "3");
            let wait = t.get(&WAIT).value;
            Retry::Fixed { attempts, wait }
        }
        "exponential" => {
            let (attempts, base, cap) = (attempts(t, "3"), base(t), cap(t));
            Retry::Exponential {
                attempts,
                base,
                cap,
            }
        }
        _ => {
            let (attempts, base, cap) = (attempts(t, "3"), base(t), cap(t));
            let budget = t.get(&BUDGET).value;
            Retry::FullJitter {
                attempts,
                base,
                cap,
                budget,
            }
        }
    })
}

fn attempts(t: &mut Table<'_>, default: &str) -> u8 {
    let doc = "Calls in all, the first one included.";
    t.key("attempts", count(1, 100), doc)
        .or(
            default,
            "Google SRE book, chapter 21 (three); immediate: an assumption",
        )
        .value as u8
}

fn base(t: &mut Table<'_>) -> Span {
    t.get(&BASE).value
}

/// Reads `cap`, the longest wait.
fn cap(t: &mut Table<'_>) -> Span {
    t.get(&CAP).value
}
