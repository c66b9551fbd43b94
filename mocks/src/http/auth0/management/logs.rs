//! `/api/v2/logs…` and `/users/{id}/logs`: the tenant's log, searched by pages or read on from an event.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::connections::connection_id;
use super::desk::{Desk, Served, Visit};
use super::lucene::{self, Query};
use super::paging::{Paging, cut_fields};
use super::payload::bad_query;
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::errors::management_error;
use crate::http::auth0::events::Event;
use crate::http::auth0::texts;

/// A search shows no event beyond this one (docs, retrieve log events, limitations).
const REACH: usize = 1000;
/// Events from a checkpoint on at most (same page).
const MOST: usize = 100;

/// Fields that are looked through where a search names none.
const USUAL: [&str; 5] = ["type", "user_name", "user_id", "client_name", "description"];

/// An id that sorts as events happened: `900`, the date, and the event's number.
fn log_id(event: &Event) -> String {
    let date = texts::time(event.at);
    let date: String = date.chars().filter(char::is_ascii_digit).collect();
    format!("900{date}{:036}", event.number)
}

/// The number in an id.
fn read_log_id(text: &str) -> Option<u64> {
    let digits = text.strip_prefix("900")?;
    if !digits.is_ascii() || digits.len() != 17 + 36 {
        return None;
    }
    digits[17..].parse().ok()
}

fn shown(desk: &Desk<'_>, event: &Event) -> Value {
    let id = log_id(event);
    let host = desk.parties.issuer.trim_end_matches('/');
    let host = host.split_once("://").map_or(host, |(_, host)| host);
    let mut all = Map::new();
    let mut tell = |name: &str, value: Value| all.insert(name.to_owned(), value);
    tell("date", texts::time(event.at).into());
    tell("type", event.kind.into());
    tell("_id", id.as_str().into());
    tell("log_id", id.into());
    tell("ip", texts::address(event.address).into());
    tell("hostname", host.into());
    tell("tenant_name", "cutover".into());
    tell("environment_name", "mock".into());
    tell("isMobile", false.into());
    tell("user_id", (&*event.user_id).into());
    tell("user_name", (&*event.user_name).into());
    let texts = [
        ("description", &event.description),
        ("client_id", &event.client),
        ("audience", &event.audience),
        ("scope", &event.scope),
    ];
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        tell(name, (&**text).into());
    }
    let client = desk.behind.tenant.registry().client(&event.client);
    tell(
        "client_name",
        client.map_or("", |client| &client.name).into(),
    );
    if let Some(connection) = event.connection {
        let strategy = texts::provider(connection);
        tell("connection", texts::connection(connection).into());
        tell("connection_id", connection_id(connection).into());
        tell("strategy", strategy.into());
        let kind = match strategy {
            "auth0" => "database",
            "google-oauth2" => "social",
            _ => "passwordless",
        };
        tell("strategy_type", kind.into());
    }
    if event.kind.ends_with("api") {
        let (method, path) = event.description.split_once(' ').unwrap_or_default();
        let request = json!({ "method": method.to_lowercase(), "path": path });
        tell("details", json!({ "request": request }));
    }
    all.into()
}

fn values(event: &Value, field: Option<&str>) -> Vec<String> {
    let Some(field) = field else {
        let all = USUAL.iter();
        return all.flat_map(|field| values(event, Some(field))).collect();
    };
    let mut found = event;
    for part in field.split('.') {
        found = &found[part];
    }
    match found {
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Bool(_) | Value::Number(_) => vec![found.to_string()],
        _ => Vec::new(),
    }
}

/// The search that a call asks for: `q`, and what older clients call `search`.
fn query(desk: &Desk<'_>) -> Result<Query, Complaint> {
    let asked = ["q", "search"].map(|name| desk.query.get(name));
    let parsed: Result<Vec<Query>, _> = asked.into_iter().flatten().map(lucene::parse).collect();
    parsed.map(Query::And).map_err(|bad| {
        management_error(
            StatusCode::BAD_REQUEST,
            &format!("Failed to parse query: {bad}"),
            Some("invalid_query_string"),
        )
        .into()
    })
}

