//! `authorization_code`: the code of a login in a browser.

use std::sync::Arc;

use axum::http::StatusCode;
use reqwest::Url;
use sha2::{Digest, Sha256};

use super::{Complaint, Desk, Given, needed, refusal};
use crate::auth0::{Call, Challenge, Code, Error, Reply};
use crate::http::auth0::behind::Behind;
use crate::http::auth0::errors::oauth_error;
use crate::http::auth0::terms::Terms;
use crate::http::auth0::texts;

/// A code that nobody was given.
const NO_CODE: Code = Code(u32::MAX);

impl Desk<'_> {
    pub(super) fn by_code(&self, behind: &mut Behind) -> Result<Given, Complaint> {
        let code = self.code(behind, needed(self.params, "code")?)?;
        let verifier = self
            .params
            .get("code_verifier")
            .map(|text| Challenge(Sha256::digest(text).into()));
        let call = Call::ExchangeCode { code, verifier };
        let said = behind.tenant.say(self.stamp, &call).map_err(refusal)?;
        let granted = behind.grants.take(code.0);
        let Reply::Tokens(tokens) = said else {
            return Err(refusal(Error::InvalidCode));
        };
        let terms = granted.as_ref().map_or_else(
            || Terms::of_machine(self.parties, &tokens.access),
            |granted| granted.terms(behind),
        );
        let terms = Terms {
            bound: self.key.clone(),
            ..terms
        };
        let issue = self.first(behind, tokens, Arc::new(terms));
        let nonce = granted.and_then(|granted| granted.request.nonce.clone());
        Ok(issue.with_nonce(nonce.as_deref()).into())
    }

    /// The code behind a text; none if another application comes with it, or one without its key.
    fn code(&self, behind: &Behind, text: &str) -> Result<Code, Complaint> {
        let Some(code) = texts::read_code(behind.generation, text) else {
            return Ok(NO_CODE);
        };
        let Some(granted) = behind.grants.get(code.0) else {
            return Ok(code);
        };
        let request = &granted.request;
        // A login may name the key that its code is bound to (RFC 9449, section 10).
        let bound_elsewhere = request.key.is_some() && request.key != self.key;
        if request.ask.client_id != self.client.id || bound_elsewhere {
            return Ok(NO_CODE);
        }
        match self.params.get("redirect_uri") {
            Some(sent) => same_place(sent, &request.redirect_uri).map(|()| code),
            None => Ok(code),
        }
    }
}

/// An exchange goes to where the login came from. Auth0 compares origins only, and its own client for
/// Ruby lives by that: its redirect still has the code and the state of the answer to the login.
fn same_place(sent: &str, expected: &Url) -> Result<(), Complaint> {
    let sent = Url::parse(sent).map_or_else(|_| sent.to_owned(), |url| place(&url));
    let expected = place(expected);
    if sent == expected {
        return Ok(());
    }
    let text = format!("The redirect URI is wrong. You sent {sent}, and we expected {expected}");
    Err(oauth_error(StatusCode::FORBIDDEN, "unauthorized_client", &text).into())
}

/// An origin; for the schemes of native apps, which have none, what stands in its place.
fn place(url: &Url) -> String {
    let origin = url.origin();
    if origin.is_tuple() {
        return origin.ascii_serialization();
    }
    format!("{}://{}", url.scheme(), url.host_str().unwrap_or_default())
}
