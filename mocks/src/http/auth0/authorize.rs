//! `/authorize`: to a page, or straight back to the application.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;
use reqwest::Url;

use super::answering::Complaint;
use super::behind::Behind;
use super::conclude::Conclusion;
use super::cross_origin;
use super::dpop::Thumbprint;
use super::events::{About, Happening};
use super::face::Face;
use super::login::Step;
use super::pages;
use super::pushed;
use super::request::{self, Ask, Freshness, Request};
use super::respond::{self, Mode, Wants, redirect};
use super::texts::{self, Parties};
use crate::auth0::registry::{Client, GrantType, OrganizationUse};
use crate::auth0::{Call, Challenge, Connection, Endpoint, Error, Reply, Stamp};
use crate::http::Exchange;
use crate::http::params::Params;
use crate::time::Timestamp;
use sha2::{Digest, Sha256};

pub(super) async fn authorize(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    (method, uri, headers): (Method, Uri, HeaderMap),
    body: Bytes,
) -> Response {
    let params = if method == Method::POST {
        Params::from_body(&headers, &body).unwrap_or_default()
    } else {
        Params::from_query(&uri)
    };
    let parties = face.parties_at(&exchange);
    let asked = face
        .behind()
        .pass(&exchange, Endpoint::Authorize, |behind| {
            begin(&face, behind, &parties, &exchange, &params, &headers)
        });
    asked
        .answer_later(exchange, async |step| step.respond(&parties).await)
        .await
}

fn begin(
    face: &Face,
    behind: &mut Behind,
    parties: &Parties,
    exchange: &Exchange,
    params: &Params,
    headers: &HeaderMap,
) -> Result<Step, Complaint> {
    let stamp = exchange.stamp();
    let now = behind.tenant.now(stamp.at);
    let pushed = pushed::fetch(behind, params, now)?;
    let params = pushed.as_ref().unwrap_or(params);
    let (request, challenge) = read(behind, parties, params)?;
    let fresh = Freshness::read(params);
    if let Some(ticket) = params.get("login_ticket") {
        let ticket = (ticket, fresh.silent);
        return cross_origin::enter(face, behind, exchange, (request, challenge), ticket);
    }
    let call = Call::Authorize {
        connection: request.connection,
        hint: request
            .hint
            .as_deref()
            .map(|hint| face.directory().intern(hint)),
        silent: fresh.silent,
        scopes: texts::read_scope(&request.ask.scope),
        api: request.ask.audience.is_api(),
        challenge,
        sso: fresh.session(behind, headers, now),
    };
    let request = Arc::new(request);
    let said = behind.tenant.say(stamp, &call);
    note(face, behind, (stamp, now), &request, fresh.silent, &said);
    match said {
        Ok(Reply::LoginPage(transaction)) => {
            let state = texts::transaction(behind.generation, transaction);
            if let (Connection::Email | Connection::Sms, Some(address)) =
                (request.connection, &request.hint)
            {
                face.mail_code(&state, address);
            }
            behind.logins.put(transaction.0, Arc::clone(&request));
            let page = if params.get("screen_hint") == Some("signup") {
                "signup"
            } else {
                "login"
            };
            let page = redirect(&format!("/u/{page}?state={state}"));
            Ok(Step::Show(page.into()))
        }
        Ok(Reply::Code { code, sso }) => Conclusion::reach(
            face,
            behind,
            exchange,
            &request,
            super::conclude::Login {
                code,
                session: sso,
                second_factor: false,
            },
        )
        .map(|conclusion| Step::Go(conclusion.into())),
        Ok(_) => Err(pages::problem(StatusCode::INTERNAL_SERVER_ERROR, "server_error").into()),
        Err(error) => Err(refused(&request, error, Endpoint::Authorize).into()),
    }
}

/// Writes a login without a page into the log.
fn note(
    face: &Face,
    behind: &mut Behind,
    (stamp, now): (Stamp, Timestamp),
    request: &Request,
    silent: bool,
    said: &Result<Reply, Error>,
) {
    let client = request.ask.client_id.as_str();
    let entry = match said {
        Ok(Reply::Code { code, .. }) => {
            let user = behind.tenant.code_user(*code, now);
            let about = user.map_or(About::Nobody, About::User);
            Happening::new(if silent { "ssa" } else { "s" }, client, about)
        }
        Err(Error::LoginRequired) => {
            Happening::new("fsa", client, About::Nobody).saying("Login required")
        }
        _ => return,
    };
    face.log(behind, stamp, entry);
}

