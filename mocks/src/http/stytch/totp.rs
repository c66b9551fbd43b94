//! Authenticator apps as Stytch shows them: keys, and recovery codes.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Face;
use super::book::TotpSecret;
use crate::http::totp::{base32, matching_step};
use crate::stytch::{MeansId, Totp, UserId};
use crate::time::Timestamp;

/// A picture of nothing: whoever plays the person reads `secret` instead of scanning a code.
const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89\0\0\0\rIDATx\x9cc\xf8\xff\xff\xff\x7f\0\x09\xfb\x03\xfd\x05CE\xca\0\0\0\0IEND\xaeB`\x82";

impl Face {
    /// Makes the key of a new app, or takes over an imported one; says what its owner is shown.
    pub(super) fn new_totp(
        &self,
        user: UserId,
        id: MeansId,
        imported: Option<TotpSecret>,
    ) -> Value {
        let key = imported.as_ref().map(|secret| secret.key.clone());
        let shown = base32(&key.unwrap_or_else(|| self.made_key(id)));
        if let Some(secret) = imported {
            let mut book = self.book();
            book.totps.entry(user).or_default().push((id, secret));
        }
        let picture = format!("data:image/png;base64,{}", STANDARD.encode(PICTURE));
        json!({ "secret": shown, "qr_code": picture })
    }

    /// The key of an app that was not imported: its id decides it, and so nobody keeps it.
    fn made_key(&self, id: MeansId) -> Vec<u8> {
        self.0.names.secret_bytes("totp", id.0)
    }

    /// The app of a person that shows this code now, and the code's step.
    pub(super) fn totp_code(
        &self,
        user: UserId,
        typed: &str,
        now: Timestamp,
    ) -> Option<(MeansId, i64)> {
        let (totps, clock) = {
            let project = self.project();
            (project.means(user).totps, project.clock(now))
        };
        let book = self.book();
        totps.iter().find_map(|totp| {
            let imported = book.totp(user, totp.id).map(|secret| secret.key.clone());
            let key = imported.unwrap_or_else(|| self.made_key(totp.id));
            Some((totp.id, matching_step(&key, typed, clock)?))
        })
    }

    /// The recovery codes of an app that are left.
    pub(super) fn recovery_codes(&self, user: UserId, totp: &Totp) -> Vec<String> {
        let all = self.all_recovery_codes(user, totp);
        let left = all.into_iter().enumerate();
        left.filter(|(place, _)| totp.recovery & (1 << place) != 0)
            .map(|(_, text)| text)
            .collect()
    }

    fn all_recovery_codes(&self, user: UserId, totp: &Totp) -> Vec<String> {
        let imported = self
            .book()
            .totp(user, totp.id)
            .and_then(|it| it.recovery.clone());
        match imported.filter(|_| totp.generation == 0) {
            Some(codes) => codes.into_iter().take(usize::from(Totp::CODES)).collect(),
            None => (0..Totp::CODES)
                .map(|place| {
                    self.0
                        .names
                        .recovery_code(totp.id.0, totp.generation, place)
                })
                .collect(),
        }
    }

    /// The app of a person that this recovery code belongs to, and the code's place.
    pub(super) fn recovery_code(&self, user: UserId, typed: &str) -> Option<(MeansId, u16)> {
        let totps = self.project().means(user).totps;
        totps.iter().find_map(|totp| {
            let codes = self.all_recovery_codes(user, totp);
            let place = codes.iter().position(|text| text == typed)?;
            Some((totp.id, place as u16))
        })
    }
}
