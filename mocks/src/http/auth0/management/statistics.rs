//! `/api/v2/stats/…`: what a tenant tells of its traffic.

use axum::response::Response;
use serde_json::json;

use super::desk::{Served, Visit};
use crate::http::auth0::texts;
use crate::time::Span;

/// `GET /stats/active-users`: who logged in within the last 30 days.
pub(super) async fn active_users(visit: Visit) -> Response {
    visit
        .serve(&["read:stats"], |desk| {
            let since = desk.now - Span::from_days(30);
            let tenant = &desk.behind.tenant;
            let active = tenant
                .user_ids()
                .filter_map(|id| tenant.profiles.visits(id))
                .filter(|visits| visits.last >= since)
                .count();
            Served::ok(active)
        })
        .await
}

/// `GET /stats/daily`: today's counts alone, as a mock keeps no history.
pub(super) async fn daily(visit: Visit) -> Response {
    visit
        .serve(&["read:stats"], |desk| {
            let ledger = desk.behind.tenant.ledger();
            Served::ok(json!([{
                "date": format!("{}T00:00:00.000Z", &texts::time(desk.now)[..10]),
                "logins": ledger.opened,
                "signups": ledger.created,
                "leaked_passwords": 0,
                "created_at": texts::time(desk.behind.tenant.start()),
                "updated_at": texts::time(desk.now),
            }]))
        })
        .await
}
