//! The portable hashes of PHP applications (phpass): `$P$` or `$H$`, MD5 over and over.

use md5::{Digest, Md5};

use super::problem::Problem;

const LETTERS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Length of a whole hash: prefix, cost, salt of 8, digest of 22.
const LENGTH: usize = 34;

/// The largest binary logarithm of the cost that phpass makes.
const LARGEST_COST: usize = 30;

/// A costlier hash than this is refused, so that nobody can keep a thread for long (2^20 rounds).
const LARGEST_TAKEN: usize = 20;

/// A portable hash, checked for its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Phpass(String);

impl Phpass {
    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        if !text.starts_with("$P$") && !text.starts_with("$H$") {
            return Err(Problem::bad(
                "invalid_phpass_hash_prefix",
                "A phpass hash begins with $P$ or $H$.",
            ));
        }
        let fits = text.len() == LENGTH && text.bytes().skip(3).all(|it| LETTERS.contains(&it));
        let hash = Self(text.to_owned());
        if fits && (7..=LARGEST_COST).contains(&hash.cost()) && hash.cost() <= LARGEST_TAKEN {
            return Ok(hash);
        }
        Err(Problem::bad(
            "invalid_phpass_hash_format",
            "The phpass hash has not the form of one, or costs more than 2^20 rounds.",
        ))
    }

    fn cost(&self) -> usize {
        let letter = self.0.as_bytes().get(3);
        let place = letter.and_then(|letter| LETTERS.iter().position(|it| it == letter));
        place.unwrap_or(usize::MAX)
    }

    pub(super) fn verify(&self, password: &str) -> bool {
        let mut digest = Md5::digest([&self.0.as_bytes()[4..12], password.as_bytes()].concat());
        for _ in 0..1_u32 << self.cost() {
            digest = Md5::digest([digest.as_slice(), password.as_bytes()].concat());
        }
        encode(&digest) == self.0[12..]
    }
}

/// Six bits a letter, the low ones first.
fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk
            .iter()
            .rev()
            .fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
        for place in 0..=chunk.len() {
            text.push(char::from(LETTERS[(word >> (6 * place) & 63) as usize]));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of phpass's own test program.
    #[test]
    fn a_known_hash_opens_with_its_password_alone() {
        let hash = Phpass::read("$P$9IQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0").expect("a hash");
        assert!(hash.verify("test12345"));
        assert!(!hash.verify("test12346"));
    }

    #[test]
    fn other_forms_are_told_apart() {
        let told = |text: &str| Phpass::read(text).expect_err("no hash").error_type;
        assert_eq!(told("$2b$04$x"), "invalid_phpass_hash_prefix");
        assert_eq!(told("$P$9short"), "invalid_phpass_hash_format");
        assert_eq!(
            told("$P$zIQRaTwmfeRo7ud9Fh4E2PdI0S3r.L0"),
            "invalid_phpass_hash_format"
        );
    }
}
