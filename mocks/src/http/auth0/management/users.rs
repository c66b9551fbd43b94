//! `/api/v2/users…`: making, reading, changing and deleting users.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Map, Value};

use super::desk::{Desk, Served, Visit, conflict, refused};
use super::paging::cut_fields;
use super::payload::{Payload, bad_body, bad_query};
use super::user::user;
use super::{search, tickets};
use crate::auth0::profiles::{GIVEN, merge};
use crate::auth0::registry::Initiator;
use crate::auth0::{Call, Change, Connection, Error, Manage, Reply, User, UserId};
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::errors::{is_address, management_error};
use crate::http::auth0::events::{About, Happening};
use crate::http::auth0::texts;

/// Properties of a new user.
const NEW: [&str; 18] = [
    "connection",
    "email",
    "phone_number",
    "user_metadata",
    "blocked",
    "email_verified",
    "phone_verified",
    "app_metadata",
    "given_name",
    "family_name",
    "name",
    "nickname",
    "picture",
    "user_id",
    "password",
    "verify_email",
    "username",
    "client_id",
];

/// Properties that an update may change.
const CHANGEABLE: [&str; 19] = [
    "blocked",
    "email_verified",
    "email",
    "phone_number",
    "phone_verified",
    "user_metadata",
    "app_metadata",
    "given_name",
    "family_name",
    "name",
    "nickname",
    "picture",
    "verify_email",
    "verify_phone_number",
    "password",
    "connection",
    "client_id",
    "username",
    "verify_password",
];

/// `POST /users`.
pub(super) async fn create(visit: Visit) -> Response {
    visit
        .serve(&["create:users"], |desk| {
            let fields = desk.object()?;
            let payload = Payload(&fields);
            payload.only(&NEW)?;
            let connection = connection(payload.needed("connection")?)?;
            let id = add(desk, payload, connection)?;
            let shown = user(desk.behind, desk.face.directory(), id);
            Served::created(shown.unwrap_or_default())
        })
        .await
}

/// The connection of a name.
pub(super) fn connection(name: &str) -> Result<Connection, Complaint> {
    texts::read_connection(name).ok_or_else(|| {
        management_error(
            StatusCode::BAD_REQUEST,
            "The connection does not exist.",
            Some("inexistent_connection"),
        )
        .into()
    })
}

fn add(
    desk: &mut Desk<'_>,
    payload: Payload<'_>,
    connection: Connection,
) -> Result<UserId, Complaint> {
    let address = if connection == Connection::Sms {
        payload.needed("phone_number")?
    } else {
        let address = payload.needed("email")?;
        if !is_address(address) {
            return Err(bad_body(
                "Payload validation error: 'Object didn't pass validation for format email' on property email (The user's email).",
            ));
        }
        address
    };
    let password = match (connection, payload.text("password")?) {
        (Connection::Database, None) => {
            return Err(bad_body(
                "Payload validation error: 'Missing required property: password'.",
            ));
        }
        (_, password) => password,
    };
    let chosen = payload
        .text("user_id")?
        .map(|id| format!("{}|{id}", texts::provider(connection)));
    let taken = || conflict("The user already exists.", "auth0_idp_error");
    if let Some(id) = &chosen
        && desk.behind.read_user(id).is_some()
    {
        return Err(taken());
    }
    if let Some(username) = payload.text("username")?
        && desk.behind.tenant.profiles.by_username(username).is_some()
    {
        return Err(conflict(
            "The username provided is in use already.",
            "auth0_idp_error",
        ));
    }
    let call = Call::CreateUser {
        email: desk.face.directory().intern(address),
        connection,
        verified: payload
            .flag("email_verified")?
            .or(payload.flag("phone_verified")?)
            .unwrap_or(false),
    };
    let said = desk.behind.tenant.say(desk.stamp, &call);
    let Reply::Created(id) = said.map_err(refused)? else {
        return Err(refused(Error::Other));
    };
    if let Some(chosen) = chosen {
        desk.behind.tenant.profiles.choose_id(id, chosen);
    }
    if let Some(password) = password {
        desk.behind.set_password(id, address, password);
    }
    if payload.flag("blocked")? == Some(true) {
        let change = Change {
            blocked: Some(true),
            ..Change::default()
        };
        manage(desk, Manage::Update(id, change))?;
    }
    let now = desk.now;
    desk.behind.tenant.profiles.get_mut(id).created = Some(now);
    describe(desk, id, payload)?;
    if payload.flag("verify_email")? == Some(true) {
        tickets::mail_verification(desk, id, address);
    }
    Ok(id)
}

