//! The connections that are open: told together to end, and let go one by one where they idle.
//!
//! One look at all of them now and then, instead of a timer of each that every request would set anew.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use super::connection::Line;

/// Who is in.
#[derive(Debug, Default)]
pub(super) struct Lobby {
    closing: AtomicBool,
    guests: Mutex<Guests>,
}

#[derive(Debug, Default)]
struct Guests {
    inside: BTreeMap<u64, Guest>,
    entered: u64,
}

/// A connection.
#[derive(Debug)]
struct Guest {
    line: Line,
    /// Wakes whoever serves it.
    waker: Waker,
    /// What the line's turn was when it was last looked at, and for how many looks it has been so.
    turn: u32,
    looks: u32,
}

/// A connection that is inside for as long as this lives.
#[derive(Debug)]
pub(super) struct Inside {
    lobby: Arc<Lobby>,
    number: u64,
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.lobby.guests().inside.remove(&self.number);
    }
}

/// How often one must be found idle before it is let go.
const LOOKS: u32 = 16;

impl Lobby {
    /// How long to wait between looks, so that no connection idles for less than this before it is let
    /// go, nor for more than a sixteenth above.
    pub(super) fn between_looks(patience: Duration) -> Duration {
        (patience / LOOKS).max(Duration::from_millis(1))
    }

    /// Lets a connection in, served by whom this waker wakes.
    pub(super) fn enter(self: Arc<Self>, line: Line, waker: Waker) -> Inside {
        let mut guests = self.guests();
        guests.entered += 1;
        let (number, turn) = (guests.entered, line.turn());
        let guest = Guest {
            line,
            waker,
            turn,
            looks: 0,
        };
        guests.inside.insert(number, guest);
        drop(guests);
        Inside {
            lobby: self,
            number,
        }
    }

    /// Whether all shall end.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Tells all to end when they have answered.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        for guest in self.guests().inside.values() {
            guest.waker.wake_by_ref();
        }
    }

    /// Looks at all of them: who has been found idle often enough is told so, and lets go of it unless
    /// something has happened meanwhile.
    pub(super) fn look(&self) {
        for guest in self.guests().inside.values_mut() {
            let turn = guest.line.turn();
            if turn != guest.turn || guest.line.is_answering() {
                (guest.turn, guest.looks) = (turn, 0);
                continue;
            }
            guest.looks += 1;
            if guest.looks > LOOKS {
                guest.line.note_overdue(turn);
                guest.waker.wake_by_ref();
            }
        }
    }

    fn guests(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
