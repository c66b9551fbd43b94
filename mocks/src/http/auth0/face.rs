//! What all endpoints share: the machine behind its lock, and how a call goes in and an answer comes out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::extract::FromRef;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use super::errors;
use super::issuers::Issuers;
use super::texts::{self, Parties};
use crate::answer::{Outcome, Refusal};
use crate::auth0::{
    AccessToken, Call, Connection, Endpoint, Error, RateSeen, RefreshToken, Reply, Tenant, UserId,
};
use crate::email::Email;
use crate::http::mail::Message;
use crate::http::{Clock, Directory, Exchange, KeyRing, Mailbox, Owner, password_of};
use crate::ledger::Ledger;
use crate::time::{Span, Timestamp};

/// The application that is registered with the tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// `client_id`.
    pub client_id: String,
    /// `client_secret`: needed for `client_credentials`, checked elsewhere if it is given.
    pub client_secret: String,
    /// The identifier of its API.
    pub api: String,
    /// Allowed callback and logout URLs; any if there are none.
    pub urls: Vec<String>,
}

impl Default for Application {
    fn default() -> Self {
        Self {
            client_id: "cutover-client".to_owned(),
            client_secret: "cutover-secret".to_owned(),
            api: "https://api.example".to_owned(),
            urls: Vec::new(),
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

/// A tenant and its face.
#[derive(Debug)]
pub struct Face {
    behind: Mutex<Behind>,
    directory: Arc<Directory>,
    mailbox: Mailbox,
    clock: Clock,
    issuers: Issuers,
    application: Application,
}

/// The machine, and what only the wire knows.
#[derive(Debug)]
pub(super) struct Behind {
    pub(super) tenant: Tenant,
    /// By login transaction: what the application asked for.
    pub(super) logins: Recent<super::authorize::Asked>,
    /// By code: what the exchange must repeat, and what the ID token says.
    pub(super) grants: Recent<super::authorize::Granted>,
    /// SHA-256 of passwords chosen over the wire, where they are not those of [`password_of`].
    pub(super) passwords: FxHashMap<UserId, [u8; 32]>,
}

/// How many transactions and codes are remembered: more than a storm has open at once.
const REMEMBERED: usize = 1 << 18;

/// Things by number, of which the oldest are forgotten.
#[derive(Debug)]
pub(super) struct Recent<T>(BTreeMap<u32, T>);

impl<T> Recent<T> {
    pub(super) fn put(&mut self, number: u32, thing: T) {
        if self.0.len() >= REMEMBERED {
            self.0.pop_first();
        }
        self.0.insert(number, thing);
    }

    pub(super) fn get(&self, number: u32) -> Option<&T> {
        self.0.get(&number)
    }

    pub(super) fn take(&mut self, number: u32) -> Option<T> {
        self.0.remove(&number)
    }
}

/// What the machine said to a call.
pub(super) struct Asked<T> {
    endpoint: Endpoint,
    outcome: Outcome<T, Error>,
    took: Span,
    rate: Option<RateSeen>,
    at: Timestamp,
}

impl FromRef<Arc<Face>> for Clock {
    fn from_ref(face: &Arc<Face>) -> Self {
        face.clock.clone()
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
        };
        let behind = Behind {
            tenant,
            logins: Recent(BTreeMap::new()),
            grants: Recent(BTreeMap::new()),
            passwords: FxHashMap::default(),
        };
        Self {
            behind: Mutex::new(behind),
            directory,
            mailbox,
            clock,
            issuers: Issuers::new(parties, follows),
            application,
        }
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
        texts::refresh_token(token)
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

    /// The registered application.
    pub fn application(&self) -> &Application {
        &self.application
    }

    /// The addresses that the wire knows.
    pub fn directory(&self) -> &Directory {
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

    pub(super) fn behind(&self) -> MutexGuard<'_, Behind> {
        // A handler that panicked has left the machine between two calls, not inside one.
        self.behind.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn connection_of(&self, user: UserId) -> Connection {
        self.behind()
            .tenant
            .user(user)
            .map_or(Connection::Database, |user| user.connection)
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

    /// Refuses a request that cannot be read or that comes from nobody the tenant knows. The machine
    /// counts it all the same, and its limits and faults come first.
    pub(super) async fn refuse(
        &self,
        exchange: Exchange,
        endpoint: Endpoint,
        complaint: Response,
    ) -> Response {
        let status = complaint.status().as_u16();
        let asked = self.ask(&exchange, Call::Unreadable { endpoint, status }, |_, _| {
            None::<()>
        });
        if let Outcome::Refused(Refusal {
            error: Error::Other,
            ..
        }) = asked.outcome
        {
            return asked.finish(exchange, complaint).await;
        }
        asked.answer(exchange, |()| complaint).await
    }
}

impl Behind {
    /// As [`Face::ask`], where the lock is held already.
    pub(super) fn ask<T>(
        &mut self,
        exchange: &Exchange,
        call: Call,
        keep: impl FnOnce(&mut Self, Reply) -> Option<T>,
    ) -> Asked<T> {
        let answer = self.tenant.handle(exchange.stamp(), &call);
        let rate = self.tenant.rate_seen();
        let outcome = match answer.outcome {
            // A reply of another kind than the call's would be a defect of the machine: a 500, not a panic.
            Outcome::Served(reply) => keep(self, reply).map_or(
                Outcome::Refused(Refusal {
                    status: 500,
                    error: Error::Injected(500),
                    retry_after: None,
                }),
                Outcome::Served,
            ),
            Outcome::Refused(refusal) => Outcome::Refused(refusal),
            Outcome::Broken(breakage) => Outcome::Broken(breakage),
        };
        Asked {
            endpoint: call.endpoint(),
            outcome,
            took: answer.took,
            rate,
            at: exchange.stamp().at,
        }
    }

    /// Whether this is the password of the person with this address; of nobody, too, there is one.
    pub(super) fn is_password(&self, email: Email, address: &str, password: &str) -> bool {
        let chosen = self
            .tenant
            .find_user(email, Connection::Database)
            .and_then(|id| self.passwords.get(&id));
        chosen.map_or_else(
            || password == password_of(address),
            |hash| *hash == hash_of(password),
        )
    }

    /// Remembers a chosen password.
    pub(super) fn set_password(&mut self, user: UserId, address: &str, password: &str) {
        if password == password_of(address) {
            self.passwords.remove(&user);
        } else {
            self.passwords.insert(user, hash_of(password));
        }
    }
}

fn hash_of(password: &str) -> [u8; 32] {
    Sha256::digest(password).into()
}

impl<T> Asked<T> {
    /// The refusal, where an endpoint tells it in its own way.
    pub(super) fn refusal(&self) -> Option<Error> {
        match &self.outcome {
            Outcome::Refused(refusal) => Some(refusal.error),
            Outcome::Served(_) | Outcome::Broken(_) => None,
        }
    }

    /// Sends what was served, or the refusal in the endpoint's format, or breaks the answer.
    pub(super) async fn answer<R: IntoResponse>(
        self,
        exchange: Exchange,
        render: impl FnOnce(T) -> R,
    ) -> Response {
        self.answer_later(exchange, async |served| render(served))
            .await
    }

    /// As [`Self::answer`], for what takes time to render: signatures.
    pub(super) async fn answer_later<R: IntoResponse>(
        self,
        exchange: Exchange,
        render: impl AsyncFnOnce(T) -> R,
    ) -> Response {
        let Self {
            endpoint,
            outcome,
            took,
            rate,
            at,
        } = self;
        let rest = Asked {
            endpoint,
            outcome: Outcome::Served(()),
            took,
            rate,
            at,
        };
        match outcome {
            Outcome::Served(served) => {
                let response = render(served).await.into_response();
                rest.finish(exchange, response).await
            }
            Outcome::Refused(refusal) => {
                rest.finish(exchange, errors::response(endpoint, &refusal))
                    .await
            }
            Outcome::Broken(breakage) => exchange.broken(took, breakage).await,
        }
    }

    /// Adds the headers that every answer has, and sends it.
    pub(super) async fn finish(self, exchange: Exchange, response: impl IntoResponse) -> Response {
        let mut response = response.into_response();
        let headers = response.headers_mut();
        if let Some(rate) = self.rate {
            let full_at = (self.at + rate.full_in + Span::from_micros(999_999)).as_secs();
            headers.insert("x-ratelimit-limit", rate.limit.into());
            headers.insert("x-ratelimit-remaining", rate.remaining.into());
            headers.insert("x-ratelimit-reset", full_at.into());
        }
        let request = format!(
            "{:020x}",
            u128::from(exchange.stamp().luck.split(9).0) * 0x1_0001
        );
        if let Ok(request) = HeaderValue::try_from(request) {
            headers.insert("x-auth0-requestid", request);
        }
        headers.insert(
            "x-content-type-options",
            HeaderValue::from_static("nosniff"),
        );
        exchange.answer(self.took, response).await
    }
}

/// Headers that keep an answer out of caches, as on everything that carries tokens.
pub(super) const NO_STORE: [(HeaderName, &str); 2] = [
    (axum::http::header::CACHE_CONTROL, "no-store"),
    (axum::http::header::PRAGMA, "no-cache"),
];
