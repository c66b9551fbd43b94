//! What the middleware does with one request, as a pure decision over what it can see.

use cutover_mocks::auth0::RefreshToken;
use cutover_mocks::keys::KeySet;
use cutover_mocks::time::Timestamp;

use crate::recorder::{FailureCause, LogoutCause, Via};
use crate::rehearsal::contract::{CLOCK_LEEWAY, Verified, Verifier};
use crate::rehearsal::jar::{Jar, LegacyCookie, StytchCookie};
use crate::scenario::app::{OnMigrateFailure, Verify};
use crate::strategy::{Legacy, Mode};

/// What the middleware decides.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::rehearsal) enum Ruling {
    /// Answers with data, on the strength of this provider's session.
    Admit(Via),
    /// Answers with a login page; the cause is missing where no credential was presented.
    Refuse(Option<LogoutCause>),
    /// Needs a provider's keys first.
    NeedKeys(Via),
    /// Needs a provider's word first.
    Ask(Errand),
}

/// What the middleware asks a provider on behalf of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rehearsal) enum Errand {
    /// New legacy tokens.
    Refresh(RefreshToken),
    /// A Stytch session for the legacy one.
    Migrate,
    /// A new JWT for a Stytch session.
    Renew,
    /// A record in Stytch for the person behind a legacy session.
    Create,
}

/// The keys of one provider that an instance has at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rehearsal) enum Keys {
    /// None, or too old.
    Missing,
    /// Fresh enough; `asked` is whether fetching them again now would be too soon.
    Cached {
        /// The keys.
        set: KeySet,
        /// Whether an unknown key id does not justify another fetch now.
        asked: bool,
    },
}

/// All that the decision depends on.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not states"
)]
pub(in crate::rehearsal) struct Case<'a> {
    /// What the strategy says.
    pub(in crate::rehearsal) mode: Mode,
    /// How tokens are verified.
    pub(in crate::rehearsal) verify: Verify,
    /// What happens when a session cannot be migrated.
    pub(in crate::rehearsal) on_migrate_failure: OnMigrateFailure,
    /// Whether missing people are created on the way.
    pub(in crate::rehearsal) create_missing: bool,
    /// What the request presents.
    pub(in crate::rehearsal) jar: &'a Jar,
    /// The tenant's keys.
    pub(in crate::rehearsal) auth0: Keys,
    /// The project's keys.
    pub(in crate::rehearsal) stytch: Keys,
    /// Whether the app on the device knows the legacy provider only.
    pub(in crate::rehearsal) old_app: bool,
    /// Whether the person's organization exists in Stytch; `None` in a consumer project.
    pub(in crate::rehearsal) organization_mapped: Option<bool>,
    /// Whether a refused legacy session was refused because of a flag.
    pub(in crate::rehearsal) by_flag: bool,
    /// Whether the cutover was rolled back.
    pub(in crate::rehearsal) rolled_back: bool,
    /// What has already happened to this request.
    pub(in crate::rehearsal) past: Past,
    /// When.
    pub(in crate::rehearsal) now: Timestamp,
}

/// What has already happened to a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::rehearsal) struct Past {
    /// Migrating failed for good, so.
    pub(in crate::rehearsal) migrate_failed: Option<FailureCause>,
    /// Its legacy tokens were just refreshed: doing so again would bring no better ones.
    pub(in crate::rehearsal) refreshed: bool,
    /// A record was created for its person.
    pub(in crate::rehearsal) created: bool,
    /// The Stytch session was just confirmed by a call.
    pub(in crate::rehearsal) renewed: bool,
    /// It has waited for the tenant's, the project's keys.
    pub(in crate::rehearsal) waited_for_keys: [bool; 2],
}

