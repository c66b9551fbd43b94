//! People and organizations at both providers: seeded one by one, in bulk, or by a rule.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Admin;
use super::addresses::{Address, Pattern};
use super::problem::Problem;
use super::words::{Nothing, Object, Provider, within};
use crate::auth0::{self, Connection};
use crate::email::Email;
use crate::http::auth0::texts;
use crate::stytch::{self, OrgId, SeedOrg, Vertical};

/// People in one request, at most; `POST /people.ndjson` takes any number.
const LISTED: usize = 10_000;

/// A person: an address or, for many, a pattern of addresses, and what they have beside it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Person<E> {
    /// Their address. Whoever has it at a provider already stays as they are there.
    email: E,
    /// Their password at both providers. Default: `password-for-` and the address in lower case.
    #[schemars(length(min = 1, max = 128))]
    password: Option<String>,
    /// Whether the address counts as verified. Default yes.
    verified: Option<bool>,
    /// Where they exist. Default: at both providers.
    providers: Option<Vec<Provider>>,
    /// Their connection at Auth0. Default: the database.
    connection: Option<ConnectionName>,
    /// The organization that they are members of, in a B2B project: its id, from `/organizations`.
    /// Default: the first one. A consumer project has none, and ignores it.
    organization_id: Option<String>,
    /// Whether they have a second factor of their own, in a B2B project. Default no.
    mfa_enrolled: Option<bool>,
}

/// Auth0's connections, by their names on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) enum ConnectionName {
    /// The database: people with a password.
    #[serde(rename = "Username-Password-Authentication")]
    Database,
    /// Passwordless: mailed codes.
    #[serde(rename = "email")]
    Email,
    /// A social login.
    #[serde(rename = "google-oauth2")]
    Google,
}

impl From<ConnectionName> for Connection {
    fn from(name: ConnectionName) -> Self {
        match name {
            ConnectionName::Database => Self::Database,
            ConnectionName::Email => Self::Email,
            ConnectionName::Google => Self::Google,
        }
    }
}

/// Some people.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Crowd {
    /// Who.
    #[schemars(length(max = 10_000))]
    people: Vec<Object<Person<Address>>>,
}

/// People whose addresses differ in a number alone.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SeriesOf {
    /// How many.
    #[schemars(range(min = 1, max = 5_000_000))]
    count: u32,
    /// The first number. Default 1.
    #[schemars(range(min = 0, max = 4_000_000_000_u32))]
    first: Option<u32>,
    /// What each of them is.
    each: Object<Person<Pattern>>,
}

/// What was seeded.
#[derive(Clone, Copy, Debug, Default, Serialize, JsonSchema)]
pub(super) struct Seeded {
    /// People who are new at Auth0.
    pub(super) auth0: u64,
    /// People who are new at Stytch.
    pub(super) stytch: u64,
    /// People who were at a provider already, and stay as they were there.
    pub(super) known: u64,
}

impl std::ops::AddAssign for Seeded {
    fn add_assign(&mut self, more: Self) {
        self.auth0 += more.auth0;
        self.stytch += more.stytch;
        self.known += more.known;
    }
}

/// What a person is seeded with, names read.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Plan {
    password: Option<String>,
    verified: bool,
    providers: Option<Vec<Provider>>,
    connection: Connection,
    org: Option<OrgId>,
    mfa_enrolled: bool,
}

/// Organizations by id.
pub(super) struct Organizations(BTreeMap<String, OrgId>);

pub(super) fn organizations_of(admin: &Admin) -> Organizations {
    let project = admin.stytch.project();
    if project.settings().vertical == Vertical::Consumer {
        return Organizations(BTreeMap::new());
    }
    let ids: Vec<OrgId> = project.orgs_from(OrgId(0)).map(|org| org.id).collect();
    drop(project);
    let named = ids
        .into_iter()
        .map(|id| (admin.stytch.organization_id(id), id));
    Organizations(named.collect())
}

