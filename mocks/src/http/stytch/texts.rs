//! Texts of ids and tokens, and back, for a client in the same process that goes on over the wire
//! where calls were answered without it, or the other way round.

use super::Face;
use super::names::{Kind, Presented};
use super::objects::Picture;
use crate::stytch::{
    IntermediateToken, LoginToken, OrgId, SessionJwt, SessionToken, UserId, Vertical,
};

/// An intermediate session, with the names that its second factor is asked by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntermediateTexts {
    /// `intermediate_session_token`.
    pub token: String,
    /// `organization_id`.
    pub organization: String,
    /// `member_id`.
    pub member: String,
}

impl Face {
    /// The text of a session token.
    pub fn session_token_text(&self, token: SessionToken) -> String {
        self.0.names.session_token(token)
    }

    /// The session token behind a text; none if it has not the form of one.
    pub fn read_session_token(&self, text: &str) -> Option<SessionToken> {
        match self.0.names.read_session_token(text) {
            Presented::Token(token) => Some(token),
            Presented::Malformed => None,
        }
    }

    /// The text of a session JWT: its claims are the token's, and what it shows beside them is as it
    /// is now. None if its person is gone.
    pub fn session_jwt_text(&self, jwt: &SessionJwt) -> Option<String> {
        let picture = Picture::take(&self.project(), jwt.subject, Some(jwt.session), jwt.issued)?;
        Some(self.sign_session_jwt(jwt, &picture))
    }

    /// The text of a mailed or redirected token.
    pub fn login_token_text(&self, token: LoginToken) -> String {
        self.0.names.login_token(token)
    }

    /// The token behind a text; a made-up one names a token that nobody issued.
    pub fn read_login_token(&self, text: &str) -> LoginToken {
        self.0.names.read_login_token(text)
    }

    /// The texts of an intermediate session; none if nobody in an organization was asked.
    pub fn intermediate_texts(&self, token: IntermediateToken) -> Option<IntermediateTexts> {
        let project = self.project();
        let member = project.asked_for_second_factor(token)?;
        let org = project.user(member)?.org?;
        drop(project);
        Some(IntermediateTexts {
            token: self.0.names.intermediate_token(token),
            organization: self.organization_id(org),
            member: self.person_id(member),
        })
    }

    /// The token behind the text of an intermediate session token; a made-up one names a token that
    /// nobody issued.
    pub fn read_intermediate_token(&self, text: &str) -> IntermediateToken {
        self.0.names.read_intermediate_token(text)
    }

    /// The id of a session on the wire.
    pub fn session_id(&self, session: u32) -> String {
        self.0.names.id(Kind::Session, session)
    }

    /// The session behind an id.
    pub fn read_session_id(&self, id: &str) -> Option<u32> {
        self.0.names.read_id(Kind::Session, id)
    }

    /// The person behind an id.
    pub fn read_person_id(&self, id: &str) -> Option<UserId> {
        let kind = match self.0.vertical {
            Vertical::Consumer => Kind::User,
            Vertical::B2b => Kind::Member,
        };
        self.0.names.read_id(kind, id).map(UserId)
    }

    /// The organization behind an id.
    pub fn read_organization_id(&self, id: &str) -> Option<OrgId> {
        self.0.names.read_id(Kind::Organization, id).map(OrgId)
    }
}
