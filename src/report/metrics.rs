//! The outcome as `OpenMetrics` text, for systems that show how numbers change between branches.
//!
//! Such systems compare values as texts: they are rounded, and what did not happen is left out where
//! it would only fill the page.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{Registry, Unit as Suffix};

use crate::comparison::ComparisonOutcome;
use crate::outcome::{Amount, Driver, GateResult, Outcome, Unit};
use crate::verdict::gate::{Calls, Quantity};
use crate::verdict::survey;

/// Decimals that a value keeps.
const DECIMALS: i32 = 4;

type Labels = Vec<(&'static str, String)>;

/// One metric with all its samples.
#[derive(Debug)]
struct Family {
    name: String,
    help: &'static str,
    suffix: Option<Suffix>,
    samples: Vec<(Labels, f64)>,
}

/// Metrics in the order in which they are written.
#[derive(Debug, Default)]
struct Families(Vec<Family>);

impl Families {
    fn add(&mut self, name: &str, help: &'static str, labels: Labels, amount: Amount) {
        let (suffix, number) = match amount.unit {
            Unit::Count => (None, amount.number),
            Unit::Percent => (Some("percent"), amount.number),
            Unit::Microseconds => (Some("seconds"), amount.number / 1e6),
            Unit::PerSecond => (Some("per_second"), amount.number),
            Unit::Ratio => (Some("ratio"), amount.number),
        };
        let scale = 10_f64.powi(DECIMALS);
        let number = (number * scale).round() / scale;
        if let Some(family) = self.0.iter_mut().find(|family| family.name == name) {
            family.samples.push((labels, number));
            return;
        }
        self.0.push(Family {
            name: name.to_owned(),
            help,
            suffix: suffix.map(|suffix| Suffix::Other(suffix.to_owned())),
            samples: vec![(labels, number)],
        });
    }

    fn text(self, labels: Labels) -> Result<String, fmt::Error> {
        let labels = labels
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()));
        let mut registry = Registry::with_prefix_and_labels("cutover", labels);
        registry.register_collector(Box::new(self));
        let mut text = String::new();
        encode(&mut text, &registry)?;
        Ok(text)
    }
}

impl Collector for Families {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        for family in &self.0 {
            let mut metric = encoder.encode_descriptor(
                &family.name,
                family.help,
                family.suffix.as_ref(),
                MetricType::Gauge,
            )?;
            for (labels, number) in &family.samples {
                let sample = metric.encode_family(labels)?;
                // A count reads as one.
                if number.fract() == 0.0 {
                    ConstGauge::new(*number as i64).encode(sample)?;
                } else {
                    ConstGauge::new(*number).encode(sample)?;
                }
            }
        }
        Ok(())
    }
}

/// A rehearsal: every quantity that gates can ask for, and whether each gate holds.
pub fn metrics(outcome: &Outcome) -> Result<String, fmt::Error> {
    let mut families = Families::default();
    for gate in outcome.verdict.iter().flat_map(|verdict| &verdict.gates) {
        let holds = Amount {
            number: f64::from(u8::from(gate.result == GateResult::Holds)),
            unit: Unit::Count,
        };
        let labels = vec![("gate", gate.gate.clone())];
        families.add("gate_holds", "Whether a gate holds: 1, or 0", labels, holds);
    }
    for surveyed in survey(outcome) {
        quantity(&mut families, surveyed.quantity, surveyed.value);
    }
    let driver = match outcome.identity.driver {
        Driver::Http => "http",
        Driver::Tenants => "tenants",
        Driver::Virtual => "virtual",
    };
    families.text(vec![
        ("scenario", outcome.identity.scenario.clone()),
        ("driver", driver.to_owned()),
    ])
}

fn quantity(families: &mut Families, quantity: Quantity, value: Amount) {
    let happened = value.number > 0.0;
    match quantity {
        Quantity::Measure(measure) => {
            let help = "A count, as gates name it";
            families.add(measure.name(), help, Labels::new(), value);
        }
        Quantity::Derived(derived) => {
            let help = "Made from several counts, as gates name it";
            families.add(derived.name(), help, Labels::new(), value);
        }
        Quantity::LoginPeak => {
            let help = "Most logins begun within one second";
            families.add("logins_peak", help, Labels::new(), value);
        }
        Quantity::StormLength => {
            let help = "How long the worst storm lasted";
            families.add("storm_length", help, Labels::new(), value);
        }
        Quantity::Amplification => {
            let help = "Calls over logical calls";
            families.add("storm_amplification", help, Labels::new(), value);
        }
        Quantity::Latency(operation, percentile) => {
            let labels = vec![
                ("operation", operation.name().to_owned()),
                ("percentile", percentile.name().to_owned()),
            ];
            families.add("latency", "Latency of an operation", labels, value);
        }
        Quantity::Calls(endpoint, calls) => {
            let mut labels = vec![("endpoint", endpoint.name().to_owned())];
            match calls {
                Calls::All if happened => {
                    families.add("calls", "Calls to an endpoint", labels, value);
                }
                Calls::Peak => {
                    families.add("calls_peak", "Most calls within one second", labels, value);
                }
                Calls::Status(status) if happened => {
                    labels.push(("status", status.to_string()));
                    let help = "Calls to an endpoint that came back so";
                    families.add("calls_by_status", help, labels, value);
                }
                Calls::All | Calls::Status(_) => {}
            }
        }
        Quantity::Cause(incident) if happened => {
            let labels = vec![
                ("kind", incident.name().to_owned()),
                ("cause", incident.cause().unwrap_or_default().to_owned()),
            ];
            families.add("incidents", "Incidents of a kind and cause", labels, value);
        }
        Quantity::Cause(_) => {}
    }
}

/// A comparison: the mean over seeds of every yardstick of every strategy.
pub fn comparison_metrics(outcome: &ComparisonOutcome) -> Result<String, fmt::Error> {
    let mut families = Families::default();
    for arm in &outcome.arms {
        let recommended = outcome.ranking.recommended.as_ref() == Some(&arm.name);
        let amount = Amount {
            number: f64::from(u8::from(recommended)),
            unit: Unit::Count,
        };
        let labels = vec![("strategy", arm.name.clone())];
        let help = "Whether it is the strategy to choose: 1, or 0";
        families.add("recommended", help, labels, amount);
    }
    for arm in &outcome.arms {
        for measured in &arm.measures {
            let Some(mean) = measured.mean else { continue };
            let amount = Amount {
                number: mean.mean,
                unit: measured.unit,
            };
            let name = format!("mean_{}", measured.yardstick);
            let labels = vec![("strategy", arm.name.clone())];
            families.add(&name, "Mean over seeds", labels, amount);
        }
    }
    families.text(vec![("comparison", outcome.identity.comparison.clone())])
}
