//! Reading a project without a call: what a census counts and a codec shows.

use rustc_hash::FxHashSet;

use super::call::{Endpoint, IntermediateToken, LoginToken, OrgId, SessionToken, UserId};
use super::means::{Means, MeansId, Thing};
use super::org_rules::OrgRules;
use super::people::{Status, User};
use super::project::Project;
use super::sessions::{Factors, Proved, Session};
use super::settings::Settings;
use super::with::{Connection, Phone, Provider};
use crate::email::Email;
use crate::keys::KeySet;
use crate::ledger::Ledger;
use crate::limit::LimitUse;
use crate::time::Timestamp;

/// A user or member, as the project keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, not states"
)]
pub struct UserView {
    /// Who.
    pub id: UserId,
    /// Their first address; none where they are known by a number.
    pub email: Option<Email>,
    /// Their organization (B2B).
    pub org: Option<OrgId>,
    /// When the record was made.
    pub created: Timestamp,
    /// Whether a password is known of them.
    pub has_password: bool,
    /// Whether the address counts as verified.
    pub verified: bool,
    /// Whether nobody but their organization's own identity provider vouches for the address (B2B).
    pub by_sso_only: bool,
    /// Whether they have a second factor of their own (B2B).
    pub mfa_enrolled: bool,
    /// Whether the password has to be reset before it is good again.
    pub stale_password: bool,
    /// Whether they are not bound by what their organization allows (B2B).
    pub breakglass: bool,
    /// Where they stand.
    pub status: Status,
    /// The end of their lock; in the past where there is none.
    pub locked_until: Timestamp,
}

/// An organization, as the project keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OrgView {
    /// Which.
    pub id: OrgId,
    /// When it was made.
    pub created: Timestamp,
    /// Settings that decide something.
    pub rules: OrgRules,
}

/// A session, as the project keeps it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Which.
    pub id: u32,
    /// Whose.
    pub user: UserId,
    /// When it began.
    pub started: Timestamp,
    /// When it was last authenticated by a call.
    pub last_accessed: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// What opened it.
    pub factors: Factors,
}

impl Project {
    /// Its settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// When it was made.
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// The keys published at this (true) time.
    pub fn keys(&self, now: Timestamp) -> KeySet {
        self.settings.keys.at(now)
    }

    /// Every rate limit of the project and its endpoints, and how close calls have come to it.
    pub fn limits_in_use(&self) -> Vec<LimitUse<Endpoint>> {
        self.gate.limits_in_use()
    }

    /// What it says it did.
    pub fn ledger(&self) -> &Ledger<Endpoint> {
        &self.ledger
    }

    /// How many people there are.
    pub fn user_count(&self) -> usize {
        self.people.len()
    }

    /// How many sessions there ever were.
    pub fn session_count(&self) -> usize {
        self.sessions.count()
    }

    /// How many sessions live at this (true) time. Looks at every session.
    pub fn live_session_count(&self, now: Timestamp) -> usize {
        self.sessions.count_live(self.gate.clock(now))
    }

    /// Whether a session lives at this (true) time.
    pub fn session_is_live(&self, token: SessionToken, now: Timestamp) -> bool {
        let now = self.gate.clock(now);
        self.sessions
            .get(token.session)
            .is_some_and(|session| session.is_live(now))
    }

    /// The project's own idea of a (true) time.
    pub fn clock(&self, now: Timestamp) -> Timestamp {
        self.gate.clock(now)
    }

    /// The person with this address, letter case aside; `org` matters in B2B only.
    pub fn find_user(&self, email: Email, org: Option<OrgId>) -> Option<UserId> {
        self.people.find(email, self.people.scope(org).ok()?)
    }

    /// A person who exists.
    pub fn user(&self, id: UserId) -> Option<UserView> {
        self.people.user(id).map(|user| user_view(id, user))
    }

    /// A member who was deleted.
    pub fn deleted_user(&self, id: UserId) -> Option<UserView> {
        self.people.deleted(id).map(|user| user_view(id, user))
    }

    /// Everyone who ever existed, in order of id, deleted ones included.
    pub fn all_users(&self) -> impl Iterator<Item = UserView> {
        self.people
            .all_users()
            .map(|(id, user)| user_view(id, user))
    }

    /// What a person has beside their first address.
    pub fn means(&self, user: UserId) -> Means {
        self.people.means(user).cloned().unwrap_or_default()
    }

    /// The id of a person's address.
    pub fn email_id(&self, user: UserId, email: Email) -> Option<MeansId> {
        self.people.email_id(user, email)
    }

    /// The address that a login token is to prove; none: the application delivers it itself. Ask before
    /// the token is used: then it may be forgotten.
    pub fn address_of(&self, token: LoginToken) -> Option<Email> {
        self.login_tokens.address(token)
    }

