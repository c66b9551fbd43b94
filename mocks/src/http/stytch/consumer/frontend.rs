//! What browsers ask of a consumer project: in their words, answered by the server's handlers.

use axum::Router;
use serde_json::{Value, json};

use super::super::Face;
use super::super::answering::{Done, Good};
use super::super::ask::Ask;
use super::super::frontend::{Standing, no_apps, silent};
use super::super::names::Kind;
use super::super::problem::Problem;
use super::super::routes::{delete, get, post, put};
use super::super::shared;
use super::{address, links, oauth, otps, passkeys, passwords, sessions, totps, user_means, users};
use crate::http::shown::Shown;
use crate::stytch::{Endpoint, Errand, MeansId, Thing};

/// All routes.
pub(in super::super) fn routes() -> Router<Shown<Face>> {
    Router::new()
        .merge(session_routes())
        .merge(user_routes())
        .merge(password_routes())
        .merge(link_routes())
        .merge(passkey_routes())
        .merge(other_routes())
}

fn session_routes() -> Router<Shown<Face>> {
    let other = Endpoint::Other;
    Router::new()
        .route(
            "/sessions/authenticate",
            post(
                (Standing::Bearer, Endpoint::Authenticate),
                sessions::authenticate,
            ),
        )
        .route(
            "/sessions/revoke",
            post((Standing::Bearer, Endpoint::Revoke), sessions::revoke),
        )
        .route(
            "/sessions/attest",
            post((Standing::Guest, other), sessions::attest),
        )
        .route(
            "/sessions/exchange_access_token",
            post((Standing::Stranger, other), shared::exchange_access_token),
        )
        .route(
            "/impersonation/authenticate",
            post((Standing::Stranger, other), sessions::impersonate),
        )
}

fn user_routes() -> Router<Shown<Face>> {
    let (holder, records) = (Standing::Holder, Endpoint::Records);
    let me = get((holder, records), users::read).merge(put((holder, records), users::update));
    Router::new()
        .route("/users/me", me)
        .route("/users/search", post((Standing::Stranger, records), search))
        .route("/users/connected_apps", get((holder, records), no_apps))
        .route(
            "/users/emails/{id}",
            delete((holder, records), remove_email),
        )
        .route(
            "/users/phone_numbers/{id}",
            delete((holder, records), remove_phone),
        )
        .route("/users/totps/{id}", delete((holder, records), remove_totp))
        .route("/users/oauth/{id}", delete((holder, records), remove_tie))
        .route(
            "/users/webauthn_registrations/{id}",
            delete((holder, records), remove_passkey),
        )
        .route(
            "/users/biometric_registrations/{id}",
            delete((holder, records), user_means::no_biometrics),
        )
        .route(
            "/users/crypto_wallets/{id}",
            delete((holder, records), user_means::no_wallet),
        )
}

fn password_routes() -> Router<Shown<Face>> {
    let (guest, change) = (Standing::Guest, Endpoint::PasswordChange);
    Router::new()
        .route("/passwords", post((guest, change), passwords::create))
        .route(
            "/passwords/authenticate",
            post((guest, Endpoint::Password), passwords::authenticate),
        )
        .route(
            "/passwords/strength_check",
            post(
                (Standing::Stranger, Endpoint::Other),
                passwords::strength_check,
            ),
        )
        .route(
            "/passwords/email/reset/start",
            post((Standing::Stranger, change), start_reset),
        )
        .route(
            "/passwords/email/reset",
            post((Standing::Stranger, change), passwords::finish_reset),
        )
        .route(
            "/passwords/existing_password/reset",
            post((guest, change), passwords::replace),
        )
        .route(
            "/passwords/session/reset",
            post((Standing::Bearer, change), passwords::reset_by_session),
        )
}

fn link_routes() -> Router<Shown<Face>> {
    let (send, follow) = (Endpoint::SendMagicLink, Endpoint::MagicLink);
    let (stranger, bearer) = (Standing::Stranger, Standing::Bearer);
    Router::new()
        .route(
            "/magic_links/email/login_or_create",
            post((stranger, send), link_or_create),
        )
        .route(
            "/magic_links/email/send/primary",
            post((stranger, send), send_link),
        )
        .route(
            "/magic_links/email/send/secondary",
            post((bearer, send), send_link),
        )
        .route(
            "/magic_links/authenticate",
            post((Standing::Guest, follow), links::follow),
        )
        .route(
            "/otps/email/login_or_create",
            post((stranger, send), code_or_create),
        )
        .route(
            "/otps/email/send/primary",
            post((stranger, send), send_code),
        )
        .route(
            "/otps/email/send/secondary",
            post((bearer, send), send_code),
        )
        .route(
            "/otps/{medium}/login_or_create",
            post((stranger, send), text_or_create),
        )
        .route(
            "/otps/{medium}/send/primary",
            post((stranger, send), send_text),
        )
        .route(
            "/otps/{medium}/send/secondary",
            post((bearer, send), send_text),
        )
        .route("/otps/authenticate", post((Standing::Guest, follow), code))
}

