//! The charts of a run over scenario time.

use super::part::{Cell, Figure, Key, Table};
use super::timeline::{self, Timeline};
use crate::outcome::{Allowance, CallLimit, LoadColumns, Outcome, Scope, grouped};
use crate::recorder::Measure;
use crate::report::chart::{Axis, Form, Ink, Plot, Series};
use crate::report::wording::share;

/// A limit this many times higher than anything that happened is told in words: drawn, it would
/// press everything else to the ground.
const FAR: f64 = 3.0;

/// All of them, in the order in which a reader asks.
pub(super) fn over_time(outcome: &Outcome) -> Vec<Figure> {
    [
        sessions(outcome),
        logouts(outcome),
        migrations(outcome),
        logins(outcome),
        auth0(outcome),
        stytch(outcome),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A plot over scenario time with the cutover's moments; nothing drawn yet.
pub(super) fn plot(outcome: &Outcome, y: Axis, series: Vec<Series>) -> Plot {
    Plot {
        x: timeline::axis(outcome),
        y,
        stretches: timeline::faults(outcome)
            .into_iter()
            .map(|(stretch, _)| stretch)
            .collect(),
        series,
        limits: Vec::new(),
        marks: timeline::marks(outcome)
            .into_iter()
            .map(|(at, sign)| (at, sign.letter))
            .collect(),
    }
}

/// A table over scenario time: one row for each bin, one column of numbers for each name.
fn table(timeline: &Timeline<'_>, caption: &str, columns: &[(&str, Vec<String>)]) -> Table {
    let mut head: Vec<String> = vec!["from".to_owned()];
    head.extend(columns.iter().map(|(name, _)| format!("{name}#")));
    let row = |bin: usize| -> Vec<Cell> {
        let cells = columns
            .iter()
            .map(|(_, cells)| cells.get(bin).cloned().unwrap_or_default().into());
        std::iter::once(timeline.after(bin).into())
            .chain(cells)
            .collect()
    };
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let caption = format!("{caption}, in steps of {}", timeline.bin());
    Table::new(&caption, &head, (0..timeline.bins).map(row).collect())
}

fn texts(numbers: &[u64]) -> Vec<String> {
    numbers.iter().map(|&number| grouped(number)).collect()
}

fn most(columns: &[&[u64]]) -> f64 {
    let largest = columns.iter().flat_map(|column| column.iter()).max();
    largest.copied().unwrap_or(0) as f64
}

/// Live sessions by kind.
fn sessions(outcome: &Outcome) -> Option<Figure> {
    let course = &outcome.course;
    if course.on_legacy.is_empty() {
        return None;
    }
    let devices = outcome.people.devices;
    let of = |timeline: &Timeline<'_>| -> [Vec<u64>; 3] {
        let stytch = timeline.lasts(&course.on_stytch);
        let legacy = timeline.lasts(&course.on_legacy);
        let none = stytch
            .iter()
            .zip(&legacy)
            .map(|(stytch, legacy)| devices.saturating_sub(stytch + legacy))
            .collect();
        [stytch, legacy, none]
    };
    let fine = Timeline::chart(outcome);
    let [stytch, legacy, _] = of(&fine);
    let start = (0.0, 0.0, outcome.people.sessions_at_start as f64);
    let places: Vec<(f64, f64, f64)> = std::iter::once(start)
        .chain((0..fine.bins).map(|bin| {
            let low = stytch[bin] as f64;
            (fine.begins(bin + 1), low, low + legacy[bin] as f64)
        }))
        .collect();
    let between = |ink: Ink, places: Vec<(f64, f64, f64)>| Series {
        ink,
        form: Form::Between(places),
    };
    let above = |top: f64| places.iter().map(move |&(x, _, high)| (x, high, top));
    let below = places.iter().map(|&(x, low, _)| (x, 0.0, low));
    let live = places.iter().map(|&(.., high)| high).fold(0.0, f64::max);
    // Where most devices hold none, showing them all would press the others to the ground.
    let drawn = devices as f64 <= live * FAR;
    let mut series = vec![
        between(Ink::Legacy, places.clone()),
        between(Ink::Stytch, below.collect()),
    ];
    let mut keys = vec![
        Key::new(Ink::Legacy, "legacy session"),
        Key::new(Ink::Stytch, "Stytch session"),
    ];
    if drawn {
        series.insert(0, between(Ink::Nobody, above(devices as f64).collect()));
        keys.push(Key::new(Ink::Nobody, "none"));
    }
    let (top, others) = if drawn {
        (devices as f64, "")
    } else {
        (live, " They are so many that only the table shows them.")
    };
    let people = outcome.people;
    let description = format!(
        "At the start {} of {} devices held a live legacy session. At the end {} held a Stytch \
         session and {} still a legacy one. Devices without a live session were never logged in, \
         logged out, or away until their session ended.{others}",
        grouped(people.sessions_at_start),
        grouped(devices),
        grouped(people.on_stytch_at_end),
        grouped(people.on_legacy_at_end),
    );
    let coarse = Timeline::table(outcome);
    let [stytch, legacy, none] = of(&coarse);
    let caption = "Devices with live sessions at the end of each step";
    let columns = [
        ("legacy", texts(&legacy)),
        ("Stytch", texts(&stytch)),
        ("none", texts(&none)),
    ];
    Some(Figure::new(
        "sessions",
        ("Live sessions by kind", &description),
        keys,
        &plot(outcome, Axis::counts(top), series),
        table(&coarse, caption, &columns),
    ))
}

/// Forced logouts, and logins that followed.
fn logouts(outcome: &Outcome) -> Option<Figure> {
    let total = |measure: Measure| outcome.total(measure);
    let forced = total(Measure::ForcedLogouts);
    if forced == 0 {
        return None;
    }
    let fine = Timeline::chart(outcome);
    let (out, back) = (
        fine.measure(Measure::ForcedLogouts),
        fine.measure(Measure::Relogins),
    );
    let series = vec![
        Series {
            ink: Ink::Bad,
            form: Form::Columns(fine.columns(&out)),
        },
        Series {
            ink: Ink::Good,
            form: Form::Lines(fine.steps(&back)),
        },
    ];
    let description = format!(
        "{} forced logouts, {} logins that followed one; devices still logged out at the end: {}. \
         Each step of the chart is {}.",
        grouped(forced),
        grouped(total(Measure::Relogins)),
        grouped(outcome.people.still_out_at_end),
        fine.bin(),
    );
    let coarse = Timeline::table(outcome);
    let columns = [
        (
            "forced logouts",
            texts(&coarse.measure(Measure::ForcedLogouts)),
        ),
        (
            "logins after one",
            texts(&coarse.measure(Measure::Relogins)),
        ),
        (
            "natural logouts",
            texts(&coarse.measure(Measure::NaturalLogouts)),
        ),
    ];
    Some(Figure::new(
        "logouts",
        ("Forced logouts, and logins after them", &description),
        vec![
            Key::new(Ink::Bad, "forced logouts"),
            Key::new(Ink::Good, "logins after a forced logout"),
        ],
        &plot(outcome, Axis::counts(most(&[&out, &back])), series),
        table(&coarse, "Logouts and logins", &columns),
    ))
}

/// The share of migrations that succeed.
fn migrations(outcome: &Outcome) -> Option<Figure> {
    let attempts = outcome.total(Measure::MigrationAttempts);
    if attempts == 0 {
        return None;
    }
    let fine = Timeline::shares(outcome);
    let (tried, went) = (
        fine.measure(Measure::MigrationAttempts),
        fine.measure(Measure::SilentMigrations),
    );
    let mut lines: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for bin in 0..fine.bins {
        if tried[bin] == 0 {
            lines.push(Vec::new());
        } else if let Some(line) = lines.last_mut() {
            // What begins in one step may end in the next.
            let share = (went[bin] as f64 / tried[bin] as f64).min(1.0);
            line.push((f64::midpoint(fine.begins(bin), fine.begins(bin + 1)), share));
        }
    }
    lines.retain(|line| !line.is_empty());
    let points = lines.iter().flatten().copied().collect();
    let series = vec![
        Series {
            ink: Ink::Stytch,
            form: Form::Lines(lines),
        },
        Series {
            ink: Ink::Stytch,
            form: Form::Points(points),
        },
    ];
    let silent = outcome.total(Measure::SilentMigrations);
    let description = format!(
        "{} of {} attempts ended in a Stytch session ({}). A point is {} of attempts; where there \
         were none, there is no point.",
        grouped(silent),
        grouped(attempts),
        share(silent, attempts),
        fine.bin(),
    );
    let coarse = Timeline::table(outcome);
    let (tried, went) = (
        coarse.measure(Measure::MigrationAttempts),
        coarse.measure(Measure::SilentMigrations),
    );
    let shares = tried.iter().zip(&went);
    let shares = shares.map(|(&tried, &went)| share(went.min(tried), tried));
    let columns = [
        ("attempts", texts(&tried)),
        ("went silently", texts(&went)),
        ("share", shares.collect()),
    ];
    Some(Figure::new(
        "migrations",
        ("Migrations that succeed", &description),
        vec![Key::new(Ink::Stytch, "share of attempts that succeed")],
        &plot(outcome, Axis::shares(), series),
        table(&coarse, "Migrations", &columns),
    ))
}

/// Logins begun, against what the providers allow.
fn logins(outcome: &Outcome) -> Option<Figure> {
    let peak = outcome.login_peak?;
    let fine = Timeline::chart(outcome);
    let peaks = fine.peaks(&outcome.course.logins.peak);
    let series = vec![Series {
        ink: Ink::First,
        form: Form::Columns(fine.columns(&peaks)),
    }];
    let description = format!(
        "The busiest second of each step of {}. {} logins were begun, at most {} in one second, at \
         +{}.",
        fine.bin(),
        grouped(outcome.total(Measure::LoginAttempts)),
        peak.per_second,
        peak.at.offset(outcome.start),
    );
    let coarse = Timeline::table(outcome);
    let columns = [
        (
            "logins begun",
            texts(&coarse.sums(&outcome.course.logins.total)),
        ),
        (
            "in the busiest second",
            texts(&coarse.peaks(&outcome.course.logins.peak)),
        ),
    ];
    Some(Figure::new(
        "logins",
        ("Logins begun per second", &description),
        vec![Key::new(Ink::First, "busiest second of each step")],
        &plot(outcome, Axis::counts(most(&[&peaks])), series),
        table(&coarse, "Logins", &columns),
    ))
}

fn auth0(outcome: &Outcome) -> Option<Figure> {
    let userinfo = outcome.course.calls.get("stytch.migrate");
    calls(
        outcome,
        &Provider {
            id: "auth0-calls",
            name: "Auth0",
            all: &outcome.course.auth0,
            part: ("UserInfo, asked by Migrate Session", userinfo),
            prefix: "auth0.",
            own_limits_of: "auth0.userinfo",
        },
    )
}

fn stytch(outcome: &Outcome) -> Option<Figure> {
    let migrate = outcome.course.calls.get("stytch.migrate");
    calls(
        outcome,
        &Provider {
            id: "stytch-calls",
            name: "Stytch",
            all: &outcome.course.stytch,
            part: ("Migrate Session", migrate),
            prefix: "stytch.",
            own_limits_of: "stytch.migrate",
        },
    )
}

struct Provider<'a> {
    id: &'static str,
    name: &'static str,
    all: &'a LoadColumns,
    part: (&'static str, Option<&'a LoadColumns>),
    prefix: &'static str,
    own_limits_of: &'static str,
}

