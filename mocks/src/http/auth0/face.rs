//! What all endpoints share: the machine behind its lock, and how a call goes in and an answer comes out.

use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::response::Response;

use super::answering::{Asked, Complaint};
use super::backchannel::Post;
use super::behind::Behind;
use super::events::{About, Happening};
use super::issuers::Issuers;
use super::texts::{self, Parties};
use super::tickets::{self, Purpose};
use crate::auth0::registry::{Client, GrantType, Kind, Resource, Secret, Urls};
use crate::auth0::{
    AccessToken, Call, Connection, Endpoint, Error, RefreshToken, Reply, Tenant, UserId,
};
use crate::http::mail::Message;
use crate::http::seal::Generation;
use crate::http::{Clock, Directory, Exchange, KeyRing, Mailbox, Owner};
use crate::ledger::Ledger;
use crate::time::Timestamp;

/// The application that a tenant is started for, and its API. The registry holds others besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`: needed for `client_credentials`, checked elsewhere if it is given. Clients
    /// refuse short ones; 16 characters are enough for those that are known.
    pub client_secret: String,
    /// The identifier of its API.
    pub api: String,
    /// Allowed callback and logout URLs; if there are none, whatever is harmless
    /// ([`Urls::local`](crate::auth0::registry::Urls::local)).
    pub urls: Vec<String>,
    /// Whether applications on other machines are told, too, of sessions that ended. Default no.
    pub calls_anywhere: bool,
}

impl Default for Application {
    fn default() -> Self {
        Self {
            client_id: "cutover-client".to_owned(),
            client_secret: "cutover-client-secret".to_owned(),
            api: "https://api.example".to_owned(),
            urls: Vec::new(),
            calls_anywhere: false,
        }
    }
}

/// Whose name stands in tokens and published URLs. Both end with a slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Issuer {
    /// This one, however the tenant is reached.
    Fixed(String),
    /// The URL by which each client reached the tenant; this one for those that name no host.
    AsReached(String),
}

impl Application {
    /// Enters the application and its API into a tenant's registry, beside a sample of each kind.
    fn register(&self, tenant: &mut Tenant) {
        let urls = if self.urls.is_empty() {
            Urls::local()
        } else {
            Urls::only(self.urls.iter().cloned())
        };
        let client = Client {
            secret: Secret::Optional(self.client_secret.clone()),
            callbacks: urls.clone(),
            logout_urls: urls.clone(),
            web_origins: urls,
            grants: GrantType::ALL.to_vec(),
            any_api: true,
            ..Client::new(self.client_id.clone(), Kind::RegularWeb)
        };
        let registry = tenant.registry_mut();
        // Whoever seeded an application or an API of this name keeps it.
        let _ = registry.add_client(client);
        let _ = registry.add_resource(Resource::generous(self.api.clone()));
        registry.add_samples();
    }
}

/// A tenant and its face.
#[derive(Debug)]
pub struct Face {
    behind: Mutex<Behind>,
    directory: Arc<Directory>,
    mailbox: Mailbox,
    clock: Clock,
    issuers: Issuers,
    application: Application,
    post: Arc<Post>,
}

/// What is behind the face, held. Addresses that people came to have, or have no longer, are known to
/// the directory when it is let go, and applications are told of sessions that ended.
pub(super) struct Held<'a> {
    behind: MutexGuard<'a, Behind>,
    directory: &'a Directory,
    post: &'a Arc<Post>,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let moves = self.behind.tenant.take_moves();
        if !moves.is_empty() {
            self.directory.follow(moves);
        }
        if !self.behind.notices.is_empty() {
            let notices = std::mem::take(&mut self.behind.notices);
            self.post.send(notices);
        }
    }
}

impl Deref for Held<'_> {
    type Target = Behind;
    fn deref(&self) -> &Behind {
        &self.behind
    }
}

impl DerefMut for Held<'_> {
    fn deref_mut(&mut self) -> &mut Behind {
        &mut self.behind
    }
}

