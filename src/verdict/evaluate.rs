//! A gate against an outcome: the value, what it rests on, and whether it holds.

use super::PlacedGate;
use super::gate::{
    Calls, Comparison, Derived, Endpoint, Gate, Limit, Percentile, Quantity, Selector,
};
use super::invariants::rule_of_three;
use super::reason;
use crate::outcome::{
    Amount, Driver, EndpointCalls, GateOutcome, GateResult, LatencyRow, Outcome, Samples, Unit,
};
use crate::recorder::{Base, IncidentKind, Measure, Operation};

/// A gate's quantity in an outcome.
struct Measured {
    /// The value; none where it is not defined, such as a share of nothing.
    value: Option<Amount>,
    /// What it rests on; 0 of it means that the gate was not exercised.
    samples: Samples,
}

/// Judges one gate.
pub(super) fn evaluate(outcome: &Outcome, placed: &PlacedGate) -> GateOutcome {
    let (gate, written) = (placed.gate(), placed.written());
    let limit = amount_of(gate.limit());
    let measured = measure(outcome, gate);
    let exercised =
        measured.samples.n > 0 || measured.value.is_some_and(|value| value.number > 0.0);
    let value = measured.value.filter(|_| exercised);
    let result = match value {
        None => GateResult::NotExercised,
        Some(value) if gate.comparison().holds(value.number, limit.number) => GateResult::Holds,
        Some(_) => GateResult::Fails,
    };
    let (reason, look) = match (result, value) {
        (GateResult::Fails, Some(value)) => (
            Some(reason::fails(outcome, gate, value, &measured.samples)),
            Some(reason::look(outcome, gate)),
        ),
        (GateResult::NotExercised, _) => (
            Some(reason::not_exercised(outcome, gate, &measured.samples)),
            Some(reason::exercise(gate)),
        ),
        _ => (None, None),
    };
    GateOutcome {
        gate: written.text.clone(),
        file: written.file.clone(),
        line: written.line,
        result,
        value,
        limit,
        margin: value.and_then(|value| margin(gate.comparison(), value.number, limit.number)),
        note: value
            .filter(|_| result == GateResult::Holds)
            .and_then(|value| note(gate, value, &measured.samples)),
        samples: measured.samples,
        reason,
        look,
    }
}

/// A quantity's value in an outcome, in its own unit; none where it is not defined.
pub(super) fn value(outcome: &Outcome, quantity: Quantity, selector: &Selector) -> Option<Amount> {
    measure(outcome, &Gate::asking(quantity, selector.clone())).value
}

/// A limit as an amount.
const fn amount_of(limit: Limit) -> Amount {
    let unit = match limit {
        Limit::Count(_) => Unit::Count,
        Limit::Percent(_) => Unit::Percent,
        Limit::Time(_) => Unit::Microseconds,
        Limit::PerSecond(_) => Unit::PerSecond,
        Limit::Ratio(_) => Unit::Ratio,
    };
    Amount {
        number: limit.number(),
        unit,
    }
}

fn margin(comparison: Comparison, value: f64, limit: f64) -> Option<f64> {
    match comparison {
        Comparison::AtMost | Comparison::Below => Some(limit - value),
        Comparison::AtLeast | Comparison::Above => Some(value - limit),
        Comparison::Equal if comparison.holds(value, limit) => Some(0.0),
        Comparison::Equal => Some(-(value - limit).abs()),
        Comparison::NotEqual => None,
    }
}

/// What a reader should know of a value that holds.
fn note(gate: &Gate, value: Amount, samples: &Samples) -> Option<String> {
    match gate.quantity() {
        Quantity::Measure(_) | Quantity::Cause(_) if value.number == 0.0 => {
            Some(rule_of_three(samples.n))
        }
        Quantity::Latency(_, percentile) => {
            let needed = match percentile {
                Percentile::P50 | Percentile::Max => 1,
                Percentile::P90 => 10,
                Percentile::P95 => 20,
                Percentile::P99 => 100,
                Percentile::P999 => 1_000,
            };
            (samples.n < needed).then(|| {
                format!(
                    "{} of {} samples is their maximum",
                    percentile.name(),
                    samples.n
                )
            })
        }
        _ => None,
    }
}

