//! Why a gate does not hold, in a sentence, and where to look next.

use super::evaluate::{Aim, endpoint_calls};
use super::gate::{Bound, Calls, Comparison, Derived, Gate, Quantity, Selector};
use crate::outcome::{Allowance, Amount, Cause, Driver, Outcome, Samples, Scope, grouped};
use crate::recorder::Measure;

/// Causes that a sentence names; the others are summed up.
const NAMED: usize = 3;

/// Why a gate fails.
pub(super) fn fails(
    outcome: &Outcome,
    gate: &Gate,
    aim: Aim,
    value: Amount,
    samples: &Samples,
) -> String {
    let wanted = match gate.comparison() {
        Comparison::Equal => "exactly",
        Comparison::NotEqual => "anything but",
        Comparison::AtMost => "at most",
        Comparison::Below => "less than",
        Comparison::AtLeast => "at least",
        Comparison::Above => "more than",
    };
    let limit = match (gate.bound(), aim.baseline) {
        (Bound::Fixed(limit), _) => limit.to_string(),
        (Bound::Baseline(_), None) => aim.limit.to_string(),
        (Bound::Baseline(_), Some(baseline)) => format!("{} (baseline {baseline})", aim.limit),
    };
    let rests_on = format!("{} {}", grouped(samples.n), samples.of);
    let sentence = format!("{value} where {wanted} {limit} is wanted, of {rests_on}");
    match detail(outcome, gate) {
        Some(detail) => format!("{sentence}: {detail}"),
        None => sentence,
    }
}

/// Which limit follows from the baseline.
pub(super) fn follows(aim: Aim) -> Option<String> {
    let baseline = aim.baseline?;
    Some(format!("limit {} from a baseline of {baseline}", aim.limit))
}

/// What makes up the value.
fn detail(outcome: &Outcome, gate: &Gate) -> Option<String> {
    match gate.quantity() {
        Quantity::Calls(endpoint, Calls::Peak) => {
            let calls = endpoint_calls(outcome, endpoint)?;
            let limits: Vec<String> = calls
                .limits
                .iter()
                .filter(|limit| limit.scope != Scope::Person)
                .map(|limit| allowance(limit.allows))
                .collect();
            let limits = if limits.is_empty() {
                "no limit in force".to_owned()
            } else {
                limits.join(" and ")
            };
            Some(format!("at {}, with {limits} let through", calls.peak?.at))
        }
        Quantity::LoginPeak => Some(format!("at {}", outcome.login_peak?.at)),
        Quantity::StormLength => {
            let storm = outcome.storm?;
            Some(format!(
                "from {} to {}, {} calls turned away",
                storm.from, storm.until, storm.turned_away
            ))
        }
        quantity => by_cause(outcome, gate.selector(), kind(quantity)?),
    }
}

fn allowance(allows: Allowance) -> String {
    match allows {
        Allowance::Bucket { per_second, burst } => format!("{per_second}/s (burst {burst})"),
        Allowance::Window { calls, window_us } => {
            format!(
                "{calls} per {}",
                cutover_mocks::time::Span::from_micros(window_us)
            )
        }
    }
}

/// The kind of incident that a quantity counts, or whose lack it counts.
fn kind(quantity: Quantity) -> Option<&'static str> {
    match quantity {
        Quantity::Measure(measure) => match measure {
            Measure::ForcedLogouts | Measure::Relogins => Some("forced_logout"),
            Measure::NaturalLogouts => Some("natural_logout"),
            Measure::Lockouts => Some("lockout"),
            Measure::Abandonments | Measure::VisitsAbandoned => Some("abandonment"),
            Measure::SilentMigrations => Some("migration_failed"),
            Measure::DuplicateAccounts => Some("duplicate_account"),
            Measure::CreatedAccounts => Some("created_account"),
            Measure::WronglyAdmitted => Some("wrongly_admitted"),
            Measure::FlipsBack => Some("flipped_back"),
            Measure::Logins => Some("logged_in"),
            _ => None,
        },
        Quantity::Derived(Derived::MigrationSuccess) => Some("migration_failed"),
        Quantity::Derived(Derived::StillOut) => Some("forced_logout"),
        Quantity::Cause(incident) => Some(incident.name()),
        Quantity::Derived(Derived::DevicesOnStytch | Derived::Residue)
        | Quantity::Latency(..)
        | Quantity::Calls(..)
        | Quantity::LoginPeak
        | Quantity::StormLength
        | Quantity::Amplification => None,
    }
}

fn selected(cause: &Cause, selector: &Selector) -> u64 {
    let parts = cause
        .parts
        .iter()
        .filter(|part| selector.admits(&part.phase, part.slice));
    parts.map(|part| part.count).sum()
}

