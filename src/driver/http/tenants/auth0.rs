//! The core's calls to a real Auth0 tenant, and what its answers mean.
//!
//! A person logs in by one password-realm grant, as no browser is at hand: the steps of the login page
//! before and after it are answered here.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use cutover_mocks::answer::{Breakage, Outcome, Refusal};
use cutover_mocks::auth0::{
    AccessToken, Audience, Call, Code, Error, Proof, Reply, Scopes, SsoSession, Tokens,
    Transaction, UserInfo,
};
use cutover_mocks::email::Email;
use cutover_mocks::http::Owner;
use jsonwebtoken::jwk::JwkSet;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::line::Ride;
use super::moment::Moments;
use super::names::Names;
use crate::driver::http::wire::{No, oauth_error, outcome, text_error};
use crate::tenant::client::As;
use crate::tenant::secret::Secret;
use crate::tenant::tenants::Tenants;

type Said = Result<Reply, No<Error>>;

/// The tenant as the application knows it.
#[derive(Debug)]
pub(super) struct Auth0Line {
    tenants: Arc<Tenants>,
    names: Arc<Names>,
    /// Tokens that wait for the exchange of their code.
    granted: Mutex<BTreeMap<u32, Tokens>>,
}

/// What a token endpoint gives.
#[derive(Deserialize)]
struct Given {
    access_token: String,
    refresh_token: Option<String>,
}

impl Auth0Line {
    pub(super) fn new(tenants: Arc<Tenants>, names: Arc<Names>) -> Self {
        Self {
            tenants,
            names,
            granted: Mutex::default(),
        }
    }

    /// Whether a call makes a request.
    pub(super) fn asks(call: &Call) -> bool {
        !matches!(call, Call::Authorize { .. } | Call::ExchangeCode { .. }) && !Self::cannot(call)
    }

    /// Whether a call cannot be made for a test person: it would create people beside the journal, or
    /// needs their mailbox.
    pub(super) fn cannot(call: &Call) -> bool {
        match call {
            Call::Authorize { .. }
            | Call::SubmitLogin { .. }
            | Call::ExchangeCode { .. }
            | Call::Refresh { .. }
            | Call::UserInfo { .. }
            | Call::Jwks
            | Call::Revoke { .. }
            | Call::Logout { .. } => false,
            Call::PasswordGrant { .. }
            | Call::SignUp { .. }
            | Call::ChangePassword { .. }
            | Call::CreateUser { .. }
            | Call::Manage(_)
            | Call::ClientCredentials
            | Call::Other
            | Call::Unreadable { .. } => true,
        }
    }

    pub(super) async fn call(&self, ride: Ride<'_, '_>, call: &Call) -> Outcome<Reply, Error> {
        outcome(self.say(ride, call).await)
    }

    async fn say(&self, mut ride: Ride<'_, '_>, call: &Call) -> Said {
        match *call {
            Call::Authorize { .. } => Ok(Reply::LoginPage(Transaction(0))),
            Call::SubmitLogin { email, proof, .. } => self.log_in(ride, email, proof).await,
            Call::ExchangeCode { code, .. } => {
                let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
                let tokens = granted.remove(&code.0).ok_or(Breakage::Malformed)?;
                Ok(Reply::Tokens(tokens))
            }
            Call::Refresh { token } => {
                let mut body = self.client();
                body["grant_type"] = "refresh_token".into();
                body["refresh_token"] = (*self.names.refresh_text(token)).into();
                Ok(Reply::Tokens(self.tokens(&mut ride, &body).await?))
            }
            Call::UserInfo { token } => self.userinfo(ride, &token).await,
            Call::Jwks => {
                let path = (Method::GET, "/.well-known/jwks.json");
                let heard = ride.send(path, As::Nobody, None).await?;
                let set: JwkSet = heard.served_or(text_error)?.json()?;
                let learned = self.names.learn(Owner::Auth0, &set);
                Ok(Reply::Keys(learned.ok_or(Breakage::Malformed)?))
            }
            Call::Revoke { token } => {
                let mut body = self.client();
                body["token"] = (*self.names.refresh_text(token)).into();
                let path = (Method::POST, "/oauth/revoke");
                let heard = ride.send(path, As::Nobody, Some(&body)).await?;
                heard.served_or(oauth_error)?;
                Ok(Reply::Done)
            }
            Call::Logout { .. } => {
                let heard = ride
                    .send((Method::GET, "/v2/logout"), As::Nobody, None)
                    .await?;
                // To a browser without a session it is a redirect, or a page that says OK.
                if heard.status < 400 {
                    Ok(Reply::Done)
                } else {
                    Err(No::Broken(Breakage::Html(heard.status)))
                }
            }
            _ => Err(No::Broken(Breakage::Malformed)),
        }
    }

