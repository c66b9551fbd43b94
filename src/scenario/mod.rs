//! A scenario: what is rehearsed, by whom, against what, and what must hold; checked as a whole.
//!
//! [`load`] reads a file with all that it extends: a [`Scenario`], or all problems at once.

pub mod app;
pub mod comparison;
pub mod cutover;
mod files;
pub mod gates;
mod kind;
pub mod population;
mod problem;
pub mod providers;
mod quantity;
mod reader;
mod scalar;
mod syntax;
pub mod time;
mod tree;

use std::fmt::Write;
use std::path::{Path, PathBuf};

use cutover_mocks::stytch::Vertical;
use sha2::{Digest, Sha256};

pub use app::App;
pub use cutover::{Cutover, Rollback, Strategy};
pub use files::Overrides;
pub use gates::GateText;
pub use population::PopulationSpec;
pub use problem::Problems;
pub use providers::Providers;
pub use quantity::span as read_span;
pub use reader::Assumption;
pub use time::{Time, Window};

use files::Laid;
use kind::OneOf;
use problem::{Place, Problem, Sources, Weight};
use reader::{Reader, Table};
use scalar::{Name, Text, count};
use tree::{Choice, Entry, Node, Tree, Value};

/// A checked scenario: every quantity is in range and every reference resolves.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// A short name: the file's, unless the file gives another.
    pub name: String,
    /// The question that this scenario answers.
    pub question: String,
    /// Consumer (users) or B2B (organizations and members).
    pub vertical: Vertical,
    /// The seed of everything random.
    pub seed: u64,
    /// Whom `run` drives.
    pub target: Target,
    /// Scenario time.
    pub time: Time,
    /// Who.
    pub population: PopulationSpec,
    /// The tenant and the project.
    pub providers: Providers,
    /// The application's session middleware.
    pub app: App,
    /// What is done to them.
    pub cutover: Cutover,
    /// What must hold, as written.
    pub gates: Vec<GateText>,
}

/// A scenario with everything that a report says of its origin.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The scenario.
    pub scenario: Scenario,
    /// The file, the files it extends and the settings of the command line, merged to one text.
    pub text: String,
    /// SHA-256 of `text`, in hexadecimal.
    pub hash: String,
    /// The file and those it extends, in this order.
    pub files: Vec<PathBuf>,
    /// The settings of the command line that were laid over them, as written.
    pub overrides: Vec<String>,
    /// Every setting with its value; of defaults also the source.
    pub assumptions: Vec<Assumption>,
}

/// Whom a run over HTTP drives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Target {
    /// Mock servers of the harness, on this machine.
    #[default]
    Mocks,
    /// A real development tenant and a real test project.
    Test,
}

/// Tables of which a file chooses one key.
const CHOICES: &[Choice] = &[
    Choice {
        path: &["cutover"],
        keys: cutover::STRATEGIES.names,
    },
    Choice {
        path: &["app", "retry"],
        keys: app::RETRIES.names,
    },
];

const VERTICAL: OneOf<Vertical> =
    OneOf(&[("consumer", Vertical::Consumer), ("b2b", Vertical::B2b)]);

const TARGET: OneOf<Target> = OneOf(&[("mocks", Target::Mocks), ("test", Target::Test)]);

/// Reads a scenario file, the files it extends, and the settings of the command line.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Loaded, Problems> {
    load_under(path, Laid::default(), overrides)
}

/// The same, with settings that another file lays over it.
fn load_under(path: &Path, laid: Laid, overrides: &Overrides) -> Result<Loaded, Problems> {
    let mut gathered = files::gather(path, laid, overrides, CHOICES);
    if gathered.files.is_empty() {
        return Err(Problems::new(gathered.sources, gathered.problems));
    }
    if let Some(entry) = gathered.tree.0.get("arms") {
        let problem = Problem::new("this file is a comparison, not a scenario")
            .at(&entry.key, "only a comparison has this")
            .help("`cutover compare` rehearses it; `cutover run` takes one of the scenarios named here");
        return Err(Problems::new(gathered.sources, vec![problem]));
    }
    name_after(path, &mut gathered.tree);
    let sources = &gathered.sources;
    let (scenario, reader) = Reader::read(&gathered.tree, |t| read(t, sources));
    let problems = without_consequences(sources, gathered.problems, reader.problems);
    if !problems.is_empty() {
        return Err(Problems::new(gathered.sources, problems));
    }
    let text = gathered.tree.plain().to_string();
    let hash = hex(&Sha256::digest(text.as_bytes()));
    let (files, overrides) = (gathered.files, gathered.overrides);
    Ok(Loaded {
        scenario,
        text,
        hash,
        files,
        overrides,
        assumptions: reader.assumptions,
    })
}

