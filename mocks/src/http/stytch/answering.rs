//! An answer on its way out.

use std::fmt;

use axum::http::header::{self, HeaderName};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Face;
use super::problem::{self, Bad};
use crate::answer::Outcome;
use crate::http::auth0::pages;
use crate::http::journal::Notes;
use crate::http::stamp::Exchange;
use crate::stytch::{Endpoint, Errand, Error};
use crate::time::Span;

/// An answer that serves.
#[derive(Debug)]
pub(super) struct Good {
    took: Span,
    body: Body,
    headers: Vec<(HeaderName, String)>,
    status: StatusCode,
    /// Whether the body is wrapped in `data`, as browsers get it.
    enveloped: bool,
    /// Title and content of a page, which takes the place of the body.
    page: Option<(&'static str, String)>,
}

/// The fields of an answer.
#[derive(Debug, Default)]
struct Body {
    fields: Map<String, Value>,
    /// All of them in a type of their own, while nobody has looked at one: written out as it is, which
    /// is cheaper for the answers that are given most.
    whole: Option<Box<dyn Whole>>,
}

/// An answer's fields in a type of their own.
trait Whole: fmt::Debug + Send {
    /// An object as text.
    fn text(&self) -> String;
    /// The same as a tree.
    fn tree(&self) -> Value;
}

impl<T: Serialize + fmt::Debug + Send> Whole for T {
    fn text(&self) -> String {
        serde_json::to_string(self).expect("answers are plain data")
    }

    fn tree(&self) -> Value {
        serde_json::to_value(self).expect("answers are plain data")
    }
}

impl From<Value> for Body {
    fn from(value: Value) -> Self {
        let fields = match value {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        Self {
            fields,
            whole: None,
        }
    }
}

impl Body {
    /// The fields, each by itself.
    fn fields(&mut self) -> &mut Map<String, Value> {
        if let Some(whole) = self.whole.take() {
            *self = whole.tree().into();
        }
        &mut self.fields
    }

    /// The text with two fields more, that every answer has.
    fn text(mut self, status: StatusCode, request_id: &str) -> String {
        let Some(whole) = self.whole else {
            let fields = &mut self.fields;
            fields.insert("status_code".into(), json!(status.as_u16()));
            fields.insert("request_id".into(), json!(request_id));
            return Value::Object(self.fields).to_string();
        };
        let mut text = whole.text();
        let closed = text.pop();
        debug_assert_eq!(closed, Some('}'), "it is an object");
        text.extend([
            r#","status_code":"#,
            status.as_str(),
            r#","request_id":""#,
            request_id,
            r#""}"#,
        ]);
        text
    }
}

/// What a handler comes to.
pub(super) type Done = Result<Good, Bad>;

impl Good {
    pub(super) fn new(took: Span, body: Value) -> Self {
        Self {
            took,
            body: body.into(),
            headers: Vec::new(),
            status: StatusCode::OK,
            enveloped: false,
            page: None,
        }
    }

    /// An answer with the fields of a type, of which there is one at least.
    pub(super) fn whole(took: Span, fields: impl Serialize + fmt::Debug + Send + 'static) -> Self {
        Self {
            body: Body {
                whole: Some(Box::new(fields)),
                ..Body::default()
            },
            ..Self::new(took, Value::Null)
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
    pub(super) fn field(&mut self, name: &str) -> Value {
        self.body.fields().get(name).cloned().unwrap_or_default()
    }

    /// The same with another body.
    pub(super) fn instead(self, body: Value) -> Self {
        Self {
            body: body.into(),
            ..self
        }
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
        self.body.fields().insert(name.to_owned(), value);
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
    let mut body = good.body;
    if let Some(notes) = exchange.notes() {
        note(notes, body.fields());
    }
    let request_id = face.0.names.request(exchange.stamp().luck);
    let mut text = body.text(good.status, &request_id);
    if good.enveloped {
        text = format!("{{\"data\":{text}}}");
    }
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
