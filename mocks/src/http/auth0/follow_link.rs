//! `GET /passwordless/verify_redirect`: the link that `/passwordless/start` mailed is followed.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::answering::Complaint;
use super::authorize;
use super::behind::Behind;
use super::face::Face;
use super::login::{self, Sent, Step};
use super::pages;
use super::texts;
use crate::auth0::{Connection, Endpoint, Proof};
use crate::http::Exchange;
use crate::http::params::Params;

pub(super) async fn follow(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
) -> Response {
    let params = Params::from_query(&uri);
    let parties = face.parties_at(&exchange);
    let asked = face.behind().pass(&exchange, Endpoint::Login, |behind| {
        log_in(&face, behind, &parties, &exchange, &params)
    });
    asked
        .answer_later(exchange, async |step| step.respond(&parties).await)
        .await
}

fn log_in(
    face: &Face,
    behind: &mut Behind,
    parties: &texts::Parties,
    exchange: &Exchange,
    params: &Params,
) -> Result<Step, Complaint> {
    let stamp = exchange.stamp();
    let now = behind.tenant.now(stamp.at);
    let (request, challenge) = authorize::read(behind, parties, params)?;
    let address = params.get("email").unwrap_or_default();
    let code = params.get("verification_code").unwrap_or_default();
    let email = face.directory().intern(address);
    if !behind
        .tenant
        .mailed
        .take(Connection::Email, email, code, now)
    {
        let text = "The link has expired or was used already.";
        return Err(pages::problem(StatusCode::BAD_REQUEST, text).into());
    }
    // The login that the link stands for begins here, and ends here unless a second factor is owed.
    let means = (Connection::Email, challenge);
    let transaction = login::begin(behind, exchange, &request, means, Endpoint::Login)?;
    let refuse = |error| Complaint::from(authorize::refused(&request, error, Endpoint::Login));
    let user = behind
        .tenant
        .prove_login(stamp, now, transaction, email, Proof::RightCode)
        .map_err(refuse)?;
    let request = Arc::new(request);
    behind.logins.put(transaction.0, Arc::clone(&request));
    let sent = Sent::without_form(behind.generation, transaction);
    login::proceed(face, behind, exchange, &sent, &request, user)
}
