//! `GET /authorize`: to the login page, or straight back to the application.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use reqwest::Url;

use super::errors::{self, BLOCKED};
use super::face::{Behind, Face};
use super::texts::{self, Parties};
use crate::auth0::{Call, Code, Connection, Endpoint, Error, Reply, SsoSession};
use crate::http::Exchange;
use crate::http::params::Params;

/// What an application asked for, kept until the login ends.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) redirect_uri: Url,
    pub(super) state: Option<String>,
    pub(super) nonce: Option<String>,
    pub(super) connection: Connection,
    pub(super) hint: Option<String>,
}

/// What is kept of a login until its code is exchanged.
#[derive(Clone, Debug)]
pub(super) struct Granted {
    pub(super) redirect_uri: Url,
    pub(super) nonce: Option<String>,
    pub(super) sso: SsoSession,
}

/// Where an `/authorize` leads.
enum Way {
    ToPage(String),
    Back(String, SsoSession),
}

pub(super) async fn authorize(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let (asked, call) = match read(&face, &face.parties_at(&exchange), &uri, &headers) {
        Ok(read) => read,
        Err(complaint) => return face.refuse(exchange, Endpoint::Authorize, *complaint).await,
    };
    let answer = face.ask(&exchange, call, |behind, reply| match reply {
        Reply::LoginPage(transaction) => {
            let state = texts::transaction(transaction);
            if let (Connection::Email, Some(address)) = (asked.connection, &asked.hint) {
                face.mail_code(&state, address);
            }
            behind.logins.put(transaction.0, asked.clone());
            Some(Way::ToPage(state))
        }
        Reply::Code { code, sso } => Some(Way::Back(grant(behind, &asked, code, sso), sso)),
        _ => None,
    });
    match answer.refusal() {
        Some(error @ (Error::LoginRequired | Error::Blocked)) => {
            let back = refused_back(&asked, error);
            answer.finish(exchange, redirect(&back, None)).await
        }
        _ => {
            answer
                .answer(exchange, |way| match way {
                    Way::ToPage(state) => redirect(&format!("/u/login?state={state}"), None),
                    Way::Back(url, sso) => redirect(&url, Some(sso)),
                })
                .await
        }
    }
}

/// Reads the request, or says what is wrong with it. A wrong redirect must never be followed, so
/// that these complaints are pages.
fn read(
    face: &Face,
    parties: &Parties,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<(Asked, Call), Box<Response>> {
    let complain =
        |status, text: &str| Box::new(errors::page(status, "Oops!, something went wrong", text));
    let bad = |text: &str| complain(StatusCode::BAD_REQUEST, text);
    let params = Params::from_query(uri);
    if params.get("client_id") != Some(&face.application().client_id) {
        return Err(bad("invalid_request: Unknown client"));
    }
    let redirect_uri = params
        .get("redirect_uri")
        .and_then(|text| Url::parse(text).ok());
    let redirect_uri =
        redirect_uri.ok_or_else(|| bad("invalid_request: redirect_uri is missing or no URL"))?;
    if !face.allows(redirect_uri.as_str()) {
        return Err(complain(StatusCode::FORBIDDEN, "Callback URL mismatch"));
    }
    if params.get("response_type") != Some("code") {
        return Err(bad("unsupported_response_type: only `code` is mocked"));
    }
    let challenge = match (
        params.get("code_challenge"),
        params.get("code_challenge_method"),
    ) {
        (None, _) => None,
        (Some(text), Some("S256")) => Some(
            texts::read_challenge(text)
                .ok_or_else(|| bad("invalid_request: code_challenge is no SHA-256"))?,
        ),
        (Some(_), _) => {
            return Err(bad(
                "invalid_request: only code_challenge_method=S256 is mocked",
            ));
        }
    };
    let connection = match params.get("connection") {
        None => Connection::Database,
        Some(name) => texts::read_connection(name)
            .ok_or_else(|| bad("invalid_request: the connection was not found"))?,
    };
    let asked = Asked {
        redirect_uri,
        state: params.get("state").map(str::to_owned),
        nonce: params.get("nonce").map(str::to_owned),
        connection,
        hint: params.get("login_hint").map(str::to_owned),
    };
    let audience = params.get("audience");
    let api = parties.asks_for_api(audience).map_err(|_| {
        let text = format!("Service not found: {}", audience.unwrap_or_default());
        redirect(
            &back(
                &asked,
                &[("error", "access_denied"), ("error_description", &text)],
            ),
            None,
        )
    })?;
    // `prompt=login` asks for a page whatever session there is.
    let sso = (params.get("prompt") != Some("login"))
        .then(|| cookie(headers))
        .flatten();
    let call = Call::Authorize {
        connection,
        hint: asked
            .hint
            .as_deref()
            .map(|hint| face.directory().intern(hint)),
        silent: params.get("prompt") == Some("none"),
        scopes: texts::read_scope(params.get("scope").unwrap_or_default()),
        api,
        challenge,
        sso,
    };
    Ok((asked, call))
}

/// Remembers what belongs to a new code, and answers where to go with it.
pub(super) fn grant(behind: &mut Behind, asked: &Asked, code: Code, sso: SsoSession) -> String {
    let granted = Granted {
        redirect_uri: asked.redirect_uri.clone(),
        nonce: asked.nonce.clone(),
        sso,
    };
    behind.grants.put(code.0, granted);
    back(asked, &[("code", &texts::code(code))])
}

/// The way back with an error.
pub(super) fn refused_back(asked: &Asked, error: Error) -> String {
    let (code, text) = match error {
        Error::LoginRequired => ("login_required", "Login required"),
        _ => ("unauthorized", BLOCKED),
    };
    back(asked, &[("error", code), ("error_description", text)])
}

fn back(asked: &Asked, with: &[(&str, &str)]) -> String {
    let mut url = asked.redirect_uri.clone();
    url.query_pairs_mut().extend_pairs(with);
    if let Some(state) = &asked.state {
        url.query_pairs_mut().append_pair("state", state);
    }
    url.into()
}

/// A redirect, with the browser's session in its cookie.
pub(super) fn redirect(to: &str, sso: Option<SsoSession>) -> Response {
    let mut response = (StatusCode::FOUND, [(header::LOCATION, to)], "").into_response();
    if let Some(sso) = sso {
        let cookie = format!("auth0={}; Path=/; HttpOnly; SameSite=Lax", texts::sso(sso));
        if let Ok(cookie) = cookie.try_into() {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
    }
    response
}

/// The single-sign-on session in the request's cookies.
pub(super) fn cookie(headers: &HeaderMap) -> Option<SsoSession> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .find_map(|cookie| texts::read_sso(cookie.trim().strip_prefix("auth0=")?))
}

impl Face {
    /// Whether a URL is one that the application may be sent back to.
    pub(super) fn allows(&self, url: &str) -> bool {
        let urls = &self.application().urls;
        urls.is_empty() || urls.iter().any(|allowed| allowed == url)
    }
}
