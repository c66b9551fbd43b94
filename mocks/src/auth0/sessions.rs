//! Sessions and refresh tokens of people, as whoever administers the tenant sees and ends them.

use super::call::{Code, RefreshToken, SsoSession, UserId};
use super::tenant::Tenant;
use crate::keys::Rotation;
use crate::time::Timestamp;

/// A browser's single-sign-on session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionSeen {
    /// Which.
    pub id: SsoSession,
    /// Whose.
    pub user: UserId,
    /// When the person logged in.
    pub authenticated: Timestamp,
    /// When Auth0 saw it last.
    pub seen: Timestamp,
    /// When it ends unless Auth0 sees it again.
    pub idle_until: Timestamp,
    /// When it ends in any case.
    pub until: Timestamp,
}

/// A refresh-token family that is alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FamilySeen {
    /// Its newest token.
    pub newest: RefreshToken,
    /// Whose.
    pub user: UserId,
    /// When it began.
    pub begun: Timestamp,
    /// When it was last exchanged.
    pub used: Timestamp,
    /// When it ends unless it is exchanged again.
    pub idle_until: Timestamp,
    /// When it ends in any case.
    pub until: Timestamp,
}

impl Tenant {
    /// A session that is alive; looking at it is no contact.
    pub fn session(&self, id: SsoSession, now: Timestamp) -> Option<SessionSeen> {
        let (born, session) = self.sessions.get(now, id.0)?;
        self.session_seen(id, born, *session, now)
    }

    /// The live sessions of a person, oldest first.
    pub fn sessions_of(&self, user: UserId, now: Timestamp) -> Vec<SessionSeen> {
        self.sessions
            .iter(now)
            .filter(|(_, _, session)| session.user == user)
            .filter_map(|(id, born, session)| {
                self.session_seen(SsoSession(id), born, *session, now)
            })
            .collect()
    }

    fn session_seen(
        &self,
        id: SsoSession,
        born: Timestamp,
        session: super::authorize::Session,
        now: Timestamp,
    ) -> Option<SessionSeen> {
        let idle_until = session.seen + self.settings.session_idle_life;
        let live = now < idle_until && self.users.get(session.user).is_some();
        live.then_some(SessionSeen {
            id,
            user: session.user,
            authenticated: born,
            seen: session.seen,
            idle_until,
            until: born + self.settings.session_absolute_life,
        })
    }

    /// Ends a session; false if there is none.
    pub fn end_session(&mut self, id: SsoSession, now: Timestamp) -> bool {
        self.sessions.take(now, id.0).is_some()
    }

    /// The living refresh-token families of a person, oldest first.
    pub fn families_of(&self, user: UserId, now: Timestamp) -> Vec<FamilySeen> {
        self.families
            .iter_alive(now, &self.settings)
            .filter(|seen| seen.user == user)
            .collect()
    }

    /// A family that is alive, by any of its tokens.
    pub fn family(&self, token: RefreshToken, now: Timestamp) -> Option<FamilySeen> {
        self.families.seen(token.family, now, &self.settings)
    }

    /// Ends a family; false if it was over.
    pub fn end_family(&mut self, token: RefreshToken, now: Timestamp) -> bool {
        let Some(seen) = self.family(token, now) else {
            return false;
        };
        self.revoke(now, seen.newest);
        true
    }

    /// Where an address is blocked from by brute-force protection.
    pub fn blocked_from(&self, mailbox: u32, now: Timestamp) -> Vec<super::call::Address> {
        self.protection.blocked_from(mailbox, now)
    }

    /// Ends those blocks.
    pub fn lift_blocks(&mut self, mailbox: u32) {
        self.protection.forgive(mailbox);
    }

    /// The next key signs from now on; the one that signed until now stays published.
    pub fn rotate_keys(&mut self, now: Timestamp) {
        self.settings.keys.rotations.retain(|past| past.at <= now);
        self.settings.keys.rotations.push(Rotation {
            at: now,
            previous_until: Timestamp::NEVER,
        });
    }

    /// The previous key is published no longer.
    pub fn revoke_previous_key(&mut self, now: Timestamp) {
        if let Some(last) = self.settings.keys.rotations.last_mut() {
            last.previous_until = last.previous_until.min(now);
        }
    }

    /// Whom a code was issued for, while it is good.
    pub fn code_user(&self, code: Code, now: Timestamp) -> Option<UserId> {
        let (_, grant) = self.grants.get(now, code.0)?;
        Some(self.links.user_of(grant.user))
    }

    /// Makes a code worthless.
    pub(crate) fn drop_code(&mut self, code: Code, now: Timestamp) {
        self.grants.take(now, code.0);
    }
}
