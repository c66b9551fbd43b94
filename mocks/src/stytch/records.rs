//! Records: users, members and organizations are created, changed and deleted.

use super::call::{Error, OrgId, Reply, UserId};
use super::gate::No;
use super::org_rules::OrgRules;
use super::people::{NewUser, User};
use super::project::{Now, Project, no};
use crate::email::Email;

impl Project {
    pub(super) fn create_user(
        &mut self,
        now: Now,
        email: Email,
        org: Option<OrgId>,
    ) -> Result<Reply, No> {
        self.add(now, NewUser::plain(email, org))
            .map(Reply::Created)
    }

    pub(super) fn update_user(
        &mut self,
        user: UserId,
        mfa_enrolled: Option<bool>,
    ) -> Result<Reply, No> {
        let row = self.known_mut(user)?;
        row.mfa_enrolled = mfa_enrolled.unwrap_or(row.mfa_enrolled);
        Ok(Reply::Done)
    }

    /// A deleted person's sessions end, and their address is free.
    pub(super) fn delete_user(&mut self, now: Now, user: UserId) -> Result<Reply, No> {
        self.revoke_all(now, user)?;
        self.people.remove(user);
        Ok(Reply::Done)
    }

    pub(super) fn update_org(&mut self, org: OrgId, rules: OrgRules) -> Result<Reply, No> {
        let row = self.people.org_mut(org);
        row.ok_or(no(Error::OrganizationNotFound))?.rules = rules;
        Ok(Reply::Done)
    }

    /// An organization goes with all its members. Looks at everyone: rare, and never rehearsed.
    pub(super) fn delete_org(&mut self, now: Now, org: OrgId) -> Result<Reply, No> {
        if self.people.org(org).is_none() {
            return Err(no(Error::OrganizationNotFound));
        }
        let everyone = self.people.users_from(UserId(0));
        let members: Vec<_> = everyone
            .filter(|(_, user)| user.org() == Some(org))
            .map(|(id, _)| id)
            .collect();
        for member in members {
            self.delete_user(now, member)?;
        }
        self.people.remove_org(org);
        Ok(Reply::Done)
    }

    pub(super) fn read(&self, user: Option<UserId>, org: Option<OrgId>) -> Result<Reply, No> {
        if org.is_some_and(|org| self.people.org(org).is_none()) {
            return Err(no(Error::OrganizationNotFound));
        }
        user.map_or(Ok(()), |user| self.known(user).map(drop))?;
        Ok(Reply::Done)
    }

    pub(super) fn known(&self, user: UserId) -> Result<&User, No> {
        self.people.user(user).ok_or(no(Error::UserNotFound))
    }

    pub(super) fn known_mut(&mut self, user: UserId) -> Result<&mut User, No> {
        self.people.user_mut(user).ok_or(no(Error::UserNotFound))
    }
}
