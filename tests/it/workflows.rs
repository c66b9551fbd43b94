//! The workflow files in `ci/`: their commands are run as they stand, on fewer people.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The program under its name, with settings that make every rehearsal small. A function, not a file:
/// a file that was just written cannot be run while a child of another test still has it open.
const SMALL: &str = r#"
cutover() {
  case "$1" in
    compare) "$CUTOVER" "$@" --set population.users=300 --seeds 2 --quick ;;
    run) "$CUTOVER" "$@" --set population.users=300 --set time.lapse=1s ;;
    *) "$CUTOVER" "$@" ;;
  esac
}
"#;

/// A folder as a CI system checks it out.
struct Checkout(PathBuf);

impl Checkout {
    fn new(test: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("cutover-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        fs::create_dir_all(folder.join("scenarios")).expect("a temporary folder");
        for entry in fs::read_dir(root.join("scenarios")).expect("the scenarios") {
            let file = entry.expect("an entry").path();
            let name = file.file_name().expect("a name");
            fs::copy(&file, folder.join("scenarios").join(name)).expect("a copy");
        }
        Self(folder)
    }

    /// Runs a script as a step of a workflow.
    fn bash(&self, script: &str) -> Output {
        Command::new("bash")
            .args(["-eo", "pipefail", "-c", &format!("{SMALL}{script}")])
            .current_dir(&self.0)
            .env("CUTOVER", env!("CARGO_BIN_EXE_cutover"))
            .env("CI_PROJECT_DIR", &self.0)
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_WORKSPACE", &self.0)
            .env("GITHUB_STEP_SUMMARY", self.0.join("step-summary.md"))
            .output()
            .expect("bash")
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).expect(name)
    }

    /// How many files a pattern of a workflow file finds.
    fn found(&self, pattern: &str) -> usize {
        let listed = self.bash(&format!("ls -d {pattern}"));
        String::from_utf8_lossy(&listed.stdout).lines().count()
    }
}

impl Drop for Checkout {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn workflow(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("ci").join(name);
    let text = fs::read_to_string(&path).expect("a workflow file");
    serde_saphyr::from_str(&text).expect("YAML")
}

fn assert_passed(output: &Output, script: &str) {
    assert!(
        output.status.success(),
        "{script}\n{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// The rehearsal over HTTP plays nothing at true speed: how late a busy machine is decides nothing.
fn assert_at_any_speed(script: &str) {
    let mut runs = script.lines().filter(|line| line.contains("cutover run"));
    assert!(
        runs.all(|run| run.contains(r#"--set "time.windows=[]""#)),
        "{script}"
    );
}

#[test]
fn the_github_workflow_runs() {
    let workflow = workflow("github-actions.yml");
    let steps = workflow["jobs"]["rehearsal"]["steps"]
        .as_array()
        .expect("steps");
    let scripts: Vec<&str> = steps
        .iter()
        .filter_map(|step| step["run"].as_str())
        .filter(|script| !script.contains("cargo "))
        .collect();
    assert_eq!(scripts.len(), 3, "two comparisons and a smoke");
    let checkout = Checkout::new("github");
    for script in scripts {
        let output = checkout.bash(script);
        assert_passed(&output, script);
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(!told.contains("::error"), "{told}");
        assert_at_any_speed(script);
    }
    let summary = checkout.read("step-summary.md");
    for name in ["compare-consumer", "compare-b2b", "zero-downtime-consumer"] {
        assert!(summary.contains(&format!("### {name}: ✓")), "{summary}");
    }
    let upload = steps
        .iter()
        .find(|step| {
            step["uses"]
                .as_str()
                .is_some_and(|uses| uses.contains("upload-artifact"))
        })
        .expect("an upload");
    let path = upload["with"]["path"].as_str().expect("a path");
    assert_eq!(checkout.found(path), 3);
}

#[test]
fn the_gitlab_workflow_runs() {
    let workflow = workflow("gitlab-ci.yml");
    let job = &workflow["rehearsal"];
    let lines = ["before_script", "script"].map(|key| job[key].as_array().expect("a script"));
    let script: Vec<&str> = lines
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let script = script.join("\n");
    assert_eq!(script.matches("cutover compare").count(), 2);
    assert_eq!(script.matches("cutover run").count(), 1);
    assert_at_any_speed(&script);
    let checkout = Checkout::new("gitlab");
    assert_passed(&checkout.bash(&script), &script);
    let reports = &job["artifacts"]["reports"];
    let pattern = |name: &str| reports[name].as_str().expect("a pattern").to_owned();
    assert_eq!(checkout.found(&pattern("junit")), 3);
    let metrics = checkout.read(&pattern("metrics"));
    assert!(metrics.starts_with("# HELP cutover_"), "{metrics}");
    assert!(metrics.ends_with("# EOF\n"), "{metrics}");
    for path in job["artifacts"]["paths"].as_array().expect("paths") {
        assert!(checkout.found(path.as_str().expect("a path")) > 0, "{path}");
    }
}

#[test]
fn a_step_that_fails_is_annotated_at_the_scenario() {
    let checkout = Checkout::new("annotated");
    let path = "scenarios/zero-downtime-consumer.toml";
    let scenario = checkout.read(path);
    let strict = scenario.replace("\"forced_logouts < 1%\"", "\"page_loads == 1\"");
    let line = strict.lines().position(|line| line.contains("page_loads"));
    let line = line.expect("the gate") + 1;
    fs::write(checkout.0.join(path), strict).expect("writable");
    let script = format!("cutover simulate {path} --set population.users=300 --summary");
    let output = checkout.bash(&script);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let annotation = format!("\n::error file={path},line={line},title=page_loads == 1::");
    assert!(told.contains(&annotation), "{told}");
    assert!(checkout.read("step-summary.md").contains("✗ GATE FAILED"));
}

#[test]
fn a_baseline_is_made_and_held_and_refused() {
    let checkout = Checkout::new("baseline");
    let rolling = "scenarios/rolling-consumer.toml --set population.users=300";
    let gate = "--set 'gates.require=[\"forced_logouts <= baseline + 10%\"]'";
    let code = |script: &str| {
        let output = checkout.bash(script);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), told)
    };
    let (missing, _) = code(&format!("cutover simulate {rolling} {gate}"));
    assert_eq!(
        missing,
        Some(1),
        "a gate without its baseline does not hold"
    );
    let (made, told) = code("cutover baseline write reports/*-*/ -o baselines/rolling.json");
    assert_eq!(made, Some(0), "{told}");
    let held = format!("cutover simulate {rolling} {gate} --baseline baselines/rolling.json");
    let (held, told) = code(&held);
    assert_eq!(held, Some(0), "{told}");
    let runs = checkout.found("reports/*-*/");
    let other =
        format!("cutover simulate {rolling} {gate} --seed 9 --baseline baselines/rolling.json");
    let (refused, told) = code(&other);
    assert_eq!(refused, Some(2), "{told}");
    assert!(
        told.contains("it was made with seed 1, and this is seed 9"),
        "{told}"
    );
    assert_eq!(checkout.found("reports/*-*/"), runs, "nothing ran");
}
