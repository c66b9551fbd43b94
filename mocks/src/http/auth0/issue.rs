//! Tokens that the machine has issued, on their way to becoming text.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::behind::Behind;
use super::dialect;
use super::face::Face;
use super::opaque;
use super::person::Person;
use super::terms::{For, Terms};
use super::texts::{self, AccessClaims, OneOrMany, Parties};
use crate::auth0::organizations::organization_text;
use crate::auth0::registry::{Profile, Resource};
use crate::auth0::{AccessToken, Tokens, UserId};
use crate::http::Directory;
use crate::keys::KeyId;
use crate::time::{Span, Timestamp};

/// Life of an ID token: 36000 s, the default (Auth0 docs, ID tokens).
const ID_TOKEN_LIFE: Span = Span::from_hours(10);
/// Life of an access token that comes straight from `/authorize`: 7200 s (Auth0 docs, access tokens).
const IMPLICIT_LIFE: Span = Span::from_hours(2);
/// Life of an access token for the API for second factors: 600 s (Auth0 docs, access tokens).
pub(super) const MFA_LIFE: Span = Span::from_mins(10);

/// Tokens, and what their texts say beyond their claims.
#[derive(Clone, Debug)]
pub(super) struct Issue {
    pub(super) tokens: Tokens,
    pub(super) person: Person,
    pub(super) terms: Arc<Terms>,
    /// `nonce`: only the tokens of the login itself repeat it.
    pub(super) nonce: Option<String>,
    /// The key that signs now: an opaque access token names none.
    key: KeyId,
    /// Tells opaque access tokens of the same claims and the same second apart.
    ordinal: u64,
    /// `permissions`, where the API asks for them.
    permissions: Option<Vec<String>>,
    profile: Profile,
}

impl Issue {
    /// Gathers what the texts of just issued tokens need.
    pub(super) fn gather(
        behind: &Behind,
        directory: &Directory,
        at: Timestamp,
        mut tokens: Tokens,
        terms: Arc<Terms>,
    ) -> Self {
        let user = tokens.access.subject;
        if let For::Api(name) = &terms.audience
            && let Some(life) = behind
                .tenant
                .registry()
                .resource(name)
                .and_then(|resource| resource.token_life)
        {
            tokens.access.expires = tokens.access.issued + life;
        }
        if terms.audience == For::Mfa {
            tokens.access.expires = tokens.access.issued + MFA_LIFE;
        }
        let permitted = permissions(behind, &terms, user);
        let terms = match &permitted {
            Some(permitted) => Arc::new(terms.cut_to(permitted)),
            None => terms,
        };
        let dialect = resource(behind, &terms)
            .map(|resource| resource.dialect)
            .unwrap_or_default();
        Self {
            person: Person::of(behind, directory, user),
            key: behind.tenant.keys(at).current,
            ordinal: behind.ordinal(),
            permissions: permitted.filter(|_| dialect.permissions),
            profile: dialect.profile,
            nonce: None,
            tokens,
            terms,
        }
    }

    /// The same, straight from `/authorize`.
    pub(super) fn implicit(mut self) -> Self {
        let access = &mut self.tokens.access;
        access.expires = access.expires.min(access.issued + IMPLICIT_LIFE);
        self
    }

    /// The same, and the ID token repeats the login's nonce.
    pub(super) fn with_nonce(mut self, nonce: Option<&str>) -> Self {
        self.nonce = nonce.map(str::to_owned);
        self
    }

    /// Life of the access token, in seconds.
    pub(super) fn expires_in(&self) -> i64 {
        (self.tokens.access.expires - self.tokens.access.issued).as_secs()
    }

    /// The body of a successful `/oauth/token`.
    pub(super) fn body(&self, parties: &Parties) -> Value {
        let mut body = json!({
            "access_token": self.access_text(parties),
            "scope": self.terms.scope,
            "expires_in": self.expires_in(),
            "token_type": if self.terms.bound.is_some() { "DPoP" } else { "Bearer" },
        });
        if let Some(refresh) = self.tokens.refresh {
            body["refresh_token"] = texts::refresh_token(parties.generation, refresh).into();
        }
        if self.tokens.access.scopes.openid {
            body["id_token"] = self.id_text(parties, &[]).into();
        }
        body
    }

