//! The routes of servers, and those that a browser takes to a provider and back.

use axum::Router;

use super::super::Face;
use super::super::routes::{Open, delete, get, post, put};
use super::{certificates, connections, login, provider};
use crate::http::shown::Shown;
use crate::stytch::Endpoint;

/// Routes below `/v1/b2b`.
pub(in super::super) fn routes() -> Router<Shown<Face>> {
    let records = Endpoint::Records;
    Router::new()
        .route(
            "/sso/authenticate",
            post(Endpoint::OAuth, login::authenticate),
        )
        .route("/sso/{organization_id}", get(records, connections::list))
        .route("/sso/{organization_id}/connections/{connection_id}", delete(records, connections::remove))
        .route(
            "/sso/oidc/{organization_id}",
            post(records, connections::create_oidc),
        )
        .route(
            "/sso/oidc/{organization_id}/connections/{connection_id}",
            put(records, connections::update_oidc),
        )
        .route(
            "/sso/saml/{organization_id}",
            post(records, connections::create_saml),
        )
        .route(
            "/sso/saml/{organization_id}/connections/{connection_id}",
            put(records, connections::update_saml),
        )
        .route(
            "/sso/saml/{organization_id}/connections/{connection_id}/url",
            put(records, certificates::update_by_url),
        )
        .route(
            "/sso/saml/{organization_id}/connections/{connection_id}/verification_certificates/{certificate_id}",
            delete(records, certificates::remove_certificate),
        )
        .route(
            "/sso/saml/{organization_id}/connections/{connection_id}/encryption_private_keys/{private_key_id}",
            delete(records, certificates::remove_key),
        )
        .route(
            "/sso/external/{organization_id}",
            post(records, connections::create_external),
        )
        .route(
            "/sso/external/{organization_id}/connections/{connection_id}",
            put(records, connections::update_external),
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
