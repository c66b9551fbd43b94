//! A gate against an outcome: the value, what it rests on, and whether it holds.

use super::baseline::Baseline;
use super::gate::{
    Bound, Calls, Comparison, Derived, Endpoint, Gate, Percentile, Quantity, Selector,
};
use super::invariants::rule_of_three;
use super::{PlacedGate, reason};
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

/// Judges one gate; a relative one against this baseline.
pub(super) fn evaluate(
    outcome: &Outcome,
    placed: &PlacedGate,
    baseline: Option<&Baseline>,
) -> GateOutcome {
    let (gate, written) = (placed.gate(), placed.written());
    let measured = measure(outcome, gate);
    let exercised =
        measured.samples.n > 0 || measured.value.is_some_and(|value| value.number > 0.0);
    let value = measured.value.filter(|_| exercised);
    let aim = aim(gate, baseline);
    let result = match (value, &aim) {
        (Some(value), Ok(aim)) if gate.comparison().holds(value.number, aim.limit.number) => {
            GateResult::Holds
        }
        (Some(_), Ok(_)) => GateResult::Fails,
        (None, _) | (_, Err(_)) => GateResult::NotExercised,
    };
    let (reason, look) = match (value, &aim) {
        (_, Err(missing)) => (Some(missing.to_string()), Some(missing.remedy().to_owned())),
        (None, Ok(_)) => (
            Some(reason::not_exercised(outcome, gate, &measured.samples)),
            Some(reason::exercise(gate)),
        ),
        (Some(value), Ok(aim)) if result == GateResult::Fails => (
            Some(reason::fails(outcome, gate, *aim, value, &measured.samples)),
            Some(reason::look(outcome, gate)),
        ),
        _ => (None, None),
    };
    let aim = aim.ok();
    GateOutcome {
        gate: written.text.clone(),
        file: written.file.clone(),
        line: written.line,
        result,
        value,
        baseline: aim.and_then(|aim| aim.baseline),
        limit: aim.map(|aim| aim.limit),
        margin: value
            .zip(aim)
            .and_then(|(value, aim)| margin(gate.comparison(), value.number, aim.limit.number)),
        note: value
            .filter(|_| result == GateResult::Holds)
            .zip(aim)
            .and_then(|(value, aim)| note(gate, aim, value, &measured.samples)),
        samples: measured.samples,
        reason,
        look,
    }
}

/// What a value is held against.
#[derive(Clone, Copy)]
pub(super) struct Aim {
    pub(super) limit: Amount,
    /// The baseline's value that the limit follows from; none where the gate names its limit.
    pub(super) baseline: Option<Amount>,
}

/// The limit of a gate, unless it has none.
fn aim(gate: &Gate, baseline: Option<&Baseline>) -> Result<Aim, NoLimit> {
    let unit = gate.unit();
    match gate.bound() {
        Bound::Fixed(limit) => Ok(Aim {
            limit: Amount {
                number: limit.number(),
                unit,
            },
            baseline: None,
        }),
        Bound::Baseline(relative) => {
            let stood = baseline
                .ok_or(NoLimit::NoBaseline)?
                .value(gate)
                .ok_or_else(|| NoLimit::NotInBaseline(Baseline::key(gate)))?;
            let number = relative.limit(stood.number);
            Ok(Aim {
                limit: Amount { number, unit },
                baseline: Some(stood),
            })
        }
    }
}

/// Why a gate that is relative to a baseline has no limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum NoLimit {
    #[error("no baseline given")]
    NoBaseline,
    #[error("the baseline has no value of `{0}`")]
    NotInBaseline(String),
}

impl NoLimit {
    const fn remedy(&self) -> &'static str {
        match self {
            Self::NoBaseline => {
                "give one with --baseline FILE; `cutover baseline write RUN -o FILE` makes it from a run"
            }
            Self::NotInBaseline(_) => {
                "it was not measured there, or the gate is newer: make the baseline again from a run with this gate"
            }
        }
    }
}

