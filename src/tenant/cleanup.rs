//! Cleanup: removes what a journal says was created, and nothing else, however its command ended.
//!
//! A record is removed only if it stands in the journal as ours, if all its names carry the mark of
//! the journal's run, and if the provider shows it with exactly those names. Doing it again does no harm.

use std::time::Duration;

use super::journal::{Journal, JournalError, Record, RunId, State};
use super::refused::ApiError;
use super::stytch::NewPerson;
use super::tenants::Tenants;

/// What cleaning up came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Records that were removed; in a dry run, that would be.
    pub removed: Vec<Record>,
    /// Records that were not there, or not any more.
    pub gone: usize,
    /// Records that were left alone, and why.
    pub kept: Vec<(Record, String)>,
}

/// Whether something is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Yes.
    Remove,
    /// No, only looked up.
    DryRun,
}

/// A provider may show a record a little later than it made it: who is not there is looked for once
/// more after this long, and later than that if a request was lost ([`Tenants::settled`]).
pub const SETTLE: Duration = Duration::from_secs(2);

/// What a look for a record found.
enum Found {
    /// Ours, with this id.
    Ours(String),
    /// Nothing.
    Nothing,
    /// Something that may not be ours.
    Doubtful(String),
}

impl Cleaned {
    /// Removed members of this organization.
    fn members_of(&self, organization: &Record) -> usize {
        let Record::StytchOrganization { slug } = organization else {
            return 0;
        };
        let of = |record: &&Record| matches!(record, Record::StytchPerson { organization: Some(of), .. } if of == slug);
        self.removed.iter().filter(of).count()
    }
}

/// Removes what a journal says was created, the newest first. A record that cannot be removed is
/// kept with the reason, and the others are removed all the same; also where the journal cannot be
/// written, as doing it again does no harm. That is told in the end.
pub async fn clean(
    tenants: &Tenants,
    journal: &mut Journal,
    mode: Mode,
    settle: Duration,
) -> Result<Cleaned, JournalError> {
    let mut cleaning = Cleaning {
        tenants,
        journal,
        mode,
        cleaned: Cleaned::default(),
        unwritten: None,
    };
    let mut missing = Vec::new();
    for (number, record, state) in left(cleaning.journal) {
        if !cleaning.remove(number, &record, &state).await {
            if state == State::Intended {
                missing.push((number, record, state));
            } else {
                cleaning.gone(number);
            }
        }
    }
    if !missing.is_empty() {
        tokio::time::sleep(settle).await;
        if let Some(settled) = tenants.settled().filter(|_| mode == Mode::Remove) {
            tokio::time::sleep_until(settled).await;
        }
    }
    for (number, record, state) in missing {
        if !cleaning.remove(number, &record, &state).await {
            cleaning.gone(number);
        }
    }
    match cleaning.unwritten {
        None => Ok(cleaning.cleaned),
        Some(error) => Err(error),
    }
}

/// Records that exist or may exist, the newest first: members go before their organization.
fn left(journal: &Journal) -> Vec<(u32, Record, State)> {
    let left = journal
        .records()
        .rev()
        .filter(|(_, _, state)| matches!(state, State::Intended | State::Made { .. }));
    left.map(|(number, record, state)| (number, record.clone(), state.clone()))
        .collect()
}

/// A cleanup under way.
struct Cleaning<'a> {
    tenants: &'a Tenants,
    journal: &'a mut Journal,
    mode: Mode,
    cleaned: Cleaned,
    /// Why the journal could not be written, the first time.
    unwritten: Option<JournalError>,
}

