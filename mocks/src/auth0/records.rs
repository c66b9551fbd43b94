//! Records of people: sign-up, change of password, and the Management API.

use super::call::{Connection, Error, Manage, Reply, Stamp};
use super::tenant::{Said, Tenant};
use crate::email::Email;
use crate::time::Timestamp;

impl Tenant {
    pub(super) fn sign_up(&mut self, stamp: Stamp, now: Timestamp, email: Email) -> Said {
        self.protection.admit_sign_up(stamp.address, now)?;
        self.create(email, Connection::Database, false, true)
    }

    /// Mails a link, and takes it that the person uses it: the new password is set at once. That
    /// nobody has the address is not told.
    pub(super) fn change_password(&mut self, email: Email) -> Reply {
        if let Some(id) = self.users.find(email, Connection::Database)
            && let Some(user) = self.users.get_mut(id)
        {
            user.has_password = true;
            self.protection.forgive(email.mailbox);
        }
        Reply::Done
    }

    pub(super) fn create_user(
        &mut self,
        email: Email,
        connection: Connection,
        verified: bool,
    ) -> Said {
        self.create(
            email,
            connection,
            verified,
            connection == Connection::Database,
        )
    }

    pub(crate) fn manage(&mut self, manage: Manage) -> Said {
        let found = match manage {
            Manage::Find(_) => true,
            Manage::Read(id) => self.users.get(id).is_some(),
            Manage::Update(id, change) => {
                if change.password
                    && let Some(user) = self.users.get(id)
                {
                    self.protection.forgive(user.email.mailbox);
                }
                self.users.change(id, change)
            }
            Manage::Delete(id) => {
                self.holders.forget(id);
                self.users.delete(id)
            }
        };
        found.then_some(Reply::Done).ok_or(Error::UserNotFound)
    }

    fn create(
        &mut self,
        email: Email,
        connection: Connection,
        verified: bool,
        has_password: bool,
    ) -> Said {
        if self.users.find(email, connection).is_some() {
            return Err(Error::UserExists);
        }
        if self.users.are_full() {
            return Err(Error::TooManyUsers);
        }
        self.ledger.created += 1;
        Ok(Reply::Created(self.users.add(
            email,
            connection,
            verified,
            has_password,
        )))
    }
}
