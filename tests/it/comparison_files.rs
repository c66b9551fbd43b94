//! Comparison files: what is shipped loads, the schema agrees, and bad files say what is wrong.

use std::path::Path;

use cutover::scenario::Overrides;
use cutover::scenario::comparison;

use crate::scenario_files::{assert_fits, compare, comparisons, files, root};

#[test]
fn the_committed_schema_is_current() {
    let schema = serde_json::to_string_pretty(&comparison::schema()).expect("JSON") + "\n";
    compare(&root().join("scenarios/comparison.schema.json"), &schema);
    jsonschema::meta::validate(&comparison::schema()).expect("a valid draft 2020-12 schema");
}

#[test]
fn every_shipped_comparison_loads_and_fits_the_schema() {
    let schema = jsonschema::validator_for(&comparison::schema()).expect("a schema");
    let shipped = comparisons(&root().join("scenarios"));
    assert!(shipped.len() > 1);
    for path in shipped {
        assert_fits(&schema, &path);
        assert!(comparison::is_comparison(&path));
        let loaded = comparison::load(&path, &Overrides::default())
            .unwrap_or_else(|problems| panic!("{problems}"));
        assert!(loaded.arms.len() >= 4, "{}", path.display());
        assert!(!loaded.comparison.each.is_empty() && !loaded.comparison.between.is_empty());
        assert!(!loaded.comparison.question.is_empty());
    }
}

#[test]
fn scenarios_are_not_taken_for_comparisons() {
    for path in files(&root().join("scenarios")) {
        assert!(!comparison::is_comparison(&path), "{}", path.display());
    }
}

#[test]
fn bad_comparisons_say_what_is_wrong() {
    for path in files(&root().join("tests/comparison-errors")) {
        let relative = path.strip_prefix(root()).expect("a file of the repository");
        // Paths in messages are those given, relative to the repository.
        let problems = comparison::load(relative, &Overrides::default()).expect_err("a bad file");
        compare(&path.with_extension("txt"), &(problems.to_string() + "\n"));
    }
}

#[test]
fn settings_reach_every_strategy_and_the_command_line_comes_last() {
    let path = root().join("scenarios/compare-consumer.toml");
    let overrides = Overrides {
        set: vec!["population.users=700".to_owned()],
        seed: Some(5),
    };
    let loaded = comparison::load(&path, &overrides).expect("a committed comparison");
    assert_eq!(loaded.comparison.first_seed, 5);
    for arm in &loaded.arms {
        assert_eq!(arm.loaded.scenario.population.users, 700, "{}", arm.name);
        assert_eq!(arm.loaded.scenario.seed, 5);
    }
    let names: Vec<&str> = loaded.arms.iter().map(|arm| arm.name.as_str()).collect();
    assert_eq!(names[..2], ["none", "all-at-once"], "the order of the file");
    let again = comparison::load(&path, &Overrides::default()).expect("a committed comparison");
    assert_ne!(loaded.hash, again.hash);
    assert!(comparison::load(Path::new("nowhere.toml"), &overrides).is_err());
}
