//! What would have happened without a cutover: the login pages that visits met all the same.

use rustc_hash::FxHashMap;

use crate::population::PersonId;

/// The login pages that visits of a rehearsal under `none` met. A logout at one of them is natural:
/// the session had ended by itself. A logout at any other login page is forced.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    login_pages: FxHashMap<(u32, u32), u8>,
}

impl Baseline {
    /// A visit met one more login page; tells how many that makes.
    pub(super) fn note(&mut self, person: PersonId, ordinal: u32) -> u8 {
        let pages = self.login_pages.entry((person.0, ordinal)).or_insert(0);
        *pages = pages.saturating_add(1);
        *pages
    }

    /// How many login pages a person's visit met.
    pub fn login_pages(&self, person: PersonId, ordinal: u32) -> u8 {
        self.login_pages
            .get(&(person.0, ordinal))
            .copied()
            .unwrap_or(0)
    }

    /// Whether a person's visit met a login page.
    pub fn met_login(&self, person: PersonId, ordinal: u32) -> bool {
        self.login_pages(person, ordinal) > 0
    }
}
