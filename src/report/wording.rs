//! Words that every report for people uses: the same fact reads the same everywhere.

use cutover_mocks::time::Span;

use crate::outcome::{
    Allowance, Amount, CallLimit, Completeness, Driver, Elsewhere, EndpointCalls, GateOutcome,
    GateResult, Lateness, Moment, Outcome, Scope, Status, Unit, grouped,
};
use crate::recorder::{Measure, NO_ANSWER, TIMED_OUT};
use crate::verdict::exit;

/// How good a piece of news is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::report) enum Tone {
    /// Neither good nor bad.
    Plain,
    /// What one hopes for.
    Good,
    /// What one fears.
    Bad,
    /// It cannot be told.
    Doubt,
}

/// The verdict in one line.
pub(super) fn headline(outcome: &Outcome) -> (Tone, String) {
    let Some(verdict) = &outcome.verdict else {
        return (Tone::Doubt, "? NOT JUDGED".to_owned());
    };
    let gates = verdict.gates.len();
    let not_holding = verdict
        .gates
        .iter()
        .filter(|gate| gate.result != GateResult::Holds)
        .count();
    let (tone, text) = match verdict.status {
        Status::Passed if gates == 0 => (
            Tone::Good,
            "✓ PASSED: there were no gates to hold".to_owned(),
        ),
        Status::Passed => (
            Tone::Good,
            format!("✓ PASSED: {}", all(gates, "gate holds", "gates hold")),
        ),
        Status::GateFailed => (
            Tone::Bad,
            format!("✗ GATE FAILED: {not_holding} of {gates} do not hold"),
        ),
        Status::InvariantViolated => (Tone::Bad, "✗ INVARIANT VIOLATED".to_owned()),
        Status::Inconclusive => (
            Tone::Doubt,
            "? INCONCLUSIVE: this run proves nothing".to_owned(),
        ),
    };
    (
        tone,
        format!("{text} (exit {})", exit_code(outcome, verdict.status)),
    )
}

const fn exit_code(outcome: &Outcome, status: Status) -> u8 {
    match outcome.completeness {
        Completeness::Complete => status.exit_code(),
        Completeness::Interrupted { .. } => exit::INTERRUPTED,
    }
}

/// Why a run violates an invariant or proves nothing; a gate's reason stands with the gate.
pub(super) fn reasons(outcome: &Outcome) -> &[String] {
    match &outcome.verdict {
        Some(verdict)
            if matches!(
                verdict.status,
                Status::InvariantViolated | Status::Inconclusive
            ) =>
        {
            &verdict.reasons
        }
        Some(_) | None => &[],
    }
}

/// What was rehearsed, in one sentence.
pub(super) fn rehearsed(outcome: &Outcome) -> String {
    let identity = &outcome.identity;
    let how = match identity.driver {
        Driver::Http => "over HTTP",
        Driver::Tenants => "against test tenants",
        Driver::Virtual => "in virtual time",
    };
    format!(
        "Strategy {}, {} people with {} devices, {} of scenario time, seed {}, {how}.",
        identity.strategy,
        grouped(outcome.people.people),
        grouped(outcome.people.devices),
        Span::from_micros(outcome.length_us),
        identity.seed,
    )
}

/// What somebody in a hurry should read, sentence by sentence.
pub(super) fn summary(outcome: &Outcome) -> Vec<String> {
    let total = |measure: Measure| outcome.total(measure);
    let people = outcome.people;
    let logouts = total(Measure::ForcedLogouts);
    let mut sentences = vec![format!(
        "{} of {} devices seen {} logged out that would not have been ({}).",
        grouped(logouts),
        grouped(people.devices_seen),
        if logouts == 1 { "was" } else { "were" },
        share(logouts, people.devices_seen),
    )];
    let attempts = total(Measure::MigrationAttempts);
    if attempts > 0 {
        let silent = total(Measure::SilentMigrations);
        sentences.push(format!(
            "{} of {} migrations went silently ({}).",
            grouped(silent),
            grouped(attempts),
            share(silent, attempts),
        ));
    }
    sentences.push(format!(
        "{} of {} people cannot log in at all, {} were logged out by it and did not come back.",
        grouped(total(Measure::Lockouts)),
        grouped(people.people),
        grouped(total(Measure::Abandonments)),
    ));
    sentences.push(format!(
        "{} of {} answers were wrongly given.",
        grouped(total(Measure::WronglyAdmitted)),
        grouped(total(Measure::AdmissionChecks)),
    ));
    sentences
}

/// A share as text; `-` of nothing.
pub(super) fn share(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    Amount {
        number: part as f64 * 100.0 / whole as f64,
        unit: Unit::Percent,
    }
    .to_string()
}

/// An amount with its sign.
pub(super) fn signed(margin: f64, unit: Unit) -> String {
    let amount = Amount {
        number: margin.abs(),
        unit,
    };
    if margin < 0.0 {
        format!("-{amount}")
    } else {
        amount.to_string()
    }
}

fn all(count: usize, one: &str, many: &str) -> String {
    if count == 1 {
        format!("1 {one}")
    } else {
        format!("all {count} {many}")
    }
}

/// Where to look when a gate does not hold, or what would exercise it.
pub(super) fn look(gate: &GateOutcome) -> Option<String> {
    let look = gate.look.as_ref()?;
    Some(match gate.result {
        GateResult::Fails | GateResult::Holds => format!("look at {look}"),
        GateResult::NotExercised => look.clone(),
    })
}