/// A refusal on the way back to the application.
pub(super) fn refused(request: &Request, error: Error, endpoint: Endpoint) -> Response {
    match error {
        Error::LoginRequired => respond::refused(request, "login_required", "Login required"),
        Error::Blocked => respond::refused(request, "unauthorized", super::errors::BLOCKED),
        _ => super::errors::browser_refusal(error, endpoint),
    }
}

/// Reads the request, or says what is wrong with it. A wrong redirect must never be followed, so
/// that complaints are pages until it is known to be right.
pub(super) fn read(
    behind: &Behind,
    parties: &Parties,
    params: &Params,
) -> Result<(Request, Option<Challenge>), Complaint> {
    let bad = |text: String| Complaint::from(pages::problem(StatusCode::BAD_REQUEST, &text));
    let Some(id) = params.get("client_id") else {
        return Err(bad(
            "invalid_request: Missing required parameter: client_id".to_owned(),
        ));
    };
    let client = behind.tenant.registry().client(id);
    let client = client.ok_or_else(|| bad(format!("invalid_request: Unknown client: {id}")))?;
    let redirect_uri = redirect_of(client, params)?;
    let wants = params.get("response_type").and_then(Wants::read);
    let mode = Mode::read(params.get("response_mode"), wants.unwrap_or_default());
    if mode == Some(Mode::WebMessage)
        && !client
            .web_origins
            .allow_origin(&redirect_uri.origin().ascii_serialization())
    {
        return Err(Complaint::from(pages::problem(
            StatusCode::FORBIDDEN,
            "The origin is not among the application's Allowed Web Origins",
        )));
    }
    let request = Request {
        ask: Ask {
            client_id: client.id.clone(),
            audience: super::terms::For::UserInfo,
            scope: String::new(),
        },
        redirect_uri,
        state: params.get("state").map(str::to_owned),
        nonce: params.get("nonce").map(str::to_owned),
        wants: wants.unwrap_or_default(),
        mode: mode.unwrap_or(Mode::Query),
        connection: Connection::Database,
        hint: params.get("login_hint").map(str::to_owned),
        organization: None,
        invitation: None,
        key: params.get("dpop_jkt").and_then(Thumbprint::read),
        tells_time: params.get("max_age").is_some(),
        issuer: behind
            .tenant
            .registry()
            .preferences
            .tells_issuer
            .then(|| parties.issuer.clone()),
    };
    match complete(behind, parties, client, params, &request) {
        Ok((complete, challenge)) => Ok((complete, challenge)),
        Err((error, text)) => Err(respond::refused(&request, error, &text).into()),
    }
}

/// The redirect that was asked for; the only one that is registered where none is named.
fn redirect_text<'a>(client: &'a Client, params: &'a Params) -> &'a str {
    match (
        params.get("redirect_uri"),
        client.callbacks.listed.as_slice(),
    ) {
        (Some(text), _) => text,
        (None, [only]) => only.as_str(),
        (None, _) => "",
    }
}

/// Whether the redirect that was asked for is one of the application's.
pub(super) fn may_go_back(client: &Client, params: &Params) -> bool {
    redirect_of(client, params).is_ok()
}

fn redirect_of(client: &Client, params: &Params) -> Result<Url, Complaint> {
    let text = redirect_text(client, params);
    let url = Url::parse(text).map_err(|_| {
        pages::problem(
            StatusCode::BAD_REQUEST,
            "invalid_request: redirect_uri is missing or no URL",
        )
    })?;
    // RFC 6749, section 3.1.2.
    if url.fragment().is_some() {
        let text = "invalid_request: redirect_uri must not have a fragment";
        return Err(pages::problem(StatusCode::BAD_REQUEST, text).into());
    }
    if client.callbacks.allow(text) {
        Ok(url)
    } else {
        let text = "Callback URL mismatch. The provided redirect_uri is not in the list of allowed callback URLs.";
        Err(pages::problem(StatusCode::FORBIDDEN, text).into())
    }
}

