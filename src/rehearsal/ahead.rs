//! Looks at the people of the next visits together, before they come.
//!
//! What is known of a person lies somewhere in hundreds of megabytes, and each place costs a trip to
//! memory. A processor makes many such trips at once, if they do not depend on each other: reading
//! a line of everybody who comes next costs little more than reading one. It decides nothing.

use std::hint::black_box;

use cutover_mocks::auth0::RefreshToken;
use cutover_mocks::stytch::SessionToken;

use super::Rehearsal;
use super::contract::Verifier;
use crate::population::DeviceId;

/// Visits that are looked at together.
const TOGETHER: usize = 32;

/// What a device holds whose person comes soon: whoever answers for the providers in process may
/// look at it as well.
#[derive(Clone, Copy, Debug)]
pub struct Coming {
    /// A legacy session's refresh token.
    pub refresh: Option<RefreshToken>,
    /// A Stytch session.
    pub session: Option<SessionToken>,
}

impl<V: Verifier> Rehearsal<'_, V> {
    /// What people hold who come next; told once.
    pub fn take_coming(&mut self) -> std::vec::Drain<'_, Coming> {
        self.coming.drain(..)
    }

    /// A planned visit is about to start.
    pub(super) fn look_ahead(&mut self) {
        if self.looked_ahead == 0 {
            self.look_at_next();
            self.looked_ahead = TOGETHER as u32;
        }
        self.looked_ahead -= 1;
    }

    fn look_at_next(&mut self) {
        let mut devices = [DeviceId(0); TOGETHER];
        let (mut count, mut seen) = (0, 0);
        for (place, visit) in devices.iter_mut().zip(self.agenda.coming()) {
            *place = self.population.device_of(visit.person, visit.device);
            seen ^= self.starting.look(visit.person);
            count += 1;
        }
        let devices = &devices[..count];
        for device in devices {
            seen ^= self.population.device(*device).updated.as_micros();
            seen ^= self.devices[device.0 as usize].last_visit.as_micros();
        }
        self.coming.clear();
        for device in devices {
            let pocket = self.devices[device.0 as usize].pocket;
            if pocket.presents() {
                self.coming.push(self.jars.coming(pocket));
            }
        }
        black_box(seen);
    }
}