/// SHA-256 of a scenario's text without its gates, in hexadecimal: what is rehearsed, whatever is
/// asked of it. The text is that of [`Loaded`]; of any other, it is the text's own hash.
pub fn hash_without_gates(text: &str) -> String {
    let Ok(mut table) = text.parse::<toml::Table>() else {
        return hex(&Sha256::digest(text.as_bytes()));
    };
    table.remove("gates");
    hex(&Sha256::digest(table.to_string().as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The JSON Schema (draft 2020-12) of scenario files.
pub fn schema() -> serde_json::Value {
    let mut schema = Reader::describe(|t| read(t, &Sources::default()));
    let extends = serde_json::json!({
        "type": "string",
        "description": "A file that this one is laid over, relative to this file: tables merge \
         key by key, everything else replaces; a strategy replaces the whole \
         strategy.",
        "examples": ["base-consumer.toml"],
    });
    schema["properties"]["extends"] = extends;
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "Scenario".into();
    schema["description"] = "What is rehearsed, by whom, against what, and what must hold.".into();
    schema
}

/// Reads a whole scenario; this is also the description of all keys.
fn read(t: &mut Table<'_>, sources: &Sources) -> Scenario {
    let name = t
        .key("name", Name, "A short name.")
        .or("scenario", "the file's name")
        .value;
    let question = t
        .key("question", Text, "The question that this scenario answers.")
        .or("", "none")
        .value;
    let vertical = t
        .key(
            "vertical",
            VERTICAL,
            "Consumer (users) or B2B (organizations and members).",
        )
        .or("consumer", "an assumption");
    let seed = t
        .key("seed", count(0, i64::MAX), "The seed of everything random.")
        .or("1", "any number will do")
        .value as u64;
    let target = t
        .key(
            "target",
            TARGET,
            "Whom `cutover run` drives: mocks on this machine, or the test tenants that the environment \
             names. Live systems cannot be named here.",
        )
        .or("mocks", "nothing but this machine is driven unasked")
        .value;
    let of = vertical.value;
    let (time, frame) = t.table("time", "Scenario time, and how it plays over HTTP.", |t| {
        time::read(t, vertical)
    });
    Scenario {
        name,
        question,
        vertical: of,
        seed,
        target,
        time,
        population: t.table("population", "Who is rehearsed.", |t| {
            population::read(t, &frame)
        }),
        providers: t.table("providers", "The tenant and the project.", |t| {
            providers::read(t, &frame)
        }),
        app: t.table("app", "The application's session middleware.", app::read),
        cutover: t.table(
            "cutover",
            "What is done: one strategy, perhaps a rollback.",
            |t| cutover::read(t, &frame),
        ),
        gates: t.table("gates", "What must hold.", |t| gates::read(t, sources)),
    }
}

/// A scenario that names itself nothing is named after its file.
fn name_after(path: &Path, tree: &mut Tree) {
    let stem = path
        .file_stem()
        .map_or_else(String::new, |stem| stem.to_string_lossy().into_owned());
    let node = Node {
        place: Place::default(),
        value: Value::Text(stem),
    };
    tree.0.entry("name".to_owned()).or_insert(Entry {
        key: Place::default(),
        node,
    });
}

/// All problems, without those that are mere consequences of others.
fn without_consequences(
    sources: &Sources,
    syntax: Vec<Problem>,
    meaning: Vec<Problem>,
) -> Vec<Problem> {
    let broken_syntax = !syntax.is_empty();
    // A value without quotes was read as text: if it does not fit its key as text either, that says more.
    let says_more = |syntax: &Problem| {
        meaning
            .iter()
            .any(|problem| problem.place() == syntax.place())
    };
    let yields = |problem: &Problem| problem.weight == Weight::Yields && says_more(problem);
    let mut problems: Vec<Problem> = syntax
        .into_iter()
        .filter(|problem| !yields(problem))
        .collect();
    let line = |place: &Place| (place.source, sources.line(place));
    let broken: Vec<_> = problems
        .iter()
        .filter_map(Problem::place)
        .map(line)
        .collect();
    problems.extend(meaning.into_iter().filter(|problem| {
        let on_broken_line = problem
            .place()
            .map(line)
            .is_some_and(|line| broken.contains(&line));
        let follows = broken_syntax && problem.weight == Weight::Follows;
        !on_broken_line && !follows
    }));
    problems
}
