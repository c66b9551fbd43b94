//! The application's session middleware: instances, and the requests that they are working on.

pub(super) mod assent;
mod errand;
pub(super) mod flight;
pub(super) mod flow;
pub(super) mod keyring;
mod landing;
pub(super) mod outcome;
mod probe;
mod resilience;
pub(super) mod ruling;

use cutover_mocks::time::{Span, Timestamp};

use keyring::Keyring;
use resilience::Resilience;

use crate::scenario::app::App;
use crate::strategy::flag::Evaluator;

/// One instance behind the load balancer.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    /// How late it sees a change of the flag or of the deployment.
    delay: Span,
    /// Which flag evaluator it runs.
    pub(super) evaluator: Evaluator,
    /// Its keys of the tenant and of the project.
    pub(super) keys: [Keyring; 2],
    /// Its calls to both.
    pub(super) resilience: Resilience,
    /// Keys it has fetched, for the luck of each fetch.
    pub(super) fetches: u64,
}

impl Instance {
    /// The instances of an application; changes reach them evenly spread over the flag's delay, and
    /// the last ones are those with another evaluator.
    pub(super) fn all(app: &App, skewed: f64) -> Vec<Self> {
        let count = app.instances.max(1);
        let agreed = (f64::from(count) * (1.0 - skewed)).round() as u16;
        (0..count)
            .map(|number| Self {
                delay: app.flag_delay * i64::from(number) / i64::from((count - 1).max(1)),
                evaluator: if number < agreed {
                    Evaluator::Agreed
                } else {
                    Evaluator::Skewed
                },
                keys: Default::default(),
                resilience: Resilience::default(),
                fetches: 0,
            })
            .collect()
    }

    /// The time whose flag and deployment this instance goes by.
    pub(super) fn view(&self, now: Timestamp) -> Timestamp {
        now - self.delay
    }
}

#[cfg(test)]
pub(super) mod tests {
    use cutover_mocks::share::Share;

    use super::*;
    use crate::scenario::app::{OnMigrateFailure, Retry, SingleFlight, Verify};

    /// A plain application.
    pub(in crate::rehearsal) fn app() -> App {
        App {
            instances: 4,
            verify: Verify::Locally,
            jwks_cache: Span::from_mins(10),
            jwks_cooldown: Span::from_secs(30),
            single_flight: SingleFlight::PerInstance,
            retry: Retry::None,
            honour_retry_after: false,
            breaker: None,
            timeout: Span::from_secs(5),
            session_duration: Span::from_days(30),
            extend_on_renewal: true,
            on_migrate_failure: OnMigrateFailure::HonourLegacy,
            create_missing: false,
            mirror_signups: false,
            flag_delay: Span::from_secs(30),
            lost_cookie: Share::ZERO,
            probes: Share::ZERO,
        }
    }

    #[test]
    fn changes_reach_instances_evenly_and_the_last_within_the_delay() {
        let now = Timestamp::from_secs(1_000);
        let views: Vec<_> = Instance::all(&app(), 0.5)
            .iter()
            .map(|instance| (now - instance.view(now)).as_secs())
            .collect();
        assert_eq!(views, [0, 10, 20, 30]);
        let skewed = Instance::all(&app(), 0.5)
            .iter()
            .filter(|i| i.evaluator == Evaluator::Skewed)
            .count();
        assert_eq!(skewed, 2);
    }
}