    /// The text of the access token.
    pub(super) fn access_text(&self, parties: &Parties) -> String {
        let access = &self.tokens.access;
        let aud = match &self.terms.audience {
            For::UserInfo => {
                return match &self.terms.bound {
                    Some(key) => opaque::write_bound(parties.generation, access, key),
                    None => opaque::write(parties.generation, access, self.ordinal),
                };
            }
            For::Management => OneOrMany::One(parties.management_audience()),
            For::Mfa => OneOrMany::One(parties.mfa_audience()),
            For::Api(name) if access.audience.userinfo => {
                OneOrMany::Many(vec![name.clone(), parties.userinfo_audience()])
            }
            For::Api(name) => OneOrMany::One(name.clone()),
        };
        let organization = self.terms.organization.as_ref();
        let AccessToken {
            issued, expires, ..
        } = access;
        let claims = AccessClaims {
            iss: parties.issuer.clone(),
            sub: self.person.sub.clone(),
            aud,
            iat: issued.as_secs(),
            exp: expires.as_secs(),
            scope: self.terms.scope.clone(),
            gty: self.terms.way.map(str::to_owned),
            azp: self.terms.client_id.clone(),
            org_id: organization.map(|organization| organization_text(organization.id)),
            org_name: organization.map(|organization| organization.name.clone()),
            permissions: self.permissions.clone(),
            cnf: self.terms.bound.clone(),
            cutover_reset: parties.generation.told(),
        };
        dialect::sign(access.key, self.profile, &claims, self.ordinal)
    }

    /// The text of the ID token; `hashes` names values whose hashes it carries (`at_hash`, `c_hash`).
    pub(super) fn id_text(&self, parties: &Parties, hashes: &[(&str, &str)]) -> String {
        let issued = self.tokens.access.issued;
        let mut claims = json!(self.person.claims(self.tokens.access.scopes));
        let mut tell = |name: &str, value: Value| claims[name] = value;
        tell("iss", parties.issuer.as_str().into());
        tell("aud", self.terms.client_id.as_str().into());
        tell("iat", issued.as_secs().into());
        tell("exp", (issued + ID_TOKEN_LIFE).as_secs().into());
        if let Some(session) = self.terms.session {
            tell("sid", texts::sid(parties.generation, session).into());
        }
        if self.terms.tells_time {
            tell("auth_time", self.terms.authenticated.as_secs().into());
        }
        if self.terms.second_factor {
            tell("amr", json!(["mfa"]));
            tell(
                "acr",
                "http://schemas.openid.net/pape/policies/2007/06/multi-factor".into(),
            );
        }
        if let Some(organization) = &self.terms.organization {
            tell("org_id", organization_text(organization.id).into());
            // As at a tenant that lets organizations be named: this one does.
            tell("org_name", organization.name.as_str().into());
        }
        if let Some(nonce) = &self.nonce {
            tell("nonce", nonce.as_str().into());
        }
        if let Some(resets) = parties.generation.told() {
            tell("cutover_reset", resets.into());
        }
        for (name, value) in hashes {
            tell(name, half_hash(value).into());
        }
        Face::keys().sign_here(self.key, &claims)
    }
}

/// The left half of a hash (`OpenID` Connect Core, section 3.1.3.6).
fn half_hash(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..16])
}

/// The API that tokens are for.
fn resource<'a>(behind: &'a Behind, terms: &Terms) -> Option<&'a Resource> {
    match &terms.audience {
        For::Api(name) => behind.tenant.registry().resource(name),
        For::UserInfo | For::Management | For::Mfa => None,
    }
}

/// What a person may do at the API, where it asks for that.
fn permissions(behind: &Behind, terms: &Terms, user: UserId) -> Option<Vec<String>> {
    let resource = resource(behind, terms)?;
    let organization = terms.organization.as_ref().map(|of| of.id);
    resource
        .enforces_policies
        .then(|| behind.permissions_at(user, organization, &resource.identifier))
}
