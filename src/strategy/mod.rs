//! The strategy as a pure decision: the time and the flag → which sessions are honoured, and where people log in.

pub mod flag;

use std::iter::once;

use cutover_mocks::share::Share;
use cutover_mocks::time::{Span, Timestamp};

use crate::recorder::{Phase, Via};
use crate::scenario::Scenario;
use crate::scenario::cutover::{Rolling, Strategy, StytchSessions};

/// What a middleware does with a legacy session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Legacy {
    /// Honours it.
    Honour,
    /// Trades it for a Stytch session, and honours it until then.
    Migrate,
    /// Refuses it.
    Refuse,
}

/// What a middleware does at a moment, for one key of the flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mode {
    /// With a legacy session.
    pub legacy: Legacy,
    /// Whether it honours a Stytch session.
    pub stytch: bool,
    /// Where it sends people to log in.
    pub login: Via,
}

impl Mode {
    /// Before any cutover.
    pub const BEFORE: Self = Self {
        legacy: Legacy::Honour,
        stytch: false,
        login: Via::Auth0,
    };
    /// After a finished cutover.
    pub const AFTER: Self = Self {
        legacy: Legacy::Refuse,
        stytch: true,
        login: Via::Stytch,
    };

    /// Whether the cutover has reached whoever is treated so.
    pub const fn moved(self) -> bool {
        matches!(self.login, Via::Stytch)
    }
}

/// A cutover with its times fixed on the scenario's clock.
#[derive(Clone, Debug)]
pub struct Plan {
    start: Timestamp,
    end: Timestamp,
    strategy: Strategy,
    rollback: Option<(Timestamp, StytchSessions)>,
    /// In order; the first has always been.
    stages: Vec<Stage>,
}

/// What holds from a time on, until the next stage.
#[derive(Clone, Copy, Debug)]
struct Stage {
    from: Timestamp,
    /// What a middleware does for a key whose flag is on, and off: the same where no flag is asked.
    on: Mode,
    off: Mode,
}

impl Plan {
    /// The plan of a scenario.
    pub fn new(scenario: &Scenario) -> Self {
        let start = scenario.time.start;
        let strategy = scenario.cutover.strategy.clone();
        let rollback = scenario
            .cutover
            .rollback
            .map(|back| (start + back.at, back.stytch_sessions));
        let spans: Vec<Span> = match &strategy {
            Strategy::None => Vec::new(),
            Strategy::AllAtOnce { at } => vec![*at],
            Strategy::ZeroDowntime { from, until } => once(*from).chain(*until).collect(),
            Strategy::Rolling(rolling) => {
                let steps = rolling.steps.iter().map(|step| step.at);
                steps.chain(rolling.legacy_until).collect()
            }
        };
        let moments = spans.into_iter().map(|span| start + span);
        let mut changes: Vec<Timestamp> = moments.chain(rollback.map(|(at, _)| at)).collect();
        changes.sort_unstable();
        changes.dedup();
        let mut plan = Self {
            start,
            end: scenario.time.end(),
            strategy,
            rollback,
            stages: Vec::new(),
        };
        let always = Timestamp::from_micros(i64::MIN);
        plan.stages = once(always)
            .chain(changes)
            .map(|from| Stage {
                from,
                on: plan.mode_at(from, true),
                off: plan.mode_at(from, false),
            })
            .collect();
        plan
    }

    /// Whether nothing is cut over.
    pub const fn is_none(&self) -> bool {
        matches!(self.strategy, Strategy::None)
    }

    /// The rolling part, if the strategy is one.
    pub const fn rolling(&self) -> Option<&Rolling> {
        match &self.strategy {
            Strategy::Rolling(rolling) => Some(rolling),
            Strategy::None | Strategy::AllAtOnce { .. } | Strategy::ZeroDowntime { .. } => None,
        }
    }

    /// What a middleware does at a time, by its own view of the time, for a key whose flag is on or off.
    pub fn mode(&self, at: Timestamp, flagged: impl FnOnce(Share) -> bool) -> Mode {
        let stage = self.stages[self.stage(at)];
        if stage.on == stage.off || flagged(self.share(at)) {
            stage.on
        } else {
            stage.off
        }
    }

    /// The stage of a time. There are few, and most of a rehearsal is in the last ones.
    fn stage(&self, at: Timestamp) -> usize {
        let current = self.stages.iter().rposition(|stage| stage.from <= at);
        current.unwrap_or(0)
    }

