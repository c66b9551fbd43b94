//! What the tenant has none of, or leaves as Auth0 sets it up: read by tools that go through a whole
//! tenant (exports, backups, Terraform), and never changed.

use std::sync::Arc;

use axum::Router;
use axum::response::Response;
use axum::routing::{MethodRouter, get};
use serde_json::{Value, json};

use super::desk::{Served, Visit, not_found};
use super::paging::Paging;
use super::unchanged;
use crate::http::auth0::face::Face;
use crate::http::shown::Shown;

/// Lists that are empty: where, and what the list is called where it has a name.
const LISTS: [(&str, &str); 12] = [
    ("/client-grants/{id}/organizations", "organizations"),
    ("/custom-domains", "custom_domains"),
    ("/device-credentials", "device_credentials"),
    ("/flows", "flows"),
    ("/flows/vault/connections", "connections"),
    ("/forms", "forms"),
    ("/hooks", "hooks"),
    ("/keys/encryption", "keys"),
    ("/network-acls", "network_acls"),
    ("/organizations/{id}/client-grants", "client_grants"),
    ("/rules", "rules"),
    ("/self-service-profiles", "self_service_profiles"),
];

/// The same, for lists that always stand under their name.
const NAMED: [(&str, &str); 16] = [
    ("/actions/actions", "actions"),
    ("/actions/modules", "modules"),
    ("/actions/triggers", "triggers"),
    ("/actions/triggers/{trigger}/bindings", "bindings"),
    ("/connection-profiles", "connection_profiles"),
    (
        "/connections-directory-provisionings",
        "directory_provisionings",
    ),
    ("/connections-scim-configurations", "scim_configurations"),
    ("/event-streams", "eventStreams"),
    ("/groups", "groups"),
    ("/organizations/{id}/discovery-domains", "domains"),
    ("/prompts/rendering", "configs"),
    ("/rate-limit-policies", "rate_limit_policies"),
    ("/token-exchange-profiles", "token_exchange_profiles"),
    ("/user-attribute-profiles", "user_attribute_profiles"),
    ("/branding/phone/providers", "providers"),
    ("/branding/phone/templates", "templates"),
];

/// The same, for lists that never have a name, even if totals are asked for.
const NAMELESS: [&str; 4] = [
    "/blacklists/tokens",
    "/log-streams",
    "/rules-configs",
    "/users/{id}/federated-connections-tokensets",
];

/// Records that there are none of: 404.
const NOTHING: [&str; 8] = [
    "/branding/templates/universal-login",
    "/branding/themes/default",
    "/connections/{id}/scim-configuration",
    "/emails/provider",
    "/email-templates/{name}",
    "/hooks/{id}",
    "/rules/{id}",
    "/guardian/factors/sms/templates",
];

/// Settings as a new tenant has them.
fn settings() -> Vec<(&'static str, Value)> {
    vec![
        (
            "/attack-protection/breached-password-detection",
            json!({
                "enabled": false, "shields": [], "admin_notification_frequency": [], "method": "standard",
            }),
        ),
        (
            "/attack-protection/bot-detection",
            json!({
                "bot_detection_level": "medium", "challenge_password_policy": "never",
                "challenge_passwordless_policy": "never", "challenge_password_reset_policy": "never",
                "allowlist": [], "monitoring_mode_enabled": false,
            }),
        ),
        (
            "/attack-protection/captcha",
            json!({ "active_provider_id": "auth_challenge" }),
        ),
        ("/branding", json!({})),
        (
            "/guardian/factors/phone/message-types",
            json!({ "message_types": [] }),
        ),
        (
            "/guardian/factors/phone/selected-provider",
            json!({ "provider": "auth0" }),
        ),
        (
            "/guardian/factors/push-notification/selected-provider",
            json!({ "provider": "guardian" }),
        ),
        (
            "/guardian/factors/sms/selected-provider",
            json!({ "provider": "auth0" }),
        ),
        (
            "/prompts",
            json!({
                "universal_login_experience": "new", "identifier_first": false,
                "webauthn_platform_first_factor": false,
            }),
        ),
        ("/prompts/{prompt}/custom-text/{language}", json!({})),
        ("/prompts/{prompt}/partials", json!({})),
        ("/risk-assessments/settings", json!({ "enabled": false })),
        (
            "/risk-assessments/settings/new-device",
            json!({ "remember_for": 30 }),
        ),
        ("/supplemental-signals", json!({ "akamai_enabled": false })),
    ]
}

/// All of them.
pub(super) fn router() -> Router<Shown<Arc<Face>>> {
    let mut router = Router::new();
    for (path, name) in LISTS {
        router = router.route(path, list(name));
    }
    for (path, name) in NAMED {
        router = router.route(path, named(name));
    }
    for path in NAMELESS {
        router = router.route(path, setting(json!([])));
    }
    router = router.route(
        "/verifiable-credentials/verification/templates",
        setting(json!({ "templates": [] })),
    );
    for path in NOTHING {
        router = router.route(path, get(nothing));
    }
    for (path, value) in settings() {
        let kept = value.clone();
        let write = async move |visit: Visit| keep(visit, kept).await;
        let methods = setting(value);
        // Auth0 writes whole texts and selections, and changes of everything else.
        let whole = path.starts_with("/guardian") || path.starts_with("/prompts/");
        let methods = if whole {
            methods.put(write)
        } else {
            methods.patch(write)
        };
        router = router.route(path, methods);
    }
    router
}

fn list(name: &'static str) -> MethodRouter<Shown<Arc<Face>>> {
    get(async move |visit: Visit| {
        visit
            .serve(&[], |desk| {
                Paging::read(desk.query)?.show(name, std::iter::empty())
            })
            .await
    })
}

fn named(name: &'static str) -> MethodRouter<Shown<Arc<Face>>> {
    get(async move |visit: Visit| {
        visit
            .serve(&[], |desk| {
                Paging::read(desk.query)?.show_from(name, std::iter::empty())
            })
            .await
    })
}

fn setting(value: Value) -> MethodRouter<Shown<Arc<Face>>> {
    get(async move |visit: Visit| visit.serve(&[], |_| Served::ok(value)).await)
}

/// A write of what is there.
async fn keep(visit: Visit, value: Value) -> Response {
    visit
        .serve(&[], |desk| unchanged::keep(value, &desk.object()?))
        .await
}

async fn nothing(visit: Visit) -> Response {
    visit
        .serve(&[], |_| {
            Err(not_found("There is none", "inexistent_record"))
        })
        .await
}
