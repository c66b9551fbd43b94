//! `/u/login`: the login page, and what is typed into it.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use sha2::{Digest, Sha256};

use super::answering::Complaint;
use super::behind::Behind;
use super::conclude::{Conclusion, Login};
use super::errors::{self, WRONG_CODE, WRONG_PASSWORD};
use super::events::{About, Happening};
use super::face::Face;
use super::pages::{self, Field, Form};
use super::request::Request;
use super::texts;
use super::{authorize, mfa_pages};
use crate::auth0::{
    Call, Challenge, Connection, Endpoint, Error, Proof, Reply, Transaction, UserId,
};
use crate::http::Exchange;
use crate::http::params::Params;
use crate::http::seal::Generation;

/// Begins the login that something else than a login page stands for: a ticket, or a mailed link. It
/// goes on at [`proceed`].
pub(super) fn begin(
    behind: &mut Behind,
    exchange: &Exchange,
    request: &Request,
    (connection, challenge): (Connection, Option<Challenge>),
    endpoint: Endpoint,
) -> Result<Transaction, Complaint> {
    let call = Call::Authorize {
        connection,
        hint: None,
        silent: false,
        scopes: texts::read_scope(&request.ask.scope),
        api: request.ask.audience.is_api(),
        challenge,
        sso: None,
    };
    let refuse = |error| Complaint::from(authorize::refused(request, error, endpoint));
    match behind.tenant.say(exchange.stamp(), &call).map_err(refuse)? {
        Reply::LoginPage(transaction) => Ok(transaction),
        _ => Err(refuse(Error::Other)),
    }
}

/// A transaction that nobody has begun.
const NONE: Transaction = Transaction(u32::MAX);

/// What a login page has been sent.
pub(super) struct Sent {
    pub(super) params: Params,
    pub(super) state: String,
    pub(super) transaction: Transaction,
}

impl Sent {
    /// Nothing: a login that no form was sent for.
    pub(super) fn without_form(of: Generation, transaction: Transaction) -> Self {
        Self {
            params: Params::default(),
            state: texts::transaction(of, transaction),
            transaction,
        }
    }

    /// Reads a form; its `state` may stand in the query as well.
    pub(super) fn read(
        of: Generation,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
    ) -> Option<Self> {
        let query = Params::from_query(uri);
        let params = Params::from_body(headers, body).ok()?;
        let state = params
            .get("state")
            .or(query.get("state"))
            .unwrap_or_default()
            .to_owned();
        Some(Self {
            transaction: texts::read_transaction(of, &state).unwrap_or(NONE),
            state,
            params,
        })
    }

    pub(super) fn get(&self, name: &str) -> &str {
        self.params.get(name).unwrap_or_default()
    }
}

/// A complaint about a form that cannot be read.
pub(super) fn unreadable() -> Response {
    pages::problem(StatusCode::BAD_REQUEST, "invalid_request")
}

/// `GET /u/login?state=…`: looking at the page changes nothing.
pub(super) async fn page(State(face): State<Arc<Face>>, exchange: Exchange, uri: Uri) -> Response {
    look(&face, exchange, &uri, |state, login| {
        form(
            StatusCode::OK,
            state,
            login.connection,
            login.hint.as_deref().unwrap_or_default(),
            "",
        )
    })
    .await
}

