//! `/api/v2/…`: the Management API, one file for each kind of record.

mod absent;
mod authentication_methods;
mod blocks;
mod clients;
mod connections;
mod desk;
mod export;
mod gzip;
mod identities;
mod import;
mod jobs;
mod keys;
mod logs;
mod lucene;
mod members;
mod multipart;
mod organizations;
mod paging;
mod payload;
mod protection;
mod refresh_tokens;
mod resources;
mod roles;
mod search;
mod sessions;
mod statistics;
mod tenant_settings;
mod tickets;
mod unchanged;
mod user;
mod users;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post, put};

use super::face::Face;
use crate::http::shown::Shown;

/// All routes of the Management API.
pub(super) fn router() -> Router<Shown<Arc<Face>>> {
    Router::new()
        .merge(people())
        .merge(registry())
        .merge(organizations_router())
        .merge(roles_router())
        .merge(absent::router())
        .route("/jobs/users-imports", post(import::start))
        .route("/jobs/users-exports", post(export::start))
        .route("/jobs/verification-email", post(jobs::verification_email))
        .route("/jobs/{id}", get(jobs::read))
        .route("/jobs/{id}/errors", get(jobs::errors))
        .route("/tickets/email-verification", post(tickets::verification))
        .route("/tickets/password-change", post(tickets::password_change))
        .route("/keys/signing", get(keys::list))
        .route("/keys/signing/rotate", post(keys::rotate))
        .route("/keys/signing/{kid}", get(keys::read))
        .route("/keys/signing/{kid}/revoke", put(keys::revoke))
        .route("/stats/active-users", get(statistics::active_users))
        .route("/stats/daily", get(statistics::daily))
        .route(
            "/tenants/settings",
            get(tenant_settings::read).patch(tenant_settings::update),
        )
        .route("/logs", get(logs::list))
        .route("/logs/{id}", get(logs::read))
}

/// Where exports are fetched from: no part of the API, and without its token.
pub(super) fn downloads() -> Router<Shown<Arc<Face>>> {
    Router::new().route("/_exports/{ticket}/{name}", get(export::download))
}

fn people() -> Router<Shown<Arc<Face>>> {
    Router::new()
        .route("/users", get(users::list).post(users::create))
        .route("/users-by-email", get(users::by_email))
        .route(
            "/users/{id}",
            get(users::read).patch(users::update).delete(users::delete),
        )
        .route("/users/{id}/identities", post(identities::link))
        .route(
            "/users/{id}/identities/{provider}/{user}",
            delete(identities::unlink),
        )
        .route("/users/{id}/logs", get(logs::of))
        .route(
            "/users/{id}/sessions",
            get(sessions::list).delete(sessions::end_all),
        )
        .route(
            "/users/{id}/refresh-tokens",
            get(sessions::families).delete(sessions::end_families),
        )
        .route("/users/{id}/revoke-access", post(sessions::revoke_access))
        .route("/users/{id}/organizations", get(members::organizations_of))
        .route(
            "/users/{id}/roles",
            get(roles::of).post(roles::give).delete(roles::take),
        )
        .route(
            "/users/{id}/permissions",
            get(roles::permissions_of)
                .post(roles::permit)
                .delete(roles::forbid),
        )
        .route("/users/{id}/effective-roles", get(roles::effective_of))
        .route(
            "/users/{id}/effective-permissions",
            get(roles::effective_permissions_of),
        )
        .route(
            "/users/{id}/multifactor/{provider}",
            delete(sessions::remove_factor),
        )
        .route("/users/{id}/enrollments", get(sessions::enrolments))
        .merge(factors())
        .route("/sessions/{id}", get(sessions::read).delete(sessions::end))
        .route("/sessions/{id}/revoke", post(sessions::revoke))
        .route("/refresh-tokens", get(refresh_tokens::list))
        .route("/refresh-tokens/revoke", post(refresh_tokens::revoke))
        .route(
            "/refresh-tokens/{id}",
            get(sessions::read_family).delete(sessions::end_family),
        )
        .route(
            "/user-blocks",
            get(blocks::by_identifier).delete(blocks::lift_by_identifier),
        )
        .route("/user-blocks/{id}", get(blocks::of).delete(blocks::lift))
        .route(
            "/attack-protection/brute-force-protection",
            get(protection::brute_force).patch(protection::change_brute_force),
        )
        .route(
            "/attack-protection/suspicious-ip-throttling",
            get(protection::suspicious_addresses).patch(protection::change_suspicious_addresses),
        )
        .route("/grants", get(sessions::grants))
}

