//! What the flag says about a visit, and what the strategy makes of it.

use cutover_mocks::share::Share;
use cutover_mocks::stytch::OrgId;
use cutover_mocks::time::Timestamp;

use super::Rehearsal;
use super::contract::Verifier;
use super::jar::Jar;
use super::visitor::visit::Visit;
use crate::population::{DeviceId, PersonId, VisitShape};
use crate::recorder::{AppVersion, Cohort, FailureCause, IncidentKind, Measure, Slice};
use crate::scenario::cutover::{FlagKey, Rolling};
use crate::strategy::flag::{Bucket, Evaluator};
use crate::strategy::{Legacy, Mode};

/// A visit's buckets: for a request of somebody known and of somebody unknown, by both evaluators.
#[derive(Clone, Copy, Debug)]
pub(super) struct Buckets {
    known: [Bucket; 2],
    unknown: [Bucket; 2],
}

impl Buckets {
    /// The buckets of a visit under such a rollout.
    pub(super) fn of(
        rolling: &Rolling,
        person: PersonId,
        device: DeviceId,
        shape: &VisitShape,
        ordinal: u32,
    ) -> Self {
        let cookie = || {
            if shape.private {
                format!("private-{}-{ordinal}", person.0)
            } else {
                format!("cookie-{}", device.0)
            }
        };
        let unknown = match rolling.key {
            FlagKey::User | FlagKey::Cookie => cookie(),
            FlagKey::Address => format!("address-{}", shape.address),
            FlagKey::Geography => format!("region-{}", shape.region),
            FlagKey::Organization => match shape.organization {
                Some(number) => format!("organization-{number}"),
                None => cookie(),
            },
        };
        // Hashing is dear: a second evaluator is asked only where one runs.
        let disagree = rolling.skewed_evaluators.get() > 0.0;
        let both = |key: &str| {
            let agreed = Bucket::of(Evaluator::Agreed, key);
            let other = disagree.then(|| Bucket::of(Evaluator::Skewed, key));
            [agreed, other.unwrap_or(agreed)]
        };
        let unknown = both(&unknown);
        let known = match rolling.key {
            FlagKey::User => both(&format!("user-{}", person.0)),
            FlagKey::Cookie | FlagKey::Address | FlagKey::Geography | FlagKey::Organization => {
                unknown
            }
        };
        Self { known, unknown }
    }

    fn on(&self, known: bool, evaluator: Evaluator, share: Share) -> bool {
        let buckets = if known { &self.known } else { &self.unknown };
        buckets[evaluator as usize].is_on(share)
    }
}

/// Which app a device has; browsers have been current for ever.
fn app_at(at: Timestamp, updated: Timestamp) -> AppVersion {
    if at >= updated {
        AppVersion::Current
    } else {
        AppVersion::Old
    }
}

impl Visit {
    /// The slice that it counts in at a time, in the mode of the first instance.
    pub(super) fn slice_at(&self, at: Timestamp, mode: Mode) -> Slice {
        Slice {
            app: app_at(at, self.updated),
            cohort: if mode.moved() {
                Cohort::Moved
            } else {
                Cohort::Waiting
            },
            ..self.slice
        }
    }
}

