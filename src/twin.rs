//! The twin check: one scenario and seed through both drivers, and every person whose fates differ.
//!
//! A fate is what the event log says of a person, in order: on which device, what, and why. Both
//! drivers drive the same core. With one call at a time and no window at true speed, time is the same
//! in both, and so must be every fate, whatever limits decide. Where calls of different people may
//! overlap, only a named effect of capacity that was there before fates part explains that they do.
//! Any other difference is a defect, and is told as unexplained.

use std::collections::BTreeMap;
use std::fmt;

use cutover_mocks::time::Timestamp;

use crate::recorder::{FailureCause, Incident, IncidentKind, LogoutCause, NO_ANSWER, Recording};
use crate::scenario::Scenario;

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
    /// A server did not answer a call in time-lapse, in real time.
    Stuck,
    /// A rate limit decided between calls, and their order within a moment was another one.
    Limit,
    /// A provider works on so many calls at once only: which waits depends on their order.
    Queue,
    /// A caller gave up waiting in one run and not in the other.
    Timeout,
    /// An instance's budget of retries or its circuit breaker, which all its people share, had held a
    /// call back in one run: whose it is depends on the order of calls.
    HeldBack,
    /// A window at true speed came before: answers took the time that they really took.
    TrueSpeed,
    /// Nothing that is known to make a difference was there.
    Unexplained,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stuck => "a call got no answer on this machine",
            Self::Limit => "a rate limit decided between calls that overlap",
            Self::Queue => "calls that overlap queued at a provider in another order",
            Self::Timeout => "a caller gave up waiting in one run only",
            Self::HeldBack => "a budget of retries or a breaker decided between calls that overlap",
            Self::TrueSpeed => "answers took their real time in a window at true speed",
            Self::Unexplained => "UNEXPLAINED: no capacity effect was there",
        })
    }
}

/// A kind of call that was made, or answered, another number of times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherCalls {
    /// Provider and endpoint.
    pub endpoint: &'static str,
    /// How it was answered.
    pub status: u16,
    /// How often in virtual time.
    pub simulated: u64,
    /// How often over HTTP.
    pub over_http: u64,
}

impl fmt::Display for OtherCalls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (endpoint, here, there) = (self.endpoint, self.simulated, self.over_http);
        match self.status {
            NO_ANSWER => write!(f, "{endpoint} without an answer: "),
            status => write!(f, "{endpoint} answered {status}: "),
        }?;
        write!(f, "{here} in virtual time, {there} over HTTP")
    }
}

/// How the run over HTTP was played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Played {
    /// Calls that were under way at once in time-lapse, at most.
    pub in_flight: usize,
    /// Calls in time-lapse that no server answered.
    pub stuck: u64,
}

/// What the two runs have in common, and where they part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Twins {
    /// People who have a fate in either run.
    pub people: u64,
    /// Those whose fates differ, in order.
    pub parted: Vec<Parted>,
    /// Calls that differ in number, although nothing lets them.
    pub calls: Vec<OtherCalls>,
}

impl Twins {
    /// Compares the two recordings of one scenario.
    pub fn compare(
        simulated: &Recording,
        over_http: &Recording,
        scenario: &Scenario,
        played: Played,
    ) -> Self {
        let (here, there) = (fates(simulated), fates(over_http));
        let capacity = Capacity::of(simulated, over_http, scenario, played);
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
        let calls = if capacity.nothing_differs() {
            other_calls(simulated, over_http)
        } else {
            Vec::new()
        };
        Self {
            people: people.len() as u64,
            parted: parted.collect(),
            calls,
        }
    }

    /// People whose fates differ for no known reason.
    pub fn unexplained(&self) -> usize {
        let unexplained = |parted: &&Parted| parted.reason == Reason::Unexplained;
        self.parted.iter().filter(unexplained).count()
    }

