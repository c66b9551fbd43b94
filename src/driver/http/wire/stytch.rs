//! The client's side of Stytch, consumer and B2B: what each call is on the wire, and what each
//! answer means.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use cutover_mocks::answer::{Breakage, Outcome};
use cutover_mocks::email::Email;
use cutover_mocks::http::stytch::Face;
use cutover_mocks::http::{Directory, Mailbox, Owner, password_of};
use cutover_mocks::stytch::{
    Call, Error, IntermediateToken, LoginToken, OrgId, Proof, Reply, UserId, Vertical,
};
use cutover_mocks::time::Span;
use jsonwebtoken::jwk::JwkSet;
use reqwest::RequestBuilder;
use reqwest::header::HeaderName;
use serde::Deserialize;
use serde_json::{Value, json};

mod inside;
mod opened;
mod refusals;

use super::auth0::{Auth0, with_json};
use super::claims::SessionClaims;
use super::exchange::{Exchange, query};
use super::no::{No, outcome};
use crate::driver::http::published::Published;
use crate::driver::http::target::Target;
use crate::driver::http::wallet::Wallet;
use opened::{Authenticated, SEPARATOR, whole};
pub(in crate::driver::http) use refusals::error;

/// Stytch as one application's backend knows it.
#[derive(Debug)]
pub struct Stytch {
    target: Target,
    face: Face,
    vertical: Vertical,
    directory: Arc<Directory>,
    mailbox: Mailbox,
    wallet: Arc<Wallet>,
    published: Arc<Published>,
    /// Organizations by their ids on the wire, as far as this client has named them.
    orgs: RwLock<BTreeMap<String, OrgId>>,
}

type Said = Result<Reply, No<Error>>;

/// Where OAuth leads back to. Nobody listens there: the client reads the redirect.
const REDIRECT: &str = "http://127.0.0.1/authenticate";

impl Stytch {
    /// The client of a project that the harness serves.
    pub fn new(
        target: Target,
        face: Face,
        vertical: Vertical,
        (directory, mailbox): (Arc<Directory>, Mailbox),
        wallet: Arc<Wallet>,
        published: Arc<Published>,
    ) -> Self {
        let orgs = RwLock::default();
        Self {
            target,
            face,
            vertical,
            directory,
            mailbox,
            wallet,
            published,
            orgs,
        }
    }

    /// Makes a call.
    pub(super) async fn call(
        &self,
        exchange: &mut Exchange<'_>,
        auth0: &Auth0,
        call: &Call,
    ) -> Outcome<Reply, Error> {
        outcome(self.say(exchange, auth0, call).await)
    }

    /// The project's id: audience and part of the issuer of its JWTs.
    pub(crate) fn project_id(&self) -> &str {
        &self.face.config().project_id
    }

    async fn say(&self, exchange: &mut Exchange<'_>, auth0: &Auth0, call: &Call) -> Said {
        match *call {
            Call::Migrate {
                token,
                org,
                duration,
            } => {
                let mut body = json!({"session_token": &*auth0.access_text(&token)});
                self.add_org(&mut body, org);
                self.session(exchange, "sessions/migrate", body, duration)
                    .await
            }
            Call::Authenticate { token, duration } => {
                let body = json!({"session_token": &*self.session_text(token)});
                self.session(exchange, "sessions/authenticate", body, duration)
                    .await
            }
            Call::AuthenticateJwt { jwt, duration } => {
                let body = json!({"session_jwt": &*self.jwt_text(&jwt)});
                self.session(exchange, "sessions/authenticate", body, duration)
                    .await
            }
            Call::Revoke { token } => {
                let body = json!({"session_token": &*self.session_text(token)});
                self.done(exchange, "sessions/revoke", &body).await
            }
            Call::Jwks => self.jwks(exchange).await,
            Call::Password {
                email,
                org,
                proof,
                duration,
            } => {
                let mut body = self.person(email, org);
                body["password"] = self.password(email, proof).into();
                self.session(exchange, "passwords/authenticate", body, duration)
                    .await
            }
            Call::SendMagicLink { email, org } => self.send_magic_link(exchange, email, org).await,
            Call::MagicLink { token, duration } => {
                let field = self.word("token", "magic_links_token");
                let body = json!({field: &*self.login_text(token)});
                self.session(exchange, "magic_links/authenticate", body, duration)
                    .await
            }
            Call::OAuth { token, duration } => {
                let field = self.word("token", "oauth_token");
                let body = json!({field: &*self.login_text(token)});
                self.session(exchange, "oauth/authenticate", body, duration)
                    .await
            }
            Call::StartOAuth { email, org } => self.start_oauth(exchange, email, org).await,
            Call::SecondFactor {
                token,
                proof,
                duration,
            } => self.second_factor(exchange, token, proof, duration).await,
            Call::SignUp {
                email,
                org,
                duration,
            } => self.sign_up(exchange, email, org, duration).await,
            Call::CreateUser { email, org } => self.create_user(exchange, email, org).await,
            Call::ResetPassword {
                email,
                org,
                duration,
            } => self.reset_password(exchange, email, org, duration).await,
        }
    }

