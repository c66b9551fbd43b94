//! The journal: what will be created, written down and on disk before it is created, so that it can
//! be removed whatever happens in between.
//!
//! One file for each command that creates something, one JSON object a line. No secret is in it.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::client::Provider;
use super::credentials::Credentials;
use super::secret::{NoRandomness, random_hex};
use super::stytch::Product;

/// Every address, external id and slug of a test record begins so.
pub const PREFIX: &str = "cutover-rehearsal-";

/// Where journals are kept unless another directory is named.
pub const DEFAULT_DIRECTORY: &str = "cutover-journal";

/// A version of the format.
const VERSION: u32 = 1;

/// What a record is, and how it is found again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Record {
    /// A user at the legacy provider.
    Auth0User {
        /// Their address.
        email: String,
    },
    /// A user or member at the new provider.
    StytchPerson {
        /// Their address.
        email: String,
        /// What the application calls them.
        external_id: String,
        /// The slug of their organization.
        organization: Option<String>,
    },
    /// An organization at the new provider.
    StytchOrganization {
        /// Its slug.
        slug: String,
    },
}

impl Record {
    /// Where it is.
    pub fn provider(&self) -> Provider {
        match self {
            Self::Auth0User { .. } => Provider::Auth0,
            Self::StytchPerson { .. } | Self::StytchOrganization { .. } => Provider::Stytch,
        }
    }

    /// Whether everything that names it carries the mark of this run.
    pub fn carries(&self, run: &RunId) -> bool {
        let mark = run.mark();
        match self {
            Self::Auth0User { email } => email.starts_with(&mark),
            Self::StytchPerson {
                email,
                external_id,
                organization,
            } => {
                email.starts_with(&mark)
                    && external_id.starts_with(&mark)
                    && organization
                        .as_ref()
                        .is_none_or(|slug| slug.starts_with(&mark))
            }
            Self::StytchOrganization { slug } => slug.starts_with(&mark),
        }
    }
}

impl std::fmt::Display for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Auth0User { email } => write!(f, "Auth0 user {email}"),
            Self::StytchPerson {
                email,
                organization: None,
                ..
            } => write!(f, "Stytch user {email}"),
            Self::StytchPerson {
                email,
                organization: Some(slug),
                ..
            } => write!(f, "Stytch member {email} of {slug}"),
            Self::StytchOrganization { slug } => write!(f, "Stytch organization {slug}"),
        }
    }
}

/// A run: 64 random bits, so that no two runs and nobody else use the same names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(String);

impl RunId {
    /// A new one.
    pub fn random() -> Result<Self, NoRandomness> {
        Ok(Self(random_hex::<8>()?))
    }

    /// What all names of the run begin with.
    pub fn mark(&self) -> String {
        format!("{PREFIX}{}-", self.0)
    }

    /// The id itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_sound(&self) -> bool {
        self.0.len() == 16 && self.0.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

/// Whom a journal is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the format.
    version: u32,
    /// The run.
    pub run: RunId,
    /// The tenant's address.
    pub auth0: String,
    /// The project's address.
    pub stytch: String,
    /// The project.
    pub project_id: String,
    /// Its product.
    pub b2b: bool,
}

impl Header {
    fn new(run: RunId, credentials: &Credentials, product: Product) -> Self {
        Self {
            version: VERSION,
            run,
            auth0: credentials.auth0.base.as_str().to_owned(),
            stytch: credentials.stytch.base.as_str().to_owned(),
            project_id: credentials.stytch.project_id.clone(),
            b2b: product == Product::B2b,
        }
    }

    /// The product of the project.
    pub fn product(&self) -> Product {
        if self.b2b {
            Product::B2b
        } else {
            Product::Consumer
        }
    }

    /// Whether these credentials reach what the journal is about.
    pub fn is_of(&self, credentials: &Credentials) -> bool {
        self.auth0 == credentials.auth0.base.as_str()
            && self.stytch == credentials.stytch.base.as_str()
            && self.project_id == credentials.stytch.project_id
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// The first one.
    Header(Header),
    /// This will be created.
    Intended { number: u32, record: Record },
    /// It was created, with this id.
    Made { number: u32, id: String },
    /// It was there before, so it is not ours.
    NotOurs { number: u32 },
    /// It is gone again.
    Removed { number: u32 },
}

/// How far a record has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// It was about to be created: it may exist.
    Intended,
    /// It was created.
    Made {
        /// Its id at the provider.
        id: String,
    },
    /// It is somebody else's.
    NotOurs,
    /// It is gone again.
    Removed,
}

/// Records by their numbers, in the order in which they were intended.
type Records = BTreeMap<u32, (Record, State)>;

/// What can go wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be read or written.
    #[error("the journal {}: {why}", file.display())]
    Io {
        /// Which.
        file: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// A line of it cannot be understood.
    #[error(
        "the journal {}, line {line}: {why}; nothing was removed on its account. Repair the line, or \
         look for records that begin with {PREFIX} yourself",
        file.display()
    )]
    Line {
        /// Which.
        file: PathBuf,
        /// The line, from 1.
        line: usize,
        /// Why.
        why: String,
    },
    /// Another command is at work with it.
    #[error("the journal {} is in use by a command that is still running", .0.display())]
    InUse(PathBuf),
    /// Its command ended before anything was to be created.
    #[error("the journal {} holds nothing", .0.display())]
    Empty(PathBuf),
    /// There are no random bytes for a run's id.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// A journal being written or read.
