//! What a device holds: its cookie jar, and how it stands with the application.

use cutover_mocks::email::Email;
use cutover_mocks::stytch::{Opened, SessionJwt, SessionToken};
use cutover_mocks::time::Timestamp;
use slab::Slab;

use super::ahead::Coming;
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

/// Where a jar's cookies are kept. Most accounts are dormant: an empty jar takes no room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pocket {
    legacy: u32,
    stytch: u32,
}

/// The place of a cookie that is not there.
const NOWHERE: u32 = u32::MAX;

impl Default for Pocket {
    fn default() -> Self {
        Self {
            legacy: NOWHERE,
            stytch: NOWHERE,
        }
    }
}

impl Pocket {
    /// Whether there is any credential in it.
    pub(super) const fn presents(self) -> bool {
        self.legacy != NOWHERE || self.stytch != NOWHERE
    }
}

/// All cookies, each kind by itself: a device seldom holds both. Places are used again.
#[derive(Clone, Debug, Default)]
pub(super) struct Jars {
    legacy: Slab<LegacyCookie>,
    stytch: Slab<StytchCookie>,
}

impl Jars {
    /// The jar of a pocket.
    pub(super) fn get(&self, pocket: Pocket) -> Jar {
        Jar {
            legacy: self.legacy.get(pocket.legacy as usize).copied(),
            stytch: self.stytch.get(pocket.stytch as usize).copied(),
        }
    }

    /// What providers will be asked about.
    pub(super) fn coming(&self, pocket: Pocket) -> Coming {
        let legacy = self.legacy.get(pocket.legacy as usize);
        let stytch = self.stytch.get(pocket.stytch as usize);
        Coming {
            refresh: legacy.and_then(|cookie| cookie.refresh),
            session: stytch.map(|cookie| cookie.token),
        }
    }

    /// Puts another jar into a pocket.
    pub(super) fn put(&mut self, pocket: &mut Pocket, jar: Jar) {
        put(&mut self.legacy, &mut pocket.legacy, jar.legacy);
        put(&mut self.stytch, &mut pocket.stytch, jar.stytch);
    }

    /// A pocket is thrown away, with what is in it.
    pub(super) fn forget(&mut self, mut pocket: Pocket) {
        self.put(&mut pocket, Jar::default());
    }
}

fn put<Cookie>(kept: &mut Slab<Cookie>, place: &mut u32, cookie: Option<Cookie>) {
    match (kept.get_mut(*place as usize), cookie) {
        (Some(kept), Some(cookie)) => *kept = cookie,
        (None, Some(cookie)) => *place = kept.insert(cookie) as u32,
        (Some(_), None) => {
            kept.remove(*place as usize);
            *place = NOWHERE;
        }
        (None, None) => {}
    }
}

const _: () = assert!(
    size_of::<DeviceState>() == 64,
    "a device lies in one line of a processor's cache"
);

/// A device in the course of a rehearsal.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct DeviceState {
    pub(super) pocket: Pocket,
    pub(super) standing: Standing,
    /// Whether the flag was seen on for it: what a sticky cookie remembers.
    pub(super) moved: bool,
    /// Whether it has presented a credential.
    pub(super) seen: bool,
    /// Whether it has presented a live legacy session that was to be migrated.
    pub(super) eligible: bool,
    /// Whether a session of it was migrated.
    pub(super) migrated: bool,
    /// Visits of it under way.
    pub(super) visits: u8,
    /// When it was noted last whether the flag is on for it; [`NOT_YET`] before.
    pub(super) noted: Timestamp,
    /// When its person last logged in on it; [`NOT_YET`] before.
    pub(super) last_login: Timestamp,
    /// When it was last used.
    pub(super) last_visit: Timestamp,
    /// When its person last clicked on "log out"; [`NOT_YET`] before.
    pub(super) left_at: Timestamp,
}

/// Before all times: what has not happened yet.
const NOT_YET: Timestamp = Timestamp::from_micros(i64::MIN);

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
    pub(super) fn new(last_visit: Timestamp) -> Self {
        Self {
            pocket: Pocket::default(),
            standing: Standing::Expected,
            moved: false,
            seen: false,
            eligible: false,
            migrated: false,
            visits: 0,
            noted: NOT_YET,
            last_login: NOT_YET,
            last_visit,
            left_at: NOT_YET,
        }
    }
}
