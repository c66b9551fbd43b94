//! `/api/v2/organizations/{id}/members…`: who belongs to an organization, and in which roles.

use axum::extract::Path;
use axum::response::Response;
use serde_json::{Value, json};

use super::desk::{Desk, Served, Visit, not_found};
use super::organizations::{find, get_mut, shown};
use super::paging::Paging;
use super::payload::Payload;
use super::roles::role_shown;
use crate::auth0::UserId;
use crate::auth0::organizations::Organization;
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::person::{PICTURE, Person};

/// `GET /organizations/{id}/members`.
pub(super) async fn list(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:organization_members"], |desk| {
            let id = find(desk, &id)?;
            let organization = desk.behind.tenant.organizations.get(id);
            let members = organization.into_iter().flat_map(Organization::members);
            let all = members.map(|user| {
                let person = Person::of(desk.behind, desk.face.directory(), user);
                json!({
                    "user_id": person.sub,
                    "email": person.email,
                    "name": person.given("name").unwrap_or(&person.email),
                    "picture": person.given("picture").unwrap_or(PICTURE),
                })
            });
            Paging::read(desk.query)?.show("members", all)
        })
        .await
}

fn people(desk: &Desk<'_>) -> Result<Vec<UserId>, Complaint> {
    let fields = desk.object()?;
    let named = Payload(&fields).needed_texts("members")?;
    named.iter().map(|id| desk.person(id)).collect()
}

/// `POST /organizations/{id}/members`.
pub(super) async fn add(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["create:organization_members"], |desk| {
            let id = find(desk, &id)?;
            for user in people(desk)? {
                get_mut(desk, id)?.join(user);
            }
            Served::empty()
        })
        .await
}

/// `DELETE /organizations/{id}/members`.
pub(super) async fn remove(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["delete:organization_members"], |desk| {
            let id = find(desk, &id)?;
            for user in people(desk)? {
                get_mut(desk, id)?.leave(user);
            }
            Served::empty()
        })
        .await
}

/// `GET /users/{id}/organizations`.
pub(super) async fn organizations_of(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:organizations"], |desk| {
            let user = desk.person(&id)?;
            let all = desk.behind.tenant.organizations.of(user);
            let all = all.map(|(id, organization)| shown(id, organization));
            Paging::read(desk.query)?.show("organizations", all)
        })
        .await
}

fn not_member() -> Complaint {
    not_found(
        "The user is not a member of the organization.",
        "inexistent_organization_member",
    )
}

/// `GET /organizations/{id}/members/{user}/roles`.
pub(super) async fn roles(Path((id, user)): Path<(String, String)>, visit: Visit) -> Response {
    visit
        .serve(&["read:organization_member_roles"], |desk| {
            let id = find(desk, &id)?;
            let user = desk.person(&user)?;
            let organization = desk.behind.tenant.organizations.get(id);
            let held = organization
                .and_then(|of| of.roles(user))
                .ok_or_else(not_member)?;
            let shown: Vec<Value> = held
                .iter()
                .filter_map(|role| Some(role_shown(role, desk.behind.tenant.roles.get(role)?)))
                .collect();
            Paging::read(desk.query)?.show("roles", shown.into_iter())
        })
        .await
}

/// `POST /organizations/{id}/members/{user}/roles`.
pub(super) async fn give_roles(Path((id, user)): Path<(String, String)>, visit: Visit) -> Response {
    visit
        .serve(&["create:organization_member_roles"], |desk| {
            change_roles(desk, &id, &user, true)
        })
        .await
}

/// `DELETE /organizations/{id}/members/{user}/roles`.
pub(super) async fn take_roles(Path((id, user)): Path<(String, String)>, visit: Visit) -> Response {
    visit
        .serve(&["delete:organization_member_roles"], |desk| {
            change_roles(desk, &id, &user, false)
        })
        .await
}

fn change_roles(
    desk: &mut Desk<'_>,
    id: &str,
    user: &str,
    give: bool,
) -> Result<Served, Complaint> {
    let id = find(desk, id)?;
    let user = desk.person(user)?;
    let fields = desk.object()?;
    let named = Payload(&fields).needed_texts("roles")?;
    for role in &named {
        super::roles::find(desk, role)?;
    }
    let held = get_mut(desk, id)?.roles_mut(user).ok_or_else(not_member)?;
    for role in named {
        if give {
            held.insert(role);
        } else {
            held.remove(&role);
        }
    }
    Served::empty()
}
