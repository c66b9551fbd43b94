//! The endpoints of a B2B project: organizations and members.

mod discovery;
pub(super) mod frontend;
mod links;
mod logins;
mod member_means;
mod members;
mod org_search;
mod organizations;
mod passwords;
mod second;
mod sessions;

pub(super) use discovery::members_with;

use axum::Router;
use serde_json::{Map, Value, json};

use super::Face;
use super::answering::{Done, Good};
use super::ask::{Ask, odd};
use super::consumer;
use super::names::Kind;
use super::objects::{self, Picture};
use super::problem::{Bad, Problem};
use super::routes::{Open, delete, get, post, put};
use super::{policy, shared, sso};
use crate::email::Email;
use crate::http::shown::Shown;
use crate::stytch::{Endpoint, IntermediateToken, LoginToken, Method, OrgId, Reply, UserId, With};
use crate::time::Span;

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
        .route("/sessions/revoke", post(Endpoint::Revoke, sessions::revoke))
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
    let organization = get(records, organizations::read)
        .merge(put(records, organizations::update))
        .merge(delete(records, organizations::remove));
    Router::new()
        .route("/organizations", post(records, organizations::create))
        .route("/organizations/search", post(records, org_search::search))
        .route("/organizations/{organization_id}", organization)
        .route(
            "/organizations/{organization_id}/external_id",
            delete(records, organizations::remove_external_id),
        )
        .route(
            "/organizations/{organization_id}/metrics",
            get(records, organizations::metrics),
        )
}

