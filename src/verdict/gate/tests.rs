//! The grammar: what is a gate, what is not, and what the reader is told.

use proptest::prelude::*;

use super::*;
use crate::recorder::{IncidentKind, LogoutCause, Measure, Operation};

#[test]
fn gates_of_every_form_are_read_and_written_alike() {
    let gates = [
        "forced_logouts == 0",
        "forced_logouts{platform=ios, phase=\"step 25%\"} <= 10",
        "migration_success >= 99.9%",
        "migration_success{cohort=moved} >= 99.9%",
        "latency.migrate.p99 < 400ms",
        "latency.page_with_migration.max <= 1500ms",
        "lockouts < 0.1%",
        "wrongly_admitted == 0",
        "calls.auth0.userinfo.peak <= 100/s",
        "calls.auth0.token.429 == 0",
        "calls.stytch.migrate.5xx < 1%",
        "calls.stytch.migrate.timed_out == 0",
        "calls.stytch.migrate <= 5000",
        "storm.logins.peak <= 5.5/s",
        "storm.amplification < 1.5",
        "causes.forced_logouts.refresh_race == 0",
        "causes.lockouts.not_imported{record=missing} > 3",
        "causes.logins.stytch != 0",
        "residue < 1%",
        "devices_on_stytch >= 90%",
        "still_out == 0",
        "retries <= 150%",
    ];
    for text in gates {
        assert_eq!(
            parse(text).map(|gate| gate.to_string()),
            Ok(text.to_owned())
        );
    }
}

#[test]
fn blanks_and_other_spellings_of_the_same_gate_are_read() {
    let cases = [
        ("  forced_logouts==0 ", "forced_logouts == 0"),
        (
            "lockouts{ platform = web ,app=\"old\" }<3",
            "lockouts{platform=web, app=old} < 3",
        ),
        ("latency.page.p50 < 1.5 s", "latency.page.p50 < 1500ms"),
        ("latency.page.p50 < 120s", "latency.page.p50 < 2m"),
        (
            "forced_logouts{phase=after} == 0",
            "forced_logouts{phase=\"after\"} == 0",
        ),
        ("lockouts < 0.10%", "lockouts < 0.1%"),
    ];
    for (text, canonical) in cases {
        assert_eq!(
            parse(text).map(|gate| gate.to_string()),
            Ok(canonical.to_owned()),
            "{text}"
        );
    }
}

