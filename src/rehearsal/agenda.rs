//! What happens next: planned visits swept day by day, and events that the protocol adds, merged in order of time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use cutover_mocks::time::Timestamp;
use rustc_hash::FxHashMap;

use super::contract::{CallId, Seen};
use crate::population::arrival::PlannedVisit;

/// Something that happens at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Event {
    /// A planned visit starts.
    Visit(PlannedVisit),
    /// A running visit loads its next page.
    Page(usize),
    /// A request of a page load reaches the application.
    Request(usize, u8),
    /// A request that waited for keys goes on.
    Resume(usize),
    /// A request sends its provider call again.
    Retry(usize),
    /// A person has typed, or their mail has come.
    Login(usize),
    /// A person clicks on "log out", and their visit ends.
    LogOut(usize),
    /// A provider's answer reaches its caller.
    Answer(CallId, Seen),
}

/// Whose event it is: the order of events at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Whose(pub u32);

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Timestamp,
    whose: Whose,
    turn: u32,
    event: Event,
}

impl Entry {
    const fn key(&self) -> (Timestamp, Whose, u32) {
        (self.at, self.whose, self.turn)
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}
impl Eq for Entry {}
impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// The agenda of a rehearsal.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    planned: VecDeque<PlannedVisit>,
    added: BinaryHeap<Reverse<Entry>>,
    /// How many events each person has added: their own counter, so that nobody's order depends on
    /// others. By person; instances of the application count from the other end.
    turns: [Vec<u32>; 2],
    /// People with a call under way, and their events that wait for it.
    held: FxHashMap<Whose, Held>,
    holding: bool,
}

#[derive(Debug, Default)]
struct Held {
    calls: u32,
    events: Vec<Entry>,
}

impl Agenda {
    /// Appends a day's visits, which come after all visits planned so far.
    pub(super) fn plan(&mut self, visits: Vec<PlannedVisit>) {
        self.planned.extend(visits);
        self.planned.make_contiguous().sort_unstable();
    }

    /// Adds an event.
    pub(super) fn add(&mut self, at: Timestamp, whose: Whose, event: Event) {
        let turn = self.turn(whose);
        self.added.push(Reverse(Entry {
            at,
            whose,
            turn,
            event,
        }));
    }

    /// The next turn of a person: unlike any other that is still to come.
    fn turn(&mut self, whose: Whose) -> u32 {
        let from_end = u32::MAX - whose.0;
        let (of, index) = if whose.0 < from_end {
            (0, whose.0)
        } else {
            (1, from_end)
        };
        let (turns, index) = (&mut self.turns[of], index as usize);
        if turns.len() <= index {
            turns.resize(index + 1, 0);
        }
        turns[index] += 1;
        turns[index]
    }

