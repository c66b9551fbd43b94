//! Where the ceiling is: which limit a strategy reaches first, when, and with how many times the people.

use std::num::NonZeroUsize;

use cutover_mocks::limit::{Allows, LimitUse, Limited, Pressure};
use cutover_mocks::time::{Span, Timestamp};

use super::outcome::{ArmOutcome, Ceiling, Growth};
use super::rehearse::{Counter, Rehearsal, Stage, with_seed};
use super::workers::work_off;
use crate::driver::virtual_time::{self, Simulated};
use crate::outcome::{Moment, grouped};
use crate::population::Population;
use crate::scenario::Scenario;
use crate::scenario::comparison::Arm;
use crate::scenario::cutover::Strategy;
use crate::strategy::Plan;

/// Most people of a rehearsal that looks for a ceiling.
const MOST_PEOPLE: f64 = 320_000.0;
/// Most times the people of the scenario.
const MOST_TIMES: f64 = 16.0;
/// Rehearsals that look for it, for each strategy.
const TRIES: usize = 4;
/// Limits closer together than this need no further look.
const CLOSE: f64 = 1.25;

/// A limit of either provider, and how close calls came to it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Use {
    name: String,
    /// Whether more people bring more of the calls that it counts together.
    grows: bool,
    pressure: Pressure,
}

/// All limits of both providers, as a rehearsal left them.
pub(super) fn limits(simulated: &Simulated) -> Vec<Use> {
    let auth0 = simulated.tenant.limits_in_use();
    let stytch = simulated.project.limits_in_use();
    let auth0 = auth0.iter().map(|limit| {
        let endpoint = |endpoint: cutover_mocks::auth0::Endpoint| endpoint.name();
        named("auth0", limit, endpoint)
    });
    let stytch = stytch.iter().map(|limit| {
        let endpoint = |endpoint: cutover_mocks::stytch::Endpoint| endpoint.name();
        named("stytch", limit, endpoint)
    });
    auth0.chain(stytch).collect()
}

fn named<Endpoint: Copy>(
    provider: &str,
    limit: &LimitUse<Endpoint>,
    name: impl Fn(Endpoint) -> &'static str,
) -> Use {
    let allows = match limit.allows {
        Allows::Bucket(rate) if rate.per_second >= 1.0 => {
            format!("{:.4}/s (burst {})", rate.per_second, rate.burst).replace(".0000", "")
        }
        Allows::Bucket(rate) => {
            format!("{:.1}/min (burst {})", rate.per_second * 60.0, rate.burst).replace(".0/", "/")
        }
        Allows::Window { calls, length } => format!("{calls} per {length}"),
    };
    let calls = match limit.limited {
        Limited::All => format!("all calls to {provider}"),
        Limited::Endpoint(endpoint) => name(endpoint).to_owned(),
        Limited::Person(endpoint) => format!("{} for one person", name(endpoint)),
        Limited::Fault => format!("calls to {provider} while a fault lowers its limit"),
    };
    Use {
        name: format!("{allows} over {calls}"),
        grows: !matches!(limit.limited, Limited::Person(_)),
        pressure: limit.pressure,
    }
}

/// The limit that is reached first; where none is, the one that is closest to it.
fn first<'a>(uses: impl Iterator<Item = (u64, &'a Use)> + Clone) -> Option<(u64, &'a Use)> {
    let reached = uses.clone().filter(|(_, it)| it.pressure.refused > 0);
    reached
        .min_by_key(|(seed, it)| (it.pressure.at, *seed))
        .or_else(|| {
            uses.filter(|(_, it)| it.grows && it.pressure.used > 0.0)
                .max_by(|a, b| {
                    let by_use = a.1.pressure.used.total_cmp(&b.1.pressure.used);
                    // Among equals the first seed's.
                    by_use.then(b.0.cmp(&a.0))
                })
        })
}

