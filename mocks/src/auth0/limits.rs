//! The tenant's rate limits: over all endpoints, for one endpoint, for one user, and by a fault.

use std::hash::Hash;

use rustc_hash::FxHashMap;

use super::call::{Endpoint, UserId};
use super::settings::Settings;
use crate::limit::{Allows, LimitUse, Limited, Pressure, Rate, TokenBucket, Verdict};
use crate::time::{Span, Timestamp};

/// What a caller learns of the bucket that judged a call, from `x-ratelimit-*` headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateSeen {
    /// `x-ratelimit-limit`: calls that may come at once.
    pub limit: u32,
    /// `x-ratelimit-remaining`.
    pub remaining: u32,
    /// `x-ratelimit-reset`, counted from now: until the bucket is full again, as observed.
    pub full_in: Span,
}

/// Buckets of many keys, of which only those that are not full are remembered.
#[derive(Clone, Debug)]
pub(super) struct Buckets<K> {
    rate: Rate,
    pressure: Pressure,
    of: FxHashMap<K, TokenBucket>,
    sweep_at: usize,
    most: usize,
}

/// Full buckets are swept out when this many are kept, and then when twice as many as remain are.
const FIRST_SWEEP: usize = 1024;

impl<K: Copy + Eq + Hash> Buckets<K> {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rate,
            pressure: Pressure::default(),
            of: FxHashMap::default(),
            sweep_at: FIRST_SWEEP,
            most: usize::MAX,
        }
    }

    /// Sets how many are remembered at most: beyond that those used longest ago are forgotten, too.
    pub(super) fn keep_at_most(&mut self, most: usize) {
        self.most = most;
    }

    fn sweep(&mut self, now: Timestamp) {
        let rate = self.rate;
        self.of.retain(|_, bucket| !bucket.is_full(rate, now));
        if self.of.len() > self.most / 2 {
            let times = self.of.values().map(TokenBucket::last_used).collect();
            let newer_than = median(times);
            self.of.retain(|_, bucket| bucket.last_used() > newer_than);
        }
        self.sweep_at = FIRST_SWEEP.max(self.of.len() * 2);
    }

    /// Takes one token of a key's bucket.
    pub(super) fn take(&mut self, key: K, now: Timestamp) -> Verdict {
        if self.of.len() >= self.sweep_at.min(self.most) {
            self.sweep(now);
        }
        let verdict = self
            .of
            .entry(key)
            .or_insert_with(|| TokenBucket::full(self.rate, now))
            .take(self.rate, now);
        self.pressure.note(verdict, self.rate.burst, now);
        verdict
    }

    /// Whether a token is left, without taking it.
    pub(super) fn has_left(&self, key: K, now: Timestamp) -> bool {
        self.of
            .get(&key)
            .is_none_or(|bucket| bucket.clone().take(self.rate, now).allowed)
    }

    fn seen(&self, verdict: Verdict) -> RateSeen {
        seen(self.rate, verdict)
    }
}

/// The time in the middle of these: those after it are at most half of them.
pub(super) fn median(mut times: Vec<Timestamp>) -> Timestamp {
    let middle = times.len() / 2;
    if times.is_empty() {
        return Timestamp::NEVER;
    }
    *times.select_nth_unstable(middle).1
}

fn seen(rate: Rate, verdict: Verdict) -> RateSeen {
    RateSeen {
        limit: rate.burst,
        remaining: verdict.remaining,
        full_in: verdict.full_in,
    }
}

/// One bucket with its rate.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    rate: Rate,
    tokens: TokenBucket,
    pressure: Pressure,
}

impl Bucket {
    fn full(rate: Rate, now: Timestamp) -> Self {
        Self {
            rate,
            tokens: TokenBucket::full(rate, now),
            pressure: Pressure::default(),
        }
    }

