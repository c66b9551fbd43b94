//! Journals: written before, read after, torn, spoiled and foreign.

use super::*;
use crate::tenant::fixture::credentials;

fn user(email: &str) -> Record {
    Record::Auth0User {
        email: email.to_owned(),
    }
}

/// A journal of one record.
fn of_one(folder: &Path) -> Journal {
    let credentials = credentials("localhost:1", "localhost:2");
    let mut journal = Journal::begin(folder, &credentials, Product::Consumer).unwrap();
    journal.intend(user("a")).unwrap();
    journal
}

#[test]
fn what_was_written_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let directory = folder.path().join("new/journal");
    let credentials = credentials("localhost:1", "localhost:2");
    let mut journal = Journal::begin(&directory, &credentials, Product::B2b).unwrap();
    let numbers: Vec<u32> = ["a", "b", "c", "d"]
        .map(|email| journal.intend(user(email)).unwrap())
        .to_vec();
    journal.made(numbers[0], "auth0|1").unwrap();
    journal.made(numbers[1], "auth0|2").unwrap();
    journal.removed(numbers[1]).unwrap();
    journal.not_ours(numbers[2]).unwrap();
    assert_eq!(journal.left(), 2);

    let files = Journal::all_in(&directory).unwrap();
    assert_eq!(files, [journal.file()]);
    let in_use = Journal::open(&files[0]);
    assert!(matches!(in_use, Err(JournalError::InUse(_))), "{in_use:?}");
    let header = journal.header().clone();
    drop(journal);
    let read = Journal::open(&files[0]).unwrap();
    assert_eq!(*read.header(), header);
    assert_eq!(read.header().product(), Product::B2b);
    assert!(read.header().is_of(&credentials));
    let states: Vec<State> = read.records().map(|(_, _, state)| state.clone()).collect();
    let id = "auth0|1".to_owned();
    assert_eq!(
        states,
        [
            State::Made { id },
            State::Removed,
            State::NotOurs,
            State::Intended
        ]
    );
}

#[test]
fn a_torn_last_line_is_left_out_and_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let journal = of_one(folder.path());
    let file = journal.file().to_owned();
    drop(journal);
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{whole}{{\"intended\":{{\"num")).unwrap();
    let mut again = Journal::open(&file).unwrap();
    assert_eq!(again.records().count(), 1);
    again.intend(user("b")).unwrap();
    drop(again);
    assert_eq!(Journal::open(&file).unwrap().records().count(), 2);
}

#[test]
fn a_last_line_that_an_editor_left_without_its_end_counts() {
    let folder = tempfile::tempdir().unwrap();
    let journal = of_one(folder.path());
    let file = journal.file().to_owned();
    drop(journal);
    let whole = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("\n{}", whole.trim_end())).unwrap();
    let mut again = Journal::open(&file).unwrap();
    assert_eq!(again.left(), 1);
    again.intend(user("b")).unwrap();
    drop(again);
    assert_eq!(Journal::open(&file).unwrap().left(), 2);
}

/// A disk that is full takes half a line.
#[test]
fn what_could_not_be_written_whole_does_not_spoil_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let mut journal = of_one(folder.path());
    // Nothing can be written through this one.
    let closed = File::open(journal.file()).unwrap();
    let sound = std::mem::replace(&mut journal.writer, closed);
    let failed = journal.intend(user("b"));
    assert!(matches!(failed, Err(JournalError::Io { .. })), "{failed:?}");
    assert_eq!(journal.left(), 1, "what is not on disk is not known");
    journal.writer = sound;
    // Half a line came through all the same, and could not be taken away either.
    journal.append("{\"intended\":{\"num").unwrap();
    journal.intend(user("c")).unwrap();
    let file = journal.file().to_owned();
    drop(journal);
    assert_eq!(Journal::open(&file).unwrap().left(), 2);
}

