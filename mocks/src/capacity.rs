//! How much a provider can do at once: calls wait in line for a free worker, and a full line is turned away.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::time::{Span, Timestamp};

/// A provider's capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Calls that are worked on at once; at least 1.
    pub workers: u32,
    /// Calls that may wait in line; more are refused with 503.
    pub queue: u32,
}

/// The line in front of a provider: first come, first served, one line for all workers.
#[derive(Clone, Debug, Default)]
pub struct Line {
    /// When each busy worker is free again.
    busy: BinaryHeap<Reverse<Timestamp>>,
    /// When the calls that wait will start, in order.
    waiting: VecDeque<Timestamp>,
}

/// The line is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Full;

impl Line {
    /// A call that needs a worker for `service` comes; tells how long it waits for one.
    pub fn enter(
        &mut self,
        capacity: Capacity,
        now: Timestamp,
        service: Span,
    ) -> Result<Span, Full> {
        while self.waiting.front().is_some_and(|start| *start <= now) {
            self.waiting.pop_front();
        }
        let start = if self.busy.len() < capacity.workers.max(1) as usize {
            now
        } else {
            self.busy.peek().map_or(now, |Reverse(free)| now.max(*free))
        };
        if start > now {
            if self.waiting.len() >= capacity.queue as usize {
                return Err(Full);
            }
            self.waiting.push_back(start);
        }
        if self.busy.len() >= capacity.workers.max(1) as usize {
            self.busy.pop();
        }
        self.busy.push(Reverse(start + service));
        Ok(start - now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::luck::{Luck, mix};

    const START: Timestamp = Timestamp::from_secs(1_000);

    /// Mean wait over many calls that come as a Poisson stream at `load` of one worker's capacity.
    fn mean_wait(load: f64, mut service: impl FnMut(u64) -> f64) -> f64 {
        let capacity = Capacity {
            workers: 1,
            queue: u32::MAX,
        };
        let mut line = Line::default();
        let (mut at, mut waited) = (0.0, 0.0);
        let calls = 400_000;
        for call in 0..calls {
            at += -libm::log(1.0 - Luck(mix(call * 2 + 1)).unit()) / load;
            let now = START + Span::from_secs_f64(at);
            let span = Span::from_secs_f64(service(call));
            waited += line
                .enter(capacity, now, span)
                .expect("the line is long")
                .as_secs_f64();
        }
        waited / calls as f64
    }

    #[test]
    fn waiting_with_constant_service_is_that_of_m_d_1() {
        // Pollaczek and Khinchine: W = ρ / (2 (1 − ρ)) service times.
        let (load, expected) = (0.8, 0.8 / (2.0 * 0.2));
        let wait = mean_wait(load, |_| 1.0);
        assert!(
            (wait / expected - 1.0).abs() < 0.05,
            "{wait} is not {expected}"
        );
    }

    #[test]
    fn waiting_with_exponential_service_is_that_of_m_m_1() {
        // W = ρ / (1 − ρ) service times.
        let (load, expected) = (0.8, 0.8 / 0.2);
        let wait = mean_wait(load, |call| -libm::log(1.0 - Luck(mix(call * 2)).unit()));
        assert!(
            (wait / expected - 1.0).abs() < 0.08,
            "{wait} is not {expected}"
        );
    }

    #[test]
    fn a_burst_drains_at_the_workers_pace() {
        let capacity = Capacity {
            workers: 4,
            queue: 1_000,
        };
        let mut line = Line::default();
        let second = Span::from_secs(1);
        let waits: Vec<Span> = (0..100)
            .map(|_| line.enter(capacity, START, second).expect("room"))
            .collect();
        assert_eq!(waits[3], Span::ZERO);
        assert_eq!(waits[4], second);
        assert_eq!(
            waits[99],
            second * 24,
            "100 calls at 4 a second are done after 25 s"
        );
    }

    #[test]
    fn a_full_line_is_turned_away_until_it_moves() {
        let capacity = Capacity {
            workers: 1,
            queue: 1,
        };
        let mut line = Line::default();
        let second = Span::from_secs(1);
        assert_eq!(line.enter(capacity, START, second), Ok(Span::ZERO));
        assert_eq!(line.enter(capacity, START, second), Ok(second));
        assert_eq!(line.enter(capacity, START, second), Err(Full));
        assert_eq!(line.enter(capacity, START + second, second), Ok(second));
    }
}
