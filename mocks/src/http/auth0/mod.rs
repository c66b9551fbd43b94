//! The tenant's HTTP face: the real paths, bodies, statuses and texts, one file for each endpoint.

mod answering;
mod application_pages;
mod authorize;
mod backchannel;
mod behind;
mod conclude;
mod cookies;
mod cross_origin;
mod dbconnections;
mod device_pages;
mod dialect;
mod dpop;
mod errors;
mod events;
mod face;
mod follow_link;
mod handover;
mod issue;
mod issuers;
mod login;
mod logout;
mod management;
mod mfa_pages;
mod nearby;
mod opaque;
pub(super) mod pages;
mod passwordless;
mod passwords;
mod person;
mod pushed;
mod registration;
mod request;
mod reset_pages;
mod respond;
mod shields;
mod sign_up_page;
mod terms;
pub mod texts;
mod tickets;
mod token;
mod userinfo;
mod wellknown;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};

pub use errors::{BLOCKED, SUSPICIOUS_ADDRESS, TOO_MANY_ATTEMPTS, WRONG_CODE, WRONG_PASSWORD};
pub use face::{Application, Face, Issuer};
pub use login::mailed_code;

use super::cors::Cors;
use super::shown::Shown;
use super::site::Site;

/// A request body may be this long in bytes: the Management API's cap.
const BODY_LIMIT: usize = 1 << 20;

/// Headers that a page may read besides the usual ones.
const EXPOSED: &str = "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, X-Auth0-RequestId, DPoP-Nonce, WWW-Authenticate";

/// A tenant's routes, which pages of the origins that its applications name may call.
pub fn site(shown: &Shown<Arc<Face>>) -> Site {
    let registry = shown.clone();
    let cors = Cors::new(move |origin| registry.get().allows_origin(origin), EXPOSED)
        .with_open(&["/userinfo"]);
    Site::from(router(shown.clone()))
        .straight_to("/userinfo", shown.clone(), userinfo::answer)
        .with_body_limit(BODY_LIMIT)
        .with_cors(cors)
}

/// All routes of a tenant.
fn router(shown: Shown<Arc<Face>>) -> Router {
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
        .merge(pages())
        .merge(widgets())
        .route("/oauth/token", post(token::token))
        .route("/oauth/par", post(pushed::push))
        .route("/oidc/register", post(registration::register))
        .route("/oauth/revoke", post(token::revoke))
        .route(
            "/oauth/global-token-revocation/connection/{name}",
            post(token::revoke_all),
        )
        .route("/oauth/device/code", post(device_pages::code))
        .route("/passwordless/start", post(passwordless::start))
        .route("/passwordless/verify", post(passwordless::verify))
        .route("/mfa/associate", post(token::associate))
        .route("/mfa/challenge", post(token::challenge))
        .route("/mfa/authenticators", get(token::authenticators))
        .route(
            "/mfa/authenticators/{id}",
            delete(token::remove_authenticator),
        )
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
        .nest("/api/v2", management::router())
        .merge(management::downloads())
        .fallback(wellknown::not_found)
        .method_not_allowed_fallback(wellknown::not_found)
        .with_state(shown)
}

/// What widgets on the pages of applications ask.
fn widgets() -> Router<Shown<Arc<Face>>> {
    Router::new()
        .route("/client/{name}", get(application_pages::settings))
        .route("/co/authenticate", post(cross_origin::authenticate))
        .route(
            "/usernamepassword/challenge",
            post(application_pages::challenge),
        )
        .route(
            "/dbconnections/signup/challenge",
            post(application_pages::challenge),
        )
        .route(
            "/dbconnections/change_password/challenge",
            post(application_pages::challenge),
        )
        .route(
            "/passwordless/challenge",
            post(application_pages::challenge),
        )
}

/// What browsers see.
fn pages() -> Router<Shown<Arc<Face>>> {
    Router::new()
        .route(
            "/authorize",
            get(authorize::authorize).post(authorize::authorize),
        )
        .route("/u/login", get(login::page).post(login::submit))
        .route(
            "/u/signup",
            get(sign_up_page::page).post(sign_up_page::submit),
        )
        .route(
            "/u/reset-password/request",
            get(reset_pages::request_page).post(reset_pages::request),
        )
        .route(
            "/u/reset-verify",
            get(reset_pages::verify_page).post(reset_pages::verify),
        )
        .route("/u/email-verification", get(reset_pages::verify_address))
        .route(
            "/u/mfa-otp-challenge",
            get(mfa_pages::challenge).post(mfa_pages::submit),
        )
        .route(
            "/u/mfa-otp-enrollment-qr",
            get(mfa_pages::enrolment).post(mfa_pages::submit),
        )
        .route(
            "/u/mfa-recovery-code-challenge",
            get(mfa_pages::recovery).post(mfa_pages::submit),
        )
        .route(
            "/activate",
            get(device_pages::page).post(device_pages::submit),
        )
        .route("/passwordless/verify_redirect", get(follow_link::follow))
}
