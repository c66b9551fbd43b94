//! On what terms tokens are issued: to which application, for which API, with which scopes, to a
//! member of which organization. A family of refresh tokens keeps its terms to its end.

use super::dpop::Thumbprint;
use super::request::Ask;
use super::texts;
use crate::auth0::organizations::OrganizationId;
use crate::auth0::registry::STANDARD;
use crate::auth0::{Scopes, SsoSession};
use crate::time::Timestamp;

/// What an access token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// `UserInfo` alone: an opaque token.
    UserInfo,
    /// An API with this identifier: a JWT.
    Api(String),
    /// The Management API, for what people may do there themselves.
    Management,
    /// The API for second factors.
    Mfa,
}

/// The organization that somebody logged in to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MemberOf {
    pub(super) id: OrganizationId,
    pub(super) name: String,
}

/// The terms of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) client_id: String,
    pub(super) audience: For,
    /// The scopes that were granted, as text.
    pub(super) scope: String,
    pub(super) organization: Option<MemberOf>,
    /// The browser's session, which `sid` names; a login without a browser has none.
    pub(super) session: Option<SsoSession>,
    /// When the person proved to be there.
    pub(super) authenticated: Timestamp,
    /// Whether the ID token tells that.
    pub(super) tells_time: bool,
    /// `gty`: how the tokens came about, where Auth0 says so.
    pub(super) way: Option<&'static str>,
    /// Whether a second factor was given.
    pub(super) second_factor: bool,
    /// The key that the tokens are bound to.
    pub(super) bound: Option<Thumbprint>,
}

impl Terms {
    /// Terms of a login that was asked for, without a browser.
    pub(super) fn new(ask: &Ask, authenticated: Timestamp) -> Self {
        Self {
            client_id: ask.client_id.clone(),
            audience: ask.audience.clone(),
            scope: ask.scope.clone(),
            organization: None,
            session: None,
            authenticated,
            tells_time: false,
            way: None,
            second_factor: false,
            bound: None,
        }
    }

    /// The same, with the scopes of the API cut to what a person may do there.
    pub(super) fn cut_to(&self, permitted: &[String]) -> Self {
        let kept: Vec<&str> = self
            .scope
            .split_whitespace()
            .filter(|scope| STANDARD.contains(scope) || permitted.iter().any(|may| may == scope))
            .collect();
        Self {
            scope: kept.join(" "),
            ..self.clone()
        }
    }

    /// The scopes that the machine knows of.
    pub(super) fn scopes(&self) -> Scopes {
        texts::read_scope(&self.scope)
    }
}

impl For {
    /// Whether tokens are JWTs.
    pub(super) fn is_api(&self) -> bool {
        *self != Self::UserInfo
    }

    /// The identifier of an API of the tenant's owner.
    pub(super) fn api(&self) -> Option<&str> {
        match self {
            Self::Api(name) => Some(name),
            Self::UserInfo | Self::Management | Self::Mfa => None,
        }
    }
}
