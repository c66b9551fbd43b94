//! Back-channel logout: applications are told of sessions that ended, off the way of any answer.
//!
//! Which applications a session is at is known only of those that want to be told. Only addresses of
//! this machine are called, unless the tenant may call anywhere; what is not delivered is counted. Auth0
//! documents no second attempt, so that there is none.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::{Client, Url};
use serde_json::json;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::{Instant, timeout_at};

use super::behind::Behind;
use super::cross_origin::unguessable;
use super::events::{About, Happening};
use super::face::Face;
use super::nearby::{Addresses, is_this_machine};
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

/// The applications that a session is at.
#[derive(Clone, Debug, Default)]
pub(super) struct Participants(Vec<Participant>);

#[derive(Clone, Debug)]
struct Participant {
    client: String,
    /// Whom its tokens name: who reaches the tenant by another name gets another.
    issuer: String,
}

impl Bulky for Participants {
    fn heap_bytes(&self) -> usize {
        let bytes = |it: &Participant| size_of::<Participant>() + it.client.len() + it.issuer.len();
        self.0.iter().map(bytes).sum()
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
    jti: String,
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

/// The same, while it goes on.
#[derive(Debug, Default)]
struct Counts {
    delivered: AtomicU64,
    failed: AtomicU64,
    dropped: AtomicU64,
}

/// Where tokens go out.
#[derive(Debug)]
pub(super) struct Post {
    anywhere: bool,
    waiting: AtomicUsize,
    counts: Arc<Counts>,
    /// Those of the next tenant at this address, where what waits in vain is counted.
    next: OnceLock<Arc<Counts>>,
    outcomes: Mutex<Vec<Outcome>>,
    client: OnceCell<Client>,
    /// Closed when the tenant is gone: nothing that waits goes out then.
    turns: Semaphore,
}

impl Post {
    /// One that calls this machine alone, or anywhere.
    pub(super) fn to(anywhere: bool) -> Arc<Self> {
        Arc::new(Self {
            anywhere,
            waiting: AtomicUsize::new(0),
            counts: Arc::default(),
            next: OnceLock::new(),
            outcomes: Mutex::default(),
            client: OnceCell::new(),
            turns: Semaphore::new(AT_ONCE),
        })
    }

    /// The same for another tenant at this address.
    pub(super) fn renewed(&self) -> Arc<Self> {
        let renewed = Self::to(self.anywhere);
        // There is one next tenant: whoever is renewed twice tells the first.
        let _ = self.next.set(Arc::clone(&renewed.counts));
        renewed
    }

    /// Nothing more goes out but what applications are being told already.
    pub(super) fn close(&self) {
        self.turns.close();
    }

    pub(super) fn deliveries(&self) -> Deliveries {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Deliveries {
            delivered: read(&self.counts.delivered),
            failed: read(&self.counts.failed),
            dropped: read(&self.counts.dropped),
        }
    }

    fn drop_so_many(&self, lost: usize) {
        let next = self.next.get().filter(|_| self.turns.is_closed());
        let counts = next.unwrap_or(&self.counts);
        counts.dropped.fetch_add(lost as u64, Ordering::Relaxed);
    }

    /// Sends tokens out, without waiting for anything.
    pub(super) fn send(self: &Arc<Self>, notices: Vec<Notice>) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            self.drop_so_many(notices.len());
            return;
        };
        let due = Instant::now() + Duration::from_secs(LIFE.as_secs().unsigned_abs());
        for notice in notices {
            if self.waiting.fetch_add(1, Ordering::Relaxed) >= WAITING {
                self.waiting.fetch_sub(1, Ordering::Relaxed);
                self.drop_so_many(1);
                continue;
            }
            runtime.spawn(Arc::clone(self).carry(notice, due));
        }
    }

    /// Delivers a token when its turn comes, if that comes before it is worth nothing any more.
    async fn carry(self: Arc<Self>, notice: Notice, due: Instant) {
        let turn = timeout_at(due, self.turns.acquire()).await;
        let failure = match turn {
            Ok(Ok(_turn)) => self.deliver(&notice).await.err(),
            Ok(Err(_)) => {
                self.drop_so_many(1);
                return;
            }
            Err(_) => Some("the token's life was over before its turn came".to_owned()),
        };
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.note(notice, failure);
    }

    fn note(&self, notice: Notice, failure: Option<String>) {
        let count = if failure.is_some() {
            &self.counts.failed
        } else {
            &self.counts.delivered
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
        let client = self
            .client
            .get_or_try_init(async || {
                Client::builder()
                    .redirect(reqwest::redirect::Policy::none())
                    .no_proxy()
                    .dns_resolver(Addresses {
                        anywhere: self.anywhere,
                    })
                    .timeout(PATIENCE)
                    .build()
            })
            .await
            .map_err(|error: reqwest::Error| error.to_string())?;
        let claims = notice.claims();
        let token = Face::keys().sign_typed(notice.key, "logout+jwt", &claims);
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
            "jti": self.jti,
            "events": { "http://schemas.openid.net/event/backchannel-logout": {} },
            "sid": self.sid,
        })
    }
}

