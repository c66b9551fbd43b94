//! The vocabulary of counts: what each number means, and what it is a share of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that is counted.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum Measure {
    /// Visits that the population planned.
    VisitsScheduled,
    /// Visits that got what they came for.
    VisitsDone,
    /// Visits that ended at a login page: the person left, or had left for good before.
    VisitsAbandoned,
    /// Visits that ended because a provider or the application failed.
    VisitsFailed,
    /// Visits that the end of the rehearsal, or an interruption, cut off.
    VisitsCutOff,
    /// Page loads.
    PageLoads,
    /// Requests that were answered with data.
    RequestsAdmitted,
    /// Requests that were answered with a login page.
    RequestsRefused,
    /// Requests that were answered with an error.
    RequestsFailed,
    /// Devices that presented a credential which would have been honoured without a cutover, and was not.
    ForcedLogouts,
    /// Devices whose session had ended by itself, with or without a cutover.
    NaturalLogouts,
    /// Clicks on "log out".
    VoluntaryLogouts,
    /// Devices that presented a live legacy session while it was to be migrated.
    MigrationsEligible,
    /// Migrations that the application set out to do (retries not counted).
    MigrationAttempts,
    /// Calls to Migrate Session (retries counted).
    MigrateCalls,
    /// Migrations that ended in a Stytch session.
    SilentMigrations,
    /// Devices of which a session was migrated; each device once.
    DevicesMigrated,
    /// Logins that people began.
    LoginAttempts,
    /// Logins that ended in a session.
    Logins,
    /// Logins after a forced logout that ended in a session.
    Relogins,
    /// People who cannot log in at all; each person once.
    Lockouts,
    /// People who met an unexpected login page and did not come back; each person once.
    Abandonments,
    /// Logins that made a second record for a person who had one.
    DuplicateAccounts,
    /// Records that were created on the way for people who had none.
    CreatedAccounts,
    /// Passwords that were reset.
    PasswordResets,
    /// New people who signed up.
    SignUps,
    /// Legacy token refreshes that the application set out to do.
    Refreshes,
    /// Stytch session renewals by a call that the application set out to do.
    Renewals,
    /// Provider calls made by retrying.
    Retries,
    /// Provider calls that the application or a visitor made for the first time; with retries, this
    /// is the number of calls.
    LogicalCalls,
    /// Requests that joined another request's provider call.
    FlightsJoined,
    /// Provider calls that an open circuit breaker held back.
    BreakerRejections,
    /// Answers with data that should not have been given.
    WronglyAdmitted,
    /// Answers with data that were checked for that.
    AdmissionChecks,
    /// Times that the flag took someone back whom it had moved, without a rollback.
    FlipsBack,
}

impl Measure {
    /// All measures, in order.
    pub const ALL: [Self; 35] = [
        Self::VisitsScheduled,
        Self::VisitsDone,
        Self::VisitsAbandoned,
        Self::VisitsFailed,
        Self::VisitsCutOff,
        Self::PageLoads,
        Self::RequestsAdmitted,
        Self::RequestsRefused,
        Self::RequestsFailed,
        Self::ForcedLogouts,
        Self::NaturalLogouts,
        Self::VoluntaryLogouts,
        Self::MigrationsEligible,
        Self::MigrationAttempts,
        Self::MigrateCalls,
        Self::SilentMigrations,
        Self::DevicesMigrated,
        Self::LoginAttempts,
        Self::Logins,
        Self::Relogins,
        Self::Lockouts,
        Self::Abandonments,
        Self::DuplicateAccounts,
        Self::CreatedAccounts,
        Self::PasswordResets,
        Self::SignUps,
        Self::Refreshes,
        Self::Renewals,
        Self::Retries,
        Self::LogicalCalls,
        Self::FlightsJoined,
        Self::BreakerRejections,
        Self::WronglyAdmitted,
        Self::AdmissionChecks,
        Self::FlipsBack,
    ];

    /// How many there are.
    pub const COUNT: usize = Self::ALL.len();

