//! Scenario files: what is shipped loads, the schema agrees, and bad files say what is wrong.

use std::path::{Path, PathBuf};

use cutover::scenario::{self, Overrides};

/// The repository's files.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares with a committed file; rewrites it when `UPDATE_GENERATED` is 1.
fn compare(path: &Path, now: &str) {
    if std::env::var("UPDATE_GENERATED").is_ok_and(|value| value == "1") {
        std::fs::write(path, now).expect("the file can be written");
        return;
    }
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == now,
        "{} is out of date; run with UPDATE_GENERATED=1. Now:\n{now}",
        path.display()
    );
}

/// Files of a folder with this extension, in order.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "toml")
        })
        .collect();
    files.sort();
    files
}

/// The file as JSON, as editors hand it to a schema.
fn as_json(path: &Path) -> serde_json::Value {
    fn json(value: toml::Value) -> serde_json::Value {
        match value {
            toml::Value::Datetime(moment) => moment.to_string().into(),
            toml::Value::Array(list) => list.into_iter().map(json).collect(),
            toml::Value::Table(table) => table
                .into_iter()
                .map(|(key, value)| (key, json(value)))
                .collect(),
            other => serde_json::to_value(other).expect("plain values are JSON"),
        }
    }
    let text = std::fs::read_to_string(path).expect("the file is there");
    json(toml::Value::Table(text.parse().expect("the file is TOML")))
}

#[test]
fn the_committed_schema_is_current() {
    let schema = serde_json::to_string_pretty(&scenario::schema()).expect("JSON") + "\n";
    compare(&root().join("scenarios/scenario.schema.json"), &schema);
}

#[test]
fn every_shipped_scenario_loads_and_fits_the_schema() {
    let schema = jsonschema::validator_for(&scenario::schema()).expect("a schema");
    let shipped = files(&root().join("scenarios"));
    assert!(shipped.len() > 2);
    for path in shipped {
        let json = as_json(&path);
        let complaints: Vec<String> = schema
            .iter_errors(&json)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(complaints.is_empty(), "{}: {complaints:#?}", path.display());
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if name.starts_with("base-") {
            continue;
        }
        let loaded = scenario::load(&path, &Overrides::default())
            .unwrap_or_else(|problems| panic!("{problems}"));
        assert_eq!(loaded.scenario.name, name);
        assert!(
            !loaded.scenario.question.is_empty(),
            "{name} asks no question"
        );
        assert!(!loaded.scenario.gates.is_empty(), "{name} gates nothing");
    }
}

#[test]
fn bad_files_say_what_is_wrong() {
    for path in files(&root().join("tests/scenario-errors")) {
        let relative = path.strip_prefix(root()).expect("a file of the repository");
        // Paths in messages are those given, relative to the repository.
        let problems = scenario::load(relative, &Overrides::default()).expect_err("a bad file");
        compare(&path.with_extension("txt"), &(problems.to_string() + "\n"));
    }
}
