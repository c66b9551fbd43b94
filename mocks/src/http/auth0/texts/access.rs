//! Access tokens: a signed JWT for an API, an opaque text for none.

use serde::{Deserialize, Serialize};

use super::{is_jwt, read_scope, read_user_id, scope, user_id};
use crate::auth0::{AccessToken, Audience, Connection, Scopes, UserId};
use crate::http::auth0::dpop::Thumbprint;
use crate::http::auth0::opaque;
use crate::http::seal::Generation;
use crate::http::signing::KeyRing;
use crate::keys::KeyId;
use crate::time::Timestamp;

/// Who issues tokens, and for whom: what access tokens say beyond their claims.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parties {
    /// `iss`, with its slash at the end.
    pub issuer: String,
    /// The application's `client_id`.
    pub client_id: String,
    /// The identifier of the application's API.
    pub api: String,
    /// Texts of other generations are nobody's.
    pub generation: Generation,
}

/// An access token as a JWT (Auth0's own profile).
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(in super::super) struct AccessClaims {
    pub(in super::super) iss: String,
    pub(in super::super) sub: String,
    pub(in super::super) aud: OneOrMany,
    pub(in super::super) iat: i64,
    pub(in super::super) exp: i64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(in super::super) scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) gty: Option<String>,
    /// RFC 9068 calls it `client_id`.
    #[serde(alias = "client_id")]
    pub(in super::super) azp: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) org_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) org_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) permissions: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) cnf: Option<Thumbprint>,
    /// How many resets there were before. No claim of Auth0's; a JWT shows what it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in super::super) cutover_reset: Option<u32>,
}

