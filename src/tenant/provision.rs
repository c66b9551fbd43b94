//! Provisioning: test people on both sides, each written into the journal before it is made.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::auth0::{Creation, NewUser};
use super::guard::Amount;
use super::journal::{Journal, JournalError, Record, RunId};
use super::refused::ApiError;
use super::secret::{NoRandomness, Secret};
use super::stytch::{NewPerson, Product};
use super::tenants::Tenants;

/// A person who is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Their number: the scenario's.
    pub person: u32,
    /// What Stytch knows of them beforehand.
    pub at_stytch: AtStytch,
    /// The number of their organization; B2B only. In an organization that nobody made they are not
    /// at Stytch.
    pub organization: Option<u16>,
}

/// What Stytch knows of a person beforehand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtStytch {
    /// Nothing: they were not imported.
    Nothing,
    /// Nothing, but the application may create them in the course of the window: that stands in the
    /// journal beforehand.
    PerhapsLater,
    /// Their address.
    Record,
    /// Their address and their password.
    Password,
    /// Another address than the legacy provider's.
    OtherAddress,
}

/// What will be created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    people: Vec<Wanted>,
    organizations: BTreeSet<u16>,
}

/// A person who was made.
#[derive(Clone, Debug)]
pub struct Account {
    /// Their number: the scenario's.
    pub person: u32,
    /// Their address at the legacy provider.
    pub email: String,
    /// Their address at Stytch; the same for almost all.
    pub stytch_email: String,
    /// Their password, at both providers.
    pub password: Secret,
    /// `auth0|…`.
    pub auth0_id: String,
    /// Their organization's id at Stytch.
    pub organization: Option<String>,
}

/// What was made.
#[derive(Clone, Debug, Default)]
pub struct Provisioned {
    /// People, in the order of the plan.
    pub people: Vec<Account>,
    /// Ids of organizations by their numbers.
    pub organizations: BTreeMap<u16, String>,
}

/// Why provisioning ended early. What was made until then stands in the journal.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// The journal cannot be written, so that nothing may be created.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A provider refused or did not answer.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// A name that only we can know is taken.
    #[error("{0} was there before; it is left alone, and nothing more is created")]
    Taken(Record),
    /// A lost answer may have been a yes, but the provider does not show the record.
    #[error(
        "{0} was perhaps made, but is not shown; it stays in the journal, and nothing more is created"
    )]
    Unseen(Record),
    /// No passwords can be made.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Someone wished it to stop.
    #[error("stopped before all people were made")]
    Stopped,
}

/// The domain of test addresses, which is reserved and receives no mail (RFC 2606).
const DOMAIN: &str = "example.com";

impl Plan {
    /// A plan for these people.
    pub fn new(people: Vec<Wanted>) -> Self {
        let organizations = people.iter().filter_map(|wanted| wanted.organization);
        Self {
            organizations: organizations.collect(),
            people,
        }
    }

    /// The people.
    pub fn people(&self) -> &[Wanted] {
        &self.people
    }

    /// Requests to the legacy and to the new provider: to make everything, and to remove it again
    /// (each record is looked up before it is removed).
    pub fn requests(&self) -> [(u64, u64); 2] {
        let people = self.people.len() as u64;
        let count = |wanted: &dyn Fn(&Wanted) -> bool| {
            self.people.iter().filter(|person| wanted(person)).count() as u64
        };
        let later = count(&|wanted| wanted.at_stytch == AtStytch::PerhapsLater);
        let records = count(&|wanted| wanted.at_stytch != AtStytch::Nothing) - later;
        let passwords = count(&|wanted| wanted.at_stytch == AtStytch::Password);
        let organizations = self.organizations.len() as u64;
        let make = (people + 1, records + passwords + organizations);
        let remove = (2 * people + 1, 2 * (records + later) + 3 * organizations);
        [make, remove]
    }

    /// How long making and removing everything take at the least, at this pace.
    pub fn durations(&self, amount: Amount) -> [Duration; 2] {
        self.requests().map(|(auth0, stytch)| {
            let auth0 = auth0 as f64 / amount.auth0_per_second;
            let stytch = stytch as f64 / amount.stytch_per_second;
            Duration::try_from_secs_f64(auth0.max(stytch)).unwrap_or(Duration::MAX)
        })
    }

    /// The plan in words.
    pub fn told(&self, amount: Amount) -> String {
        let [make, remove] = self.durations(amount).map(About);
        let [(auth0, stytch), (auth0_back, stytch_back)] = self.requests();
        let organizations = match self.organizations.len() {
            0 => String::new(),
            count => format!(" in {count} organizations"),
        };
        format!(
            "creates {} test people{organizations} at both providers: {auth0} requests to Auth0 at {}/s and \
             {stytch} to Stytch at {}/s, {make}; removes them afterwards with {auth0_back} and {stytch_back} \
             requests, {remove}",
            self.people.len(),
            amount.auth0_per_second,
            amount.stytch_per_second,
        )
    }
}

/// A duration as one would say it.
struct About(Duration);

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_secs() {
            0..90 => write!(f, "about {} s", self.0.as_secs() + 1),
            seconds => write!(f, "about {} min", seconds.div_ceil(60)),
        }
    }
}

