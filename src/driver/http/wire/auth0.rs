//! The client's side of Auth0: what each call is on the wire, and what each answer means.

mod inside;
mod management;
mod refusals;

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use cutover_mocks::answer::{Breakage, Outcome, Refusal};
use cutover_mocks::auth0::{
    AccessToken, Call, Challenge, Code, Connection, Error, Proof, Reply, SsoSession, Tokens,
    Transaction, UserInfo,
};
use cutover_mocks::email::Email;
use cutover_mocks::http::auth0::{Face, mailed_code, texts};
use cutover_mocks::http::{KeyRing, Owner, password_of};
use cutover_mocks::luck::Luck;
use cutover_mocks::time::Timestamp;
use jsonwebtoken::jwk::JwkSet;
use reqwest::header::COOKIE;
use reqwest::{RequestBuilder, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::exchange::{Exchange, Heard, query};
use super::no::{No, outcome};
use crate::driver::http::published::Published;
use crate::driver::http::target::Target;
use crate::driver::http::wallet::Wallet;
use refusals::{database_error, page_refusal};
pub(in crate::driver::http) use refusals::{oauth_error, text_error};

/// Auth0 as one application knows it.
#[derive(Debug)]
pub struct Auth0 {
    target: Target,
    face: Arc<Face>,
    wallet: Arc<Wallet>,
    published: Arc<Published>,
    /// The token for the Management API that was issued last, and when.
    management: Mutex<Option<(Timestamp, Arc<str>)>>,
}

type Said = Result<Reply, No<Error>>;

/// Where logins lead back to. Nobody listens there: the client reads the redirect.
const REDIRECT: &str = "http://127.0.0.1/callback";

impl Auth0 {
    /// The client of a tenant that the harness serves.
    pub fn new(
        target: Target,
        face: Arc<Face>,
        wallet: Arc<Wallet>,
        published: Arc<Published>,
    ) -> Self {
        Self {
            target,
            face,
            wallet,
            published,
            management: Mutex::default(),
        }
    }

    /// Where the tenant is.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Makes a call.
    pub(super) async fn call(
        &self,
        exchange: &mut Exchange<'_>,
        luck: Luck,
        call: &Call,
    ) -> Outcome<Reply, Error> {
        outcome(self.say(exchange, luck, call).await)
    }

    /// What an access token's text claims, with nothing checked.
    pub(crate) fn read_access(&self, text: &str) -> Option<AccessToken> {
        self.face.parties().read_access_token(RING, text)
    }

    /// Issuer and audience of the application's own API.
    pub(crate) fn parties(&self) -> &texts::Parties {
        self.face.parties()
    }

    async fn say(&self, exchange: &mut Exchange<'_>, luck: Luck, call: &Call) -> Said {
        match *call {
            Call::Authorize { .. } => self.authorize(exchange, luck, call).await,
            Call::SubmitLogin {
                transaction,
                email,
                proof,
            } => self.submit_login(exchange, transaction, email, proof).await,
            Call::ExchangeCode { code, verifier } => {
                self.exchange_code(exchange, code, verifier).await
            }
            Call::Refresh { token } => {
                let body = json!({
                    "grant_type": "refresh_token",
                    "client_id": self.client_id(),
                    "refresh_token": &*self.refresh_text(token),
                });
                self.tokens(exchange, &body).await
            }
            Call::PasswordGrant {
                email,
                proof,
                scopes,
                api,
            } => {
                let mut body = json!({
                    "grant_type": "password",
                    "client_id": self.client_id(),
                    "username": self.address(email),
                    "password": self.password(email, proof),
                    "scope": texts::scope(scopes),
                });
                if api {
                    body["audience"] = self.parties().api.as_str().into();
                }
                self.tokens(exchange, &body).await
            }
            Call::UserInfo { token } => self.userinfo(exchange, &token).await,
            Call::Jwks => self.jwks(exchange).await,
            Call::Revoke { token } => {
                let body =
                    json!({"client_id": self.client_id(), "token": &*self.refresh_text(token)});
                self.done(exchange, "/oauth/revoke", &body).await
            }
            Call::Logout { sso } => self.logout(exchange, sso).await,
            Call::SignUp { email } => self.sign_up(exchange, email).await,
            Call::ChangePassword { email } => self.change_password(exchange, email).await,
            Call::CreateUser {
                email,
                connection,
                verified,
            } => {
                self.create_user(exchange, email, connection, verified)
                    .await
            }
            Call::Manage(manage) => self.manage(exchange, manage).await,
            Call::ClientCredentials => {
                let body = json!({
                    "grant_type": "client_credentials",
                    "client_id": self.client_id(),
                    "client_secret": self.face.application().client_secret,
                    "audience": self.parties().management_audience(),
                });
                self.done(exchange, "/oauth/token", &body).await
            }
            Call::Other => {
                let request = self.get(exchange, "/.well-known/openid-configuration");
                let heard = exchange.send(request).await?;
                heard.served_or(oauth_error)?.json::<Value>()?;
                Ok(Reply::Done)
            }
            // What no codec can read cannot be sent either.
            Call::Unreadable { .. } => Err(No::Broken(Breakage::Malformed)),
        }
    }

    async fn authorize(&self, exchange: &mut Exchange<'_>, luck: Luck, call: &Call) -> Said {
        let Call::Authorize {
            connection,
            hint,
            silent,
            scopes,
            api,
            challenge,
            sso,
        } = *call
        else {
            return Err(No::Broken(Breakage::Malformed));
        };
        let state = format!("{:016x}", luck.split(STATE).0);
        let mut url = self.target.at("/authorize");
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("response_type", "code")
                .append_pair("client_id", self.client_id())
                .append_pair("redirect_uri", REDIRECT)
                .append_pair("scope", &texts::scope(scopes))
                .append_pair("state", &state)
                .append_pair("connection", texts::connection(connection));
            if let Some(email) = hint {
                query.append_pair("login_hint", &self.address(email));
            }
            if silent {
                query.append_pair("prompt", "none");
            }
            if api {
                query.append_pair("audience", &self.parties().api);
            }
            if let Some(seed) = challenge {
                let hash = Sha256::digest(verifier_text(seed));
                query
                    .append_pair("code_challenge", &URL_SAFE_NO_PAD.encode(hash))
                    .append_pair("code_challenge_method", "S256");
            }
        }
        let mut request = exchange.client().get(url.clone());
        if let Some(sso) = sso {
            request = request.header(COOKIE, format!("auth0={}", self.sso_text(sso)));
        }
        let heard = exchange.send(request).await?;
        let Some(to) = heard.location(&url) else {
            return Err(page_refusal(&heard));
        };
        if self.target.holds(&to) {
            let state = query(&to, "state").ok_or(Breakage::Malformed)?;
            return Ok(Reply::LoginPage(Transaction(self.wallet.know(&state))));
        }
        if query(&to, "state").as_deref() != Some(&*state) {
            return Err(No::Broken(Breakage::Malformed));
        }
        self.back(&heard, &to)
    }

    async fn submit_login(
        &self,
        exchange: &mut Exchange<'_>,
        transaction: Transaction,
        email: Email,
        proof: Proof,
    ) -> Said {
        let state = self.login_state(transaction);
        let address = self.address(email);
        let mut form = vec![("state", state.to_string()), ("username", address.clone())];
        match proof {
            Proof::RightPassword | Proof::WrongPassword => {
                form.push(("password", self.password(email, proof)));
            }
            Proof::RightCode => form.push(("code", mailed_code(&state, &address))),
            Proof::WrongCode => form.push(("code", "a wrong code".to_owned())),
        }
        let url = self.target.at("/u/login");
        let request = exchange
            .client()
            .post(url.clone())
            .header(
                reqwest::header::CONTENT_TYPE,
                "application/x-www-form-urlencoded",
            )
            .body(form_text(&form));
        let heard = exchange.send(request).await?;
        match heard.location(&url) {
            Some(to) => self.back(&heard, &to),
            None => Err(page_refusal(&heard)),
        }
    }

    /// The way back to the application: a code, or an error.
    fn back(&self, heard: &Heard, to: &Url) -> Said {
        if let Some(error) = query(to, "error") {
            let error = match &*error {
                "login_required" => Error::LoginRequired,
                "unauthorized" => Error::Blocked,
                _ => Error::Other,
            };
            let refusal = Refusal {
                status: heard.status,
                error,
                retry_after: heard.retry_after(),
            };
            return Err(No::Refused(refusal));
        }
        let code = query(to, "code").ok_or(Breakage::Malformed)?;
        let sso = heard.cookie("auth0").ok_or(Breakage::Malformed)?;
        Ok(Reply::Code {
            code: Code(self.wallet.know(&code)),
            sso: SsoSession(self.wallet.know(sso)),
        })
    }

    async fn exchange_code(
        &self,
        exchange: &mut Exchange<'_>,
        code: Code,
        verifier: Option<Challenge>,
    ) -> Said {
        let mut body = json!({
            "grant_type": "authorization_code",
            "client_id": self.client_id(),
            "redirect_uri": REDIRECT,
            "code": &*self.code_text(code),
        });
        if let Some(seed) = verifier {
            body["code_verifier"] = verifier_text(seed).into();
        }
        self.tokens(exchange, &body).await
    }

    async fn tokens(&self, exchange: &mut Exchange<'_>, body: &Value) -> Said {
        #[derive(Deserialize)]
        struct Given {
            access_token: String,
            refresh_token: Option<String>,
        }
        let heard = exchange
            .send(self.post(exchange, "/oauth/token", body))
            .await?;
        let given: Given = heard.served_or(oauth_error)?.json()?;
        let access = self
            .read_access(&given.access_token)
            .ok_or(Breakage::Malformed)?;
        let handle = self.wallet.keep(&given.access_token);
        Ok(Reply::Tokens(Tokens {
            access: AccessToken { handle, ..access },
            refresh: given
                .refresh_token
                .map(|text| self.wallet.refresh_token(&text)),
        }))
    }

    async fn userinfo(&self, exchange: &mut Exchange<'_>, token: &AccessToken) -> Said {
        #[derive(Deserialize)]
        struct Told {
            sub: Option<String>,
            email: Option<String>,
            #[serde(default)]
            email_verified: bool,
        }
        let text = self.access_text(token);
        let heard = exchange
            .send(self.get(exchange, "/userinfo").bearer_auth(text))
            .await?;
        let told: Told = heard.served_or(text_error)?.json()?;
        let subject = match told.sub {
            Some(sub) => Some(texts::read_user_id(&sub).ok_or(Breakage::Malformed)?),
            None => None,
        };
        Ok(Reply::UserInfo(UserInfo {
            subject,
            email: told
                .email
                .map(|address| self.face.directory().intern(&address)),
            verified: told.email_verified,
        }))
    }

    async fn jwks(&self, exchange: &mut Exchange<'_>) -> Said {
        let heard = exchange
            .send(self.get(exchange, "/.well-known/jwks.json"))
            .await?;
        let set: JwkSet = heard.served_or(text_error)?.json()?;
        Ok(Reply::Keys(
            self.published
                .learn(Owner::Auth0, &set)
                .ok_or(Breakage::Malformed)?,
        ))
    }

    async fn logout(&self, exchange: &mut Exchange<'_>, sso: Option<SsoSession>) -> Said {
        let mut request = self.get(exchange, "/v2/logout");
        if let Some(sso) = sso {
            request = request.header(COOKIE, format!("auth0={}", self.sso_text(sso)));
        }
        let heard = exchange.send(request).await?;
        if heard.is_success() && heard.text() == "OK" {
            Ok(Reply::Done)
        } else {
            Err(page_refusal(&heard))
        }
    }

    async fn sign_up(&self, exchange: &mut Exchange<'_>, email: Email) -> Said {
        #[derive(Deserialize)]
        struct Created {
            #[serde(rename = "_id")]
            id: String,
        }
        let body = json!({
            "client_id": self.client_id(),
            "connection": texts::connection(Connection::Database),
            "email": self.address(email),
            "password": self.password(email, Proof::RightPassword),
        });
        let heard = exchange
            .send(self.post(exchange, "/dbconnections/signup", &body))
            .await?;
        let created: Created = heard.served_or(database_error)?.json()?;
        let id =
            texts::read_user_id(&format!("auth0|{}", created.id)).ok_or(Breakage::Malformed)?;
        Ok(Reply::Created(id))
    }

    async fn change_password(&self, exchange: &mut Exchange<'_>, email: Email) -> Said {
        let body = json!({
            "client_id": self.client_id(),
            "connection": texts::connection(Connection::Database),
            "email": self.address(email),
        });
        let heard = exchange
            .send(self.post(exchange, "/dbconnections/change_password", &body))
            .await?;
        // The only endpoint that answers success with text that claims to be HTML.
        if heard.status == 200 && heard.text().contains("sent you an email") {
            return Ok(Reply::Done);
        }
        heard.served_or(database_error)?;
        Err(No::Broken(if heard.is_page() {
            Breakage::Html(heard.status)
        } else {
            Breakage::Malformed
        }))
    }

    /// A call whose success has nothing to tell.
    async fn done(&self, exchange: &mut Exchange<'_>, path: &str, body: &Value) -> Said {
        let heard = exchange.send(self.post(exchange, path, body)).await?;
        heard.served_or(oauth_error)?.nothing_else()?;
        Ok(Reply::Done)
    }

    fn get(&self, exchange: &Exchange<'_>, path: &str) -> RequestBuilder {
        exchange.client().get(self.target.at(path))
    }

    fn post(&self, exchange: &Exchange<'_>, path: &str, body: &Value) -> RequestBuilder {
        with_json(exchange.client().post(self.target.at(path)), body)
    }

    fn client_id(&self) -> &str {
        &self.parties().client_id
    }

    fn address(&self, email: Email) -> String {
        self.face.directory().text(email)
    }

    fn password(&self, email: Email, proof: Proof) -> String {
        match proof {
            Proof::RightPassword => password_of(&self.address(email)),
            _ => "a wrong password".to_owned(),
        }
    }
}

/// The tenant's keys by name.
const RING: KeyRing = KeyRing::new(Owner::Auth0);

/// Purpose of a call's luck: the `state` of a login.
const STATE: u64 = 0x57a7e;

/// A PKCE verifier: the core's challenge is its seed, so that the same challenge at the exchange
/// means the same verifier, and another one another.
fn verifier_text(seed: Challenge) -> String {
    URL_SAFE_NO_PAD.encode(seed.0)
}

/// A request with a JSON body.
pub(super) fn with_json(request: RequestBuilder, body: &Value) -> RequestBuilder {
    request
        .header(reqwest::header::CONTENT_TYPE, "application/json")
        .body(body.to_string())
}

fn form_text(fields: &[(&str, String)]) -> String {
    // A URL's query is encoded as a form is.
    let mut url = Url::parse("http://form.invalid").expect("a fixed URL can be parsed");
    url.query_pairs_mut().extend_pairs(fields);
    url.query().unwrap_or_default().to_owned()
}
