//! Back-channel logout: applications are told of sessions that ended, off the way of any answer.
//!
//! Which applications a session is at is known only of those that want to be told. Only addresses of
//! this machine are called, unless the tenant may call anywhere; what is not delivered is counted. Auth0
//! documents no second attempt, so that there is none.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, Url};
use serde_json::json;

use super::behind::Behind;
use super::events::{About, Entry};
use super::face::Face;
use super::texts;
use crate::auth0::registry::Initiator;
use crate::auth0::{SsoSession, Stamp, UserId};
use crate::http::recent::Bulky;
use crate::keys::KeyId;
use crate::time::{Span, Timestamp};

/// Tokens that wait to be delivered at most.
const WAITING: usize = 256;
/// Tokens that are delivered at once.
const AT_ONCE: usize = 8;
/// How long an application may take (Auth0 publishes no number: UNCONFIRMED).
const PATIENCE: Duration = Duration::from_secs(5);
/// Life of a logout token: 2 min, as the specification recommends.
const LIFE: Span = Span::from_mins(2);
/// Applications of one session that are remembered.
const MOST_APPLICATIONS: usize = 32;
/// Outcomes that wait to be written into the log.
const MOST_OUTCOMES: usize = 1_000;

/// The applications that a session is at, and the issuer that its tokens name.
#[derive(Clone, Debug)]
pub(super) struct Participants {
    issuer: String,
    clients: Vec<String>,
}

impl Bulky for Participants {
    fn heap_bytes(&self) -> usize {
        let clients = self.clients.iter();
        self.issuer.len()
            + clients
                .map(|id| id.len() + size_of::<String>())
                .sum::<usize>()
    }
}

/// A token that is to be delivered.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    url: String,
    client: String,
    issuer: String,
    subject: String,
    user: UserId,
    sid: String,
    key: KeyId,
    now: Timestamp,
}

/// What became of a token.
#[derive(Debug)]
struct Outcome {
    client: String,
    user: UserId,
    failure: Option<String>,
}

/// How many tokens were delivered, and how many not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Deliveries {
    pub(in crate::http) delivered: u64,
    pub(in crate::http) failed: u64,
    pub(in crate::http) dropped: u64,
}

/// Where tokens go out.
#[derive(Debug, Default)]
pub(super) struct Post {
    anywhere: bool,
    waiting: AtomicUsize,
    delivered: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
    outcomes: Mutex<Vec<Outcome>>,
    going: tokio::sync::OnceCell<(Client, tokio::sync::Semaphore)>,
}

impl Post {
    /// One that calls this machine alone, or anywhere.
    pub(super) fn to(anywhere: bool) -> Arc<Self> {
        Arc::new(Self {
            anywhere,
            ..Self::default()
        })
    }

    /// The same for another tenant at this address.
    pub(super) fn renewed(&self) -> Arc<Self> {
        Self::to(self.anywhere)
    }

    pub(super) fn deliveries(&self) -> Deliveries {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Deliveries {
            delivered: read(&self.delivered),
            failed: read(&self.failed),
            dropped: read(&self.dropped),
        }
    }

    /// Sends tokens out, without waiting for anything.
    pub(super) fn send(self: &Arc<Self>, notices: Vec<Notice>) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            let lost = notices.len() as u64;
            self.dropped.fetch_add(lost, Ordering::Relaxed);
            return;
        };
        for notice in notices {
            if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                self.dropped.fetch_add(1, Ordering::Relaxed);
                continue;
            }
            let post = Arc::clone(self);
            runtime.spawn(async move {
                let failure = post.deliver(&notice).await.err();
                post.waiting.fetch_sub(1, Ordering::Relaxed);
                post.note(notice, failure);
            });
        }
    }

    fn note(&self, notice: Notice, failure: Option<String>) {
        let count = if failure.is_some() {
            &self.failed
        } else {
            &self.delivered
        };
        count.fetch_add(1, Ordering::Relaxed);
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        // The counts above tell of the rest.
        if outcomes.len() < MOST_OUTCOMES {
            outcomes.push(Outcome {
                client: notice.client,
                user: notice.user,
                failure,
            });
        }
    }

    async fn deliver(&self, notice: &Notice) -> Result<(), String> {
        let url = Url::parse(&notice.url).map_err(|error| error.to_string())?;
        if !self.anywhere && !is_this_machine(&url) {
            return Err(
                "the URL is not on this machine: say --backchannel-anywhere to call it".to_owned(),
            );
        }
        let (client, turns) = self
            .going
            .get_or_try_init(async || {
                let client = Client::builder()
                    .redirect(reqwest::redirect::Policy::none())
                    .no_proxy()
                    .timeout(PATIENCE)
                    .build()?;
                Ok((client, tokio::sync::Semaphore::new(AT_ONCE)))
            })
            .await
            .map_err(|error: reqwest::Error| error.to_string())?;
        let _turn = turns.acquire().await;
        let claims = notice.claims();
        let token = Face::keys().sign_as("logout+jwt", notice.key, &claims);
        let form = Url::parse_with_params("form:", [("logout_token", token.await)]);
        let form = form.map_err(|error| error.to_string())?;
        let answer = client
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form.query().unwrap_or_default().to_owned())
            .send()
            .await
            .map_err(|error| error.without_url().to_string())?;
        // Answers with 204 are as good as the 200 of the specification.
        if answer.status().is_success() {
            return Ok(());
        }
        Err(format!("the application answered {}", answer.status()))
    }
}

