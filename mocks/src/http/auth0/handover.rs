//! Logins and tokens that came about in process, and not over the wire: on what terms the wire goes on
//! with them.

use std::sync::Arc;

use reqwest::Url;

use super::face::Face;
use super::request::{Ask, Request};
use super::respond::{Mode, Wants};
use super::terms::{For, Terms};
use super::texts::{self, Parties};
use crate::auth0::{AccessToken, Scopes, Transaction};

impl Ask {
    /// What the application that the mock was started for asks for, as the machine keeps it.
    pub(super) fn of_machine(parties: &Parties, scopes: Scopes, api: bool) -> Self {
        Self {
            client_id: parties.client_id.clone(),
            audience: if api {
                For::Api(parties.api.clone())
            } else {
                For::UserInfo
            },
            scope: texts::scope(scopes),
        }
    }
}

impl Terms {
    /// The terms of tokens that nobody asked for over the wire.
    pub(super) fn of_machine(parties: &Parties, access: &AccessToken) -> Self {
        let ask = Ask::of_machine(parties, access.scopes, access.audience.api);
        Self::new(&ask, access.issued)
    }
}

impl Face {
    /// The `state` of a login's page. A login that began in process, and not at `/authorize`, leads
    /// back to this URL from now on.
    pub fn login_state(&self, transaction: Transaction, redirect_uri: &Url) -> String {
        let mut behind = self.behind();
        if behind.logins.get(transaction.0).is_none()
            && let Some((connection, scopes, api)) = behind.tenant.login_asked(transaction)
        {
            let request = Request {
                ask: Ask::of_machine(self.parties(), scopes, api),
                redirect_uri: redirect_uri.clone(),
                state: None,
                nonce: None,
                wants: Wants::CODE,
                mode: Mode::Query,
                connection,
                hint: None,
                organization: None,
                invitation: None,
                key: None,
                tells_time: false,
                issuer: None,
            };
            behind.logins.put(transaction.0, Arc::new(request));
        }
        texts::transaction(behind.generation, transaction)
    }
}
