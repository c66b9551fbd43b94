//! `POST /api/v2/jobs/users-imports`: users in bulk, from a file.

use axum::http::{StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::connections::read_connection_id;
use super::desk::{Desk, Visit};
use super::jobs;
use super::multipart;
use super::payload::{Payload, bad_body};
use crate::auth0::jobs::{Summary, Task};
use crate::auth0::{Call, Change, Connection, Manage, Reply, UserId};
use crate::http::auth0::errors::{is_address, management_error};
use crate::http::auth0::passwords::ImportedHash;
use crate::http::totp::unbase32;

/// A file may be this long in bytes (Auth0 docs, bulk user imports).
const LONGEST: usize = 512_000;

/// Properties of a record (docs, bulk import schema).
const KNOWN: [&str; 17] = [
    "email",
    "email_verified",
    "user_id",
    "username",
    "given_name",
    "family_name",
    "name",
    "nickname",
    "picture",
    "blocked",
    "password_hash",
    "custom_password_hash",
    "app_metadata",
    "user_metadata",
    "mfa_factors",
    "phone_number",
    "phone_verified",
];

/// Why a record is not imported.
struct Wrong {
    code: &'static str,
    message: String,
    path: &'static str,
}

impl Wrong {
    fn new(code: &'static str, path: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            path,
        }
    }
}

/// `POST /jobs/users-imports`.
pub(super) async fn start(visit: Visit) -> Response {
    visit
        .serve(&["create:users"], |desk| {
            let kind = desk.headers.get(header::CONTENT_TYPE);
            let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
            let parts = multipart::parts(kind, desk.body).ok_or_else(|| {
                bad_body("Payload validation error: 'Expected multipart/form-data'.")
            })?;
            let part = |name: &str| {
                parts
                    .iter()
                    .find(|part| part.name == name)
                    .map(|part| part.content)
            };
            let text = |name: &str| part(name).and_then(|text| std::str::from_utf8(text).ok());
            let file = part("users").ok_or_else(|| bad_body("Users file is required"))?;
            if file.len() > LONGEST {
                return Err(management_error(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "Payload content length greater than maximum allowed: 512000",
                    None,
                )
                .into());
            }
            let id = text("connection_id").ok_or_else(|| bad_body("connection_id is required"))?;
            let connection = read_connection_id(id)?;
            if connection != Connection::Database {
                return Err(bad_body("The connection must be a database connection"));
            }
            let Ok(Value::Array(records)) = serde_json::from_slice(file) else {
                return Err(bad_body(
                    "Failed to parse users file JSON. Users file should be an array of users",
                ));
            };
            let upsert = text("upsert") == Some("true");
            let external_id = text("external_id").map(str::to_owned);
            let (summary, errors) = import(desk, &records, upsert);
            let task = Task::Import {
                connection,
                external_id,
                summary,
                errors,
            };
            jobs::start(desk, task)
        })
        .await
}

fn import(desk: &mut Desk<'_>, records: &[Value], upsert: bool) -> (Summary, Vec<Value>) {
    let mut summary = Summary::default();
    let mut errors = Vec::new();
    for record in records {
        match import_one(desk, record, upsert) {
            Ok(true) => summary.inserted += 1,
            Ok(false) => summary.updated += 1,
            Err(Wrong {
                code,
                message,
                path,
            }) => {
                summary.failed += 1;
                errors.push(json!({
                    "user": without_secrets(record),
                    "errors": [{ "code": code, "message": message, "path": path }],
                }));
            }
        }
    }
    (summary, errors)
}

/// A record as it is shown beside its errors.
fn without_secrets(record: &Value) -> Value {
    let mut shown = record.clone();
    for name in ["password_hash", "custom_password_hash", "mfa_factors"] {
        if let Some(value) = shown.get_mut(name) {
            *value = "*****".into();
        }
    }
    shown
}

