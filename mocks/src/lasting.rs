//! Numbered rows that end one day: found by number, and forgotten once they have ended.

use crate::time::Span;

/// Rows are kept this long after their end: over HTTP a time-lapse runs a fortnight in a minute, and a
/// call may arrive a second after others that it should have come before.
pub(crate) const SLACK: Span = Span::from_hours(6);

/// Rows that are kept before any is looked at.
const FIRST_SWEEP: usize = 1 << 16;

/// Rows by number, in order of creation. Numbers count up and are never given twice, so that a number
/// without a row tells whether there ever was one.
///
/// [`Self::sweep`] looks at all rows and is due each time that their number has doubled. What it
/// leaves is at most twice as many as have not ended, and so a row costs a constant in the mean.
#[derive(Clone, Debug)]
pub(crate) struct Lasting<T> {
    /// Rows from before `first` that have not ended, in order.
    old: Vec<(u32, T)>,
    /// The number of the first of `rows`.
    first: u32,
    /// One for each number from there on.
    rows: Vec<T>,
    sweep_at: usize,
}

impl<T> Default for Lasting<T> {
    fn default() -> Self {
        Self {
            old: Vec::new(),
            first: 0,
            rows: Vec::new(),
            sweep_at: FIRST_SWEEP,
        }
    }
}

impl<T> Lasting<T> {
    /// Makes room ahead of seeding.
    pub(crate) fn reserve(&mut self, more: usize) {
        self.rows.reserve(more);
    }

    /// Keeps a row; its number.
    pub(crate) fn put(&mut self, row: T) -> u32 {
        let number = self.issued();
        self.rows.push(row);
        number
    }

    /// How many rows there ever were: the number of the next one.
    pub(crate) fn issued(&self) -> u32 {
        self.first.wrapping_add(self.rows.len() as u32)
    }

    /// Whether there once was a row of this number that is kept no longer.
    pub(crate) fn is_forgotten(&self, number: u32) -> bool {
        number < self.first && self.get(number).is_none()
    }

    /// A row that is kept.
    pub(crate) fn get(&self, number: u32) -> Option<&T> {
        if number >= self.first {
            return self.rows.get((number - self.first) as usize);
        }
        let place = self.place_of_old(number)?;
        Some(&self.old[place].1)
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        if number >= self.first {
            return self.rows.get_mut((number - self.first) as usize);
        }
        let place = self.place_of_old(number)?;
        Some(&mut self.old[place].1)
    }

    fn place_of_old(&self, number: u32) -> Option<usize> {
        self.old.binary_search_by_key(&number, |(old, _)| *old).ok()
    }

