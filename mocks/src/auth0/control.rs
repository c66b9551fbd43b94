//! Setting a tenant up from outside its API: changing limits, latency and faults while it runs.
//! Nothing here is a call: it meets no limit and is not counted.

use super::call::Endpoint;
use super::protection::Protection;
use super::tenant::Tenant;
use crate::bounds::Bounds;
use crate::capacity::Capacity;
use crate::email::Move;
use crate::fault::FaultPlan;
use crate::latency::Latency;
use crate::limit::Rate;
use crate::time::{Span, Timestamp};

impl Tenant {
    /// Bounds what clients can make it keep.
    pub fn keep_within(&mut self, bounds: Bounds) {
        let most = bounds.passing;
        self.logins.keep_at_most(most);
        self.grants.keep_at_most(most);
        self.sessions.keep_at_most(most);
        self.protection.keep_at_most(most);
        self.limits.keep_at_most(most);
        self.users.keep_at_most(bounds.people);
        self.bounds = Some(bounds);
    }

    /// Within which bounds it was told to keep, if it was.
    pub const fn bounds(&self) -> Option<Bounds> {
        self.bounds
    }

    /// From now on [`Self::take_moves`] tells which mailboxes people come to have, and have no longer.
    pub fn watch_addresses(&mut self) {
        self.users.watch();
    }

    /// Which mailboxes have changed hands since this was last asked; at first those that people have.
    pub fn take_moves(&mut self) -> Vec<Move> {
        self.users.take_moves()
    }

    /// Replaces the limit over all endpoints, those of single endpoints, and that of `UserInfo` for
    /// each user; all buckets are full again.
    pub fn set_limits(
        &mut self,
        tenant: Option<Rate>,
        endpoints: Vec<(Endpoint, Rate)>,
        userinfo_per_user: Option<Rate>,
        now: Timestamp,
    ) {
        self.settings.tenant_limit = tenant;
        self.settings.endpoint_limits = endpoints;
        self.settings.userinfo_per_user = userinfo_per_user;
        self.limits = self.limits.refilled(&self.settings, now);
    }

    /// Replaces how logins and sign-ups are protected; if that changes anything, failures count anew.
    pub fn set_protection(
        &mut self,
        brute_force_attempts: Option<u32>,
        suspicious_ip: Option<Rate>,
        suspicious_signups: Option<Rate>,
    ) {
        let settings = &self.settings;
        let before = (
            settings.brute_force_attempts,
            settings.suspicious_ip,
            settings.suspicious_signups,
        );
        if before == (brute_force_attempts, suspicious_ip, suspicious_signups) {
            return;
        }
        self.settings.brute_force_attempts = brute_force_attempts;
        self.settings.suspicious_ip = suspicious_ip;
        self.settings.suspicious_signups = suspicious_signups;
        self.protection = Protection::new(&self.settings);
        if let Some(bounds) = self.bounds {
            self.protection.keep_at_most(bounds.passing);
        }
    }

    /// Replaces service times: of endpoints that are listed, and of all others.
    pub fn set_latency(&mut self, default: Latency, listed: Vec<(Endpoint, Latency)>) {
        self.settings.latency_default = default;
        self.settings.latency = listed;
    }

    /// Replaces what goes wrong.
    pub fn set_faults(&mut self, faults: FaultPlan<Endpoint>) {
        self.settings.faults = faults;
        self.limits.forget_faults();
    }

    /// Replaces how many calls it works on at once.
    pub fn set_capacity(&mut self, capacity: Option<Capacity>) {
        self.settings.capacity = capacity;
    }

    /// Sets how far its clock is ahead of true time.
    pub fn set_clock_skew(&mut self, skew: Span) {
        self.settings.clock_skew = skew;
    }
}
