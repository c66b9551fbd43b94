//! `GET /users`: searching, sorting and paging through users.

use axum::http::StatusCode;
use serde_json::Value;

use super::desk::{Desk, Served};
use super::lucene::{self, Query};
use super::paging::{Paging, cut_fields};
use super::payload::bad_query;
use super::user::user;
use crate::auth0::UserId;
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::errors::management_error;
use crate::http::auth0::texts;

/// A search shows no record beyond this one (docs, view search results by page).
const REACH: usize = 1000;

/// `GET /users`.
pub(super) fn search(desk: &mut Desk<'_>) -> Result<Served, Complaint> {
    let paging = Paging::read(desk.query)?;
    let query = lucene::parse(desk.query.get("q").unwrap_or_default()).map_err(|bad| {
        management_error(
            StatusCode::BAD_REQUEST,
            &format!("Failed to parse query: {bad}"),
            Some("invalid_query_string"),
        )
    })?;
    if paging.start + paging.limit > REACH {
        return Err(management_error(
            StatusCode::BAD_REQUEST,
            "You can only page through the first 1000 records. See https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation",
            Some("invalid_paging"),
        )
        .into());
    }
    let connection = desk.query.get("connection");
    let query = match connection {
        Some(name) => Query::And(vec![
            query,
            lucene::parse(&format!("identities.connection:\"{name}\""))
                .map_err(|_| bad_query("Query validation error: 'Invalid connection'."))?,
        ]),
        None => query,
    };
    let mut found = find(desk, &query);
    if let Some(sort) = desk.query.get("sort") {
        sort_by(desk, &mut found, sort)?;
    }
    let total = found.len();
    let page: Vec<Value> = found
        .into_iter()
        .skip(paging.start)
        .take(paging.limit)
        .filter_map(|id| user(desk.behind, desk.face.directory(), id))
        .map(|shown| cut_fields(desk.query, shown))
        .collect();
    Served::ok(paging.page("users", page, total))
}

/// Who fits, oldest first. An address or an id by itself needs no walk through everybody.
fn find(desk: &Desk<'_>, query: &Query) -> Vec<UserId> {
    let tenant = &desk.behind.tenant;
    if let Some(address) = query.exact("email") {
        let mailbox = desk.face.directory().known_mailbox(address);
        return mailbox.map_or_else(Vec::new, |mailbox| tenant.users_with_mailbox(mailbox));
    }
    if let Some(id) = query.exact("user_id") {
        let found = desk.behind.read_user(id);
        return found
            .filter(|id| tenant.user(*id).is_some())
            .into_iter()
            .collect();
    }
    tenant
        .user_ids()
        .filter(|id| *query == Query::All || query.fits(&|field| values(desk, *id, field)))
        .collect()
}

/// Fields that are looked through where a search names none.
const USUAL: [&str; 6] = [
    "email",
    "name",
    "nickname",
    "username",
    "given_name",
    "family_name",
];

/// The values of a field, or of the usual ones.
fn values(desk: &Desk<'_>, id: UserId, field: Option<&str>) -> Vec<String> {
    let Some(field) = field else {
        return USUAL
            .iter()
            .flat_map(|field| values(desk, id, Some(field)))
            .collect();
    };
    let tenant = &desk.behind.tenant;
    let Some(row) = tenant.user(id) else {
        return Vec::new();
    };
    // What most searches ask for is told without showing the whole record.
    match field {
        "email" => return vec![desk.face.directory().text(row.email)],
        "user_id" => return vec![desk.behind.user_text(id)],
        "email_verified" => return vec![row.verified.to_string()],
        "blocked" => return vec![row.blocked.to_string()],
        "identities.connection" => return vec![texts::connection(row.connection).to_owned()],
        "identities.provider" => return vec![texts::provider(row.connection).to_owned()],
        "organization_id" => {
            return tenant
                .organizations
                .of(id)
                .map(|(organization, _)| {
                    crate::auth0::organizations::organization_text(organization)
                })
                .collect();
        }
        _ => {}
    }
    let shown = user(desk.behind, desk.face.directory(), id).unwrap_or_default();
    let mut found = Vec::new();
    gather(&shown, field, &mut found);
    found
}

/// The values at a path like `app_metadata.plan`, in lists as well.
fn gather(value: &Value, path: &str, found: &mut Vec<String>) {
    if let Value::Array(items) = value {
        for item in items {
            gather(item, path, found);
        }
        return;
    }
    if path.is_empty() {
        match value {
            Value::String(text) => found.push(text.clone()),
            Value::Number(_) | Value::Bool(_) => found.push(value.to_string()),
            Value::Object(_) => found.push(String::new()),
            Value::Null | Value::Array(_) => {}
        }
        return;
    }
    let (name, rest) = path.split_once('.').unwrap_or((path, ""));
    if let Some(inner) = value.get(name) {
        gather(inner, rest, found);
    }
}

/// `sort=field:1`, or `:-1` for the other direction.
fn sort_by(desk: &Desk<'_>, found: &mut [UserId], sort: &str) -> Result<(), Complaint> {
    let (field, direction) = sort.split_once(':').unwrap_or((sort, "1"));
    let down = match direction {
        "1" => false,
        "-1" => true,
        _ => {
            return Err(bad_query(
                "Query validation error: 'Expected field:1 or field:-1' on property sort.",
            ));
        }
    };
    let key = |id: &UserId| values(desk, *id, Some(field)).into_iter().next();
    found.sort_by_cached_key(|id| (key(id), *id));
    if down {
        found.reverse();
    }
    Ok(())
}