/// Second factors of people.
fn factors() -> Router<Shown<Arc<Face>>> {
    use authentication_methods as methods;
    Router::new()
        .route(
            "/users/{id}/authentication-methods",
            get(methods::list)
                .post(methods::create)
                .put(methods::replace)
                .delete(methods::remove_all),
        )
        .route(
            "/users/{id}/authentication-methods/{authentication_method_id}",
            get(methods::read)
                .patch(methods::rename)
                .delete(methods::remove),
        )
        .route("/users/{id}/authenticators", delete(methods::remove_all))
        .route(
            "/users/{id}/recovery-code-regeneration",
            post(methods::renew_recovery),
        )
        .route(
            "/guardian/policies",
            get(methods::policies).put(methods::set_policies),
        )
        .route("/guardian/factors", get(methods::factors))
        .route("/guardian/factors/{name}", put(methods::keep_factor))
}

fn registry() -> Router<Shown<Arc<Face>>> {
    Router::new()
        .route("/clients", get(clients::list).post(clients::create))
        .route(
            "/clients/{id}",
            get(clients::read)
                .patch(clients::update)
                .delete(clients::delete),
        )
        .route(
            "/client-grants",
            get(clients::grants).post(clients::add_grant),
        )
        .route(
            "/client-grants/{id}",
            get(clients::grant)
                .patch(clients::change_grant)
                .delete(clients::remove_grant),
        )
        .route("/clients/{id}/rotate-secret", post(clients::rotate_secret))
        .route(
            "/resource-servers",
            get(resources::list).post(resources::create),
        )
        .route(
            "/resource-servers/{id}",
            get(resources::read)
                .patch(resources::update)
                .delete(resources::delete),
        )
        .route("/connections", get(connections::connections))
        .route(
            "/connections/{id}",
            get(connections::connection).patch(connections::keep_connection),
        )
        .route(
            "/connections/{id}/clients",
            get(connections::connection_clients).patch(connections::keep_connection_clients),
        )
}

fn organizations_router() -> Router<Shown<Arc<Face>>> {
    Router::new()
        .route(
            "/organizations",
            get(organizations::list).post(organizations::create),
        )
        .route("/organizations/name/{name}", get(organizations::by_name))
        .route(
            "/organizations/{id}",
            get(organizations::read)
                .patch(organizations::update)
                .delete(organizations::delete),
        )
        .route(
            "/organizations/{id}/enabled_connections",
            get(organizations::connections).post(organizations::enable),
        )
        .route(
            "/organizations/{id}/enabled_connections/{connection}",
            get(organizations::connection)
                .patch(organizations::change_connection)
                .delete(organizations::disable),
        )
        .route(
            "/organizations/{id}/members",
            get(members::list)
                .post(members::add)
                .delete(members::remove),
        )
        .route(
            "/organizations/{id}/members/{user}/roles",
            get(members::roles)
                .post(members::give_roles)
                .delete(members::take_roles),
        )
        .route(
            "/organizations/{id}/invitations",
            get(organizations::invitations).post(organizations::invite),
        )
        .route(
            "/organizations/{id}/invitations/{invitation}",
            get(organizations::invitation).delete(organizations::take_back),
        )
}

fn roles_router() -> Router<Shown<Arc<Face>>> {
    Router::new()
        .route("/roles", get(roles::list).post(roles::create))
        .route(
            "/roles/{id}",
            get(roles::read).patch(roles::update).delete(roles::delete),
        )
        .route(
            "/roles/{id}/permissions",
            get(roles::permissions)
                .post(roles::add_permissions)
                .delete(roles::remove_permissions),
        )
        .route(
            "/roles/{id}/users",
            get(roles::holders).post(roles::add_holders),
        )
}
