//! The cast: which people of a scenario play in a window against real providers, and who cannot.

use std::collections::{BTreeMap, BTreeSet};

use cutover_mocks::time::{Span, Timestamp};
use tokio::time::Instant;

use crate::driver::http::film::span_to_duration;
use crate::driver::virtual_time;
use crate::population::{Method, Person, PersonId, Population};
use crate::rehearsal::{Owner, ProviderCall};
use crate::scenario::{Scenario, Window};
use crate::tenant::guard::Amount;
use crate::tenant::pace::Pace;
use crate::tenant::tenants::BURST;

use super::auth0::Auth0Line;
use super::stytch::StytchLine;

/// Why a person who comes in the window is not in the cast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// They sign up in the course of the scenario; signing up would create people beside the journal.
    SignsUp,
    /// They log in by a mailed code or a social provider: nobody reads their mail.
    NoPassword,
    /// Their password was not imported: Stytch would mail them a link.
    NotImportedPassword,
    /// Their organization asks for a second factor: nobody holds their phone.
    SecondFactor,
    /// They have two legacy identities, or are in two organizations.
    Twofold,
    /// They are in the middle of a visit when the window begins.
    Visiting,
    /// The cast is full.
    Full,
    /// They would make more calls than the pace allows.
    Pace,
}

impl LeftOut {
    /// The reason in words.
    pub const fn why(self) -> &'static str {
        match self {
            Self::SignsUp => "sign up in the course of the scenario",
            Self::NoPassword => "log in by mail or a social provider",
            Self::NotImportedPassword => "would reset their password by mail",
            Self::SecondFactor => "need a second factor",
            Self::Twofold => "have two identities or two organizations",
            Self::Visiting => "are in the middle of a visit when the window begins",
            Self::Full => "come on top of the number asked for",
            Self::Pace => "would make more calls than the pace allows",
        }
    }
}

/// Who plays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cast {
    /// Who is in it.
    pub people: BTreeSet<PersonId>,
    /// How many are not, and why.
    pub left_out: BTreeMap<LeftOut, u32>,
}

/// The share of a pace that a window may be planned to need.
const HEADROOM: f64 = 0.8;

impl Cast {
    /// Chooses the cast of a window: people who come in it, spread evenly over it.
    pub fn choose(
        scenario: &Scenario,
        population: &Population,
        window: &Window,
        amount: Amount,
    ) -> Self {
        let mut cast = Self::default();
        let mut able = Vec::new();
        for person in visitors(scenario, population, window) {
            match unable(population, person) {
                Some(why) => cast.leave_out(why, 1),
                None => able.push(person),
            }
        }
        let chosen = spread(&able, amount.people as usize);
        cast.leave_out(LeftOut::Full, able.len() - chosen.len());
        cast.people = chosen.into_iter().collect();
        cast.keep_to(scenario, population, window, amount);
        cast
    }

    /// Takes people out who are in the middle of a visit.
    pub(super) fn without(&mut self, visiting: &BTreeSet<PersonId>) {
        let before = self.people.len();
        self.people.retain(|person| !visiting.contains(person));
        self.leave_out(LeftOut::Visiting, before - self.people.len());
    }

    /// Takes people out until the window needs no more calls than the pace allows, and none of them
    /// would wait so long for its turn that it counts as late.
    fn keep_to(
        &mut self,
        scenario: &Scenario,
        population: &Population,
        window: &Window,
        amount: Amount,
    ) {
        loop {
            let only = population.only(self.people.clone());
            let planned = planned(scenario, &only, window);
            let waiting = waiting(&planned, amount, scenario.time.lateness_limit);
            if self.people.len() < 2 || waiting.is_empty() {
                return;
            }
            // Whoever comes later may have waited for those who go now.
            let leave = waiting.len().div_ceil(2).min(self.people.len() - 1);
            for person in spread(&waiting, leave) {
                self.people.remove(&person);
            }
            self.leave_out(LeftOut::Pace, leave);
        }
    }

    fn leave_out(&mut self, why: LeftOut, people: usize) {
        if people > 0 {
            *self.left_out.entry(why).or_default() += people as u32;
        }
    }
}

