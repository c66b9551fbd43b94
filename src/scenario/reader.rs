//! Reads tables key by key. The calls that read a section are its whole description: they give its
//! values, its defaults with their sources, its unknown keys, its JSON Schema.

use serde_json::{Map, Value as Json, json};

use super::kind::{Kind, nearest};
use super::problem::{Place, Problem};
use super::tree::{Node, Tree, Value, bare};

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
pub(super) struct Reader {
    /// What is wrong.
    pub(super) problems: Vec<Problem>,
    /// Every setting.
    pub(super) assumptions: Vec<Assumption>,
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
pub(super) struct Read<T> {
    /// The value.
    pub(super) value: T,
    /// Where it stands; for a default, its table.
    pub(super) place: Place,
    /// Whether somebody wrote it.
    pub(super) given: bool,
    /// Whether it is not a stand-in: rules are applied to sound values only.
    pub(super) sound: bool,
}

impl<T> Read<T> {
    /// The same place with another value.
    pub(super) fn map<U>(self, f: impl FnOnce(T) -> U) -> Read<U> {
        Read {
            value: f(self.value),
            place: self.place,
            given: self.given,
            sound: self.sound,
        }
    }

    /// A label that also says when the value is a default.
    pub(super) fn label(&self, text: impl Into<String>) -> String {
        let text = text.into();
        if self.given {
            text
        } else {
            format!("{text} (default)")
        }
    }
}

/// A table that is being read.
pub(super) struct Table<'r> {
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
    pub(super) fn read<T>(tree: &Tree, f: impl FnOnce(&mut Table<'_>) -> T) -> (T, Self) {
        let mut reader = Self::default();
        let (value, _) = reader.visit(String::new(), Some(tree), Place::default(), f);
        if !reader.unknown.is_empty() {
            let elsewhere = Self::describe_paths(tree);
            for unknown in std::mem::take(&mut reader.unknown) {
                reader.problems.push(unknown.problem(&elsewhere));
            }
        }
        (value, reader)
    }

    /// The JSON Schema of what a function reads.
    pub(super) fn describe<T>(f: impl FnOnce(&mut Table<'_>) -> T) -> Json {
        let mut reader = Self {
            describing: true,
            ..Self::default()
        };
        reader.visit(String::new(), None, Place::default(), f).1
    }

    fn describe_paths(_: &Tree) -> Vec<String> {
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
        collect(&super::schema(), "", &mut paths);
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

/// A key about to be read.
#[must_use]
pub(super) struct Key<'t, 'r, K> {
    table: &'t mut Table<'r>,
    name: &'static str,
    kind: K,
    doc: &'static str,
}

impl<'r> Table<'r> {
    /// A key of this table: its name, its kind, what it means.
    pub(super) fn key<'t, K: Kind>(
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

    /// A table inside this one; absent, all of its keys take their defaults.
    pub(super) fn table<T>(
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

    /// A table that may be switched off with a word, as it is when absent.
    pub(super) fn maybe<T>(
        &mut self,
        name: &'static str,
        off: &'static str,
        doc: &str,
        source: &'static str,
        f: impl FnOnce(&mut Table<'_>) -> T,
    ) -> Option<Read<T>> {
        let node = self.ask(name);
        let path = join(&self.path, name);
        let switched_off =
            node.is_none_or(|node| matches!(&node.value, Value::Text(text) if text == off));
        if switched_off {
            let source = node.is_none().then_some(source);
            self.reader
                .assume(&path, &Value::Text(off.to_owned()), source);
            if !self.reader.describing {
                return None;
            }
        }
        let (tree, place) = self.as_table(name, node);
        let sound = tree.is_some();
        let (value, schema) = self.reader.visit(path, tree, place.clone(), f);
        let schema = json!({ "anyOf": [{ "const": off }, partial(schema)] });
        self.describe(
            name,
            doc,
            schema,
            Some((&Value::Text(off.to_owned()), source)),
        );
        Some(Read {
            value,
            place,
            given: true,
            sound,
        })
    }

    /// A list of tables.
    pub(super) fn tables<T>(
        &mut self,
        name: &'static str,
        doc: &str,
        mut f: impl FnMut(&mut Table<'_>) -> T,
    ) -> Vec<Read<T>> {
        let node = self.ask(name);
        let path = join(&self.path, name);
        let mut values = Vec::new();
        let mut schema = json!({ "type": "array" });
        if self.reader.describing {
            schema["items"] = self
                .reader
                .visit(path.clone(), None, self.place.clone(), &mut f)
                .1;
        }
        match node.map(|node| (node, &node.value)) {
            None => self.reader.assume(
                &path,
                &Value::List(Vec::new()),
                Some("none unless the scenario names them"),
            ),
            Some((_, Value::List(list))) => {
                if list.is_empty() {
                    self.reader.assume(&path, &Value::List(Vec::new()), None);
                }
                for (index, item) in list.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    let tree = if let Value::Table(tree) = &item.value {
                        Some(tree)
                    } else {
                        None
                    };
                    if tree.is_none() {
                        self.reader
                            .problems
                            .push(wrong_type(&path, "a table", item));
                        continue;
                    }
                    let (value, _) = self.reader.visit(path, tree, item.place.clone(), &mut f);
                    values.push(Read {
                        value,
                        place: item.place.clone(),
                        given: true,
                        sound: true,
                    });
                }
            }
            Some((node, _)) => {
                let problem = wrong_type(&path, "a list of tables", node);
                self.reader
                    .problems
                    .push(problem.help(format!("write one [[{path}]] for each of them")));
            }
        }
        self.describe(name, doc, schema, None);
        values
    }

    /// Exactly one of several tables inside this one: `[cutover.rolling]`.
    pub(super) fn choice<T>(
        &mut self,
        what: &str,
        variants: &[(&'static str, &str)],
        mut f: impl FnMut(&mut Table<'_>, &str) -> T,
    ) -> Read<T> {
        let mut chosen: Vec<(&'static str, &str, &'r super::tree::Entry)> = Vec::new();
        for &(name, doc) in variants {
            self.ask(name);
            if let Some(entry) = self.tree.and_then(|tree| tree.get(name)) {
                chosen.push((name, doc, entry));
            }
            if self.reader.describing {
                let path = join(&self.path, name);
                let (_, schema) = self
                    .reader
                    .visit(path, None, self.place.clone(), |t| f(t, name));
                self.describe(name, doc, schema, None);
            }
        }
        let names: Vec<&str> = variants.iter().map(|&(name, _)| name).collect();
        match chosen.as_slice() {
            [] => {
                let problem = Problem::new(format!("`{}` names no {what}", self.path))
                    .at(&self.place.clone(), format!("a {what} belongs here"))
                    .help(format!(
                        "add one of these tables: {}",
                        bracketed(&self.path, &names)
                    ))
                    .following();
                self.reader.problems.push(problem);
            }
            [(_, _, first), (_, _, second), ..] => {
                let problem = Problem::new(format!("`{}` names more than one {what}", self.path))
                    .at(&second.key, "a second one")
                    .at(&first.key, "the first one")
                    .help(format!("keep one {what}"));
                self.reader.problems.push(problem);
            }
            [_] => {}
        }
        let Some(&(name, _, entry)) = chosen.first() else {
            let value = self.reader.stand_in(|t| f(t, names[0]));
            return Read {
                value,
                place: self.place.clone(),
                given: false,
                sound: false,
            };
        };
        self.reader
            .assume(&self.path, &Value::Text(name.to_owned()), None);
        let (tree, place) = self.as_table(name, Some(&entry.node));
        let (value, _) = self
            .reader
            .visit(join(&self.path, name), tree, place, |t| f(t, name));
        Read {
            value,
            place: entry.key.clone(),
            given: true,
            sound: chosen.len() == 1,
        }
    }

    /// One of several variants under a key, by its name alone or as a table with its settings:
    /// `retry = "fixed"` or `[app.retry.fixed]`.
    pub(super) fn named<T>(
        &mut self,
        name: &'static str,
        doc: &str,
        variants: &[(&'static str, &str)],
        default: (&'static str, &'static str),
        mut f: impl FnMut(&mut Table<'_>, &str) -> T,
    ) -> T {
        let node = self.ask(name);
        let path = join(&self.path, name);
        if self.reader.describing {
            let (_, schema) = self
                .reader
                .visit(path.clone(), None, self.place.clone(), |t| {
                    t.choice("", variants, &mut f)
                });
            let names: Vec<&str> = variants.iter().map(|&(name, _)| name).collect();
            let schema = json!({ "anyOf": [{ "enum": names }, schema] });
            let value = Value::Text(default.0.to_owned());
            self.describe(name, doc, schema, Some((&value, default.1)));
        }
        let known = |text: &str| {
            variants
                .iter()
                .find(|(name, _)| *name == text)
                .map(|&(name, _)| name)
        };
        let (chosen, source) = match node.map(|node| (node, &node.value)) {
            None => (default.0, Some(default.1)),
            Some((node, Value::Table(tree))) => {
                let place = node.place.clone();
                return self
                    .reader
                    .visit(path, Some(tree), place, |t| {
                        t.choice(name, variants, &mut f)
                    })
                    .0
                    .value;
            }
            Some((_, Value::Text(text))) if known(text).is_some() => {
                (known(text).unwrap_or(default.0), None)
            }
            Some((node, value)) => {
                let names: Vec<&str> = variants.iter().map(|&(name, _)| name).collect();
                let problem = wrong_type(&path, &format!("one of {}", names.join(", ")), node);
                let near = if let Value::Text(text) = value {
                    nearest(text, names.into_iter())
                } else {
                    None
                };
                let problem = match near {
                    Some(near) => problem.help(format!("did you mean \"{near}\"?")),
                    None => problem,
                };
                self.reader.problems.push(problem);
                (default.0, None)
            }
        };
        self.reader
            .assume(&path, &Value::Text(chosen.to_owned()), source);
        let place = node.map_or(&self.place, |node| &node.place).clone();
        self.reader
            .visit(join(&path, chosen), None, place, |t| f(t, chosen))
            .0
    }

    /// Reads on only if a condition holds; when describing, in any case.
    pub(super) fn when<T>(&mut self, condition: bool, f: impl FnOnce(&mut Self) -> T) -> Option<T> {
        (condition || self.reader.describing).then(|| f(self))
    }

    /// Tells of a problem.
    pub(super) fn problem(&mut self, problem: Problem) {
        self.reader.problems.push(problem);
    }

    /// Where the table stands.
    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    /// The path of one of its keys.
    pub(super) fn path(&self, name: &str) -> String {
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
        match node {
            None => (None, self.place.clone()),
            Some(Node {
                place,
                value: Value::Table(tree),
            }) => (Some(tree), place.clone()),
            Some(node) => {
                let path = self.path(name);
                self.reader
                    .problems
                    .push(wrong_type(&path, "a table", node).help(format!("write [{path}]")));
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

impl<K: Kind> Key<'_, '_, K> {
    /// Reads it; when absent, this default, written as on the command line, with its source.
    pub(super) fn or(self, default: &str, source: &'static str) -> Read<K::Value> {
        let fallback = bare(default, &self.table.place);
        self.read(&fallback, Some(source))
    }

    /// Reads it; it must be there, for example so.
    pub(super) fn required(self, example: &str) -> Read<K::Value> {
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

fn bracketed(path: &str, names: &[&str]) -> String {
    let tables: Vec<String> = names
        .iter()
        .map(|name| format!("[{}]", join(path, name)))
        .collect();
    tables.join(", ")
}

/// A TOML value as JSON; dates as text.
pub(super) fn to_json(value: &toml::Value) -> Json {
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
