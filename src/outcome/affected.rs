//! Who was hurt: people by name of number, with the worst that happened to each.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Moment;
use crate::recorder::{Incident, IncidentKind, Recording};

/// People that an outcome names; the event log has all of them.
const MOST: usize = 300;

/// People to whom something happened that should not have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Affected {
    /// How many they are, as far as the event log goes.
    pub people: u64,
    /// Some of them: taken in turn from each kind and cause, the earliest first; in order of time.
    pub named: Vec<AffectedPerson>,
}

/// What happened to one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AffectedPerson {
    /// Who.
    pub person: u32,
    /// The device on which the worst happened first, from 0.
    pub device: u8,
    /// The worst that happened: `lockout`, `forced_logout`, …
    pub kind: String,
    /// Its cause, if it has one.
    pub cause: Option<String>,
    /// When it happened first.
    pub at: Moment,
    /// When a session was opened on that device afterwards; absent when none was.
    pub back_at: Option<Moment>,
    /// How often such things happened to them in all.
    pub times: u64,
}

/// How bad it is; nothing for what hurts nobody.
const fn gravity(kind: IncidentKind) -> Option<u8> {
    match kind {
        IncidentKind::WronglyAdmitted(_) => Some(5),
        IncidentKind::Lockout(_) => Some(4),
        IncidentKind::Abandonment(_) => Some(3),
        IncidentKind::ForcedLogout(_) => Some(2),
        IncidentKind::DuplicateAccount => Some(1),
        IncidentKind::FlippedBack => Some(0),
        IncidentKind::NaturalLogout(_)
        | IncidentKind::MigrationFailed(_)
        | IncidentKind::Migrated
        | IncidentKind::LoggedIn(_)
        | IncidentKind::CreatedAccount => None,
    }
}

#[derive(Clone, Copy)]
struct Worst {
    incident: Incident,
    back_at: Option<Moment>,
    times: u64,
}

pub(super) fn affected(recording: &Recording) -> Affected {
    let mut worst: BTreeMap<u32, Worst> = BTreeMap::new();
    for &incident in &recording.incidents {
        match incident.kind {
            IncidentKind::LoggedIn(_) | IncidentKind::Migrated => {
                if let Some(other) = worst.get_mut(&incident.person)
                    && other.incident.device == incident.device
                {
                    other.back_at.get_or_insert(Moment::new(incident.at));
                }
            }
            kind => {
                if let Some(gravity) = gravity(kind) {
                    note(worst.entry(incident.person), incident, gravity);
                }
            }
        }
    }
    Affected {
        people: worst.len() as u64,
        named: named(&worst),
    }
}

fn note(entry: Entry<'_, u32, Worst>, incident: Incident, grave: u8) {
    let new = Worst {
        incident,
        back_at: None,
        times: 1,
    };
    match entry {
        Entry::Vacant(free) => {
            free.insert(new);
        }
        Entry::Occupied(mut taken) => {
            let known = taken.get_mut();
            known.times += 1;
            if gravity(known.incident.kind).is_none_or(|known| known < grave) {
                let times = known.times;
                *known = Worst { times, ..new };
            }
        }
    }
}

/// A few of every kind and cause, rather than the commonest only.
fn named(worst: &BTreeMap<u32, Worst>) -> Vec<AffectedPerson> {
    let mut kinds: BTreeMap<IncidentKind, Vec<&Worst>> = BTreeMap::new();
    for one in worst.values() {
        kinds.entry(one.incident.kind).or_default().push(one);
    }
    for people in kinds.values_mut() {
        people.sort_by_key(|one| (one.incident.at, one.incident.person));
    }
    let longest = kinds.values().map(Vec::len).max().unwrap_or(0);
    let turns = (0..longest).flat_map(|turn| kinds.values().filter_map(move |of| of.get(turn)));
    let mut taken: Vec<&Worst> = turns.take(MOST).copied().collect();
    taken.sort_by_key(|one| (one.incident.at, one.incident.person));
    let person = |one: &Worst| AffectedPerson {
        person: one.incident.person,
        device: one.incident.device,
        kind: one.incident.kind.name().to_owned(),
        cause: one.incident.kind.cause().map(str::to_owned),
        at: Moment::new(one.incident.at),
        back_at: one.back_at,
        times: one.times,
    };
    taken.into_iter().map(person).collect()
}

#[cfg(test)]
mod tests {
    use cutover_mocks::time::Span;

    use super::*;
    use crate::outcome::fixture::{Fixture, START};
    use crate::recorder::{LockoutCause, LogoutCause, Via};

    fn recording(incidents: &[(i64, u32, IncidentKind)]) -> Recording {
        let mut recording = Fixture::empty().recording;
        let incident = |&(minute, person, kind): &(i64, u32, IncidentKind)| Incident {
            at: START + Span::from_mins(minute),
            person,
            device: 0,
            kind,
        };
        recording.incidents = incidents.iter().map(incident).collect();
        recording
    }

    const OUT: IncidentKind = IncidentKind::ForcedLogout(LogoutCause::FlagFlip);
    const LOCKED: IncidentKind = IncidentKind::Lockout(LockoutCause::NotImported);
    const BACK: IncidentKind = IncidentKind::LoggedIn(Via::Stytch);

    #[test]
    fn each_person_is_named_once_with_the_worst_and_when_they_came_back() {
        let found = affected(&recording(&[
            (1, 7, OUT),
            (2, 8, OUT),
            (3, 7, BACK),
            (4, 8, LOCKED),
            (5, 7, OUT),
            (6, 9, BACK),
        ]));
        assert_eq!(found.people, 2);
        let told: Vec<_> = found
            .named
            .iter()
            .map(|one| {
                let minutes = one
                    .back_at
                    .map(|at| at.since(Moment::new(START)).as_secs() / 60);
                (one.person, one.kind.as_str(), one.times, minutes)
            })
            .collect();
        assert_eq!(
            told,
            [(7, "forced_logout", 2, Some(3)), (8, "lockout", 2, None)]
        );
    }

    #[test]
    fn rare_kinds_are_named_among_many_common_ones() {
        let many = (0..2_000).map(|n| (n, n as u32, OUT));
        let incidents: Vec<_> = many.chain([(5_000, 9_999, LOCKED)]).collect();
        let found = affected(&recording(&incidents));
        assert_eq!(found.people, 2_001);
        assert_eq!(found.named.len(), MOST);
        assert_eq!(found.named.last().map(|one| one.person), Some(9_999));
    }
}