/// A moment as people look for it: after the start of the rehearsal.
pub(super) fn when(outcome: &Outcome, at: Moment) -> String {
    format!("at +{}", at.offset(outcome.start))
}

/// Statuses that are no success: `429: 13, timed out: 2`.
pub(super) fn not_served(calls: &EndpointCalls) -> String {
    let failed = calls
        .by_status
        .iter()
        .filter(|(status, _)| !matches!(**status, 200..=399));
    let parts: Vec<String> = failed
        .map(|(status, count)| {
            let name = match *status {
                NO_ANSWER => "no answer".to_owned(),
                TIMED_OUT => "timed out".to_owned(),
                other => other.to_string(),
            };
            format!("{name}: {}", grouped(*count))
        })
        .collect();
    if parts.is_empty() {
        "-".to_owned()
    } else {
        parts.join(", ")
    }
}

/// The busiest second of an endpoint's calls, and when it was.
pub(super) fn peak(outcome: &Outcome, calls: &EndpointCalls) -> String {
    calls.peak.map_or_else(
        || "-".to_owned(),
        |peak| format!("{}/s {}", peak.per_second, when(outcome, peak.at)),
    )
}

/// The limits that an endpoint's calls met.
pub(super) fn limits(outcome: &Outcome, calls: &EndpointCalls) -> String {
    let limits: Vec<String> = calls.limits.iter().map(|one| limit(outcome, one)).collect();
    if limits.is_empty() {
        "none set".to_owned()
    } else {
        limits.join(", ")
    }
}

/// What a limit lets through, of what, and when.
pub(super) fn limit(outcome: &Outcome, limit: &CallLimit) -> String {
    let allows = match limit.allows {
        Allowance::Bucket { per_second, .. } if per_second < 1.0 => {
            format!("{}/min", (per_second * 6_000.0).round() / 100.0)
        }
        Allowance::Bucket { per_second, .. } => {
            format!("{}/s", (per_second * 100.0).round() / 100.0)
        }
        Allowance::Window { calls, window_us } => {
            format!("{calls} per {}", Span::from_micros(window_us))
        }
    };
    let shared = match limit.scope {
        Scope::Endpoint => "",
        Scope::Provider => " over all",
        Scope::Person => " each person",
    };
    let during = limit.during.map_or_else(String::new, |during| {
        let after = |at: Moment| at.since(outcome.start);
        format!(" from +{} to +{}", after(during.from), after(during.until))
    });
    format!("{allows}{shared}{during}")
}

/// A length of time in microseconds.
pub(super) fn time(micros: u64) -> String {
    Amount {
        number: micros as f64,
        unit: Unit::Microseconds,
    }
    .to_string()
}

/// What was played at true speed, and why; none where nothing was chosen for this run.
pub(super) fn windows(outcome: &Outcome) -> Vec<String> {
    let chosen = outcome.windows.iter().filter_map(|window| {
        let why = window.why.as_ref()?;
        let late = window.lateness.map_or_else(
            || "nothing started in it".to_owned(),
            |late| {
                let p99 = millis(late.p99_us as i64);
                format!("{} starts, late by {p99} at p99", grouped(late.starts))
            },
        );
        Some(format!(
            "{}, {} {}: {why}; {late}",
            window.name,
            Span::from_micros(window.length_us),
            when(outcome, window.from),
        ))
    });
    chosen.collect()
}

/// How what is outside the windows was played, as a noun.
pub(super) const fn elsewhere(outcome: &Outcome) -> &'static str {
    match outcome.elsewhere {
        Elsewhere::TimeLapse => "time-lapse",
        Elsewhere::VirtualTime => "virtual time",
    }
}

/// How well the driver kept its times.
pub(super) fn driver(outcome: &Outcome) -> String {
    let health = outcome.driver;
    let late = match (outcome.identity.driver, health.in_windows) {
        (Driver::Virtual, _) => "never late, for time waits for it".to_owned(),
        (Driver::Http | Driver::Tenants, None) => {
            "nothing started in a true-speed window".to_owned()
        }
        (Driver::Http | Driver::Tenants, Some(lateness)) => {
            format!(
                "in windows {} ({} allowed at p99)",
                told(lateness),
                millis(outcome.lateness_limit_us)
            )
        }
    };
    let lapse = health
        .in_lapse
        .map(|lateness| format!("; in time-lapse {}", told(lateness)));
    let inside = match outcome.elsewhere {
        Elsewhere::VirtualTime if outcome.identity.driver != Driver::Virtual => format!(
            " over HTTP, {} in virtual time between the windows",
            grouped(health.calls_in_virtual_time)
        ),
        Elsewhere::VirtualTime | Elsewhere::TimeLapse => String::new(),
    };
    format!(
        "{} calls{inside}; {late}{}; {} visits late",
        grouped(health.calls_made),
        lapse.unwrap_or_default(),
        grouped(health.visits_late)
    )
}

fn told(lateness: Lateness) -> String {
    format!(
        "{} starts late by {} at p50, {} at p99, {} at most",
        grouped(lateness.starts),
        millis(lateness.p50_us as i64),
        millis(lateness.p99_us as i64),
        millis(lateness.max_us as i64),
    )
}

fn millis(micros: i64) -> String {
    format!("{:.1} ms", micros as f64 / 1e3)
}
