//! TOML text as a tree that knows the place of every key and value, and how trees merge.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem, Sources};
use super::syntax;

/// A value with its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Where it stands; of a table with a header, the header.
    pub(super) place: Place,
    /// What it is.
    pub(super) value: Value,
}

/// A TOML value.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// A string.
    Text(String),
    /// An integer.
    Integer(i64),
    /// A float.
    Number(f64),
    /// A boolean.
    Flag(bool),
    /// A date, with or without time.
    Moment(toml::value::Datetime),
    /// An array.
    List(Vec<Node>),
    /// A table.
    Table(Tree),
}

/// A table: keys in order of their names.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree(pub(super) BTreeMap<String, Entry>);

/// A key with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Where the key stands.
    pub(super) key: Place,
    /// Its value.
    pub(super) node: Node,
}

impl Value {
    /// What it is, for messages.
    pub(super) const fn what(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "a whole number",
            Self::Number(_) => "a number",
            Self::Flag(_) => "a boolean",
            Self::Moment(_) => "a date",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }

    /// The same value without places.
    pub(super) fn plain(&self) -> toml::Value {
        match self {
            Self::Text(text) => toml::Value::String(text.clone()),
            Self::Integer(number) => toml::Value::Integer(*number),
            Self::Number(number) => toml::Value::Float(*number),
            Self::Flag(flag) => toml::Value::Boolean(*flag),
            Self::Moment(moment) => toml::Value::Datetime(*moment),
            Self::List(list) => {
                toml::Value::Array(list.iter().map(|node| node.value.plain()).collect())
            }
            Self::Table(tree) => toml::Value::Table(tree.plain()),
        }
    }
}

impl Tree {
    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        self.0.get(key)
    }

    /// The same table without places.
    pub(super) fn plain(&self) -> toml::Table {
        self.0
            .iter()
            .map(|(key, entry)| (key.clone(), entry.node.value.plain()))
            .collect()
    }
}

/// Reads a text; syntax errors become problems, and what could be read is returned all the same.
pub(super) fn parse(sources: &Sources, source: usize, problems: &mut Vec<Problem>) -> Tree {
    let text = &sources.get(source).text;
    let (table, errors) = DeTable::parse_recoverable(text);
    let unquoted = syntax::problems(text, source, &errors, problems);
    Reading {
        text,
        source,
        unquoted,
    }
    .tree(table.get_ref())
}

/// A value alone: TOML if it is TOML, a bare string otherwise, as on the command line.
pub(super) fn bare(text: &str, place: &Place) -> Node {
    let reading = Reading {
        text,
        source: place.source,
        unquoted: Vec::new(),
    };
    let value = match DeValue::parse(text) {
        Ok(value) => reading.node(&value).value,
        Err(_) => Value::Text(text.to_owned()),
    };
    Node {
        place: place.clone(),
        value,
    }
}

/// A text that is being turned into a tree.
struct Reading<'t> {
    text: &'t str,
    source: usize,
    /// Values that are no TOML for want of quotes: they read as the text that they are.
    unquoted: Vec<Place>,
}

impl Reading<'_> {
    fn tree(&self, table: &DeTable<'_>) -> Tree {
        let mut tree = Tree::default();
        for (key, value) in table {
            let entry = Entry {
                key: self.place(key.span()),
                node: self.node(value),
            };
            tree.0.insert(key.get_ref().to_string(), entry);
        }
        tree
    }

    fn node(&self, value: &toml::Spanned<DeValue<'_>>) -> Node {
        let place = self.place(value.span());
        if let Some(raw) = self.unquoted.iter().find(|raw| raw.start == place.start) {
            let text = self.text[raw.start..raw.end].to_owned();
            return Node {
                place: raw.clone(),
                value: Value::Text(text),
            };
        }
        let value = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Datetime(moment) => Value::Moment(*moment),
            DeValue::Array(list) => Value::List(list.iter().map(|item| self.node(item)).collect()),
            DeValue::Table(table) => Value::Table(self.tree(table)),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Value::Integer(number),
                    // Beyond 64 bits: too large for every key.
                    Err(_) => Value::Number(f64::INFINITY),
                }
            }
            DeValue::Float(number) => Value::Number(number.as_str().parse().unwrap_or(f64::NAN)),
        };
        Node { place, value }
    }

    fn place(&self, span: std::ops::Range<usize>) -> Place {
        Place {
            source: self.source,
            start: span.start,
            end: span.end,
        }
    }
}

/// A table of which one key is chosen; a file that chooses drops what the file below it chose.
pub(super) struct Choice {
    /// The table's path.
    pub(super) path: &'static [&'static str],
    /// The keys, one of which is chosen, with what they mean.
    pub(super) keys: &'static [(&'static str, &'static str)],
}

/// How a tree is laid over another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Layer {
    /// A file over the file it extends: a choice replaces the whole choice.
    File,
    /// A setting of the command line: a choice is replaced by another one only.
    Setting,
}

/// Lays a tree over another one: tables key by key; everything else is replaced.
pub(super) fn merge(base: Tree, over: Tree, layer: Layer, choices: &[Choice]) -> Tree {
    merge_at(base, over, layer, choices, &mut Vec::new())
}

fn merge_at(
    mut base: Tree,
    over: Tree,
    layer: Layer,
    choices: &[Choice],
    path: &mut Vec<String>,
) -> Tree {
    if let Some(choice) = choices.iter().find(|choice| path.iter().eq(choice.path)) {
        let chosen = |tree: &Tree, key: &str| tree.0.contains_key(key);
        if choice.keys.iter().any(|(key, _)| chosen(&over, key)) {
            base.0.retain(|key, _| {
                let named = choice.keys.iter().any(|(name, _)| name == key);
                !named || (layer == Layer::Setting && chosen(&over, key))
            });
        }
    }
    for (key, entry) in over.0 {
        let merged = match (base.0.remove(&key), entry.node.value) {
            (
                Some(Entry {
                    node:
                        Node {
                            value: Value::Table(under),
                            ..
                        },
                    ..
                }),
                Value::Table(table),
            ) => {
                path.push(key.clone());
                let merged = merge_at(under, table, layer, choices, path);
                path.pop();
                Value::Table(merged)
            }
            (_, value) => value,
        };
        base.0.insert(
            key,
            Entry {
                key: entry.key,
                node: Node {
                    place: entry.node.place,
                    value: merged,
                },
            },
        );
    }
    base
}
