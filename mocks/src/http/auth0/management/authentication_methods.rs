//! `/api/v2/users/{id}/authentication-methods…`, and when second factors are asked for
//! (`/guardian/…`). Of all methods only authenticator apps and recovery codes are mocked.

use axum::extract::Path;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::desk::{Desk, Served, Visit, conflict, not_found};
use super::paging::Paging;
use super::payload::{Payload, bad_body};
use super::unchanged;
use crate::auth0::UserId;
use crate::auth0::factors::{Authenticator, MfaPolicy};
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::texts;
use crate::http::totp::unbase32;

/// The only recovery code of a person.
const RECOVERY: &str = "recovery-code|dev_1";

fn app_shown(app: &Authenticator) -> Value {
    let mut shown = json!({
        "id": app.id,
        "type": "totp",
        "confirmed": app.confirmed,
        "created_at": texts::time(app.created),
        "authentication_methods": [{ "id": app.id, "type": "totp" }],
    });
    if app.confirmed {
        shown["enrolled_at"] = texts::time(app.created).into();
    }
    if let Some(name) = &app.name {
        shown["name"] = name.as_str().into();
    }
    shown
}

fn all(desk: &Desk<'_>, user: UserId) -> Vec<Value> {
    let Some(factors) = desk.behind.tenant.factors.get(user) else {
        return Vec::new();
    };
    let app = factors.authenticator.as_ref();
    let since = app.map_or(desk.behind.tenant.start(), |app| app.created);
    let recovery = factors.recovery.as_ref().map(|_| {
        json!({
            "id": RECOVERY,
            "type": "recovery-code",
            "confirmed": true,
            "created_at": texts::time(since),
            "enrolled_at": texts::time(since),
        })
    });
    recovery.into_iter().chain(app.map(app_shown)).collect()
}

fn missing() -> Complaint {
    not_found(
        "The authentication method does not exist.",
        "inexistent_authentication_method",
    )
}

/// `GET /users/{id}/authentication-methods`.
pub(super) async fn list(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["read:authentication_methods"], |desk| {
            let user = desk.person(&id)?;
            let shown = all(desk, user);
            Paging::read(desk.query)?.show("authenticators", shown.into_iter())
        })
        .await
}

/// `GET /users/{id}/authentication-methods/{method}`.
pub(super) async fn read(Path((id, method)): Path<(String, String)>, visit: Visit) -> Response {
    visit
        .serve(&["read:authentication_methods"], |desk| {
            let user = desk.person(&id)?;
            let found = all(desk, user)
                .into_iter()
                .find(|shown| shown["id"] == *method);
            Served::ok(found.ok_or_else(missing)?)
        })
        .await
}

/// An authenticator app that its person has already.
struct Wanted {
    text: String,
    secret: Vec<u8>,
    name: Option<String>,
}

fn wanted(payload: Payload<'_>) -> Result<Wanted, Complaint> {
    let kind = payload.needed("type")?;
    if kind != "totp" {
        return Err(bad_body(&format!(
            "Payload validation error: the type `{kind}` is not mocked, only totp is."
        )));
    }
    let text = payload.needed("totp_secret")?;
    let secret = unbase32(text).ok_or_else(|| {
        bad_body("Payload validation error: 'totp_secret' must be encoded in base32.")
    })?;
    Ok(Wanted {
        text: text.to_owned(),
        secret,
        name: payload.text("name")?.map(str::to_owned),
    })
}

/// Takes over an authenticator app.
fn bring(desk: &mut Desk<'_>, user: UserId, wanted: Wanted) -> Value {
    let Wanted { text, secret, name } = wanted;
    let (now, luck) = (desk.now, desk.stamp.luck.split(60));
    let factors = &mut desk.behind.tenant.factors;
    let app = factors.bring(user, secret, name, now, luck);
    let mut shown = app_shown(&app);
    shown["totp_secret"] = text.into();
    shown
}

/// `POST /users/{id}/authentication-methods`.
pub(super) async fn create(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["create:authentication_methods"], |desk| {
            let user = desk.person(&id)?;
            let fields = desk.object()?;
            let factors = desk.behind.tenant.factors.get(user);
            if factors.is_some_and(|factors| factors.confirmed().is_some()) {
                return Err(conflict(
                    "The user has an authenticator app already.",
                    "authentication_method_exists",
                ));
            }
            let wanted = wanted(Payload(&fields))?;
            Served::created(bring(desk, user, wanted))
        })
        .await
}

