//! `/userinfo`, by GET or POST.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::dpop;
use super::errors::json_answer;
use super::face::Face;
use super::person::{Person, Seen};
use super::texts;
use crate::auth0::{AccessToken, Call, Reply, Scopes};
use crate::http::Exchange;
use crate::http::params::Params;
use crate::http::seal::Generation;
use crate::http::site::Later;

/// How a token is presented.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Bearer,
    Dpop,
}

/// The token in a request's head.
fn authorization(headers: &HeaderMap) -> Option<(Scheme, &str)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let scheme = if scheme.eq_ignore_ascii_case("bearer") {
        Scheme::Bearer
    } else if scheme.eq_ignore_ascii_case("dpop") {
        Scheme::Dpop
    } else {
        return None;
    };
    Some((scheme, token.trim())).filter(|(_, token)| !token.is_empty())
}

/// The bearer token of a request: none that is bound to a key.
pub(super) fn bearer(of: Generation, headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = authorization(headers)?;
    (scheme == Scheme::Bearer && dpop::binding(of, token).is_none()).then_some(token)
}

/// A token that is not presented as it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Misused;

/// The token in the head of a request to this URL, which must be presented as it may be: one that is
/// bound to a key needs a proof of it, another one has no use for one.
pub(super) fn presented<'a>(
    of: Generation,
    headers: &'a HeaderMap,
    method: &Method,
    url: impl FnOnce() -> String,
) -> Result<Option<&'a str>, Misused> {
    let Some((scheme, text)) = authorization(headers) else {
        return Ok(None);
    };
    let allowed = match dpop::binding(of, text) {
        None => scheme == Scheme::Bearer,
        Some(key) => {
            let purpose = dpop::Purpose {
                method,
                url: url(),
                token: Some(text),
            };
            let proven = dpop::proven(headers, &purpose).ok().flatten();
            scheme == Scheme::Dpop && proven.is_some_and(|proven| proven.key == key)
        }
    };
    if allowed {
        Ok(Some(text))
    } else {
        Err(Misused)
    }
}

pub(super) async fn userinfo(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    request: Request,
) -> Response {
    answer(face, exchange, request).await
}

/// Answers a call that came straight here. Most bring their token in the head, and of those no more is
/// kept while the answer waits to leave.
pub(super) fn answer(face: Arc<Face>, exchange: Exchange, request: Request) -> Later {
    let url = || format!("{}userinfo", face.parties_at(&exchange).issuer);
    let token = match presented(face.generation(), request.headers(), request.method(), url) {
        Ok(Some(text)) => read(&face, text),
        Err(Misused) => None,
        Ok(None) => {
            return Box::pin(async move {
                let text = elsewhere(request).await;
                let text = text.filter(|text| dpop::binding(face.generation(), text).is_none());
                let token = text.and_then(|text| read(&face, &text));
                tell(face, exchange, token).await
            });
        }
    };
    Box::pin(tell(face, exchange, token))
}

/// Tells the person of a token.
async fn tell(face: Arc<Face>, exchange: Exchange, token: Option<AccessToken>) -> Response {
    let token = token.unwrap_or(texts::NO_TOKEN);
    let asked = face.ask(
        &exchange,
        Call::UserInfo { token },
        |behind, reply| match reply {
            Reply::UserInfo(told) => {
                let seen = Seen::of(behind, token.subject).at(told.email);
                Some((told, seen))
            }
            _ => None,
        },
    );
    let mut response = asked
        .answer(exchange, |(told, seen)| {
            if told.subject.is_none() {
                return json_answer(StatusCode::OK, &json!({}));
            }
            let scopes = Scopes {
                email: told.email.is_some(),
                ..token.scopes
            };
            let person = Person {
                verified: told.verified,
                ..seen.person(face.directory())
            };
            json_answer(StatusCode::OK, &person.claims(scopes))
        })
        .await;
    response.headers_mut().insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    response
}

/// The token behind a text. Its signature is checked before anybody else has to wait.
fn read(face: &Face, text: &str) -> Option<AccessToken> {
    let parties = face.parties_of(text);
    parties.verify_for(Face::keys(), text, |sub| face.behind().read_user(sub))
}

/// A token may stand in a form or in the query as well (RFC 6750, sections 2.2 and 2.3); of Auth0's
/// own clients passport-auth0 still puts it there.
async fn elsewhere(request: Request) -> Option<String> {
    let query = Params::from_query(request.uri());
    let headers = request.headers().clone();
    // A body that is too long or does not come holds no token.
    let body = Bytes::from_request(request, &()).await.unwrap_or_default();
    let form = Params::from_body(&headers, &body).unwrap_or_default();
    let told = form.get("access_token").or(query.get("access_token"));
    told.map(str::to_owned)
}
