//! Secrets: texts that cannot be printed, compared or serialised by mistake.

use secrecy::{ExposeSecret, SecretString};

/// A text that nobody may read: it shows nothing of itself and is wiped from memory in the end.
/// There is no `Display`, no `Serialize` and no equality; [`Secret::expose`] is the one way out, so
/// that every use of a secret can be found by that word.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Keeps a text secret.
    pub fn new(text: String) -> Self {
        Self(text.into())
    }

    /// A fresh secret of 24 random bytes, in a form that every password policy takes: small and
    /// capital letters, digits and a sign.
    pub fn random() -> Result<Self, NoRandomness> {
        Ok(Self::new(format!("aA1!{}", random_hex::<24>()?)))
    }

    /// The text, for the wire only.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// Whether the text begins so: Stytch's secrets say which environment they are for.
    pub fn starts_with(&self, prefix: &str) -> bool {
        self.expose().starts_with(prefix)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The operating system gave no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct NoRandomness;

/// Random bytes in hexadecimal.
pub(super) fn random_hex<const BYTES: usize>() -> Result<String, NoRandomness> {
    let mut bytes = [0; BYTES];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| NoRandomness)?;
    Ok(hex(&bytes))
}

/// Bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_secret_shows() {
        let secret = Secret::new("hunter2".to_owned());
        assert_eq!(format!("{secret:?} {secret:#?}"), "Secret(…) Secret(…)");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn random_secrets_differ() {
        let (one, two) = (Secret::random().unwrap(), Secret::random().unwrap());
        assert_ne!(one.expose(), two.expose());
        assert!(one.expose().len() > 40);
    }
}
