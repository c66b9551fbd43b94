//! Changing sides at Stytch: the texts of tokens that never crossed the wire, and calls as the project
//! would read them off it.

use std::sync::{Arc, PoisonError};

use cutover_mocks::http::Owner;
use cutover_mocks::http::stytch::Held;
use cutover_mocks::keys::KeySet;
use cutover_mocks::stytch::{
    Call, IntermediateToken, LoginToken, OrgId, SessionJwt, SessionToken, UserId,
};

use super::{SEPARATOR, SessionClaims, Stytch, UNKNOWN, whole};
use crate::driver::http::wallet::{Origin, Wallet};

/// The number of what nobody was given.
const NONE: u32 = u32::MAX;

impl Stytch {
    /// The text of a session JWT; asked of the project for one that never crossed the wire.
    pub(crate) fn jwt_text(&self, jwt: &SessionJwt) -> Arc<str> {
        self.wallet.text(jwt.handle).unwrap_or_else(|| {
            let mint = || {
                let text = self.face.session_jwt_text(jwt);
                text.unwrap_or_else(|| UNKNOWN.to_owned())
            };
            self.wallet.minted(Origin::Session(*jwt), mint)
        })
    }

    /// Whether the claims of a session JWT's text say what the core believes of it.
    pub(crate) fn says(&self, claims: &SessionClaims, jwt: &SessionJwt) -> bool {
        let read = if jwt.handle == 0 {
            let number = |id: &str| {
                let person = || self.face.read_person_id(id).map(|user| user.0);
                self.face
                    .read_session_id(id)
                    .or_else(person)
                    .unwrap_or(NONE)
            };
            claims.read(number, |id| self.org_read(id))
        } else {
            self.claimed(claims)
        };
        read == Some(SessionJwt { handle: 0, ..*jwt })
    }

    pub(super) fn session_text(&self, token: SessionToken) -> Arc<str> {
        let own = self.wallet.text(token.handle);
        own.unwrap_or_else(|| self.face.session_token_text(token).into())
    }

    pub(super) fn login_text(&self, token: LoginToken) -> Arc<str> {
        let own = self.wallet.text(token.0);
        own.unwrap_or_else(|| self.face.login_token_text(token).into())
    }

    /// An intermediate session's text, with what else its second factor names.
    pub(super) fn intermediate_text(&self, token: IntermediateToken) -> Arc<str> {
        self.wallet.text(token.0).unwrap_or_else(|| {
            let texts = self.face.intermediate_texts(token);
            texts.map_or_else(
                || UNKNOWN.into(),
                |texts| whole(texts.token, texts.organization, texts.member).into(),
            )
        })
    }

    /// The machine behind the project's face.
    pub(in crate::driver::http::wire) fn project(&self) -> Held<'_> {
        self.face.project()
    }

    /// Learns keys that were published without the wire.
    pub(in crate::driver::http::wire) fn learn_keys(&self, set: KeySet) {
        self.published.learn_unwired(Owner::Stytch, set);
    }

    /// A call as the project would read it off the wire: its own numbers for the client's.
    pub(in crate::driver::http::wire) fn as_read(&self, call: &Call) -> Call {
        let mut call = *call;
        match &mut call {
            Call::Migrate { token, .. } => token.handle = 0,
            Call::Authenticate { token, .. } | Call::Revoke { token } => {
                if let Some(text) = self.wallet.text(token.handle) {
                    let read = self.face.read_session_token(&text);
                    *token = read.unwrap_or(SessionToken {
                        session: NONE,
                        handle: 0,
                    });
                }
            }
            Call::AuthenticateJwt { jwt, .. } if jwt.handle != 0 => {
                let read = |number, read: &dyn Fn(&str) -> Option<u32>| {
                    let text = self.wallet.text(number);
                    text.and_then(|id| read(&id)).unwrap_or(NONE)
                };
                jwt.session = read(jwt.session, &|id| self.face.read_session_id(id));
                let person = |id: &str| self.face.read_person_id(id).map(|user| user.0);
                jwt.subject = UserId(read(jwt.subject.0, &person));
                jwt.org = jwt.org.map(|org| self.org_number(org));
                jwt.handle = 0;
            }
            Call::MagicLink { token, .. } | Call::OAuth { token, .. } => {
                if let Some(text) = self.wallet.text(token.0) {
                    *token = self.face.read_login_token(&text);
                }
            }
            Call::SecondFactor { token, .. } => {
                if let Some(whole) = self.wallet.text(token.0) {
                    let text = whole.split(SEPARATOR).next().unwrap_or_default();
                    *token = self.face.read_intermediate_token(text);
                }
            }
            Call::AuthenticateJwt { .. }
            | Call::Jwks
            | Call::Password { .. }
            | Call::SendMagicLink { .. }
            | Call::StartOAuth { .. }
            | Call::SignUp { .. }
            | Call::CreateUser { .. }
            | Call::ResetPassword { .. } => {}
        }
        call
    }

    /// The organization that the application knows by this id. Calls that were answered inside named
    /// it to the project without its text.
    pub(super) fn org_named(&self, id: &str) -> Option<OrgId> {
        self.named(id)
            .or_else(|| self.face.read_organization_id(id))
    }

    /// An organization by the id that this client has named.
    pub(super) fn named(&self, id: &str) -> Option<OrgId> {
        let orgs = self.orgs.read().unwrap_or_else(PoisonError::into_inner);
        orgs.get(id).copied()
    }

    /// The project's number for an organization: one that the application does not know has a number
    /// of the wallet's.
    fn org_number(&self, org: OrgId) -> OrgId {
        if org.0 < Wallet::FIRST {
            return org;
        }
        let id = self.wallet.text(org.0);
        id.map_or(OrgId(NONE), |id| self.org_read(&id))
    }

    fn org_read(&self, id: &str) -> OrgId {
        self.face.read_organization_id(id).unwrap_or(OrgId(NONE))
    }
}
