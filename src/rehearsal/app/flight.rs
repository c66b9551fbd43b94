//! Provider calls that several requests share, while they are under way and a moment longer.

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

use cutover_mocks::auth0;
use cutover_mocks::stytch;
use cutover_mocks::time::{Span, Timestamp};
use rustc_hash::FxHashMap;

use super::outcome::Failure;
use super::ruling::Errand;
use crate::population::DeviceId;
use crate::rehearsal::jar::Jar;

/// Which requests may share a provider call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FlightKey {
    device: DeviceId,
    kind: Kind,
    instance: Option<u16>,
    credential: CredentialKey,
}

/// A device has few flights at a time: the rest of the key is compared, not hashed.
impl Hash for FlightKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.device, self.kind as u8).hash(state);
    }
}

/// The kind of a shared call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Refresh,
    Migrate,
    Renew,
    Create,
}

/// Tells presented credentials apart, by what they say: texts that say the same, as those that are
/// issued within one second may, are one credential. Virtual time has no texts to tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct CredentialKey(
    Option<auth0::RefreshToken>,
    Option<auth0::AccessToken>,
    Option<stytch::SessionJwt>,
);

/// How an errand ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Landing {
    Refreshed(auth0::Tokens),
    Session(stytch::Opened),
    /// There is a record now; whether this errand made it.
    Recorded {
        new: bool,
    },
    Failed(Failure),
}

/// What a request finds that wants a shared call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Joined {
    /// Nobody has set out: it must itself, and the others will join it.
    Leads,
    /// The call is under way: it waits.
    Waits,
    /// The call ended a moment ago.
    Landed(Landing),
}

/// Provider calls that several requests share.
#[derive(Debug, Default)]
pub(in crate::rehearsal) struct Flights {
    /// Under way: the requests that wait.
    flying: FxHashMap<FlightKey, Vec<usize>>,
    /// Landed a moment ago, for requests that set out before it did and ask only now.
    landed: FxHashMap<FlightKey, (Timestamp, Landing)>,
    /// The same, in order of time.
    forget: VecDeque<(Timestamp, FlightKey)>,
    /// Empty lists that are used again.
    spare: Vec<Vec<usize>>,
}

/// The result of a shared call can be read for this long, as from the store that holds its lock.
const FLIGHT_MEMORY: Span = Span::from_secs(10);

impl FlightKey {
    /// The key of an errand for what a device presents; the instance where instances do not share.
    pub(super) const fn new(
        device: DeviceId,
        errand: Errand,
        instance: Option<u16>,
        jar: &Jar,
    ) -> Self {
        let kind = match errand {
            Errand::Refresh(_) => Kind::Refresh,
            Errand::Migrate => Kind::Migrate,
            Errand::Renew => Kind::Renew,
            Errand::Create => Kind::Create,
        };
        let (refresh, access) = match jar.legacy {
            Some(cookie) => (
                cookie.refresh,
                Some(auth0::AccessToken {
                    handle: 0,
                    ..cookie.access
                }),
            ),
            None => (None, None),
        };
        let jwt = match jar.stytch {
            Some(cookie) => Some(stytch::SessionJwt {
                handle: 0,
                ..cookie.jwt
            }),
            None => None,
        };
        Self {
            device,
            kind,
            instance,
            credential: CredentialKey(refresh, access, jwt),
        }
    }
}

impl Flights {
    /// A request wants a call.
    pub(super) fn join(&mut self, key: FlightKey, flow: usize, now: Timestamp) -> Joined {
        if let Some((at, landing)) = self.landed.get(&key)
            && now <= *at + FLIGHT_MEMORY
        {
            return Joined::Landed(*landing);
        }
        if let Some(waiting) = self.flying.get_mut(&key) {
            waiting.push(flow);
            return Joined::Waits;
        }
        self.flying
            .insert(key, self.spare.pop().unwrap_or_default());
        Joined::Leads
    }

    /// A call has ended; tells who waited for it. A failure is not remembered: whoever comes later
    /// tries again.
    pub(super) fn land(&mut self, key: FlightKey, landing: Landing, now: Timestamp) -> Vec<usize> {
        while let Some((at, old)) = self
            .forget
            .pop_front_if(|(at, _)| *at + FLIGHT_MEMORY < now)
        {
            // Unless it has landed once more since.
            if self.landed.get(&old).is_some_and(|(last, _)| *last == at) {
                self.landed.remove(&old);
            }
        }
        if !matches!(landing, Landing::Failed(_)) {
            self.landed.insert(key, (now, landing));
            self.forget.push_back((now, key));
        }
        self.flying.remove(&key).unwrap_or_default()
    }

    /// Takes back a list of requests that have been told.
    pub(super) fn told(&mut self, mut waiting: Vec<usize>) {
        waiting.clear();
        self.spare.push(waiting);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MADE: Landing = Landing::Recorded { new: true };

    fn key(device: u32) -> FlightKey {
        FlightKey::new(DeviceId(device), Errand::Create, None, &Jar::default())
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    #[test]
    fn one_leads_others_wait_and_a_latecomer_reads_the_result() {
        let mut flights = Flights::default();
        assert_eq!(flights.join(key(1), 7, at(0)), Joined::Leads);
        assert_eq!(flights.join(key(1), 8, at(1)), Joined::Waits);
        assert_eq!(flights.join(key(2), 9, at(1)), Joined::Leads);
        assert_eq!(flights.land(key(1), MADE, at(2)), [8]);
        assert_eq!(flights.join(key(1), 10, at(3)), Joined::Landed(MADE));
    }

    #[test]
    fn a_result_is_forgotten_even_where_nothing_else_happens() {
        let mut flights = Flights::default();
        flights.join(key(1), 7, at(0));
        flights.land(key(1), MADE, at(2));
        assert_eq!(flights.join(key(1), 8, at(12)), Joined::Landed(MADE));
        assert_eq!(flights.join(key(1), 8, at(13)), Joined::Leads);
    }

    #[test]
    fn a_failure_is_nobody_elses() {
        let mut flights = Flights::default();
        flights.join(key(1), 7, at(0));
        flights.land(key(1), Landing::Failed(Failure::BREAKER), at(1));
        assert_eq!(flights.join(key(1), 8, at(1)), Joined::Leads);
    }

    #[test]
    fn an_older_landing_does_not_make_a_newer_one_forgotten() {
        let mut flights = Flights::default();
        for second in [0, 9] {
            flights.land(key(1), MADE, at(second));
        }
        flights.land(key(2), MADE, at(15));
        assert_eq!(flights.join(key(1), 8, at(16)), Joined::Landed(MADE));
    }
}
