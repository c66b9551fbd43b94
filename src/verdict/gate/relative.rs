//! A limit that moves with a baseline: `baseline + 10%`.

use std::fmt;

use super::cursor::{Cursor, Piece};
use super::{GateError, Limit, Quantity, Selector, parse};
use crate::outcome::Unit;

/// The word that a relative limit stands on.
pub(super) const BASELINE: &str = "baseline";

/// Where a limit stands, seen from the quantity's value in the baseline.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Relative {
    /// There.
    Same,
    /// So many times as much; above 0.
    Times(f64),
    /// So much above it.
    Plus(Step),
    /// So much below it.
    Minus(Step),
}

/// How far a limit is from the baseline; never 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// A percentage of the baseline's value, whatever its unit: 10% above 50 is 55.
    Share(f64),
    /// An amount in the quantity's own unit; percentage points where that is a percentage.
    Amount(Limit),
}

impl Relative {
    /// The limit that follows from a baseline's value, both in the quantity's own unit.
    pub fn limit(self, baseline: f64) -> f64 {
        let limit = match self {
            Self::Same => baseline,
            Self::Times(factor) => baseline * factor,
            // Multiplied first: 10% above 30 is then 33 exactly.
            Self::Plus(Step::Share(percent)) => baseline * (100.0 + percent) / 100.0,
            Self::Minus(Step::Share(percent)) => baseline * (100.0 - percent) / 100.0,
            Self::Plus(Step::Amount(amount)) => baseline + amount.number(),
            Self::Minus(Step::Amount(amount)) => baseline - amount.number(),
        };
        // What binary fractions add in the last digits must not decide a gate.
        (limit * 1e6).round() / 1e6
    }
}

/// Reads a relative limit; none where the text is a fixed one, which is then not touched.
pub(super) fn relative(
    cursor: &mut Cursor<'_>,
    quantity: Quantity,
    selector: &Selector,
) -> Result<Option<Relative>, GateError> {
    let mut ahead = *cursor;
    let factor = number(&mut ahead);
    let multiplied = !factor.text.is_empty() && ahead.take_text("*");
    let stands = ahead.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
    if stands.text != BASELINE || (!multiplied && !factor.text.is_empty()) {
        return Ok(None);
    }
    *cursor = ahead;
    let relative = if multiplied {
        Relative::Times(times(&factor)?)
    } else if cursor.take_text("*") {
        let factor = number(cursor);
        Relative::Times(times(&factor)?)
    } else if cursor.take_text("+") {
        return step(&cursor.rest(), quantity, selector).map(|step| Some(Relative::Plus(step)));
    } else if cursor.take_text("-") {
        let rest = cursor.rest();
        let step = step(&rest, quantity, selector)?;
        if matches!(step, Step::Share(percent) if percent >= 100.0) {
            let error = GateError::new(rest.span, "this leaves nothing of the baseline");
            return Err(error.help("less than 100%"));
        }
        return Ok(Some(Relative::Minus(step)));
    } else {
        Relative::Same
    };
    let rest = cursor.rest();
    if rest.text.is_empty() {
        return Ok(Some(relative));
    }
    let error = GateError::new(rest.span, "the gate ends before this");
    Err(error.help("`baseline`, `baseline * 1.1`, `baseline + 10%` or `baseline - 10%`"))
}

fn number<'a>(cursor: &mut Cursor<'a>) -> Piece<'a> {
    cursor.take_while(|c| c.is_ascii_digit() || c == '.')
}

fn times(piece: &Piece<'_>) -> Result<f64, GateError> {
    parse::amount(piece.text)
        .filter(|factor| *factor > 0.0)
        .ok_or_else(|| {
            let error = GateError::new(piece.span.clone(), "this is no factor");
            error.help("a number above 0, such as `baseline * 1.1`")
        })
}

fn step(piece: &Piece<'_>, quantity: Quantity, selector: &Selector) -> Result<Step, GateError> {
    let step = if let Some(percent) = piece.text.strip_suffix('%').map(str::trim_end) {
        parse::amount(percent).map(Step::Share)
    } else if let Some(points) = piece.text.strip_suffix("points").map(str::trim_end) {
        let points = parse::amount(points).filter(|_| quantity.unit() == Unit::Percent);
        points.map(|points| Step::Amount(Limit::Percent(points)))
    } else {
        let limit = parse::limit(piece, quantity, selector).ok();
        limit.map(Step::Amount)
    };
    let wrong = |message: String| {
        let own = match quantity.unit() {
            Unit::Count => "a whole number",
            Unit::Percent => "percentage points such as `0.5 points`",
            Unit::Microseconds => "a time such as 20ms",
            Unit::PerSecond => "a rate such as 5/s",
            Unit::Ratio => "a plain number such as 0.1",
        };
        GateError::new(piece.span.clone(), message).help(format!(
            "a percentage of the baseline such as 10%, or {own}"
        ))
    };
    let step = step.ok_or_else(|| {
        wrong(format!(
            "`{}` is no distance from the baseline of `{quantity}`",
            piece.text
        ))
    })?;
    let far = match step {
        Step::Share(percent) => percent,
        Step::Amount(amount) => amount.number(),
    };
    if far > 0.0 {
        Ok(step)
    } else {
        let error = GateError::new(piece.span.clone(), "this changes nothing");
        Err(error.help("write `baseline` alone"))
    }
}

