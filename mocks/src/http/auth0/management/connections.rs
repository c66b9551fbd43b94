//! `/api/v2/connections…`: the ways that people log in, which are the mock's.

use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};

use super::desk::{Desk, Served, Visit, not_found};
use super::paging::{Paging, cut_fields};
use super::payload::bad_body;
use super::{clients, unchanged};
use crate::auth0::Connection;
use crate::auth0::organizations::letters;
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::texts;

/// A connection's id.
pub(super) fn connection_id(connection: Connection) -> String {
    format!("con_{}", letters(0x0c0e_0001 + connection as u64))
}

/// The connection of an id.
pub(super) fn read_connection_id(id: &str) -> Result<Connection, Complaint> {
    Connection::ALL
        .into_iter()
        .find(|connection| connection_id(*connection) == id)
        .ok_or_else(|| not_found("The connection does not exist", "inexistent_connection"))
}

/// Options as a new connection has them.
fn options(connection: Connection) -> Value {
    match connection {
        Connection::Database => json!({
            "mfa": { "active": true, "return_enroll_settings": true },
            "passwordPolicy": "none",
            "brute_force_protection": true,
            "requires_username": false,
            "disable_signup": false,
            "disable_self_service_change_password": false,
        }),
        Connection::Google => {
            json!({ "email": true, "profile": true, "scope": ["email", "profile"] })
        }
        Connection::Email => json!({
            "name": "email",
            "brute_force_protection": true,
            "disable_signup": false,
            "email": {
                "from": "{{ application.name }} <root@auth0.com>",
                "subject": "Welcome to {{ application.name }}",
                "syntax": "liquid",
                "body": "Your verification code is: {{ code }}",
            },
        }),
        Connection::Sms => json!({ "brute_force_protection": true, "disable_signup": false }),
    }
}

fn connection_shown(connection: Connection, clients: &[&str]) -> Value {
    json!({
        "id": connection_id(connection),
        "name": texts::connection(connection),
        "strategy": texts::provider(connection),
        "enabled_clients": clients,
        "is_domain_connection": false,
        "realms": [texts::connection(connection)],
        "options": options(connection),
    })
}

/// `GET /connections`.
pub(super) async fn connections(visit: Visit) -> Response {
    visit
        .serve(&["read:connections"], |desk| {
            let clients = clients_of(desk);
            let (name, strategy) = (desk.query.get("name"), desk.query.get("strategy"));
            let all = Connection::ALL
                .into_iter()
                .filter(|known| name.is_none_or(|name| texts::connection(*known) == name))
                .filter(|known| strategy.is_none_or(|name| texts::provider(*known) == name))
                .map(|known| cut_fields(desk.query, connection_shown(known, &clients)));
            Paging::read(desk.query)?.show("connections", all)
        })
        .await
}

/// `GET /connections/{id}/clients`: every application may use every connection.
pub(super) async fn connection_clients(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:connections"], |desk| {
            read_connection_id(&id)?;
            let clients = desk.behind.tenant.registry().clients().iter();
            let clients = clients.map(|client| json!({ "client_id": client.id }));
            Paging::read(desk.query)?.show_from("clients", clients)
        })
        .await
}

/// `PATCH /connections/{id}/clients`.
pub(super) async fn keep_connection_clients(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:connections"], |desk| {
            read_connection_id(&id)?;
            let changes: Vec<ClientStatus> = serde_json::from_slice(desk.body)
                .map_err(|error| bad_body(&format!("Payload validation error: '{error}'.")))?;
            let registry = desk.behind.tenant.registry();
            for ClientStatus { client_id, status } in changes {
                registry.client(&client_id).ok_or_else(clients::missing)?;
                if !status {
                    return Err(unchanged::refused("status"));
                }
            }
            Served::empty()
        })
        .await
}

/// Whether an application may use a connection.
#[derive(Deserialize)]
struct ClientStatus {
    client_id: String,
    status: bool,
}

/// `GET /connections/{id}`.
pub(super) async fn connection(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:connections"], |desk| {
            Served::ok(shown_of(desk, read_connection_id(&id)?))
        })
        .await
}

/// `PATCH /connections/{id}`.
pub(super) async fn keep_connection(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:connections"], |desk| {
            let shown = shown_of(desk, read_connection_id(&id)?);
            unchanged::keep(shown, &desk.object()?)
        })
        .await
}

fn shown_of(desk: &Desk<'_>, connection: Connection) -> Value {
    connection_shown(connection, &clients_of(desk))
}

/// The applications that may use a connection: all of them.
fn clients_of<'a>(desk: &'a Desk<'_>) -> Vec<&'a str> {
    let clients = desk.behind.tenant.registry().clients().iter();
    clients.map(|client| client.id.as_str()).collect()
}
