//! `device_code`: a device asks whether somebody has typed its code.

use axum::http::StatusCode;
use axum::response::Response;

use super::{Complaint, Desk, Given, needed};
use crate::auth0::devices::NotYet;
use crate::http::auth0::behind::Behind;
use crate::http::auth0::errors::oauth_error;
use crate::http::auth0::request::Ask;
use crate::http::auth0::terms::Terms;
use crate::http::auth0::texts;

impl Desk<'_> {
    pub(super) fn by_device(&self, behind: &mut Behind) -> Result<Given, Complaint> {
        let text = needed(self.params, "device_code")?;
        let number = texts::read_device_code(behind.generation, text).unwrap_or(u32::MAX);
        let (user, ask) = behind
            .tenant
            .devices
            .poll(number, &self.client.id, self.now)
            .map_err(not_yet)?;
        let ask = Ask::read(
            behind,
            self.parties,
            &self.client,
            ask.audience.as_deref(),
            Some(&ask.scope),
        )
        .map_err(|_| not_yet(NotYet::Denied))?;
        self.open(behind, user, Terms::new(&ask, self.now))
    }
}

fn not_yet(why: NotYet) -> Response {
    let (status, error, text) = match why {
        NotYet::Pending => (
            StatusCode::FORBIDDEN,
            "authorization_pending",
            "User has yet to authorize device code.",
        ),
        NotYet::SlowDown => (
            StatusCode::TOO_MANY_REQUESTS,
            "slow_down",
            "You are polling faster than the specified interval of 5 seconds.",
        ),
        NotYet::Expired => (
            StatusCode::FORBIDDEN,
            "expired_token",
            "The associated code is expired. Please restart the device flow.",
        ),
        NotYet::Denied => (
            StatusCode::FORBIDDEN,
            "access_denied",
            "The user did not authorize the request.",
        ),
        NotYet::Unknown => (
            StatusCode::FORBIDDEN,
            "invalid_grant",
            "Invalid or expired device code.",
        ),
    };
    oauth_error(status, error, text)
}
