//! Why a provider did not do what was asked.

use serde_json::Value;

use super::client::{Heard, Provider, Unanswered};

/// Why a call came to nothing.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ApiError {
    /// No answer came.
    #[error(transparent)]
    Unanswered(#[from] Unanswered),
    /// The provider said no.
    #[error("{provider} refused {what}: {status} {code}{}", dashed(.message))]
    Refused {
        /// Who.
        provider: Provider,
        /// What was asked.
        what: &'static str,
        /// HTTP status.
        status: u16,
        /// The provider's own word for it; empty where it gave none.
        code: String,
        /// What it said beside that.
        message: String,
    },
    /// The provider said yes, but not what was expected.
    #[error("{provider} answered {what} without {missing}")]
    Unexpected {
        /// Who.
        provider: Provider,
        /// What was asked.
        what: &'static str,
        /// What is missing in the answer.
        missing: &'static str,
    },
}

fn dashed(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(" ({message})")
    }
}

impl ApiError {
    /// The refusal of an answer. Providers name their errors in different fields.
    pub(crate) fn refused(provider: Provider, what: &'static str, heard: &Heard) -> Self {
        let text = |names: &[&str]| {
            let found = names.iter().find_map(|name| heard.json[name].as_str());
            shortened(found.unwrap_or_default())
        };
        Self::Refused {
            provider,
            what,
            status: heard.status,
            code: text(&["error_type", "errorCode", "error", "code"]),
            message: text(&[
                "error_message",
                "error_description",
                "message",
                "description",
            ]),
        }
    }

    /// The status and the provider's word, if it refused.
    pub fn refusal(&self) -> Option<(u16, &str)> {
        match self {
            Self::Refused { status, code, .. } => Some((*status, code)),
            Self::Unanswered(_) | Self::Unexpected { .. } => None,
        }
    }
}

/// Providers' texts are shown, but not at any length.
fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// The text of a field that an answer must have.
pub(super) fn needed<'a>(
    (provider, what): (Provider, &'static str),
    json: &'a Value,
    field: &'static str,
) -> Result<&'a str, ApiError> {
    json[field].as_str().ok_or(ApiError::Unexpected {
        provider,
        what,
        missing: field,
    })
}
