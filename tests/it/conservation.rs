//! Counts add up: every visit has an end, every call an answer in the providers' ledgers, every loss a cause.

use std::collections::BTreeMap;
use std::fmt::Debug;

use cutover::recorder::{IncidentKind, Measure, Via};
use cutover::rehearsal::{ProviderAnswer, ProviderCall};
use cutover_mocks::answer::{Breakage, Outcome};
use cutover_mocks::ledger::Ledger;
use cutover_mocks::{auth0, stytch};
use proptest::prelude::*;

use crate::random_scenario;
use crate::rehearsed::{Exchange, Rehearsed, committed, load, rehearse};

/// Status that callers give to a call they stopped waiting for.
const TIMED_OUT: u16 = 599;

/// Sums that do not agree.
#[derive(Default)]
struct Disagreements(Vec<String>);

impl Disagreements {
    fn equal<T: PartialEq + Debug>(&mut self, what: &str, left: &T, right: &T) {
        if left != right {
            self.0.push(format!("{what}: {left:?} is not {right:?}"));
        }
    }

    fn between(&mut self, what: &str, low: u64, number: u64, high: u64) {
        if !(low..=high).contains(&number) {
            self.0
                .push(format!("{what}: {number} is not in {low}..={high}"));
        }
    }
}

/// All that must agree in any rehearsal in virtual time.
fn disagreements(rehearsed: &Rehearsed) -> Vec<String> {
    let mut sums = Disagreements::default();
    visits(rehearsed, &mut sums);
    requests(rehearsed, &mut sums);
    calls(rehearsed, &mut sums);
    migrations(rehearsed, &mut sums);
    sessions(rehearsed, &mut sums);
    causes(rehearsed, &mut sums);
    sums.0
}

fn visits(rehearsed: &Rehearsed, sums: &mut Disagreements) {
    let total = |measure| rehearsed.total(measure);
    let planned = rehearsed.planned().len() + rehearsed.sign_ups().count();
    let scheduled = total(Measure::VisitsScheduled);
    sums.equal(
        "planned visits and scheduled ones",
        &(planned as u64),
        &scheduled,
    );
    let ended =
        total(Measure::VisitsDone) + total(Measure::VisitsAbandoned) + total(Measure::VisitsFailed);
    sums.equal("visits scheduled and ended", &scheduled, &ended);
    sums.equal("visits cut off", &total(Measure::VisitsCutOff), &0);
}

fn requests(rehearsed: &Rehearsed, sums: &mut Disagreements) {
    let total = |measure| rehearsed.total(measure);
    let requests = total(Measure::RequestsAdmitted)
        + total(Measure::RequestsRefused)
        + total(Measure::RequestsFailed);
    let visits = &rehearsed.scenario.population.visits;
    let each = u64::from(visits.parallel_requests);
    let pages = total(Measure::PageLoads);
    sums.between(
        "requests of pages",
        pages * each,
        requests,
        pages * each * 2,
    );
    sums.equal(
        "answers with data and checks of them",
        &total(Measure::RequestsAdmitted),
        &total(Measure::AdmissionChecks),
    );
}

fn calls(rehearsed: &Rehearsed, sums: &mut Disagreements) {
    let mut seen = (BTreeMap::new(), BTreeMap::new());
    let mut answered = (BTreeMap::new(), BTreeMap::new());
    let mut sent = 0;
    for exchange in &rehearsed.exchanges {
        let told = exchange.status();
        let status = if exchange.timed_out() {
            TIMED_OUT
        } else {
            told
        };
        match exchange.dispatch.call {
            ProviderCall::Auth0(call) => {
                let endpoint = call.endpoint();
                sent += u64::from(endpoint != auth0::Endpoint::Jwks);
                *seen.0.entry((endpoint, status)).or_insert(0) += 1;
                *answered.0.entry((endpoint, told)).or_insert(0) += 1;
            }
            ProviderCall::Stytch(call) => {
                let endpoint = call.endpoint();
                sent += u64::from(endpoint != stytch::Endpoint::Jwks);
                *seen.1.entry((endpoint, status)).or_insert(0) += 1;
                *answered.1.entry((endpoint, told)).or_insert(0) += 1;
            }
        }
    }
    let recording = rehearsed.recording();
    sums.equal("Auth0 calls sent and seen", &seen.0, &recording.auth0_calls);
    sums.equal(
        "Stytch calls sent and seen",
        &seen.1,
        &recording.stytch_calls,
    );
    let made = rehearsed.total(Measure::LogicalCalls) + rehearsed.total(Measure::Retries);
    sums.equal("logical calls with retries, &and calls sent", &made, &sent);
    // UserInfo is called by Stytch only.
    let own = |ledger: &Ledger<auth0::Endpoint>| {
        let calls = ledger.calls.iter();
        let own = calls.filter(|((endpoint, _), _)| *endpoint != auth0::Endpoint::UserInfo);
        own.map(|(&key, &count)| (key, count)).collect()
    };
    let (tenant, project) = (&rehearsed.simulated.tenant, &rehearsed.simulated.project);
    sums.equal(
        "Auth0's ledger and its calls",
        &own(tenant.ledger()),
        &answered.0,
    );
    sums.equal(
        "Stytch's ledger and its calls",
        &project.ledger().calls,
        &answered.1,
    );
}

