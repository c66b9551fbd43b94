//! One key of a table: required, or with a default and the default's source.

use serde_json::json;

use super::super::kind::Kind;
use super::super::problem::{Place, Problem};
use super::super::tree::{Node, bare};
use super::{Read, Table, to_json};

/// A key about to be read.
#[must_use]
pub(in crate::scenario) struct Key<'t, 'r, K> {
    table: &'t mut Table<'r>,
    name: &'static str,
    kind: K,
    doc: &'static str,
}

impl<'r> Table<'r> {
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
        let stand_in = |sound: bool, place: &Place, given: bool| {
            let value = kind
                .read(fallback)
                .ok()
                .expect("defaults and examples read like any value");
            Read {
                value,
                place: place.clone(),
                given,
                sound,
            }
        };
        let Some(node) = node else {
            match source {
                Some(_) => table.reader.assume(&path, &fallback.value, source),
                None => {
                    let example = fallback.value.plain();
                    let problem = Problem::new(format!("`{path}` is missing"))
                        .at(&table.place, format!("`{name}` belongs here"))
                        .help(format!("for example: {name} = {example}"))
                        .following();
                    table.problem(problem);
                }
            }
            return stand_in(source.is_some(), &table.place, false);
        };
        match kind.read(node) {
            Ok(value) => {
                table.reader.assume(&path, &node.value, None);
                Read {
                    value,
                    place: node.place.clone(),
                    given: true,
                    sound: true,
                }
            }
            Err(misfit) => {
                for part in misfit {
                    let problem = Problem::new(format!("`{path}`: expected {}", kind.expected()));
                    let problem = problem.at(&part.place, part.why);
                    table.reader.problems.push(match part.help {
                        Some(help) => problem.help(help),
                        None => problem,
                    });
                }
                stand_in(false, &node.place, true)
            }
        }
    }
}
