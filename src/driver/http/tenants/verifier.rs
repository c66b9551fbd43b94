//! Verification of real tokens: their texts against the keys that the providers publish.

use std::sync::Arc;

use cutover_mocks::auth0::AccessToken;
use cutover_mocks::http::Owner;
use cutover_mocks::keys::{KeyId, KeySet};
use cutover_mocks::stytch::SessionJwt;
use cutover_mocks::time::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use rustc_hash::FxHashMap;
use serde::de::IgnoredAny;

use super::names::Names;
use crate::driver::http::altered::refused;
use crate::driver::http::conductor::TextVerifier;
use crate::rehearsal::{Attack, ClaimsVerifier, Verified, Verifier};
use crate::tenant::tenants::Tenants;

/// Until the rehearsal is handed over there are no texts, and claims decide. From then on the text of
/// a token that has not ended is verified: signature, algorithm, type, issuer and audience.
#[derive(Debug)]
pub(super) struct TenantVerifier {
    names: Option<Arc<Names>>,
    by_claims: bool,
    access: Validation,
    session: Validation,
    /// What another tenant's API, and another project, would expect.
    elsewhere: [Validation; 2],
    checked: FxHashMap<(Kind, u32), bool>,
}

/// Which kind of token a handle is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    Access,
    Session,
}

impl TenantVerifier {
    /// A verifier for the application of these tenants.
    pub(super) fn new(tenants: &Tenants) -> Self {
        let (auth0, stytch) = (&tenants.auth0, &tenants.stytch);
        let project = stytch.credentials().project_id.as_str();
        // On a custom domain the issuer is the address that was used.
        let issuers = [
            format!("stytch.com/{project}"),
            stytch.credentials().base.as_str().to_owned(),
        ];
        Self {
            names: None,
            by_claims: false,
            access: validation(&[auth0.issuer()], &auth0.credentials().audience),
            session: validation(&issuers, project),
            elsewhere: [
                validation(
                    &["https://elsewhere.example/".to_owned()],
                    &auth0.credentials().audience,
                ),
                validation(
                    &["stytch.com/project-elsewhere".to_owned()],
                    "project-elsewhere",
                ),
            ],
            checked: FxHashMap::default(),
        }
    }

    /// The text behind a handle, and the key that it names; nothing before tokens have texts.
    fn text_and_key(
        &self,
        owner: Owner,
        handle: u32,
        key: KeyId,
    ) -> Option<(Arc<str>, Arc<DecodingKey>)> {
        let names = self.names.as_ref().filter(|_| !self.by_claims)?;
        Some((names.text(handle), names.key(owner, key)?))
    }

    /// What claims said, and of valid ones what the text says, which is checked once.
    fn with_text(&mut self, by_claims: Verified, kind: Kind, handle: u32, key: KeyId) -> Verified {
        let Some(names) = self
            .names
            .as_ref()
            .filter(|_| by_claims == Verified::Valid && !self.by_claims)
        else {
            return by_claims;
        };
        let (owner, types, expected): (_, &[&str], _) = match kind {
            Kind::Access => (Owner::Auth0, &["JWT", "at+jwt"], &self.access),
            Kind::Session => (Owner::Stytch, &["JWT"], &self.session),
        };
        let holds = self.checked.entry((kind, handle)).or_insert_with(|| {
            let text = names.text(handle);
            let key = names.key(owner, key);
            key.is_some_and(|key| {
                is_of_type(&text, types)
                    && jsonwebtoken::decode::<IgnoredAny>(&*text, &key, expected).is_ok()
            })
        });
        verdict(*holds)
    }

    /// From now on tokens have texts.
    pub(super) fn hand_over(&mut self, names: Arc<Names>) {
        self.names = Some(names);
    }
}

impl TextVerifier for TenantVerifier {
    fn set_by_claims(&mut self, on: bool) {
        self.by_claims = on;
    }
}

impl Verifier for TenantVerifier {
    fn access_token(&mut self, token: &AccessToken, keys: &KeySet, now: Timestamp) -> Verified {
        let by_claims = ClaimsVerifier.access_token(token, keys, now);
        self.with_text(by_claims, Kind::Access, token.handle, token.key)
    }

    fn session_jwt(&mut self, jwt: &SessionJwt, keys: &KeySet, now: Timestamp) -> Verified {
        let by_claims = ClaimsVerifier.session_jwt(jwt, keys, now);
        self.with_text(by_claims, Kind::Session, jwt.handle, jwt.key)
    }

    fn attacked_access_token(
        &mut self,
        token: &AccessToken,
        attack: Attack,
        keys: &KeySet,
        now: Timestamp,
    ) -> Verified {
        let text = self.text_and_key(Owner::Auth0, token.handle, token.key);
        match text.filter(|_| attack != Attack::UnknownKey) {
            Some((text, key))
                if !refused(&text, &key, attack, &self.access, &self.elsewhere[0]) =>
            {
                Verified::Valid
            }
            _ => ClaimsVerifier.attacked_access_token(token, attack, keys, now),
        }
    }

    fn attacked_session_jwt(
        &mut self,
        jwt: &SessionJwt,
        attack: Attack,
        keys: &KeySet,
        now: Timestamp,
    ) -> Verified {
        let text = self.text_and_key(Owner::Stytch, jwt.handle, jwt.key);
        match text.filter(|_| attack != Attack::UnknownKey) {
            Some((text, key))
                if !refused(&text, &key, attack, &self.session, &self.elsewhere[1]) =>
            {
                Verified::Valid
            }
            _ => ClaimsVerifier.attacked_session_jwt(jwt, attack, keys, now),
        }
    }
}

fn verdict(holds: bool) -> Verified {
    if holds {
        Verified::Valid
    } else {
        Verified::Invalid
    }
}

/// RS256, issuer and audience; times are the core's business, at scenario time.
fn validation(issuers: &[String], audience: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(issuers);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["iss", "aud", "exp"]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

fn is_of_type(text: &str, types: &[&str]) -> bool {
    let header = jsonwebtoken::decode_header(text);
    header.is_ok_and(|header| header.typ.is_some_and(|typ| types.contains(&typ.as_str())))
}
