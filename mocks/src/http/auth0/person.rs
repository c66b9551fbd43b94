//! What tokens and `UserInfo` tell of a person, as it is now.

use serde_json::{Map, Value};

use super::behind::Behind;
use super::texts;
use crate::auth0::profiles::Profile;
use crate::auth0::{Connection, Scopes, UserId};
use crate::http::Directory;
use crate::time::Timestamp;

/// Where pictures of people without one would be.
pub(super) const PICTURE: &str = "https://pictures.example/avatar.png";

/// A person.
#[derive(Clone, Debug)]
pub(super) struct Person {
    /// `sub`.
    pub(super) sub: String,
    pub(super) connection: Connection,
    /// The address; for a text-message identity, the number.
    pub(super) email: String,
    pub(super) verified: bool,
    pub(super) updated: Timestamp,
    pub(super) profile: Option<Profile>,
}

impl Person {
    pub(super) fn of(behind: &Behind, directory: &Directory, id: UserId) -> Self {
        let user = behind.tenant.user(id);
        let profile = behind.tenant.profiles.get(id).cloned();
        let updated = profile
            .as_ref()
            .and_then(|profile| profile.updated.or(profile.created));
        Self {
            sub: behind.user_text(id),
            connection: user.map_or(Connection::Database, |user| user.connection),
            email: user.map_or_else(String::new, |user| directory.text(user.email)),
            verified: user.is_some_and(|user| user.verified),
            updated: updated.unwrap_or_else(|| behind.tenant.start()),
            profile,
        }
    }

    /// A field that the person was given.
    pub(super) fn given(&self, field: &str) -> Option<&str> {
        self.profile.as_ref()?.given.get(field).map(String::as_str)
    }

    /// The part of the address before the `@`, unless another nickname was given.
    pub(super) fn nickname(&self) -> &str {
        self.given("nickname")
            .unwrap_or_else(|| self.email.split('@').next().unwrap_or_default())
    }

    /// The claims of the person that these scopes open; `sub` always.
    pub(super) fn claims(&self, scopes: Scopes) -> Map<String, Value> {
        let mut claims = Map::new();
        let mut tell = |name: &str, value: Value| drop(claims.insert(name.to_owned(), value));
        tell("sub", self.sub.as_str().into());
        if scopes.profile {
            tell("nickname", self.nickname().into());
            tell("name", self.given("name").unwrap_or(&self.email).into());
            tell("picture", self.given("picture").unwrap_or(PICTURE).into());
            for name in ["given_name", "family_name"] {
                if let Some(value) = self.given(name) {
                    tell(name, value.into());
                }
            }
            // Auth0 writes RFC 3339 here, not the number that OpenID Connect asks for.
            tell("updated_at", texts::time(self.updated).into());
        }
        let has_address = self.connection != Connection::Sms;
        if scopes.email && has_address {
            tell("email", self.email.as_str().into());
            tell("email_verified", self.verified.into());
        }
        claims
    }
}
