//! Users or members, and organizations: who exists, under which address, and who is locked.

use rustc_hash::{FxHashMap, FxHashSet};

use super::call::{OrgId, UserId, Vertical};
use super::means::Means;
use super::org_rules::OrgRules;
use super::with::Phone;
use crate::email::{Email, Move, Moves};
use crate::lasting::Lasting;
use crate::limit::FixedWindow;
use crate::time::Timestamp;

/// The absent organization or session in a compact row.
pub(super) const NONE: u32 = u32::MAX;

/// The address of people who have none: they are known by a number.
pub(super) const NO_EMAIL: Email = Email::lower(u32::MAX);

/// Where somebody stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// They have logged in, or count as if they had.
    #[default]
    Active,
    /// They were created on the way and have not logged in yet.
    Pending,
    /// They were invited and have not come yet (B2B).
    Invited,
    /// They were deleted; a member can be reactivated.
    Deleted,
}

/// A user or a member.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not states"
)]
pub(super) struct User {
    pub(super) email: Email,
    org: u32,
    /// The newest of the user's sessions; the others are linked behind it.
    pub(super) newest_session: u32,
    pub(super) created: Timestamp,
    /// The user is locked before this time.
    pub(super) locked_until: Timestamp,
    /// Mails sent in the current window.
    pub(super) mails: FixedWindow,
    /// Failures in a row.
    pub(super) failures: u32,
    pub(super) has_password: bool,
    pub(super) verified: bool,
    /// Nobody but their organization's own identity provider vouches for the address (B2B).
    pub(super) by_sso_only: bool,
    /// Has a second factor of their own (B2B).
    pub(super) mfa_enrolled: bool,
    /// The password has to be reset before it is good again.
    pub(super) stale_password: bool,
    /// Is not bound by what the organization allows (B2B).
    pub(super) breakglass: bool,
    pub(super) status: Status,
}

const _: () = assert!(size_of::<User>() <= 64, "two million users must fit");

impl User {
    pub(super) fn org(&self) -> Option<OrgId> {
        (self.org != NONE).then_some(OrgId(self.org))
    }

    pub(super) fn has_email(&self) -> bool {
        self.email != NO_EMAIL
    }

    fn exists(&self) -> bool {
        self.status != Status::Deleted
    }
}

/// An organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Org {
    pub(super) rules: OrgRules,
    pub(super) created: Timestamp,
    deleted: bool,
}

/// A B2B call names no organization, or one that does not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NoSuchOrg;

/// A new person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NewUser {
    pub(super) email: Email,
    pub(super) org: Option<OrgId>,
    pub(super) has_password: bool,
    pub(super) verified: bool,
    pub(super) mfa_enrolled: bool,
    pub(super) status: Status,
}

impl NewUser {
    /// Someone with an address and nothing else.
    pub(super) fn plain(email: Email, org: Option<OrgId>) -> Self {
        Self {
            email,
            org,
            has_password: false,
            verified: false,
            mfa_enrolled: false,
            status: Status::Active,
        }
    }
}

/// Everyone in a project.
#[derive(Clone, Debug)]
pub(super) struct People {
    vertical: Vertical,
    users: Lasting<User>,
    orgs: Vec<Org>,
    /// Organization and mailbox to user. Never iterated.
    by_address: FxHashMap<u64, u32>,
    /// Number to user (consumer). Never iterated.
    pub(super) by_phone: FxHashMap<Phone, UserId>,
    /// What people have beside their first address. Never iterated.
    pub(super) means: FxHashMap<UserId, Means>,
    /// Whose each of those is, by the order in which they were made.
    pub(super) owners: Lasting<UserId>,
    /// How many people exist.
    count: usize,
    moves: Moves,
    /// People that are kept at most, and organizations that there ever are.
    most: (usize, usize),
}

impl People {
    pub(super) fn new(vertical: Vertical) -> Self {
        Self {
            vertical,
            users: Lasting::default(),
            orgs: Vec::new(),
            by_address: FxHashMap::default(),
            by_phone: FxHashMap::default(),
            means: FxHashMap::default(),
            owners: Lasting::default(),
            count: 0,
            moves: Moves::default(),
            most: (usize::MAX, usize::MAX),
        }
    }

    /// Whether the project has users, not members.
    pub(super) fn has_users(&self) -> bool {
        self.vertical == Vertical::Consumer
    }

    /// Consumer projects have no organizations; B2B calls need an existing one.
    pub(super) fn scope(&self, org: Option<OrgId>) -> Result<Option<OrgId>, NoSuchOrg> {
        match (self.vertical, org) {
            (Vertical::Consumer, _) => Ok(None),
            (Vertical::B2b, Some(org)) if self.org(org).is_some() => Ok(Some(org)),
            (Vertical::B2b, _) => Err(NoSuchOrg),
        }
    }

