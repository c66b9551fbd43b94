//! The wish to stop: given once from outside, seen by everything that waits.

use std::sync::Arc;

use tokio::sync::watch;

/// A wish to stop; clones share it.
#[derive(Clone, Debug)]
pub struct Stop {
    wished: Arc<watch::Sender<bool>>,
}

impl Default for Stop {
    fn default() -> Self {
        Self {
            wished: Arc::new(watch::Sender::new(false)),
        }
    }
}

impl Stop {
    /// Wishes it; wishing twice changes nothing.
    pub fn wish(&self) {
        self.wished.send_replace(true);
    }

    /// Whether it was wished.
    pub fn is_wished(&self) -> bool {
        *self.wished.borrow()
    }

    /// Waits until it is wished.
    pub async fn wished(&self) {
        let mut seen = self.wished.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = seen.wait_for(|wished| *wished).await;
    }

    /// Wishes it at the first Ctrl-C (or request to terminate), for the rest of the process; at a
    /// second one `again` is called, on a thread of its own. To be called before Goose starts:
    /// Goose leaves a handler that is already there alone, and its own would drop what was measured.
    pub fn on_signals(&self, again: impl Fn() + Send + 'static) -> Result<(), SignalsTaken> {
        let stop = self.clone();
        ctrlc::set_handler(move || {
            if stop.is_wished() {
                again();
            } else {
                stop.wish();
            }
        })
        .map_err(|error| SignalsTaken {
            reason: error.to_string(),
        })
    }
}

/// The signal handler could not be installed: another one is there, or the system refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Ctrl-C cannot be caught: {reason}")]
pub struct SignalsTaken {
    reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_wish_reaches_those_who_wait_and_those_who_ask_later() {
        let stop = Stop::default();
        let other = stop.clone();
        let waiting = tokio::spawn(async move { other.wished().await });
        assert!(!stop.is_wished());
        stop.wish();
        waiting.await.unwrap();
        stop.wished().await;
        assert!(stop.is_wished());
    }
}
