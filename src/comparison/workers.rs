//! Jobs over threads: each thread takes the next job; results come back in the order of the jobs. Who
//! stops keeps the results of the first jobs, without a gap.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Works off jobs, until it shall stop. Which thread does which job depends on luck; the results do not.
pub(super) fn work_off<Job: Sync, Done: Send>(
    threads: NonZeroUsize,
    jobs: &[Job],
    stopped: impl Fn() -> bool + Sync,
    work: impl Fn(&Job) -> Done + Sync,
) -> Vec<Done> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = jobs.get(place).filter(|_| !stopped()) else {
                return done;
            };
            done.push((place, work(job)));
        }
    };
    let mut all: Vec<(usize, Done)> = std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads.get().min(jobs.len().max(1)))
            .map(|_| scope.spawn(take))
            .collect();
        let mut all = take();
        for other in others {
            match other.join() {
                Ok(done) => all.extend(done),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        all
    });
    all.sort_by_key(|(place, _)| *place);
    let whole = all.iter().enumerate();
    let whole = whole
        .take_while(|(index, (place, _))| index == place)
        .count();
    all.into_iter().take(whole).map(|(_, done)| done).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_jobs_on_any_number_of_threads() {
        let jobs: Vec<u64> = (0..100).collect();
        let squares: Vec<u64> = jobs.iter().map(|job| job * job).collect();
        for threads in [1, 2, 4, 200] {
            let threads = NonZeroUsize::new(threads).expect("not 0");
            assert_eq!(work_off(threads, &jobs, || false, |job| job * job), squares);
        }
        let none: Vec<u64> = work_off(NonZeroUsize::MIN, &[], || false, |job: &u64| *job);
        assert!(none.is_empty());
    }

    #[test]
    fn who_stops_keeps_the_first_results() {
        let jobs: Vec<usize> = (0..1_000).collect();
        for threads in [1, 4] {
            let threads = NonZeroUsize::new(threads).expect("not 0");
            let done = AtomicUsize::new(0);
            let enough = || done.load(Ordering::Relaxed) >= 10;
            let kept = work_off(threads, &jobs, enough, |&job| {
                done.fetch_add(1, Ordering::Relaxed);
                job
            });
            assert!((1..1_000).contains(&kept.len()), "{}", kept.len());
            assert_eq!(kept, jobs[..kept.len()]);
        }
    }
}