impl Organizations {
    /// All of them.
    pub(super) fn ids(&self) -> impl Iterator<Item = OrgId> + '_ {
        self.0.values().copied()
    }

    fn plan<E>(&self, admin: &Admin, person: Person<E>) -> Result<(E, Plan), Problem> {
        let org = match (&person.organization_id, self.0.is_empty()) {
            (_, true) => None,
            (None, false) => self.0.values().min().copied(),
            (Some(id), false) => Some(*self.0.get(id).ok_or_else(|| {
                Problem::bad(format!(
                    "there is no organization `{id}`: GET /organizations lists them"
                ))
            })?),
        };
        let b2b = admin.blueprint.stytch.vertical == Vertical::B2b;
        if b2b && org.is_none() {
            return Err(Problem::bad(
                "there is no organization: POST /organizations makes some",
            ));
        }
        if let Some(password) = &person.password {
            within("the password's length", password.chars().count(), 1, 128)?;
        }
        let plan = Plan {
            password: person.password,
            verified: person.verified.unwrap_or(true),
            providers: person.providers,
            connection: person.connection.unwrap_or(ConnectionName::Database).into(),
            org,
            mfa_enrolled: person.mfa_enrolled.unwrap_or(false),
        };
        Ok((person.email, plan))
    }
}

impl Plan {
    fn at(&self, provider: Provider) -> bool {
        let providers = self.providers.as_ref();
        providers.is_none_or(|all| all.contains(&provider))
    }

    /// Seeds people, whose texts are asked for where a password is set.
    fn seed(&self, admin: &Admin, emails: &[Email]) -> Seeded {
        let mut seeded = Seeded::default();
        if self.at(Provider::Auth0) {
            let new = self.seed_tenant(admin, emails);
            seeded.auth0 = new;
            seeded.known += emails.len() as u64 - new;
        }
        if self.at(Provider::Stytch) {
            let new = self.seed_project(admin, emails);
            seeded.stytch = new;
            seeded.known += emails.len() as u64 - new;
        }
        seeded
    }

    fn seed_tenant(&self, admin: &Admin, emails: &[Email]) -> u64 {
        let has_password = self.connection == Connection::Database;
        let new: Vec<(auth0::UserId, Email)> = admin.auth0.with_tenant(|tenant| {
            tenant.reserve(emails.len(), 0);
            let unknown = emails.iter().filter_map(|email| {
                if tenant.user_exists(*email, self.connection) {
                    return None;
                }
                let user = tenant.seed_user(auth0::SeedUser {
                    email: *email,
                    connection: self.connection,
                    verified: self.verified,
                    has_password,
                });
                Some((user, *email))
            });
            unknown.collect()
        });
        if let (Some(password), true) = (&self.password, has_password) {
            for (user, email) in &new {
                let address = admin.directory.text(*email);
                admin.auth0.set_password(*user, &address, password);
            }
        }
        new.len() as u64
    }

    fn seed_project(&self, admin: &Admin, emails: &[Email]) -> u64 {
        let mut project = admin.stytch.project();
        project.reserve(emails.len(), 0);
        let mut new = Vec::with_capacity(emails.len());
        for email in emails {
            if project.find_user(*email, self.org).is_none() {
                new.push(project.seed_user(stytch::SeedUser {
                    email: *email,
                    org: self.org,
                    has_password: true,
                    verified: self.verified,
                    mfa_enrolled: self.mfa_enrolled,
                }));
            }
        }
        drop(project);
        if let Some(password) = &self.password {
            for user in &new {
                admin.stytch.set_password(*user, password);
            }
        }
        new.len() as u64
    }
}

pub(super) fn seed(admin: &Admin, crowd: Crowd) -> Result<Seeded, Problem> {
    if crowd.people.len() > LISTED {
        return Err(Problem::bad(format!(
            "{} people are too many for one request: send up to {LISTED}, or use /people.ndjson",
            crowd.people.len()
        )));
    }
    let people = crowd.people.into_iter().map(|person| person.0);
    seed_listed(admin, &organizations_of(admin), people.collect())
}

/// Seeds people as they are listed. All are read before any is seeded.
pub(super) fn seed_listed(
    admin: &Admin,
    organizations: &Organizations,
    people: Vec<Person<Address>>,
) -> Result<Seeded, Problem> {
    admin.has_room(people.len())?;
    let plans = people
        .into_iter()
        .map(|person| organizations.plan(admin, person));
    let plans: Vec<(Address, Plan)> = plans.collect::<Result<_, _>>()?;
    let mut seeded = Seeded::default();
    // Neighbours with the same plan are seeded together: each lock is taken once for all of them.
    for group in plans.chunk_by(|(_, one), (_, other)| one == other) {
        let emails = group
            .iter()
            .map(|(email, _)| admin.directory.intern(&email.0));
        let emails: Vec<Email> = emails.collect();
        let Some((_, plan)) = group.first() else {
            continue;
        };
        seeded += plan.seed(admin, &emails);
    }
    Ok(seeded)
}

