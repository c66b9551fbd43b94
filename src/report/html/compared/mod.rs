//! The page of a comparison: on its first screen what an engineer takes to a change board, then the
//! strategies side by side on the same axes, then why.

mod figures;
mod tables;

use askama::Template;

use super::part::{Figure, Table};
use super::{Frame, class};
use crate::comparison::{BetweenResult, ComparisonOutcome};
use crate::outcome::InvariantResult;
use crate::report::chart::Ink;
use crate::report::comparison::{headline, moving_together, what};

/// The page of a comparison.
#[derive(Template)]
#[template(path = "comparison.html")]
struct ComparisonPage<'a> {
    frame: Frame,
    outcome: &'a ComparisonOutcome,
    what: String,
    tone: &'static str,
    headline: String,
    ranking: Table,
    between: Vec<Between>,
    gates: Option<Table>,
    measures: Table,
    figures: Vec<Figure>,
    over_time: Vec<Figure>,
    latency: Option<Table>,
    recommended_against: Option<Table>,
    pairs: Vec<Table>,
    causes: Option<Table>,
    ceilings: Vec<(&'a str, &'a str)>,
    trust: Vec<Trust>,
    phases: Table,
    assumptions: Table,
}

/// A gate between strategies as the page shows it.
struct Between {
    class: &'static str,
    mark: &'static str,
    text: &'static str,
    gate: String,
    place: String,
    finding: String,
}

/// A reason to trust the page, or not to.
struct Trust {
    class: &'static str,
    mark: &'static str,
    text: String,
}

/// A comparison as a page of HTML.
pub fn comparison_html(outcome: &ComparisonOutcome) -> String {
    let (tone, headline) = headline(outcome);
    let page = ComparisonPage {
        frame: Frame::titled(format!("{}: {headline}", outcome.identity.comparison)),
        outcome,
        what: what(outcome),
        tone: class(tone),
        headline,
        ranking: tables::ranking(outcome),
        between: between(outcome),
        gates: tables::gates(outcome),
        measures: tables::measures(outcome),
        figures: figures::yardsticks(outcome),
        over_time: figures::over_time(outcome),
        latency: tables::latency(outcome),
        recommended_against: tables::recommended_against(outcome),
        pairs: tables::pairs(outcome),
        causes: tables::causes(outcome),
        ceilings: outcome
            .arms
            .iter()
            .filter_map(|arm| Some((arm.name.as_str(), arm.ceiling.as_ref()?.sentence.as_str())))
            .collect(),
        trust: trust(outcome),
        phases: tables::phases(outcome),
        assumptions: tables::assumptions(outcome),
    };
    page.render()
        .expect("a page in memory has nothing that fails")
}

/// The strategies' colours, the same throughout; one that moves nobody is not one of them.
fn inks(outcome: &ComparisonOutcome) -> Vec<Ink> {
    let mut plain = Ink::PLAIN.into_iter().cycle();
    let ink = |moves: bool| {
        if moves {
            plain.next().unwrap_or(Ink::Mark)
        } else {
            Ink::Mark
        }
    };
    outcome.arms.iter().map(|arm| arm.moves).map(ink).collect()
}

fn between(outcome: &ComparisonOutcome) -> Vec<Between> {
    outcome
        .between
        .iter()
        .map(|gate| {
            let (class, mark, text) = match gate.result {
                BetweenResult::Holds => ("good", "✓", "holds"),
                BetweenResult::Fails => ("bad", "✗", "fails"),
                BetweenResult::Inconclusive => ("doubt", "?", "inconclusive"),
                BetweenResult::NotExercised => ("bad", "✗", "not exercised"),
            };
            Between {
                class,
                mark,
                text,
                gate: gate.gate.clone(),
                place: format!("{}:{}", gate.file, gate.line),
                finding: gate.finding.clone(),
            }
        })
        .collect()
}

/// Whether the comparison shows nothing where there is nothing, and whether its invariants hold.
fn trust(outcome: &ComparisonOutcome) -> Vec<Trust> {
    let control = &outcome.control;
    let (class, mark) = if control.shows_nothing {
        ("good", "✓")
    } else {
        ("bad", "✗")
    };
    let mut trust = vec![Trust {
        class,
        mark,
        text: format!("Control: {}.", control.sentence),
    }];
    let (positive, of) = moving_together(outcome);
    trust.push(Trust {
        class: "plain",
        mark: "•",
        text: format!(
            "Same people: over seeds, both strategies go up and down together in {positive} of {of} \
             comparisons that vary; there, comparing the same people made the answer sharper."
        ),
    });
    for arm in &outcome.arms {
        trust.extend(arm.invariants.iter().map(|invariant| {
            let (class, mark) = match invariant.result {
                InvariantResult::Holds => ("good", "✓"),
                InvariantResult::Violated => ("bad", "✗"),
                InvariantResult::NotExercised => ("doubt", "?"),
            };
            Trust {
                class,
                mark,
                text: format!("{}: {}: {}.", arm.name, invariant.name, invariant.finding),
            }
        }));
    }
    trust
}

#[cfg(test)]
pub(super) mod tests;
