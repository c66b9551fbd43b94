//! `/oauth/par`: an application pushes what it asks for, and sends the browser with a reference to it
//! (RFC 9126).

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::answering::{Complaint, NO_STORE};
use super::authorize;
use super::behind::Behind;
use super::errors::{json_answer, oauth_error};
use super::face::Face;
use super::pages;
use super::texts;
use super::token::{Identified, by_application, invalid};
use crate::auth0::Endpoint;
use crate::http::Exchange;
use crate::http::params::Params;
use crate::http::recent::Bulky;
use crate::time::{Span, Timestamp};

/// Life of a pushed request: 30 s (Auth0 docs, authorization code flow with PAR).
const LIFE: Span = Span::from_secs(30);

/// What an application has pushed.
#[derive(Clone, Debug)]
pub(super) struct Pushed {
    client_id: String,
    params: Params,
    until: Timestamp,
}

impl Bulky for Pushed {
    fn heap_bytes(&self) -> usize {
        self.client_id.len() + self.params.heap_bytes()
    }
}

/// `POST /oauth/par`.
pub(super) async fn push(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = (&headers, &body);
    let asked = by_application(&face, &exchange, Endpoint::Other, form, |behind, asks| {
        let Identified {
            client,
            mut params,
            now,
            ..
        } = asks;
        if params.get("request_uri").is_some() {
            return Err(invalid("request_uri must not be pushed"));
        }
        params.or_insert("client_id", client.id.clone());
        // It is judged as it would be at `/authorize` (RFC 9126, section 2.3).
        authorize::check_response(&client, &params).map_err(|(error, text)| {
            Complaint::from(oauth_error(StatusCode::BAD_REQUEST, error, &text))
        })?;
        if !authorize::may_go_back(&client, &params) {
            return Err(invalid(
                "The provided redirect_uri is not in the list of allowed callback URLs",
            ));
        }
        let number = behind.pushed.add(Pushed {
            client_id: client.id,
            params,
            until: now + LIFE,
        });
        Ok(json!({
            "request_uri": texts::request_uri(behind.generation, number),
            "expires_in": LIFE.as_secs(),
        }))
    });
    asked
        .answer(exchange, |body| {
            (NO_STORE, json_answer(StatusCode::CREATED, &body))
        })
        .await
}

/// What was pushed for a request at `/authorize`, which takes it: a reference is good once, and stays
/// where it is if another application comes with it. None if the request refers to nothing.
pub(super) fn fetch(
    behind: &mut Behind,
    params: &Params,
    now: Timestamp,
) -> Result<Option<Params>, Complaint> {
    let Some(reference) = params.get("request_uri") else {
        return Ok(None);
    };
    texts::read_request_uri(behind.generation, reference)
        .filter(|number| {
            behind.pushed.get(*number).is_some_and(|pushed| {
                now < pushed.until && params.get("client_id") == Some(&pushed.client_id)
            })
        })
        .and_then(|number| behind.pushed.take(number))
        .map(|pushed| Some(pushed.params))
        .ok_or_else(|| {
            let text =
                "invalid_request: The request_uri is invalid, was used already or has expired";
            pages::problem(StatusCode::BAD_REQUEST, text).into()
        })
}
