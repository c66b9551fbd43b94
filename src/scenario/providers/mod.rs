//! The two providers as the scenario sets them up.

mod auth0;
mod faults;
mod stytch;

use cutover_mocks::capacity::Capacity;
use cutover_mocks::keys::{KeySchedule, Rotation};
use cutover_mocks::latency::Latency;
use cutover_mocks::time::{Span, Timestamp};

use super::kind::{List, Or};
use super::problem::Problem;
use super::reader::{Read, Table};
use super::scalar::{LENGTH, SIGNED_LENGTH, SOME_LENGTH, count};
use super::time::Frame;

/// The tenant and the project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Providers {
    /// The legacy provider.
    pub auth0: cutover_mocks::auth0::Settings,
    /// The new provider.
    pub stytch: cutover_mocks::stytch::Settings,
}

/// Reads `[providers]`.
pub(super) fn read(t: &mut Table<'_>, frame: &Frame) -> Providers {
    Providers {
        auth0: t.table("auth0", "The legacy provider: an Auth0 tenant.", |t| {
            auth0::read(t, frame)
        }),
        stytch: t.table("stytch", "The new provider: a Stytch project.", |t| {
            stytch::read(t, frame)
        }),
    }
}

/// Reads `latency`: the default, and single endpoints.
fn read_latency<E: Copy>(
    t: &mut Table<'_>,
    (p50, p99): (&str, &str),
    endpoints: &'static [(&'static str, E)],
) -> (Latency, Vec<(E, Latency)>) {
    t.table(
        "latency",
        "Service times: log-normal, told by two percentiles.",
        |t| {
            let default = t.table("default", "Endpoints that are not listed.", |t| {
                read_percentiles(t, p50, p99)
            });
            let one = |&(name, endpoint): &(&'static str, E)| {
                let doc = "This endpoint; \"default\" for the one above.";
                let own = t.maybe(
                    name,
                    "default",
                    doc,
                    "as the provider's other endpoints",
                    |t| read_percentiles(t, p50, p99),
                );
                own.map(|own| (endpoint, own.value))
            };
            (default, endpoints.iter().filter_map(one).collect())
        },
    )
}

fn read_percentiles(t: &mut Table<'_>, p50: &str, p99: &str) -> Latency {
    let source = "an assumption; measure your own";
    let p50 = t
        .key(
            "p50",
            SOME_LENGTH,
            "Half of all calls take at most this long.",
        )
        .or(p50, source);
    let p99 = t
        .key(
            "p99",
            SOME_LENGTH,
            "99 of 100 calls take at most this long.",
        )
        .or(p99, source);
    if p50.sound && p99.sound && p99.value < p50.value {
        let problem = Problem::new("the 99th percentile is below the median")
            .at(&p99.place, p99.label(format!("p99 is {}", p99.text())))
            .at(&p50.place, p50.label(format!("p50 is {}", p50.text())))
            .help(format!("set p99 to {} or more", p50.text()));
        t.problem(problem);
    }
    Latency {
        p50: p50.value,
        p99: p99.value,
    }
}

/// Reads `capacity`: how many calls a provider works on at once, and how many may wait.
fn read_capacity(t: &mut Table<'_>) -> Option<Capacity> {
    let doc = "How many calls are worked on at once, first come, first served; \
        \"unlimited\" for a provider far below its capacity.";
    let source = "neither provider publishes its capacity: UNCONFIRMED";
    let capacity = t.maybe("capacity", "unlimited", doc, source, |t| {
        let workers = t
            .key(
                "workers",
                count(1, 1_000_000),
                "Calls that are worked on at once.",
            )
            .required("50");
        let queue = t
            .key(
                "queue",
                count(0, 100_000_000),
                "Calls that may wait in line; more are refused with 503.",
            )
            .or("10_000", "an assumption");
        Capacity {
            workers: workers.value as u32,
            queue: queue.value as u32,
        }
    });
    capacity.map(|capacity| capacity.value)
}

/// Reads `key_rotations` and `previous_key_life`.
fn read_keys(t: &mut Table<'_>, frame: &Frame, announces_next: bool) -> KeySchedule {
    let moments = t
        .key(
            "key_rotations",
            List {
                of: LENGTH,
                len: None,
            },
            "Moments after the start at which the next signing key starts to sign; \
             ascending.",
        )
        .or("[]", "none unless the scenario names them");
    let life = t
        .key(
            "previous_key_life",
            Or("forever", LENGTH),
            "How long after a rotation the previous key stays published.",
        )
        .or(
            "forever",
            "Auth0 docs, signing keys: until somebody revokes it",
        );
    let mut rotations = Vec::new();
    let mut before: Option<Read<_>> = None;
    for (moment, place) in moments.value {
        let moment = Read {
            value: moment,
            place,
            given: moments.given,
            sound: moments.sound,
        };
        frame.within(t, "key_rotations", &moment);
        if let Some(before) = before.filter(|before| before.value >= moment.value) {
            let problem = Problem::new("key rotations go backwards")
                .at(&moment.place, format!("this one is at {}", moment.text()))
                .at(
                    &before.place,
                    format!("the one before it is at {}", before.text()),
                )
                .help("order them by time");
            t.problem(problem);
        }
        let at = frame.start + moment.value;
        rotations.push(Rotation {
            at,
            previous_until: life.value.map_or(Timestamp::NEVER, |life| at + life),
        });
        before = Some(moment);
    }
    KeySchedule {
        rotations,
        announces_next,
    }
}

fn read_clock_skew(t: &mut Table<'_>) -> Span {
    t.key(
        "clock_skew",
        SIGNED_LENGTH,
        "How far the provider's clock is ahead of true time; negative: behind.",
    )
    .or("0s", "an assumption")
    .value
}
