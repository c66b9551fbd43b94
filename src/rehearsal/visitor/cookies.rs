//! What happens to a device's cookies: kept, lost, cleared; and whether an answer was rightly given.

use cutover_mocks::time::Span;

use super::login::Credential;
use crate::dice::Stream;
use crate::population::DeviceId;
use crate::recorder::{IncidentKind, Measure, Operation, Via, WrongAdmission};
use crate::rehearsal::Rehearsal;
use crate::rehearsal::contract::{CLOCK_LEEWAY, Verifier};
use crate::rehearsal::jar::{Jar, LegacyCookie, Pocket, StytchCookie};

/// On the strength of what somebody was answered with data.
#[derive(Clone, Copy, Debug)]
pub(in crate::rehearsal) struct Admitted {
    /// Whose session it was.
    pub(in crate::rehearsal) via: Via,
    /// What was presented, as renewed on the way.
    pub(in crate::rehearsal) jar: Jar,
    /// Whether the provider has just confirmed the session in a call.
    pub(in crate::rehearsal) confirmed: bool,
}

/// Browsers that forget, forget after this long without a visit (`WebKit`'s seven days).
const FORGETS_AFTER: Span = Span::from_days(7);

impl<V: Verifier> Rehearsal<'_, V> {
    /// The jar that a visit's requests present.
    pub(in crate::rehearsal) fn jar(&self, visit: usize) -> Jar {
        self.jars.get(self.pocket(visit))
    }

    /// Where the jar of a visit is.
    fn pocket(&self, visit: usize) -> Pocket {
        let state = &self.visits[visit];
        if state.shape.private {
            state.private
        } else {
            self.devices[state.device.0 as usize].pocket
        }
    }

    /// Whether a visit's requests present any credential.
    pub(in crate::rehearsal) fn presents(&self, visit: usize) -> bool {
        self.pocket(visit).presents()
    }

    /// Changes the jar that a visit's requests present.
    fn change_jar(&mut self, visit: usize, change: impl FnOnce(&mut Jar)) {
        let state = &mut self.visits[visit];
        if state.shape.private {
            let mut jar = self.jars.get(state.private);
            change(&mut jar);
            self.jars.put(&mut state.private, jar);
        } else {
            let device = state.device;
            self.change_device_jar(device, change);
        }
    }

    /// Changes the jar that stays on a device.
    fn change_device_jar(&mut self, device: DeviceId, change: impl FnOnce(&mut Jar)) {
        let pocket = &mut self.devices[device.0 as usize].pocket;
        let mut jar = self.jars.get(*pocket);
        let before = jar.holding(self.scenario);
        change(&mut jar);
        self.jars.put(pocket, jar);
        let after = jar.holding(self.scenario);
        self.recorder.sessions_changed(self.now, before, after);
    }

    /// A device that has not been used for long may have forgotten its cookies.
    pub(super) fn forget_cookies(&mut self, device: DeviceId) {
        let state = &mut self.devices[device.0 as usize];
        if self.population.device(device).forgets && self.now - state.last_visit > FORGETS_AFTER {
            state.moved = false;
            self.change_device_jar(device, |jar| *jar = Jar::default());
        }
    }

    /// A response clears the session.
    pub(super) fn clear_cookies(&mut self, visit: usize) {
        self.change_jar(visit, |jar| *jar = Jar::default());
    }

    /// Whether the cookie of a response does not stay.
    fn loses_cookie(&self, visit: usize) -> bool {
        let lost = self.scenario.app.lost_cookie;
        let state = &self.visits[visit];
        let place = u64::from(state.ordinal) << 16 | u64::from(state.calls.iter().sum::<u16>());
        lost.get() > 0.0 && lost.falls(self.dice.luck(Stream::Cookie, state.person.0, place))
    }

    /// A response hands out a Stytch session, in place of a legacy one if it was migrated.
    pub(in crate::rehearsal) fn set_stytch_cookie(
        &mut self,
        visit: usize,
        cookie: StytchCookie,
        migrated: bool,
    ) {
        if self.loses_cookie(visit) {
            return;
        }
        self.change_jar(visit, |jar| {
            jar.stytch = Some(cookie);
            if migrated {
                jar.legacy = None;
            }
        });
        if migrated {
            self.visits[visit].page_migrated();
        }
    }

    /// A response hands out new legacy tokens.
    pub(in crate::rehearsal) fn set_legacy_cookie(&mut self, visit: usize, cookie: LegacyCookie) {
        let lost = self.loses_cookie(visit);
        self.change_jar(visit, |jar| {
            if !lost {
                jar.legacy = Some(cookie);
            } else if let Some(kept) = &mut jar.legacy {
                kept.stale = kept.refresh != cookie.refresh;
            }
        });
    }

    /// A login hands out a session.
    pub(super) fn set_credential(&mut self, visit: usize, credential: Credential) {
        self.change_jar(visit, |jar| {
            *jar = match credential {
                Credential::Legacy(cookie) => Jar {
                    legacy: Some(cookie),
                    stytch: None,
                },
                Credential::Stytch(cookie) => Jar {
                    legacy: None,
                    stytch: Some(cookie),
                },
            };
        });
    }

    /// A legacy session was traded for a Stytch session.
    pub(in crate::rehearsal) fn note_migrated(&mut self, visit: usize) {
        self.progress.migrated += 1;
        self.count(Measure::SilentMigrations, visit);
        self.incident(visit, IncidentKind::Migrated);
        let device = &mut self.devices[self.visits[visit].device.0 as usize];
        if !std::mem::replace(&mut device.migrated, true) {
            self.count(Measure::DevicesMigrated, visit);
        }
    }

    /// Checks that answers with data were rightly given: to the person whose credential it is, and
    /// within its life. What a session's provider has just confirmed need not be within its JWT's.
    pub(in crate::rehearsal) fn check_admissions(
        &mut self,
        visit: usize,
        admitted: &Admitted,
        answers: u64,
    ) {
        self.count_many(Measure::AdmissionChecks, visit, answers);
        if let Some(wrong) = self.wrong(visit, admitted) {
            self.count_many(Measure::WronglyAdmitted, visit, answers);
            self.incident(visit, IncidentKind::WronglyAdmitted(wrong));
        }
    }

    /// Why an answer with data was not rightly given; none if it was.
    pub(in crate::rehearsal) fn wrong(
        &self,
        visit: usize,
        admitted: &Admitted,
    ) -> Option<WrongAdmission> {
        let person = self.visits[visit].person;
        let ended = |expires| self.now > expires + CLOCK_LEEWAY;
        match admitted.via {
            Via::Auth0 => {
                let access = admitted.jar.legacy?.access;
                if self.starting.is_subject(person, access.subject) {
                    ended(access.expires).then_some(WrongAdmission::Expired)
                } else {
                    Some(WrongAdmission::AnotherPerson)
                }
            }
            Via::Stytch => {
                let cookie = admitted.jar.stytch?;
                if !person.owns(cookie.email) {
                    Some(WrongAdmission::AnotherPerson)
                } else if cookie.jwt.org != self.organization(visit) {
                    Some(WrongAdmission::AnotherTenant)
                } else {
                    (!admitted.confirmed && ended(cookie.jwt.expires))
                        .then_some(WrongAdmission::Expired)
                }
            }
        }
    }

    /// Writes down how long a login took, without the person's own time.
    pub(super) fn note_login_time(&mut self, spent: Span) {
        self.recorder
            .took(Operation::Login, self.now, spent, self.pace);
    }
}
