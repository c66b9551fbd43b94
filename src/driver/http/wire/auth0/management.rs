//! The Management API as the application uses it.

use std::sync::{Arc, PoisonError};

use cutover_mocks::answer::Breakage;
use cutover_mocks::auth0::{Change, Connection, Manage, Proof, Reply};
use cutover_mocks::email::Email;
use cutover_mocks::http::auth0::texts;
use cutover_mocks::time::{Span, Timestamp};
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusals::management_error;
use super::{Auth0, Said, with_json};
use crate::driver::http::wire::exchange::Exchange;

/// A token for the Management API is renewed well before its day is over.
const MANAGEMENT_RENEWAL: Span = Span::from_hours(12);

impl Auth0 {
    pub(super) async fn create_user(
        &self,
        exchange: &mut Exchange<'_>,
        email: Email,
        connection: Connection,
        verified: bool,
    ) -> Said {
        #[derive(Deserialize)]
        struct Created {
            user_id: String,
        }
        let mut body = json!({
            "connection": texts::connection(connection),
            "email": self.address(email),
            "email_verified": verified,
        });
        if connection == Connection::Database {
            body["password"] = self.password(email, Proof::RightPassword).into();
        }
        let request = self
            .post(exchange, "/api/v2/users", &body)
            .bearer_auth(self.management_token(exchange.at()));
        let heard = exchange.send(request).await?;
        let created: Created = heard.served_or(management_error)?.json()?;
        Ok(Reply::Created(
            texts::read_user_id(&created.user_id).ok_or(Breakage::Malformed)?,
        ))
    }

    pub(super) async fn manage(&self, exchange: &mut Exchange<'_>, manage: Manage) -> Said {
        // Ids on the wire tell the connection, handles do not.
        let path = |id| {
            let connection = self
                .face
                .with_tenant(|tenant| tenant.user(id).map(|user| user.connection));
            let text = texts::user_id(id, connection.unwrap_or(Connection::Database));
            format!("/api/v2/users/{}", text.replace('|', "%7C"))
        };
        let (method, url, body) = match manage {
            Manage::Read(id) => (Method::GET, self.target.at(&path(id)), None),
            Manage::Delete(id) => (Method::DELETE, self.target.at(&path(id)), None),
            Manage::Update(id, change) => (
                Method::PATCH,
                self.target.at(&path(id)),
                Some(self.change_body(change)),
            ),
            Manage::Find(email) => {
                let mut url = self.target.at("/api/v2/users-by-email");
                url.query_pairs_mut()
                    .append_pair("email", &self.address(email));
                (Method::GET, url, None)
            }
        };
        let mut request = exchange
            .client()
            .request(method, url)
            .bearer_auth(self.management_token(exchange.at()));
        if let Some(body) = body {
            request = with_json(request, &body);
        }
        let heard = exchange.send(request).await?;
        heard.served_or(management_error)?.nothing_else()?;
        Ok(Reply::Done)
    }

    fn change_body(&self, change: Change) -> Value {
        let mut body = json!({});
        if let Some(blocked) = change.blocked {
            body["blocked"] = blocked.into();
        }
        if let Some(verified) = change.verified {
            body["email_verified"] = verified.into();
        }
        if let Some(email) = change.email {
            body["email"] = self.address(email).into();
        }
        if change.password {
            body["password"] = "a new password, long enough".into();
        }
        body
    }

    /// A live token for the Management API. It is taken as given that the application has one:
    /// getting it is no call of the rehearsal, and in no ledger.
    fn management_token(&self, at: Timestamp) -> Arc<str> {
        let mut last = self
            .management
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((issued, text)) if *issued <= at && at < *issued + MANAGEMENT_RENEWAL => {
                Arc::clone(text)
            }
            _ => {
                let text: Arc<str> = self.face.mint_management_token(at).into();
                *last = Some((at, Arc::clone(&text)));
                text
            }
        }
    }
}
