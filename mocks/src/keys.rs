//! Which signing keys a provider publishes and signs with, over time; the key material is the codec's.

use crate::time::Timestamp;

/// A signing key of one provider, in order of creation: the first is 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u16);

/// The keys published at one moment: `previous` (until revoked), `current` (signs) and `next`
/// (announced, so that verifiers can cache it). Auth0 docs, signing keys; Stytch docs, rotation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KeySet {
    /// Signed until the last rotation; absent before the first one and once revoked.
    pub previous: Option<KeyId>,
    /// Signs now.
    pub current: KeyId,
    /// Will sign after the next rotation; absent where a provider does not announce it.
    pub next: Option<KeyId>,
}

impl KeySet {
    /// Whether a token signed with this key can be verified with the set.
    pub fn holds(&self, key: KeyId) -> bool {
        self.current == key || self.previous == Some(key) || self.next == Some(key)
    }
}

/// When a provider rotates its signing key and what becomes of the old one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeySchedule {
    /// Moments at which the next key starts to sign, ascending.
    pub rotations: Vec<Rotation>,
    /// Whether the next key is published before it signs (Auth0: always; Stytch: at rotation).
    pub announces_next: bool,
}

/// One rotation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// When the next key starts to sign.
    pub at: Timestamp,
    /// When the key that signed until then leaves the published set; [`Timestamp::NEVER`] to keep it.
    pub previous_until: Timestamp,
}

impl KeySchedule {
    /// The keys published at a moment.
    pub fn at(&self, now: Timestamp) -> KeySet {
        let past = self
            .rotations
            .iter()
            .take_while(|rotation| rotation.at <= now)
            .count();
        let previous = past.checked_sub(1).and_then(|last| {
            (now < self.rotations[last].previous_until).then_some(KeyId(last as u16))
        });
        KeySet {
            previous,
            current: KeyId(past as u16),
            next: self
                .announces_next
                .then_some(KeyId((past as u16).wrapping_add(1))),
        }
    }
}
