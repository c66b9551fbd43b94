//! Changing sides at Auth0: the texts of tokens that never crossed the wire, and calls as the tenant
//! would read them off it.

use std::sync::Arc;

use cutover_mocks::auth0::{
    AccessToken, Call, Challenge, Code, RefreshToken, SsoSession, Tenant, Transaction,
};
use cutover_mocks::http::Owner;
use cutover_mocks::http::auth0::texts;
use cutover_mocks::keys::KeySet;
use reqwest::Url;
use sha2::{Digest, Sha256};

use super::{Auth0, REDIRECT, verifier_text};
use crate::driver::http::wallet::Origin;

/// The number of what nobody was given.
const NONE: u32 = u32::MAX;

impl Auth0 {
    /// The text of an access token; asked of the tenant for one that never crossed the wire.
    pub(crate) fn access_text(&self, token: &AccessToken) -> Arc<str> {
        self.wallet.text(token.handle).unwrap_or_else(|| {
            let origin = Origin::Access(AccessToken {
                handle: 0,
                ..*token
            });
            self.wallet
                .minted(origin, || self.face.mint_access_token(token))
        })
    }

    pub(super) fn refresh_text(&self, token: RefreshToken) -> Arc<str> {
        let text = self
            .wallet
            .refresh_text(token, || self.face.refresh_token_text(token));
        text.unwrap_or_else(|| "unknown".into())
    }

    /// The `state` of a login's page. The tenant's face learns where a login leads that it has not
    /// seen begin.
    pub(super) fn login_state(&self, transaction: Transaction) -> Arc<str> {
        self.wallet.text(transaction.0).unwrap_or_else(|| {
            let redirect = Url::parse(REDIRECT).expect("a fixed URL can be parsed");
            self.face.login_state(transaction, &redirect).into()
        })
    }

    pub(super) fn code_text(&self, code: Code) -> Arc<str> {
        let own = self.wallet.text(code.0);
        own.unwrap_or_else(|| texts::code(self.face.generation(), code).into())
    }

    pub(super) fn sso_text(&self, sso: SsoSession) -> Arc<str> {
        let own = self.wallet.text(sso.0);
        own.unwrap_or_else(|| texts::sso(self.face.generation(), sso).into())
    }

    /// The machine behind the tenant's face.
    pub(in crate::driver::http::wire) fn with_tenant<T>(
        &self,
        act: impl FnOnce(&mut Tenant) -> T,
    ) -> T {
        self.face.with_tenant(act)
    }

    /// Learns keys that were published without the wire.
    pub(in crate::driver::http::wire) fn learn_keys(&self, set: KeySet) {
        self.published.learn_unwired(Owner::Auth0, set);
    }

    /// A call as the tenant would read it off the wire: its own numbers for the client's.
    pub(in crate::driver::http::wire) fn as_read(&self, call: &Call) -> Call {
        let mut call = *call;
        match &mut call {
            Call::Authorize { challenge, sso, .. } => {
                *challenge = challenge.map(as_hashed);
                *sso = sso.map(|sso| self.sso_read(sso));
            }
            Call::SubmitLogin { transaction, .. } => {
                if let Some(text) = self.wallet.text(transaction.0) {
                    *transaction = texts::read_transaction(self.face.generation(), &text)
                        .unwrap_or(Transaction(NONE));
                }
            }
            Call::ExchangeCode { code, verifier } => {
                *verifier = verifier.map(as_hashed);
                if let Some(text) = self.wallet.text(code.0) {
                    *code = texts::read_code(self.face.generation(), &text).unwrap_or(Code(NONE));
                }
            }
            Call::Refresh { token } | Call::Revoke { token } => *token = self.refresh_read(*token),
            Call::UserInfo { token } => token.handle = 0,
            Call::Logout { sso } => *sso = sso.map(|sso| self.sso_read(sso)),
            Call::Jwks
            | Call::SignUp { .. }
            | Call::ChangePassword { .. }
            | Call::CreateUser { .. }
            | Call::Manage(_)
            | Call::PasswordGrant { .. }
            | Call::ClientCredentials
            | Call::Other
            | Call::Unreadable { .. } => {}
        }
        call
    }

    fn sso_read(&self, sso: SsoSession) -> SsoSession {
        self.wallet.text(sso.0).map_or(sso, |text| {
            texts::read_sso(self.face.generation(), &text).unwrap_or(SsoSession(NONE))
        })
    }

    fn refresh_read(&self, token: RefreshToken) -> RefreshToken {
        let none = RefreshToken {
            family: NONE,
            generation: 0,
        };
        self.wallet.own_refresh_text(token).map_or(token, |text| {
            texts::read_refresh_token(self.face.generation(), &text).unwrap_or(none)
        })
    }
}

/// A PKCE challenge as the wire carries it: the hash of the verifier, not the core's seed of it.
fn as_hashed(seed: Challenge) -> Challenge {
    Challenge(Sha256::digest(verifier_text(seed)).into())
}
