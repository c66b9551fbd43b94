//! Values that stand alone: numbers, lengths of time, shares, rates, moments, text.

use cutover_mocks::share::Share;
use cutover_mocks::time::{Span, Timestamp};
use serde_json::{Value as Json, json};

use super::kind::{Kind, Misfit, misfit, other_type};
use super::quantity::{self, Calls};
use super::tree::{Node, Value};

/// A whole number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Count {
    /// The smallest.
    pub(super) min: i64,
    /// The largest.
    pub(super) max: i64,
}

/// A whole number from one to another.
pub(super) const fn count(min: i64, max: i64) -> Count {
    Count { min, max }
}

impl Kind for Count {
    type Value = i64;

    fn expected(&self) -> String {
        match self.max {
            i64::MAX => format!("a whole number from {} up", self.min),
            max => format!("a whole number from {} to {}", self.min, grouped(max)),
        }
    }

    fn read(&self, node: &Node) -> Result<i64, Misfit> {
        match node.value {
            Value::Integer(number) if number < self.min => {
                Err(misfit(node, "this is too small", None))
            }
            Value::Integer(number) if number > self.max => {
                Err(misfit(node, "this is too large", None))
            }
            Value::Integer(number) => Ok(number),
            Value::Number(number) if number.is_infinite() => {
                Err(misfit(node, "this is too large", None))
            }
            Value::Number(_) => Err(misfit(node, "this has a fraction", None)),
            Value::Text(ref text) => Err(misfit(node, "this is text", Some(as_digits(text)))),
            _ => Err(other_type(node, "write digits without quotes: 20_000")),
        }
    }

    fn schema(&self) -> Json {
        let mut schema = json!({ "type": "integer", "minimum": self.min });
        if self.max < i64::MAX {
            schema["maximum"] = json!(self.max);
        }
        schema
    }
}

/// What to write instead of a text that is perhaps a number.
fn as_digits(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let numeric = text
        .chars()
        .all(|c| c.is_ascii_digit() || ",'._ ".contains(c));
    match digits.parse() {
        Ok(number) if numeric => {
            format!("write digits without quotes or commas: {}", grouped(number))
        }
        _ => "write digits without quotes: 20_000".to_owned(),
    }
}

/// A number with its thousands apart, as TOML allows.
fn grouped(number: i64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && digits.len() > 4 {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

/// A number with a fraction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number {
    /// The smallest, itself allowed or not.
    pub(super) min: f64,
    /// Whether the smallest is allowed.
    pub(super) inclusive: bool,
    /// The largest.
    pub(super) max: f64,
}

/// A number not below `min`.
pub(super) const fn number_from(min: f64) -> Number {
    number_between(min, f64::INFINITY)
}

/// A number from `min` to `max`.
pub(super) const fn number_between(min: f64, max: f64) -> Number {
    Number {
        min,
        inclusive: true,
        max,
    }
}

/// A number above 0.
pub(super) const POSITIVE: Number = Number {
    min: 0.0,
    inclusive: false,
    max: f64::INFINITY,
};

impl Kind for Number {
    type Value = f64;

    fn expected(&self) -> String {
        if self.max.is_finite() {
            format!("a number from {} to {}", self.min, self.max)
        } else if self.inclusive {
            format!("a number from {} up", self.min)
        } else {
            format!("a number above {}", self.min)
        }
    }

    fn read(&self, node: &Node) -> Result<f64, Misfit> {
        let number = match node.value {
            Value::Integer(number) => number as f64,
            Value::Number(number) => number,
            _ => return Err(other_type(node, "write a number without quotes: 1.5")),
        };
        if !number.is_finite() {
            return Err(misfit(node, "this is not finite", None));
        }
        let fits = number > self.min || (self.inclusive && number >= self.min);
        if number > self.max {
            Err(misfit(node, "this is too large", None))
        } else if fits {
            Ok(number)
        } else {
            Err(misfit(node, "this is too small", None))
        }
    }

    fn schema(&self) -> Json {
        let bound = if self.inclusive {
            "minimum"
        } else {
            "exclusiveMinimum"
        };
        let mut schema = json!({ "type": "number", bound: self.min });
        if self.max.is_finite() {
            schema["maximum"] = json!(self.max);
        }
        schema
    }
}

/// A length of time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    /// The shortest.
    pub(super) min: Span,
    /// The longest.
    pub(super) max: Span,
}

