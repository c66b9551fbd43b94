//! One key of a table: required, or with a default and the default's source.

use serde_json::json;

use super::super::kind::Kind;
use super::super::problem::Problem;
use super::super::tree::{Node, bare};
use super::{Read, Table, to_json};

/// A key with a default: all that there is to know of it.
#[derive(Debug)]
pub(in crate::scenario) struct Setting<K> {
    name: &'static str,
    kind: K,
    doc: &'static str,
    default: &'static str,
    source: &'static str,
}

/// A key: its name, its kind, what it means; its default, written as on the command line, and where
/// that comes from.
pub(in crate::scenario) const fn setting<K>(
    name: &'static str,
    kind: K,
    doc: &'static str,
    default: &'static str,
    source: &'static str,
) -> Setting<K> {
    Setting {
        name,
        kind,
        doc,
        default,
        source,
    }
}

/// A key about to be read.
#[must_use]
pub(in crate::scenario) struct Key<'t, 'r, K> {
    table: &'t mut Table<'r>,
    name: &'static str,
    kind: K,
    doc: &'static str,
}

impl<'r> Table<'r> {
    /// Reads a key of this table.
    pub(in crate::scenario) fn get<K: Kind>(&mut self, setting: &Setting<K>) -> Read<K::Value> {
        self.key(setting.name, &setting.kind, setting.doc)
            .or(setting.default, setting.source)
    }

    /// A key of this table: its name, its kind, what it means.
    pub(in crate::scenario) fn key<'t, K: Kind>(
        &'t mut self,
        name: &'static str,
        kind: K,
        doc: &'static str,
    ) -> Key<'t, 'r, K> {
        Key {
            table: self,
            name,
            kind,
            doc,
        }
    }
}

impl<K: Kind> Key<'_, '_, K> {
    /// Reads it; when absent, this default, written as on the command line, with its source.
    pub(in crate::scenario) fn or(self, default: &str, source: &'static str) -> Read<K::Value> {
        let fallback = bare(default, &self.table.place);
        self.read(&fallback, Some(source))
    }

    /// Reads it; it must be there, for example so.
    pub(in crate::scenario) fn required(self, example: &str) -> Read<K::Value> {
        let fallback = bare(example, &self.table.place);
        self.read(&fallback, None)
    }

    fn read(self, fallback: &Node, source: Option<&'static str>) -> Read<K::Value> {
        let Self {
            table,
            name,
            kind,
            doc,
        } = self;
        let node = table.ask(name);
        let path = table.path(name);
        if table.reader.describing {
            let mut schema = kind.schema();
            if source.is_none() {
                table.required.push(name);
                schema["examples"] = json!([to_json(&fallback.value.plain())]);
            }
            table.describe(
                name,
                doc,
                schema,
                source.map(|source| (&fallback.value, source)),
            );
        }
        let (place, sound) = match node {
            None => (table.place.clone(), table.absent(name, fallback, source)),
            Some(node) => match kind.read(node) {
                Ok(value) => {
                    table.reader.assume(&path, &node.value, None);
                    return Read {
                        value,
                        place: node.place.clone(),
                        given: true,
                        sound: true,
                    };
                }
                Err(misfit) => {
                    let expected = format!("`{path}`: expected {}", kind.expected());
                    table
                        .reader
                        .problems
                        .extend(misfit.into_iter().map(|part| part.problem(&expected)));
                    (node.place.clone(), false)
                }
            },
        };
        let value = kind
            .read(fallback)
            .expect("defaults and examples read like any value");
        Read {
            value,
            place,
            given: node.is_some(),
            sound,
        }
    }
}

impl Table<'_> {
    /// A key that nobody wrote: returns whether its default may stand in.
    fn absent(&mut self, name: &str, fallback: &Node, source: Option<&'static str>) -> bool {
        let path = self.path(name);
        if source.is_some() {
            self.reader.assume(&path, &fallback.value, source);
        } else {
            let problem = Problem::new(format!("`{path}` is missing"))
                .at(&self.place, format!("`{name}` belongs here"))
                .help(format!("for example: {name} = {}", fallback.value.plain()))
                .following();
            self.problem(problem);
        }
        source.is_some()
    }
}
