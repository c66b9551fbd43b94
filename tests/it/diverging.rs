//! The same scenario, seed and version give the same run; and where two runs part is shown.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder for the reports of one test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("cutover-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        Self(folder)
    }

    /// Simulates a small scenario; answers the run's directory.
    fn simulate(&self, name: &str, seed: u64) -> PathBuf {
        let reports = self.0.join(name);
        let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        let simulated = Command::new(env!("CARGO_BIN_EXE_cutover"))
            .arg("simulate")
            .arg(scenarios.join("rolling-with-migration-b2b.toml"))
            .args(["--set", "population.users=1500"])
            .args(["--seed", &seed.to_string()])
            .arg("--reports")
            .arg(&reports)
            .output()
            .expect("the program");
        assert!(
            matches!(simulated.status.code(), Some(0 | 1)),
            "{simulated:?}"
        );
        let mut runs = fs::read_dir(&reports).expect("reports");
        runs.next().expect("a run").expect("an entry").path()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn diff(left: &Path, right: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cutover"))
        .args(["diff", "--list", "100000"])
        .args([left, right])
        .output()
        .expect("the program")
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn two_runs_of_one_seed_are_the_same_and_of_two_seeds_are_not() {
    let folder = Folder::new("same-seed");
    let (one, again) = (folder.simulate("one", 7), folder.simulate("again", 7));
    let same = diff(&one, &again);
    assert!(told(&same).starts_with("✓ SAME: "), "{}", told(&same));
    assert_eq!(same.status.code(), Some(0));
    assert_eq!(
        fs::read(one.join("events.jsonl")).expect("a log"),
        fs::read(again.join("events.jsonl")).expect("a log"),
    );

    let other = diff(&one, &folder.simulate("other", 8));
    let text = told(&other);
    assert!(text.starts_with("✗ DIFFERENT\n  event "), "{text}");
    assert!(
        text.contains("  identity.seed\n    left   7\n    right  8\n"),
        "{text}"
    );
    assert_eq!(other.status.code(), Some(1));
}

#[test]
fn the_first_event_that_differs_is_shown_with_its_time_and_person() {
    let folder = Folder::new("tampered");
    let (one, other) = (folder.simulate("one", 7), folder.simulate("other", 7));
    let path = other.join("events.jsonl");
    let log = fs::read_to_string(&path).expect("a log");
    let mut lines: Vec<String> = log.lines().map(str::to_owned).collect();
    let line = lines
        .iter()
        .position(|line| line.contains("\"kind\":\"migrated\""))
        .expect("somebody is migrated");
    lines[line] = lines[line].replace("\"kind\":\"migrated\"", "\"kind\":\"flipped_back\"");
    lines.pop();
    fs::write(&path, lines.join("\n") + "\n").expect("a log");
    let output = diff(&one, &other);
    let text = told(&output);
    let number = format!("event {} is the first that differs:", line + 1);
    assert!(text.contains("and should not be"), "{text}");
    assert!(text.contains(&number), "{text}");
    assert!(text.contains("  migrated, "), "{text}");
    assert!(text.contains("  flipped back, "), "{text}");
    assert_eq!(output.status.code(), Some(3), "they should be the same");
}

#[test]
fn what_is_no_run_is_told_with_what_to_name() {
    let output = diff(Path::new("nowhere"), Path::new("nowhere"));
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("cannot read nowhere/events.jsonl"), "{text}");
    assert!(
        text.contains("help: name two directories of runs"),
        "{text}"
    );
}
