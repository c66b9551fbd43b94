//! `/api/v2/tenants/settings`: how tokens are asked for can be changed, the rest is the mock's.

use axum::response::Response;
use serde_json::{Value, json};

use super::desk::{Desk, Served, Visit};
use super::payload::{Payload, bad_body};
use super::unchanged;
use crate::time::Span;

fn shown(desk: &Desk<'_>) -> Value {
    let settings = desk.behind.tenant.settings();
    let preferences = &desk.behind.tenant.registry().preferences;
    let hours = |span: Span| span.as_secs_f64() / 3600.0;
    let mut shown = json!({
        "friendly_name": "Cutover mock",
        "session_lifetime": hours(settings.session_absolute_life),
        "idle_session_lifetime": hours(settings.session_idle_life),
        "default_directory": "Username-Password-Authentication",
        "enabled_locales": ["en"],
        "allow_organization_name_in_authentication_api": true,
        "pushed_authorization_requests_supported": true,
        "resource_parameter_profile": if preferences.reads_resource { "compatibility" } else { "audience" },
        "authorization_response_iss_parameter_supported": preferences.tells_issuer,
        "flags": {
            "enable_dynamic_client_registration": true,
            "revoke_refresh_token_grant": false,
            "enable_public_signup_user_exists_error": false,
        },
    });
    if let Some(audience) = &preferences.default_audience {
        shown["default_audience"] = audience.as_str().into();
    }
    shown
}

/// The same, and what is only ever written: lives in minutes.
fn writable(desk: &Desk<'_>) -> Value {
    let settings = desk.behind.tenant.settings();
    let minutes = |span: Span| span.as_secs_f64() / 60.0;
    let mut known = shown(desk);
    known["session_lifetime_in_minutes"] = minutes(settings.session_absolute_life).into();
    known["idle_session_lifetime_in_minutes"] = minutes(settings.session_idle_life).into();
    known
}

/// `GET /tenants/settings`.
pub(super) async fn read(visit: Visit) -> Response {
    visit
        .serve(&["read:tenant_settings"], |desk| Served::ok(shown(desk)))
        .await
}

/// `PATCH /tenants/settings`.
pub(super) async fn update(visit: Visit) -> Response {
    visit
        .serve(&["update:tenant_settings"], |desk| {
            let mut fields = desk.object()?;
            let payload = Payload(&fields);
            let mut preferences = desk.behind.tenant.registry().preferences.clone();
            if let Some(audience) = payload.text("default_audience")? {
                // An empty one takes it away.
                preferences.default_audience = Some(audience.to_owned()).filter(|it| !it.is_empty());
            }
            match payload.text("resource_parameter_profile")? {
                None => {}
                Some("audience") => preferences.reads_resource = false,
                Some("compatibility") => preferences.reads_resource = true,
                Some(_) => {
                    return Err(bad_body(
                        "Payload validation error: 'No enum match' on property resource_parameter_profile.",
                    ));
                }
            }
            if let Some(tells) = payload.flag("authorization_response_iss_parameter_supported")? {
                preferences.tells_issuer = tells;
            }
            for taken in [
                "default_audience",
                "resource_parameter_profile",
                "authorization_response_iss_parameter_supported",
            ] {
                fields.remove(taken);
            }
            unchanged::changed(&writable(desk), &fields)?;
            desk.behind.tenant.registry_mut().preferences = preferences;
            Served::ok(shown(desk))
        })
        .await
}
