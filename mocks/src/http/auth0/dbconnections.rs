//! `/dbconnections/…`: sign-up, and the mail to change a password.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::json;

use super::errors::json_answer;
use super::face::Face;
use super::texts;
use crate::auth0::{Call, Connection, Endpoint, Reply};
use crate::http::Exchange;
use crate::http::params::Params;
use crate::http::seal::Seal;

const RESET: Seal = Seal("auth0 password reset");

const SENT: &str = "We've just sent you an email to reset your password.";

/// `POST /dbconnections/signup`.
pub(super) async fn sign_up(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = match read(&headers, &body, &["email", "password"]) {
        Ok(params) => params,
        Err(complaint) => return face.refuse(exchange, Endpoint::SignUp, *complaint).await,
    };
    let address = params.get("email").unwrap_or_default();
    let password = params.get("password").unwrap_or_default();
    let email = face.directory().intern(address);
    let asked = face.ask(
        &exchange,
        Call::SignUp { email },
        |behind, reply| match reply {
            Reply::Created(id) => {
                behind.set_password(id, address, password);
                Some(id)
            }
            _ => None,
        },
    );
    asked
        .answer(exchange, |id| {
            let body = json!({
                "_id": texts::identity(id, Connection::Database),
                "email": address.to_lowercase(),
                "email_verified": false,
            });
            json_answer(StatusCode::OK, &body)
        })
        .await
}

/// `POST /dbconnections/change_password`. The person is taken to follow the mailed link at once and
/// to set the password that [`crate::http::password_of`] tells.
pub(super) async fn change_password(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = match read(&headers, &body, &["email"]) {
        Ok(params) => params,
        Err(complaint) => {
            return face
                .refuse(exchange, Endpoint::ChangePassword, *complaint)
                .await;
        }
    };
    let address = params.get("email").unwrap_or_default();
    let email = face.directory().intern(address);
    let parties = face.parties_at(&exchange);
    let asked = face.ask(&exchange, Call::ChangePassword { email }, |behind, _| {
        if let Some(id) = behind.tenant.find_user(email, Connection::Database) {
            behind.passwords.remove(&id);
            let ticket = RESET.close_id(id.0.into());
            let link = format!("{}u/reset-verify?ticket={ticket}", parties.issuer);
            face.mail(address, "reset", ticket, Some(link));
        }
        Some(())
    });
    asked
        .answer(exchange, |()| {
            ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], SENT)
        })
        .await
}

fn read(headers: &HeaderMap, body: &Bytes, needed: &[&str]) -> Result<Params, Box<Response>> {
    let complain = |text: String| {
        json_answer(
            StatusCode::BAD_REQUEST,
            &json!({ "error": "invalid_request", "error_description": text }),
        )
    };
    let params = Params::from_body(headers, body).map_err(|bad| complain(bad.to_string()))?;
    match needed.iter().find(|name| params.get(name).is_none()) {
        Some(name) => Err(complain(format!("{name} is required")).into()),
        None if params.get("connection") == Some(texts::connection(Connection::Database)) => {
            Ok(params)
        }
        None => Err(complain(
            "connection is required and must be the database connection".to_owned(),
        )
        .into()),
    }
}
