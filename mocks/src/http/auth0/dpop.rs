//! Proofs of possession (RFC 9449): a token is bound to a key, and whoever presents it proves with each
//! call to hold that key.
//!
//! How old a proof is goes by the nonce alone, as the mock's clock can be set. The token endpoint takes no
//! proof twice (Auth0 docs: it validates `jti`); elsewhere one that is sent again is taken again, as
//! whoever was told to try again later sends it.

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::ThumbprintHash;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::answering::Complaint;
use super::errors::oauth_error;
use super::{opaque, texts};
use crate::http::recent::Recent;
use crate::http::seal::{Generation, Seal};
use crate::time::Timestamp;

const NONCE: Seal = Seal::new("auth0 dpop nonce");
/// A nonce is good for this many seconds, and then for as many again.
const NONCE_LIFE: i64 = 300;
const HEADER: HeaderName = HeaderName::from_static("dpop");

/// The SHA-256 thumbprint of a public key (RFC 7638).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub(super) struct Thumbprint {
    pub(super) jkt: String,
}

/// What a JWT says of the key that it is bound to.
#[derive(Clone, Deserialize)]
struct Confirmed {
    cnf: Option<Thumbprint>,
}

/// The key that an access token is bound to. Its signature is not checked.
pub(super) fn binding(of: Generation, text: &str) -> Option<Thumbprint> {
    if texts::is_jwt(text) {
        let confirmed = jsonwebtoken::dangerous::insecure_decode::<Confirmed>(text);
        return confirmed.ok()?.claims.cnf;
    }
    opaque::binding(of, text)
}

impl Thumbprint {
    /// A thumbprint as it is written.
    pub(super) fn read(text: &str) -> Option<Self> {
        let hash = URL_SAFE_NO_PAD.decode(text).ok()?;
        (hash.len() == 32).then(|| Self {
            jkt: text.to_owned(),
        })
    }
}

/// What a proof is for.
pub(super) struct Purpose<'a> {
    pub(super) method: &'a Method,
    pub(super) url: String,
    /// The access token that comes with it.
    pub(super) token: Option<&'a str>,
}

/// What is wrong with a proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Bad {
    #[error(
        "the DPoP proof must be one JWT with typ dpop+jwt, signed by ES256 with the key in its jwk"
    )]
    Form,
    #[error("the DPoP proof is for another request")]
    Purpose,
    #[error("Authorization server requires nonce in DPoP proof")]
    Nonce,
    #[error("the DPoP proof was used before: each request needs one with a jti of its own")]
    Used,
}

/// The claims of a proof.
#[derive(Clone, Deserialize)]
struct Claims {
    jti: String,
    htm: String,
    htu: String,
    #[serde(rename = "iat")]
    _iat: i64,
    ath: Option<String>,
    nonce: Option<String>,
}

/// The key that a request proves to hold; none if it proves nothing.
pub(super) fn proven(headers: &HeaderMap, purpose: &Purpose<'_>) -> Result<Option<Proven>, Bad> {
    let mut proofs = headers.get_all(HEADER).iter();
    let Some(proof) = proofs.next() else {
        return Ok(None);
    };
    let proof = proof.to_str().map_err(|_| Bad::Form)?;
    if proofs.next().is_some() {
        return Err(Bad::Form);
    }
    read(proof, purpose).map(Some)
}

/// A key, and the nonce that the proof of it repeats.
#[derive(Debug)]
pub(super) struct Proven {
    pub(super) key: Thumbprint,
    nonce: Option<String>,
    /// What tells it from all others: a hash of the key and of `jti`.
    id: u128,
}

