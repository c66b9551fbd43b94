//! Things that live for a while and are found by number: login transactions, codes, browser sessions.

use std::collections::VecDeque;

use crate::lasting::SLACK;
use crate::time::{Span, Timestamp};

/// Numbered things in order of creation, forgotten once they are long past their life.
#[derive(Clone, Debug)]
pub(super) struct Passing<T> {
    life: Span,
    most: usize,
    first: u32,
    things: VecDeque<Option<(Timestamp, T)>>,
}

impl<T> Passing<T> {
    /// Things of this life.
    pub(super) fn new(life: Span) -> Self {
        Self {
            life,
            most: usize::MAX,
            first: 0,
            things: VecDeque::new(),
        }
    }

    /// Sets how many are kept at most, the newest; any number if nobody does.
    pub(super) fn keep_at_most(&mut self, most: usize) {
        self.most = most;
    }

    /// Keeps a thing that is born now, and answers its number.
    pub(super) fn put(&mut self, now: Timestamp, thing: T) -> u32 {
        let forgettable = now - self.life - SLACK;
        while let Some(oldest) = self.things.front()
            && (self.things.len() >= self.most
                || oldest.as_ref().is_none_or(|(born, _)| *born < forgettable))
        {
            self.things.pop_front();
            self.first = self.first.wrapping_add(1);
        }
        self.things.push_back(Some((now, thing)));
        self.first.wrapping_add(self.things.len() as u32 - 1)
    }

    /// A thing that is still alive.
    pub(super) fn get_mut(&mut self, now: Timestamp, number: u32) -> Option<&mut T> {
        let life = self.life;
        let (born, thing) = self.slot(number)?.as_mut()?;
        (now < *born + life).then_some(thing)
    }

    /// A thing, alive or not, as long as it is remembered.
    pub(super) fn look(&self, number: u32) -> Option<&T> {
        let place = number.wrapping_sub(self.first) as usize;
        self.things.get(place)?.as_ref().map(|(_, thing)| thing)
    }

    /// Takes a thing that is still alive: it is gone for whoever comes next.
    pub(super) fn take(&mut self, now: Timestamp, number: u32) -> Option<T> {
        let life = self.life;
        let (born, thing) = self.slot(number)?.take()?;
        (now < born + life).then_some(thing)
    }

    /// A thing that is still alive, and when it was born.
    pub(super) fn get(&self, now: Timestamp, number: u32) -> Option<(Timestamp, &T)> {
        let slot = self.things.get(number.wrapping_sub(self.first) as usize)?;
        let (born, thing) = slot.as_ref()?;
        (now < *born + self.life).then_some((*born, thing))
    }

    /// All things that are still alive, with their numbers, oldest first.
    pub(super) fn iter(&self, now: Timestamp) -> impl Iterator<Item = (u32, Timestamp, &T)> {
        let (first, life) = (self.first, self.life);
        self.things
            .iter()
            .enumerate()
            .filter_map(move |(place, slot)| {
                let (born, thing) = slot.as_ref()?;
                let number = first.wrapping_add(place as u32);
                (now < *born + life).then_some((number, *born, thing))
            })
    }

    fn slot(&mut self, number: u32) -> Option<&mut Option<(Timestamp, T)>> {
        self.things
            .get_mut(number.wrapping_sub(self.first) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    #[test]
    fn a_thing_lives_for_its_life_and_is_taken_once() {
        let mut passing = Passing::new(Span::from_secs(10));
        let (a, b) = (passing.put(at(0), 'a'), passing.put(at(1), 'b'));
        assert_eq!(passing.get_mut(at(9), a), Some(&mut 'a'));
        assert_eq!(passing.get_mut(at(10), a), None, "its life is over");
        assert_eq!(passing.take(at(9), b), Some('b'));
        assert_eq!(passing.take(at(9), b), None, "it was taken");
        assert_eq!(passing.take(at(9), 77), None, "nobody has this number");
    }

    #[test]
    fn the_oldest_make_room_where_there_is_a_bound() {
        let mut passing = Passing::new(Span::from_hours(1));
        passing.keep_at_most(3);
        let numbers: Vec<u32> = (0..5).map(|thing| passing.put(at(0), thing)).collect();
        let kept: Vec<u32> = passing.iter(at(1)).map(|(number, ..)| number).collect();
        assert_eq!(kept, numbers[2..]);
    }

    #[test]
    fn the_past_is_forgotten_and_numbers_go_on() {
        let mut passing = Passing::new(Span::from_secs(10));
        for hour in 0..100 {
            assert_eq!(passing.put(at(hour * 3600), ()), hour as u32);
        }
        assert!(
            passing.things.len() <= 8,
            "{} are kept",
            passing.things.len()
        );
        assert_eq!(passing.get_mut(at(99 * 3600 + 9), 99), Some(&mut ()));
        assert_eq!(
            passing.get_mut(at(97 * 3600 + 9), 97),
            Some(&mut ()),
            "a call that comes late"
        );
        assert_eq!(passing.get_mut(at(3 * 3600), 3), None);
    }
}
