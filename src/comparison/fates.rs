//! Who was hit by what in one rehearsal, and when devices moved: what is compared person by person.

use cutover_mocks::share::Share;
use cutover_mocks::time::{Span, Timestamp};
use rustc_hash::FxHashSet;

use crate::recorder::{IncidentKind, Recording, Via};

/// A person on one of their devices.
pub(super) type Whom = (u32, u8);

/// Who was hit in one rehearsal. Lists are ordered and name each of them once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Fates {
    /// Devices that were logged out and would not have been.
    pub(super) logged_out: Vec<Whom>,
    /// People who cannot log in.
    pub(super) locked_out: Vec<u32>,
    /// People who did not come back.
    pub(super) gone: Vec<u32>,
    /// The incidents behind them, with their causes, each person and device once for each.
    pub(super) hits: Vec<(IncidentKind, Whom)>,
    /// Whether everybody is in the lists: the recording had room for all incidents.
    pub(super) complete: bool,
}

impl Fates {
    pub(super) fn of(recording: &Recording) -> Self {
        let mut fates = Self {
            complete: recording.incidents_dropped == 0,
            ..Self::default()
        };
        for incident in &recording.incidents {
            let whom = (incident.person, incident.device);
            match incident.kind {
                IncidentKind::ForcedLogout(_) => fates.logged_out.push(whom),
                IncidentKind::Lockout(_) => fates.locked_out.push(whom.0),
                IncidentKind::Abandonment(_) => fates.gone.push(whom.0),
                _ => continue,
            }
            fates.hits.push((incident.kind, whom));
        }
        order(&mut fates.logged_out);
        order(&mut fates.locked_out);
        order(&mut fates.gone);
        order(&mut fates.hits);
        fates
    }

    /// Whether someone was hit by anything of a kind: logged out on that device, locked out, gone.
    pub(super) fn is_hit(&self, kind: IncidentKind, whom: Whom) -> bool {
        match kind {
            IncidentKind::ForcedLogout(_) => self.logged_out.binary_search(&whom).is_ok(),
            IncidentKind::Lockout(_) => self.locked_out.binary_search(&whom.0).is_ok(),
            IncidentKind::Abandonment(_) => self.gone.binary_search(&whom.0).is_ok(),
            _ => false,
        }
    }

    /// How many are hit by anything of a kind who were not before.
    pub(super) fn count_others(&self, kind: IncidentKind, before: &Self) -> u64 {
        let whom: Vec<Whom> = match kind {
            IncidentKind::ForcedLogout(_) => self.logged_out.clone(),
            IncidentKind::Lockout(_) => self.locked_out.iter().map(|&person| (person, 0)).collect(),
            IncidentKind::Abandonment(_) => self.gone.iter().map(|&person| (person, 0)).collect(),
            _ => Vec::new(),
        };
        let others = whom.into_iter().filter(|whom| !before.is_hit(kind, *whom));
        others.count() as u64
    }
}

fn order<T: Ord>(list: &mut Vec<T>) {
    list.sort_unstable();
    list.dedup();
}

/// How long a cutover took: from its begin until a share of the devices that came at all had opened a
/// Stytch session. None when that never happened, or when there was no cutover.
pub(super) fn duration(recording: &Recording, share: Share) -> Option<Span> {
    let begins = recording.phases.get(1)?.from;
    let wanted = libm::ceil(recording.people.devices_seen as f64 * share.get()) as usize;
    let mut moved: FxHashSet<Whom> = FxHashSet::default();
    let opens = |kind: IncidentKind| {
        matches!(
            kind,
            IncidentKind::Migrated | IncidentKind::LoggedIn(Via::Stytch)
        )
    };
    let mut at: Option<Timestamp> = None;
    for incident in recording.incidents.iter().filter(|it| opens(it.kind)) {
        moved.insert((incident.person, incident.device));
        if moved.len() >= wanted.max(1) {
            at = Some(incident.at);
            break;
        }
    }
    at.map(|at| at - begins)
}
