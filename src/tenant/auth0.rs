//! The legacy provider as an administrator and as a person who logs in know it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::client::{As, Ask, Bucket, Client, Heard, Provider};
use super::credentials::Auth0Credentials;
use super::refused::{ApiError, needed};
use super::secret::Secret;

/// A tenant.
#[derive(Debug)]
pub struct Auth0 {
    client: Client,
    credentials: Auth0Credentials,
    management: Mutex<Option<(Instant, Secret)>>,
}

/// A person to make.
#[derive(Clone, Copy, Debug)]
pub struct NewUser<'a> {
    /// Their address.
    pub email: &'a str,
    /// Their password.
    pub password: &'a Secret,
    /// Whose they are: stands in their `app_metadata`.
    pub mark: &'a str,
}

/// A person as the Management API shows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// `auth0|…`.
    pub id: String,
    /// Their address.
    pub email: String,
    /// The mark in their `app_metadata`, if it is shown.
    pub mark: Option<String>,
}

/// What came of making a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Creation {
    /// It was made, by this request, with this id.
    Made(String),
    /// There was one already; it may be from an earlier try of this very request.
    Exists {
        /// Whether an earlier try may have made it.
        perhaps_ours: bool,
    },
}

/// What a login gives.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The access token.
    pub access: Secret,
    /// The refresh token, if `offline_access` was granted.
    pub refresh: Option<Secret>,
    /// Scopes that were granted, if the answer says so.
    pub scope: Option<String>,
}

/// A token for the Management API.
#[derive(Clone, Debug)]
pub struct Managing {
    /// The token.
    pub token: Secret,
    /// What it allows.
    pub scopes: Vec<String>,
    /// The bucket that it was taken from.
    pub bucket: Option<Bucket>,
}

/// What `/authorize` says to a callback URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callback {
    /// It leads on to a login.
    Allowed,
    /// It ends on an error page with this status.
    Page(u16),
}

const WHO: Provider = Provider::Auth0;

/// Where the mark of test people stands.
const MARK: &str = "cutover";

impl Auth0 {
    /// A tenant behind a client.
    pub fn new(client: Client, credentials: Auth0Credentials) -> Self {
        Self {
            client,
            credentials,
            management: Mutex::default(),
        }
    }

    /// The client behind it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Whom we are here.
    pub fn credentials(&self) -> &Auth0Credentials {
        &self.credentials
    }

    /// The tenant's issuer: its address with a slash at the end.
    pub fn issuer(&self) -> String {
        format!("{}/", self.credentials.base.as_str())
    }

    /// What the Management API is called in tokens.
    pub fn management_audience(&self) -> String {
        format!("{}/api/v2/", self.credentials.base.as_str())
    }

    /// The discovery document, with how far the clock is ahead.
    pub async fn discovery(&self) -> Result<Heard, ApiError> {
        let path = "/.well-known/openid-configuration";
        self.served("its discovery document", &get(path, As::Nobody))
            .await
    }

    /// The keys that sign tokens.
    pub async fn keys(&self) -> Result<JwkSet, ApiError> {
        let what = "its keys";
        let path = "/.well-known/jwks.json";
        let heard = self.served(what, &get(path, As::Nobody)).await?;
        serde_json::from_value(heard.json).map_err(|_| ApiError::Unexpected {
            provider: WHO,
            what,
            missing: "a key set",
        })
    }

    /// A token for the Management API, and what it allows.
    pub async fn manage(&self) -> Result<Managing, ApiError> {
        let what = "a token for its Management API";
        let body = json!({
            "grant_type": "client_credentials",
            "client_id": self.credentials.management_id,
            "client_secret": self.credentials.management_secret.expose(),
            "audience": self.management_audience(),
        });
        let heard = self
            .served(what, &post("/oauth/token", As::Nobody, body))
            .await?;
        let token = Secret::new(needed((WHO, what), &heard.json, "access_token")?.to_owned());
        let scope = heard.json["scope"].as_str().unwrap_or_default();
        let life = heard.json["expires_in"].as_u64().unwrap_or(60);
        // Renewed while a minute is left.
        let until = Instant::now() + Duration::from_secs(life.saturating_sub(60));
        *self.kept() = Some((until, token.clone()));
        Ok(Managing {
            token,
            scopes: scope.split_whitespace().map(str::to_owned).collect(),
            bucket: heard.bucket(),
        })
    }