/// Ten years: longer than any rehearsal, session or token.
const LONGEST: Span = Span::from_days(3_660);

/// A length of time that may be zero.
pub(super) const LENGTH: Length = Length {
    min: Span::ZERO,
    max: LONGEST,
};

/// A length of time that may not be zero.
pub(super) const SOME_LENGTH: Length = Length {
    min: Span::from_micros(1),
    max: LONGEST,
};

/// A length of time that may be negative.
pub(super) const SIGNED_LENGTH: Length = Length {
    min: Span::from_days(-3_660),
    max: LONGEST,
};

/// A length of time from one to another.
pub(super) const fn length(min: Span, max: Span) -> Length {
    Length { min, max }
}

const LENGTH_HELP: &str = "write a number with its unit in quotes: \"14d\", \"1h 30m\", \"250ms\"";

impl Kind for Length {
    type Value = Span;

    fn expected(&self) -> String {
        let bound = |from: Span| from > SIGNED_LENGTH.min && from > SOME_LENGTH.min;
        match (bound(self.min), self.max < LONGEST) {
            (_, true) => format!("a length of time from {} to {}", self.min, self.max),
            (true, false) => format!("a length of time from {} up", self.min),
            (false, false) if self.min == SOME_LENGTH.min => {
                "a length of time above zero".to_owned()
            }
            (false, false) => "a length of time".to_owned(),
        }
    }

    fn read(&self, node: &Node) -> Result<Span, Misfit> {
        let Value::Text(text) = &node.value else {
            return Err(other_type(node, LENGTH_HELP));
        };
        let span =
            quantity::span(text).map_err(|why| misfit(node, why, Some(LENGTH_HELP.to_owned())))?;
        match span {
            _ if span < Span::ZERO && self.min >= Span::ZERO => {
                Err(misfit(node, "this is negative", None))
            }
            _ if span < self.min && span == Span::ZERO => Err(misfit(node, "this is zero", None)),
            _ if span < self.min => Err(misfit(node, "this is too short", None)),
            _ if span > self.max => Err(misfit(node, "this is too long", None)),
            _ => Ok(span),
        }
    }

    fn schema(&self) -> Json {
        let sign = if self.min < Span::ZERO { "-?" } else { "" };
        let pattern = format!(r"^\s*{sign}(\d+(\.\d+)?\s*(w|d|h|m|s|ms|us)\s*)+$");
        json!({ "type": "string", "pattern": pattern })
    }
}

/// A share of a whole in percent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Percent;

impl Kind for Percent {
    type Value = Share;

    fn expected(&self) -> String {
        "a share from 0% to 100%".to_owned()
    }

    fn read(&self, node: &Node) -> Result<Share, Misfit> {
        let number = match &node.value {
            Value::Text(text) => {
                let help = "write percent in quotes: \"99.5%\"".to_owned();
                return quantity::share(text).map_err(|why| misfit(node, why, Some(help)));
            }
            Value::Integer(number) => *number as f64,
            Value::Number(number) => *number,
            _ => return Err(other_type(node, "write percent in quotes: \"99.5%\"")),
        };
        let help = match Share::new(number) {
            Ok(share) => format!("if this is the share {number}, write \"{share}\""),
            Err(_) => format!("write percent in quotes: \"{number}%\""),
        };
        Err(misfit(
            node,
            "a number does not say whether it is percent",
            Some(help),
        ))
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "pattern": r"^\s*(100(\.0+)?|\d{1,2}(\.\d+)?)\s*%\s*$" })
    }
}

/// Calls per time: a token bucket where a burst may be told, a fixed window where not.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallRate {
    /// Whether a burst may be told.
    pub(super) burst: bool,
}

impl Kind for CallRate {
    type Value = Calls;

    fn expected(&self) -> String {
        "calls per time".to_owned()
    }

