//! The shape: it is read back as it was written, and its schema says what it is.

use std::path::Path;

use cutover_mocks::fault::{Fault, FaultKind, FaultPlan};
use cutover_mocks::limit::Rate;
use cutover_mocks::share::Share;
use cutover_mocks::time::{Span, Timestamp};

use super::fixture::{Fixture, START};
use super::*;
use crate::recorder::Operation;

#[test]
fn an_outcome_is_read_back_byte_by_byte() {
    let mut outcome = Fixture::healthy().outcome();
    outcome.verdict = Some(crate::verdict::judge(&outcome, &[]));
    let written = serde_json::to_string_pretty(&outcome).expect("text keys only");
    let read: Outcome = serde_json::from_str(&written).expect("its own JSON");
    assert_eq!(read, outcome);
    assert_eq!(
        serde_json::to_string_pretty(&read).expect("text keys only"),
        written
    );
}

#[test]
fn names_in_json_are_the_names_of_gates() {
    for measure in Measure::ALL {
        let json = serde_json::to_value(measure).expect("a word");
        assert_eq!(json, measure.name());
    }
    for operation in Operation::ALL {
        let json = serde_json::to_value(operation).expect("a word");
        assert_eq!(json, operation.name());
    }
}

#[test]
fn the_fingerprint_tells_what_happened_and_not_where() {
    let outcome = Fixture::healthy().outcome();
    let elsewhere = Outcome {
        run: Run {
            machine: Machine {
                cores: 64,
                ..outcome.run.machine.clone()
            },
            ..outcome.run.clone()
        },
        ..outcome.clone()
    };
    assert_eq!(outcome.fingerprint(), elsewhere.fingerprint());
    let otherwise = Outcome {
        incidents_dropped: 1,
        ..outcome.clone()
    };
    assert_ne!(outcome.fingerprint(), otherwise.fingerprint());
}

#[test]
fn a_histogram_survives_its_text() {
    let outcome = Fixture::healthy().outcome();
    let row = &outcome.latency[0];
    let histogram = row.decode().expect("its own text");
    assert_eq!((histogram.len(), histogram.max()), (row.count, row.max_us));
}

#[test]
fn in_virtual_time_all_latency_is_modelled_alike() {
    let mut fixture = Fixture::healthy();
    let pages = fixture.recording.latency[&Operation::Page].clone();
    fixture
        .recording
        .latency_lapse
        .insert(Operation::Page, pages.clone());
    assert_eq!(fixture.outcome().latency_lapse.len(), 1);
    fixture.carried_by = Driver::Virtual;
    let outcome = fixture.outcome();
    assert_eq!(
        (outcome.latency[0].count, outcome.latency_lapse.len()),
        (2 * pages.len(), 0)
    );
}

#[test]
fn user_info_is_told_by_the_tenant_and_peaks_with_migrate_session() {
    let outcome = Fixture::healthy().outcome();
    let user_info = outcome
        .calls
        .iter()
        .find(|calls| calls.endpoint == "auth0.userinfo")
        .expect("called");
    assert_eq!((user_info.calls, user_info.called_by_stytch), (597, true));
    assert_eq!(user_info.peak.map(|peak| peak.per_second), Some(17));
    assert_eq!(user_info.limits.len(), 2);
}

#[test]
fn moments_beyond_the_calendar_stop_at_its_end() {
    assert_eq!(Moment::new(START).to_string(), "2026-03-02T00:00:00Z");
    assert!(Moment::new(Timestamp::NEVER) > Moment::new(START + Span::from_days(36_500)));
    let json = serde_json::to_string(&Moment::new(START + Span::from_micros(1))).expect("text");
    assert_eq!(json, "\"2026-03-02T00:00:00.000001Z\"");
}

#[test]
fn a_limit_that_a_fault_imposes_is_in_force_for_its_time() {
    let mut fixture = Fixture::healthy();
    let (from, until) = (START + Span::from_hours(1), START + Span::from_hours(2));
    fixture.providers.auth0.faults = FaultPlan::new(vec![Fault {
        from,
        until,
        endpoint: Some(auth0::Endpoint::Token),
        share: Share::ONE,
        kind: FaultKind::Limit(Rate {
            per_second: 2.0,
            burst: 4,
        }),
    }]);
    let outcome = fixture.outcome();
    let limits = |name: &str| {
        outcome
            .calls
            .iter()
            .find(|calls| calls.endpoint == name)
            .map(|calls| calls.limits.clone())
    };
    let token = limits("auth0.token").expect("called");
    let during = Some(During {
        from: Moment::new(from),
        until: Moment::new(until),
    });
    assert_eq!((token[1].scope, token[1].during), (Scope::Endpoint, during));
    assert_eq!(limits("auth0.jwks").expect("called").len(), 1);
}

fn schema() -> serde_json::Value {
    serde_json::to_value(schemars::schema_for!(Outcome)).expect("a schema is JSON")
}

/// The committed schema is the one of these types. `UPDATE_GENERATED=1` rewrites it.
#[test]
fn the_committed_schema_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/outcome.schema.json");
    let generated = serde_json::to_string_pretty(&schema()).expect("a schema is JSON") + "\n";
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::create_dir_all(path.parent().expect("a file in a directory")).expect("writable");
        std::fs::write(&path, &generated).expect("writable");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == generated,
        "reports/outcome.schema.json is stale: run with UPDATE_GENERATED=1"
    );
}

#[test]
fn outcomes_fit_the_schema_and_others_do_not() {
    let validator = jsonschema::validator_for(&schema()).expect("a valid schema");
    for fixture in [Fixture::empty(), Fixture::healthy()] {
        let mut outcome = fixture.outcome();
        outcome.verdict = Some(crate::verdict::judge(&outcome, &[]));
        let json = serde_json::to_value(&outcome).expect("text keys only");
        let errors: Vec<String> = validator
            .iter_errors(&json)
            .map(|error| error.to_string())
            .collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
    let mut wrong = serde_json::to_value(Fixture::empty().outcome()).expect("text keys only");
    wrong["identity"]["seed"] = "one".into();
    assert!(!validator.is_valid(&wrong));
}

#[test]
fn offsets_are_exact() {
    let offset = |span: Span| Moment::new(START + span).offset(Moment::new(START));
    assert_eq!(offset(Span::from_hours(32)), "1d 08:00:00");
    assert_eq!(offset(Span::from_millis(61_250)), "0d 00:01:01.250");
    assert_eq!(offset(Span::from_secs(-1)), "-0d 00:00:01");
}
