//! Passwords that were chosen over the wire, and hashes that were imported.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::{Map, Value};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::behind::Behind;
use super::face::Face;
use crate::auth0::{Connection, UserId};
use crate::email::Email;
use crate::http::password_of;

/// What is kept of somebody's password, where it is not that of [`password_of`].
#[derive(Clone)]
pub(super) enum Kept {
    /// SHA-256 of one that was typed here.
    Typed([u8; 32]),
    /// A hash that came from elsewhere, until its owner logs in.
    Imported(Arc<ImportedHash>),
    /// None fits: the person came without one.
    None,
}

/// A secret is not for logs.
impl std::fmt::Debug for Kept {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Kept(…)")
    }
}

/// A password's hash as an import brings it (Auth0 docs, bulk import schema).
#[derive(Clone, PartialEq, Eq)]
pub(super) enum ImportedHash {
    /// `password_hash`, or `custom_password_hash` with `bcrypt`.
    Bcrypt(String),
    /// Argon2 as a PHC string.
    Argon2(String),
    /// A digest of the password and perhaps a salt.
    Digest {
        algorithm: DigestKind,
        hash: Vec<u8>,
        salt: Vec<u8>,
        /// Whether the salt stands before the password.
        prefix: bool,
    },
}

/// A hash is not for logs.
impl std::fmt::Debug for ImportedHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ImportedHash(…)")
    }
}

/// A plain digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DigestKind {
    Md5,
    Sha1,
    Sha256,
    Sha512,
}

/// A hash that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadHash(String);

impl ImportedHash {
    /// The hash of a record, if it has one.
    pub(super) fn read(record: &Map<String, Value>) -> Result<Option<Self>, BadHash> {
        if let Some(text) = record.get("password_hash").and_then(Value::as_str) {
            return bcrypt_hash(text).map(Some);
        }
        let Some(custom) = record.get("custom_password_hash") else {
            return Ok(None);
        };
        let algorithm = custom["algorithm"].as_str().unwrap_or_default();
        let value = custom["hash"]["value"]
            .as_str()
            .ok_or_else(|| BadHash("hash.value is required".to_owned()))?;
        let algorithm = match algorithm {
            "bcrypt" => return bcrypt_hash(value).map(Some),
            "argon2" => return Ok(Some(Self::Argon2(value.to_owned()))),
            "md5" => DigestKind::Md5,
            "sha1" => DigestKind::Sha1,
            "sha256" => DigestKind::Sha256,
            "sha512" => DigestKind::Sha512,
            other => {
                let text = format!(
                    "the algorithm `{other}` is not mocked: use bcrypt, argon2, md5, sha1, sha256 or sha512"
                );
                return Err(BadHash(text));
            }
        };
        let hash = decoded(value, custom["hash"]["encoding"].as_str().unwrap_or("hex"))?;
        let salt = match custom["salt"]["value"].as_str() {
            Some(salt) => decoded(salt, custom["salt"]["encoding"].as_str().unwrap_or("utf8"))?,
            None => Vec::new(),
        };
        Ok(Some(Self::Digest {
            algorithm,
            hash,
            salt,
            prefix: custom["salt"]["position"] != "suffix",
        }))
    }

    /// Whether this is the password. Takes its time.
    fn fits(&self, password: &str) -> bool {
        match self {
            Self::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Self::Argon2(hash) => {
                use argon2::password_hash::{PasswordHash, PasswordVerifier};
                PasswordHash::new(hash).is_ok_and(|hash| {
                    argon2::Argon2::default()
                        .verify_password(password.as_bytes(), &hash)
                        .is_ok()
                })
            }
            Self::Digest {
                algorithm,
                hash,
                salt,
                prefix,
            } => {
                let text = if *prefix {
                    [salt, password.as_bytes()].concat()
                } else {
                    [password.as_bytes(), salt].concat()
                };
                algorithm.digest(&text) == *hash
            }
        }
    }
}

impl DigestKind {
    fn digest(self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Md5 => md5::Md5::digest(text).to_vec(),
            Self::Sha1 => Sha1::digest(text).to_vec(),
            Self::Sha256 => Sha256::digest(text).to_vec(),
            Self::Sha512 => Sha512::digest(text).to_vec(),
        }
    }
}

/// `$2a$` or `$2b$` with 10 rounds, as the schema wants it; other numbers of rounds are taken too.
fn bcrypt_hash(text: &str) -> Result<ImportedHash, BadHash> {
    let known = ["$2a$", "$2b$", "$2y$"]
        .iter()
        .any(|kind| text.starts_with(kind));
    let cost = text.get(4..6).and_then(|cost| cost.parse::<u32>().ok());
    // More rounds would let one login hold a core for seconds.
    if known && text.len() == 60 && cost.is_some_and(|cost| (4..=14).contains(&cost)) {
        Ok(ImportedHash::Bcrypt(text.to_owned()))
    } else {
        Err(BadHash(
            "Invalid password hash: expected bcrypt, $2a$ or $2b$".to_owned(),
        ))
    }
}

