//! `/u/signup`: the page on which people sign up, and are logged in at once.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

use super::answering::Complaint;
use super::behind::Behind;
use super::errors;
use super::face::Face;
use super::login::{self, Sent, Step};
use super::pages::{Field, Form};
use super::request::Request;
use crate::auth0::{Connection, Endpoint, Error};
use crate::http::Exchange;

/// `GET /u/signup?state=…`.
pub(super) async fn page(State(face): State<Arc<Face>>, exchange: Exchange, uri: Uri) -> Response {
    login::look(&face, exchange, &uri, |state, login| {
        let hint = login.hint.as_deref().unwrap_or_default();
        form(StatusCode::OK, state, hint, "")
    })
    .await
}

/// `POST /u/signup`: `state`, `email`, `password`.
pub(super) async fn submit(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(sent) = Sent::read(face.generation(), &uri, &headers, &body) else {
        let complaint = login::unreadable();
        return face.refuse(exchange, Endpoint::SignUp, complaint).await;
    };
    let parties = face.parties_at(&exchange);
    let asked = face.behind().pass(&exchange, Endpoint::SignUp, |behind| {
        let login = behind.logins.get(sent.transaction.0).cloned();
        let login = login
            .ok_or_else(|| errors::browser_refusal(Error::InvalidTransaction, Endpoint::Login))?;
        sign_up(&face, behind, &exchange, &sent, &login)
    });
    asked
        .answer_later(exchange, async |step| step.respond(&parties).await)
        .await
}

fn sign_up(
    face: &Face,
    behind: &mut Behind,
    exchange: &Exchange,
    sent: &Sent,
    login: &Arc<Request>,
) -> Result<Step, Complaint> {
    let (address, password) = (sent.get("email"), sent.get("password"));
    let complain = |text: &str| form(StatusCode::BAD_REQUEST, &sent.state, address, text);
    if login.connection != Connection::Database {
        return Err(complain("Sign up is not available for this connection").into());
    }
    if !errors::is_address(address) {
        return Err(complain("Email is not valid.").into());
    }
    if password.is_empty() {
        return Err(complain("Password is required.").into());
    }
    let by = (exchange, login.ask.client_id.as_str());
    match face.create_with_password(behind, by, address, password) {
        Ok(user) => login::proceed(face, behind, exchange, sent, login, user),
        Err(Error::UserExists) => Err(complain(
            "Something went wrong, please try again later or use another email",
        )
        .into()),
        Err(error) => Err(errors::browser_refusal(error, Endpoint::SignUp).into()),
    }
}

fn form(status: StatusCode, state: &str, address: &str, error: &str) -> Response {
    Form {
        title: "Sign up",
        action: "/u/signup",
        error,
        text: "",
        hidden: &[("state", state)],
        fields: &[
            Field {
                label: "Email",
                name: "email",
                kind: "email",
                fill: "email",
                value: address,
            },
            Field {
                label: "Password",
                name: "password",
                kind: "password",
                fill: "new-password",
                value: "",
            },
        ],
        links: &[(format!("/u/login?state={state}"), "Log in")],
    }
    .show(status)
}
