//! What would have happened without a cutover: the login pages that visits met all the same.

use crate::population::PersonId;

/// The login pages that visits of a rehearsal under `none` met. A logout at one of them is natural:
/// the session had ended by itself. A logout at any other login page is forced.
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    /// Visits that met any, by person and ordinal.
    visits: Vec<MetLogin>,
    /// Where the visits of each block of people begin, and after the last block their end.
    blocks: Vec<u32>,
}

/// People whose visits are found together.
const BLOCK: u32 = 16;

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
        let last = self.visits.last().map_or(0, |met| met.person / BLOCK);
        let mut begins = 0;
        self.blocks = (0..=last + 1)
            .map(|block| {
                let rest = self.visits[begins..].iter();
                begins += rest.take_while(|met| met.person / BLOCK < block).count();
                begins as u32
            })
            .collect();
        self
    }

    /// How many login pages a person's visit met.
    pub fn login_pages(&self, person: PersonId, ordinal: u32) -> u8 {
        let block = (person.0 / BLOCK) as usize;
        let (Some(from), Some(to)) = (self.blocks.get(block), self.blocks.get(block + 1)) else {
            return 0;
        };
        let visits = &self.visits[*from as usize..*to as usize];
        let place =
            visits.binary_search_by_key(&(person.0, ordinal), |met| (met.person, met.ordinal));
        place.map_or(0, |place| visits[place].pages)
    }

    /// Whether a person's visit met a login page.
    pub fn met_login(&self, person: PersonId, ordinal: u32) -> bool {
        self.login_pages(person, ordinal) > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visits_are_found_in_whatever_order_they_were_noted() {
        let mut baseline = Baseline::default();
        let met = [
            (90, 5, 1),
            (3, 7, 2),
            (17, 1, 1),
            (3, 2, 1),
            (16, 9, 3),
            (5, 5, 0),
        ];
        for (person, ordinal, pages) in met {
            baseline.note(PersonId(person), ordinal, pages);
        }
        let baseline = baseline.settled();
        for (person, ordinal, pages) in met {
            assert_eq!(baseline.login_pages(PersonId(person), ordinal), pages);
        }
        for (person, ordinal) in [(0, 0), (3, 3), (4, 7), (91, 5), (95, 0), (4_000, 1)] {
            assert!(!baseline.met_login(PersonId(person), ordinal));
        }
        assert!(!Baseline::default().met_login(PersonId(0), 0));
    }
}
