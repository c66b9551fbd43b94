//! What only the wire knows of a project: names, metadata, external ids, chosen passwords, claims.
//!
//! Tables of people and organizations have at most a row for each that ever was: a deleted member can
//! come back, and so what is known of them stays. Tables of passing things are bounded and forget the
//! oldest. Telephone numbers that a call took in are kept.

use rustc_hash::FxHashMap;
use serde_json::{Map, Value};

use super::hashes::Imported;
use super::m2m::Clients;
use super::numbers::Numbers;
use super::passkeys::Passkeys;
use super::sso::{Connections, Registrations};

use crate::email::Email;
use crate::http::recent::{Bulky, Recent};
use crate::stytch::{LoginToken, MeansId, OrgId, UserId};
use crate::time::Timestamp;

/// What is known of a person beside what the machine keeps.
#[derive(Clone, Debug, Default)]
pub(super) struct Profile {
    /// `name`: an object for a user, a text for a member.
    pub(super) name: Option<Value>,
    /// `trusted_metadata`.
    pub(super) trusted: Map<String, Value>,
    /// `untrusted_metadata`.
    pub(super) untrusted: Map<String, Value>,
    /// `external_id`.
    pub(super) external_id: Option<String>,
    /// `roles`.
    pub(super) roles: Vec<String>,
    /// `default_mfa_method` (B2B).
    pub(super) default_mfa: Option<String>,
    /// When this profile was changed last (B2B).
    pub(super) updated: Option<Timestamp>,
}

/// What is known of an organization beside what the machine keeps.
#[derive(Clone, Debug, Default)]
pub(super) struct OrgProfile {
    /// `organization_name`.
    pub(super) name: Option<String>,
    /// `organization_slug`.
    pub(super) slug: Option<String>,
    /// `organization_external_id`.
    pub(super) external_id: Option<String>,
    /// Settings that are shown as they were set; the machine keeps those that decide something.
    pub(super) settings: Map<String, Value>,
    /// When this profile was changed last.
    pub(super) updated: Option<Timestamp>,
}

/// A password that somebody chose or imported; people without one have the seeded one.
#[derive(Clone, Debug)]
pub(super) enum Secret {
    /// A digest of a chosen password.
    Chosen([u8; 32]),
    /// An imported hash.
    Imported(Imported),
}

/// The tables.
#[derive(Debug)]
pub(super) struct Book {
    /// Profiles of people who have one.
    pub(super) people: FxHashMap<UserId, Profile>,
    /// Profiles of organizations that have one.
    pub(super) orgs: FxHashMap<OrgId, OrgProfile>,
    /// External ids of people: unique in a project, or in an organization.
    pub(super) external_people: FxHashMap<(Option<OrgId>, String), UserId>,
    /// Slugs and external ids of organizations.
    pub(super) org_names: FxHashMap<String, OrgId>,
    /// Chosen and imported passwords.
    pub(super) secrets: FxHashMap<UserId, Secret>,
    /// The newest code sent to an address or number.
    pub(super) codes: Recent<MeansId, LoginToken>,
    /// The newest discovery code mailed to an address (B2B).
    pub(super) discovery_codes: Recent<Email, LoginToken>,
    /// Custom claims of sessions.
    pub(super) claims: Recent<u32, Map<String, Value>>,
    /// `attributes` of sessions: address and browser of whoever logged in.
    pub(super) attributes: Recent<u32, Value>,
    /// What a token of a trusted issuer calls itself, by the session that it opened.
    pub(super) token_ids: Recent<u32, String>,
    /// What a token's sender asked of whoever uses it.
    pub(super) bonds: Recent<LoginToken, Bond>,
    /// Telephone numbers as text.
    pub(super) phones: Numbers,
    /// Secrets and recovery codes of authenticator apps that were imported, by whose they are.
    pub(super) totps: FxHashMap<UserId, Vec<(MeansId, TotpSecret)>>,
    /// Passkeys, and challenges for them.
    pub(super) passkeys: Passkeys,
    /// Machine-to-machine clients.
    pub(super) m2m: Clients,
    /// SSO connections of organizations.
    pub(super) sso: Connections,
    /// Whom identity providers of connections have vouched for.
    pub(super) sso_registrations: Registrations,
    /// Roles that an organization defines for itself (B2B).
    pub(super) org_policies: FxHashMap<OrgId, Value>,
    /// The sandbox's user or member, once somebody has asked for them.
    pub(super) sandbox: Option<(UserId, Option<OrgId>)>,
    /// Keys of trusted issuers, and when they were fetched.
    pub(super) trusted_keys: FxHashMap<String, (Timestamp, Value)>,
}

/// Entries of each table of passing things.
const REMEMBERED: usize = 100_000;

