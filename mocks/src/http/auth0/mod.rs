//! The tenant's HTTP face: the real paths, bodies, statuses and texts, one file for each endpoint.

mod authorize;
mod dbconnections;
mod errors;
mod face;
mod issuers;
mod login;
mod logout;
mod management;
pub mod texts;
mod token;
mod userinfo;
mod wellknown;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};

pub use errors::{BLOCKED, SUSPICIOUS_ADDRESS, TOO_MANY_ATTEMPTS, WRONG_CODE, WRONG_PASSWORD};
pub use face::{Application, Face, Issuer};
pub use login::mailed_code;

/// A request body may be this long in bytes: the Management API's cap.
const BODY_LIMIT: usize = 1 << 20;

/// All routes of a tenant.
pub fn router(face: Arc<Face>) -> Router {
    Router::new()
        .route(
            "/.well-known/openid-configuration",
            get(wellknown::configuration),
        )
        .route(
            "/.well-known/oauth-authorization-server",
            get(wellknown::configuration),
        )
        .route("/.well-known/jwks.json", get(wellknown::jwks))
        .route("/authorize", get(authorize::authorize))
        .route("/u/login", get(login::page).post(login::submit))
        .route("/oauth/token", post(token::token))
        .route("/oauth/revoke", post(token::revoke))
        .route(
            "/userinfo",
            get(userinfo::userinfo).post(userinfo::userinfo),
        )
        .route("/v2/logout", get(logout::logout))
        .route(
            "/oidc/logout",
            get(logout::oidc_logout).post(logout::oidc_logout),
        )
        .route("/dbconnections/signup", post(dbconnections::sign_up))
        .route(
            "/dbconnections/change_password",
            post(dbconnections::change_password),
        )
        .route("/api/v2/users", post(management::create))
        .route("/api/v2/users-by-email", get(management::by_email))
        .route(
            "/api/v2/users/{id}",
            get(management::read)
                .patch(management::update)
                .delete(management::delete),
        )
        .fallback(wellknown::not_found)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(face)
}
