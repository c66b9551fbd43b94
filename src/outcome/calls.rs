//! Calls to the providers: how many, what came back, the busiest second, and the limits in force.

use std::collections::BTreeMap;

use cutover_mocks::fault::{FaultKind, FaultPlan};
use cutover_mocks::limit::Rate;
use cutover_mocks::stytch::settings::WindowLimit;
use cutover_mocks::{auth0, stytch};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Ledgers, Moment};
use crate::recorder::{Peak, Recording};
use crate::scenario::Providers;

/// Calls to one endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndpointCalls {
    /// The endpoint: `auth0.userinfo`.
    pub endpoint: String,
    /// Calls in all.
    pub calls: u64,
    /// Calls by status as their callers saw it; 0: none came; 599: timed out.
    pub by_status: BTreeMap<u16, u64>,
    /// The busiest second; absent when nothing says which it was.
    pub peak: Option<PeakCalls>,
    /// The limits in force.
    pub limits: Vec<CallLimit>,
    /// Whether Stytch called it, within Migrate Session: then the counts are the tenant's own, and
    /// the peak is that of Migrate Session unless the recording has one.
    pub called_by_stytch: bool,
}

/// The busiest second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeakCalls {
    /// Calls in it.
    pub per_second: u64,
    /// When it was.
    pub at: Moment,
}

/// A limit on calls.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallLimit {
    /// Which calls share it.
    pub scope: Scope,
    /// How much it lets through.
    pub allows: Allowance,
    /// When it is in force; always, when absent.
    pub during: Option<During>,
}

/// A stretch of scenario time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct During {
    /// Its first moment.
    pub from: Moment,
    /// The first moment after it.
    pub until: Moment,
}

/// Which calls share a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Those to this endpoint.
    Endpoint,
    /// All that the provider takes.
    Provider,
    /// Those to this endpoint for one person.
    Person,
}

/// How much a limit lets through.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Allowance {
    /// A token bucket.
    Bucket {
        /// Calls per second in the long run.
        per_second: f64,
        /// Calls at once.
        burst: u32,
    },
    /// A window aligned to the clock.
    Window {
        /// Calls in a window.
        calls: u32,
        /// Its length, in microseconds.
        window_us: i64,
    },
}

impl PeakCalls {
    pub(super) fn of(peak: Peak) -> Option<Self> {
        (peak.per_second > 0).then(|| Self {
            per_second: peak.per_second,
            at: Moment::new(peak.at),
        })
    }
}

/// All endpoints that were called, the tenant's first.
pub(super) fn calls(
    recording: &Recording,
    ledgers: Option<Ledgers<'_>>,
    providers: &Providers,
) -> Vec<EndpointCalls> {
    let auth0 = auth0::Endpoint::ALL.into_iter().map(|endpoint| {
        let seen = by_status(&recording.auth0_calls, endpoint);
        let told = ledgers
            .map(|ledgers| by_status(&ledgers.auth0.calls, endpoint))
            .unwrap_or_default();
        let called_by_stytch = endpoint == auth0::Endpoint::UserInfo && total(&told) > total(&seen);
        let peak = recording.auth0_peaks.get(&endpoint).copied().or_else(|| {
            called_by_stytch
                .then(|| {
                    recording
                        .stytch_peaks
                        .get(&stytch::Endpoint::Migrate)
                        .copied()
                })
                .flatten()
        });
        let by_status = if called_by_stytch { told } else { seen };
        EndpointCalls {
            endpoint: endpoint.name().to_owned(),
            calls: total(&by_status),
            by_status,
            peak: peak.and_then(PeakCalls::of),
            limits: auth0_limits(&providers.auth0, endpoint),
            called_by_stytch,
        }
    });
    let stytch = stytch::Endpoint::ALL.into_iter().map(|endpoint| {
        let by_status = by_status(&recording.stytch_calls, endpoint);
        EndpointCalls {
            endpoint: endpoint.name().to_owned(),
            calls: total(&by_status),
            by_status,
            peak: recording
                .stytch_peaks
                .get(&endpoint)
                .copied()
                .and_then(PeakCalls::of),
            limits: stytch_limits(&providers.stytch, endpoint),
            called_by_stytch: false,
        }
    });
    auth0
        .chain(stytch)
        .filter(|endpoint| endpoint.calls > 0)
        .collect()
}

/// Calls to one endpoint by status.
pub(super) fn by_status<Endpoint: Copy + PartialEq>(
    calls: &BTreeMap<(Endpoint, u16), u64>,
    endpoint: Endpoint,
) -> BTreeMap<u16, u64> {
    let to_it = calls
        .iter()
        .filter(|((at, _), count)| *at == endpoint && **count > 0);
    to_it
        .map(|(&(_, status), &count)| (status, count))
        .collect()
}

fn total(by_status: &BTreeMap<u16, u64>) -> u64 {
    by_status.values().sum()
}

fn auth0_limits(settings: &auth0::Settings, endpoint: auth0::Endpoint) -> Vec<CallLimit> {
    use auth0::Endpoint::{Management, Other, UserInfo};
    let own = settings
        .endpoint_limits
        .iter()
        .filter(|(limited, _)| *limited == endpoint);
    let mut limits: Vec<CallLimit> = own
        .map(|(_, rate)| always(Scope::Endpoint, bucket(*rate)))
        .collect();
    // The Management API and what is not modelled are not part of the Authentication API's limit.
    if !matches!(endpoint, Management | Other) {
        limits.extend(
            settings
                .tenant_limit
                .map(|rate| always(Scope::Provider, bucket(rate))),
        );
    }
    if endpoint == UserInfo {
        limits.extend(
            settings
                .userinfo_per_user
                .map(|rate| always(Scope::Person, bucket(rate))),
        );
    }
    limits.extend(injected(&settings.faults, endpoint));
    limits
}

fn stytch_limits(settings: &stytch::Settings, endpoint: stytch::Endpoint) -> Vec<CallLimit> {
    let own = settings
        .endpoint_limits
        .iter()
        .filter(|(limited, _)| *limited == endpoint);
    let mut limits: Vec<CallLimit> = own
        .map(|(_, limit)| always(Scope::Endpoint, window(*limit)))
        .collect();
    limits.extend(
        settings
            .project_limit
            .map(|limit| always(Scope::Provider, window(limit))),
    );
    limits.extend(injected(&settings.faults, endpoint));
    limits
}

const fn always(scope: Scope, allows: Allowance) -> CallLimit {
    CallLimit {
        scope,
        allows,
        during: None,
    }
}

const fn bucket(rate: Rate) -> Allowance {
    Allowance::Bucket {
        per_second: rate.per_second,
        burst: rate.burst,
    }
}

const fn window(limit: WindowLimit) -> Allowance {
    Allowance::Window {
        calls: limit.calls,
        window_us: limit.window.as_micros(),
    }
}

/// Limits that a fault imposes on an endpoint for a while.
fn injected<Endpoint: Copy + PartialEq>(
    plan: &FaultPlan<Endpoint>,
    endpoint: Endpoint,
) -> impl Iterator<Item = CallLimit> {
    plan.faults()
        .iter()
        .filter_map(move |fault| match (fault.kind, fault.endpoint) {
            (FaultKind::Limit(rate), hit) if hit.is_none_or(|hit| hit == endpoint) => {
                Some(CallLimit {
                    scope: if hit.is_some() {
                        Scope::Endpoint
                    } else {
                        Scope::Provider
                    },
                    allows: bucket(rate),
                    during: Some(During {
                        from: Moment::new(fault.from),
                        until: Moment::new(fault.until),
                    }),
                })
            }
            _ => None,
        })
}
