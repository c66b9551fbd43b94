//! The twin check: one scenario and seed through both drivers, and every person whose fates differ.
//!
//! A fate is what the event log says of a person, in order: on which device, what, and why. Both
//! drivers drive the same core, so that fates can only differ where time itself does: where a limit
//! decides between calls that overlap, where a caller gave up waiting, or where a window was played
//! at true speed. Any other difference is a defect, and is told as unexplained.

use std::collections::BTreeMap;
use std::fmt;

use cutover_mocks::time::Timestamp;

use crate::recorder::{FailureCause, Incident, IncidentKind, Recording, TIMED_OUT};
use crate::scenario::Time;

/// A person whose fates differ, by the first event at which they part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parted {
    /// Who.
    pub person: u32,
    /// What happened in virtual time; nothing more when absent.
    pub simulated: Option<Incident>,
    /// What happened over HTTP; nothing more when absent.
    pub over_http: Option<Incident>,
    /// Why.
    pub reason: Reason,
}

/// Why fates part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// A rate limit decided between calls, and their order within a moment was another one.
    Limit,
    /// A caller gave up waiting in one run and not in the other.
    Timeout,
    /// A window at true speed came before: answers took the time that they really took.
    TrueSpeed,
    /// Nothing that is known to make a difference was there.
    Unexplained,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Limit => "a rate limit decided between calls that overlap",
            Self::Timeout => "a caller gave up waiting in one run only",
            Self::TrueSpeed => "answers took their real time in a window at true speed",
            Self::Unexplained => "UNEXPLAINED: no capacity effect was there",
        })
    }
}

/// What the two runs have in common, and where they part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twins {
    /// People who have a fate in either run.
    pub people: u64,
    /// Those whose fates differ, in order.
    pub parted: Vec<Parted>,
}

impl Twins {
    /// Compares the two recordings of one scenario; `windows` are those that were played at true speed.
    pub fn compare(simulated: &Recording, over_http: &Recording, time: &Time) -> Self {
        let (here, there) = (fates(simulated), fates(over_http));
        let capacity = Capacity::of(simulated, over_http, time);
        let mut people: Vec<u32> = here.keys().chain(there.keys()).copied().collect();
        people.sort_unstable();
        people.dedup();
        let none = Vec::new();
        let parted = people.iter().filter_map(|&person| {
            let (here, there) = (
                here.get(&person).unwrap_or(&none),
                there.get(&person).unwrap_or(&none),
            );
            let (simulated, over_http) = first_difference(here, there)?;
            let reason = capacity.reason(simulated, over_http);
            Some(Parted {
                person,
                simulated,
                over_http,
                reason,
            })
        });
        Self {
            people: people.len() as u64,
            parted: parted.collect(),
        }
    }

    /// People whose fates differ for no known reason.
    pub fn unexplained(&self) -> usize {
        let unexplained = |parted: &&Parted| parted.reason == Reason::Unexplained;
        self.parted.iter().filter(unexplained).count()
    }
}

/// Each person's incidents, in order of time.
fn fates(recording: &Recording) -> BTreeMap<u32, Vec<Incident>> {
    let mut fates: BTreeMap<u32, Vec<Incident>> = BTreeMap::new();
    for incident in &recording.incidents {
        fates.entry(incident.person).or_default().push(*incident);
    }
    fates
}

/// The first pair of events that are not the same; the moment is not part of a fate.
fn first_difference(
    here: &[Incident],
    there: &[Incident],
) -> Option<(Option<Incident>, Option<Incident>)> {
    let what = |incident: Option<&Incident>| incident.map(|it| (it.device, it.kind));
    (0..here.len().max(there.len()))
        .map(|index| (here.get(index), there.get(index)))
        .find(|(here, there)| what(*here) != what(*there))
        .map(|(here, there)| (here.copied(), there.copied()))
}

/// The capacity effects that were there in either run.
struct Capacity {
    limited: bool,
    timed_out: bool,
    first_window: Option<Timestamp>,
}

impl Capacity {
    fn of(simulated: &Recording, over_http: &Recording, time: &Time) -> Self {
        let seen = |status: u16| {
            [simulated, over_http].into_iter().any(|recording| {
                recording
                    .auth0_calls
                    .keys()
                    .any(|(_, told)| *told == status)
                    || recording
                        .stytch_calls
                        .keys()
                        .any(|(_, told)| *told == status)
            })
        };
        let userinfo_limited = [simulated, over_http].into_iter().any(|recording| {
            let causes = recording.causes.keys();
            causes.into_iter().any(|(_, _, kind)| {
                matches!(kind, IncidentKind::MigrationFailed(FailureCause::UserInfo))
            })
        });
        let first = time.windows.iter().map(|window| time.start + window.from);
        Self {
            limited: seen(429) || userinfo_limited,
            timed_out: seen(TIMED_OUT),
            first_window: first.min(),
        }
    }

    fn reason(&self, here: Option<Incident>, there: Option<Incident>) -> Reason {
        let at = [here, there].into_iter().flatten().map(|it| it.at).max();
        let after = |window: Timestamp| at.is_some_and(|at| at >= window);
        if self.limited {
            Reason::Limit
        } else if self.timed_out {
            Reason::Timeout
        } else if self.first_window.is_some_and(after) {
            Reason::TrueSpeed
        } else {
            Reason::Unexplained
        }
    }
}
