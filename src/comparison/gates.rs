//! Gates over seeds: what each strategy must keep to, and what must hold between them.

use cutover_mocks::luck::Luck;

use super::arms;
use super::outcome::{BetweenOutcome, BetweenResult, EachGate, WorstSeed};
use super::rehearse::Rehearsal;
use super::sentences::{number, signed};
use super::statistics::{Interval, mean_interval};
use crate::outcome::{GateOutcome, GateResult, NotAHistogram, Outcome, Unit};
use crate::scenario::GateText;
use crate::verdict::gate::between::parse_between;
use crate::verdict::gate::{Comparison, Quantity};
use crate::verdict::{self, Between, GateError, PlacedGate, Term};

/// The gates of all strategies over one strategy's seeds.
pub(super) fn each(outcomes: &[&Outcome]) -> Vec<EachGate> {
    let gates = |outcome: &&Outcome| outcome.verdict.as_ref().map_or(0, |it| it.gates.len());
    let count = outcomes.first().map_or(0, gates);
    (0..count)
        .filter_map(|place| one(outcomes, place))
        .collect()
}

fn one(outcomes: &[&Outcome], place: usize) -> Option<EachGate> {
    let all: Vec<(u64, &GateOutcome)> = outcomes
        .iter()
        .filter_map(|outcome| {
            let gate = outcome.verdict.as_ref()?.gates.get(place)?;
            Some((outcome.identity.seed, gate))
        })
        .collect();
    let (_, first) = *all.first()?;
    let held = all
        .iter()
        .filter(|(_, gate)| gate.result == GateResult::Holds)
        .count();
    let failed = all.iter().any(|(_, gate)| gate.result == GateResult::Fails);
    let worst = all
        .iter()
        .filter_map(|(seed, gate)| Some((gate.margin?, *seed, gate.value?)))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    Some(EachGate {
        gate: first.gate.clone(),
        file: first.file.clone(),
        line: first.line,
        held: held as u32,
        seeds: all.len() as u32,
        result: match (held == all.len(), failed) {
            (true, _) => GateResult::Holds,
            (false, true) => GateResult::Fails,
            (false, false) => GateResult::NotExercised,
        },
        worst: worst.map(|(_, seed, value)| WorstSeed { seed, value }),
        // A comparison's gates name their limits: relative ones are refused where they are read.
        limit: first.limit?,
    })
}

/// Why gates between strategies could not be judged.
#[derive(Debug, thiserror::Error)]
pub(super) enum BetweenError {
    /// A gate cannot be read; its file was not read by this version.
    #[error(transparent)]
    Gate(#[from] GateError),
    /// Latencies cannot be merged.
    #[error(transparent)]
    Histogram(#[from] NotAHistogram),
}

/// A strategy's name with its rehearsals.
pub(super) type Named<'a> = (&'a str, &'a [Rehearsal]);

/// Judges a gate between strategies.
pub(super) fn between(
    written: &GateText,
    strategies: &[Named<'_>],
    luck: Luck,
) -> Result<BetweenOutcome, BetweenError> {
    let names: Vec<&str> = strategies.iter().map(|(name, _)| *name).collect();
    let (result, difference, unit, finding) = match parse_between(&written.text, &names)? {
        Between::Alone { arm, gate } => {
            let unit = gate.quantity().unit();
            let (result, finding) = alone(written, strategies, &arm, &gate.to_string())?;
            (result, None, unit, finding)
        }
        Between::Against {
            left,
            comparison,
            factor,
            right,
        } => {
            let unit = left.quantity().unit();
            let (result, difference, finding) =
                against(strategies, (&left, comparison, factor, &right), luck)?;
            (result, difference, unit, finding)
        }
    };
    Ok(BetweenOutcome {
        gate: written.text.clone(),
        file: written.file.clone(),
        line: written.line,
        result,
        difference,
        unit,
        finding,
    })
}

fn rehearsals<'a>(strategies: &[Named<'a>], name: &str) -> &'a [Rehearsal] {
    let found = strategies.iter().find(|(arm, _)| *arm == name);
    found.map_or(&[], |(_, rehearsals)| rehearsals)
}

