//! Imported password hashes: every form that Stytch takes, verified for real.

use argon2::password_hash::{PasswordHash, PasswordVerifier};
use argon2::{Algorithm, Argon2, Version};
use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::fields::Fields;
use super::phpass::Phpass;
use super::problem::Problem;

/// A hash that was imported, with all that is needed to check a password against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Imported {
    /// `$2b$…`.
    Bcrypt(String),
    /// `$P$…`.
    Phpass(Phpass),
    /// `$argon2id$…`, `$argon2i$…`.
    Argon2Phc(String),
    /// Argon2 in hex, with its parameters beside it.
    Argon2 {
        /// `argon_2i` or `argon_2id`.
        hybrid: bool,
        /// The salt's text.
        salt: String,
        /// Passes over the memory.
        iterations: u32,
        /// KiB.
        memory: u32,
        /// Lanes.
        threads: u32,
        /// The hash.
        hash: Vec<u8>,
    },
    /// A plain digest of the password between two salts.
    Digest {
        /// Which digest.
        kind: DigestKind,
        /// Before the password.
        prepend: String,
        /// After the password.
        append: String,
        /// The hash.
        hash: Vec<u8>,
    },
    /// scrypt (RFC 7914).
    Scrypt {
        /// The salt.
        salt: Vec<u8>,
        /// Binary logarithm of the cost.
        log_n: u8,
        /// Block size.
        r: u32,
        /// Parallelism.
        p: u32,
        /// The hash.
        hash: Vec<u8>,
    },
    /// PBKDF2 (RFC 8018).
    Pbkdf2 {
        /// The salt.
        salt: Vec<u8>,
        /// Iterations.
        iterations: u32,
        /// HMAC with SHA-512 instead of SHA-256.
        sha512: bool,
        /// The hash.
        hash: Vec<u8>,
    },
}

/// A plain digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DigestKind {
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-512.
    Sha512,
}

/// Stytch's largest scrypt cost: 2^18.
const LARGEST_LOG_N: u8 = 18;

impl Imported {
    /// The hash that a Migrate Password request describes.
    pub(super) fn read(fields: &Fields) -> Result<Self, Problem> {
        let hash = fields.needed("hash")?;
        match fields.needed("hash_type")? {
            "bcrypt" => bcrypt_hash(hash),
            "argon_2i" => argon2_hash(fields, hash, false),
            "argon_2id" => argon2_hash(fields, hash, true),
            "md_5" => digest_hash(fields, "md_5_config", DigestKind::Md5, hash),
            "sha_1" => digest_hash(fields, "sha_1_config", DigestKind::Sha1, hash),
            "sha_512" => digest_hash(fields, "sha_512_config", DigestKind::Sha512, hash),
            "scrypt" => scrypt_hash(fields, hash),
            "pbkdf_2" => pbkdf2_hash(fields, hash),
            "phpass" => Phpass::read(hash).map(Self::Phpass),
            other => Err(Problem::bad(
                "invalid_hash_type",
                format!("The hash_type `{other}` is not supported."),
            )),
        }
    }

    /// Whether this is the password. Takes as long as the hash is strong: not for an async thread.
    pub(super) fn verify(&self, password: &str) -> bool {
        match self {
            Self::Phpass(hash) => hash.verify(password),
            Self::Bcrypt(hash) => bcrypt::verify(password, hash).unwrap_or(false),
            Self::Argon2Phc(text) => PasswordHash::new(text).is_ok_and(|hash| {
                Argon2::default()
                    .verify_password(password.as_bytes(), &hash)
                    .is_ok()
            }),
            Self::Argon2 {
                hybrid,
                salt,
                iterations,
                memory,
                threads,
                hash,
            } => {
                let kind = if *hybrid {
                    Algorithm::Argon2id
                } else {
                    Algorithm::Argon2i
                };
                let params = argon2::Params::new(*memory, *iterations, *threads, Some(hash.len()));
                let mut out = vec![0; hash.len()];
                params.is_ok_and(|params| {
                    let argon2 = Argon2::new(kind, Version::V0x13, params);
                    argon2
                        .hash_password_into(password.as_bytes(), salt.as_bytes(), &mut out)
                        .is_ok_and(|()| out == *hash)
                })
            }
            Self::Digest {
                kind,
                prepend,
                append,
                hash,
            } => {
                let text = format!("{prepend}{password}{append}");
                *hash == kind.digest(&text)
            }
            Self::Scrypt {
                salt,
                log_n,
                r,
                p,
                hash,
            } => {
                let mut out = vec![0; hash.len()];
                scrypt::Params::new(*log_n, *r, *p, hash.len()).is_ok_and(|params| {
                    scrypt::scrypt(password.as_bytes(), salt, &params, &mut out)
                        .is_ok_and(|()| out == *hash)
                })
            }
            Self::Pbkdf2 {
                salt,
                iterations,
                sha512,
                hash,
            } => {
                let mut out = vec![0; hash.len()];
                if *sha512 {
                    pbkdf2::pbkdf2_hmac::<Sha512>(password.as_bytes(), salt, *iterations, &mut out);
                } else {
                    pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt, *iterations, &mut out);
                }
                out == *hash
            }
        }
    }
}

