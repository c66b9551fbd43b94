//! Logins from an application's own page (`auth0.js`, Lock): `/co/authenticate` judges what was typed
//! there and gives a ticket, with which `/authorize` shows no login page.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::answering::Complaint;
use super::behind::Behind;
use super::errors::{self, json_answer, oauth_error};
use super::events::{About, Happening};
use super::face::Face;
use super::login::{self, Sent, Step};
use super::request::Request;
use super::respond;
use super::texts;
use crate::auth0::registry::Client;
use crate::auth0::{Challenge, Connection, Endpoint, Error, Proof, UserId};
use crate::http::Exchange;
use crate::http::params::Params;
use crate::http::recent::Bulky;
use crate::luck::Luck;
use crate::time::{Span, Timestamp};

/// Life of a ticket: 15 minutes, for as long as `auth0.js` keeps what belongs to it.
const LIFE: Span = Span::from_secs(15 * 60);

/// Somebody who has proven to be there on an application's page.
#[derive(Clone, Debug)]
pub(super) struct Ticket {
    client_id: String,
    connection: Connection,
    user: UserId,
    until: Timestamp,
}

impl Bulky for Ticket {
    fn heap_bytes(&self) -> usize {
        self.client_id.len()
    }
}

/// `POST /co/authenticate`.
pub(super) async fn authenticate(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = Params::from_body(&headers, &body).unwrap_or_default();
    if let (Some(username), Some(password)) = (params.get("username"), params.get("password")) {
        face.try_imported(username, password).await;
    }
    let asked = face.behind().pass(&exchange, Endpoint::Other, |behind| {
        let ticket = judge(&face, behind, &exchange, &headers, &params)?;
        let number = behind.tickets.add(ticket);
        let luck = exchange.stamp().luck;
        Ok(json!({
            "login_ticket": texts::login_ticket(behind.generation, number),
            "co_verifier": unguessable(luck.split(40)),
            "co_id": unguessable(luck.split(41)),
        }))
    });
    asked
        .answer(exchange, |body: Value| json_answer(StatusCode::OK, &body))
        .await
}

/// 32 hexadecimal digits.
pub(super) fn unguessable(luck: Luck) -> String {
    format!("{:016x}{:016x}", luck.split(0).0, luck.split(1).0)
}

fn judge(
    face: &Face,
    behind: &mut Behind,
    exchange: &Exchange,
    headers: &HeaderMap,
    params: &Params,
) -> Result<Ticket, Complaint> {
    let invalid = |text: &str| {
        Complaint::from(oauth_error(
            StatusCode::BAD_REQUEST,
            "invalid_request",
            text,
        ))
    };
    let needed = |name: &str| {
        params.get(name).ok_or_else(|| {
            invalid("Invalid request body. All and only of client_id, credential_type, username, password or otp, realm are required.")
        })
    };
    let client = behind.tenant.registry().client(needed("client_id")?);
    let client = client.ok_or_else(|| invalid("Unknown client"))?;
    if !from_page_of(client, headers) {
        let text = "Cross origin login not allowed.";
        return Err(oauth_error(StatusCode::UNAUTHORIZED, "unauthorized_client", text).into());
    }
    let client_id = client.id.clone();
    let kind = needed("credential_type")?;
    let (connection, right_kind) = match params.get("realm") {
        None => (Connection::Database, kind.ends_with("password")),
        Some(name) => {
            let connection = texts::read_connection(name)
                .ok_or_else(|| invalid(&format!("Unknown realm {name}.")))?;
            let password = connection == Connection::Database;
            let expected = if password { "password-realm" } else { "otp" };
            (
                connection,
                kind.ends_with(expected) || (password && kind == "password"),
            )
        }
    };
    if !right_kind || connection == Connection::Google {
        let text = "Unknown credential type parameter.";
        return Err(
            oauth_error(StatusCode::BAD_REQUEST, "unsupported_credential_type", text).into(),
        );
    }
    let stamp = exchange.stamp();
    let now = behind.tenant.now(stamp.at);
    let username = needed("username")?;
    let address = behind.address_of_login(face.directory(), username);
    let email = face.directory().intern(&address);
    let proof = if connection == Connection::Database {
        if behind.is_password(email, &address, needed("password")?) {
            Proof::RightPassword
        } else {
            Proof::WrongPassword
        }
    } else {
        let otp = needed("otp").or_else(|_| needed("password"))?;
        if behind.tenant.mailed.take(connection, email, otp, now) {
            Proof::RightCode
        } else {
            Proof::WrongCode
        }
    };
    let proven = behind.tenant.prove(stamp, now, email, connection, proof);
    let entry = match proven {
        Ok(user) => Happening::new("scoa", &client_id, About::User(user)),
        Err(_) => Happening::new("fcoa", &client_id, About::Typed(username, None)),
    };
    face.log(behind, stamp, entry.by(connection));
    let user = proven.map_err(refusal)?;
    if behind.tenant.user(user).is_none_or(|user| user.blocked) {
        return Err(refusal(Error::Blocked));
    }
    Ok(Ticket {
        client_id,
        connection,
        user,
        until: now + LIFE,
    })
}