/// Text, the part of it that is wrong, the message, the help.
const REFUSED: &[(&str, &str, &str, &str)] = &[
    (
        "forced_logout == 0",
        "forced_logout",
        "there is no quantity `forced_logout`",
        "did you mean `forced_logouts`?",
    ),
    (
        "device_on_stytch > 1",
        "device_on_stytch",
        "there is no quantity `device_on_stytch`",
        "did you mean `devices_on_stytch`?",
    ),
    (
        "latency.migrate.p98 < 1s",
        "p98",
        "there is no percentile `p98`",
        "did you mean `p90`?",
    ),
    (
        "latency.migrate < 1s",
        "",
        "the name of the percentile is missing",
        "one of p50, p90, p95, p99, p999, max",
    ),
    (
        "latency.migrat.p99 < 1s",
        "migrat",
        "there is no operation `migrat`",
        "did you mean `migrate`?",
    ),
    (
        "calls.auth0.userinf.peak < 1/s",
        "userinf",
        "there is no endpoint `userinf`",
        "did you mean `userinfo`?",
    ),
    (
        "calls.okta.token < 1",
        "okta",
        "there is no provider `okta`",
        "one of auth0, stytch",
    ),
    (
        "calls.auth0.token.999 == 0",
        "999",
        "there is no kind of calls `999`",
        "an HTTP status such as 429, or one of peak, no_answer, timed_out, 2xx, 3xx, 4xx, 5xx",
    ),
    (
        "causes.lockouts.refresh_race == 0",
        "refresh_race",
        "there is no cause `refresh_race`",
        "one of not_imported, address_differs, no_legacy_record, old_app, organization_not_mapped, flag_loop, throttled, provider_failed",
    ),
    (
        "lockouts.web == 0",
        ".web",
        "`lockouts` has no parts",
        "write `lockouts`",
    ),
    (
        "lockouts{platfrom=web} == 0",
        "platfrom",
        "there is no key `platfrom`",
        "did you mean `platform`?",
    ),
    (
        "lockouts{platform=windows} == 0",
        "windows",
        "there is no platform `windows`",
        "one of web, ios, android",
    ),
    (
        "residue{platform=web} == 0",
        "{platform=web} ",
        "`residue` is not kept apart by platform, cohort or phase",
        "leave the braces out",
    ),
    (
        "lockouts{platform=web} < 1%",
        "1%",
        "the whole that `lockouts` is a share of is not kept apart by {platform=web}",
        "expected a whole number such as 0",
    ),
    (
        "lockouts{app=old, app=old} == 0",
        "app",
        "`app` stands here twice",
        "a gate asks for one value of each; write a second gate",
    ),
    ("lockouts = 0", "=", "`=` compares nothing", "write `==`"),
    ("lockouts ≤ 0", "≤", "`≤` is not known", "write `<=`"),
    (
        "latency.migrate.p99 < 400",
        "400",
        "`400` does not fit `latency.migrate.p99`",
        "expected a time such as 400ms",
    ),
    (
        "latency.migrate.p99 < 400 parsecs",
        "400 parsecs",
        "there is no unit `parsecs`",
        "expected a time such as 400ms",
    ),
    (
        "latency.migrate.p99 < 0.1us",
        "0.1us",
        "the time is finer than a microsecond",
        "expected a time such as 400ms",
    ),
    (
        "calls.auth0.token.peak <= 100",
        "100",
        "`100` does not fit `calls.auth0.token.peak`",
        "expected a rate such as 100/s",
    ),
    (
        "page_loads < 3%",
        "3%",
        "`3%` does not fit `page_loads`",
        "expected a whole number such as 0",
    ),
    (
        "lockouts < 2.5",
        "2.5",
        "`2.5` is no whole number",
        "expected a whole number or a percentage such as 0.1%",
    ),
    (
        "lockouts < -1",
        "-1",
        "`-1` is no limit",
        "expected a whole number or a percentage such as 0.1%",
    ),
    (
        "migration_success > 3",
        "3",
        "`3` does not fit `migration_success`",
        "expected a percentage such as 99.9%",
    ),
    (
        "migration_success >= 101%",
        "101%",
        "this gate can never hold",
        "`migration_success` is from 0% to 100%",
    ),
    (
        "lockouts >= 0",
        "0",
        "this gate can never fail",
        "`lockouts` is never below 0",
    ),
    (
        "lockouts < 0",
        "0",
        "this gate can never hold",
        "`lockouts` is never below 0",
    ),
    (
        "storm.amplification < 1",
        "1",
        "this gate can never hold",
        "`storm.amplification` is never below 1",
    ),
    (
        "lockouts < ",
        "",
        "the limit is missing",
        "expected a whole number or a percentage such as 0.1%",
    ),
    (
        "lockouts",
        "",
        "the gate has no limit",
        "a comparison and a limit are missing, such as `== 0`",
    ),
    (
        "",
        "",
        "a gate begins with the name of a quantity",
        "for example `forced_logouts == 0`",
    ),
];

#[test]
fn what_is_no_gate_is_told_with_place_reason_and_help() {
    for &(text, wrong, message, help) in REFUSED {
        let error = parse(text).expect_err(text);
        assert_eq!(&text[error.span.clone()], wrong, "{text}");
        assert_eq!(
            (error.message.as_str(), error.help.as_deref()),
            (message, Some(help)),
            "{text}"
        );
    }
}

#[test]
fn an_open_brace_and_an_open_quotation_mark_are_pointed_at() {
    let brace = parse("lockouts{app=old == 0").expect_err("open brace");
    assert_eq!(
        (brace.span, brace.message.as_str()),
        (17..18, "expected `,` or `}`")
    );
    let never = parse("lockouts{app=old").expect_err("open brace");
    assert_eq!(
        (never.span, never.message.as_str()),
        (8..9, "this brace is never closed")
    );
    let quotation = parse("lockouts{phase=\"a == 0").expect_err("open quotation mark");
    assert_eq!(
        (quotation.span, quotation.message.as_str()),
        (15..16, "this quotation mark is never closed")
    );
}

