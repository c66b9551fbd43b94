//! Reads tables key by key. The calls that read a section are its whole description: they give its
//! values, its defaults with their sources, its unknown keys, its JSON Schema.

mod key;
mod variants;

use cutover_mocks::time::Span;
use serde_json::{Map, Value as Json, json};

pub(in crate::scenario) use key::{Setting, setting};
pub(in crate::scenario) use variants::Variants;

use super::kind::nearest;
use super::problem::{Place, Problem};
use super::quantity;
use super::tree::{Node, Tree, Value};

/// One setting with its value, for reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assumption {
    /// Its path, e.g. `app.retry.full-jitter.attempts`.
    pub key: String,
    /// Its value, as TOML.
    pub value: String,
    /// Whether nobody set it.
    pub default: bool,
    /// Where a default comes from; `the scenario` for what was set.
    pub source: &'static str,
}

/// What reading gathers besides values.
#[derive(Default)]
pub(in crate::scenario) struct Reader {
    /// What is wrong.
    pub(in crate::scenario) problems: Vec<Problem>,
    /// Every setting.
    pub(in crate::scenario) assumptions: Vec<Assumption>,
    /// Whether all variants are visited to describe them, instead of the one that is chosen.
    describing: bool,
    /// Keys that no table knows.
    unknown: Vec<Unknown>,
}

struct Unknown {
    path: String,
    key: String,
    place: Place,
    known: Vec<&'static str>,
}

/// A value that was read. When it did not fit, a stand-in, so that reading can go on.
#[derive(Clone, Debug)]
pub(in crate::scenario) struct Read<T> {
    /// The value.
    pub(in crate::scenario) value: T,
    /// Where it stands; for a default, its table.
    pub(in crate::scenario) place: Place,
    /// Whether somebody wrote it.
    pub(in crate::scenario) given: bool,
    /// Whether it is not a stand-in: rules are applied to sound values only.
    pub(in crate::scenario) sound: bool,
}

impl<T> Read<T> {
    /// The same place with another value.
    pub(in crate::scenario) fn map<U>(self, f: impl FnOnce(T) -> U) -> Read<U> {
        Read {
            value: f(self.value),
            place: self.place,
            given: self.given,
            sound: self.sound,
        }
    }

    /// A label that also says when the value is a default.
    pub(in crate::scenario) fn label(&self, text: impl Into<String>) -> String {
        let text = text.into();
        if self.given {
            text
        } else {
            format!("{text} (default)")
        }
    }
}

impl Read<Span> {
    /// The length of time as people write it.
    pub(in crate::scenario) fn text(&self) -> String {
        quantity::text(self.value)
    }
}

/// A table that is being read.
pub(in crate::scenario) struct Table<'r> {
    reader: &'r mut Reader,
    path: String,
    tree: Option<&'r Tree>,
    place: Place,
    known: Vec<&'static str>,
    schema: Map<String, Json>,
    required: Vec<&'static str>,
}

/// The source of values that somebody wrote.
const GIVEN: &str = "the scenario";

