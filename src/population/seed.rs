//! The people as both providers know them when a rehearsal starts, and the sessions they hold.

use cutover_mocks::auth0::{self, Audience, Connection, Scopes, SeedSession, Tenant};
use cutover_mocks::stytch::{self, OrgId, Project};
use cutover_mocks::time::{Span, Timestamp};

use super::{DeviceId, LegacyCookie, Method, Person, PersonId, Population};
use crate::dice::Stream;
use crate::recorder::Record;
use crate::scenario::Scenario;

/// Two providers that know the people, and what the people's devices hold.
#[derive(Debug)]
pub struct World {
    /// The legacy provider.
    pub tenant: Tenant,
    /// The new provider.
    pub project: Project,
    /// What was handed out to begin with.
    pub starting: Starting,
}

/// What exists when a rehearsal starts.
#[derive(Clone, Debug, Default)]
pub struct Starting {
    /// In order of devices; most have none.
    sessions: Vec<(DeviceId, StartingSession)>,
    /// Each person's first legacy identity, by person: the one they log in with. A second one
    /// follows it; then comes the next person's.
    subjects: Vec<auth0::UserId>,
    /// How many identities there are.
    identities: u32,
    organizations: Vec<Option<OrgId>>,
    live: u64,
}

/// A session that a device holds when a rehearsal starts.
#[derive(Clone, Copy, Debug)]
pub struct StartingSession {
    /// The cookie.
    pub cookie: LegacyCookie,
    /// When the device was last used.
    pub last_visit: Timestamp,
}

impl Starting {
    /// A device's session.
    pub fn session(&self, device: DeviceId) -> Option<StartingSession> {
        let place = self
            .sessions
            .binary_search_by_key(&device, |(device, _)| *device);
        place.ok().map(|place| self.sessions[place].1)
    }

    /// All sessions, by device.
    pub fn sessions(&self) -> impl Iterator<Item = (DeviceId, StartingSession)> {
        self.sessions.iter().copied()
    }

    /// Takes all sessions, by device: whoever hands them to the devices need not keep them twice.
    pub fn take_sessions(&mut self) -> Vec<(DeviceId, StartingSession)> {
        std::mem::take(&mut self.sessions)
    }

    /// Devices whose session still lives at the start.
    pub const fn live_sessions(&self) -> u64 {
        self.live
    }

    /// Whether a legacy identity is this person's; of new people nothing is known.
    pub fn is_subject(&self, person: PersonId, subject: auth0::UserId) -> bool {
        let place = person.0 as usize;
        let Some(first) = self.subjects.get(place) else {
            return true;
        };
        let next = self.subjects.get(place + 1);
        let end = next.map_or(self.identities, |next| next.0);
        (first.0..end).contains(&subject.0)
    }

    /// Reads a little of what is known of a person, so that it is at hand.
    pub fn look(&self, person: PersonId) -> i64 {
        let first = self.subjects.get(person.0 as usize);
        first.map_or(0, |first| i64::from(first.0))
    }

    /// The legacy identity that a person logs in with; of new people none is known.
    pub fn subject(&self, person: PersonId) -> Option<auth0::UserId> {
        self.subjects.get(person.0 as usize).copied()
    }

    /// An organization as Stytch knows it; `None` if nobody created it there.
    pub fn organization(&self, number: u16) -> Option<OrgId> {
        self.organizations
            .get(usize::from(number))
            .copied()
            .flatten()
    }
}

impl World {
    /// The world of a scenario at its start.
    pub fn new(scenario: &Scenario, population: &Population) -> Self {
        let start = scenario.time.start;
        let mut tenant = Tenant::new(scenario.providers.auth0.clone(), start);
        let mut project = Project::new(scenario.providers.stytch.clone(), start);
        tenant.reserve(population.people().len(), population.devices().len());
        let mut starting = Starting {
            organizations: population
                .organizations()
                .iter()
                .map(|organization| {
                    organization.mapped.then(|| {
                        project.seed_org(stytch::SeedOrg {
                            mfa_required: organization.requires_mfa,
                        })
                    })
                })
                .collect(),
            ..Starting::default()
        };
        for number in 0..population.at_start() {
            let id = PersonId(number);
            let person = population.person(id);
            let identities = seed_identities(&mut tenant, id, person);
            starting.subjects.push(identities[0]);
            starting.identities = identities[1].0 + 1;
            if person.record.is_imported() {
                seed_records(&mut project, id, person, &starting);
            }
            // Whoever never comes holds nothing that matters.
            let devices = if population.comes(id) {
                person.device_count()
            } else {
                0
            };
            for device in 0..devices {
                let device = population.device_of(id, device);
                seed_session(
                    scenario,
                    population,
                    &mut tenant,
                    (id, identities, device),
                    &mut starting,
                );
            }
        }
        Self {
            tenant,
            project,
            starting,
        }
    }
}

