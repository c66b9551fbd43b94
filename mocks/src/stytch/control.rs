//! Setting a project up from outside its API: seeding in bulk, changing limits and faults while it
//! runs, starting over. Nothing here is a call: it meets no limit and is not counted.

use super::call::{Endpoint, Opened, OrgId, UserId, Vertical};
use super::project::{Project, SeedOrg, SeedUser};
use super::sessions::{Factor, Factors};
use super::settings::{Settings, WindowLimit};
use crate::bounds::Bounds;
use crate::capacity::Capacity;
use crate::email::Move;
use crate::fault::FaultPlan;
use crate::latency::Latency;
use crate::time::{Span, Timestamp};

impl Project {
    /// Adds people in bulk; their ids come in the same order. An address that somebody has (in the
    /// same organization) gives whoever has it.
    pub fn seed_users(&mut self, users: impl IntoIterator<Item = SeedUser>) -> Vec<UserId> {
        let users = users.into_iter();
        self.reserve(users.size_hint().0, 0);
        users.map(|user| self.seed_user(user)).collect()
    }

    /// Adds organizations in bulk; their ids come in the same order.
    pub fn seed_orgs(&mut self, orgs: impl IntoIterator<Item = SeedOrg>) -> Vec<OrgId> {
        orgs.into_iter().map(|org| self.seed_org(org)).collect()
    }

    /// Opens a session as if its person had just logged in with this factor; none for nobody.
    pub fn seed_session(
        &mut self,
        user: UserId,
        at: Timestamp,
        length: Span,
        factor: Factor,
    ) -> Option<Opened> {
        let now = self.now(at);
        self.open(now, user, length, Factors::one(factor)).ok()
    }

    /// Adds people to a B2B organization, or to a consumer project, by address alone: each with a
    /// verified address and the seeded password.
    pub fn seed_addresses(
        &mut self,
        emails: impl IntoIterator<Item = crate::email::Email>,
        org: Option<OrgId>,
    ) -> Vec<UserId> {
        let org = org.filter(|_| self.settings.vertical == Vertical::B2b);
        self.seed_users(emails.into_iter().map(|email| SeedUser {
            email,
            org,
            has_password: true,
            verified: true,
            mfa_enrolled: false,
        }))
    }

    /// Bounds what clients can make it keep. A reset lifts the bounds.
    pub fn keep_within(&mut self, bounds: Bounds) {
        self.login_tokens.keep_at_most(bounds.passing);
        self.intermediates.keep_at_most(bounds.passing);
        self.sessions.keep_at_most(bounds.sessions_of_one);
        self.people
            .keep_at_most(bounds.people, bounds.organizations);
    }

    /// From now on [`Self::take_moves`] tells which mailboxes people come to have, and have no longer;
    /// a member keeps theirs, as they may come back.
    pub fn watch_addresses(&mut self) {
        self.people.watch();
    }

    /// Which mailboxes have changed hands since this was last asked; at first those that people have.
    pub fn take_moves(&mut self) -> Vec<Move> {
        self.people.take_moves()
    }

    /// Forgets everybody, every session and token, and the ledger; settings stay. What is seeded
    /// from now on counts as created at `start`.
    pub fn reset(&mut self, start: Timestamp) {
        *self = Self::new((*self.settings).clone(), start);
    }

    /// Replaces the limit over all calls and those of single endpoints; their windows start empty.
    pub fn set_limits(
        &mut self,
        project: Option<WindowLimit>,
        endpoints: Vec<(Endpoint, WindowLimit)>,
    ) {
        self.settings.project_limit = project;
        self.settings.endpoint_limits = endpoints;
        self.gate.set_limits(&self.settings);
    }

    /// Replaces the limit of mails to one person; none lets every mail through.
    pub fn set_mails_per_person(&mut self, limit: Option<WindowLimit>) {
        self.settings.mails_per_person = limit;
    }

    /// Replaces service times: of endpoints that are listed, and of all others.
    pub fn set_latency(&mut self, default: Latency, listed: Vec<(Endpoint, Latency)>) {
        self.settings.latency_default = default;
        self.settings.latency = listed;
        self.gate.set_latency(&self.settings);
    }

    /// Replaces what goes wrong.
    pub fn set_faults(&mut self, faults: FaultPlan<Endpoint>) {
        self.settings.faults = faults;
        self.gate.set_faults(&self.settings);
    }

    /// Replaces how many calls it works on at once.
    pub fn set_capacity(&mut self, capacity: Option<Capacity>) {
        self.settings.capacity = capacity;
        self.gate.set_capacity(capacity);
    }

    /// Sets how far its clock is ahead of true time.
    pub fn set_clock_skew(&mut self, skew: Span) {
        self.settings.clock_skew = skew;
        self.gate.set_clock_skew(skew);
    }

    /// Changes settings that are looked at anew with every call: lifetimes, locks, the open questions
    /// of Migrate Session. What [`Settings`] has of limits, latency, faults, capacity and skew is
    /// taken over as well; which product the project is stays.
    pub fn set_settings(&mut self, settings: Settings) {
        let vertical = self.settings.vertical;
        *self.settings = Settings {
            vertical,
            ..settings
        };
        self.gate.set_limits(&self.settings);
        self.gate.set_latency(&self.settings);
        self.gate.set_faults(&self.settings);
        self.gate.set_capacity(self.settings.capacity);
        self.gate.set_clock_skew(self.settings.clock_skew);
    }
}
