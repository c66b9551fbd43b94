//! What a key can hold: how each kind of value is read, and how it is described.

use cutover_mocks::share::Share;
use cutover_mocks::time::{Span, Timestamp};
use serde_json::{Value as Json, json};

use super::problem::Place;
use super::quantity::{self, Calls};
use super::tree::{Node, Value};

/// A kind of value.
pub(super) trait Kind {
    /// What it is read to.
    type Value;

    /// What is expected, for messages: "a share", "a whole number from 1 to 9".
    fn expected(&self) -> String;

    /// Reads it.
    fn read(&self, node: &Node) -> Result<Self::Value, Misfit>;

    /// Its JSON Schema.
    fn schema(&self) -> Json;
}

/// Why a value does not fit.
#[derive(Debug)]
pub(super) struct Mismatch {
    /// The part that does not.
    pub(super) place: Place,
    /// Why.
    pub(super) why: String,
    /// What to write instead.
    pub(super) help: Option<String>,
}

/// All parts of a value that do not fit; at least one.
pub(super) type Misfit = Vec<Mismatch>;

/// A value that does not fit as a whole.
pub(super) fn misfit(node: &Node, why: impl Into<String>, help: Option<String>) -> Misfit {
    vec![Mismatch {
        place: node.place.clone(),
        why: why.into(),
        help,
    }]
}

/// A value of another type.
fn other_type(node: &Node, help: &str) -> Misfit {
    misfit(
        node,
        format!("this is {}", node.value.what()),
        Some(help.to_owned()),
    )
}

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
}

/// A number not below `min`.
pub(super) const fn number_from(min: f64) -> Number {
    Number {
        min,
        inclusive: true,
    }
}

/// A number above 0.
pub(super) const POSITIVE: Number = Number {
    min: 0.0,
    inclusive: false,
};

impl Kind for Number {
    type Value = f64;

