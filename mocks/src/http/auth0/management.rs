//! `/api/v2/users…`: the part of the Management API that a migration needs.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::answering::Complaint;
use super::behind::Behind;
use super::errors::{json_answer, management_error};
use super::face::Face;
use super::texts;
use super::token::read_management_token;
use super::userinfo::bearer;
use crate::auth0::{Call, Change, Connection, Endpoint, Manage, Reply, UserId};
use crate::email::Email;
use crate::http::params::Params;
use crate::http::{Directory, Exchange};

/// A user id that nobody has.
const NOBODY: UserId = UserId(u32::MAX);

impl Face {
    /// The first thing the Management API looks at: the bearer token.
    fn manages(
        &self,
        exchange: &Exchange,
        headers: &HeaderMap,
        scope: &str,
    ) -> Result<(), Complaint> {
        let refuse = |text| Err(management_error(StatusCode::UNAUTHORIZED, text, None).into());
        let at = exchange.stamp().at;
        let behind = self.behind();
        let now = behind.tenant.now(at);
        match bearer(headers) {
            None => refuse("Missing authentication"),
            Some(text) => {
                let parties = self.parties_of(text);
                match read_management_token(&behind, &parties, text, now, at) {
                    Some(token) if token.allows(&[scope]) => Ok(()),
                    Some(_) => Err(management_error(
                        StatusCode::FORBIDDEN,
                        &format!("Insufficient scope, expected any of: {scope}"),
                        Some("insufficient_scope"),
                    )
                    .into()),
                    None => refuse("Invalid token"),
                }
            }
        }
    }
}

fn bad_body(text: &str) -> Complaint {
    management_error(StatusCode::BAD_REQUEST, text, Some("invalid_body")).into()
}

/// `POST /api/v2/users`.
pub(super) async fn create(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let read = face
        .manages(&exchange, &headers, "create:users")
        .and_then(|()| {
            let params = Params::from_body(&headers, &body)
                .map_err(|_| bad_body("Payload validation error"))?;
            let connection = params.get("connection").and_then(texts::read_connection);
            let connection =
                connection.ok_or_else(|| bad_body("The connection does not exist."))?;
            let address = params
                .get("email")
                .ok_or_else(|| bad_body("Missing required property: email"))?;
            let email = face.directory().intern(address);
            Ok((params.clone(), connection, email))
        });
    let (params, connection, email) = match read {
        Ok(read) => read,
        Err(complaint) => {
            return face.refuse(exchange, Endpoint::Management, complaint).await;
        }
    };
    let verified = params.get("email_verified") == Some("true");
    let asked = face.ask(
        &exchange,
        Call::CreateUser {
            email,
            connection,
            verified,
        },
        |behind, reply| match reply {
            Reply::Created(id) => {
                if let (Some(address), Some(password)) =
                    (params.get("email"), params.get("password"))
                {
                    behind.set_password(id, address, password);
                }
                user(behind, face.directory(), id)
            }
            _ => None,
        },
    );
    asked
        .answer(exchange, |user| json_answer(StatusCode::CREATED, &user))
        .await
}

/// `GET /api/v2/users-by-email?email=…`.
pub(super) async fn by_email(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    uri: Uri,
) -> Response {
    let read = face
        .manages(&exchange, &headers, "read:users")
        .and_then(|()| {
            let params = Params::from_query(&uri);
            let complaint = || {
                management_error(
                    StatusCode::BAD_REQUEST,
                    "Missing required property: email",
                    Some("invalid_query_string"),
                )
            };
            params
                .get("email")
                .map(|address| face.directory().intern(address))
                .ok_or_else(|| complaint().into())
        });
    let email: Email = match read {
        Ok(email) => email,
        Err(complaint) => {
            return face.refuse(exchange, Endpoint::Management, complaint).await;
        }
    };
    let asked = face.ask(&exchange, Call::Manage(Manage::Find(email)), |behind, _| {
        let found = behind.tenant.users_by_email(email);
        Some(
            found
                .into_iter()
                .filter_map(|id| user(behind, face.directory(), id))
                .collect::<Vec<_>>(),
        )
    });
    asked
        .answer(exchange, |users| json_answer(StatusCode::OK, &users.into()))
        .await
}

/// `GET /api/v2/users/{id}`.
pub(super) async fn read(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    if let Err(complaint) = face.manages(&exchange, &headers, "read:users") {
        return face.refuse(exchange, Endpoint::Management, complaint).await;
    }
    let id = texts::read_user_id(&id).unwrap_or(NOBODY);
    let asked = face.ask(&exchange, Call::Manage(Manage::Read(id)), |behind, _| {
        user(behind, face.directory(), id)
    });
    asked
        .answer(exchange, |user| json_answer(StatusCode::OK, &user))
        .await
}

/// `PATCH /api/v2/users/{id}`.
pub(super) async fn update(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    let read = face
        .manages(&exchange, &headers, "update:users")
        .and_then(|()| {
            let params = Params::from_body(&headers, &body)
                .map_err(|_| bad_body("Payload validation error"))?;
            if params.get("email").is_some() && params.get("password").is_some() {
                return Err(bad_body("Cannot change email and password simultaneously"));
            }
            Ok(params)
        });
    let params = match read {
        Ok(params) => params,
        Err(complaint) => {
            return face.refuse(exchange, Endpoint::Management, complaint).await;
        }
    };
    let id = texts::read_user_id(&id).unwrap_or(NOBODY);
    let flag = |name: &str| params.get(name).map(|value| value == "true");
    let change = Change {
        blocked: flag("blocked"),
        verified: flag("email_verified"),
        email: params
            .get("email")
            .map(|address| face.directory().intern(address)),
        password: params.get("password").is_some(),
    };
    let asked = face.ask(
        &exchange,
        Call::Manage(Manage::Update(id, change)),
        |behind, _| {
            let email = behind.tenant.user(id)?.email;
            if let Some(password) = params.get("password") {
                behind.set_password(id, &face.directory().text(email), password);
            }
            user(behind, face.directory(), id)
        },
    );
    asked
        .answer(exchange, |user| json_answer(StatusCode::OK, &user))
        .await
}

/// `DELETE /api/v2/users/{id}`.
pub(super) async fn delete(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Response {
    if let Err(complaint) = face.manages(&exchange, &headers, "delete:users") {
        return face.refuse(exchange, Endpoint::Management, complaint).await;
    }
    let id = texts::read_user_id(&id).unwrap_or(NOBODY);
    let asked = face.ask(&exchange, Call::Manage(Manage::Delete(id)), |behind, _| {
        behind.forget(id);
        Some(())
    });
    asked
        .answer(exchange, |()| StatusCode::NO_CONTENT.into_response())
        .await
}

/// A user as the Management API shows it.
fn user(behind: &Behind, directory: &Directory, id: UserId) -> Option<Value> {
    let user = behind.tenant.user(id)?;
    let email = directory.text(user.email);
    let mut shown = json!({
        "user_id": texts::user_id(id, user.connection),
        "email": email,
        "email_verified": user.verified,
        "name": email,
        "nickname": email.split('@').next(),
        "picture": "https://pictures.example/avatar.png",
        "identities": [{
            "connection": texts::connection(user.connection),
            "provider": texts::provider(user.connection),
            "user_id": texts::identity(id, user.connection),
            "isSocial": user.connection == Connection::Google,
        }],
    });
    if user.blocked {
        shown["blocked"] = true.into();
    }
    Some(shown)
}
