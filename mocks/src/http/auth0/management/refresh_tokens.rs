//! `/api/v2/refresh-tokens`: those of a person at an application, to be listed and revoked at once.

use axum::response::Response;
use serde_json::Value;

use super::desk::{Desk, Served, Visit};
use super::paging::{Paging, cut_fields};
use super::payload::{Payload, bad_body, bad_query};
use super::sessions::{family_shown, read_family_id};
use crate::auth0::{FamilySeen, UserId};
use crate::http::auth0::answering::Complaint;

/// Ids that one call may name (Management API schema).
const MOST_IDS: usize = 100;

/// The application that a family is of.
fn client_of<'a>(desk: &'a Desk<'_>, seen: &FamilySeen) -> &'a str {
    let terms = desk.behind.terms.get(&seen.newest.family);
    terms.map_or(&desk.parties.client_id, |terms| &terms.client_id)
}

fn families(desk: &Desk<'_>, user: UserId, client: Option<&str>) -> Vec<FamilySeen> {
    let mut all = desk.behind.tenant.families_of(user, desk.now);
    all.retain(|seen| client.is_none_or(|id| client_of(desk, seen) == id));
    all
}

/// `GET /refresh-tokens?user_id=…`.
pub(super) async fn list(visit: Visit) -> Response {
    visit
        .serve(&["read:refresh_tokens"], |desk| {
            let paging = Paging::read(desk.query)?;
            let user = desk.query.get("user_id").ok_or_else(|| {
                bad_query("Query validation error: 'Missing required property: user_id'.")
            })?;
            let user = desk.behind.read_user(user);
            let found = user.map(|user| families(desk, user, desk.query.get("client_id")));
            let found = found.unwrap_or_default();
            let shown = found.iter().map(|seen| family_shown(desk, seen));
            let shown: Vec<Value> = shown.map(|it| cut_fields(desk.query, it)).collect();
            paging.show_from("refresh_tokens", shown.into_iter())
        })
        .await
}

/// Which tokens a body names: by ids, of a person, or of a person at an application.
fn named(desk: &Desk<'_>) -> Result<Vec<FamilySeen>, Complaint> {
    let fields = desk.object()?;
    let payload = Payload(&fields);
    payload.only(&["ids", "user_id", "client_id", "audience"])?;
    let (user, client) = (payload.text("user_id")?, payload.text("client_id")?);
    let audience = payload.text("audience")?;
    match (payload.texts("ids")?, user) {
        (Some(ids), None) if client.is_none() && audience.is_none() && ids.len() <= MOST_IDS => {
            let known = ids
                .iter()
                .filter_map(|id| read_family_id(desk.behind.generation, id));
            Ok(known
                .filter_map(|token| desk.behind.tenant.family(token, desk.now))
                .collect())
        }
        (None, Some(user)) if audience.is_none() || client.is_some() => {
            let Some(user) = desk.behind.read_user(user) else {
                return Ok(Vec::new());
            };
            let mut found = families(desk, user, client);
            if let Some(audience) = audience {
                found.retain(|seen| {
                    let terms = desk.behind.terms.get(&seen.newest.family);
                    terms.and_then(|terms| terms.audience.api()) == Some(audience)
                });
            }
            Ok(found)
        }
        _ => Err(bad_body(
            "Payload validation error: 'Expected ids (at most 100), or user_id with or without client_id, and audience only with both'.",
        )),
    }
}

/// `POST /refresh-tokens/revoke`: accepted, and done at once.
pub(super) async fn revoke(visit: Visit) -> Response {
    visit
        .serve(&["delete:refresh_tokens"], |desk| {
            for seen in named(desk)? {
                desk.behind.tenant.end_family(seen.newest, desk.now);
            }
            Served::accepted(None)
        })
        .await
}
