//! The face that a server shows: a reset puts another in its place, and calls under way keep theirs.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use axum::extract::FromRef;

use super::stamp::Clock;
use super::{auth0, stytch};

/// The face that is shown now. Clones show the same.
///
/// Every call takes it once, when it comes in, and is answered by it wholly: so that what was made
/// before a reset is never told as if it had been made after it.
pub struct Shown<F>(Arc<RwLock<F>>);

impl<F: Clone> Shown<F> {
    /// Shows a face.
    pub fn new(face: F) -> Self {
        Self(Arc::new(RwLock::new(face)))
    }

    /// The face that is shown now.
    pub fn get(&self) -> F {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Shows another from now on.
    pub fn put(&self, face: F) {
        let mut shown = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *shown, face);
        drop(shown);
        // Millions of people may be gone with it: nobody waits for that.
        drop(before);
    }
}

impl<F> Clone for Shown<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F> fmt::Debug for Shown<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").finish_non_exhaustive()
    }
}

impl FromRef<Shown<Self>> for Arc<auth0::Face> {
    fn from_ref(shown: &Shown<Self>) -> Self {
        shown.get()
    }
}

impl FromRef<Shown<Self>> for stytch::Face {
    fn from_ref(shown: &Shown<Self>) -> Self {
        shown.get()
    }
}

impl FromRef<Arc<auth0::Face>> for Clock {
    fn from_ref(face: &Arc<auth0::Face>) -> Self {
        face.clock()
    }
}

impl FromRef<Shown<Arc<auth0::Face>>> for Clock {
    fn from_ref(shown: &Shown<Arc<auth0::Face>>) -> Self {
        shown.get().clock()
    }
}

impl FromRef<Shown<stytch::Face>> for Clock {
    fn from_ref(shown: &Shown<stytch::Face>) -> Self {
        shown.get().clock()
    }
}