/// So many of them, evenly spread.
fn spread(people: &[PersonId], count: usize) -> Vec<PersonId> {
    let count = count.min(people.len());
    (0..count)
        .map(|number| people[number * people.len() / count])
        .collect()
}

/// First and last moment of a window.
pub(super) fn bounds(scenario: &Scenario, window: &Window) -> (Timestamp, Timestamp) {
    let from = scenario.time.start + window.from;
    (from, (from + window.length).min(scenario.time.end()))
}

/// People whose visits begin in the window, in the order in which they come.
fn visitors(scenario: &Scenario, population: &Population, window: &Window) -> Vec<PersonId> {
    let (from, until) = bounds(scenario, window);
    // Wherever people live, a day's visits lie within a day around it.
    let around = Span::from_days(1);
    let mut planned = Vec::new();
    for day in 0..population.days(scenario) {
        let midnight = population.midnight(scenario, day);
        if midnight - around < until && from < midnight + around * 2 {
            planned.extend(population.visits_on(scenario, day));
        }
    }
    planned.retain(|visit| from <= visit.at && visit.at < until);
    planned.sort_unstable();
    let mut seen = BTreeSet::new();
    planned
        .into_iter()
        .map(|visit| visit.person)
        .filter(|person| seen.insert(*person))
        .collect()
}

fn unable(population: &Population, id: PersonId) -> Option<LeftOut> {
    let person: &Person = population.person(id);
    let strict = person.organizations.iter().flatten().any(|number| {
        let organization = population.organizations().get(usize::from(*number));
        organization.is_some_and(|organization| organization.requires_mfa)
    });
    if person.signs_up.is_some() {
        Some(LeftOut::SignsUp)
    } else if person.method != Method::Password {
        Some(LeftOut::NoPassword)
    } else if person.second_identity || person.organizations[1].is_some() {
        Some(LeftOut::Twofold)
    } else if strict {
        Some(LeftOut::SecondFactor)
    } else if person.record.is_imported() && !person.password_imported {
        Some(LeftOut::NotImportedPassword)
    } else {
        None
    }
}

/// A call of the window, as virtual time has it.
#[derive(Clone, Copy, Debug)]
struct Planned {
    person: PersonId,
    at: Timestamp,
    /// Whether it needs a turn at the legacy provider, and at the new one.
    turns: (bool, bool),
}

fn planned(scenario: &Scenario, population: &Population, window: &Window) -> Vec<Planned> {
    let (from, until) = bounds(scenario, window);
    let mut planned = Vec::new();
    virtual_time::observe(scenario, population, None, |dispatch, _| {
        let at = dispatch.stamp.at;
        let Owner::Person(person) = dispatch.owner else {
            return;
        };
        if from <= at && at < until {
            let turns = match &dispatch.call {
                ProviderCall::Auth0(call) => (Auth0Line::asks(call), false),
                ProviderCall::Stytch(call) => (StytchLine::asks_auth0(call), true),
            };
            planned.push(Planned { person, at, turns });
        }
    });
    planned.sort_by_key(|call| call.at);
    planned
}

/// People with calls that would wait longer than this for their turn, in their order.
fn waiting(planned: &[Planned], amount: Amount, limit: Span) -> Vec<PersonId> {
    let Some(first) = planned.first() else {
        return Vec::new();
    };
    let begin = Instant::now();
    let narrowed = |per_second: f64| Pace::new(per_second * HEADROOM, BURST, begin);
    let mut auth0 = narrowed(amount.auth0_per_second);
    let mut stytch = narrowed(amount.stytch_per_second);
    let mut waiting = BTreeSet::new();
    for call in planned {
        let now = begin + span_to_duration(call.at - first.at);
        let mut turn = now;
        if call.turns.0 {
            turn = auth0.turn(now);
        }
        if call.turns.1 {
            turn = turn.max(stytch.turn(turn));
        }
        if turn - now > span_to_duration(limit) {
            waiting.insert(call.person);
        }
    }
    waiting.into_iter().collect()
}
