//! The project: its state, how calls reach the logic of their endpoint, and how a login ends.

use super::call::{
    Answer, Call, Endpoint, Error, Opened, OrgId, Reply, SessionJwt, SessionToken, Stamp, UserId,
    Vertical,
};
use super::errand::{Errand, ErrandAnswer, ErrandReply};
use super::gate::{Gate, No};
use super::migrate::Pending;
use super::org_rules::OrgRules;
use super::people::{NewUser, NoSuchOrg, People, Status};
use super::rule::Rule;
use super::sessions::{Sessions, Shown};
use super::settings::Settings;
use super::tokens::{Intermediates, LoginTokens};
use super::with::With;
use crate::email::Email;
use crate::keys::KeySet;
use crate::ledger::Ledger;
use crate::time::{Span, Timestamp};

/// A Stytch project. It reads no clock, opens no socket and throws no dice.
#[derive(Clone, Debug)]
pub struct Project {
    /// Boxed: a project is moved into the future that serves it.
    pub(super) settings: Box<Settings>,
    pub(super) gate: Gate,
    pub(super) people: People,
    pub(super) sessions: Sessions,
    pub(super) login_tokens: LoginTokens,
    pub(super) intermediates: Intermediates,
    pub(super) ledger: Ledger<Endpoint>,
    pub(super) start: Timestamp,
}

/// What the project does with a call.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Step {
    /// It answers.
    Done(Answer),
    /// It asks the legacy provider's `UserInfo` first; continue with [`Project::resume`].
    AskUserInfo(Pending),
}

/// An organization that exists from the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeedOrg {
    /// Whether all members need a second factor.
    pub mfa_required: bool,
}

/// A person who exists from the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeedUser {
    /// Their address.
    pub email: Email,
    /// Their organization; ignored in a consumer project.
    pub org: Option<OrgId>,
    /// Whether a password is known of them.
    pub has_password: bool,
    /// Whether the address counts as verified.
    pub verified: bool,
    /// Whether they have a second factor of their own (B2B).
    pub mfa_enrolled: bool,
}

/// The moment of a call as the project sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    /// By the project's own clock.
    pub(super) clock: Timestamp,
    /// The keys published at this moment.
    pub(super) keys: KeySet,
    /// What the call brings along.
    pub(super) with: With,
}

impl Project {
    /// An empty project; what is seeded counts as created at `start`.
    pub fn new(settings: Settings, start: Timestamp) -> Self {
        Self {
            gate: Gate::new(&settings),
            people: People::new(settings.vertical),
            sessions: Sessions::default(),
            login_tokens: LoginTokens::default(),
            intermediates: Intermediates::default(),
            ledger: Ledger::default(),
            settings: Box::new(settings),
            start,
        }
    }

    /// Makes room for this many more people and sessions, so that none is moved in memory later.
    pub fn reserve(&mut self, people: usize, sessions: usize) {
        self.people.reserve(people);
        self.sessions.reserve(sessions);
    }

    /// Takes back that the project has a `UserInfo` address to migrate with.
    pub fn forget_userinfo(&mut self) {
        self.settings.userinfo_configured = false;
    }

    /// Adds an organization.
    pub fn seed_org(&mut self, org: SeedOrg) -> OrgId {
        self.people.add_org(
            OrgRules::open(org.mfa_required),
            self.gate.clock(self.start),
        )
    }

    /// Adds a person. Seeding an address again (in the same organization) gives the person who has it.
    pub fn seed_user(&mut self, seed: SeedUser) -> UserId {
        let org = if self.settings.vertical == Vertical::B2b {
            seed.org
        } else {
            None
        };
        let new = NewUser {
            email: seed.email,
            org,
            has_password: seed.has_password,
            verified: seed.verified,
            mfa_enrolled: seed.mfa_enrolled,
            status: Status::Active,
        };
        let (Ok(user) | Err(user)) = self.people.add(new, self.gate.clock(self.start));
        user
    }

    /// Answers a call, or asks for the one thing that it cannot know.
    pub fn handle(&mut self, stamp: Stamp, call: &Call) -> Step {
        self.handle_with(stamp, With::default(), call)
    }

