//! How an instance treats failing providers: retries with a budget, and circuit breakers.

use cutover_mocks::luck::Luck;
use cutover_mocks::time::{Span, Timestamp};

use crate::recorder::Via;
use crate::scenario::app::{App, Breaker, Retry};

/// Retries that a budget allows before its share says anything.
const FREE_RETRIES: u64 = 10;

/// The state of one instance's calls to both providers.
#[derive(Clone, Debug, Default)]
pub(in crate::rehearsal) struct Resilience {
    calls: u64,
    retries: u64,
    breakers: [BreakerState; 2],
}

#[derive(Clone, Copy, Debug, Default)]
struct BreakerState {
    failures: u16,
    open_until: Option<Timestamp>,
    probing: bool,
}

impl Resilience {
    /// Whether a call may go out; an open breaker lets one probe through when its time is over.
    pub(in crate::rehearsal) fn admits(&mut self, app: &App, via: Via, now: Timestamp) -> bool {
        if app.breaker.is_none() {
            return true;
        }
        let breaker = &mut self.breakers[via as usize];
        match breaker.open_until {
            None => true,
            Some(until) if now >= until && !breaker.probing => {
                breaker.probing = true;
                true
            }
            Some(_) => false,
        }
    }

    /// Counts a call that goes out.
    pub(in crate::rehearsal) const fn sent(&mut self, retry: bool) {
        self.calls += 1;
        if retry {
            self.retries += 1;
        }
    }

    /// Notes how a call ended.
    pub(in crate::rehearsal) fn ended(
        &mut self,
        app: &App,
        via: Via,
        failed: bool,
        now: Timestamp,
    ) {
        let Some(Breaker { failures, open_for }) = app.breaker else {
            return;
        };
        let breaker = &mut self.breakers[via as usize];
        if failed {
            breaker.failures = breaker.failures.saturating_add(1);
            if breaker.failures >= failures {
                breaker.open_until = Some(now + open_for);
            }
        } else {
            *breaker = BreakerState::default();
        }
        breaker.probing = false;
    }

    /// Whether more was called again than the budget allows.
    pub(in crate::rehearsal) fn has_spent(&self, app: &App) -> bool {
        let Retry::FullJitter { budget, .. } = app.retry else {
            return false;
        };
        self.retries >= FREE_RETRIES && self.retries as f64 > budget.get() * self.calls as f64
    }

    /// How long to wait before calling again after `attempts` failed calls; `None` to give up.
    pub(in crate::rehearsal) fn retry_after(
        &self,
        app: &App,
        attempts: u8,
        luck: Luck,
    ) -> Option<Span> {
        let doubled =
            |base: Span, cap: Span| (base * (1i64 << attempts.saturating_sub(1).min(30))).min(cap);
        let (allowed, wait) = match app.retry {
            Retry::None => return None,
            Retry::Immediate { attempts } => (attempts, Span::ZERO),
            Retry::Fixed { attempts, wait } => (attempts, wait),
            Retry::Exponential {
                attempts,
                base,
                cap,
            } => (attempts, doubled(base, cap)),
            Retry::FullJitter {
                attempts,
                base,
                cap,
                budget: _,
            } => (attempts, doubled(base, cap).scale(luck.unit())),
        };
        (attempts < allowed && !self.has_spent(app)).then_some(wait)
    }
}

#[cfg(test)]
mod tests {
    use cutover_mocks::share::Share;

    use super::*;
    use crate::rehearsal::app::tests::app;

    #[test]
    fn exponential_waits_double_up_to_their_cap() {
        let retry = Retry::Exponential {
            attempts: 5,
            base: Span::from_secs(1),
            cap: Span::from_secs(3),
        };
        let app = App { retry, ..app() };
        let waits: Vec<_> = (1..=5)
            .map(|n| Resilience::default().retry_after(&app, n, Luck(0)))
            .collect();
        let seconds = |n| Some(Span::from_secs(n));
        assert_eq!(
            waits,
            [seconds(1), seconds(2), seconds(3), seconds(3), None]
        );
    }

    #[test]
    fn a_budget_stops_retries_that_outgrow_their_share() {
        let retry = Retry::FullJitter {
            attempts: 9,
            base: Span::from_secs(1),
            cap: Span::from_secs(1),
            budget: Share::percent(10),
        };
        let app = App { retry, ..app() };
        let mut instance = Resilience::default();
        (0..100).for_each(|_| instance.sent(false));
        (0..FREE_RETRIES).for_each(|_| instance.sent(true));
        assert!(instance.retry_after(&app, 1, Luck(9)).is_some());
        (0..2).for_each(|_| instance.sent(true));
        assert!(instance.retry_after(&app, 1, Luck(9)).is_none());
    }

    #[test]
    fn a_breaker_opens_lets_one_probe_through_and_closes() {
        let breaker = Some(Breaker {
            failures: 2,
            open_for: Span::from_secs(10),
        });
        let app = App { breaker, ..app() };
        let at = Timestamp::from_secs;
        let mut instance = Resilience::default();
        instance.ended(&app, Via::Stytch, true, at(0));
        assert!(instance.admits(&app, Via::Stytch, at(0)));
        instance.ended(&app, Via::Stytch, true, at(1));
        assert!(!instance.admits(&app, Via::Stytch, at(2)));
        assert!(instance.admits(&app, Via::Auth0, at(2)));
        assert!(instance.admits(&app, Via::Stytch, at(11)), "one probe");
        assert!(!instance.admits(&app, Via::Stytch, at(11)), "only one");
        instance.ended(&app, Via::Stytch, false, at(12));
        assert!(instance.admits(&app, Via::Stytch, at(12)));
    }
}
