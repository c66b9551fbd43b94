//! What people have beside their first address: further addresses, numbers, authenticator apps,
//! ties to social providers. Kept only for those who have any.

use super::call::UserId;
use super::people::{NO_EMAIL, People};
use super::with::{Phone, Provider};
use crate::email::Email;
use crate::limit::FixedWindow;
use crate::time::Timestamp;

/// The id of a first address is its person's; everything else is numbered from here on.
pub(super) const FIRST: u32 = 1 << 31;

/// The id of an address, a number, an authenticator app or a tie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MeansId(pub u32);

/// An address or a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owned<T> {
    /// Its id.
    pub id: MeansId,
    /// What it is.
    pub what: T,
    /// Whether a login has proved it, or an import said so.
    pub verified: bool,
    /// Messages sent there in the current window.
    pub(super) messages: FixedWindow,
}

/// An authenticator app.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Totp {
    /// Its id.
    pub id: MeansId,
    /// Whether a code of it was ever right.
    pub verified: bool,
    /// An unverified one is good until then.
    pub expires: Timestamp,
    /// The step of the newest code that was used; no code is good twice (RFC 6238, 5.2).
    pub used: i64,
    /// Which recovery codes are left, one bit each.
    pub recovery: u16,
    /// How often the recovery codes were made anew.
    pub generation: u16,
}

/// A tie to a social provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tie {
    /// Its id.
    pub id: MeansId,
    /// Which provider.
    pub provider: Provider,
}

/// What one person has beside their first address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Means {
    /// Further addresses.
    pub emails: Vec<Owned<Email>>,
    /// Numbers. A member has at most one, for their second factor.
    pub phones: Vec<Owned<Phone>>,
    /// Authenticator apps: at most one is verified.
    pub totps: Vec<Totp>,
    /// Ties to social providers.
    pub ties: Vec<Tie>,
    /// Passkeys; only codecs see keys.
    pub passkeys: Vec<MeansId>,
    /// Addresses that a member had before (B2B).
    pub retired: Vec<Owned<Email>>,
}

/// Something that a person has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// An address.
    Email,
    /// A number.
    Phone,
    /// An authenticator app.
    Totp,
    /// A tie to a social provider.
    Tie,
    /// A passkey.
    Passkey,
    /// A password; its id is its person's.
    Password,
}

impl Means {
    /// Whether this is one of them.
    fn has(&self, id: MeansId) -> bool {
        holds(&self.emails, id)
            || holds(&self.phones, id)
            || holds(&self.retired, id)
            || self.totps.iter().any(|totp| totp.id == id)
            || self.ties.iter().any(|tie| tie.id == id)
            || self.passkeys.contains(&id)
    }
}

impl People {
    pub(super) fn means(&self, user: UserId) -> Option<&Means> {
        self.means.get(&user)
    }

    pub(super) fn means_mut(&mut self, user: UserId) -> &mut Means {
        self.means.entry(user).or_default()
    }

    fn next_id(&mut self, owner: UserId) -> MeansId {
        if self.owners.is_due() {
            let means = &self.means;
            self.owners.sweep_numbered(|number, owner| {
                let means = means.get(owner);
                !means.is_some_and(|means| means.has(MeansId(FIRST | number)))
            });
        }
        MeansId(FIRST | self.owners.put(owner))
    }

    /// Whose this is; an address may still be a first one.
    pub(super) fn owner(&self, thing: Thing, id: MeansId) -> Option<UserId> {
        let user = match id.0.checked_sub(FIRST) {
            Some(number) => *self.owners.get(number)?,
            None => UserId(id.0),
        };
        let row = self.user(user)?;
        let means = self.means(user);
        let holds = match thing {
            Thing::Email if id.0 < FIRST => row.has_email(),
            Thing::Email => means.is_some_and(|means| holds(&means.emails, id)),
            Thing::Phone => means.is_some_and(|means| holds(&means.phones, id)),
            Thing::Totp => means.is_some_and(|means| means.totps.iter().any(|it| it.id == id)),
            Thing::Tie => means.is_some_and(|means| means.ties.iter().any(|it| it.id == id)),
            Thing::Passkey => means.is_some_and(|means| means.passkeys.contains(&id)),
            Thing::Password => id.0 < FIRST && row.has_password,
        };
        holds.then_some(user)
    }

