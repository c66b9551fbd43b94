//! A user as the Management API shows it.

use serde_json::{Value, json};

use crate::auth0::{Connection, UserId};
use crate::http::Directory;
use crate::http::auth0::behind::Behind;
use crate::http::auth0::person::{PICTURE, Person};
use crate::http::auth0::texts;

/// The identities of a user: its own, and those that were linked to it with what is known of them.
pub(super) fn identities(behind: &Behind, directory: &Directory, id: UserId) -> Vec<Value> {
    let linked = behind.tenant.links.of(id);
    std::iter::once(&id)
        .chain(linked)
        .filter_map(|one| {
            let connection = behind.tenant.user(*one)?.connection;
            let person = Person::of(behind, directory, *one);
            let mut shown = json!({
                "connection": texts::connection(connection),
                "provider": texts::provider(connection),
                "user_id": person.sub.split_once('|').map_or("", |(_, id)| id),
                "isSocial": connection == Connection::Google,
            });
            if *one != id {
                shown["profileData"] = profile_data(&person);
            }
            Some(shown)
        })
        .collect()
}

fn profile_data(person: &Person) -> Value {
    let mut shown = if person.connection == Connection::Sms {
        json!({ "phone_number": person.email, "phone_verified": person.verified })
    } else {
        json!({ "email": person.email, "email_verified": person.verified })
    };
    for field in ["name", "nickname", "picture", "given_name", "family_name"] {
        if let Some(value) = person.given(field) {
            shown[field] = value.into();
        }
    }
    shown
}

/// A user with all that is kept of them.
pub(super) fn user(behind: &Behind, directory: &Directory, id: UserId) -> Option<Value> {
    let row = behind.tenant.user(id)?;
    let person = Person::of(behind, directory, id);
    let profile = behind.tenant.profiles.get(id);
    let created = profile
        .and_then(|profile| profile.created)
        .unwrap_or_else(|| behind.tenant.start());
    let name = person.given("name").unwrap_or(&person.email);
    let mut shown = json!({
        "user_id": person.sub,
        "name": name,
        "nickname": person.nickname(),
        "picture": person.given("picture").unwrap_or(PICTURE),
        "created_at": texts::time(created),
        "updated_at": texts::time(person.updated),
        "identities": identities(behind, directory, id),
    });
    if row.connection == Connection::Sms {
        shown["phone_number"] = person.email.as_str().into();
        shown["phone_verified"] = row.verified.into();
    } else {
        shown["email"] = person.email.as_str().into();
        shown["email_verified"] = row.verified.into();
    }
    for field in ["given_name", "family_name", "username", "phone_number"] {
        if let Some(value) = person.given(field) {
            shown[field] = value.into();
        }
    }
    if let Some(profile) = profile {
        if !profile.user_metadata.is_empty() {
            shown["user_metadata"] = profile.user_metadata.clone().into();
        }
        if !profile.app_metadata.is_empty() {
            shown["app_metadata"] = profile.app_metadata.clone().into();
        }
        if let Some(changed) = profile.password_changed {
            shown["last_password_reset"] = texts::time(changed).into();
        }
    }
    if let Some(visits) = behind.tenant.profiles.visits(id) {
        shown["logins_count"] = visits.count.into();
        shown["last_login"] = texts::time(visits.last).into();
        shown["last_ip"] = texts::address(visits.address).into();
    }
    if row.blocked {
        shown["blocked"] = true.into();
    }
    let confirmed = behind
        .tenant
        .factors
        .get(id)
        .is_some_and(|factors| factors.confirmed().is_some());
    if confirmed {
        shown["multifactor"] = json!(["guardian"]);
    }
    Some(shown)
}
