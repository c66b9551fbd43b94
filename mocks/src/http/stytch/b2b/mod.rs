//! The endpoints of a B2B project: organizations and members.

mod answers;
mod discovery;
pub(super) mod frontend;
mod links;
mod logins;
mod managed;
mod member_means;
mod members;
mod named;
mod org_search;
mod organizations;
mod passwords;
mod second;
mod sessions;

pub(super) use answers::{entered, mailed, whose};
pub(super) use discovery::members_with;
pub(super) use managed::held;
pub(super) use named::member_of_path;

use axum::Router;

use super::Face;
use super::consumer;
use super::routes::{ForMember, Open, delete, get, post, put};
use super::{connected_apps, policy, shared, sso};
use crate::http::shown::Shown;
use crate::stytch::{Endpoint, Vertical};
use answers::{mfa_required, picture, shown, with_organization};
use named::{email_id, member_named, member_of, org_of, org_of_path, whom, with_domain};

/// All routes.
pub(super) fn routes() -> Router<Shown<Face>> {
    let product = Router::new()
        .merge(session_routes())
        .merge(organization_routes())
        .merge(member_routes())
        .merge(password_routes())
        .merge(login_routes())
        .merge(second_routes())
        .merge(discovery_routes())
        .merge(sso::routes());
    Router::new()
        .nest("/v1/b2b", product)
        .merge(shared::routes())
        .merge(sso::public_routes())
        .merge(connected_apps::routes(Vertical::B2b))
}

fn session_routes() -> Router<Shown<Face>> {
    let other = Endpoint::Other;
    let own_policy = get(other, policy::read_own).merge(put(other, policy::write_own));
    Router::new()
        .route("/sessions", get(other, sessions::list))
        .route(
            "/sessions/migrate",
            post(Endpoint::Migrate, sessions::migrate),
        )
        .route(
            "/sessions/authenticate",
            post(Endpoint::Authenticate, sessions::authenticate),
        )
        .route("/sessions/exchange", post(other, sessions::exchange))
        .route("/sessions/attest", post(other, sessions::attest))
        .route(
            "/sessions/exchange_access_token",
            post(other, shared::exchange_access_token),
        )
        .route(
            "/sessions/revoke",
            post(ForMember(Endpoint::Revoke), managed::revoke),
        )
        .route(
            "/impersonation/authenticate",
            post(other, sessions::impersonate),
        )
        .route(
            "/sessions/jwks/{project_id}",
            get(Open(Endpoint::Jwks), consumer::jwks),
        )
        .route("/rbac/policy", get(other, policy::read))
        .route("/rbac/organizations/{organization_id}", own_policy)
}

fn organization_routes() -> Router<Shown<Face>> {
    let records = Endpoint::Records;
    let held = ForMember(records);
    let organization = get(records, organizations::read)
        .merge(put(held, managed::update_organization))
        .merge(delete(held, managed::remove_organization));
    Router::new()
        .route("/organizations", post(records, organizations::create))
        .route("/organizations/search", post(records, org_search::search))
        .route("/organizations/{organization_id}", organization)
        .route(
            "/organizations/{organization_id}/external_id",
            delete(held, managed::remove_external_id_of_organization),
        )
        .route(
            "/organizations/{organization_id}/metrics",
            get(records, organizations::metrics),
        )
}

fn member_routes() -> Router<Shown<Face>> {
    let (records, held) = (Endpoint::Records, ForMember(Endpoint::Records));
    let member = put(held, managed::update_member).merge(delete(held, managed::remove_member));
    let one = "/organizations/{organization_id}/members/{member_id}";
    let of_one = |rest: &str| format!("{one}/{rest}");
    Router::new()
        .route(
            "/organizations/members/search",
            post(held, managed::search_members),
        )
        .route(
            "/organizations/members/dangerously_get/{member_id}",
            get(records, members::dangerously_read),
        )
        .route(
            "/organizations/{organization_id}/members",
            post(held, managed::create_member),
        )
        .route(
            "/organizations/{organization_id}/member",
            get(records, members::read),
        )
        .route(one, member)
        .route(&of_one("reactivate"), put(held, managed::reactivate))
        .route(
            &of_one("external_id"),
            delete(held, managed::remove_external_id),
        )
        .route(&of_one("totp"), delete(held, managed::remove_totp))
        .route(&of_one("unlink_retired_email"), post(held, managed::unlink))
        .route(
            &of_one("start_email_update"),
            post(
                ForMember(Endpoint::SendMagicLink),
                managed::start_email_update,
            ),
        )
        .route(
            &of_one("oauth_providers/{provider}"),
            get(records, member_means::oauth_provider),
        )
        .route(
            &of_one("oidc_providers"),
            get(records, member_means::oidc_providers),
        )
        .route(
            "/organizations/{organization_id}/members/mfa_phone_numbers/{member_id}",
            delete(held, managed::remove_phone),
        )
        .route(
            "/organizations/{organization_id}/members/passwords/{member_password_id}",
            delete(held, managed::remove_password),
        )
}

