//! Work that takes long, by threads of its own, so that connections go on being served meanwhile.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Condvar, LazyLock, Mutex, PoisonError};

use tokio::sync::oneshot;

/// Work, which answers what tells whoever waits for it.
struct Job {
    /// Whether it takes no longer than a few signatures.
    brief: bool,
    work: Box<dyn FnOnce() -> Tell + Send>,
}

type Tell = Box<dyn FnOnce() + Send>;

/// Where jobs are handed in.
struct Desk {
    jobs: Mutex<VecDeque<Job>>,
    filled: Condvar,
    /// As many as cores, for as long as the process lives: more would only queue inside the kernel.
    threads: usize,
}

static DESK: LazyLock<Desk> = LazyLock::new(|| {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    for _ in 0..threads {
        std::thread::spawn(|| DESK.work());
    }
    Desk {
        jobs: Mutex::default(),
        filled: Condvar::default(),
        threads,
    }
});

/// Brief jobs that a thread does before it tells of any of them, if so many wait: every telling wakes a
/// thread that serves connections, which on a busy server costs as much as a tenth of a signature. Some
/// three milliseconds of signatures; whoever waits then waits behind as many anyway.
const AT_ONCE: usize = 16;

impl Desk {
    fn take(&self) -> Vec<Job> {
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner);
        let mut jobs = self
            .filled
            .wait_while(jobs, |jobs| jobs.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        // Not more than a thread's share: nobody waits for one thread while another has nothing to do.
        let share = jobs.len().div_ceil(self.threads).min(AT_ONCE);
        let brief = jobs.iter().take_while(|job| job.brief).count();
        // What takes long is done by itself, so that nothing waits for it that is done already.
        jobs.drain(..brief.min(share).max(1)).collect()
    }

    fn hand_in(&self, job: Job) {
        self.jobs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push_back(job);
        self.filled.notify_one();
    }

    fn work(&self) {
        loop {
            let told: Vec<Tell> = self.take().into_iter().map(|job| (job.work)()).collect();
            for tell in told {
                tell();
            }
        }
    }
}

/// Runs work that hashes or does something else that may take long.
pub(super) async fn off_the_loop<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    done(false, work).await
}

/// Runs work that takes no longer than a few signatures.
pub(super) async fn briefly_off_the_loop<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    done(true, work).await
}

async fn done<T: Send + 'static>(brief: bool, work: impl FnOnce() -> T + Send + 'static) -> T {
    let (done, result) = oneshot::channel();
    let work = Box::new(move || -> Tell {
        let result = catch_unwind(AssertUnwindSafe(work));
        Box::new(move || {
            // Whoever waited may have left.
            let _ = done.send(result);
        })
    });
    DESK.hand_in(Job { brief, work });
    match result.await.expect("a job always answers") {
        Ok(result) => result,
        Err(panic) => resume_unwind(panic),
    }
}
