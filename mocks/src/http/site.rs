//! A site: routes, and what becomes of every call before it reaches them and after.
//!
//! These are plain steps here, not layers of the router: a layer costs every call a copy of every
//! route's service below it. What storms are made of goes straight to its handler, past the router.

use std::convert::Infallible;
use std::fmt;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRef, Request};
use axum::http::{Method, header};
use axum::response::Response;
use axum::routing::future::RouteFuture;
use tower_service::Service as _;

use super::connection::Line;
use super::cors::Cors;
use super::journal::Pen;
use super::shown::Shown;
use super::stamp::{Clock, Exchange};

/// Routes, and what stands before them.
#[derive(Clone)]
pub struct Site {
    routes: Router,
    straight: Option<Straight>,
    body_limit: Option<DefaultBodyLimit>,
    cors: Option<Cors>,
    pen: Option<Pen>,
}

/// A path whose handler is asked without the router.
#[derive(Clone)]
struct Straight {
    path: &'static str,
    handler: Arc<Handler>,
}

type Handler = dyn Fn(&Line, Request) -> Later + Send + Sync;

/// An answer that takes some time.
pub(super) type Later = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Paths of the mocks' own begin so: what is asked there is no call of a provider.
const OWN: &str = "/_cutover/";

impl From<Router> for Site {
    fn from(routes: Router) -> Self {
        Self {
            routes,
            straight: None,
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

    /// Lets GET and POST of a path, which has a route as well, go straight to its handler.
    #[must_use]
    pub(super) fn straight_to<F>(
        self,
        path: &'static str,
        shown: Shown<F>,
        handler: impl Fn(F, Exchange, Request) -> Later + Send + Sync + 'static,
    ) -> Self
    where
        F: Clone + Send + Sync + 'static,
        Clock: FromRef<F>,
    {
        let handler = Arc::new(move |line: &Line, request: Request| -> Later {
            let face = shown.get();
            match Exchange::begin(Clock::from_ref(&face), line, &request) {
                Ok(exchange) => handler(face, exchange, request),
                Err(refusal) => Box::pin(ready(refusal)),
            }
        });
        Self {
            straight: Some(Straight { path, handler }),
            ..self
        }
    }

    /// Adds routes.
    #[must_use]
    pub fn merge(self, routes: Router) -> Self {
        Self {
            routes: self.routes.merge(routes),
            ..self
        }
    }

    /// Answers a call that came by this line.
    pub fn answer(self: &Arc<Self>, line: &Line, mut request: Request) -> Answering {
        if let Some(limit) = self.body_limit
            && !request.body().is_end_stream()
        {
            limit.apply(&mut request);
        }
        if self.pen.is_none() && !request.headers().contains_key(header::ORIGIN) {
            return self.route(line, request);
        }
        let (site, line) = (Arc::clone(self), line.clone());
        Answering::Later(Box::pin(async move { site.attend(&line, request).await }))
    }

    async fn attend(&self, line: &Line, mut request: Request) -> Response {
        let pen = self.pen.as_ref();
        let pen = pen.filter(|_| !request.uri().path().starts_with(OWN));
        let entry = pen.map(|pen| pen.begin(&mut request));
        let response = self.attend_pages(line, request).await;
        if let Some(entry) = entry {
            entry.end(&response);
        }
        response
    }

    async fn attend_pages(&self, line: &Line, request: Request) -> Response {
        let origin = request.headers().get(header::ORIGIN).cloned();
        let path = request.uri().path();
        let cors = self.cors.as_ref().filter(|cors| cors.covers(path));
        let (Some(cors), Some(origin)) = (cors, origin) else {
            // The answer's error has no values: every call is answered.
            let Ok(response) = self.route(line, request).await;
            return response;
        };
        if let Some(response) = cors.preflight(&request, &origin) {
            return response;
        }
        let Ok(mut response) = self.route(line, request).await;
        cors.allow(response.headers_mut(), &origin);
        response
    }

    fn route(&self, line: &Line, mut request: Request) -> Answering {
        if let Some(straight) = &self.straight
            && straight.path == request.uri().path()
            && matches!(*request.method(), Method::GET | Method::POST)
        {
            return Answering::Later((straight.handler)(line, request));
        }
        request.extensions_mut().insert(ConnectInfo(line.clone()));
        Answering::Routed(self.routes.clone().call(request))
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").finish_non_exhaustive()
    }
}

/// An answer on its way.
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the usual one, and made to be without an allocation"
)]
pub enum Answering {
    /// By the router alone, as most are.
    Routed(RouteFuture<Infallible>),
    /// Straight, or with something before or after.
    Later(Later),
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
            Self::Routed(answer) => Pin::new(answer).poll(context),
            Self::Later(answer) => answer.as_mut().poll(context).map(Ok),
        }
    }
}
