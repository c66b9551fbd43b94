//! `/authorize` and the end of a browser's session: single sign-on, social consent, the login page.

use super::call::{
    Challenge, Code, Connection, Error, Reply, Scopes, SsoSession, Stamp, Transaction, UserId,
};
use super::factors::Owed;
use super::tenant::{Said, Tenant};
use super::token::Grant;
use crate::email::Email;
use crate::time::Timestamp;

/// What was asked for at `/authorize`, kept while the login page is open.
#[derive(Clone, Copy, Debug)]
pub(super) struct Login {
    pub(super) connection: Connection,
    pub(super) scopes: Scopes,
    pub(super) api: bool,
    pub(super) challenge: Option<Challenge>,
}

/// A browser's single-sign-on session.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    pub(super) user: UserId,
    /// The last contact with Auth0; use of the application does not count.
    pub(super) seen: Timestamp,
}

/// Hops between pages that draw on the tenant's limit, too: Auth0 counts 5 calls for a database login
/// and 6 for a social one (docs, rate limit use cases), of which only some are modelled one by one.
/// In a social login that is consented to at once: the login page and its choice, the way back from the
/// social provider, and the resumed `/authorize`.
const CONSENT_HOPS: u8 = 4;

impl Tenant {
    pub(super) fn authorize(
        &mut self,
        stamp: Stamp,
        login: Login,
        hint: Option<Email>,
        silent: bool,
        sso: Option<SsoSession>,
    ) -> Said {
        let now = self.now(stamp.at);
        if let Some(sso) = sso
            && let Some(user) = self.session_user(now, sso)
        {
            return self.code(now, login, user, sso);
        }
        if silent {
            return Err(Error::LoginRequired);
        }
        if let (Connection::Google, Some(email)) = (login.connection, hint) {
            let identity = self.find_or_create(email, Connection::Google)?;
            // Whoever owes a second factor is asked for it by the pages of the login.
            if self.owes(self.links.user_of(identity)) == Owed::Nothing {
                self.limits.draw(CONSENT_HOPS, stamp.at);
                return self.log_in(now, login, identity);
            }
        }
        Ok(Reply::LoginPage(Transaction(self.logins.put(now, login))))
    }

    /// Ends the browser's session, not the application's tokens.
    pub(super) fn logout(&mut self, now: Timestamp, sso: Option<SsoSession>) -> Reply {
        if let Some(SsoSession(number)) = sso {
            self.sessions.take(now, number);
        }
        Reply::Done
    }

    /// Whose a live session is; finding it is a contact that prolongs its idle life.
    fn session_user(&mut self, now: Timestamp, sso: SsoSession) -> Option<UserId> {
        let idle_life = self.settings.session_idle_life;
        let session = self
            .sessions
            .get_mut(now, sso.0)
            .filter(|session| now < session.seen + idle_life)?;
        session.seen = session.seen.max(now);
        let user = session.user;
        self.users.get(user).map(|_| user)
    }

    /// Opens a browser's session.
    pub(super) fn open_session(&mut self, now: Timestamp, user: UserId) -> SsoSession {
        SsoSession(self.sessions.put(now, Session { user, seen: now }))
    }

    /// The end of a login whose proof was right, of whoever the identity leads to by now.
    pub(super) fn log_in(&mut self, now: Timestamp, login: Login, identity: UserId) -> Said {
        let user = self.links.user_of(identity);
        let blocked = self.users.get(user).is_none_or(|user| user.blocked);
        if blocked {
            return Err(Error::Blocked);
        }
        let sso = self.open_session(now, user);
        self.code(now, login, user, sso)
    }

    fn code(&mut self, now: Timestamp, login: Login, user: UserId, sso: SsoSession) -> Said {
        if self.users.get(user).is_none_or(|user| user.blocked) {
            return Err(Error::Blocked);
        }
        let Login {
            scopes,
            api,
            challenge,
            ..
        } = login;
        let code = Code(self.grants.put(
            now,
            Grant {
                user,
                scopes,
                api,
                challenge,
            },
        ));
        Ok(Reply::Code { code, sso })
    }

    /// Social and passwordless logins create the person they have not seen before.
    pub(super) fn find_or_create(
        &mut self,
        email: Email,
        connection: Connection,
    ) -> Result<UserId, Error> {
        if let Some(user) = self.users.find(email, connection) {
            return Ok(user);
        }
        if self.users.are_full() {
            return Err(Error::TooManyUsers);
        }
        self.ledger.created += 1;
        Ok(self.users.add(email, connection, true, false))
    }
}
