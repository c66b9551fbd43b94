//! The program itself: killed in the middle, cleaned up after, refused where nobody consented.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use super::standin::{Holdings, Setup, StandIn};

/// The program with credentials of the stand-ins and nothing else in its environment.
fn cutover(stand_in: &StandIn, folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cutover"));
    command
        .env_clear()
        .envs(stand_in.environment())
        .args(args)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

async fn run(mut command: Command) -> Output {
    let output = tokio::task::spawn_blocking(move || command.output());
    output.await.expect("no panic").expect("the program starts")
}

fn text(output: &Output) -> String {
    let part = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    part(&output.stdout) + &part(&output.stderr)
}

/// Kills the doctor as soon as the providers hold so many records more than before.
async fn killed_after(stand_in: &StandIn, folder: &Path, records: usize) -> Holdings {
    let count = |held: &Holdings| held.auth0.len() + held.stytch.len();
    let before = stand_in.holdings();
    let args = ["doctor", "--auth0-rate", "5000", "--stytch-rate", "5000"];
    let mut child = cutover(stand_in, folder, &args)
        .spawn()
        .expect("the program starts");
    loop {
        if count(&stand_in.holdings()) >= count(&before) + records {
            // SIGKILL: nothing of the program runs any more.
            child.kill().expect("a child that can be killed");
        }
        if child.try_wait().expect("a child").is_some() {
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
        let before = killed_after(&stand_in, folder.path(), records).await;
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_prints_no_secret() {
    let stand_in = StandIn::start(Setup::default()).await;
    let folder = tempfile::tempdir().unwrap();
    for json in [&["--json"][..], &[]] {
        let args = [&["doctor", "--auth0-rate", "1000"], json].concat();
        let seen = run(cutover(&stand_in, folder.path(), &args)).await;
        let told = text(&seen);
        assert!(told.contains("stytch migrate session"), "{told}");
        for (name, value) in stand_in.environment() {
            let secret = name.ends_with("SECRET");
            assert!(!secret || !told.contains(&value), "{name} in {told}");
        }
        assert!(!told.contains("eyJ"), "a token in {told}");
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
