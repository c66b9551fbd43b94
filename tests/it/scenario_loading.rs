//! Loading scenarios: what they extend, settings laid over them, and what is told of every value.

use std::path::PathBuf;

use cutover::scenario::cutover::Strategy;
use cutover::scenario::{self, Assumption, Loaded, Overrides, Providers, Scenario};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

fn fixture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/scenario-files")
        .join(name)
}

fn load(path: &std::path::Path, set: &[&str]) -> Loaded {
    let overrides = Overrides {
        set: set.iter().map(ToString::to_string).collect(),
        seed: None,
    };
    scenario::load(path, &overrides).unwrap_or_else(|problems| panic!("{problems}"))
}

fn problems(set: &[&str]) -> String {
    let overrides = Overrides {
        set: set.iter().map(ToString::to_string).collect(),
        seed: None,
    };
    let problems = scenario::load(&fixture("minimal.toml"), &overrides).expect_err("a bad setting");
    problems.to_string()
}

/// Loads a text as if it were a file of this name.
fn load_text(name: &str, text: &str) -> Result<Loaded, String> {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.toml"));
    std::fs::write(&path, text).expect("the folder for tests is writable");
    scenario::load(&path, &Overrides::default())
        .map_err(|problems| format!("{problems}\nin:\n{text}"))
}

fn assumption<'a>(loaded: &'a Loaded, key: &str) -> &'a Assumption {
    loaded
        .assumptions
        .iter()
        .find(|assumption| assumption.key == key)
        .expect("every key is listed")
}

/// The fields of a value as its debug text shows them, each with its own text.
fn fields(value: &impl std::fmt::Debug) -> Vec<String> {
    let text = format!("{value:#?}");
    let mut fields: Vec<String> = Vec::new();
    for line in text.lines().skip(1).filter(|line| line.starts_with("    ")) {
        match fields.last_mut() {
            // A deeper line, or one that closes: it belongs to the field before it.
            Some(field) if line[4..].starts_with([' ', '}', ']', ')']) => *field += line,
            _ => fields.push(line.to_owned()),
        }
    }
    fields
}

/// The fields of every section, by section.
fn sections(scenario: &Scenario) -> Vec<(&'static str, Vec<String>)> {
    let population = &scenario.population;
    vec![
        ("time", fields(&scenario.time)),
        ("population", fields(population)),
        ("visits", fields(&population.visits)),
        ("devices", fields(&population.devices)),
        ("sessions", fields(&population.sessions)),
        ("methods", fields(&population.methods)),
        ("records", fields(&population.records)),
        ("reaction", fields(&population.reaction)),
        ("auth0", fields(&scenario.providers.auth0)),
        ("stytch", fields(&scenario.providers.stytch)),
        ("app", fields(&scenario.app)),
        ("cutover", fields(&scenario.cutover)),
    ]
}

#[test]
fn every_field_can_be_set() {
    let minimal = sections(&load(&fixture("minimal.toml"), &[]).scenario);
    let full = sections(&load(&fixture("everything.toml"), &[]).scenario);
    for ((section, minimal), (_, full)) in minimal.into_iter().zip(full) {
        assert_eq!(minimal.len(), full.len());
        // People of a rehearsal have no second factor at the tenant: a policy would say nothing.
        let unset = |field: &str| section == "auth0" && field.trim_start().starts_with("mfa: ");
        let pairs = minimal.iter().zip(&full);
        let same: Vec<_> = pairs.filter(|(a, b)| a == b && !unset(a)).collect();
        assert!(
            same.is_empty(),
            "[{section}] is the same in both files: {same:#?}"
        );
    }
}

#[test]
fn defaults_are_those_of_the_mocks() {
    let mut providers = load(&fixture("minimal.toml"), &[]).scenario.providers;
    // The plan limits the Management API, which the mocks leave open by themselves.
    providers.auth0.endpoint_limits.clear();
    // The mocks limit sign-ups by their address; those of a rehearsal come from the application's.
    assert_eq!(providers.auth0.suspicious_signups, None);
    let mocks = Providers::default();
    providers.auth0.suspicious_signups = mocks.auth0.suspicious_signups;
    assert_eq!(providers, mocks);
}

