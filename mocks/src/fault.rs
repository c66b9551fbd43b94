//! What goes wrong at a provider, when, and for which of its endpoints.

use crate::limit::Rate;
use crate::luck::Luck;
use crate::share::Share;
use crate::time::{Span, Timestamp};

/// One fault, from a moment until another.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fault<Endpoint> {
    /// First moment at which it acts.
    pub from: Timestamp,
    /// First moment at which it no longer acts.
    pub until: Timestamp,
    /// The endpoint it hits; all of them when absent.
    pub endpoint: Option<Endpoint>,
    /// The share of calls it hits.
    pub share: Share,
    /// What happens to a call that is hit.
    pub kind: FaultKind,
}

/// What happens to a call that a fault hits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum FaultKind {
    /// The connection is refused: nothing listens.
    Outage,
    /// An error answer with this status, in the provider's own format.
    Status(u16),
    /// Throttling that is told as HTTP 500 with the throttling body, as Auth0's token endpoint has
    /// been seen to do.
    ThrottledAs500,
    /// The answer comes this much later.
    Slow(Span),
    /// The connection closes before an answer; the call may have taken effect.
    Dropped,
    /// The answer stops in the middle; the call has taken effect.
    Truncated,
    /// The answer is not JSON though it says so; the call has taken effect.
    Malformed,
    /// An HTML error page with this status, as from a proxy; the call has no effect.
    Html(u16),
    /// The provider lets through less than its plan says.
    Limit(Rate),
}

/// The faults of one provider, in the order in which the scenario gives them.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultPlan<Endpoint> {
    faults: Vec<Fault<Endpoint>>,
}

impl<Endpoint> Default for FaultPlan<Endpoint> {
    fn default() -> Self {
        Self { faults: Vec::new() }
    }
}

impl<Endpoint: Copy + PartialEq> FaultPlan<Endpoint> {
    /// A plan of these faults; where several act at once the first one that hits wins.
    pub fn new(faults: Vec<Fault<Endpoint>>) -> Self {
        Self { faults }
    }

    /// All faults, in order.
    pub fn faults(&self) -> &[Fault<Endpoint>] {
        &self.faults
    }

    /// Whether a call to an endpoint may be refused without any service time at a moment.
    pub fn may_refuse_at_once(&self, now: Timestamp, endpoint: Endpoint) -> bool {
        self.faults.iter().any(|fault| {
            fault.kind == FaultKind::Outage
                && fault.from <= now
                && now < fault.until
                && fault.endpoint.is_none_or(|hit| hit == endpoint)
        })
    }

    /// The fault that hits this call, with its place in the plan; limits hit every call they cover.
    pub fn hit(
        &self,
        now: Timestamp,
        endpoint: Endpoint,
        luck: Luck,
    ) -> Option<(usize, FaultKind)> {
        self.faults.iter().enumerate().find_map(|(place, fault)| {
            let acts = fault.from <= now
                && now < fault.until
                && fault.endpoint.is_none_or(|hit| hit == endpoint)
                && fault.share.falls(luck.split(place as u64));
            acts.then_some((place, fault.kind))
        })
    }
}
