//! The routes of servers, and those that a browser takes to a provider and back.

use axum::Router;

use super::super::Face;
use super::super::b2b::held;
use super::super::routes::{ForMember, Open, delete, get, post, put};
use super::{certificates, connections, login, provider};
use crate::http::shown::Shown;
use crate::stytch::Endpoint;

/// Routes below `/v1/b2b`.
pub(in super::super) fn routes() -> Router<Shown<Face>> {
    let by = ForMember(Endpoint::Records);
    let list = get(by, |ask| held(ask, "get", connections::list));
    let remove = delete(by, |ask| held(ask, "delete", connections::remove));
    let update_oidc = put(by, |ask| held(ask, "update", connections::update_oidc));
    let update_saml = put(by, |ask| held(ask, "update", connections::update_saml));
    let update_by_url = put(by, |ask| held(ask, "update", certificates::update_by_url));
    let remove_certificate = delete(by, |ask| {
        held(ask, "update", certificates::remove_certificate)
    });
    let remove_key = delete(by, |ask| held(ask, "update", certificates::remove_key));
    let update_external = put(by, |ask| held(ask, "update", connections::update_external));
    let saml = "/sso/saml/{organization_id}/connections/{connection_id}";
    let of_saml = |rest: &str| format!("{saml}/{rest}");
    Router::new()
        .route(
            "/sso/authenticate",
            post(Endpoint::OAuth, login::authenticate),
        )
        .route("/sso/{organization_id}", list)
        .route("/sso/{organization_id}/connections/{connection_id}", remove)
        .route(
            "/sso/oidc/{organization_id}",
            post(by, |ask| held(ask, "create", connections::create_oidc)),
        )
        .route(
            "/sso/oidc/{organization_id}/connections/{connection_id}",
            update_oidc,
        )
        .route(
            "/sso/saml/{organization_id}",
            post(by, |ask| held(ask, "create", connections::create_saml)),
        )
        .route(saml, update_saml)
        .route(&of_saml("url"), update_by_url)
        .route(
            &of_saml("verification_certificates/{certificate_id}"),
            remove_certificate,
        )
        .route(
            &of_saml("encryption_private_keys/{private_key_id}"),
            remove_key,
        )
        .route(
            "/sso/external/{organization_id}",
            post(by, |ask| held(ask, "create", connections::create_external)),
        )
        .route(
            "/sso/external/{organization_id}/connections/{connection_id}",
            update_external,
        )
}

/// Routes of browsers.
pub(in super::super) fn public_routes() -> Router<Shown<Face>> {
    let start = || get(Open(Endpoint::StartOAuth), provider::start);
    Router::new()
        .route("/v1/public/sso/start", start())
        .route("/v1/b2b/sso/start", start())
        .route("/v1/b2b/public/sso/start", start())
        .route(
            "/_cutover/idp/{connection_id}",
            get(Open(Endpoint::Other), provider::page),
        )
        .route(
            "/v1/b2b/sso/callback/{connection_id}",
            get(Open(Endpoint::StartOAuth), provider::callback)
                .merge(post(Open(Endpoint::StartOAuth), provider::callback)),
        )
}
