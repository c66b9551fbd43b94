//! What the data show and what they do not, in plain sentences.

use super::outcome::{Finding, Test};
use super::statistics::{Discordant, Interval};
use super::yardstick;
use crate::outcome::Unit;
use crate::outcome::grouped;
use crate::scenario::comparison::Yardstick;

/// What a sentence about two strategies is made of.
pub(super) struct Told<'a> {
    pub(super) first: &'a str,
    pub(super) second: &'a str,
    pub(super) yardstick: Yardstick,
    pub(super) unit: Unit,
    pub(super) seeds: usize,
    pub(super) interval: Option<Interval>,
    pub(super) fewer: Option<Discordant>,
    pub(super) fates: Option<Discordant>,
    pub(super) p: Option<f64>,
    pub(super) test: Option<Test>,
    pub(super) nothing_at_all: bool,
    pub(super) finding: Finding,
}

/// A number of a unit, for tables and sentences; it may be negative.
pub(crate) fn number(value: f64, unit: Unit) -> String {
    let sign = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    match unit {
        Unit::Microseconds => {
            let hours = size / 3.6e9;
            if hours >= 48.0 {
                format!("{sign}{:.1} days", hours / 24.0)
            } else if hours >= 1.0 {
                format!("{sign}{hours:.1} h")
            } else {
                format!("{sign}{:.1} min", hours * 60.0)
            }
        }
        Unit::Count | Unit::PerSecond => {
            let per = if unit == Unit::PerSecond { "/s" } else { "" };
            if size >= 100.0 || (libm::round(size) - size).abs() < 1e-9 {
                format!("{sign}{}{per}", grouped(libm::round(size) as u64))
            } else if size >= 1.0 {
                format!("{sign}{size:.1}{per}")
            } else {
                format!("{sign}{size:.2}{per}")
            }
        }
        Unit::Percent => format!("{sign}{size:.2}%"),
        Unit::Ratio => format!("{sign}{size:.2}x"),
    }
}

/// The sentence of a difference.
pub(super) fn difference(told: &Told<'_>) -> String {
    let words = yardstick::words(told.yardstick);
    let Told {
        first,
        second,
        seeds,
        ..
    } = told;
    match told.finding {
        Finding::Same if told.nothing_at_all => {
            format!("neither {first} nor {second} has any {words} in {seeds} seeds")
        }
        Finding::Same => format!("{first} and {second} have the same {words} in all {seeds} seeds"),
        Finding::NotComparable => {
            format!("{words} cannot be compared: one of {first} and {second} has none")
        }
        Finding::FirstLess => less(told, first, second, words),
        Finding::SecondLess => less(told, second, first, words),
        Finding::Undecided { seeds_needed } => undecided(told, seeds_needed, words),
    }
}

fn less(told: &Told<'_>, winner: &str, loser: &str, words: &str) -> String {
    let chance = told.p.map_or_else(String::new, chance);
    if let Some(fewer) = told.fewer {
        let won = fewer.first_only.max(fewer.second_only);
        return format!(
            "by {words}, {winner} comes before {loser} in {won} of {} seeds{chance}",
            told.seeds
        );
    }
    let range = told.interval.map_or_else(String::new, |it| {
        let (low, high) = (
            it.low.abs().min(it.high.abs()),
            it.low.abs().max(it.high.abs()),
        );
        format!(
            " by {} a rehearsal (95% interval {} to {})",
            number(it.mean.abs(), told.unit),
            number(low, told.unit),
            number(high, told.unit)
        )
    });
    let verb = match told.yardstick {
        Yardstick::Duration => "moves people sooner than".to_owned(),
        _ => format!("has fewer {words} than"),
    };
    format!("{winner} {verb} {loser}{range}{chance}{}", by_person(told))
}

fn by_person(told: &Told<'_>) -> String {
    match (told.test, told.fates) {
        (Some(Test::Mcnemar), Some(fates)) => format!(
            "; person by person, {} under {} only and {} under {} only",
            fates.first_only, told.first, fates.second_only, told.second
        ),
        _ => String::new(),
    }
}

fn chance(p: f64) -> String {
    if p < 0.001 {
        "; chance alone would do so in less than 0.1% of comparisons".to_owned()
    } else {
        format!(
            "; chance alone would do so in {:.1}% of comparisons",
            p * 100.0
        )
    }
}

fn undecided(told: &Told<'_>, seeds_needed: Option<u64>, words: &str) -> String {
    let Told {
        first,
        second,
        seeds,
        ..
    } = told;
    let range = told.interval.map_or_else(String::new, |it| {
        format!(
            ": {second} may have from {} to {} against {first}",
            signed(it.low, told.unit),
            signed(it.high, told.unit)
        )
    });
    let needed = seeds_needed.map_or_else(String::new, |needed| {
        let times = needed as f64 / *seeds as f64;
        format!(
            "; if the difference is as large as it seems, {} seeds would tell, or {times:.1} times the \
             people",
            grouped(needed)
        )
    });
    format!(
        "{seeds} seeds cannot tell {first} from {second} by {words}{range}{}{needed}",
        by_person(told)
    )
}

/// A number with its sign.
pub(crate) fn signed(value: f64, unit: Unit) -> String {
    let text = number(value, unit);
    if value > 0.0 {
        format!("+{text}")
    } else {
        text
    }
}
