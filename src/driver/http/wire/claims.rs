//! The claims of a session JWT, as a client reads them.

use cutover_mocks::http::{KeyRing, Owner};
use cutover_mocks::keys::KeyId;
use cutover_mocks::stytch::{OrgId, SessionJwt, UserId};
use cutover_mocks::time::Timestamp;
use serde::Deserialize;

/// A session JWT's claims, with the key id from its header.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct SessionClaims {
    sub: String,
    iat: i64,
    exp: i64,
    #[serde(rename = "https://stytch.com/session")]
    session: Session,
    #[serde(rename = "https://stytch.com/organization")]
    organization: Option<Organization>,
    #[serde(skip)]
    kid: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Session {
    id: String,
    expires_at: String,
}

#[derive(Clone, Debug, Deserialize)]
struct Organization {
    organization_id: String,
}

impl SessionClaims {
    /// The claims of a text, with nothing checked.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let kid = jsonwebtoken::decode_header(text).ok()?.kid?;
        let claims: Self = jsonwebtoken::dangerous::insecure_decode(text).ok()?.claims;
        Some(Self { kid, ..claims })
    }

    /// The claims as the core holds them; the text's handle is left at 0. Ids are opaque to a client,
    /// which has its own numbers for them.
    pub(crate) fn read(
        &self,
        number: impl Fn(&str) -> u32,
        org: impl Fn(&str) -> OrgId,
    ) -> Option<SessionJwt> {
        let ends: jiff::Timestamp = self.session.expires_at.parse().ok()?;
        Some(SessionJwt {
            session: number(&self.session.id),
            subject: UserId(number(&self.sub)),
            org: self
                .organization
                .as_ref()
                .map(|claim| org(&claim.organization_id)),
            issued: Timestamp::from_secs(self.iat),
            expires: Timestamp::from_secs(self.exp),
            session_expires: Timestamp::from_micros(ends.as_microsecond()),
            key: self.key()?,
            handle: 0,
        })
    }

    fn key(&self) -> Option<KeyId> {
        KeyRing::new(Owner::Stytch).find(&self.kid)
    }
}
