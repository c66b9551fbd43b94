//! How each refusal looks: the format is the endpoint's, the texts are Auth0's own.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use super::pages::problem;
use crate::answer::Refusal;
use crate::auth0::{Endpoint, Error};

/// What a login page and the token endpoint say to a wrong password and to an unknown address alike.
pub const WRONG_PASSWORD: &str = "Wrong email or password.";
/// What they say to a wrong mailed code.
pub const WRONG_CODE: &str = "Wrong email or verification code.";
/// What a blocked person is told.
pub const BLOCKED: &str = "user is blocked";
/// Brute-force protection.
pub const TOO_MANY_ATTEMPTS: &str = "Your account has been blocked after multiple consecutive login attempts. We've sent you a notification via your preferred contact method with instructions on how to unblock it.";
/// Suspicious-IP throttling.
pub const SUSPICIOUS_ADDRESS: &str = "We have detected suspicious login behavior and further attempts will be blocked. Please contact the administrator.";
/// Rate limits, at the endpoints that speak text.
const RATE_TEXT: &str = "Rate limit exceed";
const RATE_DOCS: &str = "https://auth0.com/docs/policies/rate-limits";

/// A JSON answer with a status.
pub(super) fn json_answer(status: StatusCode, body: &impl Serialize) -> Response {
    let mut text = Vec::with_capacity(USUAL_BYTES);
    serde_json::to_writer(&mut text, body).expect("answers are plain data, and memory takes them");
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    *response.headers_mut() = HeaderMap::with_capacity(USUAL_HEADERS);
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    response
}

/// Most answers are no longer than this.
const USUAL_BYTES: usize = 512;
/// With what is added to every answer.
const USUAL_HEADERS: usize = 12;

/// `{error, error_description}`, as OAuth endpoints refuse.
pub(super) fn oauth_error(status: StatusCode, error: &str, description: &str) -> Response {
    let body = json!({ "error": error, "error_description": description });
    let mut response = json_answer(status, &body);
    response.extensions_mut().insert(Words {
        error: error.into(),
        description: description.into(),
    });
    response
}

/// What an error of OAuth says, for the tenant's log.
#[derive(Clone, Debug)]
pub(super) struct Words {
    pub(super) error: Box<str>,
    pub(super) description: Box<str>,
}

/// Whether a text could be an e-mail address, as forms look at it.
pub(super) fn is_address(text: &str) -> bool {
    let plain = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    plain
        && text.len() <= 320
        && text.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && !domain.is_empty() && !domain.contains('@')
        })
}

/// An error in the format of an endpoint, with the status that tells it there.
pub(super) fn refusal_at(endpoint: Endpoint, error: Error) -> Response {
    let refusal = Refusal {
        status: error.status(endpoint),
        error,
        retry_after: None,
    };
    response(endpoint, &refusal)
}

/// An error as a page.
pub(super) fn browser_refusal(error: Error, endpoint: Endpoint) -> Response {
    let status = StatusCode::from_u16(error.status(endpoint));
    browser(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR), error)
}

/// The Management API's error format.
pub(super) fn management_error(status: StatusCode, message: &str, code: Option<&str>) -> Response {
    let mut body = json!({
        "statusCode": status.as_u16(),
        "error": status.canonical_reason().unwrap_or("Error"),
        "message": message,
    });
    if let Some(code) = code {
        body["errorCode"] = code.into();
    }
    json_answer(status, &body)
}

/// A refusal in the format of an endpoint.
pub(super) fn response(endpoint: Endpoint, refusal: &Refusal<Error>) -> Response {
    let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match endpoint {
        Endpoint::Authorize | Endpoint::Login | Endpoint::Logout => browser(status, refusal.error),
        Endpoint::UserInfo | Endpoint::Jwks => text(status, refusal.error),
        Endpoint::Token | Endpoint::Revoke | Endpoint::Other => oauth(status, refusal.error),
        Endpoint::SignUp | Endpoint::ChangePassword => database(status, refusal.error),
        Endpoint::Management => management(status, refusal.error),
    };
    if let Some(wait) = refusal.retry_after {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, wait.as_secs().max(0).into());
    }
    response
}

/// What whoever is one user too many is told.
const TOO_MANY_USERS: &str =
    "This tenant has as many users as it may: POST /reset at the admin interface starts it over";

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}