    /// Answers a call under circumstances of its own.
    pub fn handle_with(&mut self, stamp: Stamp, with: With, call: &Call) -> Step {
        if let Call::Migrate {
            token,
            org,
            duration,
        } = *call
        {
            return self.migrate(stamp, token, org, duration);
        }
        Step::Done(self.run(stamp, call.endpoint(), |project, now| {
            project.serve(Now { with, ..now }, call)
        }))
    }

    /// Answers an errand.
    pub fn errand(&mut self, stamp: Stamp, errand: &Errand) -> ErrandAnswer {
        self.errand_with(stamp, With::default(), errand)
    }

    /// Answers an errand under circumstances of its own.
    pub fn errand_with(&mut self, stamp: Stamp, with: With, errand: &Errand) -> ErrandAnswer {
        match errand.endpoint() {
            Some(endpoint) => self.run(stamp, endpoint, |project, now| {
                project.run_errand(Now { with, ..now }, errand)
            }),
            None => self.first_half(stamp, with, errand),
        }
    }

    pub(super) fn serve(&mut self, now: Now, call: &Call) -> Result<Reply, No> {
        match *call {
            // `handle` takes it aside: its logic is split by the call to `UserInfo`.
            Call::Migrate { .. } => Err(no(Error::Other)),
            Call::Authenticate { token, duration } => {
                self.authenticate(now, token.session, duration)
            }
            Call::AuthenticateJwt { jwt, duration } => self.authenticate_jwt(now, jwt, duration),
            Call::Revoke { token } => self.revoke(now, token.session),
            Call::Jwks => Ok(Reply::Keys(now.keys)),
            Call::Password {
                email,
                org,
                proof,
                duration,
            } => self.password(now, email, org, proof, duration),
            Call::SendMagicLink { email, org } => self.send_magic_link(now, email, org, true, None),
            Call::MagicLink { token, duration } => self.magic_link(now, token, duration),
            Call::OAuth { token, duration } => self.oauth(now, token, duration),
            Call::StartOAuth { email, org } => self.start_oauth(now, email, org),
            Call::SecondFactor {
                token,
                proof,
                duration,
            } => self.second_factor(now, token, proof, duration),
            Call::SignUp {
                email,
                org,
                duration,
            } => self.sign_up(now, email, org, duration),
            Call::CreateUser { email, org } => self.create_user(now, email, org),
            Call::ResetPassword {
                email,
                org,
                duration,
            } => self.reset_password(now, email, org, duration),
        }
    }

    fn run_errand(&mut self, now: Now, errand: &Errand) -> Result<ErrandReply, No> {
        let reply = match *errand {
            // `errand` takes them aside: they pass no gate.
            Errand::StartReset { .. } | Errand::SendSms(_) => Err(no(Error::Other)),
            Errand::FinishReset { token, duration } => self.finish_reset(now, token, duration),
            Errand::ReplacePassword {
                email,
                org,
                proof,
                duration,
            } => self.replace_password(now, email, org, proof, duration),
            Errand::ImportPassword {
                email,
                org,
                verified,
            } => {
                return self.import_password(now, email, org, verified);
            }
            Errand::SendCode {
                email,
                org,
                create,
                life,
            } => self.send_code(now, email, org, create, life),
            Errand::SendText {
                phone,
                whatsapp,
                create,
                life,
            } => self.send_text(now, phone, whatsapp, create, life),
            Errand::Code {
                token,
                proof,
                duration,
            } => self.code(now, token, proof, duration),
            Errand::SendMagicLink {
                email,
                org,
                create,
                life,
            } => self.send_magic_link(now, email, org, create, life),
            Errand::RevokeAll(user) => self.revoke_all(now, user),
            Errand::ListSessions(user) => self.known(user).map(|_| Reply::Done),
            Errand::Exchange {
                token,
                org,
                duration,
            } => self.exchange(now, token, org, duration),
            Errand::SendDiscovery { email, life } => Ok(self.send_discovery(now, email, life)),
            Errand::Discover(token) => self.discover(now, token),
            Errand::ExchangeIntermediate {
                token,
                org,
                duration,
            } => self.exchange_intermediate(now, token, org, duration),
            Errand::CreateOrg(rules) => {
                let org = self.add_org(now, rules)?;
                return Ok(ErrandReply::Organization(org));
            }
            Errand::UpdateOrg { org, rules } => self.update_org(org, rules),
            Errand::DeleteOrg(org) => self.delete_org(now, org),
            Errand::UpdateUser { user, mfa_enrolled } => self.update_user(user, mfa_enrolled),
            Errand::DeleteUser(user) => self.delete_user(now, user),
            Errand::Enter(enter) => self.enter(now, enter),
            Errand::Sso(sso) => self.sso(now, sso),
            Errand::Keep(keep) => return self.keep(now, keep),
            Errand::Membership(membership) => self.membership(now, membership),
            Errand::Discovery(discovery) => return self.discovery(now, discovery),
            Errand::Read { user, org } => self.read(user, org),
            Errand::Rejected { status, .. } => Err(No {
                status,
                ..no(Error::Other)
            }),
        };
        reply.map(ErrandReply::Reply)
    }

