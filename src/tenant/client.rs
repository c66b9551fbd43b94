//! One provider over HTTPS: paced, bounded, patient with 429 and 5xx, and honest about answers that
//! never came.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};
use reqwest::{Method, RequestBuilder, Url};
use serde_json::Value;
use tokio::time::Instant;

use super::base::Base;
use super::credentials::Credentials;
use super::flights::{Flight, Flights};
use super::hidden::hide;
use super::pace::Pace;
use super::secret::Secret;

/// Which provider.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Provider {
    /// The legacy one.
    Auth0,
    /// The new one.
    Stytch,
}

impl std::fmt::Display for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Auth0 => "Auth0",
            Self::Stytch => "Stytch",
        })
    }
}

/// Who asks.
#[derive(Clone, Copy, Debug)]
pub enum As<'a> {
    /// Nobody in particular.
    Nobody,
    /// HTTP Basic.
    Basic(&'a str, &'a Secret),
    /// A bearer token.
    Bearer(&'a Secret),
}

/// A request to make. It shows neither its query nor its body: those hold passwords and tokens.
#[derive(Clone)]
pub struct Ask<'a> {
    /// Method.
    pub method: Method,
    /// Path, percent-encoded where it has to be.
    pub path: String,
    /// Query.
    pub query: Vec<(&'static str, String)>,
    /// JSON body.
    pub body: Option<Value>,
    /// Who asks.
    pub who: As<'a>,
}

impl std::fmt::Debug for Ask<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { method, path, .. } = self;
        write!(f, "Ask({method} {path})")
    }
}

/// What came back. It shows its status alone: bodies hold tokens, and so do redirects.
#[derive(Clone)]
pub struct Heard {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The body as JSON; null where it is something else.
    pub json: Value,
    /// An earlier try of the same request may have been carried out without our hearing of it.
    pub perhaps_done_before: bool,
    /// How far the provider's clock is ahead of ours, in seconds, by its `Date` header.
    pub ahead: Option<f64>,
}

impl std::fmt::Debug for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Heard({})", self.status)
    }
}

/// A provider's bucket of requests, as an answer's headers tell it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bucket {
    /// Requests that fit into it: so many may come at once.
    pub holds: f64,
    /// Requests that are left.
    pub left: f64,
}

impl Heard {
    /// The bucket that the request was taken from, where the answer tells it.
    pub fn bucket(&self) -> Option<Bucket> {
        Some(Bucket {
            holds: number(&self.headers, "x-ratelimit-limit")?,
            left: number(&self.headers, "x-ratelimit-remaining")?,
        })
    }
}

/// Nothing came back, though it was tried.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{provider} did not answer {what}: {why}")]
pub struct Unanswered {
    /// Who.
    pub provider: Provider,
    /// What was asked.
    pub what: &'static str,
    /// Why, without any URL: those can hold tokens.
    pub why: String,
}

/// How often and how long a request is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Tries after a 5xx, a broken line or a timeout.
    pub tries: u32,
    /// Tries after a 429.
    pub throttled: u32,
    /// First pause; each further one is twice as long.
    pub pause: Duration,
    /// No pause of our own choice is longer, and none on account of `X-RateLimit-Reset`, which says
    /// when a bucket is full again, not when it has room: that can be most of an hour.
    pub longest_pause: Duration,
    /// What `Retry-After` asks for is waited out up to here, all pauses of a call together; whoever asks
    /// for more is not asked again.
    pub longest_asked: Duration,
    /// How long one try waits for its answer.
    pub answer: Duration,
    /// How long after it was lost a try may still be carried out, or may be carried out but not shown.
    pub late: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            tries: 4,
            throttled: 8,
            pause: Duration::from_millis(500),
            longest_pause: Duration::from_mins(1),
            longest_asked: Duration::from_mins(5),
            answer: Duration::from_secs(20),
            late: LATE,
        }
    }
}

