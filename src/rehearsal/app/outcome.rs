//! What a provider's answer means to the application: success, a "no" for good, or "perhaps later".

use cutover_mocks::answer::Outcome;
use cutover_mocks::time::Span;
use cutover_mocks::{auth0, stytch};

use crate::recorder::{FailureCause, TIMED_OUT};
use crate::rehearsal::contract::{ProviderAnswer, Seen};

/// A failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rehearsal) struct Failure {
    /// Why.
    pub(in crate::rehearsal) cause: FailureCause,
    /// Whether the same call may succeed later.
    pub(in crate::rehearsal) transient: bool,
    /// Whether the provider says that the credential itself is no good: not just this call.
    pub(in crate::rehearsal) ended: bool,
    /// How long the provider asks to wait.
    pub(in crate::rehearsal) retry_after: Option<Span>,
}

impl Failure {
    /// An open circuit breaker held the call back.
    pub(in crate::rehearsal) const BREAKER: Self = Self {
        cause: FailureCause::BreakerOpen,
        transient: true,
        ended: false,
        retry_after: None,
    };

    const fn of(status: u16, retry_after: Option<Span>, refused: FailureCause) -> Self {
        let (cause, transient) = match status {
            429 => (FailureCause::RateLimited, true),
            500.. => (FailureCause::ServerError, true),
            _ => (refused, false),
        };
        Self {
            cause,
            transient,
            ended: false,
            retry_after,
        }
    }

    const BROKEN: Self = Self {
        cause: FailureCause::ServerError,
        transient: true,
        ended: false,
        retry_after: None,
    };
    const TIMEOUT: Self = Self {
        cause: FailureCause::Timeout,
        transient: true,
        ended: false,
        retry_after: None,
    };
}

/// What the legacy provider's answer means.
pub(in crate::rehearsal) fn auth0(
    seen: Seen,
) -> Result<auth0::Reply, (Failure, Option<auth0::Error>)> {
    match seen {
        Seen::Answered(ProviderAnswer::Auth0(answer)) => match answer.outcome {
            Outcome::Served(reply) => Ok(reply),
            Outcome::Refused(no) => {
                let mut failure = Failure::of(no.status, no.retry_after, FailureCause::Refused);
                failure.ended = no.error == auth0::Error::InvalidRefreshToken;
                if no.error == auth0::Error::RateLimitedAs500 {
                    // An application that goes by the status cannot know better.
                    failure.cause = FailureCause::ServerError;
                }
                Err((failure, Some(no.error)))
            }
            Outcome::Broken(_) => Err((Failure::BROKEN, None)),
        },
        Seen::Answered(ProviderAnswer::Stytch(_)) => Err((Failure::BROKEN, None)),
        Seen::TimedOut => Err((Failure::TIMEOUT, None)),
    }
}

/// What the new provider's answer means.
pub(in crate::rehearsal) fn stytch(
    seen: Seen,
) -> Result<stytch::Reply, (Failure, Option<stytch::Error>)> {
    match seen {
        Seen::Answered(ProviderAnswer::Stytch(answer)) => match answer.outcome {
            Outcome::Served(reply) => Ok(reply),
            Outcome::Refused(no) => {
                let refused = match no.error {
                    stytch::Error::MigrateEmailUnknown => FailureCause::UnknownPerson,
                    stytch::Error::MigrateUnexpectedResponse => FailureCause::UserInfo,
                    stytch::Error::OrganizationNotFound => FailureCause::OrganizationNotMapped,
                    _ => FailureCause::Refused,
                };
                let mut failure = Failure::of(no.status, no.retry_after, refused);
                failure.ended = no.error == stytch::Error::SessionNotFound;
                if refused != FailureCause::Refused {
                    // Their status is unconfirmed: clients branch on the error type.
                    failure = Failure {
                        cause: refused,
                        transient: false,
                        ended: false,
                        retry_after: None,
                    };
                }
                Err((failure, Some(no.error)))
            }
            Outcome::Broken(_) => Err((Failure::BROKEN, None)),
        },
        Seen::Answered(ProviderAnswer::Auth0(_)) => Err((Failure::BROKEN, None)),
        Seen::TimedOut => Err((Failure::TIMEOUT, None)),
    }
}

/// The status that counts give to what was seen.
pub(in crate::rehearsal) fn status(seen: &Seen) -> u16 {
    match seen {
        Seen::Answered(ProviderAnswer::Auth0(answer)) => answer.outcome.status(),
        Seen::Answered(ProviderAnswer::Stytch(answer)) => answer.outcome.status(),
        Seen::TimedOut => TIMED_OUT,
    }
}