/// Hands a call to the machine.
fn manage(desk: &mut Desk<'_>, manage: Manage) -> Result<(), Complaint> {
    let said = desk.behind.tenant.say(desk.stamp, &Call::Manage(manage));
    said.map(|_| ()).map_err(refused)
}

/// Keeps names and metadata; metadata is merged into what there is.
pub(super) fn describe(
    desk: &mut Desk<'_>,
    id: UserId,
    payload: Payload<'_>,
) -> Result<(), Complaint> {
    for field in GIVEN {
        if let Some(value) = payload.text(field)? {
            if field == "username" {
                if !desk.behind.tenant.profiles.set_username(id, value) {
                    return Err(conflict(
                        "The username provided is in use already.",
                        "auth0_idp_error",
                    ));
                }
            } else {
                let profile = desk.behind.tenant.profiles.get_mut(id);
                profile.given.insert(field, value.to_owned());
            }
        } else if payload.0.get(field).is_some_and(Value::is_null) {
            desk.behind.tenant.profiles.get_mut(id).given.remove(field);
        }
    }
    let emptied = |name: &str| payload.0.get(name).is_some_and(Value::is_null);
    let apply = |kept: &mut Map<String, Value>, patch: Option<&Map<String, Value>>, clear| {
        if let Some(patch) = patch {
            merge(kept, patch);
            // An empty object means that nothing shall be left (docs, manage user metadata).
            if patch.is_empty() {
                kept.clear();
            }
        } else if clear {
            kept.clear();
        }
    };
    let (user_patch, app_patch) = (
        payload.object("user_metadata")?,
        payload.object("app_metadata")?,
    );
    let clears = (emptied("user_metadata"), emptied("app_metadata"));
    if user_patch.is_some() || app_patch.is_some() || clears.0 || clears.1 {
        let profile = desk.behind.tenant.profiles.get_mut(id);
        apply(&mut profile.user_metadata, user_patch, clears.0);
        apply(&mut profile.app_metadata, app_patch, clears.1);
    }
    Ok(())
}

/// `GET /users`.
pub(super) async fn list(visit: Visit) -> Response {
    visit.serve(&["read:users"], search::search).await
}

/// `GET /users-by-email?email=…`: the match tells letter case apart.
pub(super) async fn by_email(visit: Visit) -> Response {
    visit
        .serve(&["read:users"], |desk| {
            let address = desk.query.get("email").ok_or_else(|| {
                bad_query("Query validation error: 'Missing required property: email'.")
            })?;
            let email = desk.face.directory().known(address);
            let found = email.map(|email| desk.behind.tenant.users_by_email(email));
            let shown: Vec<Value> = found
                .unwrap_or_default()
                .into_iter()
                .filter_map(|id| user(desk.behind, desk.face.directory(), id))
                .map(|shown| cut_fields(desk.query, shown))
                .collect();
            Served::ok(shown)
        })
        .await
}

/// `GET /users/{id}`.
pub(super) async fn read(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:users", "read:current_user"], |desk| {
            let id = desk.person(&id)?;
            manage(desk, Manage::Read(id))?;
            let shown = user(desk.behind, desk.face.directory(), id);
            Served::ok(cut_fields(desk.query, shown.unwrap_or_default()))
        })
        .await
}

