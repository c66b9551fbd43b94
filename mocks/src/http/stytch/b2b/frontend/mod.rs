//! What browsers ask of a B2B project: in their words, answered by the server's handlers.

use axum::Router;

mod connections;
mod own;

use super::super::Face;
use super::super::frontend::{Standing, no_apps};
use super::super::routes::{delete, get, post, put};
use super::super::shared;
use super::{
    discovery, links, logins, managed, member_means, organizations, passwords, second, sessions,
};
use crate::http::shown::Shown;
use crate::stytch::Endpoint;

/// All routes.
pub(in super::super) fn routes() -> Router<Shown<Face>> {
    Router::new()
        .merge(session_routes())
        .merge(login_routes())
        .merge(password_routes())
        .merge(discovery_routes())
        .merge(second_routes())
        .merge(self_routes())
        .merge(organization_routes())
        .merge(connections::routes())
}

fn session_routes() -> Router<Shown<Face>> {
    let other = Endpoint::Other;
    Router::new()
        .route(
            "/b2b/sessions/authenticate",
            post(
                (Standing::Bearer, Endpoint::Authenticate),
                sessions::authenticate,
            ),
        )
        .route(
            "/b2b/sessions/revoke",
            post((Standing::Bearer, Endpoint::Revoke), sessions::revoke),
        )
        .route(
            "/b2b/sessions/revoke/{member_id}",
            post(
                (Standing::Holder, Endpoint::Revoke),
                managed::revoke_anothers,
            ),
        )
        .route(
            "/b2b/sessions/exchange",
            post((Standing::Bearer, other), sessions::exchange),
        )
        .route(
            "/b2b/sessions/attest",
            post((Standing::Guest, other), sessions::attest),
        )
        .route(
            "/b2b/sessions/exchange_access_token",
            post((Standing::Stranger, other), shared::exchange_access_token),
        )
        .route(
            "/b2b/impersonation/authenticate",
            post((Standing::Stranger, other), sessions::impersonate),
        )
}

fn login_routes() -> Router<Shown<Face>> {
    let (send, follow) = (Endpoint::SendMagicLink, Endpoint::MagicLink);
    let (stranger, guest) = (Standing::Stranger, Standing::Guest);
    Router::new()
        .route(
            "/b2b/magic_links/email/login_or_signup",
            post((stranger, send), own::link_or_signup),
        )
        .route(
            "/b2b/magic_links/email/invite",
            post((Standing::Manager, send), managed::invite),
        )
        .route(
            "/b2b/magic_links/authenticate",
            post((guest, follow), links::follow),
        )
        .route(
            "/b2b/otps/email/login_or_signup",
            post((stranger, send), own::code_or_signup),
        )
        .route(
            "/b2b/otps/email/authenticate",
            post((guest, follow), logins::code),
        )
        .route(
            "/b2b/oauth/authenticate",
            post((guest, Endpoint::OAuth), logins::oauth),
        )
}

fn password_routes() -> Router<Shown<Face>> {
    let (guest, change) = (Standing::Guest, Endpoint::PasswordChange);
    Router::new()
        .route(
            "/b2b/passwords/authenticate",
            post((guest, Endpoint::Password), passwords::authenticate),
        )
        .route(
            "/b2b/passwords/strength_check",
            post(
                (Standing::Stranger, Endpoint::Other),
                passwords::strength_check,
            ),
        )
        .route(
            "/b2b/passwords/email/reset/start",
            post((Standing::Stranger, change), own::start_reset),
        )
        .route(
            "/b2b/passwords/email/reset",
            post((Standing::Stranger, change), passwords::finish_reset),
        )
        .route(
            "/b2b/passwords/existing_password/reset",
            post((guest, change), passwords::replace),
        )
        .route(
            "/b2b/passwords/session/reset",
            post((Standing::Holder, change), passwords::reset_by_session),
        )
}

