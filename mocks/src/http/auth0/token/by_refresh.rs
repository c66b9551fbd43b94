//! `refresh_token`: new tokens on the terms of the login, or on narrower ones.

use std::sync::Arc;

use axum::http::StatusCode;

use super::{Complaint, Desk, Given, NO_REFRESH, needed, refusal};
use crate::auth0::registry::{STANDARD, Secret, narrowed};
use crate::auth0::{Audience, Call, Error, RefreshToken, Reply};
use crate::http::auth0::behind::Behind;
use crate::http::auth0::errors::oauth_error;
use crate::http::auth0::issue::Issue;
use crate::http::auth0::terms::Terms;
use crate::http::auth0::texts;

impl Desk<'_> {
    pub(super) fn by_refresh(&self, behind: &mut Behind) -> Result<Given, Complaint> {
        let text = needed(self.params, "refresh_token")?;
        let token = texts::read_refresh_token(behind.generation, text)
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
        let terms = self.terms(behind, &begun)?;
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

    /// On what terms: those of the login or narrower ones. An application that may call any API may
    /// also get tokens for another one (Auth0 docs, multi-resource refresh tokens).
    fn terms(&self, behind: &Behind, begun: &Terms) -> Result<Terms, Complaint> {
        let same = Terms {
            scope: narrowed(&begun.scope, self.params.get("scope")),
            way: Some("refresh_token"),
            bound: self.key.clone(),
            ..begun.clone()
        };
        let preferences = &behind.tenant.registry().preferences;
        let named = preferences.named(self.params.get("audience"), self.params.get("resource"));
        if named.is_none() || !self.client.any_api {
            return Ok(same);
        }
        let ask = self.ask(behind).map_err(|_| {
            let text = "Service not enabled within domain";
            oauth_error(StatusCode::FORBIDDEN, "access_denied", text)
        })?;
        if ask.audience == begun.audience {
            return Ok(same);
        }
        // What the API does not know of was the login's to grant.
        let standard = narrowed(&begun.scope, Some(&STANDARD.join(" ")));
        let other = ask
            .scope
            .split_whitespace()
            .filter(|scope| !STANDARD.contains(scope));
        let scope = standard
            .split_whitespace()
            .chain(other)
            .collect::<Vec<_>>()
            .join(" ");
        Ok(Terms {
            audience: ask.audience,
            scope,
            ..same
        })
    }

    /// Whether a token was given to the application that comes with it.
    fn holds(&self, behind: &Behind, token: RefreshToken) -> bool {
        behind.terms.get(&token.family).is_none_or(|terms| {
            // Of an application without a secret, the refresh token is bound as well.
            let bound = self.client.secret == Secret::Public && terms.bound.is_some();
            terms.client_id == self.client.id && (!bound || terms.bound == self.key)
        })
    }
}
