//! How the claims of an access token are written: Auth0's own way, or as RFC 9068 has it.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::face::Face;
use crate::auth0::registry::Profile;
use crate::keys::KeyId;

/// `typ` of the header in RFC 9068 (section 2.1).
const ACCESS_TOKEN: &str = "at+jwt";

/// Signs the claims of an access token, which come in Auth0's own profile. The ordinal tells tokens of
/// the same claims apart.
pub(super) fn sign(key: KeyId, profile: Profile, claims: &impl Serialize, ordinal: u64) -> String {
    match profile {
        Profile::Auth0 => Face::keys().sign_here(key, claims),
        Profile::Rfc9068 => {
            let claims = rewritten(serde_json::to_value(claims).unwrap_or_default(), ordinal);
            Face::keys().sign_typed_here(key, ACCESS_TOKEN, &claims)
        }
    }
}

/// `client_id` and `jti` in the place of `azp` and `gty` (Auth0 docs, access token profiles).
fn rewritten(mut claims: Value, ordinal: u64) -> Value {
    let said = Sha256::digest(format!("{ordinal} {claims}"));
    if let Some(fields) = claims.as_object_mut() {
        fields.remove("gty");
        if let Some(application) = fields.remove("azp") {
            fields.insert("client_id".to_owned(), application);
        }
        let jti = URL_SAFE_NO_PAD.encode(&said[..16]);
        fields.insert("jti".to_owned(), jti.into());
    }
    claims
}