/// Calls to a provider, against its limits.
fn calls(outcome: &Outcome, provider: &Provider<'_>) -> Option<Figure> {
    if provider.all.total.iter().all(|&calls| calls == 0) {
        return None;
    }
    let fine = Timeline::chart(outcome);
    let all = fine.peaks(&provider.all.peak);
    let mut keys = vec![Key::new(Ink::First, "all calls that share a limit")];
    let mut series = vec![Series {
        ink: Ink::First,
        form: Form::Columns(fine.columns(&all)),
    }];
    let (part_name, part) = provider.part;
    if let Some(part) = part {
        keys.push(Key::new(Ink::Second, part_name));
        series.push(Series {
            ink: Ink::Second,
            form: Form::Lines(fine.steps(&fine.peaks(&part.peak))),
        });
    }
    let highest = most(&[&all]);
    let (near, far): (Vec<_>, Vec<_>) = limits(outcome, provider)
        .into_iter()
        .partition(|(height, _)| *height <= highest * FAR);
    let told: Vec<String> = far
        .iter()
        .map(|(height, name)| format!("{name} is {:.0} times the peak", height / highest))
        .collect();
    let too_far = if told.is_empty() {
        String::new()
    } else {
        format!(" Too far above to draw: {}.", told.join("; "))
    };
    let description = format!(
        "The busiest second of each step of {}; at most {} calls in one second, {} in all.{too_far}",
        fine.bin(),
        grouped(highest as u64),
        grouped(provider.all.total.iter().sum()),
    );
    if !near.is_empty() {
        keys.push(Key::dashed(Ink::Limit, "limit"));
    }
    let top = near
        .iter()
        .map(|(height, _)| *height)
        .fold(highest, f64::max);
    let mut plot = plot(outcome, Axis::counts(top * 1.02), series);
    plot.limits = near;
    let coarse = Timeline::table(outcome);
    let mut columns = vec![
        ("calls", texts(&coarse.sums(&provider.all.total))),
        (
            "in the busiest second",
            texts(&coarse.peaks(&provider.all.peak)),
        ),
    ];
    if let Some(part) = part {
        columns.push((part_name, texts(&coarse.sums(&part.total))));
        columns.push(("its busiest second", texts(&coarse.peaks(&part.peak))));
    }
    Some(Figure::new(
        provider.id,
        (
            &format!("Calls to {} per second", provider.name),
            &description,
        ),
        keys,
        &plot,
        table(&coarse, &format!("Calls to {}", provider.name), &columns),
    ))
}