/// How many people are seeded while calls to the mocks wait.
const AT_ONCE: usize = 50_000;

pub(super) fn seed_series(admin: &Admin, series: SeriesOf) -> Result<Seeded, Problem> {
    within("count", series.count, 1, 5_000_000)?;
    within("first", series.first.unwrap_or(1), 0, 4_000_000_000)?;
    admin.has_room(series.count as usize)?;
    let (pattern, plan) = organizations_of(admin).plan(admin, series.each.0)?;
    let first = u64::from(series.first.unwrap_or(1));
    let mut emails = admin.emails(&pattern, first..first + u64::from(series.count))?;
    let mut seeded = Seeded::default();
    loop {
        let some: Vec<Email> = emails.by_ref().take(AT_ONCE).collect();
        if some.is_empty() {
            return Ok(seeded);
        }
        seeded += plan.seed(admin, &some);
    }
}

/// Whose records.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Whose {
    /// Their address.
    email: Address,
}

/// What the providers have of a person.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct Records {
    /// Users at Auth0, one for each connection.
    auth0: Vec<Auth0Record>,
    /// Users or members at Stytch, one for each organization.
    stytch: Vec<StytchRecord>,
}

/// A user at Auth0.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct Auth0Record {
    /// `sub` of their tokens.
    user_id: String,
    verified: bool,
    blocked: bool,
}

/// A user or member at Stytch.
#[derive(Clone, Debug, Serialize, JsonSchema)]
struct StytchRecord {
    /// `user_id` or `member_id`.
    id: String,
    /// The member's organization.
    organization_id: Option<String>,
    verified: bool,
    /// How many sessions of theirs live now.
    live_sessions: usize,
}

pub(super) fn find(admin: &Admin, whose: Whose) -> Result<Records, Problem> {
    let email = admin.directory.intern(&whose.email.0);
    let auth0 = admin.auth0.with_tenant(|tenant| {
        let all = [Connection::Database, Connection::Email, Connection::Google];
        let found = all.into_iter().filter_map(|connection| {
            let id = tenant.find_user(email, connection)?;
            let user = tenant.user(id)?;
            Some(Auth0Record {
                user_id: texts::user_id(id, user.connection),
                verified: user.verified,
                blocked: user.blocked,
            })
        });
        found.collect()
    });
    let (now, organizations) = (admin.now(), organizations_of(admin));
    let project = admin.stytch.project();
    let places = organizations
        .0
        .into_iter()
        .map(|(name, id)| (Some(name), Some(id)));
    let places = places.chain(std::iter::once((None, None)));
    let found = places.filter_map(|(name, org)| {
        let id = project.find_user(email, org)?;
        Some(StytchRecord {
            id: admin.stytch.person_id(id),
            organization_id: name,
            verified: project.user(id)?.verified,
            live_sessions: project.sessions_of(id, now).count(),
        })
    });
    let stytch = found.collect();
    drop(project);
    Ok(Records { auth0, stytch })
}

/// Organizations to make.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewOrganizations {
    /// How many.
    #[schemars(range(min = 1, max = 10_000))]
    count: u32,
    /// Whether all members need a second factor. Default no.
    mfa_required: Option<bool>,
}

/// Ids of organizations, in order.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub(super) struct OrganizationIds {
    organization_ids: Vec<String>,
}

pub(super) fn list_organizations(admin: &Admin, _: Nothing) -> Result<OrganizationIds, Problem> {
    let mut all: Vec<(OrgId, String)> = organizations_of(admin)
        .0
        .into_iter()
        .map(|(name, id)| (id, name))
        .collect();
    all.sort_unstable();
    Ok(OrganizationIds {
        organization_ids: all.into_iter().map(|(_, name)| name).collect(),
    })
}

pub(super) fn make_organizations(
    admin: &Admin,
    new: NewOrganizations,
) -> Result<OrganizationIds, Problem> {
    within("count", new.count, 1, 10_000)?;
    if admin.blueprint.stytch.vertical == Vertical::Consumer {
        return Err(Problem::conflict(
            "a consumer project has no organizations: start the mocks with `--kind b2b`",
        ));
    }
    let org = SeedOrg {
        mfa_required: new.mfa_required.unwrap_or(false),
    };
    let made = admin
        .stytch
        .project()
        .seed_orgs((0..new.count).map(|_| org));
    let named = made.into_iter().map(|id| admin.stytch.organization_id(id));
    Ok(OrganizationIds {
        organization_ids: named.collect(),
    })
}
