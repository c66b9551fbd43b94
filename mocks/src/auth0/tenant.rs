//! The tenant: its state, the path of every call through it, seeding and census.

use super::admission::Instead;
use super::call::{
    AccessToken, Answer, Audience, Call, Connection, Endpoint, Error, RefreshToken, Reply,
};
use super::call::{Scopes, SsoSession, Stamp, UserId};
use super::devices::Devices;
use super::factors::AllFactors;
use super::families::Families;
use super::holders::Holders;
use super::jobs::Jobs;
use super::limits::{Limits, RateSeen};
use super::links::Links;
use super::mailed::MailedCodes;
use super::organizations::Organizations;
use super::passing::Passing;
use super::profiles::Profiles;
use super::protection::Protection;
use super::registry::Registry;
use super::roles::Roles;
use super::settings::Settings;
use super::users::{User, Users};
use super::{authorize, token};
use crate::answer::{Outcome, Refusal};
use crate::bounds::Bounds;
use crate::capacity::Line;
use crate::email::Email;
use crate::keys::KeySet;
use crate::ledger::Ledger;
use crate::limit::LimitUse;
use crate::time::Timestamp;

/// An Auth0 tenant with one application and one API.
#[derive(Clone, Debug)]
pub struct Tenant {
    start: Timestamp,
    /// None in rehearsals.
    pub(super) bounds: Option<Bounds>,
    pub(super) settings: Settings,
    pub(super) users: Users,
    pub(super) families: Families,
    pub(super) logins: Passing<authorize::Login>,
    pub(super) grants: Passing<token::Grant>,
    pub(super) sessions: Passing<authorize::Session>,
    pub(super) limits: Limits,
    pub(super) protection: Protection,
    pub(super) ledger: Ledger<Endpoint>,
    pub(super) line: Line,
    // What rehearsals leave empty is kept out of the way.
    registry: Box<Registry>,
    pub(crate) profiles: Box<Profiles>,
    pub(crate) organizations: Box<Organizations>,
    pub(crate) roles: Box<Roles>,
    pub(super) holders: Box<Holders>,
    pub(crate) factors: Box<AllFactors>,
    pub(crate) mailed: Box<MailedCodes>,
    pub(crate) devices: Box<Devices>,
    pub(crate) jobs: Box<Jobs>,
    pub(crate) links: Box<Links>,
}

/// A user to begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedUser {
    /// The address; several users may share one if their connections differ.
    pub email: Email,
    /// Where the identity comes from.
    pub connection: Connection,
    /// `email_verified`.
    pub verified: bool,
    /// Whether a password is set; only a database user can have one.
    pub has_password: bool,
}

/// A session that an application holds when the rehearsal begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedSession {
    /// Whose.
    pub user: UserId,
    /// When the person logged in.
    pub login_at: Timestamp,
    /// When the application last got tokens for it: the access token's `iat`.
    pub last_used: Timestamp,
    /// `scope`.
    pub scopes: Scopes,
    /// `aud`.
    pub audience: Audience,
    /// Whether there is a refresh token.
    pub with_refresh: bool,
}

/// What the logic of an endpoint says.
pub(crate) type Said = Result<Reply, Error>;

impl Tenant {
    /// A tenant without users, all of its limits untouched at the start.
    pub fn new(settings: Settings, start: Timestamp) -> Self {
        Self {
            start,
            bounds: None,
            users: Users::default(),
            families: Families::default(),
            logins: Passing::new(settings.transaction_life),
            grants: Passing::new(settings.code_life),
            sessions: Passing::new(settings.session_absolute_life),
            limits: Limits::full(&settings, start),
            protection: Protection::new(&settings),
            ledger: Ledger::default(),
            line: Line::default(),
            registry: Box::default(),
            profiles: Box::default(),
            organizations: Box::default(),
            roles: Box::default(),
            holders: Box::default(),
            factors: Box::default(),
            mailed: Box::default(),
            devices: Box::default(),
            jobs: Box::default(),
            links: Box::default(),
            settings,
        }
    }

