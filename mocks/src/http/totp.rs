//! Codes of authenticator apps (RFC 6238: SHA-1, six digits, 30 s), and their keys as text.

use aws_lc_rs::hmac;

use crate::time::Timestamp;

/// Life of a code.
const STEP_SECS: i64 = 30;

/// The code of a time step.
pub fn code(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let from = usize::from(tag[tag.len() - 1] & 0xf);
    let number = tag[from..from + 4]
        .iter()
        .fold(0, |number: u32, byte| number << 8 | u32::from(*byte));
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// The time step of a moment.
pub fn step(now: Timestamp) -> i64 {
    now.as_secs().div_euclid(STEP_SECS)
}

/// The time step whose code this is: the present one, or one beside it, as clocks differ.
pub(super) fn matching_step(secret: &[u8], text: &str, now: Timestamp) -> Option<i64> {
    let present = step(now);
    (present - 1..=present + 1).find(|step| code(secret, *step) == text)
}

/// Base32 without padding (RFC 4648), as authenticator apps take secrets.
pub(super) fn base32(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut bits, mut held, mut text) = (0u32, 0, String::new());
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(ALPHABET[(bits >> held & 31) as usize]));
        }
    }
    if held > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - held) & 31) as usize]));
    }
    text
}

/// The bytes of a key in Base32, padded or not.
pub fn unbase32(text: &str) -> Option<Vec<u8>> {
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

/// What an authenticator app scans.
pub(super) fn uri(secret: &[u8], address: &str) -> String {
    let mut url = reqwest::Url::parse("otpauth://totp/").expect("a constant URL");
    url.set_path(&format!("Cutover:{address}"));
    url.query_pairs_mut()
        .append_pair("secret", &base32(secret))
        .append_pair("issuer", "Cutover")
        .append_pair("algorithm", "SHA1")
        .append_pair("digits", "6")
        .append_pair("period", "30");
    url.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keys_read_back(bytes in prop::collection::vec(any::<u8>(), 1..40)) {
            prop_assert_eq!(unbase32(&base32(&bytes)), Some(bytes));
        }
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (second, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (20_000_000_000, "353130"),
        ] {
            let now = Timestamp::from_secs(second);
            assert_eq!(code(secret, step(now)), expected);
            assert_eq!(matching_step(secret, expected, now), Some(step(now)));
        }
        assert_eq!(base32(b"foobar"), "MZXW6YTBOI");
        assert_eq!(base32(b"fooba"), "MZXW6YTB");
    }
}
