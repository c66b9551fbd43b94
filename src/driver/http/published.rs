//! The keys that providers have published, as their key sets came over HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use cutover_mocks::http::{KeyRing, Owner};
use cutover_mocks::keys::{KeyId, KeySet};
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;

/// Every key that was ever published to this client. Which of them an instance of the application
/// knows at a moment is the core's business: it holds the [`KeySet`] that it fetched.
#[derive(Default)]
pub struct Published {
    keys: RwLock<BTreeMap<(Owner, KeyId), Arc<DecodingKey>>>,
}

impl std::fmt::Debug for Published {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Published").finish_non_exhaustive()
    }
}

impl Published {
    /// Learns a key set. The mock servers list the current key first, then the next one, then the
    /// previous one. None if there is no key in it, or one of a provider that we do not know.
    pub fn learn(&self, owner: Owner, set: &JwkSet) -> Option<KeySet> {
        let mut ids = Vec::with_capacity(set.keys.len());
        for jwk in &set.keys {
            let id = KeyRing::new(owner).find(jwk.common.key_id.as_deref()?)?;
            if self.key(owner, id).is_none() {
                let key = Arc::new(DecodingKey::from_jwk(jwk).ok()?);
                let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
                keys.insert((owner, id), key);
            }
            ids.push(id);
        }
        let (current, others) = ids.split_first()?;
        Some(KeySet {
            current: *current,
            next: others.iter().copied().find(|id| id > current),
            previous: others.iter().copied().find(|id| id < current),
        })
    }

    /// Learns a key set that was published to this client without the wire.
    pub fn learn_unwired(&self, owner: Owner, set: KeySet) {
        let ids = [Some(set.current), set.next, set.previous];
        for id in ids.into_iter().flatten() {
            if self.key(owner, id).is_none() {
                let alone = KeySet {
                    previous: None,
                    current: id,
                    next: None,
                };
                let jwks = serde_json::from_value(KeyRing::new(owner).jwks(alone));
                let jwks: JwkSet = jwks.expect("the mocks publish keys as RFC 7517 has them");
                self.learn(owner, &jwks);
            }
        }
    }

    /// The key, if it was ever published.
    pub fn key(&self, owner: Owner, id: KeyId) -> Option<Arc<DecodingKey>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(&(owner, id)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_back_and_keys_stay() {
        let ring = KeyRing::new(Owner::Stytch);
        let published = Published::default();
        let learn = |set: KeySet| {
            let jwks: JwkSet = serde_json::from_value(ring.jwks(set)).unwrap();
            assert_eq!(published.learn(Owner::Stytch, &jwks), Some(set));
        };
        learn(KeySet {
            previous: None,
            current: KeyId(0),
            next: None,
        });
        learn(KeySet {
            previous: Some(KeyId(0)),
            current: KeyId(1),
            next: Some(KeyId(2)),
        });
        learn(KeySet {
            previous: None,
            current: KeyId(1),
            next: None,
        });
        assert!(
            published.key(Owner::Stytch, KeyId(0)).is_some(),
            "once published"
        );
        assert!(
            published.key(Owner::Stytch, KeyId(3)).is_none(),
            "never published"
        );
        assert!(
            published.key(Owner::Auth0, KeyId(0)).is_none(),
            "another provider's"
        );
    }

    #[test]
    fn an_empty_set_is_none() {
        assert_eq!(
            Published::default().learn(Owner::Auth0, &JwkSet { keys: vec![] }),
            None
        );
    }
}