fn discovery_routes() -> Router<Shown<Face>> {
    let (send, follow) = (Endpoint::SendMagicLink, Endpoint::MagicLink);
    let (stranger, guest) = (Standing::Stranger, Standing::Guest);
    Router::new()
        .route(
            "/b2b/magic_links/email/discovery/send",
            post((stranger, send), discovery::send),
        )
        .route(
            "/b2b/magic_links/discovery/authenticate",
            post((stranger, follow), discovery::follow),
        )
        .route(
            "/b2b/otps/email/discovery/send",
            post((stranger, send), discovery::send_code),
        )
        .route(
            "/b2b/otps/email/discovery/authenticate",
            post((stranger, follow), discovery::code),
        )
        .route(
            "/b2b/passwords/discovery/authenticate",
            post((stranger, Endpoint::Password), discovery::password),
        )
        .route(
            "/b2b/passwords/discovery/reset/start",
            post((stranger, send), discovery::start_reset),
        )
        .route(
            "/b2b/passwords/discovery/reset",
            post(
                (stranger, Endpoint::PasswordChange),
                discovery::finish_reset,
            ),
        )
        .route(
            "/b2b/oauth/discovery/authenticate",
            post((stranger, Endpoint::OAuth), discovery::oauth),
        )
        .route(
            "/b2b/discovery/organizations",
            post((guest, Endpoint::Records), discovery::list),
        )
        .route(
            "/b2b/discovery/organizations/create",
            post((guest, Endpoint::Other), discovery::found),
        )
        .route(
            "/b2b/discovery/intermediate_sessions/exchange",
            post((guest, Endpoint::Other), discovery::enter),
        )
}

fn second_routes() -> Router<Shown<Face>> {
    let (half, holder) = (Standing::Halfway, Standing::Holder);
    let (second, records) = (Endpoint::SecondFactor, Endpoint::Records);
    Router::new()
        .route("/b2b/otps/sms/send", post((half, second), own::send_sms))
        .route("/b2b/otps/sms/authenticate", post((half, second), own::sms))
        .route("/b2b/totp", post((half, records), own::create_totp))
        .route("/b2b/totp/authenticate", post((half, second), own::totp))
        .route(
            "/b2b/recovery_codes/recover",
            post((half, second), own::recover),
        )
        .route(
            "/b2b/recovery_codes/rotate",
            post((holder, records), second::rotate),
        )
        .route(
            "/b2b/recovery_codes",
            get((holder, records), second::recovery_codes),
        )
}

fn self_routes() -> Router<Shown<Face>> {
    let (holder, records) = (Standing::Holder, Endpoint::Records);
    let own = "/b2b/organizations/members";
    Router::new()
        .route(
            "/b2b/organizations/members/me",
            get((holder, records), own::myself),
        )
        .route(
            "/b2b/organizations/members/update",
            put((holder, records), managed::update_member),
        )
        .route(
            "/b2b/organizations/members/deletePhoneNumber",
            delete((holder, records), managed::remove_phone),
        )
        .route(
            "/b2b/organizations/members/deleteTOTP",
            delete((holder, records), managed::remove_totp),
        )
        .route(
            "/b2b/organizations/members/connected_apps",
            get((holder, records), no_apps),
        )
        .route(
            &format!("{own}/unlink_retired_email"),
            post((holder, records), member_means::unlink),
        )
        .route(
            &format!("{own}/start_email_update"),
            post(
                (holder, Endpoint::SendMagicLink),
                member_means::start_email_update,
            ),
        )
        .route(
            "/b2b/organizations/members/search",
            post((Standing::Stranger, records), own::search_member),
        )
}

fn organization_routes() -> Router<Shown<Face>> {
    let (holder, manager) = (Standing::Holder, Standing::Manager);
    let records = Endpoint::Records;
    let own = get((holder, records), organizations::read)
        .merge(put((holder, records), managed::update_organization))
        .merge(delete((holder, records), managed::remove_organization));
    let member = put((manager, records), managed::update_member)
        .merge(delete((holder, records), managed::remove_member));
    Router::new()
        .route("/b2b/organizations/me", own)
        .route(
            "/b2b/organizations/search",
            post((Standing::Stranger, records), own::by_slug),
        )
        .route(
            "/b2b/organizations/connected_apps",
            get((holder, records), no_apps),
        )
        .route(
            "/b2b/organizations/members",
            post((manager, records), managed::create_member),
        )
        .route(
            "/b2b/organizations/me/members/search",
            post((holder, records), managed::search_own),
        )
        .route("/b2b/organizations/members/{member_id}", member)
        .route(
            "/b2b/organizations/members/{member_id}/reactivate",
            put((holder, records), managed::reactivate),
        )
        .route(
            "/b2b/organizations/members/{member_id}/unlink_retired_email",
            post((holder, records), managed::unlink_anothers),
        )
        .route(
            "/b2b/organizations/members/{member_id}/start_email_update",
            post(
                (holder, Endpoint::SendMagicLink),
                managed::start_anothers_update,
            ),
        )
        .route(
            "/b2b/organizations/members/mfa_phone_numbers/{member_id}",
            delete((holder, records), managed::remove_phone),
        )
        .route(
            "/b2b/organizations/members/totp/{member_id}",
            delete((holder, records), managed::remove_totp),
        )
        .route(
            "/b2b/organizations/members/passwords/{member_password_id}",
            delete((holder, records), managed::remove_password),
        )
}
