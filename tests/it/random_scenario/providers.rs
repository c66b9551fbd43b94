//! Random providers: lives, limits, latencies, faults, keys and clocks.

use std::fmt::Debug;

use cutover::scenario::Providers;
use cutover_mocks::fault::{Fault, FaultKind, FaultPlan};
use cutover_mocks::keys::{KeySchedule, Rotation};
use cutover_mocks::latency::Latency;
use cutover_mocks::limit::Rate;
use cutover_mocks::share::Share;
use cutover_mocks::stytch::Vertical;
use cutover_mocks::stytch::settings::WindowLimit;
use cutover_mocks::time::{Span, Timestamp};
use cutover_mocks::{auth0, stytch};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::{Frame, millis, share, span};

fn latency() -> impl Strategy<Value = Latency> {
    (millis(1, 200), 1..30i64).prop_map(|(p50, times)| Latency {
        p50,
        p99: p50 * times,
    })
}

fn rate() -> impl Strategy<Value = Rate> {
    (1..100u8, 1..50u32).prop_map(|(per_second, burst)| Rate {
        per_second: f64::from(per_second) / 10.0,
        burst,
    })
}

fn faults<E: Copy + Debug + PartialEq + 'static>(
    frame: Frame,
    endpoints: &'static [E],
) -> impl Strategy<Value = FaultPlan<E>>
where
    FaultPlan<E>: Debug,
{
    let start = frame.start;
    let length = frame.length.as_secs();
    let kind = prop_oneof![
        Just(FaultKind::Outage),
        select(vec![400, 401, 403, 404, 429, 500, 503]).prop_map(FaultKind::Status),
        Just(FaultKind::ThrottledAs500),
        millis(1, 30_000).prop_map(FaultKind::Slow),
        Just(FaultKind::Dropped),
        Just(FaultKind::Truncated),
        Just(FaultKind::Malformed),
        select(vec![403, 502]).prop_map(FaultKind::Html),
        rate().prop_map(FaultKind::Limit),
    ];
    let endpoint = option::of(select(endpoints));
    let fault = (span(0, length), span(1, length), endpoint, share(), kind);
    let fault = fault.prop_map(move |(from, lasts, endpoint, share, kind)| Fault {
        from: start + from,
        until: start + from + lasts,
        endpoint,
        share: if matches!(kind, FaultKind::Limit(_)) {
            Share::ONE
        } else {
            share
        },
        kind,
    });
    vec(fault, 0..3).prop_map(FaultPlan::new)
}

fn keys(frame: Frame, announces_next: bool) -> impl Strategy<Value = KeySchedule> {
    let start = frame.start;
    let rotation = (1..frame.length.as_secs(), option::of(span(1, 86_400)));
    vec(rotation, 0..3).prop_map(move |mut rotations| {
        rotations.sort_by_key(|(at, _)| *at);
        rotations.dedup_by_key(|(at, _)| *at);
        KeySchedule {
            rotations: rotations
                .into_iter()
                .map(|(at, life)| {
                    let at = start + Span::from_secs(at);
                    Rotation {
                        at,
                        previous_until: life.map_or(Timestamp::NEVER, |life| at + life),
                    }
                })
                .collect(),
            announces_next,
        }
    })
}

/// Mostly right; else a little or far off.
fn skew() -> impl Strategy<Value = Span> {
    prop_oneof![3 => Just(Span::ZERO), 1 => span(-30, 30), 1 => span(-1_200, 1_200)]
}

fn auth0_settings(frame: Frame) -> impl Strategy<Value = auth0::Settings> {
    (
        (span(60, 2 * 86_400), proptest::bool::ANY, span(0, 30)),
        (span(3_600, 40 * 86_400), span(600, 20 * 86_400)),
        (
            option::of(rate()),
            option::of(rate()),
            option::of(1..12u32),
            option::of(rate()),
        ),
        (
            latency(),
            keys(frame, true),
            faults(frame, &auth0::Endpoint::ALL),
            skew(),
        ),
    )
        .prop_map(
            |(
                (access_token_life, rotation, rotation_leeway),
                (refresh_absolute_life, refresh_idle_life),
                (tenant_limit, userinfo_per_user, brute_force_attempts, suspicious_ip),
                (latency_default, keys, faults, clock_skew),
            )| auth0::Settings {
                access_token_life,
                rotation,
                rotation_leeway,
                refresh_absolute_life,
                refresh_idle_life,
                tenant_limit,
                userinfo_per_user,
                brute_force_attempts,
                suspicious_ip,
                latency_default,
                keys,
                faults,
                clock_skew,
                ..auth0::Settings::default()
            },
        )
}

fn stytch_settings(vertical: Vertical, frame: Frame) -> impl Strategy<Value = stytch::Settings> {
    let limit = (1..60u32, span(1, 60)).prop_map(|(calls, window)| WindowLimit { calls, window });
    let flag = proptest::bool::ANY;
    (
        (
            span(60, 900),
            flag,
            flag,
            flag,
            flag,
            proptest::bool::weighted(0.9),
        ),
        (
            span(1, 10),
            1..12u32,
            span(60, 7_200),
            select(vec![400u16, 404, 422]),
        ),
        (option::of(limit), flag, span(60, 3_600)),
        (
            latency(),
            keys(frame, false),
            faults(frame, &stytch::Endpoint::ALL),
            skew(),
        ),
    )
        .prop_map(
            move |(
                (jwt_life, verified, case, mfa, creates, userinfo_configured),
                (userinfo_timeout, lock_after, lock_for, migrate_error_status),
                (project_limit, retry_after, login_link_life),
                (latency_default, keys, faults, clock_skew),
            )| stytch::Settings {
                vertical,
                jwt_life,
                migrate_requires_verified_email: verified,
                migrate_case_sensitive: case,
                migrate_asks_second_factor: mfa,
                magic_link_creates: creates,
                userinfo_configured,
                userinfo_timeout,
                lock_after,
                lock_for,
                migrate_error_status,
                project_limit,
                retry_after,
                login_link_life,
                latency_default,
                keys,
                faults,
                clock_skew,
                ..stytch::Settings::default()
            },
        )
}

pub(super) fn providers(vertical: Vertical, frame: Frame) -> impl Strategy<Value = Providers> {
    (auth0_settings(frame), stytch_settings(vertical, frame))
        .prop_map(|(auth0, stytch)| Providers { auth0, stytch })
}
