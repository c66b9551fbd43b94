//! Tables that may be absent, repeated, or one of several.

use serde_json::json;

use super::super::kind::nearest;
use super::super::problem::Problem;
use super::super::tree::{Entry, Value};
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
        what: &str,
        variants: &[(&'static str, &str)],
        mut f: impl FnMut(&mut Table<'_>, &str) -> T,
    ) -> Read<T> {
        let mut chosen: Vec<(&'static str, &str, &'r Entry)> = Vec::new();
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
    pub(in crate::scenario) fn named<T>(
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
}

fn bracketed(path: &str, names: &[&str]) -> String {
    let tables: Vec<String> = names
        .iter()
        .map(|name| format!("[{}]", join(path, name)))
        .collect();
    tables.join(", ")
}
