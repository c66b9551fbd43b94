//! Which strategy is best: first those that keep to their gates, then by the yardsticks that decide.

use cutover_mocks::share::Share;

use super::outcome::{ArmOutcome, Finding, PairOutcome, Place, Ranking};
use super::sentences::number;
use super::yardstick::words;
use crate::outcome::GateResult;
use crate::scenario::comparison::Yardstick;

/// What the Pareto front looks at: how long it takes, whom it hurts, and what it asks of providers.
pub const PARETO: [Yardstick; 5] = [
    Yardstick::Duration,
    Yardstick::ForcedLogouts,
    Yardstick::LoginPeak,
    Yardstick::Lockouts,
    Yardstick::MigrateCalls,
];

/// Marks the strategies that no other one is better than in every way.
pub(super) fn mark_pareto(arms: &mut [ArmOutcome]) {
    let values: Vec<Option<Vec<f64>>> = arms
        .iter()
        .map(|arm| arm.moves.then(|| PARETO.map(|it| mean(arm, it)).to_vec()))
        .collect();
    for (place, arm) in arms.iter_mut().enumerate() {
        let own = values[place].as_ref();
        let dominated = |own: &Vec<f64>| {
            values.iter().flatten().any(|other| {
                let mut both = other.iter().zip(own);
                both.clone().all(|(other, own)| other <= own)
                    && both.any(|(other, own)| other < own)
            })
        };
        arm.pareto = own.is_some_and(|own| !dominated(own));
    }
}

/// The mean of a yardstick; more than anything where it has none: the cutover never came to an end.
fn mean(arm: &ArmOutcome, yardstick: Yardstick) -> f64 {
    let measured = arm.measured(yardstick.name());
    measured
        .and_then(|measured| measured.mean)
        .map_or(f64::INFINITY, |mean| mean.mean)
}

/// How two strategies compare by the yardsticks that decide.
struct Decided<'a> {
    /// Whether the first one is better; none where nothing tells them apart.
    first_better: Option<bool>,
    /// By what.
    by: Option<(Yardstick, &'a str)>,
}

fn decide<'a>(pairs: &'a [PairOutcome], one: &str, other: &str, by: &[Yardstick]) -> Decided<'a> {
    let nothing = Decided {
        first_better: None,
        by: None,
    };
    let Some((pair, swapped)) = pairs.iter().find_map(|pair| {
        let straight = pair.first == one && pair.second == other;
        let swapped = pair.first == other && pair.second == one;
        (straight || swapped).then_some((pair, swapped))
    }) else {
        return nothing;
    };
    for &yardstick in by {
        let found = pair
            .measures
            .iter()
            .find(|difference| difference.yardstick == yardstick.name());
        let Some(difference) = found else { continue };
        let first_less = match difference.finding {
            Finding::FirstLess => true,
            Finding::SecondLess => false,
            Finding::Same | Finding::Undecided { .. } | Finding::NotComparable => continue,
        };
        return Decided {
            first_better: Some(first_less != swapped),
            by: Some((yardstick, &difference.sentence)),
        };
    }
    nothing
}

/// Ranks the strategies that move anybody.
pub(super) fn rank(
    arms: &[ArmOutcome],
    pairs: &[PairOutcome],
    by: &[Yardstick],
    moved: Share,
) -> Ranking {
    let moving: Vec<&ArmOutcome> = arms.iter().filter(|arm| arm.moves).collect();
    let broken = |arm: &ArmOutcome| -> Vec<String> {
        let not_held = |gate: &&super::outcome::EachGate| gate.result != GateResult::Holds;
        let gates = arm.gates.iter().filter(not_held);
        gates.map(|gate| gate.gate.clone()).collect()
    };
    // "Better than" need not be transitive where chance has a say: who beats more of the others wins.
    let beaten = |arm: &ArmOutcome| -> usize {
        let beats = |other: &&&ArmOutcome| {
            decide(pairs, &arm.name, &other.name, by).first_better == Some(true)
        };
        moving.iter().filter(beats).count()
    };
    let mut order: Vec<(usize, usize, usize)> = moving
        .iter()
        .enumerate()
        .map(|(place, arm)| (broken(arm).len(), moving.len() - beaten(arm), place))
        .collect();
    // Among equals those on the Pareto front come first, then in the order of the file.
    order.sort_unstable_by_key(|&(gates, lost, place)| (gates, lost, !moving[place].pareto, place));
    let mut places: Vec<Place> = Vec::new();
    for (index, &(gates, lost, place)) in order.iter().enumerate() {
        let arm = moving[place];
        let before = index.checked_sub(1).map(|before| order[before]);
        let why = match before {
            None => "nothing is better by the gates and by what decides".to_owned(),
            Some((other, _, _)) if other < gates => {
                format!("it breaks {}", broken(arm).join(" and "))
            }
            Some((_, _, other)) => {
                let other = moving[other];
                match decide(pairs, &other.name, &arm.name, by).by {
                    Some((_, sentence)) => sentence.to_owned(),
                    None => format!("the data cannot tell it from {}", other.name),
                }
            }
        };
        let shares = before.is_some_and(|(other, wins, _)| (other, wins) == (gates, lost));
        let number = match places.last() {
            Some(last) if shares => last.place,
            _ => index as u32 + 1,
        };
        places.push(Place {
            place: number,
            arm: arm.name.clone(),
            gates_broken: broken(arm),
            why,
        });
    }
    let best = places
        .first()
        .filter(|place| place.gates_broken.is_empty())
        .and_then(|place| moving.iter().find(|arm| arm.name == place.arm));
    Ranking {
        by: by.iter().map(|it| it.name().to_owned()).collect(),
        recommended: best.map(|arm| arm.name.clone()),
        advice: match best {
            Some(best) => advice(best, &places, pairs, (by, moved)),
            None if moving.is_empty() => vec!["No strategy here moves anybody.".to_owned()],
            None => vec![format!(
                "No strategy keeps to its gates; {} breaks the fewest.",
                places.first().map_or("none", |place| &place.arm)
            )],
        },
        places,
    }
}

