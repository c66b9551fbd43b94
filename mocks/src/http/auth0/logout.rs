//! `/v2/logout` and `/oidc/logout`: the browser's session ends, the application's tokens do not.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use reqwest::Url;
use serde::Deserialize;

use super::answering::Complaint;
use super::behind::Behind;
use super::cookies;
use super::errors::refusal_at;
use super::events::{About, Happening};
use super::face::Face;
use super::pages;
use super::respond::redirect;
use super::texts::{self, Parties};
use crate::auth0::registry::Initiator;
use crate::auth0::{Call, Endpoint, SsoSession};
use crate::http::Exchange;
use crate::http::params::Params;

/// `GET /v2/logout`: `returnTo` must be a URL of the application that `client_id` names, or of any.
pub(super) async fn logout(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let params = Params::from_query(&uri);
    let parties = face.parties_at(&exchange);
    let asked = face.behind().pass(&exchange, Endpoint::Logout, |behind| {
        let to = match params.get("returnTo") {
            None => None,
            Some(to) => Some(allowed(behind, params.get("client_id"), ("returnTo", to))?),
        };
        let session = cookies::session(behind.generation, &headers);
        let client = params.get("client_id").unwrap_or_default();
        end(&face, behind, &exchange, (client, session))?;
        Ok(to)
    });
    leave(asked, exchange, &parties).await
}

/// What an `id_token_hint` says.
#[derive(Clone, Debug, Deserialize)]
struct Hint {
    iss: String,
    aud: String,
    sid: Option<String>,
}

/// `/oidc/logout` (`OpenID` Connect RP-Initiated Logout): `id_token_hint` or `client_id`, and
/// `post_logout_redirect_uri`. The consent page that Auth0 shows where there is no hint is left out.
pub(super) async fn oidc_logout(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = if body.is_empty() {
        Params::from_query(&uri)
    } else {
        Params::from_body(&headers, &body).unwrap_or_default()
    };
    let parties = face.parties_at(&exchange);
    // Its signature is checked before anybody else has to wait.
    let hint = params
        .get("id_token_hint")
        .map(|text| read_hint(&face.parties_of(text), text));
    let asked = face.behind().pass(&exchange, Endpoint::Logout, |behind| {
        let hint = match hint {
            None => None,
            // An expired ID token is as good as any.
            Some(hint) => Some(hint.ok_or_else(|| {
                pages::problem(
                    StatusCode::BAD_REQUEST,
                    "invalid_request: The id_token_hint is invalid",
                )
            })?),
        };
        let client = params
            .get("client_id")
            .or(hint.as_ref().map(|hint| hint.aud.as_str()));
        let to = match params.get("post_logout_redirect_uri") {
            None => None,
            Some(to) => {
                let mut to = allowed(behind, client, ("post_logout_redirect_uri", to))?;
                if let Some(state) = params.get("state") {
                    to.query_pairs_mut().append_pair("state", state);
                }
                Some(to)
            }
        };
        let named = hint
            .as_ref()
            .and_then(|hint| hint.sid.as_deref())
            .or(params.get("logout_hint"))
            .and_then(|text| texts::read_sid(behind.generation, text));
        let session = cookies::session(behind.generation, &headers).or(named);
        end(
            &face,
            behind,
            &exchange,
            (client.unwrap_or_default(), session),
        )?;
        Ok(to)
    });
    leave(asked, exchange, &parties).await
}

fn read_hint(parties: &Parties, text: &str) -> Option<Hint> {
    let (_, hint) = Face::keys().verify::<Hint>(text).ok()?;
    (hint.iss == parties.issuer).then_some(hint)
}

fn end(
    face: &Face,
    behind: &mut Behind,
    exchange: &Exchange,
    (client, sso): (&str, Option<SsoSession>),
) -> Result<(), Complaint> {
    let stamp = exchange.stamp();
    let now = behind.tenant.now(stamp.at);
    if let Some(seen) = sso.and_then(|sso| behind.tenant.session(sso, now)) {
        face.log(
            behind,
            stamp,
            Happening::new("slo", client, About::User(seen.user)),
        );
        behind.announce(seen.id, &[Initiator::RpLogout], stamp);
    }
    behind
        .tenant
        .say(stamp, &Call::Logout { sso })
        .map(|_| ())
        .map_err(|error| refusal_at(Endpoint::Logout, error).into())
}

async fn leave(
    asked: super::answering::Asked<Option<Url>>,
    exchange: Exchange,
    parties: &Parties,
) -> Response {
    asked
        .answer(exchange, |to| {
            let mut response = to.map_or_else(|| "OK".into_response(), |to| redirect(to.as_str()));
            cookies::take(&mut response, parties);
            response
        })
        .await
}

/// The URL of a parameter, if it is one that an application (none is named: any) may be left for: as it
/// is read here, so that no browser can read it as another.
fn allowed(
    behind: &Behind,
    client: Option<&str>,
    (name, text): (&str, &str),
) -> Result<Url, Complaint> {
    let registry = behind.tenant.registry();
    let known = match client {
        Some(id) => registry
            .client(id)
            .is_some_and(|client| client.logout_urls.allow(text)),
        None => registry
            .clients()
            .iter()
            .any(|client| client.logout_urls.allow(text)),
    };
    Url::parse(text)
        .ok()
        .filter(|_| known)
        .ok_or_else(|| not_allowed(name, text))
}

fn not_allowed(name: &str, to: &str) -> Complaint {
    let text = format!(
        "The \"{name}\" querystring parameter \"{to}\" is not defined as a valid URL in \"Allowed Logout URLs\""
    );
    pages::problem(StatusCode::BAD_REQUEST, &text).into()
}
