//! A window against stand-ins: the real program, from the plan to the last record removed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cutover::driver::http::Options;
use cutover::driver::http::conductor::Ending;
use cutover::driver::http::tenants::cast::LeftOut;
use cutover::driver::http::tenants::{TenantRunError, Trial};
use cutover::driver::virtual_time;
use cutover::population::Population;
use cutover::recorder::Recording;
use cutover::rehearsal::ProviderCall;
use cutover::scenario::{self, Loaded, Overrides};
use cutover::tenant::provision::ProvisionError;
use cutover::tenant::tenants::Tenants;
use serde_json::Value;
use tempfile::TempDir;

use super::killed::{cutover, run, text};
use super::secrets;
use super::standin::{Setup, StandIn};
use cutover_mocks::stytch::Vertical;
use cutover_mocks::{auth0, stytch};

/// A window of that scenario, and where its journals are kept.
pub(super) struct Stage {
    pub(super) folder: TempDir,
    pub(super) loaded: Loaded,
    pub(super) population: Population,
}

impl Stage {
    /// For consumers, with these settings changed.
    pub(super) fn of(cutover: &str, sets: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a directory");
        let path = write_scenario(folder.path(), "consumer", cutover);
        let overrides = Overrides {
            set: sets.iter().map(|set| (*set).to_owned()).collect(),
            ..Overrides::default()
        };
        let loaded = scenario::load(&path, &overrides).expect("a sound scenario");
        Self {
            population: Population::new(&loaded.scenario),
            folder,
            loaded,
        }
    }

    pub(super) fn trial(&self, tenants: Tenants) -> Trial<'_> {
        Trial {
            scenario: &self.loaded.scenario,
            population: &self.population,
            window: &self.loaded.scenario.time.windows[0],
            tenants: Arc::new(tenants),
            journals: self.folder.path(),
        }
    }
}

/// Everybody comes within the window, ten minutes after the cutover.
pub(super) fn write_scenario(folder: &Path, vertical: &str, cutover: &str) -> PathBuf {
    let organizations = if vertical == "b2b" {
        "[population.organizations]\ncount = 4\nrequire_mfa = \"0%\"\ntwo_memberships = \"0%\"\nunmapped = \"0%\"\n"
    } else {
        ""
    };
    let when = match cutover {
        "all-at-once" => "at = \"30m\"",
        "none" => "",
        _ => "from = \"30m\"",
    };
    let text = format!(
        r#"
name = "trial"
vertical = "{vertical}"
target = "test"

[time]
start = 2026-03-02T08:00:00Z
length = "2h"
lateness_limit = "5s"

[[time.windows]]
name = "everybody"
from = "40m"
length = "4s"

[population]
users = 40
signups_per_day = 120

[[population.surges]]
at = "40m"
share = "100%"
within = "4s"

[population.sessions]
logged_in = "100%"
userinfo_audience = "100%"
email_scope = "100%"
refresh_token = "100%"

[population.visits]
pattern = "habit"
pages = 1
parallel_requests = 1
think_time = "1s"
two_tabs = "0%"
private_window = "0%"
logout = "0%"

[population.methods]
password = "100%"
email = "0%"
social = "0%"

[population.records]
imported = "100%"
password_imported = "100%"
second_identity = "0%"
email_form_differs = "0%"

[population.reaction]
now = "100%"
later = "0%"
login_time = "1s"

[population.devices]
per_user = ["100%", "0%", "0%", "0%"]
platforms = {{ web = "100%", ios = "0%", android = "0%" }}

{organizations}
[cutover.{cutover}]
{when}

[gates]
require = ["wrongly_admitted == 0"]
"#
    );
    let path = folder.join("trial.toml");
    std::fs::write(&path, text).expect("a scenario");
    path
}

const FAST: [&str; 6] = [
    "--auth0-rate",
    "500",
    "--stytch-rate",
    "500",
    "--people",
    "12",
];

