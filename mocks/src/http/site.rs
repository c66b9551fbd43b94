//! A site: routes, and what becomes of every call before it reaches them and after.
//!
//! These are plain steps here, not layers of the router: a layer costs every call a copy of every
//! route's service below it. What storms are made of goes straight to its handler, past the router.

use std::convert::Infallible;
use std::fmt;
use std::future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::Router;
use axum::body::HttpBody as _;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRef, Request};
use axum::http::{HeaderValue, Method, header};
use axum::response::Response;
use axum::routing::future::RouteFuture;
use tower_service::Service as _;

use super::connection::Line;
use super::cors::Cors;
use super::journal::{Entry, Pen};
use super::shown::Shown;
use super::stamp::{Arrival, Clock, Exchange};

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

type Handler = dyn Fn(Arrival, Request) -> Later + Send + Sync;

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
        let handler = Arc::new(move |arrival: Arrival, request: Request| -> Later {
            let face = shown.get();
            match Exchange::begin(Clock::from_ref(&face), arrival, &request) {
                Ok(exchange) => handler(face, exchange, request),
                Err(refusal) => Box::pin(future::ready(refusal)),
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
        let path = request.uri().path();
        let pen = self.pen.as_ref().filter(|_| !path.starts_with(OWN));
        let entry = pen.map(|pen| pen.begin(&request));
        let page = self.page(&request);
        if let Some(response) = page.as_ref().and_then(|page| page.preflight(&request)) {
            return Answering {
                reply: Reply::Later(Box::pin(future::ready(response))),
                page: None,
                entry,
            };
        }
        let arrival = Arrival {
            line: line.clone(),
            notes: entry.as_ref().map(Entry::notes),
        };
        Answering {
            reply: self.route(arrival, request),
            page,
            entry,
        }
    }

    /// The page of another origin that calls.
    fn page(self: &Arc<Self>, request: &Request) -> Option<Page> {
        let origin = request.headers().get(header::ORIGIN)?;
        self.cors
            .as_ref()
            .filter(|cors| cors.covers(request.uri().path()))
            .map(|cors| Page {
                cors: cors.clone(),
                origin: origin.clone(),
            })
    }

    fn route(&self, arrival: Arrival, mut request: Request) -> Reply {
        if let Some(straight) = &self.straight
            && straight.path == request.uri().path()
            && matches!(*request.method(), Method::GET | Method::POST)
        {
            return Reply::Later((straight.handler)(arrival, request));
        }
        request.extensions_mut().insert(ConnectInfo(arrival));
        Reply::Routed(self.routes.clone().call(request))
    }
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").finish_non_exhaustive()
    }
}

/// An answer on its way, and who else is to see it.
pub struct Answering {
    reply: Reply,
    page: Option<Page>,
    entry: Option<Entry>,
}

#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the usual one, and made to be without an allocation"
)]
enum Reply {
    /// By the router, as most are.
    Routed(RouteFuture<Infallible>),
    /// Straight.
    Later(Later),
}

/// A page of another origin.
struct Page {
    cors: Cors,
    origin: HeaderValue,
}

impl Page {
    fn preflight(&self, request: &Request) -> Option<Response> {
        self.cors.preflight(request, &self.origin)
    }
}

impl fmt::Debug for Answering {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answering").finish_non_exhaustive()
    }
}

impl Future for Answering {
    type Output = Result<Response, Infallible>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let mut response = match &mut this.reply {
            Reply::Routed(reply) => ready!(Pin::new(reply).poll(context))?,
            Reply::Later(reply) => ready!(reply.as_mut().poll(context)),
        };
        if let Some(page) = this.page.take() {
            page.cors.allow(response.headers_mut(), &page.origin);
        }
        if let Some(entry) = this.entry.take() {
            entry.end(&response);
        }
        Poll::Ready(Ok(response))
    }
}
