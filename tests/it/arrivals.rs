//! When people come: by the clock of their zone, from the first hour of a rehearsal to its last.

use cutover::population::Population;
use cutover::scenario::Scenario;
use cutover::scenario::population::Beta;
use cutover_mocks::share::Share;
use cutover_mocks::time::{Span, Timestamp};

use crate::rehearsed::{load, planned};

/// Monday, 2 March 2026, 00:00 UTC.
const MONDAY: Timestamp = Timestamp::from_secs(1_772_409_600);

/// Everybody comes once on every day, at any hour.
fn daily(start: Span, length: Span, zone: Span) -> Scenario {
    let mut scenario = load("none-consumer", &["population.users=400"]);
    (scenario.time.start, scenario.time.length) = (MONDAY + start, length);
    scenario.population.surges.clear();
    let visits = &mut scenario.population.visits;
    visits.daily = Beta { a: 1e4, b: 1e-3 };
    visits.weekdays = [1.0; 7];
    visits.hours = [1.0; 24];
    visits.per_active_day = 1.0;
    visits.zones = vec![(zone, Share::ONE)];
    scenario
}

/// How many of these times lie in each part of a rehearsal.
fn spread(scenario: &Scenario, times: impl IntoIterator<Item = Timestamp>) -> [u32; 6] {
    let mut parts = [0; 6];
    for time in times {
        let since = (time - scenario.time.start).as_micros() * 6;
        parts[(since / scenario.time.length.as_micros()) as usize] += 1;
    }
    parts
}

#[test]
fn people_of_every_zone_come_until_the_end() {
    for zone in [-12, 0, 5, 14] {
        for start in [0, 9] {
            let (start, zone) = (Span::from_hours(start), Span::from_hours(zone));
            let scenario = daily(start, Span::from_days(3), zone);
            let people = Population::new(&scenario);
            let visits = planned(&scenario, &people).into_iter();
            let at_start = people.at_start();
            let parts = spread(
                &scenario,
                visits
                    .filter(|visit| visit.person.0 < at_start)
                    .map(|visit| visit.at),
            );
            // 200 are expected in each half of a day; 70 is five standard deviations.
            assert!(
                parts.iter().all(|part| part.abs_diff(200) < 70),
                "{start} {zone}: {parts:?}"
            );
        }
    }
}

#[test]
fn hours_are_those_of_the_clock_whenever_a_rehearsal_starts() {
    let mut scenario = daily(
        Span::from_hours(9),
        Span::from_days(2),
        Span::from_hours(-5),
    );
    scenario.population.visits.hours = [0.0; 24];
    scenario.population.visits.hours[12] = 1.0;
    let people = Population::new(&scenario);
    let visits = planned(&scenario, &people);
    assert!(visits.len() > 700, "only {}", visits.len());
    for visit in visits {
        let hour = visit.at.as_secs().rem_euclid(86_400) / 3_600;
        assert_eq!(hour, 17, "noon, five hours behind UTC");
    }
}

#[test]
fn new_people_sign_up_throughout() {
    for hours in [30, 72] {
        let length = Span::from_hours(hours);
        let mut scenario = daily(Span::from_hours(18), length, Span::ZERO);
        scenario.population.signups_per_day = 1_200.0 / (hours as f64 / 24.0);
        let people = Population::new(&scenario);
        let times = people.people().iter().filter_map(|person| person.signs_up);
        let parts = spread(&scenario, times);
        assert!(
            parts.iter().all(|part| part.abs_diff(200) < 70),
            "{hours} h: {parts:?}"
        );
    }
}
