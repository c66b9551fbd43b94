//! `/oauth/token` and `/oauth/revoke`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::authorize::Granted;
use super::errors::{json_answer, oauth_error};
use super::face::{Face, NO_STORE};
use super::texts::{self, Parties};
use super::userinfo::{Person, claims_of};
use crate::auth0::{Call, Challenge, Code, Endpoint, Proof, RefreshToken, Reply, Tokens};
use crate::http::Exchange;
use crate::http::params::Params;
use crate::keys::KeyId;
use crate::time::{Span, Timestamp};

/// A code and a refresh token that nobody was given.
const NO_CODE: Code = Code(u32::MAX);
const NO_REFRESH: RefreshToken = RefreshToken {
    family: u32::MAX,
    generation: 0,
};

/// Life of an ID token: 36000 s, the default (Auth0 docs, ID tokens).
const ID_TOKEN_LIFE: Span = Span::from_hours(10);
/// Life of a Management API token: 24 h (Auth0 docs, access tokens).
const MANAGEMENT_LIFE: Span = Span::from_hours(24);

type Complaint = Box<Response>;

/// `POST /oauth/token`.
pub(super) async fn token(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    match read(&face, &face.parties_at(&exchange), &headers, &body) {
        Ok(Call::ClientCredentials) => client_credentials(&face, exchange).await,
        Ok(call) => give_tokens(&face, exchange, call).await,
        Err(complaint) => face.refuse(exchange, Endpoint::Token, *complaint).await,
    }
}

/// `POST /oauth/revoke`: 200 without a body, for an unknown token too.
pub(super) async fn revoke(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let params = match client(&face, &headers, &body) {
        Ok(params) => params,
        Err(complaint) => return face.refuse(exchange, Endpoint::Revoke, *complaint).await,
    };
    let token = params
        .get("token")
        .and_then(texts::read_refresh_token)
        .unwrap_or(NO_REFRESH);
    face.ask(&exchange, Call::Revoke { token }, |_, _| Some(()))
        .answer(exchange, |()| StatusCode::OK)
        .await
}

/// Reads the parameters and checks the client: in the body or as HTTP Basic; the secret may be left
/// out, as public clients do, but not be wrong.
fn client(face: &Face, headers: &HeaderMap, body: &Bytes) -> Result<Params, Complaint> {
    let mut params = Params::from_body(headers, body)
        .map_err(|bad| oauth_error(StatusCode::BAD_REQUEST, "invalid_request", &bad.to_string()))?;
    if let Some((id, secret)) = basic(headers) {
        params.or_insert("client_id", id);
        params.or_insert("client_secret", secret);
    }
    let application = face.application();
    let known = params.get("client_id") == Some(&application.client_id)
        && params
            .get("client_secret")
            .is_none_or(|secret| secret == application.client_secret);
    if !known {
        return Err(oauth_error(StatusCode::UNAUTHORIZED, "access_denied", "Unauthorized").into());
    }
    Ok(params)
}

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let decoded = String::from_utf8(STANDARD.decode(value.strip_prefix("Basic ")?).ok()?).ok()?;
    let (id, secret) = decoded.split_once(':')?;
    Some((id.to_owned(), secret.to_owned()))
}

fn read(
    face: &Face,
    parties: &Parties,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Call, Complaint> {
    let params = client(face, headers, body)?;
    let needed = |name: &str| {
        params.get(name).ok_or_else(|| {
            let text = format!("Missing required parameter: {name}");
            Complaint::new(oauth_error(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                &text,
            ))
        })
    };
    let call = match needed("grant_type")? {
        "authorization_code" => Call::ExchangeCode {
            code: read_code(face, &params, needed("code")?),
            verifier: params
                .get("code_verifier")
                .map(|text| Challenge(Sha256::digest(text).into())),
        },
        "refresh_token" => Call::Refresh {
            token: texts::read_refresh_token(needed("refresh_token")?).unwrap_or(NO_REFRESH),
        },
        "password" | "http://auth0.com/oauth/grant-type/password-realm" => {
            let (username, password) = (needed("username")?, needed("password")?);
            let email = face.directory().intern(username);
            let right = face.behind().is_password(email, username, password);
            Call::PasswordGrant {
                email,
                proof: if right {
                    Proof::RightPassword
                } else {
                    Proof::WrongPassword
                },
                scopes: texts::read_scope(params.get("scope").unwrap_or_default()),
                api: parties.asks_for_api(params.get("audience")).map_err(|_| {
                    oauth_error(
                        StatusCode::BAD_REQUEST,
                        "invalid_request",
                        "invalid audience specified for password grant exchange",
                    )
                })?,
            }
        }
        "client_credentials" => {
            let audience = needed("audience")?;
            needed("client_secret")?;
            if audience != parties.management_audience() {
                let text = format!("Service not enabled within domain: {audience}");
                return Err(oauth_error(StatusCode::FORBIDDEN, "access_denied", &text).into());
            }
            Call::ClientCredentials
        }
        other => {
            let text = format!("Grant type '{other}' not allowed for the client.");
            return Err(oauth_error(StatusCode::FORBIDDEN, "unauthorized_client", &text).into());
        }
    };
    Ok(call)
}

/// The code behind a text; none if the exchange does not repeat the redirect of its login.
fn read_code(face: &Face, params: &Params, text: &str) -> Code {
    let Some(code) = texts::read_code(text) else {
        return NO_CODE;
    };
    let behind = face.behind();
    let matches = behind.grants.get(code.0).is_none_or(|granted| {
        params
            .get("redirect_uri")
            .is_none_or(|uri| reqwest::Url::parse(uri).is_ok_and(|uri| uri == granted.redirect_uri))
    });
    if matches { code } else { NO_CODE }
}

/// What the tokens' texts are made from.
struct Issued {
    tokens: Tokens,
    person: Person,
    granted: Option<Granted>,
    /// The key that signs now: an opaque access token names none.
    key: KeyId,
}

async fn give_tokens(face: &Arc<Face>, exchange: Exchange, call: Call) -> Response {
    let at = exchange.stamp().at;
    let parties = face.parties_at(&exchange);
    let code = if let Call::ExchangeCode { code, .. } = call {
        Some(code)
    } else {
        None
    };
    let asked = face.ask(&exchange, call, |behind, reply| match reply {
        Reply::Tokens(tokens) => Some(Issued {
            tokens,
            person: Person::of(behind, face.directory(), tokens.access.subject),
            granted: code.and_then(|code| behind.grants.take(code.0)),
            key: behind.tenant.keys(at).current,
        }),
        _ => None,
    });
    asked
        .answer_later(exchange, async |issued| {
            let body = signed(move || token_body(&parties, &issued)).await;
            (NO_STORE, json_answer(StatusCode::OK, &body))
        })
        .await
}

/// Runs what signs on the blocking pool, with as many at once as there are cores.
async fn signed<T: Send + 'static>(sign: impl FnOnce() -> T + Send + 'static) -> T {
    crate::http::signing::off_the_loop(sign).await
}

