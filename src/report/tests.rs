//! What people and machines read, as a whole; no line is left out.

use cutover_mocks::time::Span;

use super::*;
use crate::outcome::fixture::{Fixture, START, slice};
use crate::outcome::{Completeness, Driver, Elsewhere, Lateness, Moment};
use crate::recorder::{IncidentKind, Measure, Platform, WrongAdmission};
use crate::scenario::GateText;
use crate::verdict::{Baseline, PlacedGate, judge_against};

fn judged(fixture: &Fixture, gates: &[&str]) -> Outcome {
    judged_against(fixture, gates, None)
}

fn judged_against(fixture: &Fixture, gates: &[&str], baseline: Option<&Baseline>) -> Outcome {
    let place = |(index, text): (usize, &&str)| {
        let written = GateText {
            text: (*text).to_owned(),
            file: "rolling.toml".to_owned(),
            line: 40 + index,
        };
        PlacedGate::read(written).expect(text)
    };
    let gates: Vec<PlacedGate> = gates.iter().enumerate().map(place).collect();
    let mut outcome = fixture.outcome();
    outcome.verdict = Some(judge_against(&outcome, &gates, baseline));
    outcome
}

/// The page without its colours.
fn plain(outcome: &Outcome) -> String {
    anstream::adapter::strip_str(&terminal(outcome)).to_string()
}

const HOLDING: &[&str] = &[
    "forced_logouts <= 3",
    "lockouts == 0",
    "migration_success >= 99.5%",
    "latency.migrate.p99 < 400ms",
    "calls.auth0.userinfo.peak <= 100/s",
];

const FAILING: &[&str] = &[
    "lockouts == 0",
    "forced_logouts{platform=web, phase=\"step 25%\"} == 0",
    "migration_success > 99.9%",
    "calls.auth0.userinfo.peak <= 10/s",
    "latency.login.p99 < 1s",
];

#[test]
fn page_of_gates_that_hold() {
    insta::assert_snapshot!(plain(&judged(&Fixture::healthy(), HOLDING)));
}

#[test]
fn page_of_gates_that_fail() {
    insta::assert_snapshot!(plain(&judged(&Fixture::healthy(), FAILING)));
}

#[test]
fn page_of_an_inconclusive_run() {
    let mut fixture = Fixture::healthy();
    fixture.driver.in_windows = Some(Lateness {
        starts: 900,
        p50_us: 4_000,
        p99_us: 48_000,
        max_us: 91_000,
    });
    fixture.driver.visits_late = 31;
    fixture
        .stytch
        .calls
        .insert((cutover_mocks::stytch::Endpoint::Password, 200), 4);
    fixture.recording.flag_shares[0].on = 400;
    insta::assert_snapshot!(plain(&judged(&fixture, HOLDING)));
}

#[test]
fn page_of_an_interrupted_run() {
    let mut fixture = Fixture::healthy();
    fixture.completeness = Completeness::Interrupted {
        at: Moment::new(START + Span::from_hours(40)),
    };
    insta::assert_snapshot!(plain(&judged(&fixture, HOLDING)));
}

#[test]
fn windows_that_were_chosen_say_why_and_what_lies_between() {
    let mut outcome = Fixture::healthy().outcome();
    outcome.elsewhere = Elsewhere::VirtualTime;
    outcome.driver.calls_in_virtual_time = 12_345;
    let window = &mut outcome.windows[0];
    window.why = Some("610 migrations in 30s, 40 in the busiest second".to_owned());
    window.lateness = outcome.driver.in_windows;
    let page = plain(&outcome);
    let told = page.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in [
        "· first step, 5m at +1d 00:00:00: 610 migrations in 30s, 40 in the busiest second; 900 \
         starts, late by 1.9 ms at p99",
        "622 calls over HTTP, 12,345 in virtual time between the windows",
    ] {
        assert!(told.contains(text), "{text}\n{page}");
    }
    let html = html(&outcome);
    assert!(html.contains("What happened in virtual time is modelled"));
    assert!(html.contains("610 migrations in 30s"));
}

#[test]
fn page_of_a_violated_invariant_in_virtual_time() {
    let mut fixture = Fixture::healthy();
    fixture.carried_by = Driver::Virtual;
    fixture.driver = crate::outcome::DriverHealth::exact(622);
    fixture.count(1, slice(Platform::Web), Measure::WronglyAdmitted, 2);
    let kind = IncidentKind::WronglyAdmitted(WrongAdmission::Revoked);
    fixture.incidents(1, slice(Platform::Web), kind, 2);
    fixture.recording.incidents_dropped = 5;
    fixture
        .recording
        .incidents
        .truncate(fixture.recording.incidents.len() - 5);
    insta::assert_snapshot!(plain(&judged(&fixture, &[])));
}

#[test]
fn colours_only_repeat_what_words_say() {
    let page = terminal(&judged(&Fixture::healthy(), FAILING));
    assert!(page.contains("\u{1b}[31m"), "failing gates are red");
    let words = anstream::adapter::strip_str(&page).to_string();
    assert!(words.contains("✗ FAILS") && words.contains("✗ NOT EXERCISED"));
}

#[test]
fn no_line_is_wider_than_a_hundred_columns() {
    let mut fixture = Fixture::healthy();
    fixture.completeness = Completeness::Interrupted {
        at: Moment::new(START),
    };
    for gates in [HOLDING, FAILING] {
        for line in plain(&judged(&fixture, gates)).lines() {
            assert!(line.chars().count() <= 100, "{line}");
        }
    }
}

