//! Flights: requests that may change something, while they are on the wire, and the last one that was
//! lost there. A provider may carry a lost one out after all, a little later.

use reqwest::Method;
use tokio::sync::watch;
use tokio::time::Instant;

/// The flights of one client.
#[derive(Debug)]
pub(super) struct Flights {
    seen: watch::Sender<Seen>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    aloft: usize,
    lost: Option<Instant>,
}

/// One request on the wire. It is lost unless it has landed before it is dropped.
#[derive(Debug)]
pub(crate) struct Flight<'a> {
    /// None for a request that changes nothing.
    of: Option<&'a Flights>,
    landed: bool,
}

impl Flights {
    pub(super) fn new() -> Self {
        Self {
            seen: watch::Sender::new(Seen::default()),
        }
    }

    /// A request begins.
    pub(super) fn begin(&self, method: &Method) -> Flight<'_> {
        let of = (!method.is_safe()).then_some(self);
        if let Some(flights) = of {
            flights.seen.send_modify(|seen| seen.aloft += 1);
        }
        Flight { of, landed: false }
    }

    /// Waits until none is on the wire.
    pub(super) async fn none(&self) {
        let mut seen = self.seen.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = seen.wait_for(|seen| seen.aloft == 0).await;
    }

    /// When one was lost last.
    pub(super) fn lost(&self) -> Option<Instant> {
        self.seen.borrow().lost
    }
}

impl Flight<'_> {
    /// Its answer says what became of it, or it never left.
    pub(crate) fn landed(mut self) {
        self.landed = true;
    }
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        if let Some(flights) = self.of {
            flights.seen.send_modify(|seen| {
                seen.aloft -= 1;
                if !self.landed {
                    seen.lost = Some(Instant::now());
                }
            });
        }
    }
}
