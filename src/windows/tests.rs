//! Windows against a reference that tries every start, and in committed scenarios.

use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::scenario::{self, Overrides};

const START: Timestamp = Timestamp::from_secs(1_000);

fn frame(length: Span, until: i64) -> Frame {
    Frame {
        start: START,
        end: START + Span::from_secs(until),
        length,
    }
}

fn second(at: i64, logins: u32) -> Second {
    Second {
        at: START + Span::from_secs(at),
        calls: logins + 1,
        logins,
        migrations: 0,
    }
}

proptest! {
    #[test]
    fn no_other_stretch_has_more(
        counts in prop::collection::vec(0u32..4, 1..60),
        length in 1i64..20,
    ) {
        let seconds: Vec<Second> = counts
            .iter()
            .enumerate()
            .filter(|(place, count)| **count > 0 || place % 3 == 0)
            .map(|(place, count)| second(place as i64, *count))
            .collect();
        let most = (0..counts.len())
            .map(|from| counts[from..].iter().take(length as usize).sum::<u32>())
            .max()
            .unwrap_or(0);
        let length = Span::from_secs(length);
        let found = frame(length, 1_000).busiest(&seconds, Kind::Logins);
        if most == 0 {
            prop_assert_eq!(found, None);
        } else {
            let found = found.expect("something happens");
            let at = START + found.window.from;
            let held: u32 = within(&seconds, at, at + length).iter().map(|it| it.logins).sum();
            prop_assert_eq!(held, most);
            prop_assert_eq!(found.count, u64::from(most));
        }
    }
}

#[test]
fn a_window_stays_inside_the_rehearsal() {
    let length = Span::from_secs(30);
    let found = frame(length, 100).busiest(&[second(95, 1)], Kind::Logins);
    let window = found.expect("a login").window;
    assert_eq!(
        (window.from, window.length),
        (Span::from_secs(70), length),
        "moved forward"
    );
    let found = frame(length, 10).busiest(&[second(5, 1)], Kind::Logins);
    let window = found.expect("a login").window;
    assert_eq!(
        (window.from, window.length),
        (Span::ZERO, Span::from_secs(10)),
        "no longer than the rehearsal"
    );
}

#[test]
fn a_change_that_nobody_meets_for_long_begins_with_the_first_who_does() {
    let contact = |first| Contact {
        kind: Kind::FirstContact,
        name: "first contact: after".into(),
        from: START,
        first: Some(START + Span::from_secs(first)),
    };
    let frame = frame(Span::from_secs(30), 1_000);
    let seconds = [second(4, 1), second(400, 2)];
    let from = |first| {
        let found = frame.contact(&seconds, contact(first)).expect("met");
        found.window.from.as_secs()
    };
    assert_eq!(from(4), 0);
    assert_eq!(from(400), 400);
    let nobody = Contact {
        first: None,
        ..contact(0)
    };
    assert_eq!(frame.contact(&seconds, nobody), None);
}

#[test]
fn an_outage_in_the_middle_of_a_cutover_is_found() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/stytch-outage-consumer.toml");
    let set = vec!["population.users=3000".to_owned()];
    let loaded = scenario::load(&path, &Overrides { set, seed: None });
    let scenario = loaded.expect("a committed scenario").scenario;
    let population = Population::new(&scenario);
    let length = Span::from_secs(30);
    let found = find(&scenario, &population, None, length);
    let kinds: Vec<Kind> = found.iter().map(|found| found.kind).collect();
    let ordered = kinds.is_sorted();
    assert!(ordered, "the weightiest first: {kinds:?}");
    for kind in Kind::ALL {
        assert!(kinds.contains(&kind), "{}", kind.name());
    }
    let fault = found.iter().find(|found| found.kind == Kind::Fault);
    let planned = scenario.providers.stytch.faults.faults()[0];
    let from = scenario.time.start + fault.expect("found").window.from;
    assert!(planned.from <= from && from < planned.until);
    assert_eq!(
        find(&scenario, &population, None, length),
        found,
        "always the same"
    );
}