impl<V: Verifier> Rehearsal<'_, V> {
    /// What an instance does at a time for a visit; `known` is whether the request presents a credential.
    pub(super) fn mode(&self, visit: usize, instance: u16, known: bool, now: Timestamp) -> Mode {
        let instance = &self.instances[usize::from(instance)];
        self.mode_of(visit, instance.evaluator, known, instance.view(now))
    }

    /// What an instance with this flag evaluator does that sees the plan as of a time.
    pub(super) fn mode_of(
        &self,
        visit: usize,
        evaluator: Evaluator,
        known: bool,
        view: Timestamp,
    ) -> Mode {
        let state = &self.visits[visit];
        self.plan.mode(view, |share| {
            let sticky = self.plan.rolling().is_some_and(|rolling| rolling.sticky);
            let moved = if state.shape.private {
                state.private_moved
            } else {
                self.devices[state.device.0 as usize].moved
            };
            let remembered = sticky && moved;
            let on = state
                .buckets
                .is_some_and(|buckets| buckets.on(known, evaluator, share));
            remembered || on
        })
    }

    /// A visit's request has presented what it has: notes whom the flag has moved, and who comes back.
    pub(super) fn note_presented(&mut self, visit: usize, instance: u16) {
        let jar = self.jar(visit);
        if !jar.presents() {
            return;
        }
        let mode = self.mode(visit, instance, true, self.now);
        if self.visits[visit].shape.private {
            self.visits[visit].private_moved = mode.moved();
            return;
        }
        self.note_eligible(visit, &jar, mode);
        // An instance that a change has not reached yet is a cause by itself.
        let view = self.instances[usize::from(instance)].view(self.now);
        let behind = self.plan.rolling().is_none() || self.plan.changed_between(view, self.now);
        let rolled_back = self.plan.rolled_back_at().is_some_and(|at| self.now >= at);
        let device = &mut self.devices[self.visits[visit].device.0 as usize];
        device.seen = true;
        // A visit that needs nobody's word runs ahead of others on the same device: what it has seen
        // later counts.
        if self.now < device.noted {
            return;
        }
        device.noted = self.now;
        let was_moved = std::mem::replace(&mut device.moved, mode.moved());
        if was_moved && !mode.moved() && !rolled_back && !behind {
            self.count(Measure::FlipsBack, visit);
            self.incident(visit, IncidentKind::FlippedBack);
        }
    }

    /// Whether a further page of a visit, in the same mode as the one before it, changes nothing of
    /// what is noted of its device; only the time is.
    pub(super) fn stays_as_noted(&mut self, visit: usize, mode: Mode) -> bool {
        let state = &self.visits[visit];
        if state.shape.private {
            return state.private_moved == mode.moved();
        }
        let device = &mut self.devices[state.device.0 as usize];
        let stays = device.seen && device.moved == mode.moved();
        if stays {
            device.noted = device.noted.max(self.now);
        }
        stays
    }

    /// Notes a device that presents a live legacy session which is to be migrated, once.
    fn note_eligible(&mut self, visit: usize, jar: &Jar, mode: Mode) {
        let id = self.visits[visit].device;
        // An old app cannot keep a Stytch session: its legacy one is honoured.
        let eligible = mode.legacy == Legacy::Migrate
            && self.now >= self.population.device(id).updated
            && jar
                .legacy
                .is_some_and(|cookie| cookie.is_live(self.scenario, self.now));
        let device = &mut self.devices[id.0 as usize];
        if !eligible || std::mem::replace(&mut device.eligible, true) {
            return;
        }
        self.count(Measure::MigrationsEligible, visit);
        if self.needs_unmapped_organization(visit) {
            // The application cannot even ask: there is no organization to name.
            self.count(Measure::MigrationAttempts, visit);
            let cause = FailureCause::OrganizationNotMapped;
            self.incident(visit, IncidentKind::MigrationFailed(cause));
        }
    }

    /// The organization that a visit is about, as Stytch knows it.
    pub(super) fn organization(&self, visit: usize) -> Option<OrgId> {
        self.visits[visit]
            .shape
            .organization
            .and_then(|number| self.starting.organization(number))
    }

    /// The slice that a visit counts in now.
    pub(super) fn slice(&self, visit: usize) -> Slice {
        let mode = self.mode(visit, 0, self.presents(visit), self.now);
        self.visits[visit].slice_at(self.now, mode)
    }

    /// The slice of a person's device at a time.
    pub(super) fn slice_of(
        &self,
        id: PersonId,
        device: DeviceId,
        at: Timestamp,
        cohort: Cohort,
    ) -> Slice {
        let person = self.population.person(id);
        let device = self.population.device(device);
        Slice {
            platform: device.platform,
            app: app_at(at, device.updated),
            record: person.record,
            organization: self.population.size_of(person),
            cohort,
        }
    }

    /// The share of keys that the flag was on for at each of its steps.
    pub(super) fn real_share(&self, at: Timestamp, key: FlagKey) -> (u64, u64) {
        let share = self.plan.share(at);
        let buckets: Vec<Bucket> = match key {
            FlagKey::User => {
                let people = 0..self.population.people().len();
                people
                    .map(|number| Bucket::of(Evaluator::Agreed, &format!("user-{number}")))
                    .collect()
            }
            FlagKey::Cookie => {
                let devices = 0..self.population.devices().len();
                devices
                    .map(|number| Bucket::of(Evaluator::Agreed, &format!("cookie-{number}")))
                    .collect()
            }
            FlagKey::Address => {
                let mut homes: Vec<u32> = self
                    .population
                    .people()
                    .iter()
                    .map(|person| person.home)
                    .collect();
                homes.sort_unstable();
                homes.dedup();
                homes
                    .iter()
                    .map(|home| Bucket::of(Evaluator::Agreed, &format!("address-{home}")))
                    .collect()
            }
            FlagKey::Geography => {
                let regions = 0..self.scenario.population.devices.regions.len();
                regions
                    .map(|number| Bucket::of(Evaluator::Agreed, &format!("region-{number}")))
                    .collect()
            }
            FlagKey::Organization => {
                let organizations = 0..self.population.organizations().len();
                organizations
                    .map(|number| Bucket::of(Evaluator::Agreed, &format!("organization-{number}")))
                    .collect()
            }
        };
        (
            buckets.iter().filter(|bucket| bucket.is_on(share)).count() as u64,
            buckets.len() as u64,
        )
    }
}
