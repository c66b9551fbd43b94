//! How an errand ended, and what that means for the requests that waited for it.

use super::flight::Landing;
use super::flow::Flow;
use super::outcome::Failure;
use super::ruling::Errand;
use crate::recorder::{IncidentKind, LogoutCause, Measure, Record};
use crate::rehearsal::Rehearsal;
use crate::rehearsal::contract::Verifier;
use crate::rehearsal::jar::{Jar, StytchCookie};
use crate::rehearsal::visitor::visit::Answered;

impl<V: Verifier> Rehearsal<'_, V> {
    /// An errand has ended: it goes on for the request that asked and for all that joined it.
    pub(super) fn land(&mut self, flow: usize, landing: Landing) {
        let now = self.now;
        let joined = self
            .flight_key(flow)
            .map(|key| self.flights.land(key, landing, now));
        self.note_landing(flow, &landing);
        self.apply(flow, landing);
        if let Some(joined) = joined {
            for flow in &joined {
                self.apply(*flow, landing);
            }
            self.flights.told(joined);
        }
    }

    /// Writes down what an errand led to, once for all requests that share it.
    fn note_landing(&mut self, flow: usize, landing: &Landing) {
        let Flow { visit, errand, .. } = self.flows[flow];
        match (errand, landing) {
            (Some(Errand::Migrate), Landing::Session(_)) => self.note_migrated(visit),
            (Some(Errand::Migrate), Landing::Failed(failure)) => {
                self.incident(visit, IncidentKind::MigrationFailed(failure.cause));
            }
            (Some(Errand::Create), Landing::Recorded { new: true }) => {
                let person = self.population.person(self.visits[visit].person);
                if person.record == Record::OtherAddress {
                    self.note_duplicate(visit);
                } else {
                    self.count(Measure::CreatedAccounts, visit);
                    self.incident(visit, IncidentKind::CreatedAccount);
                }
            }
            _ => {}
        }
    }

    /// What an errand's end means for one request.
    pub(super) fn apply(&mut self, flow: usize, landing: Landing) {
        let Flow {
            visit, errand, jar, ..
        } = self.flows[flow];
        match (errand, landing) {
            (Some(Errand::Migrate | Errand::Renew), Landing::Session(opened)) => {
                let cookie = match (errand, jar.stytch) {
                    (Some(Errand::Renew), Some(cookie)) => cookie.renewed(opened),
                    _ => StytchCookie::opened(opened, self.now),
                };
                self.flows[flow].past.renewed = true;
                self.flows[flow].jar = Jar {
                    legacy: None,
                    stytch: Some(cookie),
                };
                self.set_stytch_cookie(visit, cookie, errand == Some(Errand::Migrate));
                self.consider(flow);
            }
            (Some(Errand::Refresh(_)), Landing::Refreshed(tokens)) => {
                let legacy = jar.legacy.map(|cookie| cookie.refreshed(tokens));
                self.flows[flow].jar.legacy = legacy;
                self.flows[flow].past.refreshed = true;
                if let Some(cookie) = legacy {
                    self.set_legacy_cookie(visit, cookie);
                }
                self.consider(flow);
            }
            (Some(Errand::Create), landing) => {
                let past = &mut self.flows[flow].past;
                past.created = true;
                if let Landing::Recorded { .. } = landing {
                    past.migrate_failed = None;
                }
                self.consider(flow);
            }
            (Some(Errand::Migrate), Landing::Failed(failure)) => {
                self.flows[flow].past.migrate_failed = Some(failure.cause);
                self.consider(flow);
            }
            (Some(Errand::Refresh(_)), Landing::Failed(failure)) if !failure.transient => {
                let cause = self.why_refresh_refused(failure, &jar);
                self.finish_flow(flow, Answered::LoginPage(Some(cause)));
            }
            (Some(Errand::Renew), Landing::Failed(failure)) if !failure.transient => {
                let cause = self.why_session_ended(failure, visit, &jar);
                self.finish_flow(flow, Answered::LoginPage(Some(cause)));
            }
            _ => self.finish_flow(flow, Answered::Error),
        }
    }

    /// The tenant does not say why it refuses a refresh token; the rehearsal knows.
    fn why_refresh_refused(&self, failure: Failure, jar: &Jar) -> LogoutCause {
        if !failure.ended {
            return LogoutCause::ProviderFailed;
        }
        let Some(cookie) = jar.legacy else {
            return LogoutCause::LegacySessionEnded;
        };
        if cookie.stale {
            LogoutCause::LostCookie
        } else if cookie.is_live(self.scenario, self.now) {
            LogoutCause::RefreshRace
        } else {
            LogoutCause::RefreshExpired
        }
    }

    /// A password reset ends all of a person's sessions at Stytch, on their other devices too.
    fn why_session_ended(&self, failure: Failure, visit: usize, jar: &Jar) -> LogoutCause {
        if !failure.ended {
            return LogoutCause::ProviderFailed;
        }
        let reset = self.resets.get(&self.visits[visit].person);
        let was_reset =
            reset.is_some_and(|at| jar.stytch.is_some_and(|cookie| cookie.opened < *at));
        if was_reset {
            LogoutCause::PasswordReset
        } else {
            LogoutCause::StytchSessionEnded
        }
    }
}
