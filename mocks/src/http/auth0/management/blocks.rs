//! `/api/v2/user-blocks…`: who is blocked by brute-force protection, and the end of that; and how the
//! tenant is protected.

use axum::extract::Path;
use axum::response::Response;
use serde_json::{Value, json};

use super::desk::{Desk, Served, Visit};
use super::payload::bad_query;
use super::unchanged;
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::texts;
use crate::limit::Rate;

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

/// `GET /attack-protection/brute-force-protection`.
pub(super) async fn brute_force(visit: Visit) -> Response {
    visit
        .serve(&["read:attack_protection"], |desk| {
            Served::ok(brute_force_shown(desk))
        })
        .await
}

/// `PATCH /attack-protection/brute-force-protection`.
pub(super) async fn keep_brute_force(visit: Visit) -> Response {
    visit
        .serve(&["update:attack_protection"], |desk| {
            unchanged::keep(brute_force_shown(desk), &desk.object()?)
        })
        .await
}

fn brute_force_shown(desk: &Desk<'_>) -> Value {
    let attempts = desk.behind.tenant.settings().brute_force_attempts;
    json!({
        "enabled": attempts.is_some(),
        "shields": ["block", "user_notification"],
        "allowlist": [],
        "mode": "count_per_identifier_and_ip",
        "max_attempts": attempts.unwrap_or(10),
    })
}

/// `GET /attack-protection/suspicious-ip-throttling`.
pub(super) async fn suspicious_addresses(visit: Visit) -> Response {
    visit
        .serve(&["read:attack_protection"], |desk| {
            Served::ok(suspicious_shown(desk))
        })
        .await
}

/// `PATCH /attack-protection/suspicious-ip-throttling`.
pub(super) async fn keep_suspicious_addresses(visit: Visit) -> Response {
    visit
        .serve(&["update:attack_protection"], |desk| {
            unchanged::keep(suspicious_shown(desk), &desk.object()?)
        })
        .await
}

fn suspicious_shown(desk: &Desk<'_>) -> Value {
    let settings = desk.behind.tenant.settings();
    let stage = |limit: Option<Rate>| {
        limit.map(|limit| {
            // Milliseconds until one more attempt is let through.
            let rate = (1000.0 / limit.per_second).round();
            json!({ "max_attempts": limit.burst, "rate": rate as i64 })
        })
    };
    json!({
        "enabled": settings.suspicious_ip.is_some(),
        "shields": ["admin_notification", "block"],
        "allowlist": [],
        "stage": {
            "pre-login": stage(settings.suspicious_ip),
            "pre-user-registration": stage(settings.suspicious_signups),
        },
    })
}
