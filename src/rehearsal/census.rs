//! The end of a rehearsal: who is where, who was locked out, who did not come back.

use cutover_mocks::time::Timestamp;

use super::Rehearsal;
use super::contract::Verifier;
use super::jar::Standing;
use crate::population::{DeviceId, PersonId};
use crate::recorder::{
    Cohort, FlagShare, Incident, IncidentKind, LockoutCause, LogoutCause, Measure, People,
};

impl<V: Verifier> Rehearsal<'_, V> {
    /// Counts what only the end can tell.
    pub(super) fn take_census(&mut self) -> (People, Vec<FlagShare>) {
        self.cut_off_visits();
        let end = self.now.max(self.plan_end());
        let (people, devices) = self.population.coming();
        let mut census = People {
            people,
            devices,
            sessions_at_start: self.starting.live_sessions(),
            ..People::default()
        };
        for device in &self.devices {
            let jar = self.jars.get(device.pocket);
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

    /// A person is locked out if they tried in vain on some device, and have logged in on none since;
    /// they have abandoned the application if they were logged out on some device and did not come
    /// back to it.
    fn judge_person(&mut self, id: PersonId) {
        let devices = (0..self.population.person(id).device_count())
            .map(|number| self.population.device_of(id, number));
        let mut locked: Option<(Timestamp, DeviceId, LockoutCause, Cohort)> = None;
        let mut gone: Option<(Timestamp, DeviceId, LogoutCause, Cohort)> = None;
        let mut last_login = Timestamp::from_micros(i64::MIN);
        for device in devices {
            let state = &self.devices[device.0 as usize];
            last_login = last_login.max(state.last_login);
            if let Some(lock) = self.locks.get(&device).filter(|lock| lock.shuts_out()) {
                let this = (lock.since, device, lock.cause, lock.cohort);
                locked = Some(locked.map_or(this, |other| other.min(this)));
            } else if let Standing::Out(out) = state.standing
                && out.forced
            {
                let this = (out.since, device, out.cause, out.cohort);
                gone = Some(gone.map_or(this, |other| other.min(this)));
            }
        }
        if let Some((since, device, cause, cohort)) = locked
            && last_login < since
        {
            let kind = IncidentKind::Lockout(cause);
            self.note_at(id, (device, cohort), since, Measure::Lockouts, kind);
        }
        if let Some((since, device, cause, cohort)) = gone {
            let kind = IncidentKind::Abandonment(cause);
            self.note_at(id, (device, cohort), since, Measure::Abandonments, kind);
        }
    }

    fn note_at(
        &mut self,
        id: PersonId,
        (device, cohort): (DeviceId, Cohort),
        at: Timestamp,
        measure: Measure,
        kind: IncidentKind,
    ) {
        let slice = self.slice_of(id, device, at, cohort);
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

    pub(super) fn cut_off_visits(&mut self) {
        let running: Vec<usize> = self.visits.iter().map(|(visit, _)| visit).collect();
        for visit in running {
            let state = &self.visits[visit];
            self.met_login
                .note(state.person, state.ordinal, state.login_pages);
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
