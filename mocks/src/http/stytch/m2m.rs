//! Machine-to-machine clients: their records, their secrets, and the tokens they get (RFC 6749, 4.4).

use std::collections::BTreeMap;

use axum::http::{StatusCode, header};
use serde_json::{Map, Value, json};

use super::Face;
use super::answering::{Done, Good};
use super::ask::Ask;
use super::book::merge;
use super::fields::Fields;
use super::problem::{Bad, Problem};
use crate::stytch::Errand;
use crate::time::{Span, Timestamp};

/// Tokens are good for an hour (Stytch docs).
const TOKEN_LIFE: i64 = 3600;

/// Clients that a project may have.
const MOST: usize = 10_000;

/// One client.
#[derive(Clone, Debug)]
struct Client {
    name: String,
    description: String,
    active: bool,
    scopes: Vec<String>,
    trusted: Map<String, Value>,
    secret: String,
    next_secret: Option<String>,
}

/// All clients, by id.
#[derive(Clone, Debug, Default)]
pub(super) struct Clients {
    clients: BTreeMap<String, Client>,
    made: u64,
}

impl Clients {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.clients.len()
    }
}

fn last_four(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().collect();
    letters[letters.len().saturating_sub(4)..].iter().collect()
}

impl Client {
    fn shown(&self, id: &str) -> Value {
        json!({
            "client_id": id,
            "client_name": self.name,
            "client_description": self.description,
            "status": if self.active { "active" } else { "inactive" },
            "scopes": self.scopes,
            "client_secret_last_four": last_four(&self.secret),
            "next_client_secret_last_four": self.next_secret.as_deref().map(last_four),
            "trusted_metadata": self.trusted,
        })
    }

    fn opens_with(&self, secret: &str) -> bool {
        self.active && (self.secret == secret || self.next_secret.as_deref() == Some(secret))
    }
}

fn missing() -> Problem {
    Problem {
        status: 404,
        error_type: "m2m_client_not_found",
        message: "M2M client could not be found.".to_owned(),
    }
}

/// Runs a call that reads or changes records, and gives its service time.
fn pass(ask: &Ask) -> Result<Span, Bad> {
    let read = Errand::read(None, None);
    Ok(ask.errand(&read)?.1)
}

fn scopes(fields: &Fields) -> Result<Option<Vec<String>>, Problem> {
    let given = fields.raw("scopes").map(|_| fields.texts("scopes"));
    let given = given.transpose()?;
    Ok(given.map(|texts| texts.into_iter().map(str::to_owned).collect()))
}

impl Ask {
    fn new_secret(&self) -> String {
        let mut book = self.face.book();
        book.m2m.made += 1;
        self.face.0.names.secret_text("m2m", book.m2m.made)
    }

    /// Changes the client of the path.
    fn change(&self, change: impl FnOnce(&str, &mut Client) -> Result<Value, Problem>) -> Done {
        let id = self.path("client_id");
        let took = pass(self)?;
        let mut book = self.face.book();
        let client = book.m2m.clients.get_mut(id).ok_or_else(missing);
        let shown = client.and_then(|client| change(id, client));
        let shown = shown.map_err(|problem| Bad::Told { problem, took })?;
        Ok(Good::new(took, json!({ "m2m_client": shown })))
    }
}

pub(super) async fn create(ask: Ask) -> Done {
    let fields = &ask.fields;
    let scopes = scopes(fields)?.ok_or_else(|| Problem::field("scopes", "is required"))?;
    let text = |name| Ok::<_, Problem>(fields.text(name)?.unwrap_or_default().to_owned());
    let (name, description) = (text("client_name")?, text("client_description")?);
    let trusted = fields.object("trusted_metadata")?.cloned();
    let given = fields.text("client_secret")?;
    if given.is_some_and(|secret| secret.len() < 8) {
        return Err(Problem::bad(
            "insecure_m2m_client_secret",
            "The client_secret must have at least 8 characters.",
        )
        .into());
    }
    let secret = given.map_or_else(|| ask.new_secret(), str::to_owned);
    let made = ask.face.book().m2m.made;
    let id = fields.text("client_id")?.map(str::to_owned);
    let id = id.unwrap_or_else(|| ask.face.0.names.client(made));
    let took = pass(&ask)?;
    let client = Client {
        name,
        description,
        active: true,
        scopes,
        trusted: trusted.unwrap_or_default(),
        secret: secret.clone(),
        next_secret: None,
    };
    let mut shown = client.shown(&id);
    shown["client_secret"] = json!(secret);
    let mut book = ask.face.book();
    let refused = if book.m2m.clients.contains_key(&id) {
        Some(("duplicate_m2m_client_id", "The client_id exists already."))
    } else if book.m2m.clients.len() >= MOST {
        let message = "There are too many M2M clients.";
        Some(("too_many_m2m_clients_for_billing_tier", message))
    } else {
        None
    };
    if let Some((error_type, message)) = refused {
        let problem = Problem::bad(error_type, message);
        return Err(Bad::Told { problem, took });
    }
    book.m2m.clients.insert(id, client);
    Ok(Good::new(took, json!({ "m2m_client": shown })))
}

