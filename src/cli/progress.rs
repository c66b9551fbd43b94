//! Progress on a terminal: how far scenario time has come, and what has happened; nothing in a pipe.

use cutover_mocks::time::Timestamp;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::rehearsal::Progress;
use crate::scenario::Time;

/// A line that shows how far a rehearsal has come.
#[derive(Debug)]
pub(super) struct ProgressLine {
    bar: ProgressBar,
    start: Timestamp,
}

impl ProgressLine {
    /// A line for a rehearsal of this time; hidden when standard error is no terminal.
    pub(super) fn new(time: &Time) -> Self {
        let bar = ProgressBar::with_draw_target(
            Some(time.length.as_secs().max(1) as u64),
            ProgressDrawTarget::stderr_with_hz(8),
        );
        let style =
            ProgressStyle::with_template("{elapsed:>4} {wide_bar:.cyan/dim} {percent:>3}%  {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
        bar.set_style(style);
        Self {
            bar,
            start: time.start,
        }
    }

    /// Shows where it is.
    pub(super) fn show(&self, now: Timestamp, progress: Progress) {
        let passed = now - self.start;
        self.bar.set_position(passed.as_secs().max(0) as u64);
        self.bar.set_message(format!(
            "day {:.1}  {} visits  {} calls  {} forced logouts  {} migrated",
            passed.as_secs_f64() / 86_400.0,
            progress.visits,
            progress.calls,
            progress.forced_logouts,
            progress.migrated,
        ));
    }

    /// Takes the line away.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