/// `PATCH /users/{id}`.
pub(super) async fn update(Path(id): Path<String>, visit: Visit) -> Response {
    let scopes = [
        "update:users",
        "update:users_app_metadata",
        "update:current_user_metadata",
    ];
    visit
        .serve(&scopes, |desk| {
            let fields = desk.object()?;
            let payload = Payload(&fields);
            payload.only(&CHANGEABLE)?;
            let (email, password) = (payload.text("email")?, payload.text("password")?);
            let both = [email, password, payload.text("username")?];
            if both.iter().flatten().count() > 1 {
                return Err(management_error(
                    StatusCode::BAD_REQUEST,
                    "Cannot update password and email simultaneously",
                    Some("operation_not_supported"),
                )
                .into());
            }
            if email.is_some_and(|email| !is_address(email)) {
                return Err(bad_body(
                    "Payload validation error: 'Object didn't pass validation for format email' on property email.",
                ));
            }
            let id = desk.person(&id)?;
            let change = Change {
                blocked: payload.flag("blocked")?,
                verified: payload
                    .flag("email_verified")?
                    .or(payload.flag("phone_verified")?),
                email: email.map(|email| desk.face.directory().intern(email)),
                password: password.is_some(),
            };
            check_free(desk, id, change)?;
            let before = desk.behind.tenant.user(id).copied();
            manage(desk, Manage::Update(id, change))?;
            if let Some(before) = before {
                follow(desk, id, before, change);
            }
            if let Some(password) = password {
                let now = desk.now;
                desk.behind
                    .change_password(desk.face.directory(), id, password, now);
            }
            describe(desk, id, payload)?;
            let now = desk.now;
            desk.behind.tenant.profiles.get_mut(id).updated = Some(now);
            if payload.flag("verify_email")? == Some(true)
                && let Some(row) = desk.behind.tenant.user(id)
            {
                let address = desk.face.directory().text(row.email);
                tickets::mail_verification(desk, id, &address);
            }
            let shown = user(desk.behind, desk.face.directory(), id);
            Served::ok(shown.unwrap_or_default())
        })
        .await
}

/// What comes of a change for somebody's sessions: applications are told, and if the password or the
/// address is another one, they end; what stays as it was changes nothing (Auth0 docs, session logout;
/// Auth0 community, unwarranted session removal after user updates). Refresh tokens stay.
fn follow(desk: &mut Desk<'_>, id: UserId, before: User, change: Change) {
    let another = change
        .email
        .is_some_and(|email| email.mailbox != before.email.mailbox);
    let changes = [
        (change.password, Initiator::PasswordChanged),
        (another, Initiator::EmailIdentifierChanged),
        (
            change.blocked == Some(true) && !before.blocked,
            Initiator::AccountDeactivated,
        ),
    ];
    let why = changes.into_iter().filter(|(changes, _)| *changes);
    let why: Vec<Initiator> = why.map(|(_, why)| why).collect();
    desk.behind.announce_all(id, &why, desk.stamp);
    let doubtful = change.verified == Some(false) && before.verified;
    if before.connection == Connection::Database && (change.password || another || doubtful) {
        desk.behind.end_sessions(id, desk.now);
    }
}

/// Whether the address that somebody is given is nobody else's in the connection.
fn check_free(desk: &Desk<'_>, id: UserId, change: Change) -> Result<(), Complaint> {
    let tenant = &desk.behind.tenant;
    let holder = change.email.and_then(|email| {
        let connection = tenant.user(id)?.connection;
        tenant.find_user(email, connection)
    });
    if holder.is_some_and(|holder| holder != id) {
        return Err(management_error(
            StatusCode::BAD_REQUEST,
            "The specified new email already exists",
            Some("auth0_idp_error"),
        )
        .into());
    }
    Ok(())
}

/// `DELETE /users/{id}`: 204, whether there was anybody or not (docs, delete a user); sessions and
/// refresh tokens end.
pub(super) async fn delete(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["delete:users", "delete:current_user"], |desk| {
            let id = desk.person(&id)?;
            let now = desk.now;
            let entry = Happening::new("sdu", "", About::User(id));
            desk.face.log(desk.behind, desk.stamp, entry);
            desk.behind
                .announce_all(id, &[Initiator::AccountDeleted], desk.stamp);
            desk.behind.end_access(id, now);
            manage(desk, Manage::Delete(id))?;
            for linked in desk.behind.tenant.links.of(id).to_vec() {
                manage(desk, Manage::Delete(linked))?;
                desk.behind.forget(linked);
            }
            desk.behind.forget(id);
            Served::empty()
        })
        .await
}