    pub(super) fn user(&self, id: UserId) -> Option<&User> {
        self.users.get(id.0).filter(|user| user.exists())
    }

    pub(super) fn user_mut(&mut self, id: UserId) -> Option<&mut User> {
        self.users.get_mut(id.0).filter(|user| user.exists())
    }

    pub(super) fn org(&self, id: OrgId) -> Option<&Org> {
        self.orgs.get(id.0 as usize).filter(|org| !org.deleted)
    }

    pub(super) fn org_mut(&mut self, id: OrgId) -> Option<&mut Org> {
        self.orgs.get_mut(id.0 as usize).filter(|org| !org.deleted)
    }

    /// Sets how many people are kept at most, and how many organizations there ever are; any number if
    /// nobody does.
    pub(super) fn keep_at_most(&mut self, people: usize, organizations: usize) {
        self.most = (people, organizations);
    }

    /// Whether nobody else can be added by a call.
    pub(super) fn are_full(&self) -> bool {
        // Deleted members can come back.
        let kept = if self.has_users() {
            self.count
        } else {
            self.users.len()
        };
        kept >= self.most.0
    }

    /// Whether no other organization can be added by a call.
    pub(super) fn is_full_of_orgs(&self) -> bool {
        self.orgs.len() >= self.most.1
    }

    /// Begins to write down which mailboxes change hands.
    pub(super) fn watch(&mut self) {
        let addresses = self.users.iter().map(|(_, user)| user.email);
        let others = self.users.iter().flat_map(|(id, _)| {
            let means = self.means.get(&UserId(id));
            means.into_iter().flat_map(|means| {
                let owned = means.emails.iter().chain(&means.retired);
                owned.map(|owned| owned.what)
            })
        });
        let all = addresses.chain(others).filter(|email| *email != NO_EMAIL);
        self.moves.watch(all.map(|email| email.mailbox));
    }

    /// Which have since this was last asked.
    pub(super) fn take_moves(&mut self) -> Vec<Move> {
        self.moves.take()
    }

    /// The person with this address, letter case aside.
    pub(super) fn find(&self, email: Email, org: Option<OrgId>) -> Option<UserId> {
        self.by_address.get(&key(email, org)).copied().map(UserId)
    }

    /// Sets the head of the list of a person's sessions, also of one who was deleted; says what it was.
    pub(super) fn set_newest_session(&mut self, id: UserId, session: u32) -> u32 {
        let row = self.users.get_mut(id.0);
        row.map_or(NONE, |row| {
            std::mem::replace(&mut row.newest_session, session)
        })
    }

    /// Adds a person; says who has the address where someone has it.
    pub(super) fn add(&mut self, new: NewUser, now: Timestamp) -> Result<UserId, UserId> {
        if let Some(taken) = self.find(new.email, new.org) {
            return Err(taken);
        }
        self.make_room();
        let id = self.users.issued();
        if new.email != NO_EMAIL {
            self.claim(new.email, new.org, UserId(id));
        }
        self.count += 1;
        self.users.put(User {
            email: new.email,
            org: new.org.map_or(NONE, |org| org.0),
            newest_session: NONE,
            created: now,
            locked_until: Timestamp::from_micros(i64::MIN),
            mails: FixedWindow::default(),
            failures: 0,
            has_password: new.has_password,
            verified: new.verified,
            by_sso_only: false,
            mfa_enrolled: new.mfa_enrolled,
            stale_password: false,
            breakglass: false,
            status: new.status,
        });
        Ok(UserId(id))
    }

    /// Forgets users who were deleted, and whose things were, now and then. Rehearsals forget nobody.
    fn make_room(&mut self) {
        if self.most.0 == usize::MAX || !self.users.is_due() {
            return;
        }
        if self.has_users() {
            self.users.sweep(|user| !user.exists());
        }
    }

    /// Removes a person; their addresses and numbers are free again. A member can come back.
    pub(super) fn remove(&mut self, id: UserId) -> bool {
        self.release_means(id);
        let Some(user) = self.user_mut(id) else {
            return false;
        };
        user.status = Status::Deleted;
        let (email, org) = (user.email, user.org());
        self.release(email, org);
        self.count -= 1;
        if self.has_users() {
            self.means.remove(&id);
        }
        true
    }

    /// A deleted person's row.
    pub(super) fn deleted(&self, id: UserId) -> Option<&User> {
        self.users.get(id.0).filter(|user| !user.exists())
    }

    /// Brings a deleted member back, unless somebody else has their address by now.
    pub(super) fn restore(&mut self, id: UserId) -> Result<(), UserId> {
        let Some(row) = self.deleted(id) else {
            return Ok(());
        };
        let (email, org) = (row.email, row.org());
        if let Some(other) = self.find(email, org) {
            return Err(other);
        }
        self.claim(email, org, id);
        if let Some(row) = self.users.get_mut(id.0) {
            row.status = Status::Active;
        }
        self.count += 1;
        Ok(())
    }

