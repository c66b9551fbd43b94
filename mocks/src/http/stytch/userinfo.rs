//! The calls that a Stytch project makes: `UserInfo` at the legacy provider, and keys of trusted issuers.

use std::time::{Duration, Instant};

use reqwest::header::AUTHORIZATION;
use serde_json::Value;

use crate::http::directory::Directory;
use crate::http::stamp::{Exchange, Pace, TOOK};
use crate::stytch::{Pending, UserInfoOutcome, UserInfoSeen};
use crate::time::Span;

/// In time-lapse the modelled time decides; a real wait this long means that something is wrong, and not
/// that the machine is busy.
const LAPSE_PATIENCE: Duration = Duration::from_mins(4);

/// A connection that was idle so long is not used again: a tenant closes it after 75 s, and what is sent
/// at that moment is lost.
const IDLE: Duration = Duration::from_secs(30);

/// How long keys of a trusted issuer are waited for (UNCONFIRMED).
const KEYS_PATIENCE: Duration = Duration::from_secs(5);

/// Answers longer than this are no `UserInfo`.
const LONGEST: usize = 1 << 20;

/// A client that asks one `UserInfo` address.
#[derive(Clone, Debug)]
pub(super) struct UserInfoClient {
    client: reqwest::Client,
    url: Option<String>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[error("the client for UserInfo cannot be made: {0}")]
pub struct NoClient(#[from] reqwest::Error);

impl UserInfoClient {
    /// A client for this address; without one every answer is broken.
    pub(super) fn new(url: Option<String>) -> Result<Self, NoClient> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .pool_idle_timeout(IDLE);
        Ok(Self {
            client: client.build()?,
            url,
        })
    }

    /// The key set at an address; none if there is no answer that is one.
    pub(super) async fn keys(&self, url: &str, exchange: &Exchange) -> Option<Value> {
        let request = self.client.get(url).timeout(KEYS_PATIENCE);
        let request = match exchange.forwarded(exchange.stamp()) {
            Some((name, value)) => request.header(name, value),
            None => request,
        };
        let answer = request.send().await.ok()?;
        if !answer.status().is_success() {
            return None;
        }
        let body = answer.bytes().await.ok()?;
        let set: Value = serde_json::from_slice(body.get(..LONGEST.min(body.len()))?).ok()?;
        set["keys"].is_array().then_some(set)
    }

    /// Asks who a legacy token belongs to.
    pub(super) async fn ask(
        &self,
        token: &str,
        pending: &Pending,
        exchange: &Exchange,
        patience: Span,
        directory: &Directory,
    ) -> UserInfoSeen {
        let forwarded = exchange.forwarded(pending.stamp);
        let modelled = forwarded.is_some();
        let patience = match exchange.pace() {
            Pace::Lapse if modelled => LAPSE_PATIENCE,
            _ => Duration::from_micros(patience.as_micros().unsigned_abs()),
        };
        let begun = Instant::now();
        let request = self
            .client
            .get(self.url.as_deref().unwrap_or_default())
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .timeout(patience);
        let request = match forwarded {
            Some((name, value)) => request.header(name, value),
            None => request,
        };
        let (outcome, told) = read(request, directory).await;
        let waited = Span::from_micros(begun.elapsed().as_micros() as i64);
        if exchange.pace() == Pace::True {
            exchange.passed(waited);
        }
        // A harness's time is modelled time: where the line was cut, the other server tells it.
        let cut = || {
            exchange
                .cut(pending.stamp)
                .map_or(Span::ZERO, |cut| cut.took)
        };
        let took = told.unwrap_or_else(|| if modelled { cut() } else { waited });
        UserInfoSeen { outcome, took }
    }
}

/// What came, and how long it says it took.
async fn read(
    request: reqwest::RequestBuilder,
    directory: &Directory,
) -> (UserInfoOutcome, Option<Span>) {
    let response = match request.send().await {
        Ok(response) => response,
        Err(error) if error.is_timeout() => return (UserInfoOutcome::TimedOut, None),
        Err(_) => return (UserInfoOutcome::Broken, None),
    };
    let told = response
        .headers()
        .get(TOOK)
        .and_then(|took| took.to_str().ok()?.parse().ok());
    let told = told.map(Span::from_micros);
    let status = response.status().as_u16();
    if status != 200 {
        return (UserInfoOutcome::NotOk(status), told);
    }
    let outcome = match response.bytes().await {
        Ok(body) if body.len() <= LONGEST => classify(&body, directory),
        Err(error) if error.is_timeout() => UserInfoOutcome::TimedOut,
        Ok(_) | Err(_) => UserInfoOutcome::Broken,
    };
    (outcome, told)
}

/// What a 200 says.
fn classify(body: &[u8], directory: &Directory) -> UserInfoOutcome {
    let Ok(Value::Object(claims)) = serde_json::from_slice(body) else {
        return UserInfoOutcome::Broken;
    };
    let email = claims
        .get("email")
        .and_then(Value::as_str)
        .filter(|text| text.contains('@'));
    let verified = match claims.get("email_verified") {
        Some(Value::Bool(verified)) => *verified,
        // Some providers write it as text (OpenID Connect certification notes).
        Some(Value::String(text)) => text == "true",
        _ => false,
    };
    UserInfoOutcome::Ok {
        email: email.map(|text| directory.intern(text)),
        verified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_200_is_read_for_its_address() {
        let directory = Directory::default();
        let ada = Some(directory.intern("ada@home.example"));
        let ok = |email, verified| UserInfoOutcome::Ok { email, verified };
        let cases = [
            (
                r#"{"sub":"auth0|1","email":"ada@home.example","email_verified":true}"#,
                ok(ada, true),
            ),
            (
                r#"{"email":"ada@home.example","email_verified":"true"}"#,
                ok(ada, true),
            ),
            (r#"{"email":"ada@home.example"}"#, ok(ada, false)),
            (r#"{"sub":"auth0|1"}"#, ok(None, false)),
            (r#"{"email":null}"#, ok(None, false)),
            ("{}", ok(None, false)),
            ("[]", UserInfoOutcome::Broken),
            ("<html>", UserInfoOutcome::Broken),
        ];
        for (body, outcome) in cases {
            assert_eq!(classify(body.as_bytes(), &directory), outcome, "{body}");
        }
    }
}
