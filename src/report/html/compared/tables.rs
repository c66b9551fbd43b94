//! The tables of a comparison: the ranking, the numbers, the differences, the causes.

use crate::comparison::sentences::number;
use crate::comparison::{
    ArmOutcome, CauseFound, ComparisonOutcome, Difference, Finding, Measured, PairOutcome, Place,
};
use crate::outcome::{GateResult, LatencyRow, Unit, grouped};
use crate::recorder::Operation;
use crate::report::html::part::{Cell, Table};
use crate::report::html::tables::settings;
use crate::report::html::timeline::after;
use crate::report::wording::time;

/// Who is best, by what decides.
pub(super) fn ranking(outcome: &ComparisonOutcome) -> Table {
    let by = &outcome.ranking.by;
    let row = |place: &Place| -> Vec<Cell> {
        let arm = outcome.arm(&place.arm);
        let gates = arm.map_or(0, |arm| arm.gates.len());
        let kept = gates.saturating_sub(place.gates_broken.len());
        let (mark, class) = if kept == gates {
            ("✓", "good")
        } else {
            ("✗", "bad")
        };
        let mut cells = vec![
            format!("{}. {}", place.place, place.arm).into(),
            Cell::classed(format!("{mark} {kept} of {gates}"), class),
        ];
        cells.extend(by.iter().map(|name| {
            let measured = arm.and_then(|arm| arm.measured(name));
            Cell::from(measured.map_or_else(|| "-".to_owned(), mean))
        }));
        let front = arm.is_some_and(|arm| arm.pareto);
        cells.push((if front { "yes" } else { "no" }).into());
        cells
    };
    let by: Vec<String> = by
        .iter()
        .map(|name| format!("{}#", name.replace('_', " ")))
        .collect();
    let head: Vec<&str> = ["strategy", "gates kept"]
        .into_iter()
        .chain(by.iter().map(String::as_str))
        .chain(["Pareto front"])
        .collect();
    Table::new(
        "Ranking: by the gates, then by what decides, from left to right",
        &head,
        outcome.ranking.places.iter().map(row).collect(),
    )
}

/// A mean, or in how many seeds there is one.
fn mean(measured: &Measured) -> String {
    measured.mean.map_or_else(
        || {
            let reached = measured.by_seed.iter().flatten().count();
            format!("in {reached} of {} seeds", measured.by_seed.len())
        },
        |mean| number(mean.mean, measured.unit),
    )
}

/// Gates that every strategy must keep to: the worst seed.
pub(super) fn gates(outcome: &ComparisonOutcome) -> Option<Table> {
    let first = outcome.arms.first().filter(|arm| !arm.gates.is_empty())?;
    let arms: Vec<&ArmOutcome> = outcome.arms.iter().filter(|arm| arm.moves).collect();
    let rows = first.gates.iter().enumerate().map(|(place, gate)| {
        let mut cells = vec![Cell::classed(gate.gate.clone(), "code")];
        cells.extend(arms.iter().map(|arm| {
            let Some(gate) = arm.gates.get(place) else {
                return Cell::from("-");
            };
            let worst = gate
                .worst
                .map_or_else(|| "-".to_owned(), |worst| worst.value.to_string());
            match gate.result {
                GateResult::Holds => Cell::classed(format!("✓ {worst}"), "good"),
                GateResult::Fails => Cell::classed(
                    format!("✗ {worst}; held in {} of {} seeds", gate.held, gate.seeds),
                    "bad",
                ),
                GateResult::NotExercised => Cell::classed("✗ not exercised", "bad"),
            }
        }));
        cells
    });
    let rows = rows.collect();
    let head: Vec<&str> = std::iter::once("gate")
        .chain(arms.iter().map(|arm| arm.name.as_str()))
        .collect();
    Some(Table::new(
        "Gates of each strategy: the worst seed",
        &head,
        rows,
    ))
}