pub(super) async fn read(ask: Ask) -> Done {
    ask.change(|id, client| Ok(client.shown(id)))
}

pub(super) async fn update(ask: Ask) -> Done {
    let fields = &ask.fields;
    let scopes = scopes(fields)?;
    let (name, description) = (
        fields.text("client_name")?,
        fields.text("client_description")?,
    );
    let trusted = fields.object("trusted_metadata")?;
    let active = match fields.text("status")? {
        None => None,
        Some("active") => Some(true),
        Some("inactive") => Some(false),
        Some(_) => {
            let message = "The status must be active or inactive.";
            return Err(Problem::bad("m2m_client_invalid_status", message).into());
        }
    };
    ask.change(|id, client| {
        client.active = active.unwrap_or(client.active);
        if let Some(scopes) = scopes {
            client.scopes = scopes;
        }
        if let Some(name) = name {
            name.clone_into(&mut client.name);
        }
        if let Some(description) = description {
            description.clone_into(&mut client.description);
        }
        if let Some(update) = trusted {
            merge(&mut client.trusted, update);
        }
        Ok(client.shown(id))
    })
}

pub(super) async fn remove(ask: Ask) -> Done {
    let took = pass(&ask)?;
    let id = ask.path("client_id");
    match ask.face.book().m2m.clients.remove(id) {
        Some(_) => Ok(Good::new(took, json!({ "client_id": id }))),
        None => Err(Bad::Told {
            problem: missing(),
            took,
        }),
    }
}

pub(super) async fn search(ask: Ask) -> Done {
    let limit = ask.fields.number("limit")?.unwrap_or(100);
    if !(1..=1000).contains(&limit) {
        return Err(Problem::field("limit", "must be between 1 and 1000").into());
    }
    let cursor = ask.fields.text("cursor")?.unwrap_or_default();
    let wanted = wanted(&ask)?;
    let took = pass(&ask)?;
    let book = ask.face.book();
    let matching = book.m2m.clients.iter().filter(|(id, client)| {
        wanted.iter().all(|(name, values)| match name.as_str() {
            "client_id" => values.contains(id),
            "client_name" => values.contains(&client.name),
            _ => client.scopes.iter().any(|scope| values.contains(scope)),
        })
    });
    let matching: Vec<_> = matching.collect();
    let mut rest = matching.iter().filter(|(id, _)| id.as_str() >= cursor);
    let page = rest.by_ref().take(limit as usize);
    let page: Vec<Value> = page.map(|(id, client)| client.shown(id)).collect();
    let next = rest.next().map(|(id, _)| id.as_str());
    let metadata = json!({ "total": matching.len(), "next_cursor": next });
    let body = json!({ "m2m_clients": page, "results_metadata": metadata });
    Ok(Good::new(took, body))
}

fn wanted(ask: &Ask) -> Result<Vec<(String, Vec<String>)>, Problem> {
    let query = ask.fields.object("query")?;
    let operands = query
        .and_then(|it| it.get("operands"))
        .and_then(Value::as_array);
    let read = |operand: &Value| {
        let name = operand["filter_name"].as_str().ok_or_else(|| {
            let message = "Every operand needs a filter_name.";
            Problem::bad("m2m_search_missing_filter_name", message)
        })?;
        if !["client_id", "client_name", "scopes"].contains(&name) {
            let message = format!("The filter_name `{name}` is not recognized.");
            return Err(Problem::bad(
                "m2m_search_filter_name_not_recognized",
                message,
            ));
        }
        let values = serde_json::from_value(operand["filter_value"].clone());
        let values = values.map_err(|_| {
            let message = "The filter_value must be an array of strings.";
            Problem::bad("m2m_search_expected_array_of_strings", message)
        })?;
        Ok((name.to_owned(), values))
    };
    operands.into_iter().flatten().map(read).collect()
}

