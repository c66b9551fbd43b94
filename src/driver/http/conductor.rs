//! The conductor: hands the core's calls to the carriers at the film's speed, and their answers back.
//!
//! In time-lapse people are held while a call of theirs is under way, and an answer counts as having
//! come when the provider's modelled service time had passed. Calls fly at once only where they would
//! overlap in scenario time too, so that the film's speed changes the order of nothing. In a
//! true-speed window each event waits for its wall time, and answers count as they come. What is
//! skipped is answered inside, as in virtual time.

use std::collections::VecDeque;
use std::time::Duration;

use cutover_mocks::http::stamp::Pace;
use cutover_mocks::time::{Span, Timestamp};
use hdrhistogram::Histogram;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::rehearsal::{CallId, Dispatch, ProviderAnswer, Rehearsal, Seen, Verifier};

use super::film::{Film, Speed, Stretch, span_to_duration};
use super::health::{Health, WindowHealth, lateness, record};
use super::job::{Done, Job};
use super::stop::Stop;
use super::wallet::WalletFull;

/// The protocol core as its driver sees it.
pub(super) trait Core {
    /// When the earliest event that is not held is due.
    fn next_event(&mut self) -> Option<Timestamp>;
    /// Handles exactly that event.
    fn step(&mut self);
    /// Moves the calls that were made since into `into`.
    fn take_calls(&mut self, into: &mut VecDeque<Dispatch>);
    /// Tells how a call ended.
    fn answer(&mut self, id: CallId, at: Timestamp, seen: Seen);
    /// Whether people with a call under way are held.
    fn set_holding(&mut self, on: bool);
    /// Whether calls are answered inside: then no token has a text to be verified.
    fn set_inside(&mut self, on: bool);
}

/// Verifies texts of tokens, or claims alone where tokens have no texts.
pub(super) trait TextVerifier: Verifier {
    /// Whether claims decide alone from now on.
    fn set_by_claims(&mut self, on: bool);
}

impl<V: TextVerifier> Core for Rehearsal<'_, V> {
    fn next_event(&mut self) -> Option<Timestamp> {
        Rehearsal::next_event(self)
    }

    fn step(&mut self) {
        Rehearsal::step(self);
    }

    fn take_calls(&mut self, into: &mut VecDeque<Dispatch>) {
        into.extend(Rehearsal::take_calls(self));
    }

    fn answer(&mut self, id: CallId, at: Timestamp, seen: Seen) {
        Rehearsal::answer(self, id, at, seen);
    }

    fn set_holding(&mut self, on: bool) {
        Rehearsal::set_holding(self, on);
    }

    fn set_inside(&mut self, on: bool) {
        self.verifier_mut().set_by_claims(on);
    }
}

/// Bounds that a healthy run never meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Calls under way at once in time-lapse. 8: enough to keep two cores busy. Calls of different
    /// people that overlap in scenario time may reach a provider in either order; 1 excludes that.
    pub in_lapse: usize,
    /// Calls under way or waiting for a carrier. 100,000.
    pub under_way: usize,
    /// In time-lapse a call is given up after this much wall time. 5 min: only a server that hangs takes
    /// so long, however busy the machine is.
    pub guard: Duration,
    /// Wall time of the whole film; the rehearsal is cut off there. A day.
    pub wall: Duration,
    /// Bytes of token texts. 1 GiB.
    pub wallet: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            in_lapse: 8,
            under_way: 100_000,
            guard: Duration::from_mins(5),
            wall: Duration::from_hours(24),
            wallet: 1 << 30,
        }
    }
}

/// How the film ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was played to its end.
    Played,
    /// Someone wished it to stop at this moment.
    Stopped(Timestamp),
    /// Its wall time was up at this moment.
    OutOfTime(Timestamp),
}

/// Why the film could not be played.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PlayError {
    /// The carriers are gone.
    #[error("the carriers ended before the rehearsal did")]
    CarriersGone,
    /// More calls wait than the bound allows.
    #[error(
        "more than {0} calls are waiting for a carrier; rehearse fewer people or allow more carriers"
    )]
    Overrun(usize),
    /// The wallet is full.
    #[error(transparent)]
    Wallet(#[from] WalletFull),
}

/// Looks on after every answer; it can end the run where a bound is passed.
pub(super) type Watch<'a, C> = &'a mut dyn FnMut(&C) -> Result<(), WalletFull>;

/// How long a call takes at the least, by the model of its provider.
pub(super) type Soonest<'a> = &'a dyn Fn(&Dispatch) -> Span;

/// The machines behind the servers answer a call.
pub(super) type Inside<'a> = &'a dyn Fn(&Dispatch) -> ProviderAnswer;

/// What the conductor knows of the world besides the wire.
pub(super) struct World<'a, C> {
    pub(super) watch: Watch<'a, C>,
    pub(super) soonest: Soonest<'a>,
    pub(super) inside: Inside<'a>,
}

