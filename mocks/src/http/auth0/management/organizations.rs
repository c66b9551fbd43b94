//! `/api/v2/organizations…`: organizations, the connections they offer, and whom they invite.

use axum::extract::Path;
use axum::response::Response;
use serde_json::{Value, json};

use super::connections::{connection_id, read_connection_id};
use super::desk::{Desk, Served, Visit, conflict, not_found, room_beside};
use super::paging::Paging;
use super::payload::{Payload, bad_body};
use crate::auth0::Connection;
use crate::auth0::organizations::{
    INVITATION_LIFE, Invitation, Organization, OrganizationId, organization_text,
};
use crate::auth0::profiles::merge;
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::errors::is_address;
use crate::http::auth0::texts;
use crate::http::seal::Generation;
use crate::time::Span;

/// An organization as it is shown.
pub(super) fn shown(id: OrganizationId, organization: &Organization) -> Value {
    let mut shown = json!({
        "id": organization_text(id),
        "name": organization.name,
        "display_name": organization.display_name,
    });
    if !organization.metadata.is_empty() {
        shown["metadata"] = organization.metadata.clone().into();
    }
    if let Some(branding) = &organization.branding {
        shown["branding"] = branding.clone();
    }
    shown
}

/// An organization that exists.
pub(super) fn find(desk: &Desk<'_>, text: &str) -> Result<OrganizationId, Complaint> {
    desk.behind
        .tenant
        .organizations
        .find(text)
        .filter(|_| text.starts_with("org_"))
        .ok_or_else(missing)
}

fn missing() -> Complaint {
    not_found(
        "No organization found by that id or name",
        "inexistent_organization",
    )
}

fn get<'a>(desk: &'a Desk<'_>, id: OrganizationId) -> Result<&'a Organization, Complaint> {
    desk.behind.tenant.organizations.get(id).ok_or_else(missing)
}

pub(super) fn get_mut<'a>(
    desk: &'a mut Desk<'_>,
    id: OrganizationId,
) -> Result<&'a mut Organization, Complaint> {
    desk.behind
        .tenant
        .organizations
        .get_mut(id)
        .ok_or_else(missing)
}

/// `GET /organizations`.
pub(super) async fn list(visit: Visit) -> Response {
    visit
        .serve(&["read:organizations"], |desk| {
            let all = desk.behind.tenant.organizations.iter();
            let all = all.map(|(id, organization)| shown(id, organization));
            Paging::read(desk.query)?.show("organizations", all)
        })
        .await
}

/// `POST /organizations`.
pub(super) async fn create(visit: Visit) -> Response {
    visit
        .serve(&["create:organizations"], |desk| {
            let fields = desk.object()?;
            let payload = Payload(&fields);
            let name = valid_name(payload.needed("name")?)?;
            let mut organization = Organization::default();
            name.clone_into(&mut organization.name);
            payload
                .text("display_name")?
                .unwrap_or(name)
                .clone_into(&mut organization.display_name);
            organization.metadata = payload.object("metadata")?.cloned().unwrap_or_default();
            organization.branding = payload.object("branding")?.cloned().map(Value::Object);
            if payload.0.contains_key("enabled_connections") {
                for enabled in payload.needed_objects("enabled_connections")? {
                    let connection = read_connection_id(enabled.needed("connection_id")?)?;
                    let assign = enabled.flag("assign_membership_on_login")? == Some(true);
                    organization.connections.insert(connection, assign);
                }
            }
            let organizations = &mut desk.behind.tenant.organizations;
            room_beside(organizations.iter().count())?;
            let id = organizations
                .add(organization)
                .map_err(|taken| conflict(&format!("{taken}"), "organization_conflict"))?;
            Served::created(shown(id, get(desk, id)?))
        })
        .await
}

/// A name: lower-case letters, digits, `-` and `_`, at most 50.
fn valid_name(name: &str) -> Result<&str, Complaint> {
    let fits = (1..=50).contains(&name.len())
        && !name.starts_with("org_")
        && name.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)
        });
    if fits {
        Ok(name)
    } else {
        Err(bad_body(
            "Payload validation error: 'String does not match pattern ^[a-z0-9]([a-z0-9\\-_]*[a-z0-9])?$' on property name (The name of this organization.).",
        ))
    }
}

/// `GET /organizations/{id}`.
pub(super) async fn read(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:organizations"], |desk| {
            let id = find(desk, &id)?;
            Served::ok(shown(id, get(desk, id)?))
        })
        .await
}

