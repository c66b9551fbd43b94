//! A request on its way in, what the machine says to it, and its answer on its way out.

use axum::RequestExt;
use axum::body::to_bytes;
use axum::extract::{Query, RawPathParams, Request, State};
use axum::http::header::{self, HeaderName};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, MethodRouter, on};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::Face;
use super::fields::Fields;
use super::names::Presented;
use super::problem::{self, Bad, Problem};
use crate::answer::{Answer, Outcome, Refusal};
use crate::auth0::{self, AccessToken, Audience, Scopes};
use crate::http::journal::Notes;
use crate::http::stamp::Exchange;
use crate::keys::KeyId;
use crate::stytch::{
    Call, Endpoint, Errand, ErrandReply, Error, OrgId, Reply, SessionJwt, SessionToken, Step,
    Vertical,
};
use crate::time::{Span, Timestamp};

/// Bodies longer than this are refused.
const LONGEST_BODY: usize = 1 << 20;

/// A request that has come in.
pub(super) struct Ask {
    pub(super) face: Face,
    pub(super) exchange: Exchange,
    /// The body's fields.
    pub(super) fields: Fields,
    /// The query's fields.
    pub(super) query: Fields,
    path: Vec<(String, String)>,
}

/// An answer that serves.
#[derive(Debug)]
pub(super) struct Good {
    took: Span,
    body: Value,
    headers: Vec<(HeaderName, String)>,
    status: StatusCode,
}

/// What a handler comes to.
pub(super) type Done = Result<Good, Bad>;

/// What the machine served, and how long that took.
pub(super) type Got<R> = Result<(R, Span), Bad>;

/// A session as a request names it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Session {
    Token(SessionToken),
    Jwt(SessionJwt),
}

impl Session {
    pub(super) fn token(self) -> SessionToken {
        match self {
            Self::Token(token) => token,
            Self::Jwt(jwt) => SessionToken {
                session: jwt.session,
                handle: 0,
            },
        }
    }
}

impl Good {
    pub(super) fn new(took: Span, body: Value) -> Self {
        Self {
            took,
            body,
            headers: Vec::new(),
            status: StatusCode::OK,
        }
    }

    pub(super) fn redirect(took: Span, location: String) -> Self {
        let headers = vec![(header::LOCATION, location)];
        Self {
            took,
            body: json!({}),
            headers,
            status: StatusCode::FOUND,
        }
    }

    pub(super) fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// Stands for a legacy token whose text is passed on unread: the machine does not look into it.
const OPAQUE: AccessToken = AccessToken {
    subject: auth0::UserId(0),
    issued: Timestamp::from_secs(0),
    expires: Timestamp::from_secs(0),
    scopes: Scopes {
        openid: false,
        profile: false,
        email: false,
        offline: false,
    },
    audience: Audience {
        api: false,
        userinfo: false,
    },
    key: KeyId(0),
    handle: 0,
};

/// Whether a route asks for the project's credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Locked,
    Open,
}

/// A `POST` that needs the project's credentials.
pub(super) fn post<F, T>(endpoint: Endpoint, handler: F) -> MethodRouter<Face>
where
    F: Fn(Ask) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Done> + Send + 'static,
{
    route(MethodFilter::POST, Door::Locked, endpoint, handler)
}

/// A `GET` that needs the project's credentials.
pub(super) fn get<F, T>(endpoint: Endpoint, handler: F) -> MethodRouter<Face>
where
    F: Fn(Ask) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Done> + Send + 'static,
{
    route(MethodFilter::GET, Door::Locked, endpoint, handler)
}

/// A `PUT` that needs the project's credentials.
pub(super) fn put<F, T>(endpoint: Endpoint, handler: F) -> MethodRouter<Face>
where
    F: Fn(Ask) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Done> + Send + 'static,
{
    route(MethodFilter::PUT, Door::Locked, endpoint, handler)
}

/// A `DELETE` that needs the project's credentials.
pub(super) fn delete<F, T>(endpoint: Endpoint, handler: F) -> MethodRouter<Face>
where
    F: Fn(Ask) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Done> + Send + 'static,
{
    route(MethodFilter::DELETE, Door::Locked, endpoint, handler)
}

/// A `GET` that everybody may make.
pub(super) fn public<F, T>(endpoint: Endpoint, handler: F) -> MethodRouter<Face>
where
    F: Fn(Ask) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Done> + Send + 'static,
{
    route(MethodFilter::GET, Door::Open, endpoint, handler)
}

fn route<F, T>(
    method: MethodFilter,
    door: Door,
    endpoint: Endpoint,
    handler: F,
) -> MethodRouter<Face>
where
    F: Fn(Ask) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Done> + Send + 'static,
{
    on(
        method,
        move |State(face): State<Face>, exchange: Exchange, request: Request| {
            let handler = handler.clone();
            async move {
                let done = match Ask::read(&face, &exchange, door, request).await {
                    Ok(ask) => handler(ask).await,
                    Err(problem) => Err(problem.into()),
                };
                leave(&face, exchange, endpoint, done).await
            }
        },
    )
}