#[test]
fn junit_has_a_case_for_each_gate_and_invariant() {
    let xml = junit(&judged(&Fixture::healthy(), FAILING)).expect("plain text");
    insta::assert_snapshot!(xml);
}

#[test]
fn junit_of_an_inconclusive_run_is_no_success() {
    let mut fixture = Fixture::healthy();
    fixture.completeness = Completeness::Interrupted {
        at: Moment::new(START),
    };
    let xml = junit(&judged(&fixture, HOLDING)).expect("plain text");
    assert!(xml.contains("<error message=\"interrupted"), "{xml}");
}

#[test]
fn a_run_leaves_its_files_and_a_person_can_be_followed() {
    let reports = std::env::temp_dir().join(format!("cutover-report-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&reports);
    let mut fixture = Fixture::healthy();
    fixture.recording.incidents_dropped = 4;
    let outcome = judged(&fixture, HOLDING);
    let directory = RunDirectory::create(&reports, "rolling", 1, outcome.start).expect("writable");
    write(&directory, &outcome, &fixture.recording).expect("writable");

    let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).expect(name);
    let again: Outcome = serde_json::from_str(&read(names::OUTCOME)).expect("its own JSON");
    assert_eq!(json(&again), read(names::OUTCOME));
    assert!(read(names::JUNIT).contains("<testsuites"));
    let log = read(names::EVENTS);
    assert_eq!(log.lines().count(), fixture.recording.incidents.len() + 1);
    assert_eq!(log.lines().last(), Some("{\"incidents_not_kept\":4}"));
    insta::assert_snapshot!(log.lines().take(4).collect::<Vec<_>>().join("\n"));
    insta::assert_snapshot!(follow(directory.path(), 17).expect("its own log"));
    let quiet = follow(directory.path(), 999).expect("a person without incidents");
    assert!(quiet.starts_with("person 999: the event log says nothing of them\n"));
    let nobody = follow(directory.path(), 1_000_000).expect_err("there are 1,000 people");
    assert_eq!(
        nobody.to_string(),
        "there is no person 1000000: the rehearsal had 1000, numbered from 0"
    );

    std::fs::write(directory.path().join(names::EVENTS), "{\"person\":17,").expect("writable");
    let error = follow(directory.path(), 17)
        .expect_err("half a line")
        .to_string();
    assert!(error.contains("events.jsonl:1 is no event"), "{error}");
    std::fs::remove_dir_all(&reports).expect("ours");
    assert!(matches!(
        follow(directory.path(), 17),
        Err(FollowError::Unreadable { .. })
    ));
}

#[test]
fn summary_of_gates_that_fail() {
    insta::assert_snapshot!(summary(&judged(&Fixture::healthy(), FAILING)));
}

#[test]
fn summary_of_gates_that_hold_against_a_baseline() {
    let gates = ["forced_logouts <= baseline + 10%", "lockouts == 0"];
    let baseline = Baseline::of(&judged(&Fixture::healthy(), &gates));
    let baseline = baseline.expect("a sound run");
    insta::assert_snapshot!(summary(&judged_against(
        &Fixture::healthy(),
        &gates,
        Some(&baseline)
    )));
}

#[test]
fn summary_of_an_inconclusive_run_says_why() {
    let mut fixture = Fixture::healthy();
    fixture.completeness = Completeness::Interrupted {
        at: Moment::new(START + Span::from_hours(40)),
    };
    let text = summary(&judged(&fixture, HOLDING));
    assert!(
        text.contains("\n- interrupted 1d 16h into the rehearsal"),
        "{text}"
    );
}

/// Lines of annotations, as GitHub reads them.
fn annotated(outcome: &Outcome) -> String {
    let lines = annotations(outcome);
    let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

#[test]
fn every_gate_that_does_not_hold_is_annotated_at_its_line() {
    insta::assert_snapshot!(annotated(&judged(&Fixture::healthy(), FAILING)));
}

#[test]
fn nothing_is_annotated_where_everything_holds() {
    assert_eq!(annotated(&judged(&Fixture::healthy(), HOLDING)), "");
}

#[test]
fn annotations_begin_with_the_gravest_and_stand_at_the_scenario() {
    let mut fixture = Fixture::healthy();
    fixture.count(1, slice(Platform::Web), Measure::WronglyAdmitted, 1);
    let kind = IncidentKind::WronglyAdmitted(WrongAdmission::Revoked);
    fixture.incidents(1, slice(Platform::Web), kind, 1);
    let all = annotated(&judged(&fixture, &["forced_logouts == 0"]));
    assert!(
        all.starts_with(
            "::error file=rolling.toml,line=1,title=nobody is wrongly admitted::1 of 5,280 answers"
        ),
        "{all}"
    );
    assert_eq!(all.lines().count(), 2, "{all}");
}

#[test]
fn what_a_text_holds_means_nothing_to_github() {
    let annotation = Annotation {
        file: "a,b:c.toml".to_owned(),
        line: 3,
        title: "100%: x::y, z".to_owned(),
        message: "50% off\r\n::error::no, really: yes".to_owned(),
    };
    assert_eq!(
        annotation.to_string(),
        "::error file=a%2Cb%3Ac.toml,line=3,title=100%25%3A x%3A%3Ay%2C z::50%25 off%0D%0A::error::no, really: yes"
    );
}

#[test]
fn numbers_as_open_metrics() {
    let text = metrics(&judged(&Fixture::healthy(), FAILING)).expect("plain text");
    insta::assert_snapshot!(text);
    assert!(text.ends_with("# EOF\n"));
}