impl Drop for Face {
    fn drop(&mut self) {
        self.post.close();
    }
}

impl Face {
    /// Puts a face on a tenant.
    pub fn new(
        tenant: Tenant,
        issuer: Issuer,
        application: Application,
        clock: Clock,
        directory: Arc<Directory>,
        mailbox: Mailbox,
    ) -> Self {
        let (issuer, follows) = match issuer {
            Issuer::Fixed(issuer) => (issuer, false),
            Issuer::AsReached(own) => (own, true),
        };
        let parties = Parties {
            issuer,
            client_id: application.client_id.clone(),
            api: application.api.clone(),
            generation: Generation::default(),
        };
        let mut tenant = tenant;
        application.register(&mut tenant);
        tenant.watch_addresses();
        directory.follow(tenant.take_moves());
        Self {
            behind: Mutex::new(Behind::new(tenant, parties.generation)),
            directory,
            mailbox,
            clock,
            issuers: Issuers::new(parties, follows),
            post: Post::to(application.calls_anywhere),
            application,
        }
    }

    /// Another tenant at the same address, of which the wire knows nothing yet. Numbers begin anew, so
    /// that whoever is seeded again has their id again; of all that is issued, no text from before opens
    /// anything here.
    #[must_use]
    pub fn renewed(&self, mut tenant: Tenant, directory: Arc<Directory>) -> Self {
        self.application.register(&mut tenant);
        tenant.watch_addresses();
        directory.follow(tenant.take_moves());
        let issuers = self.issuers.renewed();
        let mut behind = Behind::new(tenant, issuers.own().generation);
        behind.log = self.behind().log.renewed();
        Self {
            behind: Mutex::new(behind),
            directory,
            mailbox: self.mailbox.clone(),
            clock: self.clock.clone(),
            issuers,
            application: self.application.clone(),
            post: self.post.renewed(),
        }
    }

    /// The generation of its texts.
    pub fn generation(&self) -> Generation {
        self.parties().generation
    }

    /// The clock that its calls go by.
    pub(in crate::http) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Sets somebody's password.
    pub fn set_password(&self, user: UserId, address: &str, password: &str) {
        self.behind().set_password(user, address, password);
    }

    /// Looks at the machine, or seeds it. Calls wait meanwhile.
    pub fn with_tenant<T>(&self, look: impl FnOnce(&mut Tenant) -> T) -> T {
        look(&mut self.behind().tenant)
    }

    /// A copy of what the tenant says it did.
    pub fn ledger(&self) -> Ledger<Endpoint> {
        self.behind().tenant.ledger().clone()
    }

    /// The text of an access token, as the tenant would have sent it. The same claims give the same text.
    pub fn mint_access_token(&self, token: &AccessToken) -> String {
        self.parties()
            .access_token(Self::keys(), token, self.connection_of(token.subject))
    }

    /// The text of a refresh token.
    pub fn refresh_token_text(&self, token: RefreshToken) -> String {
        texts::refresh_token(self.generation(), token)
    }

    /// A token for the Management API, as `client_credentials` gives it, issued at this moment.
    pub fn mint_management_token(&self, at: Timestamp) -> String {
        let (now, keys) = self.with_tenant(|tenant| (tenant.now(at), tenant.keys(at)));
        super::token::management_token(self.parties(), now, keys.current)
    }

    /// Who issues tokens and for whom, under the tenant's own name.
    pub fn parties(&self) -> &Parties {
        self.issuers.own()
    }

    /// The same, under the name by which a call reached the tenant.
    pub(super) fn parties_at(&self, exchange: &Exchange) -> Arc<Parties> {
        self.issuers.at(exchange.origin())
    }

    /// The same, under the name that a token gives.
    pub(super) fn parties_of(&self, token: &str) -> Arc<Parties> {
        self.issuers.of_token(token)
    }

    /// The application that the tenant was started for.
    pub fn application(&self) -> &Application {
        &self.application
    }

