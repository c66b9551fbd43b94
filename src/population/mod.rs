//! Who is rehearsed: a scenario's people, their devices and what lasts about them, drawn from the seed.

pub mod arrival;
pub mod organizations;
pub mod seed;
mod session;
mod visit;

use std::collections::BTreeSet;

use cutover_mocks::email::Email;
use cutover_mocks::time::{Span, Timestamp};

use crate::dice::{Dice, Rolls, Stream};
use crate::recorder::{OrgSize, Platform, Record};
use crate::scenario::Scenario;
use crate::scenario::population::Updates;

pub use organizations::Organization;
pub use session::LegacyCookie;
pub use visit::VisitShape;

/// A person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonId(pub u32);

/// A device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId(pub u32);

/// How a person logs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Password.
    Password,
    /// E-mail link or code.
    Email,
    /// Social login.
    Social,
}

/// What lasts about a person.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not states"
)]
pub struct Person {
    /// Probability of coming on a day.
    pub daily: f32,
    /// How they log in.
    pub method: Method,
    /// What Stytch knew of them at the start.
    pub record: Record,
    /// Whether the legacy address is written in other letter case than Stytch's.
    pub case_differs: bool,
    /// Whether they have a second legacy identity with the same address.
    pub second_identity: bool,
    /// Whether their password hash was imported into Stytch.
    pub password_imported: bool,
    /// Whether their legacy address is verified.
    pub verified: bool,
    /// Index of their time zone.
    zone: u8,
    /// Index of their region.
    pub region: u8,
    /// Their network address at home.
    pub home: u32,
    /// First of their devices; the others follow.
    first_device: u32,
    /// How many devices they have.
    devices: u8,
    /// Their organization; and a second one for members of two.
    pub organizations: [Option<u16>; 2],
    /// When they sign up; people who had an account at the start: `None`.
    pub signs_up: Option<Timestamp>,
}

/// What lasts about a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device {
    /// Whose it is.
    pub person: PersonId,
    /// Its platform.
    pub platform: Platform,
    /// When its app learns to speak to Stytch; never for those who never update.
    pub updated: Timestamp,
    /// Whether it drops cookies after seven days without a visit.
    pub forgets: bool,
    /// Whether it is used for the second organization of a member of two: three devices in ten.
    pub second_organization: bool,
}

/// The people of a scenario.
#[derive(Clone, Debug)]
pub struct Population {
    people: Vec<Person>,
    devices: Vec<Device>,
    organizations: Vec<Organization>,
    dice: Dice,
    scenario_people: u32,
    /// Whose visits are planned; everybody's if nobody chose.
    only: Option<BTreeSet<PersonId>>,
}

impl Population {
    /// Draws the people of a scenario. Depends on the seed and on `[population]`, never on the cutover.
    pub fn new(scenario: &Scenario) -> Self {
        let dice = Dice::new(scenario.seed);
        let spec = &scenario.population;
        let mut organizations = organizations::draw(scenario, dice);
        let mut people = Vec::with_capacity(spec.users as usize);
        let mut devices = Vec::with_capacity(spec.users as usize * 2);
        let days = scenario.time.length.as_secs_f64() / 86_400.0;
        let new_people = dice
            .rolls(Stream::SignUp, u32::MAX, 0)
            .poisson_large(spec.signups_per_day * days);
        for index in 0..spec.users + new_people {
            let id = PersonId(index);
            let signs_up = (index >= spec.users).then(|| arrival::sign_up_time(scenario, dice, id));
            let mut rolls = dice.rolls(Stream::Person, index, 0);
            let mut person = draw_person(scenario, &mut rolls, signs_up);
            person.organizations =
                organizations::join(&mut organizations, spec, &mut rolls, signs_up.is_some());
            person.first_device = devices.len() as u32;
            person.devices = 1 + rolls.pick(spec.devices.per_user) as u8;
            for number in 0..person.devices {
                devices.push(draw_device(
                    scenario,
                    id,
                    dice.rolls(Stream::Device, index, u64::from(number)),
                ));
            }
            people.push(person);
        }
        Self {
            people,
            devices,
            organizations,
            dice,
            scenario_people: spec.users,
            only: None,
        }
    }

    /// The same people, of whom only these ever come.
    #[must_use]
    pub fn only(&self, people: BTreeSet<PersonId>) -> Self {
        Self {
            only: Some(people),
            ..self.clone()
        }
    }

