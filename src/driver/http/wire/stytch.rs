//! The client's side of Stytch, consumer and B2B: what each call is on the wire, and what each
//! answer means.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use cutover_mocks::answer::{Breakage, Outcome};
use cutover_mocks::email::Email;
use cutover_mocks::http::stytch::Face;
use cutover_mocks::http::{Directory, Mailbox, Owner, password_of};
use cutover_mocks::stytch::{
    Call, Error, IntermediateToken, LoginToken, Opened, OrgId, Proof, Reply, SessionJwt,
    SessionToken, UserId, Vertical,
};
use cutover_mocks::time::Span;
use jsonwebtoken::jwk::JwkSet;
use reqwest::RequestBuilder;
use reqwest::header::HeaderName;
use serde::Deserialize;
use serde_json::{Value, json};

mod inside;

use super::auth0::{Auth0, with_json};
use super::claims::SessionClaims;
use super::exchange::{Exchange, Heard, query};
use super::no::{No, outcome};
use crate::driver::http::published::Published;
use crate::driver::http::target::Target;
use crate::driver::http::wallet::Wallet;

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

/// An answer that opens a session, of either product.
#[derive(Debug, Deserialize)]
struct Authenticated {
    user_id: Option<String>,
    member_id: Option<String>,
    organization_id: Option<String>,
    #[serde(default)]
    session_token: String,
    #[serde(default)]
    session_jwt: String,
    #[serde(default)]
    intermediate_session_token: Option<String>,
    user: Option<User>,
    member: Option<Member>,
}

#[derive(Debug, Deserialize)]
struct User {
    emails: Vec<UserEmail>,
}

#[derive(Debug, Deserialize)]
struct UserEmail {
    email: String,
}

#[derive(Debug, Deserialize)]
struct Member {
    email_address: String,
}

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

    /// What the claims of a session JWT say.
    fn claimed(&self, claims: &SessionClaims) -> Option<SessionJwt> {
        claims.read(
            |id| self.wallet.know(id),
            |id| {
                self.org_named(id)
                    .unwrap_or_else(|| OrgId(self.wallet.know(id)))
            },
        )
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
                let field = if self.is_b2b() {
                    "magic_links_token"
                } else {
                    "token"
                };
                let body = json!({field: &*self.login_text(token)});
                self.session(exchange, "magic_links/authenticate", body, duration)
                    .await
            }
            Call::OAuth { token, duration } => {
                let field = if self.is_b2b() {
                    "oauth_token"
                } else {
                    "token"
                };
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

    fn opened(&self, given: Authenticated) -> Option<Reply> {
        if given.session_jwt.is_empty() {
            return match given
                .intermediate_session_token
                .filter(|token| !token.is_empty())
            {
                Some(token) => {
                    let whole = whole(token, given.organization_id?, given.member_id?);
                    Some(Reply::SecondFactorNeeded(IntermediateToken(
                        self.wallet.know(&whole),
                    )))
                }
                None => Some(Reply::NoSession(
                    self.person_of(&given.user_id.or(given.member_id)?),
                )),
            };
        }
        let claims = SessionClaims::of(&given.session_jwt)?;
        let jwt = SessionJwt {
            handle: self.wallet.keep(&given.session_jwt),
            ..self.claimed(&claims)?
        };
        let address = match (given.user, given.member) {
            (Some(user), _) => user.emails.into_iter().next()?.email,
            (None, Some(member)) => member.email_address,
            (None, None) => return None,
        };
        Some(Reply::Session(Opened {
            token: SessionToken {
                session: jwt.session,
                handle: self.wallet.know(&given.session_token),
            },
            jwt,
            email: self.directory.intern(&address),
        }))
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
        let path = if self.is_b2b() {
            "login_or_signup"
        } else {
            "login_or_create"
        };
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
        let field = if self.is_b2b() {
            "password_reset_token"
        } else {
            "token"
        };
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

    fn is_b2b(&self) -> bool {
        self.vertical == Vertical::B2b
    }

    fn person(&self, email: Email, org: Option<OrgId>) -> Value {
        let field = if self.is_b2b() {
            "email_address"
        } else {
            "email"
        };
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

/// Between the parts of one text in the wallet; none of them contains it.
const SEPARATOR: &str = "\n";

/// An intermediate token in the wallet: the second factor's calls name the member and the
/// organization as well.
fn whole(token: String, organization: String, member: String) -> String {
    [token, organization, member].join(SEPARATOR)
}

/// Stytch's error body. What no rule of Stytch's explains is taken for an injected error.
pub(in crate::driver::http) fn error(heard: &Heard) -> Result<Error, Breakage> {
    #[derive(Deserialize)]
    struct Told {
        #[serde(default)]
        error_type: String,
    }
    let Some(told) = heard.error::<Told>()? else {
        return Ok(Error::Injected(heard.status));
    };
    Ok(match &*told.error_type {
        "session_not_found" | "intermediate_session_not_found" | "invalid_session_token" => {
            Error::SessionNotFound
        }
        "email_not_found" => Error::EmailNotFound,
        "user_not_found" | "member_not_found" => Error::UserNotFound,
        "organization_not_found" => Error::OrganizationNotFound,
        "unauthorized_credentials" => Error::WrongPassword,
        "no_user_password" | "member_password_not_found" => Error::NoPassword,
        "user_lock_limit_reached" => Error::UserLocked,
        "magic_link_not_found"
        | "unable_to_auth_magic_link"
        | "oauth_token_not_found"
        | "password_reset_token_not_found"
        | "unable_to_auth_password_reset_token" => Error::LoginTokenInvalid,
        "otp_code_not_found" => Error::WrongCode,
        "duplicate_email" | "duplicate_member_email" | "password_already_exists" => {
            Error::DuplicateEmail
        }
        "migrate_from_external_missing_userinfo" => Error::MigrateNotConfigured,
        "migrate_from_external_unexpected_response" => Error::MigrateUnexpectedResponse,
        "migrate_from_external_email_does_not_exist" => Error::MigrateEmailUnknown,
        "too_many_requests" => Error::RateLimited,
        "organization_suspended" | "session_authorization_error" => Error::NotAllowed,
        _ => Error::Injected(heard.status),
    })
}

/// A code of the same form that is not this one, and not the sandbox's either.
fn another_code(right: &str) -> String {
    let wrong = ["123456", "654321"];
    wrong[usize::from(right == wrong[0])].to_owned()
}