    async fn management(&self) -> Result<Secret, ApiError> {
        let kept = self.kept().clone();
        match kept {
            Some((until, token)) if Instant::now() < until => Ok(token),
            _ => Ok(self.manage().await?.token),
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Option<(Instant, Secret)>> {
        self.management
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a person. No mail is sent to them.
    pub async fn create_user(&self, new: NewUser<'_>) -> Result<Creation, ApiError> {
        let what = "a new user";
        let token = self.management().await?;
        let body = json!({
            "connection": self.credentials.connection,
            "email": new.email,
            "password": new.password.expose(),
            "email_verified": true,
            "verify_email": false,
            "app_metadata": { MARK: new.mark },
        });
        let ask = post("/api/v2/users", As::Bearer(&token), body);
        let heard = self.client.ask(what, &ask).await?;
        match heard.status {
            200 | 201 => Ok(Creation::Made(
                needed((WHO, what), &heard.json, "user_id")?.to_owned(),
            )),
            409 => Ok(Creation::Exists {
                perhaps_ours: heard.perhaps_done_before,
            }),
            _ => Err(ApiError::refused(WHO, what, &heard)),
        }
    }

    /// People with exactly this address.
    pub async fn users_by_email(&self, email: &str) -> Result<Vec<User>, ApiError> {
        let token = self.management().await?;
        let mut ask = get("/api/v2/users-by-email", As::Bearer(&token));
        ask.query.push(("email", email.to_owned()));
        let what = "users by address";
        let heard = self.served(what, &ask).await?;
        // Whatever is no list does not say that there is nobody.
        let rows = heard.json.as_array().ok_or(ApiError::Unexpected {
            provider: WHO,
            what,
            missing: "a list",
        })?;
        let mut users = Vec::new();
        for row in rows {
            let needed = |field| needed((WHO, what), row, field);
            users.push(User {
                id: needed("user_id")?.to_owned(),
                email: needed("email")?.to_owned(),
                mark: row["app_metadata"][MARK].as_str().map(str::to_owned),
            });
        }
        users.retain(|user| user.email == email);
        Ok(users)
    }

    /// Removes a person; whoever is gone already is gone.
    pub async fn delete_user(&self, id: &str) -> Result<(), ApiError> {
        let token = self.management().await?;
        let path = format!("/api/v2/users/{}", encoded(id));
        let ask = Ask {
            method: Method::DELETE,
            ..get(&path, As::Bearer(&token))
        };
        let heard = self.client.ask("to delete a user", &ask).await?;
        match heard.status {
            200..300 => Ok(()),
            404 if heard.json.is_object() => Ok(()),
            _ => Err(ApiError::refused(WHO, "to delete a user", &heard)),
        }
    }

    /// Logs a person in at the application, as its backend can: the password-realm grant.
    pub async fn log_in(&self, email: &str, password: &Secret) -> Result<Tokens, ApiError> {
        let what = "a login";
        let body = self.login_body(email, password.expose());
        let heard = self
            .served(what, &post("/oauth/token", As::Nobody, body))
            .await?;
        let access = needed((WHO, what), &heard.json, "access_token")?.to_owned();
        Ok(Tokens {
            access: Secret::new(access),
            refresh: heard.json["refresh_token"]
                .as_str()
                .map(|text| Secret::new(text.to_owned())),
            scope: heard.json["scope"].as_str().map(str::to_owned),
        })
    }

    /// The body of such a login.
    pub(crate) fn login_body(&self, email: &str, password: &str) -> Value {
        let Auth0Credentials {
            client_id,
            client_secret,
            audience,
            scope,
            connection,
            ..
        } = &self.credentials;
        json!({
            "grant_type": "http://auth0.com/oauth/grant-type/password-realm",
            "realm": connection,
            "client_id": client_id,
            "client_secret": client_secret.expose(),
            "username": email,
            "password": password,
            "audience": audience,
            "scope": scope,
        })
    }

    /// What `UserInfo` says to an access token: whatever status it has.
    pub async fn userinfo(&self, token: &Secret) -> Result<Heard, ApiError> {
        Ok(self
            .client
            .ask("UserInfo", &get("/userinfo", As::Bearer(token)))
            .await?)
    }

    /// Whether a login may lead back to this URL.
    pub async fn callback(&self, url: &str) -> Result<Callback, ApiError> {
        let mut ask = get("/authorize", As::Nobody);
        ask.query = vec![
            ("response_type", "code".to_owned()),
            ("client_id", self.credentials.client_id.clone()),
            ("redirect_uri", url.to_owned()),
            ("scope", "openid".to_owned()),
            ("state", "cutover".to_owned()),
        ];
        let heard = self.client.ask("a login page", &ask).await?;
        let redirected = (300..400).contains(&heard.status) && heard.headers.contains_key(LOCATION);
        let page = heard.headers.contains_key(CONTENT_TYPE);
        Ok(match heard.status {
            _ if redirected => Callback::Allowed,
            200 if page => Callback::Allowed,
            status => Callback::Page(status),
        })
    }

    async fn served(&self, what: &'static str, ask: &Ask<'_>) -> Result<Heard, ApiError> {
        let heard = self.client.ask(what, ask).await?;
        if (200..300).contains(&heard.status) {
            Ok(heard)
        } else {
            Err(ApiError::refused(WHO, what, &heard))
        }
    }
}

/// A GET.
pub(super) fn get<'a>(path: &str, who: As<'a>) -> Ask<'a> {
    Ask {
        method: Method::GET,
        path: path.to_owned(),
        query: Vec::new(),
        body: None,
        who,
    }
}

/// A POST of JSON.
pub(super) fn post<'a>(path: &str, who: As<'a>, body: Value) -> Ask<'a> {
    Ask {
        method: Method::POST,
        body: Some(body),
        ..get(path, who)
    }
}

/// A segment of a path: everything but letters, digits and `-._~` is percent-encoded.
pub(super) fn encoded(segment: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(segment.len());
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_one_segment_of_a_path() {
        assert_eq!(encoded("auth0|a/b c"), "auth0%7Ca%2Fb%20c");
    }
}
