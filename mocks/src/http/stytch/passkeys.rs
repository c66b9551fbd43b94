//! Passkeys (Web Authentication): challenges, the keys that were registered, and what a signature of
//! one is worth. Attestations are not looked at: who made an authenticator says nothing here.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustc_hash::FxHashMap;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::cbor::Item;
use super::problem::Problem;
use crate::http::recent::{Bulky, Recent};
use crate::stytch::{MeansId, UserId};
use crate::time::{Span, Timestamp};

/// A challenge is good this long (Stytch documentation: 5 min).
pub(super) const LIFE: Span = Span::from_mins(5);

/// Algorithms of keys that are taken (IANA COSE: ES256, RS256).
pub(super) const ALGORITHMS: [i64; 2] = [-7, -257];

/// What a challenge was given for.
#[derive(Clone, Debug)]
pub(super) struct Ceremony {
    /// For whom; nobody: for whoever signs it.
    pub(super) user: Option<UserId>,
    /// The site.
    pub(super) domain: String,
    /// Whether a key is to be made.
    pub(super) creates: bool,
    /// The browser that asked.
    pub(super) user_agent: String,
    /// Until when it is good; no challenge is good twice.
    pub(super) expires: Timestamp,
}

/// A registered key.
#[derive(Clone, Debug)]
pub(super) struct Passkey {
    owner: UserId,
    /// Its id at its authenticator.
    pub(super) credential: Vec<u8>,
    /// The site.
    pub(super) domain: String,
    /// The browser that made it.
    pub(super) user_agent: String,
    /// What its owner calls it.
    pub(super) name: String,
    key: Key,
}

#[derive(Clone, Debug)]
enum Key {
    /// The uncompressed point.
    P256(Vec<u8>),
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
}

/// All challenges and keys of a project.
#[derive(Debug)]
pub(super) struct Passkeys {
    /// By the number in the challenge.
    ceremonies: Recent<u32, Ceremony>,
    begun: u32,
    /// By the registration.
    pub(super) keys: FxHashMap<MeansId, Passkey>,
}

/// Challenges that are kept at most.
const REMEMBERED: usize = 100_000;

impl Default for Passkeys {
    fn default() -> Self {
        Self {
            ceremonies: Recent::of(REMEMBERED),
            begun: 0,
            keys: FxHashMap::default(),
        }
    }
}

impl Bulky for Ceremony {
    fn heap_bytes(&self) -> usize {
        self.domain.len() + self.user_agent.len()
    }
}

impl Passkeys {
    /// Begins a ceremony; says its number.
    pub(super) fn begin(&mut self, ceremony: Ceremony) -> u32 {
        self.begun = self.begun.wrapping_add(1);
        self.ceremonies.put(self.begun, ceremony);
        self.begun
    }

    /// Ends a ceremony: its challenge is used up.
    fn end(&mut self, number: u32, now: Timestamp) -> Option<Ceremony> {
        let ceremony = self.ceremonies.take(number)?;
        (now < ceremony.expires).then_some(ceremony)
    }

    /// Forgets the keys of somebody.
    pub(super) fn forget(&mut self, owner: UserId) {
        self.keys.retain(|_, key| key.owner != owner);
    }

    /// The registration of a credential.
    pub(super) fn of_credential(&self, credential: &[u8]) -> Option<MeansId> {
        let mut keys = self.keys.iter();
        keys.find_map(|(id, key)| (key.credential == credential).then_some(*id))
    }
}

/// An authenticator's answer, as browsers hand it on.
pub(super) struct Answered {
    client: Vec<u8>,
    /// The challenge, as it was given out.
    pub(super) challenge: String,
    origin: String,
    creates: bool,
    credential: Vec<u8>,
    response: Value,
}

