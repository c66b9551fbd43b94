//! Tables that may be absent, repeated, or one of several.

use serde_json::json;

use super::super::kind::nearest;
use super::super::problem::Problem;
use super::super::tree::{Entry, Node, Value};
use super::{Read, Table, join, partial, wrong_type};

impl<'r> Table<'r> {
    /// A table that may be switched off with a word, as it is when absent.
    pub(in crate::scenario) fn maybe<T>(
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
        let (tree, place) = self.as_table_or(name, node, Some(off));
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
    pub(in crate::scenario) fn tables<T>(
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
    pub(in crate::scenario) fn choice<T>(
        &mut self,
        variants: &Variants,
        mut f: impl FnMut(&mut Table<'_>, &str) -> T,
    ) -> Read<T> {
        let mut chosen: Vec<(&'static str, &'r Entry)> = Vec::new();
        for &(name, doc) in variants.names {
            self.ask(name);
            chosen.extend(
                self.tree
                    .and_then(|tree| tree.get(name))
                    .map(|entry| (name, entry)),
            );
            if self.reader.describing {
                let (path, place) = (self.path(name), self.place.clone());
                let (_, schema) = self.reader.visit(path, None, place, |t| f(t, name));
                self.describe(name, doc, schema, None);
            }
        }
        if chosen.len() != 1 {
            let problem = self.not_one(variants, &chosen);
            self.reader.problems.push(problem);
        }
        let Some(&(name, entry)) = chosen.first() else {
            let value = self.reader.stand_in(|t| f(t, variants.names[0].0));
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
        let path = self.path(name);
        let (value, _) = self.reader.visit(path, tree, place, |t| f(t, name));
        Read {
            value,
            place: entry.key.clone(),
            given: true,
            sound: chosen.len() == 1,
        }
    }

    fn not_one(&self, variants: &Variants, chosen: &[(&str, &Entry)]) -> Problem {
        let (path, what) = (&self.path, variants.what);
        if let [(_, first), (_, second), ..] = chosen {
            return Problem::new(format!("`{path}` names more than one {what}"))
                .at(&second.key, "a second one")
                .at(&first.key, "the first one")
                .help(format!("keep one {what}"));
        }
        let tables: Vec<String> = variants
            .names
            .iter()
            .map(|(name, _)| format!("[{}]", self.path(name)))
            .collect();
        Problem::new(format!("`{path}` names no {what}"))
            .at(&self.place, format!("a {what} belongs here"))
            .help(format!("add one of these tables: {}", tables.join(", ")))
            .following()
    }

    /// One of several variants under a key, by its name alone or as a table with its settings:
    /// `retry = "fixed"` or `[app.retry.fixed]`.
    pub(in crate::scenario) fn named<T>(
        &mut self,
        name: &'static str,
        doc: &str,
        variants: &Variants,
        default: (&'static str, &'static str),
        mut f: impl FnMut(&mut Table<'_>, &str) -> T,
    ) -> T {
        let node = self.ask(name);
        let path = self.path(name);
        let place = node.map_or(&self.place, |node| &node.place).clone();
        if self.reader.describing {
            let (_, schema) = self.reader.visit(path.clone(), None, place.clone(), |t| {
                t.choice(variants, &mut f)
            });
            let names: Vec<&str> = variants.names.iter().map(|&(name, _)| name).collect();
            let schema = json!({ "anyOf": [{ "enum": names }, schema] });
            let value = Value::Text(default.0.to_owned());
            self.describe(name, doc, schema, Some((&value, default.1)));
        }
        if let Some(Value::Table(tree)) = node.map(|node| &node.value) {
            let read = |t: &mut Table<'_>| t.choice(variants, &mut f).value;
            return self.reader.visit(path, Some(tree), place, read).0;
        }
        let chosen = match node.map(|node| variants.read(node)) {
            None => default.0,
            Some(Ok(chosen)) => chosen,
            Some(Err((why, help))) => {
                let problem = Problem::new(format!("`{path}`: expected {}", variants.expected()));
                self.reader
                    .problems
                    .push(problem.at(&place, why).help(help));
                default.0
            }
        };
        let source = node.is_none().then_some(default.1);
        self.reader
            .assume(&path, &Value::Text(chosen.to_owned()), source);
        self.reader
            .visit(join(&path, chosen), None, place, |t| f(t, chosen))
            .0
    }
}

/// Variants to choose from.
pub(in crate::scenario) struct Variants {
    /// What each of them is: "strategy".
    pub(in crate::scenario) what: &'static str,
    /// Their names, with what they mean; at least one.
    pub(in crate::scenario) names: &'static [(&'static str, &'static str)],
}

impl Variants {
    fn expected(&self) -> String {
        let names: Vec<String> = self
            .names
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        format!("a {}: one of {}", self.what, names.join(", "))
    }

    /// The variant that a value names, or why it names none and what to do.
    fn read(&self, node: &Node) -> Result<&'static str, (String, String)> {
        let Value::Text(text) = &node.value else {
            return Err((
                format!("this is {}", node.value.what()),
                "write a name in quotes".to_owned(),
            ));
        };
        let names = || self.names.iter().map(|&(name, _)| name);
        names().find(|name| name == text).ok_or_else(|| {
            let help = match nearest(text, names()) {
                Some(near) => format!("did you mean \"{near}\"?"),
                None => format!("for example \"{}\"", self.names[0].0),
            };
            ("there is no such name".to_owned(), help)
        })
    }
}
