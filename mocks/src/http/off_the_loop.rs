//! Work that takes long, by threads of its own, so that connections go on being served meanwhile.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// Where jobs are handed in. There are as many threads as cores, and they live as long as the process:
/// more would only queue inside the kernel, and one that has a next job already need not be woken for
/// it, which on a busy server costs as much as a tenth of a signature.
static DESK: LazyLock<Sender<Job>> = LazyLock::new(|| {
    let (desk, jobs) = channel();
    let jobs = Arc::new(Mutex::new(jobs));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    for _ in 0..threads {
        let jobs = Arc::clone(&jobs);
        std::thread::spawn(move || work(&jobs));
    }
    desk
});

/// Runs work that signs, hashes or does something else of the kind.
pub(super) async fn off_the_loop<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let (done, result) = oneshot::channel();
    let job = Box::new(move || {
        // Whoever waited may have left.
        let _ = done.send(catch_unwind(AssertUnwindSafe(work)));
    });
    DESK.send(job)
        .expect("the threads live as long as the process");
    match result.await.expect("a job always answers") {
        Ok(result) => result,
        Err(panic) => resume_unwind(panic),
    }
}

fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job(),
            Err(_) => return,
        }
    }
}
