//! One strategy over all its seeds: sums are summed, histograms merged, peaks the highest of any seed.

use std::collections::BTreeMap;

use cutover_mocks::luck::Luck;

use super::outcome::{ArmOutcome, CauseFound, Measured, Part};
use super::rehearse::Rehearsal;
use super::statistics::{Interval, binomial_interval, mean_interval, poisson_interval};
use super::{gates, yardstick};
use crate::outcome::{
    EndpointCalls, InvariantOutcome, InvariantResult, LatencyRow, NotAHistogram, Outcome,
    TimelineColumns, Verdict,
};
use crate::recorder::{Measure, Operation, People};
use crate::scenario::comparison::{Arm, Yardstick};
use crate::scenario::cutover::Strategy;

/// Kinds of incidents of which causes are told.
const KINDS: [&str; 2] = ["forced_logout", "lockout"];

/// Everything of one strategy that needs no other one.
pub(super) fn pooled(
    arm: &Arm,
    rehearsals: &[Rehearsal],
    luck: Luck,
) -> Result<ArmOutcome, NotAHistogram> {
    let outcomes: Vec<&Outcome> = rehearsals.iter().map(|it| &it.outcome).collect();
    let first = outcomes.first();
    let people = people(&outcomes);
    let totals = totals(&outcomes);
    Ok(ArmOutcome {
        name: arm.name.clone(),
        scenario: arm.loaded.scenario.name.clone(),
        file: arm.file.display().to_string(),
        sha256: arm.loaded.hash.clone(),
        strategy: first.map_or_else(String::new, |it| it.identity.strategy.clone()),
        moves: moves(arm),
        phases: first.map_or_else(Vec::new, |it| it.phases.clone()),
        measures: measures(rehearsals, people, &totals, luck),
        people,
        totals,
        timeline: timeline(&outcomes),
        latency: latency(&outcomes)?,
        calls: calls(&outcomes),
        gates: gates::each(&outcomes),
        invariants: invariants(&outcomes),
        causes: causes(&outcomes),
        pareto: false,
        ceiling: None,
    })
}

/// Whether a strategy moves anybody.
pub(super) fn moves(arm: &Arm) -> bool {
    arm.loaded.scenario.cutover.strategy != Strategy::None
}

fn people(outcomes: &[&Outcome]) -> People {
    let mut sum = People::default();
    for outcome in outcomes {
        let one = outcome.people;
        sum.people += one.people;
        sum.devices += one.devices;
        sum.sessions_at_start += one.sessions_at_start;
        sum.devices_seen += one.devices_seen;
        sum.on_stytch_at_end += one.on_stytch_at_end;
        sum.on_legacy_at_end += one.on_legacy_at_end;
        sum.still_out_at_end += one.still_out_at_end;
    }
    sum
}

fn totals(outcomes: &[&Outcome]) -> BTreeMap<Measure, u64> {
    let mut sum = BTreeMap::new();
    for (&measure, count) in outcomes.iter().flat_map(|outcome| &outcome.totals) {
        *sum.entry(measure).or_insert(0) += count;
    }
    sum
}

fn timeline(outcomes: &[&Outcome]) -> TimelineColumns {
    let mut sum = outcomes.first().map_or_else(
        || TimelineColumns {
            start: crate::outcome::Moment::default(),
            bucket_us: 0,
            buckets: 0,
            columns: BTreeMap::new(),
        },
        |outcome| outcome.timeline.clone(),
    );
    for outcome in outcomes.iter().skip(1) {
        for (&measure, column) in &outcome.timeline.columns {
            let into = sum
                .columns
                .entry(measure)
                .or_insert_with(|| vec![0; column.len()]);
            for (into, count) in into.iter_mut().zip(column) {
                *into += count;
            }
        }
    }
    sum
}

/// Latency from the histograms of all seeds.
pub(super) fn latency(outcomes: &[&Outcome]) -> Result<Vec<LatencyRow>, NotAHistogram> {
    let mut merged = Vec::new();
    for operation in Operation::ALL {
        let rows: Vec<&LatencyRow> = outcomes
            .iter()
            .flat_map(|outcome| &outcome.latency)
            .filter(|row| row.operation == operation)
            .collect();
        merged.extend(LatencyRow::merged(&rows)?);
    }
    Ok(merged)
}

fn calls(outcomes: &[&Outcome]) -> Vec<EndpointCalls> {
    let mut merged: Vec<EndpointCalls> = Vec::new();
    for row in outcomes.iter().flat_map(|outcome| &outcome.calls) {
        let Some(into) = merged.iter_mut().find(|it| it.endpoint == row.endpoint) else {
            merged.push(row.clone());
            continue;
        };
        into.calls += row.calls;
        for (&status, count) in &row.by_status {
            *into.by_status.entry(status).or_insert(0) += count;
        }
        let higher = row.peak.filter(|peak| {
            into.peak
                .is_none_or(|known| peak.per_second > known.per_second)
        });
        into.peak = higher.or(into.peak);
        into.called_by_stytch |= row.called_by_stytch;
    }
    merged.sort_by(|a, b| a.endpoint.cmp(&b.endpoint));
    merged
}

