//! Organizations of a B2B population: their sizes, their settings, and who belongs to them.

use crate::dice::{Dice, Rolls, Stream};
use crate::recorder::OrgSize;
use crate::scenario::Scenario;
use crate::scenario::population::PopulationSpec;

/// An organization.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Organization {
    /// Weight of its size: Zipf's law by rank. Cumulative, for drawing members.
    cumulative: f64,
    /// People in it.
    pub members: u32,
    /// Whether it was created in Stytch.
    pub mapped: bool,
    /// Whether it requires a second factor.
    pub requires_mfa: bool,
}

impl Organization {
    /// Its size class.
    pub const fn size(&self) -> OrgSize {
        match self.members {
            0..=10 => OrgSize::Small,
            11..=100 => OrgSize::Medium,
            _ => OrgSize::Large,
        }
    }
}

/// Draws the organizations of a scenario; none in a consumer one.
pub(super) fn draw(scenario: &Scenario, dice: Dice) -> Vec<Organization> {
    let Some(spec) = scenario.population.organizations else {
        return Vec::new();
    };
    let mut cumulative = 0.0;
    (0..spec.count)
        .map(|rank| {
            cumulative += libm::pow(f64::from(rank + 1), -spec.zipf);
            let mut rolls = dice.rolls(Stream::Organization, rank, 0);
            Organization {
                cumulative,
                members: 0,
                mapped: !spec.unmapped.falls(rolls.luck()),
                requires_mfa: spec.require_mfa.falls(rolls.luck()),
            }
        })
        .collect()
}

/// Makes a person a member of one organization, or of two; who signs up does so in one.
pub(super) fn join(
    organizations: &mut [Organization],
    spec: &PopulationSpec,
    rolls: &mut Rolls,
    signs_up: bool,
) -> [Option<u16>; 2] {
    let (Some(spec), Some(total)) = (
        spec.organizations,
        organizations.last().map(|last| last.cumulative),
    ) else {
        return [None; 2];
    };
    let draw = |rolls: &mut Rolls| {
        let place = rolls.unit() * total;
        organizations.partition_point(|organization| organization.cumulative <= place)
    };
    let first = draw(rolls);
    let second = spec
        .two_memberships
        .falls(rolls.luck())
        .then(|| draw(rolls))
        .filter(|second| *second != first && !signs_up);
    for index in [Some(first), second].into_iter().flatten() {
        organizations[index].members += 1;
    }
    [Some(first as u16), second.map(|second| second as u16)]
}
