//! Devices without a keyboard: `/oauth/device/code`, and `/activate`, where people type their code.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde_json::json;

use super::answering::Complaint;
use super::behind::Behind;
use super::cookies;
use super::errors::{self, WRONG_PASSWORD, json_answer};
use super::face::Face;
use super::pages::{self, Field, Form};
use super::request::{self, short};
use super::texts;
use super::token::{Identified, by_application};
use crate::auth0::devices::{DEVICE_CODE_LIFE, DeviceAsk, POLL_INTERVAL};
use crate::auth0::factors::Owed;
use crate::auth0::registry::GrantType;
use crate::auth0::{Connection, Endpoint, Error, Proof, UserId};
use crate::http::Exchange;
use crate::http::params::Params;
use crate::time::Timestamp;

/// `POST /oauth/device/code`.
pub(super) async fn code(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = (&headers, &body);
    let asked = by_application(&face, &exchange, Endpoint::Other, form, |behind, asks| {
        let Identified {
            client,
            params,
            parties,
            now,
        } = asks;
        if !client.may(GrantType::Device) {
            let text = "Grant type 'urn:ietf:params:oauth:grant-type:device_code' not allowed for the client.";
            return Err(
                errors::oauth_error(StatusCode::FORBIDDEN, "unauthorized_client", text).into(),
            );
        }
        let ask = DeviceAsk {
            client_id: client.id,
            audience: request::audience(behind, &params).map(|name| short(name).to_owned()),
            scope: short(params.get("scope").unwrap_or_default()).to_owned(),
        };
        let luck = exchange.stamp().luck.split(40);
        let (number, user_code) = behind.tenant.devices.begin(ask, now, luck);
        let page = format!("{}activate", parties.issuer);
        Ok(json!({
            "device_code": texts::device_code(behind.generation, number),
            "user_code": user_code,
            "verification_uri": page,
            "verification_uri_complete": format!("{page}?user_code={user_code}"),
            "expires_in": DEVICE_CODE_LIFE.as_secs(),
            "interval": POLL_INTERVAL.as_secs(),
        }))
    });
    asked
        .answer(exchange, |body| json_answer(StatusCode::OK, &body))
        .await
}

/// `GET /activate?user_code=…`.
pub(super) async fn page(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let params = Params::from_query(&uri);
    let asked = face.behind().pass(&exchange, Endpoint::Other, |behind| {
        let now = behind.tenant.now(exchange.stamp().at);
        Ok(session_user(behind, &headers, now).is_some())
    });
    asked
        .answer(exchange, |known| {
            let code = params.get("user_code").unwrap_or_default();
            form(StatusCode::OK, code, known, "")
        })
        .await
}

/// `POST /activate`: `user_code`, `username` and `password` unless the browser has a session, and
/// `action=deny` for a no.
pub(super) async fn submit(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = Params::from_body(&headers, &body).unwrap_or_default();
    if let (Some(username), Some(password)) = (params.get("username"), params.get("password")) {
        face.try_imported(username, password).await;
    }
    let asked = face.behind().pass(&exchange, Endpoint::Login, |behind| {
        decide(&face, behind, &exchange, &headers, &params)
    });
    asked
        .answer(exchange, |approved| {
            if approved {
                pages::notice(
                    "Congratulations, you're all set!",
                    "Your device is now connected.",
                )
            } else {
                pages::notice("Declined", "Your device was not connected.")
            }
        })
        .await
}

fn decide(
    face: &Face,
    behind: &mut Behind,
    exchange: &Exchange,
    headers: &HeaderMap,
    params: &Params,
) -> Result<bool, Complaint> {
    let stamp = exchange.stamp();
    let now = behind.tenant.now(stamp.at);
    let code = params.get("user_code").unwrap_or_default();
    let session = session_user(behind, headers, now);
    let complain = |text: &str| form(StatusCode::BAD_REQUEST, code, session.is_some(), text);
    let Some((number, _)) = behind.tenant.devices.typed(code, now) else {
        return Err(complain("The code you entered is invalid or has expired").into());
    };
    if params.get("action") == Some("deny") {
        behind.tenant.devices.decide(number, None);
        return Ok(false);
    }
    let user = match session {
        Some(user) => user,
        None => prove(face, behind, exchange, params, now).map_err(|error| match error {
            Error::WrongPassword => complain(WRONG_PASSWORD),
            error => errors::browser_refusal(error, Endpoint::Login),
        })?,
    };
    // This page asks for no second factor: a login at `/authorize` does, whose session is enough here.
    if session.is_none() && behind.tenant.owes(user) != Owed::Nothing {
        return Err(complain("Log in with your second factor first, and come back").into());
    }
    behind.tenant.devices.decide(number, Some(user));
    Ok(true)
}

fn prove(
    face: &Face,
    behind: &mut Behind,
    exchange: &Exchange,
    params: &Params,
    now: Timestamp,
) -> Result<UserId, Error> {
    let typed = params.get("username").unwrap_or_default();
    let password = params.get("password").unwrap_or_default();
    let address = behind.address_of_login(face.directory(), typed);
    let email = face.directory().intern(&address);
    let proof = if behind.is_password(email, &address, password) {
        Proof::RightPassword
    } else {
        Proof::WrongPassword
    };
    behind
        .tenant
        .prove(exchange.stamp(), now, email, Connection::Database, proof)
}

fn session_user(behind: &Behind, headers: &HeaderMap, now: Timestamp) -> Option<UserId> {
    let session = cookies::session(behind.generation, headers)?;
    behind.tenant.session(session, now).map(|seen| seen.user)
}

fn form(status: StatusCode, code: &str, known: bool, error: &str) -> Response {
    let code = Field {
        label: "Code on your device",
        name: "user_code",
        kind: "text",
        fill: "off",
        value: code,
    };
    let username = Field {
        label: "Email",
        name: "username",
        kind: "text",
        fill: "username",
        value: "",
    };
    let password = Field {
        label: "Password",
        name: "password",
        kind: "password",
        fill: "current-password",
        value: "",
    };
    let all = [code, username, password];
    Form {
        title: "Device Activation",
        action: "/activate",
        error,
        text: "",
        hidden: &[],
        fields: if known { &all[..1] } else { &all },
        links: &[],
    }
    .show(status)
}
