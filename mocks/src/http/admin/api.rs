//! Operations as data: one declaration gives a route, the reading of its input, and its description.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::problem::Problem;
use super::words::Object;

/// A body may be this long in bytes.
pub(super) const BODY_BYTES: usize = 16 << 20;

/// Where each call finds the state that it works on.
pub(super) type State<S> = Arc<dyn Fn() -> Arc<S> + Send + Sync>;

/// An interface in the making, over some state.
pub(super) struct Api<S> {
    state: State<S>,
    router: Router,
    schemas: SchemaGenerator,
    paths: BTreeMap<&'static str, Map<String, Value>>,
}

/// Where an operation's input stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Input {
    Body,
    Query,
}

/// The words of an operation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub(super) method: Verb,
    pub(super) path: &'static str,
    /// Its name in generated clients.
    pub(super) name: &'static str,
    /// One line.
    pub(super) summary: &'static str,
    /// Statuses beside 200 and those that every operation may have, with their reasons.
    pub(super) others: &'static [(u16, &'static str)],
}

/// The methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

impl Verb {
    const fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
            Self::Put => MethodFilter::PUT,
            Self::Delete => MethodFilter::DELETE,
        }
    }

    const fn input(self) -> Input {
        match self {
            Self::Get | Self::Delete => Input::Query,
            Self::Post | Self::Put => Input::Body,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Post => "post",
            Self::Put => "put",
            Self::Delete => "delete",
        }
    }
}

impl<S: Send + Sync + 'static> Api<S> {
    pub(super) fn new(state: State<S>) -> Self {
        Self {
            state,
            router: Router::new(),
            schemas: SchemaSettings::draft2020_12()
                .with(|settings| settings.definitions_path = "/components/schemas".into())
                .into_generator(),
            paths: BTreeMap::new(),
        }
    }

    /// Adds an operation. It runs on the blocking pool: seeding takes its time.
    pub(super) fn add<I, O>(
        mut self,
        operation: Operation,
        handler: fn(&S, I) -> Result<O, Problem>,
    ) -> Self
    where
        I: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema + Send + 'static,
    {
        let described = self.describe::<I, O>(&operation);
        let methods = self.paths.entry(operation.path).or_default();
        methods.insert(operation.method.name().to_owned(), described);
        let (state, input) = (Arc::clone(&self.state), operation.method.input());
        let route = on(operation.method.filter(), async move |request: Request| {
            let read = match input {
                Input::Body => read_body(request).await,
                Input::Query => read_query(&request),
            };
            let work = move || handler(&state(), read?);
            match tokio::task::spawn_blocking(work).await {
                Ok(done) => respond(done),
                Err(_) => respond::<O>(Err(Problem::with_status(
                    500,
                    "this is a defect of the mock: please report it with the request",
                ))),
            }
        });
        self.router = self.router.route(operation.path, route);
        self
    }

    /// Adds a route of another form, described by hand.
    pub(super) fn add_raw(
        mut self,
        operation: Operation,
        described: Value,
        route: axum::routing::MethodRouter,
    ) -> Self {
        let methods = self.paths.entry(operation.path).or_default();
        let words = words(&operation);
        let Value::Object(mut all) = described else {
            return self;
        };
        all.extend(words);
        methods.insert(operation.method.name().to_owned(), all.into());
        self.router = self.router.route(operation.path, route);
        self
    }

    /// The schema of a type, as a reference into the document.
    pub(super) fn schema<T: JsonSchema>(&mut self) -> Value {
        self.schemas.subschema_for::<T>().into()
    }

    fn describe<I: JsonSchema + DeserializeOwned, O: JsonSchema>(
        &mut self,
        operation: &Operation,
    ) -> Value {
        let problem = self.schema::<Problem>();
        let mut described = words(operation);
        match operation.method.input() {
            Input::Body => {
                let schema = self.schema::<I>();
                described.insert(
                    "requestBody".to_owned(),
                    json!({"required": needed::<I>(), "content": {"application/json": {"schema": schema}}}),
                );
            }
            Input::Query => {
                let parameters = query_parameters::<I>();
                if !parameters.is_empty() {
                    described.insert("parameters".to_owned(), parameters.into());
                }
            }
        }
        let served = self.schema::<O>();
        let mut responses = Map::new();
        responses.insert(
            "200".to_owned(),
            json!({"description": "Done", "content": {"application/json": {"schema": served}}}),
        );
        let usual = [
            (
                400,
                "The request cannot be read; the answer says what is wrong",
            ),
            (
                403,
                "The request comes from a web page or names a foreign host",
            ),
            (413, "The body is too long"),
            (415, "The body is not called application/json"),
        ];
        let answers = usual.iter().chain(operation.others);
        for (status, why) in answers {
            responses.insert(
                status.to_string(),
                json!({"description": why, "content": {"application/json": {"schema": problem}}}),
            );
        }
        described.insert("responses".to_owned(), responses.into());
        described.into()
    }

    /// The routes, and the document that describes them at `/openapi.json`.
    pub(super) fn build(mut self) -> (Router, Value) {
        let schemas = self.schemas.take_definitions(true);
        let document = json!({
            "openapi": "3.1.0",
            "info": {
                "title": "cutover mock admin",
                "version": env!("CARGO_PKG_VERSION"),
                "description": "Sets the mocks of an Auth0 tenant and a Stytch project up for a test, breaks and bends them while it runs, and tells what they were asked.",
                "license": {"name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0"},
            },
            "servers": [{"url": "http://127.0.0.1:8482"}],
            "paths": self.paths,
            "components": {"schemas": schemas},
        });
        let text = document.to_string();
        let published = on(MethodFilter::GET, async move || {
            ([(header::CONTENT_TYPE, "application/json")], text.clone())
        });
        let router = self
            .router
            .route("/openapi.json", published)
            .fallback(async || {
                respond::<()>(Err(Problem::missing(
                    "there is no such path: GET /openapi.json describes all of them",
                )))
            })
            .layer(DefaultBodyLimit::max(BODY_BYTES));
        (router, document)
    }
}

