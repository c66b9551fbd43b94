//! Organizations: who belongs to them, which connections they offer, whom they have invited.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::call::{Connection, UserId};
use crate::bounds::TENANT_RECORDS;
use crate::luck::mix;
use crate::time::{Span, Timestamp};

/// A number of an organization, in order of creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganizationId(pub u32);

/// An organization.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Organization {
    /// `name`: lower case, unique.
    pub name: String,
    /// `display_name`.
    pub display_name: String,
    /// `metadata`.
    pub metadata: Map<String, Value>,
    /// `branding`.
    pub branding: Option<Value>,
    /// Connections by which its members log in, and whether a login makes a stranger a member.
    pub connections: BTreeMap<Connection, bool>,
    members: BTreeMap<UserId, BTreeSet<String>>,
    invitations: Vec<Invitation>,
}

/// An invitation to become a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its number, unique in the tenant.
    pub number: u32,
    /// The invited address.
    pub invitee: String,
    /// Who invites.
    pub inviter: String,
    /// The application that it leads to.
    pub client_id: String,
    /// Roles that come with it.
    pub roles: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends: 7 d unless it says otherwise (Management API schema, `ttl_sec`).
    pub expires: Timestamp,
}

/// Life of an invitation that names none.
pub const INVITATION_LIFE: Span = Span::from_days(7);

/// All organizations of a tenant.
#[derive(Clone, Debug, Default)]
pub struct Organizations {
    rows: BTreeMap<u32, Organization>,
    made: u32,
    invited: u32,
}

/// The name belongs to another organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an organization with this name already exists")]
pub struct NameTaken;

impl Organizations {
    /// Makes an organization.
    pub fn add(&mut self, organization: Organization) -> Result<OrganizationId, NameTaken> {
        if self.named(&organization.name).is_some() {
            return Err(NameTaken);
        }
        let id = self.made;
        self.made += 1;
        self.rows.insert(id, organization);
        Ok(OrganizationId(id))
    }

    /// An organization that exists.
    pub fn get(&self, id: OrganizationId) -> Option<&Organization> {
        self.rows.get(&id.0)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, id: OrganizationId) -> Option<&mut Organization> {
        self.rows.get_mut(&id.0)
    }

    /// The organization of a name.
    pub fn named(&self, name: &str) -> Option<OrganizationId> {
        self.iter()
            .find(|(_, organization)| organization.name == name)
            .map(|(id, _)| id)
    }

    /// The organization that a text names, by id or by name.
    pub fn find(&self, text: &str) -> Option<OrganizationId> {
        if text.starts_with("org_") {
            return self
                .iter()
                .map(|(id, _)| id)
                .find(|id| organization_text(*id) == text);
        }
        self.named(text)
    }

    /// All of them, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (OrganizationId, &Organization)> {
        self.rows.iter().map(|(id, row)| (OrganizationId(*id), row))
    }

    /// Those that a person belongs to, oldest first.
    pub fn of(&self, user: UserId) -> impl Iterator<Item = (OrganizationId, &Organization)> {
        self.iter()
            .filter(move |(_, organization)| organization.has(user))
    }

    /// Ends an organization; false if there is none.
    pub fn remove(&mut self, id: OrganizationId) -> bool {
        self.rows.remove(&id.0).is_some()
    }

    /// Takes a person out of all of them.
    pub fn forget(&mut self, user: UserId) {
        for organization in self.rows.values_mut() {
            organization.members.remove(&user);
        }
    }

    /// A number for a new invitation.
    pub fn next_invitation(&mut self) -> u32 {
        self.invited += 1;
        self.invited - 1
    }
}

impl Organization {
    /// Whether a person belongs to it.
    pub fn has(&self, user: UserId) -> bool {
        self.members.contains_key(&user)
    }

    /// Makes a person a member.
    pub fn join(&mut self, user: UserId) {
        self.members.entry(user).or_default();
    }

    /// Ends a membership; false if there was none.
    pub fn leave(&mut self, user: UserId) -> bool {
        self.members.remove(&user).is_some()
    }

    /// Its members, oldest person first.
    pub fn members(&self) -> impl Iterator<Item = UserId> + '_ {
        self.members.keys().copied()
    }

    /// The roles of a member.
    pub fn roles(&self, user: UserId) -> Option<&BTreeSet<String>> {
        self.members.get(&user)
    }

    /// The same, to be changed.
    pub fn roles_mut(&mut self, user: UserId) -> Option<&mut BTreeSet<String>> {
        self.members.get_mut(&user)
    }

    /// Its invitations that were neither accepted nor taken back, oldest first.
    pub fn invitations(&self) -> &[Invitation] {
        &self.invitations
    }

    /// Invites. Of more than [`TENANT_RECORDS`] invitations the oldest are forgotten.
    pub fn invite(&mut self, invitation: Invitation) {
        if self.invitations.len() >= TENANT_RECORDS {
            self.invitations.remove(0);
        }
        self.invitations.push(invitation);
    }

    /// Takes an invitation, accepted or not.
    pub fn take_invitation(&mut self, number: u32) -> Option<Invitation> {
        let place = self
            .invitations
            .iter()
            .position(|invitation| invitation.number == number)?;
        Some(self.invitations.remove(place))
    }
}

/// An organization's id on the wire: `org_` and 16 letters that its number decides.
pub fn organization_text(id: OrganizationId) -> String {
    format!("org_{}", letters(0x0126_0001 ^ u64::from(id.0)))
}

/// 16 letters and digits that a number decides.
pub(crate) fn letters(number: u64) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut bits = u128::from(mix(number)) << 64 | u128::from(mix(number ^ 0x5555));
    (0..16)
        .map(|_| {
            let letter = ALPHABET[(bits % 62) as usize];
            bits /= 62;
            char::from(letter)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Organization {
        Organization {
            name: name.to_owned(),
            ..Organization::default()
        }
    }

    #[test]
    fn people_join_and_leave() {
        let mut all = Organizations::default();
        let (a, b) = (all.add(named("a")).unwrap(), all.add(named("b")).unwrap());
        assert_eq!(all.add(named("a")), Err(NameTaken));
        all.get_mut(a).unwrap().join(UserId(1));
        all.get_mut(b).unwrap().join(UserId(1));
        let of = |all: &Organizations| all.of(UserId(1)).map(|(id, _)| id).collect::<Vec<_>>();
        assert_eq!(of(&all), [a, b]);
        assert!(all.get_mut(a).unwrap().leave(UserId(1)));
        assert_eq!(of(&all), [b]);
        all.forget(UserId(1));
        assert_eq!(of(&all), []);
        assert!(all.remove(b) && !all.remove(b));
        assert_ne!(
            all.add(named("c")).unwrap(),
            b,
            "numbers are not used again"
        );
    }

    #[test]
    fn an_organization_is_found_by_its_text() {
        let mut all = Organizations::default();
        let id = all.add(named("acme")).unwrap();
        let text = organization_text(id);
        assert_eq!(text.len(), 20, "{text}");
        assert_eq!(all.find(&text), Some(id));
        assert_eq!(all.find("acme"), Some(id));
        assert_eq!(all.find("org_made_up"), None);
    }
}
