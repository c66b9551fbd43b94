//! The users of the tenant: rows found by id, or by mailbox and connection.

use rustc_hash::FxHashMap;

use super::call::{Change, Connection, UserId};
use crate::email::{Email, Move, Moves};
use crate::lasting::Lasting;

/// A user as the tenant keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a row of independent flags, kept small"
)]
pub struct User {
    /// The address; lower case except from a social provider, which Auth0 takes as it is.
    pub email: Email,
    /// Where the identity comes from.
    pub connection: Connection,
    /// `email_verified`.
    pub verified: bool,
    /// `blocked`.
    pub blocked: bool,
    /// Whether a password is set (database connection only).
    pub has_password: bool,
    deleted: bool,
    /// The next user with the same mailbox.
    next: u32,
}

/// No next user.
const END: u32 = u32::MAX;

/// All users. 20 bytes each, and 8 to 16 in the index. Where there is a bound, those that were deleted
/// are forgotten now and then.
#[derive(Clone, Debug, Default)]
pub(super) struct Users {
    rows: Lasting<User>,
    first: FxHashMap<u32, u32>,
    /// How many exist.
    count: usize,
    moves: Moves,
    most: Option<usize>,
}

impl Users {
    /// Makes room ahead of seeding.
    pub(super) fn reserve(&mut self, more: usize) {
        self.rows.reserve(more);
        self.first.reserve(more);
    }

    /// Sets how many exist at most; any number if nobody does.
    pub(super) fn keep_at_most(&mut self, most: usize) {
        self.most = Some(most);
    }

    /// Whether no more can be added by a call.
    pub(super) fn are_full(&self) -> bool {
        self.most.is_some_and(|most| self.count >= most)
    }

    /// Begins to write down which mailboxes change hands.
    pub(super) fn watch(&mut self) {
        let there = self.rows.iter().filter(|(_, user)| !user.deleted);
        self.moves.watch(there.map(|(_, user)| user.email.mailbox));
    }

    /// Which have since this was last asked.
    pub(super) fn take_moves(&mut self) -> Vec<Move> {
        self.moves.take()
    }

    /// Adds a user, whoever else has the address.
    pub(super) fn add(
        &mut self,
        email: Email,
        connection: Connection,
        verified: bool,
        has_password: bool,
    ) -> UserId {
        if self.most.is_some() && self.rows.is_due() {
            self.rows.sweep(|user| user.deleted);
        }
        self.count += 1;
        let email = as_kept(email, connection);
        let id = UserId(self.rows.put(User {
            email,
            connection,
            verified,
            blocked: false,
            has_password,
            deleted: false,
            next: END,
        }));
        self.link(id);
        id
    }

    /// A user that exists.
    pub(super) fn get(&self, id: UserId) -> Option<&User> {
        self.rows.get(id.0).filter(|user| !user.deleted)
    }

    pub(super) fn get_mut(&mut self, id: UserId) -> Option<&mut User> {
        self.rows.get_mut(id.0).filter(|user| !user.deleted)
    }

