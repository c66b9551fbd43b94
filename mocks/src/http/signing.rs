//! Signing keys: made once per process and only when needed, parsed once, and what they sign and verify.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeyPair;
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::off_the_loop::briefly_off_the_loop;
use crate::keys::{KeyId, KeySet};

/// Whose keys: the two providers never share one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The Auth0 tenant.
    Auth0,
    /// The Stytch project.
    Stytch,
}

/// One RSA-2048 key with everything that is derived from it.
pub struct SigningKey {
    id: KeyId,
    pair: KeyPair,
    verifier: DecodingKey,
    /// `kid` on the wire: the key's thumbprint (RFC 7638).
    kid: String,
    /// `{"alg":"RS256","typ":"JWT","kid":…}`, encoded.
    header: String,
    jwk: Value,
}

/// The keys of one provider. Cheap to copy: the keys themselves live as long as the process, so
/// that many servers in one process (tests) pay for them once.
#[derive(Clone, Copy, Debug)]
pub struct KeyRing {
    owner: Owner,
}

/// Why a presented token is not one of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// Not a JWT at all.
    #[error("the token is not a JWT")]
    Unreadable,
    /// Signed with a key that this provider never had.
    #[error("the token's key id is unknown")]
    UnknownKey,
    /// The signature or the algorithm is wrong, or the claims have another shape.
    #[error("the token's signature or claims are invalid")]
    Invalid,
}

/// A key's place is taken under the lock; the key itself is made outside, so that nobody waits for
/// a key that they do not need.
type Keys = BTreeMap<(Owner, KeyId), Arc<OnceLock<Arc<SigningKey>>>>;

static KEYS: OnceLock<Mutex<Keys>> = OnceLock::new();

fn keys() -> std::sync::MutexGuard<'static, Keys> {
    KEYS.get_or_init(Mutex::default)
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

impl KeyRing {
    /// The ring of a provider.
    pub const fn new(owner: Owner) -> Self {
        Self { owner }
    }

    /// The key with this id, made now if nobody asked for it before (takes about 0.1 s).
    pub fn key(self, id: KeyId) -> Arc<SigningKey> {
        let place = Arc::clone(keys().entry((self.owner, id)).or_default());
        Arc::clone(place.get_or_init(|| Arc::new(SigningKey::generate(id))))
    }

    /// Which key a `kid` names, if it has been made.
    pub fn find(self, kid: &str) -> Option<KeyId> {
        let range = (self.owner, KeyId(0))..=(self.owner, KeyId(u16::MAX));
        let named =
            |place: &OnceLock<Arc<SigningKey>>| place.get().is_some_and(|key| key.kid == kid);
        keys()
            .range(range)
            .find(|(_, place)| named(place))
            .map(|((_, id), _)| *id)
    }

    /// Signs claims, on the calling thread (0.4 ms in a release build).
    pub fn sign_here(self, id: KeyId, claims: &impl Serialize) -> String {
        self.key(id).sign(&serde_json::to_vec(claims).expect(PLAIN))
    }

    /// The same, as a token of another type than `JWT`.
    pub fn sign_typed_here(self, id: KeyId, typ: &str, claims: &impl Serialize) -> String {
        let claims = serde_json::to_vec(claims).expect(PLAIN);
        self.key(id).sign_typed(typ, &claims)
    }

    /// The same, off the loop.
    pub async fn sign_typed(self, id: KeyId, typ: &'static str, claims: &impl Serialize) -> String {
        let claims = serde_json::to_vec(claims).expect(PLAIN);
        briefly_off_the_loop(move || self.key(id).sign_typed(typ, &claims)).await
    }

    /// Signs claims off the loop, so that connections go on being served.
    pub async fn sign(self, id: KeyId, claims: &impl Serialize) -> String {
        let claims = serde_json::to_vec(claims).expect(PLAIN);
        briefly_off_the_loop(move || self.key(id).sign(&claims)).await
    }

    /// Checks a token's signature and reads its claims. Times, issuer and audience are not judged
    /// here: a machine does that at its own time.
    pub fn verify<C: DeserializeOwned + Clone>(self, token: &str) -> Result<(KeyId, C), BadToken> {
        let header = jsonwebtoken::decode_header(token).map_err(|_| BadToken::Unreadable)?;
        let id = header
            .kid
            .and_then(|kid| self.find(&kid))
            .ok_or(BadToken::UnknownKey)?;
        let data = jsonwebtoken::decode(token, &self.key(id).verifier, signature_only());
        Ok((id, data.map_err(|_| BadToken::Invalid)?.claims))
    }

    /// The published key set, as `/.well-known/jwks.json` and its like show it.
    pub fn jwks(self, set: KeySet) -> Value {
        let published = [Some(set.current), set.next, set.previous];
        let jwks: Vec<Value> = published
            .iter()
            .flatten()
            .map(|id| self.key(*id).jwk.clone())
            .collect();
        json!({ "keys": jwks })
    }

    /// Makes the keys of a set ahead of their first use.
    pub fn prepare(self, set: KeySet) {
        for id in [Some(set.current), set.next, set.previous]
            .into_iter()
            .flatten()
        {
            self.key(id);
        }
    }
}

/// RS256 and nothing else; claims are left to the machine.
fn signature_only() -> &'static Validation {
    static VALIDATION: OnceLock<Validation> = OnceLock::new();
    VALIDATION.get_or_init(|| {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        validation
    })
}

/// Why claims can be written out.
const PLAIN: &str = "claims are plain data";

