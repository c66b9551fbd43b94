//! What one visit is like: pages, tabs, place; drawn from the seed, the same under every strategy.

use cutover_mocks::time::Span;

use super::{Device, DeviceId, Population};
use crate::dice::{Rolls, Stream};
use crate::scenario::population::PopulationSpec;

/// A visit's shape.
#[derive(Clone, Copy, Debug)]
pub struct VisitShape {
    /// Page loads.
    pub pages: u16,
    /// Whether two tabs load at the same time.
    pub two_tabs: bool,
    /// Whether it is in a private window.
    pub private: bool,
    /// Whether it ends with a click on "log out".
    pub logs_out: bool,
    /// The network address it comes from.
    pub address: u32,
    /// The region it comes from.
    pub region: u8,
    /// Which of the person's organizations it is about: a device is used for one.
    pub organization: Option<u16>,
    think: Rolls,
}

impl VisitShape {
    /// The shape of a visit on a device.
    pub fn draw(
        population: &Population,
        spec: &PopulationSpec,
        device: DeviceId,
        ordinal: u32,
    ) -> Self {
        let Device {
            person: id,
            second_organization,
            ..
        } = *population.device(device);
        let person = population.person(id);
        let mut rolls = population
            .dice()
            .rolls(Stream::Visit, id.0, u64::from(ordinal));
        let visits = &spec.visits;
        let roams = spec.devices.roaming.falls(rolls.luck());
        let [first, second] = person.organizations;
        let elsewhere = rolls.luck();
        Self {
            pages: rolls.geometric(visits.pages, 200) as u16,
            two_tabs: visits.two_tabs.falls(rolls.luck()),
            private: visits.private_window.falls(rolls.luck()),
            logs_out: visits.logout.falls(rolls.luck()),
            // Addresses of homes and of elsewhere do not overlap.
            address: if roams {
                1 << 31 | elsewhere.below(1 << 20) as u32
            } else {
                person.home
            },
            region: if roams && rolls.chance(0.1) {
                elsewhere.below(spec.devices.regions.len() as u64) as u8
            } else {
                person.region
            },
            organization: if second_organization {
                second.or(first)
            } else {
                first
            },
            think: rolls,
        }
    }

    /// The next think time: log-normal, half of them within a factor of two of the median.
    pub fn think_time(&mut self, median: Span) -> Span {
        median.scale(libm::exp(self.think.normal()))
    }
}