    /// Makes an address somebody's.
    pub(super) fn claim(&mut self, email: Email, org: Option<OrgId>, user: UserId) {
        let before = self.by_address.insert(key(email, org), user.0);
        if before.is_none() {
            self.moves.note(Move::Gained(email.mailbox));
        }
    }

    /// Makes an address nobody's.
    pub(super) fn release(&mut self, email: Email, org: Option<OrgId>) {
        let gone = self.by_address.remove(&key(email, org));
        // A member may come back, and is shown with the address that they had.
        if gone.is_some() && self.has_users() {
            self.moves.note(Move::Lost(email.mailbox));
        }
    }

    pub(super) fn add_org(&mut self, rules: OrgRules, now: Timestamp) -> OrgId {
        self.orgs.push(Org {
            rules,
            created: now,
            deleted: false,
        });
        OrgId(self.orgs.len() as u32 - 1)
    }

    /// Removes an organization; its members are the caller's to remove.
    pub(super) fn remove_org(&mut self, id: OrgId) -> bool {
        self.org_mut(id).is_some_and(|org| {
            org.deleted = true;
            true
        })
    }

    /// Everyone who exists, in order of id, from this id on.
    pub(super) fn users_from(&self, first: UserId) -> impl Iterator<Item = (UserId, &User)> {
        let users = self.users.iter_from(first.0);
        users
            .filter(|(_, user)| user.exists())
            .map(|(id, user)| (UserId(id), user))
    }

    /// Every organization that exists, in order of id, from this id on.
    pub(super) fn orgs_from(&self, first: OrgId) -> impl Iterator<Item = OrgId> {
        let all = first.0..self.orgs.len() as u32;
        all.map(OrgId).filter(|org| self.org(*org).is_some())
    }

    pub(super) fn reserve(&mut self, more: usize) {
        self.users.reserve(more);
        self.by_address.reserve(more);
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// Everyone who is remembered, in order of id, deleted ones included.
    pub(super) fn all_users(&self) -> impl Iterator<Item = (UserId, &User)> {
        self.users.iter().map(|(id, user)| (UserId(id), user))
    }

    /// The numbers that people have, of members who may come back as well.
    pub(super) fn phones(&self) -> FxHashSet<Phone> {
        let means = self
            .users
            .iter()
            .filter_map(|(id, _)| self.means(UserId(id)));
        means
            .flat_map(|means| means.phones.iter().map(|owned| owned.what))
            .collect()
    }

    /// Whether someone in the project is locked at this time.
    pub(super) fn is_locked(&self, id: UserId, now: Timestamp) -> bool {
        self.user(id).is_some_and(|user| now < user.locked_until)
    }
}

fn key(email: Email, org: Option<OrgId>) -> u64 {
    u64::from(org.map_or(NONE, |org| org.0)) << 32 | u64::from(email.mailbox)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stytch::Thing;

    #[test]
    fn users_who_come_and_go_are_forgotten_with_their_things() {
        let mut people = People::new(Vertical::Consumer);
        people.keep_at_most(10, 10);
        let now = Timestamp::from_secs(0);
        let add = |people: &mut People, mailbox| {
            let new = NewUser::plain(Email::lower(mailbox), None);
            people.add(new, now).expect("the address is free")
        };
        let stays = add(&mut people, 0);
        let number = people.add_phone(stays, Phone(0), true);
        for _ in 0..200_000 {
            let goes = add(&mut people, 1);
            people.add_phone(goes, Phone(1), false);
            assert!(people.remove(goes) && !people.are_full());
        }
        let kept = (people.users.len(), people.owners.len());
        assert!(kept.0 <= 1 << 16 && kept.1 <= 1 << 16, "{kept:?}");
        assert!(people.user(stays).is_some());
        assert_eq!(people.owner(Thing::Phone, number), Some(stays));
        assert_eq!(people.phones().len(), 1);
        let last = add(&mut people, 1);
        assert_eq!(last, UserId(200_001), "no id is given twice");
    }

    #[test]
    fn members_who_go_are_kept_since_they_may_come_back() {
        let mut people = People::new(Vertical::B2b);
        people.keep_at_most(10, 10);
        let now = Timestamp::from_secs(0);
        let org = people.add_org(OrgRules::open(false), now);
        for mailbox in 0..10 {
            let new = NewUser::plain(Email::lower(mailbox), Some(org));
            let member = people.add(new, now).expect("the address is free");
            assert!(people.remove(member));
        }
        assert!(people.are_full());
        assert_eq!(people.restore(UserId(3)), Ok(()));
    }
}
