//! What the scripts say: one line of JSON for each check.

use std::fmt;

use serde::Deserialize;

/// An endpoint of one of the providers, as the table names it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Endpoint {
    /// `auth0` or `stytch`.
    pub(super) provider: String,
    /// Without the names of its parameters, so that all spellings are one: `GET /v1/users/{}`.
    pub(super) shape: String,
}

impl Endpoint {
    /// The path alone.
    pub(super) fn path(&self) -> &str {
        let (_, path) = self.shape.split_once(' ').unwrap_or_default();
        path
    }

    pub(super) fn new(provider: &str, text: &str) -> Self {
        let mut shape = String::new();
        let mut inside = false;
        for letter in text.chars() {
            inside = inside && letter != '}';
            if !inside {
                shape.push(letter);
            }
            inside = inside || letter == '{';
        }
        Self {
            provider: provider.to_owned(),
            shape,
        }
    }
}

/// One line.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Line {
    /// An endpoint that a provider's SDK knows.
    Published {
        provider: String,
        published: String,
        /// What the SDK can send.
        #[serde(default)]
        parameters: Vec<String>,
    },
    /// A check.
    Check(Row),
}

impl Line {
    pub(super) fn row(self) -> Option<Row> {
        match self {
            Self::Check(row) => Some(row),
            Self::Published { .. } => None,
        }
    }

    /// The endpoint that a line is about, as it is spelt there.
    pub(super) fn named(&self) -> (Endpoint, String) {
        let (provider, name) = match self {
            Self::Check(row) => (&row.provider, &row.endpoint),
            Self::Published {
                provider,
                published,
                ..
            } => (provider, published),
        };
        (Endpoint::new(provider, name), name.clone())
    }
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Outcome {
    /// As it should.
    Ok,
    /// Otherwise.
    Fail,
    /// It could not be done here.
    Skip,
}

/// One check.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Row {
    /// Name, version and platform.
    pub(super) client: String,
    /// `auth0` or `stytch`.
    pub(super) provider: String,
    /// Method and path.
    pub(super) endpoint: String,
    /// What must hold.
    pub(super) behaviour: String,
    /// How it was verified: `SDK call`, `published shape` or `documentation`.
    pub(super) verified_by: String,
    /// How it went.
    pub(super) result: Outcome,
    /// What was seen instead, or why it could not be done.
    #[serde(default)]
    pub(super) detail: String,
}

impl Row {
    /// Whether it needs what the lock files do not bring: a browser, a web server.
    pub(super) fn of_the_system(&self) -> bool {
        let needed = ["(Chromium)", "(Apache)"];
        needed.iter().any(|needed| self.client.contains(needed))
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        Endpoint::new(&self.provider, &self.endpoint)
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            client,
            endpoint,
            behaviour,
            detail,
            ..
        } = self;
        write!(f, "{client}: {endpoint}: {behaviour}\n  {detail}")
    }
}
