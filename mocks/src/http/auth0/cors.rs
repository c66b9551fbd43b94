//! Calls from pages of other origins: single-page apps get their tokens so.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::face::Face;

/// Headers that a page may read besides the usual ones.
const EXPOSED: &str =
    "X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, X-Auth0-RequestId";

/// Answers preflights, which are no calls of the API, and lets the pages of registered origins read
/// answers.
pub(super) async fn cross_origin(
    State(face): State<Arc<Face>>,
    request: Request,
    next: Next,
) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        return next.run(request).await;
    };
    let preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !preflight {
        let mut response = next.run(request).await;
        allow(response.headers_mut(), &face, &origin);
        return response;
    }
    let wanted = request
        .headers()
        .get(header::ACCESS_CONTROL_REQUEST_HEADERS)
        .cloned();
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    if allow(headers, &face, &origin) {
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS"),
        );
        if let Some(wanted) = wanted {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted);
        }
        headers.insert(
            header::ACCESS_CONTROL_MAX_AGE,
            HeaderValue::from_static("7200"),
        );
    }
    response
}

/// Lets an origin read an answer, if some application has pages there.
fn allow(headers: &mut HeaderMap, face: &Face, origin: &HeaderValue) -> bool {
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    let known = origin.to_str().is_ok_and(|origin| {
        face.behind()
            .tenant
            .registry()
            .clients()
            .iter()
            .any(|client| client.knows_origin(origin))
    });
    // An answer that is for everybody stays so.
    let open = headers.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN);
    if known && !open {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
        headers.insert(
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(EXPOSED),
        );
    }
    known || open
}