    /// Whether an application has pages at this origin.
    pub(super) fn allows_origin(&self, origin: &str) -> bool {
        let behind = self.behind();
        let mut clients = behind.tenant.registry().clients().iter();
        clients.any(|client| client.knows_origin(origin))
    }

    /// The addresses that the wire knows.
    pub fn directory(&self) -> &Arc<Directory> {
        &self.directory
    }

    /// Sends a message of the tenant's.
    pub(super) fn mail(&self, to: &str, subject: &str, token: String, link: Option<String>) {
        let (to, from, subject) = (to.to_owned(), "auth0".to_owned(), subject.to_owned());
        self.mailbox.deliver(Message {
            to,
            from,
            subject,
            token,
            link,
        });
    }

    /// The tenant's signing keys.
    pub const fn keys() -> KeyRing {
        KeyRing::new(Owner::Auth0)
    }

    pub(super) fn behind(&self) -> Held<'_> {
        Held {
            // A handler that panicked has left the machine between two calls, not inside one.
            behind: self.behind.lock().unwrap_or_else(PoisonError::into_inner),
            directory: &self.directory,
            post: &self.post,
        }
    }

    /// Where logout tokens go out.
    pub(super) fn post(&self) -> &Post {
        &self.post
    }

    pub(super) fn connection_of(&self, user: UserId) -> Connection {
        self.behind().connection_of(user)
    }

    /// Hands a call to the machine; `keep` reads what the answer needs while the lock is held.
    pub(super) fn ask<T>(
        &self,
        exchange: &Exchange,
        call: Call,
        keep: impl FnOnce(&mut Behind, Reply) -> Option<T>,
    ) -> Asked<T> {
        let mut behind = self.behind();
        behind.ask(exchange, call, keep)
    }

    /// Refuses a request that cannot be read. The machine counts it all the same, and its limits and
    /// faults come first.
    pub(super) async fn refuse(
        &self,
        exchange: Exchange,
        endpoint: Endpoint,
        complaint: impl Into<Complaint>,
    ) -> Response {
        let asked = self
            .behind()
            .pass(&exchange, endpoint, |_| Err::<(), _>(complaint.into()));
        asked.answer(exchange, |()| ()).await
    }

    /// Whether the harness plays the people, who then read no mail and follow no link.
    pub(super) fn plays_people(exchange: &Exchange) -> bool {
        exchange.forwarded(exchange.stamp()).is_some()
    }

    /// Makes a user with a password, and mails a link to verify the address.
    pub(super) fn create_with_password(
        &self,
        behind: &mut Behind,
        (exchange, client): (&Exchange, &str),
        address: &str,
        password: &str,
    ) -> Result<UserId, Error> {
        let email = self.directory.intern(address);
        let stamp = exchange.stamp();
        let said = behind.tenant.say(stamp, &Call::SignUp { email });
        let entry = match &said {
            Ok(Reply::Created(user)) => Happening::new("ss", client, About::User(*user)),
            _ => Happening::new("fs", client, About::Typed(address, None)),
        };
        self.log(behind, stamp, entry.by(Connection::Database));
        let Reply::Created(user) = said? else {
            return Err(Error::Other);
        };
        behind.set_password(user, address, password);
        if !Self::plays_people(exchange) {
            let now = behind.tenant.now(exchange.stamp().at);
            behind.tenant.profiles.get_mut(user).created = Some(now);
            let parties = self.parties_at(exchange);
            self.mail_ticket(&parties, Purpose::Verify, address, user, now);
        }
        Ok(user)
    }

    /// Mails a link.
    pub(super) fn mail_ticket(
        &self,
        parties: &Parties,
        purpose: Purpose,
        address: &str,
        user: UserId,
        now: Timestamp,
    ) {
        let ticket = tickets::issue(parties.generation, purpose, user, now, tickets::LIFE);
        let link = format!("{}{}?ticket={ticket}", parties.issuer, purpose.page());
        let subject = match purpose {
            Purpose::Reset => "reset",
            Purpose::Verify => "verify",
        };
        self.mail(address, subject, ticket, Some(link));
    }
}