/// `GET /organizations/name/{name}`.
pub(super) async fn by_name(Path(name): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:organizations"], |desk| {
            let found = desk.behind.tenant.organizations.named(&name);
            let id = found.ok_or_else(missing)?;
            Served::ok(shown(id, get(desk, id)?))
        })
        .await
}

/// `PATCH /organizations/{id}`.
pub(super) async fn update(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:organizations"], |desk| {
            let id = find(desk, &id)?;
            let fields = desk.object()?;
            let payload = Payload(&fields);
            if let Some(name) = payload.text("name")? {
                valid_name(name)?;
                let holder = desk.behind.tenant.organizations.named(name);
                if holder.is_some_and(|holder| holder != id) {
                    return Err(conflict(
                        "an organization with this name already exists",
                        "organization_conflict",
                    ));
                }
            }
            let organization = get_mut(desk, id)?;
            if let Some(name) = payload.text("name")? {
                name.clone_into(&mut organization.name);
            }
            if let Some(name) = payload.text("display_name")? {
                name.clone_into(&mut organization.display_name);
            }
            if let Some(metadata) = payload.object("metadata")? {
                merge(&mut organization.metadata, metadata);
            }
            if let Some(branding) = payload.object("branding")? {
                organization.branding = Some(branding.clone().into());
            }
            Served::ok(shown(id, get(desk, id)?))
        })
        .await
}

/// `DELETE /organizations/{id}`.
pub(super) async fn delete(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["delete:organizations"], |desk| {
            if let Ok(id) = find(desk, &id) {
                desk.behind.tenant.organizations.remove(id);
            }
            Served::empty()
        })
        .await
}

fn connection_shown(connection: Connection, assign: bool) -> Value {
    json!({
        "connection_id": connection_id(connection),
        "assign_membership_on_login": assign,
        "show_as_button": true,
        "connection": {
            "name": texts::connection(connection),
            "strategy": texts::provider(connection),
        },
    })
}

/// `GET /organizations/{id}/enabled_connections`.
pub(super) async fn connections(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:organization_connections"], |desk| {
            let id = find(desk, &id)?;
            let all = get(desk, id)?.connections.iter();
            let all = all.map(|(connection, assign)| connection_shown(*connection, *assign));
            Paging::read(desk.query)?.show("enabled_connections", all)
        })
        .await
}

/// `POST /organizations/{id}/enabled_connections`.
pub(super) async fn enable(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["create:organization_connections"], |desk| {
            let id = find(desk, &id)?;
            let fields = desk.object()?;
            let payload = Payload(&fields);
            let connection = read_connection_id(payload.needed("connection_id")?)?;
            let assign = payload.flag("assign_membership_on_login")? == Some(true);
            get_mut(desk, id)?.connections.insert(connection, assign);
            Served::created(connection_shown(connection, assign))
        })
        .await
}

