//! The program itself: killed in the middle, cleaned up after, refused where nobody consented.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use super::secrets;
use super::standin::{Holdings, Setup, StandIn};
use super::window::write_scenario;

/// The program with credentials of the stand-ins and nothing else in its environment.
pub(super) fn cutover(stand_in: &StandIn, folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cutover"));
    command
        .env_clear()
        .envs(stand_in.environment())
        // Whatever logs anything logs all that it has.
        .env("RUST_LOG", "trace")
        .env("RUST_BACKTRACE", "full")
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub(super) async fn run(mut command: Command) -> Output {
    let output = tokio::task::spawn_blocking(move || command.output());
    output.await.expect("no panic").expect("the program starts")
}

pub(super) fn text(output: &Output) -> String {
    let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    part(&output.stdout) + &part(&output.stderr)
}

/// How a command is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum By {
    Kill,
    Interrupt,
}

/// A minute later: nothing that a command asked for is still to come.
fn age_journals(folder: &Path) {
    for entry in std::fs::read_dir(folder.join("cutover-journal")).expect("journals") {
        let file = std::fs::File::options()
            .append(true)
            .open(entry.expect("an entry").path())
            .expect("a journal");
        let before = std::time::SystemTime::now() - Duration::from_mins(1);
        file.set_modified(before).expect("a time");
    }
}

