//! What stands before and behind every call's own logic: faults, limits, service time.

use super::call::{Endpoint, Error, Stamp};
use super::settings::{Settings, WindowLimit};
use crate::answer::{Answer, Breakage, Outcome, Refusal};
use crate::capacity::{Capacity, Full, Line};
use crate::fault::{FaultKind, FaultPlan};
use crate::latency::Latency;
use crate::limit::{Allows, FixedWindow, LimitUse, Limited, Pressure, Rate, Verdict};
use crate::luck::Luck;
use crate::time::{Span, Timestamp};

/// Purposes of one call's luck.
const FAULT: u64 = 1;
pub(super) const LATENCY: u64 = 2;
const EFFECT: u64 = 3;

/// What a call is told when the line is full.
const OVERLOADED: No = Refusal {
    status: 503,
    error: Error::Injected(503),
    retry_after: None,
};

/// A "no" on its way out.
pub(super) type No = Refusal<Error>;

/// Faults, limits and latencies of a project, with what they remember.
#[derive(Clone, Debug)]
pub(super) struct Gate {
    faults: FaultPlan<Endpoint>,
    /// One window for each fault; only those of [`FaultKind::Limit`] are used.
    fault_windows: Vec<FixedWindow>,
    project_limit: Option<Watched>,
    endpoint_limits: Vec<(Endpoint, Watched)>,
    capacity: Option<Capacity>,
    line: Line,
    retry_after: bool,
    latencies: [Latency; Endpoint::ALL.len()],
    clock_skew: Span,
}

/// A limit with its window, and how close calls have come to it.
#[derive(Clone, Copy, Debug)]
struct Watched {
    limit: WindowLimit,
    window: FixedWindow,
    pressure: Pressure,
}

impl Watched {
    fn new(limit: WindowLimit) -> Self {
        Self {
            limit,
            window: FixedWindow::default(),
            pressure: Pressure::default(),
        }
    }

    fn take(&mut self, skew: Span, at: Timestamp) -> Result<(), Span> {
        let verdict = judge(&mut self.window, Some(self.limit), skew, at)?;
        self.pressure.note(verdict, self.limit.calls, at);
        passes(verdict)
    }

    const fn in_use(&self, limited: Limited<Endpoint>) -> LimitUse<Endpoint> {
        LimitUse {
            limited,
            allows: Allows::Window {
                calls: self.limit.calls,
                length: self.limit.window,
            },
            pressure: self.pressure,
        }
    }
}

/// A call that may pass, and what becomes of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    pub(super) endpoint: Endpoint,
    /// The project's service time.
    pub(super) service: Span,
    /// How long it waits in line for a free worker.
    pub(super) wait: Span,
    /// A fault's delay on top.
    delay: Span,
    /// How a fault breaks the answer of a call that has taken effect.
    breakage: Option<Breakage>,
}

/// A call that ends before its logic runs, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stop {
    end: End,
    took: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    Refused(No),
    Broken(Breakage),
}

impl Gate {
    pub(super) fn new(settings: &Settings) -> Self {
        let latency = |endpoint| settings.latency_of(endpoint);
        let fresh = FixedWindow::default();
        Self {
            faults: settings.faults.clone(),
            fault_windows: vec![fresh; settings.faults.faults().len()],
            project_limit: settings.project_limit.map(Watched::new),
            endpoint_limits: settings
                .endpoint_limits
                .iter()
                .map(|&(endpoint, limit)| (endpoint, Watched::new(limit)))
                .collect(),
            capacity: settings.capacity,
            line: Line::default(),
            retry_after: settings.retry_after,
            latencies: Endpoint::ALL.map(latency),
            clock_skew: settings.clock_skew,
        }
    }

    /// Takes limits over; their windows start empty.
    pub(super) fn set_limits(&mut self, settings: &Settings) {
        let fresh = Self::new(settings);
        self.project_limit = fresh.project_limit;
        self.endpoint_limits = fresh.endpoint_limits;
        self.retry_after = fresh.retry_after;
    }

    pub(super) fn set_latency(&mut self, settings: &Settings) {
        self.latencies = Endpoint::ALL.map(|endpoint| settings.latency_of(endpoint));
    }

    pub(super) fn set_faults(&mut self, settings: &Settings) {
        self.faults = settings.faults.clone();
        self.fault_windows = vec![FixedWindow::default(); self.faults.faults().len()];
    }

    pub(super) fn set_capacity(&mut self, capacity: Option<Capacity>) {
        self.capacity = capacity;
        self.line = Line::default();
    }

    pub(super) fn set_clock_skew(&mut self, skew: Span) {
        self.clock_skew = skew;
    }

    /// The project's own idea of the time.
    pub(super) fn clock(&self, at: Timestamp) -> Timestamp {
        at + self.clock_skew
    }

