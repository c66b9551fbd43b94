//! `/api/v2/users/{id}/identities…`: several ways to log in made one user, and taken apart again.

use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::Value;

use super::desk::{Desk, Served, Visit, refused};
use super::payload::{Payload, bad_body};
use super::user::identities;
use crate::auth0::{Error, UserId};
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::errors::management_error;
use crate::http::auth0::face::Face;
use crate::keys::KeyId;

/// What an ID token says of somebody who proved by it to be there.
#[derive(Clone, Deserialize)]
struct Proof {
    iss: String,
    sub: String,
    /// The application that the token is for; of a token for an API, the API.
    aud: String,
    exp: i64,
}

/// Reads an ID token of the tenant's, whose time and application are not judged yet.
fn read_proof(face: &Face, text: &str) -> Option<(KeyId, Proof)> {
    let read = Face::keys().verify::<Proof>(text).ok();
    read.filter(|(_, proof)| proof.iss == face.parties_of(text).issuer)
}

/// `POST /users/{id}/identities`: the other is named (`provider`, `user_id`), or proves to be there
/// (`link_with`).
pub(super) async fn link(Path(id): Path<String>, visit: Visit) -> Response {
    let scopes = ["update:users", "update:current_user_identities"];
    // Its signature is checked before anybody else has to wait.
    let proof = visit
        .peek("link_with")
        .and_then(|text| read_proof(visit.face(), &text));
    visit
        .serve(&scopes, |desk| {
            let user = desk.person(&id)?;
            let fields = desk.object()?;
            let other = other(desk, Payload(&fields), proof)?;
            if other == user {
                let text = "The main identity and the new one are the same.";
                return Err(management_error(StatusCode::BAD_REQUEST, text, None).into());
            }
            let now = desk.now;
            desk.behind.end_access(other, now);
            let tenant = &mut desk.behind.tenant;
            tenant.links.link(user, other);
            // What was kept of the other is not merged (Auth0 docs, user account linking).
            let profile = tenant.profiles.get_mut(other);
            profile.user_metadata.clear();
            profile.app_metadata.clear();
            tenant.profiles.get_mut(user).updated = Some(now);
            Served::created(identities(desk.behind, desk.face.directory(), user))
        })
        .await
}

/// The identity that a body names.
fn other(
    desk: &Desk<'_>,
    payload: Payload<'_>,
    proof: Option<(KeyId, Proof)>,
) -> Result<UserId, Complaint> {
    if payload.text("link_with")?.is_some() {
        let keys = desk.behind.tenant.keys(desk.stamp.at);
        let live = |(key, proof): &(KeyId, Proof)| {
            keys.holds(*key) && desk.now.as_secs() < proof.exp && desk.hears(&proof.aud)
        };
        let (_, proof) = proof.filter(live).ok_or_else(|| {
            bad_body("link_with is not an ID token that this tenant gave to the application")
        })?;
        return desk.anybody(&proof.sub);
    }
    // Whoever links for themselves must prove that the other is theirs, too.
    let provider = payload.needed("provider")?;
    let id = match payload.0.get("user_id") {
        Some(Value::Number(number)) => number.to_string(),
        _ => payload.needed("user_id")?.to_owned(),
    };
    // Some clients send the whole id.
    let whole = if id.contains('|') {
        id
    } else {
        format!("{provider}|{id}")
    };
    desk.person(&whole)
}

/// `DELETE /users/{id}/identities/{provider}/{user_id}`.
pub(super) async fn unlink(
    Path((id, provider, other)): Path<(String, String, String)>,
    visit: Visit,
) -> Response {
    let scopes = ["update:users", "update:current_user_identities"];
    visit
        .serve(&scopes, |desk| {
            let user = desk.person(&id)?;
            let whole = if other.contains('|') {
                other
            } else {
                format!("{provider}|{other}")
            };
            let other = desk.behind.read_user(&whole);
            let tenant = &mut desk.behind.tenant;
            let linked = other.filter(|other| tenant.links.of(user).contains(other));
            let linked = linked.ok_or_else(|| refused(Error::UserNotFound))?;
            tenant.links.unlink(linked);
            Served::ok(identities(desk.behind, desk.face.directory(), user))
        })
        .await
}