    /// A call that opens a session, or asks for a second factor first.
    async fn session(
        &self,
        exchange: &mut Exchange<'_>,
        path: &str,
        mut body: Value,
        duration: Option<Span>,
    ) -> Said {
        if let Some(duration) = duration {
            body["session_duration_minutes"] = (duration.as_secs() / 60).into();
        }
        let heard = exchange.send(self.post(exchange, path, &body)).await?;
        let given: Authenticated = heard.served_or(error)?.json()?;
        self.opened(given).ok_or(No::Broken(Breakage::Malformed))
    }

    async fn jwks(&self, exchange: &mut Exchange<'_>) -> Said {
        let path = self.path(&format!("sessions/jwks/{}", self.project_id()));
        let heard = exchange
            .send(exchange.client().get(self.target.at(&path)))
            .await?;
        let set: JwkSet = heard.served_or(error)?.json()?;
        Ok(Reply::Keys(
            self.published
                .learn(Owner::Stytch, &set)
                .ok_or(Breakage::Malformed)?,
        ))
    }

    async fn send_magic_link(
        &self,
        exchange: &mut Exchange<'_>,
        email: Email,
        org: Option<OrgId>,
    ) -> Said {
        #[derive(Deserialize)]
        struct Sent {
            #[serde(alias = "member_created")]
            user_created: bool,
        }
        let path = self.word("login_or_create", "login_or_signup");
        let path = format!("magic_links/email/{path}");
        let heard = exchange
            .send(self.post(exchange, &path, &self.person(email, org)))
            .await?;
        let sent: Sent = heard.served_or(error)?.json()?;
        let token = self
            .mailed(email, "magic_link")
            .ok_or(Breakage::Malformed)?;
        Ok(Reply::Mailed {
            token,
            created: sent.user_created,
        })
    }

    async fn start_oauth(
        &self,
        exchange: &mut Exchange<'_>,
        email: Email,
        org: Option<OrgId>,
    ) -> Said {
        let mut url = self.target.at(&self.path("public/oauth/google/start"));
        {
            let mut query = url.query_pairs_mut();
            query
                .append_pair("public_token", &self.face.config().public_token)
                .append_pair("login_redirect_url", REDIRECT)
                .append_pair("login_hint", &self.address(email));
            if self.is_b2b() {
                query.append_pair("organization_id", &self.org_or_none(org));
            }
        }
        let heard = exchange.send(exchange.client().get(url.clone())).await?;
        let Some(to) = heard.location(&url) else {
            return Err(match heard.served_or(error) {
                Err(no) => no,
                Ok(heard) if heard.is_page() => No::Broken(Breakage::Html(heard.status)),
                Ok(_) => No::Broken(Breakage::Malformed),
            });
        };
        let token = query(&to, "token").ok_or(Breakage::Malformed)?;
        let created = heard.header(&CREATED) == Some("true");
        Ok(Reply::Mailed {
            token: LoginToken(self.wallet.know(&token)),
            created,
        })
    }

    /// The code is sent, read from the phone, and given back.
    async fn second_factor(
        &self,
        exchange: &mut Exchange<'_>,
        token: IntermediateToken,
        proof: Proof,
        duration: Option<Span>,
    ) -> Said {
        let whole = self.intermediate_text(token);
        let mut parts = whole.split(SEPARATOR);
        let (token, org, member) = (parts.next(), parts.next(), parts.next());
        let mut body = json!({
            "intermediate_session_token": token,
            "organization_id": org.unwrap_or(UNKNOWN),
            "member_id": member.unwrap_or(UNKNOWN),
        });
        let heard = exchange
            .send(self.post(exchange, "otps/sms/send", &body))
            .await?;
        let sent: Value = heard.served_or(error)?.json()?;
        let address = sent["member"]["email_address"].as_str();
        let message = address.and_then(|address| self.newest(address, "sms"));
        let right = message.ok_or(Breakage::Malformed)?;
        let code = match proof {
            Proof::RightCode | Proof::RightPassword => right,
            Proof::WrongCode | Proof::WrongPassword => another_code(&right),
        };
        body["code"] = code.into();
        self.session(exchange, "otps/sms/authenticate", body, duration)
            .await
    }

    async fn sign_up(
        &self,
        exchange: &mut Exchange<'_>,
        email: Email,
        org: Option<OrgId>,
        duration: Option<Span>,
    ) -> Said {
        let mut body = self.person(email, org);
        body["password"] = self.password(email, Proof::RightPassword).into();
        self.session(exchange, "passwords", body, duration).await
    }

