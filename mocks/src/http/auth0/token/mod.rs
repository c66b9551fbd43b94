//! `/oauth/token`: one file for each way to get tokens, behind one check of the client.

mod by_code;
mod by_device;
mod by_mailed_code;
mod by_password;
mod by_refresh;
mod client;
mod for_itself;
mod mfa;
mod revoke;

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;

pub(super) use super::answering::Complaint;
use super::answering::NO_STORE;
use super::behind::Behind;
use super::dpop::{self, Thumbprint};
use super::errors::{json_answer, oauth_error};
use super::events::{About, Happening, of_exchange, of_protection};
use super::face::Face;
use super::issue::Issue;
use super::request;
use super::terms::Terms;
use super::texts::{self, Parties};
use crate::auth0::registry::{Client, GrantType, Secret};
use crate::auth0::{Connection, Endpoint, Error, RefreshToken, Stamp, Tokens, UserId};
use crate::http::Exchange;
use crate::http::off_the_loop::briefly_off_the_loop;
use crate::http::params::Params;
use crate::time::Timestamp;

pub(super) use client::{Identified, by_application, identify, needed};
pub(super) use for_itself::Signed;
pub(super) use mfa::{Owing, associate, authenticators, challenge, remove_authenticator};
pub(super) use revoke::{revoke, revoke_all};

/// The management token that a harness is given, with all scopes.
pub(super) use for_itself::management_token;

/// A refresh token that nobody was given.
pub(super) const NO_REFRESH: RefreshToken = RefreshToken {
    family: u32::MAX,
    generation: 0,
};

/// What a device is told that goes on asking.
const EARLY: [&str; 2] = ["authorization_pending", "slow_down"];

/// What a request for tokens is judged by.
struct Desk<'a> {
    face: &'a Face,
    parties: &'a Parties,
    params: &'a Params,
    client: Client,
    /// The key that the application proves to hold, to which tokens are bound.
    key: Option<Thumbprint>,
    stamp: Stamp,
    now: Timestamp,
}

/// Tokens that are to be written.
enum Given {
    ToPerson(Box<Issue>),
    ToMachine(for_itself::MachineToken),
    Mfa(mfa::Renewed, Box<Issue>),
}

/// `POST /oauth/token`.
pub(super) async fn token(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let parties = face.parties_at(&exchange);
    let params = Params::from_body(&headers, &body);
    if let Ok(params) = &params
        && let (Some(username), Some(password)) = (params.get("username"), params.get("password"))
    {
        face.try_imported(username, password).await;
    }
    let asked = face.behind().pass(&exchange, Endpoint::Token, |behind| {
        let mut params = params.map_err(|bad| invalid(&bad.to_string()))?;
        let now = behind.tenant.now(exchange.stamp().at);
        let client = identify(behind, &parties, &mut params, &headers, now)?;
        let key = proven_key(behind, &client, &parties, &headers, now)?;
        let desk = Desk {
            face: &face,
            parties: &parties,
            params: &params,
            client,
            key,
            stamp: exchange.stamp(),
            now,
        };
        desk.serve(behind)
    });
    asked
        .answer_later(exchange, async |given| {
            let body = briefly_off_the_loop(move || match given {
                Given::ToPerson(issue) => issue.body(&parties),
                Given::ToMachine(token) => token.body(&parties),
                Given::Mfa(renewed, issue) => renewed.body(issue.body(&parties)),
            })
            .await;
            (NO_STORE, json_answer(StatusCode::OK, &body))
        })
        .await
}