fn passkey_routes() -> Router<Shown<Face>> {
    let (holder, other, records) = (Standing::Holder, Endpoint::Other, Endpoint::Records);
    Router::new()
        .route(
            "/webauthn/register/start",
            post((holder, records), passkeys::start_registration),
        )
        .route(
            "/webauthn/register",
            post((holder, other), passkeys::register),
        )
        .route(
            "/webauthn/authenticate/start/primary",
            post((Standing::Stranger, records), passkeys::start_login),
        )
        .route(
            "/webauthn/authenticate/start/secondary",
            post((holder, records), passkeys::start_login),
        )
        .route(
            "/webauthn/authenticate",
            post((Standing::Guest, other), passkeys::authenticate),
        )
        .route(
            "/webauthn/update/{id}",
            put((holder, records), rename_passkey),
        )
}

fn other_routes() -> Router<Shown<Face>> {
    let (holder, second) = (Standing::Holder, Endpoint::SecondFactor);
    Router::new()
        .route(
            "/oauth/authenticate",
            post((Standing::Guest, Endpoint::OAuth), oauth::authenticate),
        )
        .route(
            "/oauth/attach",
            post((Standing::Bearer, Endpoint::Other), oauth::attach),
        )
        .route("/totps", post((holder, Endpoint::Records), totps::create))
        .route(
            "/totps/authenticate",
            post((holder, second), totps::authenticate),
        )
        .route("/totps/recover", post((holder, second), totps::recover))
        .route(
            "/totps/recovery_codes",
            post((holder, Endpoint::Records), totps::recovery_codes),
        )
}

/// How a login page shall greet an address. This much is told to strangers.
async fn search(ask: Ask) -> Done {
    let (_, email) = address(&ask, "email")?;
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    let project = ask.face.project();
    let found = project.find_user(email, None);
    let kind = match found.and_then(|user| project.user(user)) {
        None => "new",
        Some(user) if user.has_password => "password",
        Some(_) => "passwordless",
    };
    Ok(Good::new(took, json!({ "userType": kind })))
}

/// The id in the path, if what it names is the holder's own; or one that nothing has.
fn own(ask: Ask, thing: Thing, kind: Kind) -> Result<Ask, Problem> {
    let holder = ask.holder()?;
    let Some(id) = ask.face.0.names.read_id(kind, ask.path("id")) else {
        return Ok(ask);
    };
    let owner = ask.face.project().owner(thing, MeansId(id));
    if owner == Some(holder.person.id) {
        return Ok(ask);
    }
    let nothing = ask.face.0.names.id(kind, u32::MAX);
    Ok(ask.at("id", nothing))
}

async fn remove_email(ask: Ask) -> Done {
    user_means::remove_email(own(ask, Thing::Email, Kind::Email)?).await
}

async fn remove_phone(ask: Ask) -> Done {
    user_means::remove_phone(own(ask, Thing::Phone, Kind::Phone)?).await
}

async fn remove_totp(ask: Ask) -> Done {
    user_means::remove_totp(own(ask, Thing::Totp, Kind::Totp)?).await
}

async fn remove_tie(ask: Ask) -> Done {
    user_means::remove_tie(own(ask, Thing::Tie, Kind::OAuthUser)?).await
}

async fn remove_passkey(ask: Ask) -> Done {
    user_means::remove_passkey(own(ask, Thing::Passkey, Kind::Webauthn)?).await
}

/// A name for a passkey of one's own.
async fn rename_passkey(ask: Ask) -> Done {
    let ask = own(ask, Thing::Passkey, Kind::Webauthn)?;
    let id = ask.path("id").to_owned();
    passkeys::rename(ask.at("webauthn_registration_id", id)).await
}

async fn start_reset(ask: Ask) -> Done {
    passwords::start_reset(ask).await.map(silent)
}

async fn link_or_create(ask: Ask) -> Done {
    links::login_or_create(ask).await.map(silent)
}

async fn send_link(ask: Ask) -> Done {
    links::send_link(ask).await.map(silent)
}

/// Of whom a code went to, only the id is told by which it is typed in.
fn by_method(mut good: Good) -> Good {
    let ids = ["email_id", "phone_id"].map(|name| good.field(name));
    let id = ids.into_iter().find(|id| !id.is_null());
    good.instead(json!({ "method_id": id }))
}

async fn code_or_create(ask: Ask) -> Done {
    otps::code_or_create(ask).await.map(by_method)
}

async fn send_code(ask: Ask) -> Done {
    otps::send_code(ask).await.map(by_method)
}

async fn text_or_create(ask: Ask) -> Done {
    otps::text_or_create(ask).await.map(by_method)
}

async fn send_text(ask: Ask) -> Done {
    otps::send_text(ask).await.map(by_method)
}

/// Browsers call a code a token.
async fn code(mut ask: Ask) -> Done {
    let code = ask.fields.take("token").unwrap_or(Value::Null);
    if !code.is_null() {
        ask.fields.set("code", code);
    }
    otps::authenticate(ask).await
}
