//! `/userinfo`: what a token tells of its person, and how often.

use super::call::{AccessToken, Error, Reply, UserInfo};
use super::tenant::{Said, Tenant};
use crate::time::Timestamp;

impl Tenant {
    /// `at` is true time, by which limits are judged; `now` the tenant's own, by which tokens are.
    pub(super) fn userinfo(&mut self, at: Timestamp, now: Timestamp, token: &AccessToken) -> Said {
        // An opaque token is not signed.
        let key_holds = !token.audience.api || self.settings.keys.at(now).holds(token.key);
        if now >= token.expires || !token.audience.userinfo || !key_holds {
            return Err(Error::InvalidToken);
        }
        let user = *self.users.get(token.subject).ok_or(Error::InvalidToken)?;
        if user.blocked && self.settings.userinfo_refuses_blocked {
            return Err(Error::InvalidToken);
        }
        if !self.limits.admit_user(token.subject, at) {
            return Err(Error::UserRateLimited);
        }
        let tells_email = token.scopes.openid && token.scopes.email;
        Ok(Reply::UserInfo(UserInfo {
            subject: token.scopes.openid.then_some(token.subject),
            email: tells_email.then_some(user.email),
            verified: tells_email && user.verified,
        }))
    }
}
