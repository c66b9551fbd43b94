//! `/oauth/token` and `/oauth/revoke`: codes, passwords and refresh tokens become tokens, and end.

use super::call::{
    AccessToken, Audience, Challenge, Code, Connection, Error, Proof, RefreshToken, Reply,
};
use super::call::{Scopes, Stamp, Tokens, UserId};
use super::families::NotExchanged;
use super::tenant::{Said, Tenant};
use crate::email::Email;
use crate::keys::KeyId;
use crate::time::{Span, Timestamp};

/// What a code stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grant {
    pub(super) user: UserId,
    pub(super) scopes: Scopes,
    pub(super) api: bool,
    pub(super) challenge: Option<Challenge>,
}

/// Life of a token for `UserInfo` alone: fixed (Auth0 docs, access tokens).
const USERINFO_ONLY_LIFE: Span = Span::from_hours(24);

impl Audience {
    /// What a token is good for: an opaque one, for no API, only for `UserInfo`; a JWT for an API
    /// also for `UserInfo` if `openid` was asked for.
    pub const fn issued(scopes: Scopes, api: bool) -> Self {
        Self {
            api,
            userinfo: !api || scopes.openid,
        }
    }
}

impl Tenant {
    pub(super) fn exchange_code(
        &mut self,
        now: Timestamp,
        code: Code,
        verifier: Option<Challenge>,
    ) -> Said {
        let grant = self.grants.take(now, code.0).ok_or(Error::InvalidCode)?;
        if grant.challenge.is_some() && grant.challenge != verifier {
            return Err(Error::InvalidVerifier);
        }
        // The identity may have been linked to another user meanwhile.
        let user = self.links.user_of(grant.user);
        if self.users.get(user).is_none_or(|user| user.blocked) {
            return Err(Error::Blocked);
        }
        Ok(Reply::Tokens(self.open(now, user, grant.scopes, grant.api)))
    }

    pub(super) fn password_grant(
        &mut self,
        stamp: Stamp,
        now: Timestamp,
        email: Email,
        proof: Proof,
        (scopes, api): (Scopes, bool),
    ) -> Said {
        let user = self.prove(stamp, now, email, Connection::Database, proof)?;
        if self.users.get(user).is_none_or(|user| user.blocked) {
            return Err(Error::Blocked);
        }
        Ok(Reply::Tokens(self.open(now, user, scopes, api)))
    }

    pub(super) fn refresh(&mut self, now: Timestamp, token: RefreshToken) -> Said {
        let family = *self.families.get(token).ok_or(Error::InvalidRefreshToken)?;
        let user = self
            .users
            .get(family.user)
            .ok_or(Error::InvalidRefreshToken)?;
        if user.blocked && self.families.is_live(token, now, &self.settings) {
            return Err(Error::Blocked);
        }
        match self.families.exchange(token, now, &self.settings) {
            Ok(newest) => {
                self.ledger.refreshed += 1;
                let access = self.access_token(now, family.user, family.scopes, family.audience);
                Ok(Reply::Tokens(Tokens {
                    access,
                    refresh: self.settings.rotation.then_some(newest),
                }))
            }
            Err(refusal) => {
                self.ledger.revoked += u64::from(refusal == NotExchanged::Reused);
                Err(Error::InvalidRefreshToken)
            }
        }
    }

    /// Revokes a refresh token; an unknown one is no error.
    pub(super) fn revoke(&mut self, now: Timestamp, token: RefreshToken) -> Reply {
        self.ledger.revoked += u64::from(self.families.revoke(token, now, &self.settings));
        Reply::Done
    }

    /// Issues tokens to a person who has proven to be there.
    pub(crate) fn open(
        &mut self,
        now: Timestamp,
        user: UserId,
        scopes: Scopes,
        api: bool,
    ) -> Tokens {
        self.ledger.opened += 1;
        let audience = Audience::issued(scopes, api);
        let access = self.access_token(now, user, scopes, audience);
        let refresh = scopes.offline.then(|| {
            self.families
                .begin(user, scopes, audience, now, now, &self.settings)
        });
        Tokens { access, refresh }
    }

    /// The access token that is issued at this moment.
    pub(super) fn access_token(
        &self,
        now: Timestamp,
        subject: UserId,
        scopes: Scopes,
        audience: Audience,
    ) -> AccessToken {
        let life = if audience.api {
            self.settings.access_token_life
        } else {
            USERINFO_ONLY_LIFE
        };
        let issued = now.whole_second();
        AccessToken {
            subject,
            issued,
            expires: (issued + life).whole_second(),
            scopes,
            audience,
            // An opaque token is not signed.
            key: if audience.api {
                self.settings.keys.at(now).current
            } else {
                KeyId::default()
            },
            handle: 0,
        }
    }
}
