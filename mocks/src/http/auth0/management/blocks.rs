//! `/api/v2/user-blocks…`: who is blocked by brute-force protection, and the end of that.

use axum::extract::Path;
use axum::response::Response;
use serde_json::{Value, json};

use super::desk::{Desk, Served, Visit};
use super::payload::bad_query;
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::texts;

/// Whose blocks: an address.
fn shown(desk: &Desk<'_>, mailbox: u32, identifier: &str) -> Result<Served, Complaint> {
    let blocked: Vec<Value> = desk
        .behind
        .tenant
        .blocked_from(mailbox, desk.now)
        .into_iter()
        .map(|address| {
            json!({
                "identifier": identifier,
                "ip": texts::address(address),
                "connection": "Username-Password-Authentication",
            })
        })
        .collect();
    Served::ok(json!({ "blocked_for": blocked }))
}

fn identifier<'a>(desk: &'a Desk<'_>) -> Result<&'a str, Complaint> {
    desk.query.get("identifier").ok_or_else(|| {
        bad_query("Query validation error: 'Missing required property: identifier'.")
    })
}

/// `GET /user-blocks?identifier=…`.
pub(super) async fn by_identifier(visit: Visit) -> Response {
    visit
        .serve(&["read:users"], |desk| {
            let identifier = identifier(desk)?;
            match desk.face.directory().known_mailbox(identifier) {
                Some(mailbox) => shown(desk, mailbox, identifier),
                None => Served::ok(json!({ "blocked_for": [] })),
            }
        })
        .await
}

/// `DELETE /user-blocks?identifier=…`.
pub(super) async fn lift_by_identifier(visit: Visit) -> Response {
    visit
        .serve(&["update:users"], |desk| {
            if let Some(mailbox) = desk.face.directory().known_mailbox(identifier(desk)?) {
                desk.behind.tenant.lift_blocks(mailbox);
            }
            Served::empty()
        })
        .await
}

/// `GET /user-blocks/{id}`.
pub(super) async fn of(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:users"], |desk| {
            let user = desk.person(&id)?;
            let row = desk.behind.tenant.user(user).copied();
            let Some(row) = row else {
                return Served::ok(json!({ "blocked_for": [] }));
            };
            let address = desk.face.directory().text(row.email);
            shown(desk, row.email.mailbox, &address)
        })
        .await
}

/// `DELETE /user-blocks/{id}`.
pub(super) async fn lift(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:users"], |desk| {
            let user = desk.person(&id)?;
            if let Some(row) = desk.behind.tenant.user(user).copied() {
                desk.behind.tenant.lift_blocks(row.email.mailbox);
            }
            Served::empty()
        })
        .await
}
