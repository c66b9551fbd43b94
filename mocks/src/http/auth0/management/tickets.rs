//! `/api/v2/tickets/…`: links to verify an address or to set a new password, and the mails with them.

use axum::response::Response;
use serde_json::json;

use super::desk::{Desk, Served, Visit, refused};
use super::payload::{Payload, bad_body};
use super::users::connection;
use crate::auth0::{Connection, Error, UserId};
use crate::email::Email;
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::tickets::{self, Purpose};
use crate::time::Span;

/// Mails a link to verify an address.
pub(super) fn mail_verification(desk: &Desk<'_>, user: UserId, address: &str) {
    desk.face
        .mail_ticket(desk.parties, Purpose::Verify, address, user, desk.now);
}

/// `POST /tickets/email-verification`.
pub(super) async fn verification(visit: Visit) -> Response {
    visit
        .serve(&["create:user_tickets"], |desk| {
            let fields = desk.object()?;
            let payload = Payload(&fields);
            let user = desk.person(payload.needed("user_id")?)?;
            issue(desk, Purpose::Verify, user, payload)
        })
        .await
}

/// `POST /tickets/password-change`: for a `user_id`, or an `email` in a `connection_id`.
pub(super) async fn password_change(visit: Visit) -> Response {
    visit
        .serve(&["create:user_tickets"], |desk| {
            let fields = desk.object()?;
            let payload = Payload(&fields);
            let user = match (payload.text("user_id")?, payload.text("email")?) {
                (Some(id), None) => desk.person(id)?,
                (None, Some(address)) => {
                    if let Some(id) = payload.text("connection_id")? {
                        super::connections::read_connection_id(id)?;
                    } else if let Some(name) = payload.text("connection")? {
                        connection(name)?;
                    }
                    let mailbox = desk.face.directory().known_mailbox(address);
                    let found = mailbox.map(Email::lower).and_then(|email| {
                        desk.behind.tenant.find_user(email, Connection::Database)
                    });
                    found.ok_or_else(|| refused(Error::UserNotFound))?
                }
                _ => {
                    return Err(bad_body(
                        "Payload validation error: 'Either user_id, or email and connection_id are required'.",
                    ));
                }
            };
            issue(desk, Purpose::Reset, user, payload)
        })
        .await
}

fn issue(
    desk: &Desk<'_>,
    purpose: Purpose,
    user: UserId,
    payload: Payload<'_>,
) -> Result<Served, Complaint> {
    let life = match payload.number("ttl_sec")? {
        Some(secs) if secs > 0 => Span::from_secs(secs),
        _ => tickets::LIFE,
    };
    let ticket = tickets::issue(desk.behind.generation, purpose, user, desk.now, life);
    let url = format!("{}{}?ticket={ticket}", desk.parties.issuer, purpose.page());
    Served::created(json!({ "ticket": url }))
}