fn browser(status: StatusCode, error: Error) -> Response {
    let text = match error {
        Error::InvalidTransaction => {
            "invalid_request: You may have pressed the back button, refreshed during login, opened too many login dialogs, or there is some issue with cookies, since we couldn't find your session."
        }
        Error::RateLimited | Error::RateLimitedAs500 => "Global limit has been reached",
        Error::TooManyAttempts => TOO_MANY_ATTEMPTS,
        Error::SuspiciousAddress => SUSPICIOUS_ADDRESS,
        Error::WrongPassword => WRONG_PASSWORD,
        Error::WrongCode => WRONG_CODE,
        Error::Blocked => BLOCKED,
        Error::TooManyUsers => TOO_MANY_USERS,
        _ => reason(status),
    };
    problem(status, text)
}

fn text(status: StatusCode, error: Error) -> Response {
    match error {
        Error::InvalidToken => {
            // The observed text; what an expired token is told is not documented (UNCONFIRMED).
            let challenge = "Bearer realm=\"Users\", error=\"invalid_token\", error_description=\"The access token signature could not be validated. Please check the signature was done with RS256 and the token has not expired\"";
            let mut response = (
                status,
                [(header::WWW_AUTHENTICATE, challenge)],
                "Unauthorized",
            )
                .into_response();
            response.headers_mut().remove(header::CONTENT_TYPE);
            response
        }
        // What a user's own limit is told is not documented; the global one's text (UNCONFIRMED).
        Error::RateLimited | Error::RateLimitedAs500 | Error::UserRateLimited => {
            (status, RATE_TEXT).into_response()
        }
        _ => (status, reason(status)).into_response(),
    }
}

fn oauth(status: StatusCode, error: Error) -> Response {
    let (code, description) = match error {
        Error::WrongPassword => ("invalid_grant", WRONG_PASSWORD),
        Error::WrongCode => ("invalid_grant", WRONG_CODE),
        Error::Blocked => ("invalid_grant", BLOCKED),
        Error::InvalidCode => ("invalid_grant", "Invalid authorization code"),
        Error::InvalidVerifier => ("invalid_grant", "Failed to verify code verifier"),
        Error::InvalidRefreshToken => ("invalid_grant", "Unknown or invalid refresh token."),
        Error::TooManyAttempts => ("too_many_attempts", TOO_MANY_ATTEMPTS),
        Error::SuspiciousAddress => ("too_many_attempts", SUSPICIOUS_ADDRESS),
        Error::TooManyUsers => ("access_denied", TOO_MANY_USERS),
        Error::RateLimited | Error::RateLimitedAs500 => {
            let body = json!({
                "error": "access_denied",
                "error_description": "Global limit has been reached",
                "error_uri": RATE_DOCS,
            });
            return json_answer(status, &body);
        }
        Error::Injected(_) if status.is_server_error() => ("server_error", reason(status)),
        _ => ("invalid_request", reason(status)),
    };
    let mut response = oauth_error(status, code, description);
    response.extensions_mut().insert(error);
    response
}

fn database(status: StatusCode, error: Error) -> Response {
    match error {
        Error::UserExists => json_answer(
            status,
            &json!({
                "name": "BadRequestError", "code": "invalid_signup",
                "description": "Invalid sign up", "statusCode": status.as_u16(),
            }),
        ),
        Error::TooManyUsers => json_answer(
            status,
            &json!({
                "name": "ForbiddenError", "code": "too_many_entities",
                "description": TOO_MANY_USERS, "statusCode": status.as_u16(),
            }),
        ),
        Error::SuspiciousAddress => json_answer(
            status,
            &json!({
                "error": "too_many_attempts", "error_description": SUSPICIOUS_ADDRESS,
            }),
        ),
        Error::RateLimited | Error::RateLimitedAs500 => json_answer(
            status,
            &json!({
                "error": "too_many_requests",
                "error_description": "Global rate limit exceeded", "error_uri": RATE_DOCS,
            }),
        ),
        _ => json_answer(
            status,
            &json!({ "name": "Error", "description": reason(status), "statusCode": status.as_u16() }),
        ),
    }
}

fn management(status: StatusCode, error: Error) -> Response {
    match error {
        Error::UserExists => {
            management_error(status, "The user already exists.", Some("auth0_idp_error"))
        }
        Error::UserNotFound => {
            management_error(status, "The user does not exist.", Some("inexistent_user"))
        }
        Error::TooManyUsers => management_error(status, TOO_MANY_USERS, Some("too_many_entities")),
        Error::RateLimited | Error::RateLimitedAs500 => management_error(
            status,
            "Global limit has been reached",
            Some("too_many_requests"),
        ),
        _ => management_error(status, reason(status), None),
    }
}