    /// Answers a call. Every call takes this path: faults, limits, the endpoint's logic, the service
    /// time, the ledger.
    pub fn handle(&mut self, stamp: Stamp, call: &Call) -> Answer {
        let endpoint = call.endpoint();
        let admission = self.admit(stamp, endpoint);
        let said = admission.works.then(|| self.answer(stamp, call));
        let outcome = match (admission.instead, said) {
            (Some(Instead::Refused(refusal)), _) => Outcome::Refused(refusal),
            (Some(Instead::Broken(breakage)), _) => Outcome::Broken(breakage),
            (None, Some(said)) => said,
            // Whoever keeps the logic from working says something in its place.
            (None, None) => refused(endpoint, Error::Other),
        };
        self.count(endpoint, outcome.status());
        Answer {
            outcome,
            took: admission.took,
        }
    }

    /// The logic, where the call can be read at all.
    fn answer(&mut self, stamp: Stamp, call: &Call) -> Outcome<Reply, Error> {
        let endpoint = call.endpoint();
        if let Call::Unreadable { status, .. } = *call {
            return Outcome::Refused(Refusal {
                status,
                error: Error::Other,
                retry_after: None,
            });
        }
        match self.say(stamp, call) {
            Ok(reply) => Outcome::Served(reply),
            Err(error) => refused(endpoint, error),
        }
    }

    /// The logic: one function for each endpoint, at the tenant's own idea of now.
    pub(crate) fn say(&mut self, stamp: Stamp, call: &Call) -> Said {
        let now = self.now(stamp.at);
        match *call {
            Call::Authorize {
                connection,
                hint,
                silent,
                scopes,
                api,
                challenge,
                sso,
            } => {
                let login = authorize::Login {
                    connection,
                    scopes,
                    api,
                    challenge,
                };
                self.authorize(stamp, login, hint, silent, sso)
            }
            Call::SubmitLogin {
                transaction,
                email,
                proof,
            } => self.submit_login(stamp, now, transaction, email, proof),
            Call::ExchangeCode { code, verifier } => self.exchange_code(now, code, verifier),
            Call::Refresh { token } => self.refresh(now, token),
            Call::PasswordGrant {
                email,
                proof,
                scopes,
                api,
            } => self.password_grant(stamp, now, email, proof, (scopes, api)),
            Call::UserInfo { token } => self.userinfo(stamp.at, now, &token),
            Call::Jwks => Ok(Reply::Keys(self.keys(stamp.at))),
            Call::Revoke { token } => Ok(self.revoke(now, token)),
            Call::Logout { sso } => Ok(self.logout(now, sso)),
            Call::SignUp { email } => self.sign_up(stamp, now, email),
            Call::ChangePassword { email } => Ok(self.change_password(email)),
            Call::CreateUser {
                email,
                connection,
                verified,
            } => self.create_user(email, connection, verified),
            Call::Manage(manage) => self.manage(manage),
            Call::ClientCredentials | Call::Other => Ok(Reply::Done),
            Call::Unreadable { .. } => Err(Error::Other),
        }
    }

    /// When the tenant was set up.
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The tenant's own idea of now.
    pub fn now(&self, at: Timestamp) -> Timestamp {
        at + self.settings.clock_skew
    }

    /// The keys that the tenant publishes and signs with.
    pub fn keys(&self, at: Timestamp) -> KeySet {
        self.settings.keys.at(self.now(at))
    }

