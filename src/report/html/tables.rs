//! The tables of a run: who, why, and what the numbers rest on.

use std::collections::BTreeMap;

use cutover_mocks::time::Span;

use super::part::{Cell, Table};
use super::timeline::after;
use crate::outcome::{
    Affected, AffectedPerson, Amount, Assumption, Check, CheckKind, Outcome, Unit, grouped,
};
use crate::recorder::{AppVersion, Cohort, Measure, OrgSize, Platform, Record, Slice};
use crate::report::columns;
use crate::report::wording::{limits, not_served, peak, share, when};

/// Counts by phase of the cutover.
pub(super) fn phases(outcome: &Outcome) -> Table {
    let rows = outcome.phases.iter().map(|phase| {
        let from = after(phase.from.since(outcome.start));
        let mut cells: Vec<Cell> = vec![phase.name.clone().into(), from.into()];
        cells.extend(counted(outcome, &columns::within(outcome, &phase.name)));
        cells
    });
    let rows = rows.collect();
    let head = head(outcome, &["phase", "from"]);
    Table::new("By phase of the cutover", &head, rows)
}

fn head(outcome: &Outcome, first: &[&str]) -> Vec<String> {
    let first = first.iter().map(|name| (*name).to_owned());
    first
        .chain(columns::shown(outcome).map(|(_, name)| format!("{name}#")))
        .chain(["forced per 1,000 visits#".to_owned()])
        .collect()
}

fn counted(outcome: &Outcome, sums: &BTreeMap<Measure, u64>) -> Vec<Cell> {
    let of = |measure: Measure| sums.get(&measure).copied().unwrap_or(0);
    let visits = of(Measure::VisitsScheduled);
    let rate = if visits == 0 {
        "-".to_owned()
    } else {
        format!(
            "{:.2}",
            of(Measure::ForcedLogouts) as f64 * 1e3 / visits as f64
        )
    };
    columns::shown(outcome)
        .map(|(measure, _)| grouped(of(measure)).into())
        .chain([rate.into()])
        .collect()
}

/// Counts by groups of people and devices; a property that everybody shares has no table.
pub(super) fn cohorts(outcome: &Outcome) -> Vec<Table> {
    type Property = fn(&Slice) -> &'static str;
    const PROPERTIES: [(&str, Property); 5] = [
        ("By platform", |slice| match slice.platform {
            Platform::Web => "web",
            Platform::Ios => "iOS",
            Platform::Android => "Android",
        }),
        ("By app version", |slice| match slice.app {
            AppVersion::Current => "current: can hold a Stytch session",
            AppVersion::Old => "old: cannot",
        }),
        ("By organization size", |slice| match slice.organization {
            OrgSize::None => "no organization",
            OrgSize::Small => "small: up to 10 members",
            OrgSize::Medium => "medium: 11 to 100",
            OrgSize::Large => "large: more than 100",
        }),
        ("By record in Stytch at the start", |slice| {
            match slice.record {
                Record::Imported => "imported",
                Record::OtherAddress => "imported under another address",
                Record::Missing => "not imported",
                Record::New => "signed up on the way",
            }
        }),
        ("By reach of the cutover", |slice| match slice.cohort {
            Cohort::Waiting => "not yet reached",
            Cohort::Moved => "reached",
        }),
    ];
    PROPERTIES
        .iter()
        .filter_map(|&(title, property)| {
            let mut groups: Vec<(Slice, &str, BTreeMap<Measure, u64>)> = Vec::new();
            for row in &outcome.counts {
                let name = property(&row.slice);
                let place = groups.iter().position(|(_, known, _)| *known == name);
                let place = place.unwrap_or_else(|| {
                    groups.push((row.slice, name, BTreeMap::new()));
                    groups.len() - 1
                });
                for (&measure, count) in &row.counts {
                    *groups[place].2.entry(measure).or_insert(0) += count;
                }
            }
            groups.sort_by_key(|(slice, ..)| *slice);
            let rows: Vec<Vec<Cell>> = groups
                .iter()
                .map(|(_, name, sums)| {
                    let mut cells: Vec<Cell> = vec![(*name).into()];
                    cells.extend(counted(outcome, sums));
                    cells
                })
                .collect();
            let head = head(outcome, &["group"]);
            (rows.len() > 1).then(|| Table::new(title, &head, rows))
        })
        .collect()
}

/// Why things happened.
pub(super) fn causes(outcome: &Outcome) -> Table {
    const KINDS: [&str; 6] = [
        "wrongly_admitted",
        "lockout",
        "forced_logout",
        "abandonment",
        "migration_failed",
        "natural_logout",
    ];
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    for kind in KINDS {
        let of_kind = || {
            outcome
                .causes
                .iter()
                .filter(move |cause| cause.kind == kind)
        };
        let all: u64 = of_kind().map(|cause| cause.count).sum();
        let mut causes: Vec<_> = of_kind().collect();
        causes.sort_by_key(|cause| (std::cmp::Reverse(cause.count), cause.cause.clone()));
        rows.extend(causes.into_iter().map(|cause| {
            let first = cause.first.map_or_else(String::new, |first| {
                format!("person {}, {}", first.person, when(outcome, first.at))
            });
            vec![
                words(kind).into(),
                words(cause.cause.as_deref().unwrap_or("-")).into(),
                grouped(cause.count).into(),
                share(cause.count, all).into(),
                first.into(),
            ]
        }));
    }
    let head = ["what", "cause", "how often#", "of its kind#", "the first"];
    Table::new("What happened, why, and the first to look at", &head, rows)
}

