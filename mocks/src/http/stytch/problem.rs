//! What goes wrong on the wire: Stytch's error types, their texts, and its five-field error body.

use serde_json::{Value, json};

use crate::answer::{Breakage, Refusal};
use crate::stytch::{Endpoint, Error, Rule, Vertical};
use crate::time::Span;

/// A request that is refused by its form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    /// HTTP status.
    pub(super) status: u16,
    /// Stytch's `error_type`.
    pub(super) error_type: &'static str,
    /// `error_message`.
    pub(super) message: String,
}

impl Problem {
    /// A problem with a 400.
    pub(super) fn bad(error_type: &'static str, message: impl Into<String>) -> Self {
        Self {
            status: 400,
            error_type,
            message: message.into(),
        }
    }

    /// A session that does not live.
    pub(super) fn no_session() -> Self {
        Self {
            status: 404,
            error_type: "session_not_found",
            message: "Session could not be found.".to_owned(),
        }
    }

    /// An intermediate session that does not live.
    pub(super) fn no_intermediate() -> Self {
        Self {
            status: 404,
            error_type: "intermediate_session_not_found",
            message: "Intermediate session could not be found.".to_owned(),
        }
    }

    /// Something of another organization than that of whoever asks.
    pub(super) fn other_organization() -> Self {
        Self {
            status: 403,
            error_type: "session_authorization_tenancy_error",
            message: "The member does not belong to the organization.".to_owned(),
        }
    }

    /// Somebody of whom only an application may say what it trusts.
    pub(super) fn trusted_metadata() -> Self {
        Self {
            status: 401,
            error_type: "cannot_update_trusted_metadata",
            message: "Trusted metadata cannot be changed by a browser or on behalf of a member."
                .to_owned(),
        }
    }

    /// A field that is missing or has the wrong type.
    pub(super) fn field(name: &str, expected: &str) -> Self {
        Self::bad(
            "bad_request",
            format!("The submitted request is invalid: `{name}` {expected}."),
        )
    }
}

/// Why a call is not served.
#[derive(Clone, Debug)]
pub(super) enum Bad {
    /// It was refused by its form; the machine has not seen it yet.
    Form(Problem),
    /// The machine said no.
    Refused {
        /// What it said.
        refusal: Refusal<Error>,
        /// How long that took.
        took: Span,
    },
    /// The machine said no, and there are better words for it than its own.
    Told {
        /// The words.
        problem: Problem,
        /// How long that took.
        took: Span,
    },
    /// A fault broke the answer.
    Broken {
        /// How.
        breakage: Breakage,
        /// How long that took.
        took: Span,
    },
}

impl From<Problem> for Bad {
    fn from(problem: Problem) -> Self {
        Self::Form(problem)
    }
}

/// The error body that every endpoint shares.
pub(super) fn body(problem: &Problem, request_id: &str, vertical: Vertical) -> Value {
    let product = match vertical {
        Vertical::Consumer => "consumer",
        Vertical::B2b => "b2b",
    };
    let Problem {
        status,
        error_type,
        message,
    } = problem;
    json!({
        "status_code": status,
        "request_id": request_id,
        "error_type": error_type,
        "error_message": message,
        "error_url": format!(
            "https://stytch.com/docs/api-reference/{product}/api/errors/{status}#{error_type}"
        ),
    })
}

/// A machine's refusal in Stytch's words.
pub(super) fn told(refusal: &Refusal<Error>, endpoint: Endpoint, vertical: Vertical) -> Problem {
    let (error_type, message) = words(refusal, endpoint, vertical);
    Problem {
        status: refusal.status,
        error_type,
        message: message.to_owned(),
    }
}

fn words(
    refusal: &Refusal<Error>,
    endpoint: Endpoint,
    vertical: Vertical,
) -> (&'static str, &'static str) {
    let b2b = vertical == Vertical::B2b;
    match refusal.error {
        Error::SessionNotFound if endpoint == Endpoint::SecondFactor => (
            "intermediate_session_not_found",
            "Intermediate session could not be found.",
        ),
        Error::SessionNotFound => ("session_not_found", "Session could not be found."),
        Error::EmailNotFound => ("email_not_found", "Email could not be found."),
        Error::UserNotFound if b2b => ("member_not_found", "Member could not be found."),
        Error::UserNotFound => ("user_not_found", "User could not be found."),
        Error::OrganizationNotFound => {
            ("organization_not_found", "Organization could not be found.")
        }
        Error::WrongPassword => ("unauthorized_credentials", "Unauthorized credentials."),
        Error::NoPassword if b2b => (
            "member_password_not_found",
            "Member password could not be found.",
        ),
        Error::NoPassword => (
            "no_user_password",
            "This user doesn't have an associated password.",
        ),
        Error::UserLocked => (
            "user_lock_limit_reached",
            "The user has been locked after too many failed attempts.",
        ),
        Error::LoginTokenInvalid => token_words(endpoint, refusal.status),
        Error::WrongCode => ("otp_code_not_found", "The OTP code could not be found."),
        Error::DuplicateEmail if b2b => (
            "duplicate_member_email",
            "A member with the specified email already exists.",
        ),
        Error::DuplicateEmail => (
            "duplicate_email",
            "A user with the specified email already exists for this project.",
        ),
        Error::MigrateNotConfigured => (
            "migrate_from_external_missing_userinfo",
            "No UserInfo endpoint is configured for this project.",
        ),
        Error::MigrateUnexpectedResponse => (
            "migrate_from_external_unexpected_response",
            "The external UserInfo endpoint did not return a usable response.",
        ),
        Error::MigrateEmailUnknown => (
            "migrate_from_external_email_does_not_exist",
            "The email returned by the external UserInfo endpoint does not exist.",
        ),
        Error::RateLimited => ("too_many_requests", "Too many requests have been made."),
        Error::NotAllowed => ("organization_suspended", "This is not allowed."),
        Error::Rule(Rule::ResetPassword) if b2b => (
            "member_reset_password",
            "The member's password must be reset before it can be used again.",
        ),
        Error::Rule(rule) => {
            let (_, error_type, message) = rule.told();
            (error_type, message)
        }
        Error::Injected(_) | Error::Other => status_words(refusal.status),
    }
}

fn token_words(endpoint: Endpoint, status: u16) -> (&'static str, &'static str) {
    match (endpoint, status) {
        (Endpoint::OAuth, _) => (
            "oauth_token_not_found",
            "The OAuth token could not be found.",
        ),
        (Endpoint::PasswordChange, _) => (
            "unable_to_auth_password_reset_token",
            "The password reset token could not be authenticated: it was used already or expired.",
        ),
        (_, 404) => ("magic_link_not_found", "The magic link could not be found."),
        _ => (
            "unable_to_auth_magic_link",
            "The magic link could not be authenticated because it was either already used or expired.",
        ),
    }
}

fn status_words(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => ("bad_request", "The submitted request is invalid."),
        401 => ("unauthorized_credentials", "Unauthorized credentials."),
        403 => ("session_authorization_error", "This is not allowed."),
        404 => ("route_not_found", "The route could not be found."),
        429 => ("too_many_requests", "Too many requests have been made."),
        _ => (
            "internal_server_error",
            "Oops, something seems to have gone wrong, please reach out to support@stytch.com to let us know.",
        ),
    }
}
