//! How the tenant's ids and tokens look on the wire, and back.

mod access;
mod people;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::fmt::temporal::DateTimePrinter;

use super::opaque;
use crate::auth0::{Code, Connection, RefreshToken, Scopes, SsoSession, Transaction};
use crate::http::seal::{Generation, Seal};
use crate::time::Timestamp;

pub(super) use access::{AccessClaims, OneOrMany};
pub use access::{NO_TOKEN, Parties};
pub use people::{identity, provider, read_user_id, user_id};

const REFRESH: Seal = Seal::new("auth0 refresh token");
const CODE: Seal = Seal::new("auth0 code");
const TRANSACTION: Seal = Seal::new("auth0 transaction");
const SSO: Seal = Seal::new("auth0 session");
const SID: Seal = Seal::new("auth0 sid");
const MFA: Seal = Seal::new("auth0 mfa");
const DEVICE: Seal = Seal::new("auth0 device");
const INVITATION: Seal = Seal::new("auth0 invitation");
const LOGIN_TICKET: Seal = Seal::new("auth0 login ticket");
const PUSHED: Seal = Seal::new("auth0 pushed request");

/// Whether a text could be a JWT: opaque access tokens have no dots. Nearly all of those are told by
/// their length, since this is asked of every call.
pub(super) fn is_jwt(text: &str) -> bool {
    text.len() != opaque::PLAIN_CHARS && text.contains('.')
}

/// `v1.…`, as Auth0 writes refresh tokens.
pub fn refresh_token(of: Generation, token: RefreshToken) -> String {
    format!(
        "v1.{}",
        REFRESH
            .of(of)
            .close_id(u64::from(token.family) << 32 | u64::from(token.generation))
    )
}

/// The refresh token behind a text.
pub fn read_refresh_token(of: Generation, text: &str) -> Option<RefreshToken> {
    let id = REFRESH.of(of).open_id(text.strip_prefix("v1.")?)?;
    Some(RefreshToken {
        family: (id >> 32) as u32,
        generation: id as u32,
    })
}

/// The `code` of a redirect.
pub fn code(of: Generation, code: Code) -> String {
    CODE.of(of).close_id(code.0.into())
}

/// The code behind a text.
pub fn read_code(of: Generation, text: &str) -> Option<Code> {
    Some(Code(CODE.of(of).open_id(text)?.try_into().ok()?))
}

/// The `state` of a login page.
pub fn transaction(of: Generation, transaction: Transaction) -> String {
    TRANSACTION.of(of).close_id(transaction.0.into())
}

/// The login behind a login page's `state`.
pub fn read_transaction(of: Generation, text: &str) -> Option<Transaction> {
    Some(Transaction(
        TRANSACTION.of(of).open_id(text)?.try_into().ok()?,
    ))
}

/// The value of the `auth0` cookie.
pub fn sso(of: Generation, session: SsoSession) -> String {
    SSO.of(of).close_id(session.0.into())
}

/// The session behind a cookie.
pub fn read_sso(of: Generation, text: &str) -> Option<SsoSession> {
    Some(SsoSession(SSO.of(of).open_id(text)?.try_into().ok()?))
}

/// A session's id, as `sid` and the Management API tell it: whoever knows it has no session.
pub fn sid(of: Generation, session: SsoSession) -> String {
    SID.of(of).close_id(session.0.into())
}

/// The session behind an id.
pub fn read_sid(of: Generation, text: &str) -> Option<SsoSession> {
    Some(SsoSession(SID.of(of).open_id(text)?.try_into().ok()?))
}

/// The token of somebody who owes a second factor.
pub fn mfa_token(of: Generation, number: u32) -> String {
    MFA.of(of).close_id(number.into())
}

/// Who owes a second factor.
pub fn read_mfa_token(of: Generation, text: &str) -> Option<u32> {
    MFA.of(of).open_id(text)?.try_into().ok()
}

/// The code that a device polls with.
pub fn device_code(of: Generation, number: u32) -> String {
    DEVICE.of(of).close_id(number.into())
}

/// The device behind a code.
pub fn read_device_code(of: Generation, text: &str) -> Option<u32> {
    DEVICE.of(of).open_id(text)?.try_into().ok()
}

