//! How things stood over scenario time: live sessions, load and latency, bucket by bucket.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Driver, Moment};
use crate::recorder::{Course, LatencyCourse, Load, Operation, Recording, Timeline};

/// How things stood in each bucket of the timeline.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CourseColumns {
    /// Devices with a live session of the legacy provider at the end of each bucket, as their
    /// cookies say; the last at the end of the rehearsal.
    pub on_legacy: Vec<u64>,
    /// The same for Stytch; a device with both counts here.
    pub on_stytch: Vec<u64>,
    /// Logins that began.
    pub logins: LoadColumns,
    /// Calls that set out, by endpoint. `UserInfo` within Migrate Session is not among them.
    pub calls: BTreeMap<String, LoadColumns>,
    /// Calls that share the tenant's limit; each Migrate Session counts once for its `UserInfo`.
    pub auth0: LoadColumns,
    /// All calls to the project.
    pub stytch: LoadColumns,
}

/// How often something happened in each bucket.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoadColumns {
    /// In all.
    pub total: Vec<u64>,
    /// In the bucket's busiest second.
    pub peak: Vec<u64>,
}

/// Latency of one operation over scenario time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyOverTime {
    /// The operation.
    pub operation: Operation,
    /// Whether it was measured, in true-speed windows; modelled otherwise.
    pub measured: bool,
    /// Stretches in which there was any, in order.
    pub points: Vec<LatencyPoint>,
}

/// Latency of one operation in a stretch of scenario time, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LatencyPoint {
    /// When the stretch begins.
    pub from: Moment,
    /// How many were measured.
    pub count: u64,
    /// Median.
    pub p50_us: u64,
    /// 95th percentile.
    pub p95_us: u64,
    /// 99th percentile.
    pub p99_us: u64,
    /// Largest.
    pub max_us: u64,
}

pub(super) fn columns(course: &Course) -> CourseColumns {
    let auth0 = course.auth0_calls.iter();
    let stytch = course.stytch_calls.iter();
    let auth0 = auth0.map(|(endpoint, loads)| (endpoint.name().to_owned(), load(loads)));
    let stytch = stytch.map(|(endpoint, loads)| (endpoint.name().to_owned(), load(loads)));
    CourseColumns {
        on_legacy: course.sessions.iter().map(|live| live.legacy).collect(),
        on_stytch: course.sessions.iter().map(|live| live.stytch).collect(),
        logins: load(&course.logins),
        calls: auth0.chain(stytch).collect(),
        auth0: load(&course.auth0_all),
        stytch: load(&course.stytch_all),
    }
}

fn load(loads: &[Load]) -> LoadColumns {
    LoadColumns {
        total: loads.iter().map(|load| u64::from(load.total)).collect(),
        peak: loads.iter().map(|load| u64::from(load.peak)).collect(),
    }
}

/// In virtual time everything is modelled alike; over HTTP only true-speed windows measure.
pub(super) fn latency(recording: &Recording, driver: Driver) -> Vec<LatencyOverTime> {
    let course = &recording.course;
    match driver {
        Driver::Http | Driver::Tenants => over_time(&recording.timeline, &course.latency, true)
            .chain(over_time(&recording.timeline, &course.latency_lapse, false))
            .collect(),
        Driver::Virtual => {
            let mut merged = course.latency.clone();
            for (&operation, stretches) in &course.latency_lapse {
                for (&bucket, histogram) in stretches {
                    let stretches = merged.entry(operation).or_default();
                    let sum = stretches.remove(&bucket).map_or_else(
                        || histogram.clone(),
                        |mut other| {
                            other.add(histogram).expect("both grow to the same bounds");
                            other
                        },
                    );
                    stretches.insert(bucket, sum);
                }
            }
            over_time(&recording.timeline, &merged, false).collect()
        }
    }
}

fn over_time(
    timeline: &Timeline,
    course: &LatencyCourse,
    measured: bool,
) -> impl Iterator<Item = LatencyOverTime> {
    course.iter().map(move |(&operation, stretches)| {
        let point = |(&bucket, histogram): (&usize, &Histogram<u32>)| LatencyPoint {
            from: Moment::new(timeline.start + timeline.bucket * bucket as i64),
            count: histogram.len(),
            p50_us: histogram.value_at_quantile(0.5),
            p95_us: histogram.value_at_quantile(0.95),
            p99_us: histogram.value_at_quantile(0.99),
            max_us: histogram.max(),
        };
        LatencyOverTime {
            operation,
            measured,
            points: stretches.iter().map(point).collect(),
        }
    })
}