pub(super) async fn rotate_start(ask: Ask) -> Done {
    let next = ask.new_secret();
    ask.change(|id, client| {
        if client.next_secret.is_some() {
            let message = "The client's secret is being rotated already.";
            return Err(Problem::bad("m2m_client_already_rotating_secret", message));
        }
        client.next_secret = Some(next.clone());
        let mut shown = client.shown(id);
        shown["next_client_secret"] = json!(next);
        Ok(shown)
    })
}

fn not_rotating() -> Problem {
    let message = "The client's secret is not being rotated.";
    Problem::bad("m2m_client_not_rotating_secret", message)
}

pub(super) async fn rotate_cancel(ask: Ask) -> Done {
    ask.change(|id, client| {
        client.next_secret.take().ok_or_else(not_rotating)?;
        Ok(client.shown(id))
    })
}

pub(super) async fn rotate(ask: Ask) -> Done {
    ask.change(|id, client| {
        client.secret = client.next_secret.take().ok_or_else(not_rotating)?;
        Ok(client.shown(id))
    })
}

/// `POST /v1/public/{project_id}/oauth2/token`: everybody may come, with a client's secret.
pub(super) async fn token(ask: Ask) -> Done {
    let took = pass(&ask)?;
    let refuse = |status, error: &str, description: &str| {
        let body = json!({
            "error": error,
            "error_description": description,
            "error_uri": format!("https://stytch.com/docs/api/errors/{}", status),
            "error_type": error,
            "error_message": description,
            "error_url": format!("https://stytch.com/docs/api/errors/{}", status),
        });
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
        Ok(Good::new(took, body).under(status))
    };
    if ask.path("project_id") != ask.face.config().project_id {
        return refuse(404, "invalid_request", "The project could not be found.");
    }
    let fields = &ask.fields;
    if fields.text("grant_type")? != Some("client_credentials") {
        let message = "The grant_type must be client_credentials.";
        return refuse(400, "unsupported_grant_type", message);
    }
    let basic = ask.basic();
    let (id, secret) = match (fields.text("client_id")?, fields.text("client_secret")?) {
        (Some(id), Some(secret)) => (id.to_owned(), secret.to_owned()),
        _ => match basic {
            Some(pair) => pair,
            None => {
                return refuse(
                    400,
                    "invalid_request",
                    "The client_id and client_secret are required.",
                );
            }
        },
    };
    let client = ask.face.book().m2m.clients.get(&id).cloned();
    let Some(client) = client.filter(|client| client.opens_with(&secret)) else {
        return refuse(
            401,
            "invalid_client",
            "The client_id or client_secret is wrong.",
        );
    };
    let asked = match fields.text("scope")? {
        Some(text) => text.split_whitespace().map(str::to_owned).collect(),
        None => scopes(fields)?.unwrap_or_default(),
    };
    if asked.iter().any(|scope| !client.scopes.contains(scope)) {
        return refuse(
            400,
            "invalid_scope",
            "The client does not have all of these scopes.",
        );
    }
    let granted = if asked.is_empty() {
        client.scopes
    } else {
        asked
    };
    let access_token = ask
        .face
        .machine_token(&id, &granted, ask.exchange.stamp().at)
        .await;
    let body = json!({
        "access_token": access_token,
        "token_type": "bearer",
        "expires_in": TOKEN_LIFE,
        "scope": granted.join(" "),
    });
    Ok(Good::new(took, body).with(header::CACHE_CONTROL, "no-store"))
}

impl Face {
    async fn machine_token(&self, client: &str, scopes: &[String], now: Timestamp) -> String {
        let (clock, key) = {
            let project = self.project();
            (project.clock(now).as_secs(), project.keys(now).current)
        };
        let project = &self.config().project_id;
        let claims = json!({
            "iss": format!("stytch.com/{project}"),
            "aud": [project],
            "sub": client,
            "scope": scopes.join(" "),
            "iat": clock,
            "nbf": clock,
            "exp": clock + TOKEN_LIFE,
        });
        self.0.ring.sign(key, &claims).await
    }
}