/// `GET /organizations/{id}/enabled_connections/{connection}`.
pub(super) async fn connection(
    Path((id, connection)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    visit
        .serve(&["read:organization_connections"], |desk| {
            let (assign, connection) = enabled(desk, &id, &connection)?;
            Served::ok(connection_shown(connection, assign))
        })
        .await
}

fn enabled(desk: &Desk<'_>, id: &str, connection: &str) -> Result<(bool, Connection), Complaint> {
    let id = find(desk, id)?;
    let connection = read_connection_id(connection)?;
    let assign = get(desk, id)?.connections.get(&connection);
    let assign = assign.ok_or_else(|| {
        not_found(
            "The connection is not enabled for the organization.",
            "inexistent_organization_connection",
        )
    })?;
    Ok((*assign, connection))
}

/// `PATCH /organizations/{id}/enabled_connections/{connection}`.
pub(super) async fn change_connection(
    Path((id, connection)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    visit
        .serve(&["update:organization_connections"], |desk| {
            let (assign, connection) = enabled(desk, &id, &connection)?;
            let fields = desk.object()?;
            let assign = Payload(&fields)
                .flag("assign_membership_on_login")?
                .unwrap_or(assign);
            let id = find(desk, &id)?;
            get_mut(desk, id)?.connections.insert(connection, assign);
            Served::ok(connection_shown(connection, assign))
        })
        .await
}

/// `DELETE /organizations/{id}/enabled_connections/{connection}`.
pub(super) async fn disable(
    Path((id, connection)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    visit
        .serve(&["delete:organization_connections"], |desk| {
            let id = find(desk, &id)?;
            let connection = read_connection_id(&connection)?;
            get_mut(desk, id)?.connections.remove(&connection);
            Served::empty()
        })
        .await
}

fn invitation_shown(desk: &Desk<'_>, id: OrganizationId, invitation: &Invitation) -> Value {
    let ticket = texts::invitation(desk.behind.generation, invitation.number);
    let organization = organization_text(id);
    let login = desk
        .behind
        .tenant
        .registry()
        .client(&invitation.client_id)
        .and_then(|client| client.login_uri.clone())
        .unwrap_or_else(|| format!("{}login", desk.parties.issuer));
    json!({
        "id": format!("uinv_{ticket}"),
        "organization_id": organization,
        "inviter": { "name": invitation.inviter },
        "invitee": { "email": invitation.invitee },
        "invitation_url": format!("{login}?invitation={ticket}&organization={organization}"),
        "ticket_id": ticket,
        "client_id": invitation.client_id,
        "roles": invitation.roles,
        "created_at": texts::time(invitation.created),
        "expires_at": texts::time(invitation.expires),
    })
}

/// `GET /organizations/{id}/invitations`.
pub(super) async fn invitations(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:organization_invitations"], |desk| {
            let id = find(desk, &id)?;
            let all = get(desk, id)?.invitations().iter();
            let all = all.map(|invitation| invitation_shown(desk, id, invitation));
            Paging::read(desk.query)?.show("invitations", all)
        })
        .await
}

/// `POST /organizations/{id}/invitations`: mailed, unless `send_invitation_email` says no.
pub(super) async fn invite(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["create:organization_invitations"], |desk| {
            let id = find(desk, &id)?;
            let fields = desk.object()?;
            let payload = Payload(&fields);
            let nested = |name: &str, inner: &str| -> Result<String, Complaint> {
                let object = payload.object(name)?.ok_or_else(|| {
                    bad_body(&format!(
                        "Payload validation error: 'Missing required property: {name}'."
                    ))
                })?;
                Payload(object).needed(inner).map(str::to_owned)
            };
            let invitee = nested("invitee", "email")?;
            if !is_address(&invitee) {
                return Err(bad_body(
                    "Payload validation error: 'Invalid email' on property invitee.email.",
                ));
            }
            let client_id = payload.needed("client_id")?.to_owned();
            if desk.behind.tenant.registry().client(&client_id).is_none() {
                return Err(super::clients::missing());
            }
            let life = payload
                .number("ttl_sec")?
                .map_or(INVITATION_LIFE, Span::from_secs);
            let invitation = Invitation {
                number: desk.behind.tenant.organizations.next_invitation(),
                invitee: invitee.clone(),
                inviter: nested("inviter", "name")?,
                client_id,
                roles: payload.texts("roles")?.unwrap_or_default(),
                created: desk.now,
                expires: desk.now + life,
            };
            let shown = invitation_shown(desk, id, &invitation);
            if payload.flag("send_invitation_email")? != Some(false) {
                let link = shown["invitation_url"].as_str().map(str::to_owned);
                let ticket = texts::invitation(desk.behind.generation, invitation.number);
                desk.face.mail(&invitee, "invitation", ticket, link);
            }
            get_mut(desk, id)?.invite(invitation);
            Served::created(shown)
        })
        .await
}

fn number_of(of: Generation, id: &str) -> Option<u32> {
    texts::read_invitation(of, id.strip_prefix("uinv_").unwrap_or(id))
}

fn no_invitation() -> Complaint {
    not_found("The invitation does not exist.", "inexistent_invitation")
}

/// `GET /organizations/{id}/invitations/{invitation}`.
pub(super) async fn invitation(
    Path((id, invitation)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    visit
        .serve(&["read:organization_invitations"], |desk| {
            let id = find(desk, &id)?;
            let number =
                number_of(desk.behind.generation, &invitation).ok_or_else(no_invitation)?;
            let all = get(desk, id)?.invitations();
            let found = all.iter().find(|invitation| invitation.number == number);
            let found = found.ok_or_else(no_invitation)?;
            Served::ok(invitation_shown(desk, id, found))
        })
        .await
}

/// `DELETE /organizations/{id}/invitations/{invitation}`.
pub(super) async fn take_back(
    Path((id, invitation)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    visit
        .serve(&["delete:organization_invitations"], |desk| {
            let id = find(desk, &id)?;
            let number =
                number_of(desk.behind.generation, &invitation).ok_or_else(no_invitation)?;
            let taken = get_mut(desk, id)?.take_invitation(number);
            taken.ok_or_else(no_invitation)?;
            Served::empty()
        })
        .await
}