/// The key that a request for tokens proves to hold. Applications without a secret must prove it with
/// a nonce (Auth0 docs, demonstrating proof-of-possession).
fn proven_key(
    behind: &mut Behind,
    client: &Client,
    parties: &Parties,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Option<Thumbprint>, Complaint> {
    let purpose = dpop::Purpose {
        method: &Method::POST,
        url: format!("{}oauth/token", parties.issuer),
        token: None,
    };
    let told = |bad: dpop::Bad| bad.complaint(now);
    let Some(mut proven) = dpop::proven(headers, &purpose).map_err(told)? else {
        return Ok(None);
    };
    if client.secret == Secret::Public {
        proven = proven.fresh(now).map_err(told)?;
    }
    let proven = proven.once(&mut behind.proofs).map_err(told)?;
    Ok(Some(proven.key))
}

impl Desk<'_> {
    fn serve(&self, behind: &mut Behind) -> Result<Given, Complaint> {
        let name = needed(self.params, "grant_type")?;
        let Some(grant) = GrantType::named(name) else {
            let text = format!("Unsupported grant type: {name}");
            return Err(oauth_error(StatusCode::FORBIDDEN, "unsupported_grant_type", &text).into());
        };
        if !self.client.may(grant) {
            return Err(not_allowed(name).into());
        }
        let (holder, revoked) = (self.holder(behind, grant), behind.tenant.ledger().revoked);
        let given = self.by(grant, behind, name);
        let reused = grant == GrantType::Refresh && behind.tenant.ledger().revoked > revoked;
        self.note(behind, of_exchange(grant, name), holder, &given, reused);
        given
    }

    fn by(&self, grant: GrantType, behind: &mut Behind, name: &str) -> Result<Given, Complaint> {
        match grant {
            GrantType::Code => self.by_code(behind),
            GrantType::Refresh => self.by_refresh(behind),
            GrantType::Password => self.by_password(behind),
            GrantType::ClientCredentials => self.for_itself(behind),
            GrantType::Passwordless => self.by_mailed_code(behind),
            GrantType::Device => self.by_device(behind),
            GrantType::Mfa => self.by_second_factor(behind, name),
            // No token endpoint gives tokens this way.
            GrantType::Implicit => Err(not_allowed(name).into()),
        }
    }

    /// Whose the refresh token is that is to be exchanged: afterwards it may be nobody's.
    fn holder(&self, behind: &Behind, grant: GrantType) -> Option<UserId> {
        let text = self.params.get("refresh_token");
        let text = text.filter(|_| grant == GrantType::Refresh)?;
        let token = texts::read_refresh_token(behind.generation, text)?;
        behind.tenant.family(token, self.now).map(|seen| seen.user)
    }

    /// Who is known by the name that a login without a browser gives.
    fn typed(&self, behind: &Behind, name: &str) -> Option<UserId> {
        let realm = self.params.get("realm").and_then(texts::read_connection);
        let connection = realm.unwrap_or(Connection::Database);
        behind.known_by(self.face.directory(), name, connection)
    }

    /// Writes an exchange into the log.
    fn note(
        &self,
        behind: &mut Behind,
        (success, failure): (&'static str, &'static str),
        holder: Option<UserId>,
        given: &Result<Given, Complaint>,
        reused: bool,
    ) {
        let client = self.client.id.as_str();
        let typed = self.params.get("username");
        let entry = match given {
            Ok(Given::ToPerson(issue) | Given::Mfa(_, issue)) => Happening {
                audience: issue.terms.audience.api().unwrap_or_default(),
                scope: &issue.terms.scope,
                ..Happening::new(success, client, About::User(issue.tokens.access.subject))
            },
            Ok(Given::ToMachine(_)) => Happening::new(success, client, About::Nobody),
            Err(complaint) => {
                // A first factor that is right is no failure, and nor is a device that asks early.
                let Some(words) = complaint
                    .words()
                    .filter(|words| !EARLY.contains(&&*words.error))
                else {
                    return;
                };
                let about = match (holder, typed) {
                    (Some(user), _) => About::User(user),
                    (None, Some(name)) => About::Typed(name, self.typed(behind, name)),
                    (None, None) => About::Nobody,
                };
                let protected = complaint.cause().and_then(of_protection);
                let kind = if reused {
                    "ferrt"
                } else {
                    protected.unwrap_or(failure)
                };
                Happening::new(kind, client, about).saying(&words.description)
            }
        };
        self.face.log(behind, self.stamp, entry);
    }

    /// Issues tokens to a person who has proven to be there without a browser.
    fn open(
        &self,
        behind: &mut Behind,
        identity: UserId,
        terms: Terms,
    ) -> Result<Given, Complaint> {
        // It may have been linked to another user since it was proven.
        let user = behind.tenant.links.user_of(identity);
        let terms = Terms {
            bound: self.key.clone(),
            ..terms
        };
        if behind.tenant.user(user).is_none_or(|user| user.blocked) {
            return Err(refusal(Error::Blocked));
        }
        let (scopes, api) = (terms.scopes(), terms.audience.is_api());
        let tokens = behind.tenant.open(self.now, user, scopes, api);
        behind
            .tenant
            .profiles
            .note_visit(user, self.now, self.stamp.address);
        Ok(self.first(behind, tokens, Arc::new(terms)).into())
    }

    /// The first tokens of a login, and its terms remembered.
    fn first(&self, behind: &mut Behind, tokens: Tokens, terms: Arc<Terms>) -> Issue {
        if let Some(refresh) = tokens.refresh {
            let user = tokens.access.subject;
            behind
                .tenant
                .hold(user, &terms.client_id, refresh, self.now);
            behind.remember_terms(refresh.family, Arc::clone(&terms), self.now);
        }
        Issue::gather(behind, self.face.directory(), self.stamp.at, tokens, terms)
    }

    /// Audience and scope of the request.
    fn ask(&self, behind: &Behind) -> Result<request::Ask, request::UnknownAudience> {
        request::Ask::read(
            behind,
            self.parties,
            &self.client,
            request::audience(behind, self.params),
            self.params.get("scope"),
        )
    }
}

impl From<Issue> for Given {
    fn from(issue: Issue) -> Self {
        Self::ToPerson(issue.into())
    }
}

/// A refusal of the machine's, as this endpoint tells it.
fn refusal(error: Error) -> Complaint {
    super::errors::refusal_at(Endpoint::Token, error).into()
}

/// A request that cannot be read.
pub(super) fn invalid(text: &str) -> Complaint {
    oauth_error(StatusCode::BAD_REQUEST, "invalid_request", text).into()
}

fn not_allowed(grant: &str) -> Response {
    let body = serde_json::json!({
        "error": "unauthorized_client",
        "error_description": format!("Grant type '{grant}' not allowed for the client."),
        "error_uri": "https://auth0.com/docs/clients/client-grant-types",
    });
    json_answer(StatusCode::FORBIDDEN, &body)
}
