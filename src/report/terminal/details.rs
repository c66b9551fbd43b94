//! The tables and lines behind the verdict.

use super::page::Page;
use crate::outcome::{Amount, Check, CheckKind, Driver, LatencyRow, Outcome, Unit, grouped};
use crate::report::columns;
use crate::report::wording::{self, Tone, driver, limits, not_served, peak, share, time};

/// Counts for which a line has room.
const ROOM: usize = 7;

/// Counts by phase of the cutover.
pub(super) fn phases(page: &mut Page, outcome: &Outcome) {
    let shown = || columns::shown(outcome).take(ROOM);
    let header: Vec<&str> = ["phase", "from"]
        .into_iter()
        .chain(shown().map(|(_, name)| name))
        .collect();
    let numbers: Vec<usize> = (2..header.len()).collect();
    let rows = outcome.phases.iter().map(|phase| {
        let from = format!("+{}", phase.from.since(outcome.start));
        let sums = columns::within(outcome, &phase.name);
        let count = |measure| grouped(sums.get(&measure).copied().unwrap_or(0));
        [phase.name.clone(), from]
            .into_iter()
            .chain(shown().map(|(measure, _)| count(measure)))
            .collect()
    });
    page.table("By phase", &header, &numbers, rows.collect());
}

/// Percentiles of every operation.
pub(super) fn latency(page: &mut Page, outcome: &Outcome) {
    let windows: Vec<&str> = outcome
        .windows
        .iter()
        .map(|window| window.name.as_str())
        .collect();
    match outcome.identity.driver {
        Driver::Virtual => {
            latency_table(page, "Latency, modelled in virtual time", &outcome.latency);
        }
        Driver::Http | Driver::Tenants => {
            let title = format!(
                "Latency, measured in true-speed windows ({})",
                windows.join(", ")
            );
            latency_table(page, &title, &outcome.latency);
            for window in wording::windows(outcome) {
                page.hanging("·", &window);
            }
            let title = format!(
                "Latency in {}: modelled, not measured",
                wording::elsewhere(outcome)
            );
            latency_table(page, &title, &outcome.latency_lapse);
        }
    }
}

fn latency_table(page: &mut Page, title: &str, rows: &[LatencyRow]) {
    if rows.is_empty() {
        return;
    }
    let cells = rows.iter().map(|row| {
        vec![
            row.operation.name().replace('_', " "),
            grouped(row.count),
            time(row.p50_us),
            time(row.p95_us),
            time(row.p99_us),
            time(row.max_us),
        ]
    });
    page.table(
        title,
        &["operation", "n", "p50", "p95", "p99", "max"],
        &[1, 2, 3, 4, 5],
        cells.collect(),
    );
}

/// Calls by endpoint, against the limits in force.
pub(super) fn calls(page: &mut Page, outcome: &Outcome) {
    if outcome.calls.is_empty() {
        return;
    }
    let rows = outcome.calls.iter().map(|calls| {
        vec![
            calls.endpoint.clone(),
            grouped(calls.calls),
            not_served(calls),
            peak(outcome, calls),
            limits(outcome, calls),
        ]
    });
    let header = ["endpoint", "calls", "not served", "peak", "limit"];
    page.table(
        "Calls to the providers, as their callers saw them",
        &header,
        &[1],
        rows.collect(),
    );
    if outcome.calls.iter().any(|calls| calls.called_by_stytch) {
        page.paragraph(
            "auth0.userinfo is called by Stytch, once for each Migrate Session: the tenant's own count, \
             with the peak of Migrate Session.",
        );
    }
}