    /// The users that exist from an id on, oldest first.
    pub(super) fn ids_from(&self, first: UserId) -> impl Iterator<Item = UserId> + '_ {
        let rows = self.rows.iter_from(first.0);
        rows.filter(|(_, user)| !user.deleted)
            .map(|(id, _)| UserId(id))
    }

    /// The user of a connection with this address, letter case aside.
    pub(super) fn find(&self, email: Email, connection: Connection) -> Option<UserId> {
        self.with_mailbox(email.mailbox)
            .find(|(_, user)| user.connection == connection)
            .map(|(id, _)| id)
    }

    /// Everybody with this mailbox, newest first.
    pub(super) fn with_mailbox(&self, mailbox: u32) -> impl Iterator<Item = (UserId, &User)> {
        let mut next = self.first.get(&mailbox).copied().unwrap_or(END);
        std::iter::from_fn(move || {
            let id = UserId(next);
            let user = self.rows.get(next)?;
            next = user.next;
            Some((id, user))
        })
    }

    /// Changes a user; false if there is none.
    pub(super) fn change(&mut self, id: UserId, change: Change) -> bool {
        let Some(user) = self.get_mut(id) else {
            return false;
        };
        user.blocked = change.blocked.unwrap_or(user.blocked);
        user.verified = change.verified.unwrap_or(user.verified);
        user.has_password |= change.password;
        if let Some(email) = change.email {
            let kept = as_kept(email, user.connection);
            self.unlink(id);
            if let Some(user) = self.rows.get_mut(id.0) {
                user.email = kept;
            }
            self.link(id);
        }
        true
    }

    /// Deletes a user; false if there is none.
    pub(super) fn delete(&mut self, id: UserId) -> bool {
        let Some(user) = self.get_mut(id) else {
            return false;
        };
        user.deleted = true;
        self.count -= 1;
        self.unlink(id);
        true
    }

    fn link(&mut self, id: UserId) {
        let Some(user) = self.rows.get_mut(id.0) else {
            return;
        };
        self.moves.note(Move::Gained(user.email.mailbox));
        user.next = self.first.insert(user.email.mailbox, id.0).unwrap_or(END);
    }

    fn unlink(&mut self, id: UserId) {
        let Some(&User { email, next, .. }) = self.rows.get(id.0) else {
            return;
        };
        self.moves.note(Move::Lost(email.mailbox));
        let before = self
            .with_mailbox(email.mailbox)
            .find(|(_, user)| user.next == id.0)
            .map(|(before, _)| before);
        match before {
            Some(before) => {
                if let Some(before) = self.rows.get_mut(before.0) {
                    before.next = next;
                }
            }
            None if next == END => drop(self.first.remove(&email.mailbox)),
            None => drop(self.first.insert(email.mailbox, next)),
        }
    }
}

/// Auth0 lower-cases the addresses it collects itself and keeps those of social providers as given.
const fn as_kept(email: Email, connection: Connection) -> Email {
    match connection {
        Connection::Database | Connection::Email | Connection::Sms => Email::lower(email.mailbox),
        Connection::Google => email,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth0::Connection::{Database, Google};

    #[test]
    fn several_identities_may_share_an_address() {
        let mut users = Users::default();
        let email = Email {
            mailbox: 5,
            spelling: 3,
        };
        let database = users.add(email, Database, true, true);
        let google = users.add(email, Google, true, false);
        assert_eq!(users.find(Email::lower(5), Database), Some(database));
        assert_eq!(users.find(email, Google), Some(google));
        assert_eq!(
            users.get(database).unwrap().email,
            Email::lower(5),
            "Auth0 lower-cases its own"
        );
        assert_eq!(
            users.get(google).unwrap().email,
            email,
            "and keeps Google's"
        );
    }

    #[test]
    fn who_comes_and_goes_is_forgotten_where_there_is_a_bound() {
        let mut users = Users::default();
        users.keep_at_most(10);
        let add = |users: &mut Users| users.add(Email::lower(1), Database, true, true);
        let stays = users.add(Email::lower(0), Database, true, true);
        for _ in 0..200_000 {
            let goes = add(&mut users);
            assert!(users.delete(goes) && !users.are_full());
        }
        assert!(users.rows.len() <= 1 << 16, "{}", users.rows.len());
        assert!(users.get(stays).is_some());
        for _ in 0..9 {
            add(&mut users);
        }
        assert!(users.are_full(), "ten are there");
        let all: Vec<UserId> = users.ids_from(UserId(1)).collect();
        assert_eq!(all.len(), 9);
    }

    #[test]
    fn deleting_and_moving_keep_the_others_findable() {
        let mut users = Users::default();
        let ids: Vec<UserId> = [Database, Google, Database]
            .map(|from| users.add(Email::lower(1), from, true, true))
            .to_vec();
        let left = |users: &Users| users.with_mailbox(1).map(|(id, _)| id).collect::<Vec<_>>();
        assert!(users.delete(ids[1]));
        assert!(!users.delete(ids[1]), "only once");
        assert_eq!(left(&users), [ids[2], ids[0]]);
        assert!(users.change(
            ids[2],
            Change {
                email: Some(Email::lower(2)),
                ..Change::default()
            }
        ));
        assert_eq!(left(&users), [ids[0]]);
        assert_eq!(users.find(Email::lower(2), Database), Some(ids[2]));
        assert!(users.delete(ids[0]));
        assert_eq!(left(&users), []);
    }
}
