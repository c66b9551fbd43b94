//! What every call meets before its logic: faults, limits, the line; and what is said in its place.

use super::call::{Endpoint, Error, Stamp};
use super::tenant::Tenant;
use crate::answer::{Breakage, Refusal};
use crate::capacity::Full;
use crate::fault::FaultKind;
use crate::luck::Luck;
use crate::time::Span;

/// Purposes of a call's luck; 1 is the service time's.
const FAULT: u64 = 0;
const EFFECT: u64 = 2;

/// How a call is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) struct Admission {
    /// Whether the logic is run: what breaks an answer need not keep the call from taking effect.
    pub(crate) works: bool,
    /// What the caller is told instead of what the logic says.
    pub(crate) instead: Option<Instead>,
    /// The modelled service time.
    pub(crate) took: Span,
}

/// An answer that is not the logic's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instead {
    Refused(Refusal<Error>),
    Broken(Breakage),
}

impl Tenant {
    /// Lets a call in, or not. Whoever is let in runs the logic and then counts the status that the
    /// caller is told.
    pub(crate) fn admit(&mut self, stamp: Stamp, endpoint: Endpoint) -> Admission {
        let service = self.settings.service_time(endpoint, stamp.luck);
        self.limits.begin_call();
        let fault = self
            .settings
            .faults
            .hit(stamp.at, endpoint, stamp.luck.split(FAULT));
        let Some((place, kind)) = fault else {
            return self.pass_limits(stamp, endpoint, service);
        };
        match kind {
            FaultKind::Limit(rate) => {
                if self.limits.admit_fault(place, rate, stamp.at) {
                    self.pass_limits(stamp, endpoint, service)
                } else {
                    Admission::refused(endpoint, Error::RateLimited, service)
                }
            }
            FaultKind::Outage => Admission {
                works: false,
                instead: Some(Instead::Broken(Breakage::Refused)),
                took: Span::ZERO,
            },
            FaultKind::Status(status) => Admission {
                works: false,
                instead: Some(Instead::Refused(Refusal {
                    status,
                    error: Error::Injected(status),
                    retry_after: None,
                })),
                took: service,
            },
            FaultKind::ThrottledAs500 => {
                Admission::refused(endpoint, Error::RateLimitedAs500, service)
            }
            FaultKind::Slow(by) => {
                let admission = self.pass_limits(stamp, endpoint, service);
                Admission {
                    took: admission.took + by,
                    ..admission
                }
            }
            FaultKind::Dropped => {
                let admission = if takes_effect(stamp.luck) {
                    self.pass_limits(stamp, endpoint, service)
                } else {
                    Admission::closed(service)
                };
                Admission {
                    took: service,
                    ..admission.broken(Breakage::Dropped)
                }
            }
            FaultKind::Truncated => self
                .pass_limits(stamp, endpoint, service)
                .broken(Breakage::Truncated),
            FaultKind::Malformed => self
                .pass_limits(stamp, endpoint, service)
                .broken(Breakage::Malformed),
            FaultKind::Html(status) => Admission::closed(service).broken(Breakage::Html(status)),
        }
    }

    /// Counts a call that was admitted by the status that its caller is told.
    pub(crate) fn count(&mut self, endpoint: Endpoint, status: u16) {
        self.ledger.count(endpoint, status);
    }

    /// Limits and the line; with the time that it takes.
    fn pass_limits(&mut self, stamp: Stamp, endpoint: Endpoint, service: Span) -> Admission {
        if !self.limits.admit(endpoint, stamp.at) {
            return Admission::refused(endpoint, Error::RateLimited, service);
        }
        let Some(capacity) = self.settings.capacity else {
            return Admission::open(service);
        };
        match self.line.enter(capacity, stamp.at, service) {
            Ok(wait) => Admission::open(wait + service),
            Err(Full) => Admission::refused(endpoint, Error::Injected(503), service),
        }
    }
}

/// A dropped connection is as likely to go before the call has taken effect as after.
fn takes_effect(luck: Luck) -> bool {
    luck.split(EFFECT).unit() < 0.5
}

impl Admission {
    const fn open(took: Span) -> Self {
        Self {
            works: true,
            instead: None,
            took,
        }
    }

    const fn closed(took: Span) -> Self {
        Self {
            works: false,
            instead: None,
            took,
        }
    }

    /// A refusal with the status that tells the error at this endpoint. Auth0 sends no `Retry-After`
    /// for the limits that are modelled here (only for custom per-client policies).
    const fn refused(endpoint: Endpoint, error: Error, took: Span) -> Self {
        Self {
            works: false,
            instead: Some(Instead::Refused(Refusal {
                status: error.status(endpoint),
                error,
                retry_after: None,
            })),
            took,
        }
    }

    const fn broken(self, breakage: Breakage) -> Self {
        Self {
            instead: Some(Instead::Broken(breakage)),
            ..self
        }
    }
}
