//! How a tenant is set up: lifetimes, rotation, limits, latency, faults; every default with its source.

use super::call::Endpoint;
use super::factors::MfaPolicy;
use crate::capacity::Capacity;
use crate::fault::FaultPlan;
use crate::keys::KeySchedule;
use crate::latency::Latency;
use crate::limit::Rate;
use crate::luck::Luck;
use crate::time::{Span, Timestamp};

/// Settings of a tenant. `Default` is what Auth0 gives a new tenant unless a field says otherwise.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Life of an access token for an API. 24 h (Auth0 docs, access tokens).
    pub access_token_life: Span,
    /// Whether refresh tokens rotate. On, the default of single-page apps (docs, refresh token rotation).
    pub rotation: bool,
    /// How long the previous refresh token of a family may still be used. 0 s (Management API schema).
    pub rotation_leeway: Span,
    /// Refresh tokens end this long after the login, whatever happens. 30 d (docs, refresh token expiration).
    pub refresh_absolute_life: Span,
    /// Refresh tokens end when unused this long. 15 d (published tenant exports; current docs say
    /// 30 d: UNCONFIRMED).
    pub refresh_idle_life: Span,
    /// Single-sign-on sessions end this long after the login. 168 h (Management API schema).
    pub session_absolute_life: Span,
    /// Single-sign-on sessions end when Auth0 does not see them this long. 72 h (same).
    pub session_idle_life: Span,
    /// Life of an authorization code. 10 min (RFC 6749's maximum; Auth0 publishes none: UNCONFIRMED).
    pub code_life: Span,
    /// A login page may stay open this long. 1 h (community announcement of 2023-10-17).
    pub transaction_life: Span,
    /// Whether `UserInfo` refuses the live access token of a blocked or deleted user. Yes (UNCONFIRMED).
    pub userinfo_refuses_blocked: bool,
    /// The tenant's limit over all Authentication API endpoints; none: not limited.
    pub tenant_limit: Option<Rate>,
    /// Limits of single endpoints on top of the tenant's.
    pub endpoint_limits: Vec<(Endpoint, Rate)>,
    /// `UserInfo` per user: 10 at once, 5 a minute, on every plan (docs, rate limit configurations).
    pub userinfo_per_user: Option<Rate>,
    /// Brute-force protection: failed logins from one address for one user until it is blocked. 10
    /// (docs, brute-force protection); none: off.
    pub brute_force_attempts: Option<u32>,
    /// Suspicious-IP throttling: failures one address may make: 100, one more every 864 s (docs); none: off.
    pub suspicious_ip: Option<Rate>,
    /// Sign-ups that one address may make: 50, one more every 1728 s (docs, suspicious IP throttling);
    /// none: off.
    pub suspicious_signups: Option<Rate>,
    /// Logins with a password of one user from one address, good or bad: 20 at once, 10 a minute (docs,
    /// rate limit configurations); none: off.
    pub logins_per_user_and_address: Option<Rate>,
    /// When a second factor is asked for.
    pub mfa: MfaPolicy,
    /// Service time of each endpoint.
    pub latency: Vec<(Endpoint, Latency)>,
    /// Service time of endpoints not listed. p50 40 ms, p99 250 ms (an assumption; measure your tenant).
    pub latency_default: Latency,
    /// How many calls it works on at once, and how many may wait; none: as many as come, as a
    /// provider far below its capacity (neither publishes any: UNCONFIRMED).
    pub capacity: Option<Capacity>,
    /// Signing-key rotations.
    pub keys: KeySchedule,
    /// What goes wrong.
    pub faults: FaultPlan<Endpoint>,
    /// How far the tenant's clock is ahead of true time (negative: behind).
    pub clock_skew: Span,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            access_token_life: Span::from_hours(24),
            rotation: true,
            rotation_leeway: Span::ZERO,
            refresh_absolute_life: Span::from_days(30),
            refresh_idle_life: Span::from_days(15),
            session_absolute_life: Span::from_hours(168),
            session_idle_life: Span::from_hours(72),
            code_life: Span::from_mins(10),
            transaction_life: Span::from_hours(1),
            userinfo_refuses_blocked: true,
            tenant_limit: Some(Rate {
                per_second: 100.0,
                burst: 100,
            }),
            endpoint_limits: Vec::new(),
            userinfo_per_user: Some(Rate {
                per_second: 5.0 / 60.0,
                burst: 10,
            }),
            brute_force_attempts: Some(10),
            suspicious_ip: Some(Rate {
                per_second: 1.0 / 864.0,
                burst: 100,
            }),
            suspicious_signups: Some(Rate {
                per_second: 1.0 / 1728.0,
                burst: 50,
            }),
            logins_per_user_and_address: Some(Rate {
                per_second: 10.0 / 60.0,
                burst: 20,
            }),
            mfa: MfaPolicy::default(),
            latency: Vec::new(),
            latency_default: Latency {
                p50: Span::from_millis(40),
                p99: Span::from_millis(250),
            },
            capacity: None,
            keys: KeySchedule {
                rotations: Vec::new(),
                announces_next: true,
            },
            faults: FaultPlan::default(),
            clock_skew: Span::ZERO,
        }
    }
}

/// The purpose of a call's luck that its service time is drawn with.
const SERVICE_TIME: u64 = 1;

impl Settings {
    /// The modelled service time of a call with this luck, faults apart. Whoever gets no answer at
    /// all from a dropped connection can learn here how long it took.
    pub fn service_time(&self, endpoint: Endpoint, luck: Luck) -> Span {
        let listed = self.latency.iter().find(|(at, _)| *at == endpoint);
        listed
            .map_or(self.latency_default, |(_, latency)| *latency)
            .draw(luck.split(SERVICE_TIME))
    }

    /// An answer to a call with this luck cannot come sooner than this: faults only add to the
    /// service time, but for outages, which refuse at once.
    pub fn soonest_answer(&self, endpoint: Endpoint, at: Timestamp, luck: Luck) -> Span {
        if self.faults.may_refuse_at_once(at, endpoint) {
            Span::ZERO
        } else {
            self.service_time(endpoint, luck)
        }
    }
}
