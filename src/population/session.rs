//! A legacy session on a device: what a login leaves there, and how long it can be used.

use cutover_mocks::auth0::{AccessToken, RefreshToken, Tokens};
use cutover_mocks::time::Timestamp;

use crate::scenario::Scenario;

/// A legacy session on a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegacyCookie {
    /// The access token.
    pub access: AccessToken,
    /// The refresh token, if there is one.
    pub refresh: Option<RefreshToken>,
    /// When the login behind it was.
    pub opened: Timestamp,
    /// Whether a newer refresh token was given out and did not stay on the device.
    pub stale: bool,
}

impl LegacyCookie {
    /// What a login leaves on a device.
    pub const fn opened(tokens: Tokens, at: Timestamp) -> Self {
        Self {
            access: tokens.access,
            refresh: tokens.refresh,
            opened: at,
            stale: false,
        }
    }

    /// The cookie after a refresh; a tenant that does not rotate gives no new refresh token.
    #[must_use]
    pub fn refreshed(self, tokens: Tokens) -> Self {
        Self {
            access: tokens.access,
            refresh: tokens.refresh.or(self.refresh),
            ..self
        }
    }

    /// Whether the session can still be used: its access token lives, or can be refreshed.
    pub fn is_live(&self, scenario: &Scenario, now: Timestamp) -> bool {
        now < self.lives_until(scenario)
    }

    /// The first moment at which it can no longer be used.
    pub fn lives_until(&self, scenario: &Scenario) -> Timestamp {
        let auth0 = &scenario.providers.auth0;
        let refreshable_until = self.refresh.map(|_| {
            let absolute = self.opened + auth0.refresh_absolute_life;
            absolute.min(self.access.issued + auth0.refresh_idle_life)
        });
        refreshable_until.map_or(self.access.expires, |until| until.max(self.access.expires))
    }
}