    async fn create_user(
        &self,
        exchange: &mut Exchange<'_>,
        email: Email,
        org: Option<OrgId>,
    ) -> Said {
        #[derive(Deserialize)]
        struct Created {
            #[serde(alias = "member_id")]
            user_id: String,
        }
        let (path, body) = match (self.vertical, org) {
            (Vertical::Consumer, _) => ("users".to_owned(), json!({"email": self.address(email)})),
            (Vertical::B2b, org) => {
                let org = self.org_or_none(org);
                (
                    format!("organizations/{org}/members"),
                    json!({"email_address": self.address(email)}),
                )
            }
        };
        let heard = exchange.send(self.post(exchange, &path, &body)).await?;
        let created: Created = heard.served_or(error)?.json()?;
        Ok(Reply::Created(self.person_of(&created.user_id)))
    }

    /// The reset is started, its mail read, and the new password set.
    async fn reset_password(
        &self,
        exchange: &mut Exchange<'_>,
        email: Email,
        org: Option<OrgId>,
        duration: Option<Span>,
    ) -> Said {
        let start = self.post(
            exchange,
            "passwords/email/reset/start",
            &self.person(email, org),
        );
        let heard = exchange.send(start).await?;
        heard.served_or(error)?.json::<Value>()?;
        let token = self.mailed(email, "reset").ok_or(Breakage::Malformed)?;
        let field = self.word("token", "password_reset_token");
        let body = json!({
            field: &*self.login_text(token),
            "password": self.password(email, Proof::RightPassword),
        });
        self.session(exchange, "passwords/email/reset", body, duration)
            .await
    }

    /// A call whose success has nothing to tell.
    async fn done(&self, exchange: &mut Exchange<'_>, path: &str, body: &Value) -> Said {
        let heard = exchange.send(self.post(exchange, path, body)).await?;
        heard.served_or(error)?.json::<Value>()?;
        Ok(Reply::Done)
    }

    /// The token in the newest mail of a kind to a person.
    fn mailed(&self, email: Email, subject: &str) -> Option<LoginToken> {
        let token = self.newest(&self.address(email), subject)?;
        Some(LoginToken(self.wallet.know(&token)))
    }

    /// What the newest message of a kind says. Messages to a phone are in the mailbox, too.
    fn newest(&self, address: &str, subject: &str) -> Option<String> {
        let messages = self.mailbox.of(address).into_iter();
        messages
            .filter(|message| message.from == "stytch")
            .find(|message| message.subject == subject)
            .map(|message| message.token)
    }

    fn post(&self, exchange: &Exchange<'_>, path: &str, body: &Value) -> RequestBuilder {
        let credentials = self.face.config();
        let request = exchange.client().post(self.target.at(&self.path(path)));
        with_json(
            request.basic_auth(&credentials.project_id, Some(&credentials.secret)),
            body,
        )
    }

    fn path(&self, rest: &str) -> String {
        match self.vertical {
            Vertical::Consumer => format!("/v1/{rest}"),
            Vertical::B2b => format!("/v1/b2b/{rest}"),
        }
    }

    /// What either product calls a thing.
    fn word(&self, consumer: &'static str, b2b: &'static str) -> &'static str {
        match self.vertical {
            Vertical::Consumer => consumer,
            Vertical::B2b => b2b,
        }
    }

    fn is_b2b(&self) -> bool {
        self.vertical == Vertical::B2b
    }

    fn person(&self, email: Email, org: Option<OrgId>) -> Value {
        let field = self.word("email", "email_address");
        let mut body = json!({field: self.address(email)});
        self.add_org(&mut body, org);
        body
    }

    /// In B2B every call names an organization; one that the application does not know of has the
    /// name of none.
    fn add_org(&self, body: &mut Value, org: Option<OrgId>) {
        if self.is_b2b() {
            body["organization_id"] = self.org_or_none(org).into();
        }
    }

    fn org_or_none(&self, org: Option<OrgId>) -> String {
        org.map_or_else(|| UNKNOWN.to_owned(), |org| self.org_text(org))
    }

    fn address(&self, email: Email) -> String {
        self.directory.text(email)
    }

    fn password(&self, email: Email, proof: Proof) -> String {
        match proof {
            Proof::RightPassword => password_of(&self.address(email)),
            _ => "a wrong password".to_owned(),
        }
    }

    fn person_of(&self, id: &str) -> UserId {
        UserId(self.wallet.know(id))
    }

    /// The id of an organization on the wire, remembered for when it comes back.
    fn org_text(&self, org: OrgId) -> String {
        let text = self.face.organization_id(org);
        if self.named(&text).is_none() {
            self.orgs
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(text.clone(), org);
        }
        text
    }
}

/// Says of a social login whether the person was created by it; the mock's own header.
const CREATED: HeaderName = HeaderName::from_static("cutover-created");

/// What is sent for a handle that has no text: 44 characters, so that it has the form of a token.
const UNKNOWN: &str = "an-unknown-token-has-the-form-of-a-real-one1";

/// A code of the same form that is not this one, and not the sandbox's either.
fn another_code(right: &str) -> String {
    let wrong = ["123456", "654321"];
    wrong[usize::from(right == wrong[0])].to_owned()
}
