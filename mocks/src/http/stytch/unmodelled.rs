//! Routes that Stytch has and this mock does not, told from routes that there are not.

use super::problem::Problem;
use crate::stytch::Vertical;

/// Beginnings of consumer routes that are not modelled.
const CONSUMER: [&str; 9] = [
    "/v1/crypto_wallets",
    "/v1/biometrics",
    "/v1/connected_apps",
    "/v1/idp",
    "/v1/email/risk",
    "/v1/fingerprint",
    "/v1/rules",
    "/v1/verdict_reasons",
    "/v1/device_history",
];

/// Beginnings of B2B routes that are not modelled.
const B2B: [&str; 3] = ["/v1/b2b/scim", "/v1/b2b/idp", "/v1/connected_apps"];

/// Routes that both products share.
const SHARED: [&str; 4] = ["/v1/m2m", "/v1/public/", "/v1/debug", "/v1/connected_apps"];

/// What is said where no route answers.
pub(super) fn lost(vertical: Vertical, path: &str) -> Problem {
    let begins = |known: &&str| path.starts_with(*known);
    let unmodelled = match vertical {
        Vertical::Consumer => CONSUMER.iter().any(begins),
        Vertical::B2b => B2B.iter().any(begins),
    };
    let connected = path.contains("/connected_apps") || path.contains("/oauth2/");
    let b2b = path.starts_with("/v1/b2b/");
    let shared = SHARED.iter().any(begins);
    match vertical {
        _ if unmodelled || connected => Problem {
            status: 403,
            error_type: "unavailable_endpoint",
            message: "This endpoint is not available in this mock of Stytch.".to_owned(),
        },
        Vertical::Consumer if b2b => Problem::bad(
            "invalid_b2b_endpoint",
            "This endpoint is for B2B projects, and this is a consumer project.",
        ),
        Vertical::B2b if !b2b && !shared && path.starts_with("/v1/") => Problem::bad(
            "invalid_consumer_endpoint",
            "This endpoint is for consumer projects, and this is a B2B project.",
        ),
        _ => no_route(),
    }
}

/// A route that there is not.
pub(super) fn no_route() -> Problem {
    Problem {
        status: 404,
        error_type: "route_not_found",
        message: "The route could not be found.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_routes_are_told_apart() {
        for (vertical, path, error_type) in [
            (
                Vertical::Consumer,
                "/v1/biometrics/register",
                "unavailable_endpoint",
            ),
            (
                Vertical::Consumer,
                "/v1/b2b/sessions/revoke",
                "invalid_b2b_endpoint",
            ),
            (Vertical::Consumer, "/v1/nowhere", "route_not_found"),
            (Vertical::Consumer, "/", "route_not_found"),
            (Vertical::B2b, "/v1/users", "invalid_consumer_endpoint"),
            (
                Vertical::B2b,
                "/v1/b2b/scim/org/connection",
                "unavailable_endpoint",
            ),
            (Vertical::B2b, "/v1/b2b/nowhere", "route_not_found"),
            (Vertical::B2b, "/v1/m2m/nowhere", "route_not_found"),
        ] {
            assert_eq!(lost(vertical, path).error_type, error_type, "{path}");
        }
    }
}