    /// Who has this number (consumer: at most one).
    pub(super) fn with_phone(&self, phone: Phone) -> Option<UserId> {
        self.by_phone.get(&phone).copied()
    }

    /// The id of a person's number.
    pub(super) fn phone_id(&self, user: UserId, phone: Phone) -> Option<MeansId> {
        let phones = &self.means(user)?.phones;
        phones
            .iter()
            .find(|it| it.what == phone)
            .map(|owned| owned.id)
    }

    /// The id of a person's address.
    pub(super) fn email_id(&self, user: UserId, email: Email) -> Option<MeansId> {
        let row = self.user(user)?;
        if row.has_email() && row.email.mailbox == email.mailbox {
            return Some(MeansId(user.0));
        }
        let emails = &self.means(user)?.emails;
        let owned = emails.iter().find(|it| it.what.mailbox == email.mailbox);
        owned.map(|owned| owned.id)
    }

    /// Gives a person a further address that nobody has.
    pub(super) fn add_email(&mut self, user: UserId, email: Email) -> MeansId {
        let org = self.user(user).and_then(super::people::User::org);
        self.claim(email, org, user);
        let bare = self.user(user).is_some_and(|row| !row.has_email());
        if bare && let Some(row) = self.user_mut(user) {
            (row.email, row.verified) = (email, false);
            return MeansId(user.0);
        }
        let id = self.next_id(user);
        let owned = Owned {
            id,
            what: email,
            verified: false,
            messages: FixedWindow::default(),
        };
        self.means_mut(user).emails.push(owned);
        id
    }

    /// Gives a person a number; in a consumer project one that nobody has.
    pub(super) fn add_phone(&mut self, user: UserId, phone: Phone, verified: bool) -> MeansId {
        let id = self.next_id(user);
        let owned = Owned {
            id,
            what: phone,
            verified,
            messages: FixedWindow::default(),
        };
        self.means_mut(user).phones.push(owned);
        if self.has_users() {
            self.by_phone.insert(phone, user);
        }
        id
    }

    pub(super) fn add_totp(&mut self, user: UserId, expires: Timestamp) -> MeansId {
        let id = self.next_id(user);
        let totp = Totp {
            id,
            verified: false,
            expires,
            used: i64::MIN,
            recovery: ALL_CODES,
            generation: 0,
        };
        let totps = &mut self.means_mut(user).totps;
        totps.retain(|it| it.verified);
        totps.push(totp);
        id
    }

    pub(super) fn add_passkey(&mut self, user: UserId) -> MeansId {
        let id = self.next_id(user);
        self.means_mut(user).passkeys.push(id);
        id
    }

    /// The tie of a person to a provider, made now if there is none.
    pub(super) fn tie(&mut self, user: UserId, provider: Provider) -> MeansId {
        let known = self
            .means(user)
            .and_then(|means| means.ties.iter().find(|it| it.provider == provider));
        if let Some(tie) = known {
            return tie.id;
        }
        let id = self.next_id(user);
        self.means_mut(user).ties.push(Tie { id, provider });
        id
    }

    /// Marks an address or number as proved.
    pub(super) fn verify(&mut self, user: UserId, id: MeansId) {
        if id.0 < FIRST {
            if let Some(row) = self.user_mut(user) {
                row.verified = true;
            }
            return;
        }
        let Some(means) = self.means.get_mut(&user) else {
            return;
        };
        for owned in &mut means.emails {
            owned.verified |= owned.id == id;
        }
        for owned in &mut means.phones {
            owned.verified |= owned.id == id;
        }
    }