    /// Whether a person ever comes.
    pub fn comes(&self, id: PersonId) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&id))
    }

    /// How many people may come, with how many devices.
    pub fn coming(&self) -> (u64, u64) {
        match &self.only {
            None => (self.people.len() as u64, self.devices.len() as u64),
            Some(only) => {
                let devices = only.iter().map(|id| self.person(*id).device_count());
                (only.len() as u64, devices.map(u64::from).sum())
            }
        }
    }

    /// The same people with other luck: see [`Dice::with_other_luck`].
    #[must_use]
    pub fn with_other_luck(&self, number: u64) -> Self {
        Self {
            dice: self.dice.with_other_luck(number),
            ..self.clone()
        }
    }

    /// All people, by [`PersonId`]; those who sign up come last.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// All devices, by [`DeviceId`]; a person's are neighbours.
    pub fn devices(&self) -> &[Device] {
        &self.devices
    }

    /// All organizations.
    pub fn organizations(&self) -> &[Organization] {
        &self.organizations
    }

    /// The dice that drew them.
    pub const fn dice(&self) -> Dice {
        self.dice
    }

    /// People with an account at the start.
    pub const fn at_start(&self) -> u32 {
        self.scenario_people
    }

    /// A person.
    pub fn person(&self, id: PersonId) -> &Person {
        &self.people[id.0 as usize]
    }

    /// A device.
    pub fn device(&self, id: DeviceId) -> &Device {
        &self.devices[id.0 as usize]
    }

    /// A person's device by its number from 0.
    pub fn device_of(&self, id: PersonId, number: u8) -> DeviceId {
        DeviceId(self.person(id).first_device + u32::from(number))
    }

    /// A device's number among its owner's.
    pub fn number_of(&self, id: DeviceId) -> u8 {
        (id.0 - self.person(self.device(id).person).first_device) as u8
    }

    /// The size class of a person's organization.
    pub fn size_of(&self, person: &Person) -> OrgSize {
        person.organizations[0].map_or(OrgSize::None, |org| {
            self.organizations[usize::from(org)].size()
        })
    }
}

impl Person {
    /// How many devices they have.
    pub const fn device_count(&self) -> u8 {
        self.devices
    }
}

impl PersonId {
    /// The address they know themselves by, as the legacy provider keeps it.
    pub fn legacy_email(self, person: &Person) -> Email {
        Email {
            mailbox: self.0 * 2,
            spelling: u8::from(person.case_differs),
        }
    }

    /// The address under which Stytch knows them, if they were imported.
    pub fn stytch_email(self, person: &Person) -> Email {
        Email::lower(self.0 * 2 + u32::from(person.record == Record::OtherAddress))
    }

    /// Whether a mailbox is one of this person's.
    pub const fn owns(self, email: Email) -> bool {
        email.mailbox / 2 == self.0
    }
}

fn draw_person(scenario: &Scenario, rolls: &mut Rolls, signs_up: Option<Timestamp>) -> Person {
    let spec = &scenario.population;
    let records = &spec.records;
    let daily = rolls.beta(spec.visits.daily) as f32;
    let drawn = match rolls.pick([
        spec.methods.password,
        spec.methods.email,
        spec.methods.social,
    ]) {
        0 => Method::Password,
        1 => Method::Email,
        _ => Method::Social,
    };
    // Everybody who signs up chooses a password.
    let method = if signs_up.is_some() {
        Method::Password
    } else {
        drawn
    };
    let imported = records.imported.falls(rolls.luck());
    let form_differs = records.email_form_differs.falls(rolls.luck());
    let record = match (signs_up, imported, form_differs) {
        (Some(_), _, _) => Record::New,
        (None, false, _) => Record::Missing,
        (None, true, true) => Record::OtherAddress,
        (None, true, false) => Record::Imported,
    };
    let addresses = (f64::from(spec.users) / spec.devices.people_per_address).max(1.0);
    Person {
        daily,
        method,
        record,
        case_differs: record == Record::Imported && records.email_case_differs.falls(rolls.luck()),
        second_identity: records.second_identity.falls(rolls.luck()),
        password_imported: records.password_imported.falls(rolls.luck()),
        verified: records.email_verified.falls(rolls.luck()),
        zone: rolls.pick(spec.visits.zones.iter().map(|(_, share)| share.get())) as u8,
        region: rolls.pick(spec.devices.regions.iter().map(|(_, share)| share.get())) as u8,
        home: rolls.luck().below(addresses as u64) as u32,
        first_device: 0,
        devices: 0,
        organizations: [None; 2],
        signs_up,
    }
}

fn draw_device(scenario: &Scenario, person: PersonId, mut rolls: Rolls) -> Device {
    let spec = &scenario.population.devices;
    let platform = match rolls.pick(spec.platforms) {
        0 => Platform::Web,
        1 => Platform::Ios,
        _ => Platform::Android,
    };
    let luck = rolls.unit();
    let updated = match platform {
        Platform::Web => Timestamp::from_micros(i64::MIN),
        Platform::Ios | Platform::Android => spec
            .updates
            .after_release(luck)
            .map_or(Timestamp::NEVER, |after| {
                scenario.time.start + spec.updates.released + after
            }),
    };
    let forgets = platform == Platform::Web && spec.cookies_expire.falls(rolls.luck());
    Device {
        person,
        platform,
        updated,
        forgets,
        second_organization: rolls.chance(0.3),
    }
}

impl Updates {
    /// When a device with this luck is updated, after the release: the inverse of the curve.
    fn after_release(&self, luck: f64) -> Option<Span> {
        let ever = self.ever.get();
        (luck < ever).then(|| {
            let scaled = libm::pow(-libm::log(1.0 - luck / ever), 1.0 / self.shape);
            self.tau.scale(scaled.min(1e6))
        })
    }
}
