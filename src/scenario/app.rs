//! The application's session middleware: how it verifies, calls, retries and gives up.

use cutover_mocks::share::Share;
use cutover_mocks::time::Span;

use super::kind::OneOf;
use super::problem::Problem;
use super::reader::{Table, Variants};
use super::scalar::{Flag, LENGTH, Percent, SOME_LENGTH, count, length};

/// The application.
#[derive(Clone, Debug, PartialEq)]
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

const VERIFY: OneOf<Verify> = OneOf(&[("locally", Verify::Locally), ("by-call", Verify::ByCall)]);

const SINGLE_FLIGHT: OneOf<SingleFlight> = OneOf(&[
    ("off", SingleFlight::Off),
    ("per-instance", SingleFlight::PerInstance),
    ("shared", SingleFlight::Shared),
]);

const ON_MIGRATE_FAILURE: OneOf<OnMigrateFailure> = OneOf(&[
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

/// Reads `[app]`.
pub(super) fn read(t: &mut Table<'_>) -> App {
    App {
        instances: t
            .key(
                "instances",
                count(1, 10_000),
                "Instances behind the load balancer; each has its own caches.",
            )
            .or("4", "an assumption")
            .value as u16,
        verify: t
            .key(
                "verify",
                VERIFY,
                "How Stytch sessions are verified: by signature with cached keys, or by \
            a call for each page load. Legacy access tokens are always verified \
            locally.",
            )
            .or("locally", "what Stytch's SDKs and jose do for session JWTs")
            .value,
        jwks_cache: t
            .key(
                "jwks_cache",
                LENGTH,
                "How long an instance keeps a provider's keys.",
            )
            .or("10m", "jose 6, remote key sets")
            .value,
        jwks_cooldown: t
            .key(
                "jwks_cooldown",
                LENGTH,
                "Keys are fetched again for an unknown key id, but not more often than \
            this.",
            )
            .or("30s", "jose 6, remote key sets")
            .value,
        single_flight: t
            .key(
                "single_flight",
                SINGLE_FLIGHT,
                "Who shares one refresh or migration of the same credential: nobody, \
            the requests at one instance, or all (a lock in a shared store).",
            )
            .or("per-instance", "an assumption")
            .value,
        retry: read_retry(t),
        honour_retry_after: t
            .key(
                "honour_retry_after",
                Flag,
                "Whether a Retry-After is honoured.",
            )
            .or("true", "RFC 9110, section 10.2.3")
            .value,
        breaker: t
            .maybe(
                "breaker",
                "off",
                "Circuit breaker for each provider and instance; \"off\" for none.",
                "an assumption",
                read_breaker,
            )
            .map(|breaker| breaker.value),
        timeout: t
            .key(
                "timeout",
                SOME_LENGTH,
                "The application waits this long for a provider.",
            )
            .or(
                "10s",
                "the Stytch and Auth0 SDKs' order of magnitude; an assumption",
            )
            .value,
        session_duration: read_session_duration(t),
        extend_on_renewal: t
            .key(
                "extend_on_renewal",
                Flag,
                "Whether renewing a session JWT also extends the session.",
            )
            .or(
                "true",
                "an assumption: legacy refresh tokens end by idleness as well",
            )
            .value,
        on_migrate_failure: t
            .key(
                "on_migrate_failure",
                ON_MIGRATE_FAILURE,
                "What happens when a session cannot be migrated now: the legacy session \
            goes on being honoured, or the person is logged out.",
            )
            .or(
                "honour-legacy",
                "an assumption: both sessions are honoured meanwhile anyway",
            )
            .value,
        create_missing: t
            .key(
                "create_missing",
                Flag,
                "Whether a person who is missing in Stytch is created on the way to a \
            migration.",
            )
            .or(
                "false",
                "Migrate Session creates nobody (Stytch docs); the application would \
            have to",
            )
            .value,
        mirror_signups: t
            .key(
                "mirror_signups",
                Flag,
                "Whether a sign-up at Stytch also creates a record in the legacy provider.",
            )
            .or("true", "Stytch's zero-downtime guide, rolling deployment")
            .value,
        flag_delay: t
            .key(
                "flag_delay",
                LENGTH,
                "A flag change reaches each instance within this time, evenly spread.",
            )
            .or("5s", "an assumption: streaming or polling flag clients")
            .value,
        lost_cookie: t
            .key(
                "lost_cookie",
                Percent,
                "Share of responses that fail to keep a new cookie on the device.",
            )
            .or("0%", "an assumption")
            .value,
    }
}

/// Reads `session_duration`: whole minutes, as Stytch's parameter counts.
fn read_session_duration(t: &mut Table<'_>) -> Span {
    let shortest = Span::from_mins(5);
    let longest = Span::from_mins(527_040);
    let duration = t
        .key(
            "session_duration",
            length(shortest, longest),
            "`session_duration_minutes` asked of Stytch, at migration, login and \
            renewal: 5 minutes to 366 days, in whole minutes.",
        )
        .or(
            "30d",
            "an assumption: as long as legacy refresh tokens live",
        );
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
        failures: t
            .key(
                "failures",
                count(1, 10_000),
                "Failures in a row that open it.",
            )
            .or("5", "an assumption")
            .value as u16,
        open_for: t
            .key(
                "open_for",
                SOME_LENGTH,
                "How long it stays open before a probe.",
            )
            .or("10s", "an assumption")
            .value,
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
            let wait = t
                .key("wait", LENGTH, "The wait.")
                .or("1s", "an assumption")
                .value;
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
            let budget = t
                .key(
                    "budget",
                    Percent,
                    "Retries may be at most this share of an instance's calls.",
                )
                .or("10%", "Google SRE book, chapter 21")
                .value;
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
    t.key("base", SOME_LENGTH, "The first wait, or its bound.")
        .or("100ms", "an assumption")
        .value
}

/// Reads `cap`, the longest wait.
fn cap(t: &mut Table<'_>) -> Span {
    t.key("cap", SOME_LENGTH, "The longest wait, or its bound.")
        .or("5s", "an assumption")
        .value
}
