//! Second factors by API: `mfa_required`, `/mfa/associate`, `/mfa/challenge`, `/mfa/authenticators`, and
//! the grants that a factor completes.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use super::{Complaint, Desk, Given, by_application, invalid, needed};
use crate::auth0::{Endpoint, UserId};
use crate::http::Exchange;
use crate::http::auth0::answering::Asked;
use crate::http::auth0::behind::Behind;
use crate::http::auth0::dpop;
use crate::http::auth0::errors::{json_answer, oauth_error};
use crate::http::auth0::face::Face;
use crate::http::auth0::issue::MFA_LIFE;
use crate::http::auth0::request::Ask;
use crate::http::auth0::terms::{For, Terms};
use crate::http::auth0::texts;
use crate::http::auth0::texts::{AccessClaims, Parties};
use crate::http::auth0::userinfo::presented;
use crate::http::params::Params;
use crate::http::recent::Bulky;
use crate::http::seal::Generation;
use crate::http::totp;
use crate::time::Timestamp;

/// Somebody who has given a first proof and owes a second.
#[derive(Clone, Debug)]
pub(in super::super) struct Owing {
    user: UserId,
    terms: Terms,
    since: Timestamp,
}

impl Bulky for Owing {
    fn heap_bytes(&self) -> usize {
        self.terms.scope.len() + self.terms.client_id.len()
    }
}

/// A recovery code that took the place of a used one.
pub(super) struct Renewed(Option<String>);

impl Renewed {
    pub(super) fn body(&self, mut body: Value) -> Value {
        if let Some(code) = &self.0 {
            body["recovery_code"] = code.as_str().into();
        }
        body
    }
}

impl Desk<'_> {
    /// Tells somebody to give a second factor.
    pub(super) fn owe(&self, behind: &mut Behind, user: UserId, terms: Terms) -> Complaint {
        let owing = Owing {
            user,
            terms,
            since: self.now,
        };
        let number = behind.owing.add(owing);
        let body = json!({
            "error": "mfa_required",
            "error_description": "Multifactor authentication required",
            "mfa_token": texts::mfa_token(behind.generation, number),
        });
        json_answer(StatusCode::FORBIDDEN, &body).into()
    }

    /// `mfa-otp`, `mfa-oob` and `mfa-recovery-code`.
    pub(super) fn by_second_factor(
        &self,
        behind: &mut Behind,
        grant: &str,
    ) -> Result<Given, Complaint> {
        let token = told(behind.generation, self.params)?;
        let owing = owing(behind, self.parties, token, self.now)?;
        if owing.terms.client_id != self.client.id {
            return Err(expired());
        }
        behind
            .tenant
            .admit_attempt(owing.user, self.stamp.address, self.now)
            .map_err(super::refusal)?;
        let mut renewed = None;
        let right = if grant.ends_with("mfa-otp") {
            behind.is_otp(owing.user, needed(self.params, "otp")?, self.now)
        } else if grant.ends_with("mfa-recovery-code") {
            let code = needed(self.params, "recovery_code")?;
            let luck = self.stamp.luck.split(21);
            renewed = behind.tenant.factors.use_recovery(owing.user, code, luck);
            renewed.is_some()
        } else {
            return Err(invalid("no out-of-band factor is enrolled"));
        };
        if !right {
            behind
                .tenant
                .note_failure(owing.user, self.stamp.address, self.now);
            let text = if grant.ends_with("mfa-otp") {
                "Invalid otp_code."
            } else {
                "Invalid recovery code."
            };
            return Err(oauth_error(StatusCode::FORBIDDEN, "invalid_grant", text).into());
        }
        behind
            .owing
            .take(texts::read_mfa_token(behind.generation, token).unwrap_or(u32::MAX));
        let terms = Terms {
            second_factor: true,
            ..owing.terms
        };
        match self.open(behind, owing.user, terms)? {
            Given::ToPerson(issue) => Ok(Given::Mfa(Renewed(renewed), issue)),
            other => Ok(other),
        }
    }
}

/// The token that a body tells: none that is bound to a key, whose proof only a head can have.
fn told(of: Generation, params: &Params) -> Result<&str, Complaint> {
    let token = needed(params, "mfa_token")?;
    if dpop::binding(of, token).is_some() {
        return Err(expired());
    }
    Ok(token)
}

/// Whose second factors a token opens: an `mfa_token`, or an access token for the API for them.
fn owing(
    behind: &Behind,
    parties: &Parties,
    token: &str,
    now: Timestamp,
) -> Result<Owing, Complaint> {
    texts::read_mfa_token(behind.generation, token)
        .and_then(|number| behind.owing.get(number).cloned())
        .or_else(|| bearing(behind, parties, token))
        // An identity that was linked meanwhile is no user whose factor would be worth anything.
        .filter(|owing| behind.tenant.links.is_user(owing.user))
        .filter(|owing| now < owing.since + MFA_LIFE)
        .ok_or_else(expired)
}

fn bearing(behind: &Behind, parties: &Parties, token: &str) -> Option<Owing> {
    let (_, claims) = Face::keys().verify::<AccessClaims>(token).ok()?;
    let fits = parties.issued(&claims) && claims.aud.has(&parties.mfa_audience());
    let user = behind.read_user(&claims.sub).filter(|_| fits)?;
    let ask = Ask {
        client_id: claims.azp,
        audience: For::Mfa,
        scope: claims.scope,
    };
    let since = Timestamp::from_secs(claims.iat);
    let terms = Terms::new(&ask, since);
    Some(Owing { user, terms, since })
}

