//! Strategies side by side on the same axes: by each yardstick with intervals, and over time.

use super::inks;
use crate::comparison::sentences::number;
use crate::comparison::{ArmOutcome, ComparisonOutcome, Measured};
use crate::outcome::{Unit, grouped};
use crate::recorder::Measure;
use crate::report::chart::{Axis, Form, Ink, Plot, Series};
use crate::report::html::part::{Cell, Figure, Key, Table};
use crate::report::html::timeline::Timeline;

/// One chart for each yardstick by which strategies differ, those that decide first.
pub(super) fn yardsticks(outcome: &ComparisonOutcome) -> Vec<Figure> {
    let Some(first) = outcome.arms.first() else {
        return Vec::new();
    };
    let by = &outcome.ranking.by;
    let mut names: Vec<&str> = by.iter().map(String::as_str).collect();
    let others = first.measures.iter().map(|one| one.yardstick.as_str());
    names.extend(others.filter(|name| !by.iter().any(|other| other == name)));
    names
        .into_iter()
        .filter_map(|name| yardstick(outcome, name))
        .collect()
}

/// What values of a unit are divided by on an axis, and what it is called then.
fn scale(unit: Unit, most: f64) -> (f64, &'static str) {
    match unit {
        Unit::Microseconds if most >= 1.728e11 => (8.64e10, "d"),
        Unit::Microseconds if most >= 3.6e9 => (3.6e9, "h"),
        Unit::Microseconds => (6e7, "min"),
        Unit::PerSecond => (1.0, "/s"),
        Unit::Percent => (1.0, "%"),
        Unit::Ratio => (1.0, "x"),
        Unit::Count => (1.0, ""),
    }
}

fn yardstick(outcome: &ComparisonOutcome, name: &str) -> Option<Figure> {
    let arms: Vec<(&ArmOutcome, &Measured, Ink)> = outcome
        .arms
        .iter()
        .zip(inks(outcome))
        .filter_map(|(arm, ink)| Some((arm, arm.measured(name)?, ink)))
        .collect();
    let values = arms
        .iter()
        .flat_map(|(_, one, _)| one.by_seed.iter().flatten());
    let most = values.copied().fold(0.0, f64::max);
    // Where all have nothing there is nothing to see.
    if most <= 0.0 {
        return None;
    }
    let unit = arms.first()?.1.unit;
    let (divisor, suffix) = scale(unit, most);
    let height = |row: usize| (arms.len() - 1 - row) as f64;
    let mut series = Vec::new();
    for (row, (_, measured, ink)) in arms.iter().enumerate() {
        let at = height(row);
        let seeds = measured.by_seed.iter().flatten();
        series.push(Series {
            ink: Ink::Axis,
            form: Form::Specks(seeds.map(|value| (value / divisor, at - 0.28)).collect()),
        });
        if let Some(mean) = measured.mean {
            let interval = vec![vec![(mean.low / divisor, at), (mean.high / divisor, at)]];
            series.push(Series {
                ink: *ink,
                form: Form::Lines(interval),
            });
            series.push(Series {
                ink: *ink,
                form: Form::Points(vec![(mean.mean / divisor, at)]),
            });
        }
    }
    let rows: Vec<(f64, String)> = arms
        .iter()
        .enumerate()
        .map(|(row, (arm, ..))| (height(row), arm.name.clone()))
        .collect();
    let plot = Plot {
        x: Axis::amounts(most / divisor, |at| amount(at, suffix)),
        y: Axis::of(-0.6, arms.len() as f64 - 0.4, &rows),
        stretches: Vec::new(),
        series,
        limits: Vec::new(),
        marks: Vec::new(),
    };
    let cells = arms
        .iter()
        .map(|(arm, measured, _)| row(arm, measured))
        .collect();
    let decides = if outcome.ranking.by.iter().any(|by| by == name) {
        " It decides the ranking."
    } else {
        ""
    };
    let title = capitalised(&name.replace('_', " "));
    let description = format!(
        "Mean of a rehearsal with its 95% interval; below it, each of {} seeds. Less is better.{decides}",
        outcome.identity.seeds
    );
    let head = [
        "strategy",
        "mean#",
        "95% interval#",
        "share#",
        "its 95% interval#",
    ];
    Some(Figure::new(
        &format!("by-{}", name.replace('_', "-")),
        (&title, &description),
        Vec::new(),
        &plot,
        Table::new(&title, &head, cells),
    ))
}