    fn read(&self, node: &Node) -> Result<Calls, Misfit> {
        let help = if self.burst {
            "\"100/s\", \"300/min burst 300\""
        } else {
            "\"100/s\", \"600/min\""
        };
        let help = format!("write a rate in quotes: {help}");
        let Value::Text(text) = &node.value else {
            return Err(other_type(node, &help));
        };
        let calls = quantity::calls(text).map_err(|why| misfit(node, why, Some(help.clone())))?;
        if calls.burst.is_some() && !self.burst {
            let why = "Stytch counts calls in fixed windows: there is no burst";
            return Err(misfit(node, why, Some(help)));
        }
        Ok(calls)
    }

    fn schema(&self) -> Json {
        let burst = if self.burst {
            r"(\s+burst\s+[\d_]+)?"
        } else {
            ""
        };
        let pattern = format!(r"^\s*[\d_]+\s*/\s*(\d+(\.\d+)?\s*)?(d|h|m|min|s|ms){burst}\s*$");
        json!({ "type": "string", "pattern": pattern })
    }
}

/// True or false.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flag;

impl Kind for Flag {
    type Value = bool;

    fn expected(&self) -> String {
        "true or false".to_owned()
    }

    fn read(&self, node: &Node) -> Result<bool, Misfit> {
        match node.value {
            Value::Flag(flag) => Ok(flag),
            _ => Err(other_type(node, "write true or false, without quotes")),
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "boolean" })
    }
}

/// Any text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Text;

impl Kind for Text {
    type Value = String;

    fn expected(&self) -> String {
        "text".to_owned()
    }

    fn read(&self, node: &Node) -> Result<String, Misfit> {
        match &node.value {
            Value::Text(text) => Ok(text.clone()),
            _ => Err(other_type(node, "put it in quotes")),
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "string" })
    }
}

/// A name: it heads reports, and names directories.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name;

/// The longest name, in characters.
const LONGEST_NAME: usize = 100;

impl Kind for Name {
    type Value = String;

    fn expected(&self) -> String {
        format!("a name of up to {LONGEST_NAME} characters")
    }

    fn read(&self, node: &Node) -> Result<String, Misfit> {
        let name = Text.read(node)?;
        if name.trim().is_empty() {
            Err(misfit(node, "this is empty", None))
        } else if name.chars().count() > LONGEST_NAME {
            Err(misfit(
                node,
                "this is too long",
                Some("say more in `question`".to_owned()),
            ))
        } else if name.chars().any(char::is_control) {
            Err(misfit(
                node,
                "this has line breaks or other control characters",
                None,
            ))
        } else {
            Ok(name)
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "string", "minLength": 1, "maxLength": LONGEST_NAME })
    }
}

/// A point in time: a date (its midnight in UTC), or a date with time and offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment;

/// The first seconds of two years, between which a rehearsal may start.
const YEAR_2000: i64 = 946_684_800;
const YEAR_2200: i64 = 7_258_118_400;

impl Kind for Moment {
    type Value = Timestamp;

    fn expected(&self) -> String {
        "a date from 2000 to 2199, perhaps with time and offset".to_owned()
    }

    fn read(&self, node: &Node) -> Result<Timestamp, Misfit> {
        let text = match &node.value {
            Value::Moment(moment) => moment.to_string(),
            Value::Text(text) => text.clone(),
            _ => return Err(other_type(node, "write 2026-03-02 or 2026-03-02T00:00:00Z")),
        };
        let whole = if text.len() == 10 {
            format!("{text}T00:00:00Z")
        } else {
            text
        };
        let Ok(moment) = whole.parse::<jiff::Timestamp>() else {
            let help = "write 2026-03-02 or 2026-03-02T00:00:00Z".to_owned();
            return Err(misfit(node, "this tells no moment", Some(help)));
        };
        // Sessions begin before a rehearsal does, and what ends with it lies after it: tokens must
        // be able to say so in seconds since 1970, and reports in years of four digits.
        if !(YEAR_2000..YEAR_2200).contains(&moment.as_second()) {
            let help = "tokens tell times from 1970 on, and sessions begin before a rehearsal does";
            return Err(misfit(node, "this is out of reach", Some(help.to_owned())));
        }
        Ok(Timestamp::from_micros(moment.as_microsecond()))
    }

    fn schema(&self) -> Json {
        // Tools hand TOML's dates on as text, so that a pattern is all that can be said.
        let time = r"[Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:\d{2})";
        json!({ "type": "string", "pattern": format!(r"^\d{{4}}-\d{{2}}-\d{{2}}({time})?$") })
    }
}
