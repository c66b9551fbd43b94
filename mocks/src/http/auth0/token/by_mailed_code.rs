//! `passwordless/otp`: a code that `/passwordless/start` mailed or texted.

use axum::http::StatusCode;

use super::{Complaint, Desk, Given, invalid, needed, refusal};
use crate::auth0::factors::Owed;
use crate::auth0::{Connection, Error, Proof};
use crate::http::auth0::behind::Behind;
use crate::http::auth0::errors::oauth_error;
use crate::http::auth0::request;
use crate::http::auth0::terms::Terms;
use crate::http::auth0::texts;

impl Desk<'_> {
    pub(super) fn by_mailed_code(&self, behind: &mut Behind) -> Result<Given, Complaint> {
        let address = needed(self.params, "username")?;
        let otp = needed(self.params, "otp")?;
        let connection = texts::read_connection(needed(self.params, "realm")?);
        let Some(connection @ (Connection::Email | Connection::Sms)) = connection else {
            return Err(invalid("realm must be email or sms"));
        };
        let ask = self.ask(behind).map_err(|_| {
            let audience = request::audience(behind, self.params).unwrap_or_default();
            let text = format!("Service not found: {audience}");
            oauth_error(StatusCode::FORBIDDEN, "access_denied", &text)
        })?;
        let email = self.face.directory().intern(address);
        let proof = if behind.tenant.mailed.take(connection, email, otp, self.now) {
            Proof::RightCode
        } else {
            Proof::WrongCode
        };
        let user = behind
            .tenant
            .prove(self.stamp, self.now, email, connection, proof)
            .map_err(refusal)?;
        if behind.tenant.user(user).is_none_or(|user| user.blocked) {
            return Err(refusal(Error::Blocked));
        }
        let terms = Terms::new(&ask, self.now);
        if behind.tenant.owes(user) != Owed::Nothing {
            return Err(self.owe(behind, user, terms));
        }
        self.open(behind, user, terms)
    }
}
