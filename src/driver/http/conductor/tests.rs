//! The conductor with a scripted core and a crew that needs no sockets, in paused time.

use std::collections::BTreeMap;

use cutover_mocks::answer::{Answer, Outcome};
use cutover_mocks::auth0::{self, Address, Reply, Stamp};
use cutover_mocks::luck::Luck;
use cutover_mocks::time::Span;

use super::*;
use crate::driver::http::film::Elsewhere;
use crate::rehearsal::{Owner, ProviderCall};
use crate::scenario::{Time, Window};

const START: Timestamp = Timestamp::from_secs(1_000);
/// A model in which answers may come at once: no two calls overlap for certain.
const AT_ONCE: fn(&Dispatch) -> Span = |_| TOOK;
const TOOK: Span = Span::from_millis(40);
/// A provider that is not on the wire.
const INSIDE: fn(&Dispatch) -> ProviderAnswer = |_| {
    ProviderAnswer::Auth0(Answer {
        outcome: Outcome::Served(Reply::Done),
        took: TOOK,
    })
};

/// A core with a script: at each moment that many calls are made.
#[derive(Default)]
struct Script {
    events: BTreeMap<Timestamp, u32>,
    calls: Vec<Dispatch>,
    made: u32,
    holding: Vec<bool>,
    inside: Vec<bool>,
    stepped: Vec<(Timestamp, usize)>,
    answers: BTreeMap<u32, (Timestamp, Seen)>,
}

impl Script {
    fn new(events: &[(Span, u32)]) -> Self {
        let events = events
            .iter()
            .map(|(at, calls)| (START + *at, *calls))
            .collect();
        Self {
            events,
            ..Self::default()
        }
    }

    /// How many answers there were when each event was handled.
    fn answered_before(&self) -> Vec<usize> {
        self.stepped.iter().map(|(_, answers)| *answers).collect()
    }

    fn answered_at(&self) -> Vec<Span> {
        self.answers.values().map(|(at, _)| *at - START).collect()
    }
}

impl Core for Script {
    fn next_event(&mut self) -> Option<Timestamp> {
        self.events.keys().next().copied()
    }

    fn step(&mut self) {
        let (at, calls) = self.events.pop_first().expect("an event is due");
        self.stepped.push((at, self.answers.len()));
        for _ in 0..calls {
            self.calls.push(Dispatch {
                id: CallId(self.made),
                owner: Owner::Instance(0),
                stamp: Stamp {
                    at,
                    luck: Luck(0),
                    address: Address(0),
                },
                patience: Span::from_secs(5),
                call: ProviderCall::Auth0(auth0::Call::Jwks),
            });
            self.made += 1;
        }
    }

    fn take_calls(&mut self, into: &mut VecDeque<Dispatch>) {
        into.extend(self.calls.drain(..));
    }

    fn answer(&mut self, id: CallId, at: Timestamp, seen: Seen) {
        assert!(
            self.answers.insert(id.0, (at, seen)).is_none(),
            "answered twice"
        );
    }

    fn set_holding(&mut self, on: bool) {
        self.holding.push(on);
    }

    fn set_inside(&mut self, on: bool) {
        self.inside.push(on);
    }
}

fn film(length: Span, windows: &[(Span, Span)]) -> Film {
    Film::new(&time(length, windows), Elsewhere::Lapse)
}

fn time(length: Span, windows: &[(Span, Span)]) -> Time {
    Time {
        start: START,
        length,
        lapse: Span::from_secs(1),
        windows: windows
            .iter()
            .map(|(from, length)| Window {
                name: "w".into(),
                from: *from,
                length: *length,
            })
            .collect(),
        lateness_limit: Span::ZERO,
    }
}

fn done(job: Job, started: Instant, answered: bool) -> Done {
    let answer = Answer {
        outcome: Outcome::Served(Reply::Done),
        took: TOOK,
    };
    let answer = answered.then_some((ProviderAnswer::Auth0(answer), TOOK));
    Done {
        job,
        started,
        ended: Instant::now(),
        answer,
        requests: 1,
    }
}

/// Plays a film with one carrier for each call, each of which takes `wire` wall time.
async fn play(
    core: &mut Script,
    film: &Film,
    bounds: Bounds,
    stop: &Stop,
    wire: Duration,
) -> Result<(Ending, Health), PlayError> {
    let (jobs, queue) = flume::unbounded::<Job>();
    let (finished, mut back) = mpsc::unbounded_channel();
    let crew = tokio::spawn(async move {
        while let Ok(job) = queue.recv_async().await {
            let finished = finished.clone();
            tokio::spawn(async move {
                let started = Instant::now();
                let answered =
                    tokio::time::timeout_at(job.given_up(started), tokio::time::sleep(wire));
                let answered = answered.await.is_ok();
                // The conductor may have stopped before.
                let _ = finished.send(done(job, started, answered));
            });
        }
    });
    let mut ok = |_: &Script| Ok(());
    let world = World {
        watch: &mut ok,
        soonest: &AT_ONCE,
        inside: &INSIDE,
    };
    let played = Conductor::new(core, &jobs, &mut back, stop, world, bounds, 8)
        .play(film)
        .await;
    drop(jobs);
    crew.await.unwrap();
    played
}

