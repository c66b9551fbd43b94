//! `POST /u/login`: the login page is submitted.

use super::call::{Address, Connection, Error, Proof, Scopes, Stamp, Transaction, UserId};
use super::tenant::{Said, Tenant};
use crate::email::Email;
use crate::time::Timestamp;

/// Hops of a login by page, as in `authorize`: the page that was looked at, and the resumed `/authorize`.
const PAGE_HOPS: u8 = 2;
/// The same, and the way back from the social provider.
const SOCIAL_HOPS: u8 = 3;

impl Tenant {
    /// What a login that has begun and not ended was asked for: its connection, its scopes, and
    /// whether it is for the application's API.
    pub fn login_asked(&self, transaction: Transaction) -> Option<(Connection, Scopes, bool)> {
        let login = self.logins.look(transaction.0)?;
        Some((login.connection, login.scopes, login.api))
    }

    pub(super) fn submit_login(
        &mut self,
        stamp: Stamp,
        now: Timestamp,
        transaction: Transaction,
        email: Email,
        proof: Proof,
    ) -> Said {
        let user = self.prove_login(stamp, now, transaction, email, proof)?;
        self.finish_login(stamp, now, transaction, user)
    }

    /// Judges the proof that was given on a login page. A failed one leaves the page open for another.
    pub(crate) fn prove_login(
        &mut self,
        stamp: Stamp,
        now: Timestamp,
        transaction: Transaction,
        email: Email,
        proof: Proof,
    ) -> Result<UserId, Error> {
        let login = *self
            .logins
            .get_mut(now, transaction.0)
            .ok_or(Error::InvalidTransaction)?;
        self.prove(stamp, now, email, login.connection, proof)
    }

    /// Ends a login whose proof was right.
    pub(crate) fn finish_login(
        &mut self,
        stamp: Stamp,
        now: Timestamp,
        transaction: Transaction,
        user: UserId,
    ) -> Said {
        let login = self
            .logins
            .take(now, transaction.0)
            .ok_or(Error::InvalidTransaction)?;
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
    pub(crate) fn prove(
        &mut self,
        stamp: Stamp,
        now: Timestamp,
        email: Email,
        connection: Connection,
        proof: Proof,
    ) -> Result<UserId, Error> {
        if connection == Connection::Database {
            self.protection.pace(email.mailbox, stamp.address, now)?;
        }
        self.protection.admit(email.mailbox, stamp.address, now)?;
        let proven = match (connection, proof) {
            (Connection::Database, Proof::RightPassword) => self
                .users
                .find(email, connection)
                .filter(|id| self.users.get(*id).is_some_and(|user| user.has_password))
                .ok_or(Error::WrongPassword),
            (Connection::Email | Connection::Sms, Proof::RightCode)
            | (Connection::Google, Proof::RightPassword | Proof::RightCode) => {
                self.find_or_create(email, connection)
            }
            (Connection::Email | Connection::Sms, _) => Err(Error::WrongCode),
            (Connection::Database | Connection::Google, _) => Err(Error::WrongPassword),
        };
        match proven {
            Ok(_) => self.protection.succeeded(email.mailbox, stamp.address),
            Err(Error::TooManyUsers) => {}
            Err(_) => self.protection.failed(email.mailbox, stamp.address, now),
        }
        proven.map(|identity| self.links.user_of(identity))
    }
}

/// Attempts at proofs that no call of the core makes: second factors and mailed codes by API.
impl Tenant {
    /// Whether a person may try at all.
    pub(crate) fn admit_attempt(
        &self,
        user: UserId,
        address: Address,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mailbox = self.users.get(user).map_or(0, |user| user.email.mailbox);
        self.protection.admit(mailbox, address, now)
    }

    /// Notes that an attempt failed.
    pub(crate) fn note_failure(&mut self, user: UserId, address: Address, now: Timestamp) {
        let mailbox = self.users.get(user).map_or(0, |user| user.email.mailbox);
        self.protection.failed(mailbox, address, now);
    }
}