#[test]
fn a_spoiled_journal_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.jsonl");
    for (text, line) in [
        ("{}\n", 1),
        (
            "{\"header\":{\"version\":9,\"run\":\"0123456789abcdef\",\"auth0\":\"\",\"stytch\":\"\",\"project_id\":\"\",\"b2b\":false}}\n",
            1,
        ),
        (
            "{\"header\":{\"version\":1,\"run\":\"\",\"auth0\":\"\",\"stytch\":\"\",\"project_id\":\"\",\"b2b\":false}}\n",
            1,
        ),
        (
            "{\"header\":{\"version\":1,\"run\":\"0123456789abcdef\",\"auth0\":\"\",\"stytch\":\"\",\"project_id\":\"\",\"b2b\":false}}\n{\"removed\":{\"number\":3}}\n",
            2,
        ),
    ] {
        std::fs::write(&file, text).unwrap();
        match Journal::open(&file) {
            Err(JournalError::Line { line: told, .. }) => assert_eq!(told, line, "{text}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn nothing_carries_another_runs_mark() {
    let (one, two) = (RunId::random().unwrap(), RunId::random().unwrap());
    let whole = Record::StytchPerson {
        email: format!("{}1@example.com", one.mark()),
        external_id: format!("{}1", one.mark()),
        organization: Some(format!("{}o1", one.mark())),
    };
    assert!(whole.carries(&one) && !whole.carries(&two));
    assert!(!user(PREFIX).carries(&one));
    assert!(!user("ada@example.com").carries(&one));
}

#[test]
fn a_directory_that_is_missing_holds_no_journals() {
    let folder = tempfile::tempdir().unwrap();
    let none = Journal::all_in(&folder.path().join("none")).unwrap();
    assert!(none.is_empty());
}

#[test]
fn a_journal_whose_first_line_is_torn_is_empty() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.jsonl");
    for text in ["", "\n", "{\"head", "{\"header\":{\"ver"] {
        std::fs::write(&file, text).unwrap();
        let read = Journal::open(&file);
        assert!(matches!(read, Err(JournalError::Empty(_))), "{read:?}");
        Journal::done_empty(&file).unwrap();
        assert!(!file.exists());
    }
}

/// Line ends of another kind, or something else altogether: it may hold records.
#[test]
fn a_file_of_no_whole_line_is_not_taken_for_an_empty_one() {
    let folder = tempfile::tempdir().unwrap();
    let journal = of_one(folder.path());
    let file = journal.file().to_owned();
    drop(journal);
    let text = std::fs::read_to_string(&file).unwrap();
    for text in [
        text.replace('\n', "\r"),
        text.replace('\n', ""),
        "a".to_owned(),
    ] {
        std::fs::write(&file, &text).unwrap();
        let read = Journal::open(&file);
        assert!(
            matches!(read, Err(JournalError::Line { line: 1, .. })),
            "{read:?}"
        );
        Journal::done_empty(&file).unwrap_err();
        assert!(file.exists(), "{text}");
    }
}

#[test]
fn nothing_is_put_aside_while_somebody_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x.jsonl");
    let begun = File::create(&file).unwrap();
    lock(&begun, &file).unwrap();
    let aside = Journal::done_empty(&file);
    assert!(matches!(aside, Err(JournalError::InUse(_))), "{aside:?}");
    assert!(file.exists());
}

#[test]
fn a_journal_knows_how_long_nobody_wrote_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let credentials = credentials("localhost:1", "localhost:2");
    let journal = Journal::begin(folder.path(), &credentials, Product::Consumer).unwrap();
    assert_eq!(journal.untouched(), Duration::ZERO);
    let file = journal.file().to_owned();
    let before = std::time::SystemTime::now() - Duration::from_mins(5);
    journal.writer.set_modified(before).unwrap();
    drop(journal);
    let untouched = Journal::open(&file).unwrap().untouched();
    assert!(untouched >= Duration::from_mins(5), "{untouched:?}");
}
