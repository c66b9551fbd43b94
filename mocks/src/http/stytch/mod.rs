//! The HTTP face of a Stytch project: real paths, authentication, bodies, ids and signatures.
//!
//! Ids and tokens are opaque to clients. Magic links, codes and reset tokens end in the
//! [mailbox](crate::http::mail); seeded people have the password that
//! [`password_of`] says. Beside Stytch's own routes there is one of the
//! mock's: `POST /v1/b2b/passwords` signs a member up in one request, as `POST /v1/passwords` does
//! a user.
//!
//! Not modelled, and refused with `unavailable_endpoint`: biometrics, crypto wallets,
//! Connected Apps, SCIM, fraud. Ignored: telemetry, locales, mail templates.
//!
//! | module | owns |
//! | --- | --- |
//! | [`routes`] | what each route is counted as, and what a request shows to come in |
//! | [`ask`], [`brought`], [`answering`] | a request on its way in, what it brings along, and its answer on its way out |
//! | [`fields`], [`problem`], [`unmodelled`] | what a request says; what goes wrong, in Stytch's words |
//! | [`names`], [`numbers`], [`jwt`] | ids, tokens, telephone numbers and JWTs as text |
//! | [`texts`] | the same for whoever changes sides: a client that goes on where a machine was |
//! | [`locks`] | the machine and the book, locked in this order |
//! | [`book`], [`hashes`], [`phpass`] | what only the wire knows; imported password hashes |
//! | [`objects`], [`factors`], [`providers`] | users, members, organizations and sessions as JSON |
//! | [`userinfo`], [`trusted`] | the calls that a project makes; tokens of trusted issuers |
//! | [`search`], [`filters`] | pages of people |
//! | [`passkeys`], [`cbor`] | keys that sign challenges, and the form that they come in |
//! | [`policy`], [`roles`], [`totp`], [`strength`], [`m2m`], [`sso`], [`sandbox`], [`connected_apps`] | one feature each |
//! | [`consumer`], [`b2b`], [`shared`] | the endpoints |
//! | [`frontend`] | the same endpoints for browsers, which have no secret |

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;

use super::directory::{Directory, password_of};
use super::mail::{Mailbox, Message};
use super::shown::Shown;
use super::signing::{KeyRing, Owner};
use super::site::Site;
use super::stamp::Clock;
use crate::email::Email;
use crate::stytch::{OrgId, Project, Proof, UserId, Vertical};
use crate::time::Timestamp;
use book::{Book, Secret};
use names::{Kind, Names};
use userinfo::UserInfoClient;

mod answering;
mod ask;
mod b2b;
mod book;
mod brought;
mod cbor;
mod connected_apps;
mod consumer;
mod factors;
mod fields;
mod filters;
mod frontend;
mod hashes;
mod jwt;
mod locks;
mod m2m;
mod names;
mod numbers;
mod objects;
mod passkeys;
mod phpass;
mod policy;
mod problem;
mod providers;
mod roles;
mod routes;
mod sandbox;
mod search;
mod shared;
mod sso;
mod strength;
mod texts;
mod totp;
mod trusted;
mod unmodelled;
mod userinfo;

pub use frontend::Frontend;
pub use locks::Held;
pub use texts::IntermediateTexts;
pub use trusted::{TrustedKeys, TrustedProfile};
pub use userinfo::NoClient;

/// How a project is reached and whom it asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `project-test-…` or `project-live-…`: the user of HTTP Basic authentication.
    pub project_id: String,
    /// The password of HTTP Basic authentication.
    pub secret: String,
    /// What browsers show at public routes.
    pub public_token: String,
    /// The legacy provider's `UserInfo` address; none: Migrate Session is not configured.
    pub userinfo_url: Option<String>,
    /// Issuers whose tokens `sessions/attest` takes.
    pub trusted: Vec<TrustedProfile>,
    /// Roles, resources and scopes beside Stytch's own, in the form of `GET …/rbac/policy`.
    pub policy: Option<serde_json::Value>,
    /// Whether new passwords are refused for being weak or breached. No: seeded people and tests have
    /// passwords of every kind.
    pub checks_strength: bool,
    /// What browsers meet.
    pub frontend: Frontend,
}

