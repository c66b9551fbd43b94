//! Texts of tokens that must open nothing, really altered and really verified.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, Validation};
use serde::de::IgnoredAny;

use crate::rehearsal::Attack;

/// Whether an altered text, or a genuine one that is another's, is refused by a real verification.
pub(super) fn refused(
    text: &str,
    key: &DecodingKey,
    attack: Attack,
    at_home: &Validation,
    elsewhere: &Validation,
) -> bool {
    let Some((header, rest)) = text.split_once('.') else {
        return true;
    };
    let Some((claims, signature)) = rest.split_once('.') else {
        return true;
    };
    let (altered, expected) = match attack {
        Attack::Signature => {
            // The first character: all of its bits count.
            let first = if signature.starts_with('A') { 'B' } else { 'A' };
            let rest = signature.get(1..).unwrap_or_default();
            (format!("{header}.{claims}.{first}{rest}"), at_home)
        }
        Attack::NoAlgorithm => {
            let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
            (format!("{header}.{claims}."), at_home)
        }
        Attack::UnknownKey => return true,
        Attack::OtherTenant => (text.to_owned(), elsewhere),
    };
    jsonwebtoken::decode::<IgnoredAny>(&altered, key, expected).is_err()
}