fn read(proof: &str, purpose: &Purpose<'_>) -> Result<Proven, Bad> {
    let header = jsonwebtoken::decode_header(proof).map_err(|_| Bad::Form)?;
    if header.typ.as_deref() != Some("dpop+jwt") || header.alg != Algorithm::ES256 {
        return Err(Bad::Form);
    }
    let jwk = header.jwk.ok_or(Bad::Form)?;
    let key = DecodingKey::from_jwk(&jwk).map_err(|_| Bad::Form)?;
    let mut validation = Validation::new(Algorithm::ES256);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Claims>(proof, &key, &validation)
        .map_err(|_| Bad::Form)?
        .claims;
    let hash = purpose.token.map(ath);
    let url = claims.htu.split(['?', '#']).next().unwrap_or_default();
    let same = claims.htm == purpose.method.as_str()
        && url.eq_ignore_ascii_case(&purpose.url)
        && (hash.is_none() || claims.ath == hash)
        && !claims.jti.is_empty();
    if !same {
        return Err(Bad::Purpose);
    }
    let jkt = jwk
        .thumbprint(ThumbprintHash::SHA256)
        .map_err(|_| Bad::Form)?;
    let hash = Sha256::new()
        .chain_update(&jkt)
        .chain_update(&claims.jti)
        .finalize();
    Ok(Proven {
        key: Thumbprint { jkt },
        nonce: claims.nonce,
        id: hash[..16]
            .iter()
            .fold(0, |id, byte| id << 8 | u128::from(*byte)),
    })
}

fn ath(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token))
}

impl Proven {
    /// The same, if it was not among those that were used; it is from now on.
    pub(super) fn once(self, used: &mut Recent<u128, ()>) -> Result<Self, Bad> {
        if used.get(self.id).is_some() {
            return Err(Bad::Used);
        }
        used.put(self.id, ());
        Ok(self)
    }

    /// The same, if the proof repeats a nonce that is still good.
    pub(super) fn fresh(self, now: Timestamp) -> Result<Self, Bad> {
        let stretch = now.as_secs().div_euclid(NONCE_LIFE);
        let good = self.nonce.as_deref().is_some_and(|nonce| {
            [stretch, stretch - 1]
                .map(nonce_of)
                .iter()
                .any(|good| good == nonce)
        });
        if good { Ok(self) } else { Err(Bad::Nonce) }
    }
}

fn nonce_of(stretch: i64) -> String {
    NONCE.close_id(stretch.unsigned_abs())
}

impl Bad {
    /// How the token endpoint tells it.
    pub(super) fn complaint(self, now: Timestamp) -> Complaint {
        let error = if self == Self::Nonce {
            "use_dpop_nonce"
        } else {
            "invalid_dpop_proof"
        };
        let mut response: Response = oauth_error(StatusCode::BAD_REQUEST, error, &self.to_string());
        let nonce = nonce_of(now.as_secs().div_euclid(NONCE_LIFE));
        if let Ok(nonce) = HeaderValue::try_from(nonce) {
            let name = HeaderName::from_static("dpop-nonce");
            response.headers_mut().insert(name, nonce);
        }
        response.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_for_five_to_ten_minutes() {
        let proven = |nonce: &str| Proven {
            key: Thumbprint {
                jkt: "key".to_owned(),
            },
            nonce: Some(nonce.to_owned()),
            id: 0,
        };
        let at = Timestamp::from_secs;
        let nonce = nonce_of(10);
        for now in [3000, 3299, 3300, 3599] {
            assert!(proven(&nonce).fresh(at(now)).is_ok(), "{now}");
        }
        for now in [2999, 3600] {
            assert_eq!(
                proven(&nonce).fresh(at(now)).err(),
                Some(Bad::Nonce),
                "{now}"
            );
        }
        assert_eq!(proven("made up").fresh(at(3000)).err(), Some(Bad::Nonce));
    }

    #[test]
    fn what_is_no_proof_is_told_so() {
        let purpose = Purpose {
            method: &Method::POST,
            url: "https://tenant.example/oauth/token".to_owned(),
            token: None,
        };
        for bad in ["", "a", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "é"] {
            let mut headers = HeaderMap::new();
            if let Ok(value) = HeaderValue::from_str(bad) {
                headers.insert(HEADER, value);
                assert!(proven(&headers, &purpose).is_err(), "{bad}");
            }
        }
        assert!(proven(&HeaderMap::new(), &purpose).unwrap().is_none());
    }
}
