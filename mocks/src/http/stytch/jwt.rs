//! Session JWTs: their claims, and reading them back.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::Face;
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

const PLACE: &str = "https://stytch.com/session";

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

impl Face {
    /// Signs the JWT of a session, with the session as it is pictured.
    pub(super) async fn session_jwt(&self, jwt: &SessionJwt, picture: &Picture) -> String {
        let claims = self.jwt_claims(jwt, picture);
        self.0.ring.sign(jwt.key, claims).await
    }

    /// The JWT of a session as it would be sent now, signed on the calling thread.
    pub(super) fn sign_session_jwt(&self, jwt: &SessionJwt, picture: &Picture) -> String {
        let claims = self.jwt_claims(jwt, picture);
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

    fn jwt_claims(&self, jwt: &SessionJwt, picture: &Picture) -> Value {
        let names = &self.0.names;
        let project = &self.0.config.project_id;
        let mut claims = Map::new();
        if let Some(custom) = self.book().claims.get(jwt.session) {
            claims.extend(custom.clone());
        }
        claims.insert("iss".into(), json!(format!("stytch.com/{project}")));
        claims.insert("aud".into(), json!([project]));
        claims.insert("sub".into(), json!(self.person_id(jwt.subject)));
        claims.insert("iat".into(), json!(jwt.issued.as_secs()));
        claims.insert("nbf".into(), json!(jwt.issued.as_secs()));
        claims.insert("exp".into(), json!(jwt.expires.as_secs()));
        let mut session = json!({
            "id": names.id(Kind::Session, jwt.session),
            "expires_at": objects::rfc3339(jwt.session_expires),
            "authentication_factors": [],
            "roles": self.roles(picture),
        });
        if let Some(row) = picture.session {
            session["started_at"] = json!(objects::rfc3339(row.started));
            session["last_accessed_at"] = json!(objects::rfc3339(row.last_accessed));
            session["authentication_factors"] = self.factors(&row, picture);
        }
        if self.0.vertical == Vertical::Consumer {
            session["attributes"] = self.attributes(jwt.session);
        }
        claims.insert(PLACE.into(), session);
        if let Some(org) = jwt.org {
            let claim = json!({
                "organization_id": self.organization_id(org),
                "slug": self.slug(org),
            });
            claims.insert("https://stytch.com/organization".into(), claim);
        }
        Value::Object(claims)
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
