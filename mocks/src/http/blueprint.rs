//! The mocks as they are at the start, to build them from and to go back to.

use crate::auth0::{self, Connection, Tenant};
use crate::bounds::Bounds;
use crate::email::Email;
use crate::stytch::{self, Project, SeedOrg, Vertical};
use crate::time::Timestamp;

/// Settings of both providers, and who exists.
#[derive(Clone, Debug, Default)]
pub struct Blueprint {
    /// How the tenant is set up.
    pub auth0: auth0::Settings,
    /// How the project is set up: consumer or B2B, and everything else.
    pub stytch: stytch::Settings,
    /// People who exist at both providers: `customer-1@people.example` and on.
    pub people: u32,
}

impl Blueprint {
    /// The tenant with its people.
    pub fn tenant(&self, at: Timestamp) -> Tenant {
        let mut tenant = Tenant::new(self.auth0.clone(), at);
        tenant.keep_within(Bounds::default());
        for mailbox in 1..=self.people {
            tenant.seed_user(auth0::SeedUser {
                email: Email::lower(mailbox),
                connection: Connection::Database,
                verified: true,
                has_password: true,
            });
        }
        tenant
    }

    /// The project with its people; in B2B they are all members of one organization.
    pub fn project(&self, at: Timestamp) -> Project {
        let mut project = Project::new(self.stytch.clone(), at);
        project.keep_within(Bounds::default());
        let b2b = self.stytch.vertical == Vertical::B2b;
        let org = b2b.then(|| project.seed_org(SeedOrg::default()));
        project.seed_addresses((1..=self.people).map(Email::lower), org);
        project
    }
}