impl DigestKind {
    fn digest(self, text: &str) -> Vec<u8> {
        match self {
            Self::Md5 => Md5::digest(text).to_vec(),
            Self::Sha1 => Sha1::digest(text).to_vec(),
            Self::Sha512 => Sha512::digest(text).to_vec(),
        }
    }

    const fn length(self) -> usize {
        match self {
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha512 => 64,
        }
    }
}

fn invalid(why: &str) -> Problem {
    Problem::bad(
        "invalid_hash",
        format!("The provided hash is invalid: {why}."),
    )
}

fn bcrypt_hash(hash: &str) -> Result<Imported, Problem> {
    hash.parse::<bcrypt::HashParts>().map_err(|_| {
        Problem::bad(
            "invalid_bcrypt_hash",
            "The provided hash is not a valid bcrypt hash.",
        )
    })?;
    Ok(Imported::Bcrypt(hash.to_owned()))
}

fn argon2_hash(fields: &Fields, hash: &str, hybrid: bool) -> Result<Imported, Problem> {
    if hash.starts_with('$') {
        let read = PasswordHash::new(hash).map_err(|_| invalid("not an argon2 hash"))?;
        let name = if hybrid { "argon2id" } else { "argon2i" };
        if read.algorithm.as_str() != name {
            return Err(invalid("the algorithm is not the one that hash_type names"));
        }
        return Ok(Imported::Argon2Phc(hash.to_owned()));
    }
    let config = fields.needed_object("argon_2_config")?;
    let hash = hex(hash).ok_or_else(|| invalid("not hexadecimal"))?;
    let length = positive(&config, "key_length")?;
    if length as usize != hash.len() {
        let text = "The key_length does not match the length of the hash.";
        return Err(Problem::bad("argon_2_key_length_mismatch", text));
    }
    Ok(Imported::Argon2 {
        hybrid,
        salt: config.needed("salt")?.to_owned(),
        iterations: positive(&config, "iteration_amount")?,
        memory: positive(&config, "memory")?,
        threads: positive(&config, "threads")?,
        hash,
    })
}

fn digest_hash(
    fields: &Fields,
    config: &str,
    kind: DigestKind,
    hash: &str,
) -> Result<Imported, Problem> {
    let hash = hex(hash).filter(|hash| hash.len() == kind.length());
    let salt = |name| -> Result<String, Problem> {
        let config = fields
            .object(config)?
            .is_some()
            .then(|| fields.needed_object(config));
        let config = config.transpose()?.unwrap_or_default();
        Ok(config.text(name)?.unwrap_or_default().to_owned())
    };
    Ok(Imported::Digest {
        kind,
        prepend: salt("prepend_salt")?,
        append: salt("append_salt")?,
        hash: hash.ok_or_else(|| invalid("not hexadecimal, or of another length"))?,
    })
}