/// The commonest causes, and the phase in which most of it happened.
fn by_cause(outcome: &Outcome, selector: &Selector, kind: &str) -> Option<String> {
    let mut causes: Vec<(u64, &str)> = outcome
        .causes
        .iter()
        .filter(|cause| cause.kind == kind)
        .map(|cause| {
            (
                selected(cause, selector),
                cause.cause.as_deref().unwrap_or(kind),
            )
        })
        .filter(|&(count, _)| count > 0)
        .collect();
    causes.sort_by_key(|&(count, name)| (std::cmp::Reverse(count), name));
    let mut parts: Vec<String> = causes
        .iter()
        .take(NAMED)
        .map(|(count, name)| format!("{} {name}", grouped(*count)))
        .collect();
    let others: u64 = causes.iter().skip(NAMED).map(|(count, _)| count).sum();
    if others > 0 {
        parts.push(format!("{} others", grouped(others)));
    }
    if parts.is_empty() {
        return None;
    }
    let worst = outcome
        .phases
        .iter()
        .rev()
        .max_by_key(|phase| in_phase(outcome, selector, kind, &phase.name))?;
    Some(format!(
        "{}; most in phase \"{}\"",
        parts.join(", "),
        worst.name
    ))
}

fn in_phase(outcome: &Outcome, selector: &Selector, kind: &str, phase: &str) -> u64 {
    let causes = outcome.causes.iter().filter(|cause| cause.kind == kind);
    let parts = causes.flat_map(|cause| &cause.parts);
    let admitted =
        parts.filter(|part| part.phase == phase && selector.admits(&part.phase, part.slice));
    admitted.map(|part| part.count).sum()
}

/// Where to look when a gate fails.
pub(super) fn look(outcome: &Outcome, gate: &Gate) -> String {
    let first = |kind: &str| {
        let causes = outcome.causes.iter().filter(|cause| match gate.quantity() {
            Quantity::Cause(incident) => cause.is(incident),
            _ => cause.kind == kind,
        });
        causes
            .filter_map(|cause| cause.first)
            .min_by_key(|first| (first.at, first.person))
    };
    match gate.quantity() {
        Quantity::Latency(operation, _) => {
            format!(
                "the latency of `{}` and the calls under it in the calls table",
                operation.name()
            )
        }
        Quantity::Calls(endpoint, _) => format!("`{}` in the calls table", endpoint.name()),
        Quantity::LoginPeak | Quantity::StormLength | Quantity::Amplification => {
            "the timeline around the peak, and 429s in the calls table".to_owned()
        }
        Quantity::Derived(Derived::DevicesOnStytch | Derived::Residue) => {
            "migrations_eligible against silent_migrations: who never came, and who failed"
                .to_owned()
        }
        quantity => match kind(quantity) {
            Some(kind) => match first(kind) {
                Some(first) => format!(
                    "events.jsonl, kind `{kind}`; first: person {} on device {} at {}",
                    first.person, first.device, first.at
                ),
                None => format!("events.jsonl, kind `{kind}`"),
            },
            None => format!("`{quantity}` over time, in the timeline of outcome.json"),
        },
    }
}

/// Why a gate was not exercised.
pub(super) fn not_exercised(outcome: &Outcome, gate: &Gate, samples: &Samples) -> String {
    if let Some(wanted) = &gate.selector().phase
        && outcome.phases.iter().all(|phase| phase.name != *wanted)
    {
        let names: Vec<String> = outcome
            .phases
            .iter()
            .map(|phase| format!("\"{}\"", phase.name))
            .collect();
        return format!(
            "there is no phase \"{wanted}\"; this rehearsal has {}",
            names.join(", ")
        );
    }
    match gate.quantity() {
        Quantity::Calls(endpoint, Calls::Peak) if samples.n > 0 => {
            format!("nothing says when `{}` was called most", endpoint.name())
        }
        Quantity::Latency(operation, _) => match outcome.identity.driver {
            Driver::Http | Driver::Tenants => {
                format!("no `{}` within a true-speed window", operation.name())
            }
            Driver::Virtual => format!("no `{}` in the whole rehearsal", operation.name()),
        },
        _ => format!("nothing to judge by: 0 {}", samples.of),
    }
}

/// What would exercise a gate.
pub(super) fn exercise(gate: &Gate) -> String {
    match gate.quantity() {
        Quantity::Latency(..) => {
            "a true-speed window (`windows` in the scenario, or `--window`) in which the operation happens"
                .to_owned()
        }
        _ => {
            "a gate that nothing exercises proves nothing: change the scenario, or remove the gate"
                .to_owned()
        }
    }
}
