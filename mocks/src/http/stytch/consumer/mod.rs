//! The endpoints of a consumer project: users.

pub(super) mod frontend;
mod links;
mod oauth;
mod otps;
mod passkeys;
mod passwords;
mod sessions;
mod totps;
mod user_means;
mod users;

pub(super) use links::life_of;
pub(super) use oauth::{Back, consent, provider_text, provider_values};
pub(super) use otps::in_otp_words;
pub(super) use passwords::already_has_one;
pub(super) use sessions::{jwks, none_to_revoke};
pub(super) use user_means::phone_of;
pub(super) use users::{check_external_id, describe, metadata_fits};

use std::collections::BTreeMap;

use axum::Router;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::Face;
use super::answering::{Done, Good};
use super::ask::{Ask, odd};
use super::factors::Session;
use super::names::Kind;
use super::objects::{Picture, User};
use super::problem::{Bad, Problem};
use super::routes::{Open, delete, get, post, put};
use super::{connected_apps, shared};
use crate::email::Email;
use crate::http::shown::Shown;
use crate::stytch::{Endpoint, LoginToken, Reply, UserId, Vertical};
use crate::time::Span;

/// All routes.
pub(super) fn routes() -> Router<Shown<Face>> {
    Router::new()
        .merge(session_routes())
        .merge(record_routes())
        .merge(password_routes())
        .merge(login_routes())
        .merge(passkey_routes())
        .merge(shared::routes())
        .merge(connected_apps::routes(Vertical::Consumer))
}

fn session_routes() -> Router<Shown<Face>> {
    let other = Endpoint::Other;
    Router::new()
        .route("/v1/sessions", get(other, sessions::list))
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
        .route("/v1/sessions/attest", post(other, sessions::attest))
        .route(
            "/v1/sessions/exchange_access_token",
            post(other, shared::exchange_access_token),
        )
        .route(
            "/v1/impersonation/authenticate",
            post(other, sessions::impersonate),
        )
        .route(
            "/v1/sessions/jwks/{project_id}",
            get(Open(Endpoint::Jwks), jwks),
        )
        .route("/v1/rbac/policy", get(other, super::policy::read))
}

fn record_routes() -> Router<Shown<Face>> {
    let records = Endpoint::Records;
    let one = get(records, users::read)
        .merge(put(records, users::update))
        .merge(delete(records, users::remove));
    Router::new()
        .route("/v1/users", post(records, users::create))
        .route("/v1/users/search", post(records, users::search))
        .route("/v1/users/{user_id}", one)
        .route(
            "/v1/users/{user_id}/external_id",
            delete(records, users::remove_external_id),
        )
        .route(
            "/v1/users/{user_id}/exchange_primary_factor",
            put(records, user_means::exchange),
        )
        .route(
            "/v1/users/emails/{id}",
            delete(records, user_means::remove_email),
        )
        .route(
            "/v1/users/phone_numbers/{id}",
            delete(records, user_means::remove_phone),
        )
        .route(
            "/v1/users/passwords/{id}",
            delete(records, user_means::remove_password),
        )
        .route(
            "/v1/users/totps/{id}",
            delete(records, user_means::remove_totp),
        )
        .route(
            "/v1/users/oauth/{id}",
            delete(records, user_means::remove_tie),
        )
        .route(
            "/v1/users/webauthn_registrations/{id}",
            delete(records, user_means::remove_passkey),
        )
        .route(
            "/v1/users/biometric_registrations/{id}",
            delete(records, user_means::no_biometrics),
        )
        .route(
            "/v1/users/crypto_wallets/{id}",
            delete(records, user_means::no_wallet),
        )
}

fn password_routes() -> Router<Shown<Face>> {
    let change = Endpoint::PasswordChange;
    Router::new()
        .route("/v1/passwords", post(change, passwords::create))
        .route(
            "/v1/passwords/authenticate",
            post(Endpoint::Password, passwords::authenticate),
        )
        .route(
            "/v1/passwords/strength_check",
            post(Endpoint::Other, passwords::strength_check),
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
            "/v1/passwords/session/reset",
            post(change, passwords::reset_by_session),
        )
}

fn passkey_routes() -> Router<Shown<Face>> {
    let (other, records) = (Endpoint::Other, Endpoint::Records);
    Router::new()
        .route(
            "/v1/webauthn/register/start",
            post(records, passkeys::start_registration),
        )
        .route("/v1/webauthn/register", post(other, passkeys::register))
        .route(
            "/v1/webauthn/authenticate/start",
            post(records, passkeys::start_login),
        )
        .route(
            "/v1/webauthn/authenticate",
            post(other, passkeys::authenticate),
        )
        .route(
            "/v1/webauthn/{webauthn_registration_id}",
            put(records, passkeys::rename),
        )
        .route(
            "/v1/webauthn/credentials/{user_id}/{domain}",
            get(records, passkeys::list),
        )
}

