//! What an application asks for: tokens for an API, and at `/authorize` a login on the way to them.

use std::sync::Arc;

use axum::http::HeaderMap;
use reqwest::Url;

use super::behind::Behind;
use super::dpop::Thumbprint;
use super::respond::{Mode, Wants};
use super::terms::{For, MemberOf, Terms};
use super::texts::Parties;
use crate::auth0::organizations::OrganizationId;
use crate::auth0::registry::{Client, granted};
use crate::auth0::{Connection, SsoSession};
use crate::http::params::Params;
use crate::http::recent::Bulky;
use crate::time::{Span, Timestamp};

/// Tokens for whom and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) client_id: String,
    pub(super) audience: For,
    /// The scopes that are granted.
    pub(super) scope: String,
}

/// What of a `scope` or an `audience` is looked at, in bytes: it is kept for as long as a refresh token.
const LONGEST: usize = 4096;

/// A text of which so much is kept.
pub(super) fn short(text: &str) -> &str {
    &text[..text.floor_char_boundary(LONGEST)]
}

/// The API that a request is about.
pub(super) fn audience<'a>(behind: &'a Behind, params: &'a Params) -> Option<&'a str> {
    let preferences = &behind.tenant.registry().preferences;
    preferences.audience(params.get("audience"), params.get("resource"))
}

/// An `audience` that the tenant has no API for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct UnknownAudience;

impl Ask {
    /// What an application gets for an `audience` and a `scope`.
    pub(super) fn read(
        behind: &Behind,
        parties: &Parties,
        client: &Client,
        audience: Option<&str>,
        scope: Option<&str>,
    ) -> Result<Self, UnknownAudience> {
        let scope = short(scope.unwrap_or_default());
        let (audience, scope) = match audience {
            None => (For::UserInfo, granted(scope, client, None)),
            Some(name) if name == parties.userinfo_audience() => {
                (For::UserInfo, granted(scope, client, None))
            }
            Some(name) if parties.is_management(name) => {
                let own = |scope: &str| scope.contains(":current_user");
                (For::Management, with_standard(scope, client, own))
            }
            Some(name) if name == parties.mfa_audience() => {
                let known = |scope: &str| MFA_SCOPES.contains(&scope);
                (For::Mfa, with_standard(scope, client, known))
            }
            Some(name) => {
                let resource = behind.tenant.registry().resource(name);
                let resource = resource.ok_or(UnknownAudience)?;
                let scope = granted(scope, client, Some(resource));
                (For::Api(name.to_owned()), scope)
            }
        };
        Ok(Self {
            client_id: client.id.clone(),
            audience,
            scope,
        })
    }
}

/// What people may do at the API for second factors (Auth0 docs, MFA API).
const MFA_SCOPES: [&str; 3] = ["enroll", "read:authenticators", "remove:authenticators"];

/// The standard scopes that were asked for, and those of an API of the tenant's own that people get:
/// of the Management API what concerns themselves (`read:current_user` and the like).
fn with_standard(asked: &str, client: &Client, gets: impl Fn(&str) -> bool) -> String {
    let standard = granted(asked, client, None);
    let own = asked.split_whitespace().filter(|scope| gets(scope));
    let all: Vec<&str> = standard.split_whitespace().chain(own).collect();
    all.join(" ")
}

/// A login as `/authorize` was asked for it, kept until it ends.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) ask: Ask,
    pub(super) redirect_uri: Url,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) wants: Wants,
    pub(super) mode: Mode,
    pub(super) connection: Connection,
    pub(super) hint: Option<String>,
    pub(super) organization: Option<OrganizationId>,
    pub(super) invitation: Option<u32>,
    /// `dpop_jkt`: the key that the code is bound to.
    pub(super) key: Option<Thumbprint>,
    /// Whether the ID token tells when the person logged in: `max_age` asks for it.
    pub(super) tells_time: bool,
    /// `iss` of the way back, where the tenant tells it.
    pub(super) issuer: Option<String>,
}

/// What is kept of a login until its code is exchanged.
#[derive(Clone, Debug)]
pub(super) struct Granted {
    pub(super) request: Arc<Request>,
    pub(super) session: SsoSession,
    pub(super) authenticated: Timestamp,
    pub(super) second_factor: bool,
}

impl Granted {
    /// The terms of the tokens that the code is exchanged for.
    pub(super) fn terms(&self, behind: &Behind) -> Terms {
        let request = &self.request;
        let organization = request.organization.and_then(|id| {
            let organization = behind.tenant.organizations.get(id)?;
            Some(MemberOf {
                id,
                name: organization.name.clone(),
            })
        });
        Terms {
            organization,
            session: Some(self.session),
            tells_time: request.tells_time,
            second_factor: self.second_factor,
            ..Terms::new(&request.ask, self.authenticated)
        }
    }
}

impl Bulky for Arc<Request> {
    fn heap_bytes(&self) -> usize {
        let texts = [&self.state, &self.nonce, &self.hint, &self.issuer].map(Bulky::heap_bytes);
        let texts = texts.into_iter().sum::<usize>() + self.redirect_uri.as_str().len();
        size_of::<Request>() + texts + self.ask.heap_bytes()
    }
}

impl Bulky for Ask {
    fn heap_bytes(&self) -> usize {
        let api = match &self.audience {
            For::Api(name) => name.len(),
            For::UserInfo | For::Management | For::Mfa => 0,
        };
        self.client_id.len() + api + self.scope.len()
    }
}

impl Bulky for Granted {
    fn heap_bytes(&self) -> usize {
        self.request.heap_bytes()
    }
}

/// How the browser's session may be used for a request.
pub(super) struct Freshness {
    /// `prompt=none`.
    pub(super) silent: bool,
    /// `prompt=login` and the like: whatever session there is, a page is shown.
    pub(super) ask_again: bool,
    /// `max_age`.
    pub(super) max_age: Option<Span>,
}

impl Freshness {
    pub(super) fn read(params: &Params) -> Self {
        let prompts = params.get("prompt").unwrap_or_default();
        let has = |name| prompts.split_whitespace().any(|prompt| prompt == name);
        Self {
            silent: has("none"),
            ask_again: has("login") || has("select_account"),
            max_age: params
                .get("max_age")
                .and_then(|secs| secs.parse::<u32>().ok())
                .map(|secs| Span::from_secs(secs.into())),
        }
    }

    /// The session, unless a new login is due.
    pub(super) fn session(
        &self,
        behind: &Behind,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Option<SsoSession> {
        let session = super::cookies::session(behind.generation, headers)?;
        let too_old = self.max_age.is_some_and(|age| {
            behind
                .tenant
                .session(session, now)
                .is_none_or(|seen| now - seen.authenticated >= age)
        });
        (!self.ask_again && !too_old).then_some(session)
    }
}
