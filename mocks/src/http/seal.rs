//! Ids as opaque text: url-safe, reversible by the mock alone, and not to be guessed by counting.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// What a sealed text stands for; text of one purpose never opens as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal {
    purpose: &'static str,
    generation: Generation,
}

/// How many resets there were before: numbers begin anew with each, and a text of one generation never
/// opens in another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Generation(pub u32);

impl Generation {
    /// The one after a reset.
    #[must_use]
    pub(super) const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// What tokens of clear claims say of it; the first says nothing.
    pub(super) fn told(self) -> Option<u32> {
        (self != Self::default()).then_some(self.0)
    }

    /// The generation of a token that says so.
    pub(super) fn heard(told: Option<u32>) -> Self {
        Self(told.unwrap_or_default())
    }
}

/// Length of the tag in bytes: 96 bits are beyond guessing.
const TAG: usize = 12;
/// Sealed bytes of a known number are no more than this, with their tag.
const LONGEST: usize = 64;

impl Seal {
    /// A seal for this purpose, of the first generation.
    pub const fn new(purpose: &'static str) -> Self {
        Self {
            purpose,
            generation: Generation(0),
        }
    }

    /// The same in this generation.
    #[must_use]
    pub const fn of(self, generation: Generation) -> Self {
        Self { generation, ..self }
    }

    /// The text of some bytes: the bytes and a tag, encoded. The same bytes give the same text.
    pub fn close(self, bytes: &[u8]) -> String {
        let mut sealed = Vec::with_capacity(TAG + bytes.len());
        let tag = self.tag(bytes);
        sealed.extend_from_slice(&tag);
        sealed.extend_from_slice(bytes);
        // Masked with the tag, so that texts of neighbouring ids have nothing in common.
        mask(&tag, &mut sealed[TAG..]);
        URL_SAFE_NO_PAD.encode(sealed)
    }

    /// The bytes that were sealed, unless the text was made up, cut or changed.
    pub fn open(self, text: &str) -> Option<Vec<u8>> {
        let mut sealed = URL_SAFE_NO_PAD.decode(text).ok()?;
        self.unmask(&mut sealed).map(<[u8]>::to_vec)
    }

    /// The same, where it is known how many they are.
    pub fn open_exactly<const N: usize>(self, text: &str) -> Option<[u8; N]> {
        let mut sealed = [0; LONGEST];
        // A text that does not fit is none of these.
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut sealed).ok()?;
        let bytes = self.unmask(sealed.get_mut(..length)?)?;
        bytes.try_into().ok()
    }

    fn unmask(self, sealed: &mut [u8]) -> Option<&[u8]> {
        let (tag, bytes) = sealed.split_at_mut_checked(TAG)?;
        mask(tag, bytes);
        let bytes = &*bytes;
        (self.tag(bytes) == *tag).then_some(bytes)
    }

    /// The text of one number.
    pub fn close_id(self, id: u64) -> String {
        self.close(&id.to_be_bytes())
    }

    /// The number behind a text.
    pub fn open_id(self, text: &str) -> Option<u64> {
        self.open_exactly(text).map(u64::from_be_bytes)
    }

    fn tag(self, bytes: &[u8]) -> [u8; TAG] {
        let mut hash = Sha256::new();
        hash.update(b"cutover-mocks\0");
        hash.update(self.purpose);
        // The first generation's texts are the same in every process.
        if let Some(generation) = self.generation.told() {
            hash.update([1]);
            hash.update(generation.to_be_bytes());
        }
        hash.update([0]);
        hash.update(bytes);
        let mut tag = [0; TAG];
        tag.copy_from_slice(&hash.finalize()[..TAG]);
        tag
    }
}

/// Masks bytes, or lifts the mask, by pad bytes that depend on the tag.
fn mask(tag: &[u8], bytes: &mut [u8]) {
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .fold(0, |word, byte| word << 8 | u64::from(*byte))
    };
    let seed = tag
        .chunks(8)
        .fold(0, |seed, bytes| crate::luck::mix(seed ^ word(bytes)));
    for (block, bytes) in (1..).zip(bytes.chunks_mut(8)) {
        let pad = crate::luck::mix(seed.wrapping_add(block)).to_be_bytes();
        for (byte, pad) in bytes.iter_mut().zip(pad) {
            *byte ^= pad;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_text_opens_to_what_was_closed(bytes: Vec<u8>) {
            let text = Seal::new("test").close(&bytes);
            prop_assert_eq!(Seal::new("test").open(&text), Some(bytes));
        }

        #[test]
        fn text_that_was_changed_does_not_open(id: u64, at in 0usize..26, with in "[A-Za-z0-9_-]") {
            let text = Seal::new("test").close_id(id);
            let changed = format!("{}{with}{}", &text[..at], &text[at + 1..]);
            prop_assume!(changed != text);
            prop_assert_eq!(Seal::new("test").open_id(&changed), None);
        }
    }

    #[test]
    fn purposes_do_not_mix() {
        assert_eq!(
            Seal::new("code").open_id(&Seal::new("refresh").close_id(7)),
            None
        );
        assert_eq!(Seal::new("code").open_id(""), None);
    }

    #[test]
    fn generations_do_not_mix() {
        let seal = Seal::new("code");
        let [second, third] = [1, 2].map(|n| seal.of(Generation(n)));
        assert_eq!(seal.of(Generation(0)).close_id(7), seal.close_id(7));
        assert_eq!(second.open_id(&second.close_id(7)), Some(7));
        for (of, other) in [(seal, second), (second, seal), (second, third)] {
            assert_eq!(other.open_id(&of.close_id(7)), None);
        }
    }
}
