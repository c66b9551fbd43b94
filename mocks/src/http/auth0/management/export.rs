//! `POST /api/v2/jobs/users-exports`, and the file that an export makes: written as it is fetched, so
//! that it takes no memory.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body::Frame;
use serde_json::{Map, Value, json};

use super::connections::read_connection_id;
use super::desk::{Desk, Visit};
use super::gzip::Gzip;
use super::jobs;
use super::payload::{Payload, bad_body};
use super::user::user;
use crate::auth0::jobs::{ExportAsk, Task};
use crate::auth0::{Endpoint, UserId};
use crate::http::Exchange;
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::behind::Behind;
use crate::http::auth0::errors::management_error;
use crate::http::auth0::face::Face;
use crate::http::seal::Seal;
use crate::time::{Span, Timestamp};

const DOWNLOAD: Seal = Seal::new("auth0 export");

/// A link to a file is good for 60 s (Auth0 docs, bulk user exports).
const LINK_LIFE: Span = Span::from_secs(60);

/// Fields of a CSV file at most (same).
const CSV_FIELDS: usize = 30;

/// Fields where none are named.
const USUAL: [&str; 10] = [
    "user_id",
    "email",
    "name",
    "nickname",
    "picture",
    "created_at",
    "updated_at",
    "email_verified",
    "given_name",
    "family_name",
];

/// `POST /jobs/users-exports`.
pub(super) async fn start(visit: Visit) -> Response {
    visit
        .serve(&["read:users"], |desk| {
            let fields = desk.object()?;
            let payload = Payload(&fields);
            let connection = payload
                .text("connection_id")?
                .map(read_connection_id)
                .transpose()?;
            let csv = match payload.text("format")? {
                None | Some("json") => false,
                Some("csv") => true,
                Some(_) => {
                    return Err(bad_body(
                        "Payload validation error: 'No enum match (json,csv)' on property format.",
                    ));
                }
            };
            let named = if fields.contains_key("fields") {
                payload
                    .needed_objects("fields")?
                    .into_iter()
                    .map(|field| {
                        let name = field.needed("name")?;
                        let told = field.text("export_as")?.unwrap_or(name);
                        Ok((name.to_owned(), told.to_owned()))
                    })
                    .collect::<Result<Vec<_>, Complaint>>()?
            } else {
                Vec::new()
            };
            if csv && named.len() > CSV_FIELDS {
                return Err(bad_body(
                    "Payload validation error: 'Too many fields: at most 30 in a CSV file' on property fields.",
                ));
            }
            let limit = payload
                .number("limit")?
                .and_then(|limit| usize::try_from(limit).ok());
            let ask = ExportAsk {
                connection,
                csv,
                fields: named,
                limit,
            };
            jobs::start(desk, Task::Export(ask))
        })
        .await
}

/// Where the file is, for a minute.
pub(super) fn location(desk: &Desk<'_>, number: u32, ask: &ExportAsk) -> String {
    let until = (desk.now + LINK_LIFE).as_micros();
    let mut bytes = [0; 12];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    bytes[4..].copy_from_slice(&until.to_be_bytes());
    let kind = if ask.csv { "csv" } else { "json" };
    format!(
        "{}_exports/{}/export.{kind}.gz",
        desk.parties.issuer,
        DOWNLOAD.of(desk.behind.generation).close(&bytes)
    )
}

/// `GET /_exports/{ticket}/{name}`: whoever has the link gets the file.
pub(super) async fn download(
    State(face): State<Arc<Face>>,
    Path((ticket, _name)): Path<(String, String)>,
    exchange: Exchange,
) -> Response {
    let asked = face.behind().pass(&exchange, Endpoint::Other, |behind| {
        let now = behind.tenant.now(exchange.stamp().at);
        opened(behind, &ticket, now).ok_or_else(|| {
            let text = "The link has expired";
            management_error(StatusCode::FORBIDDEN, text, Some("AccessDenied")).into()
        })
    });
    asked
        .answer(exchange, |ask| {
            let kind = [(header::CONTENT_TYPE, "application/gzip")];
            (kind, Body::new(Lines::new(Arc::clone(&face), ask))).into_response()
        })
        .await
}

