//! A scenario: what is rehearsed, by whom, against what, and what must hold; checked as a whole.

pub mod app;
pub mod cutover;
pub mod population;
pub mod providers;

use cutover_mocks::stytch::Vertical;
use cutover_mocks::time::{Span, Timestamp};

pub use app::App;
pub use cutover::{Cutover, Rollback, Strategy};
pub use population::PopulationSpec;
pub use providers::Providers;

/// A checked scenario: every quantity is in range and every reference resolves.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// A short name: the file's, unless the file gives another.
    pub name: String,
    /// The question that this scenario answers.
    pub question: String,
    /// Consumer (users) or B2B (organizations and members).
    pub vertical: Vertical,
    /// The seed of everything random.
    pub seed: u64,
    /// Scenario time.
    pub time: Time,
    /// Who.
    pub population: PopulationSpec,
    /// The tenant and the project.
    pub providers: Providers,
    /// The application's session middleware.
    pub app: App,
    /// What is done to them.
    pub cutover: Cutover,
    /// What must hold, as written.
    pub gates: Vec<GateText>,
}

/// Scenario time, and how it plays over HTTP.
#[derive(Clone, Debug, PartialEq)]
pub struct Time {
    /// When the rehearsal starts. Default Monday 2026-03-02 00:00 UTC: a Monday, so that week days are plain.
    pub start: Timestamp,
    /// How long it lasts.
    pub length: Span,
    /// Wall time that everything outside the windows may take, if the machine is fast enough; it
    /// sets the speed of the time-lapse.
    pub lapse: Span,
    /// Windows played at true speed, ascending and apart; latency is measured only here.
    pub windows: Vec<Window>,
    /// Starts later than this, at the 99th percentile inside true-speed windows, make a run inconclusive.
    pub lateness_limit: Span,
}

/// A stretch of scenario time that is played at true speed.
#[derive(Clone, Debug, PartialEq)]
pub struct Window {
    /// Its name in reports.
    pub name: String,
    /// When it starts, after the start of the rehearsal.
    pub from: Span,
    /// How long it lasts.
    pub length: Span,
}

/// A gate as the scenario writes it, with its place for messages and annotations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateText {
    /// The expression, e.g. `forced_logouts == 0`.
    pub text: String,
    /// The file it stands in.
    pub file: String,
    /// The line it stands on, from 1.
    pub line: usize,
}

impl Time {
    /// The end of the rehearsal.
    pub fn end(&self) -> Timestamp {
        self.start + self.length
    }
}
