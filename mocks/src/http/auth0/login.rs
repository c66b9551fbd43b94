//! `/u/login`: the login page, and what is typed into it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use reqwest::Url;
use sha2::{Digest, Sha256};

use super::authorize::{self, grant, redirect, refused_back};
use super::errors::{self, WRONG_CODE, WRONG_PASSWORD};
use super::face::{Asked, Behind, Face};
use super::texts;
use crate::auth0::{Call, Connection, Endpoint, Error, Proof, Reply, SsoSession, Transaction};
use crate::http::Exchange;
use crate::http::params::Params;

/// A transaction that nobody has begun.
const NONE: Transaction = Transaction(u32::MAX);

/// `GET /u/login?state=…`: looking at the page changes nothing.
pub(super) async fn page(State(face): State<Arc<Face>>, exchange: Exchange, uri: Uri) -> Response {
    let params = Params::from_query(&uri);
    let state = params.get("state").unwrap_or_default().to_owned();
    let asked = face.ask(&exchange, Call::Other, |behind, _| {
        Some(texts::read_transaction(&state).and_then(|login| behind.logins.get(login.0).cloned()))
    });
    asked
        .answer(exchange, |login| match login {
            Some(login) => form(
                StatusCode::OK,
                &state,
                login.connection,
                login.hint.as_deref().unwrap_or_default(),
                "",
            ),
            None => errors::page(
                StatusCode::BAD_REQUEST,
                "Oops!, something went wrong",
                "invalid_request",
            ),
        })
        .await
}

/// `POST /u/login`: `state` (in the form or the query), `username`, and `password` or `code`.
pub(super) async fn submit(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let query = Params::from_query(&uri);
    let Ok(params) = Params::from_body(&headers, &body) else {
        let complaint = errors::page(
            StatusCode::BAD_REQUEST,
            "Oops!, something went wrong",
            "invalid_request",
        );
        return face.refuse(exchange, Endpoint::Login, complaint).await;
    };
    let state = params
        .get("state")
        .or(query.get("state"))
        .unwrap_or_default();
    let username = params.get("username").unwrap_or_default();
    let (connection, step) = take_step(&face, &exchange, &params, state, username);
    match step {
        Step::Mailed(asked) => {
            asked
                .answer(exchange, |()| {
                    form(StatusCode::OK, state, connection, username, "")
                })
                .await
        }
        Step::Submitted(asked, login) => match (asked.refusal(), login) {
            (Some(Error::Blocked), Some(login)) => {
                let back = refused_back(&login, Error::Blocked);
                asked.finish(exchange, redirect(&back, None)).await
            }
            (Some(error @ (Error::WrongPassword | Error::WrongCode)), _) => {
                let text = if error == Error::WrongCode {
                    WRONG_CODE
                } else {
                    WRONG_PASSWORD
                };
                asked
                    .finish(
                        exchange,
                        form(StatusCode::BAD_REQUEST, state, connection, username, text),
                    )
                    .await
            }
            _ => {
                asked
                    .answer(exchange, |(url, sso)| redirect(&url, Some(sso)))
                    .await
            }
        },
    }
}

/// What a submitted page leads to.
enum Step {
    /// The first of the passwordless page's two steps: the address is typed, the code is mailed.
    Mailed(Asked<()>),
    /// A proof was given.
    Submitted(Asked<(String, SsoSession)>, Option<authorize::Asked>),
}

fn take_step(
    face: &Face,
    exchange: &Exchange,
    params: &Params,
    state: &str,
    username: &str,
) -> (Connection, Step) {
    let transaction = texts::read_transaction(state).unwrap_or(NONE);
    let email = face.directory().intern(username);
    let mut behind = face.behind();
    let login = behind.logins.get(transaction.0).cloned();
    let connection = login
        .as_ref()
        .map_or(Connection::Database, |login| login.connection);
    if connection == Connection::Email && params.get("code").is_none() {
        let asked = behind.ask(exchange, Call::Other, |_, _| {
            face.mail_code(state, username);
            Some(())
        });
        return (connection, Step::Mailed(asked));
    }
    let proof = prove(&behind, params, state, connection, email, username);
    let call = Call::SubmitLogin {
        transaction,
        email,
        proof,
    };
    let asked = behind.ask(exchange, call, |behind, reply| match (reply, &login) {
        (Reply::Code { code, sso }, Some(login)) => {
            behind.logins.take(transaction.0);
            Some((grant(behind, login, code, sso), sso))
        }
        _ => None,
    });
    (connection, Step::Submitted(asked, login))
}

/// The six digits that are mailed for a login: they depend on the login page's `state` and the
/// address, so that whoever drives both sides need not read mail.
pub fn mailed_code(state: &str, address: &str) -> String {
    let hash = Sha256::digest(format!("mailed code\0{state}\0{}", address.to_lowercase()));
    let number = hash
        .iter()
        .take(4)
        .fold(0, |number: u32, byte| number << 8 | u32::from(*byte));
    format!("{:06}", number % 1_000_000)
}

impl Face {
    /// The `state` of a login's page. A login that began in process, and not at `/authorize`, leads
    /// back to this URL from now on.
    pub fn login_state(&self, transaction: Transaction, redirect_uri: &Url) -> String {
        let mut behind = self.behind();
        if behind.logins.get(transaction.0).is_none()
            && let Some(connection) = behind.tenant.login_connection(transaction)
        {
            let asked = authorize::Asked {
                redirect_uri: redirect_uri.clone(),
                state: None,
                nonce: None,
                connection,
                hint: None,
            };
            behind.logins.put(transaction.0, asked);
        }
        texts::transaction(transaction)
    }

    /// Mails the code of a login.
    pub(super) fn mail_code(&self, state: &str, address: &str) {
        self.mail(address, "code", mailed_code(state, address), None);
    }
}

/// Compares texts; what they are worth is the machine's to say.
fn prove(
    behind: &Behind,
    params: &Params,
    state: &str,
    connection: Connection,
    email: crate::email::Email,
    address: &str,
) -> Proof {
    match connection {
        Connection::Database => {
            let right =
                behind.is_password(email, address, params.get("password").unwrap_or_default());
            if right {
                Proof::RightPassword
            } else {
                Proof::WrongPassword
            }
        }
        Connection::Email => {
            let right = params.get("code") == Some(&mailed_code(state, address));
            if right {
                Proof::RightCode
            } else {
                Proof::WrongCode
            }
        }
        // Whoever submits the page of a social provider consents there.
        Connection::Google => Proof::RightPassword,
    }
}

/// The page: as small as a form can be.
fn form(
    status: StatusCode,
    state: &str,
    connection: Connection,
    username: &str,
    error: &str,
) -> Response {
    let second = match connection {
        Connection::Database => {
            r#"<label>Password <input name="password" type="password"></label>"#
        }
        Connection::Email => r#"<label>Code <input name="code" inputmode="numeric"></label>"#,
        Connection::Google => "",
    };
    let page = format!(
        r#"<!DOCTYPE html>
<html><head><title>Log in</title></head><body><h1>Log in</h1>
<p role="alert">{error}</p>
<form method="post" action="/u/login">
<input type="hidden" name="state" value="{state}">
<label>Email <input name="username" type="email" value="{username}"></label>
{second}
<button type="submit">Continue</button>
</form></body></html>
"#,
        error = errors::escape(error),
        state = errors::escape(state),
        username = errors::escape(username),
    );
    (
        status,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        page,
    )
        .into_response()
}
