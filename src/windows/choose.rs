//! Which windows are played: the wishes of whoever runs it, within a bound on wall time.

use std::fmt::Write as _;
use std::str::FromStr;

use cutover_mocks::time::Span;

use super::{Found, Kind};
use crate::scenario::Window;

/// A wish for windows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// The busiest stretches: logins, migrations and calls.
    Peak,
    /// All of one kind.
    Kind(Kind),
    /// Everything that was found, and the scenario's own.
    All,
    /// One of the scenario's own windows, by its name.
    Own(String),
}

impl FromStr for Wish {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let kind = Kind::ALL.into_iter().find(|kind| kind.name() == text);
        Ok(match (text, kind) {
            ("peak", _) => Self::Peak,
            ("all", _) => Self::All,
            (_, Some(kind)) => Self::Kind(kind),
            (name, None) => Self::Own(name.to_owned()),
        })
    }
}

/// A window to be played.
#[derive(Clone, Debug, PartialEq)]
pub struct Chosen {
    /// The window.
    pub window: Window,
    /// Why, in numbers; the scenario's own windows need no reason.
    pub why: Option<String>,
}

/// What is played, and what is not for want of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Choice {
    /// In order of time, and apart from each other.
    pub chosen: Vec<Chosen>,
    /// Windows for which the bound leaves no time, the weightiest first.
    pub left_out: Vec<Chosen>,
}

/// A wish that cannot be granted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoSuchWindow {
    /// Neither a kind nor a window of the scenario's.
    #[error("there is no window `{wish}`; choose among {choices}")]
    Unknown {
        /// What was asked for.
        wish: String,
        /// What there is.
        choices: String,
    },
    /// Nothing of the kind happens.
    #[error(
        "nothing of the kind `{wish}` happens in this scenario; `cutover windows` lists what does"
    )]
    Nothing {
        /// What was asked for.
        wish: &'static str,
    },
    /// The bound is shorter than the first window.
    #[error("{total} at true speed are too short for the window `{window}` of {length}")]
    TooShort {
        /// The bound.
        total: Span,
        /// The weightiest window.
        window: String,
        /// How long it is.
        length: Span,
    },
}

impl Wish {
    /// Whether there can be such a window: to be asked before anything is searched.
    pub fn check(&self, own: &[Window]) -> Result<(), NoSuchWindow> {
        match self {
            Self::Own(name) if own.iter().all(|window| window.name != *name) => {
                Err(NoSuchWindow::Unknown {
                    wish: name.clone(),
                    choices: choices(own),
                })
            }
            Self::Own(_) | Self::Peak | Self::Kind(_) | Self::All => Ok(()),
        }
    }

    /// Whether it can be granted without searching.
    pub fn is_own(&self) -> bool {
        matches!(self, Self::Own(_))
    }

    fn wants(&self, kind: Kind) -> bool {
        match self {
            Self::Peak => matches!(kind, Kind::Logins | Kind::Migrations | Kind::Calls),
            Self::Kind(wanted) => *wanted == kind,
            Self::All => true,
            Self::Own(_) => false,
        }
    }
}

/// Grants wishes: the scenario's own windows first, then what was found in order of weight, as long
/// as `total` lasts. Windows that overlap are one.
pub fn choose(
    wishes: &[Wish],
    found: &[Found],
    own: &[Window],
    total: Span,
) -> Result<Choice, NoSuchWindow> {
    for wish in wishes {
        wish.check(own)?;
        if let Wish::Kind(kind) = wish
            && found.iter().all(|found| found.kind != *kind)
        {
            return Err(NoSuchWindow::Nothing { wish: kind.name() });
        }
    }
    let named = |window: &&Window| {
        wishes.iter().any(|wish| match wish {
            Wish::All => true,
            Wish::Own(name) => window.name == *name,
            Wish::Peak | Wish::Kind(_) => false,
        })
    };
    let own = own.iter().filter(named).map(|window| Chosen {
        window: window.clone(),
        why: None,
    });
    let wanted = |found: &&Found| wishes.iter().any(|wish| wish.wants(found.kind));
    let found = found.iter().filter(wanted).map(|found| Chosen {
        window: found.window.clone(),
        why: Some(found.why.clone()),
    });
    let mut choice = Choice::default();
    for window in own.chain(found) {
        let mut with = choice.chosen.clone();
        with.push(window.clone());
        let with = merged(with);
        if length_of(&with) <= total {
            choice.chosen = with;
        } else {
            choice.left_out.push(window);
        }
    }
    match choice.left_out.first() {
        Some(Chosen { window, .. }) if choice.chosen.is_empty() => Err(NoSuchWindow::TooShort {
            total,
            window: window.name.clone(),
            length: window.length,
        }),
        _ => Ok(choice),
    }
}

