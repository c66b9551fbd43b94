//! Two strategies over the same people: the difference, how sure it is, and a sentence that says both.

use cutover_mocks::luck::Luck;

use super::outcome::{Difference, Finding, PairOutcome, Test};
use super::rehearse::Rehearsal;
use super::sentences;
use super::statistics::{Discordant, Interval, Paired, correlation, holm, seeds_at_least};
use super::yardstick;
use crate::scenario::comparison::Yardstick;

/// Chance explains less than this: a difference is found.
pub(super) const LEVEL: f64 = 0.05;
/// Up to so many people with differing fates a count is rare: people then hardly meet, so that each of
/// them is a trial of its own, and seeds are too few to see anything.
const RARE: u64 = 50;

/// One side of a pair.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side<'a> {
    pub(super) name: &'a str,
    /// Whether it moves anybody.
    pub(super) moves: bool,
    pub(super) rehearsals: &'a [Rehearsal],
}

/// Compares two strategies by all yardsticks.
pub(super) fn pair(first: Side<'_>, second: Side<'_>, luck: Luck) -> PairOutcome {
    PairOutcome {
        first: first.name.to_owned(),
        second: second.name.to_owned(),
        measures: differences(first, second, luck),
    }
}

/// All yardsticks of two strategies; they are one family of tests.
pub(super) fn differences(first: Side<'_>, second: Side<'_>, luck: Luck) -> Vec<Difference> {
    let mut tested: Vec<Tested> = Yardstick::ALL
        .into_iter()
        .enumerate()
        .map(|(place, yardstick)| test(first, second, yardstick, place, luck))
        .collect();
    let with_p: Vec<usize> = (0..tested.len())
        .filter(|&place| tested[place].p.is_some())
        .collect();
    let ps: Vec<f64> = with_p.iter().filter_map(|&place| tested[place].p).collect();
    for (place, corrected) in with_p.into_iter().zip(holm(&ps)) {
        tested[place].p_corrected = Some(corrected);
        tested[place].family = ps.len();
    }
    tested
        .into_iter()
        .map(|tested| tested.conclude(first, second))
        .collect()
}

/// A yardstick whose test was made, and not yet judged.
struct Tested {
    yardstick: Yardstick,
    seeds: usize,
    paired: Option<Paired>,
    interval: Option<Interval>,
    /// Seeds in which each side has less, where some have no value.
    fewer: Option<Discordant>,
    fates: Option<Discordant>,
    correlation: Option<f64>,
    p: Option<f64>,
    p_corrected: Option<f64>,
    /// How many tests were made of this pair.
    family: usize,
    test: Option<Test>,
}

fn test(
    first: Side<'_>,
    second: Side<'_>,
    yardstick: Yardstick,
    place: usize,
    luck: Luck,
) -> Tested {
    let luck = luck.split(place as u64);
    let values = |side: Side<'_>| -> Vec<Option<f64>> {
        let of_seed = |rehearsal: &Rehearsal| rehearsal.values[place];
        side.rehearsals.iter().map(of_seed).collect()
    };
    let (one, other) = (values(first), values(second));
    let whole = |values: &[Option<f64>]| values.iter().copied().collect::<Option<Vec<f64>>>();
    let both = whole(&one).zip(whole(&other));
    let mut tested = Tested {
        yardstick,
        seeds: one.len(),
        paired: None,
        interval: None,
        fewer: None,
        fates: fates(first, second, yardstick),
        correlation: None,
        p: None,
        p_corrected: None,
        family: 0,
        test: None,
    };
    if let Some((one, other)) = &both
        && let Some(paired) = Paired::new(one, other)
    {
        tested.interval = paired.interval(luck.split(1));
        tested.correlation = correlation(one, other);
        let rare = tested.fates.filter(|fates| {
            let differing = fates.differing();
            differing > 0 && differing <= RARE
        });
        // Where no seed differs no test could find anything, and none is made (Tarone 1990): it would
        // only blunt the others.
        (tested.p, tested.test) = match rare {
            Some(fates) => (Some(fates.p()), Some(Test::Mcnemar)),
            None if paired.is_nothing() => (None, None),
            None => (Some(paired.p(luck.split(2))), Some(Test::SignFlip)),
        };
        tested.paired = Some(paired);
    } else if first.moves && second.moves {
        let fewer = fewer(&one, &other);
        (tested.p, tested.test) = (Some(fewer.p()), Some(Test::Sign));
        tested.fewer = Some(fewer);
    }
    tested
}

