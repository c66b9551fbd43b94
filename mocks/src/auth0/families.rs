//! Refresh-token families: rotation, leeway, reuse detection, absolute and idle life.

use super::call::{Audience, RefreshToken, Scopes, UserId};
use super::sessions::FamilySeen;
use super::settings::Settings;
use crate::lasting::{Lasting, SLACK};
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

/// All families that are not long over, found by number. 32 bytes each.
#[derive(Clone, Debug, Default)]
pub(super) struct Families {
    rows: Lasting<Family>,
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

    /// Begins a family that was last used at `used`. Those that are over are forgotten now and then: a
    /// token of theirs is as good as one that nobody issued.
    pub(super) fn begin(
        &mut self,
        user: UserId,
        scopes: Scopes,
        audience: Audience,
        begun: Timestamp,
        used: Timestamp,
        settings: &Settings,
    ) -> RefreshToken {
        if self.rows.is_due() {
            self.rows
                .sweep(|family| !family.is_alive(used - SLACK, settings));
        }
        let family = self.rows.put(Family {
            begun,
            used,
            user,
            generation: 0,
            scopes,
            audience,
            revoked: false,
        });
        RefreshToken {
            family,
            generation: 0,
        }
    }

    /// The family of a token, whatever has become of it.
    pub(super) fn get(&self, token: RefreshToken) -> Option<&Family> {
        self.rows.get(token.family)
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
            .get_mut(token.family)
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
        if let Some(family) = self.rows.get_mut(token.family) {
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
        let row = self.rows.get(family)?;
        row.is_alive(now, settings)
            .then(|| row.seen(family, settings))
    }

    /// All families that are alive, oldest first.
    pub(super) fn iter_alive<'a>(
        &'a self,
        now: Timestamp,
        settings: &'a Settings,
    ) -> impl Iterator<Item = FamilySeen> + 'a {
        self.rows
            .iter()
            .filter(move |(_, row)| row.is_alive(now, settings))
            .map(|(family, row)| row.seen(family, settings))
    }

    /// Whether a token is the newest of a living family.
    pub(super) fn is_live(&self, token: RefreshToken, now: Timestamp, settings: &Settings) -> bool {
        self.get(token).is_some_and(|family| {
            family.generation == token.generation && family.is_alive(now, settings)
        })
    }
}

impl Family {
    fn seen(&self, family: u32, settings: &Settings) -> FamilySeen {
        FamilySeen {
            newest: RefreshToken {
                family,
                generation: self.generation,
            },
            user: self.user,
            begun: self.begun,
            used: self.used,
            idle_until: self.used + settings.refresh_idle_life,
            until: self.begun + settings.refresh_absolute_life,
        }
    }

    fn is_alive(&self, now: Timestamp, settings: &Settings) -> bool {
        !self.revoked
            && now < self.begun + settings.refresh_absolute_life
            && now < self.used + settings.refresh_idle_life
    }
}

#[cfg(test)]
mod tests;
