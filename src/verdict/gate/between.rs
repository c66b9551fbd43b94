//! Gates of a comparison: one strategy against a limit, or against another strategy.
//!
//! ```ebnf
//! between = term , comparison , ( limit | [ number , "*" ] , term ) ;
//! term    = arm , "." , quantity , [ selector ] ;   (* zero-downtime.forced_logouts *)
//! arm     = letter or digit , { letter or digit | "-" | "_" } ;
//! ```
//!
//! Everything else is as in a [`Gate`]. Two quantities that are held against each other
//! have the same unit: `zero-downtime.forced_logouts <= 0.1 * all-at-once.forced_logouts`.

use std::fmt;

use super::cursor::{Cursor, suggestion};
use super::{Comparison, Gate, GateError, Quantity, Selector, parse};

/// A gate of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub enum Between {
    /// A strategy by itself.
    Alone {
        /// The strategy's name.
        arm: String,
        /// What must hold for it.
        gate: Gate,
    },
    /// A strategy against another.
    Against {
        /// What is held.
        left: Term,
        /// How.
        comparison: Comparison,
        /// Times as much of the right side; above 0.
        factor: f64,
        /// Against what.
        right: Term,
    },
}

/// A quantity of one strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    arm: String,
    quantity: Quantity,
    selector: Selector,
}

impl Term {
    /// The strategy's name.
    pub fn arm(&self) -> &str {
        &self.arm
    }

    /// What is asked of it.
    pub const fn quantity(&self) -> Quantity {
        self.quantity
    }

    /// For whom and when.
    pub const fn selector(&self) -> &Selector {
        &self.selector
    }
}

/// Reads a gate of a comparison whose strategies have these names.
pub fn parse_between(text: &str, arms: &[&str]) -> Result<Between, GateError> {
    let mut cursor = Cursor::new(text);
    let left = term(&mut cursor, arms)?;
    let comparison = parse::comparison(&mut cursor)?;
    let limit_from = cursor;
    let number = cursor.take_while(|c| c.is_ascii_digit() || c == '.');
    let multiplied = cursor.take_text("*");
    let names_arm = cursor.next().text.starts_with(|c: char| c.is_alphabetic());
    if !(multiplied || number.text.is_empty() && names_arm) {
        let mut cursor = limit_from;
        let gate = parse::limited(&mut cursor, left.quantity, left.selector, comparison)?;
        return Ok(Between::Alone {
            arm: left.arm,
            gate,
        });
    }
    let factor = match number.text {
        "" if !multiplied => 1.0,
        text => match text.parse::<f64>() {
            Ok(factor) if factor.is_finite() && factor > 0.0 => factor,
            _ => {
                return Err(GateError::new(number.span, "this is no factor")
                    .help("a number above 0, such as 0.1"));
            }
        },
    };
    let begins = cursor.next().span.start;
    let right = term(&mut cursor, arms)?;
    let rest = cursor.rest();
    if !rest.text.is_empty() {
        return Err(GateError::new(rest.span, "the gate ends before this")
            .help("write a second gate for a second condition"));
    }
    if left.quantity.unit() != right.quantity.unit() {
        let message = format!(
            "`{}` and `{}` have different units",
            left.quantity, right.quantity
        );
        return Err(GateError::new(begins..rest.span.start, message)
            .help("hold counts against counts, times against times, rates against rates"));
    }
    Ok(Between::Against {
        left,
        comparison,
        factor,
        right,
    })
}

fn term(cursor: &mut Cursor<'_>, arms: &[&str]) -> Result<Term, GateError> {
    let arm = cursor.take_while(|c| c.is_alphanumeric() || c == '-' || c == '_');
    if !arms.contains(&arm.text) {
        let message = if arm.text.is_empty() {
            "the name of a strategy is missing".to_owned()
        } else {
            format!("there is no strategy `{}` in this comparison", arm.text)
        };
        let help = if is_quantity(arm.text) {
            format!("write `{}.{}`", arms.first().unwrap_or(&"…"), arm.text)
        } else {
            suggestion(arm.text, arms)
        };
        return Err(GateError::new(arm.span, message).help(help));
    }
    if !cursor.take_text(".") {
        let next = cursor.next();
        return Err(
            GateError::new(next.span, format!("what of `{}`?", arm.text)).help(format!(
                "write a quantity behind it, such as `{}.forced_logouts`",
                arm.text
            )),
        );
    }
    let (quantity, selector) = parse::measured(cursor)?;
    Ok(Term {
        arm: arm.text.to_owned(),
        quantity,
        selector,
    })
}

/// Whether a word alone is a quantity, so that only the strategy is missing.
fn is_quantity(word: &str) -> bool {
    parse::measured(&mut Cursor::new(word)).is_ok()
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}{}", self.arm, self.quantity, self.selector)
    }
}

/// The gate as one would write it; [`parse_between`] reads the same gate from it.
impl fmt::Display for Between {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alone { arm, gate } => write!(f, "{arm}.{gate}"),
            Self::Against {
                left,
                comparison,
                factor,
                right,
            } => {
                write!(f, "{left} {comparison} ")?;
                if (factor - 1.0).abs() > f64::EPSILON {
                    write!(f, "{factor} * ")?;
                }
                right.fmt(f)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARMS: [&str; 2] = ["all-at-once", "zero-downtime"];

    #[test]
    fn gates_between_strategies_are_read_and_written_alike() {
        for text in [
            "zero-downtime.forced_logouts <= 0.1 * all-at-once.forced_logouts",
            "zero-downtime.lockouts{platform=ios} <= all-at-once.lockouts",
            "zero-downtime.lockouts < 1%",
            "all-at-once.latency.page.p99 < 2 * zero-downtime.latency.page.p99",
            "all-at-once.storm.logins.peak <= 100/s",
            "zero-downtime.causes.forced_logouts.old_app == 0",
        ] {
            let read = parse_between(text, &ARMS).map(|gate| gate.to_string());
            assert_eq!(read, Ok(text.to_owned()));
        }
    }

    #[test]
    fn what_is_no_gate_between_strategies_says_where_and_why() {
        for (text, wrong, message) in [
            (
                "zero.lockouts < 1%",
                "zero",
                "there is no strategy `zero` in this comparison",
            ),
            (
                "lockouts < 1%",
                "lockouts",
                "there is no strategy `lockouts` in this comparison",
            ),
            ("zero-downtime < 1%", "<", "what of `zero-downtime`?"),
            (
                "zero-downtime.lockouts < 0 * all-at-once.lockouts",
                "0",
                "this is no factor",
            ),
            (
                "zero-downtime.lockouts < all-at-once.latency.page.p99",
                "all-at-once.latency.page.p99",
                "`lockouts` and `latency.page.p99` have different units",
            ),
            (
                "zero-downtime.lockouts < all-at-once.lockouts + 3",
                "+ 3",
                "the gate ends before this",
            ),
            (
                "zero-downtime.lockout < 1%",
                "lockout",
                "there is no quantity `lockout`",
            ),
            (
                "zero-downtime.lockouts < 400ms",
                "400ms",
                "`400ms` does not fit `lockouts`",
            ),
        ] {
            let error = parse_between(text, &ARMS).expect_err(text);
            assert_eq!(&text[error.span.clone()], wrong, "{text}");
            assert_eq!(error.message, message, "{text}");
        }
    }

    #[test]
    fn a_quantity_without_a_strategy_is_told_to_name_one() {
        let error = parse_between("lockouts < 1%", &ARMS).expect_err("no strategy");
        assert_eq!(error.help.as_deref(), Some("write `all-at-once.lockouts`"));
    }
}
