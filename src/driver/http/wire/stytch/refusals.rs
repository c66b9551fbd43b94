//! What Stytch's error bodies mean.

use cutover_mocks::answer::Breakage;
use cutover_mocks::stytch::Error;
use serde::Deserialize;

use crate::driver::http::wire::exchange::Heard;

/// Stytch's error body. What no rule of Stytch's explains is taken for an injected error.
pub(in crate::driver::http) fn error(heard: &Heard) -> Result<Error, Breakage> {
    #[derive(Deserialize)]
    struct Told {
        #[serde(default)]
        error_type: String,
    }
    let Some(told) = heard.error::<Told>()? else {
        return Ok(Error::Injected(heard.status));
    };
    Ok(match &*told.error_type {
        "session_not_found" | "intermediate_session_not_found" | "invalid_session_token" => {
            Error::SessionNotFound
        }
        "email_not_found" => Error::EmailNotFound,
        "user_not_found" | "member_not_found" => Error::UserNotFound,
        "organization_not_found" => Error::OrganizationNotFound,
        "unauthorized_credentials" => Error::WrongPassword,
        "no_user_password" | "member_password_not_found" => Error::NoPassword,
        "user_lock_limit_reached" => Error::UserLocked,
        "magic_link_not_found"
        | "unable_to_auth_magic_link"
        | "oauth_token_not_found"
        | "password_reset_token_not_found"
        | "unable_to_auth_password_reset_token" => Error::LoginTokenInvalid,
        "otp_code_not_found" => Error::WrongCode,
        "duplicate_email" | "duplicate_member_email" | "password_already_exists" => {
            Error::DuplicateEmail
        }
        "migrate_from_external_missing_userinfo" => Error::MigrateNotConfigured,
        "migrate_from_external_unexpected_response" => Error::MigrateUnexpectedResponse,
        "migrate_from_external_email_does_not_exist" => Error::MigrateEmailUnknown,
        "too_many_requests" => Error::RateLimited,
        "organization_suspended" | "session_authorization_error" => Error::NotAllowed,
        _ => Error::Injected(heard.status),
    })
}