/// A Migrate Session call, by what its answer says of its way through Stytch.
#[derive(PartialEq)]
enum Migrated {
    /// It opened a session, and the caller learnt it.
    Told,
    /// `UserInfo` was asked, and no session came of it that the caller knows.
    Asked,
    /// It may have done all of that, or nothing.
    Unknown,
    /// It was refused before `UserInfo` was asked.
    Refused,
}

impl Migrated {
    fn of(exchange: &Exchange) -> Option<Self> {
        let (ProviderCall::Stytch(stytch::Call::Migrate { .. }), ProviderAnswer::Stytch(answer)) =
            (exchange.dispatch.call, exchange.answer)
        else {
            return None;
        };
        Some(match answer.outcome {
            Outcome::Served(stytch::Reply::Session(_)) if exchange.timed_out() => Self::Unknown,
            Outcome::Served(stytch::Reply::Session(_)) => Self::Told,
            Outcome::Served(_) => Self::Asked,
            Outcome::Refused(no) => match no.error {
                stytch::Error::MigrateUnexpectedResponse | stytch::Error::MigrateEmailUnknown => {
                    Self::Asked
                }
                _ => Self::Refused,
            },
            Outcome::Broken(Breakage::Dropped | Breakage::Truncated | Breakage::Malformed) => {
                Self::Unknown
            }
            Outcome::Broken(Breakage::Refused | Breakage::Html(_)) => Self::Refused,
        })
    }
}

fn migrations(rehearsed: &Rehearsed, sums: &mut Disagreements) {
    let (mut told, mut asked, mut unknown, mut all) = (0, 0, 0, 0);
    for migrated in rehearsed.exchanges.iter().filter_map(Migrated::of) {
        all += 1;
        told += u64::from(migrated == Migrated::Told);
        asked += u64::from(migrated == Migrated::Asked);
        unknown += u64::from(migrated == Migrated::Unknown);
    }
    sums.equal(
        "calls to migrate",
        &rehearsed.total(Measure::MigrateCalls),
        &all,
    );
    let silent = rehearsed.total(Measure::SilentMigrations);
    sums.equal("silent migrations and sessions told", &silent, &told);
    let (tenant, project) = (&rehearsed.simulated.tenant, &rehearsed.simulated.project);
    let opened = project.ledger().migrated;
    sums.between("sessions migrated by Stytch", told, opened, told + unknown);
    let userinfo = tenant.ledger().calls_to(auth0::Endpoint::UserInfo);
    let (low, high) = (told + asked, told + asked + unknown);
    sums.between("UserInfo calls", low, userinfo, high);
    let failed = rehearsed.incidents(|kind| matches!(kind, IncidentKind::MigrationFailed(_)));
    sums.equal(
        "migrations begun and ended",
        &rehearsed.total(Measure::MigrationAttempts),
        &(silent + failed.len() as u64),
    );
}

