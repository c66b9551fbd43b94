//! A call of the Management API: its token and scopes are looked at, and then what it asks for.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts as _, Request};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value};

use super::payload::bad_body;
use crate::auth0::{Endpoint, Error, Stamp, UserId};
use crate::bounds::TENANT_RECORDS;
use crate::http::Exchange;
use crate::http::auth0::answering::{Asked, Complaint};
use crate::http::auth0::behind::Behind;
use crate::http::auth0::errors::{json_answer, management_error, refusal_at};
use crate::http::auth0::events::{About, Happening};
use crate::http::auth0::face::Face;
use crate::http::auth0::texts::Parties;
use crate::http::auth0::token::Signed;
use crate::http::auth0::userinfo::{Misused, presented};
use crate::http::off_the_loop::off_the_loop;
use crate::http::params::Params;
use crate::http::shown::Shown;
use crate::keys::KeySet;
use crate::time::Timestamp;

/// A call that has come in.
pub(super) struct Visit {
    face: Arc<Face>,
    exchange: Exchange,
    method: Method,
    /// What follows `/api/v2`.
    path: String,
    headers: HeaderMap,
    query: Params,
    body: Bytes,
}

impl FromRequest<Shown<Arc<Face>>> for Visit {
    type Rejection = Response;

    async fn from_request(request: Request, shown: &Shown<Arc<Face>>) -> Result<Self, Response> {
        let face = shown.get();
        let (mut parts, body) = request.into_parts();
        let exchange = Exchange::from_request_parts(&mut parts, shown).await?;
        let query = Params::from_query(&parts.uri);
        let method = parts.method.clone();
        let path = parts.uri.path().to_owned();
        let headers = parts.headers.clone();
        let request = Request::from_parts(parts, body);
        match Bytes::from_request(request, shown).await {
            Ok(body) => Ok(Self {
                face,
                exchange,
                method,
                path,
                headers,
                query,
                body,
            }),
            Err(rejection) => {
                let status = rejection.into_response().status();
                let complaint = management_error(status, "Payload too large", None);
                Err(face.refuse(exchange, Endpoint::Management, complaint).await)
            }
        }
    }
}

/// What is answered.
pub(super) struct Served {
    status: StatusCode,
    body: Option<Value>,
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "a call ends with one of these, or with a complaint"
)]
impl Served {
    pub(super) fn ok(body: impl Into<Value>) -> Result<Self, Complaint> {
        Ok(Self::shown(body))
    }

    pub(super) fn shown(body: impl Into<Value>) -> Self {
        Self {
            status: StatusCode::OK,
            body: Some(body.into()),
        }
    }

    pub(super) fn created(body: impl Into<Value>) -> Result<Self, Complaint> {
        Ok(Self {
            status: StatusCode::CREATED,
            body: Some(body.into()),
        })
    }

    pub(super) fn accepted(body: Option<Value>) -> Result<Self, Complaint> {
        Ok(Self {
            status: StatusCode::ACCEPTED,
            body,
        })
    }

    pub(super) const fn empty() -> Result<Self, Complaint> {
        Ok(Self {
            status: StatusCode::NO_CONTENT,
            body: None,
        })
    }
}

impl IntoResponse for Served {
    fn into_response(self) -> Response {
        match self.body {
            Some(body) => json_answer(self.status, &body),
            None => self.status.into_response(),
        }
    }
}

/// A call that may be served.
pub(super) struct Desk<'a> {
    pub(super) face: &'a Face,
    pub(super) behind: &'a mut Behind,
    pub(super) parties: &'a Parties,
    pub(super) query: &'a Params,
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a Bytes,
    pub(super) stamp: Stamp,
    pub(super) now: Timestamp,
    /// The person whose token allows the call only for themselves.
    own: Option<Own>,
}

/// A person who may make a call only for themselves.
struct Own {
    subject: String,
    /// The application that they make it with.
    client: String,
}

impl Visit {
    /// The tenant's face.
    pub(super) fn face(&self) -> &Face {
        &self.face
    }

    /// A text in the body, which is not judged yet.
    pub(super) fn peek(&self, field: &str) -> Option<String> {
        let fields: Map<String, Value> = serde_json::from_slice(&self.body).ok()?;
        fields.get(field)?.as_str().map(str::to_owned)
    }

    /// The keys of the tenant when the call came in.
    pub(super) fn keys(&self) -> KeySet {
        let at = self.exchange.stamp().at;
        self.face.with_tenant(|tenant| tenant.keys(at))
    }

