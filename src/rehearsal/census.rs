//! The end of a rehearsal: who is where, who was locked out, who did not come back.

use cutover_mocks::time::Timestamp;

use super::Rehearsal;
use super::contract::Verifier;
use super::jar::{Lock, Standing};
use crate::population::{DeviceId, PersonId};
use crate::recorder::{
    Cohort, FlagShare, Incident, IncidentKind, LockoutCause, LogoutCause, Measure, People,
};

impl<V: Verifier> Rehearsal<'_, V> {
    /// Counts what only the end can tell.
    pub(super) fn take_census(&mut self) -> (People, Vec<FlagShare>) {
        self.cut_off_visits();
        let end = self.now.max(self.plan_end());
        let mut census = People {
            people: self.population.people().len() as u64,
            devices: self.devices.len() as u64,
            sessions_at_start: self.starting.live_sessions(),
            ..People::default()
        };
        for device in &self.devices {
            let jar = device.pocket.jar();
            let live_stytch = jar
                .stytch
                .is_some_and(|cookie| cookie.jwt.session_expires > end);
            let live_legacy = jar
                .legacy
                .is_some_and(|cookie| cookie.is_live(self.scenario, end));
            census.devices_seen += u64::from(device.seen);
            census.on_stytch_at_end += u64::from(live_stytch);
            census.on_legacy_at_end += u64::from(live_legacy && !live_stytch);
            let forced_out = matches!(device.standing, Standing::Out(out) if out.forced);
            census.still_out_at_end += u64::from(forced_out);
        }
        for number in 0..self.population.people().len() as u32 {
            self.judge_person(PersonId(number));
        }
        (census, self.flag_shares())
    }

    /// A person is locked out if they last tried in vain on some device, and has abandoned the
    /// application if they were logged out on some device and did not come back to it.
    fn judge_person(&mut self, id: PersonId) {
        let devices = (0..self.population.person(id).device_count())
            .map(|number| self.population.device_of(id, number));
        let mut locked: Option<(Timestamp, DeviceId, LockoutCause)> = None;
        let mut gone: Option<(Timestamp, DeviceId, LogoutCause)> = None;
        for device in devices {
            let state = &self.devices[device.0 as usize];
            if let Some(Lock { since, cause, .. }) = state.lock.filter(|lock| lock.shuts_out()) {
                locked = Some(locked.map_or((since, device, cause), |other| {
                    other.min((since, device, cause))
                }));
            } else if let Standing::Out(out) = state.standing
                && out.forced
            {
                gone = Some(gone.map_or((out.since, device, out.cause), |other| {
                    other.min((out.since, device, out.cause))
                }));
            }
        }
        if let Some((since, device, cause)) = locked {
            self.note_at(
                id,
                device,
                since,
                Measure::Lockouts,
                IncidentKind::Lockout(cause),
            );
        }
        if let Some((since, device, cause)) = gone {
            self.note_at(
                id,
                device,
                since,
                Measure::Abandonments,
                IncidentKind::Abandonment(cause),
            );
        }
    }

    fn note_at(
        &mut self,
        id: PersonId,
        device: DeviceId,
        at: Timestamp,
        measure: Measure,
        kind: IncidentKind,
    ) {
        let slice = self.slice_of(id, device, at, Cohort::Moved);
        self.recorder.add(measure, at, slice, 1);
        let number = self.population.number_of(device);
        self.recorder.incident(
            Incident {
                at,
                person: id.0,
                device: number,
                kind,
            },
            slice,
        );
    }

    fn cut_off_visits(&mut self) {
        let running: Vec<usize> = self.visits.iter().map(|(visit, _)| visit).collect();
        for visit in running {
            self.count(Measure::VisitsCutOff, visit);
        }
    }

    fn plan_end(&self) -> Timestamp {
        if self.next_event_is_beyond_end() {
            self.scenario.time.end()
        } else {
            self.now
        }
    }

    fn next_event_is_beyond_end(&self) -> bool {
        self.next_day >= self.population.days(self.scenario)
    }

    /// The flag's configured share against its real one, at each step.
    fn flag_shares(&self) -> Vec<FlagShare> {
        let Some(rolling) = self.plan.rolling() else {
            return Vec::new();
        };
        rolling
            .steps
            .iter()
            .map(|step| {
                let at = self.scenario.time.start + step.at;
                let (on, keys) = self.real_share(at, rolling.key);
                FlagShare {
                    at,
                    configured: self.plan.share(at).get(),
                    on,
                    keys,
                }
            })
            .collect()
    }
}
