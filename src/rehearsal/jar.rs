//! What a device holds: its cookie jar, and how it stands with the application.

use cutover_mocks::email::Email;
use cutover_mocks::stytch::{Opened, SessionJwt, SessionToken};
use cutover_mocks::time::Timestamp;

pub use crate::population::LegacyCookie;
use crate::recorder::{Cohort, Holding, LockoutCause, LogoutCause};
use crate::scenario::Scenario;

/// A Stytch session on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StytchCookie {
    /// The session token.
    pub token: SessionToken,
    /// The session JWT.
    pub jwt: SessionJwt,
    /// When it was opened, by a login or a migration.
    pub(super) opened: Timestamp,
    /// Whose it is, as Stytch says.
    pub email: Email,
}

/// A device's cookies of the application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Jar {
    /// The legacy session.
    pub legacy: Option<LegacyCookie>,
    /// The Stytch session.
    pub stytch: Option<StytchCookie>,
}

impl Jar {
    /// Whether it presents any credential.
    pub(super) const fn presents(&self) -> bool {
        self.legacy.is_some() || self.stytch.is_some()
    }

    /// Until when its sessions live.
    pub(super) fn holding(&self, scenario: &Scenario) -> Holding {
        Holding {
            legacy_until: self.legacy.map(|cookie| cookie.lives_until(scenario)),
            stytch_until: self.stytch.map(|cookie| cookie.jwt.session_expires),
        }
    }
}

impl StytchCookie {
    /// What a login or a migration leaves on a device.
    pub(super) const fn opened(opened: Opened, at: Timestamp) -> Self {
        Self {
            token: opened.token,
            jwt: opened.jwt,
            opened: at,
            email: opened.email,
        }
    }

    /// The cookie after a renewal.
    #[must_use]
    pub(super) const fn renewed(self, renewed: Opened) -> Self {
        Self::opened(renewed, self.opened)
    }
}

/// Where a device keeps its jar. Most accounts are dormant: an empty one takes no room.
#[derive(Clone, Debug, Default)]
pub(super) struct Pocket(Option<Box<Jar>>);

impl Pocket {
    pub(super) fn new(jar: Jar) -> Self {
        Self((jar != Jar::default()).then(|| Box::new(jar)))
    }

    /// The jar.
    pub(super) fn jar(&self) -> Jar {
        self.0.as_deref().copied().unwrap_or_default()
    }

    /// Whether there is any credential in it.
    pub(super) const fn presents(&self) -> bool {
        self.0.is_some()
    }

    /// Puts another jar in.
    pub(super) fn put(&mut self, jar: Jar) {
        match &mut self.0 {
            Some(kept) if jar != Jar::default() => **kept = jar,
            pocket => *pocket = Self::new(jar).0,
        }
    }
}

const _: () = assert!(
    size_of::<DeviceState>() <= 96,
    "two million devices must fit"
);

/// A device in the course of a rehearsal.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not states"
)]
pub(super) struct DeviceState {
    pub(super) pocket: Pocket,
    pub(super) standing: Standing,
    /// Whether the flag was seen on for it: what a sticky cookie remembers.
    pub(super) moved: bool,
    /// When that was noted last.
    pub(super) noted: Timestamp,
    /// Whether it has presented a credential.
    pub(super) seen: bool,
    /// Whether it has presented a live legacy session that was to be migrated.
    pub(super) eligible: bool,
    /// Whether a session of it was migrated.
    pub(super) migrated: bool,
    /// Why its person could not log in when they last tried, and since when.
    pub(super) lock: Option<Lock>,
    /// When its person last logged in on it.
    pub(super) last_login: Option<Timestamp>,
    /// When it was last used.
    pub(super) last_visit: Timestamp,
    /// When its person last clicked on "log out".
    pub(super) left_at: Option<Timestamp>,
    /// Visits of it under way.
    pub(super) visits: u8,
}

/// Logins that failed, with none since that succeeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lock {
    /// When the first of them failed.
    pub(super) since: Timestamp,
    /// Why the last one did.
    pub(super) cause: LockoutCause,
    /// Visits in which they failed.
    pub(super) visits: u16,
    /// Whether the cutover had reached the device.
    pub(super) cohort: Cohort,
}

impl Lock {
    /// Whether the person is shut out. Failures that may pass must have met them at two visits: who
    /// came once, in the middle of an outage, was turned away but is not locked out.
    pub(super) const fn shuts_out(self) -> bool {
        match self.cause {
            LockoutCause::ProviderFailed | LockoutCause::Throttled => self.visits > 1,
            LockoutCause::NotImported
            | LockoutCause::AddressDiffers
            | LockoutCause::NoLegacyRecord
            | LockoutCause::OldApp
            | LockoutCause::OrganizationNotMapped
            | LockoutCause::FlagLoop => true,
        }
    }
}

/// How a device stands with the application, as its person sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Logged in, or never was: a login page is no surprise.
    Expected,
    /// Logged out against the person's will.
    Out(Out),
}

/// A logout that its person did not ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Out {
    pub(super) since: Timestamp,
    pub(super) cause: LogoutCause,
    /// Whether the cutover did it.
    pub(super) forced: bool,
    /// Whether the cutover had reached the device.
    pub(super) cohort: Cohort,
    /// Whether the person will log in at their next visit.
    pub(super) returns: bool,
}

impl DeviceState {
    pub(super) fn new(legacy: Option<LegacyCookie>, last_visit: Timestamp) -> Self {
        Self {
            pocket: Pocket::new(Jar {
                legacy,
                stytch: None,
            }),
            standing: Standing::Expected,
            moved: false,
            noted: Timestamp::from_micros(i64::MIN),
            seen: false,
            eligible: false,
            migrated: false,
            lock: None,
            last_login: None,
            last_visit,
            left_at: None,
            visits: 0,
        }
    }
}
