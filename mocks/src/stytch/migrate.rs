//! Migrate Session: a legacy access token becomes a session, by way of the legacy provider's `UserInfo`.

use super::call::{Address, Answer, Endpoint, Error, OrgId, Reply, Stamp};
use super::gate::{No, Pass};
use super::project::{Now, Project, Step, no};
use super::sessions::{Factor, Factors};
use crate::auth0;
use crate::email::Email;
use crate::time::Span;

/// The address that a legacy provider sees Stytch's own calls come from.
pub const EGRESS: Address = Address(u32::MAX);

/// Purpose of a migrate call's luck: the luck of the `UserInfo` call inside it.
const USERINFO: u64 = 4;

/// A migration that waits for `UserInfo`. One that is never resumed is neither answered nor counted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pending {
    /// The bearer token to present.
    pub token: auth0::AccessToken,
    /// When the `UserInfo` call leaves the project, and its luck.
    pub stamp: Stamp,
    org: Option<OrgId>,
    duration: Option<Span>,
    pass: Pass,
}

/// How `UserInfo` answered, as the project saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserInfoSeen {
    /// What came.
    pub outcome: UserInfoOutcome,
    /// How long it took.
    pub took: Span,
}

/// What came from `UserInfo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserInfoOutcome {
    /// 200 with a JSON object.
    Ok {
        /// `email`, if there was one.
        email: Option<Email>,
        /// `email_verified`.
        verified: bool,
    },
    /// Another status.
    NotOk(u16),
    /// No answer, or one that is not JSON.
    Broken,
    /// Nothing within the project's patience.
    TimedOut,
}

impl Project {
    pub(super) fn migrate(
        &mut self,
        stamp: Stamp,
        token: auth0::AccessToken,
        org: Option<OrgId>,
        duration: Option<Span>,
    ) -> Step {
        let pass = match self.gate.admit(stamp, Endpoint::Migrate) {
            Ok(pass) => pass,
            Err(stop) => return Step::Done(self.migrated(stop.out())),
        };
        let refused = if let Err(nowhere) = self.people.scope(org) {
            Some(nowhere.into())
        } else if !self.settings.userinfo_configured {
            Some(self.cannot(Error::MigrateNotConfigured))
        } else {
            None
        };
        if let Some(refused) = refused {
            return Step::Done(self.migrated(pass.out(Err(refused), Span::ZERO)));
        }
        // Half of the project's own time passes before `UserInfo` is asked, half after it.
        let stamp = Stamp {
            at: stamp.at + pass.wait + pass.service / 2,
            luck: stamp.luck.split(USERINFO),
            address: EGRESS,
        };
        Step::AskUserInfo(Pending {
            token,
            stamp,
            org,
            duration,
            pass,
        })
    }

    /// Answers a migration with what `UserInfo` said. The time that `UserInfo` took, at most the
    /// project's patience, is part of the time that the call took.
    pub fn resume(&mut self, pending: Pending, seen: UserInfoSeen) -> Answer {
        let patience = self.settings.userinfo_timeout;
        let (outcome, waited) = if seen.took > patience || seen.outcome == UserInfoOutcome::TimedOut
        {
            (UserInfoOutcome::TimedOut, patience)
        } else {
            (seen.outcome, seen.took)
        };
        let now = self.now(pending.stamp.at + waited);
        let result = self.admit_seen(now, pending, outcome);
        self.migrated(pending.pass.out(result, waited))
    }

    fn admit_seen(
        &mut self,
        now: Now,
        pending: Pending,
        outcome: UserInfoOutcome,
    ) -> Result<Reply, No> {
        let UserInfoOutcome::Ok { email, verified } = outcome else {
            return Err(self.cannot(Error::MigrateUnexpectedResponse));
        };
        let unknown = self.cannot(Error::MigrateEmailUnknown);
        let email = email.ok_or(unknown)?;
        if self.settings.migrate_requires_verified_email && !verified {
            return Err(unknown);
        }
        let org = self.people.scope(pending.org)?;
        let user = self.people.find(email, org).ok_or(unknown)?;
        let kept = self.known(user)?.email;
        if self.settings.migrate_case_sensitive && kept != email {
            return Err(unknown);
        }
        let factors = Factors::one(Factor::Imported);
        if self.settings.migrate_asks_second_factor && self.needs_second_factor(user)? {
            return self.ask_second_factor(now, user, factors.into());
        }
        let by_default = self.settings.migrate_opens_session_by_default;
        let length = self.session_length(pending.duration);
        let length = length.or(by_default.then_some(self.settings.default_session));
        let Some(length) = length else {
            return Ok(Reply::NoSession(user));
        };
        let opened = self.open(now, user, length, factors)?;
        self.ledger.migrated += 1;
        Ok(Reply::Session(opened))
    }

    fn cannot(&self, error: Error) -> No {
        No {
            status: self.settings.migrate_error_status,
            ..no(error)
        }
    }

    fn migrated(&mut self, answer: Answer) -> Answer {
        self.ledger
            .count(Endpoint::Migrate, answer.outcome.status());
        answer
    }
}
