//! `/dbconnections/…`: sign-up, and the mail to change a password.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::answering::Complaint;
use super::behind::Behind;
use super::errors::{is_address, json_answer, refusal_at};
use super::events::{About, Happening};
use super::face::Face;
use super::texts::{self, Parties};
use super::tickets::Purpose;
use crate::auth0::{Call, Connection, Endpoint, Error};
use crate::http::Exchange;
use crate::http::params::Params;

const SENT: &str = "We've just sent you an email to reset your password.";

/// `POST /dbconnections/signup`.
pub(super) async fn sign_up(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let read = read(&headers, &body, &["email", "password"]);
    let asked = face.behind().pass(&exchange, Endpoint::SignUp, |behind| {
        let params = read?;
        let address = params.get("email").unwrap_or_default();
        let password = params.get("password").unwrap_or_default();
        if !is_address(address) {
            return Err(complain("invalid email address"));
        }
        let metadata = metadata(&headers, &body)?;
        let client = params.get("client_id").unwrap_or_default();
        if let Some(username) = params.get("username")
            && behind.tenant.profiles.by_username(username).is_some()
        {
            return Err(refusal_at(Endpoint::SignUp, Error::UserExists).into());
        }
        let user = face
            .create_with_password(behind, (&exchange, client), address, password)
            .map_err(|error| refusal_at(Endpoint::SignUp, error))?;
        let mut shown = json!({
            "_id": texts::identity(user, Connection::Database),
            "email": address.to_lowercase(),
            "email_verified": false,
        });
        if let Some(username) = params.get("username") {
            behind.tenant.profiles.set_username(user, username);
            shown["username"] = username.into();
        }
        for field in ["name", "nickname", "picture", "given_name", "family_name"] {
            if let Some(value) = params.get(field) {
                let profile = behind.tenant.profiles.get_mut(user);
                profile.given.insert(field, value.to_owned());
                shown[field] = value.into();
            }
        }
        if let Some(metadata) = metadata {
            shown["user_metadata"] = metadata.clone().into();
            behind.tenant.profiles.get_mut(user).user_metadata = metadata;
        }
        Ok(shown)
    });
    asked
        .answer(exchange, |shown| json_answer(StatusCode::OK, &shown))
        .await
}

/// `user_metadata`: at most ten texts of at most 500 characters.
fn metadata(
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Option<serde_json::Map<String, Value>>, Complaint> {
    let json = headers
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.contains("json"));
    let told: Value = if json {
        serde_json::from_slice(body).unwrap_or_default()
    } else {
        Value::Null
    };
    match &told["user_metadata"] {
        Value::Null => Ok(None),
        Value::Object(metadata)
            if metadata.len() <= 10
                && metadata
                    .values()
                    .all(|value| value.as_str().is_some_and(|text| text.len() <= 500)) =>
        {
            Ok(Some(metadata.clone()))
        }
        _ => Err(complain(
            "user_metadata must be an object with at most 10 string properties of at most 500 characters",
        )),
    }
}

/// `POST /dbconnections/change_password`: mails a link, whether anybody has the address or not. A
/// harness plays the person, who is taken to follow the link at once and to set the password that
/// [`crate::http::password_of`] tells.
pub(super) async fn change_password(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let read = read(&headers, &body, &["email"]);
    let parties = face.parties_at(&exchange);
    let asked = face
        .behind()
        .pass(&exchange, Endpoint::ChangePassword, |behind| {
            let params = read?;
            let address = params.get("email").unwrap_or_default();
            if Face::plays_people(&exchange) {
                let email = face.directory().intern(address);
                if let Some(id) = behind.tenant.find_user(email, Connection::Database) {
                    behind.passwords.remove(&id);
                }
                let call = Call::ChangePassword { email };
                behind
                    .tenant
                    .say(exchange.stamp(), &call)
                    .map_err(|error| refusal_at(Endpoint::ChangePassword, error))?;
            }
            mail_reset(&face, behind, &parties, &exchange, address);
            Ok(())
        });
    asked
        .answer(exchange, |()| {
            ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], SENT)
        })
        .await
}

/// Mails a link to set a new password, if somebody has the address.
pub(super) fn mail_reset(
    face: &Face,
    behind: &mut Behind,
    parties: &Parties,
    exchange: &Exchange,
    address: &str,
) {
    let email = face.directory().intern(address);
    if let Some(user) = behind.tenant.find_user(email, Connection::Database) {
        let now = behind.tenant.now(exchange.stamp().at);
        face.mail_ticket(parties, Purpose::Reset, address, user, now);
        let entry = Happening::new("scpr", "", About::User(user));
        face.log(behind, exchange.stamp(), entry.saying(SENT));
    }
}

fn complain(text: &str) -> Complaint {
    json_answer(
        StatusCode::BAD_REQUEST,
        &json!({ "error": "invalid_request", "error_description": text }),
    )
    .into()
}

fn read(headers: &HeaderMap, body: &Bytes, needed: &[&str]) -> Result<Params, Complaint> {
    let params = Params::from_body(headers, body).map_err(|bad| complain(&bad.to_string()))?;
    match needed.iter().find(|name| params.get(name).is_none()) {
        Some(name) => Err(complain(&format!("{name} is required"))),
        None if params.get("connection") == Some(texts::connection(Connection::Database)) => {
            Ok(params)
        }
        None => Err(complain(
            "connection is required and must be the database connection",
        )),
    }
}
