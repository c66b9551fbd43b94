//! Who is rehearsed: people, devices, visits, sessions and habits.

mod devices;
mod organizations;
mod people;
mod visits;

use cutover_mocks::share::Share;
use cutover_mocks::time::Span;

pub use devices::{Devices, Updates};
pub use organizations::Organizations;
pub use people::{Methods, Reaction, Records, Sessions};
pub use visits::{Beta, Visits};

use super::kind::{self};
use super::problem::Problem;
use super::reader::Table;
use super::scalar::{LENGTH, Percent, SOME_LENGTH, count, number_between};
use super::time::Frame;

/// The population as the scenario describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct PopulationSpec {
    /// People with an account when the rehearsal starts.
    pub users: u32,
    /// How often people come.
    pub visits: Visits,
    /// What they come with.
    pub devices: Devices,
    /// Sessions that exist when the rehearsal starts.
    pub sessions: Sessions,
    /// How people log in: shares of the login methods.
    pub methods: Methods,
    /// What Stytch already knows of them.
    pub records: Records,
    /// New people per day.
    pub signups_per_day: f64,
    /// What a person does at a login page they did not expect.
    pub reaction: Reaction,
    /// Moments at which many come at once: a campaign, a push message, an outage's end.
    pub surges: Vec<Surge>,
    /// Organizations; only in a B2B scenario.
    pub organizations: Option<Organizations>,
}

/// Many people come within a short time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surge {
    /// When it begins, after the start of the rehearsal.
    pub at: Span,
    /// Share of all people who come because of it.
    pub share: Share,
    /// They come within this time: exponentially fewer towards its end.
    pub within: Span,
}

/// The source of defaults that nobody publishes.
const OWN: &str = "an assumption; measure your own";

/// Reads `[population]`.
pub(super) fn read(t: &mut Table<'_>, frame: &Frame) -> PopulationSpec {
    PopulationSpec {
        users: t
            .key(
                "users",
                count(1, 50_000_000),
                "People with an account when the rehearsal starts; in B2B, members.",
            )
            .required("20_000")
            .value as u32,
        visits: t.table(
            "visits",
            "How often people come, when, and what a visit is.",
            |t| visits::read(t, frame),
        ),
        devices: t.table("devices", "What they come with.", devices::read),
        sessions: t.table(
            "sessions",
            "Sessions that exist when the rehearsal starts.",
            people::read_sessions,
        ),
        methods: t.table(
            "methods",
            "How people log in: shares that sum to 100%.",
            people::read_methods,
        ),
        records: t.table(
            "records",
            "What Stytch already knows of them.",
            people::read_records,
        ),
        signups_per_day: t
            .key(
                "signups_per_day",
                number_between(0.0, 1e6),
                "New people per day.",
            )
            .or("0", "an assumption: nobody new")
            .value,
        reaction: t.table(
            "reaction",
            "What a person does at a login page they did not expect.",
            people::read_reaction,
        ),
        surges: t
            .tables(
                "surges",
                "Moments at which many come at once: a campaign, a push message, an \
                 outage's end.",
                |t| read_surge(t, frame),
            )
            .into_iter()
            .map(|surge| surge.value)
            .collect(),
        organizations: organizations::read(t, frame),
    }
}

fn read_surge(t: &mut Table<'_>, frame: &Frame) -> Surge {
    let at = t
        .key(
            "at",
            LENGTH,
            "When it begins, after the start of the rehearsal.",
        )
        .required("3d");
    frame.within(t, "at", &at);
    Surge {
        at: at.value,
        share: t
            .key(
                "share",
                Percent,
                "Share of all people who come because of it.",
            )
            .required("5%")
            .value,
        within: t
            .key(
                "within",
                SOME_LENGTH,
                "They come within this time: exponentially fewer towards its end.",
            )
            .required("10m")
            .value,
    }
}

/// Keys whose shares sum to 100%.
fn read_parts<const N: usize>(
    t: &mut Table<'_>,
    parts: [(&'static str, &'static str, &str); N],
) -> [f64; N] {
    let shares = parts.map(|(name, doc, default)| t.key(name, Percent, doc).or(default, OWN));
    let sum: f64 = shares.iter().map(|share| share.value.get()).sum();
    if let Some(help) = kind::off_by(sum).filter(|_| shares.iter().all(|share| share.sound)) {
        let mut problem = Problem::new(format!(
            "the shares of `{}` sum to {}",
            t.own_path(),
            kind::percent(sum)
        ));
        let (given, defaults): (Vec<_>, Vec<_>) = parts
            .iter()
            .zip(&shares)
            .partition(|(_, share)| share.given);
        for (_, share) in given {
            problem = problem.at(&share.place, share.value.to_string());
        }
        let defaults: Vec<String> = defaults
            .iter()
            .map(|((name, ..), share)| format!("{name} is {} by default", share.value))
            .collect();
        let note = if defaults.is_empty() {
            String::new()
        } else {
            format!(" ({})", defaults.join(", "))
        };
        t.problem(problem.help(help + &note));
    }
    shares.map(|share| share.value.get())
}
