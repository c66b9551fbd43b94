//! Random scenarios: every knob drawn, extremes more often than chance would have it.

mod population;
mod providers;

use std::fmt::Debug;

use cutover::scenario::app::{App, Breaker, OnMigrateFailure, Retry, SingleFlight, Verify};
use cutover::scenario::cutover::{FlagKey, Rolling, Step, StytchSessions};
use cutover::scenario::{Cutover, Rollback, Scenario, Strategy as Move, Target, Time};
use cutover_mocks::share::Share;
use cutover_mocks::stytch::Vertical;
use cutover_mocks::time::{Span, Timestamp};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// Monday, 2 March 2026, 00:00 UTC.
const START: Timestamp = Timestamp::from_secs(1_772_409_600);

/// When a scenario begins, and how long it lasts.
#[derive(Clone, Copy, Debug)]
struct Frame {
    start: Timestamp,
    length: Span,
}

/// Any scenario.
pub(crate) fn any() -> impl Strategy<Value = Scenario> {
    let vertical = select(vec![Vertical::Consumer, Vertical::B2b]);
    (vertical, 0..1000u64, span(3_600, 4 * 86_400), 0..86_400i64).prop_flat_map(
        |(vertical, seed, length, offset)| {
            let frame = Frame {
                start: START + Span::from_secs(offset),
                length,
            };
            let time = Time {
                start: frame.start,
                length,
                lapse: Span::from_secs(30),
                windows: Vec::new(),
                lateness_limit: Span::from_millis(50),
            };
            let parts = (
                population::population(vertical, length),
                providers::providers(vertical, frame),
                app(),
                cutover(length),
            );
            parts.prop_map(move |(population, providers, app, cutover)| Scenario {
                name: "random".to_owned(),
                question: "Do its counts add up?".to_owned(),
                vertical,
                seed,
                target: Target::Mocks,
                time: time.clone(),
                population,
                providers,
                app,
                cutover,
                gates: Vec::new(),
            })
        },
    )
}

fn span(from: i64, to: i64) -> impl Strategy<Value = Span> {
    (from..=to).prop_map(Span::from_secs)
}

fn millis(from: i64, to: i64) -> impl Strategy<Value = Span> {
    (from..=to).prop_map(Span::from_millis)
}

fn share() -> impl Strategy<Value = Share> {
    prop_oneof![
        Just(Share::ZERO),
        Just(Share::ONE),
        (1..100u8).prop_map(Share::percent)
    ]
}

/// Shares that sum to 1.
fn parts<const N: usize>() -> impl Strategy<Value = [f64; N]>
where
    [f64; N]: Debug,
{
    vec(0..10u8, N).prop_map(|weights| {
        let total: u32 = weights.iter().map(|&weight| u32::from(weight)).sum();
        std::array::from_fn(|index| match (total, index) {
            (0, 0) => 1.0,
            (0, _) => 0.0,
            _ => f64::from(weights[index]) / f64::from(total),
        })
    })
}

fn app() -> impl Strategy<Value = App> {
    let attempts = 1..5u8;
    let retry = prop_oneof![
        Just(Retry::None),
        attempts
            .clone()
            .prop_map(|attempts| Retry::Immediate { attempts }),
        (attempts.clone(), millis(0, 5_000))
            .prop_map(|(attempts, wait)| Retry::Fixed { attempts, wait }),
        (attempts.clone(), millis(1, 500), millis(500, 5_000)).prop_map(|(attempts, base, cap)| {
            Retry::Exponential {
                attempts,
                base,
                cap,
            }
        }),
        (attempts, millis(1, 500), millis(500, 5_000), share()).prop_map(
            |(attempts, base, cap, budget)| Retry::FullJitter {
                attempts,
                base,
                cap,
                budget
            }
        ),
    ];
    let breaker =
        (1..6u16, span(1, 60)).prop_map(|(failures, open_for)| Breaker { failures, open_for });
    let flag = proptest::bool::ANY;
    let single_flight = select(vec![
        SingleFlight::Off,
        SingleFlight::PerInstance,
        SingleFlight::Shared,
    ]);
    let verify = select(vec![Verify::Locally, Verify::ByCall]);
    let failing = select(vec![
        OnMigrateFailure::HonourLegacy,
        OnMigrateFailure::LogOut,
    ]);
    (
        (1..6u16, verify, span(0, 900), span(0, 60), single_flight),
        (retry, flag, option::of(breaker), millis(20, 15_000)),
        (5..3_000i64, flag, failing, flag, flag),
        (millis(0, 60_000), share(), share()),
    )
        .prop_map(
            |(
                (instances, verify, jwks_cache, jwks_cooldown, single_flight),
                (retry, honour_retry_after, breaker, timeout),
                (minutes, extend_on_renewal, on_migrate_failure, create_missing, mirror_signups),
                (flag_delay, lost_cookie, probes),
            )| App {
                instances,
                verify,
                jwks_cache,
                jwks_cooldown,
                single_flight,
                retry,
                honour_retry_after,
                breaker,
                timeout,
                session_duration: Span::from_mins(minutes),
                extend_on_renewal,
                on_migrate_failure,
                create_missing,
                mirror_signups,
                flag_delay,
                lost_cookie,
                probes,
            },
        )
}

fn cutover(length: Span) -> impl Strategy<Value = Cutover> {
    let seconds = length.as_secs();
    let moment = move || span(0, seconds - 1);
    let strategy = prop_oneof![
        Just(Move::None),
        moment().prop_map(|at| Move::AllAtOnce { at }),
        (moment(), option::of(moment())).prop_map(|(from, until)| Move::ZeroDowntime {
            from,
            until: until.filter(|until| *until > from),
        }),
        rolling(length).prop_map(Move::Rolling),
    ];
    let honour = select(vec![StytchSessions::Refuse, StytchSessions::Honour]);
    let rollback = (moment(), honour).prop_map(|(at, stytch_sessions)| Rollback {
        at,
        stytch_sessions,
    });
    (strategy, option::of(rollback)).prop_map(|(strategy, rollback)| Cutover {
        rollback: rollback.filter(|_| strategy != Move::None),
        strategy,
    })
}

fn rolling(length: Span) -> impl Strategy<Value = Rolling> {
    let seconds = length.as_secs();
    let key = select(vec![
        FlagKey::User,
        FlagKey::Cookie,
        FlagKey::Address,
        FlagKey::Geography,
        FlagKey::Organization,
    ]);
    let flag = proptest::bool::ANY;
    (
        (vec(0..seconds, 1..4), vec(0..=100u8, 3)),
        (flag, key, flag, flag),
        (option::of(span(0, seconds - 1)), share()),
    )
        .prop_map(
            |(
                (mut times, mut shares),
                (ramp, key, sticky, migrate),
                (legacy_until, skewed_evaluators),
            )| {
                times.sort_unstable();
                times.dedup();
                shares.sort_unstable();
                let steps: Vec<Step> = times
                    .iter()
                    .zip(shares)
                    .map(|(&at, share)| Step {
                        at: Span::from_secs(at),
                        share: Share::percent(share),
                    })
                    .collect();
                let legacy_until = legacy_until.filter(|until| *until >= steps[0].at);
                Rolling {
                    steps,
                    ramp,
                    key,
                    sticky,
                    migrate,
                    legacy_until,
                    skewed_evaluators,
                }
            },
        )
}
