//! Jobs: imports, exports and mails that the tenant works on by itself.

use std::collections::BTreeMap;

use serde_json::Value;

use super::call::{Connection, UserId};
use crate::time::{Span, Timestamp};

/// What is kept of a job for: 24 h (Auth0 docs, bulk user exports).
pub const JOB_LIFE: Span = Span::from_hours(24);
/// Jobs kept at most; the oldest are forgotten.
const KEPT: usize = 1000;

/// A job.
#[derive(Clone, Debug, PartialEq)]
pub struct Job {
    /// What it does.
    pub task: Task,
    /// When it was started.
    pub created: Timestamp,
}

/// What a job does.
#[derive(Clone, Debug, PartialEq)]
pub enum Task {
    /// `users_import`.
    Import {
        /// Into which connection.
        connection: Connection,
        /// `external_id`.
        external_id: Option<String>,
        /// What came of it.
        summary: Summary,
        /// Records that were not imported, each with why.
        errors: Vec<Value>,
    },
    /// `users_export`.
    Export(ExportAsk),
    /// `verification_email`.
    VerificationEmail(UserId),
}

/// What came of an import.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Records that were not imported.
    pub failed: u32,
    /// Records that changed a user.
    pub updated: u32,
    /// Records that made a user.
    pub inserted: u32,
}

/// What an export shall tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportAsk {
    /// Of whom; none: of everybody.
    pub connection: Option<Connection>,
    /// As `csv`, or as JSON, a line for each user.
    pub csv: bool,
    /// Fields, and what they are called there; all usual ones if there are none.
    pub fields: Vec<(String, String)>,
    /// How many users at most.
    pub limit: Option<usize>,
}

/// All jobs of a tenant by number.
#[derive(Clone, Debug, Default)]
pub struct Jobs {
    rows: BTreeMap<u32, Job>,
    made: u32,
}

impl Jobs {
    /// Starts a job; its number.
    pub fn start(&mut self, job: Job) -> u32 {
        while self.rows.len() >= KEPT {
            self.rows.pop_first();
        }
        let number = self.made;
        self.made += 1;
        self.rows.insert(number, job);
        number
    }

    /// A job that is kept.
    pub fn get(&self, number: u32, now: Timestamp) -> Option<&Job> {
        self.rows
            .get(&number)
            .filter(|job| now < job.created + JOB_LIFE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_kept_for_a_day() {
        let mut jobs = Jobs::default();
        let now = Timestamp::from_secs(1_772_409_600);
        let job = Job {
            task: Task::VerificationEmail(UserId(1)),
            created: now,
        };
        let number = jobs.start(job.clone());
        assert_eq!(jobs.get(number, now + Span::from_hours(23)), Some(&job));
        assert_eq!(jobs.get(number, now + JOB_LIFE), None);
        for _ in 0..KEPT {
            jobs.start(job.clone());
        }
        assert_eq!(jobs.get(number, now), None, "others took its place");
    }
}