fn login_routes() -> Router<Shown<Face>> {
    let send = Endpoint::SendMagicLink;
    let follow = Endpoint::MagicLink;
    let second = Endpoint::SecondFactor;
    Router::new()
        .route("/v1/magic_links", post(Endpoint::Records, links::create))
        .route(
            "/v1/magic_links/email/login_or_create",
            post(send, links::login_or_create),
        )
        .route("/v1/magic_links/email/send", post(send, links::send_link))
        .route("/v1/magic_links/email/invite", post(send, links::invite))
        .route(
            "/v1/magic_links/email/revoke_invite",
            post(Endpoint::Records, links::revoke_invite),
        )
        .route("/v1/magic_links/authenticate", post(follow, links::follow))
        .route(
            "/v1/otps/email/login_or_create",
            post(send, otps::code_or_create),
        )
        .route("/v1/otps/email/send", post(send, otps::send_code))
        .route(
            "/v1/otps/{medium}/login_or_create",
            post(send, otps::text_or_create),
        )
        .route("/v1/otps/{medium}/send", post(send, otps::send_text))
        .route("/v1/otps/authenticate", post(follow, otps::authenticate))
        .route(
            "/v1/public/oauth/{provider}/start",
            get(Open(Endpoint::StartOAuth), oauth::start),
        )
        .route("/v1/oauth/attach", post(Endpoint::Other, oauth::attach))
        .route(
            "/v1/oauth/authenticate",
            post(Endpoint::OAuth, oauth::authenticate),
        )
        .route("/v1/totps", post(Endpoint::Records, totps::create))
        .route("/v1/totps/authenticate", post(second, totps::authenticate))
        .route("/v1/totps/recover", post(second, totps::recover))
        .route(
            "/v1/totps/recovery_codes",
            post(Endpoint::Records, totps::recovery_codes),
        )
}

/// The answer to a login.
#[derive(Debug, Serialize)]
struct Entered {
    user_id: String,
    user: User,
    session_token: String,
    /// As JSON, since that is cheaper than looking at its thousand letters for one to escape.
    session_jwt: Box<RawValue>,
    user_device: (),
    /// By the name that this endpoint has for it.
    #[serde(flatten)]
    session: BTreeMap<&'static str, Option<Session>>,
    #[serde(flatten)]
    extra: Value,
}

/// The answer to a login: the user, and the session under this name if one was opened.
async fn entered(ask: &Ask, got: (Reply, Span), under: &'static str, extra: Value) -> Done {
    let (reply, took) = got;
    let (user, opened) = match reply {
        Reply::Session(opened) => (opened.jwt.subject, Some(opened)),
        Reply::NoSession(user) => (user, None),
        _ => return Err(odd(took)),
    };
    if let Some(opened) = opened {
        ask.claim(opened.token.session)
            .map_err(|problem| Bad::Told { problem, took })?;
    }
    let session = opened.map(|opened| opened.token.session);
    let picture = picture(ask, user, session, took)?;
    let face = &ask.face;
    let (mut session_token, mut jwt, mut session) = (String::new(), String::new(), None);
    if let Some(opened) = opened {
        session_token = face.0.names.session_token(opened.token);
        session = picture.session.map(|row| face.session(&row, &picture));
        let signed = face.session_jwt(&opened.jwt, &picture, session.as_ref());
        jwt = signed.await;
    }
    let user = face.user(&picture);
    let entered = Entered {
        user_id: user.user_id.clone(),
        user,
        session_token,
        session_jwt: RawValue::from_string(format!("\"{jwt}\"")).map_err(|_| odd(took))?,
        user_device: (),
        session: BTreeMap::from([(under, session)]),
        extra,
    };
    Ok(Good::whole(took, entered))
}

/// A picture of someone whom the machine has just named.
fn picture(ask: &Ask, user: UserId, session: Option<u32>, took: Span) -> Result<Picture, Bad> {
    let now = ask.exchange.stamp().at;
    // Gone between two looks: another call deleted them.
    Picture::take(&ask.face.project(), user, session, now).ok_or_else(|| odd(took))
}

/// The user that a request names by Stytch's id or by their external id. A name that nobody has
/// gives an id that nobody has: saying so is the machine's part.
pub(super) fn user_named(ask: &Ask, text: &str) -> UserId {
    let face = &ask.face;
    let known = face.0.names.read_id(Kind::User, text).map(UserId);
    let external = || {
        let book = face.book();
        book.external_people.get(&(None, text.to_owned())).copied()
    };
    known
        .or_else(|| face.sandbox_person(text))
        .or_else(external)
        .unwrap_or(UserId(u32::MAX))
}

/// The id of a user's address.
fn email_id(ask: &Ask, user: UserId, email: Email) -> String {
    let id = ask.face.project().email_id(user, email);
    ask.face
        .0
        .names
        .id(Kind::Email, id.map_or(user.0, |id| id.0))
}

/// Whom a login is about.
fn user_of(reply: &Reply) -> Option<UserId> {
    match reply {
        Reply::Session(opened) => Some(opened.jwt.subject),
        Reply::NoSession(user) => Some(*user),
        _ => None,
    }
}

/// What was mailed, and whether its reader was created.
fn mailed(got: (Reply, Span)) -> Result<(LoginToken, bool, Span), Bad> {
    match got {
        (Reply::Mailed { token, created }, took) => Ok((token, created, took)),
        (_, took) => Err(odd(took)),
    }
}

/// The address that a request names, and its handle.
fn address<'a>(ask: &'a Ask, name: &str) -> Result<(&'a str, Email), Problem> {
    let text = ask.fields.address(name)?;
    ask.note_sandbox_address(text);
    Ok((text, ask.face.email(text)))
}
