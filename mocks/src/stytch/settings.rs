//! How a project is set up: lifetimes, limits, the open questions of Migrate Session, latency, faults.

use super::call::{Endpoint, Vertical};
use crate::capacity::Capacity;
use crate::fault::FaultPlan;
use crate::keys::KeySchedule;
use crate::latency::Latency;
use crate::luck::Luck;
use crate::time::{Span, Timestamp};

/// A fixed-window limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowLimit {
    /// Calls per window.
    pub calls: u32,
    /// Length of the window, aligned to the clock.
    pub window: Span,
}

/// Settings of a project.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches, each with its own default"
)]
pub struct Settings {
    /// Consumer or B2B.
    pub vertical: Vertical,
    /// Life of a session JWT. 300 s, always (Stytch SDK tests).
    pub jwt_life: Span,
    /// Sessions that a B2B call opens without a duration last this long. 60 min (`OpenAPI`).
    pub default_session: Span,
    /// Whether a consumer migrate without a duration opens a session of `default_session`, as in
    /// Stytch's zero-downtime guide, or none, as in its parameter text. Yes (UNCONFIRMED).
    pub migrate_opens_session_by_default: bool,
    /// HTTP status of the three `migrate_from_external_…` errors. 400 (UNCONFIRMED).
    pub migrate_error_status: u16,
    /// Whether migrate insists on `email_verified`. No (UNCONFIRMED).
    pub migrate_requires_verified_email: bool,
    /// Whether migrate tells letter case of an address apart. No (UNCONFIRMED).
    pub migrate_case_sensitive: bool,
    /// How long migrate waits for `UserInfo`. 5 s (UNCONFIRMED).
    pub userinfo_timeout: Span,
    /// Whether migrating into an organization that requires a second factor asks for one. No: the
    /// answer's schema has no room for it (UNCONFIRMED).
    pub migrate_asks_second_factor: bool,
    /// Whether sending a magic link creates an unknown person. Yes: consumer `login_or_create`; in
    /// B2B it depends on the organization's just-in-time settings.
    pub magic_link_creates: bool,
    /// Whether the project has a `UserInfo` address to migrate with. Yes.
    pub userinfo_configured: bool,
    /// How long a login link is good. 60 min (`OpenAPI`).
    pub login_link_life: Span,
    /// How long a link is good that went to a person it created; consumer only. 7 d (`OpenAPI`).
    pub signup_link_life: Span,
    /// How long an OAuth token is good after the social provider consented. 5 min (UNCONFIRMED).
    pub oauth_token_life: Span,
    /// How long a mailed password reset is good. 30 min (SDK documentation).
    pub reset_life: Span,
    /// How long an intermediate session waits for its second factor. 10 min (`OpenAPI`).
    pub intermediate_life: Span,
    /// How fresh a factor has to be for a password reset by session. 5 min (`OpenAPI`).
    pub fresh_factor: Span,
    /// Whether a first passwordless login at an unproved address makes a password stale until it is
    /// reset, so that nobody keeps one that they set for an address of somebody else. Yes (`OpenAPI`).
    pub passwordless_voids_unproved_password: bool,
    /// How long an invitation is good. 7 d (`OpenAPI`).
    pub invite_life: Span,
    /// How long an authenticator app waits for its first code. 24 h (`OpenAPI`).
    pub totp_life: Span,
    /// How long an impersonated session lasts. 60 min, always (`OpenAPI`).
    pub impersonation: Span,
    /// Messages to one address or number. 1 per second (Stytch docs, rate limits).
    pub mails_per_person: Option<WindowLimit>,
    /// Consecutive failures until a person is locked. 10 (Stytch docs, user locks).
    pub lock_after: u32,
    /// How long a lock lasts. 1 h (same).
    pub lock_for: Span,
    /// Limit over all calls of the project; Stytch publishes none (UNCONFIRMED), so none.
    pub project_limit: Option<WindowLimit>,
    /// Limits of single endpoints.
    pub endpoint_limits: Vec<(Endpoint, WindowLimit)>,
    /// Whether a 429 carries `Retry-After`. No (Stytch documents none).
    pub retry_after: bool,
    /// Service time of each endpoint; migrate's is without the `UserInfo` call inside it.
    pub latency: Vec<(Endpoint, Latency)>,
    /// Service time of endpoints not listed. p50 50 ms, p99 300 ms (an assumption; measure your project).
    pub latency_default: Latency,
    /// How many calls it works on at once, and how many may wait; none: as many as come, as a
    /// provider far below its capacity (neither publishes any: UNCONFIRMED).
    pub capacity: Option<Capacity>,
    /// Signing-key rotations.
    pub keys: KeySchedule,
    /// What goes wrong.
    pub faults: FaultPlan<Endpoint>,
    /// How far the project's clock is ahead of true time (negative: behind).
    pub clock_skew: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            vertical: Vertical::Consumer,
            jwt_life: Span::from_secs(300),
            default_session: Span::from_mins(60),
            migrate_opens_session_by_default: true,
            migrate_error_status: 400,
            migrate_requires_verified_email: false,
            migrate_case_sensitive: false,
            userinfo_timeout: Span::from_secs(5),
            migrate_asks_second_factor: false,
            magic_link_creates: true,
            userinfo_configured: true,
            login_link_life: Span::from_mins(60),
            signup_link_life: Span::from_days(7),
            oauth_token_life: Span::from_mins(5),
            reset_life: Span::from_mins(30),
            intermediate_life: Span::from_mins(10),
            fresh_factor: Span::from_mins(5),
            passwordless_voids_unproved_password: true,
            invite_life: Span::from_days(7),
            totp_life: Span::from_hours(24),
            impersonation: Span::from_mins(60),
            mails_per_person: Some(WindowLimit {
                calls: 1,
                window: Span::from_secs(1),
            }),
            lock_after: 10,
            lock_for: Span::from_hours(1),
            project_limit: None,
            endpoint_limits: Vec::new(),
            retry_after: false,
            latency: Vec::new(),
            latency_default: Latency {
                p50: Span::from_millis(50),
                p99: Span::from_millis(300),
            },
            capacity: None,
            keys: KeySchedule {
                rotations: Vec::new(),
                announces_next: false,
            },
            faults: FaultPlan::default(),
            clock_skew: Span::ZERO,
        }
    }
}

impl Settings {
    /// The service time of an endpoint, faults apart.
    pub(super) fn latency_of(&self, endpoint: Endpoint) -> Latency {
        let listed = self.latency.iter().find(|(at, _)| *at == endpoint);
        listed.map_or(self.latency_default, |(_, latency)| *latency)
    }

    /// An answer to a call with this luck cannot come sooner than this: faults only add to the
    /// service time, but for outages, which refuse at once.
    pub fn soonest_answer(&self, endpoint: Endpoint, at: Timestamp, luck: Luck) -> Span {
        if self.faults.may_refuse_at_once(at, endpoint) {
            Span::ZERO
        } else {
            self.latency_of(endpoint)
                .draw(luck.split(super::gate::LATENCY))
        }
    }
}