impl Default for Config {
    /// Fixed demo credentials.
    fn default() -> Self {
        Self {
            project_id: "project-test-0c07e12a-0000-4000-8000-000000000001".to_owned(),
            secret: "secret-test-cutover-demo-secret-000000000000000=".to_owned(),
            public_token: "public-token-test-0c07e12a-0000-4000-8000-000000000002".to_owned(),
            userinfo_url: None,
            trusted: Vec::new(),
            policy: None,
            checks_strength: false,
            frontend: Frontend::default(),
        }
    }
}

/// A project with an HTTP face. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Face(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    project: Arc<Mutex<Project>>,
    vertical: Vertical,
    config: Config,
    directory: Arc<Directory>,
    mailbox: Mailbox,
    clock: Clock,
    ring: KeyRing,
    names: Names,
    book: Mutex<Book>,
    userinfo: UserInfoClient,
}

impl Face {
    /// Puts a face on a project. The project can still be seeded and read through its own handle.
    pub fn new(
        config: Config,
        project: Arc<Mutex<Project>>,
        directory: Arc<Directory>,
        mailbox: Mailbox,
        clock: Clock,
    ) -> Result<Self, NoClient> {
        let mut guard = project.lock().unwrap_or_else(PoisonError::into_inner);
        if config.userinfo_url.is_none() {
            guard.forget_userinfo();
        }
        guard.watch_addresses();
        directory.follow(guard.take_moves());
        let vertical = guard.settings().vertical;
        drop(guard);
        Ok(Self(Arc::new(Inner {
            vertical,
            names: Names::new(&config.project_id),
            userinfo: UserInfoClient::new(config.userinfo_url.clone())?,
            project,
            config,
            directory,
            mailbox,
            clock,
            ring: Self::keys(),
            book: Mutex::default(),
        })))
    }

    /// The project as a server shows it, to servers and to pages.
    pub fn site(&self) -> Site {
        Self::site_of(&Shown::new(self.clone()))
    }

    /// The project as a server shows it that may show another one day.
    pub fn site_of(shown: &Shown<Self>) -> Site {
        let face = shown.get();
        let frontend = face.config().frontend.clone();
        let routes = face.routes().with_state(shown.clone());
        Site::from(routes).with_cors(frontend.cors())
    }

    /// All routes of the project's product.
    fn routes(&self) -> Router<Shown<Self>> {
        let routes = match self.0.vertical {
            Vertical::Consumer => consumer::routes(),
            Vertical::B2b => b2b::routes(),
        };
        routes
            .nest("/sdk/v1", frontend::routes(self.0.vertical))
            .fallback(routes::lost)
            .method_not_allowed_fallback(routes::wrong_method)
    }

    /// The keys that sign session JWTs.
    pub const fn keys() -> KeyRing {
        KeyRing::new(Owner::Stytch)
    }

    /// How the project is reached.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Another project at the same address, of which the wire knows nothing yet. Numbers begin anew, so
    /// that whoever is seeded again has their id again; of all that is issued, no text from before opens
    /// anything here.
    #[must_use]
    pub fn renewed(&self, mut project: Project, directory: Arc<Directory>) -> Self {
        let inner = &self.0;
        if inner.config.userinfo_url.is_none() {
            project.forget_userinfo();
        }
        project.watch_addresses();
        directory.follow(project.take_moves());
        Self(Arc::new(Inner {
            project: Arc::new(Mutex::new(project)),
            vertical: inner.vertical,
            config: inner.config.clone(),
            directory,
            mailbox: inner.mailbox.clone(),
            clock: inner.clock.clone(),
            ring: inner.ring,
            names: inner.names.renewed(),
            book: Mutex::default(),
            userinfo: inner.userinfo.clone(),
        }))
    }

    /// The clock that its calls go by.
    pub(in crate::http) fn clock(&self) -> Clock {
        self.0.clock.clone()
    }

    /// Sets somebody's password.
    pub fn set_password(&self, user: UserId, password: &str) {
        self.choose(user, password);
    }

