//! Where people stand: invited, changed, deleted and brought back.

use super::call::{Endpoint, Error, OrgId, Reply, UserId, Vertical};
use super::gate::No;
use super::logins::is_nobody;
use super::means::MeansId;
use super::org_rules::Joining;
use super::people::{NewUser, Status};
use super::project::{Now, Project, no};
use super::rule::Rule;
use super::tokens::{Bearer, Purpose};
use crate::email::Email;
use crate::time::Span;

/// A change to where people stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// `POST …/magic_links/email/invite`.
    Invite {
        /// Whom.
        email: Email,
        /// The organization.
        org: Option<OrgId>,
        /// How long the invitation is good.
        life: Option<Span>,
    },
    /// `POST /v1/magic_links/email/revoke_invite`: somebody who has not come yet is forgotten.
    RevokeInvite(Email),
    /// `PUT …/members/{member_id}`: fields that decide something.
    Update {
        /// Who.
        member: UserId,
        /// The new `mfa_enrolled`, if it changes.
        mfa_enrolled: Option<bool>,
        /// The new `is_breakglass`, if it changes.
        breakglass: Option<bool>,
        /// The new address, if it changes.
        email: Option<Email>,
        /// Whether the old address is let go instead of retired.
        unlink: bool,
        /// Whether a change of address leaves sessions alone.
        keep_sessions: bool,
    },
    /// `PUT …/members/{member_id}/reactivate`.
    Reactivate(UserId),
    /// `POST …/members/{member_id}/unlink_retired_email`.
    Unlink {
        /// Who.
        member: UserId,
        /// The address.
        email: Email,
    },
    /// `POST …/members/{member_id}/start_email_update`: mails a link to the new address.
    StartEmailUpdate {
        /// Who.
        member: UserId,
        /// The new address.
        email: Email,
    },
}

impl Membership {
    /// The endpoint that takes it.
    pub const fn endpoint(&self) -> Endpoint {
        match self {
            Self::Invite { .. } | Self::StartEmailUpdate { .. } => Endpoint::SendMagicLink,
            _ => Endpoint::Records,
        }
    }
}

impl Project {
    pub(super) fn membership(&mut self, now: Now, asked: Membership) -> Result<Reply, No> {
        match asked {
            Membership::Invite { email, org, life } => self.invite(now, email, org, life),
            Membership::RevokeInvite(email) => {
                let user = self.person(email, None)?;
                if !matches!(self.known(user)?.status, Status::Pending | Status::Invited) {
                    return Err(no(Error::Rule(Rule::NotPending)));
                }
                self.delete_user(now, user)
            }
            Membership::Update {
                member,
                mfa_enrolled,
                breakglass,
                email,
                unlink,
                keep_sessions,
            } => {
                let row = self.known_mut(member)?;
                row.mfa_enrolled = mfa_enrolled.unwrap_or(row.mfa_enrolled);
                row.breakglass = breakglass.unwrap_or(row.breakglass);
                if let Some(email) = email {
                    self.change_address(now, member, email, unlink, keep_sessions)?;
                }
                Ok(Reply::Done)
            }
            Membership::Reactivate(member) => self.reactivate(member),
            Membership::Unlink { member, email } => {
                self.known(member)?;
                if self.people.unlink(member, email) {
                    Ok(Reply::Done)
                } else {
                    Err(no(Error::Rule(Rule::EmailNotFound)))
                }
            }
            Membership::StartEmailUpdate { member, email } => {
                let org = self.known(member)?.org();
                let owner = self.people.find(email, org);
                if owner.is_some_and(|owner| owner != member) {
                    return Err(no(Error::DuplicateEmail));
                }
                self.count_message(now, member, MeansId(member.0))?;
                let expires = now.clock + self.settings.login_link_life;
                let bearer = Bearer::new(email, org).of(member);
                let token =
                    self.login_tokens
                        .issue(bearer, Purpose::EmailChange, expires, now.clock);
                Ok(Reply::Mailed {
                    token,
                    created: false,
                })
            }
        }
    }

    fn invite(
        &mut self,
        now: Now,
        email: Email,
        org: Option<OrgId>,
        life: Option<Span>,
    ) -> Result<Reply, No> {
        let (user, created) = match self.person(email, org) {
            Ok(user) if self.known(user)?.status == Status::Active => {
                return Err(match self.settings.vertical {
                    Vertical::Consumer => no(Error::DuplicateEmail),
                    Vertical::B2b => no(Error::Rule(Rule::NotPending)),
                });
            }
            Ok(user) => (user, false),
            Err(missing) if !is_nobody(missing) => return Err(missing),
            Err(_) => {
                let invites = org.and_then(|org| self.people.org(org));
                match invites.map_or(Joining::All, |org| org.rules.invites) {
                    Joining::All | Joining::AsSettings => {}
                    Joining::Restricted if now.with.listed_domain => {}
                    Joining::Restricted | Joining::NotAllowed => {
                        return Err(no(Error::Rule(Rule::InviteNotAllowed)));
                    }
                }
                let status = match self.settings.vertical {
                    Vertical::Consumer => Status::Pending,
                    Vertical::B2b => Status::Invited,
                };
                let new = NewUser {
                    status,
                    ..NewUser::plain(email, org)
                };
                (self.add(now, new)?, true)
            }
        };
        self.count_message(now, user, MeansId(user.0))?;
        let expires = now.clock + life.unwrap_or(self.settings.invite_life);
        let bearer = Bearer::new(email, org).of(user);
        let token = self
            .login_tokens
            .issue(bearer, Purpose::MagicLink, expires, now.clock);
        Ok(Reply::Mailed { token, created })
    }

    /// A member's address changes: it is unproved, and sessions end unless they are to be kept.
    fn change_address(
        &mut self,
        now: Now,
        member: UserId,
        email: Email,
        unlink: bool,
        keep_sessions: bool,
    ) -> Result<(), No> {
        let row = self.known(member)?;
        let (old, org) = (row.email, row.org());
        if old.mailbox == email.mailbox {
            return Ok(());
        }
        match self.people.find(email, org) {
            Some(owner) if owner != member => return Err(no(Error::DuplicateEmail)),
            _ => self.people.change_email(member, email, false),
        }
        if unlink {
            self.people.unlink(member, old);
        }
        if !keep_sessions {
            self.revoke_all(now, member)?;
        }
        Ok(())
    }

    fn reactivate(&mut self, member: UserId) -> Result<Reply, No> {
        if self.people.user(member).is_some() {
            return Err(no(Error::Rule(Rule::NotDeleted)));
        }
        let row = self.people.deleted(member);
        let org = row.ok_or(no(Error::UserNotFound))?.org();
        if org.is_none_or(|org| self.people.org(org).is_none()) {
            return Err(no(Error::OrganizationNotFound));
        }
        let restored = self.people.restore(member);
        restored.map_err(|_| no(Error::Rule(Rule::AddressTaken)))?;
        // Half a login ended with the member, as sessions did; only here does it matter, and seldom.
        self.intermediates.spend_all_of(member);
        Ok(Reply::Done)
    }
}
