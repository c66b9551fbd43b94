//! The core's calls to a real Stytch project, consumer or B2B, and what its answers mean.

use std::sync::Arc;

use cutover_mocks::answer::{Breakage, Outcome, Refusal};
use cutover_mocks::email::Email;
use cutover_mocks::http::Owner;
use cutover_mocks::stytch::{
    Call, Error, Opened, OrgId, Proof, Reply, SessionJwt, SessionToken, UserId,
};
use cutover_mocks::time::Span;
use jsonwebtoken::jwk::JwkSet;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::line::Ride;
use super::moment::Moments;
use super::names::{Names, UNKNOWN};
use crate::driver::http::wire::{No, outcome, stytch_error};
use crate::tenant::client::As;
use crate::tenant::stytch::Product;
use crate::tenant::tenants::Tenants;

type Said = Result<Reply, No<Error>>;

/// The project as the application's backend knows it.
#[derive(Debug)]
pub(super) struct StytchLine {
    tenants: Arc<Tenants>,
    names: Arc<Names>,
}

/// An answer that opens a session, of either product: tokens, which nobody prints.
#[derive(Deserialize)]
struct Authenticated {
    user_id: Option<String>,
    member_id: Option<String>,
    #[serde(default)]
    session_token: String,
    #[serde(default)]
    session_jwt: String,
    #[serde(default)]
    user: Value,
    #[serde(default)]
    member: Value,
}

/// The claims of a session JWT.
#[derive(Debug, Deserialize)]
struct Claims {
    sub: String,
    iat: i64,
    exp: i64,
    #[serde(rename = "https://stytch.com/session")]
    session: SessionClaim,
    #[serde(rename = "https://stytch.com/organization")]
    organization: Option<OrganizationClaim>,
}

#[derive(Debug, Deserialize)]
struct SessionClaim {
    id: String,
    expires_at: Option<String>,
}

#[derive(Debug, Deserialize)]
struct OrganizationClaim {
    organization_id: String,
}

impl StytchLine {
    pub(super) fn new(tenants: Arc<Tenants>, names: Arc<Names>) -> Self {
        Self { tenants, names }
    }

    /// Whether a call makes the project ask the tenant.
    pub(super) fn asks_auth0(call: &Call) -> bool {
        matches!(call, Call::Migrate { .. })
    }

    /// Whether a call cannot be made for a test person: it needs their mailbox, their phone or a
    /// social provider, or would create people beside the journal.
    pub(super) fn cannot(call: &Call) -> bool {
        match call {
            Call::Migrate { .. }
            | Call::Authenticate { .. }
            | Call::AuthenticateJwt { .. }
            | Call::Revoke { .. }
            | Call::Jwks
            | Call::Password { .. }
            | Call::CreateUser { .. } => false,
            Call::SendMagicLink { .. }
            | Call::MagicLink { .. }
            | Call::OAuth { .. }
            | Call::StartOAuth { .. }
            | Call::SecondFactor { .. }
            | Call::SignUp { .. }
            | Call::ResetPassword { .. } => true,
        }
    }

    pub(super) async fn call(&self, ride: Ride<'_, '_>, call: &Call) -> Outcome<Reply, Error> {
        outcome(self.say(ride, call).await)
    }

    async fn say(&self, mut ride: Ride<'_, '_>, call: &Call) -> Said {
        match *call {
            Call::Migrate {
                token,
                org,
                duration,
            } => {
                let mut body = json!({ "session_token": &*self.names.text(token.handle) });
                self.add_org(&mut body, org);
                self.session(ride, "sessions/migrate", body, duration).await
            }
            Call::Authenticate { token, duration } => {
                let body = json!({ "session_token": &*self.names.text(token.handle) });
                self.session(ride, "sessions/authenticate", body, duration)
                    .await
            }
            Call::AuthenticateJwt { jwt, duration } => {
                let body = json!({ "session_jwt": &*self.names.text(jwt.handle) });
                self.session(ride, "sessions/authenticate", body, duration)
                    .await
            }
            Call::Revoke { token } => {
                let body = json!({ "session_token": &*self.names.text(token.handle) });
                let path = self.path("sessions/revoke");
                let heard = ride
                    .send((Method::POST, &path), self.me(), Some(&body))
                    .await?;
                heard.served_or(stytch_error)?;
                Ok(Reply::Done)
            }
            Call::Jwks => {
                let project = &self.tenants.stytch.credentials().project_id;
                let path = self.path(&format!("sessions/jwks/{project}"));
                let heard = ride.send((Method::GET, &path), As::Nobody, None).await?;
                let set: JwkSet = heard.served_or(stytch_error)?.json()?;
                let learned = self.names.learn(Owner::Stytch, &set);
                Ok(Reply::Keys(learned.ok_or(Breakage::Malformed)?))
            }
            Call::Password {
                email,
                org,
                proof,
                duration,
            } => {
                let known = self.names.password(email);
                let Some(password) = known.filter(|_| proof == Proof::RightPassword) else {
                    // A wrong one would be counted against the test person.
                    return Err(No::Refused(Refusal {
                        status: 401,
                        error: Error::WrongPassword,
                        retry_after: None,
                    }));
                };
                let mut body = self.person(email, org);
                body["password"] = password.expose().into();
                self.session(ride, "passwords/authenticate", body, duration)
                    .await
            }
            Call::CreateUser { email, org } => self.create(ride, email, org).await,
            _ => Err(No::Broken(Breakage::Malformed)),
        }
    }

