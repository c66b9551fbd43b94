//! What a gate can ask for, by name, and which limits fit it.

use std::fmt;

use cutover_mocks::{auth0, stytch};

use crate::outcome::Unit;
use crate::recorder::{
    FailureCause, IncidentKind, LockoutCause, LogoutCause, Measure, NO_ANSWER, Operation,
    TIMED_OUT, Via, WrongAdmission,
};

/// Something that a gate holds against a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// A count of the vocabulary, or its share.
    Measure(Measure),
    /// A quantity made from several counts.
    Derived(Derived),
    /// A percentile of an operation's latency.
    Latency(Operation, Percentile),
    /// Calls to an endpoint.
    Calls(Endpoint, Calls),
    /// Most logins begun within one second.
    LoginPeak,
    /// How long the worst storm lasted: until nothing was turned away any more.
    StormLength,
    /// Calls over logical calls: 1 when nothing is retried.
    Amplification,
    /// Incidents of one kind and cause.
    Cause(IncidentKind),
}

impl Quantity {
    /// The unit that a value of it has by itself.
    pub const fn unit(self) -> Unit {
        match self {
            Self::Derived(Derived::MigrationSuccess) => Unit::Percent,
            Self::Latency(..) | Self::StormLength => Unit::Microseconds,
            Self::LoginPeak | Self::Calls(_, Calls::Peak) => Unit::PerSecond,
            Self::Amplification => Unit::Ratio,
            Self::Measure(_) | Self::Derived(_) | Self::Calls(..) | Self::Cause(_) => Unit::Count,
        }
    }
}

/// A quantity made from several counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Derived {
    /// Silent migrations as a share of migration attempts.
    MigrationSuccess,
    /// Devices with a live Stytch session at the end; their share of devices with any live session.
    DevicesOnStytch,
    /// Devices with a live legacy session at the end; their share of devices with any live session.
    Residue,
    /// Devices logged out against their will and not back at the end; their share of devices seen.
    StillOut,
}

impl Derived {
    /// All of them, in order.
    pub const ALL: [Self; 4] = [
        Self::MigrationSuccess,
        Self::DevicesOnStytch,
        Self::Residue,
        Self::StillOut,
    ];

    /// The name that gates and reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MigrationSuccess => "migration_success",
            Self::DevicesOnStytch => "devices_on_stytch",
            Self::Residue => "residue",
            Self::StillOut => "still_out",
        }
    }
}

/// A percentile of a latency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Percentile {
    /// The median.
    P50,
    /// The 90th.
    P90,
    /// The 95th.
    P95,
    /// The 99th.
    P99,
    /// The 99.9th.
    P999,
    /// The largest value.
    Max,
}

impl Percentile {
    /// All of them, in order.
    pub const ALL: [Self; 6] = [
        Self::P50,
        Self::P90,
        Self::P95,
        Self::P99,
        Self::P999,
        Self::Max,
    ];

    /// The name that gates and reports use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P50 => "p50",
            Self::P90 => "p90",
            Self::P95 => "p95",
            Self::P99 => "p99",
            Self::P999 => "p999",
            Self::Max => "max",
        }
    }
}

/// An endpoint of either provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Of the tenant.
    Auth0(auth0::Endpoint),
    /// Of the project.
    Stytch(stytch::Endpoint),
}

impl Endpoint {
    /// All endpoints: the tenant's, then the project's.
    pub fn all() -> impl Iterator<Item = Self> {
        let auth0 = auth0::Endpoint::ALL.into_iter().map(Self::Auth0);
        auth0.chain(stytch::Endpoint::ALL.into_iter().map(Self::Stytch))
    }

    /// The name that scenarios, gates and reports use: `auth0.userinfo`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth0(endpoint) => endpoint.name(),
            Self::Stytch(endpoint) => endpoint.name(),
        }
    }
}

/// Which calls to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Calls {
    /// All of them.
    All,
    /// Most of them within one second.
    Peak,
    /// Those that came back with this status.
    Status(Status),
}

/// What a call came back with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// One HTTP status, from 100 to 598.
    Exactly(u16),
    /// All statuses that begin with this digit, from 2 to 5; a call that timed out is none of them.
    Class(u8),
    /// The connection was refused or closed: nothing came back.
    NoAnswer,
    /// The caller stopped waiting.
    TimedOut,
}

impl Status {
    /// Whether a recorded status ([`NO_ANSWER`] and [`TIMED_OUT`] among them) is one of these.
    pub const fn admits(self, status: u16) -> bool {
        match self {
            Self::Exactly(wanted) => status == wanted,
            Self::Class(digit) => status / 100 == digit as u16 && status != TIMED_OUT,
            Self::NoAnswer => status == NO_ANSWER,
            Self::TimedOut => status == TIMED_OUT,
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(status) => write!(f, "{status}"),
            Self::Class(digit) => write!(f, "{digit}xx"),
            Self::NoAnswer => f.write_str("no_answer"),
            Self::TimedOut => f.write_str("timed_out"),
        }
    }
}

/// Kinds of incidents that have causes, each with all incidents of the kind.
pub(super) fn incidents_by_kind() -> [(&'static str, Vec<IncidentKind>); 7] {
    [
        (
            "forced_logouts",
            LogoutCause::ALL.map(IncidentKind::ForcedLogout).to_vec(),
        ),
        (
            "natural_logouts",
            LogoutCause::ALL.map(IncidentKind::NaturalLogout).to_vec(),
        ),
        (
            "abandonments",
            LogoutCause::ALL.map(IncidentKind::Abandonment).to_vec(),
        ),
        (
            "lockouts",
            LockoutCause::ALL.map(IncidentKind::Lockout).to_vec(),
        ),
        (
            "migration_failures",
            FailureCause::ALL
                .map(IncidentKind::MigrationFailed)
                .to_vec(),
        ),
        (
            "logins",
            [Via::Auth0, Via::Stytch]
                .map(IncidentKind::LoggedIn)
                .to_vec(),
        ),
        (
            "wrongly_admitted",
            WrongAdmission::ALL
                .map(IncidentKind::WronglyAdmitted)
                .to_vec(),
        ),
    ]
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Measure(measure) => f.write_str(measure.name()),
            Self::Derived(derived) => f.write_str(derived.name()),
            Self::Latency(operation, percentile) => {
                write!(f, "latency.{}.{}", operation.name(), percentile.name())
            }
            Self::Calls(endpoint, calls) => {
                write!(f, "calls.{}", endpoint.name())?;
                match calls {
                    Calls::All => Ok(()),
                    Calls::Peak => f.write_str(".peak"),
                    Calls::Status(status) => write!(f, ".{status}"),
                }
            }
            Self::LoginPeak => f.write_str("storm.logins.peak"),
            Self::StormLength => f.write_str("storm.length"),
            Self::Amplification => f.write_str("storm.amplification"),
            Self::Cause(incident) => {
                let kinds = incidents_by_kind();
                let kind = kinds
                    .iter()
                    .find(|(_, all)| all.contains(incident))
                    .map_or("", |(kind, _)| kind);
                write!(f, "causes.{kind}.{}", incident.cause().unwrap_or(""))
            }
        }
    }
}
