//! Names: what the protocol core calls people, tokens and keys, and what real providers call them.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use cutover_mocks::auth0::{self, RefreshToken};
use cutover_mocks::email::Email;
use cutover_mocks::http::Owner;
use cutover_mocks::keys::{KeyId, KeySet};
use cutover_mocks::stytch::OrgId;
use jsonwebtoken::DecodingKey;
use jsonwebtoken::jwk::JwkSet;

use crate::driver::http::wallet::Wallet;
use crate::population::seed::Starting;
use crate::population::{PersonId, Population};
use crate::tenant::provision::{Account, Provisioned};
use crate::tenant::secret::Secret;

/// Nobody's number.
const NOBODY: u32 = u32::MAX;

/// What stands for a text that is nowhere: no provider knows it.
pub(super) const UNKNOWN: &str = "cutover-rehearsal-unknown";

/// A test person with the core's names for them.
#[derive(Debug)]
struct Known {
    account: Account,
    legacy: Email,
    stytch: Email,
    subject: auth0::UserId,
}

/// All names of one run.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) wallet: Wallet,
    people: BTreeMap<PersonId, Known>,
    by_address: BTreeMap<String, PersonId>,
    by_subject: BTreeMap<String, PersonId>,
    organizations: BTreeMap<u32, String>,
    keys: RwLock<Keys>,
}

/// Keys in the order in which they were first seen.
#[derive(Default)]
struct Keys {
    ids: BTreeMap<(Owner, String), KeyId>,
    decoding: BTreeMap<(Owner, KeyId), Arc<DecodingKey>>,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keys").finish_non_exhaustive()
    }
}

impl Names {
    /// Names for what was provisioned.
    pub(super) fn new(
        population: &Population,
        starting: &Starting,
        provisioned: Provisioned,
        wallet: usize,
    ) -> Self {
        let mut names = Self {
            wallet: Wallet::new(wallet),
            people: BTreeMap::new(),
            by_address: BTreeMap::new(),
            by_subject: BTreeMap::new(),
            organizations: BTreeMap::new(),
            keys: RwLock::default(),
        };
        for (number, id) in provisioned.organizations {
            if let Some(org) = starting.organization(number) {
                names.organizations.insert(org.0, id);
            }
        }
        for account in provisioned.people {
            let id = PersonId(account.person);
            let person = population.person(id);
            for address in [&account.email, &account.stytch_email] {
                names.by_address.insert(address.to_lowercase(), id);
            }
            names.by_subject.insert(account.auth0_id.clone(), id);
            let known = Known {
                account,
                legacy: id.legacy_email(person),
                stytch: id.stytch_email(person),
                subject: starting.subject(id).unwrap_or(auth0::UserId(NOBODY)),
            };
            names.people.insert(id, known);
        }
        names
    }

    /// The account behind an address; none for people who were not made.
    pub(super) fn account(&self, email: Email) -> Option<&Account> {
        let known = self.people.get(&PersonId(email.mailbox / 2))?;
        Some(&known.account)
    }

    /// The account of a person.
    pub(super) fn account_of(&self, person: PersonId) -> Option<&Account> {
        self.people.get(&person).map(|known| &known.account)
    }

    /// The text of an address: each person has an even mailbox, and an odd one for another address.
    pub(super) fn address(&self, email: Email) -> &str {
        match self.account(email) {
            Some(account) if email.mailbox.is_multiple_of(2) => &account.email,
            Some(account) => &account.stytch_email,
            None => UNKNOWN,
        }
    }

    /// The password of whoever has an address.
    pub(super) fn password(&self, email: Email) -> Option<&Secret> {
        self.account(email).map(|account| &account.password)
    }

    /// The address as the legacy provider keeps it.
    pub(super) fn legacy_email(&self, text: &str) -> Email {
        let known = self.by_address.get(&text.to_lowercase());
        let known = known.and_then(|id| self.people.get(id));
        known.map_or(Email::lower(NOBODY), |known| known.legacy)
    }

    /// The address as Stytch keeps it.
    pub(super) fn stytch_email(&self, text: &str) -> Email {
        let known = self.by_address.get(&text.to_lowercase());
        let known = known.and_then(|id| self.people.get(id));
        known.map_or(Email::lower(NOBODY), |known| known.stytch)
    }

    /// Whom the legacy provider calls so.
    pub(super) fn subject(&self, text: &str) -> auth0::UserId {
        let known = self.by_subject.get(text).and_then(|id| self.people.get(id));
        known.map_or(auth0::UserId(NOBODY), |known| known.subject)
    }

    /// An organization's id.
    pub(super) fn organization(&self, org: Option<OrgId>) -> Option<&str> {
        self.organizations.get(&org?.0).map(String::as_str)
    }

    /// Which organization has this id.
    pub(super) fn org(&self, id: &str) -> OrgId {
        let found = self.organizations.iter().find(|(_, known)| *known == id);
        OrgId(found.map_or(NOBODY, |(number, _)| *number))
    }

    /// The text behind a handle, or one that nobody knows.
    pub(super) fn text(&self, handle: u32) -> Arc<str> {
        self.wallet.text(handle).unwrap_or_else(|| UNKNOWN.into())
    }

    /// The text of a refresh token, or one that nobody knows.
    pub(super) fn refresh_text(&self, token: RefreshToken) -> Arc<str> {
        let own = self.wallet.own_refresh_text(token);
        own.unwrap_or_else(|| UNKNOWN.into())
    }

    /// Learns a key set. The core tells up to three keys apart: those at the front of the set.
    pub(super) fn learn(&self, owner: Owner, set: &JwkSet) -> Option<KeySet> {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        let mut ids = Vec::new();
        for jwk in &set.keys {
            let (Some(kid), Ok(key)) = (&jwk.common.key_id, DecodingKey::from_jwk(jwk)) else {
                continue;
            };
            let id = keys.number(owner, kid);
            keys.decoding.insert((owner, id), Arc::new(key));
            ids.push(id);
        }
        let mut ids = ids.into_iter();
        Some(KeySet {
            current: ids.next()?,
            next: ids.next(),
            previous: ids.next(),
        })
    }

    /// The number of a key by its id.
    pub(super) fn key_id(&self, owner: Owner, kid: &str) -> KeyId {
        let mut keys = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        keys.number(owner, kid)
    }

    /// The key that a JWT says it was signed with.
    pub(super) fn key_of(&self, owner: Owner, text: &str) -> Option<KeyId> {
        let kid = jsonwebtoken::decode_header(text).ok()?.kid?;
        Some(self.key_id(owner, &kid))
    }

    /// Everybody who was made.
    pub(super) fn people(&self) -> impl Iterator<Item = PersonId> {
        self.people.keys().copied()
    }

    /// A key that was published.
    pub(super) fn key(&self, owner: Owner, id: KeyId) -> Option<Arc<DecodingKey>> {
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        keys.decoding.get(&(owner, id)).cloned()
    }
}

impl Keys {
    fn number(&mut self, owner: Owner, kid: &str) -> KeyId {
        let next = KeyId(u16::try_from(self.ids.len()).unwrap_or(u16::MAX));
        *self.ids.entry((owner, kid.to_owned())).or_insert(next)
    }
}
