//! How well the driver kept its times: the check on the measuring instrument itself.

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a driver says of its own work.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DriverHealth {
    /// Calls that it made; over HTTP, those on the wire.
    pub calls_made: u64,
    /// Calls that were answered in virtual time, where that was between windows.
    #[serde(default)]
    pub calls_in_virtual_time: u64,
    /// Calls among them whose answer the core has not seen, because the rehearsal ended before.
    pub calls_open_at_end: u64,
    /// Visits that started later than the scenario allows.
    pub visits_late: u64,
    /// How late things started in true-speed windows; absent when nothing started there.
    pub in_windows: Option<Lateness>,
    /// How late things started in time-lapse, in wall time; absent when nothing started there.
    pub in_lapse: Option<Lateness>,
}

impl DriverHealth {
    /// Of a driver that cannot be late, since time waits for it.
    pub const fn exact(calls_made: u64) -> Self {
        Self {
            calls_made,
            calls_in_virtual_time: 0,
            calls_open_at_end: 0,
            visits_late: 0,
            in_windows: None,
            in_lapse: None,
        }
    }
}

/// How late things started, in microseconds of wall time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lateness {
    /// How many starts there were.
    pub starts: u64,
    /// Median.
    pub p50_us: u64,
    /// 99th percentile.
    pub p99_us: u64,
    /// Largest.
    pub max_us: u64,
}

impl Lateness {
    /// From all latenesses in microseconds; none when there were none.
    pub fn of(histogram: &Histogram<u64>) -> Option<Self> {
        (!histogram.is_empty()).then(|| Self {
            starts: histogram.len(),
            p50_us: histogram.value_at_quantile(0.5),
            p99_us: histogram.value_at_quantile(0.99),
            max_us: histogram.max(),
        })
    }
}
