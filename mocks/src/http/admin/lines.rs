//! People as newline-delimited JSON: any number of them, read as they come, seeded a few at a time.

use std::sync::Arc;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::routing::{MethodRouter, post};
use serde_json::{Value, json};

use super::Admin;
use super::addresses::Address;
use super::api::{State, respond};
use super::people::{Organizations, Person, Seeded, organizations_of, seed_listed};
use super::problem::Problem;
use super::words::Object;

/// A line may be this long in bytes.
const LINE_BYTES: usize = 64 * 1024;

/// People are seeded when this many lines have come.
const AT_ONCE: usize = 10_000;

/// What the document says of it.
pub(super) fn description(seeded: &Value, problem: &Value) -> Value {
    json!({
        "requestBody": {
            "required": false,
            "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
            "description": "A person a line, as in the list of `POST /people`. Lines before one that cannot be read stay seeded.",
        },
        "responses": {
            "200": {"description": "Done", "content": {"application/json": {"schema": seeded}}},
            "400": {"description": "A line cannot be read; the answer says which", "content": {"application/json": {"schema": problem}}},
            "403": {"description": "The request comes from a web page or names a foreign host", "content": {"application/json": {"schema": problem}}},
            "409": {"description": "There is no room for so many", "content": {"application/json": {"schema": problem}}},
        },
    })
}

pub(super) fn route(admin: State<Admin>) -> MethodRouter {
    post(async move |request: Request| respond(take(&admin(), request.into_body()).await))
}

/// Lines that have come and are not seeded yet.
struct Intake<'a> {
    admin: &'a Arc<Admin>,
    organizations: Arc<Organizations>,
    waiting: Vec<Person<Address>>,
    line: usize,
    seeded: Seeded,
}

async fn take(admin: &Arc<Admin>, mut body: Body) -> Result<Seeded, Problem> {
    let mut intake = Intake {
        admin,
        organizations: Arc::new(organizations_of(admin)),
        waiting: Vec::new(),
        line: 0,
        seeded: Seeded::default(),
    };
    let mut rest: Vec<u8> = Vec::new();
    loop {
        let frame =
            std::future::poll_fn(|context| std::pin::Pin::new(&mut body).poll_frame(context));
        let Some(frame) = frame.await else { break };
        let frame = frame.map_err(|error| Problem::bad(format!("the body broke off: {error}")))?;
        let Ok(bytes) = frame.into_data() else {
            continue;
        };
        rest.extend_from_slice(&bytes);
        let whole = rest
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |end| end + 1);
        for line in rest[..whole].split(|byte| *byte == b'\n') {
            intake.read(line)?;
        }
        rest.drain(..whole);
        if rest.len() > LINE_BYTES {
            let line = intake.line + 1;
            return Err(Problem::bad(format!(
                "line {line} is longer than {LINE_BYTES} bytes"
            )));
        }
        if intake.waiting.len() >= AT_ONCE {
            intake.seed().await?;
        }
    }
    intake.read(&rest)?;
    intake.seed().await?;
    Ok(intake.seeded)
}

impl Intake<'_> {
    fn read(&mut self, line: &[u8]) -> Result<(), Problem> {
        if line.trim_ascii().is_empty() {
            return Ok(());
        }
        self.line += 1;
        let person = serde_json::from_slice(line);
        let person = person.map_err(|error| {
            Problem::bad(format!("person {} cannot be read: {error}", self.line))
        })?;
        let Object(person) = person;
        self.waiting.push(person);
        Ok(())
    }

    async fn seed(&mut self) -> Result<(), Problem> {
        let people = std::mem::take(&mut self.waiting);
        let (admin, organizations) = (Arc::clone(self.admin), Arc::clone(&self.organizations));
        let work = move || seed_listed(&admin, &organizations, people);
        let done = tokio::task::spawn_blocking(work).await;
        self.seeded += done.map_err(|_| {
            Problem::with_status(
                500,
                "this is a defect of the mock: please report it with the request",
            )
        })??;
        Ok(())
    }
}