    async fn log_in(&self, mut ride: Ride<'_, '_>, email: Email, proof: Proof) -> Said {
        let known = self.names.password(email);
        let Some(password) = known.filter(|_| proof == Proof::RightPassword) else {
            // A wrong one would be counted against the test person, and against this address.
            return Err(No::Refused(Refusal {
                status: 403,
                error: Error::WrongPassword,
                retry_after: None,
            }));
        };
        let address = self.names.address(email);
        let body = self.tenants.auth0.login_body(address, password.expose());
        let tokens = self.tokens(&mut ride, &body).await?;
        let code = Code(tokens.access.handle);
        let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        granted.insert(code.0, tokens);
        Ok(Reply::Code {
            code,
            sso: SsoSession(0),
        })
    }

    async fn tokens(&self, ride: &mut Ride<'_, '_>, body: &Value) -> Result<Tokens, No<Error>> {
        let path = (Method::POST, "/oauth/token");
        let heard = ride.send(path, As::Nobody, Some(body)).await?;
        let given: Given = heard.served_or(oauth_error)?.json()?;
        let access = self
            .read(&given.access_token, ride.moments)
            .ok_or(Breakage::Malformed)?;
        let refresh = given.refresh_token.as_deref();
        Ok(Tokens {
            access,
            refresh: refresh.map(|text| self.names.wallet.refresh_token(text)),
        })
    }

    async fn userinfo(&self, mut ride: Ride<'_, '_>, token: &AccessToken) -> Said {
        #[derive(Deserialize)]
        struct Told {
            sub: Option<String>,
            email: Option<String>,
            #[serde(default)]
            email_verified: bool,
        }
        let text = Secret::new(self.names.text(token.handle).to_string());
        let path = (Method::GET, "/userinfo");
        let heard = ride.send(path, As::Bearer(&text), None).await?;
        let told: Told = heard.served_or(text_error)?.json()?;
        Ok(Reply::UserInfo(UserInfo {
            subject: told.sub.map(|sub| self.names.subject(&sub)),
            email: told.email.map(|text| self.names.legacy_email(&text)),
            verified: told.email_verified,
        }))
    }

    /// What an access token's text claims, with nothing checked; its text is kept.
    pub(super) fn read(&self, text: &str, moments: Moments) -> Option<AccessToken> {
        #[derive(Deserialize)]
        struct Claims {
            sub: String,
            iat: i64,
            exp: i64,
            aud: Audiences,
            #[serde(default)]
            scope: String,
        }
        let kid = jsonwebtoken::decode_header(text).ok()?.kid?;
        let claims: Claims = jsonwebtoken::dangerous::insecure_decode(text).ok()?.claims;
        let auth0 = &self.tenants.auth0;
        let asked = |name| claims.scope.split_whitespace().any(|scope| scope == name);
        Some(AccessToken {
            subject: self.names.subject(&claims.sub),
            issued: moments.of_secs(claims.iat),
            expires: moments.of_secs(claims.exp),
            scopes: Scopes {
                openid: asked("openid"),
                profile: asked("profile"),
                email: asked("email"),
                offline: asked("offline_access"),
            },
            audience: Audience {
                api: claims.aud.has(&auth0.credentials().audience),
                userinfo: claims.aud.has(&format!("{}userinfo", auth0.issuer())),
            },
            key: self.names.key_id(Owner::Auth0, &kid),
            handle: self.names.wallet.keep(text),
        })
    }

    /// The application's own id and secret, for a body.
    fn client(&self) -> Value {
        let credentials = self.tenants.auth0.credentials();
        json!({
            "client_id": credentials.client_id,
            "client_secret": credentials.client_secret.expose(),
        })
    }
}

/// `aud`: one text, or several.
#[derive(Deserialize)]
#[serde(untagged)]
enum Audiences {
    One(String),
    Many(Vec<String>),
}

impl Audiences {
    fn has(&self, audience: &str) -> bool {
        match self {
            Self::One(one) => one == audience,
            Self::Many(many) => many.iter().any(|one| one == audience),
        }
    }
}
