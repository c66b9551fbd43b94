//! `POST /u/login`: the login page is submitted.

use super::call::{Connection, Error, Proof, Stamp, Transaction, UserId};
use super::tenant::{Said, Tenant};
use crate::email::Email;
use crate::time::Timestamp;

/// Hops of a login by page, as in `authorize`: the page that was looked at, and the resumed `/authorize`.
const PAGE_HOPS: u8 = 2;
/// The same, and the way back from the social provider.
const SOCIAL_HOPS: u8 = 3;

impl Tenant {
    /// The connection of a login that has begun and not ended.
    pub fn login_connection(&self, transaction: Transaction) -> Option<Connection> {
        self.logins
            .look(transaction.0)
            .map(|login| login.connection)
    }

    pub(super) fn submit_login(
        &mut self,
        stamp: Stamp,
        now: Timestamp,
        transaction: Transaction,
        email: Email,
        proof: Proof,
    ) -> Said {
        let login = *self
            .logins
            .get_mut(now, transaction.0)
            .ok_or(Error::InvalidTransaction)?;
        // A failed proof leaves the page open for another.
        let user = self.prove(stamp, now, email, login.connection, proof)?;
        self.logins.take(now, transaction.0);
        self.limits.draw(
            if login.connection == Connection::Google {
                SOCIAL_HOPS
            } else {
                PAGE_HOPS
            },
            stamp.at,
        );
        self.log_in(now, login, user)
    }

    /// Judges what a person typed, with attack protection in front.
    pub(super) fn prove(
        &mut self,
        stamp: Stamp,
        now: Timestamp,
        email: Email,
        connection: Connection,
        proof: Proof,
    ) -> Result<UserId, Error> {
        self.protection.admit(email.mailbox, stamp.address, now)?;
        let proven = match (connection, proof) {
            (Connection::Database, Proof::RightPassword) => self
                .users
                .find(email, connection)
                .filter(|id| self.users.get(*id).is_some_and(|user| user.has_password))
                .ok_or(Error::WrongPassword),
            (Connection::Email, Proof::RightCode) => Ok(self.find_or_create(email, connection)),
            (Connection::Google, Proof::RightPassword | Proof::RightCode) => {
                Ok(self.find_or_create(email, connection))
            }
            (Connection::Email, _) => Err(Error::WrongCode),
            (Connection::Database | Connection::Google, _) => Err(Error::WrongPassword),
        };
        match proven {
            Ok(_) => self.protection.succeeded(email.mailbox, stamp.address),
            Err(_) => self.protection.failed(email.mailbox, stamp.address, now),
        }
        proven
    }
}
