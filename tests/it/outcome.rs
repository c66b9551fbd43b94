//! Scenarios as committed, in virtual time: what they find must agree with itself and with the providers.

use std::path::Path;

use cutover::driver::virtual_time;
use cutover::outcome::{
    Assumption, Check, Completeness, Driver, DriverHealth, Elsewhere, Identity, Ledgers, Outcome,
    Played, Rehearsed, Run,
};
use cutover::population::Population;
use cutover::recorder::Measure;
use cutover::scenario::{self, Overrides};
use cutover::verdict::{self, PlacedGate, Status};

use crate::rehearsed::committed;

/// A committed scenario with settings of its own, rehearsed and judged.
fn rehearse(file: &str, set: &[&str]) -> Outcome {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios")
        .join(file);
    let set = set.iter().map(|setting| (*setting).to_owned()).collect();
    let loaded =
        scenario::load(&path, &Overrides { set, seed: None }).expect("a committed scenario");
    let scenario = &loaded.scenario;
    let population = Population::new(scenario);
    let baseline = virtual_time::baseline(scenario, &population);
    let simulated = virtual_time::simulate(scenario, &population, Some(&baseline), |_, _| {});
    let recording = &simulated.ended.recording;
    let calls = recording
        .auth0_calls
        .values()
        .chain(recording.stytch_calls.values())
        .sum();
    let mut outcome = Outcome::new(Rehearsed {
        identity: Identity::new(&loaded, Driver::Virtual, env!("CARGO_PKG_VERSION")),
        run: Run::default(),
        completeness: Completeness::Complete,
        time: &scenario.time,
        played: Played::new(&scenario.time, Elsewhere::VirtualTime),
        providers: &scenario.providers,
        recording,
        ledgers: Some(Ledgers {
            auth0: simulated.tenant.ledger(),
            stytch: simulated.project.ledger(),
        }),
        driver: DriverHealth::exact(calls),
        assumptions: loaded.assumptions.iter().map(Assumption::from).collect(),
    });
    let gates = scenario.gates.iter().cloned().map(PlacedGate::read);
    let gates: Vec<PlacedGate> = gates.collect::<Result<_, _>>().expect("committed gates");
    outcome.verdict = Some(verdict::judge(&outcome, &gates));
    outcome
}

fn assert_sums_agree(outcome: &Outcome) {
    let broken: Vec<&Check> = outcome
        .checks
        .iter()
        .filter(|check| !check.holds())
        .collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

#[test]
fn sums_agree_in_every_committed_scenario() {
    for name in committed() {
        let file = format!("{name}.toml");
        let outcome = rehearse(&file, &["population.users=1000"]);
        assert_sums_agree(&outcome);
        let verdict = outcome.verdict.as_ref().expect("judged");
        let conclusive = matches!(verdict.status, Status::Passed | Status::GateFailed);
        assert!(conclusive, "{file}: {:?}", verdict.reasons);
        assert!(
            outcome.total(Measure::AdmissionChecks) > 0,
            "{file}: nobody was let in"
        );
    }
}

#[test]
fn the_same_rehearsal_has_the_same_fingerprint_and_another_seed_has_another() {
    let settings = ["population.users=300", "cutover.zero-downtime.from=\"3d\""];
    let fingerprint = |set: &[&str]| rehearse("rolling-consumer.toml", set).fingerprint();
    let first = fingerprint(&settings);
    assert_eq!(first, fingerprint(&settings));
    assert_ne!(first, fingerprint(&[settings[0], settings[1], "seed=2"]));
}

#[test]
fn a_real_outcome_is_read_back_byte_by_byte() {
    let outcome = rehearse("rolling-consumer.toml", &["population.users=300"]);
    let written = cutover::report::json(&outcome);
    let read: Outcome = serde_json::from_str(&written).expect("its own JSON");
    assert_eq!(cutover::report::json(&read), written);
}

/// Settings that strain a migration, each alone.
const STRAINS: [&str; 14] = [
    "app.single_flight=\"off\"",
    "app.timeout=\"120ms\"",
    "app.breaker={failures=3, open_for=\"30s\"}",
    "app.lost_cookie=\"5%\"",
    "providers.auth0.faults=[{from=\"3d\", until=\"12d\", kind=\"outage\"}]",
    "providers.auth0.faults=[{from=\"3d\", until=\"12d\", kind=\"dropped\", share=\"20%\"}]",
    "providers.auth0.faults=[{from=\"3d\", until=\"12d\", kind=\"slow\", by=\"20s\", share=\"20%\"}]",
    "providers.auth0.faults=[{from=\"3d\", until=\"12d\", kind=\"throttled-as-500\", share=\"20%\"}]",
    "providers.stytch.faults=[{from=\"3d\", until=\"12d\", kind=\"dropped\", share=\"20%\"}]",
    "providers.stytch.faults=[{from=\"3d\", until=\"12d\", kind=\"truncated\", share=\"20%\"}]",
    "providers.stytch.faults=[{from=\"3d\", until=\"12d\", kind=\"malformed\", share=\"20%\"}]",
    "providers.stytch.faults=[{from=\"3d\", until=\"12d\", kind=\"html\", status=502, share=\"20%\"}]",
    "providers.stytch.faults=[{from=\"3d\", until=\"12d\", kind=\"slow\", by=\"20s\", share=\"20%\"}]",
    "providers.stytch.faults=[{from=\"3d\", until=\"12d\", kind=\"status\", status=500, share=\"50%\"}]",
];

#[test]
fn sums_agree_under_strain() {
    let zero_downtime = "cutover.zero-downtime.from=\"3d\"";
    for strain in STRAINS {
        let outcome = rehearse(
            "rolling-consumer.toml",
            &["population.users=1000", zero_downtime, strain],
        );
        let status = outcome.verdict.as_ref().map(|verdict| verdict.status);
        assert_sums_agree(&outcome);
        assert_ne!(status, Some(Status::Inconclusive), "{strain}");
    }
}