fn member_routes() -> Router<Shown<Face>> {
    let records = Endpoint::Records;
    let member = put(records, members::update).merge(delete(records, members::remove));
    let one = "/organizations/{organization_id}/members/{member_id}";
    let of_one = |rest: &str| format!("{one}/{rest}");
    Router::new()
        .route(
            "/organizations/members/search",
            post(records, members::search),
        )
        .route(
            "/organizations/members/dangerously_get/{member_id}",
            get(records, members::dangerously_read),
        )
        .route(
            "/organizations/{organization_id}/members",
            post(records, members::create),
        )
        .route(
            "/organizations/{organization_id}/member",
            get(records, members::read),
        )
        .route(one, member)
        .route(
            &of_one("reactivate"),
            put(records, member_means::reactivate),
        )
        .route(
            &of_one("external_id"),
            delete(records, member_means::remove_external_id),
        )
        .route(&of_one("totp"), delete(records, member_means::remove_totp))
        .route(
            &of_one("unlink_retired_email"),
            post(records, member_means::unlink),
        )
        .route(
            &of_one("start_email_update"),
            post(Endpoint::SendMagicLink, member_means::start_email_update),
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
            delete(records, member_means::remove_phone),
        )
        .route(
            "/organizations/{organization_id}/members/passwords/{member_password_id}",
            delete(records, member_means::remove_password),
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
            post(change, passwords::require_reset),
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
        .route("/magic_links/email/invite", post(send, links::invite))
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

/// The answer to a login: member, organization, and a session or the question for a second factor.
pub(super) async fn entered(ask: &Ask, got: (Reply, Span), extra: Value) -> Done {
    let (reply, took) = got;
    let mut body = match reply {
        Reply::Session(opened) => {
            ask.claim(opened.token.session)
                .map_err(|problem| Bad::Told { problem, took })?;
            let session = Some(opened.token.session);
            let picture = picture(ask, opened.jwt.subject, session, took)?;
            let face = &ask.face;
            let mut body = with_organization(ask, &picture);
            body.insert(
                "session_token".into(),
                json!(face.0.names.session_token(opened.token)),
            );
            let jwt = face.session_jwt(&opened.jwt, &picture).await;
            body.insert("session_jwt".into(), json!(jwt));
            let row = picture.session.map(|row| face.session(&row, &picture));
            body.insert("member_session".into(), json!(row));
            body.insert("member_authenticated".into(), json!(true));
            body.insert("intermediate_session_token".into(), json!(""));
            body.insert("mfa_required".into(), Value::Null);
            body.insert("primary_required".into(), Value::Null);
            body
        }
        Reply::SecondFactorNeeded(token) => halfway(ask, token, took)?,
        _ => return Err(odd(took)),
    };
    body.insert("member_device".into(), Value::Null);
    if let Value::Object(extra) = extra {
        body.extend(extra);
    }
    Ok(Good::new(took, Value::Object(body)))
}

/// A login that waits for its second factor.
fn halfway(ask: &Ask, token: IntermediateToken, took: Span) -> Result<Map<String, Value>, Bad> {
    let now = ask.exchange.stamp().at;
    let found = ask.face.project().intermediate(token, now);
    let member = found
        .and_then(|(_, member)| member)
        .ok_or_else(|| odd(took))?;
    let picture = picture(ask, member, None, took)?;
    let mut body = with_organization(ask, &picture);
    let text = ask.face.0.names.intermediate_token(token);
    let (life, clock, lacks_primary) = {
        let project = ask.face.project();
        let life = project.settings().intermediate_life;
        (life, project.clock(now), project.lacks_primary(token, now))
    };
    body.insert("session_token".into(), json!(""));
    body.insert("session_jwt".into(), json!(""));
    body.insert("member_session".into(), Value::Null);
    body.insert("member_authenticated".into(), json!(false));
    body.insert("intermediate_session_token".into(), json!(text));
    let expires = objects::rfc3339(clock + life);
    body.insert(
        "intermediate_session_token_expires_at".into(),
        json!(expires),
    );
    let (primary, second) = if lacks_primary {
        (primary_required(&picture), Value::Null)
    } else {
        (Value::Null, mfa_required(ask, &picture))
    };
    body.insert("primary_required".into(), primary);
    body.insert("mfa_required".into(), second);
    Ok(body)
}

/// What a member needs for their second factor.
fn mfa_required(ask: &Ask, picture: &Picture) -> Value {
    let member = ask.face.member(picture);
    json!({
        "member_options": {
            "mfa_phone_number": member["mfa_phone_number"],
            "totp_registration_id": member["totp_registration_id"],
        },
        "secondary_auth_initiated": null,
    })
}

/// The first factors that a member's organization allows.
fn primary_required(picture: &Picture) -> Value {
    let rules = picture.org.map(|org| org.rules);
    let allowed: Vec<&str> = Method::ALL
        .into_iter()
        .filter(|it| !it.is_second() && rules.is_none_or(|rules| rules.methods.has(*it)))
        .map(Method::name)
        .collect();
    json!({ "allowed_auth_methods": allowed })
}

/// Member and organization, as nearly every answer has them.
fn with_organization(ask: &Ask, picture: &Picture) -> Map<String, Value> {
    let face = &ask.face;
    let mut body = Map::new();
    let organization = picture.org.map(|org| face.organization(&org));
    body.insert(
        "organization_id".into(),
        json!(picture.org.map(|org| face.organization_id(org.id))),
    );
    body.insert("organization".into(), json!(organization));
    body.insert("member_id".into(), json!(face.person_id(picture.user.id)));
    body.insert("member".into(), face.member(picture));
    body
}

/// A picture of someone whom the machine has just named.
fn picture(ask: &Ask, member: UserId, session: Option<u32>, took: Span) -> Result<Picture, Bad> {
    let now = ask.exchange.stamp().at;
    // Gone between two looks: another call deleted them.
    Picture::take(&ask.face.project(), member, session, now).ok_or_else(|| odd(took))
}

/// The organization of a request's path.
fn org_of_path(ask: &Ask) -> OrgId {
    ask.face.org_named(ask.path("organization_id"))
}

/// The organization of a request's body.
fn org_of(ask: &Ask) -> Result<OrgId, Problem> {
    Ok(ask.face.org_named(ask.fields.needed("organization_id")?))
}

/// The organization and the address of a request's body.
fn whom(ask: &Ask) -> Result<(OrgId, Email), Problem> {
    let org = org_of(ask)?;
    Ok((org, ask.face.email(ask.fields.address("email_address")?)))
}

/// The member of an organization that a request names by id or external id.
fn member_named(ask: &Ask, org: OrgId, text: &str) -> UserId {
    let face = &ask.face;
    let by_id = face.0.names.read_id(Kind::Member, text).map(UserId);
    let external = || {
        let book = face.book();
        book.external_people
            .get(&(Some(org), text.to_owned()))
            .copied()
    };
    let nobody = UserId(u32::MAX);
    let member = by_id.or_else(external).unwrap_or(nobody);
    let project = face.project();
    let view = project
        .user(member)
        .or_else(|| project.deleted_user(member));
    if view.is_some_and(|view| view.org == Some(org)) {
        member
    } else {
        nobody
    }
}

/// The organization and the member of a request's body.
fn member_of(ask: &Ask) -> Result<(OrgId, UserId), Problem> {
    let org = org_of(ask)?;
    let member = member_named(ask, org, ask.fields.needed("member_id")?);
    Ok((org, member))
}

/// The organization and the member of a request's path.
fn member_of_path(ask: &Ask) -> (OrgId, UserId) {
    let org = org_of_path(ask);
    (org, member_named(ask, org, ask.path("member_id")))
}

fn email_id(ask: &Ask, member: UserId) -> String {
    ask.face.0.names.id(Kind::Email, member.0)
}

/// What a login brings along, and whether its address is one that the organization lists.
fn with_domain(ask: &Ask, org: OrgId) -> Result<With, Problem> {
    let address = ask.fields.address("email_address")?;
    Ok(With {
        listed_domain: ask.listed_domain(Some(org), address),
        ..With::default()
    })
}

/// What was mailed, and whether its reader was created.
pub(super) fn mailed(got: (Reply, Span)) -> Result<(LoginToken, bool, Span), Bad> {
    match got {
        (Reply::Mailed { token, created }, took) => Ok((token, created, took)),
        (_, took) => Err(odd(took)),
    }
}

/// Whom a login is about, finished or halfway.
pub(super) fn whose(ask: &Ask, reply: &Reply) -> Option<UserId> {
    match reply {
        Reply::Session(opened) => Some(opened.jwt.subject),
        Reply::SecondFactorNeeded(token) => {
            let now = ask.exchange.stamp().at;
            ask.face.project().intermediate(*token, now)?.1
        }
        _ => None,
    }
}

/// Member and organization as the answer to a change.
fn shown(ask: &Ask, member: UserId, took: Span) -> Done {
    let picture = picture(ask, member, None, took)?;
    Ok(Good::new(
        took,
        Value::Object(with_organization(ask, &picture)),
    ))
}
