//! Calls from pages of other origins, with credentials: the project's own rule about origins is
//! judged where requests are read, so that a refusal can be read as well.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Answers preflights, which are no calls of the API, and lets pages read answers.
pub(super) async fn cross_origin(request: Request, next: Next) -> Response {
    let Some(origin) = request.headers().get(header::ORIGIN).cloned() else {
        return next.run(request).await;
    };
    let mut response = match preflight(&request) {
        Some(response) => response,
        None => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let yes = HeaderValue::from_static("true");
    headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    let seen = HeaderValue::from_static("Retry-After");
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, seen);
    response
}

/// Whatever a page asks to send, it may.
fn preflight(request: &Request) -> Option<Response> {
    if request.method() != Method::OPTIONS {
        return None;
    }
    let asked = |name| request.headers().get(name).cloned();
    let method = asked(header::ACCESS_CONTROL_REQUEST_METHOD)?;
    let wanted = asked(header::ACCESS_CONTROL_REQUEST_HEADERS);
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method);
    if let Some(wanted) = wanted {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, wanted);
    }
    let hours = HeaderValue::from_static("7200");
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, hours);
    Some(response)
}
