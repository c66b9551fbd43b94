//! Kinds of values: how each is read and described; those that are made of others.

use cutover_mocks::share::Share;
use serde_json::{Value as Json, json};

use super::problem::{Place, Problem};
use super::scalar::Percent;
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

impl<K: Kind> Kind for &K {
    type Value = K::Value;

    fn expected(&self) -> String {
        (*self).expected()
    }

    fn read(&self, node: &Node) -> Result<Self::Value, Misfit> {
        (*self).read(node)
    }

    fn schema(&self) -> Json {
        (*self).schema()
    }
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

impl Mismatch {
    /// The problem that it is.
    pub(super) fn problem(self, title: &str) -> Problem {
        let problem = Problem::new(title).at(&self.place, self.why);
        match self.help {
            Some(help) => problem.help(help),
            None => problem,
        }
    }
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
pub(super) fn other_type(node: &Node, help: &str) -> Misfit {
    misfit(
        node,
        format!("this is {}", node.value.what()),
        Some(help.to_owned()),
    )
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