impl Answered {
    /// Reads `public_key_credential`.
    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        let malformed = || {
            let message = "public_key_credential is not the JSON of a PublicKeyCredential.";
            Problem::bad("invalid_public_key_credential", message)
        };
        let credential: Value = serde_json::from_str(text).map_err(|_| malformed())?;
        let response = credential["response"].clone();
        let client = bytes(&response["clientDataJSON"]).ok_or_else(malformed)?;
        let said: Value = serde_json::from_slice(&client).map_err(|_| malformed())?;
        let part = |name: &str| said[name].as_str().map(str::to_owned).ok_or_else(malformed);
        let creates = match part("type")?.as_str() {
            "webauthn.create" => true,
            "webauthn.get" => false,
            _ => return Err(malformed()),
        };
        Ok(Self {
            challenge: part("challenge")?,
            origin: part("origin")?,
            creates,
            credential: bytes(&credential["rawId"])
                .or_else(|| bytes(&credential["id"]))
                .ok_or_else(malformed)?,
            client,
            response,
        })
    }

    /// The ceremony that this answers, if it answers one.
    pub(super) fn of(&self, kept: &mut Passkeys, number: u32, now: Timestamp) -> Option<Ceremony> {
        let ceremony = kept.end(number, now)?;
        let url = reqwest::Url::parse(&self.origin).ok()?;
        let host = url.host_str()?;
        let below = host
            .strip_suffix(&ceremony.domain)
            .is_some_and(|rest| rest.ends_with('.'));
        let fits = host == ceremony.domain || below;
        (fits && ceremony.creates == self.creates).then_some(ceremony)
    }

    /// The key that was made.
    pub(super) fn made(&self, ceremony: &Ceremony) -> Option<Passkey> {
        let object = bytes(&self.response["attestationObject"])?;
        let (object, _) = Item::read(&object)?;
        let data = object.get(&Item::Text("authData".to_owned()))?.bytes()?;
        let rest = attended(data, &ceremony.domain, 0x40)?;
        // The model of the authenticator, the length of the credential's id, the id, the key.
        let (length, rest) = rest.split_at_checked(16)?.1.split_first_chunk::<2>()?;
        let (credential, rest) = rest.split_at_checked(u16::from_be_bytes(*length).into())?;
        let (key, _) = Item::read(rest)?;
        (credential == self.credential).then_some(())?;
        Some(Passkey {
            owner: ceremony.user?,
            credential: credential.to_vec(),
            domain: ceremony.domain.clone(),
            user_agent: ceremony.user_agent.clone(),
            name: String::new(),
            key: Key::of(&key)?,
        })
    }

    /// Whose key signed this.
    pub(super) fn signed(&self, kept: &Passkeys, ceremony: &Ceremony) -> Option<MeansId> {
        let id = kept.of_credential(&self.credential)?;
        let passkey = &kept.keys[&id];
        let data = bytes(&self.response["authenticatorData"])?;
        attended(&data, &ceremony.domain, 0)?;
        let signature = bytes(&self.response["signature"])?;
        let message = [&data[..], &Sha256::digest(&self.client)].concat();
        let good = passkey.domain == ceremony.domain && passkey.key.verifies(&message, &signature);
        good.then_some(id)
    }
}

/// What follows the head of authenticator data, if it is this site's, somebody was there, and these
/// flags are set as well.
fn attended<'a>(data: &'a [u8], domain: &str, flags: u8) -> Option<&'a [u8]> {
    let (site, rest) = data.split_at_checked(32)?;
    let ([set, ..], rest) = rest.split_first_chunk::<5>()?;
    let needed = flags | 0x01;
    (site == &Sha256::digest(domain)[..] && set & needed == needed).then_some(rest)
}

impl Key {
    /// A COSE key (RFC 9053).
    fn of(item: &Item) -> Option<Self> {
        let part = |name: i64| item.get(&Item::Number(name));
        match (part(1)?, part(3)?) {
            (Item::Number(2), Item::Number(-7)) => {
                let (x, y) = (part(-2)?.bytes()?, part(-3)?.bytes()?);
                let curve = part(-1) == Some(&Item::Number(1));
                (curve && x.len() == 32 && y.len() == 32).then(|| Self::P256([&[4], x, y].concat()))
            }
            (Item::Number(3), Item::Number(-257)) => Some(Self::Rsa {
                n: part(-1)?.bytes()?.to_vec(),
                e: part(-2)?.bytes()?.to_vec(),
            }),
            _ => None,
        }
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::P256(point) => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point)
                .verify(message, signature)
                .is_ok(),
            Self::Rsa { n, e } => RsaPublicKeyComponents { n, e }
                .verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
                .is_ok(),
        }
    }
}

