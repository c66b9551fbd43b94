//! `/u/reset-password/request` and `/u/reset-verify`: a forgotten password, from the page that asks for
//! a mail to the page that the mail leads to.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

use super::answering::Complaint;
use super::behind::Behind;
use super::dbconnections::mail_reset;
use super::errors;
use super::events::{About, Happening};
use super::face::Face;
use super::login;
use super::pages::{self, Field, Form};
use super::tickets::{self, Purpose};
use crate::auth0::registry::Initiator;
use crate::auth0::{Change, Endpoint, Manage, UserId};
use crate::http::Exchange;
use crate::http::params::Params;

/// What a link that is worth nothing leads to.
const STALE: &str = "This link has expired or was used already. Please request another one.";

/// `GET /u/reset-password/request`.
pub(super) async fn request_page(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
) -> Response {
    let state = Params::from_query(&uri)
        .get("state")
        .unwrap_or_default()
        .to_owned();
    let asked = face.behind().pass(&exchange, Endpoint::Other, |_| Ok(()));
    asked
        .answer(exchange, |()| request_form(StatusCode::OK, &state, ""))
        .await
}

/// `POST /u/reset-password/request`: `email`. Whether anybody has the address is not told.
pub(super) async fn request(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = Params::from_body(&headers, &body).unwrap_or_default();
    let parties = face.parties_at(&exchange);
    let asked = face
        .behind()
        .pass(&exchange, Endpoint::ChangePassword, |behind| {
            let address = params.get("email").or(params.get("username"));
            let Some(address) = address.filter(|address| errors::is_address(address)) else {
                let state = params.get("state").unwrap_or_default();
                return Err(
                    request_form(StatusCode::BAD_REQUEST, state, "Email is not valid.").into(),
                );
            };
            mail_reset(&face, behind, &parties, &exchange, address);
            Ok(())
        });
    asked
        .answer(exchange, |()| {
            pages::notice(
                "Check Your Email",
                "Please check the email address for instructions to reset your password.",
            )
        })
        .await
}

/// `GET /u/reset-verify?ticket=…`.
pub(super) async fn verify_page(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
) -> Response {
    let ticket = Params::from_query(&uri)
        .get("ticket")
        .unwrap_or_default()
        .to_owned();
    let asked = face.behind().pass(&exchange, Endpoint::Other, |behind| {
        holder(behind, &exchange, &ticket).map(|_| ())
    });
    asked
        .answer(exchange, |()| {
            new_password_form(StatusCode::OK, &ticket, "")
        })
        .await
}

/// `POST /u/reset-verify`: `ticket`, `password` and, if it is given, `re-enter-password`.
pub(super) async fn verify(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = Params::from_query(&uri);
    let Ok(params) = Params::from_body(&headers, &body) else {
        let complaint = login::unreadable();
        return face
            .refuse(exchange, Endpoint::ChangePassword, complaint)
            .await;
    };
    let ticket = params
        .get("ticket")
        .or(query.get("ticket"))
        .unwrap_or_default();
    let asked = face
        .behind()
        .pass(&exchange, Endpoint::ChangePassword, |behind| {
            let user = holder(behind, &exchange, ticket)?;
            let complain = |text: &str| new_password_form(StatusCode::BAD_REQUEST, ticket, text);
            let Some(password) = params.get("password").or(params.get("password-reset")) else {
                return Err(complain("Password is required.").into());
            };
            let again = params.get("re-enter-password").or(params.get("confirm"));
            if again.is_some_and(|again| again != password) {
                return Err(complain("Passwords don't match, please try again.").into());
            }
            let now = behind.tenant.now(exchange.stamp().at);
            behind.change_password(face.directory(), user, password, now);
            // Refresh tokens stay (Auth0 community, revoke refresh tokens when a user changes password).
            behind.announce_all(user, &[Initiator::PasswordChanged], exchange.stamp());
            behind.end_sessions(user, now);
            let entry = Happening::new("scp", "", About::User(user));
            face.log(behind, exchange.stamp(), entry);
            Ok(())
        });
    asked
        .answer(exchange, |()| {
            pages::notice(
                "Password Changed!",
                "Your password has been changed successfully.",
            )
        })
        .await
}

/// `GET /u/email-verification?ticket=…`: following the link is all that it takes.
pub(super) async fn verify_address(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
) -> Response {
    let params = Params::from_query(&uri);
    let ticket = params.get("ticket").unwrap_or_default();
    let asked = face.behind().pass(&exchange, Endpoint::Other, |behind| {
        let now = behind.tenant.now(exchange.stamp().at);
        let opened = tickets::open(behind.generation, Purpose::Verify, ticket, now);
        let change = Change {
            verified: Some(true),
            ..Change::default()
        };
        opened
            .as_ref()
            .and_then(|opened| {
                let update = Manage::Update(opened.user, change);
                behind.tenant.manage(update).ok()
            })
            .map(|_| ())
            .ok_or_else(|| pages::problem(StatusCode::BAD_REQUEST, STALE))?;
        if let Some(opened) = opened {
            let entry = Happening::new("sv", "", About::User(opened.user));
            face.log(behind, exchange.stamp(), entry);
        }
        Ok(())
    });
    asked
        .answer(exchange, |()| {
            pages::notice("Email Verified", "Your email address was verified.")
        })
        .await
}

/// Whose password a ticket lets one change. A ticket ends when the password is changed.
fn holder(behind: &Behind, exchange: &Exchange, ticket: &str) -> Result<UserId, Complaint> {
    let now = behind.tenant.now(exchange.stamp().at);
    tickets::open(behind.generation, Purpose::Reset, ticket, now)
        .filter(|opened| {
            let profile = behind.tenant.profiles.get(opened.user);
            let changed = profile.and_then(|profile| profile.password_changed);
            behind.tenant.user(opened.user).is_some()
                && changed.is_none_or(|changed| changed < opened.issued)
        })
        .map(|opened| opened.user)
        .ok_or_else(|| pages::problem(StatusCode::BAD_REQUEST, STALE).into())
}

fn request_form(status: StatusCode, state: &str, error: &str) -> Response {
    Form {
        title: "Forgot Your Password?",
        action: "/u/reset-password/request",
        error,
        text: "",
        hidden: &[("state", state)],
        fields: &[Field {
            label: "Email",
            name: "email",
            kind: "email",
            fill: "email",
            value: "",
        }],
        links: &[],
    }
    .show(status)
}

fn new_password_form(status: StatusCode, ticket: &str, error: &str) -> Response {
    let field = |label, name| Field {
        label,
        name,
        kind: "password",
        fill: "new-password",
        value: "",
    };
    Form {
        title: "Change Your Password",
        action: "/u/reset-verify",
        error,
        text: "",
        hidden: &[("ticket", ticket)],
        fields: &[
            field("New password", "password"),
            field("Re-enter new password", "re-enter-password"),
        ],
        links: &[],
    }
    .show(status)
}
