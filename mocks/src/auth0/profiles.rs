//! What a tenant keeps of a person beyond the row that logins need: names, metadata, past visits.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use super::call::{Address, UserId};
use crate::time::Timestamp;

/// Details of a person; most people have none.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// When the record was made; none: with the tenant.
    pub created: Option<Timestamp>,
    /// When it was changed last; none: never.
    pub updated: Option<Timestamp>,
    /// When the password was changed last; none: never.
    pub password_changed: Option<Timestamp>,
    /// Names and the like that were given, by the field that shows them: `name`, `nickname`,
    /// `picture`, `given_name`, `family_name`, `username`, `phone_number`.
    pub given: BTreeMap<&'static str, String>,
    /// `user_metadata`: what people may change themselves.
    pub user_metadata: Map<String, Value>,
    /// `app_metadata`: what they may not.
    pub app_metadata: Map<String, Value>,
}

/// Fields that a profile may be given.
pub const GIVEN: [&str; 7] = [
    "name",
    "nickname",
    "picture",
    "given_name",
    "family_name",
    "username",
    "phone_number",
];

/// Logins of a person so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visits {
    /// How many.
    pub count: u32,
    /// The last one.
    pub last: Timestamp,
    /// Where it came from.
    pub address: Address,
}

/// The details of all people.
#[derive(Clone, Debug, Default)]
pub struct Profiles {
    rows: FxHashMap<UserId, Profile>,
    visits: FxHashMap<UserId, Visits>,
    /// Ids that were chosen when the record was made, e.g. `auth0|1234` of an import.
    chosen: FxHashMap<UserId, String>,
    by_chosen: FxHashMap<String, UserId>,
    /// Lower-case usernames.
    usernames: BTreeMap<String, UserId>,
}

impl Profiles {
    /// What is kept of a person; none if there is nothing.
    pub fn get(&self, user: UserId) -> Option<&Profile> {
        self.rows.get(&user)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, user: UserId) -> &mut Profile {
        self.rows.entry(user).or_default()
    }

    /// A person's logins so far.
    pub fn visits(&self, user: UserId) -> Option<Visits> {
        self.visits.get(&user).copied()
    }

    /// Notes a login.
    pub fn note_visit(&mut self, user: UserId, at: Timestamp, address: Address) {
        let visits = self.visits.entry(user).or_insert(Visits {
            count: 0,
            last: at,
            address,
        });
        *visits = Visits {
            count: visits.count.saturating_add(1),
            last: visits.last.max(at),
            address,
        };
    }

    /// The id that was chosen for a person, with its provider.
    pub fn chosen_id(&self, user: UserId) -> Option<&str> {
        self.chosen.get(&user).map(String::as_str)
    }

    /// Whose chosen id this is.
    pub fn by_chosen_id(&self, id: &str) -> Option<UserId> {
        self.by_chosen.get(id).copied()
    }

    /// Gives a person a chosen id, which nobody else may have.
    pub fn choose_id(&mut self, user: UserId, id: String) {
        self.by_chosen.insert(id.clone(), user);
        self.chosen.insert(user, id);
    }

    /// Who has this username, letter case aside.
    pub fn by_username(&self, username: &str) -> Option<UserId> {
        let wanted = username.to_lowercase();
        self.usernames.get(&wanted).copied()
    }

    /// Gives a person a username, which nobody else has; false if somebody does.
    pub fn set_username(&mut self, user: UserId, username: &str) -> bool {
        let wanted = username.to_lowercase();
        match self.usernames.get(&wanted) {
            Some(holder) if *holder != user => false,
            _ => {
                self.usernames.retain(|_, holder| *holder != user);
                self.usernames.insert(wanted, user);
                self.get_mut(user)
                    .given
                    .insert("username", username.to_owned());
                true
            }
        }
    }

    /// Forgets a person.
    pub fn forget(&mut self, user: UserId) {
        self.rows.remove(&user);
        self.visits.remove(&user);
        self.usernames.retain(|_, holder| *holder != user);
        if let Some(id) = self.chosen.remove(&user) {
            self.by_chosen.remove(&id);
        }
    }
}

/// Merges metadata one level deep: `null` removes a field (Auth0 docs, manage user metadata).
pub fn merge(into: &mut Map<String, Value>, patch: &Map<String, Value>) {
    for (name, value) in patch {
        if value.is_null() {
            into.remove(name);
        } else {
            into.insert(name.clone(), value.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn metadata_is_merged_one_level_deep() {
        let mut kept = json!({"plan": "free", "address": {"city": "Berlin", "zip": 1}});
        let patch = json!({"plan": null, "address": {"city": "Paris"}, "new": true});
        merge(kept.as_object_mut().unwrap(), patch.as_object().unwrap());
        assert_eq!(kept, json!({"address": {"city": "Paris"}, "new": true}));
    }

    #[test]
    fn a_forgotten_person_frees_the_id_that_was_chosen() {
        let mut profiles = Profiles::default();
        profiles.choose_id(UserId(3), "auth0|legacy".to_owned());
        profiles.note_visit(UserId(3), Timestamp::from_secs(1), Address(1));
        profiles.note_visit(UserId(3), Timestamp::from_secs(2), Address(2));
        assert_eq!(profiles.visits(UserId(3)).map(|seen| seen.count), Some(2));
        assert_eq!(profiles.by_chosen_id("auth0|legacy"), Some(UserId(3)));
        profiles.forget(UserId(3));
        assert_eq!(profiles.by_chosen_id("auth0|legacy"), None);
        assert_eq!(profiles.visits(UserId(3)), None);
    }
}