/// A try that is lost at its beginning may be answered until [`Patience::answer`] has passed; then lists
/// have a few seconds to show what it made.
pub const LATE: Duration = Duration::from_secs(25);

/// Requests that one command may make to one provider, tries included.
const MOST_REQUESTS: u64 = 50_000;

/// No answer is read further than this. The longest that are asked for list a thousand members.
const LONGEST_BODY: usize = 16 << 20;

/// One provider.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    provider: Provider,
    base: Base,
    pace: Mutex<Pace>,
    /// A narrower pace for paths that begin so.
    narrow: Option<(&'static str, Mutex<Pace>)>,
    patience: Patience,
    made: AtomicU64,
    flights: Flights,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum NoClient {
    /// The file of certificate authorities cannot be used.
    #[error("CUTOVER_CA_FILE {file}: {why}")]
    Authorities {
        /// Which.
        file: String,
        /// Why not.
        why: String,
    },
    /// TLS cannot be set up.
    #[error("no HTTPS client can be made: {0}")]
    Http(#[from] reqwest::Error),
}

/// An HTTP client that follows no redirect, asks no proxy and retries nothing behind our back.
pub fn http(credentials: &Credentials) -> Result<reqwest::Client, NoClient> {
    let mut builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .tcp_nodelay(true)
        // Providers close idle connections after a minute or so: what is sent at that moment is lost.
        .pool_idle_timeout(Duration::from_secs(30))
        .user_agent(concat!("cutover/", env!("CARGO_PKG_VERSION")));
    if let Some(file) = &credentials.ca_file {
        let failed = |why: String| NoClient::Authorities {
            file: file.display().to_string(),
            why,
        };
        let pem = std::fs::read(file).map_err(|error| failed(error.to_string()))?;
        let authorities = reqwest::Certificate::from_pem_bundle(&pem)
            .map_err(|_| failed("holds no PEM certificates".to_owned()))?;
        if authorities.is_empty() {
            return Err(failed("holds no PEM certificates".to_owned()));
        }
        builder = builder.tls_certs_merge(authorities);
    }
    Ok(builder.build()?)
}

impl Client {
    /// A client of one provider at this pace.
    pub fn new(
        http: reqwest::Client,
        provider: Provider,
        base: Base,
        pace: Pace,
        patience: Patience,
    ) -> Self {
        Self {
            http,
            provider,
            base,
            pace: Mutex::new(pace),
            narrow: None,
            patience,
            made: AtomicU64::new(0),
            flights: Flights::new(),
        }
    }

    /// The same, with a narrower pace for paths that begin so.
    #[must_use]
    pub fn with_narrow(mut self, prefix: &'static str, pace: Pace) -> Self {
        self.narrow = Some((prefix, Mutex::new(pace)));
        self
    }

    /// Where it is.
    pub fn base(&self) -> &Base {
        &self.base
    }

    /// Requests made so far, tries included.
    pub fn made(&self) -> u64 {
        self.made.load(Ordering::Relaxed)
    }

    /// Asks until there is an answer that another try would not change.
    pub async fn ask(&self, what: &'static str, ask: &Ask<'_>) -> Result<Heard, Unanswered> {
        let mut pause = self.patience.pause;
        let (mut failed, mut throttled, mut perhaps_done) = (0, 0, false);
        let mut waited = Duration::ZERO;
        loop {
            match self.once(what, ask).await? {
                Ok(heard) if heard.status == 429 && throttled + 1 < self.patience.throttled => {
                    throttled += 1;
                    waited += self.stand_back(what, &heard.headers, (pause, waited))?;
                }
                Ok(heard) if heard.status >= 500 && failed + 1 < self.patience.tries => {
                    failed += 1;
                    perhaps_done = true;
                    waited += self.stand_back(what, &heard.headers, (pause, waited))?;
                }
                Ok(mut heard) => {
                    self.heed(&heard.headers);
                    heard.perhaps_done_before = perhaps_done || heard.status >= 500;
                    return Ok(heard);
                }
                Err(_) if failed + 1 < self.patience.tries => {
                    failed += 1;
                    perhaps_done = true;
                    self.pause(pause);
                }
                Err(why) => {
                    return Err(Unanswered {
                        provider: self.provider,
                        what,
                        why,
                    });
                }
            }
            pause = (pause * 2).min(self.patience.longest_pause);
        }
    }

    /// One try, when its turn has come.
    async fn once(
        &self,
        what: &'static str,
        ask: &Ask<'_>,
    ) -> Result<Result<Heard, String>, Unanswered> {
        if self.made() >= MOST_REQUESTS {
            return Err(Unanswered {
                provider: self.provider,
                what,
                why: format!(
                    "this command has made {MOST_REQUESTS} requests, the most it may make"
                ),
            });
        }
        self.turn_for(&ask.path).await;
        let mut path = self.base.at(&ask.path);
        add_query(&mut path, &ask.query);
        let request = self
            .build(ask.method.clone(), path, ask.who, ask.body.as_ref())
            .timeout(self.patience.answer);
        let flight = self.flight(&ask.method);
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                if error.is_connect() {
                    flight.landed();
                }
                return Ok(Err(reason(error)));
            }
        };
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        Ok(whole(response).await.map(|body| {
            if status < 500 {
                flight.landed();
            }
            let mut json = serde_json::from_slice(&body).unwrap_or_default();
            // Whatever is not what was asked for may be shown.
            if !(200..300).contains(&status) {
                hide(&mut json, ask);
            }
            Heard {
                status,
                ahead: ahead(&headers),
                headers,
                json,
                perhaps_done_before: false,
            }
        }))
    }

    /// Waits until the next request may go. For requests that are made outside of [`Self::ask`].
    pub async fn turn(&self) {
        self.turn_for("").await;
    }

    /// Waits until as many requests may go at once as ever.
    pub async fn rest(&self) {
        let rested = locked(&self.pace).rested();
        tokio::time::sleep_until(rested).await;
    }

    /// A request that is made outside of [`Self::ask`] begins.
    pub(crate) fn flight(&self, method: &Method) -> Flight<'_> {
        self.flights.begin(method)
    }

    /// Waits until no request that may change something is on the wire.
    pub(super) async fn quiet(&self) {
        self.flights.none().await;
    }

    /// From when on what was lost on the wire is lost for good; none if nothing was.
    pub(super) fn settled(&self) -> Option<Instant> {
        Some(self.flights.lost()? + self.patience.late)
    }

    async fn turn_for(&self, path: &str) {
        self.made.fetch_add(1, Ordering::Relaxed);
        let narrow = self.narrow.as_ref();
        let narrow = narrow.filter(|(prefix, _)| path.starts_with(prefix));
        loop {
            let now = Instant::now();
            let mut turn = locked(&self.pace).turn(now);
            if let Some((_, pace)) = narrow {
                turn = turn.max(locked(pace).turn(now));
            }
            tokio::time::sleep_until(turn).await;
            // The provider may have asked for a pause meanwhile: then the turn is lost.
            if !locked(&self.pace).is_paused(Instant::now()) {
                return;
            }
        }
    }

    /// A request to be made in one's turn.
    pub fn request(
        &self,
        method: Method,
        path: &str,
        who: As<'_>,
        body: Option<&Value>,
    ) -> RequestBuilder {
        self.build(method, self.base.at(path), who, body)
    }

    fn build(&self, method: Method, url: Url, who: As<'_>, body: Option<&Value>) -> RequestBuilder {
        let request = self.http.request(method, url);
        let request = match who {
            As::Nobody => request,
            As::Basic(user, secret) => request.basic_auth(user, Some(secret.expose())),
            As::Bearer(secret) => request.bearer_auth(secret.expose()),
        };
        match body {
            None => request,
            Some(body) => request
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .body(body.to_string()),
        }
    }

    /// The HTTP client itself.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// A 429 that came outside of [`Self::ask`]: nothing more is sent before the provider wants it.
    pub fn heed_refusal(&self, headers: &HeaderMap) {
        let asked = asked_pause(headers).map(|asked| asked.min(self.patience.longest_asked));
        self.pause(asked.unwrap_or_else(|| self.own_pause(headers, self.patience.pause)));
    }

    /// A pause as long as the provider asks for, or else of our own choice, after those that the call
    /// has waited for. Says how long it is.
    fn stand_back(
        &self,
        what: &'static str,
        headers: &HeaderMap,
        (own, waited): (Duration, Duration),
    ) -> Result<Duration, Unanswered> {
        let pause = asked_pause(headers).unwrap_or_else(|| self.own_pause(headers, own));
        if waited.saturating_add(pause) > self.patience.longest_asked {
            let before = match waited.as_secs() {
                0 => String::new(),
                seconds => format!("after {seconds} s of pauses "),
            };
            return Err(Unanswered {
                provider: self.provider,
                what,
                why: format!(
                    "{before}it asks to be left alone for {} s; try again after that",
                    pause.as_secs_f64().ceil()
                ),
            });
        }
        self.pause(pause);
        Ok(pause)
    }

    /// Until the bucket's reset where it is told, or else `own`.
    fn own_pause(&self, headers: &HeaderMap, own: Duration) -> Duration {
        let pause = reset(headers).unwrap_or(own);
        pause.min(self.patience.longest_pause)
    }

    fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let narrow = self.narrow.iter().map(|(_, pace)| pace);
        for pace in narrow.chain([&self.pace]) {
            locked(pace).pause_until(until);
        }
    }

    /// An answer that was served, but the last of its bucket: the next request waits for the next one.
    fn heed(&self, headers: &HeaderMap) {
        if number(headers, "x-ratelimit-remaining") == Some(0.0)
            && let Some(pause) = reset(headers)
        {
            self.pause(pause.min(self.patience.longest_pause));
        }
    }
}