/// `aud`: Auth0 writes a single audience as a string.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
pub(in super::super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(in super::super) fn has(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}

/// A token that nothing accepts: what a text stands for that is not one of the tenant's tokens.
pub const NO_TOKEN: AccessToken = AccessToken {
    subject: UserId(u32::MAX),
    issued: Timestamp::from_secs(0),
    expires: Timestamp::from_secs(0),
    scopes: Scopes {
        openid: false,
        profile: false,
        email: false,
        offline: false,
    },
    audience: Audience {
        api: false,
        userinfo: false,
    },
    key: KeyId(0),
    handle: 0,
};

impl Parties {
    /// The audience that `UserInfo` looks for.
    pub fn userinfo_audience(&self) -> String {
        format!("{}userinfo", self.issuer)
    }

    /// The audience of the Management API.
    pub fn management_audience(&self) -> String {
        format!("{}api/v2/", self.issuer)
    }

    /// Whether an audience is that of the Management API. Clients write `https` even where they come
    /// by plain HTTP.
    pub fn is_management(&self, audience: &str) -> bool {
        let own = self.management_audience();
        match (audience.split_once("://"), own.split_once("://")) {
            (Some(("http" | "https", asked)), Some((_, own))) => asked == own,
            _ => audience == own,
        }
    }

    /// The audience of the API for second factors.
    pub fn mfa_audience(&self) -> String {
        format!("{}mfa/", self.issuer)
    }

    /// The text of an access token: a signed JWT, or an opaque one if it is for no API. The same
    /// claims give the same text.
    pub fn access_token(&self, keys: KeyRing, token: &AccessToken, subject: Connection) -> String {
        if !token.audience.api {
            return opaque::write(self.generation, token, 0);
        }
        let aud = if token.audience.userinfo {
            OneOrMany::Many(vec![self.api.clone(), self.userinfo_audience()])
        } else {
            OneOrMany::One(self.api.clone())
        };
        let claims = AccessClaims {
            iss: self.issuer.clone(),
            sub: user_id(token.subject, subject),
            aud,
            iat: token.issued.as_secs(),
            exp: token.expires.as_secs(),
            scope: scope(token.scopes),
            gty: None,
            azp: self.client_id.clone(),
            org_id: None,
            org_name: None,
            permissions: None,
            cnf: None,
            cutover_reset: self.generation.told(),
        };
        keys.sign_here(token.key, &claims)
    }

    /// The access token behind a text, its signature and issuer checked, its times not.
    pub fn verify_access_token(&self, keys: KeyRing, text: &str) -> Option<AccessToken> {
        if !is_jwt(text) {
            return opaque::read(self.generation, text);
        }
        let (key, claims) = keys.verify::<AccessClaims>(text).ok()?;
        self.claimed(key, &claims, read_user_id(&claims.sub)?)
    }

    /// The same, where ids may have been chosen by hand: `whose` tells whose an id is.
    pub(in super::super) fn verify_for(
        &self,
        keys: KeyRing,
        text: &str,
        whose: impl FnOnce(&str) -> Option<UserId>,
    ) -> Option<AccessToken> {
        if !is_jwt(text) {
            return opaque::read(self.generation, text);
        }
        let (key, claims) = keys.verify::<AccessClaims>(text).ok()?;
        self.claimed(key, &claims, whose(&claims.sub)?)
    }

    /// The access token behind a text, nothing checked: for a client that reads what it was given.
    pub fn read_access_token(&self, keys: KeyRing, text: &str) -> Option<AccessToken> {
        if !is_jwt(text) {
            return opaque::read(self.generation, text);
        }
        let kid = jsonwebtoken::decode_header(text).ok()?.kid?;
        let claims: AccessClaims = jsonwebtoken::dangerous::insecure_decode(text).ok()?.claims;
        self.claimed(keys.find(&kid)?, &claims, read_user_id(&claims.sub)?)
    }

    /// Whether a token with these claims is one of theirs, if its signature is.
    pub(in super::super) fn issued(&self, claims: &AccessClaims) -> bool {
        claims.iss == self.issuer && Generation::heard(claims.cutover_reset) == self.generation
    }

    fn claimed(&self, key: KeyId, claims: &AccessClaims, subject: UserId) -> Option<AccessToken> {
        self.issued(claims).then_some(())?;
        Some(AccessToken {
            subject,
            issued: Timestamp::from_secs(claims.iat),
            expires: Timestamp::from_secs(claims.exp),
            scopes: read_scope(&claims.scope),
            audience: Audience {
                // A JWT is for some API, whichever that is.
                api: true,
                userinfo: claims.aud.has(&self.userinfo_audience()),
            },
            key,
            handle: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::signing::Owner;
    use crate::time::Span;
    use proptest::prelude::*;

    const KEYS: KeyRing = KeyRing::new(Owner::Auth0);

    fn parties() -> Parties {
        Parties {
            issuer: "http://127.0.0.1:1/".to_owned(),
            client_id: "client".to_owned(),
            api: "https://api.example".to_owned(),
            generation: Generation::default(),
        }
    }

    prop_compose! {
        fn tokens()(subject: u32, issued in 0..u32::MAX, life in 1..1i64 << 24, api: bool, flags: [bool; 4]) -> AccessToken {
            let scopes = Scopes { openid: flags[0], profile: flags[1], email: flags[2], offline: flags[3] };
            let issued = Timestamp::from_secs(issued.into());
            AccessToken {
                subject: UserId(subject),
                issued,
                expires: issued + Span::from_secs(life),
                scopes,
                audience: Audience::issued(scopes, api),
                key: KeyId(0),
                handle: 0,
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn access_tokens_read_back(token in tokens()) {
            let text = parties().access_token(KEYS, &token, Connection::Google);
            prop_assert_eq!(parties().verify_access_token(KEYS, &text), Some(token));
            prop_assert_eq!(parties().read_access_token(KEYS, &text), Some(token));
            let later = Parties { generation: Generation(1), ..parties() };
            prop_assert_eq!(later.verify_access_token(KEYS, &text), None);
            let text = later.access_token(KEYS, &token, Connection::Google);
            prop_assert_eq!(parties().verify_access_token(KEYS, &text), None);
            prop_assert_eq!(later.verify_access_token(KEYS, &text), Some(token));
            prop_assert!(token.audience.api || text.len() == 32, "{}", text);
        }
    }

    #[test]
    fn the_management_api_goes_by_either_scheme() {
        let ours = |audience| parties().is_management(audience);
        assert!(ours("http://127.0.0.1:1/api/v2/") && ours("https://127.0.0.1:1/api/v2/"));
        assert!(!ours("https://elsewhere/api/v2/") && !ours("ftp://127.0.0.1:1/api/v2/"));
    }

    #[test]
    fn another_issuers_token_is_not_ours() {
        let token = AccessToken {
            audience: Audience {
                api: true,
                userinfo: true,
            },
            ..NO_TOKEN
        };
        let other = Parties {
            issuer: "http://elsewhere/".to_owned(),
            ..parties()
        };
        let text = other.access_token(KEYS, &token, Connection::Database);
        assert_eq!(parties().verify_access_token(KEYS, &text), None);
    }
}
