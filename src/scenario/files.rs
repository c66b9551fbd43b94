//! A scenario file, the files it extends, the settings laid over them: read and merged to one tree.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::problem::{Place, Problem, Sources};
use super::tree::{self, Choice, Layer, Node, Tree, Value};

/// Settings of the command line, laid over the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// `key.path=value` each; the value is TOML, or else a bare string.
    pub set: Vec<String>,
    /// A seed in place of the file's.
    pub seed: Option<u64>,
}

/// What was read.
pub(super) struct Gathered {
    /// The texts.
    pub(super) sources: Sources,
    /// Everything merged; without `extends`.
    pub(super) tree: Tree,
    /// What could not be read.
    pub(super) problems: Vec<Problem>,
    /// The file and those it extends, in this order.
    pub(super) files: Vec<PathBuf>,
    /// The settings that were laid over them, as written.
    pub(super) overrides: Vec<String>,
}

/// Settings that another file lays over a scenario, with the text that they stand in.
#[derive(Clone, Debug, Default)]
pub(super) struct Laid {
    /// The texts of the other file.
    pub(super) sources: Sources,
    /// The settings, as places in those texts.
    pub(super) tree: Tree,
    /// The same, as `key.path=value` each.
    pub(super) texts: Vec<String>,
}

/// Reads a file with all that it extends, and lays the settings over it: another file's, then those
/// of the command line.
pub(super) fn gather(
    path: &Path,
    laid: Laid,
    overrides: &Overrides,
    choices: &[Choice],
) -> Gathered {
    let mut gathered = Gathered {
        sources: laid.sources,
        tree: Tree::default(),
        problems: Vec::new(),
        files: Vec::new(),
        overrides: laid.texts,
    };
    let mut layers = gathered.read_chain(path);
    while let Some(over) = layers.pop() {
        gathered.tree = tree::merge(
            std::mem::take(&mut gathered.tree),
            over,
            Layer::File,
            choices,
        );
    }
    gathered.tree = tree::merge(
        std::mem::take(&mut gathered.tree),
        laid.tree,
        Layer::Setting,
        choices,
    );
    let seed = overrides
        .seed
        .map(|seed| ("--seed", format!("seed={seed}")));
    let settings = overrides
        .set
        .iter()
        .map(|setting| ("--set", setting.clone()))
        .chain(seed);
    for (option, text) in settings {
        let over = gathered.read_setting(option, &text);
        gathered.overrides.push(text);
        gathered.tree = tree::merge(
            std::mem::take(&mut gathered.tree),
            over,
            Layer::Setting,
            choices,
        );
    }
    gathered
}

impl Gathered {
    /// The trees of the file and of those it extends, in this order.
    fn read_chain(&mut self, path: &Path) -> Vec<Tree> {
        let (mut trees, mut seen) = (Vec::new(), Vec::new());
        let mut next = Some((path.to_owned(), None::<Place>));
        while let Some((path, named)) = next.take() {
            let text = match read_text(&path, named.is_some()) {
                Ok(text) => text,
                Err(error) => {
                    self.problems
                        .push(unreadable(&path, named.as_ref(), &error));
                    break;
                }
            };
            let identity = std::fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
            if let Some(named) = named.as_ref().filter(|_| seen.contains(&identity)) {
                let problem = Problem::new("these files extend each other in a circle")
                    .at(named, format!("`{}` is already among them", path.display()))
                    .help("remove this `extends`, or name a file that extends neither of them");
                self.problems.push(problem);
                break;
            }
            seen.push(identity);
            let source = self.sources.add(path.display().to_string(), text);
            let mut tree = tree::parse(&self.sources, source, &mut self.problems);
            next = self.extends(&mut tree, &path);
            self.files.push(path);
            trees.push(tree);
        }
        trees
    }

    /// Takes `extends` out of a file's tree: the path of the file it names, and the place of the name.
    fn extends(&mut self, tree: &mut Tree, path: &Path) -> Option<(PathBuf, Option<Place>)> {
        let node = tree.0.remove("extends")?.node;
        if let Value::Text(name) = &node.value {
            let folder = path.parent().unwrap_or(Path::new(""));
            return Some((folder.join(name), Some(node.place)));
        }
        let problem = Problem::new("`extends`: expected the path of a scenario file")
            .at(&node.place, format!("this is {}", node.value.what()))
            .help("write one path, relative to this file: extends = \"base-consumer.toml\"");
        self.problems.push(problem);
        None
    }

    /// The tree of one `key.path=value`.
    fn read_setting(&mut self, option: &str, text: &str) -> Tree {
        let source = self.sources.add(option.to_owned(), text.to_owned());
        let mut problems = Vec::new();
        let tree = tree::parse(&self.sources, source, &mut problems);
        if problems.is_empty() && !tree.0.is_empty() {
            return tree;
        }
        if let Some(tree) = bare_setting(source, text) {
            return tree;
        }
        let place = Place {
            source,
            start: 0,
            end: text.len(),
        };
        let problem = Problem::new("a setting of the command line is `key.path=value`")
            .at(&place, "this is none")
            .help("for example: --set population.users=50000");
        self.problems.push(problem);
        Tree::default()
    }
}

/// `key.path=value` with a value that is no TOML, read as a string.
fn bare_setting(source: usize, text: &str) -> Option<Tree> {
    let (key, value) = text.split_once('=')?;
    let mut sources = Sources::default();
    let only = sources.add(String::new(), format!("{key}=0"));
    let mut problems = Vec::new();
    let mut tree = tree::parse(&sources, only, &mut problems);
    if !problems.is_empty() {
        return None;
    }
    let start = key.len() + 1;
    let place = Place {
        source,
        start,
        end: text.len(),
    };
    let leaf = Node {
        place,
        value: Value::Text(value.trim().to_owned()),
    };
    plant(&mut tree, source, leaf);
    Some(tree)
}

/// Puts a value at the end of a tree that is a single path.
fn plant(tree: &mut Tree, source: usize, leaf: Node) {
    let Some(entry) = tree.0.values_mut().next() else {
        return;
    };
    entry.key.source = source;
    if let Value::Table(inner) = &mut entry.node.value {
        entry.node.place.source = source;
        plant(inner, source, leaf);
    } else {
        entry.node = leaf;
    }
}

/// Scenario files are small; whatever is larger than this is none.
const LARGEST: u64 = 4 << 20;

/// The text of a file. A file that another one names must be a regular one: who opens a pipe waits
/// for its other end.
pub(super) fn read_text(path: &Path, named: bool) -> io::Result<String> {
    if named && !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("this is no regular file"));
    }
    let mut text = String::new();
    File::open(path)?
        .take(LARGEST + 1)
        .read_to_string(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(io::Error::other("this is larger than any scenario (4 MiB)"));
    }
    Ok(text)
}

fn unreadable(path: &Path, named: Option<&Place>, error: &io::Error) -> Problem {
    let title = format!("cannot read `{}`", path.display());
    match named {
        Some(place) => Problem::new(title)
            .at(place, error.to_string())
            .help("the path is relative to the file that extends"),
        None => Problem::new(format!("{title}: {error}")),
    }
}
