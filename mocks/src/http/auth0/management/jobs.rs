//! `/api/v2/jobs…`: how jobs stand. A mock does them at once: they are pending only in the answer
//! that starts them.

use axum::extract::Path;
use axum::response::Response;
use serde_json::{Value, json};

use super::connections::connection_id;
use super::desk::{Desk, Served, Visit, not_found};
use super::payload::Payload;
use crate::auth0::jobs::{Job, Task};
use crate::http::auth0::answering::Complaint;
use crate::http::auth0::texts;
use crate::http::seal::{Generation, Seal};

const JOB: Seal = Seal::new("auth0 job");

/// A job's id.
pub(super) fn job_id(of: Generation, number: u32) -> String {
    format!("job_{}", JOB.of(of).close_id(number.into()))
}

fn read_job_id(of: Generation, text: &str) -> Option<u32> {
    JOB.of(of)
        .open_id(text.strip_prefix("job_")?)?
        .try_into()
        .ok()
}

/// A job that is known.
pub(super) fn find<'a>(desk: &'a Desk<'_>, id: &str) -> Result<(u32, &'a Job), Complaint> {
    read_job_id(desk.behind.generation, id)
        .and_then(|number| Some((number, desk.behind.tenant.jobs.get(number, desk.now)?)))
        .ok_or_else(|| not_found("The job does not exist", "inexistent_job"))
}

/// A job as it is shown, done or just begun.
pub(super) fn shown(desk: &Desk<'_>, number: u32, job: &Job, done: bool) -> Value {
    let mut shown = json!({
        "id": job_id(desk.behind.generation, number),
        "status": if done { "completed" } else { "pending" },
        "created_at": texts::time(job.created),
    });
    if done {
        shown["percentage_done"] = 100.into();
        shown["time_left_seconds"] = 0.into();
    }
    match &job.task {
        Task::Import {
            connection,
            external_id,
            summary,
            ..
        } => {
            shown["type"] = "users_import".into();
            shown["connection_id"] = connection_id(*connection).into();
            shown["connection"] = texts::connection(*connection).into();
            if let Some(id) = external_id {
                shown["external_id"] = id.as_str().into();
            }
            if done {
                shown["summary"] = json!({
                    "failed": summary.failed,
                    "updated": summary.updated,
                    "inserted": summary.inserted,
                    "total": summary.failed + summary.updated + summary.inserted,
                });
            }
        }
        Task::Export(ask) => {
            shown["type"] = "users_export".into();
            shown["format"] = if ask.csv { "csv" } else { "json" }.into();
            if let Some(connection) = ask.connection {
                shown["connection_id"] = connection_id(connection).into();
                shown["connection"] = texts::connection(connection).into();
            }
            if done {
                shown["location"] = super::export::location(desk, number, ask).into();
            }
        }
        Task::VerificationEmail(_) => shown["type"] = "verification_email".into(),
    }
    shown
}

/// `GET /jobs/{id}`.
pub(super) async fn read(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["create:users", "read:users"], |desk| {
            let (number, job) = find(desk, &id)?;
            Served::ok(shown(desk, number, job, true))
        })
        .await
}

/// `GET /jobs/{id}/errors`: 204 if there are none.
pub(super) async fn errors(Path(id): Path<String>, visit: Visit) -> Response {
    visit
        .serve(&["create:users", "read:users"], |desk| {
            match &find(desk, &id)?.1.task {
                Task::Import { errors, .. } if !errors.is_empty() => Served::ok(errors.clone()),
                _ => Served::empty(),
            }
        })
        .await
}

/// `POST /jobs/verification-email`.
pub(super) async fn verification_email(visit: Visit) -> Response {
    visit
        .serve(&["update:users"], |desk| {
            let fields = desk.object()?;
            let user = desk.person(Payload(&fields).needed("user_id")?)?;
            if let Some(row) = desk.behind.tenant.user(user) {
                let address = desk.face.directory().text(row.email);
                super::tickets::mail_verification(desk, user, &address);
            }
            start(desk, Task::VerificationEmail(user))
        })
        .await
}

/// Starts a job, and shows it as it begins.
pub(super) fn start(desk: &mut Desk<'_>, task: Task) -> Result<Served, Complaint> {
    let job = Job {
        task,
        created: desk.now,
    };
    let number = desk.behind.tenant.jobs.start(job.clone());
    let begun = shown(desk, number, &job, false);
    match job.task {
        Task::Import { .. } => Served::accepted(Some(begun)),
        Task::VerificationEmail(_) => Served::created(begun),
        Task::Export(_) => Served::ok(begun),
    }
}
