//! `/api/v2/resource-servers…`: APIs.

use axum::extract::Path;
use axum::response::Response;
use serde_json::{Value, json};

use super::desk::{Served, Visit, conflict, not_found, room_beside};
use super::paging::Paging;
use super::payload::{Payload, bad_body};
use crate::auth0::registry::{Dialect, Permission, Resource};
use crate::http::auth0::answering::Complaint;
use crate::time::Span;

fn resource_shown(resource: &Resource, usual: Span) -> Value {
    let scopes: Vec<Value> = resource
        .scopes
        .iter()
        .map(|scope| json!({ "value": scope.value, "description": scope.description }))
        .collect();
    json!({
        "id": resource.id(),
        "name": resource.name,
        "identifier": resource.identifier,
        "is_system": false,
        "scopes": scopes,
        "signing_alg": "RS256",
        "allow_offline_access": resource.offline,
        "skip_consent_for_verifiable_first_party_clients": true,
        "token_lifetime": resource.token_life.unwrap_or(usual).as_secs(),
        "token_lifetime_for_web": 7200,
        "enforce_policies": resource.enforces_policies,
        "token_dialect": resource.dialect.name(),
    })
}

fn missing() -> Complaint {
    not_found(
        "The resource server does not exist",
        "inexistent_resource_server",
    )
}

/// Takes over what a body says of an API.
fn change(resource: &mut Resource, payload: Payload<'_>) -> Result<(), Complaint> {
    if let Some(name) = payload.text("name")? {
        name.clone_into(&mut resource.name);
    }
    if payload.0.contains_key("scopes") {
        resource.scopes = payload
            .needed_objects("scopes")?
            .into_iter()
            .map(|scope| {
                Ok(Permission {
                    value: scope.needed("value")?.to_owned(),
                    description: scope.text("description")?.unwrap_or_default().to_owned(),
                })
            })
            .collect::<Result<_, Complaint>>()?;
        resource.any_scope = false;
    }
    if let Some(offline) = payload.flag("allow_offline_access")? {
        resource.offline = offline;
    }
    if let Some(enforces) = payload.flag("enforce_policies")? {
        resource.enforces_policies = enforces;
    }
    if let Some(name) = payload.text("token_dialect")? {
        resource.dialect = Dialect::named(name).ok_or_else(|| {
            bad_body("Payload validation error: 'No enum match' on property token_dialect.")
        })?;
    }
    if let Some(life) = payload.number("token_lifetime")? {
        if !(1..=2_592_000).contains(&life) {
            return Err(bad_body(
                "Payload validation error: 'Value must be between 1 and 2592000' on property token_lifetime.",
            ));
        }
        resource.token_life = Some(Span::from_secs(life));
    }
    if payload
        .text("signing_alg")?
        .is_some_and(|alg| alg != "RS256")
    {
        return Err(bad_body(
            "Payload validation error: 'Only RS256 is mocked' on property signing_alg.",
        ));
    }
    Ok(())
}

/// `GET /resource-servers`.
pub(super) async fn list(visit: Visit) -> Response {
    visit
        .serve(&["read:resource_servers"], |desk| {
            let usual = desk.behind.tenant.settings().access_token_life;
            let all = desk.behind.tenant.registry().resources().iter();
            let all = all.map(|resource| resource_shown(resource, usual));
            Paging::read(desk.query)?.show("resource_servers", all)
        })
        .await
}

/// `POST /resource-servers`.
pub(super) async fn create(visit: Visit) -> Response {
    visit
        .serve(&["create:resource_servers"], |desk| {
            let usual = desk.behind.tenant.settings().access_token_life;
            let fields = desk.object()?;
            let payload = Payload(&fields);
            let mut resource = Resource::new(payload.needed("identifier")?);
            change(&mut resource, payload)?;
            let shown = resource_shown(&resource, usual);
            let registry = desk.behind.tenant.registry_mut();
            room_beside(registry.resources().len())?;
            registry.add_resource(resource).map_err(|_| {
                let text = "A resource server with the same identifier already exists";
                conflict(text, "resource_server_conflict")
            })?;
            Served::created(shown)
        })
        .await
}

/// `GET /resource-servers/{id}`, by id or identifier.
pub(super) async fn read(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:resource_servers"], |desk| {
            let usual = desk.behind.tenant.settings().access_token_life;
            let found = desk.behind.tenant.registry_mut().resource_mut(&id);
            Served::ok(resource_shown(found.ok_or_else(missing)?, usual))
        })
        .await
}

/// `PATCH /resource-servers/{id}`.
pub(super) async fn update(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:resource_servers"], |desk| {
            let usual = desk.behind.tenant.settings().access_token_life;
            let fields = desk.object()?;
            let found = desk.behind.tenant.registry_mut().resource_mut(&id);
            let resource = found.ok_or_else(missing)?;
            change(resource, Payload(&fields))?;
            Served::ok(resource_shown(resource, usual))
        })
        .await
}

/// `DELETE /resource-servers/{id}`.
pub(super) async fn delete(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["delete:resource_servers"], |desk| {
            desk.behind.tenant.registry_mut().remove_resource(&id);
            Served::empty()
        })
        .await
}