impl Cleaning<'_> {
    fn gone(&mut self, number: u32) {
        self.cleaned.gone += 1;
        self.write_removed(number);
    }

    fn write_removed(&mut self, number: u32) {
        if self.mode == Mode::Remove
            && let Err(error) = self.journal.removed(number)
        {
            self.unwritten.get_or_insert(error);
        }
    }

    /// Looks for a record and removes it. Says whether there was anything to see.
    async fn remove(&mut self, number: u32, record: &Record, state: &State) -> bool {
        match self.found(record, state).await {
            Found::Nothing => return false,
            Found::Doubtful(why) => self.cleaned.kept.push((record.clone(), why)),
            Found::Ours(id) => {
                let removed = match self.mode {
                    Mode::Remove => delete(self.tenants, record, &id).await,
                    Mode::DryRun => Ok(()),
                };
                match removed {
                    Ok(()) => {
                        self.cleaned.removed.push(record.clone());
                        self.write_removed(number);
                    }
                    Err(error) => {
                        let kept = (record.clone(), error.to_string());
                        self.cleaned.kept.push(kept);
                    }
                }
            }
        }
        true
    }

    /// What there is of a record, and whether it is ours beyond doubt.
    async fn found(&self, record: &Record, state: &State) -> Found {
        let run = &self.journal.header().run;
        if !record.carries(run) {
            let why = "its names do not carry the mark of the journal's run";
            return Found::Doubtful(why.to_owned());
        }
        let going = match self.mode {
            Mode::Remove => 0,
            Mode::DryRun => self.cleaned.members_of(record),
        };
        match (look(self.tenants, record, run, going).await, state) {
            (Ok(Found::Ours(id)), State::Made { id: made }) if *made != id => Found::Doubtful(
                format!("the journal knows it as {made}, but there it is {id}"),
            ),
            (Ok(found), _) => found,
            (Err(error), _) => Found::Doubtful(error.to_string()),
        }
    }
}

/// Looks for a record. `going` members of an organization are there only because this is a dry run.
async fn look(
    tenants: &Tenants,
    record: &Record,
    run: &RunId,
    going: usize,
) -> Result<Found, ApiError> {
    match record {
        Record::Auth0User { email } => {
            let mut users = tenants.auth0.users_by_email(email).await?;
            Ok(match (users.pop(), users.pop()) {
                (None, _) => Found::Nothing,
                (Some(_), Some(_)) => Found::Doubtful("several users have its address".to_owned()),
                (Some(user), None) => match user.mark {
                    Some(mark) if mark != run.as_str() => {
                        Found::Doubtful(format!("its app_metadata names another run, {mark}"))
                    }
                    _ => Found::Ours(user.id),
                },
            })
        }
        Record::StytchPerson {
            email,
            external_id,
            organization,
        } => {
            let sought = NewPerson {
                email,
                external_id,
                organization: organization.as_deref(),
            };
            let Some(person) = tenants.stytch.find_person(sought).await? else {
                return Ok(Found::Nothing);
            };
            let same_id = person.external_id.is_none_or(|id| id == *external_id);
            Ok(if same_id && person.emails == [email.as_str()] {
                Found::Ours(person.id)
            } else {
                Found::Doubtful("its address or external id was changed".to_owned())
            })
        }
        Record::StytchOrganization { slug } => {
            let Some(found) = tenants.stytch.find_organization(slug).await? else {
                return Ok(Found::Nothing);
            };
            if found.slug != *slug {
                return Ok(Found::Doubtful("its slug was changed".to_owned()));
            }
            let members = tenants.stytch.members(&found.id).await?;
            if members <= going {
                Ok(Found::Ours(found.id))
            } else {
                let members = members - going;
                Ok(Found::Doubtful(format!(
                    "it has {members} members that this run did not create or could not remove"
                )))
            }
        }
    }
}

async fn delete(tenants: &Tenants, record: &Record, id: &str) -> Result<(), ApiError> {
    match record {
        Record::Auth0User { .. } => tenants.auth0.delete_user(id).await,
        Record::StytchPerson { organization, .. } => {
            let organization = organization.as_deref();
            tenants.stytch.delete_person(id, organization).await
        }
        Record::StytchOrganization { .. } => tenants.stytch.delete_organization(id).await,
    }
}