#[test]
fn another_strategy_replaces_the_one_of_the_file_below() {
    let loaded = load(&fixture("immediate-retries.toml"), &[]);
    assert_eq!(loaded.scenario.cutover.strategy, Strategy::None);
    assert_eq!(assumption(&loaded, "app.retry").value, "\"immediate\"");
    assert_eq!(
        loaded.files.len(),
        3,
        "the file and the two that it extends"
    );
    assert!(!loaded.text.contains("extends"));
}

#[test]
fn settings_of_the_command_line_come_last_and_are_recorded() {
    let set = [
        "population.users=50_000",
        "name=my run",
        "app.retry=none",
        "time.length=\"20d\"",
    ];
    let overrides = Overrides {
        set: set.map(str::to_owned).to_vec(),
        seed: Some(7),
    };
    let loaded = scenario::load(&fixture("everything.toml"), &overrides).expect("good settings");
    assert_eq!(loaded.scenario.population.users, 50_000);
    assert_eq!(loaded.scenario.name, "my run");
    assert_eq!(loaded.scenario.seed, 7);
    assert_eq!(loaded.scenario.app.retry, scenario::app::Retry::None);
    let expected: Vec<&str> = set.into_iter().chain(["seed=7"]).collect();
    assert_eq!(loaded.overrides, expected);
}

#[test]
fn a_setting_changes_one_key_of_the_strategy() {
    let loaded = load(
        &fixture("fixed-retries.toml"),
        &["cutover.zero-downtime.until=12d"],
    );
    let Strategy::ZeroDowntime { from, until } = loaded.scenario.cutover.strategy else {
        panic!("the strategy stays");
    };
    assert_eq!(from.to_string(), "3d");
    assert_eq!(until.map(|until| until.to_string()), Some("12d".to_owned()));
}

#[test]
fn bad_settings_say_what_is_wrong_with_them() {
    let message = problems(&["population.usres=5"]);
    assert!(
        message.contains("did you mean `users`?") && message.contains("--set:1:12"),
        "{message}"
    );
    let message = problems(&["population.users=many"]);
    assert!(
        message.contains("expected a whole number") && message.contains("--set:1:18"),
        "{message}"
    );
    for nonsense in ["population.users", "=5", "a b=c", ""] {
        let message = problems(&[nonsense]);
        assert!(
            message.contains("`key.path=value`"),
            "{nonsense}: {message}"
        );
    }
}

#[test]
fn the_hash_is_of_the_meaning_not_of_the_spelling() {
    let text = "# A comment.\n[population]\nusers = 20_000\n[cutover.none]\n";
    let other = "cutover = { none = {} }\npopulation.users = 20000\n";
    let (one, two) = (load_text("spelling", text), load_text("spelling", other));
    let (one, two) = (one.expect("a scenario"), two.expect("a scenario"));
    assert_eq!((&one.text, &one.hash), (&two.text, &two.hash));
    assert_eq!(one.hash.len(), 64);
    let third = load_text("spelling", &text.replace("20_000", "20_001")).expect("a scenario");
    assert_ne!(one.hash, third.hash);
}

#[test]
fn defaults_tell_their_source_and_settings_do_not() {
    let loaded = load(&fixture("minimal.toml"), &["app.instances=9"]);
    let life = assumption(&loaded, "providers.auth0.refresh_idle_life");
    assert!(
        life.default && life.value == "\"15d\"" && life.source.contains("UNCONFIRMED"),
        "{life:?}"
    );
    let instances = assumption(&loaded, "app.instances");
    assert!(
        !instances.default && instances.value == "9",
        "{instances:?}"
    );
}

/// The settings that a scenario tells, as a file.
fn as_file(assumptions: &[Assumption]) -> String {
    let mut file = toml::Table::new();
    for assumption in assumptions {
        let value: toml::Table = format!("value = {}", assumption.value)
            .parse()
            .expect("values are TOML");
        let value = match (assumption.key.as_str(), value["value"].clone()) {
            // A strategy is named by its table, even where that is empty.
            ("cutover", toml::Value::String(name)) => {
                toml::Value::Table([(name, toml::Table::new().into())].into_iter().collect())
            }
            (_, value) => value,
        };
        plant(&mut file, &assumption.key, value);
    }
    file.to_string()
}