fn decoded(text: &str, encoding: &str) -> Result<Vec<u8>, BadHash> {
    match encoding {
        "hex" => (0..text.len())
            .step_by(2)
            .map(|at| {
                text.get(at..at + 2)
                    .and_then(|two| u8::from_str_radix(two, 16).ok())
            })
            .collect::<Option<Vec<u8>>>(),
        "base64" => STANDARD
            .decode(text)
            .or_else(|_| STANDARD_NO_PAD.decode(text))
            .ok(),
        "utf8" => Some(text.as_bytes().to_vec()),
        _ => None,
    }
    .ok_or_else(|| BadHash(format!("a value is not in {encoding}")))
}

fn hash_of(password: &str) -> [u8; 32] {
    Sha256::digest(password).into()
}

impl Behind {
    /// Whether this is the password of the person with this address; of nobody, too, there is one.
    /// An imported hash is looked at before, by [`Face::try_imported`].
    pub(super) fn is_password(&self, email: Email, address: &str, password: &str) -> bool {
        match self.kept(email) {
            Some(Kept::Typed(hash)) => *hash == hash_of(password),
            Some(Kept::Imported(_) | Kept::None) => false,
            None => password == password_of(address),
        }
    }

    fn kept(&self, email: Email) -> Option<&Kept> {
        let user = self.tenant.find_user(email, Connection::Database)?;
        self.passwords.get(&user)
    }

    /// Remembers a chosen password.
    pub(super) fn set_password(&mut self, user: UserId, address: &str, password: &str) {
        if password == password_of(address) {
            self.passwords.remove(&user);
        } else {
            self.passwords.insert(user, Kept::Typed(hash_of(password)));
        }
    }

    /// Keeps an imported hash.
    pub(super) fn import_password(&mut self, user: UserId, hash: ImportedHash) {
        self.passwords.insert(user, Kept::Imported(Arc::new(hash)));
    }

    /// Leaves a person without a password that fits.
    pub(super) fn lock_password(&mut self, user: UserId) {
        self.passwords.insert(user, Kept::None);
    }
}

impl Face {
    /// Looks whether a password fits the imported hash of whoever logs in with it, off the loop and
    /// without anybody waiting. If it does, it is kept as if it had been typed here, as Auth0 does.
    pub(super) async fn try_imported(&self, typed: &str, password: &str) {
        let found = {
            let behind = self.behind();
            if behind.passwords.is_empty() {
                return;
            }
            let address = behind.address_of_login(self.directory(), typed);
            let user = self
                .directory()
                .known_mailbox(&address)
                .map(Email::lower)
                .and_then(|email| behind.tenant.find_user(email, Connection::Database));
            user.and_then(|user| match behind.passwords.get(&user) {
                Some(Kept::Imported(hash)) => Some((user, address, Arc::clone(hash))),
                _ => None,
            })
        };
        let Some((user, address, hash)) = found else {
            return;
        };
        let password = password.to_owned();
        let fitting = crate::http::off_the_loop::off_the_loop(move || {
            hash.fits(&password).then_some(password)
        });
        if let Some(password) = fitting.await {
            self.behind().set_password(user, &address, &password);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(record: &Value) -> Result<Option<ImportedHash>, BadHash> {
        ImportedHash::read(record.as_object().unwrap())
    }

    #[test]
    fn published_hashes_fit_their_passwords() {
        for (record, password) in [
            (
                json!({"password_hash": "$2b$04$EGdrhbKUv8Oc9vGiXX0HQOxSg445d458Muh7DAHskb6QbtCvdxcie"}),
                "correctbatteryhorsestapler",
            ),
            (
                json!({"custom_password_hash": {"algorithm": "md5", "hash": {"value": "5f4dcc3b5aa765d61d8327deb882cf99"}}}),
                "password",
            ),
            (
                json!({"custom_password_hash": {"algorithm": "sha1", "hash": {"value": "5baa61e4c9b93f3f0682250b6cf8331b7ee68fd8", "encoding": "hex"}}}),
                "password",
            ),
            (
                json!({"custom_password_hash": {"algorithm": "sha256", "hash": {"value": "XohImNooBHFR0OVvjcYpJ3NgPQ1qq73WKhHvch0VQtg=", "encoding": "base64"}}}),
                "password",
            ),
            (
                json!({"custom_password_hash": {"algorithm": "sha256", "hash": {"value": "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"}, "salt": {"value": "pass", "position": "prefix"}}}),
                "word",
            ),
        ] {
            let hash = read(&record).unwrap().unwrap();
            assert!(hash.fits(password), "{record}");
            assert!(!hash.fits("another"), "{record}");
        }
        assert_eq!(read(&json!({})), Ok(None));
    }

    #[test]
    fn what_is_no_hash_is_told() {
        for record in [
            json!({"password_hash": "plain"}),
            json!({"password_hash": "$2b$31$EGdrhbKUv8Oc9vGiXX0HQOxSg445d458Muh7DAHskb6QbtCvdxcie"}),
            json!({"custom_password_hash": {"algorithm": "rot13", "hash": {"value": "x"}}}),
            json!({"custom_password_hash": {"algorithm": "md5", "hash": {"value": "xyz"}}}),
            json!({"custom_password_hash": {"algorithm": "md5"}}),
        ] {
            assert!(read(&record).is_err(), "{record}");
        }
    }
}