/// The same, at most so many calls at once in lapse, and nobody stops it.
async fn play_whole(
    core: &mut Script,
    film: &Film,
    calls: usize,
    wire: Duration,
) -> (Ending, Health) {
    let played = play(core, film, in_lapse(calls), &Stop::default(), wire).await;
    played.unwrap()
}

fn in_lapse(calls: usize) -> Bounds {
    Bounds {
        in_lapse: calls,
        ..Bounds::default()
    }
}

#[tokio::test(start_paused = true)]
async fn in_lapse_an_answer_counts_after_its_modelled_time_however_long_the_wire_takes() {
    let mut core = Script::new(&[
        (Span::ZERO, 1),
        (Span::from_millis(20), 1),
        (Span::from_hours(2), 1),
    ]);
    let film = film(Span::from_hours(10), &[]);
    let (ending, health) = play_whole(&mut core, &film, 2, Duration::from_secs(7)).await;
    assert_eq!(ending, Ending::Played);
    assert_eq!(
        core.answered_at(),
        [
            TOOK,
            Span::from_millis(20) + TOOK,
            Span::from_hours(2) + TOOK
        ]
    );
    assert_eq!(core.holding, [true, true], "the film and its tail");
    assert_eq!(
        (health.calls, health.max_under_way, health.stuck),
        (3, 2, 0)
    );
    assert_eq!(
        core.answered_before(),
        [0, 0, 2],
        "two overlap and fly at once, the third comes after their answers"
    );
    assert!(
        health.lapse.max() > 6_000_000,
        "the film fell behind, and says so"
    );
}

#[tokio::test(start_paused = true)]
async fn one_call_at_a_time_keeps_the_order_of_all_calls() {
    let mut core = Script::new(&[(Span::from_secs(1), 3), (Span::from_secs(2), 1)]);
    let film = film(Span::from_secs(10), &[]);
    let (_, health) = play_whole(&mut core, &film, 1, Duration::from_secs(1)).await;
    assert_eq!(health.max_under_way, 1);
    assert_eq!(core.answered_before(), [0, 3]);
}

