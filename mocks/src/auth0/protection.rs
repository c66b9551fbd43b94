//! Attack protection of logins: brute force (one address against one mailbox) and suspicious addresses.

use std::collections::BTreeMap;

use super::call::{Address, Error};
use super::limits::{Buckets, median};
use super::settings::Settings;
use crate::lasting::SLACK;
use crate::time::{Span, Timestamp};

/// A block by brute-force protection ends after this time (Auth0 docs, brute-force protection).
const BLOCK: Span = Span::from_days(30);

/// Old failures are swept out when this many are kept, and then when twice as many as remain are.
const FIRST_SWEEP: usize = 1 << 14;

/// Failed logins, as far as they matter.
#[derive(Clone, Debug)]
pub(super) struct Protection {
    attempts: Option<u32>,
    failures: BTreeMap<(u32, Address), Failures>,
    sweep_at: usize,
    most: usize,
    addresses: Option<Buckets<Address>>,
    sign_ups: Option<Buckets<Address>>,
    paces: Option<Buckets<(u32, Address)>>,
}

/// Failures in a row of one address against one mailbox.
#[derive(Clone, Copy, Debug)]
struct Failures {
    count: u32,
    last: Timestamp,
}

impl Protection {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            attempts: settings.brute_force_attempts,
            failures: BTreeMap::new(),
            sweep_at: FIRST_SWEEP,
            most: usize::MAX,
            addresses: settings.suspicious_ip.map(Buckets::new),
            sign_ups: settings.suspicious_signups.map(Buckets::new),
            paces: settings.logins_per_user_and_address.map(Buckets::new),
        }
    }

    /// Sets how much of each kind is remembered at most: beyond that the oldest is forgotten, too.
    pub(super) fn keep_at_most(&mut self, most: usize) {
        self.most = most;
        for addresses in [&mut self.addresses, &mut self.sign_ups]
            .into_iter()
            .flatten()
        {
            addresses.keep_at_most(most);
        }
        if let Some(paces) = &mut self.paces {
            paces.keep_at_most(most);
        }
    }

    fn sweep(&mut self, now: Timestamp) {
        self.failures
            .retain(|_, failures| now < failures.last + BLOCK + SLACK);
        if self.failures.len() > self.most / 2 {
            let newer_than = median(self.failures.values().map(|it| it.last).collect());
            self.failures
                .retain(|_, failures| failures.last > newer_than);
        }
        self.sweep_at = FIRST_SWEEP.max(self.failures.len() * 2);
    }

    /// Whether a login may be tried at all.
    pub(super) fn admit(
        &self,
        mailbox: u32,
        address: Address,
        now: Timestamp,
    ) -> Result<(), Error> {
        let blocked = self.attempts.is_some_and(|attempts| {
            self.failures
                .get(&(mailbox, address))
                .is_some_and(|failures| failures.count >= attempts && now < failures.last + BLOCK)
        });
        if blocked {
            return Err(Error::TooManyAttempts);
        }
        match &self.addresses {
            Some(addresses) if !addresses.has_left(address, now) => Err(Error::SuspiciousAddress),
            _ => Ok(()),
        }
    }

    /// Counts a login with a password, good or bad, and whether it may be tried.
    pub(super) fn pace(
        &mut self,
        mailbox: u32,
        address: Address,
        now: Timestamp,
    ) -> Result<(), Error> {
        let may = self
            .paces
            .as_mut()
            .is_none_or(|paces| paces.take((mailbox, address), now).allowed);
        may.then_some(()).ok_or(Error::RateLimited)
    }

    /// Counts a sign-up, and whether it may be tried.
    pub(super) fn admit_sign_up(&mut self, address: Address, now: Timestamp) -> Result<(), Error> {
        let may = self
            .sign_ups
            .as_mut()
            .is_none_or(|known| known.take(address, now).allowed);
        may.then_some(()).ok_or(Error::SuspiciousAddress)
    }

    /// A login failed.
    pub(super) fn failed(&mut self, mailbox: u32, address: Address, now: Timestamp) {
        if self.attempts.is_some() {
            if self.failures.len() >= self.sweep_at.min(self.most) {
                self.sweep(now);
            }
            let failures = self.failures.entry((mailbox, address)).or_insert(Failures {
                count: 0,
                last: now,
            });
            if now >= failures.last + BLOCK {
                failures.count = 0;
            }
            *failures = Failures {
                count: failures.count.saturating_add(1),
                last: now,
            };
        }
        if let Some(addresses) = &mut self.addresses {
            addresses.take(address, now);
        }
    }

    /// A login succeeded: failures are counted in a row.
    pub(super) fn succeeded(&mut self, mailbox: u32, address: Address) {
        self.failures.remove(&(mailbox, address));
    }

    /// Where a mailbox is blocked from.
    pub(super) fn blocked_from(&self, mailbox: u32, now: Timestamp) -> Vec<Address> {
        let Some(attempts) = self.attempts else {
            return Vec::new();
        };
        self.failures
            .range((mailbox, Address(0))..=(mailbox, Address(u32::MAX)))
            .filter(|(_, failures)| failures.count >= attempts && now < failures.last + BLOCK)
            .map(|((_, address), _)| *address)
            .collect()
    }

    /// The password was changed: whoever is blocked for this mailbox is so no longer.
    pub(super) fn forgive(&mut self, mailbox: u32) {
        let blocked: Vec<Address> = self
            .failures
            .range((mailbox, Address(0))..=(mailbox, Address(u32::MAX)))
            .map(|((_, address), _)| *address)
            .collect();
        for address in blocked {
            self.failures.remove(&(mailbox, address));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limit::Rate;

    const HOME: Address = Address(1);

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn protection(attempts: Option<u32>, suspicious: Option<u32>) -> Protection {
        Protection::new(&Settings {
            brute_force_attempts: attempts,
            suspicious_ip: suspicious.map(|burst| Rate {
                per_second: 1.0 / 864.0,
                burst,
            }),
            ..Settings::default()
        })
    }

    #[test]
    fn ten_failures_block_one_address_for_one_mailbox_for_a_month() {
        let mut protection = protection(Some(10), None);
        for second in 0..10 {
            assert_eq!(protection.admit(5, HOME, at(second)), Ok(()));
            protection.failed(5, HOME, at(second));
        }
        assert_eq!(
            protection.admit(5, HOME, at(10)),
            Err(Error::TooManyAttempts)
        );
        assert_eq!(
            protection.admit(6, HOME, at(10)),
            Ok(()),
            "another person at the same address"
        );
        assert_eq!(
            protection.admit(5, Address(2), at(10)),
            Ok(()),
            "the same person elsewhere"
        );
        assert_eq!(
            protection.admit(5, HOME, at(9) + BLOCK),
            Ok(()),
            "a month later"
        );
    }

    #[test]
    fn strangers_who_guess_are_forgotten_in_time_and_in_number() {
        let mut protection = protection(Some(1), None);
        protection.keep_at_most(10_000);
        for stranger in 0..50_000_u32 {
            protection.failed(stranger, HOME, at(stranger.into()));
            assert!(protection.failures.len() <= 10_000);
        }
        let refused = Err(Error::TooManyAttempts);
        assert_eq!(protection.admit(49_999, HOME, at(50_000)), refused);
    }

    #[test]
    fn failures_of_long_ago_are_forgotten() {
        let mut protection = protection(Some(1), None);
        for day in 0..40_000_u32 {
            protection.failed(day, HOME, at(0) + Span::from_days(day.into()));
            assert!(protection.failures.len() <= FIRST_SWEEP);
        }
    }

    #[test]
    fn a_success_or_a_new_password_wipes_the_slate() {
        let mut protection = protection(Some(2), None);
        protection.failed(5, HOME, at(0));
        protection.succeeded(5, HOME);
        protection.failed(5, HOME, at(1));
        assert_eq!(protection.admit(5, HOME, at(2)), Ok(()), "not two in a row");
        protection.failed(5, HOME, at(2));
        assert_eq!(
            protection.admit(5, HOME, at(3)),
            Err(Error::TooManyAttempts)
        );
        protection.forgive(5);
        assert_eq!(protection.admit(5, HOME, at(3)), Ok(()));
    }

    #[test]
    fn one_person_logs_in_so_often_from_one_address_and_no_oftener() {
        let mut protection = Protection::new(&Settings::default());
        let tried: Vec<bool> = (0..21)
            .map(|_| protection.pace(5, HOME, at(0)).is_ok())
            .collect();
        assert_eq!(tried.iter().filter(|allowed| **allowed).count(), 20);
        assert_eq!(protection.pace(5, Address(2), at(0)), Ok(()));
        assert_eq!(protection.pace(5, HOME, at(6)), Ok(()), "10 a minute");
        assert_eq!(protection.pace(5, HOME, at(6)), Err(Error::RateLimited));
    }

    #[test]
    fn an_address_makes_so_many_users_and_no_more() {
        let mut protection = Protection::new(&Settings::default());
        assert!((0..50).all(|_| protection.admit_sign_up(HOME, at(0)).is_ok()));
        let refused = Err(Error::SuspiciousAddress);
        assert_eq!(protection.admit_sign_up(HOME, at(1)), refused);
        assert_eq!(protection.admit_sign_up(Address(2), at(1)), Ok(()));
        assert_eq!(protection.admit_sign_up(HOME, at(1728)), Ok(()));
    }

    #[test]
    fn an_address_with_many_failures_is_throttled_for_everybody() {
        let mut protection = protection(None, Some(3));
        for mailbox in 0..3 {
            protection.failed(mailbox, HOME, at(0));
        }
        assert_eq!(
            protection.admit(99, HOME, at(1)),
            Err(Error::SuspiciousAddress)
        );
        assert_eq!(protection.admit(99, Address(2), at(1)), Ok(()));
        assert_eq!(
            protection.admit(99, HOME, at(865)),
            Ok(()),
            "one more each 864 s"
        );
    }
}
