//! The hands of a clock: held, set or moved by hand, so that tests need not wait for time to pass.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::time::{Span, Timestamp};

/// How a clock's time differs from the wall's.
#[derive(Debug, Default)]
pub struct Hands {
    /// Whether anybody moved them: most never are, and every call asks for the time.
    moved: AtomicBool,
    reading: Mutex<Reading>,
}

/// Where the hands are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reading {
    /// So far ahead of the wall (negative: behind).
    Running(Span),
    /// Held here.
    Held(Timestamp),
}

impl Default for Reading {
    fn default() -> Self {
        Self::Running(Span::ZERO)
    }
}

impl Hands {
    /// The time, when the wall shows this.
    pub fn tell(&self, wall: Timestamp) -> Timestamp {
        if !self.moved.load(Ordering::Acquire) {
            return wall;
        }
        self.reading().tell(wall)
    }

    /// Whether they are held.
    pub fn are_held(&self) -> bool {
        matches!(*self.reading(), Reading::Held(_))
    }

    /// Holds them where they are.
    pub fn hold(&self, wall: Timestamp) {
        self.turn(|reading| Reading::Held(reading.tell(wall)));
    }

    /// Lets them go on from where they are.
    pub fn release(&self, wall: Timestamp) {
        self.turn(|reading| Reading::Running(reading.tell(wall) - wall));
    }

    /// Sets them; held hands stay held.
    pub fn set(&self, wall: Timestamp, to: Timestamp) {
        self.turn(|reading| match reading {
            Reading::Held(_) => Reading::Held(to),
            Reading::Running(_) => Reading::Running(to - wall),
        });
    }

    /// Back to the wall's time.
    pub fn reset(&self) {
        self.turn(|_| Reading::default());
    }

    fn turn(&self, to: impl FnOnce(Reading) -> Reading) {
        let mut reading = self.reading();
        *reading = to(*reading);
        self.moved
            .store(*reading != Reading::default(), Ordering::Release);
    }

    fn reading(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading {
    fn tell(self, wall: Timestamp) -> Timestamp {
        match self {
            Self::Running(ahead) => wall + ahead,
            Self::Held(at) => at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn held_hands_stay_and_go_on_from_where_they_were() {
        let (hands, at) = (Hands::default(), Timestamp::from_secs);
        assert_eq!(hands.tell(at(100)), at(100));
        hands.hold(at(100));
        assert_eq!(hands.tell(at(160)), at(100));
        hands.set(at(160), at(500));
        assert_eq!((hands.tell(at(170)), hands.are_held()), (at(500), true));
        hands.release(at(170));
        assert_eq!(hands.tell(at(171)), at(501));
        hands.set(at(171), at(50));
        assert_eq!((hands.tell(at(172)), hands.are_held()), (at(51), false));
        hands.reset();
        assert_eq!(hands.tell(at(173)), at(173));
    }
}