    /// All rows that are kept, in order.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (u32, &T)> {
        let old = self.old.iter().map(|(number, row)| (*number, row));
        let rows = self.rows.iter().enumerate();
        old.chain(rows.map(|(place, row)| (self.first + place as u32, row)))
    }

    /// The same, to be changed.
    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (u32, &mut T)> {
        let first = self.first;
        let old = self.old.iter_mut().map(|(number, row)| (*number, row));
        let rows = self.rows.iter_mut().enumerate();
        old.chain(rows.map(move |(place, row)| (first + place as u32, row)))
    }

    /// Those of them from this number on.
    pub(crate) fn iter_from(&self, number: u32) -> impl Iterator<Item = (u32, &T)> {
        let old = self.old.partition_point(|(old, _)| *old < number);
        let place = number.saturating_sub(self.first) as usize;
        let rows = self.rows.get(place..).unwrap_or_default().iter();
        let numbers = number.max(self.first)..;
        let old = self.old[old..].iter().map(|(number, row)| (*number, row));
        old.chain(numbers.zip(rows))
    }

    /// How many rows are kept.
    pub(crate) fn len(&self) -> usize {
        self.old.len() + self.rows.len()
    }

    /// Whether a sweep is worth its while.
    pub(crate) fn is_due(&self) -> bool {
        self.len() >= self.sweep_at
    }

    /// Forgets rows that have ended.
    pub(crate) fn sweep(&mut self, ended: impl Fn(&T) -> bool) {
        self.sweep_numbered(|_, row| ended(row));
    }

    /// The same, where a row's number tells whether it has.
    pub(crate) fn sweep_numbered(&mut self, ended: impl Fn(u32, &T) -> bool) {
        self.old.retain(|(number, row)| !ended(*number, row));
        let (mut over, mut reach) = (0, 0);
        for (place, (number, row)) in (self.first..).zip(&self.rows).enumerate() {
            over += usize::from(ended(number, row));
            // As far as at least half have ended, moving the others costs no more than these have.
            if over * 2 > place {
                reach = place + 1;
            }
        }
        let numbered = (self.first..).zip(self.rows.drain(..reach));
        self.old
            .extend(numbered.filter(|(number, row)| !ended(*number, row)));
        self.settle(reach);
    }

    /// Forgets the oldest rows beyond this many.
    pub(crate) fn keep_newest(&mut self, most: usize) {
        let excess = self.len().saturating_sub(most);
        let old = excess.min(self.old.len());
        self.old.drain(..old);
        let reach = excess - old;
        self.rows.drain(..reach);
        self.settle(reach);
    }

    /// After the first rows were taken out.
    fn settle(&mut self, reach: usize) {
        self.first = self.first.wrapping_add(reach as u32);
        if self.rows.capacity() / 4 > self.rows.len().max(FIRST_SWEEP) {
            self.rows.shrink_to(self.rows.len() * 2);
        }
        if self.old.capacity() / 4 > self.old.len().max(FIRST_SWEEP) {
            self.old.shrink_to(self.old.len() * 2);
        }
        self.sweep_at = FIRST_SWEEP.max(self.len() * 2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug)]
    enum Deed {
        Put(u8),
        Sweep(u8),
        KeepNewest(u8),
    }

    fn deeds() -> impl Strategy<Value = Vec<Deed>> {
        let deed = prop_oneof![
            20 => any::<u8>().prop_map(Deed::Put),
            2 => any::<u8>().prop_map(Deed::Sweep),
            1 => any::<u8>().prop_map(Deed::KeepNewest),
        ];
        prop::collection::vec(deed, 0..200)
    }

    proptest! {
        #[test]
        fn it_forgets_nothing_that_has_not_ended(deeds in deeds()) {
            let (mut lasting, mut known) = (Lasting::default(), BTreeMap::new());
            let (mut issued, mut latest) = (0, 0);
            for deed in deeds {
                match deed {
                    Deed::Put(until) => {
                        prop_assert_eq!(lasting.put(until), issued);
                        known.insert(issued, until);
                        issued += 1;
                    }
                    Deed::Sweep(now) => {
                        // Whatever has ended once stays so.
                        let now = now.max(latest);
                        latest = now;
                        lasting.sweep(|until| *until < now);
                        known.retain(|_, until| *until >= now);
                        prop_assert!(lasting.len() <= 2 * known.len());
                    }
                    Deed::KeepNewest(most) => {
                        lasting.keep_newest(most.into());
                        prop_assert!(lasting.len() <= most.into());
                        let kept = lasting.iter().next().map_or(issued, |(number, _)| number);
                        known.retain(|number, _| *number >= kept);
                    }
                }
                prop_assert_eq!(lasting.issued(), issued);
                for (number, until) in &known {
                    prop_assert_eq!(lasting.get(*number), Some(until));
                    prop_assert!(!lasting.is_forgotten(*number));
                }
                let numbers: Vec<u32> = lasting.iter().map(|(number, _)| number).collect();
                prop_assert!(numbers.is_sorted() && known.keys().all(|known| numbers.contains(known)));
                let from = issued / 2;
                let later: Vec<u32> = lasting.iter_from(from).map(|(number, _)| number).collect();
                let expected: Vec<u32> = numbers.into_iter().filter(|number| *number >= from).collect();
                prop_assert_eq!(later, expected);
                prop_assert!(!lasting.is_forgotten(issued) && lasting.get(issued).is_none());
            }
        }
    }

    #[test]
    fn a_long_life_in_front_keeps_nobody_else() {
        let mut lasting = Lasting::default();
        let mut most = 0;
        for now in 0..200_000_u32 {
            // Every thousandth row never ends; the others do at once.
            lasting.put(if now % 1000 == 0 { u32::MAX } else { now });
            if lasting.is_due() {
                lasting.sweep(|until| *until <= now);
            }
            most = most.max(lasting.len());
        }
        assert!(most <= FIRST_SWEEP, "{most} were kept");
        assert_eq!(lasting.get(0), Some(&u32::MAX));
        assert!(lasting.is_forgotten(1));
    }
}
