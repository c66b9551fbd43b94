//! Incidents: what went wrong for one person, with its cause; the event log is made of them.

use cutover_mocks::time::Timestamp;

/// Something that happened to a person and that the report must be able to name one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Incident {
    /// When, in scenario time.
    pub at: Timestamp,
    /// Who.
    pub person: u32,
    /// On which of their devices, from 0.
    pub device: u8,
    /// What.
    pub kind: IncidentKind,
}

/// What happened, with its cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IncidentKind {
    /// A forced logout.
    ForcedLogout(LogoutCause),
    /// A session that ended by itself.
    NaturalLogout(LogoutCause),
    /// A lockout.
    Lockout(LockoutCause),
    /// A person who did not come back after an unexpected login page.
    Abandonment(LogoutCause),
    /// A migration that did not succeed, whatever the person noticed of it.
    MigrationFailed(FailureCause),
    /// A session moved silently.
    Migrated,
    /// A login that ended in a session.
    LoggedIn(Via),
    /// A second record was made for a person who had one.
    DuplicateAccount,
    /// A record was created on the way for a person who had none.
    CreatedAccount,
    /// Someone was answered with data that should not have been given.
    WronglyAdmitted(WrongAdmission),
    /// The flag took someone back whom it had moved.
    FlippedBack,
}

impl IncidentKind {
    /// The name that the event log uses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ForcedLogout(_) => "forced_logout",
            Self::NaturalLogout(_) => "natural_logout",
            Self::Lockout(_) => "lockout",
            Self::Abandonment(_) => "abandonment",
            Self::MigrationFailed(_) => "migration_failed",
            Self::Migrated => "migrated",
            Self::LoggedIn(_) => "logged_in",
            Self::DuplicateAccount => "duplicate_account",
            Self::CreatedAccount => "created_account",
            Self::WronglyAdmitted(_) => "wrongly_admitted",
            Self::FlippedBack => "flipped_back",
        }
    }

    /// The name of its cause; for a login, of the provider.
    pub const fn cause(self) -> Option<&'static str> {
        match self {
            Self::ForcedLogout(cause) | Self::NaturalLogout(cause) | Self::Abandonment(cause) => {
                Some(cause.name())
            }
            Self::Lockout(cause) => Some(cause.name()),
            Self::MigrationFailed(cause) => Some(cause.name()),
            Self::LoggedIn(via) => Some(via.name()),
            Self::WronglyAdmitted(way) => Some(way.name()),
            Self::Migrated | Self::DuplicateAccount | Self::CreatedAccount | Self::FlippedBack => {
                None
            }
        }
    }
}

/// Which provider a session was opened at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Via {
    /// The legacy provider.
    Auth0,
    /// The new one.
    Stytch,
}

impl Via {
    /// The name that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth0 => "auth0",
            Self::Stytch => "stytch",
        }
    }
}

/// Why a session was not honoured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LogoutCause {
    /// The middleware no longer honours legacy sessions.
    MiddlewareReject,
    /// The flag moved the person, and a Stytch session is needed now.
    FlagFlip,
    /// A refresh token was used twice and its family was revoked.
    RefreshRace,
    /// The provider refused to refresh: the refresh token had ended.
    RefreshExpired,
    /// There was no refresh token when the access token had ended.
    NoRefreshToken,
    /// Migrate Session refused: nobody in Stytch has the address.
    MigrateUnknownPerson,
    /// Migrate Session refused: `UserInfo` gave no usable answer (audience, scope, expired token).
    MigrateUserInfo,
    /// Migrate Session refused for another reason of the 4xx family.
    Migrate4xx,
    /// Migrate Session, or `UserInfo` inside it, was throttled.
    Migrate429,
    /// Migrate Session failed with a 5xx or a broken answer.
    Migrate5xx,
    /// Migrate Session did not answer in time.
    MigrateTimeout,
    /// A provider refused a refresh or a renewal for a reason that is not the session's, and the
    /// middleware fails closed.
    ProviderFailed,
    /// The Stytch session had ended.
    StytchSessionEnded,
    /// The person reset their password on another device, which ends all of their Stytch sessions:
    /// their own doing, never counted as forced.
    PasswordReset,
    /// The legacy session had ended.
    LegacySessionEnded,
    /// The device had lost its cookie.
    LostCookie,
    /// An instance that the change had not reached yet refused a session of the new side.
    InstanceBehind,
    /// A rollback refused the Stytch session.
    Rollback,
    /// This app version cannot hold a Stytch session.
    OldApp,
    /// The token could not be verified (unknown key, clock skew).
    Unverifiable,
}

impl LogoutCause {
    /// All causes, in order.
    pub const ALL: [Self; 20] = [
        Self::MiddlewareReject,
        Self::FlagFlip,
        Self::RefreshRace,
        Self::RefreshExpired,
        Self::NoRefreshToken,
        Self::MigrateUnknownPerson,
        Self::MigrateUserInfo,
        Self::Migrate4xx,
        Self::Migrate429,
        Self::Migrate5xx,
        Self::MigrateTimeout,
        Self::ProviderFailed,
        Self::StytchSessionEnded,
        Self::PasswordReset,
        Self::LegacySessionEnded,
        Self::LostCookie,
        Self::InstanceBehind,
        Self::Rollback,
        Self::OldApp,
        Self::Unverifiable,
    ];