/// What is wrong, as the application is told it.
pub(super) type Wrong = (&'static str, String);

fn complete(
    behind: &Behind,
    parties: &Parties,
    client: &Client,
    params: &Params,
    request: &Request,
) -> Result<(Request, Option<Challenge>), Wrong> {
    let invalid = |text: &str| ("invalid_request", text.to_owned());
    check_response(client, params)?;
    let challenge = challenge(params)?;
    if params.get("dpop_jkt").is_some() && request.key.is_none() {
        return Err(invalid(
            "Parameter 'dpop_jkt' must be a SHA-256 thumbprint in base64url",
        ));
    }
    let connection = match params.get("connection") {
        None => Connection::Database,
        Some(name) => {
            texts::read_connection(name).ok_or_else(|| invalid("the connection was not found"))?
        }
    };
    let audience = request::audience(behind, params);
    let ask = Ask::read(behind, parties, client, audience, params.get("scope")).map_err(|_| {
        let text = format!("Service not found: {}", audience.unwrap_or_default());
        ("access_denied", text)
    })?;
    let organization = match params.get("organization") {
        None if client.organizations == OrganizationUse::Require => {
            return Err(invalid(
                "parameter organization is required for this client",
            ));
        }
        None => None,
        Some(_) if client.organizations == OrganizationUse::Deny => {
            return Err(invalid(
                "parameter organization is not allowed for this client",
            ));
        }
        Some(text) => {
            let found = behind.tenant.organizations.find(text);
            Some(found.ok_or_else(|| invalid("parameter organization is invalid"))?)
        }
    };
    let invitation = match params.get("invitation") {
        None => None,
        Some(ticket) => Some(
            texts::read_invitation(behind.generation, ticket)
                .ok_or_else(|| invalid("the invitation is invalid"))?,
        ),
    };
    let complete = Request {
        ask,
        connection,
        organization,
        invitation,
        ..request.clone()
    };
    Ok((complete, challenge))
}

/// Whether the application may have what it asks for, in the way that it asks for.
pub(super) fn check_response(client: &Client, params: &Params) -> Result<(), Wrong> {
    let Some(text) = params.get("response_type") else {
        return Err((
            "invalid_request",
            "Missing required parameter: response_type".to_owned(),
        ));
    };
    let Some(wants) = Wants::read(text) else {
        return Err((
            "unsupported_response_type",
            format!("Unsupported response type: {text}"),
        ));
    };
    let needed = [
        (wants.code, GrantType::Code),
        (wants.is_implicit(), GrantType::Implicit),
    ];
    for (wanted, grant) in needed {
        if wanted && !client.may(grant) {
            let text = format!(
                "Grant type '{}' not allowed for the client.",
                grant.names()[0]
            );
            return Err(("unauthorized_client", text));
        }
    }
    if wants.id_token && params.get("nonce").is_none() {
        return Err((
            "invalid_request",
            "Missing required parameter: nonce".to_owned(),
        ));
    }
    if Mode::read(params.get("response_mode"), wants).is_none() {
        return Err((
            "invalid_request",
            "Unsupported response_mode for this response_type".to_owned(),
        ));
    }
    if params.get("request").is_some() {
        return Err((
            "request_not_supported",
            "The request parameter is not supported".to_owned(),
        ));
    }
    Ok(())
}

/// The PKCE challenge. A plain one is kept as its hash, so that both kinds are compared alike.
fn challenge(params: &Params) -> Result<Option<Challenge>, Wrong> {
    let Some(text) = params.get("code_challenge") else {
        return Ok(None);
    };
    match params.get("code_challenge_method") {
        Some("S256") => texts::read_challenge(text).map(Some).ok_or_else(|| {
            (
                "invalid_request",
                "Parameter 'code_challenge' must be a SHA-256 in base64url".to_owned(),
            )
        }),
        None | Some("plain") => Ok(Some(Challenge(Sha256::digest(text).into()))),
        Some(_) => Err((
            "invalid_request",
            "Parameter 'code_challenge_method' must be S256 or plain".to_owned(),
        )),
    }
}