/// Whether the flag kept its share.
pub(super) fn flag(page: &mut Page, outcome: &Outcome) {
    if outcome.flag_shares.is_empty() {
        return;
    }
    let percent = |share: f64| {
        Amount {
            number: share * 100.0,
            unit: Unit::Percent,
        }
        .to_string()
    };
    let rows = outcome.flag_shares.iter().map(|check| {
        let mark = if check.is_plausible() {
            "✓ plausible"
        } else {
            "? BEYOND CHANCE"
        };
        vec![
            mark.to_owned(),
            format!("+{}", check.at.since(outcome.start)),
            percent(check.configured),
            format!(
                "{} of {} keys",
                share(check.on, check.keys),
                grouped(check.keys)
            ),
            format!("{} to {}", percent(check.low), percent(check.high)),
        ]
    });
    let header = ["", "from", "configured", "real", "99.9% interval"];
    page.table("Feature flag", &header, &[2], rows.collect());
}

/// Reconciliation and driver health.
pub(super) fn instruments(page: &mut Page, outcome: &Outcome) {
    page.title("Instruments");
    let reconciled: Vec<&Check> = outcome
        .checks
        .iter()
        .filter(|check| check.kind == CheckKind::Reconciliation)
        .collect();
    let broken: Vec<&str> = reconciled
        .iter()
        .filter(|check| !check.holds())
        .map(|check| check.name.as_str())
        .collect();
    let explained: u64 = reconciled
        .iter()
        .flat_map(|check| &check.explained)
        .map(|explanation| explanation.count)
        .sum();
    let (tone, providers) = match (reconciled.len(), broken.len()) {
        (0, _) => (
            Tone::Plain,
            "providers: not reconciled, for there is nothing to hold against".to_owned(),
        ),
        (all, 0) => (
            Tone::Plain,
            format!(
                "providers: ✓ {all} of {all} sums agree, {} differences explained",
                grouped(explained)
            ),
        ),
        (all, wrong) => {
            let text = format!(
                "providers: ✗ {wrong} of {all} sums do not agree: {}",
                broken.join(", ")
            );
            (Tone::Bad, text)
        }
    };
    page.line(tone, &providers);
    for check in reconciled
        .iter()
        .filter(|check| !check.holds() || !check.explained.is_empty())
    {
        page.item("sum", &difference(check));
    }
    page.paragraph(&format!("driver: {}", driver(outcome)));
}

/// A sum with its explanations.
fn difference(check: &Check) -> String {
    let why: Vec<String> = check
        .explained
        .iter()
        .map(|part| format!("{} {}", grouped(part.count), part.why))
        .collect();
    let unexplained = match check.unexplained {
        0 => String::new(),
        count => format!("; {} UNEXPLAINED", grouped(count)),
    };
    let Check {
        name, left, right, ..
    } = check;
    let sides = format!(
        "{} {}, {} {}",
        left.what,
        grouped(left.count),
        right.what,
        grouped(right.count)
    );
    let why = if why.is_empty() {
        String::new()
    } else {
        format!(": {}", why.join(", "))
    };
    format!("{name}: {sides}{why}{unexplained}")
}

/// Settings of one table with one value that are named one by one.
const MOST_KEYS: usize = 5;

/// What the result rests on and no source confirms.
pub(super) fn assumptions(page: &mut Page, outcome: &Outcome) {
    let mut groups: Vec<(&str, &str, Vec<&str>)> = Vec::new();
    for setting in outcome
        .assumptions
        .iter()
        .filter(|setting| setting.is_unconfirmed())
    {
        let (table, key) = setting.key.rsplit_once('.').unwrap_or(("", &setting.key));
        match groups.last_mut() {
            Some((of, value, keys)) if *of == table && *value == setting.value => keys.push(key),
            _ => groups.push((table, &setting.value, vec![key])),
        }
    }
    if groups.is_empty() {
        return;
    }
    page.title("Defaults that no source confirms");
    let told = groups
        .iter()
        .map(|(table, value, keys)| match keys.as_slice() {
            [key] => format!("{table}.{key} = {value}"),
            keys if keys.len() > MOST_KEYS => {
                format!("{} settings of {table} = {value}", keys.len())
            }
            keys => format!("{table}.{{{}}} = {value}", keys.join(", ")),
        });
    page.paragraph(&told.collect::<Vec<String>>().join(", "));
}