impl Default for Book {
    fn default() -> Self {
        Self {
            people: FxHashMap::default(),
            orgs: FxHashMap::default(),
            external_people: FxHashMap::default(),
            org_names: FxHashMap::default(),
            secrets: FxHashMap::default(),
            codes: Recent::of(REMEMBERED),
            discovery_codes: Recent::of(REMEMBERED),
            claims: Recent::of(REMEMBERED),
            attributes: Recent::of(REMEMBERED),
            token_ids: Recent::of(REMEMBERED),
            bonds: Recent::of(REMEMBERED),
            phones: Numbers::default(),
            totps: FxHashMap::default(),
            passkeys: Passkeys::default(),
            m2m: Clients::default(),
            sso: Connections::default(),
            sso_registrations: Registrations::default(),
            org_policies: FxHashMap::default(),
            sandbox: None,
            trusted_keys: FxHashMap::default(),
        }
    }
}

/// What binds a token to the device that asked for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Bond {
    /// The code challenge (RFC 7636, S256).
    pub(super) challenge: Option<String>,
    /// `attributes`, for `options.ip_match_required` and its sibling.
    pub(super) attributes: Option<Value>,
}

impl Bulky for Bond {
    fn heap_bytes(&self) -> usize {
        self.challenge.heap_bytes() + self.attributes.heap_bytes()
    }
}

/// The secret of an authenticator app.
#[derive(Clone, Debug)]
pub(super) struct TotpSecret {
    /// The key of RFC 6238.
    pub(super) key: Vec<u8>,
    /// Recovery codes that were imported instead of made.
    pub(super) recovery: Option<Vec<String>>,
}

impl Book {
    /// Forgets a person.
    pub(super) fn forget_person(&mut self, org: Option<OrgId>, person: UserId) {
        if let Some(id) = self
            .people
            .remove(&person)
            .and_then(|profile| profile.external_id)
        {
            self.external_people.remove(&(org, id));
        }
        self.secrets.remove(&person);
        self.sso_registrations.forget(person);
        self.passkeys.forget(person);
        self.totps.remove(&person);
        if self.sandbox.is_some_and(|(user, _)| user == person) {
            self.sandbox = None;
        }
    }

    /// The secret of an authenticator app, if it was imported.
    pub(super) fn totp(&self, person: UserId, app: MeansId) -> Option<&TotpSecret> {
        let mut imported = self.totps.get(&person)?.iter();
        imported
            .find(|(id, _)| *id == app)
            .map(|(_, secret)| secret)
    }

    /// Forgets a person's external id.
    pub(super) fn forget_external_id(&mut self, org: Option<OrgId>, person: UserId) {
        let profile = self.people.get_mut(&person);
        if let Some(id) = profile.and_then(|profile| profile.external_id.take()) {
            self.external_people.remove(&(org, id));
        }
    }

    /// Forgets an organization.
    pub(super) fn forget_org(&mut self, org: OrgId) {
        if let Some(profile) = self.orgs.remove(&org) {
            for name in [profile.slug, profile.external_id].into_iter().flatten() {
                self.org_names.remove(&name);
            }
        }
        self.org_policies.remove(&org);
        self.sso.forget(org);
    }
}

/// Stytch's rule for metadata: the top level is merged, null deletes, values are replaced.
pub(super) fn merge(kept: &mut Map<String, Value>, update: &Map<String, Value>) {
    for (key, value) in update {
        if value.is_null() {
            kept.remove(key);
        } else {
            kept.insert(key.clone(), value.clone());
        }
    }
}

/// Stytch's rule for custom claims: merged to the bottom, null deletes anywhere.
pub(super) fn merge_deep(kept: &mut Map<String, Value>, update: &Map<String, Value>) {
    for (key, value) in update {
        match (kept.get_mut(key), value) {
            (_, Value::Null) => {
                kept.remove(key);
            }
            (Some(Value::Object(inner)), Value::Object(update)) => merge_deep(inner, update),
            _ => {
                kept.insert(key.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        match value {
            Value::Object(map) => map,
            other => panic!("no object: {other}"),
        }
    }

    #[test]
    fn metadata_merges_at_the_top_only() {
        let mut kept = map(json!({"plan": "pro", "address": {"city": "Ulm", "zip": 1}}));
        merge(
            &mut kept,
            &map(json!({"plan": null, "address": {"city": "Bonn"}})),
        );
        assert_eq!(Value::Object(kept), json!({"address": {"city": "Bonn"}}));
    }

    #[test]
    fn claims_merge_to_the_bottom() {
        let mut kept = map(json!({"a": {"b": 1, "c": 2}}));
        merge_deep(&mut kept, &map(json!({"a": {"b": null, "d": 3}})));
        assert_eq!(Value::Object(kept), json!({"a": {"c": 2, "d": 3}}));
    }
}
