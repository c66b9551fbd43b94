//! `authorization_code`: the code of a login in a browser.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{Complaint, Desk, Given, needed, refusal};
use crate::auth0::{Call, Challenge, Code, Error, Reply};
use crate::http::auth0::behind::Behind;
use crate::http::auth0::terms::Terms;
use crate::http::auth0::texts;

/// A code that nobody was given.
const NO_CODE: Code = Code(u32::MAX);

impl Desk<'_> {
    pub(super) fn by_code(&self, behind: &mut Behind) -> Result<Given, Complaint> {
        let code = self.code(behind, needed(self.params, "code")?);
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
        let issue = self.first(behind, tokens, Arc::new(terms));
        let nonce = granted.and_then(|granted| granted.request.nonce.clone());
        Ok(issue.with_nonce(nonce.as_deref()).into())
    }

    /// The code behind a text; none if the exchange does not repeat the redirect of its login, or if
    /// another application comes with it.
    fn code(&self, behind: &Behind, text: &str) -> Code {
        let Some(code) = texts::read_code(text) else {
            return NO_CODE;
        };
        let matches = behind.grants.get(code.0).is_none_or(|granted| {
            let request = &granted.request;
            let same_uri = self.params.get("redirect_uri").is_none_or(|uri| {
                reqwest::Url::parse(uri).is_ok_and(|uri| uri == request.redirect_uri)
            });
            same_uri && request.ask.client_id == self.client.id
        });
        if matches { code } else { NO_CODE }
    }
}
