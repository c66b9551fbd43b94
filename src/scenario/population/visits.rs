//! `[population.visits]`: how often people come, when, and what a visit is.

use cutover_mocks::share::Share;
use cutover_mocks::stytch::Vertical;
use cutover_mocks::time::Span;

use super::super::kind::{Kind, List, Misfit, OneOf, Parts, misfit};
use super::super::quantity;
use super::super::reader::{Setting, Table, Variants, setting};
use super::super::scalar::{
    Count, LENGTH, Length, Number, POSITIVE, Percent, SOME_LENGTH, count, number_between,
    number_from,
};
use super::super::time::Frame;
use super::super::tree::{Node, Value};
use super::OWN;

/// How often people come, when, and what a visit is.
#[derive(Clone, Debug, PartialEq)]
pub struct Visits {
    /// Each person's probability of coming on a day is drawn from this Beta distribution: heavy in
    /// the tail, with dormant accounts.
    pub daily: Beta,
    /// Mean number of visits on a day on which a person comes; at least 1.
    pub per_active_day: f64,
    /// Relative weight of each hour of the day, in the person's own time zone.
    pub hours: [f64; 24],
    /// Relative weight of each day of the week, Monday first.
    pub weekdays: [f64; 7],
    /// Time zones and their shares: offset from UTC.
    pub zones: Vec<(Span, Share)>,
    /// Mean number of page loads in a visit (geometric); at least 1.
    pub pages: f64,
    /// Requests that one page load sends at the same time; at least 1.
    pub parallel_requests: u8,
    /// Think time between page loads: log-normal, this median.
    pub think_time: Span,
    /// Share of visits in which two tabs load at the same time.
    pub two_tabs: Share,
    /// How far apart the requests of one page load, and two tabs, start.
    pub stagger: Span,
    /// Share of visits in a private window: no cookies of the device are seen, none stay.
    pub private_window: Share,
    /// Share of visits that end with a click on "log out".
    pub logout: Share,
}

/// Parameters of a Beta distribution, both above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Beta {
    /// The first.
    pub a: f64,
    /// The second.
    pub b: f64,
}

/// Patterns of visits: how likely people come on a day.
const PATTERNS: Variants = Variants {
    what: "pattern",
    names: &[
        (
            "consumer",
            "Beta(0.005, 0.78): 30% of monthly actives on a day, many dormant accounts.",
        ),
        ("saas", "Beta(19.7, 110.9): 15% of accounts on a day."),
        (
            "ecommerce",
            "Beta(0.005, 5.4): 10% of monthly actives on a day.",
        ),
        (
            "habit",
            "Beta(0.036, 0.30): half of monthly actives on a day.",
        ),
        ("beta", "Any other Beta distribution."),
    ],
};

const EVENING: &[f64; 24] = &[
    1.6, 1.0, 0.7, 0.5, 0.5, 0.8, 1.6, 2.8, 3.8, 4.2, 4.4, 4.6, 5.0, 4.8, 4.5, 4.5, 4.8, 5.4, 6.2,
    7.0, 7.4, 6.8, 5.0, 3.0,
];

const OFFICE: &[f64; 24] = &[
    0.2, 0.1, 0.1, 0.1, 0.2, 0.4, 1.2, 4.0, 10.5, 11.5, 9.5, 8.0, 5.5, 7.0, 8.5, 8.0, 7.0, 5.0,
    2.5, 1.5, 1.2, 1.0, 0.7, 0.4,
];

const FLAT: &[f64; 24] = &[1.0; 24];

const HOURS: OneOf<&[f64; 24]> = OneOf(&[("evening", EVENING), ("office", OFFICE), ("flat", FLAT)]);

const EVEN: &[f64; 7] = &[1.0; 7];

const WORK: &[f64; 7] = &[1.05, 1.05, 1.0, 1.0, 0.9, 0.15, 0.15];

const WEEKDAYS: OneOf<&[f64; 7]> = OneOf(&[("even", EVEN), ("work", WORK)]);

const PER_ACTIVE_DAY: Setting<Number> = setting(
    "per_active_day",
    number_between(1.0, 12.0),
    "Mean number of visits on a day on which a person comes.",
    "1.5",
    OWN,
);

const PAGES: Setting<Number> = setting(
    "pages",
    number_between(1.0, 20.0),
    "Mean number of page loads in a visit (geometric, at most 200).",
    "3",
    "with the think time: a mean app session is below a minute (Boehmer and \
     others, 2011)",
);

const PARALLEL_REQUESTS: Setting<Count> = setting(
    "parallel_requests",
    count(1, 50),
    "Requests that one page load sends at the same time.",
    "3",
    OWN,
);

const THINK_TIME: Setting<Length> = setting(
    "think_time",
    SOME_LENGTH,
    "Think time between page loads: log-normal, this median.",
    "15s",
    OWN,
);

const STAGGER: Setting<Length> = setting(
    "stagger",
    LENGTH,
    "How far apart the requests of one page load, and two tabs, start.",
    "50ms",
    OWN,
);

