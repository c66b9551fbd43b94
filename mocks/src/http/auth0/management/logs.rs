//! `/api/v2/logs…` and `/users/{id}/logs`: the tenant's log, searched by pages or read on from an event.

use std::sync::Arc;

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
use crate::http::params::Params;

/// A search shows no event beyond this one (docs, retrieve log events, limitations).
const REACH: usize = 1000;
/// Events from a checkpoint on at most (same page).
const MOST: usize = 100;

/// One of these lets a call read the log.
const SCOPES: [&str; 2] = ["read:logs", "read:logs_users"];

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

/// The name by which a call reached the tenant.
fn host<'a>(desk: &Desk<'a>) -> &'a str {
    let host = desk.parties.issuer.trim_end_matches('/');
    host.split_once("://").map_or(host, |(_, host)| host)
}

fn shown(host: &str, event: &Event) -> Value {
    let id = log_id(event);
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
    tell("client_name", (&*event.client_name).into());
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

/// The order that is asked for.
struct Order {
    field: String,
    newest_first: bool,
}

/// `field:1`, or `:-1` for the other direction; the newest come first unless told otherwise.
fn order(desk: &Desk<'_>) -> Result<Order, Complaint> {
    let sort = desk.query.get("sort").unwrap_or("date:-1");
    let (field, direction) = sort.split_once(':').unwrap_or((sort, "1"));
    if !["1", "-1"].contains(&direction) {
        let text = "Query validation error: 'Expected field:1 or field:-1' on property sort.";
        return Err(bad_query(text));
    }
    Ok(Order {
        field: field.to_owned(),
        newest_first: direction == "-1",
    })
}

/// What is to be answered. Events are looked through and shown when nobody waits for the tenant any more.
enum Listing {
    /// These, in this order, of so many.
    Page(Vec<Arc<Event>>, usize),
    /// Those of these that fit.
    Search(Vec<Arc<Event>>, Query, Order),
    /// These, whatever the page.
    After(Vec<Arc<Event>>),
}

/// The same, and how it is to be shown.
struct Found {
    listing: Listing,
    paging: Paging,
    host: String,
    asked: Params,
}

impl Found {
    fn shown(self) -> Served {
        let Self { paging, asked, .. } = &self;
        let one = |event: &Arc<Event>| shown(&self.host, event);
        match &self.listing {
            Listing::After(events) => Served::shown(events.iter().map(one).collect::<Vec<_>>()),
            Listing::Page(events, total) => {
                let page = events.iter().map(|event| cut_fields(asked, one(event)));
                Served::shown(paging.page("logs", page.collect(), *total))
            }
            Listing::Search(events, query, order) => {
                let all = events.iter().map(one);
                let fits = |event: &Value| query.fits(&|field| values(event, field));
                let mut found: Vec<Value> = all.filter(fits).collect();
                sort(&mut found, order);
                let total = found.len();
                let page = found.into_iter().skip(paging.start).take(paging.limit);
                let page = page.map(|event| cut_fields(asked, event)).collect();
                Served::shown(paging.page("logs", page, total))
            }
        }
    }
}

fn sort(found: &mut [Value], order: &Order) {
    found.sort_by_cached_key(|event: &Value| {
        let value = values(event, Some(&order.field)).into_iter().next();
        (value, event["log_id"].as_str().map(str::to_owned))
    });
    if order.newest_first {
        found.reverse();
    }
}

fn search(desk: &Desk<'_>, of: impl Fn(&Event) -> bool) -> Result<Found, Complaint> {
    let paging = Paging::read(desk.query)?;
    if paging.start + paging.limit > REACH {
        let text = "You can only page through the first 1000 records.";
        return Err(management_error(StatusCode::BAD_REQUEST, text, Some("invalid_paging")).into());
    }
    let (query, order) = (query(desk)?, order(desk)?);
    let events = desk.behind.log.events().filter(|event| of(event));
    let listing = if query == Query::And(Vec::new()) && desk.query.get("sort").is_none() {
        let total = events.clone().count();
        let page = events.rev().skip(paging.start).take(paging.limit);
        Listing::Page(page.cloned().collect(), total)
    } else {
        Listing::Search(events.cloned().collect(), query, order)
    };
    Ok(found(desk, listing, paging))
}

fn found(desk: &Desk<'_>, listing: Listing, paging: Paging) -> Found {
    Found {
        listing,
        paging,
        host: host(desk).to_owned(),
        asked: desk.query.clone(),
    }
}

/// Events after one, oldest first; from the oldest on where none is named.
fn from(desk: &Desk<'_>) -> Result<Found, Complaint> {
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
    let later = Listing::After(later.cloned().collect());
    Ok(found(desk, later, Paging::default()))
}

/// `GET /logs`.
pub(super) async fn list(visit: Visit) -> Response {
    let look = |desk: &mut Desk<'_>| {
        desk.face.settle_logouts(desk.behind, desk.stamp);
        if desk.query.get("from").is_some() || desk.query.get("take").is_some() {
            return from(desk);
        }
        search(desk, |_| true)
    };
    visit.serve_later(&SCOPES, look, Found::shown).await
}

/// `GET /logs/{id}`.
pub(super) async fn read(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&SCOPES, |desk| {
            desk.face.settle_logouts(desk.behind, desk.stamp);
            let mut events = desk.behind.log.events();
            let found = events.find(|event| read_log_id(&id) == Some(event.number));
            let found = found.map(|event| shown(host(desk), event));
            let missing = || management_error(StatusCode::NOT_FOUND, "Log not found.", None);
            Served::ok(found.ok_or_else(missing)?)
        })
        .await
}

/// `GET /users/{id}/logs`.
pub(super) async fn of(Path(id): Path<String>, visit: Visit) -> Response {
    let look = |desk: &mut Desk<'_>| {
        desk.face.settle_logouts(desk.behind, desk.stamp);
        desk.person(&id)?;
        search(desk, |event| *event.user_id == *id)
    };
    visit.serve_later(&SCOPES, look, Found::shown).await
}