fn amount(at: f64, suffix: &str) -> String {
    if at >= 1_000.0 {
        format!("{}{suffix}", grouped(at.round() as u64))
    } else {
        format!("{}{suffix}", (at * 1e3).round() / 1e3)
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

fn row(arm: &ArmOutcome, measured: &Measured) -> Vec<Cell> {
    let unit = measured.unit;
    let none = || "-".to_owned();
    let mean = measured.mean.map_or_else(
        || {
            let reached = measured.by_seed.iter().flatten().count();
            format!("in {reached} of {} seeds only", measured.by_seed.len())
        },
        |mean| number(mean.mean, unit),
    );
    let interval = measured.mean.map_or_else(none, |mean| {
        format!("{} to {}", number(mean.low, unit), number(mean.high, unit))
    });
    let percent = |share: f64| format!("{:.3}%", share * 100.0);
    let (share, of_share) = measured.share.as_ref().map_or_else(
        || (none(), none()),
        |share| {
            let part = share.part as f64 / (share.whole as f64).max(1.0);
            (
                format!("{} of {}", percent(part), share.of),
                format!("{} to {}", percent(share.low), percent(share.high)),
            )
        },
    );
    [arm.name.clone(), mean, interval, share, of_share]
        .map(Cell::from)
        .into()
}

/// What is drawn over time, and whether it is summed up from the start.
const COURSES: [(Measure, &str, bool); 4] = [
    (Measure::ForcedLogouts, "Forced logouts so far", true),
    (Measure::Logins, "Logins", false),
    (Measure::DevicesMigrated, "Devices migrated so far", true),
    (Measure::Retries, "Calls made by retrying", false),
];

/// Strategies over scenario time.
pub(super) fn over_time(outcome: &ComparisonOutcome) -> Vec<Figure> {
    COURSES
        .into_iter()
        .filter_map(|course| course_of(outcome, course))
        .collect()
}

fn course_of(
    outcome: &ComparisonOutcome,
    (measure, title, summed): (Measure, &str, bool),
) -> Option<Figure> {
    let seeds = f64::from(outcome.identity.seeds.max(1));
    let of = |timeline: &Timeline<'_>| -> Vec<f64> {
        let mut so_far = 0;
        let sums = timeline.measure(measure).into_iter().map(|count| {
            so_far = if summed { so_far + count } else { count };
            so_far as f64 / seeds
        });
        sums.collect()
    };
    let mut series = Vec::new();
    let mut keys = Vec::new();
    let mut most = 0.0_f64;
    let mut columns: Vec<(&str, Vec<f64>)> = Vec::new();
    let mut rows: Option<Timeline<'_>> = None;
    for (arm, ink) in outcome.arms.iter().zip(inks(outcome)) {
        let [fine, coarse] = Timeline::of_arm(&arm.timeline, outcome.length_us);
        let heights = of(&fine);
        most = heights.iter().copied().fold(most, f64::max);
        let line = heights
            .iter()
            .enumerate()
            .map(|(bin, &height)| (fine.begins(bin + 1), height));
        series.push(Series {
            ink,
            form: Form::Lines(vec![line.collect()]),
        });
        keys.push(Key::new(ink, &arm.name));
        columns.push((&arm.name, of(&coarse)));
        rows.get_or_insert(coarse);
    }
    let rows = rows.filter(|_| most > 0.0)?;
    let step = Timeline::of_arm(&outcome.arms.first()?.timeline, outcome.length_us)[0].bin();
    let kind = if summed {
        "added up from the start".to_owned()
    } else {
        format!("in each {step}")
    };
    let description = format!("Mean of a rehearsal, {kind}, for every strategy on the same axes.");
    let mut head = vec!["until".to_owned()];
    head.extend(columns.iter().map(|(name, _)| format!("{name}#")));
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let cells = (0..rows.bins).map(|bin| {
        let numbers = columns
            .iter()
            .map(|(_, column)| number(column.get(bin).copied().unwrap_or(0.0), Unit::Count).into());
        std::iter::once(Cell::from(rows.after(bin + 1)))
            .chain(numbers)
            .collect()
    });
    let caption = format!("{title}: mean of a rehearsal, in steps of {}", rows.bin());
    let plot = Plot {
        x: Axis::time(outcome.length_us as f64 / 1e6),
        y: Axis::counts(most),
        stretches: Vec::new(),
        series,
        limits: Vec::new(),
        marks: Vec::new(),
    };
    Some(Figure::new(
        &format!("over-time-{}", measure.name().replace('_', "-")),
        (title, &description),
        keys,
        &plot,
        Table::new(&caption, &head, cells.collect()),
    ))
}