fn scrypt_hash(fields: &Fields, hash: &str) -> Result<Imported, Problem> {
    if hash.starts_with('$') {
        return scrypt_phc(hash).ok_or_else(|| invalid("not a scrypt hash"));
    }
    let config = fields.needed_object("scrypt_config")?;
    let n = positive(&config, "n_parameter")?;
    let log_n = n.ilog2() as u8;
    if !n.is_power_of_two() || log_n > LARGEST_LOG_N {
        return Err(invalid("n_parameter is not a power of two up to 262144"));
    }
    let hash = base64(hash).ok_or_else(|| invalid("not base64"))?;
    if positive(&config, "key_length")? as usize != hash.len() {
        return Err(invalid("key_length does not match its length"));
    }
    let salt = base64(config.needed("salt")?).ok_or_else(|| invalid("the salt is not base64"))?;
    let (r, p) = (
        positive(&config, "r_parameter")?,
        positive(&config, "p_parameter")?,
    );
    Ok(Imported::Scrypt {
        salt,
        log_n,
        r,
        p,
        hash,
    })
}

/// `$scrypt$ln=16,r=8,p=1$<salt>$<hash>`.
fn scrypt_phc(text: &str) -> Option<Imported> {
    let mut parts = text.strip_prefix("$scrypt$")?.split('$');
    let mut parameters = parts.next()?.split(',');
    let log_n = parameters.next()?.strip_prefix("ln=")?.parse().ok()?;
    let r = parameters.next()?.strip_prefix("r=")?.parse().ok()?;
    let p = parameters.next()?.strip_prefix("p=")?.parse().ok()?;
    let (salt, hash) = (base64(parts.next()?)?, base64(parts.next()?)?);
    let whole = parts.next().is_none() && parameters.next().is_none() && log_n <= LARGEST_LOG_N;
    whole.then_some(Imported::Scrypt {
        salt,
        log_n,
        r,
        p,
        hash,
    })
}

fn pbkdf2_hash(fields: &Fields, hash: &str) -> Result<Imported, Problem> {
    let wrong = |why: &str| {
        Problem::bad(
            "invalid_pbkdf_2_hash",
            format!("The provided hash is invalid: {why}."),
        )
    };
    let config = fields.needed_object("pbkdf_2_config")?;
    let hash = base64(hash).ok_or_else(|| wrong("not base64"))?;
    if positive(&config, "key_length")? as usize != hash.len() {
        return Err(wrong("key_length does not match its length"));
    }
    let sha512 = match config.text("algorithm")?.unwrap_or("sha256") {
        "sha256" => false,
        "sha512" => true,
        _ => return Err(wrong("the algorithm is neither sha256 nor sha512")),
    };
    let salt = base64(config.needed("salt")?).ok_or_else(|| wrong("the salt is not base64"))?;
    let iterations = positive(&config, "iteration_amount")?;
    Ok(Imported::Pbkdf2 {
        salt,
        iterations,
        sha512,
        hash,
    })
}

fn positive(config: &Fields, name: &str) -> Result<u32, Problem> {
    let number = config
        .number(name)?
        .and_then(|number| u32::try_from(number).ok());
    let wrong = || Problem::field(name, "must be a positive integer");
    number.filter(|number| *number > 0).ok_or_else(wrong)
}

/// Standard or URL-safe, padded or not.
fn base64(text: &str) -> Option<Vec<u8>> {
    let any = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet = if text.contains(['-', '_']) {
        &alphabet::URL_SAFE
    } else {
        &alphabet::STANDARD
    };
    let bytes = GeneralPurpose::new(alphabet, any).decode(text).ok()?;
    (!bytes.is_empty()).then_some(bytes)
}