#[tokio::test(start_paused = true)]
async fn what_had_begun_before_the_end_is_played_to_its_own_end() {
    let mut core = Script::new(&[(Span::from_secs(1), 1), (Span::from_secs(99), 1)]);
    let film = film(Span::from_secs(10), &[]);
    let (ending, _) = play_whole(&mut core, &film, 1, Duration::ZERO).await;
    assert_eq!(ending, Ending::Played);
    assert_eq!(core.answers.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_lapse_waits_for_its_time_when_it_is_ahead() {
    let mut core = Script::new(&[(Span::from_hours(5), 1)]);
    let film = film(Span::from_hours(10), &[]);
    let began = Instant::now();
    play_whole(&mut core, &film, 1, Duration::ZERO).await;
    assert!(
        began.elapsed() >= Duration::from_millis(500),
        "half of a second of lapse"
    );
}

#[tokio::test(start_paused = true)]
async fn in_a_window_calls_start_on_time_and_answers_count_as_they_come() {
    let mut core = Script::new(&[(Span::from_millis(100), 1), (Span::from_millis(150), 2)]);
    let film = film(Span::from_secs(2), &[(Span::ZERO, Span::from_secs(2))]);
    let (ending, health) = play_whole(&mut core, &film, 1, Duration::from_millis(70)).await;
    assert_eq!(ending, Ending::Played);
    let late = Span::from_millis(5); // tokio's clock ticks in milliseconds
    for (at, due) in core.answered_at().into_iter().zip([170, 220, 220]) {
        let due = Span::from_millis(due);
        assert!(due <= at && at <= due + late, "{at} for {due}");
    }
    assert_eq!(core.holding, [false, true]);
    assert_eq!(health.windows.len(), 1);
    assert_eq!(health.windows[0].lateness.len(), 3);
    assert!(health.windows[0].lateness.max() < 5_000);
}

#[tokio::test(start_paused = true)]
async fn in_a_window_patience_ends_a_call() {
    let mut core = Script::new(&[(Span::ZERO, 1)]);
    let film = film(Span::from_secs(20), &[(Span::ZERO, Span::from_secs(20))]);
    let (_, health) = play_whole(&mut core, &film, 1, Duration::from_mins(1)).await;
    let (at, seen) = core.answers[&0];
    assert_eq!(seen, Seen::TimedOut);
    assert_eq!((at - START).as_secs(), 5);
    assert_eq!(health.timed_out, 1);
}

#[tokio::test(start_paused = true)]
async fn speeds_change_only_when_no_call_is_under_way() {
    let mut core = Script::new(&[
        (Span::from_secs(1), 1),
        (Span::from_secs(10), 1),
        (Span::from_secs(14), 1),
        (Span::from_secs(16), 1),
    ]);
    let film = film(
        Span::from_secs(30),
        &[(Span::from_secs(10), Span::from_secs(5))],
    );
    play_whole(&mut core, &film, 8, Duration::from_secs(3)).await;
    assert_eq!(core.holding, [true, false, true, true]);
    assert_eq!(core.answered_before(), [0, 1, 2, 3]);
    assert_eq!(
        core.answered_at()[2].as_secs(),
        17,
        "after the window's end, as the clock says"
    );
}

#[tokio::test(start_paused = true)]
async fn a_wish_to_stop_ends_the_film_at_the_moment_it_had_reached() {
    let mut core = Script::new(&[(Span::from_secs(1), 1), (Span::from_secs(9), 1)]);
    let film = film(Span::from_secs(10), &[(Span::ZERO, Span::from_secs(10))]);
    let stop = Stop::default();
    let wish = stop.clone();
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(4)).await;
        wish.wish();
    });
    let (ending, _) = play(&mut core, &film, in_lapse(1), &stop, Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(ending, Ending::Stopped(START + Span::from_secs(1)));
    assert_eq!(core.stepped.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_film_that_takes_too_long_is_cut_off() {
    let mut core = Script::new(&[(Span::from_secs(1), 1), (Span::from_secs(9), 1)]);
    let film = film(Span::from_secs(10), &[(Span::ZERO, Span::from_secs(10))]);
    let bounds = Bounds {
        wall: Duration::from_secs(5),
        ..Bounds::default()
    };
    let (ending, _) = play(&mut core, &film, bounds, &Stop::default(), Duration::ZERO)
        .await
        .unwrap();
    assert_eq!(ending, Ending::OutOfTime(START + Span::from_secs(1)));
}

#[tokio::test(start_paused = true)]
async fn too_many_waiting_calls_end_the_run() {
    let mut core = Script::new(&[(Span::ZERO, 50)]);
    let film = film(Span::from_secs(10), &[]);
    let bounds = Bounds {
        under_way: 49,
        ..Bounds::default()
    };
    let played = play(&mut core, &film, bounds, &Stop::default(), Duration::ZERO).await;
    assert_eq!(
        played.map(|(ending, _)| ending),
        Err(PlayError::Overrun(49))
    );
}

#[tokio::test(start_paused = true)]
async fn what_is_skipped_is_answered_inside_and_takes_no_time() {
    let at = Span::from_secs;
    let mut core = Script::new(&[(at(1), 2), (at(100), 1), (at(200), 3), (at(301), 1)]);
    let film = Film::new(&time(at(300), &[(at(95), at(10))]), Elsewhere::Skipped);
    let wire = Duration::from_millis(7);
    let played = play(&mut core, &film, in_lapse(8), &Stop::default(), wire).await;
    let (ending, health) = played.unwrap();
    assert_eq!(ending, Ending::Played);
    assert_eq!(
        (health.calls, health.inside),
        (1, 6),
        "the tail is skipped too"
    );
    assert_eq!(health.windows[0].lateness.len(), 1);
    assert_eq!(
        health.wall,
        Duration::from_millis(5_007),
        "the window alone"
    );
    assert_eq!(core.inside, [true, false, true, true]);
    let after = |secs: i64, millis| at(secs) + Span::from_millis(millis);
    assert_eq!(
        core.answered_at(),
        [
            after(1, 40),
            after(1, 40),
            after(100, 7),
            after(200, 40),
            after(200, 40),
            after(200, 40),
            after(301, 40),
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_wish_to_stop_is_seen_in_what_is_skipped() {
    let events: Vec<(Span, u32)> = (0..1_000).map(|at| (Span::from_secs(at), 1)).collect();
    let mut core = Script::new(&events);
    let film = Film::new(&time(Span::from_hours(1), &[]), Elsewhere::Skipped);
    let stop = Stop::default();
    stop.wish();
    let played = play(&mut core, &film, in_lapse(8), &stop, Duration::ZERO).await;
    let (ending, health) = played.unwrap();
    assert_eq!(ending, Ending::Stopped(START + Span::from_secs(255)));
    assert_eq!((health.inside, health.open_at_end), (256, 0));
}

#[tokio::test]
async fn carriers_that_are_gone_end_the_run() {
    let mut core = Script::new(&[(Span::ZERO, 1)]);
    let (jobs, queue) = flume::unbounded::<Job>();
    let (finished, mut back) = mpsc::unbounded_channel();
    drop((queue, finished));
    let (stop, mut ok) = (Stop::default(), |_: &Script| Ok(()));
    let bounds = Bounds::default();
    let world = World {
        watch: &mut ok,
        soonest: &AT_ONCE,
        inside: &INSIDE,
    };
    let conductor = Conductor::new(&mut core, &jobs, &mut back, &stop, world, bounds, 1);
    let film = film(Span::from_secs(10), &[]);
    let played = conductor.play(&film).await;
    assert_eq!(
        played.map(|(ending, _)| ending),
        Err(PlayError::CarriersGone)
    );
}