/// The conductor of one run.
pub(super) struct Conductor<'a, C> {
    core: &'a mut C,
    jobs: &'a flume::Sender<Job>,
    done: &'a mut mpsc::UnboundedReceiver<Done>,
    stop: &'a Stop,
    world: World<'a, C>,
    bounds: Bounds,
    health: Health,
    under_way: usize,
    /// In time-lapse: the calls under way, and when their answers can come at the soonest. No event
    /// is handled that might come after an answer, so that the order of all events is that of time.
    flying: Vec<(CallId, Timestamp)>,
    /// Calls that wait for their turn: in time-lapse only so many fly at once.
    calls: VecDeque<Dispatch>,
    /// The latest moment that was handled: at true speed no answer comes before it.
    moment: Timestamp,
    steps: u32,
}

/// One stretch as it is being played.
struct Playing<'s> {
    stretch: &'s Stretch,
    pace: Pace,
    began: Instant,
    late: Histogram<u64>,
}

/// What came while the conductor waited.
#[expect(clippy::large_enum_variant, reason = "one at a time, and read at once")]
enum Came {
    Answer(Done),
    Time,
    Stop,
}

/// What the loop does next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Go {
    On,
    End(Ending),
}

/// The loop lets others run, and looks whether it shall stop, after this many events.
const BREATH: u32 = 256;

impl<'a, C: Core> Conductor<'a, C> {
    /// A conductor for a core and a crew.
    pub(super) fn new(
        core: &'a mut C,
        jobs: &'a flume::Sender<Job>,
        done: &'a mut mpsc::UnboundedReceiver<Done>,
        stop: &'a Stop,
        world: World<'a, C>,
        bounds: Bounds,
        carriers: usize,
    ) -> Self {
        Self {
            core,
            jobs,
            done,
            stop,
            world,
            flying: Vec::new(),
            bounds,
            health: Health::new(carriers),
            under_way: 0,
            calls: VecDeque::new(),
            moment: Timestamp::default(),
            steps: 0,
        }
    }

    /// Plays the film to its end, or until it shall stop.
    pub(super) async fn play(mut self, film: &Film) -> Result<(Ending, Health), PlayError> {
        let began = Instant::now();
        let over = began + self.bounds.wall;
        let mut ending = Ending::Played;
        for stretch in film.stretches() {
            if let Go::End(end) = self.play_stretch(stretch, over).await? {
                ending = end;
                break;
            }
        }
        if ending == Ending::Played {
            ending = self.play_tail(film, over).await?;
        }
        self.health.open_at_end = (self.under_way + self.calls.len()) as u64;
        self.health.wall = began.elapsed();
        Ok((ending, self.health))
    }

    /// What had begun before the end comes to its own end, as fast as it can.
    async fn play_tail(&mut self, film: &Film, over: Instant) -> Result<Ending, PlayError> {
        let Some(tail) = film.tail() else {
            return Ok(Ending::Played);
        };
        Ok(match self.play_stretch(&tail, over).await? {
            Go::On => Ending::Played,
            Go::End(ending) => ending,
        })
    }

    async fn play_stretch(&mut self, stretch: &Stretch, over: Instant) -> Result<Go, PlayError> {
        let pace = match stretch.speed {
            Speed::Lapse(_) => Pace::Lapse,
            Speed::True(_) => Pace::True,
            Speed::Skipped => return self.skip(stretch, over).await,
        };
        self.core.set_holding(pace == Pace::Lapse);
        self.core.set_inside(false);
        let mut playing = Playing {
            stretch,
            pace,
            began: Instant::now(),
            late: lateness(),
        };
        let go = self.roll(&mut playing, over).await?;
        match &stretch.speed {
            Speed::Lapse(_) => self.health.lapse += &playing.late,
            Speed::True(name) => {
                let window = WindowHealth {
                    name: name.clone(),
                    lateness: playing.late,
                };
                self.health.windows.push(window);
            }
            Speed::Skipped => {}
        }
        Ok(go)
    }

    /// Plays a stretch in virtual time: nothing is on the wire, and each call is answered at once.
    async fn skip(&mut self, stretch: &Stretch, over: Instant) -> Result<Go, PlayError> {
        self.core.set_holding(true);
        self.core.set_inside(true);
        while let Some(at) = self.core.next_event().filter(|at| *at < stretch.until) {
            self.moment = self.moment.max(at);
            self.core.step();
            self.core.take_calls(&mut self.calls);
            while let Some(dispatch) = self.calls.pop_front() {
                let answer = (self.world.inside)(&dispatch);
                let at = dispatch.stamp.at + answer.took();
                self.core.answer(dispatch.id, at, Seen::Answered(answer));
                self.health.inside += 1;
            }
            self.steps = self.steps.wrapping_add(1);
            if self.steps.is_multiple_of(BREATH) {
                (self.world.watch)(self.core)?;
                if self.stop.is_wished() {
                    return Ok(Go::End(Ending::Stopped(self.moment)));
                }
                if Instant::now() >= over {
                    return Ok(Go::End(Ending::OutOfTime(self.moment)));
                }
                tokio::task::yield_now().await;
            }
        }
        Ok(Go::On)
    }