/// Any route that there is not.
pub(super) async fn lost(
    State(face): State<Face>,
    exchange: Exchange,
    request: Request,
) -> Response {
    let other = match (
        face.0.vertical,
        request.uri().path().starts_with("/v1/b2b/"),
    ) {
        (Vertical::Consumer, true) => Problem::bad(
            "invalid_b2b_endpoint",
            "This endpoint is for B2B projects, and this is a consumer project.",
        ),
        (Vertical::B2b, false) => Problem::bad(
            "invalid_consumer_endpoint",
            "This endpoint is for consumer projects, and this is a B2B project.",
        ),
        _ => Problem {
            status: 404,
            error_type: "route_not_found",
            message: "The route could not be found.".to_owned(),
        },
    };
    leave(&face, exchange, Endpoint::Other, Err(other.into())).await
}

impl Ask {
    async fn read(
        face: &Face,
        exchange: &Exchange,
        door: Door,
        mut request: Request,
    ) -> Result<Self, Problem> {
        if door == Door::Locked {
            face.check_credentials(request.headers())?;
        }
        let params = request.extract_parts::<RawPathParams>().await;
        let path = params.map_or_else(
            |_| Vec::new(),
            |params| {
                params
                    .iter()
                    .map(|(k, v)| (k.to_owned(), v.to_owned()))
                    .collect()
            },
        );
        let query = request
            .extract_parts::<Query<Vec<(String, String)>>>()
            .await;
        let query = query.map_or_else(|_| Vec::new(), |Query(pairs)| pairs);
        let body = to_bytes(request.into_body(), LONGEST_BODY).await;
        let body = body.map_err(|_| Problem::bad("bad_request", "The body is too long."))?;
        let fields = Fields::of_body(&body)?;
        if let Some(notes) = exchange.notes() {
            let presented = ["session_token", "session_jwt"].map(|name| fields.raw(name));
            let token = presented.into_iter().flatten().find_map(Value::as_str);
            if let Some(token) = token {
                notes.credential(token);
            }
        }
        Ok(Self {
            face: face.clone(),
            exchange: exchange.clone(),
            fields,
            query: Fields::of_query(query),
            path,
        })
    }

    /// A part of the path, decoded.
    pub(super) fn path(&self, name: &str) -> &str {
        let part = self.path.iter().find(|(key, _)| key == name);
        part.map_or("", |(_, value)| value.as_str())
    }

    /// Makes a call to the machine; Migrate Session has its own way.
    pub(super) fn call(&self, call: &Call) -> Got<Reply> {
        let step = self.face.project().handle(self.exchange.stamp(), call);
        match step {
            Step::Done(answer) => got(answer),
            Step::AskUserInfo(_) => Err(odd(Span::ZERO)),
        }
    }

    /// Migrates a legacy session, asking `UserInfo` between the two halves of the machine's work.
    pub(super) async fn migrate(
        &self,
        legacy: &str,
        org: Option<OrgId>,
        duration: Option<Span>,
    ) -> Got<Reply> {
        let call = Call::Migrate {
            token: OPAQUE,
            org,
            duration,
        };
        let step = self.face.project().handle(self.exchange.stamp(), &call);
        let pending = match step {
            Step::Done(answer) => return got(answer),
            Step::AskUserInfo(pending) => pending,
        };
        let inner = &self.face.0;
        self.exchange
            .pass(pending.stamp.at - self.exchange.stamp().at)
            .await;
        let patience = self.face.project().settings().userinfo_timeout;
        let asked =
            inner
                .userinfo
                .ask(legacy, &pending, &self.exchange, patience, &inner.directory);
        let seen = asked.await;
        let answer = self.face.project().resume(pending, seen);
        got(answer)
    }

    /// Runs an errand that is answered as a call is.
    pub(super) fn errand(&self, errand: &Errand) -> Got<Reply> {
        match self.any_errand(errand)? {
            (ErrandReply::Reply(reply), took) => Ok((reply, took)),
            (_, took) => Err(odd(took)),
        }
    }

    /// Runs an errand.
    pub(super) fn any_errand(&self, errand: &Errand) -> Got<ErrandReply> {
        let answer = self.face.project().errand(self.exchange.stamp(), errand);
        got(answer)
    }

    /// The session that the request names by exactly one of token and JWT.
    pub(super) fn session(&self) -> Result<Session, Problem> {
        let fields = &self.fields;
        match (fields.text("session_token")?, fields.text("session_jwt")?) {
            (Some(_), Some(_)) => Err(Problem::bad(
                "too_many_session_arguments",
                "Only one of session_token and session_jwt may be provided.",
            )),
            (None, None) => Err(Problem::bad(
                "no_session_arguments",
                "One of session_token and session_jwt must be provided.",
            )),
            (Some(token), None) => match self.face.0.names.read_session_token(token) {
                Presented::Token(token) => Ok(Session::Token(token)),
                Presented::Malformed => Err(Problem::bad(
                    "invalid_session_token",
                    "Session token format is invalid.",
                )),
            },
            (None, Some(jwt)) => self.face.read_session_jwt(jwt).map(Session::Jwt),
        }
    }

