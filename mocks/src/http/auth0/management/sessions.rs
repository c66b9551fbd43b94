//! Sessions, refresh tokens, grants and second factors of people.

use axum::extract::Path;
use axum::response::Response;
use serde_json::{Value, json};

use super::desk::{Desk, Served, Visit, not_found};
use super::paging::Paging;
use super::payload::Payload;
use crate::auth0::registry::Initiator;
use crate::auth0::{FamilySeen, RefreshToken, SessionSeen, UserId};
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::terms::For;
use crate::http::auth0::texts;
use crate::http::seal::{Generation, Seal};

const FAMILY: Seal = Seal::new("auth0 refresh token id");

fn family_id(of: Generation, token: RefreshToken) -> String {
    FAMILY.of(of).close_id(token.family.into())
}

pub(super) fn read_family_id(of: Generation, text: &str) -> Option<RefreshToken> {
    Some(RefreshToken {
        family: FAMILY.of(of).open_id(text)?.try_into().ok()?,
        generation: 0,
    })
}

fn session_shown(desk: &Desk<'_>, seen: &SessionSeen) -> Value {
    let clients: Vec<Value> = desk
        .behind
        .families_in(seen.id)
        .into_iter()
        .map(|client| json!({ "client_id": client }))
        .collect();
    json!({
        "id": texts::sid(desk.behind.generation, seen.id),
        "user_id": desk.behind.user_text(seen.user),
        "created_at": texts::time(seen.authenticated),
        "updated_at": texts::time(seen.seen),
        "authenticated_at": texts::time(seen.authenticated),
        "last_interacted_at": texts::time(seen.seen),
        "idle_expires_at": texts::time(seen.idle_until),
        "expires_at": texts::time(seen.until),
        "device": {},
        "clients": clients,
        "authentication": { "methods": [{
            "name": "pwd", "timestamp": texts::time(seen.authenticated),
        }] },
    })
}

pub(super) fn family_shown(desk: &Desk<'_>, seen: &FamilySeen) -> Value {
    let terms = desk.behind.terms.get(&seen.newest.family);
    let client = terms.map_or(&desk.parties.client_id, |terms| &terms.client_id);
    let session = terms.and_then(|terms| terms.session);
    let session = session.map(|session| texts::sid(desk.behind.generation, session));
    let (audience, scope) = match terms.map(|terms| (&terms.audience, &terms.scope)) {
        Some((For::Api(name), scope)) => (name.clone(), scope.clone()),
        Some((_, scope)) => (desk.parties.userinfo_audience(), scope.clone()),
        None => (desk.parties.api.clone(), String::new()),
    };
    json!({
        "id": family_id(desk.behind.generation, seen.newest),
        "user_id": desk.behind.user_text(seen.user),
        "client_id": client,
        "session_id": session,
        "rotating": desk.behind.tenant.settings().rotation,
        "created_at": texts::time(seen.begun),
        "last_exchanged_at": texts::time(seen.used),
        "idle_expires_at": texts::time(seen.idle_until),
        "expires_at": texts::time(seen.until),
        "device": {},
        "resource_servers": [{ "audience": audience, "scopes": scope }],
    })
}

/// `GET /users/{id}/sessions`.
pub(super) async fn list(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:sessions"], |desk| {
            let user = desk.person(&id)?;
            let seen = desk.behind.tenant.sessions_of(user, desk.now);
            let shown = seen.iter().map(|seen| session_shown(desk, seen));
            Paging::read(desk.query)?.show_from("sessions", shown)
        })
        .await
}

/// `DELETE /users/{id}/sessions`: accepted, and done a moment later; here at once.
pub(super) async fn end_all(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["delete:sessions"], |desk| {
            let user = desk.person(&id)?;
            for seen in desk.behind.tenant.sessions_of(user, desk.now) {
                end_one(desk, &seen);
            }
            Served::accepted(None)
        })
        .await
}

/// `GET /users/{id}/refresh-tokens`.
pub(super) async fn families(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:refresh_tokens"], |desk| {
            let user = desk.person(&id)?;
            let seen = desk.behind.tenant.families_of(user, desk.now);
            let shown = seen.iter().map(|seen| family_shown(desk, seen));
            Paging::read(desk.query)?.show_from("tokens", shown)
        })
        .await
}

/// `DELETE /users/{id}/refresh-tokens`.
pub(super) async fn end_families(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["delete:refresh_tokens"], |desk| {
            let user = desk.person(&id)?;
            end_families_of(desk, user);
            Served::accepted(None)
        })
        .await
}

fn end_families_of(desk: &mut Desk<'_>, user: UserId) {
    for seen in desk.behind.tenant.families_of(user, desk.now) {
        desk.behind.tenant.end_family(seen.newest, desk.now);
    }
}

fn session(desk: &Desk<'_>, id: &str) -> Result<SessionSeen, Complaint> {
    texts::read_sid(desk.behind.generation, id)
        .and_then(|id| desk.behind.tenant.session(id, desk.now))
        .ok_or_else(|| not_found("The session does not exist.", "inexistent_session"))
}

/// `GET /sessions/{id}`.
pub(super) async fn read(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:sessions"], |desk| {
            let seen = session(desk, &id)?;
            Served::ok(session_shown(desk, &seen))
        })
        .await
}

