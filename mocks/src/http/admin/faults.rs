//! Faults that are injected while the mocks run, and lifted again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::problem::Problem;
use super::words::{Bucket, Nothing, Target, within};
use crate::auth0;
use crate::fault::{self, FaultKind, FaultPlan};
use crate::share::Share;
use crate::stytch;
use crate::time::{Span, Timestamp};

/// What happens to a call that is hit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// The connection is refused: nothing listens.
    Outage,
    /// An error answer with this status, in the provider's own format.
    Status(#[schemars(range(min = 400, max = 599))] u16),
    /// Throttling told as status 500, as Auth0's token endpoint has been seen to do.
    ThrottledAs500,
    /// The answer comes this many milliseconds later.
    SlowMs(#[schemars(range(min = 0, max = 600_000))] u32),
    /// The connection closes before an answer; the call may have taken effect.
    Dropped,
    /// The answer stops in the middle; the call has taken effect.
    Truncated,
    /// The answer is not JSON though it says so; the call has taken effect.
    Malformed,
    /// An HTML error page with this status, as from a proxy.
    Html(#[schemars(range(min = 400, max = 599))] u16),
    /// Less is let through than usual.
    Limit(Bucket),
}

/// A fault to inject.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewFault {
    /// Which calls.
    target: Target,
    /// What happens to them.
    kind: Kind,
    /// To which share of them, from 0 to 1. Default 1.
    #[serde(default = "all")]
    #[schemars(range(min = 0.0, max = 1.0))]
    share: f64,
    /// In how many seconds it begins, by the mocks' clock. Default 0.
    #[serde(default)]
    #[schemars(range(min = 0, max = 315_360_000))]
    after_s: u32,
    /// For how many seconds it lasts, by the mocks' clock. Default: until it is lifted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 315_360_000))]
    for_s: Option<u32>,
}

const fn all() -> f64 {
    1.0
}

/// A fault that was injected.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub(super) struct Injected {
    /// Its number, to lift it by.
    id: u64,
    /// What was injected.
    fault: NewFault,
}

/// All that were injected and not lifted, in order: where several hit a call, the first one does.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listed {
    faults: Vec<Injected>,
}

/// Which to lift.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    /// Its number; all of them when absent.
    #[schemars(range(min = 1, max = 1_000_000_000_000_u64))]
    id: Option<u64>,
}

/// Faults with their numbers.
#[derive(Debug, Default)]
pub(super) struct Faults {
    injected: Vec<(Injected, Timestamp)>,
    last: u64,
}

/// Faults at once, at most.
const MOST: usize = 1000;

pub(super) fn list(admin: &Admin, _: Nothing) -> Result<Listed, Problem> {
    let faults = admin.faults();
    Ok(Listed {
        faults: faults.injected.iter().map(|(fault, _)| *fault).collect(),
    })
}

pub(super) fn inject(admin: &Admin, fault: NewFault) -> Result<Injected, Problem> {
    // Checks it before anything changes.
    let now = admin.now();
    read(&fault, now)?;
    let mut faults = admin.faults();
    if faults.injected.len() >= MOST {
        return Err(Problem::conflict(format!(
            "{MOST} faults are at work: lift some first (DELETE /faults?id=…)"
        )));
    }
    faults.last += 1;
    let injected = Injected {
        id: faults.last,
        fault,
    };
    faults.injected.push((injected, now));
    apply(admin, &faults)?;
    Ok(injected)
}

pub(super) fn lift(admin: &Admin, which: Which) -> Result<Listed, Problem> {
    let mut faults = admin.faults();
    match which.id {
        None => faults.injected.clear(),
        Some(id) => {
            within("id", id, 1, 1_000_000_000_000)?;
            let before = faults.injected.len();
            faults.injected.retain(|(fault, _)| fault.id != id);
            if faults.injected.len() == before {
                return Err(Problem::missing(format!(
                    "there is no fault {id}: GET /faults lists them"
                )));
            }
        }
    }
    apply(admin, &faults)?;
    Ok(Listed {
        faults: faults.injected.iter().map(|(fault, _)| *fault).collect(),
    })
}

/// Tells both machines. Faults of the start come after those that were injected.
fn apply(admin: &Admin, faults: &Faults) -> Result<(), Problem> {
    let (mut tenant, mut project) = (Vec::new(), Vec::new());
    for (injected, at) in &faults.injected {
        match read(&injected.fault, *at)? {
            Read::Auth0(fault) => tenant.push(fault),
            Read::Stytch(fault) => project.push(fault),
        }
    }
    tenant.extend(admin.blueprint.auth0.faults.faults());
    project.extend(admin.blueprint.stytch.faults.faults());
    admin
        .auth0
        .with_tenant(|machine| machine.set_faults(FaultPlan::new(tenant)));
    admin.stytch.project().set_faults(FaultPlan::new(project));
    Ok(())
}

enum Read {
    Auth0(fault::Fault<auth0::Endpoint>),
    Stytch(fault::Fault<stytch::Endpoint>),
}

fn read(fault: &NewFault, now: Timestamp) -> Result<Read, Problem> {
    let from = now + Span::from_secs(fault.after_s.into());
    let until = fault.for_s.map_or(Timestamp::NEVER, |length| {
        from.saturating_add(Span::from_secs(length.into()))
    });
    within("after_s", fault.after_s, 0, 315_360_000)?;
    within("for_s", fault.for_s.unwrap_or(1), 1, 315_360_000)?;
    let share = Share::new(fault.share)
        .map_err(|_| Problem::bad(format!("`share` is {}; expected 0 to 1", fault.share)))?;
    let kind = read_kind(fault.kind)?;
    Ok(match fault.target {
        Target::Auth0(endpoint) => Read::Auth0(fault::Fault {
            from,
            until,
            endpoint,
            share,
            kind,
        }),
        Target::Stytch(endpoint) => Read::Stytch(fault::Fault {
            from,
            until,
            endpoint,
            share,
            kind,
        }),
    })
}

fn read_kind(kind: Kind) -> Result<FaultKind, Problem> {
    let status = |status| within("status", status, 400, 599).map(|()| status);
    Ok(match kind {
        Kind::Outage => FaultKind::Outage,
        Kind::Status(code) => FaultKind::Status(status(code)?),
        Kind::ThrottledAs500 => FaultKind::ThrottledAs500,
        Kind::SlowMs(ms) => {
            within("slow-ms", ms, 0, 600_000)?;
            FaultKind::Slow(Span::from_millis(ms.into()))
        }
        Kind::Dropped => FaultKind::Dropped,
        Kind::Truncated => FaultKind::Truncated,
        Kind::Malformed => FaultKind::Malformed,
        Kind::Html(code) => FaultKind::Html(status(code)?),
        Kind::Limit(bucket) => FaultKind::Limit(bucket.read()?),
    })
}