/// `PUT /users/{id}/authentication-methods`: these, and no others.
pub(super) async fn replace(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:authentication_methods"], |desk| {
            let user = desk.person(&id)?;
            let told: Vec<Map<String, Value>> =
                serde_json::from_slice(desk.body).map_err(|_| {
                    bad_body("Payload validation error: 'Expected an array of objects'.")
                })?;
            if told.len() > 1 {
                return Err(bad_body(
                    "Payload validation error: only one authenticator app of a person is mocked.",
                ));
            }
            // All are read before anything is forgotten.
            let all = told
                .iter()
                .map(|fields| wanted(Payload(fields)))
                .collect::<Result<Vec<_>, _>>()?;
            desk.behind.tenant.factors.forget(user);
            let shown: Vec<Value> = all
                .into_iter()
                .map(|wanted| bring(desk, user, wanted))
                .collect();
            Served::ok(shown)
        })
        .await
}

/// `PATCH /users/{id}/authentication-methods/{method}`: its name.
pub(super) async fn rename(Path((id, method)): Path<(String, String)>, visit: Visit) -> Response {
    visit
        .serve(&["update:authentication_methods"], |desk| {
            let user = desk.person(&id)?;
            let fields = desk.object()?;
            let name = Payload(&fields).text("name")?.map(str::to_owned);
            let factors = desk.behind.tenant.factors.get_mut(user);
            let app = factors.authenticator.as_mut();
            let app = app.filter(|app| app.id == method).ok_or_else(missing)?;
            app.name = name.or(app.name.take());
            Served::ok(app_shown(app))
        })
        .await
}

/// `DELETE /users/{id}/authentication-methods`, and `…/authenticators`: all of them.
pub(super) async fn remove_all(Path(id): Path<String>, visit: Visit) -> Response {
    let scopes = ["delete:authentication_methods", "update:users"];
    visit
        .serve(&scopes, |desk| {
            let user = desk.person(&id)?;
            desk.behind.tenant.factors.forget(user);
            Served::empty()
        })
        .await
}

/// `DELETE /users/{id}/authentication-methods/{method}`.
pub(super) async fn remove(Path((id, method)): Path<(String, String)>, visit: Visit) -> Response {
    visit
        .serve(&["delete:authentication_methods"], |desk| {
            let user = desk.person(&id)?;
            let factors = desk.behind.tenant.factors.get_mut(user);
            let app = factors.authenticator.as_ref().map(|app| app.id.as_str());
            if method == RECOVERY && factors.recovery.is_some() {
                factors.recovery = None;
            } else if app == Some(method.as_str()) {
                factors.authenticator = None;
            } else {
                return Err(missing());
            }
            Served::empty()
        })
        .await
}

/// `POST /users/{id}/recovery-code-regeneration`.
pub(super) async fn renew_recovery(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:users"], |desk| {
            let user = desk.person(&id)?;
            let luck = desk.stamp.luck.split(61);
            let code = desk.behind.tenant.factors.renew_recovery(user, luck);
            Served::ok(json!({ "recovery_code": code }))
        })
        .await
}

/// `GET /guardian/policies`.
pub(super) async fn policies(visit: Visit) -> Response {
    visit
        .serve(&["read:mfa_policies"], |desk| {
            let always = desk.behind.tenant.settings().mfa == MfaPolicy::Always;
            Served::ok(if always {
                json!(["all-applications"])
            } else {
                json!([])
            })
        })
        .await
}

/// `PUT /guardian/policies`: everybody must have a second factor (`all-applications`), or whoever has
/// one is asked for it.
pub(super) async fn set_policies(visit: Visit) -> Response {
    visit
        .serve(&["update:mfa_policies"], |desk| {
            let named: Option<Vec<String>> = serde_json::from_slice(desk.body).ok();
            let policy = match named.as_deref() {
                Some([]) => MfaPolicy::IfEnrolled,
                Some([one]) if one == "all-applications" => MfaPolicy::Always,
                _ => {
                    return Err(bad_body(
                        "Payload validation error: expected [] or [\"all-applications\"]; no other policy is mocked.",
                    ));
                }
            };
            desk.behind.tenant.set_mfa_policy(policy);
            Served::ok(json!(named))
        })
        .await
}

/// Kinds of factors, and whether people may have them.
const FACTORS: [(&str, bool); 8] = [
    ("sms", false),
    ("push-notification", false),
    ("otp", true),
    ("email", false),
    ("duo", false),
    ("webauthn-roaming", false),
    ("webauthn-platform", false),
    ("recovery-code", true),
];

/// `GET /guardian/factors`.
pub(super) async fn factors(visit: Visit) -> Response {
    let shown = FACTORS
        .map(|(name, enabled)| json!({ "name": name, "enabled": enabled, "trial_expired": false }));
    visit
        .serve(&["read:guardian_factors"], |_| Served::ok(json!(shown)))
        .await
}

/// `PUT /guardian/factors/{name}`.
pub(super) async fn keep_factor(Path(name): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["update:guardian_factors"], |desk| {
            let known = FACTORS.iter().find(|(known, _)| *known == name);
            let (_, enabled) =
                known.ok_or_else(|| not_found("The factor does not exist", "inexistent_factor"))?;
            unchanged::keep(json!({ "enabled": enabled }), &desk.object()?)
        })
        .await
}