fn plant(table: &mut toml::Table, path: &str, value: toml::Value) {
    let (first, rest) = path
        .split_once('.')
        .map_or((path, None), |(first, rest)| (first, Some(rest)));
    let (name, index) = match first.split_once('[') {
        Some((name, index)) => (name, index.trim_end_matches(']').parse::<usize>().ok()),
        None => (first, None),
    };
    let Some(rest) = rest else {
        table.insert(name.to_owned(), value);
        return;
    };
    let empty = || toml::Value::Table(toml::Table::new());
    let entry = table.entry(name.to_owned()).or_insert_with(empty);
    let inner = match index {
        Some(index) => {
            if !entry.is_array() {
                *entry = toml::Value::Array(Vec::new());
            }
            let list = entry.as_array_mut().expect("it is a list now");
            list.resize_with(list.len().max(index + 1), empty);
            &mut list[index]
        }
        None => entry,
    };
    // A variant's name gives way to its table.
    if !inner.is_table() {
        *inner = empty();
    }
    plant(
        inner.as_table_mut().expect("it is a table now"),
        rest,
        value,
    );
}

/// What a scenario says, but for where its gates stand.
fn meaning(loaded: Loaded) -> String {
    let mut scenario = loaded.scenario;
    for gate in &mut scenario.gates {
        (gate.file, gate.line) = (String::new(), 0);
    }
    format!("{scenario:?}")
}

/// A file of all that a scenario tells gives the same scenario.
fn assert_told_completely(name: &str, loaded: &Loaded) -> Result<(), TestCaseError> {
    let again = load_text(name, &as_file(&loaded.assumptions)).map_err(TestCaseError::fail)?;
    let told = |loaded: &Loaded| -> Vec<(String, String)> {
        let all = loaded.assumptions.iter();
        all.map(|assumption| (assumption.key.clone(), assumption.value.clone()))
            .collect()
    };
    prop_assert_eq!(told(&again), told(loaded));
    prop_assert!(
        again
            .assumptions
            .iter()
            .all(|assumption| !assumption.default)
    );
    let merged = load_text(name, &loaded.text).map_err(TestCaseError::fail)?;
    prop_assert_eq!(&merged.hash, &loaded.hash);
    prop_assert_eq!(meaning(merged), meaning(again));
    Ok(())
}

#[test]
fn fixtures_and_shipped_scenarios_are_told_completely() {
    let shipped = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    for folder in [fixture(""), shipped] {
        for path in crate::scenario_files::files(&folder) {
            if !path
                .file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("base-"))
            {
                let told = assert_told_completely("told", &load(&path, &[]));
                told.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            }
        }
    }
}

fn share() -> impl Strategy_<Value = String> {
    (0..=1000_u32).prop_map(|share| format!("\"{}.{}%\"", share / 10, share % 10))
}

fn span() -> impl Strategy_<Value = String> {
    (1..90_u32, select(vec!["s", "m", "h", "d"]))
        .prop_map(|(number, unit)| format!("\"{number}{unit}\""))
}

fn count() -> impl Strategy_<Value = String> {
    (1..40_u32).prop_map(|count| count.to_string())
}

use proptest::strategy::Strategy as Strategy_;

/// Keys of each kind that stand alone: no rule ties them to others.
const SHARES: &[&str] = &[
    "population.visits.two_tabs",
    "population.visits.logout",
    "population.devices.roaming",
    "population.devices.updates.ever",
    "population.sessions.logged_in",
    "population.records.imported",
    "population.reaction.gives_up_reset",
    "app.lost_cookie",
];
const SPANS: &[&str] = &[
    "population.visits.think_time",
    "population.devices.updates.released",
    "population.sessions.oldest",
    "providers.auth0.access_token_life",
    "providers.stytch.lock_for",
    "app.timeout",
    "app.flag_delay",
    "time.lapse",
];
const COUNTS: &[&str] = &[
    "seed",
    "population.visits.parallel_requests",
    "population.signups_per_day",
    "providers.stytch.lock_after",
    "providers.auth0.brute_force_attempts",
    "app.instances",
    "app.breaker.failures",
];

