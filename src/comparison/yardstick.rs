//! What strategies are compared by: each as a number, of which less is better.

use cutover_mocks::time::Span;

use crate::outcome::{Outcome, Unit};
use crate::recorder::Measure;
use crate::scenario::comparison::{Comparison, Yardstick};

/// A yardstick's value in one rehearsal; none where there is none, as for how long a cutover took that
/// did not end.
pub(super) fn value(
    yardstick: Yardstick,
    outcome: &Outcome,
    duration: Option<Span>,
    comparison: &Comparison,
) -> Option<f64> {
    let total = |measure: Measure| outcome.total(measure) as f64;
    let calls = |endpoint: &str| {
        let row = outcome.calls.iter().find(|row| row.endpoint == endpoint);
        row.map_or(0, |row| row.calls) as f64
    };
    Some(match yardstick {
        Yardstick::ForcedLogouts => total(Measure::ForcedLogouts),
        Yardstick::Lockouts => total(Measure::Lockouts),
        Yardstick::Abandonments => total(Measure::Abandonments),
        Yardstick::DuplicateAccounts => total(Measure::DuplicateAccounts),
        Yardstick::VisitsFailed => total(Measure::VisitsFailed),
        Yardstick::Tickets => {
            total(Measure::ForcedLogouts) * comparison.tickets_per_forced_logout.get()
                + total(Measure::Lockouts) * comparison.tickets_per_lockout.get()
        }
        Yardstick::Duration => return duration.map(|span| span.as_micros() as f64),
        Yardstick::Residue => outcome.people.on_legacy_at_end as f64,
        Yardstick::LoginPeak => outcome.login_peak.map_or(0, |peak| peak.per_second) as f64,
        Yardstick::MigrateCalls => calls("stytch.migrate"),
        Yardstick::UserInfoCalls => calls("auth0.userinfo"),
        Yardstick::Retries => total(Measure::Retries),
    })
}

/// The unit of its values.
pub(super) const fn unit(yardstick: Yardstick) -> Unit {
    match yardstick {
        Yardstick::Duration => Unit::Microseconds,
        Yardstick::LoginPeak => Unit::PerSecond,
        _ => Unit::Count,
    }
}

/// What there is more or less of, in a sentence.
pub(super) const fn words(yardstick: Yardstick) -> &'static str {
    match yardstick {
        Yardstick::ForcedLogouts => "forced logouts",
        Yardstick::Lockouts => "lockouts",
        Yardstick::Abandonments => "people who do not come back",
        Yardstick::DuplicateAccounts => "duplicate accounts",
        Yardstick::VisitsFailed => "failed visits",
        Yardstick::Tickets => "support tickets",
        Yardstick::Duration => "time to move",
        Yardstick::Residue => "devices left on the legacy provider",
        Yardstick::LoginPeak => "logins in the busiest second",
        Yardstick::MigrateCalls => "calls to Migrate Session",
        Yardstick::UserInfoCalls => "UserInfo calls at the old provider",
        Yardstick::Retries => "calls made by retrying",
    }
}
