//! `/api/v2/roles…`: roles, what they allow, and who holds them.

use axum::extract::Path;
use axum::response::Response;
use serde_json::{Value, json};

use super::desk::{Desk, Served, Visit, conflict, not_found, room_beside};
use super::paging::Paging;
use super::payload::{Payload, bad_query};
use crate::auth0::roles::{Allowed, Role};
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::person::Person;

/// A role as it is shown.
pub(super) fn role_shown(id: &str, role: &Role) -> Value {
    json!({ "id": id, "name": role.name, "description": role.description })
}

fn missing() -> Complaint {
    not_found("Role not found", "inexistent_role")
}

/// A role that exists.
pub(super) fn find<'a>(desk: &'a mut Desk<'_>, id: &str) -> Result<&'a mut Role, Complaint> {
    desk.behind.tenant.roles.get_mut(id).ok_or_else(missing)
}

/// `GET /roles`.
pub(super) async fn list(visit: Visit) -> Response {
    visit
        .serve(&["read:roles"], |desk| {
            let wanted = desk.query.get("name_filter").unwrap_or_default();
            let all = desk.behind.tenant.roles.iter();
            let all = all.filter(|(_, role)| role.name.contains(wanted));
            let all = all.map(|(id, role)| role_shown(id, role));
            Paging::read(desk.query)?.show("roles", all)
        })
        .await
}

/// `POST /roles`.
pub(super) async fn create(visit: Visit) -> Response {
    visit
        .serve(&["create:roles"], |desk| {
            let fields = desk.object()?;
            let payload = Payload(&fields);
            let role = Role {
                name: payload.needed("name")?.to_owned(),
                description: payload.text("description")?.unwrap_or_default().to_owned(),
                ..Role::default()
            };
            room_beside(desk.behind.tenant.roles.iter().count())?;
            let id = desk
                .behind
                .tenant
                .roles
                .add(role)
                .map_err(|taken| conflict(&taken.to_string(), "role_conflict"))?;
            Served::ok(role_shown(&id, find(desk, &id)?))
        })
        .await
}

/// `GET /roles/{id}`.
pub(super) async fn read(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:roles"], |desk| {
            Served::ok(role_shown(&id, find(desk, &id)?))
        })
        .await
}

/// `PATCH /roles/{id}`.
pub(super) async fn update(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:roles"], |desk| {
            let fields = desk.object()?;
            let payload = Payload(&fields);
            let role = find(desk, &id)?;
            if let Some(name) = payload.text("name")? {
                name.clone_into(&mut role.name);
            }
            if let Some(description) = payload.text("description")? {
                description.clone_into(&mut role.description);
            }
            Served::ok(role_shown(&id, role))
        })
        .await
}

/// `DELETE /roles/{id}`.
pub(super) async fn delete(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["delete:roles"], |desk| {
            if desk.behind.tenant.roles.remove(&id) {
                Served::empty()
            } else {
                Err(missing())
            }
        })
        .await
}

fn permission_shown(allowed: &Allowed) -> Value {
    json!({
        "resource_server_identifier": allowed.resource,
        "resource_server_name": allowed.resource,
        "permission_name": allowed.name,
        "description": "",
    })
}

/// The permissions in a body.
fn permissions_in(desk: &Desk<'_>) -> Result<Vec<Allowed>, Complaint> {
    let fields = desk.object()?;
    Payload(&fields)
        .needed_objects("permissions")?
        .into_iter()
        .map(|item| {
            let resource = item.needed("resource_server_identifier")?.to_owned();
            let name = item.needed("permission_name")?.to_owned();
            let known = desk.behind.tenant.registry().resource(&resource);
            if known.is_none_or(|known| !known.knows(&name)) {
                let text = format!("Permission {name} does not exist for resource {resource}");
                return Err(not_found(&text, "inexistent_permission"));
            }
            Ok(Allowed { resource, name })
        })
        .collect()
}

/// `GET /roles/{id}/permissions`.
pub(super) async fn permissions(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:roles"], |desk| {
            let all: Vec<Value> = find(desk, &id)?
                .permissions
                .iter()
                .map(permission_shown)
                .collect();
            Paging::read(desk.query)?.show("permissions", all.into_iter())
        })
        .await
}

/// `POST /roles/{id}/permissions`.
pub(super) async fn add_permissions(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:roles"], |desk| {
            let added = permissions_in(desk)?;
            find(desk, &id)?.permissions.extend(added);
            Served::created(json!({}))
        })
        .await
}

/// `DELETE /roles/{id}/permissions`.
pub(super) async fn remove_permissions(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:roles"], |desk| {
            let removed = permissions_in(desk)?;
            find(desk, &id)?
                .permissions
                .retain(|known| !removed.contains(known));
            Served::empty()
        })
        .await
}