/// Bytes that browsers write as text: base64url, sometimes base64, sometimes padded.
fn bytes(value: &Value) -> Option<Vec<u8>> {
    let text = value.as_str()?.trim_end_matches('=');
    let text = text.replace('+', "-").replace('/', "_");
    URL_SAFE_NO_PAD.decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::json;

    const SITE: &str = "app.example";
    const NOW: Timestamp = Timestamp::from_secs(1_780_000_000);

    /// An authenticator with one key.
    struct Device(EcdsaKeyPair);

    impl Device {
        fn new() -> Self {
            Self(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).expect("a key"))
        }

        fn answer(kind: &str, origin: &str, response: &mut Value) -> Answered {
            let client = json!({ "type": kind, "challenge": "c", "origin": origin }).to_string();
            response["clientDataJSON"] = json!(URL_SAFE_NO_PAD.encode(client));
            let text = json!({ "rawId": URL_SAFE_NO_PAD.encode("device"), "response": response });
            Answered::read(&text.to_string()).expect("it is well formed")
        }

        fn data(site: &str, flags: u8) -> Vec<u8> {
            [&Sha256::digest(site)[..], &[flags, 0, 0, 0, 1]].concat()
        }

        fn makes(&self, site: &str, flags: u8, origin: &str) -> Answered {
            let point = self.0.public_key().as_ref();
            let mut key = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 32];
            key.extend(&point[1..33]);
            key.extend([0x22, 0x58, 32]);
            key.extend(&point[33..]);
            let data = [
                &Self::data(site, flags)[..],
                &[0; 16],
                &[0, 6],
                b"device",
                &key,
            ]
            .concat();
            let mut object = vec![0xa1, 0x68];
            object.extend(b"authData");
            object.extend([0x58, data.len() as u8]);
            object.extend(data);
            let mut response = json!({ "attestationObject": URL_SAFE_NO_PAD.encode(object) });
            Self::answer("webauthn.create", origin, &mut response)
        }

        fn signs(&self, site: &str, origin: &str) -> Answered {
            let data = Self::data(site, 0x01);
            let mut response = json!({ "authenticatorData": URL_SAFE_NO_PAD.encode(&data) });
            let client = Self::answer("webauthn.get", origin, &mut response.clone()).client;
            let message = [&data[..], &Sha256::digest(&client)].concat();
            let signature = self
                .0
                .sign(&SystemRandom::new(), &message)
                .expect("a signature");
            response["signature"] = json!(URL_SAFE_NO_PAD.encode(signature));
            Self::answer("webauthn.get", origin, &mut response)
        }
    }

    fn ceremony(creates: bool) -> Ceremony {
        Ceremony {
            user: Some(UserId(7)),
            domain: SITE.to_owned(),
            creates,
            user_agent: String::new(),
            expires: NOW + LIFE,
        }
    }

    #[test]
    fn a_key_is_made_for_its_site_with_somebody_there() {
        let device = Device::new();
        let origin = "https://login.app.example";
        let made = |site, flags| device.makes(site, flags, origin).made(&ceremony(true));
        assert!(made(SITE, 0x41).is_some());
        assert!(made("other.example", 0x41).is_none(), "another site's");
        assert!(made(SITE, 0x40).is_none(), "nobody was there");
        assert!(made(SITE, 0x01).is_none(), "no key was made");
    }

    #[test]
    fn only_the_keys_own_signature_for_its_site_is_good() {
        let (device, stranger) = (Device::new(), Device::new());
        let origin = "https://app.example";
        let mut kept = Passkeys::default();
        let key = device
            .makes(SITE, 0x41, origin)
            .made(&ceremony(true))
            .expect("a key");
        kept.keys.insert(MeansId(1), key);
        let signed = |answer: Answered| answer.signed(&kept, &ceremony(false));
        assert_eq!(signed(device.signs(SITE, origin)), Some(MeansId(1)));
        assert_eq!(signed(stranger.signs(SITE, origin)), None);
        assert_eq!(signed(device.signs("other.example", origin)), None);
    }

    #[test]
    fn a_challenge_is_good_once_in_time_and_on_its_site() {
        let device = Device::new();
        let mut kept = Passkeys::default();
        let mut ask = |origin: &str, creates, at: Timestamp| {
            let number = kept.begin(ceremony(creates));
            let answer = device.signs(SITE, origin);
            let first = answer.of(&mut kept, number, at).is_some();
            assert!(answer.of(&mut kept, number, at).is_none(), "it is used up");
            first
        };
        assert!(ask("https://app.example", false, NOW));
        assert!(ask("https://login.app.example:8443", false, NOW));
        assert!(!ask("https://evilapp.example", false, NOW));
        assert!(!ask("https://app.example.evil.example", false, NOW));
        assert!(!ask("https://app.example", true, NOW), "it makes a key");
        assert!(!ask("https://app.example", false, NOW + LIFE));
    }
}
