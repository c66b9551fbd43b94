//! What happens next: planned visits swept day by day, and events that the protocol adds, merged in order of time.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use cutover_mocks::time::Timestamp;
use rustc_hash::FxHashMap;

use super::contract::CallId;
use crate::population::arrival::PlannedVisit;

/// Something that happens at a time. Visits and flows are named by their slots; what an event needs
/// to know beyond that is kept with them, so that the heap moves little.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A planned visit of this number starts, on one of its person's devices.
    Visit { ordinal: u32, device: u8 },
    /// A running visit loads its next page.
    Page(u32),
    /// A request of a page load reaches the application.
    Request(u32, u8),
    /// A request that waited for keys goes on.
    Resume(u32),
    /// A request sends its provider call again.
    Retry(u32),
    /// A person has typed, or their mail has come.
    Login(u32),
    /// A person clicks on "log out", and their visit ends.
    LogOut(u32),
    /// A provider's answer reaches its caller.
    Answer(CallId),
}

/// Whose event it is: the order of events at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Whose(pub u32);

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Timestamp,
    whose: Whose,
    event: Event,
    turn: u64,
}

const _: () = assert!(size_of::<Entry>() <= 32, "the heap moves entries about");

impl Entry {
    const fn key(&self) -> (Timestamp, Whose, u64) {
        (self.at, self.whose, self.turn)
    }

    /// A planned visit comes before anything that its person adds at the same time.
    const fn planned(visit: PlannedVisit) -> Self {
        Self {
            at: visit.at,
            whose: Whose(visit.person.0),
            event: Event::Visit {
                ordinal: visit.ordinal,
                device: visit.device,
            },
            turn: 0,
        }
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
    /// Planned visits, the next one last.
    planned: Vec<PlannedVisit>,
    added: BinaryHeap<Reverse<Entry>>,
    /// How many events have been added. Turns are compared between events of one person only, so that
    /// nobody's order depends on others.
    turns: u64,
    /// People with a call under way, and their events that wait for it.
    held: FxHashMap<Whose, Held>,
    /// Empty lists of events that are used again.
    spare: Vec<Vec<Entry>>,
    holding: bool,
}

#[derive(Debug, Default)]
struct Held {
    calls: u32,
    events: Vec<Entry>,
}

/// Where the earliest event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Planned,
    Added,
}

impl Agenda {
    /// Plans more visits, whenever they are.
    pub(super) fn plan(&mut self, more: impl FnOnce(&mut Vec<PlannedVisit>)) {
        more(&mut self.planned);
        self.planned.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// Adds an event.
    pub(super) fn add(&mut self, at: Timestamp, whose: Whose, event: Event) {
        self.turns += 1;
        self.added.push(Reverse(Entry {
            at,
            whose,
            event,
            turn: self.turns,
        }));
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
            && let Some(Held { mut events, .. }) = self.held.remove(&whose)
            && events.capacity() > 0
        {
            self.added.extend(events.drain(..).map(Reverse));
            self.spare.push(events);
        }
    }

    /// The earliest event that is not held.
    pub(super) fn next_at(&mut self) -> Option<Timestamp> {
        self.set_held_aside();
        match self.earliest()? {
            Place::Planned => self.planned.last().map(|visit| visit.at),
            Place::Added => self.added.peek().map(|Reverse(entry)| entry.at),
        }
    }

    /// Takes the earliest event that is not held.
    pub(super) fn next(&mut self) -> Option<(Timestamp, Whose, Event)> {
        self.set_held_aside();
        let entry = self.take(self.earliest()?)?;
        Some((entry.at, entry.whose, entry.event))
    }

    /// Planned visits, the next one first.
    pub(super) fn coming(&self) -> impl Iterator<Item = &PlannedVisit> {
        self.planned.iter().rev()
    }

    fn earliest(&self) -> Option<Place> {
        match (self.planned.last(), self.added.peek()) {
            (Some(visit), Some(Reverse(entry)))
                if (visit.at, Whose(visit.person.0)) <= (entry.at, entry.whose) =>
            {
                Some(Place::Planned)
            }
            (_, Some(_)) => Some(Place::Added),
            (Some(_), None) => Some(Place::Planned),
            (None, None) => None,
        }
    }

    fn take(&mut self, place: Place) -> Option<Entry> {
        match place {
            Place::Planned => self.planned.pop().map(Entry::planned),
            Place::Added => self.added.pop().map(|Reverse(entry)| entry),
        }
    }

    /// Moves events of people who wait for an answer out of the way.
    fn set_held_aside(&mut self) {
        if !self.holding || self.held.is_empty() {
            return;
        }
        while let Some(place) = self.earliest() {
            let whose = match place {
                Place::Planned => self.planned.last().map(|visit| Whose(visit.person.0)),
                Place::Added => self.added.peek().map(|Reverse(entry)| entry.whose),
            };
            if whose.is_none_or(|whose| !self.held.contains_key(&whose)) {
                return;
            }
            if let Some(entry) = self.take(place)
                && let Some(held) = self.held.get_mut(&entry.whose)
            {
                if held.events.capacity() == 0 {
                    held.events = self.spare.pop().unwrap_or_default();
                }
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
