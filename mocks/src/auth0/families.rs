//! Refresh-token families: rotation, leeway, reuse detection, absolute and idle life.

use super::call::{Audience, RefreshToken, Scopes, UserId};
use super::sessions::FamilySeen;
use super::settings::Settings;
use crate::time::Timestamp;

/// A family: one login on one device, and all refresh tokens that descend from it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family {
    /// When the first token was issued; the absolute life counts from here, rotations do not move it.
    begun: Timestamp,
    /// The last exchange that moved the family on; the idle life and the leeway count from here.
    used: Timestamp,
    pub(super) user: UserId,
    generation: u32,
    pub(super) scopes: Scopes,
    pub(super) audience: Audience,
    revoked: bool,
}

/// All families, found by number. 32 bytes each.
#[derive(Clone, Debug, Default)]
pub(super) struct Families {
    rows: Vec<Family>,
}

/// Why a refresh token is not exchanged. The client is told the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotExchanged {
    /// Unknown, revoked or past its life.
    Invalid,
    /// It had been exchanged before: the whole family has just been revoked.
    Reused,
}

impl Families {
    /// Makes room ahead of seeding.
    pub(super) fn reserve(&mut self, more: usize) {
        self.rows.reserve(more);
    }

    /// Begins a family that was last used at `used`.
    pub(super) fn begin(
        &mut self,
        user: UserId,
        scopes: Scopes,
        audience: Audience,
        begun: Timestamp,
        used: Timestamp,
    ) -> RefreshToken {
        self.rows.push(Family {
            begun,
            used,
            user,
            generation: 0,
            scopes,
            audience,
            revoked: false,
        });
        RefreshToken {
            family: self.rows.len() as u32 - 1,
            generation: 0,
        }
    }

    /// The family of a token, whatever has become of it.
    pub(super) fn get(&self, token: RefreshToken) -> Option<&Family> {
        self.rows.get(token.family as usize)
    }

    /// Exchanges a token for the family's newest; the same token where tokens do not rotate.
    ///
    /// Within the leeway the token before the newest may be used again. Whoever does so gets the
    /// newest too: the two holders are then equals, and whoever comes second with it trips the
    /// detection. The leeway counts from the rotation and is not prolonged by replays.
    pub(super) fn exchange(
        &mut self,
        token: RefreshToken,
        now: Timestamp,
        settings: &Settings,
    ) -> Result<RefreshToken, NotExchanged> {
        let family = self
            .rows
            .get_mut(token.family as usize)
            .ok_or(NotExchanged::Invalid)?;
        if !family.is_alive(now, settings) || token.generation > family.generation {
            return Err(NotExchanged::Invalid);
        }
        let age = family.generation - token.generation;
        if age == 0 {
            family.used = family.used.max(now);
            family.generation += u32::from(settings.rotation);
        } else if age > 1 || now >= family.used + settings.rotation_leeway {
            family.revoked = true;
            return Err(NotExchanged::Reused);
        }
        Ok(RefreshToken {
            generation: family.generation,
            ..token
        })
    }

    /// Revokes a family by its newest token; false if there was nothing to revoke.
    pub(super) fn revoke(
        &mut self,
        token: RefreshToken,
        now: Timestamp,
        settings: &Settings,
    ) -> bool {
        let live = self.is_live(token, now, settings);
        if let Some(family) = self.rows.get_mut(token.family as usize) {
            family.revoked |= live;
        }
        live
    }

    /// A family that is alive.
    pub(super) fn seen(
        &self,
        family: u32,
        now: Timestamp,
        settings: &Settings,
    ) -> Option<FamilySeen> {
        let row = self.rows.get(family as usize)?;
        row.is_alive(now, settings).then_some(FamilySeen {
            newest: RefreshToken {
                family,
                generation: row.generation,
            },
            user: row.user,
            begun: row.begun,
            used: row.used,
            idle_until: row.used + settings.refresh_idle_life,
            until: row.begun + settings.refresh_absolute_life,
        })
    }

    /// All families that are alive, oldest first.
    pub(super) fn iter_alive<'a>(
        &'a self,
        now: Timestamp,
        settings: &'a Settings,
    ) -> impl Iterator<Item = FamilySeen> + 'a {
        (0..self.rows.len() as u32).filter_map(move |family| self.seen(family, now, settings))
    }

    /// Whether a token is the newest of a living family.
    pub(super) fn is_live(&self, token: RefreshToken, now: Timestamp, settings: &Settings) -> bool {
        self.get(token).is_some_and(|family| {
            family.generation == token.generation && family.is_alive(now, settings)
        })
    }
}

impl Family {
    fn is_alive(&self, now: Timestamp, settings: &Settings) -> bool {
        !self.revoked
            && now < self.begun + settings.refresh_absolute_life
            && now < self.used + settings.refresh_idle_life
    }
}

#[cfg(test)]
mod tests;
