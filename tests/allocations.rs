//! Memory is asked for when a rehearsal is set up, not while it runs. A binary of its own, because
//! the counter stands in for the allocator.

use std::path::Path;

use cutover::driver::virtual_time;
use cutover::population::Population;
use cutover::recorder::Measure;
use cutover::scenario::{self, Overrides};

struct Counted {
    allocations: u64,
    events: u64,
}

/// A rehearsal of so many days: what it allocated, and what happened in it.
fn rehearse(scenario: &str, days: u32) -> Counted {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios")
        .join(scenario);
    let set = [
        "population.users=3000".to_owned(),
        format!("time.length='{days}d'"),
        "cutover.zero-downtime.from='1d'".to_owned(),
        "time.windows=[]".to_owned(),
        "population.surges=[]".to_owned(),
    ];
    let overrides = Overrides {
        set: set.to_vec(),
        seed: None,
    };
    let loaded = scenario::load(&path, &overrides).expect("a shipped scenario");
    let scenario = &loaded.scenario;
    let population = Population::new(scenario);
    let mut events = 0;
    let info = allocation_counter::measure(|| {
        let simulated = virtual_time::simulate(scenario, &population, None, |_, _| {});
        let recording = &simulated.ended.recording;
        let total = |measure: Measure| -> u64 {
            let counts = recording.counts.values();
            counts.map(|counts| counts[measure as usize]).sum()
        };
        events = total(Measure::VisitsScheduled)
            + total(Measure::PageLoads)
            + total(Measure::RequestsAdmitted)
            + total(Measure::LogicalCalls);
    });
    Counted {
        allocations: info.count_total,
        events,
    }
}

fn assert_no_allocation_an_event(scenario: &str) {
    let (short, long) = (rehearse(scenario, 7), rehearse(scenario, 21));
    let events = long.events - short.events;
    let allocations = long.allocations.saturating_sub(short.allocations);
    assert!(events > 30_000, "{events} events are too few to tell");
    // What is left grows with days: lists that double, a histogram for each stretch of the time.
    assert!(
        allocations * 100 < events,
        "{allocations} more allocations for {events} more events"
    );
}

#[test]
fn two_more_weeks_of_members_allocate_next_to_nothing() {
    assert_no_allocation_an_event("zero-downtime-b2b.toml");
}

#[test]
fn two_more_weeks_of_users_allocate_next_to_nothing() {
    assert_no_allocation_an_event("zero-downtime-consumer.toml");
}
