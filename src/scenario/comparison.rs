//! A comparison: several cutovers of the same people, what must hold of them, and how they are ranked.
//!
//! [`load`] reads a comparison file with the scenarios of its arms. Everything outside of `cutover`,
//! `app` and `gates` must be the same in all of them, or the people would not be.

use std::path::{Path, PathBuf};

use cutover_mocks::share::Share;
use sha2::{Digest, Sha256};

use super::gates::{self, GateText};
use super::kind::{Kind, List, Misfit, Mismatch, OneOf, misfit, nearest, other_type};
use super::problem::{Place, Problem, Problems, Sources};
use super::reader::{Assumption, Reader, Table};
use super::scalar::{Percent, Text, count};
use super::tree::{self, Node, Value};
use super::{Loaded, Overrides, files, hex, name_after, without_consequences};
use crate::verdict::gate::between::parse_between;

/// Most seeds of a comparison.
const MOST_SEEDS: i64 = 1_000;

/// Something by which strategies are compared; of each of them, less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Yardstick {
    /// Devices that were logged out and would not have been.
    ForcedLogouts,
    /// People who cannot log in at all.
    Lockouts,
    /// People who met an unexpected login page and did not come back.
    Abandonments,
    /// Second records of people who had one.
    DuplicateAccounts,
    /// Visits that ended because a provider or the application failed.
    VisitsFailed,
    /// Support tickets, by the shares that the comparison assumes.
    Tickets,
    /// From the cutover's begin until the share that counts as moved is on Stytch.
    Duration,
    /// Devices with a live legacy session at the end.
    Residue,
    /// Most logins begun within one second.
    LoginPeak,
    /// Calls to Migrate Session.
    MigrateCalls,
    /// Calls to the old provider's `UserInfo`.
    UserInfoCalls,
    /// Provider calls made by retrying.
    Retries,
}

impl Yardstick {
    /// All of them, in order.
    pub const ALL: [Self; 12] = [
        Self::ForcedLogouts,
        Self::Lockouts,
        Self::Abandonments,
        Self::DuplicateAccounts,
        Self::VisitsFailed,
        Self::Tickets,
        Self::Duration,
        Self::Residue,
        Self::LoginPeak,
        Self::MigrateCalls,
        Self::UserInfoCalls,
        Self::Retries,
    ];

    /// The name that comparison files and outcomes use.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ForcedLogouts => "forced_logouts",
            Self::Lockouts => "lockouts",
            Self::Abandonments => "abandonments",
            Self::DuplicateAccounts => "duplicate_accounts",
            Self::VisitsFailed => "visits_failed",
            Self::Tickets => "tickets",
            Self::Duration => "duration",
            Self::Residue => "residue",
            Self::LoginPeak => "login_peak",
            Self::MigrateCalls => "migrate_calls",
            Self::UserInfoCalls => "userinfo_calls",
            Self::Retries => "retries",
        }
    }
}

const YARDSTICKS: OneOf<Yardstick> = OneOf(
    &const {
        let mut named = [("", Yardstick::ForcedLogouts); Yardstick::ALL.len()];
        let mut index = 0;
        while index < named.len() {
            named[index] = (Yardstick::ALL[index].name(), Yardstick::ALL[index]);
            index += 1;
        }
        named
    },
);

/// A checked comparison.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// A short name: the file's, unless the file gives another.
    pub name: String,
    /// The question that it answers.
    pub question: String,
    /// The first seed.
    pub first_seed: u64,
    /// How many seeds, each one after the other; at least 2.
    pub seeds: u32,
    /// What each strategy must keep to, in every seed, to be recommended.
    pub each: Vec<GateText>,
    /// What must hold between strategies.
    pub between: Vec<GateText>,
    /// By what strategies are ranked that keep to their gates: the first that tells two apart decides.
    pub rank: Vec<Yardstick>,
    /// The share of the devices that came at all that counts as moved.
    pub moved: Share,
    /// Support tickets for each forced logout.
    pub tickets_per_forced_logout: Share,
    /// Support tickets for each lockout.
    pub tickets_per_lockout: Share,
    /// The arm that is held against itself; the first one that moves anybody, when absent.
    pub control: Option<String>,
}

/// One strategy of a comparison.
#[derive(Clone, Debug)]
pub struct Arm {
    /// Its name in the comparison.
    pub name: String,
    /// Its scenario's file.
    pub file: PathBuf,
    /// Its scenario, with the comparison's settings.
    pub loaded: Loaded,
}

/// A comparison with everything that a report says of its origin.
#[derive(Clone, Debug)]
pub struct LoadedComparison {
    /// The comparison.
    pub comparison: Comparison,
    /// Its arms, in the order in which they are written; at least 2.
    pub arms: Vec<Arm>,
    /// The file and those it extends, merged to one text, settings of the command line included.
    pub text: String,
    /// SHA-256 of `text` and of the texts of all arms, in hexadecimal.
    pub hash: String,
    /// The comparison's own file and those it extends.
    pub files: Vec<PathBuf>,
    /// The settings that are laid over every arm: the comparison's, then the command line's.
    pub settings: Vec<String>,
    /// Every setting of the comparison itself; of defaults also the source.
    pub assumptions: Vec<Assumption>,
}

