//! Every quantity that gates can ask for and that an outcome has a value of.

use super::evaluate;
use super::gate::{
    Calls, Derived, Endpoint, Gate, Percentile, Quantity, Selector, Status, incidents,
};
use crate::outcome::{Amount, Outcome, Samples};
use crate::recorder::{Measure, Operation};

/// A quantity with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Surveyed {
    /// Which.
    pub quantity: Quantity,
    /// Its value, in its own unit.
    pub value: Amount,
    /// What the value rests on.
    pub samples: Samples,
}

/// All quantities over everybody and all phases, in the order of the vocabulary. Calls are there by
/// each status that came, and by those that gates are usually about; what nothing exercised is not.
pub fn survey(outcome: &Outcome) -> Vec<Surveyed> {
    let surveyed = |quantity: Quantity| {
        let gate = Gate::asking(quantity, Selector::default());
        let (value, samples) = evaluate::amount(outcome, &gate)?;
        Some(Surveyed {
            quantity,
            value,
            samples,
        })
    };
    quantities(outcome)
        .into_iter()
        .filter_map(surveyed)
        .collect()
}

fn quantities(outcome: &Outcome) -> Vec<Quantity> {
    let mut all: Vec<Quantity> = Measure::ALL.into_iter().map(Quantity::Measure).collect();
    all.extend(Derived::ALL.map(Quantity::Derived));
    all.extend([
        Quantity::LoginPeak,
        Quantity::StormLength,
        Quantity::Amplification,
    ]);
    for operation in Operation::ALL {
        let percentiles = Percentile::ALL;
        all.extend(percentiles.map(|percentile| Quantity::Latency(operation, percentile)));
    }
    for endpoint in Endpoint::all() {
        all.extend(calls(outcome, endpoint).map(|calls| Quantity::Calls(endpoint, calls)));
    }
    all.extend(incidents().map(Quantity::Cause));
    all
}

/// The kinds of calls to an endpoint.
fn calls(outcome: &Outcome, endpoint: Endpoint) -> impl Iterator<Item = Calls> {
    const USUAL: [u16; 1] = [429];
    let row = evaluate::endpoint_calls(outcome, endpoint);
    let came = row
        .into_iter()
        .flat_map(|row| row.by_status.keys().copied());
    let came = came.filter(|status| (100..=598).contains(status) && !USUAL.contains(status));
    let statuses = USUAL.into_iter().chain(came).map(Status::Exactly);
    let classes = [
        Status::Class(4),
        Status::Class(5),
        Status::NoAnswer,
        Status::TimedOut,
    ];
    let statuses = classes.into_iter().chain(statuses).map(Calls::Status);
    [Calls::All, Calls::Peak].into_iter().chain(statuses)
}