    fn take(&mut self, now: Timestamp) -> Verdict {
        let verdict = self.tokens.take(self.rate, now);
        self.pressure.note(verdict, self.rate.burst, now);
        verdict
    }

    const fn in_use(&self, limited: Limited<Endpoint>) -> LimitUse<Endpoint> {
        LimitUse {
            limited,
            allows: Allows::Bucket(self.rate),
            pressure: self.pressure,
        }
    }
}

/// All buckets of a tenant.
#[derive(Clone, Debug)]
pub(super) struct Limits {
    tenant: Option<Bucket>,
    endpoints: [Option<Bucket>; Endpoint::ALL.len()],
    users: Option<Buckets<UserId>>,
    most: usize,
    /// One for each limiting fault, by its place in the plan.
    faults: Vec<(usize, Bucket)>,
    seen: Option<RateSeen>,
}

impl Limits {
    /// All of them full.
    pub(super) fn full(settings: &Settings, now: Timestamp) -> Self {
        let mut endpoints = [None; Endpoint::ALL.len()];
        for (endpoint, rate) in &settings.endpoint_limits {
            endpoints[*endpoint as usize] = Some(Bucket::full(*rate, now));
        }
        Self {
            tenant: settings.tenant_limit.map(|rate| Bucket::full(rate, now)),
            endpoints,
            users: settings.userinfo_per_user.map(Buckets::new),
            most: usize::MAX,
            faults: Vec::new(),
            seen: None,
        }
    }

    /// Sets how many users' buckets are remembered at most.
    pub(super) fn keep_at_most(&mut self, most: usize) {
        self.most = most;
        if let Some(users) = &mut self.users {
            users.keep_at_most(most);
        }
    }

    /// The same limits as settings say now, all of them full, within the same bound.
    pub(super) fn refilled(&self, settings: &Settings, now: Timestamp) -> Self {
        let mut limits = Self::full(settings, now);
        limits.keep_at_most(self.most);
        limits
    }

    /// Forgets what the last call saw.
    pub(super) fn begin_call(&mut self) {
        self.seen = None;
    }

    /// What the call under way saw of the last bucket that judged it.
    pub(super) fn seen(&self) -> Option<RateSeen> {
        self.seen
    }

    /// Every limit, and how close calls have come to it.
    pub(super) fn in_use(&self) -> Vec<LimitUse<Endpoint>> {
        let tenant = self.tenant.iter().map(|bucket| bucket.in_use(Limited::All));
        let endpoints = Endpoint::ALL.into_iter().filter_map(|endpoint| {
            let bucket = self.endpoints[endpoint as usize].as_ref()?;
            Some(bucket.in_use(Limited::Endpoint(endpoint)))
        });
        let users = self.users.iter().map(|users| LimitUse {
            limited: Limited::Person(Endpoint::UserInfo),
            allows: Allows::Bucket(users.rate),
            pressure: users.pressure,
        });
        let faults = self.faults.iter();
        let faults = faults.map(|(_, bucket)| bucket.in_use(Limited::Fault));
        tenant.chain(endpoints).chain(users).chain(faults).collect()
    }

    /// Lets a call through, or not: first the tenant's bucket, then the endpoint's (Auth0 docs, rate
    /// limit policy). The Management API has limits of its own only.
    pub(super) fn admit(&mut self, endpoint: Endpoint, now: Timestamp) -> bool {
        let tenant = self
            .tenant
            .as_mut()
            .filter(|_| endpoint != Endpoint::Management);
        for bucket in [tenant, self.endpoints[endpoint as usize].as_mut()]
            .into_iter()
            .flatten()
        {
            let verdict = bucket.take(now);
            self.seen = Some(seen(bucket.rate, verdict));
            if !verdict.allowed {
                return false;
            }
        }
        true
    }

    /// Draws on the tenant's bucket for calls that nobody models one by one; they are never refused.
    pub(super) fn draw(&mut self, calls: u8, now: Timestamp) {
        if let Some(tenant) = &mut self.tenant {
            for _ in 0..calls {
                tenant.take(now);
            }
        }
    }