    /// The id of a person on the wire.
    pub fn person_id(&self, user: UserId) -> String {
        let sandbox = self.book().sandbox;
        match (self.0.vertical, sandbox) {
            (Vertical::Consumer, Some((known, _))) if known == user => sandbox::USER.to_owned(),
            _ => self.0.names.person(self.0.vertical, user),
        }
    }

    /// A token to log in as the person with this id, as the dashboard gives it; none: nobody has it.
    pub fn impersonation_token(&self, person_id: &str, now: Timestamp) -> Option<String> {
        let kind = match self.0.vertical {
            Vertical::Consumer => Kind::User,
            Vertical::B2b => Kind::Member,
        };
        let person = UserId(self.0.names.read_id(kind, person_id)?);
        let token = {
            let mut project = self.project();
            project.user(person)?;
            project.seed_impersonation(person, now)
        };
        Some(self.0.names.login_token(token))
    }

    /// The id of an organization on the wire; its slug works as well.
    pub fn organization_id(&self, org: OrgId) -> String {
        let sandbox = self.book().sandbox;
        match sandbox.and_then(|(_, org)| org) {
            Some(known) if known == org => sandbox::ORGANIZATION.to_owned(),
            _ => self.0.names.organization(org),
        }
    }

    /// The organization that a text names by id, slug or external id. A name that none has gives an
    /// id that none has: saying so is the machine's part.
    fn org_named(&self, text: &str) -> OrgId {
        let by_id = self.0.names.read_id(Kind::Organization, text).map(OrgId);
        let by_name = || self.book().org_names.get(text).copied();
        let by_rule = || {
            let org = OrgId(text.strip_prefix("org-")?.parse().ok()?);
            (self.slug(org) == text).then_some(org)
        };
        by_id
            .or_else(|| self.sandbox_org(text))
            .or_else(by_name)
            .or_else(by_rule)
            .unwrap_or(OrgId(u32::MAX))
    }

    fn email(&self, text: &str) -> Email {
        self.0.directory.intern(text)
    }

    /// Whether this is the password of whoever has the address.
    async fn proof(&self, email: Email, org: Option<OrgId>, password: &str) -> Proof {
        let Some(user) = self.project().find_user(email, org) else {
            return Proof::WrongPassword;
        };
        let secret = self.book().secrets.get(&user).cloned();
        let right = match secret {
            None => {
                let address = self.0.directory.text(Email::lower(email.mailbox));
                password_of(&address) == password
            }
            Some(Secret::Chosen(digest)) => self.0.names.digest(password) == digest,
            Some(Secret::Imported(hash)) => {
                let password = password.to_owned();
                let verified = tokio::task::spawn_blocking(move || hash.verify(&password));
                // A verification that fails to run has verified nothing.
                verified.await.unwrap_or(false)
            }
        };
        if right {
            Proof::RightPassword
        } else {
            Proof::WrongPassword
        }
    }

    /// Gives somebody a role.
    fn give_role(&self, user: UserId, role: &str) {
        let mut book = self.book();
        let profile = book.people.entry(user).or_default();
        profile.roles.push(role.to_owned());
    }

    /// Remembers the password that somebody chose.
    fn choose(&self, user: UserId, password: &str) {
        let digest = self.0.names.digest(password);
        self.book().secrets.insert(user, Secret::Chosen(digest));
    }

    fn deliver_text(&self, number: &str, subject: &str, code: String) {
        self.0.mailbox.deliver(Message {
            to: number.to_owned(),
            from: "stytch".to_owned(),
            subject: subject.to_owned(),
            token: code,
            link: None,
        });
    }

    fn deliver(&self, email: Email, subject: &str, token: String, link: Option<String>) {
        self.0.mailbox.deliver(Message {
            to: self.0.directory.text(email),
            from: "stytch".to_owned(),
            subject: subject.to_owned(),
            token,
            link,
        });
    }
}

/// An address with a token in its query, as a mail or a redirect carries it. What is no URL was refused
/// where it was read.
fn link(base: &str, token_type: &str, token: &str) -> String {
    let Ok(mut url) = reqwest::Url::parse(base) else {
        return base.to_owned();
    };
    let mut query = url.query_pairs_mut();
    query.append_pair("stytch_token_type", token_type);
    query.append_pair("token", token);
    drop(query);
    url.into()
}
