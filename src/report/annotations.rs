//! What keeps a run from passing, as GitHub annotations at the scenario's lines.

use std::fmt;

use super::wording;
use crate::comparison::{BetweenResult, ComparisonOutcome};
use crate::outcome::{GateResult, InvariantResult, Outcome, Status};

/// Something that keeps a run from passing, and where to see it in a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotation {
    /// The file, as it was given.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What, in a few words.
    pub title: String,
    /// Why.
    pub message: String,
}

/// As GitHub's runner reads it from a step's output.
impl fmt::Display for Annotation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "::error file={},line={},title={}::{}",
            property(&self.file),
            self.line,
            property(&self.title),
            data(&self.message)
        )
    }
}

/// Text behind a command: ends of lines would end the command.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Text within a command, where colons and commas part properties.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The files that annotations may point into: a gate of the command line stands in none.
struct Files<'a>(&'a [String]);

impl Files<'_> {
    fn at(&self, file: &str, line: usize, title: String, message: String) -> Annotation {
        let stands = line > 0 && self.0.iter().any(|known| known == file);
        let (file, line) = if stands {
            (file.to_owned(), line)
        } else {
            (self.0.first().cloned().unwrap_or_default(), 1)
        };
        Annotation {
            file,
            line,
            title,
            message,
        }
    }

    fn at_top(&self, title: String, message: String) -> Annotation {
        self.at("", 0, title, message)
    }
}

/// Everything that keeps a rehearsal from passing, the gravest first: GitHub shows ten of a step.
pub fn annotations(outcome: &Outcome) -> Vec<Annotation> {
    let Some(verdict) = &outcome.verdict else {
        return Vec::new();
    };
    let files = Files(&outcome.identity.files);
    let mut all: Vec<Annotation> = verdict
        .invariants
        .iter()
        .filter(|invariant| invariant.result != InvariantResult::Holds)
        .map(|invariant| files.at_top(invariant.name.clone(), invariant.finding.clone()))
        .collect();
    if verdict.status == Status::Inconclusive {
        let title = "this run proves nothing".to_owned();
        all.push(files.at_top(title, verdict.reasons.join("\n")));
    }
    let failed = verdict
        .gates
        .iter()
        .filter(|gate| gate.result != GateResult::Holds);
    all.extend(failed.map(|gate| {
        let title = match gate.result {
            GateResult::NotExercised => format!("not exercised: {}", gate.gate),
            GateResult::Fails | GateResult::Holds => gate.gate.clone(),
        };
        let message = [gate.reason.clone(), wording::look(gate)];
        let message: Vec<String> = message.into_iter().flatten().collect();
        files.at(&gate.file, gate.line, title, message.join("\n"))
    }));
    all
}

/// Everything that keeps a comparison from passing. A gate that some strategy does not keep to is
/// told only where no strategy keeps to all: otherwise it did what it is for.
pub fn comparison_annotations(outcome: &ComparisonOutcome) -> Vec<Annotation> {
    let files = Files(&outcome.identity.files);
    let mut all = Vec::new();
    for arm in &outcome.arms {
        let broken = arm
            .invariants
            .iter()
            .filter(|invariant| invariant.result != InvariantResult::Holds);
        all.extend(broken.map(|invariant| {
            let title = format!("{}: {}", arm.name, invariant.name);
            files.at_top(title, invariant.finding.clone())
        }));
    }
    if outcome.status == Status::Inconclusive {
        let title = "this comparison is inconclusive".to_owned();
        all.push(files.at_top(title, outcome.reasons.join("\n")));
    }
    let between = outcome
        .between
        .iter()
        .filter(|gate| gate.result != BetweenResult::Holds);
    all.extend(between.map(|gate| {
        files.at(
            &gate.file,
            gate.line,
            gate.gate.clone(),
            gate.finding.clone(),
        )
    }));
    if outcome.ranking.recommended.is_none() {
        for arm in outcome.arms.iter().filter(|arm| arm.moves) {
            let broken = arm
                .gates
                .iter()
                .filter(|gate| gate.result != GateResult::Holds);
            all.extend(broken.map(|gate| {
                let title = format!("{}: {}", arm.name, gate.gate);
                let message = format!("held in {} of {} seeds", gate.held, gate.seeds);
                files.at(&gate.file, gate.line, title, message)
            }));
        }
    }
    all
}
