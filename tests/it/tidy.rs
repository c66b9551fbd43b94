//! The shape of the code: who may import whom, where clocks and sockets are, how long a file is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A file may be somewhat longer than the five hundred lines that it should have.
const LONGEST: usize = 600;

/// Words of clocks, sockets and dice.
const OUTSIDE_WORLD: [&str; 7] = [
    "std::time::Instant",
    "std::time::SystemTime",
    "std::time::{Instant",
    "std::net::",
    "tokio::",
    "reqwest::",
    "rand::",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All Rust files below a folder, relative to the repository, in order.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(root()).expect("below the root");
                found.push(relative.to_owned());
            }
        }
    }
    found.sort();
    found
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(root().join(path)).expect("a readable file")
}

/// A file's code as it ships: without comments and tests.
fn shipped(path: &Path) -> String {
    let name = path.file_stem().and_then(|name| name.to_str());
    if matches!(name, Some("tests" | "fixture"))
        || path.components().any(|part| part.as_os_str() == "tests")
    {
        return String::new();
    }
    let text = text(path);
    let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or("");
    let lines = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The module of the root package that a file belongs to.
fn module(path: &Path) -> String {
    let part = path.components().nth(1).expect("a file below src");
    let name = part.as_os_str().to_string_lossy();
    name.trim_end_matches(".rs").to_owned()
}

/// Modules that code names as `crate::…`.
fn uses(code: &str) -> Vec<&str> {
    let after = code.split("crate::").skip(1);
    after
        .map(|rest| {
            let end = rest.find(|c: char| c != '_' && !c.is_ascii_alphanumeric());
            &rest[..end.unwrap_or(rest.len())]
        })
        .collect()
}

/// What each module may use, as `ARCHITECTURE.md` says.
fn allowed() -> BTreeMap<String, String> {
    let text = text(Path::new("ARCHITECTURE.md"));
    let table = text
        .split("| module | may use |")
        .nth(1)
        .expect("the table");
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    rows.map(|row| {
        let mut cells = row.trim_matches('|').splitn(2, '|');
        let mut cell = || cells.next().expect("two cells").trim().to_owned();
        (cell().trim_matches('`').to_owned(), cell())
    })
    .collect()
}

#[test]
fn imports_point_one_way() {
    let allowed = allowed();
    assert!(allowed.len() > 10, "{allowed:?}");
    let mut wrong = Vec::new();
    for path in files("src") {
        let module = module(&path);
        if matches!(module.as_str(), "lib" | "main" | "cli") {
            continue;
        }
        let Some(may) = allowed.get(&module) else {
            wrong.push(format!("{module} is not in the table"));
            continue;
        };
        for used in uses(&shipped(&path)) {
            if used != module && !may.contains(&format!("`{used}`")) {
                wrong.push(format!("{}: crate::{used}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn clocks_sockets_and_dice_stay_at_the_edge() {
    let edge = [
        "src/driver/http",
        "src/cli",
        "src/tenant",
        "mocks/src/http",
        "mocks/src/main.rs",
    ];
    let inner = |path: &PathBuf| !edge.iter().any(|edge| path.starts_with(edge));
    let mut wrong = Vec::new();
    for path in files("src")
        .into_iter()
        .chain(files("mocks/src"))
        .filter(inner)
    {
        let code = shipped(&path);
        for word in OUTSIDE_WORLD {
            let own = |(at, _): (usize, &str)| {
                let before = code[..at].chars().next_back();
                before.is_none_or(|c| c != '_' && !c.is_ascii_alphanumeric())
            };
            if code.match_indices(word).any(own) {
                wrong.push(format!("{}: {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn files_are_short_and_say_what_they_own() {
    let mut wrong = Vec::new();
    let folders = ["src", "mocks/src", "mocks/tests", "tests"];
    for path in folders.into_iter().flat_map(files) {
        let text = text(&path);
        let lines = text.lines().count();
        if lines > LONGEST {
            wrong.push(format!("{}: {lines} lines", path.display()));
        }
        if !text.starts_with("//!") {
            wrong.push(format!("{}: no word on what it owns", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