const ZONES: Setting<Parts<Span>> = setting(
    "zones",
    Parts {
        name: quantity::offset,
        named: "offsets from UTC",
    },
    "Time zones and their shares: offsets from UTC.",
    "{ UTC = \"100%\" }",
    "an assumption: everyone in one zone, the sharpest peak",
);

const TWO_TABS: Setting<Percent> = setting(
    "two_tabs",
    Percent,
    "Share of visits in which two tabs load at the same time.",
    "5%",
    OWN,
);

const PRIVATE_WINDOW: Setting<Percent> = setting(
    "private_window",
    Percent,
    "Share of visits in a private window: no cookies of the device are seen, none stay.",
    "2%",
    OWN,
);

const LOGOUT: Setting<Percent> = setting(
    "logout",
    Percent,
    "Share of visits that end with a click on \"log out\".",
    "1%",
    OWN,
);

/// Reads `[population.visits]`.
pub(super) fn read(t: &mut Table<'_>, frame: &Frame) -> Visits {
    let (pattern, hours, weekdays) = match frame.vertical.value {
        Vertical::Consumer => ("consumer", "evening", "even"),
        Vertical::B2b => ("saas", "office", "work"),
    };
    let doc = "Each person's probability of coming on a day is drawn from a Beta distribution: \
     a preset's name, or { beta = { a = 0.005, b = 0.78 } }.";
    let source = "solved from published ratios of daily, weekly and monthly actives (june.so)";
    Visits {
        daily: t.named("pattern", doc, &PATTERNS, (pattern, source), read_pattern),
        per_active_day: t.get(&PER_ACTIVE_DAY).value,
        hours: read_hours(t, hours),
        weekdays: read_weekdays(t, weekdays),
        zones: t.get(&ZONES).value,
        pages: t.get(&PAGES).value,
        parallel_requests: t.get(&PARALLEL_REQUESTS).value as u8,
        think_time: t.get(&THINK_TIME).value,
        two_tabs: t.get(&TWO_TABS).value,
        stagger: t.get(&STAGGER).value,
        private_window: t.get(&PRIVATE_WINDOW).value,
        logout: t.get(&LOGOUT).value,
    }
}

fn read_pattern(t: &mut Table<'_>, name: &str) -> Beta {
    match name {
        "consumer" => Beta { a: 0.005, b: 0.78 },
        "saas" => Beta { a: 19.7, b: 110.9 },
        "ecommerce" => Beta { a: 0.005, b: 5.4 },
        "habit" => Beta { a: 0.036, b: 0.30 },
        _ => {
            let a = t
                .key("a", POSITIVE, "The first parameter.")
                .required("0.005")
                .value;
            let b = t
                .key("b", POSITIVE, "The second parameter.")
                .required("0.78")
                .value;
            Beta { a, b }
        }
    }
}

fn read_hours(t: &mut Table<'_>, default: &str) -> [f64; 24] {
    let kind = Weights {
        presets: HOURS,
        each: "hour",
    };
    t.key(
        "hours",
        kind,
        "Relative weight of each hour of the day in the person's own time zone: \
         a profile's name, or 24 numbers.",
    )
    .or(default, OWN)
    .value
}

fn read_weekdays(t: &mut Table<'_>, default: &str) -> [f64; 7] {
    let kind = Weights {
        presets: WEEKDAYS,
        each: "day",
    };
    t.key(
        "weekdays",
        kind,
        "Relative weight of each day of the week, Monday first: \"even\", \
         \"work\", or 7 numbers.",
    )
    .or(default, OWN)
    .value
}

/// Relative weights: a profile's name, or as many numbers, one of which is above 0.
#[derive(Clone, Copy, Debug)]
struct Weights<const N: usize> {
    presets: OneOf<&'static [f64; N]>,
    each: &'static str,
}

impl<const N: usize> Kind for Weights<N> {
    type Value = [f64; N];

    fn expected(&self) -> String {
        format!(
            "{}, or {N} numbers, one for each {}",
            self.presets.expected(),
            self.each
        )
    }

    fn read(&self, node: &Node) -> Result<[f64; N], Misfit> {
        if !matches!(node.value, Value::List(_)) {
            return self.presets.read(node).copied();
        }
        let numbers = List {
            of: number_from(0.0),
            len: Some(N),
        }
        .read(node)?;
        let numbers: Vec<f64> = numbers.into_iter().map(|(number, _)| number).collect();
        let weights = <[f64; N]>::try_from(numbers).expect("the list has been counted");
        if weights.iter().any(|&weight| weight > 0.0) {
            Ok(weights)
        } else {
            Err(misfit(
                node,
                "nobody would ever come",
                Some("make one of them larger than 0".to_owned()),
            ))
        }
    }

    fn schema(&self) -> serde_json::Value {
        let list = List {
            of: number_from(0.0),
            len: Some(N),
        };
        serde_json::json!({ "anyOf": [self.presets.schema(), list.schema()] })
    }
}
