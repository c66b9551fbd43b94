//! Virtual time: the provider machines answer in process, and time jumps from event to event.

use std::hint::black_box;

use cutover_mocks::answer::Outcome;
use cutover_mocks::auth0::{self, Stamp, Tenant};
use cutover_mocks::stytch::{Project, Step, UserInfoOutcome, UserInfoSeen};
use cutover_mocks::time::Timestamp;

use crate::population::Population;
use crate::population::seed::World;
use crate::rehearsal::{
    Baseline, ClaimsVerifier, Coming, Dispatch, Ended, Progress, ProviderAnswer, ProviderCall,
    Rehearsal, Seen, Verifier,
};
use crate::scenario::{Cutover, Scenario, Strategy};

/// Steps between two looks at how far a rehearsal has come.
const WATCHED_EVERY: u32 = 1 << 14;

/// A rehearsal in virtual time, and the providers as it left them.
#[derive(Debug)]
pub struct Simulated {
    /// What the rehearsal found.
    pub ended: Ended,
    /// The legacy provider.
    pub tenant: Tenant,
    /// The new provider.
    pub project: Project,
}

/// Rehearses a scenario in virtual time.
pub fn simulate(
    scenario: &Scenario,
    population: &Population,
    baseline: Option<&Baseline>,
    watch: impl FnMut(Timestamp, Progress),
) -> Simulated {
    rehearse(scenario, population, baseline, |_, _| {}, watch)
}

/// Rehearses a scenario in virtual time, and shows each call with its answer as the provider gave it.
pub fn observe(
    scenario: &Scenario,
    population: &Population,
    baseline: Option<&Baseline>,
    show: impl FnMut(&Dispatch, &ProviderAnswer),
) -> Simulated {
    rehearse(scenario, population, baseline, show, |_, _| {})
}

fn rehearse(
    scenario: &Scenario,
    population: &Population,
    baseline: Option<&Baseline>,
    show: impl FnMut(&Dispatch, &ProviderAnswer),
    watch: impl FnMut(Timestamp, Progress),
) -> Simulated {
    let World {
        mut tenant,
        mut project,
        starting,
    } = World::new(scenario, population);
    let rehearsal = Rehearsal::new(scenario, population, starting, baseline, ClaimsVerifier);
    let ended = drive(rehearsal, (&mut tenant, &mut project), show, watch).finish();
    Simulated {
        ended,
        tenant,
        project,
    }
}

/// What the same people live through without a cutover.
pub fn baseline(scenario: &Scenario, population: &Population) -> Baseline {
    let cutover = Cutover {
        strategy: Strategy::None,
        rollback: None,
    };
    let unchanged = Scenario {
        cutover,
        ..scenario.clone()
    };
    let World {
        mut tenant,
        mut project,
        starting,
    } = World::new(&unchanged, population);
    let rehearsal =
        Rehearsal::new(&unchanged, population, starting, None, ClaimsVerifier).unrecorded();
    let providers = (&mut tenant, &mut project);
    drive(rehearsal, providers, |_, _| {}, |_, _| {}).into_baseline()
}

/// Plays a rehearsal up to a moment, which is not handled any more. Tells how many calls it made.
pub(crate) fn enter<V: Verifier>(
    rehearsal: &mut Rehearsal<'_, V>,
    tenant: &mut Tenant,
    project: &mut Project,
    until: Timestamp,
) -> u64 {
    rehearsal.set_holding(true);
    let mut made = 0;
    let mut calls: Vec<Dispatch> = Vec::new();
    while rehearsal.next_event().is_some_and(|at| at < until) {
        rehearsal.step();
        calls.extend(rehearsal.take_calls());
        for dispatch in calls.drain(..) {
            let answer = perform(tenant, project, &dispatch);
            let at = dispatch.stamp.at + answer.took();
            rehearsal.answer(dispatch.id, at, Seen::Answered(answer));
            made += 1;
        }
    }
    made
}

/// Plays a rehearsal to its end.
fn drive<'a>(
    mut rehearsal: Rehearsal<'a, ClaimsVerifier>,
    (tenant, project): (&mut Tenant, &mut Project),
    mut show: impl FnMut(&Dispatch, &ProviderAnswer),
    mut watch: impl FnMut(Timestamp, Progress),
) -> Rehearsal<'a, ClaimsVerifier> {
    rehearsal.set_holding(true);
    let mut calls: Vec<Dispatch> = Vec::new();
    let mut steps = 0u32;
    while rehearsal.step() {
        steps = steps.wrapping_add(1);
        if steps.is_multiple_of(WATCHED_EVERY) {
            watch(rehearsal.now(), rehearsal.progress());
        }
        look(tenant, project, rehearsal.now(), rehearsal.take_coming());
        calls.extend(rehearsal.take_calls());
        for dispatch in calls.drain(..) {
            let answer = perform(tenant, project, &dispatch);
            show(&dispatch, &answer);
            rehearsal.answer(
                dispatch.id,
                dispatch.stamp.at + answer.took(),
                Seen::Answered(answer),
            );
        }
    }
    rehearsal
}

/// Reads what the providers know of people who come next, so that it is at hand. Changes nothing.
fn look(tenant: &Tenant, project: &Project, now: Timestamp, coming: impl Iterator<Item = Coming>) {
    for Coming { refresh, session } in coming {
        if let Some(token) = refresh {
            black_box(tenant.refresh_is_live(token, now));
        }
        if let Some(view) = session.and_then(|token| project.session(token.session)) {
            black_box(project.user(view.user));
        }
    }
}

/// Lets the machines answer a call, with the `UserInfo` call that a migration makes.
pub(crate) fn perform(
    tenant: &mut Tenant,
    project: &mut Project,
    dispatch: &Dispatch,
) -> ProviderAnswer {
    match dispatch.call {
        ProviderCall::Auth0(call) => ProviderAnswer::Auth0(tenant.handle(dispatch.stamp, &call)),
        ProviderCall::Stytch(call) => {
            ProviderAnswer::Stytch(match project.handle(dispatch.stamp, &call) {
                Step::Done(answer) => answer,
                Step::AskUserInfo(pending) => {
                    let seen = ask_userinfo(tenant, pending.stamp, pending.token);
                    project.resume(pending, seen)
                }
            })
        }
    }
}

fn ask_userinfo(tenant: &mut Tenant, stamp: Stamp, token: auth0::AccessToken) -> UserInfoSeen {
    let answer = tenant.handle(stamp, &auth0::Call::UserInfo { token });
    let outcome = match answer.outcome {
        Outcome::Served(auth0::Reply::UserInfo(info)) => UserInfoOutcome::Ok {
            email: info.email,
            verified: info.verified,
        },
        Outcome::Served(_) | Outcome::Broken(_) => UserInfoOutcome::Broken,
        Outcome::Refused(refusal) => UserInfoOutcome::NotOk(refusal.status),
    };
    // Over HTTP a line that is cut tells no time; there the servers' clock does.
    UserInfoSeen {
        outcome,
        took: answer.took,
    }
}
