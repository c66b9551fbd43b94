//! Scenario files: what is shipped loads, the schema agrees, and bad files say what is wrong.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cutover::scenario::{self, Overrides};

/// The repository's files.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares with a committed file; rewrites it when `UPDATE_GENERATED` is 1.
pub(crate) fn compare(path: &Path, now: &str) {
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

/// Whether a file compares scenarios and is none itself.
fn is_comparison(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("compare-"))
}

/// Scenarios of a folder, in order.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = all_files(folder);
    files.retain(|path| !is_comparison(path));
    files
}

/// Comparisons of a folder, in order.
pub(crate) fn comparisons(folder: &Path) -> Vec<PathBuf> {
    let mut files = all_files(folder);
    files.retain(|path| is_comparison(path));
    files
}

fn all_files(folder: &Path) -> Vec<PathBuf> {
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

/// Holds a file against a schema, as editors do.
pub(crate) fn assert_fits(schema: &jsonschema::Validator, path: &Path) {
    let json = as_json(path);
    let complaints: Vec<String> = schema
        .iter_errors(&json)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(complaints.is_empty(), "{}: {complaints:#?}", path.display());
}

/// The file as JSON, as editors hand it to a schema.
pub(crate) fn as_json(path: &Path) -> serde_json::Value {
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

/// The comment that a scenario opens with, after the line that names its schema.
fn opening_comment(path: &Path) -> String {
    let text = std::fs::read_to_string(path).expect("the file is there");
    let mut lines = text.lines();
    assert_eq!(
        lines.next(),
        Some("#:schema ./scenario.schema.json"),
        "{}",
        path.display()
    );
    let comment = lines
        .map_while(|line| line.strip_prefix('#'))
        .map(str::trim);
    comment.collect::<Vec<_>>().join(" ")
}

#[test]
fn every_shipped_scenario_loads_and_fits_the_schema() {
    let schema = jsonschema::validator_for(&scenario::schema()).expect("a schema");
    let shipped = files(&root().join("scenarios"));
    assert!(shipped.len() > 2);
    for path in shipped {
        assert_fits(&schema, &path);
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
        let comment = opening_comment(&path);
        let question = &loaded.scenario.question;
        assert!(
            !question.is_empty() && comment.starts_with(question.as_str()),
            "{name}: {comment}"
        );
        assert!(!loaded.scenario.gates.is_empty(), "{name} gates nothing");
    }
}

/// All key paths that a schema knows.
fn paths(schema: &serde_json::Value, path: &str, all: &mut BTreeSet<String>) {
    for variant in schema["anyOf"].as_array().into_iter().flatten() {
        paths(variant, path, all);
    }
    if schema["items"]["type"] == "object" {
        paths(&schema["items"], path, all);
    }
    for (key, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        paths(inner, &path, all);
        // A variant without settings can be named without its table.
        if inner["properties"] != serde_json::json!({}) {
            all.insert(path);
        }
    }
}

/// All key paths that a file sets.
fn set_paths(file: &serde_json::Value, path: &str, all: &mut BTreeSet<String>) {
    for item in file.as_array().into_iter().flatten() {
        set_paths(item, path, all);
    }
    for (key, inner) in file.as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        set_paths(inner, &path, all);
        all.insert(path);
    }
}

#[test]
fn the_fixtures_set_every_key_and_fit_the_schema() {
    let schema = scenario::schema();
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let (mut known, mut set) = (BTreeSet::new(), BTreeSet::new());
    paths(&schema, "", &mut known);
    for path in files(&root().join("tests/scenario-files")) {
        let json = as_json(&path);
        let complaints: Vec<String> = validator
            .iter_errors(&json)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(complaints.is_empty(), "{}: {complaints:#?}", path.display());
        set_paths(&json, "", &mut set);
    }
    let missing: Vec<_> = known.difference(&set).collect();
    assert!(missing.is_empty(), "no fixture sets {missing:#?}");
}

#[test]
fn the_schema_refuses_what_has_the_wrong_shape() {
    let schema = jsonschema::validator_for(&scenario::schema()).expect("a schema");
    for name in [
        "beta",
        "names",
        "ranges",
        "rates",
        "retry",
        "shares",
        "spans",
        "unknown-key",
        "wrong-types",
    ] {
        let path = root().join(format!("tests/scenario-errors/{name}.toml"));
        let json = as_json(&path);
        assert!(!schema.is_valid(&json), "{name} fits the schema");
    }
}

#[test]
fn the_schema_is_one_by_its_own_standard() {
    jsonschema::meta::validate(&scenario::schema()).expect("a valid draft 2020-12 schema");
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