    /// The social provider that a login token came by. Ask before the token is used.
    pub fn provider_of(&self, token: LoginToken) -> Option<Provider> {
        self.login_tokens.provider(token)
    }

    /// The SSO connection that a login token came by. Ask before the token is used.
    pub fn connection_of(&self, token: LoginToken) -> Option<Connection> {
        self.login_tokens.connection(token)
    }

    /// The id of a person's number.
    pub fn phone_id(&self, user: UserId, phone: Phone) -> Option<MeansId> {
        self.people.phone_id(user, phone)
    }

    /// Whose number this is (consumer).
    pub fn find_phone(&self, phone: Phone) -> Option<UserId> {
        self.people.with_phone(phone)
    }

    /// The numbers that people have.
    pub fn phones(&self) -> FxHashSet<Phone> {
        self.people.phones()
    }

    /// Whose this address, number, app, tie or password is.
    pub fn owner(&self, thing: Thing, id: MeansId) -> Option<UserId> {
        self.people.owner(thing, id)
    }

    /// The factors of a session, live or not.
    pub fn factors(&self, session: u32) -> Vec<Proved> {
        self.sessions.factors(session)
    }

    /// Whether an intermediate session still lacks a first factor that its organization allows.
    pub fn lacks_primary(&self, token: IntermediateToken, now: Timestamp) -> bool {
        let row = self.intermediates.live(token, self.gate.clock(now));
        row.is_some_and(|row| row.primary_missing)
    }

    /// Everyone who exists, in order of id, from this id on.
    pub fn users_from(&self, first: UserId) -> impl Iterator<Item = UserView> {
        self.people
            .users_from(first)
            .map(|(id, user)| user_view(id, user))
    }

    /// An organization that exists.
    pub fn org(&self, id: OrgId) -> Option<OrgView> {
        let org = self.people.org(id)?;
        Some(OrgView {
            id,
            created: org.created,
            rules: org.rules,
        })
    }

    /// Every organization that exists, in order of id, from this id on.
    pub fn orgs_from(&self, first: OrgId) -> impl Iterator<Item = OrgView> {
        self.people.orgs_from(first).filter_map(|org| self.org(org))
    }

    /// A session, live or not.
    pub fn session(&self, id: u32) -> Option<SessionView> {
        self.sessions
            .get(id)
            .map(|session| session_view(id, session))
    }

    /// A person's sessions that live at this (true) time, newest first.
    pub fn sessions_of(&self, user: UserId, now: Timestamp) -> impl Iterator<Item = SessionView> {
        let now = self.gate.clock(now);
        let newest = self.people.user(user).map(|user| user.newest_session);
        let all = newest
            .into_iter()
            .flat_map(|newest| self.sessions.of(newest));
        all.filter(move |(_, session)| session.is_live(now))
            .map(|(id, row)| session_view(id, row))
    }

    /// Whose intermediate session this is, if it lives at this (true) time: the address, and the
    /// member where one is known.
    pub fn intermediate(
        &self,
        token: IntermediateToken,
        now: Timestamp,
    ) -> Option<(Email, Option<UserId>)> {
        let row = self.intermediates.live(token, self.gate.clock(now))?;
        Some((row.email, row.member()))
    }

    /// The only member whom a session speaks for; none: everybody with its member's address.
    pub fn speaks_only_for(&self, session: u32) -> Option<UserId> {
        let row = self.sessions.get(session)?;
        let email = self.people.user(row.user)?.email;
        let elsewhere = self.elsewhere(row.user, email, row.factors);
        elsewhere.is_empty().then_some(row.user)
    }

    /// The same of an intermediate session.
    pub fn stands_only_for(&self, token: IntermediateToken) -> Option<UserId> {
        let row = self.intermediates.row(token)?;
        let member = row.member()?;
        let elsewhere = self.elsewhere(member, row.email, row.factors);
        elsewhere.is_empty().then_some(member)
    }

    /// The member who was asked for a second factor with this token, good or no longer.
    pub fn asked_for_second_factor(&self, token: IntermediateToken) -> Option<UserId> {
        self.intermediates.row(token)?.member()
    }
}

fn user_view(id: UserId, user: &User) -> UserView {
    UserView {
        id,
        email: user.has_email().then_some(user.email),
        org: user.org(),
        created: user.created,
        has_password: user.has_password,
        verified: user.verified,
        by_sso_only: user.by_sso_only,
        mfa_enrolled: user.mfa_enrolled,
        stale_password: user.stale_password,
        breakglass: user.breakglass,
        status: user.status,
        locked_until: user.locked_until,
    }
}

fn session_view(id: u32, session: &Session) -> SessionView {
    SessionView {
        id,
        user: session.user,
        started: session.started,
        last_accessed: session.last_accessed,
        expires: session.expires,
        factors: session.factors,
    }
}
