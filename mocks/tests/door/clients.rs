//! Programs in other languages in front of the mocks: the examples of the documentation, and a
//! fuzzer that reads the published description.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use cutover_mocks::http::server::Limits;

use super::scene::{Scene, Scratch};

const DOCUMENT: &str = include_str!("../../../docs/mock.md");

/// The code blocks of a language.
fn examples(language: &str) -> Vec<&'static str> {
    let blocks = DOCUMENT.split("```").skip(1).step_by(2);
    let named = blocks.filter_map(|block| block.split_once('\n'));
    named
        .filter(|(name, _)| *name == language)
        .map(|(_, code)| code)
        .collect()
}

/// Says that a test did not run, where its program is not installed.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
fn skipped(program: &str) {
    eprintln!("skipped: {program} is not installed");
}

fn is_there(program: &Path) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}

/// Runs a program while the mocks are served.
async fn run(mut command: Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap()
}

async fn runs(program: &str, language: &str, ending: &str) {
    if !is_there(Path::new(program)) {
        return skipped(program);
    }
    let scene = Scene::new(Limits::default()).await;
    let scratch = Scratch::new();
    std::fs::create_dir_all(&scratch.0).unwrap();
    let admin = scene.admin_url.replace("http://", "");
    let examples = examples(language);
    assert!(!examples.is_empty(), "there is an example in {language}");
    for example in examples {
        let code = example
            .replace("127.0.0.1:8480", &scene.auth0())
            .replace("127.0.0.1:8481", &scene.stytch())
            .replace("127.0.0.1:8482", &admin);
        let file = scratch.0.join(format!("example.{ending}"));
        std::fs::write(&file, code).unwrap();
        let mut command = Command::new(program);
        command.arg(&file);
        let output = run(command).await;
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_javascript_example_of_the_documentation_runs() {
    runs("node", "js", "mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_example_of_the_documentation_runs() {
    runs("python3", "python", "py").await;
}

/// Schemathesis makes valid and invalid requests from the description and checks every answer
/// against it. `.ci/run` installs it; `SCHEMATHESIS` names it elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn the_admin_interface_is_as_it_describes_itself() {
    let installed = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../target/ci-python/bin/schemathesis"
    ));
    let named = std::env::var_os("SCHEMATHESIS").map(PathBuf::from);
    let program = named.unwrap_or(installed);
    if !is_there(&program) {
        return skipped("schemathesis");
    }
    let scene = Scene::new(Limits::default()).await;
    let scratch = Scratch::new();
    std::fs::create_dir_all(&scratch.0).unwrap();
    let mut command = Command::new(program);
    command
        .current_dir(&scratch.0)
        .args(["run", &format!("{}/openapi.json", scene.admin_url)])
        .args(["--url", &scene.admin_url])
        .args(["--phases", "examples,coverage,fuzzing"])
        .args(["--max-examples", "10", "--seed", "1"])
        // It cannot write lines of JSON.
        .args(["--exclude-path", "/people.ndjson"]);
    let output = run(command).await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
