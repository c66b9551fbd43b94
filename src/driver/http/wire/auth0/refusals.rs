//! What the tenant's refusals mean: by status, format and text, as each endpoint tells them. What no
//! rule of Auth0's explains is taken for an injected error.

use cutover_mocks::answer::{Breakage, Refusal};
use cutover_mocks::auth0::Error;
use serde::Deserialize;

use super::super::exchange::Heard;
use super::super::no::No;

/// The throttling texts of the APIs, whatever the status.
const GLOBAL_LIMIT: [&str; 3] = [
    "Global limit has been reached",
    "Global rate limit exceeded",
    "Rate limit exceed",
];

fn limited(status: u16) -> Error {
    if status == 500 {
        Error::RateLimitedAs500
    } else {
        Error::RateLimited
    }
}

/// `{error, error_description}`.
pub(in crate::driver::http) fn oauth_error(heard: &Heard) -> Result<Error, Breakage> {
    #[derive(Deserialize)]
    struct Told {
        error: String,
        #[serde(default)]
        error_description: String,
    }
    let Some(told) = heard.error::<Told>()? else {
        return Ok(Error::Injected(heard.status));
    };
    let text = &*told.error_description;
    Ok(match &*told.error {
        _ if GLOBAL_LIMIT.contains(&text) => limited(heard.status),
        "invalid_grant" => match text {
            "Wrong email or password." => Error::WrongPassword,
            "Wrong email or verification code." => Error::WrongCode,
            "user is blocked" => Error::Blocked,
            "Invalid authorization code" => Error::InvalidCode,
            "Failed to verify code verifier" => Error::InvalidVerifier,
            "Unknown or invalid refresh token." => Error::InvalidRefreshToken,
            _ => Error::Other,
        },
        "too_many_attempts" if text.starts_with("We have detected suspicious") => {
            Error::SuspiciousAddress
        }
        "too_many_attempts" => Error::TooManyAttempts,
        _ => Error::Injected(heard.status),
    })
}

/// `UserInfo` and key sets refuse in plain text.
pub(in crate::driver::http) fn text_error(heard: &Heard) -> Result<Error, Breakage> {
    if heard.is_page() {
        return Err(Breakage::Html(heard.status));
    }
    Ok(match heard.text() {
        text if GLOBAL_LIMIT.contains(&text) => limited(heard.status),
        "Unauthorized" if heard.status == 401 => Error::InvalidToken,
        _ => Error::Injected(heard.status),
    })
}

pub(super) fn database_error(heard: &Heard) -> Result<Error, Breakage> {
    #[derive(Deserialize)]
    struct Told {
        code: Option<String>,
        error_description: Option<String>,
    }
    let Some(told) = heard.error::<Told>()? else {
        return Ok(Error::Injected(heard.status));
    };
    Ok(
        match (told.code.as_deref(), told.error_description.as_deref()) {
            (Some("invalid_signup" | "user_exists"), _) => Error::UserExists,
            (_, Some(text)) if GLOBAL_LIMIT.contains(&text) => limited(heard.status),
            (_, Some(text)) if text.starts_with("We have detected suspicious") => {
                Error::SuspiciousAddress
            }
            _ => Error::Injected(heard.status),
        },
    )
}

pub(super) fn management_error(heard: &Heard) -> Result<Error, Breakage> {
    #[derive(Deserialize)]
    struct Told {
        #[serde(default)]
        message: String,
    }
    let Some(told) = heard.error::<Told>()? else {
        return Ok(Error::Injected(heard.status));
    };
    Ok(match (heard.status, &*told.message) {
        (_, text) if GLOBAL_LIMIT.contains(&text) => limited(heard.status),
        (409, _) => Error::UserExists,
        (404, _) => Error::UserNotFound,
        _ => Error::Injected(heard.status),
    })
}

/// Browser endpoints refuse with pages of their own; any other page is somebody else's.
pub(super) fn page_refusal(heard: &Heard) -> No<Error> {
    let page = heard.text();
    if !heard.is_page() {
        return No::Broken(Breakage::Malformed);
    }
    let known = [
        ("Global limit has been reached", limited(heard.status)),
        ("Wrong email or password.", Error::WrongPassword),
        ("Wrong email or verification code.", Error::WrongCode),
        (
            "Your account has been blocked after multiple",
            Error::TooManyAttempts,
        ),
        (
            "We have detected suspicious login behavior",
            Error::SuspiciousAddress,
        ),
        ("user is blocked", Error::Blocked),
        (
            "invalid_request: You may have pressed the back button",
            Error::InvalidTransaction,
        ),
        ("Oops!, something went wrong", Error::Injected(heard.status)),
    ];
    match known.into_iter().find(|(text, _)| page.contains(text)) {
        Some((_, error)) => No::Refused(Refusal {
            status: heard.status,
            error,
            retry_after: heard.retry_after(),
        }),
        None => No::Broken(Breakage::Html(heard.status)),
    }
}