#[derive(Debug)]
pub struct Journal {
    file: PathBuf,
    writer: File,
    /// Where its last whole line ends.
    end: u64,
    /// Whether something may be behind that, which could not be taken away yet.
    torn: bool,
    /// How long nobody had written to it when it was opened.
    untouched: Duration,
    header: Header,
    records: Records,
}

impl Journal {
    /// Begins a journal of a new run in a directory, which is made if it is missing.
    pub fn begin(
        directory: &Path,
        credentials: &Credentials,
        product: Product,
    ) -> Result<Self, JournalError> {
        let run = RunId::random()?;
        let file = directory.join(format!("{}.jsonl", run.as_str()));
        let io = |why| JournalError::Io {
            file: file.clone(),
            why,
        };
        std::fs::create_dir_all(directory).map_err(io)?;
        // It gets its name when its first line is whole: nobody takes it for an empty one before.
        let begun = file.with_extension("new");
        let writer = OpenOptions::new()
            .append(true)
            .create_new(true)
            .open(&begun)
            .map_err(io)?;
        lock(&writer, &begun)?;
        let header = Header::new(run, credentials, product);
        let mut journal = Self {
            file,
            writer,
            end: 0,
            torn: false,
            untouched: Duration::ZERO,
            header: header.clone(),
            records: BTreeMap::new(),
        };
        journal.write(&Line::Header(header))?;
        // The file's name must outlive a crash as well.
        std::fs::rename(begun, &journal.file)
            .and_then(|()| File::open(directory))
            .and_then(|directory| directory.sync_all())
            .map_err(|why| journal.io(why))?;
        Ok(journal)
    }

    /// Opens a journal to go on with it. A last line that was cut off by a crash is left out: its
    /// record was not asked for yet. One that lacks nothing but its end, as editors leave it, counts.
    pub fn open(file: &Path) -> Result<Self, JournalError> {
        let io = |why| JournalError::Io {
            file: file.to_owned(),
            why,
        };
        let writer = OpenOptions::new().append(true).open(file).map_err(io)?;
        lock(&writer, file)?;
        let written = writer.metadata().and_then(|found| found.modified());
        // A clock that went back tells nothing.
        let untouched = written.map_err(io)?.elapsed().unwrap_or_default();
        let text = std::fs::read_to_string(file).map_err(io)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let last = &text[whole..];
        let lacks_its_end = serde_json::from_str::<Line>(last).is_ok();
        let known = if lacks_its_end { &text } else { &text[..whole] };
        if known.trim().is_empty() && !holds_nothing(&text) {
            return Err(JournalError::Line {
                file: file.to_owned(),
                line: 1,
                why: "it does not end, and is not the beginning of a journal".to_owned(),
            });
        }
        let (header, records) = read(known, file)?;
        let mut journal = Self {
            file: file.to_owned(),
            writer,
            end: whole as u64,
            torn: !lacks_its_end && !last.is_empty(),
            untouched,
            header,
            records,
        };
        if lacks_its_end {
            journal.append("\n").map_err(|why| journal.io(why))?;
            journal.end = text.len() as u64 + 1;
        } else {
            journal.cut().map_err(|why| journal.io(why))?;
        }
        Ok(journal)
    }

