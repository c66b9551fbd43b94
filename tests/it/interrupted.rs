//! Ctrl-C, for real: a signal to the program itself.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A comparison that would take long, once it has begun.
fn begun(reports: &PathBuf) -> Child {
    let _ = std::fs::remove_dir_all(reports);
    let child = Command::new(env!("CARGO_BIN_EXE_cutover"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "compare",
            "scenarios/compare-consumer.toml",
            "--quick",
            "--seeds",
            "1000",
        ])
        .args(["--set", "population.users=2000", "--reports"])
        .arg(reports)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let deadline = Instant::now() + Duration::from_mins(1);
    // Signals are caught before the directory is made.
    while std::fs::read_dir(reports).map_or(0, Iterator::count) == 0 {
        assert!(Instant::now() < deadline, "no directory of the run");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

#[test]
fn a_comparison_that_is_stopped_at_once_says_so_and_leaves_nothing() {
    let reports = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("interrupted");
    let child = begun(&reports);
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.expect("kill").success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("stopped before every strategy"), "{told}");
    assert_eq!(std::fs::read_dir(&reports).expect("it was made").count(), 0);
}
