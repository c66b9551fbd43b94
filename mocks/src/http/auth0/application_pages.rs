//! What widgets on an application's own page (Lock, `auth0.js`) ask of the tenant besides logins: which
//! ways to log in there are, and whether a captcha is due.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::errors::json_answer;
use super::face::Face;
use super::pages;
use super::texts::{self, Parties};
use crate::auth0::registry::Client;
use crate::auth0::{Connection, Endpoint};
use crate::http::Exchange;

/// `GET /client/{id}.js`: a script that tells Lock the application's connections.
pub(super) async fn settings(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    Path(name): Path<String>,
) -> Response {
    let parties = face.parties_at(&exchange);
    let asked = face.behind().pass(&exchange, Endpoint::Other, |behind| {
        let client = name
            .strip_suffix(".js")
            .and_then(|id| behind.tenant.registry().client(id));
        let Some(client) = client else {
            let text = json!({ "statusCode": 404, "error": "Not Found", "message": "Not Found" });
            return Err(json_answer(StatusCode::NOT_FOUND, &text).into());
        };
        let shown = pages::inside_script(&shown(client, &parties));
        Ok(format!("Auth0.setClient({shown});"))
    });
    asked
        .answer(exchange, |script| {
            let kind = [(
                header::CONTENT_TYPE,
                "application/javascript; charset=utf-8",
            )];
            (kind, script).into_response()
        })
        .await
}

fn shown(client: &Client, parties: &Parties) -> Value {
    let at = |path: &str| format!("{}{path}", parties.issuer);
    let plain = |connection| json!({ "name": texts::connection(connection) });
    json!({
        "id": client.id,
        "tenant": "cutover",
        "subscription": "enterprise",
        "authorize": at("authorize"),
        "callback": client.callbacks.listed.first().map_or("", String::as_str),
        "hasAllowedOrigins": true,
        "strategies": [
            {
                "name": "auth0",
                "connections": [{
                    "name": texts::connection(Connection::Database),
                    "forgot_password_url": at("u/reset-password/request"),
                    "signup_url": at("u/signup"),
                    "passwordPolicy": "none",
                    "showSignup": true,
                    "showForgot": true,
                    "requires_username": false,
                }],
            },
            { "name": "google-oauth2", "connections": [plain(Connection::Google)] },
            { "name": "email", "connections": [plain(Connection::Email)] },
            { "name": "sms", "connections": [plain(Connection::Sms)] },
        ],
    })
}

/// `POST …/challenge`: no captcha is due, ever.
pub(super) async fn challenge(State(face): State<Arc<Face>>, exchange: Exchange) -> Response {
    let asked = face.behind().pass(&exchange, Endpoint::Other, |_| {
        Ok(json!({ "required": false }))
    });
    asked
        .answer(exchange, |body| json_answer(StatusCode::OK, &body))
        .await
}