fn selectors() -> impl Strategy<Value = Selector> {
    use selector::{APPS, COHORTS, ORGANIZATIONS, PLATFORMS, RECORDS};
    fn one<T: Copy + fmt::Debug + 'static>(
        words: selector::Words<T>,
    ) -> impl Strategy<Value = Option<T>> {
        proptest::option::of(proptest::sample::select(words).prop_map(|(_, value)| value))
    }
    (
        one(PLATFORMS),
        one(APPS),
        one(RECORDS),
        one(ORGANIZATIONS),
        one(COHORTS),
        proptest::option::of("[^\"]{0,12}"),
    )
        .prop_map(
            |(platform, app, record, organization, cohort, phase)| Selector {
                platform,
                app,
                record,
                organization,
                cohort,
                phase,
            },
        )
}

fn comparisons() -> impl Strategy<Value = Comparison> {
    proptest::sample::select(Comparison::ALL.to_vec())
}

/// Gates that can hold and can fail.
fn gates() -> impl Strategy<Value = Gate> {
    let all_endpoints: Vec<Endpoint> = Endpoint::all().collect();
    let endpoints = proptest::sample::select(all_endpoints);
    let sliced = prop_oneof![
        proptest::sample::select(Measure::ALL.to_vec()).prop_map(Quantity::Measure),
        proptest::sample::select(LogoutCause::ALL.to_vec())
            .prop_map(|cause| Quantity::Cause(IncidentKind::ForcedLogout(cause))),
    ];
    let percentiles = proptest::sample::select(Percentile::ALL.to_vec());
    let operations = proptest::sample::select(Operation::ALL.to_vec());
    let parts = prop_oneof![
        (sliced, selectors(), (1..u64::MAX).prop_map(Limit::Count)),
        (
            Just(Quantity::Derived(Derived::MigrationSuccess)),
            selectors(),
            (0.001..99.999_f64).prop_map(Limit::Percent)
        ),
        (
            (operations, percentiles)
                .prop_map(|(operation, percentile)| Quantity::Latency(operation, percentile)),
            Just(Selector::default()),
            (1..86_400_000_000_000_i64)
                .prop_map(|micros| Limit::Time(cutover_mocks::time::Span::from_micros(micros)))
        ),
        (
            endpoints.prop_map(|endpoint| Quantity::Calls(endpoint, Calls::Peak)),
            Just(Selector::default()),
            (0.001..1e9_f64).prop_map(Limit::PerSecond)
        ),
        (
            Just(Quantity::Amplification),
            Just(Selector::default()),
            (1.001..100.0_f64).prop_map(Limit::Ratio)
        ),
    ];
    let relatives = prop_oneof![
        Just(Relative::Same),
        (0.001..100.0_f64).prop_map(Relative::Times),
        (0.001..1e6_f64).prop_map(|percent| Relative::Plus(Step::Share(percent))),
        (0.001..99.999_f64).prop_map(|percent| Relative::Minus(Step::Share(percent))),
    ];
    (parts, comparisons(), proptest::option::of(relatives)).prop_map(
        |((quantity, selector, limit), comparison, relative)| Gate {
            quantity,
            selector,
            comparison,
            bound: relative.map_or(Bound::Fixed(limit), Bound::Baseline),
        },
    )
}

proptest! {
    #[test]
    fn every_gate_is_read_back_from_its_own_text(gate in gates()) {
        prop_assert_eq!(parse(&gate.to_string()), Ok(gate));
    }

    #[test]
    fn any_text_is_a_gate_or_an_error_within_it(text in any::<String>()) {
        if let Err(error) = parse(&text) {
            prop_assert!(text.get(error.span).is_some());
        }
    }

    #[test]
    fn text_that_looks_like_a_gate_never_panics(
        text in "(forced_logouts|calls\\.auth0\\.token|latency\\.page\\.p99|é)?[ .{]*(platform=|phase=\")?[a-zé\"}%]{0,4}[}<>=! ]{0,4}(baseline ?[*+-]?)?[0-9.é]{0,30}(%|/s|ms|points|é)?"
    ) {
        if let Err(error) = parse(&text) {
            prop_assert!(text.get(error.span).is_some());
        }
    }
}