    /// The one way to an endpoint's logic: faults, limits, the logic, service time, the ledger.
    pub(super) fn run<R>(
        &mut self,
        stamp: Stamp,
        endpoint: Endpoint,
        logic: impl FnOnce(&mut Self, Now) -> Result<R, No>,
    ) -> crate::answer::Answer<R, Error> {
        let answer = match self.gate.admit(stamp, endpoint) {
            Ok(pass) => {
                let now = self.now(stamp.at);
                pass.out(logic(self, now), Span::ZERO)
            }
            Err(stop) => stop.out(),
        };
        self.ledger.count(endpoint, answer.outcome.status());
        answer
    }

    pub(super) fn now(&self, at: Timestamp) -> Now {
        Now {
            clock: self.gate.clock(at),
            keys: self.settings.keys.at(at),
            with: With::default(),
        }
    }

    /// The end of a login: a session, none because none was asked for, or the question for another
    /// factor. A session that the call brings along gets the factor instead of a new one.
    pub(super) fn log_in(
        &mut self,
        now: Now,
        user: UserId,
        duration: Option<Span>,
        shown: impl Into<Shown>,
    ) -> Result<Reply, No> {
        let mut shown: Shown = shown.into();
        if let Some(session) = self.session_to_join(now, user)? {
            self.take_word(now, user, shown.asserted)?;
            return self.join(now, session, duration, shown);
        }
        let carried = self.carried(now, user)?;
        if let Some(row) = carried {
            shown.factors = shown.factors.with(row.factors);
            shown.connection = shown.connection.or(row.shown().connection);
            shown.asserted = shown.asserted.or(row.shown().asserted);
        }
        if !self.allows(user, shown)? {
            return Err(no(Error::Rule(Rule::MethodRestricted)));
        }
        let needs_second = self.needs_second_factor(user)?;
        if needs_second && !shown.factors.iter().any(super::Factor::is_second) {
            return self.ask_second_factor(now, user, shown);
        }
        self.take_word(now, user, shown.asserted)?;
        if let Some(token) = now.with.intermediate {
            self.intermediates.spend(token);
        }
        let Some(length) = self.session_length(duration) else {
            self.known_mut(user)?.status = Status::Active;
            return Ok(Reply::NoSession(user));
        };
        let opened = self.open(now, user, length, shown)?;
        self.ledger.opened += 1;
        Ok(Reply::Session(opened))
    }

    /// Whether this person's organization, or they themselves, ask for a second factor.
    pub(super) fn needs_second_factor(&self, user: UserId) -> Result<bool, No> {
        if self.settings.vertical == Vertical::Consumer {
            return Ok(false);
        }
        let user = self.known(user)?;
        let org = user.org().and_then(|org| self.people.org(org));
        let required = org.is_some_and(|org| org.rules.mfa_required) && !user.breakglass;
        Ok(user.mfa_enrolled || required)
    }

    /// Whether this person's organization allows one of these factors.
    pub(super) fn allows(&self, user: UserId, shown: Shown) -> Result<bool, No> {
        let user = self.known(user)?;
        let org = user.org().and_then(|org| self.people.org(org));
        let rules = org.filter(|_| !user.breakglass).map(|org| org.rules);
        Ok(rules.is_none_or(|rules| rules.allow(shown.factors)))
    }

