//! Calls from pages of other origins (the Fetch standard's CORS): single-page apps get their tokens so.

use std::fmt;
use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Which pages may read answers, and what of them.
#[derive(Clone)]
pub struct Cors {
    allows: Arc<dyn Fn(&str) -> bool + Send + Sync>,
    exposed: &'static str,
    open: &'static [&'static str],
    /// Paths begin so, where pages call.
    below: &'static str,
    tells_strangers: bool,
}

impl fmt::Debug for Cors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cors").finish_non_exhaustive()
    }
}

impl Cors {
    /// Lets the pages of origins that are allowed read answers, with these headers besides the usual ones.
    pub fn new(
        allows: impl Fn(&str) -> bool + Send + Sync + 'static,
        exposed: &'static str,
    ) -> Self {
        Self {
            allows: Arc::new(allows),
            exposed,
            open: &[],
            below: "/",
            tells_strangers: false,
        }
    }

    /// Lets the pages of all origins call these paths, whose answers say by themselves that they are for
    /// everybody.
    #[must_use]
    pub fn with_open(self, open: &'static [&'static str]) -> Self {
        Self { open, ..self }
    }

    /// Is about the paths that begin so, and no others.
    #[must_use]
    pub fn below(self, below: &'static str) -> Self {
        Self { below, ..self }
    }

    /// Lets all other origins' pages call and read answers as well, without credentials: an API that
    /// refuses them itself can say why.
    #[must_use]
    pub fn telling_strangers(self) -> Self {
        Self {
            tells_strangers: true,
            ..self
        }
    }

    /// Whether it is about a path.
    pub fn covers(&self, path: &str) -> bool {
        path.starts_with(self.below)
    }

    /// The answer to a preflight, which is no call of an API; none for any other request.
    pub fn preflight(&self, request: &Request, origin: &HeaderValue) -> Option<Response> {
        let asks = request.method() == Method::OPTIONS
            && request
                .headers()
                .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        if !asks {
            return None;
        }
        let wanted = request
            .headers()
            .get(header::ACCESS_CONTROL_REQUEST_HEADERS);
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        if self.open.contains(&request.uri().path()) {
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_ORIGIN,
                HeaderValue::from_static("*"),
            );
        }
        if self.allow(headers, origin) {
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_METHODS,
                HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS"),
            );
            if let Some(wanted) = wanted {
                headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
            }
            headers.insert(
                header::ACCESS_CONTROL_MAX_AGE,
                HeaderValue::from_static("7200"),
            );
        }
        Some(response)
    }

    /// Lets an origin read an answer, if it may. Answers whether it may.
    pub fn allow(&self, headers: &mut HeaderMap, origin: &HeaderValue) -> bool {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        let known = origin.to_str().is_ok_and(|origin| (self.allows)(origin));
        // An answer that is for everybody stays so.
        let open = headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        let told = known || self.tells_strangers;
        if told && !open {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            headers.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static(self.exposed),
            );
        }
        if known && !open {
            headers.insert(
                header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
                HeaderValue::from_static("true"),
            );
        }
        told || open
    }
}
