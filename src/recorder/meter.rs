//! How often something happens: in all, and in the busiest second.

use cutover_mocks::time::Timestamp;

use super::{Load, Peak};

/// Counts events per second and remembers the busiest second. Times may come out of order by up to
/// [`PeakMeter::REACH`] seconds.
#[derive(Clone, Debug)]
struct PeakMeter {
    seconds: [(i64, u32); Self::REACH],
    peak: Peak,
}

impl Default for PeakMeter {
    fn default() -> Self {
        Self {
            seconds: [(i64::MIN, 0); Self::REACH],
            peak: Peak::default(),
        }
    }
}

impl PeakMeter {
    const REACH: usize = 64;

    /// Counts one; returns how many there were in its second so far.
    fn tick(&mut self, at: Timestamp) -> u32 {
        let second = at.as_secs();
        let slot = &mut self.seconds[second.rem_euclid(Self::REACH as i64) as usize];
        if slot.0 == second {
            slot.1 += 1;
        } else {
            *slot = (second, 1);
        }
        // On a tie the earlier second wins, whatever order they were counted in.
        let (count, at) = (slot.1, Timestamp::from_secs(second));
        let per_second = u64::from(count);
        if per_second > self.peak.per_second
            || (per_second == self.peak.per_second && at < self.peak.at)
        {
            self.peak = Peak { per_second, at };
        }
        count
    }
}

/// The load over a rehearsal, and its busiest second.
#[derive(Clone, Debug)]
pub(super) struct LoadMeter {
    meter: PeakMeter,
    loads: Vec<Load>,
}

impl LoadMeter {
    pub(super) fn new(buckets: usize) -> Self {
        Self {
            meter: PeakMeter::default(),
            loads: vec![Load::default(); buckets],
        }
    }

    /// Counts one, in a bucket of the timeline.
    pub(super) fn tick(&mut self, at: Timestamp, bucket: usize) {
        let count = self.meter.tick(at);
        let load = &mut self.loads[bucket];
        load.total += 1;
        load.peak = load.peak.max(count);
    }

    pub(super) const fn peak(&self) -> Peak {
        self.meter.peak
    }

    pub(super) fn loads(self) -> Vec<Load> {
        self.loads
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_busiest_second_is_found_out_of_order() {
        let mut meter = LoadMeter::new(1);
        for micros in [
            3_000_000, 1_100_000, 3_900_000, 1_200_000, 1_000_000, 9_000_000,
        ] {
            meter.tick(Timestamp::from_micros(micros), 0);
        }
        assert_eq!(
            meter.peak(),
            Peak {
                per_second: 3,
                at: Timestamp::from_secs(1)
            }
        );
        assert_eq!(meter.loads(), [Load { total: 6, peak: 3 }]);
    }

    #[test]
    fn each_bucket_keeps_its_own_busiest_second() {
        let mut meter = LoadMeter::new(3);
        for (second, bucket) in [(1, 0), (1, 0), (1, 0), (2, 0), (70, 2), (70, 2)] {
            meter.tick(Timestamp::from_secs(second), bucket);
        }
        let load = |total, peak| Load { total, peak };
        assert_eq!(meter.loads(), [load(4, 3), load(0, 0), load(2, 2)]);
    }
}