/// Ends a command as soon as the providers hold so many records more than before.
async fn ended_after(
    stand_in: &StandIn,
    folder: &Path,
    args: &[&str],
    (records, by): (usize, By),
) -> Holdings {
    let count = |held: &Holdings| held.auth0.len() + held.stytch.len();
    let before = stand_in.holdings();
    let mut child = cutover(stand_in, folder, args)
        .spawn()
        .expect("the program starts");
    let mut asked = false;
    loop {
        if !asked && count(&stand_in.holdings()) >= count(&before) + records {
            asked = true;
            match by {
                // SIGKILL: nothing of the program runs any more.
                By::Kill => child.kill().expect("a child that can be killed"),
                By::Interrupt => {
                    let mut interrupt = Command::new("kill");
                    interrupt.args(["-INT", &child.id().to_string()]);
                    interrupt.status().expect("kill is there");
                }
            }
        }
        if child.try_wait().expect("a child").is_some() {
            age_journals(folder);
            return before;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_kill_9_cleanup_leaves_what_was_there_before() {
    for records in 1..=2 {
        let stand_in = StandIn::start(Setup::default()).await;
        let folder = tempfile::tempdir().unwrap();
        let doctor = ["doctor", "--auth0-rate", "5000", "--stytch-rate", "5000"];
        let before = ended_after(&stand_in, folder.path(), &doctor, (records, By::Kill)).await;
        let cleaned = run(cutover(
            &stand_in,
            folder.path(),
            &["cleanup", "--auth0-rate", "1000"],
        ))
        .await;
        assert!(cleaned.status.success(), "{}", text(&cleaned));
        assert_eq!(stand_in.holdings(), before, "{}", text(&cleaned));
        let again = run(cutover(&stand_in, folder.path(), &["cleanup"])).await;
        assert!(
            text(&again).contains("nothing to remove"),
            "{}",
            text(&again)
        );
    }
}

const RUN: [&str; 8] = [
    "run",
    "trial.toml",
    "--window=everybody",
    "--people=8",
    "--auth0-rate=60",
    "--stytch-rate=200",
    "--reports=reports",
    "--carriers=4",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_killed_anywhere_can_be_cleaned_up_after() {
    // In the middle of making people; and when all are made, while sessions are opened or play.
    for records in [3, 10, 16] {
        let stand_in = StandIn::start(Setup::default()).await;
        let folder = tempfile::tempdir().expect("a directory");
        write_scenario(folder.path(), "consumer", "zero-downtime");
        let before = ended_after(&stand_in, folder.path(), &RUN, (records, By::Kill)).await;
        assert_ne!(stand_in.holdings(), before, "it was killed in the middle");
        secrets::none_in(&stand_in, folder.path());
        let cleanup = ["cleanup", "--auth0-rate=500", "--stytch-rate=500"];
        let cleaned = run(cutover(&stand_in, folder.path(), &cleanup)).await;
        assert!(cleaned.status.success(), "{}", text(&cleaned));
        assert_eq!(stand_in.holdings(), before, "{}", text(&cleaned));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_interrupted_cleans_up_itself() {
    for records in [3, 16] {
        let stand_in = StandIn::start(Setup::default()).await;
        let folder = tempfile::tempdir().expect("a directory");
        write_scenario(folder.path(), "consumer", "zero-downtime");
        let before = ended_after(&stand_in, folder.path(), &RUN, (records, By::Interrupt)).await;
        assert_eq!(stand_in.holdings(), before);
        secrets::none_in(&stand_in, folder.path());
    }
}

/// The disk is full in the middle: nothing more is made, and what was made is removed.
#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_ends_a_run_and_leaves_nothing() {
    let stand_in = StandIn::start(Setup::default()).await;
    let folder = tempfile::tempdir().expect("a directory");
    write_scenario(folder.path(), "consumer", "zero-downtime");
    let before = stand_in.holdings();
    let program = cutover(&stand_in, folder.path(), &RUN);
    let mut limited = Command::new("sh");
    // A file takes a kilobyte or so, as the shell counts; then writing fails.
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 2; exec \"$0\" \"$@\""])
        .arg(program.get_program())
        .args(program.get_args())
        .env_clear()
        .envs(
            program
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        )
        .current_dir(folder.path());
    let seen = run(limited).await;
    assert_eq!(seen.status.code(), Some(5), "{}", text(&seen));
    assert!(text(&seen).contains("the journal"), "{}", text(&seen));
    age_journals(folder.path());
    let cleaned = run(cutover(
        &stand_in,
        folder.path(),
        &["cleanup", "--auth0-rate=500"],
    ))
    .await;
    assert!(cleaned.status.success(), "{}", text(&cleaned));
    assert_eq!(stand_in.holdings(), before);
    secrets::none_told(&stand_in, &seen);
}

/// A journal that cannot be read, and one of another project, keep nobody from the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cleanup_goes_on_with_other_journals() {
    let stand_in = StandIn::start(Setup::default()).await;
    let other = StandIn::start(Setup::default()).await;
    let folder = tempfile::tempdir().expect("a directory");
    let doctor = ["doctor", "--auth0-rate", "5000", "--stytch-rate", "5000"];
    let elsewhere = ended_after(&other, folder.path(), &doctor, (1, By::Kill)).await;
    let before = ended_after(&stand_in, folder.path(), &doctor, (1, By::Kill)).await;
    let journals = folder.path().join("cutover-journal");
    std::fs::write(journals.join("0.jsonl"), "spoiled\n").expect("a file");
    std::fs::write(journals.join("1.jsonl"), "").expect("a file");
    let there = other.holdings();
    assert_ne!(there, elsewhere, "it was killed in the middle");
    let cleanup = ["cleanup", "--auth0-rate=500", "--stytch-rate=500"];
    let seen = run(cutover(&stand_in, folder.path(), &cleanup)).await;
    assert_eq!(seen.status.code(), Some(5), "{}", text(&seen));
    for told in ["0.jsonl, line 1", "1.jsonl holds nothing", "are for others"] {
        assert!(text(&seen).contains(told), "{told}: {}", text(&seen));
    }
    assert_eq!(stand_in.holdings(), before);
    assert_eq!(other.holdings(), there, "nothing of another tenant");
    std::fs::remove_file(journals.join("0.jsonl")).expect("it is there");
    let seen = run(cutover(&other, folder.path(), &cleanup)).await;
    assert!(seen.status.success(), "{}", text(&seen));
    assert_eq!(other.holdings(), elsewhere);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_to_live_credentials_needs_consent() {
    let stand_in = StandIn::start(Setup::default()).await;
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::write(folder.path().join(".env-live"), "").expect("a file");
    std::os::unix::fs::symlink(".env-live", folder.path().join(".env-test")).expect("a link");
    let seen = run(cutover(&stand_in, folder.path(), &["doctor"])).await;
    assert_eq!(seen.status.code(), Some(2), "{}", text(&seen));
    assert!(
        text(&seen).contains("--i-consent-to-live"),
        "{}",
        text(&seen)
    );
    assert_eq!(stand_in.requests(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_sends_nothing() {
    let stand_in = StandIn::start(Setup::default()).await;
    let folder = tempfile::tempdir().expect("a directory");
    write_scenario(folder.path(), "consumer", "zero-downtime");
    let args = [&RUN[..], &["--dry-run"]].concat();
    let seen = run(cutover(&stand_in, folder.path(), &args)).await;
    assert!(seen.status.success(), "{}", text(&seen));
    assert!(
        text(&seen).contains("creates 8 test people"),
        "{}",
        text(&seen)
    );
    assert_eq!(stand_in.requests(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_prints_no_secret() {
    let stand_in = StandIn::start(Setup::default()).await;
    let folder = tempfile::tempdir().unwrap();
    for json in [&["--json"][..], &[]] {
        let args = [&["doctor", "--auth0-rate", "1000"], json].concat();
        let seen = run(cutover(&stand_in, folder.path(), &args)).await;
        let told = text(&seen);
        assert!(told.contains("stytch migrate session"), "{told}");
        secrets::none_told(&stand_in, &seen);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn live_credentials_are_refused_before_anything_is_sent() {
    let stand_in = StandIn::start(Setup::default()).await;
    let folder = tempfile::tempdir().unwrap();
    for (name, value, told) in [
        ("STYTCH_PROJECT_ID", "project-live-1", "a live project"),
        ("STYTCH_SECRET", "secret-live-1", "a live secret"),
        (
            "STYTCH_API_URL",
            "https://api.stytch.com",
            "not test.stytch.com",
        ),
        ("AUTH0_DOMAIN", "login.shop.example", "not of *.auth0.com"),
    ] {
        for command in [&["doctor"][..], &["doctor", "--i-consent-to-auth0-load"]] {
            let mut command = cutover(&stand_in, folder.path(), command);
            // Consent in the environment is none.
            command.env(name, value).env("I_CONSENT_TO_LIVE", "true");
            let seen = run(command).await;
            assert_eq!(seen.status.code(), Some(2), "{}", text(&seen));
            assert!(text(&seen).contains(told), "{}", text(&seen));
            assert!(
                text(&seen).contains("--i-consent-to-live"),
                "{}",
                text(&seen)
            );
        }
    }
    let live = folder.path().join(".env-live");
    std::fs::write(&live, "STYTCH_PROJECT_ID=project-test-1\n").unwrap();
    let seen = run(cutover(
        &stand_in,
        folder.path(),
        &["doctor", "--env-file", ".env-live"],
    ))
    .await;
    assert_eq!(seen.status.code(), Some(2), "{}", text(&seen));
    assert!(text(&seen).contains(".env-live"), "{}", text(&seen));
    let ledger = stand_in.requests();
    assert_eq!(ledger, 0, "nothing was sent");
}