    /// Whether nothing differs but what has a reason.
    pub fn agree(&self) -> bool {
        self.unexplained() == 0 && self.calls.is_empty()
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

/// Calls whose numbers differ, by endpoint and status.
fn other_calls(simulated: &Recording, over_http: &Recording) -> Vec<OtherCalls> {
    let auth0 = differing(&simulated.auth0_calls, &over_http.auth0_calls)
        .map(|((endpoint, status), counts)| (endpoint.name(), status, counts));
    let stytch = differing(&simulated.stytch_calls, &over_http.stytch_calls)
        .map(|((endpoint, status), counts)| (endpoint.name(), status, counts));
    auth0
        .chain(stytch)
        .map(|(endpoint, status, (simulated, over_http))| OtherCalls {
            endpoint,
            status,
            simulated,
            over_http,
        })
        .collect()
}

fn differing<Key: Ord + Copy>(
    here: &BTreeMap<Key, u64>,
    there: &BTreeMap<Key, u64>,
) -> impl Iterator<Item = (Key, (u64, u64))> {
    let mut both: BTreeMap<Key, (u64, u64)> = BTreeMap::new();
    for (key, count) in here {
        both.entry(*key).or_default().0 = *count;
    }
    for (key, count) in there {
        both.entry(*key).or_default().1 = *count;
    }
    both.into_iter().filter(|(_, (here, there))| here != there)
}

/// The effects of capacity that were there in either run, and since when.
struct Capacity {
    in_order: bool,
    stuck: bool,
    queues: bool,
    limited: Option<Timestamp>,
    timed_out: Option<Timestamp>,
    held_back: Option<Timestamp>,
    first_window: Option<Timestamp>,
}

impl Capacity {
    fn of(here: &Recording, there: &Recording, scenario: &Scenario, played: Played) -> Self {
        let time = &scenario.time;
        let first = time.windows.iter().map(|window| time.start + window.from);
        let auth0 = scenario.providers.auth0.capacity.is_some();
        Self {
            in_order: played.in_flight <= 1 && time.windows.is_empty(),
            stuck: played.stuck > 0,
            queues: auth0 || scenario.providers.stytch.capacity.is_some(),
            limited: earliest([
                here.onset.limited,
                there.onset.limited,
                userinfo_failed(here),
                userinfo_failed(there),
            ]),
            timed_out: earliest([here.onset.timed_out, there.onset.timed_out]),
            held_back: earliest([here.onset.held_back, there.onset.held_back]),
            first_window: first.min(),
        }
    }

    /// Whether the two runs must be the same in everything that is counted.
    fn nothing_differs(&self) -> bool {
        self.in_order && !self.stuck
    }

    fn reason(&self, here: Option<Incident>, there: Option<Incident>) -> Reason {
        let at = [here, there].into_iter().flatten().map(|it| it.at).max();
        let before = |since: Option<Timestamp>| since.is_some_and(|since| at >= Some(since));
        if self.stuck {
            Reason::Stuck
        } else if self.in_order {
            Reason::Unexplained
        } else if before(self.limited) {
            Reason::Limit
        } else if before(self.timed_out) {
            Reason::Timeout
        } else if before(self.held_back) {
            Reason::HeldBack
        } else if before(self.first_window) {
            Reason::TrueSpeed
        } else if self.queues {
            Reason::Queue
        } else {
            Reason::Unexplained
        }
    }
}

fn earliest<const N: usize>(moments: [Option<Timestamp>; N]) -> Option<Timestamp> {
    moments.into_iter().flatten().min()
}

/// When `UserInfo` first failed inside a migration, as it does where it is limited.
fn userinfo_failed(recording: &Recording) -> Option<Timestamp> {
    let failed = |incident: &&Incident| {
        matches!(
            incident.kind,
            IncidentKind::MigrationFailed(FailureCause::UserInfo)
                | IncidentKind::ForcedLogout(LogoutCause::MigrateUserInfo)
        )
    };
    recording
        .incidents
        .iter()
        .find(failed)
        .map(|incident| incident.at)
}
