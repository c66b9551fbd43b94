//! `/oauth/revoke` and `/oauth/global-token-revocation`: refresh tokens end, access tokens do not.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::{NO_REFRESH, by_application, invalid, needed};
use crate::auth0::registry::Initiator;
use crate::auth0::{Call, Endpoint};
use crate::http::Exchange;
use crate::http::auth0::errors::oauth_error;
use crate::http::auth0::events::{About, Happening};
use crate::http::auth0::face::Face;
use crate::http::auth0::texts;
use crate::http::auth0::userinfo::bearer;

/// `POST /oauth/revoke`: 200 without a body, for an unknown token too. It is called JSON all the
/// same, as go-auth0 recorded it: clients that want an answer of that type take it.
pub(in super::super) async fn revoke(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = (&headers, &body);
    let asked = by_application(&face, &exchange, Endpoint::Revoke, form, |behind, asks| {
        let token = texts::read_refresh_token(behind.generation, needed(&asks.params, "token")?);
        let token = token.filter(|token| {
            let terms = behind.terms.get(&token.family);
            terms.is_none_or(|terms| terms.client_id == asks.client.id)
        });
        let token = token.unwrap_or(NO_REFRESH);
        let now = behind.tenant.now(exchange.stamp().at);
        if let Some(seen) = behind.tenant.family(token, now) {
            let entry = Happening::new("srrt", &asks.client.id, About::User(seen.user));
            face.log(behind, exchange.stamp(), entry);
        }
        let call = Call::Revoke { token };
        behind
            .tenant
            .say(exchange.stamp(), &call)
            .map(|_| ())
            .map_err(|error| crate::http::auth0::errors::refusal_at(Endpoint::Revoke, error).into())
    });
    let json = [(CONTENT_TYPE, "application/json")];
    asked.answer(exchange, |()| json).await
}

/// `POST /oauth/global-token-revocation/connection/{name}`: ends all sessions and refresh tokens of
/// one person. A real tenant takes a token of the identity provider's; this one takes a token for its
/// Management API.
pub(in super::super) async fn revoke_all(
    State(face): State<Arc<Face>>,
    Path(connection): Path<String>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    // Its signature is checked before anybody else has to wait.
    let signed =
        bearer(face.generation(), &headers).and_then(|text| super::Signed::read(&face, text));
    let asked = face.behind().pass(&exchange, Endpoint::Revoke, |behind| {
        let stamp = exchange.stamp();
        let now = behind.tenant.now(stamp.at);
        let known = signed.and_then(|signed| signed.live(behind, (now, stamp.at)));
        // The tokens of people for themselves are no such ones.
        let scopes = ["delete:sessions", "delete:refresh_tokens"];
        if !known.is_some_and(|token| token.allows(&scopes)) {
            let text = "The bearer token is missing or invalid";
            return Err(oauth_error(StatusCode::UNAUTHORIZED, "unauthorized", text).into());
        }
        if texts::read_connection(&connection).is_none() {
            return Err(invalid("the connection does not exist"));
        }
        let told: Value = serde_json::from_slice(&body).unwrap_or_default();
        let subject = &told["subject"];
        let user = (subject["format"] == "iss_sub")
            .then(|| subject["sub"].as_str())
            .flatten()
            .ok_or_else(|| invalid("subject must have the format iss_sub"))?;
        if let Some(user) = behind.read_user(user) {
            behind.announce_all(user, &[Initiator::SessionRevoked], stamp);
            behind.end_access(user, now);
        }
        Ok(())
    });
    asked
        .answer(exchange, |()| StatusCode::NO_CONTENT.into_response())
        .await
}