/// Shows a page of a login that is under way.
pub(super) async fn look(
    face: &Face,
    exchange: Exchange,
    uri: &Uri,
    show: impl FnOnce(&str, &Request) -> Response,
) -> Response {
    let params = Params::from_query(uri);
    let state = params.get("state").unwrap_or_default().to_owned();
    let asked = face.ask(&exchange, Call::Other, |behind, _| {
        let login = texts::read_transaction(behind.generation, &state)
            .and_then(|login| behind.logins.get(login.0));
        Some(login.cloned())
    });
    asked
        .answer(exchange, |login| match login {
            Some(login) => show(&state, &login),
            None => errors::browser_refusal(Error::InvalidTransaction, Endpoint::Login),
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
    let Some(sent) = Sent::read(face.generation(), &uri, &headers, &body) else {
        return face.refuse(exchange, Endpoint::Login, unreadable()).await;
    };
    let parties = face.parties_at(&exchange);
    face.try_imported(sent.get("username"), sent.get("password"))
        .await;
    let asked = {
        let mut behind = face.behind();
        let login = behind.logins.get(sent.transaction.0).cloned();
        let mails = login.as_ref().is_some_and(|login| is_mailed(login))
            && sent.params.get("code").is_none();
        // The first of the passwordless page's two steps only mails the code.
        let endpoint = if mails {
            Endpoint::Other
        } else {
            Endpoint::Login
        };
        behind.pass(&exchange, endpoint, |behind| match login {
            Some(login) if mails => {
                let username = sent.get("username");
                face.mail_code(&sent.state, username);
                let page = form(StatusCode::OK, &sent.state, login.connection, username, "");
                Ok(Step::Show(page.into()))
            }
            Some(login) => log_in(&face, behind, &exchange, &sent, &login),
            None => Err(errors::browser_refusal(Error::InvalidTransaction, Endpoint::Login).into()),
        })
    };
    asked
        .answer_later(exchange, async |step| step.respond(&parties).await)
        .await
}

fn is_mailed(request: &Request) -> bool {
    matches!(request.connection, Connection::Email | Connection::Sms)
}

/// What a submitted page leads to.
pub(super) enum Step {
    /// Another page.
    Show(Box<Response>),
    /// The application.
    Go(Box<Conclusion>),
}

impl Step {
    pub(super) async fn respond(self, parties: &Arc<texts::Parties>) -> Response {
        match self {
            Self::Show(page) => *page,
            Self::Go(conclusion) => conclusion.respond(parties).await,
        }
    }
}

fn log_in(
    face: &Face,
    behind: &mut Behind,
    exchange: &Exchange,
    sent: &Sent,
    login: &Arc<Request>,
) -> Result<Step, Complaint> {
    let username = sent.get("username");
    let stamp = exchange.stamp();
    let now = behind.tenant.now(stamp.at);
    let address = behind.address_of_login(face.directory(), username);
    let email = face.directory().intern(&address);
    let proof = match login.connection {
        Connection::Database if behind.is_password(email, &address, sent.get("password")) => {
            Proof::RightPassword
        }
        Connection::Database => Proof::WrongPassword,
        Connection::Email | Connection::Sms
            if sent.get("code") == mailed_code(&sent.state, username) =>
        {
            Proof::RightCode
        }
        Connection::Email | Connection::Sms => Proof::WrongCode,
        // Whoever submits the page of a social provider consents there.
        Connection::Google => Proof::RightPassword,
    };
    let proven = behind
        .tenant
        .prove_login(stamp, now, sent.transaction, email, proof);
    if let Err(error) = proven {
        let by = (login.ask.client_id.as_str(), login.connection);
        face.log_failure(behind, stamp, by, username, error);
    }
    match proven {
        Ok(user) => proceed(face, behind, exchange, sent, login, user),
        Err(error @ (Error::WrongPassword | Error::WrongCode)) => {
            let text = if error == Error::WrongCode {
                WRONG_CODE
            } else {
                WRONG_PASSWORD
            };
            let page = form(
                StatusCode::BAD_REQUEST,
                &sent.state,
                login.connection,
                username,
                text,
            );
            Err(page.into())
        }
        Err(error) => Err(authorize::refused(login, error, Endpoint::Login).into()),
    }
}

/// Goes on with a login whose first proof was right: to the second factor, or to its end.
pub(super) fn proceed(
    face: &Face,
    behind: &mut Behind,
    exchange: &Exchange,
    sent: &Sent,
    login: &Arc<Request>,
    user: UserId,
) -> Result<Step, Complaint> {
    if let Some(page) = mfa_pages::due(behind, user) {
        behind.half_proven.put(sent.transaction.0, user);
        let to = format!("{page}?state={}", sent.state);
        return Ok(Step::Show(super::respond::redirect(&to).into()));
    }
    finish(face, behind, exchange, sent, login, user, false)
}

/// Ends a login whose proofs were all right.
pub(super) fn finish(
    face: &Face,
    behind: &mut Behind,
    exchange: &Exchange,
    sent: &Sent,
    login: &Arc<Request>,
    user: UserId,
    second_factor: bool,
) -> Result<Step, Complaint> {
    let stamp = exchange.stamp();
    let now = behind.tenant.now(stamp.at);
    let said = behind
        .tenant
        .finish_login(stamp, now, sent.transaction, user);
    behind.logins.take(sent.transaction.0);
    match said {
        Ok(Reply::Code { code, sso }) => {
            behind.tenant.profiles.note_visit(user, now, stamp.address);
            let entry = Happening::new("s", &login.ask.client_id, About::User(user));
            face.log(behind, stamp, entry.by(login.connection));
            let login_end = Login {
                code,
                session: sso,
                second_factor,
            };
            Conclusion::reach(face, behind, exchange, login, login_end)
                .map(|conclusion| Step::Go(conclusion.into()))
        }
        Ok(_) => Err(errors::browser_refusal(Error::Other, Endpoint::Login).into()),
        Err(error) => {
            let entry = Happening::new("f", &login.ask.client_id, About::User(user));
            face.log(behind, stamp, entry.by(login.connection));
            Err(authorize::refused(login, error, Endpoint::Login).into())
        }
    }
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
    /// Mails the code of a login.
    pub(super) fn mail_code(&self, state: &str, address: &str) {
        self.mail(address, "code", mailed_code(state, address), None);
    }
}

/// The page.
fn form(
    status: StatusCode,
    state: &str,
    connection: Connection,
    username: &str,
    error: &str,
) -> Response {
    let username = match connection {
        Connection::Sms => Field {
            label: "Phone number",
            name: "username",
            kind: "tel",
            fill: "tel",
            value: username,
        },
        Connection::Database => Field {
            label: "Email",
            name: "username",
            kind: "text",
            fill: "username",
            value: username,
        },
        Connection::Email | Connection::Google => Field {
            label: "Email",
            name: "username",
            kind: "email",
            fill: "email",
            value: username,
        },
    };
    let secret = match connection {
        Connection::Database => Some(Field {
            label: "Password",
            name: "password",
            kind: "password",
            fill: "current-password",
            value: "",
        }),
        // Asked for once the code is mailed.
        Connection::Email | Connection::Sms if !username.value.is_empty() => Some(Field {
            label: "Code",
            name: "code",
            kind: "text",
            fill: "one-time-code",
            value: "",
        }),
        Connection::Email | Connection::Sms | Connection::Google => None,
    };
    let fields: Vec<Field<'_>> = [Some(username), secret].into_iter().flatten().collect();
    let links = if connection == Connection::Database {
        vec![
            (format!("/u/signup?state={state}"), "Sign up"),
            (
                format!("/u/reset-password/request?state={state}"),
                "Forgot password?",
            ),
        ]
    } else {
        Vec::new()
    };
    Form {
        title: "Log in",
        action: "/u/login",
        error,
        text: "",
        hidden: &[("state", state)],
        fields: &fields,
        links: &links,
    }
    .show(status)
}
