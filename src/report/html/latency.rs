//! Latency on a page: over scenario time, as percentile curves, and in numbers.

use super::figures::plot;
use super::part::{Cell, Figure, Key, Table};
use super::timeline::{self, after};
use crate::outcome::{Driver, LatencyOverTime, LatencyPoint, LatencyRow, Outcome, grouped};
use crate::recorder::Operation;
use crate::report::chart::{Axis, Form, Ink, Plot, Series};
use crate::report::wording::time;

/// Percentiles of the curve: enough to be smooth where it bends.
const QUANTILES: [f64; 27] = [
    0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.925, 0.95, 0.96,
    0.97, 0.98, 0.99, 0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999, 1.0,
];
/// Steps beside a logarithmic axis: within a power of ten, if there are few.
const STEPS: [f64; 3] = [1.0, 2.0, 5.0];
/// Fewer than this many are no sample for a percentile.
const ENOUGH: [u64; 3] = [2, 20, 100];

/// Whether numbers were measured, in a word.
const fn origin(measured: bool) -> &'static str {
    if measured { "measured" } else { "modelled" }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().collect::<String>() + letters.as_str()
    })
}

fn name(operation: Operation) -> String {
    operation.name().replace('_', " ")
}

/// A logarithmic axis from below the least to above the most, in microseconds.
fn heights(all: impl Iterator<Item = f64> + Clone) -> Axis {
    let least = all.clone().fold(f64::INFINITY, f64::min).max(1.0);
    let most = all.fold(1.0, f64::max);
    let from = libm::floor(libm::log10(least));
    let to = libm::ceil(libm::log10(most)).max(from + 1.0);
    let steps = if to - from > 2.0 { &STEPS[..1] } else { &STEPS };
    let powers = (from as i32)..=(to as i32);
    let heights = powers.flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)));
    let ticks: Vec<(f64, String)> = heights
        .map(|micros| (libm::log10(micros), short(micros)))
        .collect();
    Axis::of(from, to, &ticks)
}

/// A length of time as few letters as stand beside an axis.
fn short(micros: f64) -> String {
    match micros {
        micros if micros < 1e3 => format!("{micros:.0} us"),
        micros if micros < 1e6 => format!("{:.0} ms", micros / 1e3),
        micros => format!("{:.0} s", micros / 1e6),
    }
}

fn height(micros: u64) -> f64 {
    libm::log10((micros as f64).max(1.0))
}

/// Percentiles over scenario time, one chart for each operation that was seen at several times.
pub(super) fn over_time(outcome: &Outcome) -> Vec<Figure> {
    outcome
        .latency_over_time
        .iter()
        .filter(|course| course.points.len() > 1)
        .map(|course| figure(outcome, course))
        .collect()
}

fn figure(outcome: &Outcome, course: &LatencyOverTime) -> Figure {
    type Percentile = fn(&LatencyPoint) -> u64;
    const LINES: [(&str, Ink, Percentile); 3] = [
        ("p50", Ink::Third, |point| point.p50_us),
        ("p95", Ink::Second, |point| point.p95_us),
        ("p99", Ink::First, |point| point.p99_us),
    ];
    let at = |point: &LatencyPoint| timeline::seconds(outcome, point.from);
    let line = |((_, ink, percentile), enough): ((&str, Ink, Percentile), u64)| {
        let mut lines: Vec<Vec<(f64, f64)>> = Vec::new();
        for stretch in course.points.split(|point| point.count < enough) {
            let line = stretch
                .iter()
                .map(|point| (at(point), height(percentile(point))));
            lines.push(line.collect());
        }
        Series {
            ink,
            form: Form::Lines(lines),
        }
    };
    let all = course
        .points
        .iter()
        .flat_map(|point| [point.p50_us as f64, point.p99_us as f64]);
    let worst = course
        .points
        .iter()
        .filter(|point| point.count >= ENOUGH[2])
        .max_by_key(|point| point.p99_us)
        .map_or_else(String::new, |worst| {
            let after = worst.from.since(outcome.start);
            format!(
                " The 99th percentile was highest from +{after} on: {}.",
                time(worst.p99_us)
            )
        });
    let origin = origin(course.measured);
    let description = format!(
        "{}, on a logarithmic scale. A p95 is drawn from \
         {} cases on, a p99 from {}.{worst}",
        capitalised(origin),
        ENOUGH[1],
        ENOUGH[2],
    );
    let row = |point: &LatencyPoint| -> Vec<Cell> {
        [
            after(point.from.since(outcome.start)),
            grouped(point.count),
            time(point.p50_us),
            time(point.p95_us),
            time(point.p99_us),
            time(point.max_us),
        ]
        .map(Cell::from)
        .into()
    };
    // A row for every stretch would be a hundred: as many as other tables have.
    let every = course.points.len().div_ceil(28).max(1);
    let caption = if every == 1 {
        format!("Latency of {}, {origin}", name(course.operation))
    } else {
        format!(
            "Latency of {}, {origin}: one stretch of {every}",
            name(course.operation)
        )
    };
    let rows = course.points.iter().step_by(every).map(row).collect();
    Figure::new(
        &format!(
            "latency-{}-{origin}",
            course.operation.name().replace('_', "-")
        ),
        (
            &format!("{} over time", capitalised(&name(course.operation))),
            &description,
        ),
        LINES.map(|(name, ink, _)| Key::new(ink, name)).into(),
        &plot(
            outcome,
            heights(all),
            LINES.into_iter().zip(ENOUGH).map(line).collect(),
        ),
        Table::new(
            &caption,
            &["from", "n#", "p50#", "p95#", "p99#", "max#"],
            rows,
        ),
    )
}

