//! The locks of a project's face: the machine before the book, never the other way round.

use std::ops::{Deref, DerefMut};
use std::sync::{MutexGuard, PoisonError};

use super::{Book, Face};
use crate::http::Directory;
use crate::stytch::Project;

/// The machine behind a face, held. Addresses that people came to have, or have no longer, are known
/// to the directory when it is let go.
#[derive(Debug)]
pub struct Held<'a> {
    project: MutexGuard<'a, Project>,
    directory: &'a Directory,
    _turn: order::Turn,
}

/// The book of a face, held.
#[derive(Debug)]
pub(super) struct HeldBook<'a> {
    book: MutexGuard<'a, Book>,
    _turn: order::Turn,
}

impl Face {
    /// The machine behind the face. Hold it briefly: every request needs it.
    pub fn project(&self) -> Held<'_> {
        let turn = order::Turn::of_machine();
        let project = self.0.project.lock();
        Held {
            project: project.unwrap_or_else(PoisonError::into_inner),
            directory: &self.0.directory,
            _turn: turn,
        }
    }

    pub(super) fn book(&self) -> HeldBook<'_> {
        let turn = order::Turn::of_book();
        HeldBook {
            book: self.0.book.lock().unwrap_or_else(PoisonError::into_inner),
            _turn: turn,
        }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let moves = self.project.take_moves();
        if !moves.is_empty() {
            self.directory.follow(moves);
        }
    }
}

impl Deref for Held<'_> {
    type Target = Project;
    fn deref(&self) -> &Project {
        &self.project
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Project {
        &mut self.project
    }
}

impl Deref for HeldBook<'_> {
    type Target = Book;
    fn deref(&self) -> &Book {
        &self.book
    }
}

impl DerefMut for HeldBook<'_> {
    fn deref_mut(&mut self) -> &mut Book {
        &mut self.book
    }
}

/// Whoever locks out of turn would wait for ever, some day: tests and debug builds stop at once.
#[cfg(debug_assertions)]
mod order {
    use std::cell::Cell;

    thread_local! {
        /// What this thread holds: the machine is 1, the book is 2.
        static HELD: Cell<u8> = const { Cell::new(0) };
    }

    #[derive(Debug)]
    pub(super) struct Turn(u8);

    impl Turn {
        pub(super) fn of_machine() -> Self {
            assert!(
                HELD.get() == 0,
                "the machine is locked before the book, and once"
            );
            Self::take(1)
        }

        pub(super) fn of_book() -> Self {
            assert!(HELD.get() & 2 == 0, "the book is locked once");
            Self::take(2)
        }

        fn take(what: u8) -> Self {
            HELD.set(HELD.get() | what);
            Self(what)
        }
    }

    impl Drop for Turn {
        fn drop(&mut self) {
            HELD.set(HELD.get() & !self.0);
        }
    }
}

#[cfg(not(debug_assertions))]
mod order {
    #[derive(Debug)]
    pub(super) struct Turn;

    impl Turn {
        pub(super) const fn of_machine() -> Self {
            Self
        }

        pub(super) const fn of_book() -> Self {
            Self
        }
    }
}
