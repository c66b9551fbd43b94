//! The endpoints of a B2B project: organizations and members.

mod discovery;
mod logins;
mod members;
mod organizations;
mod passwords;
mod sessions;

use axum::Router;
use serde_json::{Map, Value, json};

use super::Face;
use super::ask::{Ask, Done, Good, delete, get, odd, post, public, put};
use super::consumer;
use super::names::Kind;
use super::objects::{self, Picture};
use super::problem::{Bad, Problem};
use crate::stytch::{Endpoint, IntermediateToken, OrgId, Reply, UserId};
use crate::time::Span;

/// All routes.
pub(super) fn routes() -> Router<Face> {
    let product = Router::new()
        .merge(session_routes())
        .merge(record_routes())
        .merge(login_routes())
        .merge(discovery_routes());
    Router::new().nest("/v1/b2b", product)
}

fn session_routes() -> Router<Face> {
    Router::new()
        .route("/sessions", get(Endpoint::Other, sessions::list))
        .route(
            "/sessions/migrate",
            post(Endpoint::Migrate, sessions::migrate),
        )
        .route(
            "/sessions/authenticate",
            post(Endpoint::Authenticate, sessions::authenticate),
        )
        .route(
            "/sessions/exchange",
            post(Endpoint::Other, sessions::exchange),
        )
        .route("/sessions/revoke", post(Endpoint::Revoke, sessions::revoke))
        .route(
            "/sessions/jwks/{project_id}",
            public(Endpoint::Jwks, consumer::jwks),
        )
}

fn record_routes() -> Router<Face> {
    let records = Endpoint::Records;
    let organization = get(records, organizations::read)
        .merge(put(records, organizations::update))
        .merge(delete(records, organizations::remove));
    let member = put(records, members::update).merge(delete(records, members::remove));
    Router::new()
        .route("/organizations", post(records, organizations::create))
        .route(
            "/organizations/search",
            post(records, organizations::search),
        )
        .route(
            "/organizations/members/search",
            post(records, members::search),
        )
        .route("/organizations/{organization_id}", organization)
        .route(
            "/organizations/{organization_id}/members",
            post(records, members::create),
        )
        .route(
            "/organizations/{organization_id}/member",
            get(records, members::read),
        )
        .route(
            "/organizations/{organization_id}/members/{member_id}",
            member,
        )
}

fn login_routes() -> Router<Face> {
    let change = Endpoint::PasswordChange;
    let send = Endpoint::SendMagicLink;
    Router::new()
        .route("/passwords", post(change, passwords::sign_up))
        .route(
            "/passwords/authenticate",
            post(Endpoint::Password, passwords::authenticate),
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
            "/passwords/existing_password/reset",
            post(change, passwords::replace),
        )
        .route(
            "/magic_links/email/login_or_signup",
            post(send, logins::login_or_signup),
        )
        .route(
            "/magic_links/authenticate",
            post(Endpoint::MagicLink, logins::follow_link),
        )
        .route(
            "/public/oauth/{provider}/start",
            public(Endpoint::StartOAuth, logins::start_oauth),
        )
        .route("/oauth/authenticate", post(Endpoint::OAuth, logins::oauth))
        .route(
            "/otps/sms/send",
            post(Endpoint::SecondFactor, logins::send_sms),
        )
        .route(
            "/otps/sms/authenticate",
            post(Endpoint::SecondFactor, logins::sms),
        )
}

fn discovery_routes() -> Router<Face> {
    let send = Endpoint::SendMagicLink;
    Router::new()
        .route(
            "/magic_links/email/discovery/send",
            post(send, discovery::send),
        )
        .route(
            "/magic_links/discovery/authenticate",
            post(Endpoint::MagicLink, discovery::follow),
        )
        .route(
            "/discovery/organizations",
            post(Endpoint::Records, discovery::list),
        )
        .route(
            "/discovery/intermediate_sessions/exchange",
            post(Endpoint::Other, discovery::enter),
        )
}

/// The answer to a login: member, organization, and a session or the question for a second factor.
async fn entered(ask: &Ask, got: (Reply, Span), extra: Value) -> Done {
    let (reply, took) = got;
    let mut body = match reply {
        Reply::Session(opened) => {
            ask.claim(opened.token.session)?;
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
            body
        }
        Reply::SecondFactorNeeded(token) => halfway(ask, token, took)?,
        _ => return Err(odd(took)),
    };
    body.insert("primary_required".into(), Value::Null);
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
    let options = json!({
        "mfa_phone_number": ask.face.profile(member).phone,
        "totp_registration_id": "",
    });
    let life = ask.face.project().settings().intermediate_life;
    let clock = ask.face.project().clock(now);
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
    let required = json!({ "member_options": options, "secondary_auth_initiated": null });
    body.insert("mfa_required".into(), required);
    Ok(body)
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

/// The organization that a request names by id, slug or external id. A name that none has gives an
/// id that none has: saying so is the machine's part.
fn org_named(ask: &Ask, text: &str) -> OrgId {
    let face = &ask.face;
    let by_id = face.0.names.read_id(Kind::Organization, text).map(OrgId);
    let by_name = || face.book().org_names.get(text).copied();
    let by_rule = || {
        let org = OrgId(text.strip_prefix("org-")?.parse().ok()?);
        (face.slug(org) == text).then_some(org)
    };
    by_id
        .or_else(by_name)
        .or_else(by_rule)
        .unwrap_or(OrgId(u32::MAX))
}

/// The organization of a request's body.
fn org_of(ask: &Ask) -> Result<OrgId, Problem> {
    Ok(org_named(ask, ask.fields.needed("organization_id")?))
}

/// The member of an organization that a request names by id or external id.
fn member_named(ask: &Ask, org: OrgId, text: &str) -> UserId {
    let face = &ask.face;
    let by_id = face.0.names.read_id(Kind::Member, text).map(UserId);
    let external = || {
        face.book()
            .external_people
            .get(&(Some(org), text.to_owned()))
            .copied()
    };
    let nobody = UserId(u32::MAX);
    let member = by_id.or_else(external).unwrap_or(nobody);
    let view = face.project().user(member);
    if view.is_some_and(|view| view.org == Some(org)) {
        member
    } else {
        nobody
    }
}

fn email_id(ask: &Ask, member: UserId) -> String {
    ask.face.0.names.id(Kind::Email, member.0)
}

/// Logins take a session that they would add their factor to; the mock adds none.
fn no_attaching(ask: &Ask) -> Result<(), Problem> {
    ask.not_modelled(&["session_token", "session_jwt", "intermediate_session_token"])
}
