//! The page of one run.

use askama::Template;

use super::gates::{self, Gate, Invariant};
use super::part::{Figure, Table, Tile};
use super::timeline::{self, Sign};
use super::{Frame, class, figures, latency, tables};
use crate::outcome::{CheckKind, Completeness, Driver, Outcome, grouped};
use crate::recorder::Measure;
use crate::report::wording::{self, share};

/// The page of a run.
#[derive(Template)]
#[template(path = "run.html")]
struct RunPage<'a> {
    frame: Frame,
    outcome: &'a Outcome,
    what: String,
    tone: &'static str,
    headline: String,
    reasons: &'a [String],
    summary: Vec<String>,
    interrupted: Option<String>,
    tiles: Vec<Tile>,
    gates: Vec<Gate>,
    invariants: Vec<Invariant>,
    marks: Vec<Sign>,
    faults: Vec<Sign>,
    figures: Vec<Figure>,
    curves: Vec<Figure>,
    latency: Vec<Figure>,
    latency_note: String,
    phases: Table,
    cohorts: Vec<Table>,
    causes: Table,
    people_note: String,
    people: Table,
    calls: Table,
    flag: Option<Table>,
    reconciliation: Option<Table>,
    conservation: Option<Table>,
    driver: String,
    assumptions: Table,
    unconfirmed: usize,
}

/// A run as a page of HTML.
pub fn html(outcome: &Outcome) -> String {
    let (tone, headline) = wording::headline(outcome);
    let page = RunPage {
        frame: Frame::titled(format!("{}: {headline}", outcome.identity.scenario)),
        outcome,
        what: wording::rehearsed(outcome),
        tone: class(tone),
        headline,
        reasons: wording::reasons(outcome),
        summary: wording::summary(outcome),
        interrupted: interrupted(outcome),
        tiles: tiles(outcome),
        gates: gates::gates(outcome),
        invariants: gates::invariants(outcome),
        marks: signs(timeline::marks(outcome)),
        faults: signs(timeline::faults(outcome)),
        figures: figures::over_time(outcome),
        curves: latency::curves(outcome),
        latency: latency::over_time(outcome),
        latency_note: latency_note(outcome),
        phases: tables::phases(outcome),
        cohorts: tables::cohorts(outcome),
        causes: tables::causes(outcome),
        people_note: people_note(outcome),
        people: tables::people(outcome),
        calls: tables::calls(outcome),
        flag: tables::flag(outcome),
        reconciliation: tables::checks(outcome, CheckKind::Reconciliation),
        conservation: tables::checks(outcome, CheckKind::Conservation),
        driver: wording::driver(outcome),
        assumptions: tables::assumptions(outcome),
        unconfirmed: outcome
            .assumptions
            .iter()
            .filter(|setting| setting.is_unconfirmed())
            .count(),
    };
    page.render()
        .expect("a page in memory has nothing that fails")
}

fn signs<T>(signed: Vec<(T, Sign)>) -> Vec<Sign> {
    signed.into_iter().map(|(_, sign)| sign).collect()
}

fn interrupted(outcome: &Outcome) -> Option<String> {
    match outcome.completeness {
        Completeness::Complete => None,
        Completeness::Interrupted { at } => Some(format!(
            "Stopped at +{} of scenario time: everything below is about the time before.",
            at.since(outcome.start)
        )),
    }
}

fn tiles(outcome: &Outcome) -> Vec<Tile> {
    let total = |measure: Measure| outcome.total(measure);
    let people = outcome.people;
    let of = |count: u64, whole: u64, of: &str| {
        format!("{} of {} {of}", share(count, whole), grouped(whole))
    };
    // What nobody wants is bad news from the first case on.
    let unwanted = |name: &'static str, measure: Measure, whole: u64, what: &str| Tile {
        name,
        value: grouped(total(measure)),
        number: total(measure),
        from: format!("/totals/{}", measure.name()),
        of: of(total(measure), whole, what),
        class: if total(measure) == 0 { "good" } else { "bad" },
    };
    let plain = |name: &'static str, number: u64, from: String, of: String| Tile {
        name,
        value: grouped(number),
        number,
        from,
        of,
        class: "",
    };
    let silent = total(Measure::SilentMigrations);
    let live = people.on_legacy_at_end + people.on_stytch_at_end;
    let mut tiles = vec![
        unwanted(
            "forced logouts",
            Measure::ForcedLogouts,
            people.devices_seen,
            "devices seen",
        ),
        unwanted("locked out", Measure::Lockouts, people.people, "people"),
        unwanted(
            "did not come back",
            Measure::Abandonments,
            people.people,
            "people",
        ),
        unwanted(
            "wrongly admitted",
            Measure::WronglyAdmitted,
            total(Measure::AdmissionChecks),
            "answers checked",
        ),
        plain(
            "migrated silently",
            silent,
            format!("/totals/{}", Measure::SilentMigrations.name()),
            of(silent, total(Measure::MigrationAttempts), "attempts"),
        ),
        plain(
            "on Stytch",
            people.on_stytch_at_end,
            "/people/on_stytch_at_end".to_owned(),
            of(people.on_stytch_at_end, live, "live sessions at the end"),
        ),
        plain(
            "still on the legacy provider",
            people.on_legacy_at_end,
            "/people/on_legacy_at_end".to_owned(),
            of(people.on_legacy_at_end, live, "live sessions at the end"),
        ),
    ];
    tiles.extend(outcome.login_peak.map(|peak| {
        plain(
            "logins in the busiest second",
            peak.per_second,
            "/login_peak/per_second".to_owned(),
            format!("at +{}", peak.at.offset(outcome.start)),
        )
    }));
    tiles
}

fn latency_note(outcome: &Outcome) -> String {
    match outcome.identity.driver {
        Driver::Virtual => {
            "In virtual time latency is modelled, not measured: it follows from the \
             scenario's service times, limits and faults."
                .to_owned()
        }
        Driver::Http | Driver::Tenants => {
            let chosen = wording::windows(outcome);
            let own = outcome.windows.iter().filter(|it| it.why.is_none());
            let names: Vec<String> = chosen
                .into_iter()
                .chain(own.map(|window| window.name.clone()))
                .collect();
            format!(
                "Measured from the intended start, in true-speed windows only ({}). What happened \
                 in {} is modelled, labelled so, and gates nothing.",
                if names.is_empty() {
                    "none in this run".to_owned()
                } else {
                    names.join("; ")
                },
                wording::elsewhere(outcome)
            )
        }
    }
}

fn people_note(outcome: &Outcome) -> String {
    let affected = &outcome.affected;
    let listed = affected.named.len() as u64;
    let mut note = vec![format!(
        "{} people were affected.",
        grouped(affected.people)
    )];
    if listed < affected.people {
        note.push(format!(
            "{} of them are listed here, taken in turn from each kind and cause, the earliest \
             first; all are in events.jsonl beside this page.",
            grouped(listed)
        ));
    }
    if outcome.incidents_dropped > 0 {
        note.push(format!(
            "The event log was full: {} later incidents are counted, but name nobody.",
            grouped(outcome.incidents_dropped)
        ));
    }
    note.join(" ")
}
