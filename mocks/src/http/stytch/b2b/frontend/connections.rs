//! What a browser asks about SSO connections: of any organization before a login, of the holder's own
//! as far as their roles go.

use axum::Router;

use super::super::super::Face;
use super::super::super::frontend::Standing;
use super::super::super::routes::{delete, get, post, put};
use super::super::super::sso;
use super::super::held;
use crate::http::shown::Shown;
use crate::stytch::Endpoint;

/// All routes.
pub(super) fn routes() -> Router<Shown<Face>> {
    let by = (Standing::Holder, Endpoint::Records);
    let saml = put(by, |ask| held(ask, "update", sso::update_saml));
    let oidc = put(by, |ask| held(ask, "update", sso::update_oidc));
    let external = put(by, |ask| held(ask, "update", sso::update_external));
    let certificate = delete(by, |ask| held(ask, "update", sso::remove_certificate));
    Router::new()
        .route(
            "/b2b/sso/authenticate",
            post((Standing::Guest, Endpoint::OAuth), sso::authenticate),
        )
        .route(
            "/b2b/sso/discovery/connections",
            get((Standing::Stranger, Endpoint::Records), sso::discover),
        )
        .route("/b2b/sso", get(by, |ask| held(ask, "get", sso::list)))
        .route(
            "/b2b/sso/{connection_id}",
            delete(by, |ask| held(ask, "delete", sso::remove)),
        )
        .route(
            "/b2b/sso/oidc",
            post(by, |ask| held(ask, "create", sso::create_oidc)),
        )
        .route("/b2b/sso/oidc/{connection_id}", oidc)
        .route(
            "/b2b/sso/saml",
            post(by, |ask| held(ask, "create", sso::create_saml)),
        )
        .route("/b2b/sso/saml/{connection_id}", saml)
        .route(
            "/b2b/sso/saml/{connection_id}/url",
            put(by, |ask| held(ask, "update", sso::update_by_url)),
        )
        .route(
            "/b2b/sso/saml/{connection_id}/verification_certificates/{certificate_id}",
            certificate,
        )
        // As the SDK writes it; the server's route has the plural.
        .route(
            "/b2b/sso/saml/{connection_id}/encryption_private_key/{private_key_id}",
            delete(by, |ask| held(ask, "update", sso::remove_key)),
        )
        .route(
            "/b2b/sso/external",
            post(by, |ask| held(ask, "create", sso::create_external)),
        )
        .route("/b2b/sso/external/{connection_id}", external)
}
