//! The directory of one run: made before the run, so that a disk that cannot be written fails early.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::outcome::Moment;

/// Runs that may begin in one second with the same scenario and seed.
const MOST_TWINS: u32 = 1_000;

/// A run's own directory: `reports/<scenario>-<seed>-<timestamp>/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDirectory {
    path: PathBuf,
}

/// Why reports cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum DirectoryError {
    /// The directory cannot be made or written to.
    #[error("cannot write reports to {}: {source}", path.display())]
    Unusable {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The disk is full.
    #[error("cannot write {}: the disk is full", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// A file cannot be written.
    #[error("cannot write {}: {source}", path.display())]
    Unwritten {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl RunDirectory {
    /// Makes the directory and proves that files can be written in it.
    pub fn create(
        reports: &Path,
        scenario: &str,
        seed: u64,
        started: Moment,
    ) -> Result<Self, DirectoryError> {
        let unusable = |source: io::Error| DirectoryError::Unusable {
            path: reports.to_owned(),
            source,
        };
        fs::create_dir_all(reports).map_err(unusable)?;
        let name = format!("{}-{seed}-{}", file_name(scenario), started.compact());
        let path = make(reports, &name).map_err(unusable)?;
        let probe = path.join(".probe");
        fs::write(&probe, b"probe")
            .and_then(|()| fs::remove_file(&probe))
            .map_err(unusable)?;
        Ok(Self { path })
    }

    /// Takes it away again, where nothing was written into it.
    pub fn discard(self) {
        // Only an empty directory goes; that it stays is no harm.
        let _ = fs::remove_dir(&self.path);
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a file: beside its place first, then moved there, so that nobody reads half of it.
    pub fn write(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), DirectoryError> {
        let path = self.path.join(name);
        let beside = self.path.join(format!(".{name}.part"));
        let written = File::create(&beside)
            .and_then(|file| {
                let mut out = BufWriter::new(file);
                write(&mut out)?;
                out.flush()
            })
            .and_then(|()| fs::rename(&beside, &path));
        written.map_err(|source| {
            // What is half written helps nobody; the error that counts is the first one.
            let _ = fs::remove_file(&beside);
            failure(path, source)
        })
    }
}

fn failure(path: PathBuf, source: io::Error) -> DirectoryError {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => DirectoryError::Full { path },
        _ => DirectoryError::Unwritten { path, source },
    }
}

/// Makes a new directory of this name, or with a number behind it where one of the name exists.
fn make(reports: &Path, name: &str) -> io::Result<PathBuf> {
    for twin in 1..=MOST_TWINS {
        let path = match twin {
            1 => reports.join(name),
            _ => reports.join(format!("{name}-{twin}")),
        };
        match fs::create_dir(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(
        io::ErrorKind::AlreadyExists,
        format!("{name} exists {MOST_TWINS} times"),
    ))
}

/// A scenario's name as part of a file name.
fn file_name(scenario: &str) -> String {
    let keep = |c: char| {
        if c.is_ascii_alphanumeric() || c == '_' {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    // A file system allows 255 bytes; a seed and a moment follow.
    scenario.chars().map(keep).take(LONGEST_NAME).collect()
}

/// Characters of a scenario's name that its run's directory keeps.
const LONGEST_NAME: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::fixture::START;

    fn temporary(test: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("cutover-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    #[test]
    fn runs_of_one_second_get_directories_of_their_own() {
        let reports = temporary("twins");
        let first =
            RunDirectory::create(&reports, "a/b C", 7, Moment::new(START)).expect("writable");
        let second =
            RunDirectory::create(&reports, "a/b C", 7, Moment::new(START)).expect("writable");
        assert_eq!(first.path(), reports.join("a-b-c-7-20260302T000000Z"));
        assert_eq!(second.path(), reports.join("a-b-c-7-20260302T000000Z-2"));
        fs::remove_dir_all(&reports).expect("ours");
    }

    #[test]
    fn a_place_that_cannot_be_written_fails_before_the_run() {
        let reports = temporary("file");
        fs::write(&reports, b"a file where a directory should be").expect("writable");
        let error = RunDirectory::create(&reports, "a", 1, Moment::new(START)).expect_err("a file");
        assert!(
            error.to_string().starts_with("cannot write reports to "),
            "{error}"
        );
        fs::remove_file(&reports).expect("ours");
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let reports = temporary("whole");
        let directory =
            RunDirectory::create(&reports, "a", 1, Moment::new(START)).expect("writable");
        let full = |out: &mut dyn Write| {
            out.write_all(b"half of")?;
            Err(io::Error::from(io::ErrorKind::StorageFull))
        };
        let error = directory.write("outcome.json", full).expect_err("full");
        assert!(
            error
                .to_string()
                .ends_with("outcome.json: the disk is full"),
            "{error}"
        );
        assert_eq!(fs::read_dir(directory.path()).expect("ours").count(), 0);
        directory
            .write("outcome.json", |out| out.write_all(b"{}"))
            .expect("writable");
        assert_eq!(
            fs::read(directory.path().join("outcome.json")).expect("written"),
            b"{}"
        );
        assert_eq!(fs::read_dir(directory.path()).expect("ours").count(), 1);
        fs::remove_dir_all(&reports).expect("ours");
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_device_that_is_full_is_told_as_a_full_disk() {
        let mut out = File::options()
            .write(true)
            .open("/dev/full")
            .expect("Linux has it");
        let error = out.write_all(b"x").expect_err("it is full");
        let told = failure(PathBuf::from("reports/a/outcome.json"), error);
        assert_eq!(
            told.to_string(),
            "cannot write reports/a/outcome.json: the disk is full"
        );
    }
}
