//! `/userinfo`, by GET or POST.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use serde_json::{Map, Value};

use super::errors::json_answer;
use super::face::Face;
use super::person::Person;
use super::texts;
use crate::auth0::{Call, Reply, Scopes};
use crate::email::Email;
use crate::http::Exchange;
use crate::http::params::Params;

/// The bearer token of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}

pub(super) async fn userinfo(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // A token may stand in a form or in the query as well (RFC 6750, sections 2.2 and 2.3); of
    // Auth0's own clients passport-auth0 still puts it there.
    let form = Params::from_body(&headers, &body).unwrap_or_default();
    let query = Params::from_query(&uri);
    let presented = bearer(&headers)
        .or(form.get("access_token"))
        .or(query.get("access_token"))
        .and_then(|text| {
            let parties = face.parties_of(text);
            // The signature is checked before anybody else has to wait.
            parties.verify_for(Face::keys(), text, |sub| face.behind().read_user(sub))
        });
    let token = presented.unwrap_or(texts::NO_TOKEN);
    let asked = face.ask(
        &exchange,
        Call::UserInfo { token },
        |behind, reply| match reply {
            Reply::UserInfo(told) => {
                let person = Person::of(behind, face.directory(), token.subject);
                Some((told, person))
            }
            _ => None,
        },
    );
    let mut response = asked
        .answer(exchange, |(told, person)| {
            if told.subject.is_none() {
                return json_answer(StatusCode::OK, &Value::Object(Map::new()));
            }
            let email = told.email.map(|email: Email| face.directory().text(email));
            let scopes = Scopes {
                email: email.is_some(),
                ..token.scopes
            };
            let person = Person {
                email: email.unwrap_or_else(|| person.email.clone()),
                verified: told.verified,
                ..person
            };
            json_answer(StatusCode::OK, &person.claims(scopes).into())
        })
        .await;
    response.headers_mut().insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    response
}
