//! Session JWTs: their claims, and reading them back.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::Face;
use super::factors::{Attributes, Session, Shown};
use super::names::Kind;
use super::objects::{self, Picture};
use super::problem::Problem;
use crate::keys::KeySet;
use crate::stytch::{OrgId, SessionJwt, UserId, Vertical};
use crate::time::Timestamp;

/// Claims that custom claims cannot replace; Stytch's SDKs say they are ignored.
const RESERVED: [&str; 9] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "https://stytch.com/session",
    "https://stytch.com/organization",
];

#[derive(Clone, Debug, Deserialize)]
struct Claims {
    iss: String,
    aud: Vec<String>,
    sub: String,
    iat: i64,
    exp: i64,
    #[serde(rename = "https://stytch.com/session")]
    session: SessionClaim,
    #[serde(rename = "https://stytch.com/organization")]
    organization: Option<OrganizationClaim>,
}

#[derive(Clone, Debug, Deserialize)]
struct SessionClaim {
    id: String,
}

#[derive(Clone, Debug, Deserialize)]
struct OrganizationClaim {
    organization_id: String,
}

/// Claims to sign.
#[derive(Debug, Serialize)]
struct Signed<'a> {
    #[serde(flatten)]
    custom: Cow<'a, Map<String, Value>>,
    iss: String,
    aud: [&'a str; 1],
    sub: Cow<'a, str>,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(rename = "https://stytch.com/session")]
    session: SignedSession<'a>,
    #[serde(
        rename = "https://stytch.com/organization",
        skip_serializing_if = "Option::is_none"
    )]
    organization: Option<SignedOrganization>,
}

#[derive(Debug, Serialize)]
struct SignedSession<'a> {
    id: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_accessed_at: Option<&'a str>,
    expires_at: String,
    authentication_factors: &'a [Shown],
    roles: Cow<'a, [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Cow<'a, Attributes>>,
}

#[derive(Debug, Serialize)]
struct SignedOrganization {
    organization_id: String,
    slug: String,
}

impl Face {
    /// Signs the JWT of a session, with the session as it is shown beside.
    pub(super) async fn session_jwt(
        &self,
        jwt: &SessionJwt,
        picture: &Picture,
        session: Option<&Session>,
    ) -> String {
        let claims = self.jwt_claims(jwt, picture, session);
        self.0.ring.sign(jwt.key, &claims).await
    }

    /// The JWT of a session as it would be sent now, signed on the calling thread.
    pub(super) fn sign_session_jwt(&self, jwt: &SessionJwt, picture: &Picture) -> String {
        let session = picture.session.map(|row| self.session(&row, picture));
        let claims = self.jwt_claims(jwt, picture, session.as_ref());
        self.0.ring.sign_here(jwt.key, &claims)
    }

    /// The published keys, in the form that Stytch's SDKs read.
    pub(super) fn jwks(&self, set: KeySet) -> Value {
        let mut jwks = self.0.ring.jwks(set);
        for key in jwks["keys"].as_array_mut().into_iter().flatten() {
            let certificate = key["x5c"][0]
                .as_str()
                .and_then(|text| STANDARD.decode(text).ok());
            let digest = certificate.map(Sha256::digest);
            key["x5tS256"] = json!(digest.map(|digest| URL_SAFE_NO_PAD.encode(digest)));
            key["key_ops"] = json!(["verify"]);
        }
        jwks["keys"].take()
    }

    fn jwt_claims<'a>(
        &'a self,
        jwt: &SessionJwt,
        picture: &Picture,
        session: Option<&'a Session>,
    ) -> Signed<'a> {
        let project = &self.0.config.project_id;
        let custom = || self.book().claims.get(jwt.session).cloned();
        Signed {
            custom: session.map_or_else(
                || Cow::Owned(custom().unwrap_or_default()),
                |it| Cow::Borrowed(&it.custom_claims),
            ),
            iss: format!("stytch.com/{project}"),
            aud: [project],
            sub: session.map_or_else(
                || Cow::Owned(self.person_id(jwt.subject)),
                |it| Cow::Borrowed(it.person()),
            ),
            iat: jwt.issued.as_secs(),
            nbf: jwt.issued.as_secs(),
            exp: jwt.expires.as_secs(),
            session: self.session_claim(jwt, picture, session),
            organization: jwt.org.map(|org| SignedOrganization {
                organization_id: self.organization_id(org),
                slug: self.slug(org),
            }),
        }
    }

    /// Of a session that is gone less is told.
    fn session_claim<'a>(
        &self,
        jwt: &SessionJwt,
        picture: &Picture,
        session: Option<&'a Session>,
    ) -> SignedSession<'a> {
        let expires_at = objects::rfc3339(jwt.session_expires);
        match session {
            Some(session) => SignedSession {
                id: Cow::Borrowed(session.id()),
                started_at: Some(&session.started_at),
                last_accessed_at: Some(&session.last_accessed_at),
                expires_at,
                authentication_factors: &session.authentication_factors,
                roles: Cow::Borrowed(&session.roles),
                attributes: session.attributes().map(Cow::Borrowed),
            },
            None => SignedSession {
                id: Cow::Owned(self.0.names.id(Kind::Session, jwt.session)),
                started_at: None,
                last_accessed_at: None,
                expires_at,
                authentication_factors: &[],
                roles: Cow::Owned(self.roles(picture)),
                attributes: (self.0.vertical == Vertical::Consumer)
                    .then(|| Cow::Owned(self.attributes(jwt.session))),
            },
        }
    }

    /// The JWT behind a text, if this project signed it; whether it has expired is not judged here.
    pub(super) fn read_session_jwt(&self, text: &str) -> Result<SessionJwt, Problem> {
        let refuse = |error_type, message: &str| Problem {
            status: 401,
            error_type,
            message: message.to_owned(),
        };
        let (key, claims) = self.0.ring.verify::<Claims>(text).map_err(|_| {
            refuse(
                "unable_to_parse_session_jwt",
                "The session JWT could not be parsed or verified.",
            )
        })?;
        let project = &self.0.config.project_id;
        if claims.iss != format!("stytch.com/{project}") {
            return Err(refuse(
                "jwt_invalid_issuer",
                "The JWT has an invalid issuer.",
            ));
        }
        if claims.aud != [project.as_str()] {
            return Err(refuse(
                "jwt_invalid_audience",
                "The JWT has an invalid audience.",
            ));
        }
        let names = &self.0.names;
        let person = match self.0.vertical {
            Vertical::Consumer => Kind::User,
            Vertical::B2b => Kind::Member,
        };
        let number = |kind, text: &str| names.read_id(kind, text).unwrap_or(u32::MAX);
        let org = claims
            .organization
            .map(|org| number(Kind::Organization, &org.organization_id));
        Ok(SessionJwt {
            session: number(Kind::Session, &claims.session.id),
            subject: self
                .sandbox_person(&claims.sub)
                .unwrap_or_else(|| UserId(number(person, &claims.sub))),
            org: org.map(OrgId),
            issued: Timestamp::from_secs(claims.iat),
            expires: Timestamp::from_secs(claims.exp),
            // The session's own end is the machine's to know; it never reads this one.
            session_expires: Timestamp::from_secs(claims.exp),
            key,
            handle: 0,
        })
    }
}

/// Custom claims without those that cannot be replaced.
pub(super) fn allowed(custom: &Map<String, Value>) -> Map<String, Value> {
    let allowed = custom
        .iter()
        .filter(|(name, _)| !RESERVED.contains(&name.as_str()));
    allowed
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
