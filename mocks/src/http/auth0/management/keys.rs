//! `/api/v2/keys/signing…`: the signing keys, their rotation and the end of the previous one.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::desk::{Desk, Served, Visit, not_found, room_beside};
use crate::http::auth0::errors::management_error;
use crate::http::auth0::face::Face;
use crate::http::off_the_loop::off_the_loop;
use crate::keys::KeyId;

fn key_shown(desk: &Desk<'_>, id: KeyId) -> Value {
    let set = desk.behind.tenant.keys(desk.stamp.at);
    let key = Face::keys().key(id);
    let certificate = key.jwk()["x5c"][0].as_str().unwrap_or_default().to_owned();
    json!({
        "kid": key.kid(),
        "cert": format!("-----BEGIN CERTIFICATE-----\n{certificate}\n-----END CERTIFICATE-----"),
        "fingerprint": key.jwk()["x5t"],
        "thumbprint": key.jwk()["x5t"],
        "current": set.current == id,
        "next": set.next == Some(id),
        "previous": set.previous == Some(id),
        "revoked": !set.holds(id),
    })
}

fn all(desk: &Desk<'_>) -> Vec<KeyId> {
    let set = desk.behind.tenant.keys(desk.stamp.at);
    [set.next, Some(set.current), set.previous]
        .into_iter()
        .flatten()
        .collect()
}

/// `GET /keys/signing`.
pub(super) async fn list(visit: Visit) -> Response {
    visit
        .serve(&["read:signing_keys"], |desk| {
            let shown: Vec<Value> = all(desk)
                .into_iter()
                .map(|id| key_shown(desk, id))
                .collect();
            Served::ok(shown)
        })
        .await
}

/// `GET /keys/signing/{kid}`.
pub(super) async fn read(Path(kid): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:signing_keys"], |desk| {
            let found = all(desk)
                .into_iter()
                .find(|id| Face::keys().key(*id).kid() == kid);
            let id = found.ok_or_else(|| not_found("Key not found", "inexistent_signing_key"))?;
            Served::ok(key_shown(desk, id))
        })
        .await
}

/// `POST /keys/signing/rotate`: the next key signs from now on.
pub(super) async fn rotate(visit: Visit) -> Response {
    // A key takes a while to make: the one that will sign is made before anybody has to wait for it.
    let announced = visit.keys();
    off_the_loop(move || Face::keys().prepare(announced)).await;
    visit
        .serve(&["create:signing_keys"], |desk| {
            room_beside(desk.behind.tenant.settings().keys.rotations.len())?;
            desk.behind.tenant.rotate_keys(desk.now);
            let current = desk.behind.tenant.keys(desk.stamp.at).current;
            let kid = Face::keys().key(current).kid().to_owned();
            Served::created(json!({ "kid": kid, "cert": key_shown(desk, current)["cert"] }))
        })
        .await
}

/// `PUT /keys/signing/{kid}/revoke`: only the previous key can be revoked.
pub(super) async fn revoke(Path(kid): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:signing_keys"], |desk| {
            let previous = desk.behind.tenant.keys(desk.stamp.at).previous;
            let named = previous.filter(|id| Face::keys().key(*id).kid() == kid);
            let Some(id) = named else {
                let text = "Only the previous signing key can be revoked";
                return Err(management_error(
                    StatusCode::BAD_REQUEST,
                    text,
                    Some("invalid_signing_key"),
                )
                .into());
            };
            desk.behind.tenant.revoke_previous_key(desk.now);
            Served::ok(json!({ "kid": kid, "cert": key_shown(desk, id)["cert"] }))
        })
        .await
}
