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
use super::problem::{self, Bad, Problem};
use super::unmodelled;
use crate::answer::{Answer, Outcome, Refusal};
use crate::auth0::{self, AccessToken, Audience, Scopes};
use crate::http::auth0::pages;
use crate::http::journal::Notes;
use crate::http::stamp::Exchange;
use crate::keys::KeyId;
use crate::stytch::{Call, Endpoint, Errand, ErrandReply, Error, OrgId, Reply, Step, With};
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
    basic: Option<(String, String)>,
    host: Option<String>,
    /// Whether whoever asks shows pages.
    shows_pages: bool,
    /// Whether a page asks, which has no secret.
    pub(super) by_page: bool,
}

/// An answer that serves.
#[derive(Debug)]
pub(super) struct Good {
    took: Span,
    body: Value,
    headers: Vec<(HeaderName, String)>,
    status: StatusCode,
    /// Whether the body is wrapped in `data`, as browsers get it.
    enveloped: bool,
    /// Title and content of a page, which takes the place of the body.
    page: Option<(&'static str, String)>,
}

/// What a handler comes to.
pub(super) type Done = Result<Good, Bad>;

/// What the machine served, and how long that took.
pub(super) type Got<R> = Result<(R, Span), Bad>;

impl Good {
    pub(super) fn new(took: Span, body: Value) -> Self {
        Self {
            took,
            body,
            headers: Vec::new(),
            status: StatusCode::OK,
            enveloped: false,
            page: None,
        }
    }

    /// A page for people; nothing has happened yet.
    pub(super) fn page(title: &'static str, content: String) -> Self {
        Self {
            page: Some((title, content)),
            ..Self::new(Span::ZERO, json!({}))
        }
    }

    /// A field of the body.
    pub(super) fn field(&self, name: &str) -> Value {
        self.body.get(name).cloned().unwrap_or_default()
    }

    /// The same with another body.
    pub(super) fn instead(self, body: Value) -> Self {
        Self { body, ..self }
    }

    /// The same in an envelope.
    pub(super) fn enveloped(self) -> Self {
        Self {
            enveloped: true,
            ..self
        }
    }

    /// The same with one more field.
    pub(super) fn and(mut self, name: &str, value: Value) -> Self {
        if let Value::Object(body) = &mut self.body {
            body.insert(name.to_owned(), value);
        }
        self
    }

    pub(super) fn redirect(took: Span, location: String) -> Self {
        Self {
            headers: vec![(header::LOCATION, location)],
            status: StatusCode::FOUND,
            ..Self::new(took, json!({}))
        }
    }

