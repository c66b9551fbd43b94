//! `refresh_token`: new tokens on the terms of the login, or on narrower ones.

use std::sync::Arc;

use super::{Complaint, Desk, Given, NO_REFRESH, needed, refusal};
use crate::auth0::registry::narrowed;
use crate::auth0::{Audience, Call, Error, RefreshToken, Reply};
use crate::http::auth0::behind::Behind;
use crate::http::auth0::issue::Issue;
use crate::http::auth0::terms::Terms;
use crate::http::auth0::texts;

impl Desk<'_> {
    pub(super) fn by_refresh(&self, behind: &mut Behind) -> Result<Given, Complaint> {
        let text = needed(self.params, "refresh_token")?;
        let token = texts::read_refresh_token(text)
            .filter(|token| self.holds(behind, *token))
            .unwrap_or(NO_REFRESH);
        let call = Call::Refresh { token };
        let said = behind.tenant.say(self.stamp, &call).map_err(refusal)?;
        let Reply::Tokens(mut tokens) = said else {
            return Err(refusal(Error::InvalidRefreshToken));
        };
        let begun = behind.terms.get(&token.family).cloned();
        let begun =
            begun.unwrap_or_else(|| Arc::new(Terms::of_machine(self.parties, &tokens.access)));
        let terms = Terms {
            scope: narrowed(&begun.scope, self.params.get("scope")),
            way: Some("refresh_token"),
            ..(*begun).clone()
        };
        let access = &mut tokens.access;
        access.scopes = terms.scopes();
        access.audience = Audience::issued(access.scopes, terms.audience.is_api());
        let issue = Issue::gather(
            behind,
            self.face.directory(),
            self.stamp.at,
            tokens,
            Arc::new(terms),
        );
        Ok(issue.into())
    }

    /// Whether a token was given to the application that comes with it.
    fn holds(&self, behind: &Behind, token: RefreshToken) -> bool {
        behind
            .terms
            .get(&token.family)
            .is_none_or(|terms| terms.client_id == self.client.id)
    }
}
