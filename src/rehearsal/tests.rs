//! What the recorder is told of sessions, against a count of every device's cookies.

use std::path::Path;

use super::*;
use crate::driver::virtual_time::perform;
use crate::population::seed::World;
use crate::recorder::LiveSessions;
use crate::scenario::{Loaded, Overrides};

fn small(scenario: &str) -> Loaded {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios")
        .join(scenario);
    let overrides = Overrides {
        set: vec!["population.users=3000".to_owned()],
        seed: None,
    };
    crate::scenario::load(&path, &overrides).expect("a shipped scenario")
}

/// Devices with live sessions, counted one by one.
fn count<V: Verifier>(rehearsal: &Rehearsal<'_, V>, at: Timestamp) -> LiveSessions {
    let mut live = LiveSessions::default();
    for device in &rehearsal.devices {
        let jar = rehearsal.jars.get(device.pocket);
        if jar
            .stytch
            .is_some_and(|cookie| cookie.jwt.session_expires > at)
        {
            live.stytch += 1;
        } else if jar
            .legacy
            .is_some_and(|cookie| cookie.is_live(rehearsal.scenario, at))
        {
            live.legacy += 1;
        }
    }
    live
}

fn assert_sessions_over_time(scenario: &str) {
    let loaded = small(scenario);
    let scenario = &loaded.scenario;
    let population = Population::new(scenario);
    let mut world = World::new(scenario, &population);
    let mut rehearsal = Rehearsal::new(scenario, &population, world.starting, None, ClaimsVerifier);
    rehearsal.set_holding(true);
    let end = scenario.time.end();
    let bucket = Span::from_mins(30);
    let mut due = scenario.time.start + bucket;
    let mut counted = Vec::new();
    let mut calls: Vec<Dispatch> = Vec::new();
    while let Some(next) = rehearsal.next_event() {
        while due < next && due <= end {
            counted.push(count(&rehearsal, due));
            due += bucket;
        }
        rehearsal.step();
        calls.extend(rehearsal.take_calls());
        for dispatch in calls.drain(..) {
            let answer = perform(&mut world.tenant, &mut world.project, &dispatch);
            let took = match answer {
                ProviderAnswer::Auth0(answer) => answer.took,
                ProviderAnswer::Stytch(answer) => answer.took,
            };
            rehearsal.answer(
                dispatch.id,
                dispatch.stamp.at + took,
                Seen::Answered(answer),
            );
        }
    }
    while due <= end {
        counted.push(count(&rehearsal, due));
        due += bucket;
    }
    let recorded = rehearsal.finish().recording;
    assert_eq!(recorded.timeline.bucket, bucket, "14 days in half hours");
    assert_eq!(recorded.course.sessions, counted);
    assert!(counted.iter().any(|live| live.stytch > 0), "some moved");
}

#[test]
fn sessions_over_time_are_those_on_the_devices_when_they_are_migrated() {
    assert_sessions_over_time("zero-downtime-consumer.toml");
}

#[test]
fn sessions_over_time_are_those_on_the_devices_when_they_are_refused_and_rolled_back() {
    assert_sessions_over_time("rollback-half-way-consumer.toml");
}