impl Reader {
    /// Reads a whole tree.
    pub(in crate::scenario) fn read<T>(
        tree: &Tree,
        f: impl FnOnce(&mut Table<'_>) -> T,
    ) -> (T, Self) {
        Self::read_as(tree, &super::schema, f)
    }

    /// Reads a whole tree that another schema describes.
    pub(in crate::scenario) fn read_as<T>(
        tree: &Tree,
        schema: &dyn Fn() -> Json,
        f: impl FnOnce(&mut Table<'_>) -> T,
    ) -> (T, Self) {
        let mut reader = Self::default();
        let (value, _) = reader.visit(String::new(), Some(tree), Place::default(), f);
        if !reader.unknown.is_empty() {
            let elsewhere = Self::all_paths(&schema());
            for unknown in std::mem::take(&mut reader.unknown) {
                reader.problems.push(unknown.problem(&elsewhere));
            }
        }
        (value, reader)
    }

    /// The JSON Schema of what a function reads.
    pub(in crate::scenario) fn describe<T>(f: impl FnOnce(&mut Table<'_>) -> T) -> Json {
        let mut reader = Self {
            describing: true,
            ..Self::default()
        };
        reader.visit(String::new(), None, Place::default(), f).1
    }

    fn all_paths(schema: &Json) -> Vec<String> {
        fn collect(schema: &Json, path: &str, paths: &mut Vec<String>) {
            let properties = schema.get("properties").and_then(Json::as_object);
            for (key, inner) in properties.into_iter().flatten() {
                let path = if path.is_empty() {
                    key.clone()
                } else {
                    format!("{path}.{key}")
                };
                collect(inner, &path, paths);
                paths.push(path);
            }
        }
        let mut paths = Vec::new();
        collect(schema, "", &mut paths);
        paths
    }

    fn visit<T>(
        &mut self,
        path: String,
        tree: Option<&Tree>,
        place: Place,
        f: impl FnOnce(&mut Table<'_>) -> T,
    ) -> (T, Json) {
        let mut table = Table {
            reader: self,
            path,
            tree,
            place,
            known: Vec::new(),
            schema: Map::new(),
            required: Vec::new(),
        };
        let value = f(&mut table);
        let schema = table.finish();
        (value, schema)
    }

    fn assume(&mut self, key: &str, value: &Value, source: Option<&'static str>) {
        self.assumptions.push(Assumption {
            key: key.to_owned(),
            value: value.plain().to_string(),
            default: source.is_some(),
            source: source.unwrap_or(GIVEN),
        });
    }
}

impl Unknown {
    fn problem(self, elsewhere: &[String]) -> Problem {
        let Self {
            path,
            key,
            place,
            known,
        } = self;
        let title = if path.is_empty() {
            format!("unknown key `{key}`")
        } else {
            format!("unknown key `{path}.{key}`")
        };
        let twin = |other: &&String| other.rsplit('.').next() == Some(key.as_str());
        let help = if let Some(near) = nearest(&key, known.iter().copied()) {
            format!("did you mean `{near}`?")
        } else if let Some(other) = elsewhere.iter().find(twin) {
            format!("did you mean `{other}`?")
        } else if known.is_empty() {
            "there is nothing to set here".to_owned()
        } else {
            format!("known here: {}", known.join(", "))
        };
        Problem::new(title)
            .at(&place, "nothing has this name")
            .help(help)
    }
}

impl<'r> Table<'r> {
    /// A table inside this one; absent, all of its keys take their defaults.
    pub(in crate::scenario) fn table<T>(
        &mut self,
        name: &'static str,
        doc: &str,
        f: impl FnOnce(&mut Table<'_>) -> T,
    ) -> T {
        let node = self.ask(name);
        let (tree, place) = self.as_table(name, node);
        let (value, schema) = self.reader.visit(join(&self.path, name), tree, place, f);
        self.describe(name, doc, partial(schema), None);
        value
    }

    /// Reads on only if a condition holds; when describing, in any case.
    pub(in crate::scenario) fn when<T>(
        &mut self,
        condition: bool,
        f: impl FnOnce(&mut Self) -> T,
    ) -> Option<T> {
        let required = self.required.len();
        let value = (condition || self.reader.describing).then(|| f(self));
        self.required.truncate(required);
        value
    }

    /// Tells of a problem.
    pub(in crate::scenario) fn problem(&mut self, problem: Problem) {
        self.reader.problems.push(problem);
    }

    /// Where the table stands.
    pub(in crate::scenario) fn place(&self) -> &Place {
        &self.place
    }

    /// Its own path.
    pub(in crate::scenario) fn own_path(&self) -> &str {
        &self.path
    }

    /// The path of one of its keys.
    pub(in crate::scenario) fn path(&self, name: &str) -> String {
        join(&self.path, name)
    }

    /// The node under a key, which is known from now on.
    fn ask(&mut self, name: &'static str) -> Option<&'r Node> {
        self.known.push(name);
        self.tree
            .and_then(|tree| tree.get(name))
            .map(|entry| &entry.node)
    }

    /// A node as a table, with its place; what is no table is a problem and reads as absent.
    fn as_table(&mut self, name: &str, node: Option<&'r Node>) -> (Option<&'r Tree>, Place) {
        self.as_table_or(name, node, None)
    }

    /// The same where a word may stand instead, for the message.
    fn as_table_or(
        &mut self,
        name: &str,
        node: Option<&'r Node>,
        word: Option<&str>,
    ) -> (Option<&'r Tree>, Place) {
        match node {
            None => (None, self.place.clone()),
            Some(Node {
                place,
                value: Value::Table(tree),
            }) => (Some(tree), place.clone()),
            Some(node) => {
                let path = self.path(name);
                let word = word
                    .map(|word| format!(", or \"{word}\""))
                    .unwrap_or_default();
                let problem = wrong_type(&path, &format!("a table{word}"), node);
                self.reader
                    .problems
                    .push(problem.help(format!("write [{path}]")));
                (None, node.place.clone())
            }
        }
    }

    /// Adds a key to the schema.
    fn describe(
        &mut self,
        name: &str,
        doc: &str,
        mut schema: Json,
        default: Option<(&Value, &'static str)>,
    ) {
        if !self.reader.describing {
            return;
        }
        let doc = match default {
            Some((value, source)) => {
                schema["default"] = to_json(&value.plain());
                format!("{doc} Default: {source}.")
            }
            None => doc.to_owned(),
        };
        schema["description"] = json!(doc);
        self.schema.insert(name.to_owned(), schema);
    }

    /// Ends the table: keys that nobody asked for are unknown. Returns the schema.
    fn finish(self) -> Json {
        for (key, entry) in self.tree.into_iter().flat_map(|tree| &tree.0) {
            if !self.known.contains(&key.as_str()) {
                self.reader.unknown.push(Unknown {
                    path: self.path.clone(),
                    key: key.clone(),
                    place: entry.key.clone(),
                    known: self.known.clone(),
                });
            }
        }
        let mut schema =
            json!({ "type": "object", "properties": self.schema, "additionalProperties": false });
        if !self.required.is_empty() {
            schema["required"] = json!(self.required);
        }
        schema
    }
}

impl Reader {
    /// A value to go on with where there is none: read from nothing, its problems unheard.
    fn stand_in<T>(&mut self, f: impl FnOnce(&mut Table<'_>) -> T) -> T {
        let mut unheard = Self {
            describing: self.describing,
            ..Self::default()
        };
        unheard.visit(String::new(), None, Place::default(), f).0
    }
}

fn wrong_type(path: &str, expected: &str, node: &Node) -> Problem {
    Problem::new(format!("`{path}`: expected {expected}"))
        .at(&node.place, format!("this is {}", node.value.what()))
}

/// The schema of a table that a file may give in part, and have the rest from the file it extends.
fn partial(mut schema: Json) -> Json {
    if let Some(schema) = schema.as_object_mut() {
        schema.remove("required");
    }
    schema
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}.{name}")
    }
}

/// A TOML value as JSON; dates as text.
pub(in crate::scenario) fn to_json(value: &toml::Value) -> Json {
    match value {
        toml::Value::String(text) => json!(text),
        toml::Value::Integer(number) => json!(number),
        toml::Value::Float(number) => json!(number),
        toml::Value::Boolean(flag) => json!(flag),
        toml::Value::Datetime(moment) => json!(moment.to_string()),
        toml::Value::Array(list) => list.iter().map(to_json).collect(),
        toml::Value::Table(table) => {
            let entries = table
                .iter()
                .map(|(key, value)| (key.clone(), to_json(value)));
            Json::Object(entries.collect())
        }
    }
}
