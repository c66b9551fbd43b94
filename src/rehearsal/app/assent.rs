//! How long an admission holds: until when every instance would answer a visit's requests alike.
//!
//! Most pages are admitted on what the instances already know. A ruling depends on the strategy's
//! mode, the keys at hand, the presented token and the app's version, and each of them changes at
//! a time that can be told. Up to the first of these times pages need not be ruled on again.

use cutover_mocks::keys::KeySet;
use cutover_mocks::time::{Span, Timestamp};

use super::Instance;
use crate::recorder::{Slice, Via};
use crate::rehearsal::Rehearsal;
use crate::rehearsal::contract::{CLOCK_LEEWAY, Verifier};
use crate::rehearsal::jar::Jar;
use crate::rehearsal::visitor::cookies::Admitted;
use crate::scenario::app::App;
use crate::strategy::Mode;
use crate::strategy::flag::Evaluator;

/// Every request of a visit is admitted so, at whatever instance, as long as nobody else changes
/// what the device holds.
#[derive(Clone, Copy, Debug)]
pub(in crate::rehearsal) struct Assent {
    /// The first moment for which it says nothing.
    until: Timestamp,
    /// The mode of all instances.
    pub(in crate::rehearsal) mode: Mode,
    /// What the visit counts in.
    pub(in crate::rehearsal) slice: Slice,
}

impl Assent {
    /// Whether it still holds at a time.
    pub(in crate::rehearsal) fn holds(&self, at: Timestamp) -> bool {
        at < self.until
    }
}

/// The key sets that all instances have at hand, by provider.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::rehearsal) struct KeysEverywhere([Option<(KeySet, Timestamp)>; 2]);

impl KeysEverywhere {
    /// An instance's keys have changed.
    pub(in crate::rehearsal) fn look(&mut self, instances: &[Instance], app: &App, via: Via) {
        let mut all = instances.iter().map(|instance| {
            let keys = &instance.keys[via as usize];
            keys.fresh_until(app)
        });
        let first = all.next().flatten();
        self.0[via as usize] = all.fold(first, |so_far, next| match (so_far, next) {
            (Some((set, until)), Some((other, other_until))) if set == other => {
                Some((set, until.min(other_until)))
            }
            _ => None,
        });
    }
}

impl<V: Verifier> Rehearsal<'_, V> {
    /// Until when a visit's requests are admitted, given that one has just been; none where
    /// instances differ, or where each admission is to be looked at by itself.
    pub(in crate::rehearsal) fn assent(&self, visit: usize, jar: &Jar, via: Via) -> Option<Assent> {
        let state = &self.visits[visit];
        let (mode, steady_until) = self.mode_everywhere(visit)?;
        let (set, fresh_until) = self.keys_everywhere.0[via as usize]?;
        let (key, ends) = match via {
            Via::Auth0 => jar.legacy.map(|it| (it.access.key, it.access.expires))?,
            Via::Stytch => jar.stytch.map(|it| (it.jwt.key, it.jwt.expires))?,
        };
        let admitted = Admitted {
            via,
            jar: *jar,
            confirmed: false,
        };
        if !set.holds(key) || self.wrong(visit, &admitted).is_some() {
            return None;
        }
        let updated = if self.now < state.updated {
            state.updated
        } else {
            Timestamp::NEVER
        };
        let until = steady_until
            .min(fresh_until)
            .min(ends + CLOCK_LEEWAY)
            .min(updated);
        Some(Assent {
            until,
            mode,
            slice: state.slice_at(self.now, mode),
        })
    }

    /// The mode of all instances towards somebody known, and until when it stays.
    fn mode_everywhere(&self, visit: usize) -> Option<(Mode, Timestamp)> {
        let oldest_view = self.now - self.scenario.app.flag_delay;
        let until = self.plan.steady_until(oldest_view, self.now)?;
        let mode = self.mode_of(visit, Evaluator::Agreed, true, self.now);
        let skewed = self
            .plan
            .rolling()
            .is_some_and(|it| it.skewed_evaluators.get() > 0.0);
        if skewed && self.mode_of(visit, Evaluator::Skewed, true, self.now) != mode {
            return None;
        }
        Some((mode, until))
    }
}

impl super::keyring::Keyring {
    /// The keys at hand, and the first moment at which they will be too old.
    fn fresh_until(&self, app: &App) -> Option<(KeySet, Timestamp)> {
        let (set, fetched) = self.cached()?;
        Some((set, fetched + app.jwks_cache + Span::from_micros(1)))
    }
}