fn words(name: &str) -> String {
    name.replace('_', " ")
}

/// Who was hurt.
pub(super) fn people(outcome: &Outcome) -> Table {
    let Affected { named, .. } = &outcome.affected;
    let row = |one: &AffectedPerson| -> Vec<Cell> {
        let first = one.at.since(outcome.start);
        let back = one.back_at.map_or_else(
            || Cell::ordered("never", i64::MAX),
            |back| {
                let away = back.since(one.at);
                let text = match away.as_secs() {
                    0 => "at once".to_owned(),
                    secs => format!("after {}", Span::from_secs(secs)),
                };
                Cell::ordered(text, away.as_micros())
            },
        );
        vec![
            Cell::ordered(one.person.to_string(), one.person),
            words(&one.kind).into(),
            one.cause.as_deref().map_or_else(String::new, words).into(),
            Cell::ordered(after(first), first.as_micros()),
            Cell::ordered(one.device.to_string(), one.device),
            back,
            Cell::ordered(grouped(one.times), one.times as i64),
        ]
    };
    let head = [
        "person#",
        "worst that happened",
        "cause",
        "first at",
        "device#",
        "logged in there again",
        "times#",
    ];
    Table::new("Affected people", &head, named.iter().map(row).collect()).sortable()
}

/// Calls to providers, against their limits.
pub(super) fn calls(outcome: &Outcome) -> Table {
    let rows = outcome.calls.iter().map(|calls| -> Vec<Cell> {
        let endpoint = if calls.called_by_stytch {
            format!("{} (asked by Stytch)", calls.endpoint)
        } else {
            calls.endpoint.clone()
        };
        [
            endpoint,
            grouped(calls.calls),
            not_served(calls),
            peak(outcome, calls),
            limits(outcome, calls),
        ]
        .map(Cell::from)
        .into()
    });
    let head = [
        "endpoint",
        "calls#",
        "not served",
        "busiest second",
        "limit",
    ];
    Table::new(
        "Calls to the providers, as their callers saw them",
        &head,
        rows.collect(),
    )
}

/// Whether the flag kept its share.
pub(super) fn flag(outcome: &Outcome) -> Option<Table> {
    let percent = |share: f64| {
        Amount {
            number: share * 100.0,
            unit: Unit::Percent,
        }
        .to_string()
    };
    let rows: Vec<Vec<Cell>> = outcome
        .flag_shares
        .iter()
        .map(|check| {
            let plausible = if check.is_plausible() {
                Cell::classed("✓ plausible", "good")
            } else {
                Cell::classed("? beyond chance", "doubt")
            };
            vec![
                plausible,
                after(check.at.since(outcome.start)).into(),
                percent(check.configured).into(),
                format!(
                    "{} of {} keys",
                    share(check.on, check.keys),
                    grouped(check.keys)
                )
                .into(),
                format!("{} to {}", percent(check.low), percent(check.high)).into(),
            ]
        })
        .collect();
    let head = ["", "from", "configured#", "real", "99.9% interval"];
    (!rows.is_empty()).then(|| Table::new("The feature flag's share", &head, rows))
}

/// Sums that must agree.
pub(super) fn checks(outcome: &Outcome, kind: CheckKind) -> Option<Table> {
    let row = |check: &Check| -> Vec<Cell> {
        let why: Vec<String> = check
            .explained
            .iter()
            .map(|part| format!("{} {}", grouped(part.count), part.why))
            .collect();
        let result = if check.holds() {
            Cell::classed("✓ agree", "good")
        } else {
            Cell::classed(
                format!("✗ {} UNEXPLAINED", grouped(check.unexplained)),
                "bad",
            )
        };
        vec![
            result,
            check.name.clone().into(),
            format!("{}: {}", check.left.what, grouped(check.left.count)).into(),
            format!("{}: {}", check.right.what, grouped(check.right.count)).into(),
            why.join(", ").into(),
        ]
    };
    let rows: Vec<Vec<Cell>> = outcome
        .checks
        .iter()
        .filter(|check| check.kind == kind)
        .map(row)
        .collect();
    let caption = match kind {
        CheckKind::Conservation => "Within the recording",
        CheckKind::Reconciliation => "Against the providers' own ledgers",
    };
    let head = ["", "sum", "one side", "the other", "differences explained"];
    (!rows.is_empty()).then(|| Table::new(caption, &head, rows))
}

/// Every setting of a run.
pub(super) fn assumptions(outcome: &Outcome) -> Table {
    let all = outcome.assumptions.iter().collect();
    settings("Every setting of this rehearsal", all)
}

/// Settings with their origin; what no source confirms first.
pub(super) fn settings(caption: &str, mut settings: Vec<&Assumption>) -> Table {
    settings.sort_by_key(|setting| (!setting.is_unconfirmed(), setting.default));
    let row = |setting: &&Assumption| -> Vec<Cell> {
        let origin = if setting.is_unconfirmed() {
            Cell::classed("unconfirmed default", "doubt")
        } else if setting.default {
            "default".into()
        } else {
            "set by the scenario".into()
        };
        vec![
            Cell::classed(setting.key.clone(), "code"),
            Cell::classed(setting.value.clone(), "code"),
            origin,
            setting.source.clone().into(),
        ]
    };
    let head = ["setting", "value", "origin", "source"];
    Table::new(caption, &head, settings.iter().map(row).collect()).sortable()
}