    /// The name that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MiddlewareReject => "middleware_reject",
            Self::FlagFlip => "flag_flip",
            Self::RefreshRace => "refresh_race",
            Self::RefreshExpired => "refresh_expired",
            Self::NoRefreshToken => "no_refresh_token",
            Self::MigrateUnknownPerson => "migrate_unknown_person",
            Self::MigrateUserInfo => "migrate_userinfo",
            Self::Migrate4xx => "migrate_4xx",
            Self::Migrate429 => "migrate_429",
            Self::Migrate5xx => "migrate_5xx",
            Self::MigrateTimeout => "migrate_timeout",
            Self::ProviderFailed => "provider_failed",
            Self::StytchSessionEnded => "stytch_session_ended",
            Self::PasswordReset => "password_reset",
            Self::LegacySessionEnded => "legacy_session_ended",
            Self::LostCookie => "lost_cookie",
            Self::InstanceBehind => "instance_behind",
            Self::Rollback => "rollback",
            Self::OldApp => "old_app",
            Self::Unverifiable => "unverifiable",
        }
    }
}

/// Why a person cannot log in at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockoutCause {
    /// Nobody imported them into Stytch, and nothing creates them.
    NotImported,
    /// Stytch knows them under an address that does not match.
    AddressDiffers,
    /// They exist in Stytch only, and the legacy login is shown.
    NoLegacyRecord,
    /// Their app version cannot speak to the provider that is needed.
    OldApp,
    /// Their organization was not created in Stytch.
    OrganizationNotMapped,
    /// Their login succeeds, and the next request is sent to the other provider, again and again.
    FlagLoop,
    /// The provider locked or throttled them, at every one of several visits.
    Throttled,
    /// The provider failed at every one of several visits.
    ProviderFailed,
}

impl LockoutCause {
    /// All causes, in order.
    pub const ALL: [Self; 8] = [
        Self::NotImported,
        Self::AddressDiffers,
        Self::NoLegacyRecord,
        Self::OldApp,
        Self::OrganizationNotMapped,
        Self::FlagLoop,
        Self::Throttled,
        Self::ProviderFailed,
    ];

    /// The name that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotImported => "not_imported",
            Self::AddressDiffers => "address_differs",
            Self::NoLegacyRecord => "no_legacy_record",
            Self::OldApp => "old_app",
            Self::OrganizationNotMapped => "organization_not_mapped",
            Self::FlagLoop => "flag_loop",
            Self::Throttled => "throttled",
            Self::ProviderFailed => "provider_failed",
        }
    }
}

/// Why a migration did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureCause {
    /// Nobody in Stytch has the address, or `UserInfo` told none.
    UnknownPerson,
    /// `UserInfo` gave no usable answer, told as a 4xx by Stytch.
    UserInfo,
    /// Another 4xx.
    Refused,
    /// Throttled.
    RateLimited,
    /// 5xx or a broken answer.
    ServerError,
    /// No answer in time.
    Timeout,
    /// Held back by an open circuit breaker.
    BreakerOpen,
    /// The organization is not mapped.
    OrganizationNotMapped,
    /// The legacy access token had ended and could not be refreshed.
    LegacyEnded,
}

impl FailureCause {
    /// All causes, in order.
    pub const ALL: [Self; 9] = [
        Self::UnknownPerson,
        Self::UserInfo,
        Self::Refused,
        Self::RateLimited,
        Self::ServerError,
        Self::Timeout,
        Self::BreakerOpen,
        Self::OrganizationNotMapped,
        Self::LegacyEnded,
    ];

    /// The name that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownPerson => "unknown_person",
            Self::UserInfo => "userinfo",
            Self::Refused => "refused",
            Self::RateLimited => "rate_limited",
            Self::ServerError => "server_error",
            Self::Timeout => "timeout",
            Self::BreakerOpen => "breaker_open",
            Self::OrganizationNotMapped => "organization_not_mapped",
            Self::LegacyEnded => "legacy_ended",
        }
    }
}

/// In which way an answer should not have been given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WrongAdmission {
    /// The credential is another person's.
    AnotherPerson,
    /// The credential had expired.
    Expired,
    /// The session was revoked longer ago than a local check may miss.
    Revoked,
    /// The token was forged.
    Forged,
    /// The token belongs to another tenant, project or organization.
    AnotherTenant,
}

impl WrongAdmission {
    /// All ways, in order.
    pub const ALL: [Self; 5] = [
        Self::AnotherPerson,
        Self::Expired,
        Self::Revoked,
        Self::Forged,
        Self::AnotherTenant,
    ];

    /// The name that reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AnotherPerson => "another_person",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Forged => "forged",
            Self::AnotherTenant => "another_tenant",
        }
    }
}