    /// What counts the messages to an address or a number.
    pub(super) fn messages_mut(&mut self, user: UserId, id: MeansId) -> Option<&mut FixedWindow> {
        if id.0 < FIRST {
            return self.user_mut(user).map(|row| &mut row.mails);
        }
        let means = self.means.get_mut(&user)?;
        let emails = means.emails.iter_mut();
        let emails = emails.map(|it| (it.id, &mut it.messages));
        let phones = means.phones.iter_mut();
        let phones = phones.map(|it| (it.id, &mut it.messages));
        let mut all = emails.chain(phones);
        all.find_map(|(known, messages)| (known == id).then_some(messages))
    }

    /// Takes an address from its person, who keeps any others.
    pub(super) fn drop_email(&mut self, user: UserId, id: MeansId) {
        let org = self.user(user).and_then(super::people::User::org);
        let gone = if id.0 < FIRST {
            let row = self.user_mut(user);
            row.map(|row| std::mem::replace(&mut row.email, NO_EMAIL))
        } else {
            let emails = &mut self.means_mut(user).emails;
            let place = emails.iter().position(|it| it.id == id);
            place.map(|place| emails.remove(place).what)
        };
        if let Some(email) = gone {
            self.release(email, org);
        }
    }

    /// Takes a number from its person.
    pub(super) fn drop_phone(&mut self, user: UserId, id: MeansId) {
        let phones = &mut self.means_mut(user).phones;
        if let Some(place) = phones.iter().position(|it| it.id == id) {
            let phone = phones.remove(place).what;
            if self.by_phone.get(&phone) == Some(&user) {
                self.by_phone.remove(&phone);
            }
        }
    }

    /// Frees every further address and number of somebody who goes.
    pub(super) fn release_means(&mut self, user: UserId) {
        let org = self.user(user).and_then(super::people::User::org);
        let Some(means) = self.means.get(&user).cloned() else {
            return;
        };
        for owned in means.emails.iter().chain(&means.retired) {
            self.release(owned.what, org);
        }
        for owned in means.phones {
            if self.by_phone.get(&owned.what) == Some(&user) {
                self.by_phone.remove(&owned.what);
            }
        }
    }

    /// A member's address changes; the one before it is retired.
    pub(super) fn change_email(&mut self, user: UserId, email: Email, verified: bool) {
        let org = self.user(user).and_then(super::people::User::org);
        let id = self.next_id(user);
        let Some(row) = self.user_mut(user) else {
            return;
        };
        let before = Owned {
            id,
            what: std::mem::replace(&mut row.email, email),
            verified: std::mem::replace(&mut row.verified, verified),
            messages: FixedWindow::default(),
        };
        // A retired address still belongs to its member: nobody else can take it until it is unlinked.
        self.claim(email, org, user);
        let retired = &mut self.means_mut(user).retired;
        retired.retain(|it| it.what.mailbox != email.mailbox);
        if before.what != NO_EMAIL && before.what.mailbox != email.mailbox {
            retired.push(before);
        }
    }

    /// Frees a retired address.
    pub(super) fn unlink(&mut self, user: UserId, email: Email) -> bool {
        let org = self.user(user).and_then(super::people::User::org);
        let retired = &mut self.means_mut(user).retired;
        let place = retired
            .iter()
            .position(|it| it.what.mailbox == email.mailbox);
        let Some(place) = place else {
            return false;
        };
        retired.remove(place);
        self.release(email, org);
        true
    }
}

/// Ten recovery codes, none used yet.
pub(super) const ALL_CODES: u16 = (1 << Totp::CODES) - 1;

impl Totp {
    /// How many recovery codes come with an authenticator app (Stytch docs).
    pub const CODES: u16 = 10;
}

fn holds<T>(owned: &[Owned<T>], id: MeansId) -> bool {
    owned.iter().any(|it| it.id == id)
}
