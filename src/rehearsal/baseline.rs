//! What would have happened without a cutover: the visits that met a login page all the same.

use rustc_hash::FxHashSet;

use crate::population::PersonId;

/// The visits of a rehearsal under `none` that met a login page. A logout at one of them is natural:
/// the session had ended by itself. A logout at any other visit is forced.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    met_login: FxHashSet<(u32, u32)>,
}

impl Baseline {
    pub(super) fn note(&mut self, person: PersonId, ordinal: u32) {
        self.met_login.insert((person.0, ordinal));
    }

    /// Whether a person's visit met a login page.
    pub fn met_login(&self, person: PersonId, ordinal: u32) -> bool {
        self.met_login.contains(&(person.0, ordinal))
    }
}