    /// Plays one stretch: answers that are in, then what is due, then waiting. It ends when no
    /// event of it is left and every call of it is answered.
    async fn roll(&mut self, playing: &mut Playing<'_>, over: Instant) -> Result<Go, PlayError> {
        loop {
            while let Ok(done) = self.done.try_recv() {
                self.take(playing, &done)?;
            }
            let next = self.next(playing);
            if next.is_none() && self.under_way == 0 {
                return Ok(Go::On);
            }
            let now = Instant::now();
            if now >= over {
                return Ok(Go::End(Ending::OutOfTime(self.moment)));
            }
            if let Some(at) = next
                && playing.due(at) <= now
            {
                self.moment = self.moment.max(at);
                self.core.step();
                self.dispatch(playing)?;
                self.steps = self.steps.wrapping_add(1);
                if !self.steps.is_multiple_of(BREATH) {
                    continue;
                }
                if self.stop.is_wished() {
                    return Ok(Go::End(Ending::Stopped(self.moment)));
                }
                tokio::task::yield_now().await;
                continue;
            }
            let wake = next.map_or(over, |at| playing.due(at).min(over));
            match self.wait(wake).await? {
                Came::Answer(done) => self.take(playing, &done)?,
                Came::Time => {}
                Came::Stop => return Ok(Go::End(Ending::Stopped(self.moment))),
            }
        }
    }

    /// The next event of this stretch, unless as many calls fly as may.
    fn next(&mut self, playing: &Playing<'_>) -> Option<Timestamp> {
        if self.under_way >= self.may_fly(playing.pace) || !self.calls.is_empty() {
            return None;
        }
        let answers = self.flying.iter().map(|(_, soonest)| *soonest).min();
        self.core
            .next_event()
            .filter(|at| *at < playing.stretch.until)
            .filter(|at| answers.is_none_or(|soonest| *at < soonest))
    }

    fn may_fly(&self, pace: Pace) -> usize {
        match pace {
            Pace::Lapse => self.bounds.in_lapse.max(1),
            Pace::True => usize::MAX,
        }
    }

    async fn wait(&mut self, wake: Instant) -> Result<Came, PlayError> {
        tokio::select! {
            biased;
            () = self.stop.wished() => Ok(Came::Stop),
            done = self.done.recv() => done.map(Came::Answer).ok_or(PlayError::CarriersGone),
            () = tokio::time::sleep_until(wake) => Ok(Came::Time),
        }
    }

    /// Hands the calls that the core has made to the carriers.
    fn dispatch(&mut self, playing: &Playing<'_>) -> Result<(), PlayError> {
        self.core.take_calls(&mut self.calls);
        while self.under_way < self.may_fly(playing.pace) {
            let Some(dispatch) = self.calls.pop_front() else {
                break;
            };
            let patience = match playing.pace {
                Pace::Lapse => self.bounds.guard,
                Pace::True => span_to_duration(dispatch.patience),
            };
            if playing.pace == Pace::Lapse {
                let soonest = dispatch.stamp.at + (self.world.soonest)(&dispatch);
                self.flying.push((dispatch.id, soonest));
            }
            let due = playing.due(dispatch.stamp.at);
            let job = Job {
                dispatch,
                pace: playing.pace,
                due,
                patience,
            };
            self.jobs.send(job).map_err(|_| PlayError::CarriersGone)?;
            self.under_way += 1;
            self.health.calls += 1;
        }
        self.health.max_under_way = self.health.max_under_way.max(self.under_way);
        if self.under_way + self.calls.len() > self.bounds.under_way {
            return Err(PlayError::Overrun(self.bounds.under_way));
        }
        Ok(())
    }

    /// Tells the core how a call ended, and hands out the calls that it makes because of it.
    fn take(&mut self, playing: &mut Playing<'_>, done: &Done) -> Result<(), PlayError> {
        let Dispatch {
            id,
            stamp,
            patience,
            ..
        } = done.job.dispatch;
        self.under_way -= 1;
        self.flying.retain(|(flying, _)| *flying != id);
        self.health.requests += u64::from(done.requests);
        record(
            &mut playing.late,
            done.started.saturating_duration_since(done.job.due),
        );
        let seen = done
            .answer
            .map_or(Seen::TimedOut, |(answer, _)| Seen::Answered(answer));
        let at = match (playing.pace, done.answer) {
            (Pace::Lapse, Some((_, took))) => stamp.at + took,
            (Pace::Lapse, None) => {
                self.health.stuck += 1;
                stamp.at + patience
            }
            (Pace::True, answer) => {
                self.health.timed_out += u64::from(answer.is_none());
                playing
                    .stretch
                    .moment(done.ended.saturating_duration_since(playing.began))
                    .max(stamp.at)
                    .max(self.moment)
            }
        };
        self.core.answer(id, at, seen);
        (self.world.watch)(self.core)?;
        self.dispatch(playing)
    }
}

impl Playing<'_> {
    fn due(&self, at: Timestamp) -> Instant {
        self.began + self.stretch.due(at)
    }
}

#[cfg(test)]
mod tests;
