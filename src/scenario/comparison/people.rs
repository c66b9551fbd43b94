//! Whether the strategies of a comparison rehearse the same people.

use super::super::problem::{Place, Problem};
use super::Arm;

/// Whether a setting may differ between strategies. Windows and lapse say how a rehearsal plays over
/// HTTP, and change nothing in virtual time.
fn may_differ(key: &str) -> bool {
    const SECTIONS: [&str; 3] = ["cutover", "app", "gates"];
    const KEYS: [&str; 5] = [
        "name",
        "question",
        "seed",
        "time.lapse",
        "time.lateness_limit",
    ];
    let of_section = |section: &str| {
        key.strip_prefix(section)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    KEYS.contains(&key) || key.starts_with("time.windows") || SECTIONS.into_iter().any(of_section)
}

/// The first setting that makes the people of two arms others.
pub(super) fn other_people(arms: &[(Arm, Place)]) -> Option<Problem> {
    let (first, first_place) = arms.first()?;
    let settings = |arm: &Arm| -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = arm
            .loaded
            .assumptions
            .iter()
            .filter(|setting| !may_differ(&setting.key))
            .map(|setting| (setting.key.clone(), setting.value.clone()))
            .collect();
        all.sort();
        all
    };
    let reference = settings(first);
    for (arm, place) in &arms[1..] {
        let own = settings(arm);
        let differs = |from: &[(String, String)], other: &[(String, String)]| {
            from.iter().find(|pair| !other.contains(pair)).cloned()
        };
        let Some((key, _)) = differs(&own, &reference).or_else(|| differs(&reference, &own)) else {
            continue;
        };
        let told = |all: &[(String, String)]| {
            let value = all.iter().find(|(name, _)| *name == key);
            value.map_or_else(
                || format!("no `{key}` here"),
                |(_, value)| format!("`{key}` is {value} here"),
            )
        };
        return Some(
            Problem::new(format!(
                "`{}` and `{}` do not rehearse the same people",
                arm.name, first.name
            ))
            .at(place, told(&own))
            .at(first_place, told(&reference))
            .help(
                "strategies of one comparison may differ in [cutover], [app] and [gates]; set the rest \
                 for all of them in [settings]",
            ),
        );
    }
    None
}