/// A mean as text.
fn told(arm: &ArmOutcome, yardstick: Yardstick) -> Option<String> {
    let measured = arm.measured(yardstick.name())?;
    Some(number(measured.mean?.mean, measured.unit))
}

/// What the best one costs, what it risks, what would change the answer.
fn advice(
    best: &ArmOutcome,
    places: &[Place],
    pairs: &[PairOutcome],
    (by, moved): (&[Yardstick], Share),
) -> Vec<String> {
    let list = |yardsticks: &[Yardstick]| -> String {
        let parts: Vec<String> = yardsticks
            .iter()
            .filter_map(|&it| Some(format!("{} {}", told(best, it)?, words(it))))
            .collect();
        parts.join(", ")
    };
    let lasts = match told(best, Yardstick::Duration) {
        Some(duration) => {
            format!("takes {duration} until {moved} of the devices that come are on Stytch")
        }
        None => "does not come to an end in every rehearsal".to_owned(),
    };
    let costs = list(&[
        Yardstick::MigrateCalls,
        Yardstick::UserInfoCalls,
        Yardstick::LoginPeak,
    ]);
    let mut risks = list(&[
        Yardstick::ForcedLogouts,
        Yardstick::Lockouts,
        Yardstick::Abandonments,
    ]);
    let most = |kind: &str| best.causes.iter().find(|cause| cause.kind == kind);
    for (kind, what) in [("forced_logout", "logouts"), ("lockout", "lockouts")] {
        if let Some(cause) = most(kind) {
            use std::fmt::Write as _;
            // Writing to a string cannot fail.
            let _ = write!(
                risks,
                "; most {what} by {} ({} a rehearsal)",
                cause.cause,
                number(cause.per_seed.mean, crate::outcome::Unit::Count)
            );
        }
    }
    vec![
        format!(
            "Recommended: {}. It {lasts}, and costs {costs} (means of a rehearsal).",
            best.name
        ),
        format!("It risks {risks}."),
        change(best, places, pairs, by),
    ]
}

/// What would change the answer.
fn change(best: &ArmOutcome, places: &[Place], pairs: &[PairOutcome], by: &[Yardstick]) -> String {
    let tied: Vec<&str> = places
        .iter()
        .skip(1)
        .filter(|place| place.gates_broken.is_empty())
        .filter(|place| {
            decide(pairs, &best.name, &place.arm, by)
                .first_better
                .is_none()
        })
        .map(|place| place.arm.as_str())
        .collect();
    let mut parts = Vec::new();
    if !tied.is_empty() {
        parts.push(format!(
            "these seeds cannot tell it from {} by what decides",
            tied.join(" and ")
        ));
    }
    for other in places.iter().filter(|place| place.arm != best.name) {
        if !other.gates_broken.is_empty() {
            let gates = other.gates_broken.join(" and ");
            parts.push(format!("{} only if {gates} were given up", other.arm));
            continue;
        }
        let better: Vec<&str> = Yardstick::ALL
            .into_iter()
            .filter(|&it| decide(pairs, &other.arm, &best.name, &[it]).first_better == Some(true))
            .map(words)
            .collect();
        if !better.is_empty() {
            parts.push(format!(
                "{} would win if {} weighed most",
                other.arm,
                better.join(" or ")
            ));
        }
    }
    if parts.is_empty() {
        return "Nothing that was measured speaks for another strategy.".to_owned();
    }
    format!("What would change the answer: {}.", parts.join("; "))
}