fn measures(
    rehearsals: &[Rehearsal],
    people: People,
    totals: &BTreeMap<Measure, u64>,
    luck: Luck,
) -> Vec<Measured> {
    let total = |measure: Measure| totals.get(&measure).copied().unwrap_or(0);
    let part = |part: u64, whole: u64, of: &str| {
        let (low, high) = binomial_interval(part, whole);
        Some(Part {
            part,
            whole,
            of: of.to_owned(),
            low,
            high,
        })
    };
    let devices = |count: u64| part(count, people.devices_seen, "devices seen");
    let persons = |count: u64| part(count, people.people, "people");
    let measured = |(place, yardstick): (usize, Yardstick)| {
        let by_seed: Vec<Option<f64>> = rehearsals.iter().map(|it| it.values[place]).collect();
        let whole: Option<Vec<f64>> = by_seed.iter().copied().collect();
        Measured {
            yardstick: yardstick.name().to_owned(),
            unit: yardstick::unit(yardstick),
            mean: whole.and_then(|values| mean_interval(&values, luck.split(place as u64))),
            by_seed,
            share: match yardstick {
                Yardstick::ForcedLogouts => devices(total(Measure::ForcedLogouts)),
                Yardstick::Lockouts => persons(total(Measure::Lockouts)),
                Yardstick::Abandonments => persons(total(Measure::Abandonments)),
                Yardstick::DuplicateAccounts => persons(total(Measure::DuplicateAccounts)),
                Yardstick::VisitsFailed => part(
                    total(Measure::VisitsFailed),
                    total(Measure::VisitsScheduled),
                    "visits",
                ),
                _ => None,
            },
        }
    };
    Yardstick::ALL
        .into_iter()
        .enumerate()
        .map(measured)
        .collect()
}

/// Invariants are not averaged: one that is violated once is violated.
fn invariants(outcomes: &[&Outcome]) -> Vec<InvariantOutcome> {
    let verdicts: Vec<(u64, &Verdict)> = outcomes
        .iter()
        .filter_map(|outcome| Some((outcome.identity.seed, outcome.verdict.as_ref()?)))
        .collect();
    let Some((_, first)) = verdicts.first() else {
        return Vec::new();
    };
    let names = first.invariants.iter().map(|invariant| &invariant.name);
    let over_all = |name: &String| {
        let all: Vec<(u64, &InvariantOutcome)> = verdicts
            .iter()
            .flat_map(|(seed, verdict)| verdict.invariants.iter().map(|it| (*seed, it)))
            .filter(|(_, it)| it.name == *name)
            .collect();
        let of = |result: InvariantResult| all.iter().find(|(_, it)| it.result == result);
        let checked: u64 = all.iter().map(|(_, it)| it.checked).sum();
        let (result, finding) = match (
            of(InvariantResult::Violated),
            of(InvariantResult::NotExercised),
        ) {
            (Some((seed, it)), _) => (
                InvariantResult::Violated,
                format!("seed {seed}: {}", it.finding),
            ),
            (None, Some((seed, it))) => (
                InvariantResult::NotExercised,
                format!("seed {seed}: {}", it.finding),
            ),
            (None, None) => (
                InvariantResult::Holds,
                format!("in all {} seeds, {checked} checks", all.len()),
            ),
        };
        InvariantOutcome {
            name: name.clone(),
            result,
            checked,
            finding,
        }
    };
    names.map(over_all).collect()
}

fn causes(outcomes: &[&Outcome]) -> Vec<CauseFound> {
    let mut counts: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    for cause in outcomes.iter().flat_map(|outcome| &outcome.causes) {
        let told = cause.count > 0 && KINDS.contains(&cause.kind.as_str());
        if let (true, Some(name)) = (told, &cause.cause) {
            *counts.entry((&cause.kind, name)).or_insert(0) += cause.count;
        }
    }
    let seeds = outcomes.len().max(1) as f64;
    let found = |((kind, cause), count): ((&str, &str), u64)| {
        let (low, high) = poisson_interval(count);
        CauseFound {
            kind: kind.to_owned(),
            cause: cause.to_owned(),
            count,
            per_seed: Interval {
                mean: count as f64 / seeds,
                low: low / seeds,
                high: high / seeds,
            },
            cures: Vec::new(),
        }
    };
    let mut found: Vec<CauseFound> = counts.into_iter().map(found).collect();
    found.sort_by(|a, b| a.kind.cmp(&b.kind).then(b.count.cmp(&a.count)));
    found
}