/// Percentile curves, from the whole histograms.
pub(super) fn curves(outcome: &Outcome) -> Vec<Figure> {
    let measured = outcome.identity.driver != Driver::Virtual;
    [
        curve("curve", &outcome.latency, measured),
        curve("curve-lapse", &outcome.latency_lapse, false),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn curve(id: &str, rows: &[LatencyRow], measured: bool) -> Option<Figure> {
    let mut series = Vec::new();
    let mut keys = Vec::new();
    let mut seen: Vec<f64> = Vec::new();
    for (row, ink) in rows.iter().zip(Ink::PLAIN) {
        let Ok(histogram) = row.decode() else {
            continue;
        };
        // Beyond one in n there is nothing but the largest.
        let known =
            |quantile: &&f64| **quantile >= 1.0 || (1.0 - **quantile) * row.count as f64 >= 1.0;
        let line: Vec<(f64, f64)> = QUANTILES
            .iter()
            .filter(known)
            .map(|&quantile| {
                let micros = histogram.value_at_quantile(quantile);
                seen.push(micros.max(1) as f64);
                (rank(quantile, row.count), height(micros))
            })
            .collect();
        keys.push(Key::new(ink, &name(row.operation)));
        series.push(Series {
            ink,
            form: Form::Lines(vec![line]),
        });
    }
    if series.is_empty() {
        return None;
    }
    let most = rows.iter().map(|row| row.count).max().unwrap_or(1);
    let ticks: Vec<(f64, String)> = [
        (0.0, "0"),
        (0.5, "p50"),
        (0.9, "p90"),
        (0.99, "p99"),
        (0.999, "p99.9"),
        (0.9999, "p99.99"),
    ]
    .into_iter()
    .map(|(quantile, text)| (rank(quantile, u64::MAX), text.to_owned()))
    .collect();
    let plot = Plot {
        x: Axis::of(0.0, rank(1.0, most).max(1.0), &ticks),
        y: heights(seen.iter().copied()),
        stretches: Vec::new(),
        series,
        limits: Vec::new(),
        marks: Vec::new(),
    };
    let origin = origin(measured);
    let description = format!(
        "How long the slowest share of each operation took, {origin}: the further to the right, \
         the rarer. Both scales are logarithmic; each curve ends at its largest value."
    );
    let title = format!("Latency by percentile, {origin}");
    Some(Figure::new(
        id,
        (&title, &description),
        keys,
        &plot,
        table(&title, rows),
    ))
}

/// How far to the right a percentile is: one more for each factor of ten by which it is rarer.
fn rank(quantile: f64, count: u64) -> f64 {
    let rarest = 1.0 / (count as f64).max(1.0);
    -libm::log10((1.0 - quantile).max(rarest).min(1.0))
}

fn table(caption: &str, rows: &[LatencyRow]) -> Table {
    let row = |row: &LatencyRow| -> Vec<Cell> {
        [
            name(row.operation),
            grouped(row.count),
            time(row.p50_us),
            time(row.p90_us),
            time(row.p95_us),
            time(row.p99_us),
            time(row.p999_us),
            time(row.max_us),
        ]
        .map(Cell::from)
        .into()
    };
    Table::new(
        caption,
        &[
            "operation",
            "n#",
            "p50#",
            "p90#",
            "p95#",
            "p99#",
            "p99.9#",
            "max#",
        ],
        rows.iter().map(row).collect(),
    )
}