/// Imports a record; whether it made a user.
fn import_one(desk: &mut Desk<'_>, record: &Value, upsert: bool) -> Result<bool, Wrong> {
    let fields = record
        .as_object()
        .ok_or_else(|| Wrong::new("INVALID_TYPE", "", "Expected type object"))?;
    if let Some(name) = fields.keys().find(|name| !KNOWN.contains(&name.as_str())) {
        let text = format!("Additional properties not allowed: {name}");
        return Err(Wrong::new("OBJECT_ADDITIONAL_PROPERTIES", "", text));
    }
    let address = match fields.get("email") {
        None => {
            let text = "Missing required property: email";
            return Err(Wrong::new("OBJECT_REQUIRED", "email", text));
        }
        Some(value) => value.as_str().filter(|address| is_address(address)),
    };
    let address = address.ok_or_else(|| {
        let text = "Object didn't pass validation for format email";
        Wrong::new("INVALID_FORMAT", "email", text)
    })?;
    check_types(fields)?;
    let hash = ImportedHash::read(fields)
        .map_err(|bad| Wrong::new("INVALID_FORMAT", "custom_password_hash", bad.to_string()))?;
    let secret = authenticator(fields)?;
    let email = desk.face.directory().intern(address);
    let chosen = fields
        .get("user_id")
        .and_then(Value::as_str)
        .map(|id| format!("auth0|{id}"));
    let known = desk
        .behind
        .tenant
        .find_user(email, Connection::Database)
        .or_else(|| chosen.as_deref().and_then(|id| desk.behind.read_user(id)));
    let made = known.is_none();
    let user = match known {
        Some(_) if !upsert => {
            let text = "The user already exists.";
            return Err(Wrong::new("DUPLICATED_USER", "", text));
        }
        Some(user) => user,
        None => make(desk, email, chosen)?,
    };
    let flag = |name: &str| fields.get(name).and_then(Value::as_bool);
    let change = Change {
        blocked: flag("blocked"),
        // An import makes an address unverified unless it says otherwise.
        verified: Some(flag("email_verified").unwrap_or(false)),
        ..Change::default()
    };
    // The person was just made or found.
    let _ = desk.behind.tenant.manage(Manage::Update(user, change));
    overwrite(desk, user, fields);
    if let Some(secret) = secret {
        let luck = desk.stamp.luck.split(50).split(user.0.into());
        let now = desk.now;
        desk.behind
            .tenant
            .factors
            .bring(user, secret, None, now, luck);
    }
    if let Some(hash) = hash {
        desk.behind.import_password(user, hash);
    }
    Ok(made)
}

/// The secret of an authenticator among `mfa_factors`. Numbers and addresses are not mocked as factors.
fn authenticator(fields: &Map<String, Value>) -> Result<Option<Vec<u8>>, Wrong> {
    let wrong = |text: &str| Wrong::new("INVALID_FORMAT", "mfa_factors", text);
    let factors = match fields.get("mfa_factors") {
        None => return Ok(None),
        Some(Value::Array(factors)) => factors,
        Some(_) => return Err(wrong("Expected type array")),
    };
    let secrets = factors.iter().filter_map(|factor| factor.get("totp"));
    let read = |totp: &Value| {
        let secret = totp["secret"].as_str().and_then(unbase32);
        secret.ok_or_else(|| wrong("Object didn't pass validation for pattern ^[A-Z2-7]+$"))
    };
    secrets.map(read).next().transpose()
}

fn make(
    desk: &mut Desk<'_>,
    email: crate::email::Email,
    chosen: Option<String>,
) -> Result<UserId, Wrong> {
    let call = Call::CreateUser {
        email,
        connection: Connection::Database,
        verified: false,
    };
    let Ok(Reply::Created(user)) = desk.behind.tenant.say(desk.stamp, &call) else {
        return Err(Wrong::new(
            "DUPLICATED_USER",
            "",
            "The user already exists.",
        ));
    };
    if let Some(id) = chosen {
        desk.behind.tenant.profiles.choose_id(user, id);
    }
    desk.behind.lock_password(user);
    let now = desk.now;
    desk.behind.tenant.profiles.get_mut(user).created = Some(now);
    Ok(user)
}

fn check_types(fields: &Map<String, Value>) -> Result<(), Wrong> {
    let bad = |path: &'static str, kind: &str, value: &Value| {
        let text = format!("Expected type {kind} but found {}", kind_of(value));
        Err(Wrong::new("INVALID_TYPE", path, text))
    };
    for name in ["email_verified", "blocked", "phone_verified"] {
        match fields.get(name) {
            Some(value) if !value.is_boolean() => return bad(name, "boolean", value),
            _ => {}
        }
    }
    for name in ["app_metadata", "user_metadata", "custom_password_hash"] {
        match fields.get(name) {
            Some(value) if !value.is_object() => return bad(name, "object", value),
            _ => {}
        }
    }
    for name in [
        "user_id",
        "username",
        "name",
        "nickname",
        "picture",
        "given_name",
        "family_name",
        "phone_number",
        "password_hash",
    ] {
        match fields.get(name) {
            Some(value) if !value.is_string() => return bad(name, "string", value),
            _ => {}
        }
    }
    Ok(())
}

const fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Names and metadata: an import overwrites metadata, it does not merge it.
fn overwrite(desk: &mut Desk<'_>, user: UserId, fields: &Map<String, Value>) {
    let profile = desk.behind.tenant.profiles.get_mut(user);
    if fields.contains_key("user_metadata") {
        profile.user_metadata.clear();
    }
    if fields.contains_key("app_metadata") {
        profile.app_metadata.clear();
    }
    profile.updated = Some(desk.now);
    // Types were checked; a username that somebody else has is left out.
    let _ = super::users::describe(desk, user, Payload(fields));
}