impl Case<'_> {
    /// Decides.
    pub(in crate::rehearsal) fn rule(&self, verifier: &mut impl Verifier) -> Ruling {
        match (self.jar.stytch, self.jar.legacy) {
            (Some(cookie), _) if self.mode.stytch => self.rule_stytch(cookie, verifier),
            (_, Some(cookie)) => self.rule_legacy(cookie, verifier),
            (Some(_), None) if self.rolled_back => Ruling::Refuse(Some(LogoutCause::Rollback)),
            (Some(_), None) => Ruling::Refuse(Some(LogoutCause::InstanceBehind)),
            (None, None) => Ruling::Refuse(None),
        }
    }

    fn rule_stytch(&self, cookie: StytchCookie, verifier: &mut impl Verifier) -> Ruling {
        if self.past.renewed {
            return Ruling::Admit(Via::Stytch);
        }
        if self.verify == Verify::ByCall {
            return Ruling::Ask(Errand::Renew);
        }
        let Keys::Cached { set, asked } = self.stytch else {
            return Ruling::NeedKeys(Via::Stytch);
        };
        match verifier.session_jwt(&cookie.jwt, &set, self.now) {
            Verified::Valid => Ruling::Admit(Via::Stytch),
            Verified::UnknownKey if !asked && !self.past.waited_for_keys[1] => {
                Ruling::NeedKeys(Via::Stytch)
            }
            // What cannot be told here, the project can tell.
            Verified::Expired | Verified::NotYetValid | Verified::UnknownKey => {
                Ruling::Ask(Errand::Renew)
            }
            Verified::Invalid => Ruling::Refuse(Some(LogoutCause::Unverifiable)),
        }
    }

    fn rule_legacy(&self, cookie: LegacyCookie, verifier: &mut impl Verifier) -> Ruling {
        match self.mode.legacy {
            Legacy::Refuse if self.old_app => Ruling::Refuse(Some(LogoutCause::OldApp)),
            Legacy::Refuse if self.by_flag => Ruling::Refuse(Some(LogoutCause::FlagFlip)),
            Legacy::Refuse => Ruling::Refuse(Some(LogoutCause::MiddlewareReject)),
            Legacy::Honour => self.honour(cookie, verifier),
            // An old app cannot keep a Stytch session.
            Legacy::Migrate if self.old_app => self.honour(cookie, verifier),
            Legacy::Migrate => self.migrate(cookie, verifier),
        }
    }

    fn honour(&self, cookie: LegacyCookie, verifier: &mut impl Verifier) -> Ruling {
        let Keys::Cached { set, asked } = self.auth0 else {
            return Ruling::NeedKeys(Via::Auth0);
        };
        // The application knows when its tokens end, whoever signed them.
        let ended = self.now >= cookie.access.expires + CLOCK_LEEWAY;
        match verifier.access_token(&cookie.access, &set, self.now) {
            Verified::Valid => Ruling::Admit(Via::Auth0),
            Verified::Expired => self.refresh(cookie),
            Verified::UnknownKey if ended => self.refresh(cookie),
            Verified::UnknownKey if !asked && !self.past.waited_for_keys[0] => {
                Ruling::NeedKeys(Via::Auth0)
            }
            Verified::UnknownKey | Verified::NotYetValid | Verified::Invalid => {
                Ruling::Refuse(Some(LogoutCause::Unverifiable))
            }
        }
    }

    fn migrate(&self, cookie: LegacyCookie, verifier: &mut impl Verifier) -> Ruling {
        if let Some(cause) = self.past.migrate_failed {
            if cause == FailureCause::UnknownPerson && self.create_missing && !self.past.created {
                return Ruling::Ask(Errand::Create);
            }
            return match self.on_migrate_failure {
                OnMigrateFailure::HonourLegacy => self.honour(cookie, verifier),
                OnMigrateFailure::LogOut => Ruling::Refuse(Some(logout_cause(cause))),
            };
        }
        // UserInfo refuses an ended token: refresh before migrating.
        if self.now >= cookie.access.expires && !self.past.refreshed {
            return self.refresh(cookie);
        }
        if self.organization_mapped == Some(false) {
            // There is no organization to name in the call.
            return Self {
                past: Past {
                    migrate_failed: Some(FailureCause::OrganizationNotMapped),
                    ..self.past
                },
                ..*self
            }
            .migrate(cookie, verifier);
        }
        Ruling::Ask(Errand::Migrate)
    }

    const fn refresh(&self, cookie: LegacyCookie) -> Ruling {
        match cookie.refresh {
            // Its clock and the tenant's are so far apart that new tokens look old.
            Some(_) if self.past.refreshed => Ruling::Refuse(Some(LogoutCause::Unverifiable)),
            Some(token) => Ruling::Ask(Errand::Refresh(token)),
            None => Ruling::Refuse(Some(LogoutCause::NoRefreshToken)),
        }
    }
}

/// The cause of a logout that a failed migration leads to.
const fn logout_cause(cause: FailureCause) -> LogoutCause {
    match cause {
        FailureCause::UnknownPerson | FailureCause::OrganizationNotMapped => {
            LogoutCause::MigrateUnknownPerson
        }
        FailureCause::UserInfo => LogoutCause::MigrateUserInfo,
        FailureCause::Refused => LogoutCause::Migrate4xx,
        FailureCause::RateLimited => LogoutCause::Migrate429,
        FailureCause::ServerError | FailureCause::BreakerOpen => LogoutCause::Migrate5xx,
        FailureCause::Timeout => LogoutCause::MigrateTimeout,
        FailureCause::LegacyEnded => LogoutCause::LegacySessionEnded,
    }
}