/// Whether an operation needs any input at all.
fn needed<I: DeserializeOwned>() -> bool {
    serde_json::from_str::<I>("{}").is_err()
}

fn words(operation: &Operation) -> Map<String, Value> {
    Map::from_iter([
        ("operationId".to_owned(), operation.name.into()),
        ("summary".to_owned(), operation.summary.into()),
    ])
}

/// What is not given is left out of a query; it cannot be written as null.
fn without_null(schema: &mut Map<String, Value>) {
    if let Some(kinds) = schema.get_mut("type").and_then(Value::as_array_mut) {
        kinds.retain(|kind| kind != "null");
        if let [only] = &kinds[..] {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(choices) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
    }
}

/// A query's fields, each as a parameter; a query has no nested ones.
fn query_parameters<I: JsonSchema>() -> Vec<Value> {
    let settings =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let schema: Value = settings.into_generator().into_root_schema_for::<I>().into();
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let fields = schema["properties"].as_object();
    let parameter = |(name, schema): (&String, &Value)| {
        let mut schema = schema.clone();
        if let Some(schema) = schema.as_object_mut() {
            without_null(schema);
        }
        json!({
            "name": name, "in": "query", "required": required.contains(&name.as_str()),
            "description": schema["description"], "schema": schema,
        })
    };
    fields
        .map(|fields| fields.iter().map(parameter).collect())
        .unwrap_or_default()
}

async fn read_body<I: DeserializeOwned>(request: Request) -> Result<I, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let named = kind
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .eq_ignore_ascii_case("application/json");
    let (_, body) = request.into_parts();
    let bytes = whole(body).await?;
    if bytes.is_empty() {
        // What needs no input may be asked for without a body.
        return serde_json::from_str("{}")
            .map_err(|error| Problem::bad(format!("the body is missing: {error}")));
    }
    if !named {
        return Err(Problem::with_status(
            415,
            "send the body as JSON, with the header `content-type: application/json`",
        ));
    }
    let read = serde_json::from_slice::<Object<I>>(&bytes).or_else(|error| {
        // JSON knows no integers: 5.0 is one, too, and some languages write it so.
        let told = |_| Problem::bad(format!("the body cannot be read: {error}"));
        let mut value: Value = serde_json::from_slice(&bytes).map_err(told)?;
        whole_numbers(&mut value);
        serde_json::from_value(value).map_err(told)
    });
    read.map(|Object(input)| input)
}

/// Writes numbers without a fraction as integers.
fn whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let whole = number
                .as_f64()
                .filter(|float| number.is_f64() && float.fract() == 0.0);
            // Beyond 2^53 a float does not tell which integer it is.
            if let Some(float) = whole.filter(|float| float.abs() < 9.0e15) {
                *number = (float as i64).into();
            }
        }
        Value::Array(values) => values.iter_mut().for_each(whole_numbers),
        Value::Object(fields) => fields.values_mut().for_each(whole_numbers),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

/// A whole body, if it is not too long.
async fn whole(body: Body) -> Result<Bytes, Problem> {
    axum::body::to_bytes(body, BODY_BYTES)
        .await
        .map_err(|_| Problem::with_status(413, format!("the body is longer than {BODY_BYTES} bytes or came too slowly: send many people to /people.ndjson")))
}

fn read_query<I: DeserializeOwned>(request: &Request) -> Result<I, Problem> {
    axum::extract::Query::<I>::try_from_uri(request.uri())
        .map(|query| query.0)
        .map_err(|error| Problem::bad(format!("the query cannot be read: {}", error.body_text())))
}

/// Sends what was done, or why it was not.
pub(super) fn respond<O: Serialize>(done: Result<O, Problem>) -> Response {
    let (status, body) = match &done {
        Ok(served) => (200, serde_json::to_string(served)),
        Err(problem) => (problem.status(), serde_json::to_string(problem)),
    };
    match (StatusCode::from_u16(status), body) {
        (Ok(status), Ok(body)) => {
            (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