    /// How long a new session lasts; none where a consumer call does not say.
    pub(super) fn session_length(&self, duration: Option<Span>) -> Option<Span> {
        match self.settings.vertical {
            Vertical::Consumer => duration,
            Vertical::B2b => duration.or(Some(self.settings.default_session)),
        }
    }

    /// Opens a session, whatever for.
    pub(super) fn open(
        &mut self,
        now: Now,
        user: UserId,
        length: Span,
        shown: impl Into<Shown>,
    ) -> Result<Opened, No> {
        let shown: Shown = shown.into();
        self.sessions.make_room(&mut self.people, now.clock);
        let row = self.people.user_mut(user).ok_or(no(Error::UserNotFound))?;
        row.status = Status::Active;
        let newest = &mut row.newest_session;
        let session = self
            .sessions
            .open(user, newest, now.clock, length, shown.factors);
        self.sessions.detail(session, shown, now.clock);
        self.tokens_of(now, session)
            .ok_or(no(Error::SessionNotFound))
    }

    /// The token and a fresh JWT of a live session.
    pub(super) fn tokens_of(&mut self, now: Now, id: u32) -> Option<Opened> {
        let session = self.sessions.live_mut(id, now.clock)?;
        let user = self.people.user(session.user)?;
        let issued = now.clock.whole_second();
        let expires = issued + self.settings.jwt_life;
        session.jwt_expires = expires;
        Some(Opened {
            token: SessionToken {
                session: id,
                handle: 0,
            },
            jwt: SessionJwt {
                session: id,
                subject: session.user,
                org: user.org(),
                issued,
                expires,
                session_expires: session.expires,
                key: now.keys.current,
                handle: 0,
            },
            email: user.email,
        })
    }

    /// The person with this address, or the vertical's way of saying that there is none.
    pub(super) fn person(&self, email: Email, org: Option<OrgId>) -> Result<UserId, No> {
        let org = self.people.scope(org)?;
        let user = self
            .people
            .find(email, org)
            .ok_or(no(match self.settings.vertical {
                Vertical::Consumer => Error::EmailNotFound,
                Vertical::B2b => Error::UserNotFound,
            }))?;
        // A retired address still belongs to its member, but leads nowhere.
        let current = self.people.email_id(user, email);
        current.map_or(Err(no(Error::Rule(Rule::RetiredEmail))), |_| Ok(user))
    }

    /// Adds an organization by a call.
    pub(super) fn add_org(&mut self, now: Now, rules: OrgRules) -> Result<OrgId, No> {
        if self.people.is_full_of_orgs() {
            return Err(no(Error::Rule(Rule::TooManyOrganizations)));
        }
        Ok(self.people.add_org(rules, now.clock))
    }

    /// Adds a person by a call.
    pub(super) fn add(&mut self, now: Now, new: NewUser) -> Result<UserId, No> {
        let org = self.people.scope(new.org)?;
        if self.people.are_full() && self.people.find(new.email, org).is_none() {
            return Err(no(Error::Rule(Rule::TooManyPeople)));
        }
        let added = self.people.add(NewUser { org, ..new }, now.clock);
        let user = added.map_err(|_| no(Error::DuplicateEmail))?;
        self.ledger.created += 1;
        Ok(user)
    }
}

impl From<NoSuchOrg> for No {
    fn from(_: NoSuchOrg) -> Self {
        no(Error::OrganizationNotFound)
    }
}

/// A refusal with the status that its error has everywhere.
pub(super) fn no(error: Error) -> No {
    let status = match error {
        Error::SessionNotFound
        | Error::EmailNotFound
        | Error::UserNotFound
        | Error::OrganizationNotFound
        | Error::WrongCode => 404,
        Error::WrongPassword | Error::LoginTokenInvalid => 401,
        Error::UserLocked | Error::RateLimited => 429,
        Error::NotAllowed => 403,
        Error::Injected(status) => status,
        Error::NoPassword
        | Error::DuplicateEmail
        | Error::MigrateNotConfigured
        | Error::MigrateUnexpectedResponse
        | Error::MigrateEmailUnknown => 400,
        Error::Rule(rule) => rule.status(),
        Error::Other => 500,
    };
    No {
        status,
        error,
        retry_after: None,
    }
}
