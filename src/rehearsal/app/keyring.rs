//! The key sets that one instance keeps, and the requests that wait while it fetches them.

use cutover_mocks::keys::KeySet;
use cutover_mocks::time::Timestamp;

use super::ruling::Keys;
use crate::scenario::app::App;

/// The keys of one provider at one instance.
#[derive(Clone, Debug, Default)]
pub(in crate::rehearsal) struct Keyring {
    cached: Option<(KeySet, Timestamp)>,
    asked_at: Option<Timestamp>,
    fetching: bool,
    /// Requests that wait for the fetch under way.
    waiting: Vec<usize>,
}

impl Keyring {
    /// What is at hand.
    pub(in crate::rehearsal) fn at(&self, app: &App, now: Timestamp) -> Keys {
        match self.cached {
            // At the moment of the fetch they are fresh even where nothing is cached.
            Some((set, fetched)) if now <= fetched + app.jwks_cache => {
                let asked = self
                    .asked_at
                    .is_some_and(|asked| now < asked + app.jwks_cooldown);
                Keys::Cached { set, asked }
            }
            Some(_) | None => Keys::Missing,
        }
    }

    /// The set that was fetched last, and when.
    pub(super) const fn cached(&self) -> Option<(KeySet, Timestamp)> {
        self.cached
    }

    /// Keys that were fetched on another way, as of now.
    pub(in crate::rehearsal) fn give(&mut self, set: KeySet, now: Timestamp) {
        self.cached = Some((set, now));
        self.asked_at = None;
    }

    /// A request waits for keys; says whether they must be fetched now.
    pub(in crate::rehearsal) fn wait(&mut self, flow: usize, now: Timestamp) -> bool {
        self.waiting.push(flow);
        let fetch = !self.fetching;
        if fetch {
            self.fetching = true;
            self.asked_at = Some(now);
        }
        fetch
    }

    /// A fetch has ended; tells who waited. Where it failed, an older set stays in use for as long
    /// as fetched again: verifiers prefer old keys to none.
    pub(in crate::rehearsal) fn fetched(
        &mut self,
        keys: Option<KeySet>,
        now: Timestamp,
    ) -> Vec<usize> {
        self.fetching = false;
        match (keys, &mut self.cached) {
            (Some(set), cached) => *cached = Some((set, now)),
            (None, Some((_, fetched))) => *fetched = now,
            (None, None) => {}
        }
        std::mem::take(&mut self.waiting)
    }

    /// Takes back the list of those who waited, to be used again.
    pub(in crate::rehearsal) fn told(&mut self, mut waited: Vec<usize>) {
        if self.waiting.is_empty() {
            waited.clear();
            self.waiting = waited;
        }
    }
}
