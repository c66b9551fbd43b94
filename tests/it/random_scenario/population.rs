//! Random people: who, how often, with what, and how they react.

use cutover::scenario::PopulationSpec;
use cutover::scenario::population::{
    Beta, Devices, Methods, Organizations, Reaction, Records, Sessions, Surge, Updates, Visits,
};
use cutover_mocks::share::Share;
use cutover_mocks::stytch::Vertical;
use cutover_mocks::time::Span;
use proptest::collection::vec;
use proptest::prelude::*;

use super::{millis, parts, share, span};

pub(super) fn population(
    vertical: Vertical,
    length: Span,
) -> impl Strategy<Value = PopulationSpec> {
    let organizations = match vertical {
        Vertical::Consumer => Just(None).boxed(),
        Vertical::B2b => organizations().prop_map(Some).boxed(),
    };
    (
        (1..40u32, 0..8u8, vec(surge(length), 0..2)),
        (visits(), devices(), sessions(), methods()),
        (records(), reaction(), organizations),
    )
        .prop_map(
            |(
                (users, signups, surges),
                (visits, devices, sessions, methods),
                (records, reaction, organizations),
            )| PopulationSpec {
                users,
                visits,
                devices,
                sessions,
                methods,
                records,
                signups_per_day: f64::from(signups),
                reaction,
                surges,
                organizations,
            },
        )
}

fn surge(length: Span) -> impl Strategy<Value = Surge> {
    let seconds = length.as_secs();
    (span(0, seconds - 1), share(), span(1, 600)).prop_map(|(at, share, within)| Surge {
        at,
        share,
        within,
    })
}

fn organizations() -> impl Strategy<Value = Organizations> {
    (1..8u32, 0..3u8, share(), share(), share(), share()).prop_map(
        |(count, zipf, two_memberships, unmapped, require_mfa, slug_login)| Organizations {
            count,
            zipf: f64::from(zipf),
            two_memberships,
            unmapped,
            require_mfa,
            slug_login,
        },
    )
}

fn visits() -> impl Strategy<Value = Visits> {
    let zone = (-12..=14i64).prop_map(Span::from_hours);
    (
        (1..40u8, 1..40u8, 10..60u8, vec(0..4u8, 24), vec(0..4u8, 7)),
        (vec(zone, 1..3), 10..60u8, 1..6u8, millis(1, 40_000)),
        (share(), millis(0, 500), share(), share()),
    )
        .prop_map(
            |(
                (a, b, per_active_day, hours, weekdays),
                (zones, pages, parallel_requests, think_time),
                (two_tabs, stagger, private_window, logout),
            )| {
                let each = Share::new(1.0 / zones.len() as f64).expect("a share");
                Visits {
                    daily: Beta {
                        a: f64::from(a) / 4.0,
                        b: f64::from(b) / 4.0,
                    },
                    per_active_day: f64::from(per_active_day) / 10.0,
                    hours: weights(&hours),
                    weekdays: weights(&weekdays),
                    zones: zones.into_iter().map(|zone| (zone, each)).collect(),
                    pages: f64::from(pages) / 10.0,
                    parallel_requests,
                    think_time,
                    two_tabs,
                    stagger,
                    private_window,
                    logout,
                }
            },
        )
}

/// Weights of which at least one is above 0.
fn weights<const N: usize>(drawn: &[u8]) -> [f64; N] {
    let any = drawn.iter().any(|&weight| weight > 0);
    std::array::from_fn(|index| if any { f64::from(drawn[index]) } else { 1.0 })
}

fn devices() -> impl Strategy<Value = Devices> {
    let updates = (span(-86_400, 86_400), share(), span(1, 86_400), 1..20u8).prop_map(
        |(released, ever, tau, shape)| Updates {
            released: released - Span::from_days(3),
            ever,
            tau,
            shape: f64::from(shape) / 10.0,
        },
    );
    (
        (parts::<4>(), parts::<3>(), updates),
        (share(), 1..6u8, 1..4usize, share()),
    )
        .prop_map(
            |(
                (per_user, platforms, updates),
                (roaming, people_per_address, regions, cookies_expire),
            )| Devices {
                per_user,
                platforms,
                updates,
                roaming,
                people_per_address: f64::from(people_per_address),
                regions: (0..regions)
                    .map(|number| {
                        let share = Share::new(1.0 / regions as f64).expect("a share");
                        (format!("region {number}"), share)
                    })
                    .collect(),
                cookies_expire,
            },
        )
}

fn sessions() -> impl Strategy<Value = Sessions> {
    (share(), span(3_600, 40 * 86_400), share(), share(), share()).prop_map(
        |(logged_in, oldest, userinfo_audience, email_scope, refresh_token)| Sessions {
            logged_in,
            oldest,
            userinfo_audience,
            email_scope,
            refresh_token,
        },
    )
}

fn methods() -> impl Strategy<Value = Methods> {
    parts::<3>().prop_map(|[password, email, social]| Methods {
        password,
        email,
        social,
    })
}

fn records() -> impl Strategy<Value = Records> {
    (share(), share(), share(), share(), share(), share()).prop_map(
        |(imported, case, form, second_identity, password_imported, email_verified)| Records {
            imported,
            email_case_differs: case,
            email_form_differs: form,
            second_identity,
            password_imported,
            email_verified,
        },
    )
}

fn reaction() -> impl Strategy<Value = Reaction> {
    (
        parts::<3>(),
        share(),
        share(),
        millis(1, 90_000),
        millis(1, 180_000),
        1..5u8,
    )
        .prop_map(
            |(
                [now, later, _],
                forgets_password,
                gives_up_reset,
                login_time,
                mail_time,
                attempts,
            )| {
                Reaction {
                    now: Share::new(now).expect("a share"),
                    later: Share::new(later).expect("a share"),
                    forgets_password,
                    gives_up_reset,
                    login_time,
                    mail_time,
                    attempts,
                }
            },
        )
}