    /// The same body under another status: errors of OAuth 2.0 have a form of their own.
    pub(super) fn under(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
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
pub(super) enum Door {
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

/// A `POST` that everybody may make.
pub(super) fn public_post<F, T>(endpoint: Endpoint, handler: F) -> MethodRouter<Face>
where
    F: Fn(Ask) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Done> + Send + 'static,
{
    route(MethodFilter::POST, Door::Open, endpoint, handler)
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
    let problem = unmodelled::lost(face.0.vertical, request.uri().path());
    drain(request).await;
    leave(&face, exchange, Endpoint::Other, Err(problem.into())).await
}

/// A route that there is, by another method.
pub(super) async fn wrong_method(
    State(face): State<Face>,
    exchange: Exchange,
    request: Request,
) -> Response {
    drain(request).await;
    let problem = Problem {
        status: 405,
        error_type: "method_not_allowed",
        message: "The route does not allow this method.".to_owned(),
    };
    leave(&face, exchange, Endpoint::Other, Err(problem.into())).await
}

/// Reads a body that nobody needs, so that the connection can be used again.
pub(super) async fn drain(request: Request) {
    drop(to_bytes(request.into_body(), LONGEST_BODY).await);
}

impl Ask {
    pub(super) async fn read(
        face: &Face,
        exchange: &Exchange,
        door: Door,
        mut request: Request,
    ) -> Result<Self, Problem> {
        let admitted = match door {
            Door::Locked => face.check_credentials(request.headers()),
            Door::Open => Ok(()),
        };
        let basic = basic(request.headers());
        let form = is_form(request.headers());
        let host = request.headers().get(header::HOST);
        let host = host.and_then(|host| host.to_str().ok()).map(str::to_owned);
        let accept = request.headers().get(header::ACCEPT);
        let accept = accept.and_then(|accept| accept.to_str().ok());
        let shows_pages = accept.is_some_and(|accept| accept.contains("text/html"));
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
        // The body is read first: a connection whose last request was left unread cannot be used again.
        admitted?;
        let body = body.map_err(|_| Problem::bad("bad_request", "The body is too long."))?;
        let fields = if form {
            Fields::of_form(&body)
        } else {
            Fields::of_body(&body)?
        };
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
            basic,
            host,
            shows_pages,
            by_page: false,
        })
    }

    /// A part of the path, decoded.
    pub(super) fn path(&self, name: &str) -> &str {
        let part = self.path.iter().find(|(key, _)| key == name);
        part.map_or("", |(_, value)| value.as_str())
    }

    /// The same request with another part of the path.
    pub(super) fn at(mut self, name: &str, value: String) -> Self {
        self.path.retain(|(key, _)| key != name);
        self.path.push((name.to_owned(), value));
        self
    }

    /// Names a part of the path that the path itself does not have.
    pub(super) fn name_in_path(&mut self, name: &str, value: String) {
        if self.path(name).is_empty() {
            self.path.push((name.to_owned(), value));
        }
    }

    /// What the client calls this server.
    pub(super) fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Whether whoever asks is a browser that shows what it gets.
    pub(super) fn shows_pages(&self) -> bool {
        self.shows_pages
    }

    /// The user and password of HTTP Basic authentication.
    pub(super) fn basic(&self) -> Option<(String, String)> {
        self.basic.clone()
    }

    /// Makes a call to the machine; Migrate Session has its own way.
    pub(super) fn call(&self, call: &Call) -> Got<Reply> {
        self.call_with(With::default(), call)
    }

    /// Makes a call under circumstances of its own.
    pub(super) fn call_with(&self, with: With, call: &Call) -> Got<Reply> {
        let stamp = self.exchange.stamp();
        let step = self.face.project().handle_with(stamp, with, call);
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
        self.errand_with(With::default(), errand)
    }

    /// Runs an errand that is answered as a call is, under circumstances of its own.
    pub(super) fn errand_with(&self, with: With, errand: &Errand) -> Got<Reply> {
        match self.any_errand_with(with, errand)? {
            (ErrandReply::Reply(reply), took) => Ok((reply, took)),
            (_, took) => Err(odd(took)),
        }
    }

    /// Runs an errand.
    pub(super) fn any_errand(&self, errand: &Errand) -> Got<ErrandReply> {
        self.any_errand_with(With::default(), errand)
    }

    /// Runs an errand under circumstances of its own.
    pub(super) fn any_errand_with(&self, with: With, errand: &Errand) -> Got<ErrandReply> {
        let stamp = self.exchange.stamp();
        got(self.face.project().errand_with(stamp, with, errand))
    }
}

/// What an answer of the machine comes to.
pub(super) fn got<R>(answer: Answer<R, Error>) -> Got<R> {
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

fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    let decoded = STANDARD.decode(encoded.trim()).ok();
    let decoded = decoded.filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, secret) = text.split_once(':')?;
    Some((user.to_owned(), secret.to_owned()))
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE);
    kind.and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

impl Face {
    fn check_credentials(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let config = &self.0.config;
        let given = basic(headers);
        if given.is_some_and(|(user, secret)| user == config.project_id && secret == config.secret)
        {
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
pub(super) async fn leave(
    face: &Face,
    exchange: Exchange,
    endpoint: Endpoint,
    done: Done,
) -> Response {
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
    if let Some((title, content)) = good.page {
        let page = pages::page(good.status, title, &content);
        return exchange.answer(good.took, page).await;
    }
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
    let mut body = Value::Object(body);
    if good.enveloped {
        body = json!({ "data": body });
    }
    let text = serde_json::to_vec(&body).expect("a JSON value can be written");
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
