//! `/u/mfa-…`: the second factor of a login in a browser: enrolment, challenge, recovery.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;

use super::answering::Complaint;
use super::behind::Behind;
use super::errors;
use super::events::{About, Happening};
use super::face::Face;
use super::login::{self, Sent, Step};
use super::pages::{Field, Form};
use crate::auth0::factors::Owed;
use crate::auth0::{Call, Endpoint, Error, UserId};
use crate::http::Exchange;
use crate::http::params::Params;
use crate::http::totp;

const CHALLENGE: &str = "/u/mfa-otp-challenge";
const ENROLMENT: &str = "/u/mfa-otp-enrollment-qr";
const RECOVERY: &str = "/u/mfa-recovery-code-challenge";

/// What is said to a wrong code.
const WRONG: &str = "The code you entered is invalid";

/// The page that a login owes, if it does.
pub(super) fn due(behind: &Behind, user: UserId) -> Option<&'static str> {
    match behind.tenant.owes(user) {
        Owed::Nothing => None,
        Owed::Challenge => Some(CHALLENGE),
        Owed::Enrolment => Some(ENROLMENT),
    }
}

/// Who has given a first proof in a login: none if the identity was linked to another user meanwhile,
/// who may owe another factor.
fn half_proven(behind: &Behind, login: u32) -> Option<UserId> {
    let user = behind.half_proven.get(login).copied()?;
    behind.tenant.links.is_user(user).then_some(user)
}

/// `GET /u/mfa-otp-challenge?state=…`.
pub(super) async fn challenge(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
) -> Response {
    login::look(&face, exchange, &uri, |state, _| {
        otp_form(StatusCode::OK, state, CHALLENGE, "", "")
    })
    .await
}

/// `GET /u/mfa-recovery-code-challenge?state=…`.
pub(super) async fn recovery(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
) -> Response {
    login::look(&face, exchange, &uri, |state, _| {
        otp_form(StatusCode::OK, state, RECOVERY, "", "")
    })
    .await
}

/// `GET /u/mfa-otp-enrollment-qr?state=…`: shows the secret, which is made when it is first looked at.
pub(super) async fn enrolment(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
) -> Response {
    let params = Params::from_query(&uri);
    let state = params.get("state").unwrap_or_default().to_owned();
    let asked = face.ask(&exchange, Call::Other, |behind, _| {
        Some(secret_of(&face, behind, &exchange, &state))
    });
    asked
        .answer(exchange, |secret| match secret {
            Some((secret, address)) => {
                let text = format!(
                    "Secret: {}\nURI: {}",
                    totp::base32(&secret),
                    totp::uri(&secret, &address)
                );
                otp_form(StatusCode::OK, &state, ENROLMENT, "", &text)
            }
            None => errors::browser_refusal(Error::InvalidTransaction, Endpoint::Login),
        })
        .await
}

/// The secret of whoever owes one, made if there is none.
fn secret_of(
    face: &Face,
    behind: &mut Behind,
    exchange: &Exchange,
    state: &str,
) -> Option<(Vec<u8>, String)> {
    let transaction = super::texts::read_transaction(behind.generation, state)?;
    let user = half_proven(behind, transaction.0)?;
    let now = behind.tenant.now(exchange.stamp().at);
    let address = face.directory().text(behind.tenant.user(user)?.email);
    let known = behind
        .tenant
        .factors
        .get(user)
        .and_then(|factors| factors.authenticator.as_ref())
        .map(|authenticator| (authenticator.confirmed, authenticator.secret.clone()));
    match known {
        // A confirmed secret is never shown again.
        Some((true, _)) => None,
        Some((false, secret)) => Some((secret, address)),
        None => {
            let luck = exchange.stamp().luck.split(20);
            let (authenticator, _) = behind.tenant.factors.enrol(user, now, luck)?;
            Some((authenticator.secret, address))
        }
    }
}

/// `POST` to any of these pages: `state` and `code`.
pub(super) async fn submit(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let Some(sent) = Sent::read(face.generation(), &uri, &headers, &body) else {
        let complaint = login::unreadable();
        return face.refuse(exchange, Endpoint::Login, complaint).await;
    };
    let page = [CHALLENGE, ENROLMENT, RECOVERY]
        .into_iter()
        .find(|page| *page == uri.path())
        .unwrap_or(CHALLENGE);
    let parties = face.parties_at(&exchange);
    let asked = face.behind().pass(&exchange, Endpoint::Login, |behind| {
        second_proof(&face, behind, &exchange, &sent, page)
    });
    asked
        .answer_later(exchange, async |step| step.respond(&parties).await)
        .await
}

fn second_proof(
    face: &Face,
    behind: &mut Behind,
    exchange: &Exchange,
    sent: &Sent,
    page: &'static str,
) -> Result<Step, Complaint> {
    let number = sent.transaction.0;
    let gone = || errors::browser_refusal(Error::InvalidTransaction, Endpoint::Login);
    let login = behind.logins.get(number).cloned().ok_or_else(gone)?;
    let user = half_proven(behind, number).ok_or_else(gone)?;
    let stamp = exchange.stamp();
    let now = behind.tenant.now(stamp.at);
    let code = sent.get("code").trim();
    behind
        .tenant
        .admit_attempt(user, stamp.address, now)
        .map_err(|error| errors::browser_refusal(error, Endpoint::Login))?;
    let right = if page == RECOVERY {
        let luck = stamp.luck.split(21);
        behind
            .tenant
            .factors
            .use_recovery(user, code, luck)
            .is_some()
    } else {
        behind.is_otp(user, code, now)
    };
    let kind = if right {
        "gd_auth_succeed"
    } else {
        "gd_auth_failed"
    };
    let entry = Happening::new(kind, &login.ask.client_id, About::User(user));
    face.log(behind, stamp, entry);
    if right {
        behind.half_proven.take(number);
        return login::finish(face, behind, exchange, sent, &login, user, true);
    }
    behind.tenant.note_failure(user, stamp.address, now);
    Err(otp_form(StatusCode::BAD_REQUEST, &sent.state, page, WRONG, "").into())
}

impl Behind {
    /// Whether this is a code of a person's authenticator that was not used yet; it is used now.
    pub(super) fn is_otp(&mut self, user: UserId, code: &str, now: crate::time::Timestamp) -> bool {
        let secret = self
            .tenant
            .factors
            .get(user)
            .and_then(|factors| factors.authenticator.as_ref())
            .map(|authenticator| authenticator.secret.clone());
        secret
            .and_then(|secret| totp::matching_step(&secret, code, now))
            .is_some_and(|step| self.tenant.factors.use_step(user, step))
    }
}

fn otp_form(
    status: StatusCode,
    state: &str,
    page: &'static str,
    error: &str,
    text: &str,
) -> Response {
    let (title, label) = if page == RECOVERY {
        ("Verify your identity", "Recovery code")
    } else {
        ("Verify your identity", "One-time code")
    };
    let links = if page == CHALLENGE {
        vec![(format!("{RECOVERY}?state={state}"), "Use a recovery code")]
    } else {
        Vec::new()
    };
    Form {
        title,
        action: page,
        error,
        text,
        hidden: &[("state", state)],
        fields: &[Field {
            label,
            name: "code",
            kind: "text",
            fill: "one-time-code",
            value: "",
        }],
        links: &links,
    }
    .show(status)
}