fn opened(behind: &Behind, ticket: &str, now: Timestamp) -> Option<ExportAsk> {
    let bytes = DOWNLOAD.of(behind.generation).open(ticket)?;
    let (number, until) = bytes.split_first_chunk::<4>()?;
    let until = Timestamp::from_micros(i64::from_be_bytes(until.try_into().ok()?));
    (now < until).then_some(())?;
    match &behind
        .tenant
        .jobs
        .get(u32::from_be_bytes(*number), now)?
        .task
    {
        Task::Export(ask) => Some(ask.clone()),
        Task::Import { .. } | Task::VerificationEmail(_) => None,
    }
}

/// Users that are written at a time, while calls wait.
const AT_ONCE: usize = 1000;

/// The file, as far as it is not written yet.
struct Lines {
    face: Arc<Face>,
    ask: ExportAsk,
    next: UserId,
    left: usize,
    gzip: Option<Gzip>,
}

impl Lines {
    fn new(face: Arc<Face>, mut ask: ExportAsk) -> Self {
        if ask.fields.is_empty() {
            ask.fields = USUAL
                .iter()
                .map(|name| ((*name).to_owned(), (*name).to_owned()))
                .collect();
        }
        Self {
            left: ask.limit.unwrap_or(usize::MAX),
            face,
            ask,
            next: UserId(0),
            gzip: Some(Gzip::default()),
        }
    }

    /// The next piece of text; none at the end.
    fn piece(&mut self) -> Option<String> {
        let behind = self.face.behind();
        let wanted = self.ask.connection;
        let ids: Vec<UserId> = behind
            .tenant
            .user_ids_from(self.next)
            .take(AT_ONCE)
            .collect();
        let mut text = String::new();
        if self.ask.csv && self.next == UserId(0) {
            let names: Vec<String> = self
                .ask
                .fields
                .iter()
                .map(|(_, told)| quoted(told))
                .collect();
            text.push_str(&names.join(","));
            text.push('\n');
        }
        let last = *ids.last()?;
        self.next = UserId(last.0 + 1);
        let directory = self.face.directory();
        for id in ids {
            let fits = behind
                .tenant
                .user(id)
                .is_some_and(|row| wanted.is_none_or(|connection| row.connection == connection));
            if !fits || self.left == 0 {
                continue;
            }
            if let Some(shown) = user(&behind, directory, id) {
                self.left -= 1;
                text.push_str(&line(&self.ask, &shown));
                text.push('\n');
            }
        }
        Some(text)
    }
}

fn line(ask: &ExportAsk, shown: &Value) -> String {
    let field = |path: &str| {
        path.split('.')
            .try_fold(shown, |value, name| value.get(name))
            .cloned()
    };
    if ask.csv {
        let cells = ask.fields.iter().map(|(name, _)| match field(name) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => quoted(&text),
            Some(other) => quoted(&other.to_string()),
        });
        return cells.collect::<Vec<_>>().join(",");
    }
    let told: Map<String, Value> = ask
        .fields
        .iter()
        .filter_map(|(name, told)| Some((told.clone(), field(name)?)))
        .collect();
    json!(told).to_string()
}

/// A cell of a CSV file (RFC 4180).
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

impl HttpBody for Lines {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.gzip.is_none() {
            return Poll::Ready(None);
        }
        let piece = (self.left > 0).then(|| self.piece()).flatten();
        let bytes = match (piece, &mut self.gzip) {
            (Some(text), Some(gzip)) => gzip.write(text.as_bytes()),
            (_, gzip) => gzip.take().unwrap_or_default().finish(),
        };
        Poll::Ready(Some(Ok(Frame::data(bytes.into()))))
    }
}
