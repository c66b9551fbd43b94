//! A site: routes, and what becomes of every call before it reaches them and after.
//!
//! These are plain steps here, not layers of the router: a layer costs every call a copy of every
//! route's service below it.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::{DefaultBodyLimit, Request};
use axum::http::header;
use axum::response::Response;
use axum::routing::future::RouteFuture;
use tower_service::Service as _;

use super::cors::Cors;
use super::journal::Pen;

/// Routes, and what stands before them.
#[derive(Clone, Debug)]
pub struct Site {
    routes: Router,
    body_limit: Option<DefaultBodyLimit>,
    cors: Option<Cors>,
    pen: Option<Pen>,
}

/// Paths of the mocks' own begin so: what is asked there is no call of a provider.
const OWN: &str = "/_cutover/";

impl From<Router> for Site {
    fn from(routes: Router) -> Self {
        Self {
            routes,
            body_limit: None,
            cors: None,
            pen: None,
        }
    }
}

impl Site {
    /// Refuses bodies of more bytes than this, instead of axum's own 2 MiB.
    #[must_use]
    pub fn with_body_limit(self, bytes: usize) -> Self {
        Self {
            body_limit: Some(DefaultBodyLimit::max(bytes)),
            ..self
        }
    }

    /// Lets pages of other origins call.
    #[must_use]
    pub fn with_cors(self, cors: Cors) -> Self {
        Self {
            cors: Some(cors),
            ..self
        }
    }

    /// Writes calls down.
    #[must_use]
    pub fn written_down(self, pen: Option<Pen>) -> Self {
        Self { pen, ..self }
    }

    /// Adds routes.
    #[must_use]
    pub fn merge(self, routes: Router) -> Self {
        Self {
            routes: self.routes.merge(routes),
            ..self
        }
    }

    /// Answers a call.
    pub fn answer(self: &Arc<Self>, mut request: Request) -> Answering {
        if let Some(limit) = self.body_limit
            && !request.body().is_end_stream()
        {
            limit.apply(&mut request);
        }
        let plain = self.pen.is_none() && !request.headers().contains_key(header::ORIGIN);
        if plain {
            return Answering::Plain(self.routes.clone().call(request));
        }
        let site = Arc::clone(self);
        Answering::Attended(Box::pin(async move { site.attend(request).await }))
    }

    async fn attend(&self, mut request: Request) -> Response {
        let pen = self.pen.as_ref();
        let pen = pen.filter(|_| !request.uri().path().starts_with(OWN));
        let line = pen.map(|pen| pen.begin(&mut request));
        let response = self.attend_pages(request).await;
        if let Some(line) = line {
            line.end(&response);
        }
        response
    }

    async fn attend_pages(&self, request: Request) -> Response {
        let origin = request.headers().get(header::ORIGIN).cloned();
        let path = request.uri().path();
        let cors = self.cors.as_ref().filter(|cors| cors.covers(path));
        let (Some(cors), Some(origin)) = (cors, origin) else {
            return self.route(request).await;
        };
        if let Some(response) = cors.preflight(&request, &origin) {
            return response;
        }
        let mut response = self.route(request).await;
        cors.allow(response.headers_mut(), &origin);
        response
    }

    async fn route(&self, request: Request) -> Response {
        // The router's error has no values: every call is answered.
        let Ok(response) = self.routes.clone().call(request).await;
        response
    }
}

/// An answer on its way.
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the usual one, and made to be without an allocation"
)]
pub enum Answering {
    /// By the routes alone, as most are.
    Plain(RouteFuture<Infallible>),
    /// With something before or after.
    Attended(Pin<Box<dyn Future<Output = Response> + Send>>),
}

impl fmt::Debug for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answering").finish_non_exhaustive()
    }
}

impl Future for Answering {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.get_mut() {
            Self::Plain(answer) => Pin::new(answer).poll(context),
            Self::Attended(answer) => answer.as_mut().poll(context).map(Ok),
        }
    }
}