/// Finds each strategy's ceiling, and writes it into its outcome.
pub(super) fn find(
    stage: &Stage<'_>,
    arms: &[Arm],
    rehearsals: &[Vec<Rehearsal>],
    outcomes: &mut [ArmOutcome],
    counter: &Counter<'_>,
) {
    let jobs: Vec<(usize, Option<Ceiling>)> = rehearsals
        .iter()
        .zip(arms)
        .enumerate()
        .map(|(place, (done, arm))| (place, as_it_is(arm, done)))
        .collect();
    counter.plan((jobs.len() * TRIES) as u64);
    // The larger rehearsals of all strategies would need much memory at once.
    let threads = stage.threads.min(NonZeroUsize::MIN.saturating_add(7));
    let stopped = || counter.is_stopped();
    let found = work_off(threads, &jobs, stopped, |(place, ceiling)| {
        let mut ceiling = ceiling.clone();
        let scenario = &arms[*place].loaded.scenario;
        if let Some(ceiling) = ceiling.as_mut().filter(|it| it.refused == 0) {
            let seed = with_seed(scenario, ceiling.seed);
            let growth = grow(&seed, ceiling.used, counter)?;
            ceiling.sentence = not_reached(ceiling, growth, scenario);
            ceiling.reached_at = Some(growth);
        } else {
            (0..TRIES).for_each(|_| counter.one_more());
        }
        ceiling
    });
    // Who was stopped knows how it is, but not how far it goes.
    let found = found.into_iter().chain(std::iter::repeat(None));
    for ((outcome, found), (_, as_it_is)) in outcomes.iter_mut().zip(found).zip(jobs) {
        outcome.ceiling = found.or(as_it_is);
    }
}

/// The limit that comes first among all seeds, with the people that there are.
fn as_it_is(arm: &Arm, done: &[Rehearsal]) -> Option<Ceiling> {
    let uses = done.iter().flat_map(|rehearsal| {
        let seed = rehearsal.outcome.identity.seed;
        rehearsal.limits.iter().map(move |it| (seed, it))
    });
    let refused = uses.clone().map(|(_, it)| it.pressure.refused).sum();
    let (seed, it) = first(uses)?;
    let scenario = &arm.loaded.scenario;
    let mut ceiling = Ceiling {
        limit: it.name.clone(),
        used: it.pressure.used,
        at: Moment::new(it.pressure.at),
        seed,
        flag_share: flag_share(scenario, it.pressure.at),
        refused,
        reached_at: None,
        sentence: String::new(),
    };
    ceiling.sentence = reached(&ceiling, scenario);
    Some(ceiling)
}

/// The share of the people whom the cutover has reached at a moment.
fn flag_share(scenario: &Scenario, at: Timestamp) -> f64 {
    let plan = Plan::new(scenario);
    if plan.rolling().is_some() {
        return plan.share(at).get();
    }
    let begun = plan.phases().get(1).is_some_and(|phase| phase.from <= at);
    f64::from(u8::from(begun))
}

/// With how many times the people the limit is reached: a guess from its use, then bisection.
/// Nothing where whoever watches wants no more.
fn grow(scenario: &Scenario, used: f64, counter: &Counter<'_>) -> Option<Growth> {
    let most = (MOST_PEOPLE / f64::from(scenario.population.users)).clamp(1.0, MOST_TIMES);
    let mut growth = Growth {
        holds_at: 1.0,
        fails_at: None,
    };
    for _ in 0..TRIES {
        if counter.is_stopped() {
            return None;
        }
        let times = match growth.fails_at {
            // Use at the worst moment is bursts as much as people: the guess is often too small.
            None if growth.holds_at <= 1.0 => 1.1 / used.max(1e-6),
            None => growth.holds_at * 2.0,
            Some(fails_at) => f64::midpoint(growth.holds_at, fails_at),
        };
        let times = times.min(most);
        let known = times <= growth.holds_at
            || growth
                .fails_at
                .is_some_and(|fails_at| fails_at / growth.holds_at < CLOSE);
        if !known {
            if is_reached(&times_the_people(scenario, times)) {
                growth.fails_at = Some(times);
            } else {
                growth.holds_at = times;
            }
        }
        counter.one_more();
    }
    Some(growth)
}

fn times_the_people(scenario: &Scenario, times: f64) -> Scenario {
    let mut scenario = scenario.clone();
    let population = &mut scenario.population;
    let scaled = |count: u32| libm::round(f64::from(count) * times) as u32;
    population.users = scaled(population.users);
    population.signups_per_day *= times;
    if let Some(organizations) = &mut population.organizations {
        organizations.count = scaled(organizations.count).min(u32::from(u16::MAX));
    }
    scenario
}