/// Sessions opened by logging in, as the providers and as the people count them.
fn sessions(rehearsed: &Rehearsed, sums: &mut Disagreements) {
    let (mut told, mut unknown) = ([0; 2], [0; 2]);
    for exchange in &rehearsed.exchanges {
        let (via, opens, served, broken) = match (exchange.dispatch.call, exchange.answer) {
            (ProviderCall::Auth0(call), ProviderAnswer::Auth0(answer)) => (
                Via::Auth0,
                matches!(call, auth0::Call::ExchangeCode { .. }),
                matches!(answer.outcome, Outcome::Served(auth0::Reply::Tokens(_))),
                matches!(answer.outcome, Outcome::Broken(_)),
            ),
            (ProviderCall::Stytch(call), ProviderAnswer::Stytch(answer)) => (
                Via::Stytch,
                !matches!(
                    call,
                    stytch::Call::Migrate { .. } | stytch::Call::Authenticate { .. }
                ),
                matches!(answer.outcome, Outcome::Served(stytch::Reply::Session(_))),
                matches!(answer.outcome, Outcome::Broken(_)),
            ),
            _ => panic!("one provider answered for the other"),
        };
        if opens && served && !exchange.timed_out() {
            told[via as usize] += 1;
        } else if opens && (served || broken) {
            unknown[via as usize] += 1;
        }
    }
    let opened = [
        rehearsed.simulated.tenant.ledger().opened,
        rehearsed.simulated.project.ledger().opened,
    ];
    for via in [Via::Auth0, Via::Stytch] {
        let logged_in = rehearsed.incidents(|kind| kind == IncidentKind::LoggedIn(via));
        let (told, unknown) = (told[via as usize], unknown[via as usize]);
        let name = via.name();
        let logins = logged_in.len() as u64;
        sums.equal(
            &format!("logins at {name} and sessions told"),
            &logins,
            &told,
        );
        let opened = opened[via as usize];
        let what = format!("sessions opened by {name}");
        sums.between(&what, told, opened, told + unknown);
    }
}

fn causes(rehearsed: &Rehearsed, sums: &mut Disagreements) {
    type Is = fn(IncidentKind) -> bool;
    let caused: [(Measure, Is); 10] = [
        (Measure::ForcedLogouts, |kind| {
            matches!(kind, IncidentKind::ForcedLogout(_))
        }),
        (Measure::NaturalLogouts, |kind| {
            matches!(kind, IncidentKind::NaturalLogout(_))
        }),
        (Measure::Lockouts, |kind| {
            matches!(kind, IncidentKind::Lockout(_))
        }),
        (Measure::Abandonments, |kind| {
            matches!(kind, IncidentKind::Abandonment(_))
        }),
        (Measure::SilentMigrations, |kind| {
            kind == IncidentKind::Migrated
        }),
        (Measure::Logins, |kind| {
            matches!(kind, IncidentKind::LoggedIn(_))
        }),
        (Measure::DuplicateAccounts, |kind| {
            kind == IncidentKind::DuplicateAccount
        }),
        (Measure::CreatedAccounts, |kind| {
            kind == IncidentKind::CreatedAccount
        }),
        (Measure::WronglyAdmitted, |kind| {
            matches!(kind, IncidentKind::WronglyAdmitted(_))
        }),
        (Measure::FlipsBack, |kind| {
            matches!(kind, IncidentKind::FlippedBack)
        }),
    ];
    for (measure, is) in caused {
        if measure == Measure::WronglyAdmitted {
            // One incident may tell of several answers.
            let incidents = rehearsed.incidents(is).len() as u64;
            let answers = rehearsed.total(measure);
            sums.between(measure.name(), incidents, answers, answers * incidents);
            continue;
        }
        let (incidents, count) = (
            rehearsed.incidents(is).len() as u64,
            rehearsed.total(measure),
        );
        sums.equal(measure.name(), &incidents, &count);
    }
    let relogins = rehearsed.total(Measure::Relogins);
    sums.between(
        "relogins",
        0,
        relogins,
        rehearsed.total(Measure::ForcedLogouts),
    );
    let mine = rehearsed.recording().causes.values().sum::<u64>();
    let kept = rehearsed.recording().incidents.len() as u64;
    sums.equal("incidents counted and kept", &mine, &kept);
    sums.equal(
        "wrong admissions",
        &rehearsed.total(Measure::WronglyAdmitted),
        &0,
    );
}

#[test]
fn counts_add_up_in_every_committed_scenario() {
    for name in committed() {
        let rehearsed = rehearse(load(&name, &["population.users=1500"]));
        let disagreements = disagreements(&rehearsed);
        assert!(disagreements.is_empty(), "{name}: {disagreements:#?}");
        assert!(
            rehearsed.total(Measure::VisitsDone) > 100,
            "{name} is empty"
        );
    }
}

proptest! {
    #[test]
    fn counts_add_up_in_random_scenarios(scenario in random_scenario::any()) {
        let rehearsed = rehearse(scenario);
        let disagreements = disagreements(&rehearsed);
        prop_assert!(disagreements.is_empty(), "{disagreements:#?}");
    }
}