    /// Whether a call may pass.
    pub(super) fn admit(&mut self, stamp: Stamp, endpoint: Endpoint) -> Result<Pass, Stop> {
        let service = self.latencies[endpoint as usize].draw(stamp.luck.split(LATENCY));
        let mut pass = Pass {
            endpoint,
            service,
            wait: Span::ZERO,
            delay: Span::ZERO,
            breakage: None,
        };
        let stop = |end, took| Err(Stop { end, took });
        let hit = self.faults.hit(stamp.at, endpoint, stamp.luck.split(FAULT));
        match hit {
            None => {}
            Some((_, FaultKind::Outage)) => {
                return stop(End::Broken(Breakage::Refused), Span::ZERO);
            }
            Some((_, FaultKind::Status(status))) => {
                let no = Refusal {
                    status,
                    error: Error::Injected(status),
                    retry_after: None,
                };
                return stop(End::Refused(no), service);
            }
            Some((_, FaultKind::ThrottledAs500)) => {
                let no = Refusal {
                    status: 500,
                    error: Error::RateLimited,
                    retry_after: None,
                };
                return stop(End::Refused(no), service);
            }
            Some((_, FaultKind::Html(status))) => {
                return stop(End::Broken(Breakage::Html(status)), service);
            }
            Some((_, FaultKind::Slow(delay))) => pass.delay = delay,
            Some((_, FaultKind::Dropped)) if !takes_effect(stamp.luck) => {
                return stop(End::Broken(Breakage::Dropped), service);
            }
            Some((_, FaultKind::Dropped)) => pass.breakage = Some(Breakage::Dropped),
            Some((_, FaultKind::Truncated)) => pass.breakage = Some(Breakage::Truncated),
            Some((_, FaultKind::Malformed)) => pass.breakage = Some(Breakage::Malformed),
            Some((place, FaultKind::Limit(rate))) => {
                let window = &mut self.fault_windows[place];
                if let Err(wait) = take(window, lowered(rate), self.clock_skew, stamp.at) {
                    return stop(End::Refused(self.throttled(wait)), service);
                }
            }
        }
        if let Err(wait) = self.count(stamp.at, endpoint) {
            return stop(End::Refused(self.throttled(wait)), service);
        }
        if let Some(capacity) = self.capacity {
            match self.line.enter(capacity, stamp.at, service) {
                Ok(wait) => pass.wait = wait,
                Err(Full) => return stop(End::Refused(OVERLOADED), service),
            }
        }
        Ok(pass)
    }

    /// Counts a call against the limits of its endpoint and of the project.
    fn count(&mut self, at: Timestamp, endpoint: Endpoint) -> Result<(), Span> {
        for (covered, watched) in &mut self.endpoint_limits {
            if *covered == endpoint {
                watched.take(self.clock_skew, at)?;
            }
        }
        match &mut self.project_limit {
            Some(watched) => watched.take(self.clock_skew, at),
            None => Ok(()),
        }
    }

    /// Every limit, and how close calls have come to it.
    pub(super) fn limits_in_use(&self) -> Vec<LimitUse<Endpoint>> {
        let project = self.project_limit.iter();
        let project = project.map(|watched| watched.in_use(Limited::All));
        let endpoints = self.endpoint_limits.iter();
        let endpoints =
            endpoints.map(|(endpoint, watched)| watched.in_use(Limited::Endpoint(*endpoint)));
        project.chain(endpoints).collect()
    }

    /// `too_many_requests`, with what `Retry-After` says where the project sends one.
    pub(super) fn throttled(&self, wait: Span) -> No {
        let retry_after = self.retry_after.then_some(wait);
        Refusal {
            status: 429,
            error: Error::RateLimited,
            retry_after,
        }
    }
}

impl Pass {
    /// The answer as it leaves; `elsewhere` is time spent outside the project.
    pub(super) fn out<R>(self, result: Result<R, No>, elsewhere: Span) -> Answer<R, Error> {
        let outcome = match (self.breakage, result) {
            (Some(breakage), _) => Outcome::Broken(breakage),
            (None, Ok(reply)) => Outcome::Served(reply),
            (None, Err(no)) => Outcome::Refused(no),
        };
        Answer {
            outcome,
            took: self.wait + self.service + self.delay + elsewhere,
        }
    }
}

impl Stop {
    /// The answer as it leaves.
    pub(super) fn out<R>(self) -> Answer<R, Error> {
        let outcome = match self.end {
            End::Refused(no) => Outcome::Refused(no),
            End::Broken(breakage) => Outcome::Broken(breakage),
        };
        Answer {
            outcome,
            took: self.took,
        }
    }
}

/// Whether a call whose connection is dropped had taken effect: as often as not.
fn takes_effect(luck: Luck) -> bool {
    luck.split(EFFECT).below(2) == 0
}

/// Counts one call; says how long to wait if there is no room. `None` lets nothing through.
pub(super) fn take(
    window: &mut FixedWindow,
    limit: Option<WindowLimit>,
    skew: Span,
    at: Timestamp,
) -> Result<(), Span> {
    passes(judge(window, limit, skew, at)?)
}

fn judge(
    window: &mut FixedWindow,
    limit: Option<WindowLimit>,
    skew: Span,
    at: Timestamp,
) -> Result<Verdict, Span> {
    let Some(limit) = limit.filter(|limit| limit.window > Span::ZERO) else {
        return Err(Span::from_secs(1));
    };
    Ok(window.take(limit.calls, limit.window, at + skew))
}

const fn passes(verdict: Verdict) -> Result<(), Span> {
    if verdict.allowed {
        Ok(())
    } else {
        Err(verdict.full_in)
    }
}

/// A rate as Stytch would enforce it: `burst` calls in each window of the length that keeps the
/// rate. None where the rate lets nothing through.
fn lowered(rate: Rate) -> Option<WindowLimit> {
    if rate.per_second <= 0.0 || rate.burst == 0 {
        return None;
    }
    let window = Span::from_secs_f64(f64::from(rate.burst) / rate.per_second);
    Some(WindowLimit {
        calls: rate.burst,
        window,
    })
}
