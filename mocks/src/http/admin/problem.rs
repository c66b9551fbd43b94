//! What the admin interface says when it does not do what was asked: what is wrong, and a way out.

use schemars::JsonSchema;
use serde::Serialize;

/// An answer to a request that was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct Problem {
    #[serde(skip)]
    status: u16,
    /// What is wrong, with its place, and what to do about it.
    error: String,
}

impl Problem {
    /// The request cannot be read or asks for what there is not.
    pub(super) fn bad(error: impl Into<String>) -> Self {
        Self {
            status: 400,
            error: error.into(),
        }
    }

    /// What was asked for does not exist.
    pub(super) fn missing(error: impl Into<String>) -> Self {
        Self {
            status: 404,
            error: error.into(),
        }
    }

    /// What was asked for does not go together with what there is.
    pub(super) fn conflict(error: impl Into<String>) -> Self {
        Self {
            status: 409,
            error: error.into(),
        }
    }

    /// With another status.
    pub(super) fn with_status(status: u16, error: impl Into<String>) -> Self {
        Self {
            status,
            error: error.into(),
        }
    }

    /// The HTTP status.
    pub(super) fn status(&self) -> u16 {
        self.status
    }
}
