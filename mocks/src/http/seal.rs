//! Ids as opaque text: url-safe, reversible by the mock alone, and not to be guessed by counting.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// What a sealed text stands for; text of one purpose never opens as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal(pub &'static str);

/// Length of the tag in bytes: 96 bits are beyond guessing.
const TAG: usize = 12;
/// Sealed bytes of a known number are no more than this, with their tag.
const LONGEST: usize = 64;

impl Seal {
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
        hash.update(self.0);
        hash.update([0]);
        hash.update(bytes);
        let mut tag = [0; TAG];
        tag.copy_from_slice(&hash.finalize()[..TAG]);
        tag
    }
}

/// Masks bytes, or lifts the mask, by pad bytes that depend on the tag.
fn mask(tag: &[u8], bytes: &mut [u8]) {
    let seed = tag
        .iter()
        .fold(0, |seed, byte| crate::luck::mix(seed ^ u64::from(*byte)));
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
            let text = Seal("test").close(&bytes);
            prop_assert_eq!(Seal("test").open(&text), Some(bytes));
        }

        #[test]
        fn text_that_was_changed_does_not_open(id: u64, at in 0usize..26, with in "[A-Za-z0-9_-]") {
            let text = Seal("test").close_id(id);
            let changed = format!("{}{with}{}", &text[..at], &text[at + 1..]);
            prop_assume!(changed != text);
            prop_assert_eq!(Seal("test").open_id(&changed), None);
        }
    }

    #[test]
    fn purposes_do_not_mix() {
        assert_eq!(Seal("code").open_id(&Seal("refresh").close_id(7)), None);
        assert_eq!(Seal("code").open_id(""), None);
    }
}