/// Makes what is planned. `watch` is told how many people are made, and may end it.
pub async fn provision(
    tenants: &Tenants,
    journal: &mut Journal,
    plan: &Plan,
    mut watch: impl FnMut(usize) -> Go,
) -> Result<Provisioned, ProvisionError> {
    let mut provisioned = Provisioned::default();
    let mark = journal.header().run.mark();
    for number in &plan.organizations {
        let slug = format!("{mark}o{number}");
        let id = organization(tenants, journal, slug).await?;
        provisioned.organizations.insert(*number, id);
    }
    for wanted in &plan.people {
        let account = person(tenants, journal, *wanted, &provisioned.organizations).await?;
        provisioned.people.push(account);
        if watch(provisioned.people.len()) == Go::Stop {
            return Err(ProvisionError::Stopped);
        }
    }
    Ok(provisioned)
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Go {
    /// On.
    On,
    /// No further.
    Stop,
}

async fn organization(
    tenants: &Tenants,
    journal: &mut Journal,
    slug: String,
) -> Result<String, ProvisionError> {
    let record = Record::StytchOrganization { slug: slug.clone() };
    let number = journal.intend(record.clone())?;
    let made = match tenants.stytch.create_organization(&slug).await? {
        Creation::Made(id) => Came::Made(id),
        Creation::Exists { perhaps_ours: true } => {
            let found = tenants.stytch.find_organization(&slug).await?;
            Came::found(found.map(|organization| organization.id))
        }
        Creation::Exists {
            perhaps_ours: false,
        } => Came::Before,
    };
    keep(journal, number, record, made)
}

async fn person(
    tenants: &Tenants,
    journal: &mut Journal,
    wanted: Wanted,
    organizations: &BTreeMap<u16, String>,
) -> Result<Account, ProvisionError> {
    let run = journal.header().run.clone();
    let external_id = format!("{}{}", run.mark(), wanted.person);
    let email = format!("{external_id}@{DOMAIN}");
    let stytch_email = match wanted.at_stytch {
        AtStytch::OtherAddress => format!("{external_id}-other@{DOMAIN}"),
        AtStytch::Nothing | AtStytch::PerhapsLater | AtStytch::Record | AtStytch::Password => {
            email.clone()
        }
    };
    let password = Secret::random()?;
    let organization = wanted
        .organization
        .and_then(|number| organizations.get(&number));

    let user = Record::Auth0User {
        email: email.clone(),
    };
    let number = journal.intend(user.clone())?;
    let new = NewUser {
        email: &email,
        password: &password,
        mark: run.as_str(),
    };
    let made = match tenants.auth0.create_user(new).await? {
        Creation::Made(id) => Came::Made(id),
        Creation::Exists { perhaps_ours: true } => {
            let found = tenants.auth0.users_by_email(&email).await?;
            Came::found(found.into_iter().next().map(|user| user.id))
        }
        Creation::Exists {
            perhaps_ours: false,
        } => Came::Before,
    };
    let auth0_id = keep(journal, number, user, made)?;

    let new = NewPerson {
        email: &stytch_email,
        external_id: &external_id,
        organization: organization.map(String::as_str),
    };
    match wanted.at_stytch {
        AtStytch::Nothing => {}
        AtStytch::PerhapsLater => {
            journal.intend(stytch_person(tenants, &run, new, wanted.organization))?;
        }
        AtStytch::Record | AtStytch::OtherAddress | AtStytch::Password => {
            let record = stytch_person(tenants, &run, new, wanted.organization);
            at_stytch(tenants, journal, new, record).await?;
        }
    }
    if wanted.at_stytch == AtStytch::Password {
        let import = tenants
            .stytch
            .import_password(&email, new.organization, &password);
        import.await?;
    }
    Ok(Account {
        person: wanted.person,
        email,
        stytch_email,
        password,
        auth0_id,
        organization: organization.cloned(),
    })
}

/// The record of a person at Stytch.
fn stytch_person(
    tenants: &Tenants,
    run: &RunId,
    new: NewPerson<'_>,
    organization: Option<u16>,
) -> Record {
    let b2b = tenants.stytch.product() == Product::B2b;
    Record::StytchPerson {
        email: new.email.to_owned(),
        external_id: new.external_id.to_owned(),
        organization: organization
            .filter(|_| b2b)
            .map(|number| format!("{}o{number}", run.mark())),
    }
}

async fn at_stytch(
    tenants: &Tenants,
    journal: &mut Journal,
    new: NewPerson<'_>,
    record: Record,
) -> Result<(), ProvisionError> {
    let number = journal.intend(record.clone())?;
    let made = match tenants.stytch.create_person(new).await? {
        Creation::Made(id) => Came::Made(id),
        Creation::Exists { perhaps_ours: true } => {
            let found = tenants.stytch.find_person(new).await?;
            Came::found(found.map(|person| person.id))
        }
        Creation::Exists {
            perhaps_ours: false,
        } => Came::Before,
    };
    keep(journal, number, record, made).map(drop)
}

/// What came of a creation.
enum Came {
    /// It is there, with this id, and ours.
    Made(String),
    /// An earlier try may have made it, but it is not shown yet.
    Unseen,
    /// It was there before.
    Before,
}

impl Came {
    fn found(id: Option<String>) -> Self {
        id.map_or(Self::Unseen, Self::Made)
    }
}

/// Writes down what came of a creation.
fn keep(
    journal: &mut Journal,
    number: u32,
    record: Record,
    came: Came,
) -> Result<String, ProvisionError> {
    match came {
        Came::Made(id) => {
            journal.made(number, &id)?;
            Ok(id)
        }
        // It stays intended, so that cleanup looks for it.
        Came::Unseen => Err(ProvisionError::Unseen(record)),
        Came::Before => {
            journal.not_ours(number)?;
            Err(ProvisionError::Taken(record))
        }
    }
}
