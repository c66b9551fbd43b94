//! What the scenario lets go wrong at the providers, and when.

use cutover_mocks::fault::{FaultKind, FaultPlan};
use cutover_mocks::{auth0, stytch};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{During, Moment};
use crate::scenario::Providers;

/// A fault that the scenario plans.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedFault {
    /// What it hits: an endpoint, or `auth0` or `stytch` for all of a provider's.
    pub hits: String,
    /// What happens, in words.
    pub what: String,
    /// The share of calls it hits, from 0 to 1.
    pub share: f64,
    /// When it acts.
    pub during: During,
}

/// All of them, in order of time.
pub(super) fn faults(providers: &Providers) -> Vec<PlannedFault> {
    let mut faults = planned("auth0", &providers.auth0.faults, auth0::Endpoint::name);
    faults.extend(planned(
        "stytch",
        &providers.stytch.faults,
        stytch::Endpoint::name,
    ));
    faults.sort_by_key(|fault| (fault.during.from, fault.during.until));
    faults
}

fn planned<Endpoint: Copy + PartialEq>(
    provider: &str,
    plan: &FaultPlan<Endpoint>,
    name: fn(Endpoint) -> &'static str,
) -> Vec<PlannedFault> {
    plan.faults()
        .iter()
        .map(|fault| PlannedFault {
            hits: fault
                .endpoint
                .map_or_else(|| provider.to_owned(), |endpoint| name(endpoint).to_owned()),
            what: what(fault.kind),
            share: fault.share.get(),
            during: During {
                from: Moment::new(fault.from),
                until: Moment::new(fault.until),
            },
        })
        .collect()
}

fn what(kind: FaultKind) -> String {
    match kind {
        FaultKind::Outage => "does not answer".to_owned(),
        FaultKind::Status(status) => format!("answers {status}"),
        FaultKind::ThrottledAs500 => "throttles with status 500".to_owned(),
        FaultKind::Slow(by) => format!("is {by} slower"),
        FaultKind::Dropped => "closes connections".to_owned(),
        FaultKind::Truncated => "cuts its answers short".to_owned(),
        FaultKind::Malformed => "answers with broken JSON".to_owned(),
        FaultKind::Html(status) => format!("answers {status} with a page of HTML"),
        FaultKind::Limit(rate) => format!("lets through only {}/s", rate.per_second),
    }
}