    fn mode_at(&self, at: Timestamp, on: bool) -> Mode {
        if let Some((since, sessions)) = self.rollback
            && at >= since
        {
            return Mode {
                stytch: sessions == StytchSessions::Honour,
                ..Mode::BEFORE
            };
        }
        let since = |span: Span| at >= self.start + span;
        match &self.strategy {
            Strategy::AllAtOnce { at } if since(*at) => Mode::AFTER,
            Strategy::ZeroDowntime { from, until } if since(*from) => Mode {
                legacy: if until.is_some_and(since) {
                    Legacy::Refuse
                } else {
                    Legacy::Migrate
                },
                ..Mode::AFTER
            },
            Strategy::None | Strategy::AllAtOnce { .. } | Strategy::ZeroDowntime { .. } => {
                Mode::BEFORE
            }
            Strategy::Rolling(rolling) => {
                let first = rolling.steps.first().is_some_and(|step| since(step.at));
                let ended = rolling.legacy_until.is_some_and(since);
                match (on, ended, rolling.migrate) {
                    (_, true, _) | (true, false, false) => Mode::AFTER,
                    (true, false, true) => Mode {
                        legacy: Legacy::Migrate,
                        ..Mode::AFTER
                    },
                    // Both routes are there from the first step on, whoever is sent where.
                    (false, false, _) => Mode {
                        stytch: first,
                        ..Mode::BEFORE
                    },
                }
            }
        }
    }

    /// The flag's share at a time; 0 for strategies without one.
    pub fn share(&self, at: Timestamp) -> Share {
        let Some(rolling) = self.rolling() else {
            return Share::ZERO;
        };
        let passed = rolling
            .steps
            .partition_point(|step| self.start + step.at <= at);
        let Some(last) = passed.checked_sub(1).map(|last| rolling.steps[last]) else {
            return Share::ZERO;
        };
        match rolling.steps.get(passed) {
            Some(next) if rolling.ramp => {
                let (from, to) = (self.start + last.at, self.start + next.at);
                let part = (at - from).as_secs_f64() / (to - from).as_secs_f64();
                let share = last.share.get() + part * (next.share.get() - last.share.get());
                Share::new(share.clamp(0.0, 1.0)).unwrap_or(last.share)
            }
            Some(_) | None => last.share,
        }
    }

    /// Whether the strategy itself, or a ramp's share, changes after one moment and until another.
    pub fn changed_between(&self, after: Timestamp, until: Timestamp) -> bool {
        let within = |at: Timestamp| after < at && at <= until;
        let moment = |span: Span| within(self.start + span);
        let moved = match &self.strategy {
            Strategy::None => false,
            Strategy::AllAtOnce { at } => moment(*at),
            Strategy::ZeroDowntime { from, until } => moment(*from) || until.is_some_and(moment),
            Strategy::Rolling(rolling) => {
                self.share(after) != self.share(until)
                    || rolling.steps.iter().any(|step| moment(step.at))
                    || rolling.legacy_until.is_some_and(moment)
            }
        };
        moved || self.rollback.is_some_and(|(at, _)| within(at))
    }

    /// Until when everybody sees the plan as it is now, those included whose view is older; none
    /// while views differ, or while a ramp's share moves.
    pub fn steady_until(&self, oldest_view: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let stage = self.stage(now);
        if oldest_view < self.stages[stage].from {
            return None;
        }
        if let Some(rolling) = self.rolling().filter(|rolling| rolling.ramp) {
            let last = rolling.steps.last().map(|step| self.start + step.at);
            if stage > 0 && last.is_some_and(|last| now < last) {
                return None;
            }
        }
        let next = self.stages.get(stage + 1);
        Some(next.map_or(Timestamp::NEVER, |next| next.from))
    }

    /// The phases, in order; the first begins at the start.
    pub fn phases(&self) -> Vec<Phase> {
        let mut phases = vec![(self.start, "before".to_owned())];
        let mut add = |span: Span, name: String| phases.push((self.start + span, name));
        match &self.strategy {
            Strategy::None => {}
            Strategy::AllAtOnce { at } => add(*at, "after".to_owned()),
            Strategy::ZeroDowntime { from, until } => {
                add(*from, "coexistence".to_owned());
                if let Some(until) = until {
                    add(*until, "after".to_owned());
                }
            }
            Strategy::Rolling(rolling) => {
                let kind = if rolling.ramp { "ramp from" } else { "step" };
                for step in &rolling.steps {
                    add(step.at, format!("{kind} {}", step.share));
                }
                if let Some(until) = rolling.legacy_until {
                    add(until, "legacy ended".to_owned());
                }
            }
        }
        if let Some((at, _)) = self.rollback {
            phases.retain(|(from, _)| *from < at);
            phases.push((at, "rolled back".to_owned()));
        }
        phases.sort_by_key(|(from, _)| *from);
        phases.retain(|(from, _)| *from < self.end);
        phases
            .into_iter()
            .map(|(from, name)| Phase { name, from })
            .collect()
    }

    /// When a rollback happens.
    pub fn rolled_back_at(&self) -> Option<Timestamp> {
        self.rollback.map(|(at, _)| at)
    }
}
