//! The browser's session in its cookies.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;

use super::texts::{self, Parties};
use crate::auth0::SsoSession;
use crate::http::seal::Generation;

/// The single-sign-on session in the request's cookies: `auth0`, or `auth0_compat` from a browser that
/// does not know `SameSite=None`.
pub(super) fn session(of: Generation, headers: &HeaderMap) -> Option<SsoSession> {
    let cookies = || {
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|cookies| cookies.to_str().ok())
            .flat_map(|cookies| cookies.split(';'))
            .map(str::trim)
    };
    ["auth0=", "auth0_compat="].into_iter().find_map(|name| {
        cookies().find_map(|cookie| texts::read_sso(of, cookie.strip_prefix(name)?))
    })
}

/// What both cookies say besides their value: over TLS the page of an application may frame the
/// tenant, over plain HTTP no browser would take such a cookie.
const fn attributes(parties: &Parties, compat: bool) -> &'static str {
    match (is_secure(parties), compat) {
        (true, false) => "Path=/; HttpOnly; Secure; SameSite=None",
        (true, true) => "Path=/; HttpOnly; Secure",
        (false, _) => "Path=/; HttpOnly; SameSite=Lax",
    }
}

const fn is_secure(parties: &Parties) -> bool {
    matches!(
        parties.issuer.as_bytes(),
        [b'h', b't', b't', b'p', b's', ..]
    )
}

/// Gives the browser its session.
pub(super) fn give(response: &mut Response, session: SsoSession, parties: &Parties) {
    let text = texts::sso(parties.generation, session);
    set(response, parties, &text, "");
}

/// Takes it away.
pub(super) fn take(response: &mut Response, parties: &Parties) {
    set(response, parties, "", "; Max-Age=0");
}

fn set(response: &mut Response, parties: &Parties, value: &str, more: &str) {
    let names: &[(&str, bool)] = if is_secure(parties) {
        &[("auth0", false), ("auth0_compat", true)]
    } else {
        &[("auth0", false)]
    };
    for (name, compat) in names {
        let cookie = format!("{name}={value}; {}{more}", attributes(parties, *compat));
        if let Ok(cookie) = HeaderValue::try_from(cookie) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
}
