//! An API that tokens can be issued for.

use super::dialect::Dialect;
use crate::luck::mix;
use crate::time::Span;

/// A scope that an API knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// Its name, e.g. `read:items`.
    pub value: String,
    /// What it is for.
    pub description: String,
}

/// An API, also called a resource server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The `audience` of its tokens.
    pub identifier: String,
    /// A name for people.
    pub name: String,
    /// The scopes that it knows. Others that are asked for are not granted.
    pub scopes: Vec<Permission>,
    /// Whether it grants scopes that it does not know as well, so that a client can try the mock
    /// before anything is configured. No real API does.
    pub any_scope: bool,
    /// Life of its access tokens; none: the tenant's. 86400 s (Management API schema), at most 30 d.
    pub token_life: Option<Span>,
    /// `allow_offline_access`: whether there are refresh tokens for it. Off (Management API schema).
    pub offline: bool,
    /// `enforce_policies`: whether people get only the scopes that their roles and permissions give
    /// them. Off (Management API schema).
    pub enforces_policies: bool,
    /// How its tokens are written.
    pub dialect: Dialect,
}

impl Resource {
    /// An API that knows no scopes yet, set up as a new one is.
    pub fn new(identifier: impl Into<String>) -> Self {
        let identifier = identifier.into();
        Self {
            name: identifier.clone(),
            identifier,
            scopes: Vec::new(),
            any_scope: false,
            token_life: None,
            offline: false,
            enforces_policies: false,
            dialect: Dialect::default(),
        }
    }

    /// An API that gives whatever it is asked for: the one that a mock is started with.
    pub fn generous(identifier: impl Into<String>) -> Self {
        Self {
            any_scope: true,
            offline: true,
            ..Self::new(identifier)
        }
    }

    /// Its id in the Management API: 24 hexadecimal digits that its identifier decides.
    pub fn id(&self) -> String {
        let tag = self
            .identifier
            .bytes()
            .fold(0x0061_0001, |tag, byte| mix(tag ^ u64::from(byte)));
        format!("{tag:016x}{:08x}", mix(tag) as u32)
    }

    /// Whether it knows a scope.
    pub fn knows(&self, scope: &str) -> bool {
        self.any_scope || self.scopes.iter().any(|known| known.value == scope)
    }
}