/// What can be wished for: kinds, and the scenario's own windows.
pub fn choices(own: &[Window]) -> String {
    let mut text = "peak".to_owned();
    let kinds = Kind::ALL.into_iter().map(Kind::name);
    // Writing to a String cannot fail.
    for name in kinds.chain(["all"]) {
        let _ = write!(text, ", {name}");
    }
    if !own.is_empty() {
        text += " and the scenario's own:";
        for (index, window) in own.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(text, "{comma} `{}`", window.name);
        }
    }
    text
}

fn length_of(chosen: &[Chosen]) -> Span {
    chosen
        .iter()
        .fold(Span::ZERO, |sum, chosen| sum + chosen.window.length)
}

/// In order of time, those that overlap or touch made one.
fn merged(mut chosen: Vec<Chosen>) -> Vec<Chosen> {
    chosen.sort_by_key(|chosen| chosen.window.from);
    let mut apart: Vec<Chosen> = Vec::with_capacity(chosen.len());
    for next in chosen {
        match apart.last_mut() {
            Some(last) if next.window.from <= last.window.from + last.window.length => {
                let until = (last.window.from + last.window.length)
                    .max(next.window.from + next.window.length);
                last.window.length = until - last.window.from;
                last.window.name = joined(&last.window.name, &next.window.name, ", ");
                last.why = match (last.why.take(), next.why) {
                    (Some(one), Some(other)) => Some(joined(&one, &other, "; ")),
                    (one, other) => one.or(other),
                };
            }
            _ => apart.push(next),
        }
    }
    apart
}

fn joined(one: &str, other: &str, between: &str) -> String {
    if one == other {
        one.to_owned()
    } else {
        format!("{one}{between}{other}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(name: &str, from: i64, length: i64) -> Window {
        Window {
            name: name.into(),
            from: Span::from_secs(from),
            length: Span::from_secs(length),
        }
    }

    fn found(kind: Kind, name: &str, from: i64) -> Found {
        Found {
            kind,
            window: window(name, from, 30),
            count: 1,
            why: format!("{name} is busy"),
        }
    }

    fn names(chosen: &[Chosen]) -> Vec<(&str, i64, i64)> {
        let name = |chosen: &Chosen| (chosen.window.from.as_secs(), chosen.window.length.as_secs());
        chosen
            .iter()
            .map(|it| (it.window.name.as_str(), name(it).0, name(it).1))
            .collect()
    }

    #[test]
    fn windows_that_overlap_are_one() {
        let found = [
            found(Kind::Logins, "peak logins", 100),
            found(Kind::Migrations, "peak migrations", 120),
            found(Kind::Fault, "fault", 500),
        ];
        let choice = choose(&[Wish::Peak], &found, &[], Span::from_mins(2)).unwrap();
        assert_eq!(
            names(&choice.chosen),
            [("peak logins, peak migrations", 100, 50)]
        );
        assert!(choice.left_out.is_empty(), "a fault was not wished for");
        assert_eq!(
            choice.chosen[0].why.as_deref(),
            Some("peak logins is busy; peak migrations is busy")
        );
    }

    #[test]
    fn the_weightiest_come_first_where_time_is_short() {
        let found = [
            found(Kind::Logins, "logins", 900),
            found(Kind::Migrations, "migrations", 500),
            found(Kind::Calls, "calls", 100),
        ];
        let choice = choose(&[Wish::Peak], &found, &[], Span::from_mins(1)).unwrap();
        assert_eq!(
            names(&choice.chosen),
            [("migrations", 500, 30), ("logins", 900, 30)],
            "in order of time"
        );
        assert_eq!(names(&choice.left_out), [("calls", 100, 30)]);
        assert_eq!(
            choose(&[Wish::Peak], &found, &[], Span::from_secs(10)),
            Err(NoSuchWindow::TooShort {
                total: Span::from_secs(10),
                window: "logins".into(),
                length: Span::from_secs(30),
            })
        );
    }

    #[test]
    fn the_scenario_s_own_are_chosen_by_name() {
        let own = [window("push message", 50, 8), window("noon", 70, 8)];
        let wishes: Vec<Wish> = ["noon".parse().unwrap()].into();
        let choice = choose(&wishes, &[], &own, Span::from_mins(1)).unwrap();
        assert_eq!(names(&choice.chosen), [("noon", 70, 8)]);
        let wish: Wish = "nonsense".parse().unwrap();
        assert_eq!(
            wish.check(&own).unwrap_err().to_string(),
            "there is no window `nonsense`; choose among peak, logins, migrations, calls, \
             first-contact, fault, all and the scenario's own: `push message`, `noon`"
        );
    }

    #[test]
    fn a_kind_that_does_not_happen_is_an_error() {
        let wish: Wish = "fault".parse().unwrap();
        assert_eq!(
            choose(&[wish], &[], &[], Span::from_mins(1)),
            Err(NoSuchWindow::Nothing { wish: "fault" })
        );
    }
}