fn token_body(parties: &Parties, issued: &Issued) -> Value {
    let Issued {
        tokens: Tokens { access, refresh },
        person,
        granted,
        key,
    } = issued;
    let text = parties.access_token(Face::keys(), access, person.connection);
    let mut body = json!({
        "access_token": text,
        "token_type": "Bearer",
        "expires_in": (access.expires - access.issued).as_secs(),
        "scope": texts::scope(access.scopes),
    });
    if let Some(refresh) = refresh {
        body["refresh_token"] = texts::refresh_token(*refresh).into();
    }
    if access.scopes.openid {
        let mut claims: Map<String, Value> = claims_of(person, access.scopes);
        claims.insert("iss".to_owned(), parties.issuer.as_str().into());
        claims.insert("aud".to_owned(), parties.client_id.as_str().into());
        claims.insert("iat".to_owned(), access.issued.as_secs().into());
        claims.insert(
            "exp".to_owned(),
            (access.issued + ID_TOKEN_LIFE).as_secs().into(),
        );
        if let Some(granted) = granted {
            claims.insert("sid".to_owned(), texts::sso(granted.sso).into());
            if let Some(nonce) = &granted.nonce {
                claims.insert("nonce".to_owned(), nonce.as_str().into());
            }
        }
        body["id_token"] = Face::keys().sign_here(*key, &claims).into();
    }
    body
}

/// The claims of a Management API token.
#[derive(Clone, Debug, Deserialize, Serialize)]
struct ManagementClaims {
    iss: String,
    sub: String,
    aud: String,
    iat: i64,
    exp: i64,
    scope: String,
    gty: String,
    azp: String,
}

const MANAGEMENT_SCOPE: &str = "read:users create:users update:users delete:users";

/// A token for the Management API.
pub(super) fn management_token(parties: &Parties, now: Timestamp, key: KeyId) -> String {
    let claims = ManagementClaims {
        iss: parties.issuer.clone(),
        sub: format!("{}@clients", parties.client_id),
        aud: parties.management_audience(),
        iat: now.as_secs(),
        exp: (now + MANAGEMENT_LIFE).as_secs(),
        scope: MANAGEMENT_SCOPE.to_owned(),
        gty: "client-credentials".to_owned(),
        azp: parties.client_id.clone(),
    };
    Face::keys().sign_here(key, &claims)
}

/// Whether a text is a live token for the Management API.
pub(super) fn is_management_token(parties: &Parties, text: &str, now: Timestamp) -> bool {
    Face::keys()
        .verify::<ManagementClaims>(text)
        .is_ok_and(|(_, claims)| {
            claims.iss == parties.issuer
                && claims.aud == parties.management_audience()
                && now.as_secs() < claims.exp
        })
}

async fn client_credentials(face: &Arc<Face>, exchange: Exchange) -> Response {
    let at = exchange.stamp().at;
    let parties = face.parties_at(&exchange);
    let asked = face.ask(&exchange, Call::ClientCredentials, |behind, _| {
        Some((behind.tenant.now(at), behind.tenant.keys(at).current))
    });
    asked
        .answer_later(exchange, async |(now, key)| {
            let text = signed(move || management_token(&parties, now, key)).await;
            let body = json!({
                "access_token": text, "token_type": "Bearer",
                "expires_in": MANAGEMENT_LIFE.as_secs(), "scope": MANAGEMENT_SCOPE,
            });
            (NO_STORE, json_answer(StatusCode::OK, &body)).into_response()
        })
        .await
}
