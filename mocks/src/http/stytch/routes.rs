//! Routes: what each is counted as, and what a request shows before a handler has it.

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::answering::{Done, Good, leave};
use super::ask::{Ask, drain};
use super::problem::Problem;
use super::{Face, unmodelled};
use crate::http::basic;
use crate::http::shown::Shown;
use crate::http::stamp::Exchange;
use crate::stytch::Endpoint;

/// The way to a handler.
pub(super) trait Entrance: Copy + Send + Sync + 'static {
    /// What calls that come this way are counted as.
    fn endpoint(self) -> Endpoint;

    /// Reads a request and lets it in, or tells why not.
    fn admit(
        self,
        face: Face,
        exchange: Exchange,
        request: Request,
    ) -> impl Future<Output = Result<Ask, Problem>> + Send;

    /// What the handler says, in the words of those who come this way.
    fn worded(good: Good) -> Good {
        good
    }
}

/// Servers show the project's credentials.
impl Entrance for Endpoint {
    fn endpoint(self) -> Endpoint {
        self
    }

    async fn admit(self, face: Face, exchange: Exchange, request: Request) -> Result<Ask, Problem> {
        let admitted = face.check_credentials(request.headers());
        // The body is read first: a connection whose last request was left unread cannot be used again.
        let ask = Ask::read(face, exchange, request).await;
        admitted.and(ask)
    }
}

/// Servers that may say for which member they ask: the request is then held to what that member may
/// do, and to their organization (B2B).
#[derive(Clone, Copy, Debug)]
pub(super) struct ForMember(pub(super) Endpoint);

impl Entrance for ForMember {
    fn endpoint(self) -> Endpoint {
        self.0
    }

    async fn admit(self, face: Face, exchange: Exchange, request: Request) -> Result<Ask, Problem> {
        let [token, jwt] = ["x-stytch-member-session", "x-stytch-member-sessionjwt"].map(|name| {
            let text = request.headers().get(name)?;
            let text = String::from_utf8_lossy(text.as_bytes()).into_owned();
            Some(text).filter(|text| !text.is_empty())
        });
        let mut ask = self.0.admit(face, exchange, request).await?;
        if let (Some(notes), Some(text)) = (ask.exchange.notes(), token.as_ref().or(jwt.as_ref())) {
            notes.credential(text);
        }
        ask.act_for(token.as_deref(), jwt.as_deref())?;
        if ask.actor.is_some() && ask.fields.raw("trusted_metadata").is_some() {
            return Err(Problem::trusted_metadata());
        }
        ask.check_tenancy()?;
        Ok(ask)
    }
}

impl Ask {
    /// Refuses what is about another organization than that of whoever acts.
    fn check_tenancy(&self) -> Result<(), Problem> {
        let Some(actor) = &self.actor else {
            return Ok(());
        };
        let mut named = self.fields.texts("organization_ids")?;
        named.extend(self.fields.text("organization_id")?);
        named.extend(Some(self.path("organization_id")).filter(|name| !name.is_empty()));
        let orgs = named.into_iter().map(|name| self.face.org_named(name));
        // What there is not is found missing by its handler.
        let mut others = orgs.filter(|org| Some(*org) != actor.person.org);
        if others.any(|org| self.face.project().org(org).is_some()) {
            return Err(Problem::other_organization());
        }
        Ok(())
    }
}

/// Everybody may come in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Open(pub(super) Endpoint);

impl Entrance for Open {
    fn endpoint(self) -> Endpoint {
        self.0
    }

    async fn admit(self, face: Face, exchange: Exchange, request: Request) -> Result<Ask, Problem> {
        Ask::read(face, exchange, request).await
    }
}

/// A `POST`.
pub(super) fn post<F, T>(entrance: impl Entrance, handler: F) -> MethodRouter<Shown<Face>>
where
    F: Fn(Ask) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Done> + Send + 'static,
{
    route(MethodFilter::POST, entrance, handler)
}

/// A `GET`.
pub(super) fn get<F, T>(entrance: impl Entrance, handler: F) -> MethodRouter<Shown<Face>>
where
    F: Fn(Ask) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Done> + Send + 'static,
{
    route(MethodFilter::GET, entrance, handler)
}

/// A `PUT`.
pub(super) fn put<F, T>(entrance: impl Entrance, handler: F) -> MethodRouter<Shown<Face>>
where
    F: Fn(Ask) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Done> + Send + 'static,
{
    route(MethodFilter::PUT, entrance, handler)
}

/// A `DELETE`.
pub(super) fn delete<F, T>(entrance: impl Entrance, handler: F) -> MethodRouter<Shown<Face>>
where
    F: Fn(Ask) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Done> + Send + 'static,
{
    route(MethodFilter::DELETE, entrance, handler)
}

fn route<E, F, T>(method: MethodFilter, entrance: E, handler: F) -> MethodRouter<Shown<Face>>
where
    E: Entrance,
    F: Fn(Ask) -> T + Clone + Send + Sync + 'static,
    T: Future<Output = Done> + Send + 'static,
{
    on(
        method,
        async move |State(face): State<Face>, exchange: Exchange, request: Request| {
            let admitted = entrance
                .admit(face.clone(), exchange.clone(), request)
                .await;
            let done = match admitted {
                Ok(ask) => handler(ask).await.map(E::worded),
                Err(problem) => Err(problem.into()),
            };
            leave(&face, exchange, entrance.endpoint(), done).await
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

impl Face {
    fn check_credentials(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let config = &self.0.config;
        let given = basic::shown(headers);
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