/// Whether a limit that grows with the people refuses anybody.
fn is_reached(scenario: &Scenario) -> bool {
    let population = Population::new(scenario);
    let simulated = virtual_time::simulate(scenario, &population, None, |_, _| {});
    let uses = limits(&simulated);
    uses.iter().any(|it| it.grows && it.pressure.refused > 0)
}

/// Scenario time as people write it: `day 3 at 18:04 UTC`, days from 1.
fn when(at: Timestamp, scenario: &Scenario) -> String {
    let since = at - scenario.time.start;
    let day = since.as_micros().div_euclid(Span::from_days(1).as_micros()) + 1;
    let seconds = at.as_secs().rem_euclid(86_400);
    format!(
        "day {day} at {:02}:{:02} UTC",
        seconds / 3_600,
        seconds / 60 % 60
    )
}

/// How far the cutover had come.
fn stage_of(ceiling: &Ceiling, scenario: &Scenario) -> String {
    match &scenario.cutover.strategy {
        Strategy::None => String::new(),
        Strategy::Rolling(_) => format!(
            " with the flag at {}%",
            libm::round(ceiling.flag_share * 1_000.0) / 10.0
        ),
        Strategy::AllAtOnce { .. } | Strategy::ZeroDowntime { .. } if ceiling.flag_share > 0.0 => {
            " after the cutover".to_owned()
        }
        Strategy::AllAtOnce { .. } | Strategy::ZeroDowntime { .. } => {
            " before the cutover".to_owned()
        }
    }
}

fn reached(ceiling: &Ceiling, scenario: &Scenario) -> String {
    format!(
        "{} is reached first, on {}{} (seed {}); all limits together refuse {} calls in all seeds",
        ceiling.limit,
        when(ceiling.at.timestamp(), scenario),
        stage_of(ceiling, scenario),
        ceiling.seed,
        grouped(ceiling.refused)
    )
}

fn not_reached(ceiling: &Ceiling, growth: Growth, scenario: &Scenario) -> String {
    let people =
        |times: f64| grouped(libm::round(f64::from(scenario.population.users) * times) as u64);
    let times = match growth.fails_at {
        Some(fails_at) => format!(
            "it would be between {:.1} and {:.1} times the people ({} and {})",
            growth.holds_at,
            fails_at,
            people(growth.holds_at),
            people(fails_at)
        ),
        None => format!(
            "it is not reached with {:.1} times the people ({}) either, the most that was tried",
            growth.holds_at,
            people(growth.holds_at)
        ),
    };
    format!(
        "no limit is reached; closest is {}, {:.0}% used on {}{} (seed {}); {times}",
        ceiling.limit,
        ceiling.used * 100.0,
        when(ceiling.at.timestamp(), scenario),
        stage_of(ceiling, scenario),
        ceiling.seed
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(name: &str, used: f64, at: i64, refused: u64) -> Use {
        Use {
            name: name.to_owned(),
            grows: true,
            pressure: Pressure {
                used,
                at: Timestamp::from_secs(at),
                refused,
            },
        }
    }

    fn name(uses: &[Use]) -> Option<&str> {
        first(uses.iter().map(|it| (1, it))).map(|(_, it)| it.name.as_str())
    }

    #[test]
    fn the_limit_that_refuses_first_comes_before_one_that_is_only_close() {
        let uses = [
            limit("close", 1.0, 1, 0),
            limit("late", 1.0, 9, 50),
            limit("early", 1.0, 5, 1),
        ];
        assert_eq!(name(&uses), Some("early"));
        assert_eq!(name(&uses[..1]), Some("close"));
        assert_eq!(name(&[]), None);
    }

    #[test]
    fn one_persons_own_limit_says_nothing_of_more_people() {
        let mut own = limit("own", 0.9, 1, 0);
        own.grows = false;
        let uses = [own, limit("all", 0.2, 3, 0)];
        assert_eq!(name(&uses), Some("all"));
    }
}