impl SigningKey {
    fn generate(id: KeyId) -> Self {
        let made =
            rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
                .expect("the system's source of randomness works");
        let pair =
            KeyPair::from_pkcs8(made.serialized_der()).expect("a key just made can be parsed");
        let public = pair.public_key();
        let (n, e) = (
            public.modulus().big_endian_without_leading_zero().to_vec(),
            public.exponent().big_endian_without_leading_zero().to_vec(),
        );
        let (n64, e64) = (URL_SAFE_NO_PAD.encode(&n), URL_SAFE_NO_PAD.encode(&e));
        let thumbprint = Sha256::digest(format!(r#"{{"e":"{e64}","kty":"RSA","n":"{n64}"}}"#));
        let kid = URL_SAFE_NO_PAD.encode(thumbprint);
        let certificate = certificate(&made);
        let x5t = URL_SAFE_NO_PAD.encode(Sha1::digest(certificate.der()));
        let jwk = json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "n": n64, "e": e64, "kid": kid,
            "x5t": x5t, "x5c": [STANDARD.encode(certificate.der())],
        });
        let header = encoded_header(&kid, "JWT");
        let verifier = DecodingKey::from_rsa_raw_components(&n, &e);
        Self {
            id,
            pair,
            verifier,
            kid,
            header,
            jwk,
        }
    }

    /// The key's id.
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// The key's name on the wire.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The key as its provider publishes it.
    pub fn jwk(&self) -> &Value {
        &self.jwk
    }

    /// The private key in PKCS #8, for tests that forge tokens with another library.
    pub fn private_der(&self) -> Vec<u8> {
        AsDer::as_der(&self.pair)
            .expect("an RSA key can be serialised")
            .as_ref()
            .to_vec()
    }

    /// Signs claims. The same claims give the same text: PKCS #1 v1.5 signatures are deterministic.
    fn sign(&self, claims: &[u8]) -> String {
        self.sign_under(&self.header, claims)
    }

    fn sign_typed(&self, typ: &str, claims: &[u8]) -> String {
        self.sign_under(&encoded_header(&self.kid, typ), claims)
    }

    fn sign_under(&self, header: &str, claims: &[u8]) -> String {
        let mut text = String::with_capacity(header.len() + claims.len() * 4 / 3 + 350);
        text.push_str(header);
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(claims, &mut text);
        let mut signature = [0; 256];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                text.as_bytes(),
                &mut signature,
            )
            .expect("the buffer has the size of an RSA-2048 signature");
        text.push('.');
        URL_SAFE_NO_PAD.encode_string(signature, &mut text);
        text
    }
}

fn encoded_header(kid: &str, typ: &str) -> String {
    URL_SAFE_NO_PAD.encode(json!({"alg": "RS256", "typ": typ, "kid": kid}).to_string())
}

/// A certificate for a key, as it stands in a key set's `x5c`; nobody is asked to trust it.
fn certificate(key: &rcgen::KeyPair) -> rcgen::Certificate {
    const NAME: &str = "mock.invalid";
    rcgen::CertificateParams::new(vec![NAME.to_owned()])
        .and_then(|mut params| {
            params
                .distinguished_name
                .push(rcgen::DnType::CommonName, NAME);
            params.self_signed(key)
        })
        .expect("a certificate for a fixed name can be made")
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("id", &self.id)
            .field("kid", &self.kid)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RING: KeyRing = KeyRing::new(Owner::Auth0);

    #[test]
    fn what_is_signed_can_be_verified_and_reads_the_same() {
        let claims = json!({"sub": "auth0|1", "exp": 1});
        let text = RING.sign_here(KeyId(0), &claims);
        assert_eq!(RING.verify::<Value>(&text), Ok((KeyId(0), claims.clone())));
        assert_eq!(
            text,
            RING.sign_here(KeyId(0), &claims),
            "the same claims give the same text"
        );
    }

    #[test]
    fn changed_claims_are_refused() {
        let text = RING.sign_here(KeyId(0), &json!({"sub": "auth0|1"}));
        let mut parts: Vec<&str> = text.split('.').collect();
        let other = URL_SAFE_NO_PAD.encode(r#"{"sub":"auth0|2"}"#);
        parts[1] = &other;
        assert_eq!(
            RING.verify::<Value>(&parts.join(".")),
            Err(BadToken::Invalid)
        );
    }

    #[test]
    fn the_other_providers_keys_are_unknown() {
        let text = KeyRing::new(Owner::Stytch).sign_here(KeyId(0), &json!({}));
        assert_eq!(RING.verify::<Value>(&text), Err(BadToken::UnknownKey));
        assert_eq!(RING.verify::<Value>("opaque"), Err(BadToken::Unreadable));
    }

    #[test]
    fn a_token_without_signature_is_refused() {
        let kid = RING.key(KeyId(0)).kid().to_owned();
        let header = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "kid": kid}).to_string());
        let forged = format!("{header}.{}.", URL_SAFE_NO_PAD.encode("{}"));
        assert!(RING.verify::<Value>(&forged).is_err());
    }

    #[test]
    fn published_keys_verify_through_another_door() {
        let text = RING.sign_here(KeyId(0), &json!({"sub": "x"}));
        let jwks = RING.jwks(KeySet {
            next: Some(KeyId(1)),
            ..KeySet::default()
        });
        let set: jsonwebtoken::jwk::JwkSet = serde_json::from_value(jwks).unwrap();
        assert_eq!(set.keys.len(), 2);
        let key = DecodingKey::from_jwk(set.find(RING.key(KeyId(0)).kid()).unwrap()).unwrap();
        assert!(jsonwebtoken::decode::<Value>(&text, &key, signature_only()).is_ok());
    }
}