/// In how many seeds each side has less; what has no value never came to an end, and is more.
fn fewer(one: &[Option<f64>], other: &[Option<f64>]) -> Discordant {
    let mut counts = Discordant::default();
    for (one, other) in one.iter().zip(other) {
        let (one, other) = (one.unwrap_or(f64::INFINITY), other.unwrap_or(f64::INFINITY));
        match one.total_cmp(&other) {
            std::cmp::Ordering::Less => counts.first_only += 1,
            std::cmp::Ordering::Greater => counts.second_only += 1,
            std::cmp::Ordering::Equal => counts.both += 1,
        }
    }
    counts
}

/// The same people person by person, over all seeds; none where a yardstick counts no people.
fn fates(first: Side<'_>, second: Side<'_>, yardstick: Yardstick) -> Option<Discordant> {
    let mut sum = Discordant::default();
    for (one, other) in first.rehearsals.iter().zip(second.rehearsals) {
        let (one, other) = (&one.fates, &other.fates);
        if !(one.complete && other.complete) {
            return None;
        }
        sum = sum.plus(match yardstick {
            Yardstick::ForcedLogouts => Discordant::of(&one.logged_out, &other.logged_out),
            Yardstick::Lockouts => Discordant::of(&one.locked_out, &other.locked_out),
            Yardstick::Abandonments => Discordant::of(&one.gone, &other.gone),
            _ => return None,
        });
    }
    Some(sum)
}

impl Tested {
    fn conclude(self, first: Side<'_>, second: Side<'_>) -> Difference {
        let finding = self.finding();
        let unit = yardstick::unit(self.yardstick);
        let told = sentences::Told {
            first: first.name,
            second: second.name,
            yardstick: self.yardstick,
            unit,
            seeds: self.seeds,
            interval: self.interval,
            fewer: self.fewer,
            fates: self.fates,
            p: self.p_corrected,
            test: self.test,
            nothing_at_all: self.is_zero(first, second),
            finding,
        };
        Difference {
            yardstick: self.yardstick.name().to_owned(),
            unit,
            difference: self.interval,
            p: self.p,
            p_corrected: self.p_corrected,
            test: self.test,
            correlation: self.correlation,
            fates: self.fates,
            finding,
            sentence: sentences::difference(&told),
        }
    }

    /// Whether neither side has any of it, in any seed.
    fn is_zero(&self, first: Side<'_>, second: Side<'_>) -> bool {
        let place = Yardstick::ALL.iter().position(|it| *it == self.yardstick);
        let zero = |side: Side<'_>| {
            place.is_some_and(|place| {
                side.rehearsals
                    .iter()
                    .all(|rehearsal| rehearsal.values[place] == Some(0.0))
            })
        };
        zero(first) && zero(second)
    }

    fn finding(&self) -> Finding {
        let sure = self.p_corrected.is_some_and(|p| p <= LEVEL);
        match (&self.paired, self.fewer) {
            (Some(paired), _) if paired.is_nothing() => Finding::Same,
            (Some(paired), _) => {
                let sum: f64 = paired.differences().iter().sum();
                // A rare count is judged person by person; everything else also by its interval.
                let rare = self.test == Some(Test::Mcnemar);
                let apart = rare || self.interval.is_some_and(|it| it.excludes_zero());
                match (sure && apart, sum > 0.0) {
                    (true, true) => Finding::FirstLess,
                    (true, false) => Finding::SecondLess,
                    (false, _) => Finding::Undecided {
                        seeds_needed: self.seeds_needed(paired),
                    },
                }
            }
            (None, Some(fewer)) if fewer.differing() == 0 => {
                Finding::Undecided { seeds_needed: None }
            }
            (None, Some(fewer)) => match (sure, fewer.first_only > fewer.second_only) {
                (true, true) => Finding::FirstLess,
                (true, false) => Finding::SecondLess,
                (false, _) => Finding::Undecided { seeds_needed: None },
            },
            (None, None) => Finding::NotComparable,
        }
    }

    /// Seeds that would tell; always more than there were.
    fn seeds_needed(&self, paired: &Paired) -> Option<u64> {
        let needed = paired.seeds_needed()?;
        let least = seeds_at_least(LEVEL, self.family);
        Some(needed.max(least).max(self.seeds as u64 + 1))
    }
}
