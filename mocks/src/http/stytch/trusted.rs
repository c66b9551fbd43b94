//! Trusted auth tokens: JWTs of other issuers that stand for a login, as their profile says.

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde_json::{Map, Value};

use super::Face;
use super::ask::Ask;
use super::problem::Problem;
use crate::http::seal::Generation;
use crate::stytch::{OrgId, TrustedSeen};
use crate::time::{Span, Timestamp};

/// Keys of an issuer are kept this long (an assumption; a token with an unknown key asks anew).
const KEYS_LIFE: Span = Span::from_mins(5);

/// Keys are not asked for more often than this, whatever tokens claim.
const KEYS_PAUSE: Span = Span::from_secs(1);

/// A profile of Stytch's dashboard: whose tokens are trusted, and what their claims mean.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedProfile {
    /// `profile_id` in requests.
    pub id: String,
    /// What `iss` may be.
    pub issuers: Vec<String>,
    /// What `aud` has to name, one of them at least.
    pub audiences: Vec<String>,
    /// Where the keys come from.
    pub keys: TrustedKeys,
    /// The claim that holds the address; `email` by default.
    pub email: String,
    /// The claim that holds the token's own id; `jti` by default, empty where a token has none.
    pub token_id: String,
    /// The claim that holds the person's external id, if one does.
    pub external_id: Option<String>,
    /// The claim that holds the organization, if one does (B2B).
    pub organization_id: Option<String>,
    /// Whether unknown people are created. No, as by default at Stytch.
    pub creates: bool,
}

/// Where the keys of an issuer come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrustedKeys {
    /// The address of a key set.
    Url(String),
    /// Public keys in PEM: at most five (Stytch docs).
    Pem(Vec<String>),
}

impl TrustedProfile {
    /// The id of the profile for the tenant that is served beside a project.
    pub const AUTH0: &str = "trusted-token-profile-test-0c07e12a-0000-4000-8000-000000000003";

    /// A profile for an Auth0 tenant with these issuers (with a slash at their end): addresses by
    /// `email`, external ids by `sub`, so that ID tokens and access tokens of imported people both
    /// serve.
    pub fn of_auth0(issuers: Vec<String>, jwks_url: String, audiences: Vec<String>) -> Self {
        Self {
            id: Self::AUTH0.to_owned(),
            issuers,
            audiences,
            keys: TrustedKeys::Url(jwks_url),
            email: "email".to_owned(),
            token_id: "jti".to_owned(),
            external_id: Some("sub".to_owned()),
            organization_id: None,
            creates: false,
        }
    }
}

/// A trusted token that has been looked into.
pub(super) struct Attested {
    pub(super) seen: TrustedSeen,
    pub(super) token_id: String,
    pub(super) org: Option<OrgId>,
}

impl Ask {
    /// The profile that the request names.
    pub(super) fn profile(&self) -> Result<&TrustedProfile, Problem> {
        let id = self.fields.needed("profile_id")?;
        let mut profiles = self.face.config().trusted.iter();
        profiles
            .find(|profile| profile.id == id)
            .ok_or_else(|| Problem {
                status: 404,
                error_type: "trusted_token_profile_not_found",
                message: "The trusted auth token profile could not be found.".to_owned(),
            })
    }

    /// Looks into a trusted token; the organization is that of the request, or else of the token.
    pub(super) async fn attest(
        &self,
        profile: &TrustedProfile,
        token: &str,
        org: Option<OrgId>,
    ) -> Attested {
        let invalid = Attested {
            seen: TrustedSeen::Invalid,
            token_id: String::new(),
            org,
        };
        let Some(claims) = self.trusted_claims(profile, token).await else {
            return invalid;
        };
        let text = |name: &str| claims.get(name).and_then(Value::as_str);
        let org = org.or_else(|| {
            let text = text(profile.organization_id.as_deref()?)?;
            Some(self.face.org_named(text))
        });
        let email = text(&profile.email).filter(|text| text.contains('@'));
        let external = profile.external_id.as_deref().and_then(text);
        let known_as = external.and_then(|id| {
            let book = self.face.book();
            book.external_people.get(&(org, id.to_owned())).copied()
        });
        Attested {
            seen: TrustedSeen::Valid {
                email: email.map(|text| self.face.email(text)),
                known_as,
            },
            token_id: text(&profile.token_id).unwrap_or_default().to_owned(),
            org,
        }
    }

