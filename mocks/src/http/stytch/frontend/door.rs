//! Who comes in by a browser: the project is named by its public token, a person by their session.

use axum::extract::Request;
use serde_json::{Value, json};

use super::super::Face;
use super::super::answering::Good;
use super::super::ask::Ask;
use super::super::problem::Problem;
use super::super::routes::Entrance;
use crate::http::stamp::Exchange;
use crate::stytch::{Endpoint, UserView, Vertical};

/// What a request stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Standing {
    /// On nothing: a session that comes along is not looked at.
    Stranger,
    /// On nothing, but a login joins the live session that comes along.
    Guest,
    /// On a session token, which the machine judges.
    Bearer,
    /// On a live session: the request is about whoever holds it.
    Holder,
    /// On a live session, or on an intermediate one of a member (B2B).
    Halfway,
    /// On a live session whose roles the handler asks for: it may give roles as well (B2B).
    Manager,
}

/// What only servers may say: whoever comes by a browser is taken at their session's word alone.
const SERVER_ONLY: [&str; 11] = [
    "session_token",
    "session_jwt",
    "session_id",
    "member_session_id",
    "session_custom_claims",
    "user_id",
    "attributes",
    "options",
    "external_id",
    "organization_external_id",
    "create_user_as_pending",
];

/// Browsers show the public token, and the session that they stand on.
impl Entrance for (Standing, Endpoint) {
    fn endpoint(self) -> Endpoint {
        self.1
    }

    async fn admit(self, face: Face, exchange: Exchange, request: Request) -> Result<Ask, Problem> {
        let host = parent_host(&request);
        let ask = Ask::read(face, exchange, request).await?;
        admit(ask, self.0, host.as_deref())
    }

    /// In an envelope, with the user once more for the SDK's own cache, and with sessions of social
    /// logins under the name of all others.
    fn worded(mut good: Good) -> Good {
        let user = good.field("user");
        let session = good.field("user_session");
        let good = if user.is_object() {
            good.and("__user", user)
        } else {
            good
        };
        let good = if session.is_object() {
            good.and("session", session)
        } else {
            good
        };
        good.enveloped()
    }
}

/// The page that asks. The browser's word counts, where there is one (pages cannot change it); what
/// the SDK says, any page can say.
fn parent_host(request: &Request) -> Option<String> {
    let named = |name: &str| request.headers().get(name);
    let host = named("origin").or_else(|| named("x-sdk-parent-host"))?;
    Some(String::from_utf8_lossy(host.as_bytes()).into_owned())
}

fn admit(mut ask: Ask, standing: Standing, host: Option<&str>) -> Result<Ask, Problem> {
    ask.by_page = true;
    // Whoever is logged in nowhere shows the public token twice.
    let (public, shown) = ask.basic().unwrap_or_default();
    ask.face.check_public_token(&public)?;
    ask.face.check_page(host)?;
    if ask.fields.take("trusted_metadata").is_some() {
        return Err(Problem::trusted_metadata());
    }
    for name in SERVER_ONLY {
        ask.fields.take(name);
    }
    if standing != Standing::Manager {
        ask.fields.take("roles");
    }
    let token = Some(shown).filter(|shown| !shown.is_empty() && *shown != public);
    if let (Some(notes), Some(token)) = (ask.exchange.notes(), &token) {
        notes.credential(token);
    }
    let needed = token.clone().ok_or_else(nobody);
    match standing {
        Standing::Stranger => {}
        Standing::Guest => ask.bring(token),
        Standing::Bearer => ask.fields.set("session_token", json!(needed?)),
        Standing::Holder | Standing::Manager => ask.hold(&needed?)?,
        Standing::Halfway => ask.hold_or_continue(needed)?,
    }
    Ok(ask)
}

/// Nobody is logged in: the SDK forgets its session when it is told so.
fn nobody() -> Problem {
    Problem {
        status: 401,
        error_type: "user_unauthenticated",
        message: "This needs somebody who is logged in.".to_owned(),
    }
}

impl Ask {
    /// A session that is there but over is as none: it must not stand in the way of a new login.
    fn bring(&mut self, token: Option<String>) {
        let continued = matches!(self.maybe_intermediate(), Ok(Some(_)));
        let Some(token) = token.filter(|_| !continued) else {
            return;
        };
        self.fields.set("session_token", json!(token));
        if self.holder().is_err() {
            self.fields.take("session_token");
        }
    }

    /// Says whom the request is about, as a server would.
    fn hold(&mut self, token: &str) -> Result<(), Problem> {
        self.fields.set("session_token", json!(token));
        let holder = self.holder()?;
        self.say(&holder.person);
        self.actor = Some(Box::new(holder));
        Ok(())
    }

    fn hold_or_continue(&mut self, token: Result<String, Problem>) -> Result<(), Problem> {
        let Some(intermediate) = self.maybe_intermediate()? else {
            return self.hold(&token?);
        };
        let member = {
            let project = self.face.project();
            let found = project.intermediate(intermediate, self.exchange.stamp().at);
            let member = found.and_then(|(_, member)| member);
            member.and_then(|member| project.user(member))
        };
        let member = member.ok_or_else(Problem::no_intermediate)?;
        self.say(&member);
        Ok(())
    }

    fn say(&mut self, person: &UserView) {
        let id = self.face.person_id(person.id);
        let name = match self.face.0.vertical {
            Vertical::Consumer => "user_id",
            Vertical::B2b => "member_id",
        };
        self.fields.set(name, json!(id));
        self.name_in_path(name, id);
        if let Some(org) = person.org {
            let org = self.face.organization_id(org);
            self.fields.set("organization_id", json!(org));
            self.name_in_path("organization_id", org);
        }
    }
}

impl Face {
    /// Refuses another project's public token.
    pub(in super::super) fn check_public_token(&self, token: &str) -> Result<(), Problem> {
        if token == self.config().public_token {
            return Ok(());
        }
        Err(Problem {
            status: 401,
            error_type: "invalid_public_token_id",
            message: "The public_token is invalid.".to_owned(),
        })
    }

    /// Refuses pages of origins that the project does not name.
    fn check_page(&self, host: Option<&str>) -> Result<(), Problem> {
        let frontend = &self.config().frontend;
        if frontend.allows(host.unwrap_or_default()) {
            return Ok(());
        }
        let origins = frontend.origins.iter().flatten();
        let origins: Vec<&str> = origins.map(String::as_str).collect();
        Err(Problem::bad(
            "bad_domain_for_stytch_sdk",
            format!(
                "Pages of {} may not use this project: it names the origins {}.",
                host.unwrap_or("an unknown origin"),
                origins.join(", ")
            ),
        ))
    }
}

/// An answer to whoever need not be who they say: of a person it tells nothing.
pub(in super::super) fn silent(good: Good) -> Good {
    good.instead(Value::Object(serde_json::Map::new()))
}