/// Whether a file is meant as a comparison: only those have arms.
pub fn is_comparison(path: &Path) -> bool {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let mut sources = Sources::default();
    let source = sources.add(String::new(), text);
    tree::parse(&sources, source, &mut Vec::new())
        .0
        .contains_key("arms")
}

/// Reads a comparison file and the scenarios of its arms; `overrides` are laid over every arm. A seed
/// among them is the first seed.
pub fn load(path: &Path, overrides: &Overrides) -> Result<LoadedComparison, Problems> {
    let mut gathered = files::gather(path, &Overrides::default(), &[]);
    if gathered.files.is_empty() {
        return Err(Problems::new(gathered.sources, gathered.problems));
    }
    name_after(path, &mut gathered.tree);
    let sources = &gathered.sources;
    let (read, reader) = Reader::read_as(&gathered.tree, &schema, |t| read(t, sources));
    let problems = without_consequences(sources, gathered.problems, reader.problems);
    if !problems.is_empty() {
        return Err(Problems::new(gathered.sources, problems));
    }
    let ReadComparison {
        mut comparison,
        arms,
        mut settings,
    } = read;
    settings.extend(overrides.set.iter().cloned());
    comparison.first_seed = overrides.seed.unwrap_or(comparison.first_seed);
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut loaded = Vec::new();
    for ArmText { name, file, place } in arms {
        let file = folder.join(file);
        if let Err(error) = std::fs::metadata(&file) {
            let problem = Problem::new(format!("cannot read `{}`", file.display()))
                .at(&place, error.to_string())
                .help("the path is relative to the comparison file");
            return Err(Problems::new(gathered.sources, vec![problem]));
        }
        let over = Overrides {
            set: settings.clone(),
            seed: Some(comparison.first_seed),
        };
        let arm = super::load(&file, &over)?;
        loaded.push((
            Arm {
                name,
                file,
                loaded: arm,
            },
            place,
        ));
    }
    if let Some(problem) = other_people(&loaded) {
        return Err(Problems::new(gathered.sources, vec![problem]));
    }
    let arms: Vec<Arm> = loaded.into_iter().map(|(arm, _)| arm).collect();
    let text = gathered.tree.plain().to_string();
    let hash = hash(&text, &comparison, &settings, &arms);
    Ok(LoadedComparison {
        comparison,
        arms,
        text,
        hash,
        files: gathered.files,
        settings,
        assumptions: reader.assumptions,
    })
}

fn hash(text: &str, comparison: &Comparison, settings: &[String], arms: &[Arm]) -> String {
    let mut digest = Sha256::new();
    digest.update(text);
    digest.update(comparison.first_seed.to_le_bytes());
    for setting in settings {
        digest.update(setting);
        digest.update([0]);
    }
    for arm in arms {
        digest.update(&arm.name);
        digest.update(&arm.loaded.hash);
    }
    hex(&digest.finalize())
}

/// The JSON Schema (draft 2020-12) of comparison files.
pub fn schema() -> serde_json::Value {
    let mut schema = Reader::describe(|t| read(t, &Sources::default()));
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "Comparison".into();
    schema["description"] = "Several cutovers of the same people, held against each other.".into();
    schema
}

/// A comparison that was read, its arms still files.
struct ReadComparison {
    comparison: Comparison,
    arms: Vec<ArmText>,
    settings: Vec<String>,
}

/// An arm as the file names it.
#[derive(Clone, Debug)]
struct ArmText {
    name: String,
    file: String,
    place: Place,
}

/// Reads a whole comparison; this is also the description of all keys.
fn read(t: &mut Table<'_>, sources: &Sources) -> ReadComparison {
    let name = t
        .key("name", Text, "A short name.")
        .or("comparison", "the file's name");
    let question = t
        .key(
            "question",
            Text,
            "The question that this comparison answers.",
        )
        .or("", "none");
    let seeds = t
        .key(
            "seeds",
            count(2, MOST_SEEDS),
            "How many seeds: each is a rehearsal of its own people, and only seeds are independent.",
        )
        .or("10", "an interval needs about ten, a decision better thirty");
    let first_seed = t
        .key(
            "first_seed",
            count(0, i64::MAX - MOST_SEEDS),
            "The first seed; the others follow it.",
        )
        .or("1", "any number will do");
    let arms = t
        .key(
            "arms",
            Arms,
            "The strategies: a name for each, and its scenario's file, relative to this file.",
        )
        .required(
            "{ rolling = \"rolling-consumer.toml\", at-once = \"all-at-once-consumer.toml\" }",
        );
    let settings = t
        .key(
            "settings",
            Settings,
            "Settings laid over the scenarios of all strategies.",
        )
        .or("{}", "none unless the comparison names them");
    let names: Vec<String> = arms.value.iter().map(|arm| arm.name.clone()).collect();
    let (each, between) = t.table("gates", "What must hold.", |t| {
        let each = gates::read_each(t, sources);
        (each, read_between(t, sources, &names, arms.sound))
    });
    let rank = read_rank(t);
    let control = t
        .key(
            "control",
            Text,
            "The strategy that is held against itself with other luck, which must show nothing.",
        )
        .or("", "the first one that moves anybody");
    if control.given && !names.contains(&control.value) && arms.sound {
        let problem = Problem::new(format!("there is no strategy `{}` here", control.value))
            .at(&control.place, "nothing has this name");
        let near = nearest(&control.value, names.iter().map(String::as_str));
        t.problem(match near {
            Some(near) => problem.help(format!("did you mean \"{near}\"?")),
            None => problem.help(format!("one of {}", names.join(", "))),
        });
    }
    let (tickets_per_forced_logout, tickets_per_lockout) =
        t.table("support", "What support has to do.", read_support);
    ReadComparison {
        arms: arms.value,
        settings: settings.value,
        comparison: Comparison {
            name: name.value,
            question: question.value,
            first_seed: first_seed.value as u64,
            seeds: seeds.value as u32,
            each,
            between,
            rank,
            moved: t
                .key(
                    "moved",
                    Percent,
                    "The cutover has lasted until this share of the devices that came at all was on Stytch.",
                )
                .or("50%", "an assumption")
                .value,
            tickets_per_forced_logout,
            tickets_per_lockout,
            control: control.given.then_some(control.value),
        },
    }
}