/// `DELETE /sessions/{id}`.
pub(super) async fn end(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["delete:sessions"], |desk| {
            if let Ok(seen) = session(desk, &id) {
                end_one(desk, &seen);
            }
            Served::accepted(None)
        })
        .await
}

/// `POST /sessions/{id}/revoke`: the session and the refresh tokens that came of it.
pub(super) async fn revoke(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["delete:sessions"], |desk| {
            let seen = session(desk, &id)?;
            end_with_tokens(desk, &seen);
            Served::accepted(None)
        })
        .await
}

/// Ends a session; applications are told of it.
fn end_one(desk: &mut Desk<'_>, seen: &SessionSeen) {
    desk.behind
        .announce(seen.id, &[Initiator::SessionRevoked], desk.stamp);
    desk.behind.tenant.end_session(seen.id, desk.now);
}

fn end_with_tokens(desk: &mut Desk<'_>, seen: &SessionSeen) {
    let now = desk.now;
    for family in desk.behind.tenant.families_of(seen.user, now) {
        let of_session = desk
            .behind
            .terms
            .get(&family.newest.family)
            .is_some_and(|terms| terms.session == Some(seen.id));
        if of_session {
            desk.behind.tenant.end_family(family.newest, now);
        }
    }
    end_one(desk, seen);
}

/// `POST /users/{id}/revoke-access`: one session or all, with their refresh tokens or without.
pub(super) async fn revoke_access(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["delete:sessions"], |desk| {
            let user = desk.person(&id)?;
            let fields = if desk.body.is_empty() {
                serde_json::Map::new()
            } else {
                desk.object()?
            };
            let payload = Payload(&fields);
            let keeps = payload.flag("preserve_refresh_tokens")? == Some(true);
            let one = match payload.text("session_id")? {
                Some(text) => Some(session(desk, text)?),
                None => None,
            };
            match one {
                Some(seen) if keeps => {
                    end_one(desk, &seen);
                }
                Some(seen) => end_with_tokens(desk, &seen),
                None => {
                    for seen in desk.behind.tenant.sessions_of(user, desk.now) {
                        end_one(desk, &seen);
                    }
                    if !keeps {
                        end_families_of(desk, user);
                    }
                }
            }
            Served::accepted(None)
        })
        .await
}

fn family(desk: &Desk<'_>, id: &str) -> Result<FamilySeen, Complaint> {
    read_family_id(desk.behind.generation, id)
        .and_then(|token| desk.behind.tenant.family(token, desk.now))
        .ok_or_else(|| {
            not_found(
                "The refresh token does not exist.",
                "inexistent_refresh_token",
            )
        })
}

/// `GET /refresh-tokens/{id}`.
pub(super) async fn read_family(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:refresh_tokens"], |desk| {
            let seen = family(desk, &id)?;
            Served::ok(family_shown(desk, &seen))
        })
        .await
}

/// `DELETE /refresh-tokens/{id}`.
pub(super) async fn end_family(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["delete:refresh_tokens"], |desk| {
            if let Ok(seen) = family(desk, &id) {
                desk.behind.tenant.end_family(seen.newest, desk.now);
            }
            Served::accepted(None)
        })
        .await
}

/// `GET /grants?user_id=…`: what a person has let applications do, as far as refresh tokens tell.
pub(super) async fn grants(visit: Visit) -> Response {
    visit
        .serve(&["read:grants"], |desk| {
            let families = match desk.query.get("user_id") {
                Some(id) => {
                    let user = desk.person(id)?;
                    desk.behind.tenant.families_of(user, desk.now)
                }
                None => Vec::new(),
            };
            let shown = families.iter().map(|seen| {
                let family = family_shown(desk, seen);
                json!({
                    "id": family["id"],
                    "clientID": family["client_id"],
                    "user_id": family["user_id"],
                    "audience": family["resource_servers"][0]["audience"],
                    "scope": family["resource_servers"][0]["scopes"]
                        .as_str()
                        .unwrap_or_default()
                        .split_whitespace()
                        .collect::<Vec<_>>(),
                })
            });
            Paging::read(desk.query)?.show("grants", shown)
        })
        .await
}

/// `GET /users/{id}/enrollments`.
pub(super) async fn enrolments(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:users", "read:guardian_enrollments"], |desk| {
            let user = desk.person(&id)?;
            let known = desk.behind.tenant.factors.get(user);
            let shown: Vec<Value> = known
                .and_then(|factors| factors.authenticator.as_ref())
                .map(|known| {
                    json!({
                        "id": known.id,
                        "type": "authenticator",
                        "status": if known.confirmed { "confirmed" } else { "pending" },
                        "auth_method": "authenticator",
                        "enrolled_at": texts::time(known.created),
                    })
                })
                .into_iter()
                .collect();
            Served::ok(shown)
        })
        .await
}

/// `DELETE /users/{id}/multifactor/{provider}`.
pub(super) async fn remove_factor(
    Path((id, _provider)): Path<(String, String)>,
    visit: Visit,
) -> Response {
    visit
        .serve(&["update:users"], |desk| {
            let user = desk.person(&id)?;
            desk.behind.tenant.factors.forget(user);
            Served::empty()
        })
        .await
}