fn hex(text: &str) -> Option<Vec<u8>> {
    if text.is_empty() || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(body: &Value) -> Result<Imported, Problem> {
        Imported::read(&Fields::of_body(body.to_string().as_bytes())?)
    }

    /// The hash of `password`, from published test vectors where there are some.
    fn accepts(body: &Value, password: &str) {
        let imported = read(body).expect("the hash can be read");
        assert!(imported.verify(password), "{body}");
        assert!(!imported.verify("another password"), "{body}");
    }

    #[test]
    fn plain_digests_of_known_words() {
        accepts(
            &json!({"hash_type": "md_5", "hash": "900150983cd24fb0d6963f7d28e17f72"}),
            "abc",
        );
        let salted = json!({
            "hash_type": "sha_1", "hash": "a9993e364706816aba3e25717850c26c9cd0d89d",
            "sha_1_config": {"prepend_salt": "a", "append_salt": "c"},
        });
        accepts(&salted, "b");
        let long = "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                    2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f";
        accepts(&json!({"hash_type": "sha_512", "hash": long}), "abc");
    }

    #[test]
    fn bcrypt_of_its_own_making() {
        let hash = bcrypt::hash("hunter2", 4).expect("a cost of 4 is allowed");
        accepts(&json!({"hash_type": "bcrypt", "hash": hash}), "hunter2");
        let broken = read(&json!({"hash_type": "bcrypt", "hash": "$2b$04$short"}));
        assert_eq!(
            broken.expect_err("broken").error_type,
            "invalid_bcrypt_hash"
        );
    }

    #[test]
    fn argon2_in_both_forms() {
        // The reference implementation's own tests: argon2i, t=2, m=256, p=1.
        let phc = "$argon2i$v=19$m=65536,t=2,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b+dWRWJTmaaJObG";
        accepts(&json!({"hash_type": "argon_2i", "hash": phc}), "password");
        let hex = json!({
            "hash_type": "argon_2i",
            "hash": "89e9029f4637b295beb027056a7336c414fadd43f6b208645281cb214a56452f",
            "argon_2_config": {
                "salt": "somesalt", "iteration_amount": 2, "memory": 256, "threads": 1,
                "key_length": 32,
            },
        });
        accepts(&hex, "password");
        let mut mismatch = hex;
        mismatch["argon_2_config"]["key_length"] = json!(24);
        let problem = read(&mismatch).expect_err("the length is wrong");
        assert_eq!(problem.error_type, "argon_2_key_length_mismatch");
        let other = read(&json!({"hash_type": "argon_2id", "hash": phc}));
        assert_eq!(
            other.expect_err("another algorithm").error_type,
            "invalid_hash"
        );
    }

    #[test]
    fn scrypt_in_both_forms() {
        // RFC 7914, section 12: N=1024, r=8, p=16, salt "NaCl".
        let hash = "/bq+HJ00cgB4VucZDQHp/nxq18vII3gw53N2Y0s3MWIurzDZLiKjiG/xCSedmDDaxyevuUqD7m2DYMvfoswGQA==";
        let salt = "TmFDbA==";
        let config = json!({
            "hash_type": "scrypt", "hash": hash,
            "scrypt_config": {
                "salt": salt, "n_parameter": 1024, "r_parameter": 8, "p_parameter": 16,
                "key_length": 64,
            },
        });
        accepts(&config, "password");
        let phc = format!("$scrypt$ln=10,r=8,p=16${salt}${hash}");
        accepts(&json!({"hash_type": "scrypt", "hash": phc}), "password");
        let mut odd = config;
        odd["scrypt_config"]["n_parameter"] = json!(1000);
        assert!(read(&odd).is_err());
    }

    #[test]
    fn pbkdf2_with_both_digests() {
        // RFC 7914, section 11: PBKDF2-HMAC-SHA-256, "passwd", "salt", 1 iteration, 64 bytes.
        let bytes = hex(
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc\
                         49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
        )
        .expect("hexadecimal");
        let mut body = json!({
            "hash_type": "pbkdf_2",
            "hash": base64::engine::general_purpose::STANDARD.encode(bytes),
            "pbkdf_2_config": {
                "salt": "c2FsdA==", "iteration_amount": 1, "key_length": 64, "algorithm": "sha256",
            },
        });
        accepts(&body, "passwd");
        body["pbkdf_2_config"]["algorithm"] = json!("sha512");
        assert!(!read(&body).expect("it can be read").verify("passwd"));
        // The same with SHA-512, by Python's hashlib.
        let bytes = hex(
            "c74319d99499fc3e9013acff597c23c5baf0a0bec5634c46b8352b793e324723\
                         d55caa76b2b25c43402dcfdc06cdcf66f95b7d0429420b39520006749c51a04e",
        )
        .expect("hexadecimal");
        body["hash"] = json!(base64::engine::general_purpose::STANDARD.encode(bytes));
        accepts(&body, "passwd");
        body["pbkdf_2_config"] = Value::Null;
        assert!(read(&body).is_err());
    }

    #[test]
    fn unknown_hash_types_are_refused() {
        let problem = read(&json!({"hash_type": "md4", "hash": "$P$B"})).expect_err("unknown");
        assert_eq!(problem.error_type, "invalid_hash_type");
    }
}