    /// Refuses what the mock would have to answer wrongly.
    pub(super) fn not_modelled(&self, fields: &[&str]) -> Result<(), Problem> {
        match fields.iter().find(|name| self.fields.raw(name).is_some()) {
            None => Ok(()),
            Some(name) => Err(Problem::field(name, "is not modelled by this mock here")),
        }
    }

    /// Takes over the request's custom claims into a session.
    pub(super) fn claim(&self, session: u32) -> Result<(), Problem> {
        if let Some(custom) = self.fields.object("session_custom_claims")? {
            let mut book = self.face.book();
            let mut claims = book.claims.get(session).cloned().unwrap_or_default();
            super::book::merge_deep(&mut claims, &super::jwt::allowed(custom));
            book.claims.set(session, claims);
        }
        Ok(())
    }
}

fn got<R>(answer: Answer<R, Error>) -> Got<R> {
    let took = answer.took;
    match answer.outcome {
        Outcome::Served(reply) => Ok((reply, took)),
        Outcome::Refused(refusal) => Err(Bad::Refused { refusal, took }),
        Outcome::Broken(breakage) => Err(Bad::Broken { breakage, took }),
    }
}

/// A reply that does not fit its call.
pub(super) fn odd(took: Span) -> Bad {
    let refusal = Refusal {
        status: 500,
        error: Error::Other,
        retry_after: None,
    };
    Bad::Refused { refusal, took }
}

impl Face {
    fn check_credentials(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let config = &self.0.config;
        let given = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Basic "))
            .and_then(|encoded| STANDARD.decode(encoded).ok());
        let expected = format!("{}:{}", config.project_id, config.secret);
        if given.is_some_and(|given| given == expected.as_bytes()) {
            return Ok(());
        }
        Err(Problem {
            status: 401,
            error_type: "unauthorized_credentials",
            message: "Unauthorized credentials.".to_owned(),
        })
    }
}

/// Lets an answer leave. A request that was refused by its form passes the machine's gate first, so
/// that faults and limits hit it and it is counted like any other.
async fn leave(face: &Face, exchange: Exchange, endpoint: Endpoint, done: Done) -> Response {
    if let Some(notes) = exchange.notes() {
        notes.endpoint(endpoint.name());
    }
    let (problem, took, retry_after) = match done {
        Ok(good) => return served(face, exchange, good).await,
        Err(Bad::Broken { breakage, took }) => return exchange.broken(took, breakage).await,
        Err(Bad::Told { problem, took }) => (problem, took, None),
        Err(Bad::Refused { refusal, took }) => {
            let problem = problem::told(&refusal, endpoint, face.0.vertical);
            (problem, took, refusal.retry_after)
        }
        Err(Bad::Form(problem)) => {
            let errand = Errand::Rejected {
                endpoint,
                status: problem.status,
            };
            let answer = face.project().errand(exchange.stamp(), &errand);
            match answer.outcome {
                Outcome::Broken(breakage) => return exchange.broken(answer.took, breakage).await,
                Outcome::Refused(refusal) if refusal.error != Error::Other => {
                    let problem = problem::told(&refusal, endpoint, face.0.vertical);
                    (problem, answer.took, refusal.retry_after)
                }
                _ => (problem, answer.took, None),
            }
        }
    };
    let request_id = face.0.names.request(exchange.stamp().luck);
    let body = problem::body(&problem, &request_id, face.0.vertical);
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, json_type(), body.to_string()).into_response();
    if let Some(wait) = retry_after {
        // Whole seconds, rounded up: RFC 9110 knows no parts of them.
        let seconds = (wait.as_micros() + 999_999).div_euclid(1_000_000);
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    exchange.answer(took, response).await
}

/// Whom and which session an answer tells of.
fn note(notes: &Notes, body: &Map<String, Value>) {
    let id = |place: Option<&Value>| place.and_then(Value::as_str).map(str::to_owned);
    let person = ["user_id", "member_id"].map(|name| id(body.get(name)));
    for id in person.into_iter().flatten() {
        notes.person(&id);
    }
    let session = [
        ("session", "session_id"),
        ("user_session", "session_id"),
        ("member_session", "member_session_id"),
    ];
    let session = session.map(|(part, name)| id(body.get(part).and_then(|part| part.get(name))));
    for id in session.into_iter().flatten() {
        notes.session(&id);
    }
}

async fn served(face: &Face, exchange: Exchange, good: Good) -> Response {
    let mut body = match good.body {
        Value::Object(body) => body,
        _ => Map::new(),
    };
    if let Some(notes) = exchange.notes() {
        note(notes, &body);
    }
    body.insert("status_code".into(), json!(good.status.as_u16()));
    body.insert(
        "request_id".into(),
        json!(face.0.names.request(exchange.stamp().luck)),
    );
    let text = Value::Object(body).to_string();
    let mut response = (good.status, json_type(), text).into_response();
    for (name, value) in good.headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    exchange.answer(good.took, response).await
}

const fn json_type() -> [(HeaderName, &'static str); 1] {
    [(header::CONTENT_TYPE, "application/json")]
}
