//! The endpoints of a consumer project: users.

mod logins;
mod passwords;
mod sessions;
mod users;

pub(super) use logins::{consent, provider};
pub(super) use passwords::already_has_one;
pub(super) use sessions::{jwks, none_to_revoke};
pub(super) use users::{check_external_id, describe};

use axum::Router;
use serde_json::{Value, json};

use super::Face;
use super::ask::{Ask, Done, Good, delete, get, odd, post, public, put};
use super::names::Kind;
use super::objects::Picture;
use super::problem::{Bad, Problem};
use crate::stytch::{Endpoint, Reply, UserId};
use crate::time::Span;

/// All routes.
pub(super) fn routes() -> Router<Face> {
    Router::new()
        .merge(session_routes())
        .merge(record_routes())
        .merge(login_routes())
}

fn session_routes() -> Router<Face> {
    Router::new()
        .route("/v1/sessions", get(Endpoint::Other, sessions::list))
        .route(
            "/v1/sessions/migrate",
            post(Endpoint::Migrate, sessions::migrate),
        )
        .route(
            "/v1/sessions/authenticate",
            post(Endpoint::Authenticate, sessions::authenticate),
        )
        .route(
            "/v1/sessions/revoke",
            post(Endpoint::Revoke, sessions::revoke),
        )
        .route(
            "/v1/sessions/jwks/{project_id}",
            public(Endpoint::Jwks, jwks),
        )
}

fn record_routes() -> Router<Face> {
    let one = get(Endpoint::Records, users::read)
        .merge(put(Endpoint::Records, users::update))
        .merge(delete(Endpoint::Records, users::remove));
    Router::new()
        .route("/v1/users", post(Endpoint::Records, users::create))
        .route("/v1/users/search", post(Endpoint::Records, users::search))
        .route("/v1/users/{user_id}", one)
}

fn login_routes() -> Router<Face> {
    let change = Endpoint::PasswordChange;
    let send = Endpoint::SendMagicLink;
    let follow = Endpoint::MagicLink;
    Router::new()
        .route("/v1/passwords", post(change, passwords::create))
        .route(
            "/v1/passwords/authenticate",
            post(Endpoint::Password, passwords::authenticate),
        )
        .route(
            "/v1/passwords/migrate",
            post(Endpoint::Records, passwords::migrate),
        )
        .route(
            "/v1/passwords/email/reset/start",
            post(change, passwords::start_reset),
        )
        .route(
            "/v1/passwords/email/reset",
            post(change, passwords::finish_reset),
        )
        .route(
            "/v1/passwords/existing_password/reset",
            post(change, passwords::replace),
        )
        .route(
            "/v1/magic_links/email/login_or_create",
            post(send, logins::login_or_create),
        )
        .route("/v1/magic_links/email/send", post(send, logins::send_link))
        .route(
            "/v1/magic_links/authenticate",
            post(follow, logins::follow_link),
        )
        .route(
            "/v1/otps/email/login_or_create",
            post(send, logins::code_or_create),
        )
        .route("/v1/otps/email/send", post(send, logins::send_code))
        .route("/v1/otps/authenticate", post(follow, logins::code))
        .route(
            "/v1/public/oauth/{provider}/start",
            public(Endpoint::StartOAuth, logins::start_oauth),
        )
        .route(
            "/v1/oauth/authenticate",
            post(Endpoint::OAuth, logins::oauth),
        )
}

/// The answer to a login: the user, and the session under this name if one was opened.
async fn entered(ask: &Ask, got: (Reply, Span), under: &str, extra: Value) -> Done {
    let (reply, took) = got;
    let (user, opened) = match reply {
        Reply::Session(opened) => (opened.jwt.subject, Some(opened)),
        Reply::NoSession(user) => (user, None),
        _ => return Err(odd(took)),
    };
    if let Some(opened) = opened {
        ask.claim(opened.token.session)?;
    }
    let session = opened.map(|opened| opened.token.session);
    let picture = picture(ask, user, session, took)?;
    let face = &ask.face;
    let mut body = json!({
        "user_id": face.person_id(user),
        "user": face.user(&picture),
        "session_token": "",
        "session_jwt": "",
        under: null,
    });
    if let Some(opened) = opened {
        body["session_token"] = json!(face.0.names.session_token(opened.token));
        body["session_jwt"] = json!(face.session_jwt(&opened.jwt, &picture).await);
        body[under] = picture
            .session
            .map_or(Value::Null, |row| face.session(&row, &picture));
    }
    if let (Value::Object(body), Value::Object(extra)) = (&mut body, extra) {
        body.extend(extra);
    }
    Ok(Good::new(took, body))
}

/// A picture of someone whom the machine has just named.
fn picture(ask: &Ask, user: UserId, session: Option<u32>, took: Span) -> Result<Picture, Bad> {
    let now = ask.exchange.stamp().at;
    // Gone between two looks: another call deleted them.
    Picture::take(&ask.face.project(), user, session, now).ok_or_else(|| odd(took))
}

/// The user that a request names by Stytch's id or by their external id. A name that nobody has
/// gives an id that nobody has: saying so is the machine's part.
fn user_named(ask: &Ask, text: &str) -> UserId {
    let known = ask.face.0.names.read_id(Kind::User, text).map(UserId);
    let external = || {
        ask.face
            .book()
            .external_people
            .get(&(None, text.to_owned()))
            .copied()
    };
    known.or_else(external).unwrap_or(UserId(u32::MAX))
}

fn email_id(ask: &Ask, user: UserId) -> String {
    ask.face.0.names.id(Kind::Email, user.0)
}

/// Consumer logins take the session they would add their factor to; the mock adds none.
fn no_attaching(ask: &Ask) -> Result<(), Problem> {
    ask.not_modelled(&["session_token", "session_jwt"])
}
