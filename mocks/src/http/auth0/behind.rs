//! What stands behind the face: the machine, and what only the wire knows of its people and logins.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::answering::Complaint;
use super::answering::{Asked, Verdict};
use super::backchannel::{Notice, Participants};
use super::cross_origin::Ticket;
use super::events::Log;
use super::passwords::Kept;
use super::person::id_text;
use super::pushed::Pushed;
use super::request::{Granted, Request};
use super::shields::Shields;
use super::terms::Terms;
use super::texts;
use super::token::Owing;
use crate::answer::{Outcome, Refusal};
use crate::auth0::organizations::OrganizationId;
use crate::auth0::{
    Call, Change, Connection, Endpoint, Error, Instead, Manage, RefreshToken, Reply, SsoSession,
    Tenant, UserId,
};
use crate::http::recent::Recent;
use crate::http::seal::Generation;
use crate::http::{Directory, Exchange};
use crate::time::Timestamp;

/// The machine, and what only the wire knows.
#[derive(Debug)]
pub(super) struct Behind {
    pub(super) tenant: Tenant,
    /// Of the texts of all that is numbered here.
    pub(super) generation: Generation,
    /// By login transaction: what the application asked for.
    pub(super) logins: Recent<u32, Arc<Request>>,
    /// By login transaction: who has given a first proof and owes a second.
    pub(super) half_proven: Recent<u32, UserId>,
    /// By code: what the exchange must repeat, and what the ID token says.
    pub(super) grants: Recent<u32, Granted>,
    /// Who has given a first proof by API and owes a second.
    pub(super) owing: Recent<u32, Owing>,
    /// Who has logged in on an application's page and not come to `/authorize` yet.
    pub(super) tickets: Recent<u32, Ticket>,
    /// What applications have pushed before they send a browser.
    pub(super) pushed: Recent<u32, Pushed>,
    /// By session: the applications that want to be told of its end.
    pub(super) participants: Recent<u32, Participants>,
    /// Logout tokens that go out when this is let go.
    pub(super) notices: Vec<Notice>,
    /// How it was told to be protected.
    pub(super) shields: Shields,
    /// What happened lately.
    pub(super) log: Log,
    /// Proofs of possession that were used: none is good twice.
    pub(super) proofs: Recent<u128, ()>,
    /// By refresh-token family: on what terms it was begun.
    pub(super) terms: BTreeMap<u32, Arc<Terms>>,
    sweep_terms_at: usize,
    /// Passwords chosen over the wire, where they are not those of [`crate::http::password_of`].
    pub(super) passwords: FxHashMap<UserId, Kept>,
}

/// Terms are swept when this many are kept, and then when twice as many as remain are.
const FIRST_SWEEP: usize = 1 << 16;

impl Behind {
    /// Transactions and codes of the wire are bounded as the machine's are. In rehearsals, whose machines
    /// know no bounds, the default is more than a storm has open at once.
    pub(super) fn new(tenant: Tenant, generation: Generation) -> Self {
        let most = tenant.bounds().unwrap_or_default().passing;
        Self {
            shields: Shields::of(tenant.settings()),
            tenant,
            generation,
            logins: Recent::of(most),
            half_proven: Recent::of(most),
            grants: Recent::of(most),
            owing: Recent::of(most),
            tickets: Recent::of(most),
            pushed: Recent::of(most),
            participants: Recent::of(most),
            notices: Vec::new(),
            log: Log::default(),
            proofs: Recent::of(most),
            terms: BTreeMap::new(),
            sweep_terms_at: FIRST_SWEEP,
            passwords: FxHashMap::default(),
        }
    }

    /// Hands a call to the machine; `keep` reads what the answer needs.
    pub(super) fn ask<T>(
        &mut self,
        exchange: &Exchange,
        call: Call,
        keep: impl FnOnce(&mut Self, Reply) -> Option<T>,
    ) -> Asked<T> {
        let answer = self.tenant.handle(exchange.stamp(), &call);
        let rate = self.tenant.rate_seen();
        let verdict = match answer.outcome {
            // A reply of another kind than the call's would be a defect of the machine: a 500, not a panic.
            Outcome::Served(reply) => keep(self, reply).map_or(
                Verdict::Refused(Refusal {
                    status: 500,
                    error: Error::Injected(500),
                    retry_after: None,
                }),
                Verdict::Served,
            ),
            Outcome::Refused(refusal) => Verdict::Refused(refusal),
            Outcome::Broken(breakage) => Verdict::Broken(breakage),
        };
        Asked::new(exchange, call.endpoint(), verdict, answer.took, rate)
    }

    /// Runs the logic of a call whose answer is richer than the machine's own replies, on the path
    /// that every call takes: limits and faults come first, and what is answered is counted.
    pub(super) fn pass<T>(
        &mut self,
        exchange: &Exchange,
        endpoint: Endpoint,
        logic: impl FnOnce(&mut Self) -> Result<T, Complaint>,
    ) -> Asked<T> {
        let admission = self.tenant.admit(exchange.stamp(), endpoint);
        let said = admission.works.then(|| logic(self));
        let verdict = match (admission.instead, said) {
            (Some(Instead::Refused(refusal)), _) => Verdict::Refused(refusal),
            (Some(Instead::Broken(breakage)), _) => Verdict::Broken(breakage),
            (None, Some(Ok(served))) => Verdict::Served(served),
            (None, Some(Err(complaint))) => Verdict::Told(complaint),
            (None, None) => Verdict::Refused(Refusal {
                status: 500,
                error: Error::Injected(500),
                retry_after: None,
            }),
        };
        self.tenant.count(endpoint, verdict.status());
        let rate = self.tenant.rate_seen();
        Asked::new(exchange, endpoint, verdict, admission.took, rate)
    }

