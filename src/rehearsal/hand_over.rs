//! Handing a rehearsal over to other providers: what devices hold, exchanged for the like of it there.
//!
//! The application and the people notice nothing: how old sessions are and when they end stays as it
//! was, only the tokens are of another provider's.

use std::collections::BTreeSet;

use cutover_mocks::auth0::{AccessToken, RefreshToken};
use cutover_mocks::keys::KeySet;
use cutover_mocks::stytch::{SessionJwt, SessionToken};
use cutover_mocks::time::Timestamp;

use super::Rehearsal;
use super::contract::Verifier;
use crate::population::{DeviceId, PersonId};
use crate::recorder::Via;

/// What a device holds of the legacy provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldLegacy {
    /// The access token.
    pub access: AccessToken,
    /// The refresh token.
    pub refresh: Option<RefreshToken>,
}

/// What a device holds of Stytch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldSession {
    /// The session token.
    pub token: SessionToken,
    /// The session JWT.
    pub jwt: SessionJwt,
}

/// What a device holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which device.
    pub device: DeviceId,
    /// Whose it is.
    pub person: PersonId,
    /// The legacy session.
    pub legacy: Option<HeldLegacy>,
    /// The Stytch session.
    pub stytch: Option<HeldSession>,
}

impl<V: Verifier> Rehearsal<'_, V> {
    /// People who are in the middle of a visit: nothing of theirs can be handed over now.
    pub fn visiting(&self) -> BTreeSet<PersonId> {
        self.visits.iter().map(|(_, visit)| visit.person).collect()
    }

    /// What the devices of these people hold; those that hold nothing are left out.
    pub fn held(&self, people: &BTreeSet<PersonId>) -> Vec<Held> {
        let devices = self.population.devices().iter().zip(&self.devices);
        devices
            .enumerate()
            .filter(|(_, (device, state))| {
                people.contains(&device.person) && state.pocket.presents()
            })
            .map(|(index, (device, state))| {
                let jar = self.jars.get(state.pocket);
                Held {
                    device: DeviceId(index as u32),
                    person: device.person,
                    legacy: jar.legacy.map(|cookie| HeldLegacy {
                        access: cookie.access,
                        refresh: cookie.refresh,
                    }),
                    stytch: jar.stytch.map(|cookie| HeldSession {
                        token: cookie.token,
                        jwt: cookie.jwt,
                    }),
                }
            })
            .collect()
    }

    /// Exchanges what a device holds for the like of it. What it does not hold stays so.
    pub fn exchange(&mut self, held: Held) {
        let Some(state) = self.devices.get_mut(held.device.0 as usize) else {
            return;
        };
        let mut jar = self.jars.get(state.pocket);
        if let (Some(cookie), Some(other)) = (&mut jar.legacy, held.legacy) {
            cookie.access = other.access;
            cookie.refresh = other.refresh;
        }
        if let (Some(cookie), Some(other)) = (&mut jar.stytch, held.stytch) {
            cookie.token = other.token;
            cookie.jwt = other.jwt;
        }
        self.jars.put(&mut state.pocket, jar);
    }

    /// Gives all instances of the application a provider's keys, as if fetched at this moment.
    pub fn give_keys(&mut self, via: Via, set: KeySet, now: Timestamp) {
        for instance in &mut self.instances {
            instance.keys[via as usize].give(set, now);
        }
        let app = &self.scenario.app;
        self.keys_everywhere.look(&self.instances, app, via);
    }
}
