//! Latency of operations: percentiles to read, and the whole histogram to merge.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2Serializer};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Driver;
use crate::recorder::{Operation, Recording};

/// Latency of one operation, in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyRow {
    /// The operation.
    pub operation: Operation,
    /// How many were measured.
    pub count: u64,
    /// Median.
    pub p50_us: u64,
    /// 90th percentile.
    pub p90_us: u64,
    /// 95th percentile.
    pub p95_us: u64,
    /// 99th percentile.
    pub p99_us: u64,
    /// 99.9th percentile.
    pub p999_us: u64,
    /// Largest.
    pub max_us: u64,
    /// The histogram: `HdrHistogram`'s V2 encoding, uncompressed, in base64. Percentiles must not be
    /// averaged; merge these instead.
    pub histogram: String,
}

/// A text that is no histogram.
#[derive(Debug, thiserror::Error)]
pub enum NotAHistogram {
    /// It is not base64.
    #[error("a latency histogram is not base64")]
    Base64(#[from] base64::DecodeError),
    /// It is not a V2 histogram.
    #[error("a latency histogram cannot be read: {0}")]
    Encoding(#[from] hdrhistogram::serialization::DeserializeError),
}

impl LatencyRow {
    fn new(operation: Operation, histogram: &Histogram<u64>) -> Self {
        let mut bytes = Vec::new();
        V2Serializer::new()
            .serialize(histogram, &mut bytes)
            .expect("a Vec takes all bytes and the histogram's counts fit its encoding");
        Self {
            operation,
            count: histogram.len(),
            p50_us: histogram.value_at_quantile(0.5),
            p90_us: histogram.value_at_quantile(0.9),
            p95_us: histogram.value_at_quantile(0.95),
            p99_us: histogram.value_at_quantile(0.99),
            p999_us: histogram.value_at_quantile(0.999),
            max_us: histogram.max(),
            histogram: STANDARD.encode(bytes),
        }
    }

    /// Rows of one operation merged to one; none of no rows. Histograms are added: percentiles are
    /// never averaged.
    pub fn merged(rows: &[&Self]) -> Result<Option<Self>, NotAHistogram> {
        let Some((first, rest)) = rows.split_first() else {
            return Ok(None);
        };
        let mut histogram = first.decode()?;
        for row in rest {
            // Bounds may differ in theory: what does not fit is counted at the end, not dropped.
            let other = row.decode()?;
            if histogram.add(&other).is_err() {
                for value in other.iter_recorded() {
                    histogram
                        .saturating_record_n(value.value_iterated_to(), value.count_at_value());
                }
            }
        }
        Ok(Some(Self::new(first.operation, &histogram)))
    }

    /// The histogram, to merge with others.
    pub fn decode(&self) -> Result<Histogram<u64>, NotAHistogram> {
        let bytes = STANDARD.decode(&self.histogram)?;
        Ok(Deserializer::new().deserialize(&mut bytes.as_slice())?)
    }
}

/// Latency that gates may use, and latency that they may not. In virtual time everything is
/// modelled alike, so both are one; over HTTP only true-speed windows tell real times.
pub(super) fn tables(recording: &Recording, driver: Driver) -> (Vec<LatencyRow>, Vec<LatencyRow>) {
    match driver {
        Driver::Http | Driver::Tenants => {
            (rows(&recording.latency), rows(&recording.latency_lapse))
        }
        Driver::Virtual => {
            let mut merged = recording.latency.clone();
            for (&operation, histogram) in &recording.latency_lapse {
                match merged.entry(operation) {
                    std::collections::btree_map::Entry::Vacant(free) => {
                        free.insert(histogram.clone());
                    }
                    std::collections::btree_map::Entry::Occupied(mut taken) => {
                        taken
                            .get_mut()
                            .add(histogram)
                            .expect("both have the recorder's bounds");
                    }
                }
            }
            (rows(&merged), Vec::new())
        }
    }
}

fn rows(histograms: &BTreeMap<Operation, Histogram<u64>>) -> Vec<LatencyRow> {
    histograms
        .iter()
        .filter(|(_, histogram)| !histogram.is_empty())
        .map(|(&operation, histogram)| LatencyRow::new(operation, histogram))
        .collect()
}
