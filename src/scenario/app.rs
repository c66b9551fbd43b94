//! The application's session middleware: how it verifies, calls, retries and gives up.

use cutover_mocks::share::Share;
use cutover_mocks::time::Span;

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