fn password_routes() -> Router<Shown<Face>> {
    let change = Endpoint::PasswordChange;
    Router::new()
        .route("/passwords", post(change, passwords::sign_up))
        .route(
            "/passwords/authenticate",
            post(Endpoint::Password, passwords::authenticate),
        )
        .route(
            "/passwords/strength_check",
            post(Endpoint::Other, passwords::strength_check),
        )
        .route(
            "/passwords/migrate",
            post(Endpoint::Records, passwords::migrate),
        )
        .route(
            "/passwords/email/reset/start",
            post(change, passwords::start_reset),
        )
        .route(
            "/passwords/email/reset",
            post(change, passwords::finish_reset),
        )
        .route(
            "/passwords/email/require_reset",
            post(ForMember(change), managed::require_reset),
        )
        .route(
            "/passwords/existing_password/reset",
            post(change, passwords::replace),
        )
        .route(
            "/passwords/session/reset",
            post(change, passwords::reset_by_session),
        )
}

fn login_routes() -> Router<Shown<Face>> {
    let send = Endpoint::SendMagicLink;
    let follow = Endpoint::MagicLink;
    Router::new()
        .route(
            "/magic_links/email/login_or_signup",
            post(send, links::login_or_signup),
        )
        .route(
            "/magic_links/email/invite",
            post(ForMember(send), managed::invite),
        )
        .route("/magic_links/authenticate", post(follow, links::follow))
        .route(
            "/otps/email/login_or_signup",
            post(send, logins::code_or_signup),
        )
        .route("/otps/email/authenticate", post(follow, logins::code))
        .route(
            "/public/oauth/{provider}/start",
            get(Open(Endpoint::StartOAuth), logins::start_oauth),
        )
        .route("/oauth/authenticate", post(Endpoint::OAuth, logins::oauth))
}

fn second_routes() -> Router<Shown<Face>> {
    let (second, records) = (Endpoint::SecondFactor, Endpoint::Records);
    Router::new()
        .route("/otps/sms/send", post(second, second::send_sms))
        .route("/otps/sms/authenticate", post(second, second::sms))
        .route("/totp", post(records, second::create_totp))
        .route("/totp/authenticate", post(second, second::totp))
        .route("/totp/migrate", post(records, second::migrate_totp))
        .route("/recovery_codes/recover", post(second, second::recover))
        .route("/recovery_codes/rotate", post(records, second::rotate))
        .route(
            "/recovery_codes/{organization_id}/{member_id}",
            get(records, second::recovery_codes),
        )
}

fn discovery_routes() -> Router<Shown<Face>> {
    let send = Endpoint::SendMagicLink;
    let follow = Endpoint::MagicLink;
    Router::new()
        .route(
            "/magic_links/email/discovery/send",
            post(send, discovery::send),
        )
        .route(
            "/magic_links/discovery/authenticate",
            post(follow, discovery::follow),
        )
        .route(
            "/otps/email/discovery/send",
            post(send, discovery::send_code),
        )
        .route(
            "/otps/email/discovery/authenticate",
            post(follow, discovery::code),
        )
        .route(
            "/passwords/discovery/authenticate",
            post(Endpoint::Password, discovery::password),
        )
        .route(
            "/passwords/discovery/email/reset/start",
            post(send, discovery::start_reset),
        )
        .route(
            "/passwords/discovery/email/reset",
            post(Endpoint::PasswordChange, discovery::finish_reset),
        )
        .route(
            "/public/oauth/{provider}/discovery/start",
            get(Open(Endpoint::StartOAuth), discovery::start_oauth),
        )
        .route(
            "/oauth/discovery/authenticate",
            post(Endpoint::OAuth, discovery::oauth),
        )
        .route(
            "/discovery/organizations",
            post(Endpoint::Records, discovery::list),
        )
        .route(
            "/discovery/organizations/create",
            post(Endpoint::Other, discovery::found),
        )
        .route(
            "/discovery/intermediate_sessions/exchange",
            post(Endpoint::Other, discovery::enter),
        )
}