/// All strategies by all yardsticks.
pub(super) fn measures(outcome: &ComparisonOutcome) -> Table {
    let names: Vec<String> = outcome
        .arms
        .iter()
        .map(|arm| format!("{}#", arm.name))
        .collect();
    let head: Vec<&str> = std::iter::once("a rehearsal")
        .chain(names.iter().map(String::as_str))
        .collect();
    let yardsticks = outcome.arms.first().map_or(&[][..], |arm| &arm.measures);
    let row = |measured: &Measured| -> Vec<Cell> {
        let name = measured.yardstick.replace('_', " ");
        let cells = outcome.arms.iter().map(|arm| {
            let Some(measured) = arm.measured(&measured.yardstick) else {
                return "-".into();
            };
            let unit = measured.unit;
            let interval = measured
                .mean
                .filter(|mean| mean.high > mean.low)
                .map_or_else(String::new, |mean| {
                    // The unit stands behind the mean already.
                    let bare = |end: f64| {
                        let text = number(end, unit);
                        text.split(' ').next().unwrap_or(&text).to_owned()
                    };
                    format!(" ({} to {})", bare(mean.low), bare(mean.high))
                        .replace(" to ", "\u{a0}to\u{a0}")
                });
            let mean = mean(measured).replace(' ', "\u{a0}");
            Cell::classed(format!("{mean}{interval}"), "wrap")
        });
        std::iter::once(name.into()).chain(cells).collect()
    };
    Table::new(
        "Means over seeds, with 95% intervals",
        &head,
        yardsticks.iter().map(row).collect(),
    )
}

/// Latency from the histograms of all seeds, merged.
pub(super) fn latency(outcome: &ComparisonOutcome) -> Option<Table> {
    let operations = Operation::ALL.into_iter().filter(|operation| {
        let has = |row: &LatencyRow| row.operation == *operation;
        outcome.arms.iter().any(|arm| arm.latency.iter().any(has))
    });
    let rows: Vec<Vec<Cell>> = operations
        .map(|operation| {
            let cells = outcome.arms.iter().map(|arm| {
                let row = arm.latency.iter().find(|row| row.operation == operation);
                Cell::from(row.map_or_else(
                    || "-".to_owned(),
                    |row| format!("{} / {}", time(row.p50_us), time(row.p99_us)),
                ))
            });
            std::iter::once(Cell::from(operation.name().replace('_', " ")))
                .chain(cells)
                .collect()
        })
        .collect();
    let head: Vec<&str> = std::iter::once("operation")
        .chain(outcome.arms.iter().map(|arm| arm.name.as_str()))
        .collect();
    let caption = "Latency, modelled: p50 / p99, from the histograms of all seeds merged";
    (!rows.is_empty()).then(|| Table::new(caption, &head, rows))
}

/// The recommended strategy, or the first of the ranking, against each other one.
pub(super) fn recommended_against(outcome: &ComparisonOutcome) -> Option<Table> {
    let first = outcome.ranking.places.first()?;
    let best = outcome.ranking.recommended.as_ref().unwrap_or(&first.arm);
    let rows: Vec<Vec<Cell>> = outcome
        .pairs
        .iter()
        .filter(|pair| pair.first == *best || pair.second == *best)
        .flat_map(|pair| pair.measures.iter().map(move |measured| (pair, measured)))
        .filter(|(_, measured)| !matches!(measured.finding, Finding::Same | Finding::NotComparable))
        .map(|(pair, measured)| {
            let other = if pair.first == *best {
                &pair.second
            } else {
                &pair.first
            };
            let better = match measured.finding {
                Finding::FirstLess => pair.first == *best,
                Finding::SecondLess => pair.second == *best,
                Finding::Undecided { .. } | Finding::Same | Finding::NotComparable => false,
            };
            let finding = match (measured.finding, better) {
                (Finding::Undecided { .. }, _) => Cell::classed("? undecided", "doubt"),
                (_, true) => Cell::classed("✓ better", "good"),
                (_, false) => Cell::classed("✗ worse", "bad"),
            };
            vec![
                other.clone().into(),
                finding,
                measured.yardstick.replace('_', " ").into(),
                format!("{}.", measured.sentence).into(),
            ]
        })
        .collect();
    let head = ["against", "", "by", "what the data show"];
    let caption = format!("{best} against the others, wherever they differ");
    (!rows.is_empty()).then(|| Table::new(&caption, &head, rows))
}