    fn expected(&self) -> String {
        if self.inclusive {
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
        if fits {
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
        json!({ "type": "number", bound: self.min })
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

/// A point in time: a date (its midnight in UTC), or a date with time and offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Moment;

impl Kind for Moment {
    type Value = Timestamp;

    fn expected(&self) -> String {
        "a date, or a date with time and offset".to_owned()
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
        match whole.parse::<jiff::Timestamp>() {
            Ok(moment) => Ok(Timestamp::from_micros(moment.as_microsecond())),
            Err(_) => {
                let help = "write 2026-03-02 or 2026-03-02T00:00:00Z".to_owned();
                Err(misfit(node, "this tells no moment", Some(help)))
            }
        }
    }

    fn schema(&self) -> Json {
        // Tools hand TOML's dates on as text, so that a pattern is all that can be said.
        json!({ "type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}([Tt ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?([Zz]|[+-]\d{2}:\d{2}))?$" })
    }
}

/// One of several names.
#[derive(Clone, Copy, Debug)]
pub(super) struct OneOf<T: 'static>(pub(super) &'static [(&'static str, T)]);

impl<T: Clone> Kind for OneOf<T> {
    type Value = T;

    fn expected(&self) -> String {
        let names: Vec<String> = self
            .0
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        match names.split_last() {
            Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
            _ => names.concat(),
        }
    }

    fn read(&self, node: &Node) -> Result<T, Misfit> {
        let Value::Text(text) = &node.value else {
            return Err(other_type(node, "write one of these names in quotes"));
        };
        if let Some((_, value)) = self.0.iter().find(|(name, _)| name == text) {
            return Ok(value.clone());
        }
        let near = nearest(text, self.0.iter().map(|&(name, _)| name));
        let help = near.map(|name| format!("did you mean \"{name}\"?"));
        Err(misfit(node, "there is no such name", help))
    }

    fn schema(&self) -> Json {
        let names: Vec<&str> = self.0.iter().map(|&(name, _)| name).collect();
        json!({ "type": "string", "enum": names })
    }
}

/// The name that was probably meant.
pub(super) fn nearest<'n>(text: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let normal = text.to_lowercase().replace('-', "_");
    let distance = |name: &str| strsim::damerau_levenshtein(&normal, &name.replace('-', "_"));
    let best = names
        .map(|name| (distance(name), name))
        .min_by_key(|&(distance, _)| distance)?;
    (best.0 <= 1 + text.chars().count() / 4).then_some(best.1)
}

/// A kind of value, or a word for its absence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Or<K>(pub(super) &'static str, pub(super) K);

impl<K: Kind> Kind for Or<K> {
    type Value = Option<K::Value>;

    fn expected(&self) -> String {
        format!("{}, or \"{}\"", self.1.expected(), self.0)
    }

    fn read(&self, node: &Node) -> Result<Self::Value, Misfit> {
        match &node.value {
            Value::Text(text) if text == self.0 => Ok(None),
            _ => self.1.read(node).map(Some),
        }
    }

    fn schema(&self) -> Json {
        json!({ "anyOf": [{ "const": self.0 }, self.1.schema()] })
    }
}

/// A list.
#[derive(Clone, Copy, Debug)]
pub(super) struct List<K> {
    /// What is in it.
    pub(super) of: K,
    /// How many, where that is fixed.
    pub(super) len: Option<usize>,
}

impl<K: Kind> Kind for List<K> {
    type Value = Vec<(K::Value, Place)>;

    fn expected(&self) -> String {
        match self.len {
            Some(len) => format!("a list of {len} values, each {}", self.of.expected()),
            None => format!("a list, each value {}", self.of.expected()),
        }
    }

    fn read(&self, node: &Node) -> Result<Self::Value, Misfit> {
        let Value::List(list) = &node.value else {
            return Err(other_type(node, "write values between [ and ]"));
        };
        if let Some(len) = self.len.filter(|&len| len != list.len()) {
            return Err(misfit(
                node,
                format!("these are {} values instead of {len}", list.len()),
                None,
            ));
        }
        let (mut values, mut misfits) = (Vec::new(), Vec::new());
        for item in list {
            match self.of.read(item) {
                Ok(value) => values.push((value, item.place.clone())),
                Err(parts) => misfits.extend(parts),
            }
        }
        if misfits.is_empty() {
            Ok(values)
        } else {
            Err(misfits)
        }
    }

    fn schema(&self) -> Json {
        let mut schema = json!({ "type": "array", "items": self.of.schema() });
        if let Some(len) = self.len {
            schema["minItems"] = json!(len);
            schema["maxItems"] = json!(len);
        }
        schema
    }
}

/// Names of the writer's choosing, or offsets from UTC, and their shares; sums to 100%.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parts<K> {
    /// Reads a name.
    pub(super) name: fn(&str) -> Result<K, String>,
    /// What a name is, for messages.
    pub(super) named: &'static str,
}

impl<K> Kind for Parts<K> {
    type Value = Vec<(K, Share)>;

    fn expected(&self) -> String {
        format!("a table of {} and shares that sum to 100%", self.named)
    }

    fn read(&self, node: &Node) -> Result<Self::Value, Misfit> {
        let Value::Table(table) = &node.value else {
            return Err(other_type(
                node,
                "write a table: { north = \"60%\", south = \"40%\" }",
            ));
        };
        let (mut parts, mut misfits) = (Vec::new(), Vec::new());
        for (name, entry) in &table.0 {
            match ((self.name)(name), Percent.read(&entry.node)) {
                (Ok(name), Ok(share)) => parts.push((name, share)),
                (Ok(_), Err(parts)) => misfits.extend(parts),
                (Err(why), _) => misfits.push(Mismatch {
                    place: entry.key.clone(),
                    why,
                    help: None,
                }),
            }
        }
        if !misfits.is_empty() {
            return Err(misfits);
        }
        let sum: f64 = parts.iter().map(|(_, share)| share.get()).sum();
        match off_by(sum) {
            None => Ok(parts),
            Some(help) => Err(misfit(
                node,
                format!("these sum to {}", percent(sum)),
                Some(help),
            )),
        }
    }

    fn schema(&self) -> Json {
        json!({ "type": "object", "additionalProperties": Percent.schema(), "minProperties": 1 })
    }
}

/// What to do about shares whose sum is not 100%.
pub(super) fn off_by(sum: f64) -> Option<String> {
    let off = sum - 1.0;
    if off.abs() < 1e-9 {
        return None;
    }
    let (verb, place) = if off > 0.0 {
        ("take", "off")
    } else {
        ("add", "to")
    };
    Some(format!(
        "{verb} {} {place} them, so that they sum to 100%",
        percent(off.abs())
    ))
}

/// A number as percent, for messages.
pub(super) fn percent(number: f64) -> String {
    format!("{}%", (number * 1e8).round() / 1e6)
}