    /// All journals in a directory, by name; none if there is no such directory.
    pub fn all_in(directory: &Path) -> Result<Vec<PathBuf>, JournalError> {
        let io = |why| JournalError::Io {
            file: directory.to_owned(),
            why,
        };
        let entries = match std::fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io(error)),
        };
        let mut files = Vec::new();
        for entry in entries {
            let path = entry.map_err(io)?.path();
            if path
                .extension()
                .is_some_and(|extension| extension == "jsonl")
            {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    /// Puts a journal of which nothing is left aside: it ends in `.done` from now on.
    pub fn done(self) -> Result<(), JournalError> {
        put_aside(&self.file)
    }

    /// The same for one that holds nothing: its command ended before its first line was whole.
    pub fn done_empty(file: &Path) -> Result<(), JournalError> {
        let io = |why| JournalError::Io {
            file: file.to_owned(),
            why,
        };
        // Nobody may write to it between this look and its being put aside.
        let locked = OpenOptions::new().append(true).open(file).map_err(io)?;
        lock(&locked, file)?;
        if !holds_nothing(&std::fs::read_to_string(file).map_err(io)?) {
            return Err(JournalError::InUse(file.to_owned()));
        }
        put_aside(file)
    }

    /// How long nobody had written to it when it was opened.
    pub fn untouched(&self) -> Duration {
        self.untouched
    }

    /// Where it is.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Whom it is about.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// All records, in the order in which they were intended.
    pub fn records(&self) -> impl DoubleEndedIterator<Item = (u32, &Record, &State)> {
        self.records
            .iter()
            .map(|(number, (record, state))| (*number, record, state))
    }

    /// Records that exist or may exist.
    pub fn left(&self) -> usize {
        let left = |(_, _, state): &(u32, &Record, &State)| {
            matches!(state, State::Intended | State::Made { .. })
        };
        self.records().filter(left).count()
    }

    /// Writes down that a record will be created. When this returns, it is on disk.
    pub fn intend(&mut self, record: Record) -> Result<u32, JournalError> {
        let last = self.records.last_key_value();
        let number = last.map_or(1, |(number, _)| number + 1);
        self.write(&Line::Intended { number, record })?;
        Ok(number)
    }

    /// Writes down that it was created.
    pub fn made(&mut self, number: u32, id: &str) -> Result<(), JournalError> {
        let id = id.to_owned();
        self.write(&Line::Made { number, id })
    }

    /// Writes down that it was there before.
    pub fn not_ours(&mut self, number: u32) -> Result<(), JournalError> {
        self.write(&Line::NotOurs { number })
    }

    /// Writes down that it is gone.
    pub fn removed(&mut self, number: u32) -> Result<(), JournalError> {
        self.write(&Line::Removed { number })
    }

    fn write(&mut self, line: &Line) -> Result<(), JournalError> {
        let mut text = serde_json::to_string(line).unwrap_or_default();
        text.push('\n');
        // Half a line in the middle would spoil all that comes after it.
        self.cut().map_err(|why| self.io(why))?;
        if let Err(why) = self.append(&text) {
            self.torn = true;
            // If this fails as well, it is done before the next line.
            let _ = self.cut();
            return Err(self.io(why));
        }
        self.end += text.len() as u64;
        if !matches!(line, Line::Header(_)) {
            // It was made here, so it fits.
            let _ = take(&mut self.records, line.clone());
        }
        Ok(())
    }

    /// Writes to the end of the file, and to the disk.
    fn append(&mut self, text: &str) -> io::Result<()> {
        self.writer.write_all(text.as_bytes())?;
        self.writer.sync_data()
    }

    /// Takes away what is behind the last whole line, if something may be.
    fn cut(&mut self) -> io::Result<()> {
        if self.torn {
            self.writer.set_len(self.end)?;
            self.writer.sync_all()?;
            self.torn = false;
        }
        Ok(())
    }

    fn io(&self, why: io::Error) -> JournalError {
        JournalError::Io {
            file: self.file.clone(),
            why,
        }
    }
}

fn put_aside(file: &Path) -> Result<(), JournalError> {
    std::fs::rename(file, file.with_extension("done")).map_err(|why| JournalError::Io {
        file: file.to_owned(),
        why,
    })
}

/// Keeps others away until the process ends, however it ends.
fn lock(file: &File, path: &Path) -> Result<(), JournalError> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(JournalError::InUse(path.to_owned())),
        Err(TryLockError::Error(why)) => Err(JournalError::Io {
            file: path.to_owned(),
            why,
        }),
    }
}

/// What the lines of a journal say. Empty ones say nothing.
fn read(text: &str, file: &Path) -> Result<(Header, Records), JournalError> {
    let bad = |line, why: String| JournalError::Line {
        file: file.to_owned(),
        line,
        why,
    };
    let mut header = None;
    let mut records = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let line: Line =
            serde_json::from_str(line).map_err(|error| bad(number + 1, error.to_string()))?;
        if header.is_none() {
            header = Some(read_header(line).map_err(|why| bad(number + 1, why))?);
        } else {
            take(&mut records, line).map_err(|why| bad(number + 1, why.to_owned()))?;
        }
    }
    let header = header.ok_or_else(|| JournalError::Empty(file.to_owned()))?;
    Ok((header, records))
}

/// Whether a journal's text is blank, or the beginning of its first line and nothing else.
fn holds_nothing(text: &str) -> bool {
    const BEGINS: &str = "{\"header\":{";
    let text = text.trim();
    BEGINS.starts_with(text) || (text.starts_with(BEGINS) && text.matches('}').count() < 2)
}

fn read_header(line: Line) -> Result<Header, String> {
    match line {
        Line::Header(header) if header.version != VERSION => Err(format!(
            "it is of version {}, and this cutover reads version {VERSION}",
            header.version
        )),
        Line::Header(header) if header.run.is_sound() => Ok(header),
        _ => Err("it does not say which run it is of".to_owned()),
    }
}

fn take(records: &mut Records, line: Line) -> Result<(), &'static str> {
    let (number, state) = match line {
        Line::Header(_) => return Err("a second first line"),
        Line::Intended { number, record } => {
            let new = records.insert(number, (record, State::Intended)).is_none();
            return if new { Ok(()) } else { Err("a record twice") };
        }
        Line::Made { number, id } => (number, State::Made { id }),
        Line::NotOurs { number } => (number, State::NotOurs),
        Line::Removed { number } => (number, State::Removed),
    };
    let (_, kept) = records.get_mut(&number).ok_or("an unknown record")?;
    *kept = state;
    Ok(())
}

#[cfg(test)]
mod tests;
