//! When people come: visits over days and hours, surges and sign-ups; an open model, whatever the servers do.

use cutover_mocks::time::{Span, Timestamp};

use super::{PersonId, Population};
use crate::dice::{Dice, Rolls, Stream};
use crate::scenario::Scenario;

/// A visit that the population plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PlannedVisit {
    /// When it starts.
    pub at: Timestamp,
    /// Whose.
    pub person: PersonId,
    /// Its number among all of the person's visits; not consecutive.
    pub ordinal: u32,
    /// On which of the person's devices, from 0.
    pub device: u8,
}

/// A day of a rehearsal, for planning.
const DAY: Span = Span::from_days(1);
/// Ordinals of one day; more visits than this on one day are not planned.
const PER_DAY: u32 = 32;
/// Ordinals of surges begin here, above those of any day.
const SURGES: u32 = 1 << 24;
/// At the end of a surge people come this many e-foldings more rarely than at its start.
const SURGE_DECAY: f64 = 3.0;

/// When a person who is not yet there signs up: evenly over the rehearsal's days, by the hour.
pub(super) fn sign_up_time(scenario: &Scenario, dice: Dice, id: PersonId) -> Timestamp {
    let mut rolls = dice.rolls(Stream::SignUp, id.0, 0);
    let days = days_touched(scenario);
    let within = scenario.time.start..scenario.time.end();
    // A day of which the rehearsal has a part only may give a time outside: draw again.
    let drawn = (0..64).find_map(|_| {
        let day = rolls.luck().below(days) as i64;
        let time = first_midnight(scenario) + DAY * day + time_of_day(scenario, &mut rolls);
        within.contains(&time).then_some(time)
    });
    drawn.unwrap_or_else(|| within.start + scenario.time.length.scale(rolls.unit()))
}

/// The midnight, in UTC, at or before the start.
fn first_midnight(scenario: &Scenario) -> Timestamp {
    let day = DAY.as_micros();
    Timestamp::from_micros(scenario.time.start.as_micros().div_euclid(day) * day)
}

/// Days in UTC of which the rehearsal has a part.
fn days_touched(scenario: &Scenario) -> u64 {
    let length = scenario.time.end() - first_midnight(scenario);
    (length.as_micros() as u64).div_ceil(DAY.as_micros() as u64)
}

/// A time of day by the weights of the hours.
fn time_of_day(scenario: &Scenario, rolls: &mut Rolls) -> Span {
    let hour = rolls.pick(scenario.population.visits.hours);
    Span::from_hours(hour as i64) + Span::from_hours(1).scale(rolls.unit())
}

impl Population {
    /// Days on which visits are planned, from 0: the rehearsal's, the one before them, where zones
    /// behind UTC still are at the start, and the one after them, where zones ahead already are.
    pub fn days(&self, scenario: &Scenario) -> u32 {
        days_touched(scenario) as u32 + 2
    }

    /// A day's midnight in UTC; zones ahead begin their day before it.
    pub fn midnight(&self, scenario: &Scenario, day: u32) -> Timestamp {
        first_midnight(scenario) + DAY * (i64::from(day) - 1)
    }

    /// The visits of one day and the surges that begin on it, in order of time.
    pub fn visits_on(&self, scenario: &Scenario, day: u32) -> Vec<PlannedVisit> {
        let mut planned = Vec::new();
        self.plan_day(scenario, day, &mut planned);
        planned.sort_unstable();
        planned
    }

    /// Adds the visits of one day and the surges that begin on it, in no order.
    pub fn plan_day(&self, scenario: &Scenario, day: u32, planned: &mut Vec<PlannedVisit>) {
        let visits = &scenario.population.visits;
        let midnight = self.midnight(scenario, day);
        let mean_weight = visits.weekdays.iter().sum::<f64>() / 7.0;
        let weekday = (midnight.as_secs().div_euclid(86_400) + 3).rem_euclid(7) as usize;
        for (index, person) in self.people().iter().enumerate() {
            let probability = f64::from(person.daily) * visits.weekdays[weekday] / mean_weight;
            let id = PersonId(index as u32);
            let mut rolls = self.dice().rolls(Stream::Day, id.0, u64::from(day));
            if rolls.chance(probability) {
                self.plan_person(scenario, (id, day), rolls, planned);
            }
        }
        self.plan_surges(scenario, day, planned);
    }

    /// Adds the visits of a person who comes on a day.
    fn plan_person(
        &self,
        scenario: &Scenario,
        (id, day): (PersonId, u32),
        mut rolls: Rolls,
        planned: &mut Vec<PlannedVisit>,
    ) {
        let visits = &scenario.population.visits;
        let (midnight, person) = (self.midnight(scenario, day), self.person(id));
        let count = 1 + rolls.poisson(visits.per_active_day - 1.0).min(PER_DAY - 1);
        let (offset, _) = visits.zones[usize::from(person.zone)];
        for number in 0..count {
            let at = midnight + time_of_day(scenario, &mut rolls) - offset;
            let device = self.pick_device(id, &mut rolls);
            self.plan(
                scenario,
                PlannedVisit {
                    at,
                    person: id,
                    ordinal: day * PER_DAY + number,
                    device,
                },
                planned,
            );
        }
    }

    fn plan_surges(&self, scenario: &Scenario, day: u32, planned: &mut Vec<PlannedVisit>) {
        for (number, surge) in scenario.population.surges.iter().enumerate() {
            let begins = scenario.time.start + surge.at;
            let midnight = self.midnight(scenario, day);
            if begins < midnight || midnight + DAY <= begins {
                continue;
            }
            for index in 0..self.people().len() as u32 {
                let mut rolls = self.dice().rolls(Stream::Surge, index, number as u64);
                if surge.share.falls(rolls.luck()) {
                    // Exponentially fewer towards the end, where the last of them come.
                    let part = rolls.unit() * (1.0 - libm::exp(-SURGE_DECAY));
                    let delay = surge.within.scale(-libm::log(1.0 - part) / SURGE_DECAY);
                    let id = PersonId(index);
                    let device = self.pick_device(id, &mut rolls);
                    let at = begins + delay;
                    self.plan(
                        scenario,
                        PlannedVisit {
                            at,
                            person: id,
                            ordinal: SURGES + number as u32,
                            device,
                        },
                        planned,
                    );
                }
            }
        }
    }

    /// Keeps a visit that lies within the rehearsal and after its person's sign-up, of those who come.
    fn plan(&self, scenario: &Scenario, visit: PlannedVisit, planned: &mut Vec<PlannedVisit>) {
        if !self.comes(visit.person) {
            return;
        }
        let from = self
            .person(visit.person)
            .signs_up
            .unwrap_or(scenario.time.start);
        if from <= visit.at && visit.at < scenario.time.end() {
            planned.push(visit);
        }
    }

    /// The first device is used for three visits in five, the others share the rest.
    fn pick_device(&self, id: PersonId, rolls: &mut Rolls) -> u8 {
        let count = self.person(id).device_count();
        let luck = rolls.luck();
        if count == 1 || luck.unit() < 0.6 {
            0
        } else {
            1 + luck.split(1).below(u64::from(count) - 1) as u8
        }
    }
}

impl Rolls {
    /// A Poisson number of any mean: above 50 by its normal approximation.
    pub(super) fn poisson_large(&mut self, mean: f64) -> u32 {
        if mean < 50.0 {
            self.poisson(mean)
        } else {
            (mean + libm::sqrt(mean) * self.normal()).round().max(0.0) as u32
        }
    }
}