    /// The applications and APIs that are registered.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The same, to be changed.
    pub fn registry_mut(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// How the tenant is set up.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the tenant says it did.
    pub fn ledger(&self) -> &Ledger<Endpoint> {
        &self.ledger
    }

    /// Every rate limit, and how close calls have come to it.
    pub fn limits_in_use(&self) -> Vec<LimitUse<Endpoint>> {
        self.limits.in_use()
    }

    /// What the last call saw of the bucket that judged it; none if no bucket did.
    pub fn rate_seen(&self) -> Option<RateSeen> {
        self.limits.seen()
    }

    /// Makes room for this many users and sessions ahead of seeding.
    pub fn reserve(&mut self, users: usize, families: usize) {
        self.users.reserve(users);
        self.families.reserve(families);
    }

    /// Adds a user to begin with.
    pub fn seed_user(&mut self, seed: SeedUser) -> UserId {
        self.users.add(
            seed.email,
            seed.connection,
            seed.verified,
            seed.has_password,
        )
    }

    /// Adds a session to begin with, and answers the tokens that the application holds.
    pub fn seed_family(&mut self, seed: SeedSession) -> (AccessToken, Option<RefreshToken>) {
        let used = self.now(seed.last_used);
        let access = self.access_token(used, seed.user, seed.scopes, seed.audience);
        let refresh = seed.with_refresh.then(|| {
            self.families.begin(
                seed.user,
                seed.scopes,
                seed.audience,
                self.now(seed.login_at),
                used,
                &self.settings,
            )
        });
        (access, refresh)
    }

    /// Adds a single-sign-on session to begin with, as a browser's `auth0` cookie carries it.
    pub fn seed_sso(&mut self, user: UserId, at: Timestamp) -> SsoSession {
        self.open_session(self.now(at), user)
    }

    /// A user that exists.
    pub fn user(&self, id: UserId) -> Option<&User> {
        self.users.get(id)
    }

    /// The user of a connection with this address, letter case aside.
    pub fn find_user(&self, email: Email, connection: Connection) -> Option<UserId> {
        self.users.find(email, connection)
    }

    /// Whether somebody with this address, letter case aside, exists in a connection.
    pub fn user_exists(&self, email: Email, connection: Connection) -> bool {
        self.find_user(email, connection).is_some()
    }

    /// All users with exactly this address, oldest first, as `users-by-email` lists them. Identities
    /// that are linked to another one are no users; that goes for all lists.
    pub fn users_by_email(&self, email: Email) -> Vec<UserId> {
        let mut found: Vec<UserId> = self
            .users
            .with_mailbox(email.mailbox)
            .filter(|(id, user)| user.email == email && self.links.is_user(*id))
            .map(|(id, _)| id)
            .collect();
        found.sort_unstable();
        found
    }

    /// All users with this address, letter case aside, oldest first.
    pub fn users_with_mailbox(&self, mailbox: u32) -> Vec<UserId> {
        let mut found: Vec<UserId> = self
            .users
            .with_mailbox(mailbox)
            .map(|(id, _)| id)
            .filter(|id| self.links.is_user(*id))
            .collect();
        found.sort_unstable();
        found
    }

    /// All users, oldest first.
    pub fn user_ids(&self) -> impl Iterator<Item = UserId> + '_ {
        self.user_ids_from(UserId(0))
    }

    /// The users with this id and later ones, oldest first.
    pub fn user_ids_from(&self, first: UserId) -> impl Iterator<Item = UserId> + '_ {
        self.users
            .ids_from(first)
            .filter(|id| self.links.is_user(*id))
    }

    /// Whether a refresh token would be exchanged at this moment as the newest of its family.
    pub fn refresh_is_live(&self, token: RefreshToken, at: Timestamp) -> bool {
        let user = self
            .families
            .get(token)
            .and_then(|family| self.users.get(family.user));
        user.is_some_and(|user| !user.blocked)
            && self.families.is_live(token, self.now(at), &self.settings)
    }
}

/// A refusal with the status that tells the error at this endpoint. Auth0 sends no `Retry-After` for
/// the limits that are modelled here (only for custom per-client policies).
fn refused(endpoint: Endpoint, error: Error) -> Outcome<Reply, Error> {
    Outcome::Refused(Refusal {
        status: error.status(endpoint),
        error,
        retry_after: None,
    })
}
