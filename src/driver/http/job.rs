//! What passes between the conductor and the carriers.

use std::time::Duration;

use cutover_mocks::http::stamp::Pace;
use cutover_mocks::time::Span;
use tokio::time::Instant;

use crate::rehearsal::{Dispatch, ProviderAnswer};

/// A call to carry.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// The call.
    pub dispatch: Dispatch,
    /// How fast the film runs.
    pub pace: Pace,
    /// When it should start.
    pub due: Instant,
    /// How long it may take: in time-lapse from its start, at true speed from when it was due.
    pub patience: Duration,
}

impl Job {
    /// When it is given up, if a carrier takes it up now.
    pub fn given_up(&self, now: Instant) -> Instant {
        match self.pace {
            Pace::Lapse => now + self.patience,
            Pace::True => self.due + self.patience,
        }
    }
}

/// A call that was carried.
#[derive(Clone, Copy, Debug)]
pub struct Done {
    /// The job.
    pub job: Job,
    /// When a carrier took it up.
    pub started: Instant,
    /// When its answer was in, or when it was given up.
    pub ended: Instant,
    /// The answer with its modelled service time; none if it was given up.
    pub answer: Option<(ProviderAnswer, Span)>,
    /// HTTP requests that it took.
    pub requests: u32,
}