/// The identity that a person logs in with, and their last one: another, or the same.
fn seed_identities(tenant: &mut Tenant, id: PersonId, person: &Person) -> [auth0::UserId; 2] {
    let email = id.legacy_email(person);
    let connection = match person.method {
        Method::Password => Connection::Database,
        Method::Email => Connection::Email,
        Method::Social => Connection::Google,
    };
    let mut seed = |connection, has_password| {
        tenant.seed_user(auth0::SeedUser {
            email,
            connection,
            verified: person.verified,
            has_password,
        })
    };
    let first = seed(connection, person.method == Method::Password);
    let second = (person.second_identity && connection != Connection::Google)
        .then(|| seed(Connection::Google, false));
    [first, second.unwrap_or(first)]
}

/// One user in a consumer project; one member in each mapped organization in a B2B project.
fn seed_records(project: &mut Project, id: PersonId, person: &Person, starting: &Starting) {
    let email = id.stytch_email(person);
    let has_password = person.method == Method::Password && person.password_imported;
    let (verified, mfa_enrolled) = (person.verified, false);
    let mut seed = |org| {
        project.seed_user(stytch::SeedUser {
            email,
            org,
            has_password,
            verified,
            mfa_enrolled,
        })
    };
    if person.organizations == [None; 2] {
        seed(None);
    }
    for org in person
        .organizations
        .into_iter()
        .flatten()
        .filter_map(|number| starting.organization(number))
    {
        seed(Some(org));
    }
}

/// A device was last used some days before the start, the longer ago the rarer its person comes; its
/// login was then, or earlier.
fn seed_session(
    scenario: &Scenario,
    population: &Population,
    tenant: &mut Tenant,
    (id, [first, other], device): (PersonId, [auth0::UserId; 2], DeviceId),
    starting: &mut Starting,
) {
    let person = population.person(id);
    let spec = &scenario.population.sessions;
    let number = population.number_of(device);
    let mut rolls = population
        .dice()
        .rolls(Stream::Session, id.0, u64::from(number));
    // The first device is used for three visits in five; the others share the rest.
    let part = if number == 0 {
        0.6
    } else {
        0.4 / f64::from(person.device_count() - 1)
    };
    let daily = (f64::from(person.daily)
        * if person.device_count() == 1 {
            1.0
        } else {
            part
        })
    .max(1e-6);
    let gap = Span::from_days(1).scale((rolls.exponential() / daily).min(3_650.0));
    let age = spec.oldest.scale(rolls.unit());
    let logged_in = spec.logged_in.falls(rolls.luck());
    let second = rolls.chance(0.5);
    let scopes = Scopes {
        openid: spec.userinfo_audience.falls(rolls.luck()),
        profile: true,
        email: spec.email_scope.falls(rolls.luck()),
        offline: spec.refresh_token.falls(rolls.luck()),
    };
    if !logged_in || age < gap {
        return;
    }
    let start = scenario.time.start;
    // Times on the wire are whole seconds.
    let (login_at, last_used) = ((start - age).whole_second(), (start - gap).whole_second());
    let user = if second { other } else { first };
    let audience = Audience {
        api: true,
        userinfo: scopes.openid,
    };
    let seed = SeedSession {
        user,
        login_at,
        last_used,
        scopes,
        audience,
        with_refresh: scopes.offline,
    };
    let (access, refresh) = tenant.seed_family(seed);
    let cookie = LegacyCookie {
        access,
        refresh,
        opened: login_at,
        stale: false,
    };
    if cookie.is_live(scenario, start) {
        starting.live += 1;
    }
    let session = StartingSession {
        cookie,
        last_visit: last_used,
    };
    starting.sessions.push((device, session));
}

/// A person's record at the start, as scenarios count it.
impl Record {
    /// Whether Stytch had a record of the person at the start, under whatever address.
    pub const fn is_imported(self) -> bool {
        matches!(self, Self::Imported | Self::OtherAddress)
    }
}