    /// The name that gates and reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VisitsScheduled => "visits_scheduled",
            Self::VisitsDone => "visits_done",
            Self::VisitsAbandoned => "visits_abandoned",
            Self::VisitsFailed => "visits_failed",
            Self::VisitsCutOff => "visits_cut_off",
            Self::PageLoads => "page_loads",
            Self::RequestsAdmitted => "requests_admitted",
            Self::RequestsRefused => "requests_refused",
            Self::RequestsFailed => "requests_failed",
            Self::ForcedLogouts => "forced_logouts",
            Self::NaturalLogouts => "natural_logouts",
            Self::VoluntaryLogouts => "voluntary_logouts",
            Self::MigrationsEligible => "migrations_eligible",
            Self::MigrationAttempts => "migration_attempts",
            Self::MigrateCalls => "migrate_calls",
            Self::SilentMigrations => "silent_migrations",
            Self::DevicesMigrated => "devices_migrated",
            Self::LoginAttempts => "login_attempts",
            Self::Logins => "logins",
            Self::Relogins => "relogins",
            Self::Lockouts => "lockouts",
            Self::Abandonments => "abandonments",
            Self::DuplicateAccounts => "duplicate_accounts",
            Self::CreatedAccounts => "created_accounts",
            Self::PasswordResets => "password_resets",
            Self::SignUps => "sign_ups",
            Self::Refreshes => "refreshes",
            Self::Renewals => "renewals",
            Self::Retries => "retries",
            Self::LogicalCalls => "logical_calls",
            Self::FlightsJoined => "flights_joined",
            Self::BreakerRejections => "breaker_rejections",
            Self::WronglyAdmitted => "wrongly_admitted",
            Self::AdmissionChecks => "admission_checks",
            Self::FlipsBack => "flips_back",
        }
    }

    /// What a share of this measure is a share of: `lockouts < 0.1%` is a share of the people.
    pub const fn base(self) -> Option<Base> {
        match self {
            Self::VisitsDone | Self::VisitsAbandoned | Self::VisitsFailed | Self::VisitsCutOff => {
                Some(Base::Measure(Self::VisitsScheduled))
            }
            Self::RequestsAdmitted | Self::RequestsRefused | Self::RequestsFailed => {
                Some(Base::Requests)
            }
            Self::ForcedLogouts | Self::NaturalLogouts => Some(Base::DevicesSeen),
            Self::DevicesMigrated => Some(Base::Measure(Self::MigrationsEligible)),
            Self::SilentMigrations => Some(Base::Measure(Self::MigrationAttempts)),
            Self::Logins => Some(Base::Measure(Self::LoginAttempts)),
            Self::Lockouts
            | Self::Abandonments
            | Self::DuplicateAccounts
            | Self::CreatedAccounts => Some(Base::People),
            Self::Relogins => Some(Base::Measure(Self::ForcedLogouts)),
            Self::Retries => Some(Base::Measure(Self::LogicalCalls)),
            Self::WronglyAdmitted => Some(Base::Measure(Self::AdmissionChecks)),
            _ => None,
        }
    }
}

/// What a share is a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Base {
    /// Another measure.
    Measure(Measure),
    /// All requests, however answered.
    Requests,
    /// Devices that presented a credential at least once.
    DevicesSeen,
    /// All people, new ones included.
    People,
}

/// A call or an operation whose time is measured.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// A page load, until the last of its requests is answered.
    Page,
    /// A page load in which a legacy session was migrated.
    PageWithMigration,
    /// A login: the provider's share of it, without the person's typing and mailing times.
    Login,
    /// One call to Migrate Session, as the application sees it.
    Migrate,
    /// One refresh at the legacy provider, as the application sees it.
    Refresh,
    /// One Authenticate Session, as the application sees it.
    Authenticate,
}

impl Operation {
    /// All operations, in order.
    pub const ALL: [Self; 6] = [
        Self::Page,
        Self::PageWithMigration,
        Self::Login,
        Self::Migrate,
        Self::Refresh,
        Self::Authenticate,
    ];

    /// The name that gates and reports use, as in `latency.migrate.p99`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::PageWithMigration => "page_with_migration",
            Self::Login => "login",
            Self::Migrate => "migrate",
            Self::Refresh => "refresh",
            Self::Authenticate => "authenticate",
        }
    }
}
