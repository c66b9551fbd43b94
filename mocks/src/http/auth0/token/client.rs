//! Which application asks, and whether it is the one that it says: by secret, or by a signed assertion.

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::Value;

use super::{Complaint, invalid};
use crate::auth0::Endpoint;
use crate::auth0::registry::{Client, Secret};
use crate::http::Exchange;
use crate::http::auth0::answering::Asked;
use crate::http::auth0::behind::Behind;
use crate::http::auth0::errors::oauth_error;
use crate::http::auth0::face::Face;
use crate::http::auth0::texts::Parties;
use crate::http::basic;
use crate::http::params::Params;
use crate::time::Timestamp;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A parameter that must be there.
pub(in super::super) fn needed<'a>(params: &'a Params, name: &str) -> Result<&'a str, Complaint> {
    params
        .get(name)
        .ok_or_else(|| invalid(&format!("Missing required parameter: {name}")))
}

/// An application that has proved which it is, and what it asks.
pub(in super::super) struct Identified<'a> {
    pub(in super::super) client: Client,
    pub(in super::super) params: Params,
    pub(in super::super) parties: &'a Parties,
    pub(in super::super) now: Timestamp,
}

/// Runs the logic of a call that says which application makes it.
pub(in super::super) fn by_application<T>(
    face: &Face,
    exchange: &Exchange,
    endpoint: Endpoint,
    (headers, body): (&HeaderMap, &Bytes),
    logic: impl FnOnce(&mut Behind, Identified<'_>) -> Result<T, Complaint>,
) -> Asked<T> {
    let parties = &face.parties_at(exchange);
    let params = Params::from_body(headers, body);
    face.behind().pass(exchange, endpoint, |behind| {
        let mut params = params.map_err(|bad| invalid(&bad.to_string()))?;
        let now = behind.tenant.now(exchange.stamp().at);
        let client = identify(behind, parties, &mut params, headers, now)?;
        let identified = Identified {
            client,
            params,
            parties,
            now,
        };
        logic(behind, identified)
    })
}

/// The application that asks: named in the body, by HTTP Basic or by an assertion.
pub(in super::super) fn identify(
    behind: &Behind,
    parties: &Parties,
    params: &mut Params,
    headers: &HeaderMap,
    now: Timestamp,
) -> Result<Client, Complaint> {
    if let Some((id, secret)) = basic::shown(headers) {
        params.or_insert("client_id", form_decoded(&id));
        params.or_insert("client_secret", form_decoded(&secret));
    }
    let assertion = match params.get("client_assertion") {
        Some(text) if params.get("client_assertion_type") == Some(ASSERTION_TYPE) => Some(text),
        Some(_) => return Err(invalid("client_assertion_type is not supported")),
        None => None,
    };
    let named = assertion.and_then(subject_of);
    let id = params.get("client_id").or(named.as_deref());
    let id = id.ok_or_else(|| invalid("Missing required parameter: client_id"))?;
    let client = behind.tenant.registry().client(id);
    let client = client.ok_or_else(unauthorized)?;
    if proves(client, parties, params.get("client_secret"), assertion, now) {
        Ok(client.clone())
    } else {
        Err(unauthorized())
    }
}

fn unauthorized() -> Complaint {
    oauth_error(StatusCode::UNAUTHORIZED, "access_denied", "Unauthorized").into()
}

fn proves(
    client: &Client,
    parties: &Parties,
    secret: Option<&str>,
    assertion: Option<&str>,
    now: Timestamp,
) -> bool {
    match (&client.secret, secret, assertion) {
        (Secret::Public, _, None) => true,
        (Secret::Needed(right), Some(given), None) => right == given,
        (Secret::Optional(right), given, None) => given.is_none_or(|given| given == right),
        (Secret::Keys(keys), _, Some(text)) => keys
            .iter()
            .any(|key| asserts(key, text, &client.id, parties, now)),
        (Secret::Public | Secret::Needed(_) | Secret::Optional(_) | Secret::Keys(_), _, _) => false,
    }
}

/// Id and secret are form-encoded in HTTP Basic (RFC 6749, section 2.3.1).
fn form_decoded(text: &str) -> String {
    let uri = format!("/?v={text}").parse().ok();
    uri.as_ref()
        .map(Params::from_query)
        .and_then(|params| params.get("v").map(str::to_owned))
        .unwrap_or_else(|| text.to_owned())
}

/// Claims of an assertion (RFC 7523, section 3).
#[derive(Clone, Deserialize)]
struct Assertion {
    iss: String,
    sub: String,
    aud: Value,
    exp: i64,
}

fn subject_of(text: &str) -> Option<String> {
    let claims: Assertion = jsonwebtoken::dangerous::insecure_decode(text).ok()?.claims;
    Some(claims.sub)
}

fn asserts(pem: &str, text: &str, id: &str, parties: &Parties, now: Timestamp) -> bool {
    let Ok(key) = DecodingKey::from_rsa_pem(pem.as_bytes()) else {
        return false;
    };
    let mut validation = Validation::new(Algorithm::RS256);
    validation.algorithms = vec![Algorithm::RS256, Algorithm::RS384, Algorithm::PS256];
    validation.validate_exp = false;
    validation.validate_nbf = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let Ok(read) = jsonwebtoken::decode::<Assertion>(text, &key, &validation) else {
        return false;
    };
    let Assertion { iss, sub, aud, exp } = read.claims;
    let ours = [
        parties.issuer.clone(),
        parties.issuer.trim_end_matches('/').to_owned(),
        format!("{}oauth/token", parties.issuer),
    ];
    let for_us = match &aud {
        Value::String(one) => ours.contains(one),
        Value::Array(many) => many
            .iter()
            .filter_map(Value::as_str)
            .any(|one| ours.iter().any(|our| our == one)),
        _ => false,
    };
    iss == id && sub == id && for_us && now.as_secs() < exp
}
