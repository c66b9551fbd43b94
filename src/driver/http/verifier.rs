//! Real verification: a token's text against the keys that came over HTTP, as a backend does it.

use std::sync::Arc;

use cutover_mocks::auth0::AccessToken;
use cutover_mocks::http::Owner;
use cutover_mocks::keys::KeySet;
use cutover_mocks::stytch::SessionJwt;
use cutover_mocks::time::Timestamp;
use jsonwebtoken::{Algorithm, Validation};
use rustc_hash::FxHashMap;
use serde::de::IgnoredAny;

use super::altered::refused;
use super::conductor::TextVerifier;
use super::published::Published;
use super::wire::{SessionClaims, Wire};
use crate::rehearsal::{Attack, ClaimsVerifier, Verified, Verifier};

/// Verifies signature, algorithm, type, issuer and audience of the text behind a token, and that the
/// text says what the core believes of it. A text is checked once; its times are looked at each time.
/// Where calls do not cross the wire, tokens have no texts worth making, and their claims decide.
#[derive(Debug)]
pub struct JwtVerifier {
    wire: Arc<Wire>,
    published: Arc<Published>,
    access: Validation,
    session: Validation,
    /// What another tenant's API, and another project, would expect.
    elsewhere: [Validation; 2],
    access_checked: FxHashMap<AccessToken, bool>,
    session_checked: FxHashMap<SessionJwt, bool>,
    by_claims: bool,
}

impl JwtVerifier {
    /// A verifier for one tenant's API and one project.
    pub fn new(wire: Arc<Wire>, published: Arc<Published>) -> Self {
        let parties = wire.auth0().parties();
        let access = validation(&parties.issuer, &parties.api);
        let project = wire.stytch().project_id();
        let session = validation(&format!("stytch.com/{project}"), project);
        let elsewhere = [
            validation("https://elsewhere.example/", &parties.api),
            validation("stytch.com/project-elsewhere", "project-elsewhere"),
        ];
        Self {
            wire,
            published,
            access,
            session,
            elsewhere,
            access_checked: FxHashMap::default(),
            session_checked: FxHashMap::default(),
            by_claims: false,
        }
    }

    fn check_access(&self, token: &AccessToken) -> Option<bool> {
        let key = self.published.key(Owner::Auth0, token.key)?;
        let text = self.wire.auth0().access_text(token);
        let holds = is_jwt(&text)
            && jsonwebtoken::decode::<IgnoredAny>(&*text, &key, &self.access).is_ok()
            && self.wire.auth0().read_access(&text)
                == Some(AccessToken {
                    handle: 0,
                    ..*token
                });
        Some(holds)
    }

    fn check_session(&self, jwt: &SessionJwt) -> Option<bool> {
        let key = self.published.key(Owner::Stytch, jwt.key)?;
        let text = self.wire.stytch().jwt_text(jwt);
        let claims = SessionClaims::of(&text);
        let holds = is_jwt(&text)
            && jsonwebtoken::decode::<IgnoredAny>(&*text, &key, &self.session).is_ok()
            && claims.is_some_and(|claims| self.wire.stytch().says(&claims, jwt));
        Some(holds)
    }
}

impl TextVerifier for JwtVerifier {
    fn set_by_claims(&mut self, on: bool) {
        self.by_claims = on;
    }
}

impl Verifier for JwtVerifier {
    fn access_token(&mut self, token: &AccessToken, keys: &KeySet, now: Timestamp) -> Verified {
        if self.by_claims {
            return ClaimsVerifier.access_token(token, keys, now);
        }
        if !keys.holds(token.key) {
            return Verified::UnknownKey;
        }
        let holds = match self.access_checked.get(token) {
            Some(holds) => *holds,
            None => match self.check_access(token) {
                Some(holds) => {
                    self.access_checked.insert(*token, holds);
                    holds
                }
                None => return Verified::UnknownKey,
            },
        };
        if holds {
            ClaimsVerifier.access_token(token, keys, now)
        } else {
            Verified::Invalid
        }
    }

    fn session_jwt(&mut self, jwt: &SessionJwt, keys: &KeySet, now: Timestamp) -> Verified {
        if self.by_claims {
            return ClaimsVerifier.session_jwt(jwt, keys, now);
        }
        if !keys.holds(jwt.key) {
            return Verified::UnknownKey;
        }
        let holds = match self.session_checked.get(jwt) {
            Some(holds) => *holds,
            None => match self.check_session(jwt) {
                Some(holds) => {
                    self.session_checked.insert(*jwt, holds);
                    holds
                }
                None => return Verified::UnknownKey,
            },
        };
        if holds {
            ClaimsVerifier.session_jwt(jwt, keys, now)
        } else {
            Verified::Invalid
        }
    }

    fn attacked_access_token(
        &mut self,
        token: &AccessToken,
        attack: Attack,
        keys: &KeySet,
        now: Timestamp,
    ) -> Verified {
        if self.by_claims {
            return ClaimsVerifier.attacked_access_token(token, attack, keys, now);
        }
        let known = keys.holds(token.key) && attack != Attack::UnknownKey;
        let Some(key) = self
            .published
            .key(Owner::Auth0, token.key)
            .filter(|_| known)
        else {
            return Verified::UnknownKey;
        };
        let text = self.wire.auth0().access_text(token);
        if refused(&text, &key, attack, &self.access, &self.elsewhere[0]) {
            Verified::Invalid
        } else {
            ClaimsVerifier.access_token(token, keys, now)
        }
    }

    fn attacked_session_jwt(
        &mut self,
        jwt: &SessionJwt,
        attack: Attack,
        keys: &KeySet,
        now: Timestamp,
    ) -> Verified {
        if self.by_claims {
            return ClaimsVerifier.attacked_session_jwt(jwt, attack, keys, now);
        }
        let known = keys.holds(jwt.key) && attack != Attack::UnknownKey;
        let Some(key) = self.published.key(Owner::Stytch, jwt.key).filter(|_| known) else {
            return Verified::UnknownKey;
        };
        let text = self.wire.stytch().jwt_text(jwt);
        if refused(&text, &key, attack, &self.session, &self.elsewhere[1]) {
            Verified::Invalid
        } else {
            ClaimsVerifier.session_jwt(jwt, keys, now)
        }
    }
}

/// RS256, issuer and audience; times are the core's business, at scenario time.
fn validation(issuer: &str, audience: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::RS256);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["iss", "aud", "exp"]);
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation
}

/// Whether the header says that it is a JWT: Stytch's own SDK insists on it.
fn is_jwt(text: &str) -> bool {
    jsonwebtoken::decode_header(text).is_ok_and(|header| header.typ.as_deref() == Some("JWT"))
}