fn measure(outcome: &Outcome, gate: &Gate) -> Measured {
    let (selector, limit) = (gate.selector(), gate.limit());
    match gate.quantity() {
        Quantity::Measure(measure) => counted(
            count(outcome, selector, measure),
            whole(outcome, selector, measure),
            limit,
        ),
        Quantity::Derived(derived) => self::derived(outcome, selector, derived, limit),
        Quantity::Latency(operation, percentile) => latency(outcome, operation, percentile),
        Quantity::Calls(endpoint, calls) => calls_to(outcome, endpoint, calls, limit),
        Quantity::LoginPeak => {
            let peak = outcome.login_peak.map_or(0, |peak| peak.per_second);
            let attempts = outcome.total(Measure::LoginAttempts);
            Measured {
                value: Some(per_second(peak)),
                samples: samples(attempts, "login attempts"),
            }
        }
        Quantity::StormLength => {
            let length = outcome.storm.map_or(0, |storm| storm.length_us());
            Measured {
                value: Some(Amount {
                    number: length as f64,
                    unit: Unit::Microseconds,
                }),
                samples: samples(outcome.total(Measure::LogicalCalls), "logical calls"),
            }
        }
        Quantity::Amplification => {
            let (logical, retries) = (
                outcome.total(Measure::LogicalCalls),
                outcome.total(Measure::Retries),
            );
            let ratio = (logical + retries) as f64 / logical as f64;
            Measured {
                value: (logical > 0).then_some(Amount {
                    number: ratio,
                    unit: Unit::Ratio,
                }),
                samples: samples(logical, "logical calls"),
            }
        }
        Quantity::Cause(incident) => cause(outcome, selector, incident, limit),
    }
}

fn samples(n: u64, of: &str) -> Samples {
    Samples {
        n,
        of: of.to_owned(),
    }
}

const fn per_second(count: u64) -> Amount {
    Amount {
        number: count as f64,
        unit: Unit::PerSecond,
    }
}

/// A count, or its share of the whole where the limit is a percentage.
fn counted(part: u64, whole: Samples, limit: Limit) -> Measured {
    let value = match limit {
        Limit::Percent(_) => share(part, whole.n),
        _ => Some(Amount {
            number: part as f64,
            unit: Unit::Count,
        }),
    };
    Measured {
        value,
        samples: whole,
    }
}

fn share(part: u64, whole: u64) -> Option<Amount> {
    // Multiplied first: 999 of 1000 is then 99.9 exactly, as a gate writes it.
    let number = part as f64 * 100.0 / whole as f64;
    (whole > 0).then_some(Amount {
        number,
        unit: Unit::Percent,
    })
}

/// A measure in the phases and slices that a selector lets through.
pub(super) fn count(outcome: &Outcome, selector: &Selector, measure: Measure) -> u64 {
    let rows = outcome
        .counts
        .iter()
        .filter(|row| selector.admits(&row.phase, row.slice));
    rows.filter_map(|row| row.counts.get(&measure)).sum()
}

/// What a measure is part of. Devices and people are not kept apart by slice: there, page loads
/// tell whether anybody came at all.
fn whole(outcome: &Outcome, selector: &Selector, measure: Measure) -> Samples {
    let of = |part: Measure| count(outcome, selector, part);
    match measure.base() {
        Some(Base::Measure(base)) => samples(of(base), &base.name().replace('_', " ")),
        Some(Base::Requests) => {
            let answered = [
                Measure::RequestsAdmitted,
                Measure::RequestsRefused,
                Measure::RequestsFailed,
            ];
            samples(answered.into_iter().map(of).sum(), "requests")
        }
        Some(Base::DevicesSeen) if selector.is_empty() => {
            samples(outcome.people.devices_seen, "devices seen")
        }
        Some(Base::People) if selector.is_empty() => samples(outcome.people.people, "people"),
        Some(Base::DevicesSeen | Base::People) | None => {
            samples(of(Measure::PageLoads), "page loads")
        }
    }
}