/// One strategy by itself: the gate must hold in every seed.
fn alone(
    written: &GateText,
    strategies: &[Named<'_>],
    arm: &str,
    gate: &str,
) -> Result<(BetweenResult, String), BetweenError> {
    let placed = PlacedGate::read(GateText {
        text: gate.to_owned(),
        ..written.clone()
    })?;
    let judged: Vec<Outcome> = rehearsals(strategies, arm)
        .iter()
        .map(|rehearsal| {
            let mut outcome = rehearsal.outcome.clone();
            outcome.verdict = Some(verdict::judge(&outcome, std::slice::from_ref(&placed)));
            outcome
        })
        .collect();
    let outcomes: Vec<&Outcome> = judged.iter().collect();
    let Some(gate) = one(&outcomes, 0) else {
        return Ok((
            BetweenResult::NotExercised,
            "nothing was rehearsed".to_owned(),
        ));
    };
    let worst = gate.worst.map_or_else(String::new, |worst| {
        format!("; worst {} with seed {}", worst.value, worst.seed)
    });
    let finding = format!("held in {} of {} seeds{worst}", gate.held, gate.seeds);
    let result = match gate.result {
        GateResult::Holds => BetweenResult::Holds,
        GateResult::Fails => BetweenResult::Fails,
        GateResult::NotExercised => BetweenResult::NotExercised,
    };
    Ok((result, finding))
}

/// One strategy against another, seed by seed.
fn against(
    strategies: &[Named<'_>],
    (left, comparison, factor, right): (&Term, Comparison, f64, &Term),
    luck: Luck,
) -> Result<(BetweenResult, Option<Interval>, String), BetweenError> {
    if matches!(left.quantity(), Quantity::Latency(..)) {
        return merged(strategies, (left, comparison, factor, right));
    }
    let values = |term: &Term| -> Option<Vec<f64>> {
        let value = |rehearsal: &Rehearsal| {
            verdict::value(&rehearsal.outcome, term).map(|amount| amount.number)
        };
        rehearsals(strategies, term.arm())
            .iter()
            .map(value)
            .collect()
    };
    let unit = left.quantity().unit();
    let interval = values(left).zip(values(right)).and_then(|(left, right)| {
        let differences: Vec<f64> = left
            .iter()
            .zip(&right)
            .map(|(left, right)| left - factor * right)
            .collect();
        Some((
            mean_interval(&differences, luck)?,
            mean(&left),
            mean(&right),
        ))
    });
    let Some((interval, of_left, of_right)) = interval else {
        let finding = "a seed has no such value".to_owned();
        return Ok((BetweenResult::NotExercised, None, finding));
    };
    let result = decide(comparison, interval);
    let finding = format!(
        "{} against {}{} on average; the difference is {} (95% interval {} to {})",
        number(of_left, unit),
        times(factor),
        number(of_right, unit),
        signed(interval.mean, unit),
        signed(interval.low, unit),
        signed(interval.high, unit)
    );
    Ok((result, Some(interval), finding))
}

/// A factor in front of what it multiplies; nothing for 1.
fn times(factor: f64) -> String {
    if (factor - 1.0).abs() < f64::EPSILON {
        String::new()
    } else {
        format!("{factor} times ")
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// What an interval of left minus right says; it is one point where all seeds agree.
fn decide(comparison: Comparison, interval: Interval) -> BetweenResult {
    let Interval { low, high, .. } = interval;
    let (holds, fails) = match comparison {
        Comparison::AtMost => (high <= 0.0, low > 0.0),
        Comparison::Below => (high < 0.0, low >= 0.0),
        Comparison::AtLeast => (low >= 0.0, high < 0.0),
        Comparison::Above => (low > 0.0, high <= 0.0),
        Comparison::Equal => (low == 0.0 && high == 0.0, low > 0.0 || high < 0.0),
        Comparison::NotEqual => (low > 0.0 || high < 0.0, low == 0.0 && high == 0.0),
    };
    match (holds, fails) {
        (true, _) => BetweenResult::Holds,
        (false, true) => BetweenResult::Fails,
        (false, false) => BetweenResult::Inconclusive,
    }
}

/// Percentiles are not averaged: both come from the histograms of all seeds, and have no interval.
fn merged(
    strategies: &[Named<'_>],
    (left, comparison, factor, right): (&Term, Comparison, f64, &Term),
) -> Result<(BetweenResult, Option<Interval>, String), BetweenError> {
    let value = |term: &Term| -> Result<Option<f64>, NotAHistogram> {
        let all: Vec<&Outcome> = rehearsals(strategies, term.arm())
            .iter()
            .map(|rehearsal| &rehearsal.outcome)
            .collect();
        let Some(first) = all.first() else {
            return Ok(None);
        };
        let outcome = Outcome {
            latency: arms::latency(&all)?,
            ..(*first).clone()
        };
        Ok(verdict::value(&outcome, term).map(|amount| amount.number))
    };
    let Some((of_left, of_right)) = value(left)?.zip(value(right)?) else {
        let finding = "nothing of it was measured".to_owned();
        return Ok((BetweenResult::NotExercised, None, finding));
    };
    let holds = comparison.holds(of_left, factor * of_right);
    let millis = |micros: f64| format!("{:.1} ms", micros / 1e3);
    debug_assert_eq!(left.quantity().unit(), Unit::Microseconds);
    let finding = format!(
        "{} against {}{}, from all seeds merged; a percentile has no interval here",
        millis(of_left),
        times(factor),
        millis(of_right)
    );
    let result = if holds {
        BetweenResult::Holds
    } else {
        BetweenResult::Fails
    };
    Ok((result, None, finding))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_decides_only_what_it_does_not_straddle() {
        let interval = |low: f64, high: f64| Interval {
            mean: f64::midpoint(low, high),
            low,
            high,
        };
        let at_most = |low, high| decide(Comparison::AtMost, interval(low, high));
        assert_eq!(at_most(-3.0, -1.0), BetweenResult::Holds);
        assert_eq!(at_most(-3.0, 0.0), BetweenResult::Holds);
        assert_eq!(at_most(-3.0, 1.0), BetweenResult::Inconclusive);
        assert_eq!(at_most(0.0, 1.0), BetweenResult::Inconclusive);
        assert_eq!(at_most(0.5, 1.0), BetweenResult::Fails);
        let below = |low, high| decide(Comparison::Below, interval(low, high));
        assert_eq!(below(0.0, 0.0), BetweenResult::Fails);
        assert_eq!(below(-1.0, 0.0), BetweenResult::Inconclusive);
        let equal = |low, high| decide(Comparison::Equal, interval(low, high));
        assert_eq!(equal(0.0, 0.0), BetweenResult::Holds);
        assert_eq!(equal(-1.0, 1.0), BetweenResult::Inconclusive);
        assert_eq!(equal(1.0, 2.0), BetweenResult::Fails);
    }
}