fn locked(pace: &Mutex<Pace>) -> MutexGuard<'_, Pace> {
    pace.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A body to its end, if that comes before it is too long for an answer.
async fn whole(mut response: reqwest::Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reason)? {
        if body.len() + chunk.len() > LONGEST_BODY {
            return Err(format!("an answer of more than {LONGEST_BODY} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

fn add_query(url: &mut Url, query: &[(&'static str, String)]) {
    if !query.is_empty() {
        url.query_pairs_mut()
            .extend_pairs(query.iter().map(|(name, value)| (*name, value.as_str())));
    }
}

/// Why nothing came, down to the cause. URLs are left out.
fn reason(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(deeper) = cause {
        text = format!("{text}: {deeper}");
        cause = deeper.source();
    }
    text
}

/// How long the provider asks to wait: `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3).
fn asked_pause(headers: &HeaderMap) -> Option<Duration> {
    if let Some(seconds) = number(headers, RETRY_AFTER.as_str()) {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?;
    let until = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Duration::try_from_secs_f64(until.as_second() as f64 - now.as_secs_f64()).ok()
}

/// Until `X-RateLimit-Reset`, which is a time in seconds since 1970.
fn reset(headers: &HeaderMap) -> Option<Duration> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    let until = number(headers, "x-ratelimit-reset")? - now.as_secs_f64();
    Duration::try_from_secs_f64(until).ok()
}

/// A header that is a number.
fn number(headers: &HeaderMap, name: &str) -> Option<f64> {
    headers.get(name)?.to_str().ok()?.trim().parse().ok()
}

/// How far the provider's clock is ahead, in seconds. The header counts whole seconds, so that half
/// a second is added to what it says.
fn ahead(headers: &HeaderMap) -> Option<f64> {
    let text = headers.get(DATE)?.to_str().ok()?;
    let there = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let here = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(there.as_second() as f64 + 0.5 - here.as_secs_f64())
}

#[cfg(test)]
mod tests;