/// Each two strategies, and the control.
pub(super) fn pairs(outcome: &ComparisonOutcome) -> Vec<Table> {
    let control = format!("{} against itself, with other luck", outcome.control.arm);
    let pair = |pair: &PairOutcome| {
        let caption = format!("{} minus {}", pair.second, pair.first);
        differences(&caption, &pair.measures)
    };
    std::iter::once(differences(&control, &outcome.control.measures))
        .chain(outcome.pairs.iter().map(pair))
        .collect()
}

fn differences(caption: &str, measures: &[Difference]) -> Table {
    let row = |one: &Difference| -> Vec<Cell> {
        let none = || "-".to_owned();
        let signed = |value: f64| {
            let plus = if value > 0.0 { "+" } else { "" };
            format!("{plus}{}", number(value, one.unit))
        };
        let probability = |p: f64| format!("{p:.4}");
        [
            one.yardstick.replace('_', " "),
            one.difference.map_or_else(none, |it| signed(it.mean)),
            one.difference.map_or_else(none, |it| {
                format!("{} to {}", signed(it.low), signed(it.high))
            }),
            one.p_corrected.map_or_else(none, probability),
            one.correlation.map_or_else(none, |it| format!("{it:.2}")),
            format!("{}.", one.sentence),
        ]
        .map(Cell::from)
        .into()
    };
    let head = [
        "by",
        "difference#",
        "95% interval#",
        "p, corrected#",
        "correlation#",
        "what the data show",
    ];
    Table::new(caption, &head, measures.iter().map(row).collect())
}

/// Causes, and what would have avoided them.
pub(super) fn causes(outcome: &ComparisonOutcome) -> Option<Table> {
    let arms = outcome.arms.iter().filter(|arm| arm.moves);
    let rows: Vec<Vec<Cell>> = arms
        .flat_map(|arm| arm.causes.iter().map(move |cause| (arm, cause)))
        .map(|(arm, cause)| {
            vec![
                arm.name.clone().into(),
                cause.kind.replace('_', " ").into(),
                cause.cause.replace('_', " ").into(),
                grouped(cause.count).into(),
                number(cause.per_seed.mean, Unit::Count).into(),
                cure(cause).into(),
            ]
        })
        .collect();
    let head = [
        "strategy",
        "what",
        "cause",
        "in all seeds#",
        "a rehearsal#",
        "what would have avoided it (rehearsed again, same people)",
    ];
    (!rows.is_empty()).then(|| Table::new("Causes and cures", &head, rows))
}

fn cure(cause: &CauseFound) -> String {
    let helped: Vec<&str> = cause
        .cures
        .iter()
        .filter(|cure| cure.avoided > 0)
        .map(|cure| cure.sentence.as_str())
        .collect();
    match (helped.is_empty(), cause.cures.len()) {
        (false, _) => helped.join("; "),
        (true, 0) => "no setting was tried".to_owned(),
        (true, tried) => format!("none of {tried} settings tried"),
    }
}

/// When each strategy does what.
pub(super) fn phases(outcome: &ComparisonOutcome) -> Table {
    let rows = outcome.arms.iter().flat_map(|arm| {
        arm.phases.iter().map(move |phase| -> Vec<Cell> {
            [
                arm.name.clone(),
                arm.strategy.clone(),
                phase.name.clone(),
                after(phase.from.since(outcome.start)),
            ]
            .map(Cell::from)
            .into()
        })
    });
    let head = ["strategy", "kind", "phase", "from"];
    Table::new("What each strategy does, and when", &head, rows.collect())
}

/// The comparison's own settings, then what all strategies share.
pub(super) fn assumptions(outcome: &ComparisonOutcome) -> Table {
    let all = outcome
        .assumptions
        .iter()
        .chain(&outcome.shared_assumptions);
    settings("Every setting that all strategies share", all.collect())
}