/// Limits that hold throughout, as calls per second, lowest first.
fn limits(outcome: &Outcome, provider: &Provider<'_>) -> Vec<(f64, String)> {
    let mut limits: Vec<(f64, String)> = Vec::new();
    let of_provider = outcome
        .calls
        .iter()
        .filter(|calls| calls.endpoint.starts_with(provider.prefix));
    for calls in of_provider {
        for limit in calls.limits.iter().filter(|limit| limit.during.is_none()) {
            let name = match limit.scope {
                Scope::Provider => format!("{} limit", provider.name),
                Scope::Endpoint if calls.endpoint == provider.own_limits_of => {
                    format!("{} limit", calls.endpoint)
                }
                Scope::Endpoint | Scope::Person => continue,
            };
            let height = per_second(limit);
            let name = format!("{name} {}/s", rounded(height));
            if !limits.iter().any(|(_, known)| *known == name) {
                limits.push((height, name));
            }
        }
    }
    limits.sort_by(|one, other| one.0.total_cmp(&other.0));
    limits
}

fn per_second(limit: &CallLimit) -> f64 {
    match limit.allows {
        Allowance::Bucket { per_second, .. } => per_second,
        Allowance::Window { calls, window_us } => {
            f64::from(calls) / (window_us as f64 / 1e6).max(1e-6)
        }
    }
}

fn rounded(height: f64) -> f64 {
    (height * 100.0).round() / 100.0
}
