//! What GitHub Actions reads of a program that runs in it: annotations among its output, and a
//! summary in a file that the environment names.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Component, Path, PathBuf};

use super::{Failure, ResultArgs, print, say};
use crate::report::Annotation;

/// Bytes that a step's summary may have; GitHub drops a larger one as a whole.
const MOST: u64 = 1024 * 1024;

/// What ends a summary that is cut off.
const CUT: &str =
    "\n*The summary is longer than GitHub shows; the rest is in `summary.md` of the report.*\n";

/// Tells GitHub what keeps a run from passing, where this is a step of it, and appends the summary to
/// the step's where that is wanted.
pub(super) fn tell(
    args: &ResultArgs,
    annotations: &[Annotation],
    summary: &str,
) -> Result<(), Failure> {
    if std::env::var("GITHUB_ACTIONS").is_ok_and(|value| value == "true") {
        for annotation in annotations {
            let line = in_workspace(annotation).to_string();
            // Standard output is the outcome's when JSON is asked for; GitHub reads both.
            if args.json {
                say(&line);
            } else {
                print(&line)?;
            }
        }
    }
    let file = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
    match file {
        Some(path) if args.summary => append(Path::new(&path), summary, MOST).map_err(|error| {
            let path = Path::new(&path).display();
            Failure::environment(format!("cannot append the summary to {path}: {error}"))
        }),
        Some(_) | None => Ok(()),
    }
}

/// The annotation with its file as GitHub knows it: relative to the workspace.
fn in_workspace(annotation: &Annotation) -> Annotation {
    let here = std::env::current_dir().ok();
    let workspace = std::env::var_os("GITHUB_WORKSPACE").map(PathBuf::from);
    let within = here
        .zip(workspace)
        .and_then(|(here, workspace)| within(&annotation.file, &here, &workspace));
    Annotation {
        file: within.unwrap_or_else(|| annotation.file.clone()),
        ..annotation.clone()
    }
}

/// A file relative to a folder that holds it.
fn within(file: &str, here: &Path, folder: &Path) -> Option<String> {
    let mut path = PathBuf::new();
    for component in here.join(file).components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                path.pop();
            }
            other => path.push(other),
        }
    }
    let within = path.strip_prefix(folder).ok()?;
    Some(within.to_string_lossy().into_owned())
}

/// Appends a text to a file, as much of it as keeps the file within so many bytes.
fn append(path: &Path, text: &str, most: u64) -> io::Result<()> {
    let mut file = File::options()
        .read(true)
        .append(true)
        .create(true)
        .open(path)?;
    let length = file.metadata()?.len();
    let mut gap = "";
    if length > 0 {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        gap = if last == *b"\n" { "\n" } else { "\n\n" };
    }
    let room = most.saturating_sub(length + gap.len() as u64);
    let fitting = fitting(text, usize::try_from(room).unwrap_or(usize::MAX));
    if !fitting.is_empty() {
        file.write_all([gap, &fitting].concat().as_bytes())?;
    }
    Ok(())
}

/// As many whole lines of a text as fit into so many bytes, with a word of it when some do not;
/// nothing where not even that fits.
fn fitting(text: &str, room: usize) -> String {
    if text.len() <= room {
        return text.to_owned();
    }
    let Some(room) = room.checked_sub(CUT.len()) else {
        return String::new();
    };
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if end + line.len() > room {
            break;
        }
        end += line.len();
    }
    [&text[..end], CUT].concat()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn temporary(test: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("cutover-{test}-{}.md", std::process::id()));
        let _ = fs::remove_file(&path);
        path
    }

    #[test]
    fn summaries_of_one_step_stand_one_behind_the_other() {
        let path = temporary("appended");
        append(&path, "### one\n", MOST).expect("writable");
        append(&path, "### two\n", MOST).expect("writable");
        let text = fs::read_to_string(&path).expect("written");
        assert_eq!(text, "### one\n\n### two\n");
        fs::write(&path, "no end of line").expect("writable");
        append(&path, "### one\n", MOST).expect("writable");
        let text = fs::read_to_string(&path).expect("written");
        assert_eq!(text, "no end of line\n\n### one\n");
        fs::remove_file(&path).expect("ours");
    }

    #[test]
    fn a_summary_is_cut_at_the_end_of_a_line_and_says_so() {
        let line = "| ✓ holds | `lockouts == 0` |\n";
        let long = line.repeat(60_000);
        assert!(long.len() as u64 > MOST);
        let path = temporary("cut");
        append(&path, "### before\n", MOST).expect("writable");
        append(&path, &long, MOST).expect("writable");
        let text = fs::read_to_string(&path).expect("UTF-8, for no line is cut within");
        assert!(text.len() as u64 <= MOST, "{} bytes", text.len());
        assert!(
            text.len() as u64 > MOST - 2 * line.len() as u64,
            "{} bytes",
            text.len()
        );
        let kept = text.strip_suffix(CUT).expect("it says so");
        assert!(kept.ends_with(line));

        append(&path, &long, MOST).expect("writable");
        let again = fs::read_to_string(&path).expect("UTF-8");
        assert_eq!(again, text, "a full summary stays as it is");
        fs::remove_file(&path).expect("ours");
    }

    #[test]
    fn what_does_not_fit_at_all_is_left_out() {
        assert_eq!(fitting("abc\n", 4), "abc\n");
        assert_eq!(fitting("abc\n", 3), "");
        let two = format!("{}\nb\n", "a".repeat(CUT.len()));
        assert_eq!(fitting(&two, CUT.len()), CUT);
    }

    #[test]
    fn files_are_told_relative_to_the_workspace() {
        let (here, workspace) = (Path::new("/w/app/load"), Path::new("/w/app"));
        let told = |file: &str| within(file, here, workspace);
        assert_eq!(told("a.toml").as_deref(), Some("load/a.toml"));
        assert_eq!(told("./../a.toml").as_deref(), Some("a.toml"));
        assert_eq!(told("/w/app/x/a.toml").as_deref(), Some("x/a.toml"));
        assert_eq!(told("/elsewhere/a.toml"), None);
    }
}
