//! Roles and permissions: who may do what at which API.

use std::collections::{BTreeMap, BTreeSet};

use super::call::UserId;
use super::organizations::letters;

/// A scope of an API, as a permission.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Allowed {
    /// The API's identifier.
    pub resource: String,
    /// The scope.
    pub name: String,
}

/// A role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Role {
    /// Its name, which is unique.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// What its holders may do.
    pub permissions: BTreeSet<Allowed>,
    /// Who holds it everywhere; within an organization, members hold roles of their own.
    pub holders: BTreeSet<UserId>,
}

/// All roles of a tenant, and permissions that people have without a role.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    rows: BTreeMap<String, Role>,
    made: u64,
    direct: BTreeMap<UserId, BTreeSet<Allowed>>,
}

/// The name belongs to another role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a role with this name already exists")]
pub struct RoleTaken;

impl Roles {
    /// Makes a role, and answers its id (`rol_…`).
    pub fn add(&mut self, role: Role) -> Result<String, RoleTaken> {
        if self.rows.values().any(|known| known.name == role.name) {
            return Err(RoleTaken);
        }
        let id = format!("rol_{}", letters(0x0701_0000 + self.made));
        self.made += 1;
        self.rows.insert(id.clone(), role);
        Ok(id)
    }

    /// A role that exists.
    pub fn get(&self, id: &str) -> Option<&Role> {
        self.rows.get(id)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, id: &str) -> Option<&mut Role> {
        self.rows.get_mut(id)
    }

    /// All roles with their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Role)> {
        self.rows.iter().map(|(id, role)| (id.as_str(), role))
    }

    /// Ends a role; false if there is none.
    pub fn remove(&mut self, id: &str) -> bool {
        self.rows.remove(id).is_some()
    }

    /// What a person may do without a role.
    pub fn direct_mut(&mut self, user: UserId) -> &mut BTreeSet<Allowed> {
        self.direct.entry(user).or_default()
    }

    /// Takes a person out of everything.
    pub fn forget(&mut self, user: UserId) {
        self.direct.remove(&user);
        for role in self.rows.values_mut() {
            role.holders.remove(&user);
        }
    }

    /// All that a person may do, who also holds these roles.
    pub fn permissions<'a>(
        &'a self,
        user: UserId,
        also: impl Iterator<Item = &'a String>,
    ) -> BTreeSet<&'a Allowed> {
        let held = self
            .rows
            .values()
            .filter(|role| role.holders.contains(&user));
        held.chain(also.filter_map(|id| self.rows.get(id)))
            .flat_map(|role| &role.permissions)
            .chain(self.direct.get(&user).into_iter().flatten())
            .collect()
    }

    /// Whether somebody may do something without any role.
    pub fn is_direct(&self, user: UserId, allowed: &Allowed) -> bool {
        let own = self.direct.get(&user);
        own.is_some_and(|own| own.contains(allowed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(name: &str) -> Allowed {
        Allowed {
            resource: "https://api.example".to_owned(),
            name: name.to_owned(),
        }
    }

    #[test]
    fn permissions_come_from_roles_memberships_and_directly() {
        let mut roles = Roles::default();
        let role = |name: &str| Role {
            name: name.to_owned(),
            permissions: [allowed(name)].into(),
            ..Role::default()
        };
        let held = roles.add(role("held")).unwrap();
        let member = roles.add(role("member")).unwrap();
        roles.add(role("other")).unwrap();
        assert_eq!(roles.add(role("held")), Err(RoleTaken));
        roles.get_mut(&held).unwrap().holders.insert(UserId(1));
        roles.direct_mut(UserId(1)).insert(allowed("direct"));
        let memberships = [member];
        let names: Vec<&str> = roles
            .permissions(UserId(1), memberships.iter())
            .into_iter()
            .map(|allowed| allowed.name.as_str())
            .collect();
        assert_eq!(names, ["direct", "held", "member"]);
        roles.forget(UserId(1));
        assert!(roles.permissions(UserId(1), [].iter()).is_empty());
    }
}