    /// Remembers the terms of a family of refresh tokens; those of families that are over are
    /// forgotten now and then.
    pub(super) fn remember_terms(&mut self, family: u32, terms: Arc<Terms>, now: Timestamp) {
        if self.terms.len() >= self.sweep_terms_at {
            let tenant = &self.tenant;
            self.terms.retain(|family, _| {
                let token = RefreshToken {
                    family: *family,
                    generation: 0,
                };
                tenant.family(token, now).is_some()
            });
            self.sweep_terms_at = FIRST_SWEEP.max(self.terms.len() * 2);
        }
        self.terms.insert(family, terms);
    }

    /// Gives a person another password; whoever is blocked for guessing at the old one is so no longer.
    pub(super) fn change_password(
        &mut self,
        directory: &Directory,
        user: UserId,
        password: &str,
        now: Timestamp,
    ) {
        let Some(email) = self.tenant.user(user).map(|user| user.email) else {
            return;
        };
        let change = Change {
            password: true,
            ..Change::default()
        };
        // The person was just seen to be there.
        let _ = self.tenant.manage(Manage::Update(user, change));
        self.set_password(user, &directory.text(email), password);
        self.tenant.profiles.get_mut(user).password_changed = Some(now);
    }

    /// The address that somebody logs in with, who may type a username instead.
    pub(super) fn address_of_login(&self, directory: &Directory, typed: &str) -> String {
        if typed.contains('@') {
            return typed.to_owned();
        }
        self.tenant
            .profiles
            .by_username(typed)
            .and_then(|id| self.tenant.user(id))
            .map_or_else(|| typed.to_owned(), |user| directory.text(user.email))
    }

    /// Who is known by what somebody typed to log in so.
    pub(super) fn known_by(
        &self,
        directory: &Directory,
        typed: &str,
        connection: Connection,
    ) -> Option<UserId> {
        let email = directory.known(&self.address_of_login(directory, typed))?;
        self.tenant.find_user(email, connection)
    }

    /// A number that tells tokens of the same claims apart.
    pub(super) fn ordinal(&self) -> u64 {
        self.tenant.ledger().calls.values().sum()
    }

    /// Ends all sessions of a person.
    pub(super) fn end_sessions(&mut self, user: UserId, now: Timestamp) {
        for session in self.tenant.sessions_of(user, now) {
            self.tenant.end_session(session.id, now);
        }
    }

    /// Ends all sessions and refresh tokens of a person.
    pub(super) fn end_access(&mut self, user: UserId, now: Timestamp) {
        self.end_sessions(user, now);
        for family in self.tenant.families_of(user, now) {
            self.tenant.end_family(family.newest, now);
        }
    }

    /// Which applications got refresh tokens in a browser's session.
    pub(super) fn families_in(&self, session: SsoSession) -> BTreeSet<&str> {
        self.terms
            .values()
            .filter(|terms| terms.session == Some(session))
            .map(|terms| terms.client_id.as_str())
            .collect()
    }

    /// What a person may do at an API, as a member of an organization or not.
    pub(super) fn permissions_at(
        &self,
        user: UserId,
        organization: Option<OrganizationId>,
        resource: &str,
    ) -> Vec<String> {
        let member = organization
            .and_then(|id| self.tenant.organizations.get(id))
            .and_then(|organization| organization.roles(user));
        self.tenant
            .roles
            .permissions(user, member.into_iter().flatten())
            .into_iter()
            .filter(|allowed| allowed.resource == resource)
            .map(|allowed| allowed.name.clone())
            .collect()
    }

    /// Forgets what the wire knows of a person who was deleted.
    pub(super) fn forget(&mut self, user: UserId) {
        self.passwords.remove(&user);
        self.tenant.profiles.forget(user);
        self.tenant.organizations.forget(user);
        self.tenant.roles.forget(user);
        self.tenant.factors.forget(user);
        self.tenant.links.unlink(user);
    }

    /// Where somebody's identity comes from; of nobody, what most have.
    pub(super) fn connection_of(&self, user: UserId) -> Connection {
        let row = self.tenant.user(user);
        row.map_or(Connection::Database, |row| row.connection)
    }

    /// A user id as it is told.
    pub(super) fn user_text(&self, user: UserId) -> String {
        let chosen = self.tenant.profiles.chosen_id(user).map(str::to_owned);
        id_text(user, chosen, self.connection_of(user))
    }

    /// The user behind a user id.
    pub(super) fn read_user(&self, text: &str) -> Option<UserId> {
        self.tenant
            .profiles
            .by_chosen_id(text)
            .or_else(|| texts::read_user_id(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::Bounds;

    #[test]
    fn the_wire_keeps_within_the_bounds_of_the_machine() {
        let at = Timestamp::from_secs(0);
        let mut tenant = Tenant::new(crate::auth0::Settings::default(), at);
        tenant.keep_within(Bounds {
            passing: 2,
            ..Bounds::default()
        });
        let mut behind = Behind::new(tenant, Generation::default());
        for number in 0..3 {
            behind.half_proven.put(number, UserId(number));
        }
        let kept = [0, 1, 2].map(|number| behind.half_proven.get(number).is_some());
        assert_eq!(kept, [false, true, true]);
    }
}
