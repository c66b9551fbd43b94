//! Values of comparison files: strategies with their files, and settings of any scenario.

use super::super::kind::{Kind, Misfit, Mismatch, misfit, other_type};
use super::super::problem::Place;
use super::super::tree::{Node, Value};

/// An arm as the file names it.
#[derive(Clone, Debug)]
pub(super) struct ArmText {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) place: Place,
}

/// Names of strategies with the files of their scenarios; at least two.
pub(super) struct Arms;

impl Kind for Arms {
    type Value = Vec<ArmText>;

    fn expected(&self) -> String {
        "a table of two or more strategies: a name and a scenario's file for each".to_owned()
    }

    fn read(&self, node: &Node) -> Result<Self::Value, Misfit> {
        let Value::Table(table) = &node.value else {
            return Err(other_type(
                node,
                "write [arms], and in it: rolling = \"rolling-consumer.toml\"",
            ));
        };
        let (mut arms, mut misfits) = (Vec::new(), Vec::new());
        for (name, entry) in &table.0 {
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
            if name.is_empty() || !name.chars().all(fits) {
                misfits.push(Mismatch {
                    place: entry.key.clone(),
                    why: "a name is made of letters, digits, `-` and `_`".to_owned(),
                    help: None,
                });
            }
            match &entry.node.value {
                Value::Text(file) => arms.push(ArmText {
                    name: name.clone(),
                    file: file.clone(),
                    place: entry.node.place.clone(),
                }),
                _ => misfits.extend(other_type(&entry.node, "write the path of a scenario file")),
            }
        }
        if misfits.is_empty() && arms.len() < 2 {
            misfits = misfit(node, format!("there are {} of them", arms.len()), None);
        }
        // The order of writing is the order of reports.
        arms.sort_by(|a, b| a.place.cmp(&b.place));
        if misfits.is_empty() {
            Ok(arms)
        } else {
            Err(misfits)
        }
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({
            "type": "object",
            "additionalProperties": { "type": "string" },
            "propertyNames": { "pattern": "^[A-Za-z0-9_-]+$" },
            "minProperties": 2,
        })
    }
}

/// Settings of any scenario, as `key.path=value` each.
pub(super) struct Settings;

impl Kind for Settings {
    type Value = Vec<String>;

    fn expected(&self) -> String {
        "a table of settings".to_owned()
    }

    fn read(&self, node: &Node) -> Result<Self::Value, Misfit> {
        let Value::Table(_) = &node.value else {
            return Err(other_type(
                node,
                "write [settings], and in it: population.users = 20_000",
            ));
        };
        let mut settings = Vec::new();
        flatten(&mut Vec::new(), &node.value.plain(), &mut settings);
        Ok(settings)
    }

    fn schema(&self) -> serde_json::Value {
        serde_json::json!({ "type": "object" })
    }
}

fn flatten(path: &mut Vec<String>, value: &toml::Value, settings: &mut Vec<String>) {
    match value {
        toml::Value::Table(table) => {
            for (key, value) in table {
                let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
                let key = if !key.is_empty() && key.chars().all(plain) {
                    key.clone()
                } else {
                    toml::Value::String(key.clone()).to_string()
                };
                path.push(key);
                flatten(path, value, settings);
                path.pop();
            }
        }
        value => settings.push(format!("{}={value}", path.join("."))),
    }
}