/// `GET /roles/{id}/users`.
pub(super) async fn holders(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:roles", "read:role_members"], |desk| {
            let holders = find(desk, &id)?.holders.clone();
            let shown = holders.into_iter().map(|user| {
                let person = Person::of(desk.behind, desk.face.directory(), user);
                json!({
                    "user_id": person.sub, "email": person.email,
                    "name": person.given("name").unwrap_or(&person.email),
                })
            });
            Paging::read(desk.query)?.show("users", shown)
        })
        .await
}

/// `POST /roles/{id}/users`.
pub(super) async fn add_holders(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["create:role_members"], |desk| {
            let fields = desk.object()?;
            let named = Payload(&fields).needed_texts("users")?;
            let people = named
                .iter()
                .map(|user| desk.person(user))
                .collect::<Result<Vec<_>, _>>()?;
            find(desk, &id)?.holders.extend(people);
            Served::ok(json!({}))
        })
        .await
}

/// `GET /users/{id}/roles`.
pub(super) async fn of(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:users", "read:roles"], |desk| {
            let user = desk.person(&id)?;
            let all = desk.behind.tenant.roles.iter();
            let held = all.filter(|(_, role)| role.holders.contains(&user));
            let shown = held.map(|(id, role)| role_shown(id, role));
            Paging::read(desk.query)?.show("roles", shown)
        })
        .await
}

/// `POST /users/{id}/roles`.
pub(super) async fn give(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:users"], |desk| change(desk, &id, true))
        .await
}

/// `DELETE /users/{id}/roles`.
pub(super) async fn take(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:users"], |desk| change(desk, &id, false))
        .await
}

fn change(desk: &mut Desk<'_>, id: &str, give: bool) -> Result<Served, Complaint> {
    let user = desk.person(id)?;
    let fields = desk.object()?;
    for role in Payload(&fields).needed_texts("roles")? {
        let holders = &mut find(desk, &role)?.holders;
        if give {
            holders.insert(user);
        } else {
            holders.remove(&user);
        }
    }
    Served::empty()
}

/// `GET /users/{id}/permissions`.
pub(super) async fn permissions_of(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:users"], |desk| {
            let user = desk.person(&id)?;
            let all = desk.behind.tenant.roles.permissions(user, [].iter());
            let shown = all.into_iter().map(permission_shown);
            Paging::read(desk.query)?.show("permissions", shown)
        })
        .await
}

/// `GET /users/{id}/effective-roles`: groups, which would give others, there are none.
pub(super) async fn effective_of(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:users", "read:roles"], |desk| {
            let user = desk.person(&id)?;
            let all = desk.behind.tenant.roles.iter();
            let held = all.filter(|(_, role)| role.holders.contains(&user));
            let shown = held.map(|(id, role)| {
                let mut shown = role_shown(id, role);
                shown["sources"] = json!(["direct"]);
                shown
            });
            Paging::read(desk.query)?.show_from("roles", shown)
        })
        .await
}

/// `GET /users/{id}/effective-permissions`: by roles and given directly.
pub(super) async fn effective_permissions_of(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:users"], |desk| {
            let user = desk.person(&id)?;
            let roles = &desk.behind.tenant.roles;
            let api = desk.query.get("resource_server_identifier").ok_or_else(|| {
                bad_query(
                    "Query validation error: 'Missing required property: resource_server_identifier'.",
                )
            })?;
            let all = roles.permissions(user, [].iter()).into_iter();
            let all = all.filter(|allowed| allowed.resource == api);
            let shown = all.map(|allowed| {
                let mut held = roles.iter();
                let by_role = held.any(|(_, role)| {
                    role.holders.contains(&user) && role.permissions.contains(allowed)
                });
                let direct = roles.is_direct(user, allowed);
                let sources = [(direct, "direct"), (by_role, "roles")];
                let sources = sources.into_iter().filter(|(holds, _)| *holds);
                let mut shown = permission_shown(allowed);
                shown["sources"] = sources.map(|(_, name)| name).collect();
                shown
            });
            Paging::read(desk.query)?.show_from("permissions", shown)
        })
        .await
}

/// `POST /users/{id}/permissions`.
pub(super) async fn permit(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:users"], |desk| {
            let user = desk.person(&id)?;
            let added = permissions_in(desk)?;
            desk.behind.tenant.roles.direct_mut(user).extend(added);
            Served::created(json!({}))
        })
        .await
}

/// `DELETE /users/{id}/permissions`.
pub(super) async fn forbid(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:users"], |desk| {
            let user = desk.person(&id)?;
            let removed = permissions_in(desk)?;
            desk.behind
                .tenant
                .roles
                .direct_mut(user)
                .retain(|known| !removed.contains(known));
            Served::empty()
        })
        .await
}