impl Notice {
    fn claims(&self) -> serde_json::Value {
        let issued = self.now.as_secs();
        json!({
            "iss": self.issuer,
            "sub": self.subject,
            "aud": self.client,
            "iat": issued,
            "exp": (self.now + LIFE).as_secs(),
            "jti": format!("{}.{}", self.sid, issued),
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
            "sid": self.sid,
        })
    }
}

/// Whether a URL names this machine, without anybody being asked for an address.
fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

impl Behind {
    /// Remembers that a session is at an application, if that wants to be told of its end.
    pub(super) fn take_part(&mut self, session: SsoSession, client: &str, issuer: &str) {
        let registry = self.tenant.registry();
        let wants = |known: &crate::auth0::registry::Client| known.backchannel.url.is_some();
        if !registry.client(client).is_some_and(wants) {
            return;
        }
        let mut at = self.participants.take(session.0).unwrap_or(Participants {
            issuer: issuer.to_owned(),
            clients: Vec::new(),
        });
        if at.clients.len() < MOST_APPLICATIONS && !at.clients.iter().any(|id| id == client) {
            at.clients.push(client.to_owned());
        }
        self.participants.put(session.0, at);
    }

    /// Tells the applications that a session is at that it ended, or ought to. It is to be called while
    /// the session is still there.
    pub(super) fn announce(&mut self, session: SsoSession, initiator: Initiator, stamp: Stamp) {
        let now = self.tenant.now(stamp.at);
        let (Some(at), Some(seen)) = (
            self.participants.get(session.0),
            self.tenant.session(session, now),
        ) else {
            return;
        };
        let user = self.tenant.links.user_of(seen.user);
        let (subject, key) = (self.user_text(user), self.tenant.keys(stamp.at).current);
        for id in &at.clients {
            let client = self.tenant.registry().client(id);
            let Some(url) = client.and_then(|client| client.backchannel.told_of(initiator)) else {
                continue;
            };
            self.notices.push(Notice {
                url: url.to_owned(),
                client: id.clone(),
                issuer: at.issuer.clone(),
                subject: subject.clone(),
                user,
                sid: texts::sid(self.generation, session),
                key,
                now,
            });
        }
    }

    /// The same of all sessions of a person.
    pub(super) fn announce_all(&mut self, user: UserId, initiator: Initiator, stamp: Stamp) {
        let now = self.tenant.now(stamp.at);
        for session in self.tenant.sessions_of(user, now) {
            self.announce(session.id, initiator, stamp);
        }
    }
}

impl Face {
    /// How many logout tokens were delivered, and how many not.
    pub(in crate::http) fn logout_deliveries(&self) -> Deliveries {
        self.post().deliveries()
    }

    /// Writes what became of logout tokens into the log, when it is read.
    pub(super) fn settle_logouts(&self, behind: &mut Behind, stamp: Stamp) {
        let outcomes = {
            let outcomes = self.post().outcomes.lock();
            std::mem::take(&mut *outcomes.unwrap_or_else(PoisonError::into_inner))
        };
        for outcome in outcomes {
            let about = About::User(outcome.user);
            let entry = match &outcome.failure {
                None => Entry::new("oidc_backchannel_logout_succeeded", &outcome.client, about),
                Some(why) => {
                    Entry::new("oidc_backchannel_logout_failed", &outcome.client, about).saying(why)
                }
            };
            self.log(behind, stamp, entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_called() {
        let is = |url: &str| is_this_machine(&Url::parse(url).expect("a URL"));
        for url in [
            "http://localhost:3000/out",
            "http://127.0.0.1/out",
            "http://127.9.9.9/out",
            "http://[::1]:80/out",
            "https://app.localhost/out",
        ] {
            assert!(is(url), "{url}");
        }
        for url in [
            "https://app.example/out",
            "http://localhost.example/out",
            "http://10.0.0.1/out",
            "http://[fe80::1]/out",
            "http://0.0.0.0/out",
        ] {
            assert!(!is(url), "{url}");
        }
    }
}
