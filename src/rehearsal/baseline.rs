//! What would have happened without a cutover: the login pages that visits met all the same.

use crate::population::PersonId;

/// The login pages that visits of a rehearsal under `none` met. A logout at one of them is natural:
/// the session had ended by itself. A logout at any other login page is forced.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    /// Visits that met any, by person and ordinal.
    visits: Vec<MetLogin>,
}

/// A visit, and how many login pages it met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct MetLogin {
    person: u32,
    ordinal: u32,
    pages: u8,
}

impl Baseline {
    /// A visit has ended, or was cut off, that met so many login pages.
    pub(super) fn note(&mut self, person: PersonId, ordinal: u32, pages: u8) {
        if pages > 0 {
            self.visits.push(MetLogin {
                person: person.0,
                ordinal,
                pages,
            });
        }
    }

    /// Everything has been noted.
    pub(super) fn settled(mut self) -> Self {
        self.visits.sort_unstable();
        self.visits.shrink_to_fit();
        self
    }

    /// How many login pages a person's visit met.
    pub fn login_pages(&self, person: PersonId, ordinal: u32) -> u8 {
        let place = self
            .visits
            .binary_search_by_key(&(person.0, ordinal), |met| (met.person, met.ordinal));
        place.map_or(0, |place| self.visits[place].pages)
    }

    /// Whether a person's visit met a login page.
    pub fn met_login(&self, person: PersonId, ordinal: u32) -> bool {
        self.login_pages(person, ordinal) > 0
    }
}
