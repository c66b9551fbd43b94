//! `/passwordless/start` mails a link or a code, or texts a code; `/passwordless/verify` looks at one.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use reqwest::Url;
use serde_json::{Value, json};

use super::answering::Complaint;
use super::behind::Behind;
use super::errors::{is_address, json_answer, refusal_at};
use super::events::{About, Happening};
use super::face::Face;
use super::texts;
use super::token::{identify, needed};
use crate::auth0::{Connection, Endpoint, Error};
use crate::http::Exchange;
use crate::http::params::Params;

pub(super) async fn start(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let parties = face.parties_at(&exchange);
    let params = Params::from_body(&headers, &body);
    let nested: Value = serde_json::from_slice(&body).unwrap_or_default();
    let asked = face.behind().pass(&exchange, Endpoint::Other, |behind| {
        let mut params = params.map_err(|_| bad("the body cannot be read"))?;
        let now = behind.tenant.now(exchange.stamp().at);
        let client = identify(behind, &parties, &mut params, &headers, now)?;
        let (connection, address) = addressee(&params)?;
        let email = face.directory().intern(address);
        let luck = exchange.stamp().luck.split(30);
        let code = behind.tenant.mailed.mail(connection, email, now, luck);
        let link =
            (connection == Connection::Email && params.get("send") != Some("code")).then(|| {
                link(
                    &parties.issuer,
                    &client.id,
                    address,
                    &code,
                    &nested["authParams"],
                )
            });
        let kind = if link.is_some() { "cls" } else { "cs" };
        face.mail(address, "code", code, link);
        let entry = Happening::new(kind, &client.id, About::Typed(address, None));
        face.log(behind, exchange.stamp(), entry.by(connection));
        Ok(sent(behind, connection, address, &exchange))
    });
    asked
        .answer(exchange, |body| json_answer(StatusCode::OK, &body))
        .await
}

/// `POST /passwordless/verify`: whether a code is right, which is still good for the redirect after it.
pub(super) async fn verify(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = Params::from_body(&headers, &body);
    let asked = face.behind().pass(&exchange, Endpoint::Other, |behind| {
        let params = params.map_err(|_| bad("the body cannot be read"))?;
        let now = behind.tenant.now(exchange.stamp().at);
        let (connection, address) = addressee(&params)?;
        let code = needed(&params, "verification_code")?;
        let email = face.directory().intern(address);
        if behind.tenant.mailed.check(connection, email, code, now) {
            Ok(())
        } else {
            Err(refusal_at(Endpoint::Token, Error::WrongCode).into())
        }
    });
    asked
        .answer(exchange, |()| json_answer(StatusCode::OK, &json!({})))
        .await
}

/// Whom a code is for, and how it reaches them.
fn addressee(params: &Params) -> Result<(Connection, &str), Complaint> {
    match needed(params, "connection").map(texts::read_connection)? {
        Some(connection @ Connection::Email) => {
            let address = params.get("email").filter(|address| is_address(address));
            Ok((connection, address.ok_or_else(|| bad("email is required"))?))
        }
        Some(connection @ Connection::Sms) => {
            let number = params
                .get("phone_number")
                .filter(|number| is_number(number));
            let text = "phone_number is required, in the form +15550100";
            Ok((connection, number.ok_or_else(|| bad(text))?))
        }
        _ => Err(bad("connection must be email or sms")),
    }
}

/// What Auth0 answers: an id that is nobody's yet.
fn sent(behind: &Behind, connection: Connection, address: &str, exchange: &Exchange) -> Value {
    let number = exchange.stamp().luck.split(31).0;
    let known = format!(
        "{number:016x}{:08x}",
        behind.tenant.start().as_secs() as u32
    );
    match connection {
        Connection::Sms => {
            json!({ "_id": known, "phone_number": address, "phone_verified": false })
        }
        _ => json!({ "_id": known, "email": address, "email_verified": false }),
    }
}

/// The link that logs in when it is followed: back to `/authorize`, with the code.
fn link(issuer: &str, client_id: &str, address: &str, code: &str, more: &Value) -> String {
    let Ok(mut url) = Url::parse(&format!("{issuer}passwordless/verify_redirect")) else {
        return String::new();
    };
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs([
            ("client_id", client_id),
            ("connection", "email"),
            ("email", address),
            ("verification_code", code),
        ]);
        for (name, value) in more.as_object().into_iter().flatten() {
            if let Some(value) = value.as_str() {
                query.append_pair(name, value);
            }
        }
    }
    url.into()
}

fn is_number(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (6..=15).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit())
    })
}

fn bad(text: &str) -> Complaint {
    let body = json!({ "error": "bad.request", "error_description": text });
    json_answer(StatusCode::BAD_REQUEST, &body).into()
}
