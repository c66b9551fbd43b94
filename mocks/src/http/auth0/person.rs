//! What tokens and `UserInfo` tell of a person, as it is now.

use serde::Serialize;

use super::behind::Behind;
use super::texts;
use crate::auth0::profiles::Profile;
use crate::auth0::{Connection, Scopes, UserId};
use crate::email::Email;
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

/// What is known of a person, before anything is written out: little to do while others wait.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    id: UserId,
    /// The id that was chosen by hand, if one was.
    chosen: Option<String>,
    connection: Connection,
    email: Option<Email>,
    verified: bool,
    updated: Timestamp,
    profile: Option<Profile>,
}

/// A user id as it is told: the one that was chosen by hand, or by rule.
pub(super) fn id_text(id: UserId, chosen: Option<String>, connection: Connection) -> String {
    chosen.unwrap_or_else(|| texts::user_id(id, connection))
}

impl Seen {
    pub(super) fn of(behind: &Behind, id: UserId) -> Self {
        let user = behind.tenant.user(id);
        let profile = behind.tenant.profiles.get(id).cloned();
        let updated = profile
            .as_ref()
            .and_then(|profile| profile.updated.or(profile.created));
        Self {
            id,
            chosen: behind.tenant.profiles.chosen_id(id).map(str::to_owned),
            connection: behind.connection_of(id),
            email: user.map(|user| user.email),
            verified: user.is_some_and(|user| user.verified),
            updated: updated.unwrap_or_else(|| behind.tenant.start()),
            profile,
        }
    }

    /// The same with another address.
    pub(super) fn at(self, email: Option<Email>) -> Self {
        Self {
            email: email.or(self.email),
            ..self
        }
    }

    /// The person, written out.
    pub(super) fn person(self, directory: &Directory) -> Person {
        Person {
            sub: id_text(self.id, self.chosen, self.connection),
            connection: self.connection,
            email: self
                .email
                .map(|email| directory.text(email))
                .unwrap_or_default(),
            verified: self.verified,
            updated: self.updated,
            profile: self.profile,
        }
    }
}

impl Person {
    pub(super) fn of(behind: &Behind, directory: &Directory, id: UserId) -> Self {
        Seen::of(behind, id).person(directory)
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
    pub(super) fn claims(&self, scopes: Scopes) -> Claims<'_> {
        let has_address = self.connection != Connection::Sms;
        let told = scopes.profile.then_some(self);
        let address = (scopes.email && has_address).then_some(self);
        Claims {
            sub: &self.sub,
            nickname: told.map(Self::nickname),
            name: told.map(|told| told.given("name").unwrap_or(&self.email)),
            picture: told.map(|told| told.given("picture").unwrap_or(PICTURE)),
            given_name: told.and_then(|told| told.given("given_name")),
            family_name: told.and_then(|told| told.given("family_name")),
            updated_at: told.map(|told| texts::time(told.updated)),
            email: address.map(|of| of.email.as_str()),
            email_verified: address.map(|of| of.verified),
        }
    }
}

/// What is told of a person, as it stands in `UserInfo` and in ID tokens.
#[derive(Debug, Serialize)]
pub(super) struct Claims<'a> {
    sub: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    given_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    family_name: Option<&'a str>,
    /// Auth0 writes RFC 3339 here, not the number that `OpenID` Connect asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email_verified: Option<bool>,
}
