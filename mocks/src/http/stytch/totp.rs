//! Codes of authenticator apps (RFC 6238) as Stytch makes them, and the texts around them.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Face;
use super::book::TotpSecret;
use crate::stytch::{MeansId, Totp, UserId};
use crate::time::Timestamp;

/// Seconds of one step.
const STEP: i64 = 30;

/// Steps before and after the present one whose code is taken as well.
const DRIFT: i64 = 1;

/// The code of one step: six digits.
fn code(key: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, key);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[tag.len() - 1] & 0xf);
    let word = [
        tag[offset],
        tag[offset + 1],
        tag[offset + 2],
        tag[offset + 3],
    ];
    format!(
        "{:06}",
        (u32::from_be_bytes(word) & 0x7fff_ffff) % 1_000_000
    )
}

/// RFC 4648 base 32 without padding, as authenticator apps read keys.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut text, mut bits, mut held) = (String::new(), 0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(LETTERS[(bits >> held & 31) as usize]));
        }
    }
    if held > 0 {
        text.push(char::from(LETTERS[(bits << (5 - held) & 31) as usize]));
    }
    text
}

/// The bytes of a key in base 32.
pub(super) fn unbase32(text: &str) -> Option<Vec<u8>> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for letter in text.trim_end_matches('=').bytes() {
        let value = match letter.to_ascii_uppercase() {
            upper @ b'A'..=b'Z' => upper - b'A',
            digit @ b'2'..=b'7' => digit - b'2' + 26,
            _ => return None,
        };
        bits = bits << 5 | u32::from(value);
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 255) as u8);
        }
    }
    (!bytes.is_empty()).then_some(bytes)
}

/// A picture of nothing: whoever plays the person reads `secret` instead of scanning a code.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xff\xff\xff\x7f\0\x09\xfb\x03\xfd\x05CE\xca\0\0\0\0IEND\xaeB`\x82";

impl Face {
    /// Makes the key of a new app, or takes over an imported one; says what its owner is shown.
    pub(super) fn new_totp(&self, id: MeansId, imported: Option<TotpSecret>) -> Value {
        let key = imported.as_ref().map(|secret| secret.key.clone());
        let shown = base32(&key.unwrap_or_else(|| self.made_key(id)));
        if let Some(secret) = imported {
            self.book().totps.insert(id, secret);
        }
        let picture = format!("data:image/png;base64,{}", STANDARD.encode(PICTURE));
        json!({ "secret": shown, "qr_code": picture })
    }

    /// The key of an app that was not imported: its id decides it, and so nobody keeps it.
    fn made_key(&self, id: MeansId) -> Vec<u8> {
        self.0.names.secret_bytes("totp", id.0)
    }

    /// The app of a person that shows this code now, and the code's step.
    pub(super) fn totp_code(
        &self,
        user: UserId,
        typed: &str,
        now: Timestamp,
    ) -> Option<(MeansId, i64)> {
        let (totps, clock) = {
            let project = self.project();
            (project.means(user).totps, project.clock(now))
        };
        let book = self.book();
        let present = clock.as_secs().div_euclid(STEP);
        totps.iter().find_map(|totp| {
            let imported = book.totps.get(&totp.id).map(|secret| secret.key.clone());
            let key = imported.unwrap_or_else(|| self.made_key(totp.id));
            let mut steps = present - DRIFT..=present + DRIFT;
            let step = steps.find(|step| code(&key, *step) == typed)?;
            Some((totp.id, step))
        })
    }

    /// The recovery codes of an app that are left.
    pub(super) fn recovery_codes(&self, totp: &Totp) -> Vec<String> {
        let all = self.all_recovery_codes(totp);
        let left = all.into_iter().enumerate();
        left.filter(|(place, _)| totp.recovery & (1 << place) != 0)
            .map(|(_, text)| text)
            .collect()
    }

    fn all_recovery_codes(&self, totp: &Totp) -> Vec<String> {
        let imported = self
            .book()
            .totps
            .get(&totp.id)
            .and_then(|it| it.recovery.clone());
        match imported.filter(|_| totp.generation == 0) {
            Some(codes) => codes.into_iter().take(usize::from(Totp::CODES)).collect(),
            None => (0..Totp::CODES)
                .map(|place| {
                    self.0
                        .names
                        .recovery_code(totp.id.0, totp.generation, place)
                })
                .collect(),
        }
    }

    /// The app of a person that this recovery code belongs to, and the code's place.
    pub(super) fn recovery_code(&self, user: UserId, typed: &str) -> Option<(MeansId, u16)> {
        let totps = self.project().means(user).totps;
        totps.iter().find_map(|totp| {
            let codes = self.all_recovery_codes(totp);
            let place = codes.iter().position(|text| text == typed)?;
            Some((totp.id, place as u16))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// RFC 6238, appendix B, cut to six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let key = b"12345678901234567890";
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(key, seconds / STEP), expected);
        }
    }

    proptest! {
        #[test]
        fn keys_read_back(bytes in prop::collection::vec(any::<u8>(), 1..40)) {
            prop_assert_eq!(unbase32(&base32(&bytes)), Some(bytes));
        }
    }
}