fn derived(outcome: &Outcome, selector: &Selector, derived: Derived, limit: Limit) -> Measured {
    let of = |measure: Measure| count(outcome, selector, measure);
    let people = outcome.people;
    let live = people.on_legacy_at_end + people.on_stytch_at_end;
    let live = samples(live, "devices with a live session at the end");
    match derived {
        Derived::MigrationSuccess => {
            let attempts = samples(of(Measure::MigrationAttempts), "migration attempts");
            counted(of(Measure::SilentMigrations), attempts, limit)
        }
        Derived::DevicesOnStytch => counted(people.on_stytch_at_end, live, limit),
        Derived::Residue => counted(people.on_legacy_at_end, live, limit),
        Derived::StillOut => counted(
            people.still_out_at_end,
            samples(people.devices_seen, "devices seen"),
            limit,
        ),
    }
}

fn latency(outcome: &Outcome, operation: Operation, percentile: Percentile) -> Measured {
    let row = outcome
        .latency
        .iter()
        .find(|row| row.operation == operation);
    let of = match outcome.identity.driver {
        Driver::Http => "measured",
        Driver::Virtual => "modelled",
    };
    Measured {
        value: row.map(|row| Amount {
            number: percentile_of(row, percentile) as f64,
            unit: Unit::Microseconds,
        }),
        samples: samples(row.map_or(0, |row| row.count), of),
    }
}

const fn percentile_of(row: &LatencyRow, percentile: Percentile) -> u64 {
    match percentile {
        Percentile::P50 => row.p50_us,
        Percentile::P90 => row.p90_us,
        Percentile::P95 => row.p95_us,
        Percentile::P99 => row.p99_us,
        Percentile::P999 => row.p999_us,
        Percentile::Max => row.max_us,
    }
}

/// The row of an endpoint; none when nobody called it.
pub(super) fn endpoint_calls(outcome: &Outcome, endpoint: Endpoint) -> Option<&EndpointCalls> {
    outcome
        .calls
        .iter()
        .find(|calls| calls.endpoint == endpoint.name())
}

fn calls_to(outcome: &Outcome, endpoint: Endpoint, calls: Calls, limit: Limit) -> Measured {
    let row = endpoint_calls(outcome, endpoint);
    let made = samples(row.map_or(0, |row| row.calls), "calls to the endpoint");
    match calls {
        // No call at all is a count like any other, as long as anybody came.
        Calls::All => {
            let page_loads = samples(outcome.total(Measure::PageLoads), "page loads");
            counted(made.n, page_loads, limit)
        }
        Calls::Peak => {
            let peak = row.and_then(|row| row.peak);
            Measured {
                value: peak.map(|peak| per_second(peak.per_second)),
                samples: made,
            }
        }
        Calls::Status(status) => {
            let with_status = row.map_or(0, |row| {
                let these = row
                    .by_status
                    .iter()
                    .filter(|(came, _)| status.admits(**came));
                these.map(|(_, count)| count).sum()
            });
            counted(with_status, made, limit)
        }
    }
}

fn cause(outcome: &Outcome, selector: &Selector, incident: IncidentKind, limit: Limit) -> Measured {
    let incidents = |is: &dyn Fn(&crate::outcome::Cause) -> bool| -> u64 {
        let causes = outcome.causes.iter().filter(|cause| is(cause));
        let parts = causes.flat_map(|cause| &cause.parts);
        parts
            .filter(|part| selector.admits(&part.phase, part.slice))
            .map(|part| part.count)
            .sum()
    };
    let part = incidents(&|cause| cause.is(incident));
    if matches!(limit, Limit::Percent(_)) {
        let all = incidents(&|cause| cause.kind == incident.name());
        return counted(part, samples(all, "incidents of the kind"), limit);
    }
    // A count rests on those to whom it could have happened, so that none at all is a result.
    let whole = match incident {
        IncidentKind::MigrationFailed(_) => whole(outcome, selector, Measure::SilentMigrations),
        IncidentKind::LoggedIn(_) => whole(outcome, selector, Measure::Logins),
        IncidentKind::Lockout(_) => whole(outcome, selector, Measure::Lockouts),
        IncidentKind::Abandonment(_) => whole(outcome, selector, Measure::Abandonments),
        IncidentKind::NaturalLogout(_) => whole(outcome, selector, Measure::NaturalLogouts),
        IncidentKind::WronglyAdmitted(_) => whole(outcome, selector, Measure::WronglyAdmitted),
        _ => whole(outcome, selector, Measure::ForcedLogouts),
    };
    counted(part, whole, limit)
}