    /// Serves a call that brings a token with one of these scopes.
    pub(super) async fn serve(
        self,
        scopes: &[&str],
        logic: impl FnOnce(&mut Desk<'_>) -> Result<Served, Complaint>,
    ) -> Response {
        let (asked, exchange) = self.ask(scopes, logic);
        asked.answer(exchange, |served| served).await
    }

    /// The same where it takes long to make the answer of what was found: nobody waits for that.
    pub(super) async fn serve_later<T: Send + 'static>(
        self,
        scopes: &[&str],
        logic: impl FnOnce(&mut Desk<'_>) -> Result<T, Complaint>,
        finish: impl FnOnce(T) -> Served + Send + 'static,
    ) -> Response {
        let (asked, exchange) = self.ask(scopes, logic);
        let finished = async move |found| off_the_loop(move || finish(found)).await;
        asked.answer_later(exchange, finished).await
    }

    fn ask<T>(
        self,
        scopes: &[&str],
        logic: impl FnOnce(&mut Desk<'_>) -> Result<T, Complaint>,
    ) -> (Asked<T>, Exchange) {
        let Self {
            face,
            exchange,
            method,
            path,
            headers,
            query,
            body,
        } = self;
        let parties = face.parties_at(&exchange);
        let url = || format!("{}api/v2{path}", parties.issuer);
        // Its signature is checked before anybody else has to wait.
        let signed = match presented(parties.generation, &headers, &method, url) {
            Ok(None) => Err("Missing authentication"),
            Ok(Some(text)) => Signed::read(&face, text).ok_or(INVALID),
            Err(Misused) => Err(INVALID),
        };
        let asked = face
            .behind()
            .pass(&exchange, Endpoint::Management, |behind| {
                let stamp = exchange.stamp();
                let now = behind.tenant.now(stamp.at);
                let (client, own) = admit(behind, signed, scopes, (now, stamp.at))?;
                let mut desk = Desk {
                    face: &face,
                    behind: &mut *behind,
                    parties: &parties,
                    query: &query,
                    headers: &headers,
                    body: &body,
                    stamp,
                    now,
                    own,
                };
                let said = logic(&mut desk);
                if method != Method::GET {
                    let kind = if said.is_ok() { "sapi" } else { "fapi" };
                    let operation = format!("{method} /api/v2{path}");
                    let entry = Happening::new(kind, &client, About::Nobody).saying(&operation);
                    face.log(behind, stamp, entry);
                }
                said
            });
        (asked, exchange)
    }
}

/// What whoever brings a bad token is told.
const INVALID: &str = "Invalid token";

/// The first thing that is looked at: the bearer token. Answers with which application it is made,
/// and whose it is, if it allows the call only to people for themselves.
fn admit(
    behind: &Behind,
    signed: Result<Signed, &'static str>,
    scopes: &[&str],
    moment: (Timestamp, Timestamp),
) -> Result<(String, Option<Own>), Complaint> {
    let unauthorized =
        |text: &str| Complaint::from(management_error(StatusCode::UNAUTHORIZED, text, None));
    let signed = signed.map_err(unauthorized)?;
    let token = signed.live(behind, moment);
    let token = token.ok_or_else(|| unauthorized(INVALID))?;
    if !token.allows(scopes) {
        return Err(insufficient(scopes));
    }
    let own = scopes.iter().any(|scope| scope.contains(":current_user"));
    let own = own.then(|| token.own(scopes)).flatten();
    let own = own.map(|(subject, client)| Own {
        subject: subject.to_owned(),
        client: client.to_owned(),
    });
    Ok((token.into_client(), own))
}

fn insufficient(scopes: &[&str]) -> Complaint {
    let text = format!("Insufficient scope, expected any of: {}", scopes.join(","));
    management_error(StatusCode::FORBIDDEN, &text, Some("insufficient_scope")).into()
}

impl Desk<'_> {
    /// The body as a JSON object.
    pub(super) fn object(&self) -> Result<Map<String, Value>, Complaint> {
        match serde_json::from_slice(self.body) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(_) => Err(bad_body(
                "Payload validation error: 'Expected type object'.",
            )),
            Err(_) => Err(management_error(
                StatusCode::BAD_REQUEST,
                "Invalid request payload JSON format",
                None,
            )
            .into()),
        }
    }

    /// The person whom a call is about: whoever the token allows, or its own person.
    pub(super) fn person(&self, id: &str) -> Result<UserId, Complaint> {
        if self.own.as_ref().is_some_and(|own| own.subject != id) {
            return Err(insufficient(&[
                "read:users",
                "update:users",
                "delete:users",
            ]));
        }
        self.anybody(id)
    }

    /// Whether an application may tell this call of somebody who proved to it to be there: any one for
    /// whoever may call for anybody, and a person's own for them.
    pub(super) fn hears(&self, client: &str) -> bool {
        self.behind.tenant.registry().client(client).is_some()
            && self.own.as_ref().is_none_or(|own| own.client == client)
    }

    /// A person who exists; an identity that is linked to another one is nobody.
    pub(super) fn anybody(&self, id: &str) -> Result<UserId, Complaint> {
        self.behind
            .read_user(id)
            .filter(|user| self.behind.tenant.user(*user).is_some())
            .filter(|user| self.behind.tenant.links.is_user(*user))
            .ok_or_else(|| refused(Error::UserNotFound))
    }
}

/// A refusal of the machine's.
pub(super) fn refused(error: Error) -> Complaint {
    refusal_at(Endpoint::Management, error).into()
}

/// A record that is not there.
pub(super) fn not_found(text: &str, code: &str) -> Complaint {
    management_error(StatusCode::NOT_FOUND, text, Some(code)).into()
}

/// Whether another record of a kind may come.
pub(super) fn room_beside(there: usize) -> Result<(), Complaint> {
    if there < TENANT_RECORDS {
        return Ok(());
    }
    let text = format!(
        "You have reached the limit of entities of this type for this tenant: {TENANT_RECORDS}"
    );
    let code = Some("too_many_entities");
    Err(management_error(StatusCode::FORBIDDEN, &text, code).into())
}

/// A record that is there already.
pub(super) fn conflict(text: &str, code: &str) -> Complaint {
    management_error(StatusCode::CONFLICT, text, Some(code)).into()
}