    async fn session(
        &self,
        mut ride: Ride<'_, '_>,
        path: &str,
        mut body: Value,
        duration: Option<Span>,
    ) -> Said {
        if let Some(duration) = duration {
            body["session_duration_minutes"] = (duration.as_secs() / 60).into();
        }
        let path = self.path(path);
        let heard = ride
            .send((Method::POST, &path), self.me(), Some(&body))
            .await?;
        let given: Authenticated = heard.served_or(stytch_error)?.json()?;
        self.opened(&given, ride.moments)
            .ok_or(No::Broken(Breakage::Malformed))
    }

    fn opened(&self, given: &Authenticated, moments: Moments) -> Option<Reply> {
        if given.session_jwt.is_empty() {
            let id = given.user_id.as_ref().or(given.member_id.as_ref())?;
            return Some(Reply::NoSession(UserId(self.names.wallet.know(id))));
        }
        let jwt = self.read(&given.session_jwt, moments)?;
        let address = match &given.member["email_address"] {
            Value::String(address) => address,
            _ => given.user["emails"][0]["email"].as_str()?,
        };
        Some(Reply::Session(Opened {
            token: SessionToken {
                session: jwt.session,
                handle: self.names.wallet.know(&given.session_token),
            },
            jwt,
            email: self.names.stytch_email(address),
        }))
    }

    /// What a session JWT's text claims, with nothing checked; its text is kept.
    pub(super) fn read(&self, text: &str, moments: Moments) -> Option<SessionJwt> {
        let kid = jsonwebtoken::decode_header(text).ok()?.kid?;
        let claims: Claims = jsonwebtoken::dangerous::insecure_decode(text).ok()?.claims;
        let ends = match &claims.session.expires_at {
            Some(text) => moments.of_micros(text.parse::<jiff::Timestamp>().ok()?.as_microsecond()),
            // Old projects leave it out; official clients take the JWT's own end then.
            None => moments.of_secs(claims.exp),
        };
        let organization = claims.organization;
        Some(SessionJwt {
            session: self.names.wallet.know(&claims.session.id),
            subject: UserId(self.names.wallet.know(&claims.sub)),
            org: organization.map(|claim| self.names.org(&claim.organization_id)),
            issued: moments.of_secs(claims.iat),
            expires: moments.of_secs(claims.exp),
            session_expires: ends,
            key: self.names.key_id(Owner::Stytch, &kid),
            handle: self.names.wallet.keep(text),
        })
    }

    /// The application creates a person whom the project lacks: somebody of the run's, who stands in
    /// the journal.
    async fn create(&self, mut ride: Ride<'_, '_>, email: Email, org: Option<OrgId>) -> Said {
        #[derive(Deserialize)]
        struct Created {
            #[serde(alias = "member_id")]
            user_id: String,
        }
        if self.names.account(email).is_none() {
            return Err(No::Broken(Breakage::Malformed));
        }
        let (path, field) = match self.tenants.stytch.product() {
            Product::Consumer => ("users".to_owned(), "email"),
            Product::B2b => {
                let organization = self.names.organization(org).unwrap_or(UNKNOWN);
                (
                    format!("organizations/{organization}/members"),
                    "email_address",
                )
            }
        };
        let body = json!({ field: self.names.address(email) });
        let path = self.path(&path);
        let heard = ride
            .send((Method::POST, &path), self.me(), Some(&body))
            .await?;
        let created: Created = heard.served_or(stytch_error)?.json()?;
        Ok(Reply::Created(UserId(
            self.names.wallet.know(&created.user_id),
        )))
    }

    fn person(&self, email: Email, org: Option<OrgId>) -> Value {
        let address = self.names.address(email);
        let mut body = match self.tenants.stytch.product() {
            Product::Consumer => json!({ "email": address }),
            Product::B2b => json!({ "email_address": address }),
        };
        self.add_org(&mut body, org);
        body
    }

    fn add_org(&self, body: &mut Value, org: Option<OrgId>) {
        if self.tenants.stytch.product() == Product::B2b {
            body["organization_id"] = self.names.organization(org).unwrap_or(UNKNOWN).into();
        }
    }

    fn path(&self, rest: &str) -> String {
        self.tenants.stytch.path(rest)
    }

    fn me(&self) -> As<'_> {
        let credentials = self.tenants.stytch.credentials();
        As::Basic(&credentials.project_id, &credentials.secret)
    }
}