/// `field:1`, or `:-1` for the other direction; the newest come first unless told otherwise.
fn sort(desk: &Desk<'_>, found: &mut [Value]) -> Result<(), Complaint> {
    let sort = desk.query.get("sort").unwrap_or("date:-1");
    let (field, direction) = sort.split_once(':').unwrap_or((sort, "1"));
    if !["1", "-1"].contains(&direction) {
        let text = "Query validation error: 'Expected field:1 or field:-1' on property sort.";
        return Err(bad_query(text));
    }
    let key = |event: &Value| {
        let value = values(event, Some(field)).into_iter().next();
        (value, event["log_id"].as_str().map(str::to_owned))
    };
    found.sort_by_cached_key(key);
    if direction == "-1" {
        found.reverse();
    }
    Ok(())
}

fn search(desk: &Desk<'_>, of: impl Fn(&Event) -> bool) -> Result<Served, Complaint> {
    let paging = Paging::read(desk.query)?;
    if paging.start + paging.limit > REACH {
        let text = "You can only page through the first 1000 records.";
        return Err(management_error(StatusCode::BAD_REQUEST, text, Some("invalid_paging")).into());
    }
    let query = query(desk)?;
    let events = desk.behind.log.events().filter(|event| of(event));
    if query == Query::And(Vec::new()) && desk.query.get("sort").is_none() {
        // Nothing is shown that is not on the page: calls wait meanwhile.
        let total = events.clone().count();
        let page = events.rev().skip(paging.start).take(paging.limit);
        let page = page.map(|event| cut_fields(desk.query, shown(desk, event)));
        return Served::ok(paging.page("logs", page.collect(), total));
    }
    let shown = events.map(|event| shown(desk, event));
    let mut found: Vec<Value> = shown
        .filter(|event| query.fits(&|field| values(event, field)))
        .collect();
    sort(desk, &mut found)?;
    let total = found.len();
    let page = found.into_iter().skip(paging.start).take(paging.limit);
    let page = page.map(|event| cut_fields(desk.query, event)).collect();
    Served::ok(paging.page("logs", page, total))
}

/// Events after one, oldest first; from the oldest on where none is named.
fn from(desk: &Desk<'_>) -> Result<Served, Complaint> {
    let after = match desk.query.get("from") {
        None => 0,
        Some(text) => read_log_id(text).ok_or_else(|| {
            bad_query(
                "Query validation error: 'Invalid log_id' on property from (log_id of an event).",
            )
        })?,
    };
    let take = match desk.query.get("take") {
        None => 50,
        Some(text) => text
            .parse()
            .ok()
            .filter(|take| *take <= MOST)
            .ok_or_else(|| {
                bad_query(
                    "Query validation error: 'Expected a number from 0 to 100' on property take.",
                )
            })?,
    };
    let events = desk.behind.log.events();
    let later = events.filter(|event| event.number > after).take(take);
    let later: Vec<Value> = later.map(|event| shown(desk, event)).collect();
    Served::ok(later)
}

/// `GET /logs`.
pub(super) async fn list(visit: Visit) -> Response {
    visit
        .serve(&["read:logs", "read:logs_users"], |desk| {
            desk.face.settle_logouts(desk.behind, desk.stamp);
            if desk.query.get("from").is_some() || desk.query.get("take").is_some() {
                return from(desk);
            }
            search(desk, |_| true)
        })
        .await
}

/// `GET /logs/{id}`.
pub(super) async fn read(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:logs", "read:logs_users"], |desk| {
            desk.face.settle_logouts(desk.behind, desk.stamp);
            let mut events = desk.behind.log.events();
            let found = events.find(|event| read_log_id(&id) == Some(event.number));
            let found = found.map(|event| shown(desk, event));
            let missing = || management_error(StatusCode::NOT_FOUND, "Log not found.", None);
            Served::ok(found.ok_or_else(missing)?)
        })
        .await
}

/// `GET /users/{id}/logs`.
pub(super) async fn of(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:logs", "read:logs_users"], |desk| {
            desk.face.settle_logouts(desk.behind, desk.stamp);
            desk.person(&id)?;
            search(desk, |event| *event.user_id == *id)
        })
        .await
}