    /// The claims of a token that its profile's issuer signed for one of its audiences, and that is
    /// good now.
    async fn trusted_claims(
        &self,
        profile: &TrustedProfile,
        token: &str,
    ) -> Option<Map<String, Value>> {
        let header = jsonwebtoken::decode_header(token).ok()?;
        let now = self.exchange.stamp().at;
        let keys = match &profile.keys {
            TrustedKeys::Pem(keys) => keys
                .iter()
                .filter_map(|pem| key_of_pem(pem, header.alg))
                .collect(),
            TrustedKeys::Url(url) => self.keys_of(url, header.kid.as_deref(), now).await,
        };
        let mut validation = Validation::new(header.alg);
        validation.set_issuer(&profile.issuers);
        validation.set_audience(&profile.audiences);
        validation.validate_exp = false;
        validation.set_required_spec_claims(&["exp", "iss", "aud"]);
        let claims = keys.iter().find_map(|key| {
            let data = jsonwebtoken::decode::<Map<String, Value>>(token, key, &validation);
            data.ok().map(|data| data.claims)
        })?;
        let clock = self.face.project().clock(now).as_secs();
        let number = |name: &str| claims.get(name).and_then(Value::as_i64);
        let early = number("nbf").is_some_and(|begins| begins > clock);
        let late = number("exp").is_none_or(|ends| ends <= clock);
        // The tenant beside the project is reset with it, and its keys stay.
        let told = number("cutover_reset").and_then(|told| told.try_into().ok());
        let before = profile.id == TrustedProfile::AUTH0
            && Generation::heard(told) != self.face.0.names.generation;
        (!early && !late && !before).then_some(claims)
    }

    /// The keys at an address that a token may be signed with.
    async fn keys_of(&self, url: &str, kid: Option<&str>, now: Timestamp) -> Vec<DecodingKey> {
        let kept = self.face.book().trusted_keys.get(url).cloned();
        let known = |set: &Value| {
            let mut keys = set["keys"].as_array().into_iter().flatten();
            kid.is_none_or(|kid| keys.any(|key| key["kid"] == kid))
        };
        let set = match kept {
            Some((at, set)) if now - at < KEYS_LIFE && (known(&set) || now - at < KEYS_PAUSE) => {
                set
            }
            _ => {
                let fetched = self.face.0.userinfo.keys(url, &self.exchange).await;
                let Some(set) = fetched else {
                    return Vec::new();
                };
                let mut book = self.face.book();
                book.trusted_keys.insert(url.to_owned(), (now, set.clone()));
                set
            }
        };
        let Ok(set) = serde_json::from_value::<JwkSet>(set) else {
            return Vec::new();
        };
        let named = |id: Option<&str>| kid.is_none() || id == kid;
        set.keys
            .iter()
            .filter(|key| named(key.common.key_id.as_deref()))
            .filter_map(|key| DecodingKey::from_jwk(key).ok())
            .collect()
    }
}

fn key_of_pem(pem: &str, algorithm: Algorithm) -> Option<DecodingKey> {
    let pem = pem.as_bytes();
    match algorithm {
        Algorithm::ES256 | Algorithm::ES384 => DecodingKey::from_ec_pem(pem).ok(),
        Algorithm::EdDSA => DecodingKey::from_ed_pem(pem).ok(),
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => None,
        _ => DecodingKey::from_rsa_pem(pem).ok(),
    }
}

impl Face {
    /// The profiles whose tokens are trusted.
    pub fn trusted(&self) -> &[TrustedProfile] {
        &self.config().trusted
    }
}