/// The ticket of somebody who logged in on an application's page.
pub fn login_ticket(of: Generation, number: u32) -> String {
    LOGIN_TICKET.of(of).close_id(number.into())
}

/// Who logged in on an application's page.
pub fn read_login_ticket(of: Generation, text: &str) -> Option<u32> {
    LOGIN_TICKET.of(of).open_id(text)?.try_into().ok()
}

/// The `request_uri` of a pushed request (RFC 9126).
pub fn request_uri(of: Generation, number: u32) -> String {
    format!("{REQUEST_URI}{}", PUSHED.of(of).close_id(number.into()))
}

/// The pushed request behind a `request_uri`.
pub fn read_request_uri(of: Generation, text: &str) -> Option<u32> {
    let id = PUSHED.of(of).open_id(text.strip_prefix(REQUEST_URI)?)?;
    id.try_into().ok()
}

/// How each `request_uri` begins.
const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:";

/// The ticket of an invitation.
pub fn invitation(of: Generation, number: u32) -> String {
    INVITATION.of(of).close_id(number.into())
}

/// The invitation behind a ticket.
pub fn read_invitation(of: Generation, text: &str) -> Option<u32> {
    INVITATION.of(of).open_id(text)?.try_into().ok()
}

/// A time as Auth0 writes it: RFC 3339 with milliseconds.
pub fn time(at: Timestamp) -> String {
    const WRITTEN: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    jiff::Timestamp::from_microsecond(at.as_micros()).map_or_else(
        |_| "9999-12-31T23:59:59.999Z".to_owned(),
        |at| WRITTEN.timestamp_to_string(&at),
    )
}

/// A network address as far as it is known: machines keep only a handle of an IPv6 one.
pub fn address(address: crate::auth0::Address) -> String {
    let [a, b, c, d] = address.0.to_be_bytes();
    format!("{a}.{b}.{c}.{d}")
}

/// The name of a connection.
pub const fn connection(connection: Connection) -> &'static str {
    match connection {
        Connection::Database => "Username-Password-Authentication",
        Connection::Email => "email",
        Connection::Google => "google-oauth2",
        Connection::Sms => "sms",
    }
}

/// The connection of a name.
pub fn read_connection(name: &str) -> Option<Connection> {
    Connection::ALL
        .into_iter()
        .find(|known| connection(*known) == name)
}

/// The text of `scope`.
pub fn scope(scopes: Scopes) -> String {
    let asked = [
        (scopes.openid, "openid"),
        (scopes.profile, "profile"),
        (scopes.email, "email"),
        (scopes.offline, "offline_access"),
    ];
    let names: Vec<&str> = asked
        .into_iter()
        .filter_map(|(asked, name)| asked.then_some(name))
        .collect();
    names.join(" ")
}

/// The scopes of a `scope`; those that do not matter here are dropped.
pub fn read_scope(text: &str) -> Scopes {
    let asked = |name| text.split_whitespace().any(|scope| scope == name);
    Scopes {
        openid: asked("openid"),
        profile: asked("profile"),
        email: asked("email"),
        offline: asked("offline_access"),
    }
}

/// A PKCE challenge from its text: base64url of 32 bytes.
pub fn read_challenge(text: &str) -> Option<crate::auth0::Challenge> {
    URL_SAFE_NO_PAD
        .decode(text)
        .ok()?
        .try_into()
        .ok()
        .map(crate::auth0::Challenge)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIRST: Generation = Generation(0);

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn tokens_read_back(id: u32, other: u32) {
            let token = RefreshToken { family: id, generation: other };
            prop_assert_eq!(read_refresh_token(FIRST, &refresh_token(FIRST, token)), Some(token));
            prop_assert_eq!(read_code(FIRST, &code(FIRST, Code(id))), Some(Code(id)));
            prop_assert_eq!(read_sso(FIRST, &sso(FIRST, SsoSession(id))), Some(SsoSession(id)));
            let text = transaction(FIRST, Transaction(id));
            prop_assert_eq!(read_transaction(FIRST, &text), Some(Transaction(id)));
        }
    }

    #[test]
    fn a_made_up_token_is_nobodys() {
        assert_eq!(read_refresh_token(FIRST, "v1.AAAA"), None);
    }
}