    /// Lets a `UserInfo` call of one user through, or not.
    pub(super) fn admit_user(&mut self, user: UserId, now: Timestamp) -> bool {
        let Some(users) = &mut self.users else {
            return true;
        };
        let verdict = users.take(user, now);
        self.seen = Some(users.seen(verdict));
        verdict.allowed
    }

    /// Forgets what faults have counted: their places are others' from now on.
    pub(super) fn forget_faults(&mut self) {
        self.faults.clear();
    }

    /// Lets a call through a fault that lowers the limit, or not.
    pub(super) fn admit_fault(&mut self, place: usize, rate: Rate, now: Timestamp) -> bool {
        let known = self
            .faults
            .iter()
            .position(|(at, _)| *at == place)
            .unwrap_or_else(|| {
                self.faults.push((place, Bucket::full(rate, now)));
                self.faults.len() - 1
            });
        let verdict = self.faults[known].1.take(now);
        self.seen = Some(seen(rate, verdict));
        verdict.allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate {
        per_second: 1.0,
        burst: 2,
    };

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn full_buckets_are_forgotten() {
        let mut buckets = Buckets::new(RATE);
        for user in 0..100_000 {
            assert!(buckets.take(user, at(i64::from(user / 100))).allowed);
        }
        assert!(
            buckets.of.len() <= 2 * FIRST_SWEEP,
            "{} are kept",
            buckets.of.len()
        );
    }

    #[test]
    fn no_more_are_remembered_than_may_be() {
        let mut buckets = Buckets::new(Rate {
            per_second: 1e-6,
            burst: 1,
        });
        buckets.keep_at_most(5000);
        for user in 0..100_000_u32 {
            buckets.take(user, at(user.into()));
            assert!(buckets.of.len() <= 5000);
        }
        assert!(
            !buckets.has_left(99_999, at(100_000)),
            "the newest is known"
        );
    }

    #[test]
    fn a_bucket_in_use_survives_the_sweep() {
        let mut buckets = Buckets::new(Rate {
            per_second: 1e-6,
            burst: 1,
        });
        assert!(buckets.take(u32::MAX, at(0)).allowed);
        for other in 0..5000 {
            buckets.take(other, at(1));
        }
        assert!(!buckets.has_left(u32::MAX, at(1)));
        assert!(!buckets.take(u32::MAX, at(1)).allowed);
    }

    #[test]
    fn looking_takes_nothing() {
        let mut buckets = Buckets::new(RATE);
        assert!((0..10).all(|_| buckets.has_left(1, at(0))));
        assert!(buckets.take(1, at(0)).allowed);
        assert_eq!(buckets.take(1, at(0)).remaining, 0);
        assert!(!buckets.has_left(1, at(0)));
    }

    #[test]
    fn the_tenants_bucket_comes_before_the_endpoints() {
        let settings = Settings {
            tenant_limit: Some(Rate {
                per_second: 1.0,
                burst: 3,
            }),
            endpoint_limits: vec![(
                Endpoint::Jwks,
                Rate {
                    per_second: 1.0,
                    burst: 2,
                },
            )],
            ..Settings::default()
        };
        let mut limits = Limits::full(&settings, at(0));
        let jwks: Vec<bool> = (0..3)
            .map(|_| limits.admit(Endpoint::Jwks, at(0)))
            .collect();
        assert_eq!(jwks, [true, true, false]);
        assert_eq!(
            limits.seen().map(|seen| seen.limit),
            Some(2),
            "the endpoint's bucket refused"
        );
        assert!(
            !limits.admit(Endpoint::Token, at(0)),
            "three calls emptied the tenant's bucket"
        );
        assert!(
            limits.admit(Endpoint::Management, at(0)),
            "which does not count for the Management API"
        );
    }
}
