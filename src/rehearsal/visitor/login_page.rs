//! A login page appears: whether that was the cutover's doing, and what the person does now.

use super::login::{Login, Stage};
use super::visit::{Ending, LoggedOut};
use crate::dice::Stream;
use crate::population::PersonId;
use crate::recorder::{IncidentKind, LockoutCause, LogoutCause, Measure, Via};
use crate::rehearsal::Rehearsal;
use crate::rehearsal::agenda::{Event, Whose};
use crate::rehearsal::contract::Verifier;
use crate::rehearsal::jar::{Lock, Out, Standing};

/// The ordinal of the visit in which a new person signs up: above those of days and surges.
pub(in crate::rehearsal) const SIGN_UP: u32 = 1 << 25;

impl<V: Verifier> Rehearsal<'_, V> {
    /// Puts the sign-ups on the agenda.
    pub(in crate::rehearsal) fn with_sign_ups(mut self) -> Self {
        let population = self.population;
        let sign_up = Event::Visit {
            ordinal: SIGN_UP,
            device: 0,
        };
        for number in population.at_start()..population.people().len() as u32 {
            let id = PersonId(number);
            if let Some(at) = population
                .person(id)
                .signs_up
                .filter(|_| population.comes(id))
            {
                self.agenda.add(at, Whose(number), sign_up);
            }
        }
        self
    }

    /// A page load ended at a login page; the cause is missing where no credential was presented.
    pub(super) fn refused(&mut self, visit: usize, cause: Option<LogoutCause>) {
        let pages = self.meet_login_page(visit);
        if self.is_stranger(visit) {
            return self.begin_login(visit);
        }
        let private = self.visits[visit].shape.private;
        if let Some(cause) = cause {
            // Whoever logs in with an old app only to be refused again is locked out, not logged out.
            if pages == 1 || cause != LogoutCause::OldApp {
                self.note_logout(visit, cause, pages);
            }
            if cause == LogoutCause::OldApp && !private {
                return self.locked_out(visit, LockoutCause::OldApp);
            }
        }
        if pages > 1 {
            return self.try_again(visit, cause.map_or(LockoutCause::ProviderFailed, why_again));
        }
        let standing = self.devices[self.visits[visit].device.0 as usize].standing;
        match standing {
            // A private window has no session: its person expects to log in.
            _ if private => self.begin_login(visit),
            Standing::Expected => self.begin_login(visit),
            Standing::Out(Out { returns, .. }) if cause.is_none() => {
                if returns {
                    self.begin_login(visit);
                } else {
                    self.end_visit(visit, Ending::Abandoned);
                }
            }
            Standing::Out(_) => self.react(visit),
        }
    }

    /// Notes that a visit met a login page; says how many it has met.
    pub(super) fn meet_login_page(&mut self, visit: usize) -> u8 {
        let state = &mut self.visits[visit];
        state.login_pages = state.login_pages.saturating_add(1);
        state.login_pages
    }

    /// A credential was presented and not honoured, at the login page of this number in its visit. A
    /// visit makes at most one logout of each kind: what comes after is the same trouble once more.
    fn note_logout(&mut self, visit: usize, cause: LogoutCause, pages: u8) {
        let state = &self.visits[visit];
        let device = state.device.0 as usize;
        // A click on "log out" in another tab, or a new password set elsewhere, is the person's doing.
        let by_choice =
            cause == LogoutCause::PasswordReset || self.devices[device].left_at >= state.started;
        let known = self
            .baseline
            .is_none_or(|baseline| baseline.login_pages(state.person, state.ordinal) >= pages);
        let forced = !known && !by_choice;
        let logged_out = if forced {
            LoggedOut::ByForce
        } else {
            LoggedOut::Naturally
        };
        if state.logged_out >= logged_out {
            return;
        }
        self.visits[visit].logged_out = logged_out;
        if !self.visits[visit].shape.private {
            self.devices[device].standing = Standing::Out(Out {
                since: self.now,
                cause,
                forced,
                cohort: self.slice(visit).cohort,
                returns: true,
            });
        }
        if forced {
            self.progress.forced_logouts += 1;
            self.count(Measure::ForcedLogouts, visit);
            self.incident(visit, IncidentKind::ForcedLogout(cause));
        } else {
            self.count(Measure::NaturalLogouts, visit);
            self.incident(visit, IncidentKind::NaturalLogout(cause));
        }
    }

    /// What a person does at a login page that they did not expect.
    fn react(&mut self, visit: usize) {
        let state = &self.visits[visit];
        let device = state.device.0 as usize;
        let reaction = &self.scenario.population.reaction;
        let luck = self
            .dice
            .luck(Stream::Reaction, state.person.0, u64::from(state.ordinal))
            .unit();
        let (now, later) = (reaction.now.get(), reaction.later.get());
        if let Standing::Out(out) = &mut self.devices[device].standing {
            out.returns = luck < now + later;
        }
        if luck < now {
            return self.begin_login(visit);
        }
        self.end_visit(visit, Ending::Abandoned);
    }

    /// A login begins: once more with each attempt.
    pub(super) fn begin_login(&mut self, visit: usize) {
        let via = self.login_via(visit);
        self.count(Measure::LoginAttempts, visit);
        self.recorder.login_begun(self.now);
        self.visits[visit].attempts += 1;
        self.visits[visit].login = Some(Login::new(via));
        if via == Via::Stytch && self.needs_unmapped_organization(visit) {
            return self.locked_out(visit, LockoutCause::OrganizationNotMapped);
        }
        if self.is_stranger(visit) {
            return self.begin_sign_up(visit, via);
        }
        match via {
            Via::Auth0 => self.open_legacy_login(visit),
            Via::Stytch => self.open_stytch_login(visit),
        }
    }

    /// Which provider's login a person meets: an old app knows only the legacy one; otherwise the
    /// instance that redirects decides, and it does not know who is there.
    fn login_via(&self, visit: usize) -> Via {
        let state = &self.visits[visit];
        if self.now < self.population.device(state.device).updated {
            return Via::Auth0;
        }
        let instance = self.balance(visit, 0);
        self.mode(visit, instance, false, self.now).login
    }

    /// Whether a visit is about an organization that nobody created in Stytch.
    pub(in crate::rehearsal) fn needs_unmapped_organization(&self, visit: usize) -> bool {
        self.visits[visit].shape.organization.is_some() && self.organization(visit).is_none()
    }

    /// A login failed in a way that may pass, or led back to a login page: once more, or no more.
    pub(super) fn try_again(&mut self, visit: usize, cause: LockoutCause) {
        if self.visits[visit].attempts >= self.scenario.population.reaction.attempts.max(1) {
            return self.locked_out(visit, cause);
        }
        self.visits[visit]
            .login
            .get_or_insert(Login::new(Via::Auth0))
            .stage = Stage::Again;
        let at = self.now + self.think(visit);
        self.agenda
            .add(at, self.whose(visit), Event::Login(visit as u32));
    }

    /// The pause before another attempt is over.
    pub(super) fn again(&mut self, visit: usize) {
        self.begin_login(visit);
    }

    /// A person could not log in, and leaves. Whether it lasts, the end of the rehearsal tells.
    pub(super) fn locked_out(&mut self, visit: usize, cause: LockoutCause) {
        let state = &self.visits[visit];
        if !state.shape.private {
            let device = state.device.0 as usize;
            let cohort = self.slice(visit).cohort;
            let lock = self.locks.entry(state.device).or_insert(Lock {
                since: self.now,
                cause,
                visits: 0,
                cohort,
            });
            lock.cause = cause;
            lock.visits = lock.visits.saturating_add(1);
            if let Standing::Out(out) = &mut self.devices[device].standing {
                out.returns = true;
            }
        }
        let ending = match cause {
            LockoutCause::ProviderFailed | LockoutCause::Throttled => Ending::Failed,
            LockoutCause::NotImported
            | LockoutCause::AddressDiffers
            | LockoutCause::NoLegacyRecord
            | LockoutCause::OldApp
            | LockoutCause::OrganizationNotMapped
            | LockoutCause::FlagLoop => Ending::Abandoned,
        };
        self.end_visit(visit, ending);
    }
}

/// Why a person cannot log in whose new session is refused at once, if that goes on.
const fn why_again(cause: LogoutCause) -> LockoutCause {
    match cause {
        LogoutCause::MiddlewareReject | LogoutCause::FlagFlip | LogoutCause::Rollback => {
            LockoutCause::FlagLoop
        }
        LogoutCause::OldApp => LockoutCause::OldApp,
        _ => LockoutCause::ProviderFailed,
    }
}