impl Behind {
    /// Remembers that a session is at an application, if that wants to be told of its end.
    pub(super) fn take_part(&mut self, session: SsoSession, client: &str, issuer: &str) {
        let registry = self.tenant.registry();
        let wants = |known: &crate::auth0::registry::Client| known.backchannel.url.is_some();
        if !registry.client(client).is_some_and(wants) {
            return;
        }
        let mut at = self.participants.take(session.0).unwrap_or_default();
        let mut known = at.0.iter_mut();
        if let Some(known) = known.find(|it| it.client == client) {
            issuer.clone_into(&mut known.issuer);
        } else if at.0.len() < MOST_APPLICATIONS {
            at.0.push(Participant {
                client: client.to_owned(),
                issuer: issuer.to_owned(),
            });
        }
        self.participants.put(session.0, at);
    }

    /// Tells the applications that a session is at that it ended, or ought to: once, to those that want
    /// to hear of one of its reasons. It is to be called while the session is still there.
    pub(super) fn announce(&mut self, session: SsoSession, why: &[Initiator], stamp: Stamp) {
        let now = self.tenant.now(stamp.at);
        let (Some(at), Some(seen)) = (
            self.participants.get(session.0),
            self.tenant.session(session, now),
        ) else {
            return;
        };
        let user = self.tenant.links.user_of(seen.user);
        let (subject, key) = (self.user_text(user), self.tenant.keys(stamp.at).current);
        let luck = stamp.luck.split(62).split(session.0.into());
        for Participant { client: id, issuer } in &at.0 {
            let client = self.tenant.registry().client(id);
            let told = client.map(|client| &client.backchannel);
            let mut why = why.iter();
            let Some(url) = told.and_then(|told| why.find_map(|why| told.told_of(*why))) else {
                continue;
            };
            let luck = luck.split(self.notices.len() as u64);
            self.notices.push(Notice {
                url: url.to_owned(),
                client: id.clone(),
                issuer: issuer.clone(),
                subject: subject.clone(),
                user,
                sid: texts::sid(self.generation, session),
                jti: unguessable(luck),
                key,
                now,
            });
        }
    }

    /// The same of all sessions of a person.
    pub(super) fn announce_all(&mut self, user: UserId, why: &[Initiator], stamp: Stamp) {
        let now = self.tenant.now(stamp.at);
        for session in self.tenant.sessions_of(user, now) {
            self.announce(session.id, why, stamp);
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
                None => Happening::new("oidc_backchannel_logout_succeeded", &outcome.client, about),
                Some(why) => {
                    Happening::new("oidc_backchannel_logout_failed", &outcome.client, about)
                        .saying(why)
                }
            };
            self.log(behind, stamp, entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth0::registry::{Client, Kind};
    use crate::auth0::{Settings, Tenant};
    use crate::http::seal::Generation;

    fn notice(url: &str) -> Notice {
        Notice {
            url: url.to_owned(),
            client: "an application".to_owned(),
            issuer: String::new(),
            subject: String::new(),
            user: UserId(1),
            sid: String::new(),
            jti: String::new(),
            key: KeyId(0),
            now: Timestamp::from_secs(0),
        }
    }

    #[test]
    fn each_application_gets_the_issuer_by_which_it_reached_the_tenant() {
        let at = Timestamp::from_secs(0);
        let mut tenant = Tenant::new(Settings::default(), at);
        for id in ["one", "other"] {
            let mut client = Client::new(id.to_owned(), Kind::RegularWeb);
            client.backchannel.url = Some("http://localhost/out".to_owned());
            tenant.registry_mut().add_client(client).expect("it is new");
        }
        let mut behind = Behind::new(tenant, Generation::default());
        let session = SsoSession(1);
        for (client, issuer) in [("one", "a"), ("other", "b"), ("one", "c")] {
            behind.take_part(session, client, issuer);
        }
        let at = behind.participants.get(session.0).expect("two take part");
        let at = at.0.iter().map(|it| (&*it.client, &*it.issuer));
        assert_eq!(at.collect::<Vec<_>>(), [("one", "c"), ("other", "b")]);
    }

    /// A post all of whose turns are taken.
    fn busy() -> Arc<Post> {
        let post = Post::to(false);
        post.turns.forget_permits(AT_ONCE);
        post
    }

    #[tokio::test]
    async fn a_token_that_waits_longer_than_it_lives_is_not_sent() {
        let post = busy();
        let waiting = notice("http://localhost/out");
        Arc::clone(&post).carry(waiting, Instant::now()).await;
        let failed = Deliveries {
            delivered: 0,
            failed: 1,
            dropped: 0,
        };
        assert_eq!(post.deliveries(), failed);
        let outcomes = post.outcomes.lock().unwrap();
        let why = outcomes[0].failure.as_deref();
        assert_eq!(why, Some("the token's life was over before its turn came"));
    }

    #[tokio::test]
    async fn what_waits_when_the_tenant_goes_is_counted_at_the_next_one() {
        let post = busy();
        let next = post.renewed();
        post.close();
        let waiting = notice("http://localhost/out");
        Arc::clone(&post).carry(waiting, Instant::now()).await;
        let dropped = Deliveries {
            delivered: 0,
            failed: 0,
            dropped: 1,
        };
        assert_eq!(next.deliveries(), dropped);
    }
}