/// Runs the logic of a call whose head has a token for somebody's second factors; an access token must
/// have a scope for it.
fn by_bearer<T>(
    face: &Face,
    exchange: &Exchange,
    (method, uri, headers): &(Method, Uri, HeaderMap),
    scope: &str,
    logic: impl FnOnce(&mut Behind, UserId, Timestamp) -> Result<T, Complaint>,
) -> Asked<T> {
    let parties = face.parties_at(exchange);
    let url = || format!("{}{}", parties.issuer, uri.path().trim_start_matches('/'));
    let token = presented(parties.generation, headers, method, url)
        .ok()
        .flatten();
    face.behind().pass(exchange, Endpoint::Other, |behind| {
        let now = behind.tenant.now(exchange.stamp().at);
        let token = token.ok_or_else(expired)?;
        let owing = owing(behind, &parties, token, now)?;
        let mut scopes = owing.terms.scope.split_whitespace();
        if texts::read_mfa_token(behind.generation, token).is_some() || scopes.any(|it| it == scope)
        {
            return logic(behind, owing.user, now);
        }
        let text = format!("Insufficient scope: {scope} is required");
        Err(oauth_error(StatusCode::FORBIDDEN, "insufficient_scope", &text).into())
    })
}

fn expired() -> Complaint {
    oauth_error(
        StatusCode::UNAUTHORIZED,
        "expired_token",
        "mfa_token is expired",
    )
    .into()
}

/// `POST /mfa/associate`: an authenticator app, with the `mfa_token` as bearer.
pub(in super::super) async fn associate(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    head: (Method, Uri, HeaderMap),
    body: Bytes,
) -> Response {
    let told: Value = serde_json::from_slice(&body).unwrap_or_default();
    let asked = by_bearer(&face, &exchange, &head, "enroll", |behind, user, now| {
        let types = &told["authenticator_types"];
        let wants_otp = types
            .as_array()
            .is_some_and(|types| types.iter().any(|kind| kind == "otp"));
        if !wants_otp {
            return Err(invalid("authenticator_types: only otp is mocked"));
        }
        let address = behind
            .tenant
            .user(user)
            .map(|user| face.directory().text(user.email))
            .unwrap_or_default();
        let luck = exchange.stamp().luck.split(20);
        let made = behind.tenant.factors.enrol(user, now, luck);
        let (authenticator, recovery) = made.ok_or_else(|| {
            oauth_error(
                StatusCode::FORBIDDEN,
                "access_denied",
                "User is already enrolled.",
            )
        })?;
        Ok(json!({
            "authenticator_type": "otp",
            "secret": totp::base32(&authenticator.secret),
            "barcode_uri": totp::uri(&authenticator.secret, &address),
            "recovery_codes": [recovery],
        }))
    });
    asked
        .answer(exchange, |body| json_answer(StatusCode::OK, &body))
        .await
}

/// `POST /mfa/challenge`: an authenticator app needs no message.
pub(in super::super) async fn challenge(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let form = (&headers, &body);
    let asked = by_application(&face, &exchange, Endpoint::Other, form, |behind, asks| {
        let owing = owing(
            behind,
            asks.parties,
            told(behind.generation, &asks.params)?,
            asks.now,
        )?;
        let enrolled = behind
            .tenant
            .factors
            .get(owing.user)
            .is_some_and(|factors| factors.confirmed().is_some());
        if enrolled {
            Ok(json!({ "challenge_type": "otp" }))
        } else {
            let text = "User does not have any authenticators enrolled";
            Err(oauth_error(StatusCode::UNAUTHORIZED, "association_required", text).into())
        }
    });
    asked
        .answer(exchange, |body| json_answer(StatusCode::OK, &body))
        .await
}

/// `GET /mfa/authenticators`.
pub(in super::super) async fn authenticators(
    State(face): State<Arc<Face>>,
    exchange: Exchange,
    head: (Method, Uri, HeaderMap),
) -> Response {
    let scope = "read:authenticators";
    let asked = by_bearer(&face, &exchange, &head, scope, |behind, user, _| {
        let mut shown = Vec::new();
        if let Some(factors) = behind.tenant.factors.get(user) {
            if factors.recovery.is_some() {
                shown.push(json!({
                    "id": "recovery-code|dev_1", "authenticator_type": "recovery-code",
                    "active": true,
                }));
            }
            if let Some(known) = &factors.authenticator {
                shown.push(json!({
                    "id": known.id, "authenticator_type": "otp", "active": known.confirmed,
                }));
            }
        }
        Ok(shown)
    });
    asked
        .answer(exchange, |shown| json_answer(StatusCode::OK, &shown))
        .await
}

/// `DELETE /mfa/authenticators/{id}`.
pub(in super::super) async fn remove_authenticator(
    State(face): State<Arc<Face>>,
    Path(id): Path<String>,
    exchange: Exchange,
    head: (Method, Uri, HeaderMap),
) -> Response {
    let scope = "remove:authenticators";
    let asked = by_bearer(&face, &exchange, &head, scope, |behind, user, _| {
        let factors = behind.tenant.factors.get_mut(user);
        let known = factors
            .authenticator
            .as_ref()
            .map(|known| known.id.as_str());
        if known != Some(id.as_str()) {
            let text = "The authenticator does not exist";
            return Err(oauth_error(StatusCode::NOT_FOUND, "not_found", text).into());
        }
        factors.authenticator = None;
        Ok(())
    });
    asked
        .answer(exchange, |()| StatusCode::NO_CONTENT.into_response())
        .await
}
