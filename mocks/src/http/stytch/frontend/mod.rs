//! What Stytch's SDKs for browsers ask: the same endpoints below `/sdk/v1`, where a public token
//! takes the place of the secret and a session says whom a request is about.
//!
//! The adapters only say in the server's words what a browser said in its own; handlers and machine
//! are those of the server's API.

mod bootstrap;
mod door;

pub(super) use door::{Standing, silent};

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing;
use serde_json::json;

use super::answering::{Done, Good, leave};
use super::ask::{Ask, drain};
use super::routes::{get, wrong_method};
use super::{Face, b2b, consumer, unmodelled};
use crate::http::cors::Cors;
use crate::http::shown::Shown;
use crate::http::stamp::Exchange;
use crate::stytch::{Endpoint, Errand, Vertical};
use crate::time::Span;

/// What browsers meet: the "Frontend SDK" page of Stytch's dashboard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frontend {
    /// Origins of pages that may use the project, such as `https://app.example`; none: all may.
    /// Stytch's test projects begin with `http://localhost:3000`.
    pub origins: Option<Vec<String>>,
    /// Whether browsers are told to bind mailed links, resets and social logins to themselves by a
    /// code challenge (RFC 7636). Default no, as in a new project.
    pub requires_pkce: bool,
}

/// Where browsers ask.
const BELOW: &str = "/sdk/v1/";

impl Frontend {
    /// Whether pages of an origin may use the project.
    fn allows(&self, origin: &str) -> bool {
        let mut named = self.origins.iter().flatten();
        self.origins.is_none() || named.any(|known| known == origin)
    }

    /// Whatever pages may not use the project is told so where requests are read, and can read it.
    pub(super) fn cors(self) -> Cors {
        Cors::new(move |origin| self.allows(origin), "Retry-After")
            .below(BELOW)
            .telling_strangers()
    }
}

/// All routes of a product, without the path that they are nested under.
pub(super) fn routes(vertical: Vertical) -> Router<Shown<Face>> {
    let product = match vertical {
        Vertical::Consumer => consumer::frontend::routes(),
        Vertical::B2b => b2b::frontend::routes(),
    };
    product
        .route(
            "/projects/bootstrap/{public_token}",
            get((Standing::Stranger, Endpoint::Other), bootstrap::read),
        )
        .route("/events", routing::post(events))
        .fallback(lost)
        .method_not_allowed_fallback(wrong_method)
}

/// Nobody has connected an application: there are none.
pub(super) async fn no_apps(ask: Ask) -> Done {
    let (_, took) = ask.errand(&Errand::read(None, None))?;
    Ok(Good::new(took, json!({ "connected_apps": [] })))
}

/// Telemetry: taken, and not read.
async fn events(State(face): State<Face>, exchange: Exchange, request: Request) -> Response {
    drain(request).await;
    let done: Done = Ok(Good::new(Span::ZERO, json!({})).enveloped());
    leave(&face, exchange, Endpoint::Other, done).await
}

/// A route that there is not: told apart as the server's sibling would be.
async fn lost(State(face): State<Face>, exchange: Exchange, request: Request) -> Response {
    let path = format!("/v1{}", request.uri().path());
    drain(request).await;
    let problem = unmodelled::lost(face.0.vertical, &path);
    leave(&face, exchange, Endpoint::Other, Err(problem.into())).await
}