fn some(
    keys: &'static [&'static str],
    value: impl Strategy_<Value = String>,
) -> impl Strategy_<Value = Vec<String>> {
    let values = proptest::collection::vec(value, keys.len());
    (subsequence(keys.to_vec(), 0..=keys.len()), values).prop_map(|(keys, values)| {
        keys.into_iter()
            .zip(values)
            .map(|(key, value)| format!("{key} = {value}"))
            .collect()
    })
}

/// A strategy with times in order and shares that grow.
fn cutover() -> impl Strategy_<Value = String> {
    let steps = proptest::collection::btree_map(1..300_u32, 1..=100_u32, 1..6).prop_map(|steps| {
        let mut shares: Vec<u32> = steps.values().copied().collect();
        shares.sort_unstable();
        let steps = steps.into_keys().zip(shares);
        let steps: Vec<String> = steps
            .map(|(at, share)| format!("{{ at = \"{at}h\", share = \"{share}%\" }}"))
            .collect();
        format!("cutover.rolling.steps = [{}]", steps.join(", "))
    });
    prop_oneof![
        Just("cutover.none = {}".to_owned()),
        (0..336_u32).prop_map(|at| format!("cutover.all-at-once.at = \"{at}h\"")),
        (0..335_u32).prop_map(|from| format!(
            "cutover.zero-downtime.from = \"{from}h\"\ncutover.rollback.at = \"{}h\"",
            from + 1
        )),
        steps,
    ]
}

fn choices() -> impl Strategy_<Value = String> {
    let retry = select(vec![
        "retry = \"none\"",
        "retry = \"full-jitter\"",
        "retry.fixed = {}",
        "retry.exponential.cap = \"9s\"",
    ]);
    let pattern = select(vec![
        "\"saas\"",
        "\"habit\"",
        "{ beta = { a = 0.5, b = 2 } }",
    ]);
    let plan = select(vec!["free", "essentials", "professional", "enterprise"]);
    (retry, pattern, plan, 1..=20).prop_map(|(retry, pattern, plan, pages)| {
        format!("app.{retry}\npopulation.visits.pages = {pages}\npopulation.visits.pattern = {pattern}\nproviders.auth0.plan = \"{plan}\"\n")
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_scenario_in_range_loads_and_is_told_completely(
        users in 1..1_000_000_u32,
        shares in some(SHARES, share()),
        spans in some(SPANS, span()),
        counts in some(COUNTS, count()),
        cutover in cutover(),
        choices in choices(),
    ) {
        let keys = [shares, spans, counts].concat().join("\n");
        let text = format!("population.users = {users}\n{keys}\n{choices}{cutover}\n");
        let loaded = load_text("any", &text).map_err(TestCaseError::fail)?;
        prop_assert_eq!(loaded.scenario.population.users, users);
        assert_told_completely("any", &loaded)?;
    }

    /// However broken a file is, there are words for it; the places that they point at exist.
    #[test]
    fn broken_files_never_break_the_reader(
        cut in any::<proptest::sample::Index>(),
        length in 0..40_usize,
        put in select(vec!["", "=", "[", "]", "{", "\"", "'", "\n", "é", "\"\"\"", "\\", "%", ",", "\u{0}", "\r"]),
    ) {
        let mut text = std::fs::read_to_string(fixture("everything.toml")).expect("the file is there");
        let start = text.floor_char_boundary(cut.index(text.len()));
        let end = text.ceil_char_boundary((start + length).min(text.len()));
        text.replace_range(start..end, put);
        let text = text.replace("minimal.toml", &fixture("minimal.toml").display().to_string());
        if let Err(problems) = load_text("broken", &text) {
            prop_assert!(problems.starts_with("error: "));
        }
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let problems = scenario::load(&fixture("nowhere.toml"), &Overrides::default());
    let problems = problems.expect_err("there is no such file");
    assert_eq!(problems.len(), 1);
    let message = problems.to_string();
    assert!(
        message.starts_with("error: cannot read `") && message.contains("nowhere.toml"),
        "{message}"
    );
}

#[test]
fn colours_are_there_when_asked_for() {
    let overrides = Overrides {
        set: vec!["population.users=0".to_owned()],
        seed: None,
    };
    let problems = scenario::load(&fixture("minimal.toml"), &overrides).expect_err("nobody");
    assert!(problems.render(true).contains('\u{1b}'));
    assert!(!problems.render(false).contains('\u{1b}'));
}
