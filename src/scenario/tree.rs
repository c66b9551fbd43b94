//! TOML text as a tree that knows the place of every key and value, and how trees merge.

use std::collections::BTreeMap;

use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problem, Sources};

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
            Self::Flag(_) => "true or false",
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
    for error in errors {
        let problem = syntax_problem(text, source, &error);
        let repeated = problems
            .iter()
            .any(|other| same_line(sources, other, &problem));
        if !repeated {
            problems.push(problem);
        }
    }
    tree(table.get_ref(), source, problems)
}

/// A value alone: TOML if it is TOML, a bare string otherwise, as on the command line.
pub(super) fn bare(text: &str, place: &Place) -> Node {
    let value = match DeValue::parse(text) {
        Ok(value) => node(&value, place.source, &mut Vec::new()).value,
        Err(_) => Value::Text(text.to_owned()),
    };
    Node {
        place: place.clone(),
        value,
    }
}

fn tree(table: &DeTable<'_>, source: usize, problems: &mut Vec<Problem>) -> Tree {
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let key: (&toml::Spanned<std::borrow::Cow<'_, str>>, _) = (key, value);
        let place = place(source, key.0.span());
        (
            key.0.get_ref().to_string(),
            Entry {
                key: place,
                node: node(key.1, source, problems),
            },
        )
    };
    Tree(table.iter().map(entry).collect())
}

fn place(source: usize, span: std::ops::Range<usize>) -> Place {
    Place {
        source,
        start: span.start,
        end: span.end,
    }
}

fn node(value: &toml::Spanned<DeValue<'_>>, source: usize, problems: &mut Vec<Problem>) -> Node {
    let place = place(source, value.span());
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Boolean(flag) => Value::Flag(*flag),
        DeValue::Datetime(moment) => Value::Moment(*moment),
        DeValue::Array(list) => Value::List(
            list.iter()
                .map(|item| node(item, source, problems))
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(tree(table, source, problems)),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Value::Integer(number),
            // Recovered from a syntax error, or too large: the text stays, and fits no key for numbers.
            Err(_) => Value::Text(number.as_str().to_owned()),
        },
        DeValue::Float(number) => match number.as_str().parse() {
            Ok(number) => Value::Number(number),
            Err(_) => Value::Text(number.as_str().to_owned()),
        },
    };
    Node { place, value }
}

fn same_line(sources: &Sources, a: &Problem, b: &Problem) -> bool {
    match (a.place(), b.place()) {
        (Some(a), Some(b)) => a.source == b.source && sources.line(a) == sources.line(b),
        _ => false,
    }
}

/// A syntax error in words of this project where the parser's own would mislead.
fn syntax_problem(text: &str, source: usize, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or(0..0);
    let (start, line) = line_around(text, span.start);
    if let Some(value) = unquoted_value(line, span.start - start) {
        let place = Place {
            source,
            start: start + value.start,
            end: start + value.end,
        };
        let word = &line[value];
        return Problem::new("text needs quotes")
            .at(
                &place,
                "this is neither a number nor true, false, a list or a table",
            )
            .help(format!("write \"{word}\""));
    }
    let message = error.message();
    let (title, label) = message.split_once(", ").unwrap_or((message, ""));
    // An error at the end of a line is shown on its last character.
    let start = if span.is_empty() {
        span.start.min(text.len().saturating_sub(1))
    } else {
        span.start
    };
    let place = Place {
        source,
        start,
        end: span.end.max(start),
    };
    match title {
        "duplicate key" => Problem::new("this key is given twice")
            .at(&place, "the second time")
            .help("keep one of them; a table may have only one header"),
        _ => Problem::new(title).at(&place, label),
    }
}

/// The line around a byte, and where it begins.
fn line_around(text: &str, byte: usize) -> (usize, &str) {
    let byte = byte.min(text.len());
    let start = text[..byte].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[byte..]
        .find('\n')
        .map_or(text.len(), |newline| byte + newline);
    (start, &text[start..end])
}

/// In `key = value` with the error in the value: the value, if it begins as neither string, list nor table.
fn unquoted_value(line: &str, error: usize) -> Option<std::ops::Range<usize>> {
    let equals = line.find('=')?;
    if error <= equals || line.trim_start().starts_with('[') {
        return None;
    }
    let begin = equals + 1 + (line[equals + 1..].len() - line[equals + 1..].trim_start().len());
    let value = line[begin..]
        .split('#')
        .next()
        .unwrap_or_default()
        .trim_end();
    let bare = !value.is_empty()
        && !value.starts_with(['"', '\'', '[', '{'])
        && !value.contains(['"', '\'', '=']);
    bare.then_some(begin..begin + value.len())
}

/// Tables of which one key is chosen: naming another one in a file that extends replaces the choice.
pub(super) struct Choice {
    /// The table's path.
    pub(super) path: &'static [&'static str],
    /// The keys, one of which is chosen.
    pub(super) keys: &'static [&'static str],
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
        if choice.keys.iter().any(|key| chosen(&over, key)) {
            base.0.retain(|key, _| {
                let named = choice.keys.contains(&key.as_str());
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