/// Whether a call comes from a page of the application's: of one of its web origins, or of an origin
/// that it is called back at.
fn from_page_of(client: &Client, headers: &HeaderMap) -> bool {
    headers
        .get(header::ORIGIN)
        .and_then(|origin| origin.to_str().ok())
        .is_some_and(|origin| client.knows_origin(origin))
}

/// What went wrong with the proof (Auth0 docs, cross-origin authentication, error codes).
fn refusal(error: Error) -> Complaint {
    let forbidden =
        |code: &str, text: &str| Complaint::from(oauth_error(StatusCode::FORBIDDEN, code, text));
    match error {
        Error::WrongPassword => forbidden("access_denied", errors::WRONG_PASSWORD),
        Error::WrongCode => forbidden("access_denied", errors::WRONG_CODE),
        Error::Blocked => forbidden("unauthorized", errors::BLOCKED),
        _ => errors::refusal_at(Endpoint::Token, error).into(),
    }
}

/// Takes a ticket of an application's. Whoever else comes with it leaves it where it is.
fn take(behind: &mut Behind, number: u32, client_id: &str, now: Timestamp) -> Option<Ticket> {
    let ticket = behind.tickets.get(number)?;
    let fits = ticket.client_id == client_id && now < ticket.until;
    fits.then(|| behind.tickets.take(number)).flatten()
}

/// Goes on at `/authorize` with a ticket in the place of a login page.
pub(super) fn enter(
    face: &Face,
    behind: &mut Behind,
    exchange: &Exchange,
    (request, challenge): (Request, Option<Challenge>),
    (ticket, silent): (&str, bool),
) -> Result<Step, Complaint> {
    let now = behind.tenant.now(exchange.stamp().at);
    let ticket = texts::read_login_ticket(behind.generation, ticket)
        .and_then(|number| take(behind, number, &request.ask.client_id, now));
    let Some(ticket) = ticket else {
        let text = "Unknown or invalid login ticket.";
        return Err(respond::refused(&request, "access_denied", text).into());
    };
    // It may have been linked to another user meanwhile.
    let user = behind.tenant.links.user_of(ticket.user);
    let request = Request {
        connection: ticket.connection,
        ..request
    };
    let means = (request.connection, challenge);
    let transaction = login::begin(behind, exchange, &request, means, Endpoint::Authorize)?;
    let request = Arc::new(request);
    behind.logins.put(transaction.0, Arc::clone(&request));
    let sent = Sent::without_form(behind.generation, transaction);
    match login::proceed(face, behind, exchange, &sent, &request, user)? {
        Step::Show(_) if silent => {
            let text = "Multifactor authentication required";
            Err(respond::refused(&request, "mfa_required", text).into())
        }
        step => Ok(step),
    }
}
