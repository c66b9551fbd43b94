//! A comparison: several cutovers of the same people, what must hold of them, and how they are ranked.
//!
//! [`load`] reads a comparison file with the scenarios of its arms. Everything outside of `cutover`,
//! `app` and `gates` must be the same in all of them, or the people would not be.

mod kinds;
mod people;

use std::path::{Path, PathBuf};

use cutover_mocks::share::Share;
use sha2::{Digest, Sha256};

use super::files::Laid;
use super::gates::{self, GateText};
use super::kind::{List, OneOf, nearest};
use super::problem::{Problem, Problems, Sources};
use super::reader::{Assumption, Reader, Table};
use super::scalar::{Name, Percent, Text, count};
use super::tree::{self, Tree, Value};
use super::{Loaded, Overrides, files, hex, name_after, without_consequences};
use crate::verdict::gate::between::parse_between;
use kinds::{ArmText, Arms, Settings};
use people::other_people;

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
    // A pipe can be read only once, and there is nobody to ask.
    if !path.is_file() {
        return false;
    }
    let text = files::read_text(path, true).unwrap_or_default();
    let mut sources = Sources::default();
    let source = sources.add(String::new(), text);
    tree::parse(&sources, source, &mut Vec::new())
        .0
        .contains_key("arms")
}

/// What to tell somebody who has a scenario compared: the one thing that is wrong, not all that follows.
fn is_a_scenario(tree: &Tree) -> Option<Problem> {
    let told = ["cutover", "population"].map(|key| tree.0.get(key));
    let entry = told.into_iter().flatten().next();
    let entry = entry.filter(|_| !tree.0.contains_key("arms"))?;
    let problem = Problem::new("this file is a scenario, not a comparison")
        .at(&entry.key, "only a scenario has this")
        .help(
            "`cutover run` and `cutover simulate` rehearse a scenario; a comparison names several as its \
             `arms`, as scenarios/compare-consumer.toml does",
        );
    Some(problem)
}

/// Reads a comparison file and the scenarios of its arms; `overrides` are laid over every arm. A seed
/// among them is the first seed.
pub fn load(path: &Path, overrides: &Overrides) -> Result<LoadedComparison, Problems> {
    let mut gathered = files::gather(path, Laid::default(), &Overrides::default(), &[]);
    if gathered.files.is_empty() {
        return Err(Problems::new(gathered.sources, gathered.problems));
    }
    if let Some(problem) = is_a_scenario(&gathered.tree) {
        return Err(Problems::new(gathered.sources, vec![problem]));
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
        settings,
    } = read;
    let laid = laid(&gathered.sources, &gathered.tree, &settings);
    comparison.first_seed = overrides.seed.unwrap_or(comparison.first_seed);
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut loaded = Vec::new();
    for ArmText { name, file, place } in arms {
        let file = folder.join(file);
        if let Err(error) = files::read_text(&file, true) {
            let problem = Problem::new(format!("cannot read `{}`", file.display()))
                .at(&place, error.to_string())
                .help("the path is relative to the comparison file");
            return Err(Problems::new(gathered.sources, vec![problem]));
        }
        let over = Overrides {
            set: overrides.set.clone(),
            seed: Some(comparison.first_seed),
        };
        let arm = super::load_under(&file, laid.clone(), &over)?;
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
    let settings = [settings, overrides.set.clone()].concat();
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

/// The settings of a comparison, where they stand in its file.
fn laid(sources: &Sources, tree: &Tree, settings: &[String]) -> Laid {
    let entry = tree.get("settings");
    let tree = match entry.map(|entry| &entry.node.value) {
        Some(Value::Table(tree)) => tree.clone(),
        _ => Tree::default(),
    };
    Laid {
        sources: sources.clone(),
        tree,
        texts: settings.to_vec(),
    }
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

/// Reads a whole comparison; this is also the description of all keys.
fn read(t: &mut Table<'_>, sources: &Sources) -> ReadComparison {
    let name = t
        .key("name", Name, "A short name.")
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
