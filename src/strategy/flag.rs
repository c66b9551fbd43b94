//! The rollout flag: flagd's `fractional` rule, one bucket per key.
//!
//! The flag's definition is flagd's JSON ([`definition`]); a maintained evaluator decides what it
//! means. Evaluating a rule for every request of a large population would dominate a rehearsal, so
//! the published algorithm is applied directly: a key's bucket is
//! `murmur3_x86_32(CBOR([flag key, targeting key])) × total >> 32`, the flag is on when the bucket
//! lies below the weight of "on". A property test holds this against `flagd-evaluation-engine`.

use cutover_mocks::share::Share;
use murmurhash3::murmurhash3_x86_32;
use serde_json::{Value, json};

/// The flag's key.
pub const FLAG: &str = "stytch-login";
/// Weights sum to this: shares have a resolution of a thousandth of a percent.
pub const TOTAL: u32 = 100_000;
/// A second evaluator that disagrees hashes the same keys under this flag key: independent draws.
const SKEWED_FLAG: &str = "stytch-login-v2";

/// A key's place in the rollout, from 0 to [`TOTAL`] − 1: the flag reaches low buckets first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bucket(u32);

/// Which evaluator an application instance runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evaluator {
    /// The one that the flag was rolled out with.
    Agreed,
    /// One that places keys in other buckets.
    Skewed,
}

impl Bucket {
    /// The bucket of a targeting key.
    pub fn of(evaluator: Evaluator, targeting_key: &str) -> Self {
        let flag = match evaluator {
            Evaluator::Agreed => FLAG,
            Evaluator::Skewed => SKEWED_FLAG,
        };
        let mut bytes = Vec::with_capacity(4 + flag.len() + targeting_key.len());
        bytes.push(0x82);
        push_cbor_text(&mut bytes, flag);
        push_cbor_text(&mut bytes, targeting_key);
        let hash = murmurhash3_x86_32(&bytes, 0);
        Self(((u64::from(hash) * u64::from(TOTAL)) >> 32) as u32)
    }

    /// Whether the flag is on for this bucket when a share of all keys has it on.
    pub fn is_on(self, share: Share) -> bool {
        self.0 < weight(share)
    }
}

/// The weight of "on" for a share.
pub fn weight(share: Share) -> u32 {
    (share.get() * f64::from(TOTAL)).round() as u32
}

/// The flag in flagd's JSON format, on for this share of targeting keys.
pub fn definition(share: Share) -> Value {
    let on = weight(share);
    json!({
        "$schema": "https://flagd.dev/schema/v0/flags.json",
        "flags": {
            FLAG: {
                "state": "ENABLED",
                "variants": { "on": true, "off": false },
                "defaultVariant": "off",
                "targeting": { "fractional": [["on", on], ["off", TOTAL - on]] }
            }
        }
    })
}

/// CBOR text strings below 65,536 bytes (RFC 8949, major type 3).
fn push_cbor_text(bytes: &mut Vec<u8>, text: &str) {
    match text.len() {
        length @ 0..=23 => bytes.push(0x60 | length as u8),
        length @ 24..=255 => bytes.extend([0x78, length as u8]),
        length => bytes.extend([0x79, (length >> 8) as u8, length as u8]),
    }
    bytes.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use flagd_evaluation_engine::{FlagParser, Operator};
    use open_feature::EvaluationContext;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_direct_form_equals_the_evaluator(key in "[a-z0-9.|_-]{1,60}", permille in 0u32..=1000) {
            let share = Share::new(f64::from(permille) / 1000.0).expect("a share");
            let parsed = FlagParser::parse_string(&definition(share).to_string()).expect("flagd's format");
            let rule = parsed.flags[FLAG].get_targeting();
            let context = EvaluationContext::default().with_targeting_key(key.clone());
            let variant = Operator::new().apply(FLAG, &rule, &context).expect("a variant");
            let expected = if Bucket::of(Evaluator::Agreed, &key).is_on(share) { "on" } else { "off" };
            prop_assert_eq!(variant.as_deref(), Some(expected));
        }

        #[test]
        fn a_ramp_up_never_takes_anyone_out(key in "[a-z0-9-]{1,40}", low in 0u32..=1000, high in 0u32..=1000) {
            let (low, high) = (low.min(high), low.max(high));
            let bucket = Bucket::of(Evaluator::Agreed, &key);
            let share = |permille: u32| Share::new(f64::from(permille) / 1000.0).expect("a share");
            prop_assert!(!bucket.is_on(share(low)) || bucket.is_on(share(high)));
        }
    }

    #[test]
    fn a_step_reaches_its_share_within_binomial_error() {
        let keys = 100_000u32;
        let share = Share::percent(10);
        let on = (0..keys)
            .filter(|key| Bucket::of(Evaluator::Agreed, &format!("user-{key}")).is_on(share))
            .count();
        let expected = f64::from(keys) * 0.1;
        let four_sigma = 4.0 * (expected * 0.9).sqrt();
        assert!(
            (on as f64 - expected).abs() < four_sigma,
            "{on} of {keys} keys are on"
        );
    }
}