    /// Whether a person's events wait for their calls' answers.
    pub(super) fn set_holding(&mut self, on: bool) {
        self.holding = on;
        if !on {
            #[expect(
                clippy::iter_over_hash_type,
                reason = "the heap orders what is released"
            )]
            for held in self.held.values_mut() {
                self.added.extend(held.events.drain(..).map(Reverse));
            }
        }
    }

    /// One more call of theirs is under way.
    pub(super) fn hold(&mut self, whose: Whose) {
        self.held.entry(whose).or_default().calls += 1;
    }

    /// A call of theirs has ended; its answer has been added.
    pub(super) fn release(&mut self, whose: Whose) {
        let Some(held) = self.held.get_mut(&whose) else {
            return;
        };
        held.calls -= 1;
        if held.calls == 0
            && let Some(held) = self.held.remove(&whose)
        {
            self.added.extend(held.events.into_iter().map(Reverse));
        }
    }

    /// The earliest event that is not held.
    pub(super) fn next_at(&mut self) -> Option<Timestamp> {
        self.set_held_aside();
        let planned = self.planned.front().map(|visit| visit.at);
        let added = self.added.peek().map(|Reverse(entry)| entry.at);
        match (planned, added) {
            (Some(planned), Some(added)) => Some(planned.min(added)),
            (one, other) => one.or(other),
        }
    }

    /// Takes the earliest event that is not held.
    pub(super) fn next(&mut self) -> Option<(Timestamp, Whose, Event)> {
        self.set_held_aside();
        let added = self
            .added
            .peek()
            .map(|Reverse(entry)| (entry.at, entry.whose));
        let planned = self
            .planned
            .front()
            .map(|visit| (visit.at, Whose(visit.person.0)));
        // A planned visit comes before what its person adds at the same time.
        if planned.is_some_and(|planned| added.is_none_or(|added| planned <= added)) {
            let visit = self.planned.pop_front()?;
            return Some((visit.at, Whose(visit.person.0), Event::Visit(visit)));
        }
        self.added
            .pop()
            .map(|Reverse(entry)| (entry.at, entry.whose, entry.event))
    }

    /// Moves events of people who wait for an answer out of the way.
    fn set_held_aside(&mut self) {
        if !self.holding || self.held.is_empty() {
            return;
        }
        loop {
            let added = self
                .added
                .peek()
                .map(|Reverse(entry)| (entry.at, entry.whose));
            let planned = self
                .planned
                .front()
                .map(|visit| (visit.at, Whose(visit.person.0)));
            let take_planned =
                planned.is_some_and(|planned| added.is_none_or(|added| planned <= added));
            let Some((at, whose)) = (if take_planned { planned } else { added }) else {
                return;
            };
            let Some(held) = self.held.get_mut(&whose) else {
                return;
            };
            if take_planned {
                if let Some(visit) = self.planned.pop_front() {
                    // Turn 0: before anything that its person adds at the same time.
                    held.events.push(Entry {
                        at,
                        whose,
                        turn: 0,
                        event: Event::Visit(visit),
                    });
                }
            } else if let Some(Reverse(entry)) = self.added.pop() {
                held.events.push(entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_secs(seconds)
    }

    fn drain(agenda: &mut Agenda) -> Vec<(i64, u32, Event)> {
        std::iter::from_fn(|| agenda.next())
            .map(|(at, whose, event)| (at.as_secs(), whose.0, event))
            .collect()
    }

    #[test]
    fn events_of_one_time_come_by_person_and_in_the_order_they_gave() {
        let mut agenda = Agenda::default();
        for (whose, page) in [(7, 70), (3, 30), (u32::MAX, 9), (7, 71), (3, 31)] {
            agenda.add(at(1), Whose(whose), Event::Page(page));
        }
        agenda.add(at(0), Whose(9), Event::Page(90));
        let order = [
            (0, 9, Event::Page(90)),
            (1, 3, Event::Page(30)),
            (1, 3, Event::Page(31)),
            (1, 7, Event::Page(70)),
            (1, 7, Event::Page(71)),
            (1, u32::MAX, Event::Page(9)),
        ];
        assert_eq!(drain(&mut agenda), order);
    }

    #[test]
    fn who_waits_for_an_answer_does_nothing_before_it() {
        let mut agenda = Agenda::default();
        agenda.set_holding(true);
        agenda.hold(Whose(1));
        agenda.add(at(1), Whose(1), Event::Page(1));
        agenda.add(at(5), Whose(2), Event::Page(2));
        assert_eq!(agenda.next_at(), Some(at(5)), "another person's event");
        assert!(agenda.next().is_some());
        assert_eq!(agenda.next_at(), None);
        agenda.release(Whose(1));
        assert_eq!(drain(&mut agenda), [(1, 1, Event::Page(1))]);
    }

    #[test]
    fn at_true_speed_nobody_is_held() {
        let mut agenda = Agenda::default();
        agenda.set_holding(true);
        agenda.hold(Whose(1));
        agenda.add(at(1), Whose(1), Event::Page(1));
        assert_eq!(agenda.next_at(), None);
        agenda.set_holding(false);
        assert_eq!(agenda.next_at(), Some(at(1)));
    }
}