impl fmt::Display for Relative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str(BASELINE),
            Self::Times(factor) => write!(f, "{BASELINE} * {factor}"),
            Self::Plus(step) => write!(f, "{BASELINE} + {step}"),
            Self::Minus(step) => write!(f, "{BASELINE} - {step}"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share(percent) => write!(f, "{percent}%"),
            Self::Amount(Limit::Percent(points)) => write!(f, "{points} points"),
            Self::Amount(amount) => amount.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::verdict::gate::{Bound, parse, parse_fixed};

    #[test]
    fn limits_that_move_with_a_baseline_are_read_and_written_alike() {
        for text in [
            "forced_logouts <= baseline",
            "forced_logouts <= baseline + 10%",
            "forced_logouts{platform=ios} <= baseline + 5",
            "latency.migrate.p99 <= baseline * 1.1",
            "latency.migrate.p99 <= baseline + 20ms",
            "migration_success >= baseline - 0.5 points",
            "migration_success >= baseline - 1%",
            "calls.auth0.userinfo.peak <= baseline + 5/s",
            "storm.amplification <= baseline + 0.1",
        ] {
            let read = parse(text).map(|gate| gate.to_string());
            assert_eq!(read, Ok(text.to_owned()));
        }
        for (text, canonical) in [
            ("lockouts<=baseline+10 %", "lockouts <= baseline + 10%"),
            ("lockouts <= 1.1 * baseline", "lockouts <= baseline * 1.1"),
            ("lockouts <= 2*baseline", "lockouts <= baseline * 2"),
        ] {
            let read = parse(text).map(|gate| gate.to_string());
            assert_eq!(read, Ok(canonical.to_owned()), "{text}");
        }
    }

    /// Text, the part of it that is wrong, the message, the help.
    const REFUSED: &[(&str, &str, &str, &str)] = &[
        (
            "lockouts <= baseline * 0",
            "0",
            "this is no factor",
            "a number above 0, such as `baseline * 1.1`",
        ),
        (
            "lockouts <= baseline * 10%",
            "%",
            "the gate ends before this",
            "`baseline`, `baseline * 1.1`, `baseline + 10%` or `baseline - 10%`",
        ),
        (
            "lockouts <= baseline 3",
            "3",
            "the gate ends before this",
            "`baseline`, `baseline * 1.1`, `baseline + 10%` or `baseline - 10%`",
        ),
        (
            "lockouts <= baseline + 0%",
            "0%",
            "this changes nothing",
            "write `baseline` alone",
        ),
        (
            "lockouts >= baseline - 100%",
            "100%",
            "this leaves nothing of the baseline",
            "less than 100%",
        ),
        (
            "lockouts <= baseline + 20ms",
            "20ms",
            "`20ms` is no distance from the baseline of `lockouts`",
            "a percentage of the baseline such as 10%, or a whole number",
        ),
        (
            "lockouts <= baseline + 1 points",
            "1 points",
            "`1 points` is no distance from the baseline of `lockouts`",
            "a percentage of the baseline such as 10%, or a whole number",
        ),
        (
            "migration_success >= baseline - 3",
            "3",
            "`3` is no distance from the baseline of `migration_success`",
            "a percentage of the baseline such as 10%, or percentage points such as `0.5 points`",
        ),
        (
            "latency.page.p99 <= baseline + ",
            "",
            "`` is no distance from the baseline of `latency.page.p99`",
            "a percentage of the baseline such as 10%, or a time such as 20ms",
        ),
        (
            "lockouts <= baselines",
            "baselines",
            "`baselines` is no limit",
            "expected a whole number or a percentage such as 0.1%",
        ),
    ];

    #[test]
    fn what_is_no_relative_limit_is_told_with_place_reason_and_help() {
        for &(text, wrong, message, help) in REFUSED {
            let error = parse(text).expect_err(text);
            assert_eq!(&text[error.span.clone()], wrong, "{text}");
            assert_eq!(
                (error.message.as_str(), error.help.as_deref()),
                (message, Some(help)),
                "{text}"
            );
        }
    }

    #[test]
    fn a_comparison_refuses_what_is_relative() {
        assert!(parse_fixed("lockouts <= 3").is_ok());
        let text = "lockouts{phase=\"baseline\"} <= 2 * baseline";
        let error = parse_fixed(text).expect_err("relative");
        assert_eq!(&text[error.span.clone()], "baseline");
        assert_eq!(error.message, "a comparison has no baseline");
    }

    #[test]
    fn limits_follow_from_the_baseline() {
        let limit = |text: &str, baseline: f64| match parse(text).map(|gate| gate.bound()) {
            Ok(Bound::Baseline(relative)) => relative.limit(baseline),
            other => panic!("{text}: {other:?}"),
        };
        for (text, baseline, expected) in [
            ("lockouts <= baseline", 7.0, 7.0),
            ("lockouts <= baseline + 10%", 30.0, 33.0),
            ("lockouts <= baseline * 1.1", 3.0, 3.3),
            ("lockouts <= baseline + 10%", 0.0, 0.0),
            ("lockouts >= baseline * 0.7", 30.0, 21.0),
            ("lockouts >= baseline - 5", 3.0, -2.0),
            ("latency.page.p99 <= baseline + 20ms", 5_000.0, 25_000.0),
            ("migration_success >= baseline - 0.5 points", 99.5, 99.0),
            ("migration_success >= baseline - 10%", 90.0, 81.0),
        ] {
            let found = limit(text, baseline);
            assert!(found.to_bits() == f64::to_bits(expected), "{text}: {found}");
        }
    }
}