async fn tried(vertical: Vertical, cutover_by: &str) -> (StandIn, TempDir, Value) {
    let mut setup = Setup::default();
    setup.stytch.vertical = vertical;
    let stand_in = StandIn::start(setup).await;
    let folder = tempfile::tempdir().expect("a directory");
    let name = match vertical {
        Vertical::Consumer => "consumer",
        Vertical::B2b => "b2b",
    };
    write_scenario(folder.path(), name, cutover_by);
    let before = stand_in.holdings();
    let args = [
        &["run", "trial.toml", "--window", "everybody", "--json"][..],
        &FAST,
    ]
    .concat();
    let seen = run(cutover(&stand_in, folder.path(), &args)).await;
    assert!(seen.status.success(), "{}", text(&seen));
    assert_eq!(stand_in.holdings(), before, "{}", text(&seen));
    secrets::none_in(&stand_in, folder.path());
    secrets::none_told(&stand_in, &seen);
    let outcome = serde_json::from_slice(&seen.stdout).expect("an outcome");
    (stand_in, folder, outcome)
}

/// A count of the whole rehearsal.
fn total(outcome: &Value, measure: &str) -> u64 {
    let rows = outcome["counts"].as_array().expect("counts");
    let counts = rows.iter().map(|row| row["counts"][measure].as_u64());
    counts.map(|count| count.unwrap_or(0)).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_migrate_at_real_providers() {
    let (stand_in, _folder, outcome) = tried(Vertical::Consumer, "zero-downtime").await;
    assert_eq!(outcome["identity"]["driver"], "tenants");
    let migrated = total(&outcome, "silent_migrations");
    assert!(migrated > 0, "{outcome}");
    assert_eq!(total(&outcome, "forced_logouts"), 0);
    // Nobody else has lived through any of it, sign-ups included.
    assert_eq!(total(&outcome, "sign_ups"), 0);
    assert_eq!(outcome["people"]["people"], 12);
    let ledger = stand_in.running.stytch().expect("it is served");
    let at_stytch = ledger.project().ledger().migrated;
    assert!(at_stytch >= migrated, "{at_stytch} of {migrated}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_logs_in_anew_at_once() {
    let (.., outcome) = tried(Vertical::Consumer, "all-at-once").await;
    assert!(total(&outcome, "forced_logouts") > 0, "{outcome}");
    assert!(total(&outcome, "logins") > 0, "{outcome}");
}

/// The application creates people in the course of a window: their records go away as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_whom_the_application_creates_are_removed_too() {
    let stand_in = StandIn::start(Setup::default()).await;
    let folder = tempfile::tempdir().expect("a directory");
    write_scenario(folder.path(), "consumer", "zero-downtime");
    let before = stand_in.holdings();
    let sets = [
        "--set=population.records.imported=0%",
        "--set=app.create_missing=true",
    ];
    let args = [
        &["run", "trial.toml", "--window=everybody"][..],
        &FAST,
        &sets,
    ]
    .concat();
    let seen = run(cutover(&stand_in, folder.path(), &args)).await;
    assert!(seen.status.success(), "{}", text(&seen));
    assert_eq!(stand_in.holdings(), before, "{}", text(&seen));
    let stytch = stand_in.running.stytch().expect("it is served");
    let project = stytch.project();
    assert!(project.ledger().created > 0, "nobody was created");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn members_migrate_at_real_providers() {
    let (.., outcome) = tried(Vertical::B2b, "zero-downtime").await;
    assert!(total(&outcome, "silent_migrations") > 0, "{outcome}");
}

/// Nobody is chosen whose calls would wait for the pace: a run with nothing set proves something.
#[tokio::test]
async fn the_cast_keeps_to_the_pace() {
    let setup = Setup {
        rate: Some(1.0),
        ..Setup::default()
    };
    let stand_in = StandIn::start(setup).await;
    let stage = Stage::of("zero-downtime", &["time.lateness_limit=100ms"]);
    let trial = stage.trial(stand_in.tenants(&[]));
    let (cast, _) = trial.plan().expect("somebody comes");
    let out = cast.left_out.get(&LeftOut::Pace);
    assert!(out.is_some_and(|out| *out > 0), "{cast:?}");

    let from = trial.scenario.time.start + trial.window.from;
    let mut calls = Vec::new();
    let only = stage.population.only(cast.people.clone());
    virtual_time::observe(&trial.shortened(), &only, None, |dispatch, _| {
        // A migration asks the tenant, too.
        let asks = match dispatch.call {
            ProviderCall::Auth0(call) => {
                matches!(
                    call,
                    auth0::Call::Refresh { .. } | auth0::Call::UserInfo { .. }
                )
            }
            ProviderCall::Stytch(call) => matches!(call, stytch::Call::Migrate { .. }),
        };
        if asks && dispatch.stamp.at >= from {
            calls.push(dispatch.stamp.at);
        }
    });
    calls.sort();
    assert!(!calls.is_empty());
    for (first, at) in calls.iter().enumerate() {
        for (last, until) in calls.iter().enumerate().skip(first) {
            let seconds = (*until - *at).as_secs_f64() + 0.1;
            let (count, most) = (last - first + 1, 5.0 + seconds);
            assert!(
                count as f64 <= most,
                "{count} calls in {seconds} s: {calls:?}"
            );
        }
    }
}

/// Whoever wants to stop waits for no pause of a provider's.
#[tokio::test]
async fn a_wish_to_stop_is_heard_before_anybody_is_made() {
    let stand_in = StandIn::start(Setup::default()).await;
    let stage = Stage::of("zero-downtime", &[]);
    let trial = stage.trial(stand_in.tenants(&[]));
    let (cast, plan) = trial.plan().expect("somebody comes");
    let options = Options::default();
    options.stop.wish();
    let tried = Box::pin(trial.play((cast, &plan), &options, |_| {})).await;
    let stopped = TenantRunError::Provision(ProvisionError::Stopped);
    assert_eq!(tried.run.unwrap_err().to_string(), stopped.to_string());
    assert!(tried.removal.is_some_and(|removed| removed.is_ok()));
    assert_eq!(stand_in.requests(), 0);
}

/// Whoever comes in the window is in the cast or counted among those who are left out.
#[tokio::test]
async fn everybody_who_is_left_out_is_counted() {
    let stand_in = StandIn::start(Setup::default()).await;
    let sets = [
        "population.methods.password=60%",
        "population.methods.email=40%",
        "population.records.second_identity=20%",
        "population.records.password_imported=80%",
    ];
    let stage = Stage::of("zero-downtime", &sets);
    let trial = stage.trial(stand_in.tenants(&[]));
    let (scenario, population, window) = (trial.scenario, trial.population, trial.window);
    let (cast, _) = trial.plan().expect("somebody comes");
    let (from, days) = (scenario.time.start + window.from, population.days(scenario));
    let mut come = BTreeSet::new();
    for day in 0..days {
        for visit in population.visits_on(scenario, day) {
            if from <= visit.at && visit.at < from + window.length {
                come.insert(visit.person);
            }
        }
    }
    let out: u32 = cast.left_out.values().sum();
    assert!(cast.left_out.len() >= 3, "{cast:?}");
    assert_eq!(cast.people.len() + out as usize, come.len(), "{cast:?}");
}

/// Stand-ins are the machines of virtual time: the cast must meet the same fate at both.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_cast_fares_as_in_virtual_time() {
    tokio::join!(
        fares_as_in_virtual_time("zero-downtime"),
        fares_as_in_virtual_time("all-at-once"),
        fares_as_in_virtual_time("none"),
    );
}

async fn fares_as_in_virtual_time(by: &str) {
    let stand_in = StandIn::start(Setup::default()).await;
    let stage = Stage::of(by, &[]);
    let trial = stage.trial(stand_in.tenants(&[]));
    let (cast, plan) = trial.plan().expect("somebody comes");
    let (shortened, only) = (
        trial.shortened(),
        stage.population.only(cast.people.clone()),
    );
    let mut options = Options::default();
    options.carriers.count = 8;
    let tried = Box::pin(trial.play((cast, &plan), &options, |_| {})).await;
    let real = tried.run.expect("a window");
    assert_eq!(real.ending, Ending::Played);
    assert_eq!(real.unplayed, 0);

    let baseline = virtual_time::baseline(&shortened, &only);
    let simulated = virtual_time::simulate(&shortened, &only, Some(&baseline), |_, _| {});
    let (here, there) = (&simulated.ended.recording, &real.ended.recording);
    assert_eq!(there.causes, here.causes, "{by}");
    assert_eq!(totals(there), totals(here), "{by}");
}

/// Calls of a rehearsal, but for the keys: those of the providers were at hand.
fn totals(recording: &Recording) -> BTreeMap<(String, u16), u64> {
    let auth0 = recording.auth0_calls.iter();
    let auth0 = auth0.map(|((at, status), count)| ((format!("{at:?}"), *status), *count));
    let stytch = recording.stytch_calls.iter();
    let stytch = stytch.map(|((at, status), count)| ((format!("stytch {at:?}"), *status), *count));
    auth0
        .chain(stytch)
        .filter(|((name, _), _)| !name.ends_with("Jwks"))
        .collect()
}