fn read_support(t: &mut Table<'_>) -> (Share, Share) {
    let logout = t
        .key(
            "tickets_per_forced_logout",
            Percent,
            "Support tickets for each forced logout.",
        )
        .or(
            "1%",
            "an assumption: between 0.5% and 2%; no published rate",
        );
    let lockout = t
        .key(
            "tickets_per_lockout",
            Percent,
            "Support tickets for each person who cannot log in.",
        )
        .or("50%", "an assumption; no published rate");
    (logout.value, lockout.value)
}

fn read_rank(t: &mut Table<'_>) -> Vec<Yardstick> {
    let of = List {
        of: YARDSTICKS,
        len: None,
    };
    let rank = t
        .key(
            "rank",
            of,
            "By what strategies are ranked that keep to their gates: the first that tells two apart \
             decides.",
        )
        .or(
            "[\"lockouts\", \"forced_logouts\", \"abandonments\", \"duration\"]",
            "who cannot get in weighs more than who has to log in again",
        );
    rank.value
        .into_iter()
        .map(|(yardstick, _)| yardstick)
        .collect()
}

fn read_between(
    t: &mut Table<'_>,
    sources: &Sources,
    arms: &[String],
    sound: bool,
) -> Vec<GateText> {
    let doc = "What must hold between strategies: \
               \"zero-downtime.forced_logouts <= 0.1 * all-at-once.forced_logouts\".";
    let arms: Vec<&str> = arms.iter().map(String::as_str).collect();
    gates::read_list(t, sources, "between", doc, |text| {
        if sound {
            parse_between(text, &arms).map(|_| ())
        } else {
            Ok(())
        }
    })
}

/// Names of strategies with the files of their scenarios; at least two.
struct Arms;

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
struct Settings;

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

/// Whether a setting may differ between strategies. Windows and lapse say how a rehearsal plays over
/// HTTP, and change nothing in virtual time.
fn may_differ(key: &str) -> bool {
    const SECTIONS: [&str; 3] = ["cutover", "app", "gates"];
    const KEYS: [&str; 5] = [
        "name",
        "question",
        "seed",
        "time.lapse",
        "time.lateness_limit",
    ];
    let of_section = |section: &str| {
        key.strip_prefix(section)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    KEYS.contains(&key) || key.starts_with("time.windows") || SECTIONS.into_iter().any(of_section)
}

/// The first setting that makes the people of two arms others.
fn other_people(arms: &[(Arm, Place)]) -> Option<Problem> {
    let (first, first_place) = arms.first()?;
    let settings = |arm: &Arm| -> Vec<(String, String)> {
        let mut all: Vec<(String, String)> = arm
            .loaded
            .assumptions
            .iter()
            .filter(|setting| !may_differ(&setting.key))
            .map(|setting| (setting.key.clone(), setting.value.clone()))
            .collect();
        all.sort();
        all
    };
    let reference = settings(first);
    for (arm, place) in &arms[1..] {
        let own = settings(arm);
        let differs = |from: &[(String, String)], other: &[(String, String)]| {
            from.iter().find(|pair| !other.contains(pair)).cloned()
        };
        let Some((key, _)) = differs(&own, &reference).or_else(|| differs(&reference, &own)) else {
            continue;
        };
        let told = |all: &[(String, String)]| {
            let value = all.iter().find(|(name, _)| *name == key);
            value.map_or_else(
                || format!("no `{key}` here"),
                |(_, value)| format!("`{key}` is {value} here"),
            )
        };
        return Some(
            Problem::new(format!(
                "`{}` and `{}` do not rehearse the same people",
                arm.name, first.name
            ))
            .at(place, told(&own))
            .at(first_place, told(&reference))
            .help(
                "strategies of one comparison may differ in [cutover], [app] and [gates]; set the rest \
                 for all of them in [settings]",
            ),
        );
    }
    None
}