/// A quantity's value in an outcome, in its own unit; none where it is not defined.
pub(super) fn value(outcome: &Outcome, quantity: Quantity, selector: &Selector) -> Option<Amount> {
    measure(outcome, &Gate::asking(quantity, selector.clone())).value
}

/// A quantity's value in an outcome, in its own unit, with what it rests on; none where it is not
/// defined or nothing exercised it.
pub(super) fn amount(outcome: &Outcome, gate: &Gate) -> Option<(Amount, Samples)> {
    let Measured { value, samples } = measure(outcome, gate);
    let value = value.filter(|value| samples.n > 0 || value.number > 0.0)?;
    Some((value, samples))
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
fn note(gate: &Gate, aim: Aim, value: Amount, samples: &Samples) -> Option<String> {
    let notes = [reason::follows(aim), caveat(gate, value, samples)];
    let notes: Vec<String> = notes.into_iter().flatten().collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// How little a value may prove.
fn caveat(gate: &Gate, value: Amount, samples: &Samples) -> Option<String> {
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
    let (selector, unit) = (gate.selector(), gate.unit());
    match gate.quantity() {
        Quantity::Measure(measure) => counted(
            count(outcome, selector, measure),
            whole(outcome, selector, measure),
            unit,
        ),
        Quantity::Derived(derived) => self::derived(outcome, selector, derived, unit),
        Quantity::Latency(operation, percentile) => latency(outcome, operation, percentile),
        Quantity::Calls(endpoint, calls) => calls_to(outcome, endpoint, calls, unit),
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
        Quantity::Cause(incident) => cause(outcome, selector, incident, unit),
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
fn counted(part: u64, whole: Samples, unit: Unit) -> Measured {
    let value = match unit {
        Unit::Percent => share(part, whole.n),
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

fn derived(outcome: &Outcome, selector: &Selector, derived: Derived, unit: Unit) -> Measured {
    let of = |measure: Measure| count(outcome, selector, measure);
    let people = outcome.people;
    let live = people.on_legacy_at_end + people.on_stytch_at_end;
    let live = samples(live, "devices with a live session at the end");
    match derived {
        Derived::MigrationSuccess => {
            let attempts = samples(of(Measure::MigrationAttempts), "migration attempts");
            counted(of(Measure::SilentMigrations), attempts, unit)
        }
        Derived::DevicesOnStytch => counted(people.on_stytch_at_end, live, unit),
        Derived::Residue => counted(people.on_legacy_at_end, live, unit),
        Derived::StillOut => counted(
            people.still_out_at_end,
            samples(people.devices_seen, "devices seen"),
            unit,
        ),
    }
}

fn latency(outcome: &Outcome, operation: Operation, percentile: Percentile) -> Measured {
    let row = outcome
        .latency
        .iter()
        .find(|row| row.operation == operation);
    let of = match outcome.identity.driver {
        Driver::Http | Driver::Tenants => "measured",
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

fn calls_to(outcome: &Outcome, endpoint: Endpoint, calls: Calls, unit: Unit) -> Measured {
    let row = endpoint_calls(outcome, endpoint);
    let made = samples(row.map_or(0, |row| row.calls), "calls to the endpoint");
    match calls {
        // No call at all is a count like any other, as long as anybody came.
        Calls::All => {
            let page_loads = samples(outcome.total(Measure::PageLoads), "page loads");
            counted(made.n, page_loads, unit)
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
            counted(with_status, made, unit)
        }
    }
}

fn cause(outcome: &Outcome, selector: &Selector, incident: IncidentKind, unit: Unit) -> Measured {
    let incidents = |is: &dyn Fn(&crate::outcome::Cause) -> bool| -> u64 {
        let causes = outcome.causes.iter().filter(|cause| is(cause));
        let parts = causes.flat_map(|cause| &cause.parts);
        parts
            .filter(|part| selector.admits(&part.phase, part.slice))
            .map(|part| part.count)
            .sum()
    };
    let part = incidents(&|cause| cause.is(incident));
    if unit == Unit::Percent {
        let all = incidents(&|cause| cause.kind == incident.name());
        return counted(part, samples(all, "incidents of the kind"), unit);
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
    counted(part, whole, unit)
}
