//! `password` and `password-realm`: a login without a browser.

use axum::http::StatusCode;

use super::{Complaint, Desk, Given, invalid, needed, refusal};
use crate::auth0::factors::Owed;
use crate::auth0::{Connection, Error, Proof};
use crate::http::auth0::behind::Behind;
use crate::http::auth0::errors::oauth_error;
use crate::http::auth0::terms::Terms;
use crate::http::auth0::texts;

impl Desk<'_> {
    pub(super) fn by_password(&self, behind: &mut Behind) -> Result<Given, Complaint> {
        let username = needed(self.params, "username")?;
        let password = needed(self.params, "password")?;
        let ask = self
            .ask(behind)
            .map_err(|_| invalid("invalid audience specified for password grant exchange"))?;
        if let Some(realm) = self.params.get("realm")
            && texts::read_connection(realm) != Some(Connection::Database)
        {
            return Err(oauth_error(
                StatusCode::BAD_REQUEST,
                "invalid_request",
                &format!("connection '{realm}' is not available"),
            )
            .into());
        }
        let address = behind.address_of_login(self.face.directory(), username);
        let email = self.face.directory().intern(&address);
        let proof = if behind.is_password(email, &address, password) {
            Proof::RightPassword
        } else {
            Proof::WrongPassword
        };
        let user = behind
            .tenant
            .prove(self.stamp, self.now, email, Connection::Database, proof)
            .map_err(refusal)?;
        if behind.tenant.user(user).is_none_or(|user| user.blocked) {
            return Err(refusal(Error::Blocked));
        }
        let terms = Terms {
            way: Some("password"),
            ..Terms::new(&ask, self.now)
        };
        if behind.tenant.owes(user) != Owed::Nothing {
            return Err(self.owe(behind, user, terms));
        }
        self.open(behind, user, terms)
    }
}
